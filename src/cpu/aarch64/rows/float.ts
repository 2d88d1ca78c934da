/** Scalar floating point: Arm ARM, C4.1.96, "Floating-point data-processing", "… conversions". */
import type { FpFormat, FpOpName, Value } from '../../ir.ts';
import { type Operand, rowsOf } from '../../row.ts';
import type { Aarch64Builder, Size } from '../builder.ts';

const fp = rowsOf<Aarch64Builder>('FP');
const fp16 = rowsOf<Aarch64Builder>('FP16');
const frintts = rowsOf<Aarch64Builder>('FRINTTS');
const jscvt = rowsOf<Aarch64Builder>('JSCVT');
export const floatRows = fp.rows;
export const frinttsRows = frintts.rows;
export const jscvtRows = jscvt.rows;
export const fp16Rows = fp16.rows;

/** Formats: the kind of register, the field ftype, where the rows belong. */
const FORMATS = [
  ['s', '00', 32, fp],
  ['d', '01', 64, fp],
  ['h', '11', 16, fp16],
] as const satisfies readonly (readonly [string, string, FpFormat, typeof fp])[];

/** Rounding modes as the IR numbers them; `undefined` is FPCR's. */
const NEAREST = 0;
const ZERO = 1;
const DOWN = 2;
const UP = 3;
const AWAY = 4;
const modeOf = (b: Aarch64Builder, rounding: number | undefined): Value =>
  rounding === undefined ? b.fpMode() : b.fpModeWith(rounding);

type Unary = (b: Aarch64Builder, a: Value) => Value;

