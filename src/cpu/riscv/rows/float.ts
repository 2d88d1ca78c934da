/**
 * What the floating-point extensions have in common: F, D and Zfh are the same
 * instructions in three formats (unprivileged ISA, chapters 21, 22, 24), written once here. Mnemonics end in the
 * format's letter, the fmt field (bits 26 and 25) tells formats apart.
 */
import type { FpFormat } from '../../ir.ts';
import type { rowsOf } from '../../row.ts';
import type { RiscvBuilder } from '../builder.ts';

/** How an extension calls its format, and the fmt field. */
export type FloatFormat =
  | { format: 16; letter: 'h'; fmt: '10' }
  | { format: 32; letter: 's'; fmt: '00' }
  | { format: 64; letter: 'd'; fmt: '01' };

/** Rounding modes that are not reserved; 7 is "as frm says". */
export const ROUNDINGS = 'rm=0,1,2,3,4,7';

export type RowFunction = ReturnType<typeof rowsOf<RiscvBuilder>>['row'];

/** All of an extension that is computation within its format, or between it and the integers. */
export function arithmeticRows(row: RowFunction, { format, letter, fmt }: FloatFormat): void {
  fusedRows(row, { format, letter, fmt } as FloatFormat);

  const rounded = { when: ROUNDINGS };

  row(`fadd.${letter}`, `00000${fmt} rs2:5 rs1:5 rm:3 rd:5 1010011`, '{rd:f}, {rs1:f}, {rs2:f}{rm:rm}', (b, o) =>
    b.setFloat(o.rd, format, b.fp('add', format, b.rounding(o.rm), b.float(o.rs1, format), b.float(o.rs2, format))),
    rounded);
  row(`fsub.${letter}`, `00001${fmt} rs2:5 rs1:5 rm:3 rd:5 1010011`, '{rd:f}, {rs1:f}, {rs2:f}{rm:rm}', (b, o) =>
    b.setFloat(o.rd, format, b.fp('sub', format, b.rounding(o.rm), b.float(o.rs1, format), b.float(o.rs2, format))),
    rounded);
  row(`fmul.${letter}`, `00010${fmt} rs2:5 rs1:5 rm:3 rd:5 1010011`, '{rd:f}, {rs1:f}, {rs2:f}{rm:rm}', (b, o) =>
    b.setFloat(o.rd, format, b.fp('mul', format, b.rounding(o.rm), b.float(o.rs1, format), b.float(o.rs2, format))),
    rounded);
  row(`fdiv.${letter}`, `00011${fmt} rs2:5 rs1:5 rm:3 rd:5 1010011`, '{rd:f}, {rs1:f}, {rs2:f}{rm:rm}', (b, o) =>
    b.setFloat(o.rd, format, b.fp('div', format, b.rounding(o.rm), b.float(o.rs1, format), b.float(o.rs2, format))),
    rounded);
  row(`fsqrt.${letter}`, `01011${fmt} 00000 rs1:5 rm:3 rd:5 1010011`, '{rd:f}, {rs1:f}{rm:rm}', (b, o) =>
    b.setFloat(o.rd, format, b.fp('sqrt', format, b.rounding(o.rm), b.float(o.rs1, format))),
    rounded);

  // Sign injection: rs1's magnitude with a sign made from rs2's (section 21.7).
  const sign = 1n << BigInt(format - 1);
  row(`fsgnj.${letter}`, `00100${fmt} rs2:5 rs1:5 000 rd:5 1010011`, '{rd:f}, {rs1:f}, {rs2:f}', (b, o) => {
    const magnitude = b.low(b.float(o.rs1, format), format - 1);
    b.setFloat(o.rd, format, b.or(magnitude, b.and(b.float(o.rs2, format), b.const(sign))));
  });
  row(`fsgnjn.${letter}`, `00100${fmt} rs2:5 rs1:5 001 rd:5 1010011`, '{rd:f}, {rs1:f}, {rs2:f}', (b, o) => {
    const magnitude = b.low(b.float(o.rs1, format), format - 1);
    b.setFloat(o.rd, format, b.or(magnitude, b.and(b.not(b.float(o.rs2, format)), b.const(sign))));
  });
  row(`fsgnjx.${letter}`, `00100${fmt} rs2:5 rs1:5 010 rd:5 1010011`, '{rd:f}, {rs1:f}, {rs2:f}', (b, o) =>
    b.setFloat(o.rd, format, b.xor(b.float(o.rs1, format), b.and(b.float(o.rs2, format), b.const(sign)))));

  row(`fmin.${letter}`, `00101${fmt} rs2:5 rs1:5 000 rd:5 1010011`, '{rd:f}, {rs1:f}, {rs2:f}', (b, o) =>
    b.setFloat(o.rd, format, b.exact('min', format, b.float(o.rs1, format), b.float(o.rs2, format))));
  row(`fmax.${letter}`, `00101${fmt} rs2:5 rs1:5 001 rd:5 1010011`, '{rd:f}, {rs1:f}, {rs2:f}', (b, o) =>
    b.setFloat(o.rd, format, b.exact('max', format, b.float(o.rs1, format), b.float(o.rs2, format))));
  row(`feq.${letter}`, `10100${fmt} rs2:5 rs1:5 010 rd:5 1010011`, '{rd:x}, {rs1:f}, {rs2:f}', (b, o) =>
    b.setX(o.rd, b.exact('eq', format, b.float(o.rs1, format), b.float(o.rs2, format))));
  row(`flt.${letter}`, `10100${fmt} rs2:5 rs1:5 001 rd:5 1010011`, '{rd:x}, {rs1:f}, {rs2:f}', (b, o) =>
    b.setX(o.rd, b.exact('lt', format, b.float(o.rs1, format), b.float(o.rs2, format))));
  row(`fle.${letter}`, `10100${fmt} rs2:5 rs1:5 000 rd:5 1010011`, '{rd:x}, {rs1:f}, {rs2:f}', (b, o) =>
    b.setX(o.rd, b.exact('le', format, b.float(o.rs1, format), b.float(o.rs2, format))));
  row(`fclass.${letter}`, `11100${fmt} 00000 rs1:5 001 rd:5 1010011`, '{rd:x}, {rs1:f}', (b, o) =>
    b.setX(o.rd, b.exact('classify', format, b.float(o.rs1, format))));

  row(`fcvt.w.${letter}`, `11000${fmt} 00000 rs1:5 rm:3 rd:5 1010011`, '{rd:x}, {rs1:f}{rm:rm}', (b, o) =>
    b.setX(o.rd, b.fp('to_i32', format, b.rounding(o.rm), b.float(o.rs1, format))),
    rounded);
  row(`fcvt.wu.${letter}`, `11000${fmt} 00001 rs1:5 rm:3 rd:5 1010011`, '{rd:x}, {rs1:f}{rm:rm}', (b, o) =>
    b.setX(o.rd, b.fp('to_u32', format, b.rounding(o.rm), b.float(o.rs1, format))),
    rounded);
  row(`fcvt.l.${letter}`, `11000${fmt} 00010 rs1:5 rm:3 rd:5 1010011`, '{rd:x}, {rs1:f}{rm:rm}', (b, o) =>
    b.setX(o.rd, b.fp('to_i64', format, b.rounding(o.rm), b.float(o.rs1, format))),
    rounded);
  row(`fcvt.lu.${letter}`, `11000${fmt} 00011 rs1:5 rm:3 rd:5 1010011`, '{rd:x}, {rs1:f}{rm:rm}', (b, o) =>
    b.setX(o.rd, b.fp('to_u64', format, b.rounding(o.rm), b.float(o.rs1, format))),
    rounded);
  const fromWord = format === 64 ? '{rd:f}, {rs1:x}{rm:rmExact}' : '{rd:f}, {rs1:x}{rm:rm}';
  row(`fcvt.${letter}.w`, `11010${fmt} 00000 rs1:5 rm:3 rd:5 1010011`, fromWord, (b, o) =>
    b.setFloat(o.rd, format, b.fp('from_i32', format, b.rounding(o.rm), b.sext32(b.x(o.rs1)))),
    rounded);
  row(`fcvt.${letter}.wu`, `11010${fmt} 00001 rs1:5 rm:3 rd:5 1010011`, fromWord, (b, o) =>
    b.setFloat(o.rd, format, b.fp('from_u32', format, b.rounding(o.rm), b.zext32(b.x(o.rs1)))),
    rounded);
  row(`fcvt.${letter}.l`, `11010${fmt} 00010 rs1:5 rm:3 rd:5 1010011`, '{rd:f}, {rs1:x}{rm:rm}', (b, o) =>
    b.setFloat(o.rd, format, b.fp('from_i64', format, b.rounding(o.rm), b.x(o.rs1))),
    rounded);
  row(`fcvt.${letter}.lu`, `11010${fmt} 00011 rs1:5 rm:3 rd:5 1010011`, '{rd:f}, {rs1:x}{rm:rm}', (b, o) =>
    b.setFloat(o.rd, format, b.fp('from_u64', format, b.rounding(o.rm), b.x(o.rs1))),
    rounded);
}

