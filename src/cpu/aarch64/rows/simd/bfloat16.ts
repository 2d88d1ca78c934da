/** BF16: conversions to bfloat16, its sums of products, and its products added to binary32. Arm ARM, C4.1.96. */

import type { Lanes } from '../../../arm-lanes.ts';
import type { Value } from '../../../ir.ts';
import { rowsOf } from '../../../row.ts';
import type { Aarch64Builder } from '../../builder.ts';
import { arrangements, type Compute, effectOf, lanesOf, three, two } from './arrangements.ts';
import { ELEMENT_FIELDS, elementEffect } from './by-element.ts';

const { row, rows } = rowsOf<Aarch64Builder>('BF16');
export const bfloat16Rows = rows;

const converted = (b: Aarch64Builder, value: Value): Value => b.fp('tobf16', 32, b.fpMode(), value);

row('bfcvt', '00011110 01 1 000110 10000 rn:5 rd:5', '{rd:h}, {rn:s}', (b, o) =>
  b.setScalar(o.rd, converted(b, b.scalar(o.rn, 32))),
);
for (const [name, q, kind] of [
  ['bfcvtn', '0', 'v4h'],
  ['bfcvtn2', '1', 'v8h'],
] as const) {
  row(`${name}`, `0 ${q} 0 01110 10 10000 10110 10 rn:5 rd:5`, two(kind, 'v4s'), (b, o) => {
    const [l] = arrangements('4s').map((a) => lanesOf(b, a));
    const [n, d] = [b.v(o.rn), b.v(o.rd)];
    const joined = l.of(16, 64).join([0, 1, 2, 3].map((i) => converted(b, l.lane(n, i))));
    b.setV(o.rd, q === '0' ? joined : l.of(64).lanes([d, joined], [0, 2]));
  });
}

/** Each lane plus the sum of the two products in the lanes of the others. */
const dot: Compute = (l, n, m, d) => l.each([d, n, m], (...lanes) => l.b.fp('bfdot', 32, l.b.fpMode(), ...lanes));
for (const a of arrangements('2s 4s')) {
  const pairs = `v${a.width / 16}h`;
  row(
    `bfdot.${a.name}`,
    `0 ${a.q} 1 01110 01 0 rm:5 1 1111 1 rn:5 rd:5` as '0 0 1 01110 01 0 rm:5 1 1111 1 rn:5 rd:5',
    three(a.kind, pairs),
    effectOf(a, dot),
    { mnemonic: 'bfdot' },
  );
  row(
    `bfdot.${a.name}.elem`,
    `0 ${a.q} 0 01111 01 lane:u[0] rm:5 1111 lane:u[1] 0 rn:5 rd:5` as '0 0 0 01111 01 lane:u[0] rm:5 1111 lane:u[1] 0 rn:5 rd:5',
    `{rd:${a.kind}}, {rn:${pairs}}, {rm:v2h}{lane:lane}` as '{rd:q}, {rn:q}, {rm:q}{lane:lane}',
    elementEffect(a, false, (l, _, n, m, d) => dot(l, n, m, d)),
    { mnemonic: 'bfdot' },
  );
}

// Products of matrices of 2 × 4 values and 4 × 2 ones: d + n mᵀ.
row('bfmmla', '0 1 1 01110 01 0 rm:5 1 1101 1 rn:5 rd:5', '{rd:v4s}, {rn:v8h}, {rm:v8h}', (b, o) => {
  const [l] = arrangements('4s').map((a) => lanesOf(b, a));
  const [n, m] = [b.v(o.rn), b.v(o.rm)];
  // Of each row of n and each of m the first pairs, then the second ones.
  const step = (part: 0 | 1, d: Value) =>
    dot(l, l.lanes([n], [part, part, 2 + part, 2 + part]), l.lanes([m], [part, 2 + part, part, 2 + part]), d);
  b.setV(o.rd, step(1, step(0, b.v(o.rd))));
});

// The even values, or the odd ones, become binary32, which is exact; the products are added as FMLA does.
for (const [name, q] of [
  ['bfmlalb', '0'],
  ['bfmlalt', '1'],
] as const) {
  const [a] = arrangements('4s');
  const widened = (l: Lanes, v: Value) => (q === '0' ? l.shl(v, 16) : l.and(v, l.every(0xffff_0000)));
  row(
    name,
    `0 ${q} 1 01110 11 0 rm:5 1 1111 1 rn:5 rd:5`,
    '{rd:v4s}, {rn:v8h}, {rm:v8h}',
    effectOf(a, (l, n, m, d) => l.fp('fma', l.b.fpMode(), widened(l, n), widened(l, m), d)),
  );
  const [low, high] = ELEMENT_FIELDS.h;
  row(
    `${name}.elem`,
    `0 ${q} 0 01111 11 ${low} 1111 ${high} 0 rn:5 rd:5`,
    '{rd:v4s}, {rn:v8h}, {rm:vh}{lane:lane}',
    (b, o) => {
      const l = lanesOf(b, a);
      const m = l.splat(b.shl(b.lane(o.rm, 16, b.operand(o.lane)), 16));
      b.setV(o.rd, l.fp('fma', b.fpMode(), widened(l, b.v(o.rn)), m, b.v(o.rd)));
    },
    { mnemonic: name },
  );
}
