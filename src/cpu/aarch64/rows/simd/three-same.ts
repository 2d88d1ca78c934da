/** Advanced SIMD three same, and scalar three same, of integers: Arm ARM, C4.1.96. */

import type { Lanes, Sign } from '../../../arm-lanes.ts';
import { doubledHigh, polynomial } from '../../../arm-vectors.ts';
import type { Value } from '../../../ir.ts';
import { rowsOf } from '../../../row.ts';
import type { Aarch64Builder } from '../../builder.ts';
import { arrangements, BHS, BHSD, BYTES, type Compute, effectOf, HALVES, three, WORDS } from './arrangements.ts';

const { row, rows } = rowsOf<Aarch64Builder>('AdvSIMD');
export const threeSameRows = rows;

// Bitwise: the field `size` is part of the operation.
const BITWISE: readonly (readonly [name: string, u: string, size: string, compute: Compute])[] = [
  ['and', '0', '00', (l, n, m) => l.and(n, m)],
  ['bic', '0', '01', (l, n, m) => l.without(n, m)],
  ['orr', '0', '10', (l, n, m) => l.or(n, m)],
  ['orn', '0', '11', (l, n, m) => l.or(n, l.not(m))],
  ['eor', '1', '00', (l, n, m) => l.xor(n, m)],
  ['bsl', '1', '01', (l, n, m, d) => l.choose(d, n, m)],
  ['bit', '1', '10', (l, n, m, d) => l.choose(m, n, d)],
  ['bif', '1', '11', (l, n, m, d) => l.choose(m, d, n)],
];
for (const a of arrangements(BYTES)) {
  for (const [name, u, size, compute] of BITWISE) {
    row(
      `${name}.${a.name}`,
      `0 ${a.q} ${u} 01110 ${size} 1 rm:5 00011 1 rn:5 rd:5` as '0 0 0 01110 00 1 rm:5 00011 1 rn:5 rd:5',
      three(a.kind),
      effectOf(a, compute),
      { mnemonic: name },
    );
  }
}

const ALL = `${BHSD} b h s d`;
const WITH_D = `${BHSD} d`;

const shift =
  (sign: Sign, saturates: boolean, rounds: boolean): Compute =>
  (l, n, m) =>
    l.shiftByLanes(sign, n, m, { saturates, rounds });
/** Of the operands' pairs. */
const pairwise =
  (compute: (l: Lanes, a: Value, b: Value) => Value): Compute =>
  (l, n, m) =>
    l.pairwise(n, m, (even, odd) => compute(l, even, odd));

type Definition = readonly [name: string, u: '0' | '1', opcode: string, where: string, compute: Compute];

/** The signed instruction and the unsigned one, whose names differ in a letter. */
const both = (
  name: string,
  opcode: string,
  where: string,
  compute: (sign: Sign) => Compute,
  signed = `s${name}`,
  unsigned = `u${name}`,
): Definition[] => [
  [signed, '0', opcode, where, compute('s')],
  [unsigned, '1', opcode, where, compute('u')],
];
const saturating = (name: string, opcode: string, where: string, compute: (sign: Sign) => Compute): Definition[] =>
  both(name, opcode, where, compute, `sq${name}`, `uq${name}`);

const DEFINITIONS: readonly Definition[] = [
  ...both('hadd', '00000', BHS, (sign) => (l, n, m) => l.average(sign, n, m, false)),
  ...saturating('add', '00001', ALL, (sign) => (l, n, m) => l.addSaturating(sign, n, m)),
  ...both('rhadd', '00010', BHS, (sign) => (l, n, m) => l.average(sign, n, m, true)),
  ...both('hsub', '00100', BHS, (sign) => (l, n, m) => l.halfDifference(sign, n, m)),
  ...saturating('sub', '00101', ALL, (sign) => (l, n, m) => l.subSaturating(sign, n, m)),
  ...both('', '00110', WITH_D, (sign) => (l, n, m) => l.gt(sign, n, m), 'cmgt', 'cmhi'),
  ...both('', '00111', WITH_D, (sign) => (l, n, m) => l.ge(sign, n, m), 'cmge', 'cmhs'),
  ...both('shl', '01000', WITH_D, (sign) => shift(sign, false, false)),
  ...saturating('shl', '01001', ALL, (sign) => shift(sign, true, false)),
  ...both('rshl', '01010', WITH_D, (sign) => shift(sign, false, true)),
  ...saturating('rshl', '01011', ALL, (sign) => shift(sign, true, true)),
  ...both('max', '01100', BHS, (sign) => (l, n, m) => l.max(sign, n, m)),
  ...both('min', '01101', BHS, (sign) => (l, n, m) => l.min(sign, n, m)),
  ...both('abd', '01110', BHS, (sign) => (l, n, m) => l.absoluteDifference(sign, n, m)),
  ...both('aba', '01111', BHS, (sign) => (l, n, m, d) => l.add(d, l.absoluteDifference(sign, n, m))),
  ['add', '0', '10000', WITH_D, (l, n, m) => l.add(n, m)],
  ['sub', '1', '10000', WITH_D, (l, n, m) => l.sub(n, m)],
  ['cmtst', '0', '10001', WITH_D, (l, n, m) => l.not(l.eq(l.and(n, m), l.zero))],
  ['cmeq', '1', '10001', WITH_D, (l, n, m) => l.eq(n, m)],
  ['mla', '0', '10010', BHS, (l, n, m, d) => l.add(d, l.mul(n, m))],
  ['mls', '1', '10010', BHS, (l, n, m, d) => l.sub(d, l.mul(n, m))],
  ['mul', '0', '10011', BHS, (l, n, m) => l.mul(n, m)],
  ['pmul', '1', '10011', BYTES, polynomial],
  ...both('maxp', '10100', BHS, (sign) => pairwise((l, a, b) => l.max(sign, a, b))),
  ...both('minp', '10101', BHS, (sign) => pairwise((l, a, b) => l.min(sign, a, b))),
  ['sqdmulh', '0', '10110', `${HALVES} ${WORDS} h s`, (l, n, m) => doubledHigh(l, n, m, false)],
  ['sqrdmulh', '1', '10110', `${HALVES} ${WORDS} h s`, (l, n, m) => doubledHigh(l, n, m, true)],
  ['addp', '0', '10111', BHSD, pairwise((l, a, b) => l.add(a, b))],
];
for (const [name, u, opcode, where, compute] of DEFINITIONS) {
  for (const a of arrangements(where)) {
    row(
      `${name}.${a.name}`,
      `0 ${a.q} ${u} ${a.class} ${a.size} 1 rm:5 ${opcode} 1 rn:5 rd:5` as '0 0 0 01110 00 1 rm:5 00000 1 rn:5 rd:5',
      three(a.kind),
      effectOf(a, compute),
      { mnemonic: name },
    );
  }
}