/** ±(rs1 × rs2) ± rs3, rounded once. */
function fusedRows(row: RowFunction, { format, letter, fmt }: FloatFormat): void {
  const syntax = '{rd:f}, {rs1:f}, {rs2:f}, {rs3:f}{rm:rm}';
  const rounded = { when: ROUNDINGS };
  const fused = (
    b: RiscvBuilder,
    o: Record<'rd' | 'rs1' | 'rs2' | 'rs3' | 'rm', Parameters<RiscvBuilder['x']>[0]>,
    negateProduct: boolean,
    negateAddend: boolean,
  ) => {
    const [rs1, rs2, rs3] = [b.float(o.rs1, format), b.float(o.rs2, format), b.float(o.rs3, format)];
    const factor = negateProduct ? b.negated(rs1, format) : rs1;
    const addend = negateAddend ? b.negated(rs3, format) : rs3;
    b.setFloat(o.rd, format, b.fp('fma', format, b.rounding(o.rm), factor, rs2, addend));
  };
  row(`fmadd.${letter}`, `rs3:5 ${fmt} rs2:5 rs1:5 rm:3 rd:5 1000011`, syntax, (b, o) => fused(b, o, false, false), rounded);
  row(`fmsub.${letter}`, `rs3:5 ${fmt} rs2:5 rs1:5 rm:3 rd:5 1000111`, syntax, (b, o) => fused(b, o, false, true), rounded);
  row(`fnmsub.${letter}`, `rs3:5 ${fmt} rs2:5 rs1:5 rm:3 rd:5 1001011`, syntax, (b, o) => fused(b, o, true, false), rounded);
  row(`fnmadd.${letter}`, `rs3:5 ${fmt} rs2:5 rs1:5 rm:3 rd:5 1001111`, syntax, (b, o) => fused(b, o, true, true), rounded);
}

/** A conversion between two formats, into `to`. */
export function convert(
  to: FpFormat,
  from: FpFormat,
): (b: RiscvBuilder, o: Record<'rd' | 'rs1' | 'rm', Parameters<RiscvBuilder['x']>[0]>) => void {
  return (b, o) => b.setFloat(o.rd, to, b.fp(`to${to}`, from, b.rounding(o.rm), b.float(o.rs1, from)));
}
