/**
 * Advanced SIMD two-register miscellaneous, and scalar two-register miscellaneous, of floating-point numbers;
 * conversions with a binary point, which are among the shifts by immediate. Arm ARM, C4.1.96.
 */

import type { Lanes } from '../../../arm-lanes.ts';
import { compared, fromIntegers, toIntegers } from '../../../arm-vectors.ts';
import type { FpLanesOp, Value } from '../../../ir.ts';
import { rowsOf } from '../../../row.ts';
import type { Aarch64Builder } from '../../builder.ts';
import {
  type Arrangement,
  arrangements,
  type ComputeOne,
  effectOfOne,
  FLOATS,
  floatArrangements,
  lanesOf,
  two,
} from './arrangements.ts';
import { COUNT } from './shift-immediate.ts';

const full = rowsOf<Aarch64Builder>('AdvSIMD');
const half = rowsOf<Aarch64Builder>('FP16');
export const floatTwoMiscRows = full.rows;
const frintts = rowsOf<Aarch64Builder>('FRINTTS');
export const floatTwoMiscFp16Rows = half.rows;
export const frinttsVectorRows = frintts.rows;

/** Rounding modes as the IR numbers them. */
const NEAREST = 0;
const TO_ZERO = 1;
const DOWN = 2;
const UP = 3;
const AWAY = 4;
const TO_ODD = 5;

const plain =
  (op: FpLanesOp): ComputeOne =>
  (l, n) =>
    l.fp(op, l.b.fpMode(), n);
const rounded =
  (rounding: number): ComputeOne =>
  (l, n) =>
    l.fp('round', l.b.fpModeWith(rounding), n);

/** The signed conversion and the unsigned one. */
const conversions = (name: string, o: string, opcode: string, rounding: number): Definition[] => [
  [`fcvt${name}s`, '0', o, opcode, 'both', (l, n) => toIntegers(l, 's', rounding, n)],
  [`fcvt${name}u`, '1', o, opcode, 'both', (l, n) => toIntegers(l, 'u', rounding, n)],
];

type Definition = readonly [
  name: string,
  u: string,
  o: string,
  opcode: string,
  where: 'vectors' | 'scalars' | 'both',
  compute: ComputeOne,
  zero?: 'zero',
];
const DEFINITIONS: readonly Definition[] = [
  ['frintn', '0', '0', '11000', 'vectors', rounded(NEAREST)],
  ['frintm', '0', '0', '11001', 'vectors', rounded(DOWN)],
  ['frintp', '0', '1', '11000', 'vectors', rounded(UP)],
  ['frintz', '0', '1', '11001', 'vectors', rounded(TO_ZERO)],
  ['frinta', '1', '0', '11000', 'vectors', rounded(AWAY)],
  ['frintx', '1', '0', '11001', 'vectors', plain('roundx')],
  ['frinti', '1', '1', '11001', 'vectors', plain('round')],
  ...conversions('n', '0', '11010', NEAREST),
  ...conversions('m', '0', '11011', DOWN),
  ...conversions('a', '0', '11100', AWAY),
  ...conversions('p', '1', '11010', UP),
  ...conversions('z', '1', '11011', TO_ZERO),
  ['scvtf', '0', '0', '11101', 'both', (l, n) => fromIntegers(l, 's', n)],
  ['ucvtf', '1', '0', '11101', 'both', (l, n) => fromIntegers(l, 'u', n)],
  ['fcmgt', '0', '1', '01100', 'both', (l, n) => compared(l, 'lt', l.zero, n), 'zero'],
  ['fcmge', '1', '1', '01100', 'both', (l, n) => compared(l, 'le', l.zero, n), 'zero'],
  ['fcmeq', '0', '1', '01101', 'both', (l, n) => compared(l, 'eq', n, l.zero), 'zero'],
  ['fcmle', '1', '1', '01101', 'both', (l, n) => compared(l, 'le', n, l.zero), 'zero'],
  ['fcmlt', '0', '1', '01110', 'both', (l, n) => compared(l, 'lt', n, l.zero), 'zero'],
  ['fabs', '0', '1', '01111', 'vectors', (l, n) => l.magnitude(n)],
  ['fneg', '1', '1', '01111', 'vectors', (l, n) => l.negated(n)],
  ['frecpe', '0', '1', '11101', 'both', plain('recpe')],
  ['frsqrte', '1', '1', '11101', 'both', plain('rsqrte')],
  ['frecpx', '0', '1', '11111', 'scalars', plain('recpx')],
  ['fsqrt', '1', '1', '11111', 'vectors', plain('sqrt')],
];

type Fields = '0 0 0 01110 00 10000 00000 10 rn:5 rd:5';
const fields = (a: Arrangement, u: string, o: string, opcode: string) =>
  (a.bits === 16
    ? `0 ${a.q} ${u} ${a.class} ${o} 1 11100 ${opcode} 10 rn:5 rd:5`
    : `0 ${a.q} ${u} ${a.class} ${o} ${a.bits === 64 ? 1 : 0} 10000 ${opcode} 10 rn:5 rd:5`) as Fields;