for (const [r, type, format, { row }] of FORMATS) {
  const value = (b: Aarch64Builder, operand: Operand) => b.scalar(operand, format);
  const two = `{rd:${r}}, {rn:${r}}` as const;
  const three = `${two}, {rm:${r}}` as const;
  const round =
    (op: 'round' | 'roundx', rounding?: number): Unary =>
    (b, a) =>
      b.fp(op, format, modeOf(b, rounding), a);

  // Data-processing (1 source).
  const ONE: readonly (readonly [name: string, opcode: string, compute: Unary])[] = [
    ['fmov', '000000', (_, a) => a],
    ['fabs', '000001', (b, a) => b.low(a, format - 1)],
    ['fneg', '000010', (b, a) => b.negated(a, format)],
    ['fsqrt', '000011', (b, a) => b.fp('sqrt', format, b.fpMode(), a)],
    ['frintn', '001000', round('round', NEAREST)],
    ['frintp', '001001', round('round', UP)],
    ['frintm', '001010', round('round', DOWN)],
    ['frintz', '001011', round('round', ZERO)],
    ['frinta', '001100', round('round', AWAY)],
    ['frintx', '001110', round('roundx')],
    ['frinti', '001111', round('round')],
  ];
  for (const [name, opcode, compute] of ONE) {
    row(
      `${name}.${r}`,
      `00011110 ${type} 1 ${opcode} 10000 rn:5 rd:5` as '00011110 00 1 000000 10000 rn:5 rd:5',
      two,
      (b, o) => b.setScalar(o.rd, compute(b, value(b, o.rn))),
      { mnemonic: name },
    );
  }

  // Data-processing (2 source).
  const TWO: readonly (readonly [name: string, opcode: string, op: FpOpName])[] = [
    ['fmul', '0000', 'mul'],
    ['fdiv', '0001', 'div'],
    ['fadd', '0010', 'add'],
    ['fsub', '0011', 'sub'],
    ['fmax', '0100', 'maximum'],
    ['fmin', '0101', 'minimum'],
    ['fmaxnm', '0110', 'max'],
    ['fminnm', '0111', 'min'],
    ['fnmul', '1000', 'mul'],
  ];
  for (const [name, opcode, op] of TWO) {
    row(
      `${name}.${r}`,
      `00011110 ${type} 1 rm:5 ${opcode} 10 rn:5 rd:5` as '00011110 00 1 rm:5 0000 10 rn:5 rd:5',
      three,
      (b, o) => {
        const result = b.fp(op, format, b.fpMode(), value(b, o.rn), value(b, o.rm));
        b.setScalar(o.rd, name === 'fnmul' ? b.negated(result, format) : result);
      },
      { mnemonic: name },
    );
  }

  // Data-processing (3 source): the product's sign and the addend's.
  const THREE = [
    ['fmadd', '0', '0', false, false],
    ['fmsub', '0', '1', true, false],
    ['fnmadd', '1', '0', true, true],
    ['fnmsub', '1', '1', false, true],
  ] as const;
  for (const [name, o1, o0, negatesProduct, negatesAddend] of THREE) {
    row(
      `${name}.${r}`,
      `00011111 ${type} ${o1} rm:5 ${o0} ra:5 rn:5 rd:5`,
      `${three}, {ra:${r}}`,
      (b, o) => {
        const [n, a] = [value(b, o.rn), value(b, o.ra)];
        const factor = negatesProduct ? b.negated(n, format) : n;
        const addend = negatesAddend ? b.negated(a, format) : a;
        b.setScalar(o.rd, b.fp('fma', format, b.fpMode(), factor, value(b, o.rm), addend));
      },
      { mnemonic: name },
    );
  }

  // Comparisons. The second operand is ignored where zero is compared with.
  for (const [name, e] of [
    ['fcmp', '0'],
    ['fcmpe', '1'],
  ] as const) {
    const signaling = e === '1';
    row(
      `${name}.${r}`,
      `00011110 ${type} 1 rm:5 00 1000 rn:5 ${e}0000`,
      `{rn:${r}}, {rm:${r}}`,
      (b, o) => b.setFlags(b.compareFlags(format, value(b, o.rn), value(b, o.rm), signaling)),
      { mnemonic: name },
    );
    row(
      `${name}.${r}.zero`,
      `00011110 ${type} 1 _:5 00 1000 rn:5 ${e}1000`,
      `{rn:${r}}, #0.0`,
      (b, o) => b.setFlags(b.compareFlags(format, value(b, o.rn), b.const(0), signaling)),
      { mnemonic: name },
    );
    const conditional = `fccmp${signaling ? 'e' : ''}`;
    row(
      `${conditional}.${r}`,
      `00011110 ${type} 1 rm:5 cond:4 01 rn:5 ${e} nzcv:4`,
      `{rn:${r}}, {rm:${r}}, {nzcv:hash}, {cond:cond}`,
      (b, o) => {
        // Without the condition nothing is compared, so nothing raised.
        const holds = b.holds(o.cond);
        const operand = (register: Operand) => b.select(holds, value(b, register), b.const(0));
        const flags = b.compareFlags(format, operand(o.rn), operand(o.rm), signaling);
        b.setFlags(b.selectFlags(holds, flags, b.flagBits(b.operand(o.nzcv))));
      },
      { mnemonic: conditional },
    );
  }
  row(
    `fcsel.${r}`,
    `00011110 ${type} 1 rm:5 cond:4 11 rn:5 rd:5`,
    `${three}, {cond:cond}`,
    (b, o) => b.setScalar(o.rd, b.select(b.holds(o.cond), value(b, o.rn), value(b, o.rm))),
    { mnemonic: 'fcsel' },
  );
  row(
    `fmov.${r}.imm`,
    `00011110 ${type} 1 imm:8 100 00000 rd:5`,
    `{rd:${r}}, {imm:float}`,
    (b, o) => b.setScalar(o.rd, b.floatImmediate(o.imm, format)),
    { mnemonic: 'fmov' },
  );

  // Between floating point and integers.
  for (const [x, sf, size] of [
    ['w', '0', 32],
    ['x', '1', 64],
  ] as const satisfies readonly (readonly [string, string, Size])[]) {
    const out = `{rd:${x}}, {rn:${r}}` as const;
    const into = `{rd:${r}}, {rn:${x}}` as const;
    const TO: readonly (readonly [name: string, bits: string, rounding: number])[] = [
      ['fcvtn', '00 00', NEAREST],
      ['fcvtp', '01 00', UP],
      ['fcvtm', '10 00', DOWN],
      ['fcvtz', '11 00', ZERO],
      ['fcvta', '00 10', AWAY],
    ];
    for (const [isSigned, letter, u] of [
      [true, 's', '0'],
      [false, 'u', '1'],
    ] as const) {
      const integer = `${isSigned ? 'i' : 'u'}${size}` as 'i64';
      for (const [name, bits, rounding] of TO) {
        const [rmode, opcode] = bits.split(' ');
        row(
          `${name}${letter}.${x}.${r}`,
          `${sf}0011110 ${type} 1 ${rmode} ${opcode[0]}0${u} 000000 rn:5 rd:5` as '00011110 00 1 00 000 000000 rn:5 rd:5',
          out,
          (b, o) => b.setR(o.rd, size, b.fp(`to_${integer}`, format, b.fpModeWith(rounding), value(b, o.rn))),
          { mnemonic: name + letter },
        );
      }
      const from = `${letter}cvtf`;
      row(
        `${from}.${r}.${x}`,
        `${sf}0011110 ${type} 1 00 01${u} 000000 rn:5 rd:5`,
        into,
        (b, o) => b.setScalar(o.rd, b.fp(`from_${integer}`, format, b.fpMode(), b.x(o.rn))),
        { mnemonic: from },
      );
      // With a binary point: `scale` is 64 less the bits behind it, which a W register has 32 of at most.
      const scale = size === 64 ? 'scale:6' : '1 scale:5';
      const fractionBits = (b: Aarch64Builder, o: Operand) => b.sub(b.const(size), b.operand(o));
      const kind = `from${size}` as const;
      const fixed = scale as 'scale:6';
      row(
        `fcvtz${letter}.${x}.${r}.fixed`,
        `${sf}0011110 ${type} 0 11 00${u} ${fixed} rn:5 rd:5`,
        `${out}, {scale:${kind}}`,
        (b, o) =>
          b.setR(
            o.rd,
            size,
            b.fp(`to_fixed_${integer}`, format, b.fpModeWith(ZERO), value(b, o.rn), fractionBits(b, o.scale)),
          ),
        { mnemonic: `fcvtz${letter}` },
      );
      row(
        `${from}.${r}.${x}.fixed`,
        `${sf}0011110 ${type} 0 00 01${u} ${fixed} rn:5 rd:5`,
        `${into}, {scale:${kind}}`,
        (b, o) =>
          b.setScalar(o.rd, b.fp(`from_fixed_${integer}`, format, b.fpMode(), b.x(o.rn), fractionBits(b, o.scale))),
        { mnemonic: from },
      );
    }
  }
}

