/** Data processing (register): Arm ARM, C4.1.95. */
import type { Value } from '../../ir.ts';
import { type Operand, rowsOf } from '../../row.ts';
import type { Aarch64Builder, Size } from '../builder.ts';

const { row, rows } = rowsOf<Aarch64Builder>('Base');
const crc = rowsOf<Aarch64Builder>('CRC32');
export const registerRows = rows;
export const crcRows = crc.rows;

const SIZES = [
  ['w', '0', 32],
  ['x', '1', 64],
] as const satisfies readonly (readonly [string, string, Size])[];

type Compute = (b: Aarch64Builder, a: Value, c: Value) => Value;

const LOGICAL = [
  ['and', '00', '0', (b, a, c) => b.and(a, c)],
  ['bic', '00', '1', (b, a, c) => b.and(a, b.not(c))],
  ['orr', '01', '0', (b, a, c) => b.or(a, c)],
  ['orn', '01', '1', (b, a, c) => b.or(a, b.not(c))],
  ['eor', '10', '0', (b, a, c) => b.xor(a, c)],
  ['eon', '10', '1', (b, a, c) => b.xor(a, b.not(c))],
  ['ands', '11', '0', (b, a, c) => b.and(a, c)],
  ['bics', '11', '1', (b, a, c) => b.and(a, b.not(c))],
] as const satisfies readonly (readonly [string, string, string, Compute])[];

/** Add and subtract: the bits op and S. */
const SUMS = [
  ['add', '00'],
  ['adds', '01'],
  ['sub', '10'],
  ['subs', '11'],
] as const;

/** Rd = a ± c, with flags or without. */
function sum(b: Aarch64Builder, rd: Operand, bits: '00' | '01' | '10' | '11', a: Value, c: Value, size: Size): void {
  const isSub = bits[0] === '1';
  b.setR(rd, size, isSub ? b.sub(a, c) : b.add(a, c));
  if (bits[1] === '1') b.setFlags(isSub ? b.subFlags(a, c, size) : b.addFlags(a, c, size));
}