for (const [name, u, o, opcode, where, compute, zero] of DEFINITIONS) {
  for (const [a, { row }] of floatArrangements(where, full, half)) {
    row(
      `${name}.${a.name}${zero === undefined ? '' : '.zero'}`,
      fields(a, u, o, opcode),
      `${two(a.kind)}${zero === undefined ? '' : ', #0.0'}` as '{rd:q}, {rn:q}',
      effectOfOne(a, compute),
      { mnemonic: name },
    );
  }
}

// To integral values that fit an integer.
for (const a of arrangements(FLOATS)) {
  for (const [name, u, opcode, bits, rounding] of [
    ['frint32z', '0', '11110', 32, TO_ZERO],
    ['frint32x', '1', '11110', 32, undefined],
    ['frint64z', '0', '11111', 64, TO_ZERO],
    ['frint64x', '1', '11111', 64, undefined],
  ] as const) {
    frintts.row(
      `${name}.${a.name}`,
      fields(a, u, '0', opcode),
      two(a.kind),
      effectOfOne(a, (l, n) => {
        const { b } = l;
        const mode = rounding === undefined ? b.fpMode() : b.fpModeWith(rounding);
        return l.each([n], (lane) => b.roundedToFit(l.format as 32 | 64, bits, mode, lane));
      }),
      { mnemonic: name },
    );
  }
}

// With a binary point: the count is as many bits as a lane has less those behind it.
for (const [a, { row }] of floatArrangements('both', full, half)) {
  for (const [name, u, opcode, compute] of [
    ['scvtf', '0', '11100', (l, n, bits) => fromIntegers(l, 's', n, bits)],
    ['ucvtf', '1', '11100', (l, n, bits) => fromIntegers(l, 'u', n, bits)],
    ['fcvtzs', '0', '11111', (l, n, bits) => toIntegers(l, 's', TO_ZERO, n, bits)],
    ['fcvtzu', '1', '11111', (l, n, bits) => toIntegers(l, 'u', TO_ZERO, n, bits)],
  ] as const satisfies readonly (readonly [string, string, string, (l: Lanes, n: Value, bits: Value) => Value])[]) {
    row(
      `${name}.${a.name}.fixed`,
      `0 ${a.q} ${u} ${a.classImmediate}0 ${COUNT[a.letter]} ${opcode} 1 rn:5 rd:5` as '0 0 0 011110 001 count:4 00000 1 rn:5 rd:5',
      `${two(a.kind)}, {count:from${a.bits}}` as '{rd:q}, {rn:q}, {count:dec}',
      (b, o) => {
        const lanes = lanesOf(b, a);
        b.setV(o.rd, lanes.kept(compute(lanes, b.v(o.rn), b.sub(b.const(a.bits), b.operand(o.count)))));
      },
      { mnemonic: name },
    );
  }
}

// Between formats: the narrow lanes are those of a half, with Q set of the upper one, and the mnemonic ends with 2.
for (const a of arrangements('4h 8h 2s 4s')) {
  const [sz, wide] = a.bits === 16 ? ['0', 'v4s'] : ['1', 'v2d'];
  const isHigh = a.q === '1';
  const count = 64 / a.bits;
  const suffix = isHigh ? '2' : '';
  full.row(
    `fcvtl.${a.name}`,
    `0 ${a.q} 0 01110 0 ${sz} 10000 10111 10 rn:5 rd:5` as Fields,
    two(wide, a.kind),
    (b, o) => {
      const [narrow, lanes] = [lanesOf(b, a), lanesOf(b, a).of(2 * a.bits, 128)];
      const n = b.v(o.rn);
      const op = `to${2 * a.bits}` as 'to32';
      const values = Array.from({ length: count }, (_, i) =>
        b.fp(op, narrow.format, b.fpMode(), narrow.lane(n, isHigh ? count + i : i)),
      );
      b.setV(o.rd, lanes.join(values));
    },
    { mnemonic: `fcvtl${suffix}` },
  );
  for (const [name, u, opcode, rounding] of [
    ['fcvtn', '0', '10110', undefined],
    ['fcvtxn', '1', '10110', TO_ODD],
  ] as const) {
    if (rounding !== undefined && a.bits === 16) continue;
    full.row(
      `${name}.${a.name}`,
      `0 ${a.q} ${u} 01110 0 ${sz} 10000 ${opcode} 10 rn:5 rd:5` as Fields,
      two(a.kind, wide),
      (b, o) => {
        const lanes = lanesOf(b, a).of(2 * a.bits, 128);
        const narrow = lanes.of(a.bits, 64);
        const [n, d] = [b.v(o.rn), b.v(o.rd)];
        const mode = rounding === undefined ? b.fpMode() : b.fpModeWith(rounding);
        const op = `to${a.bits}` as 'to32';
        const values = Array.from({ length: count }, (_, i) => b.fp(op, lanes.format, mode, lanes.lane(n, i)));
        const joined = narrow.join(values);
        b.setV(o.rd, isHigh ? b.shuffle(d, joined, [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]) : joined);
      },
      { mnemonic: name + suffix },
    );
  }
}
full.row(
  'fcvtxn.s',
  '0 1 1 11110 0 1 10000 10110 10 rn:5 rd:5',
  '{rd:s}, {rn:d}',
  (b, o) => b.setScalar(o.rd, b.fp('to32', 64, b.fpModeWith(TO_ODD), b.scalar(o.rn, 64))),
  { mnemonic: 'fcvtxn' },
);
