/** FCADD and FCMLA: complex numbers, whose parts are neighbouring lanes. Arm ARM, C4.1.96. */

import type { Lanes } from '../../../arm-lanes.ts';
import { multiplyAdd } from '../../../arm-vectors.ts';
import type { Value } from '../../../ir.ts';
import { rowsOf } from '../../../row.ts';
import type { Aarch64Builder } from '../../builder.ts';
import { arrangements, effectOf, lanesOf, three } from './arrangements.ts';

const { row, rows } = rowsOf<Aarch64Builder>('FCMA');
export const complexRows = rows;

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);
/** The lanes of a vector from other places. */
const pick = (l: Lanes, a: Value, place: (lane: number) => number) => l.lanes([a], upTo(128 / l.bits).map(place));
const swapped = (l: Lanes, a: Value) => pick(l, a, (lane) => lane ^ 1);
/** The real parts in both places, or the imaginary ones. */
const parts = (l: Lanes, a: Value, part: 0 | 1) => pick(l, a, (lane) => (lane & ~1) | part);
/** Inverts the signs of the real parts, of the imaginary ones, or of both. */
function negated(l: Lanes, a: Value, real: boolean, imaginary: boolean): Value {
  const sign = 1n << BigInt(l.bits - 1);
  const mask = (real ? sign : 0n) | (imaginary ? sign << BigInt(l.bits) : 0n);
  let all = 0n;
  for (let at = 0; at < 128; at += 2 * l.bits) all |= mask << BigInt(at);
  return l.xor(a, l.b.vector(all));
}

/** n + m, m turned by a right angle to the left or to the right. */
const turnedSum = (turn: 90 | 270) => (l: Lanes, n: Value, m: Value) =>
  l.fp('add', l.b.fpMode(), n, negated(l, swapped(l, m), turn === 90, turn === 270));
/** d plus the real part of n times m, or the imaginary one times m turned, all turned by two right angles or not. */
const turnedProduct = (turn: number) => (l: Lanes, n: Value, m: Value, d: Value) => {
  const isOdd = turn === 1 || turn === 3;
  const factor = negated(l, isOdd ? swapped(l, m) : m, turn === 1 || turn === 2, turn >= 2);
  return multiplyAdd(l, parts(l, n, isOdd ? 1 : 0), factor, d);
};

const angle = (operands: string, turn: number) => `${operands}, #${90 * turn}` as '{rd:q}, {rn:q}, {rm:q}';
const bits = (turn: number) => turn.toString(2).padStart(2, '0');
type Fields = '0 0 1 01110 00 0 rm:5 1 1000 1 rn:5 rd:5';

for (const a of arrangements('4h 8h 2s 4s 2d')) {
  for (const turn of [1, 3] as const) {
    row(
      `fcadd.${a.name}.${90 * turn}`,
      `0 ${a.q} 1 01110 ${a.size} 0 rm:5 1 11${turn === 3 ? 1 : 0}0 1 rn:5 rd:5` as Fields,
      angle(three(a.kind), turn),
      effectOf(a, turnedSum(turn === 1 ? 90 : 270)),
      { mnemonic: 'fcadd' },
    );
  }
  for (const turn of upTo(4)) {
    row(
      `fcmla.${a.name}.${90 * turn}`,
      `0 ${a.q} 1 01110 ${a.size} 0 rm:5 1 10${bits(turn)} 1 rn:5 rd:5` as Fields,
      angle(three(a.kind), turn),
      effectOf(a, turnedProduct(turn)),
      { mnemonic: 'fcmla' },
    );
  }
}

// By element, which is a pair of lanes.
const ELEMENT: Readonly<Record<string, readonly [low: string, high: string]>> = {
  '4h': ['lane:u[0] rm:5', '0'],
  '8h': ['lane:u[0] rm:5', 'lane:u[1]'],
  '4s': ['0 rm:5', 'lane:u[0]'],
};
for (const a of arrangements(Object.keys(ELEMENT).join(' '))) {
  const [low, high] = ELEMENT[a.name];
  for (const turn of upTo(4)) {
    row(
      `fcmla.${a.name}.${90 * turn}.elem`,
      `0 ${a.q} 1 01111 ${a.size} ${low} 0${bits(turn)}1 ${high} 0 rn:5 rd:5` as '0 0 1 01111 00 lane:u[1:0] rm:4 0001 lane:u[2] 0 rn:5 rd:5',
      `{rd:${a.kind}}, {rn:${a.kind}}, {rm:v${a.letter}}{lane:lane}, #${90 * turn}` as '{rd:q}, {rn:q}, {rm:q}{lane:lane}',
      (b, o) => {
        const lanes = lanesOf(b, a);
        const pair = lanes.of(2 * a.bits).broadcast(b.v(o.rm), b.operand(o.lane));
        b.setV(o.rd, lanes.kept(turnedProduct(turn)(lanes, b.v(o.rn), pair, b.v(o.rd))));
      },
      { mnemonic: 'fcmla' },
    );
  }
}
