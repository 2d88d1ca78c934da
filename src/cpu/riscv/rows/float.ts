/**
 * What the floating-point extensions have in common: F, D and Zfh are the same
 * instructions in three formats (unprivileged ISA, chapters 21, 22, 24), written
 * once here. Mnemonics end in the format's letter; the fmt field, bits 26 and
 * 25, tells the formats apart.
 */
import type { FpFormat, FpOpName, Value } from '../../ir.ts';
import type { Operand, rowsOf } from '../../row.ts';
import type { RiscvBuilder } from '../builder.ts';

/** How an extension calls its format, and the fmt field. */
export type FloatFormat =
  | { format: 16; letter: 'h'; fmt: '10' }
  | { format: 32; letter: 's'; fmt: '00' }
  | { format: 64; letter: 'd'; fmt: '01' };

/** For rows with an rm field: 5 and 6 are reserved, 7 is "as frm says". */
export const ROUNDED = { when: 'rm=0,1,2,3,4,7' } as const;

export type RowFunction = ReturnType<typeof rowsOf<RiscvBuilder>>['row'];

type Effect<N extends string> = (b: RiscvBuilder, o: Readonly<Record<N, Operand>>) => void;

/** Effects that differ in the operation only; `format` is that of the operands. */
export function effectsIn(format: FpFormat) {
  const rs1 = (b: RiscvBuilder, o: { rs1: Operand }) => b.float(o.rs1, format);
  const rs2 = (b: RiscvBuilder, o: { rs2: Operand }) => b.float(o.rs2, format);
  return {
    /** f[rd] = op(f[rs1]), rounded. */
    unary:
      (op: FpOpName): Effect<'rd' | 'rs1' | 'rm'> =>
      (b, o) =>
        b.setFloat(o.rd, format, b.fp(op, format, b.rounding(o.rm), rs1(b, o))),
    /** f[rd] = op(f[rs1], f[rs2]), rounded. */
    binary:
      (op: FpOpName): Effect<'rd' | 'rs1' | 'rs2' | 'rm'> =>
      (b, o) =>
        b.setFloat(o.rd, format, b.fp(op, format, b.rounding(o.rm), rs1(b, o), rs2(b, o))),
    /** f[rd] = one of f[rs1] and f[rs2]. */
    choice:
      (op: FpOpName): Effect<'rd' | 'rs1' | 'rs2'> =>
      (b, o) =>
        b.setFloat(o.rd, format, b.exact(op, format, rs1(b, o), rs2(b, o))),
    /** x[rd] = whether op(f[rs1], f[rs2]). */
    comparison:
      (op: FpOpName): Effect<'rd' | 'rs1' | 'rs2'> =>
      (b, o) =>
        b.setX(o.rd, b.exact(op, format, rs1(b, o), rs2(b, o))),
    /** x[rd] = f[rs1] as an integer. */
    toInteger:
      (op: FpOpName): Effect<'rd' | 'rs1' | 'rm'> =>
      (b, o) =>
        b.setX(o.rd, b.fp(op, format, b.rounding(o.rm), rs1(b, o))),
    /** f[rd] = the integer that `integer` makes of x[rs1]. */
    fromInteger:
      (op: FpOpName, integer: (b: RiscvBuilder, rs1: Value) => Value): Effect<'rd' | 'rs1' | 'rm'> =>
      (b, o) =>
        b.setFloat(o.rd, format, b.fp(op, format, b.rounding(o.rm), integer(b, b.x(o.rs1)))),
    /** f[rd] = ±(f[rs1] × f[rs2]) ± f[rs3], rounded once. */
    fused:
      (product: '+' | '-', addend: '+' | '-'): Effect<'rd' | 'rs1' | 'rs2' | 'rs3' | 'rm'> =>
      (b, o) => {
        const factor = product === '-' ? b.negated(rs1(b, o), format) : rs1(b, o);
        const rs3 = b.float(o.rs3, format);
        const term = addend === '-' ? b.negated(rs3, format) : rs3;
        b.setFloat(o.rd, format, b.fp('fma', format, b.rounding(o.rm), factor, rs2(b, o), term));
      },
  };
}

/** A conversion between two formats. */
export const convert =
  (to: FpFormat, from: FpFormat): Effect<'rd' | 'rs1' | 'rm'> =>
  (b, o) =>
    b.setFloat(o.rd, to, b.fp(`to${to}`, from, b.rounding(o.rm), b.float(o.rs1, from)));