for (const [r, sf, size] of SIZES) {
  // A shift of a W register by 32 and more is reserved.
  const amount = size === 64 ? 'sa:u[5:0]' : '0 sa:u[4:0]';
  const three = `{rd:${r}}, {rn:${r}}, {rm:${r}}` as const;
  /** Rm shifted: the shift's type is in bits 6 and 7 of `sa`, the amount below. */
  const shifted = (b: Aarch64Builder, { rm, sa }: { rm: Operand; sa: Operand }): Value => {
    const [type, by] = [b.shr(b.operand(sa), 6), b.and(b.operand(sa), b.const(63))];
    return b.low(b.shifted(b.r(rm, size), type, by, size), size);
  };

  // Logical (shifted register).
  for (const [name, opc, invert, compute] of LOGICAL) {
    row(
      `${name}.${r}`,
      `${sf}${opc}01010 sa:u[7:6] ${invert} rm:5 ${amount} rn:5 rd:5`,
      `${three}{sa:shift}`,
      (b, o) => {
        const result = b.low(compute(b, b.r(o.rn, size), shifted(b, o)), size);
        b.setX(o.rd, result);
        if (opc === '11') b.setFlags(b.logicalFlags(result, size));
      },
      { mnemonic: name },
    );
  }

  for (const [name, bits] of SUMS) {
    // Add/subtract (shifted register); there is no ROR.
    row(
      `${name}.${r}`,
      `${sf}${bits}01011 sa&type:u[7:6] 0 rm:5 ${amount} rn:5 rd:5`,
      `${three}{sa:shift}`,
      (b, o) => sum(b, o.rd, bits, b.r(o.rn, size), shifted(b, o), size),
      { mnemonic: name, when: 'type!=192' },
    );
    // Add/subtract (extended register): rm is an X register if it is used whole.
    const flagged = bits[1] === '1';
    const widths =
      size === 64
        ? ([
            ['w', 'option!=24,56'],
            ['x', 'option=24,56'],
          ] as const)
        : ([['w', '']] as const);
    for (const [m, option] of widths) {
      row(
        `${name}.${r}.ext${m}`,
        `${sf}${bits}01011 00 1 rm:5 ext&option:u[5:3] ext&left:u[2:0] rn:5 rd:5`,
        `{rd:${r}${flagged ? '' : 'sp'}}, {rn:${r}sp}, {rm:${m}}{ext:extend}` as '{rd:x}, {rn:xsp}, {rm:x}{ext:extend}',
        (b, o) => {
          const [kind, by] = [b.shr(b.operand(o.ext), 3), b.and(b.operand(o.ext), b.const(7))];
          sum(b, o.rd, bits, b.r(o.rn, size), b.low(b.extended(b.x(o.rm), kind, by), size), size);
        },
        { mnemonic: name, when: option === '' ? 'left=0,1,2,3,4' : `left=0,1,2,3,4; ${option}` },
      );
    }
  }

  // Add/subtract (with carry): a subtraction adds the complement.
  const CARRYING = [
    ['adc', '00'],
    ['adcs', '01'],
    ['sbc', '10'],
    ['sbcs', '11'],
  ] as const;
  for (const [name, bits] of CARRYING) {
    row(
      `${name}.${r}`,
      `${sf}${bits}11010000 rm:5 000000 rn:5 rd:5`,
      three,
      (b, o) => {
        const second = bits[0] === '1' ? b.low(b.not(b.x(o.rm)), size) : b.r(o.rm, size);
        const { result, flags } = b.addWithCarry(b.r(o.rn, size), second, size);
        b.setR(o.rd, size, result);
        if (bits[1] === '1') b.setFlags(flags);
      },
      { mnemonic: name },
    );
  }

  // Conditional compare: flags of the comparison, or those that the instruction has.
  const COMPARISONS = [
    ['ccmn', '0'],
    ['ccmp', '1'],
  ] as const;
  for (const [name, op] of COMPARISONS) {
    const compare = (b: Aarch64Builder, a: Value, c: Value, o: { cond: Operand; nzcv: Operand }) => {
      const flags = op === '1' ? b.subFlags(a, c, size) : b.addFlags(a, c, size);
      b.setFlags(b.selectFlags(b.holds(o.cond), flags, b.flagBits(b.operand(o.nzcv))));
    };
    row(
      `${name}.${r}`,
      `${sf}${op}111010010 rm:5 cond:4 00 rn:5 0 nzcv:4`,
      `{rn:${r}}, {rm:${r}}, {nzcv:hash}, {cond:cond}`,
      (b, o) => compare(b, b.r(o.rn, size), b.r(o.rm, size), o),
      { mnemonic: name },
    );
    row(
      `${name}.${r}.imm`,
      `${sf}${op}111010010 imm:5 cond:4 10 rn:5 0 nzcv:4`,
      `{rn:${r}}, {imm:hash}, {nzcv:hash}, {cond:cond}`,
      (b, o) => compare(b, b.r(o.rn, size), b.operand(o.imm), o),
      { mnemonic: name },
    );
  }

  // Conditional select.
  const SELECTIONS = [
    ['csel', '0', '0', (_, c) => c],
    ['csinc', '0', '1', (b, c) => b.add(c, b.const(1))],
    ['csinv', '1', '0', (b, c) => b.not(c)],
    ['csneg', '1', '1', (b, c) => b.sub(b.const(0), c)],
  ] as const satisfies readonly (readonly [string, string, string, (b: Aarch64Builder, c: Value) => Value])[];
  for (const [name, op, op2, otherwise] of SELECTIONS) {
    row(
      `${name}.${r}`,
      `${sf}${op}011010100 rm:5 cond:4 0${op2} rn:5 rd:5`,
      `${three}, {cond:cond}`,
      (b, o) => b.setR(o.rd, size, b.select(b.holds(o.cond), b.x(o.rn), otherwise(b, b.x(o.rm)))),
      { mnemonic: name },
    );
  }

  // Data-processing (2 source).
  const TWO = [
    ['udiv', '000010', (b, a, c) => b.quotientU(a, c)],
    ['sdiv', '000011', (b, a, c) => b.quotient(b.signed(a, size), b.signed(c, size))],
    ['lslv', '001000', (b, a, c) => b.shl(a, c)],
    ['lsrv', '001001', (b, a, c) => b.shr(a, c)],
    ['asrv', '001010', (b, a, c) => b.sar(b.signed(a, size), c)],
    ['rorv', '001011', (b, a, c) => b.rotatedRight(a, c, size)],
  ] as const satisfies readonly (readonly [string, string, Compute])[];
  for (const [name, opcode, compute] of TWO) {
    const isShift = opcode[2] === '1';
    row(
      `${name}.${r}`,
      `${sf}0011010110 rm:5 ${opcode} rn:5 rd:5`,
      three,
      (b, o) => {
        const second = isShift ? b.and(b.x(o.rm), b.const(size - 1)) : b.r(o.rm, size);
        b.setR(o.rd, size, compute(b, b.r(o.rn, size), second));
      },
      { mnemonic: name },
    );
  }

  // Data-processing (1 source).
  const bytes = (b: Aarch64Builder, a: Value) =>
    b.swapped(b.swapped(a, 8, 0x00ff_00ff_00ff_00ffn), 16, 0x0000_ffff_0000_ffffn);
  const ONE = [
    ['rbit', '000000', (b, a) => b.reversedBits(a, size)],
    ['rev16', '000001', (b, a) => b.swapped(a, 8, 0x00ff_00ff_00ff_00ffn)],
    ['rev32', '000010', bytes],
    ['clz', '000100', (b, a) => b.leadingZeros(a, size)],
    // The bits equal to the sign below it: zeros above the highest difference.
    [
      'cls',
      '000101',
      (b, a) =>
        b.sub(b.leadingZeros(b.low(b.xor(b.signed(a, size), b.sar(b.signed(a, size), 63)), size), size), b.const(1)),
    ],
  ] as const satisfies readonly (readonly [string, string, (b: Aarch64Builder, a: Value) => Value])[];
  for (const [name, opcode, compute] of ONE) {
    row(
      `${name}.${r}`,
      `${sf}101101011000000${opcode} rn:5 rd:5`,
      `{rd:${r}}, {rn:${r}}`,
      (b, o) => b.setR(o.rd, size, compute(b, b.r(o.rn, size))),
      { mnemonic: size === 32 && name === 'rev32' ? 'rev' : name },
    );
  }

  // Data-processing (3 source).
  const four = `${three}, {ra:${r}}` as const;
  row(
    `madd.${r}`,
    `${sf}0011011000 rm:5 0 ra:5 rn:5 rd:5`,
    four,
    (b, o) => b.setR(o.rd, size, b.add(b.x(o.ra), b.op('mul', b.x(o.rn), b.x(o.rm)))),
    { mnemonic: 'madd' },
  );
  row(
    `msub.${r}`,
    `${sf}0011011000 rm:5 1 ra:5 rn:5 rd:5`,
    four,
    (b, o) => b.setR(o.rd, size, b.sub(b.x(o.ra), b.op('mul', b.x(o.rn), b.x(o.rm)))),
    { mnemonic: 'msub' },
  );
}

