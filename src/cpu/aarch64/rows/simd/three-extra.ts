/**
 * Advanced SIMD three same (extra), and the instructions of its extensions by element: RDM, DotProd, I8MM.
 * Arm ARM, C4.1.96.
 */

import type { Lanes, Sign } from '../../../arm-lanes.ts';
import type { Value } from '../../../ir.ts';
import { rowsOf } from '../../../row.ts';
import type { Aarch64Builder } from '../../builder.ts';
import { arrangements, type Compute, effectOf, HALVES, lanesOf, three, WORDS } from './arrangements.ts';
import { ELEMENT_FIELDS, elementEffect, elementSyntax } from './by-element.ts';

const rdm = rowsOf<Aarch64Builder>('RDM');
const dotProduct = rowsOf<Aarch64Builder>('DotProd');
const i8mm = rowsOf<Aarch64Builder>('I8MM');
export const rdmRows = rdm.rows;
export const dotProductRows = dotProduct.rows;
export const i8mmRows = i8mm.rows;

type Same = '0 0 0 01110 00 0 rm:5 1 0000 1 rn:5 rd:5';
type Element = '0 0 0 01111 00 lane:u[1:0] rm:4 0000 lane:u[2] 0 rn:5 rd:5';

// SQRDMLAH, SQRDMLSH: d + 2nm or d - 2nm, its high half, rounded. Half of that sum has room in lanes of twice the bits.
const accumulateHigh =
  (adds: boolean): Compute =>
  (l, n, m, d) => {
    const wide = l.of(2 * l.bits);
    const part = (half: 'low' | 'high') => {
      const product = l.product('s', half, n, m);
      const base = wide.add(wide.shl(l.extended('s', half, d), l.bits - 1), wide.every(1n << BigInt(l.bits - 2)));
      const sum = adds ? wide.add(base, product) : wide.sub(base, product);
      return wide.shr('s', sum, l.bits - 1);
    };
    const [low, high] = [part('low'), part('high')];
    const narrowed = (a: Value, b: Value) => wide.halves('low', b, wide.halves('low', a));
    const clamped = (a: Value) => wide.clamped('s', 's', a);
    // What does not fit has other bits above than its sign's.
    const isOutside = (a: Value) => wide.not(wide.eq(clamped(a), a));
    l.saturates(narrowed(isOutside(low), isOutside(high)));
    return narrowed(clamped(low), clamped(high));
  };
for (const [name, opcode, elementOpcode, compute] of [
  ['sqrdmlah', '0000', '1101', accumulateHigh(true)],
  ['sqrdmlsh', '0001', '1111', accumulateHigh(false)],
] as const) {
  for (const a of arrangements(`${HALVES} ${WORDS} h s`)) {
    const letter = a.letter as 'h';
    const [low, high] = ELEMENT_FIELDS[letter];
    rdm.row(
      `${name}.${a.name}`,
      `0 ${a.q} 1 ${a.class} ${a.size} 0 rm:5 1 ${opcode} 1 rn:5 rd:5` as Same,
      three(a.kind),
      effectOf(a, compute),
      { mnemonic: name },
    );
    rdm.row(
      `${name}.${a.name}.elem`,
      `0 ${a.q} 1 ${a.classImmediate} ${a.size} ${low} ${elementOpcode} ${high} 0 rn:5 rd:5` as Element,
      elementSyntax(a.kind, a.kind, letter),
      elementEffect(a, false, (l, _, n, m, d) => compute(l, n, m, d)),
      { mnemonic: name },
    );
  }
}

/** The products of the bytes of words, in halfwords: of the even bytes and of the odd ones, each with its sign. */
function byteProducts(l: Lanes, signs: readonly [Sign, Sign], n: Value, m: Value): Value[] {
  const halves = l.of(16);
  return ['even', 'odd'].map((which) => {
    const [x, y] = [n, m].map((vector, i) => halves.shr(signs[i], which === 'odd' ? vector : halves.shl(vector, 8), 8));
    // Two bytes' product has sixteen bits, which are unsigned only if both are.
    return halves.mul(x, y);
  });
}
/** Sums of the products of four bytes each, in words. */
const dot =
  (...signs: readonly [Sign, Sign]): Compute =>
  (l, n, m, d) => {
    const sign = signs.includes('s') ? 's' : 'u';
    const sums = byteProducts(l, signs, n, m).map((products) => l.of(16).addPairsLong(sign, products));
    return l.add(d, l.add(sums[0], sums[1]));
  };

const DOTS = [
  ['sdot', dotProduct, '0', '10', '0010', '10', '1110', dot('s', 's')],
  ['udot', dotProduct, '1', '10', '0010', '10', '1110', dot('u', 'u')],
  ['usdot', i8mm, '0', '10', '0011', '10', '1111', dot('u', 's')],
  ['sudot', i8mm, '0', undefined, '', '00', '1111', dot('s', 'u')],
] as const;
for (const [name, { row }, u, size, opcode, elementSize, elementOpcode, compute] of DOTS) {
  for (const a of arrangements('2s 4s')) {
    const bytes = `v${a.width / 8}b`;
    if (size !== undefined) {
      row(
        `${name}.${a.name}`,
        `0 ${a.q} ${u} 01110 ${size} 0 rm:5 1 ${opcode} 1 rn:5 rd:5` as Same,
        three(a.kind, bytes),
        effectOf(a, compute),
        { mnemonic: name },
      );
    }
    row(
      `${name}.${a.name}.elem`,
      `0 ${a.q} ${u} 01111 ${elementSize} lane:u[0] rm:5 ${elementOpcode} lane:u[1] 0 rn:5 rd:5` as Element,
      `{rd:${a.kind}}, {rn:${bytes}}, {rm:v4b}{lane:lane}` as '{rd:q}, {rn:q}, {rm:q}{lane:lane}',
      elementEffect(a, false, (l, _, n, m, d) => compute(l, n, m, d)),
      { mnemonic: name },
    );
  }
}

// Products of matrices of 2 × 8 bytes and 8 × 2 ones: d + n mᵀ.
for (const [name, u, opcode, compute] of [
  ['smmla', '0', '0100', dot('s', 's')],
  ['ummla', '1', '0100', dot('u', 'u')],
  ['usmmla', '0', '0101', dot('u', 's')],
] as const) {
  i8mm.row(
    `${name}.4s`,
    `0 1 ${u} 01110 10 0 rm:5 1 ${opcode} 1 rn:5 rd:5`,
    '{rd:v4s}, {rn:v16b}, {rm:v16b}',
    (b, o) => {
      const [l] = arrangements('4s').map((a) => lanesOf(b, a));
      const halves = l.of(64);
      const [n, m] = [b.v(o.rn), b.v(o.rm)];
      // Each row of n with each of m: the sums of the first four bytes and of the others.
      const sums = [0, 1].flatMap((i) =>
        [0, 1].map((j) => compute(l, halves.lanes([n], [i, i]), halves.lanes([m], [j, j]), l.zero)),
      );
      const [first, second] = [0, 1].map((part) => l.lanes(sums, [part, 4 + part, 8 + part, 12 + part]));
      b.setV(o.rd, l.add(b.v(o.rd), l.add(first, second)));
    },
    { mnemonic: name },
  );
}
