/** Advanced SIMD vector × indexed element, and scalar × indexed element, of integers: Arm ARM, C4.1.96. */

import type { Lanes, Sign } from '../../../arm-lanes.ts';
import { doubledHigh, doubledProduct } from '../../../arm-vectors.ts';
import type { Value } from '../../../ir.ts';
import { type Operand, rowsOf } from '../../../row.ts';
import type { Aarch64Builder } from '../../builder.ts';
import { type Arrangement, arrangements, HALVES, lanesOf, WORDS } from './arrangements.ts';
import { widened } from './three-different.ts';

const { row, rows } = rowsOf<Aarch64Builder>('AdvSIMD');
export const byElementRows = rows;

/**
 * The fields around Rm and the lane's number: the number takes the bits H, L and M, as many as it needs, the register
 * those that are left.
 */
export const ELEMENT_FIELDS = {
  h: ['lane:u[1:0] rm:4', 'lane:u[2]'],
  s: ['lane:u[0] rm:5', 'lane:u[1]'],
  d: ['0 rm:5', 'lane:u[0]'],
} as const;
export const elementSyntax = (rd: string, rn: string, letter: 'h' | 's' | 'd') =>
  `{rd:${rd}}, {rn:${rn}}, {rm:v${letter}}{lane:lane}` as '{rd:q}, {rn:q}, {rm:vh}{lane:lane}';
export type ElementOperands = { rd: Operand; rn: Operand; rm: Operand; lane: Operand };

type Compute = (l: Lanes, half: 'low' | 'high', n: Value, m: Value, d: Value) => Value;
type Definition = readonly [
  name: string,
  u: '0' | '1',
  opcode: string,
  isLong: boolean,
  where: string,
  compute: Compute,
];

const VECTORS = `${HALVES} ${WORDS}`;
const ALL = `${VECTORS} h s`;
const both = (name: string, opcode: string, compute: (sign: Sign) => Compute): Definition[] => [
  [`s${name}`, '0', opcode, true, VECTORS, compute('s')],
  [`u${name}`, '1', opcode, true, VECTORS, compute('u')],
];

const DEFINITIONS: readonly Definition[] = [
  ['mla', '1', '0000', false, VECTORS, (l, _, n, m, d) => l.add(d, l.mul(n, m))],
  ['mls', '1', '0100', false, VECTORS, (l, _, n, m, d) => l.sub(d, l.mul(n, m))],
  ['mul', '0', '1000', false, VECTORS, (l, _, n, m) => l.mul(n, m)],
  ...both('mlal', '0010', (sign) => (l, half, n, m, d) => l.wide.add(d, l.product(sign, half, n, m))),
  ...both('mlsl', '0110', (sign) => (l, half, n, m, d) => l.wide.sub(d, l.product(sign, half, n, m))),
  ...both('mull', '1010', (sign) => (l, half, n, m) => l.product(sign, half, n, m)),
  [
    'sqdmlal',
    '0',
    '0011',
    true,
    ALL,
    (l, half, n, m, d) => l.wide.addSaturating('s', d, doubledProduct(l, half, n, m)),
  ],
  [
    'sqdmlsl',
    '0',
    '0111',
    true,
    ALL,
    (l, half, n, m, d) => l.wide.subSaturating('s', d, doubledProduct(l, half, n, m)),
  ],
  ['sqdmull', '0', '1011', true, ALL, (l, half, n, m) => doubledProduct(l, half, n, m)],
  ['sqdmulh', '0', '1100', false, ALL, (l, _, n, m) => doubledHigh(l, n, m, false)],
  ['sqrdmulh', '0', '1101', false, ALL, (l, _, n, m) => doubledHigh(l, n, m, true)],
];

/** The effect of an instruction on narrow lanes and one of them in all places; the result's are wide if `isLong`. */
export function elementEffect(a: Arrangement, isLong: boolean, compute: Compute) {
  return (b: Aarch64Builder, o: ElementOperands): void => {
    const lanes = lanesOf(b, a).of(a.bits, isLong && !a.isScalar ? 128 : a.width);
    const half = isLong && !a.isScalar && a.q === '1' ? 'high' : 'low';
    const m = lanes.broadcast(b.v(o.rm), b.operand(o.lane));
    const result = compute(lanes, half, b.v(o.rn), m, b.v(o.rd));
    b.setV(o.rd, (isLong ? lanes.wide : lanes).kept(result));
  };
}

for (const [name, u, opcode, isLong, where, compute] of DEFINITIONS) {
  for (const a of arrangements(where)) {
    const [low, high] = ELEMENT_FIELDS[a.letter as 'h'];
    row(
      `${name}.${a.name}.elem`,
      `0 ${a.q} ${u} ${a.classImmediate} ${a.size} ${low} ${opcode} ${high} 0 rn:5 rd:5` as '0 0 0 01111 00 lane:u[1:0] rm:4 0000 lane:u[2] 0 rn:5 rd:5',
      elementSyntax(isLong ? widened(a) : a.kind, a.kind, a.letter as 'h'),
      elementEffect(a, isLong, compute),
      { mnemonic: name + (isLong && !a.isScalar && a.q === '1' ? '2' : '') },
    );
  }
}