/** All of an extension that is computation within its format, or between it and the integers. */
export function arithmeticRows(row: RowFunction, { format, letter, fmt }: FloatFormat): void {
  const { unary, binary, choice, comparison, toInteger, fromInteger, fused } = effectsIn(format);
  const [two, three] = ['{rd:f}, {rs1:f}, {rs2:f}', '{rd:f}, {rs1:f}, {rs2:f}, {rs3:f}{rm:rm}'];

  row(`fmadd.${letter}`, `rs3:5 ${fmt} rs2:5 rs1:5 rm:3 rd:5 1000011`, three, fused('+', '+'), ROUNDED);
  row(`fmsub.${letter}`, `rs3:5 ${fmt} rs2:5 rs1:5 rm:3 rd:5 1000111`, three, fused('+', '-'), ROUNDED);
  row(`fnmsub.${letter}`, `rs3:5 ${fmt} rs2:5 rs1:5 rm:3 rd:5 1001011`, three, fused('-', '+'), ROUNDED);
  row(`fnmadd.${letter}`, `rs3:5 ${fmt} rs2:5 rs1:5 rm:3 rd:5 1001111`, three, fused('-', '-'), ROUNDED);

  row(`fadd.${letter}`, `00000${fmt} rs2:5 rs1:5 rm:3 rd:5 1010011`, `${two}{rm:rm}`, binary('add'), ROUNDED);
  row(`fsub.${letter}`, `00001${fmt} rs2:5 rs1:5 rm:3 rd:5 1010011`, `${two}{rm:rm}`, binary('sub'), ROUNDED);
  row(`fmul.${letter}`, `00010${fmt} rs2:5 rs1:5 rm:3 rd:5 1010011`, `${two}{rm:rm}`, binary('mul'), ROUNDED);
  row(`fdiv.${letter}`, `00011${fmt} rs2:5 rs1:5 rm:3 rd:5 1010011`, `${two}{rm:rm}`, binary('div'), ROUNDED);
  row(`fsqrt.${letter}`, `01011${fmt} 00000 rs1:5 rm:3 rd:5 1010011`, '{rd:f}, {rs1:f}{rm:rm}', unary('sqrt'), ROUNDED);

  // Sign injection: rs1's magnitude with a sign made from rs2's (section 21.7).
  const sign = 1n << BigInt(format - 1);
  row(`fsgnj.${letter}`, `00100${fmt} rs2:5 rs1:5 000 rd:5 1010011`, two, (b, o) => {
    const magnitude = b.low(b.float(o.rs1, format), format - 1);
    b.setFloat(o.rd, format, b.or(magnitude, b.and(b.float(o.rs2, format), b.const(sign))));
  });
  row(`fsgnjn.${letter}`, `00100${fmt} rs2:5 rs1:5 001 rd:5 1010011`, two, (b, o) => {
    const magnitude = b.low(b.float(o.rs1, format), format - 1);
    b.setFloat(o.rd, format, b.or(magnitude, b.and(b.not(b.float(o.rs2, format)), b.const(sign))));
  });
  row(`fsgnjx.${letter}`, `00100${fmt} rs2:5 rs1:5 010 rd:5 1010011`, two, (b, o) =>
    b.setFloat(o.rd, format, b.xor(b.float(o.rs1, format), b.and(b.float(o.rs2, format), b.const(sign)))),
  );

  row(`fmin.${letter}`, `00101${fmt} rs2:5 rs1:5 000 rd:5 1010011`, two, choice('min'));
  row(`fmax.${letter}`, `00101${fmt} rs2:5 rs1:5 001 rd:5 1010011`, two, choice('max'));
  row(`fle.${letter}`, `10100${fmt} rs2:5 rs1:5 000 rd:5 1010011`, '{rd:x}, {rs1:f}, {rs2:f}', comparison('le'));
  row(`flt.${letter}`, `10100${fmt} rs2:5 rs1:5 001 rd:5 1010011`, '{rd:x}, {rs1:f}, {rs2:f}', comparison('lt'));
  row(`feq.${letter}`, `10100${fmt} rs2:5 rs1:5 010 rd:5 1010011`, '{rd:x}, {rs1:f}, {rs2:f}', comparison('eq'));
  row(`fclass.${letter}`, `11100${fmt} 00000 rs1:5 001 rd:5 1010011`, '{rd:x}, {rs1:f}', (b, o) =>
    b.setX(o.rd, b.exact('classify', format, b.float(o.rs1, format))),
  );

  const out = '{rd:x}, {rs1:f}{rm:rm}';
  row(`fcvt.w.${letter}`, `11000${fmt} 00000 rs1:5 rm:3 rd:5 1010011`, out, toInteger('to_i32'), ROUNDED);
  row(`fcvt.wu.${letter}`, `11000${fmt} 00001 rs1:5 rm:3 rd:5 1010011`, out, toInteger('to_u32'), ROUNDED);
  row(`fcvt.l.${letter}`, `11000${fmt} 00010 rs1:5 rm:3 rd:5 1010011`, out, toInteger('to_i64'), ROUNDED);
  row(`fcvt.lu.${letter}`, `11000${fmt} 00011 rs1:5 rm:3 rd:5 1010011`, out, toInteger('to_u64'), ROUNDED);

  // A word always fits a double.
  const word = format === 64 ? '{rd:f}, {rs1:x}{rm:rmExact}' : '{rd:f}, {rs1:x}{rm:rm}';
  const long = '{rd:f}, {rs1:x}{rm:rm}';
  const i32 = fromInteger('from_i32', (b, rs1) => b.sext32(rs1));
  const u32 = fromInteger('from_u32', (b, rs1) => b.zext32(rs1));
  const i64 = fromInteger('from_i64', (_, rs1) => rs1);
  const u64 = fromInteger('from_u64', (_, rs1) => rs1);
  row(`fcvt.${letter}.w`, `11010${fmt} 00000 rs1:5 rm:3 rd:5 1010011`, word, i32, ROUNDED);
  row(`fcvt.${letter}.wu`, `11010${fmt} 00001 rs1:5 rm:3 rd:5 1010011`, word, u32, ROUNDED);
  row(`fcvt.${letter}.l`, `11010${fmt} 00010 rs1:5 rm:3 rd:5 1010011`, long, i64, ROUNDED);
  row(`fcvt.${letter}.lu`, `11010${fmt} 00011 rs1:5 rm:3 rd:5 1010011`, long, u64, ROUNDED);
}