row(
  'rev.x',
  '1101101011000000000011 rn:5 rd:5',
  '{rd:x}, {rn:x}',
  (b, o) => {
    const words = b.swapped(b.swapped(b.x(o.rn), 8, 0x00ff_00ff_00ff_00ffn), 16, 0x0000_ffff_0000_ffffn);
    b.setX(o.rd, b.op('rotl', words, b.const(32)));
  },
  { mnemonic: 'rev' },
);

// Widening multiplications.
const WIDENING = [
  ['s', '0', true],
  ['u', '1', false],
] as const;
for (const [letter, unsigned, isSigned] of WIDENING) {
  const half = (b: Aarch64Builder, o: Operand) => (isSigned ? b.signed(b.x(o), 32) : b.r(o, 32));
  const product = (b: Aarch64Builder, o: { rn: Operand; rm: Operand }) => b.op('mul', half(b, o.rn), half(b, o.rm));
  const syntax = '{rd:x}, {rn:w}, {rm:w}, {ra:x}';
  row(`${letter}maddl`, `10011011${unsigned}01 rm:5 0 ra:5 rn:5 rd:5`, syntax, (b, o) =>
    b.setX(o.rd, b.add(b.x(o.ra), product(b, o))),
  );
  row(`${letter}msubl`, `10011011${unsigned}01 rm:5 1 ra:5 rn:5 rd:5`, syntax, (b, o) =>
    b.setX(o.rd, b.sub(b.x(o.ra), product(b, o))),
  );
  row(`${letter}mulh`, `10011011${unsigned}10 rm:5 0 _:5 rn:5 rd:5`, '{rd:x}, {rn:x}, {rm:x}', (b, o) =>
    b.setX(o.rd, b.op(isSigned ? 'mulh_s' : 'mulh_u', b.x(o.rn), b.x(o.rm))),
  );
}

// CRC-32, of bytes upwards: with the reversed polynomials, one bit after the other.
for (const [letter, sz, sf, width] of [
  ['b', '00', '0', 8],
  ['h', '01', '0', 16],
  ['w', '10', '0', 32],
  ['x', '11', '1', 64],
] as const) {
  for (const [name, c, polynomial] of [
    ['crc32', '0', 0xedb88320n],
    ['crc32c', '1', 0x82f63b78n],
  ] as const) {
    crc.row(
      `${name}${letter}`,
      `${sf}0011010110 rm:5 010${c}${sz} rn:5 rd:5`,
      `{rd:w}, {rn:w}, {rm:${width === 64 ? 'x' : 'w'}}`,
      (b, o) => b.setX(o.rd, b.crc(b.r(o.rn, 32), b.low(b.x(o.rm), width), width, polynomial)),
    );
  }
}