// Between formats.
const CONVERSIONS = [
  ['d', 's', '00', '01', 64, 32],
  ['h', 's', '00', '11', 16, 32],
  ['s', 'd', '01', '00', 32, 64],
  ['h', 'd', '01', '11', 16, 64],
  ['s', 'h', '11', '00', 32, 16],
  ['d', 'h', '11', '01', 64, 16],
] as const;
for (const [to, from, type, opc, toFormat, fromFormat] of CONVERSIONS) {
  fp.row(
    `fcvt.${to}.${from}`,
    `00011110 ${type} 1 0001 ${opc} 10000 rn:5 rd:5`,
    `{rd:${to}}, {rn:${from}}`,
    (b, o) => b.setScalar(o.rd, b.fp(`to${toFormat}`, fromFormat, b.fpMode(), b.scalar(o.rn, fromFormat))),
    { mnemonic: 'fcvt' },
  );
}

// FMOV between general and vector registers.
const MOVES = [
  ['w', '0', 's', '00', 32, fp],
  ['x', '1', 'd', '01', 64, fp],
  ['w', '0', 'h', '11', 16, fp16],
  ['x', '1', 'h', '11', 16, fp16],
] as const;
for (const [x, sf, r, type, width, { row }] of MOVES) {
  row(
    `fmov.${x}.${r}`,
    `${sf}0011110 ${type} 1 00 110 000000 rn:5 rd:5`,
    `{rd:${x}}, {rn:${r}}`,
    (b, o) => b.setX(o.rd, b.scalar(o.rn, width)),
    { mnemonic: 'fmov' },
  );
  row(
    `fmov.${r}.${x}`,
    `${sf}0011110 ${type} 1 00 111 000000 rn:5 rd:5`,
    `{rd:${r}}, {rn:${x}}`,
    (b, o) => b.setScalar(o.rd, b.low(b.x(o.rn), width)),
    { mnemonic: 'fmov' },
  );
}
fp.row(
  'fmov.x.high',
  '1 0011110 10 1 01 110 000000 rn:5 rd:5',
  '{rd:x}, {rn:vd}[1]',
  (b, o) => b.setX(o.rd, b.lane(o.rn, 64, b.const(1))),
  { mnemonic: 'fmov' },
);
fp.row(
  'fmov.high.x',
  '1 0011110 10 1 01 111 000000 rn:5 rd:5',
  '{rd:vd}[1], {rn:x}',
  (b, o) => b.setV(o.rd, b.op('i64x2.replace_lane', b.v(o.rd), b.const(1), b.x(o.rn))),
  { mnemonic: 'fmov' },
);

// To integral values that fit an integer: others become the lowest such integer, which is invalid.
for (const [r, type, format] of FORMATS) {
  if (format === 16) continue;
  for (const [name, opcode, bits, rounding] of [
    ['frint32z', '010000', 32, ZERO],
    ['frint32x', '010001', 32, undefined],
    ['frint64z', '010010', 64, ZERO],
    ['frint64x', '010011', 64, undefined],
  ] as const) {
    frintts.row(
      `${name}.${r}`,
      `00011110 ${type} 1 ${opcode} 10000 rn:5 rd:5`,
      `{rd:${r}}, {rn:${r}}`,
      (b, o) => b.setScalar(o.rd, b.roundedToFit(format, bits, modeOf(b, rounding), b.scalar(o.rn, format))),
      { mnemonic: name },
    );
  }
}

// As ECMAScript's ToInt32; Z is whether nothing was lost.
jscvt.row('fjcvtzs', '0001111001111110000000 rn:5 rd:5', '{rd:w}, {rn:d}', (b, o) => {
  const value = b.scalar(o.rn, 64);
  const mode = b.fpModeWith(ZERO);
  const result = b.fp('to_i32_mod', 64, mode, value);
  const isSame = b.op('eq', b.fp('from_i32', 64, mode, result), value);
  b.setFlags(b.flagBits(b.select(isSame, b.const(4), b.const(0))));
  b.setR(o.rd, 32, result);
});
