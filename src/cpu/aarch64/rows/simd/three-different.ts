/** Advanced SIMD three different, and scalar three different: lanes of two sizes. Arm ARM, C4.1.96. */

import type { Lanes, Sign } from '../../../arm-lanes.ts';
import { doubledProduct, highOf, polynomialProduct } from '../../../arm-vectors.ts';
import type { Value } from '../../../ir.ts';
import { rowsOf } from '../../../row.ts';
import type { Aarch64Builder } from '../../builder.ts';
import { type Arrangement, arrangements, BHS, HALVES, lanesOf, three, WORDS } from './arrangements.ts';

const base = rowsOf<Aarch64Builder>('AdvSIMD');
const pmull = rowsOf<Aarch64Builder>('PMULL');
export const threeDifferentRows = base.rows;
export const pmullRows = pmull.rows;

/** Which half of the narrow registers an instruction reads or writes: with Q the upper one; then its name ends with 2. */
const halfOf = (a: Arrangement) => (!a.isScalar && a.q === '1' ? 'high' : 'low');
const mnemonicOf = (name: string, a: Arrangement) => name + (halfOf(a) === 'high' ? '2' : '');
/** The arrangement of lanes of twice the bits: of a vector the whole of one. */
export const widened = (a: Arrangement): string => {
  const letter = { b: 'h', h: 's', s: 'd', d: 'q' }[a.letter];
  return a.isScalar ? letter : `v${64 / a.bits}${letter}`;
};

/** What becomes of narrow lanes n and m and wide lanes d, or of wide n. `l` has the narrow lanes. */
type Compute = (l: Lanes, half: 'low' | 'high', n: Value, m: Value, d: Value) => Value;
type Definition = readonly [name: string, u: '0' | '1', opcode: string, where: string, form: Form, compute: Compute];
/** Which registers have wide lanes: the destination alone, it and the first source, or the sources. */
type Form = 'long' | 'wide' | 'narrow';

const both = (name: string, opcode: string, form: Form, compute: (sign: Sign) => Compute): Definition[] => [
  [`s${name}`, '0', opcode, BHS, form, compute('s')],
  [`u${name}`, '1', opcode, BHS, form, compute('u')],
];
const combined =
  (sign: Sign, combine: (l: Lanes, n: Value, m: Value, d: Value) => Value): Compute =>
  (l, half, n, m, d) =>
    combine(l.wide, l.extended(sign, half, n), l.extended(sign, half, m), d);
const withWide =
  (sign: Sign, combine: (l: Lanes, n: Value, m: Value) => Value): Compute =>
  (l, half, n, m) =>
    combine(l.wide, n, l.extended(sign, half, m));
const DEFINITIONS: readonly Definition[] = [
  ...both('addl', '0000', 'long', (sign) => combined(sign, (l, n, m) => l.add(n, m))),
  ...both('addw', '0001', 'wide', (sign) => withWide(sign, (l, n, m) => l.add(n, m))),
  ...both('subl', '0010', 'long', (sign) => combined(sign, (l, n, m) => l.sub(n, m))),
  ...both('subw', '0011', 'wide', (sign) => withWide(sign, (l, n, m) => l.sub(n, m))),
  ['addhn', '0', '0100', BHS, 'narrow', (l, _, n, m) => highOf(l, l.wide.add(n, m), false)],
  ['raddhn', '1', '0100', BHS, 'narrow', (l, _, n, m) => highOf(l, l.wide.add(n, m), true)],
  ...both('abal', '0101', 'long', (sign) => combined(sign, (l, n, m, d) => l.add(d, l.absoluteDifference('s', n, m)))),
  ['subhn', '0', '0110', BHS, 'narrow', (l, _, n, m) => highOf(l, l.wide.sub(n, m), false)],
  ['rsubhn', '1', '0110', BHS, 'narrow', (l, _, n, m) => highOf(l, l.wide.sub(n, m), true)],
  ...both('abdl', '0111', 'long', (sign) => combined(sign, (l, n, m) => l.absoluteDifference('s', n, m))),
  ...both('mlal', '1000', 'long', (sign) => (l, half, n, m, d) => l.wide.add(d, l.product(sign, half, n, m))),
  [
    'sqdmlal',
    '0',
    '1001',
    `${HALVES} ${WORDS} h s`,
    'long',
    (l, half, n, m, d) => l.wide.addSaturating('s', d, doubledProduct(l, half, n, m)),
  ],
  ...both('mlsl', '1010', 'long', (sign) => (l, half, n, m, d) => l.wide.sub(d, l.product(sign, half, n, m))),
  [
    'sqdmlsl',
    '0',
    '1011',
    `${HALVES} ${WORDS} h s`,
    'long',
    (l, half, n, m, d) => l.wide.subSaturating('s', d, doubledProduct(l, half, n, m)),
  ],
  ...both('mull', '1100', 'long', (sign) => (l, half, n, m) => l.product(sign, half, n, m)),
  ['sqdmull', '0', '1101', `${HALVES} ${WORDS} h s`, 'long', (l, half, n, m) => doubledProduct(l, half, n, m)],
  ['pmull', '0', '1110', '8b 16b', 'long', (l, half, n, m) => polynomialProduct(l, half, n, m)],
];

for (const [name, u, opcode, where, form, compute] of DEFINITIONS) {
  for (const a of arrangements(where)) {
    const wide = widened(a);
    const kinds = { long: [wide, a.kind, a.kind], wide: [wide, wide, a.kind], narrow: [a.kind, wide, wide] }[form];
    base.row(
      `${name}.${a.name}`,
      `0 ${a.q} ${u} ${a.class} ${a.size} 1 rm:5 ${opcode} 00 rn:5 rd:5` as '0 0 0 01110 00 1 rm:5 0000 00 rn:5 rd:5',
      three(kinds[0], kinds[1], kinds[2]),
      (b, o) => {
        // Of vectors, all of the wide lanes count.
        const lanes = lanesOf(b, a).of(a.bits, a.isScalar ? a.bits : 128);
        const d = b.v(o.rd);
        const result = compute(lanes, halfOf(a), b.v(o.rn), b.v(o.rm), d);
        if (form === 'narrow') b.setV(o.rd, lanes.wide.halves('high', result, halfOf(a) === 'high' ? d : undefined));
        else b.setV(o.rd, lanes.wide.kept(result));
      },
      { mnemonic: mnemonicOf(name, a) },
    );
  }
}

for (const [q, kind, lane] of [
  ['0', 'v1d', 0],
  ['1', 'v2d', 1],
] as const) {
  pmull.row(
    `pmull.${kind.slice(1)}`,
    `0 ${q} 0 01110 11 1 rm:5 1110 00 rn:5 rd:5`,
    `{rd:v1q}, {rn:${kind}}, {rm:${kind}}`,
    (b, o) => {
      const [n, m] = [o.rn, o.rm].map((register) => b.lane(register, 64, b.const(lane)));
      const low = b.op('v128.from_i64', b.op('clmul', n, m));
      b.setV(o.rd, b.op('i64x2.replace_lane', low, b.const(1), b.op('clmulh', n, m)));
    },
    { mnemonic: q === '1' ? 'pmull2' : 'pmull' },
  );
}
