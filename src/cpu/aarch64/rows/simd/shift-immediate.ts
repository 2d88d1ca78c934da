/** Advanced SIMD shift by immediate, and scalar shift by immediate, of integers: Arm ARM, C4.1.96. */

import type { Lanes, Sign } from '../../../arm-lanes.ts';
import type { Value } from '../../../ir.ts';
import { rowsOf } from '../../../row.ts';
import type { Aarch64Builder } from '../../builder.ts';
import { type Arrangement, arrangements, BHS, BHSD, lanesOf, two } from './arrangements.ts';
import { widened } from './three-different.ts';

const { row, rows } = rowsOf<Aarch64Builder>('AdvSIMD');
export const shiftImmediateRows = rows;

/** The field immh:immb: its first one tells the lanes' size, what follows is the count, to the right counted down. */
export const COUNT = { b: '0001 count:3', h: '001 count:4', s: '01 count:5', d: '1 count:6' } as const;
type Fields = '0 0 0 011110 001 count:4 00000 1 rn:5 rd:5';
const fields = (a: Arrangement, u: string, opcode: string) =>
  `0 ${a.q} ${u} ${a.classImmediate}0 ${COUNT[a.letter]} ${opcode} 1 rn:5 rd:5` as Fields;
type Syntax = '{rd:q}, {rn:q}, {count:dec}';
const left = (operands: string) => `${operands}, {count:dec}` as Syntax;
const right = (operands: string, a: Arrangement) => `${operands}, {count:from${a.bits}}` as Syntax;

type Compute = (l: Lanes, n: Value, count: Value, d: Value) => Value;
type Definition = readonly [name: string, u: '0' | '1', opcode: string, where: string, compute: Compute];

const WITH_D = `${BHSD} d`;
const ALL = `${BHSD} b h s d`;
const both = (name: string, opcode: string, compute: (sign: Sign) => Compute): Definition[] => [
  [`s${name}`, '0', opcode, WITH_D, compute('s')],
  [`u${name}`, '1', opcode, WITH_D, compute('u')],
];

const RIGHT: readonly Definition[] = [
  ...both('shr', '00000', (sign) => (l, n, count) => l.shiftRight(sign, n, count, false)),
  ...both('sra', '00010', (sign) => (l, n, count, d) => l.add(d, l.shiftRight(sign, n, count, false))),
  ...both('rshr', '00100', (sign) => (l, n, count) => l.shiftRight(sign, n, count, true)),
  ...both('rsra', '00110', (sign) => (l, n, count, d) => l.add(d, l.shiftRight(sign, n, count, true))),
  // The bits that nothing is shifted to stay.
  [
    'sri',
    '1',
    '01000',
    WITH_D,
    (l, n, count, d) => l.choose(l.shiftRight('u', l.every(-1), count, false), l.shiftRight('u', n, count, false), d),
  ],
];
const LEFT: readonly Definition[] = [
  ['shl', '0', '01010', WITH_D, (l, n, count) => l.shl(n, count)],
  ['sli', '1', '01010', WITH_D, (l, n, count, d) => l.choose(l.shl(l.every(-1), count), l.shl(n, count), d)],
  ['sqshlu', '1', '01100', ALL, (l, n, count) => l.shiftLeftUnsigned(n, count)],
  ['sqshl', '0', '01110', ALL, (l, n, count) => l.shiftLeftSaturating('s', n, count)],
  ['uqshl', '1', '01110', ALL, (l, n, count) => l.shiftLeftSaturating('u', n, count)],
];
for (const [definitions, isRight] of [
  [RIGHT, true],
  [LEFT, false],
] as const) {
  for (const [name, u, opcode, where, compute] of definitions) {
    for (const a of arrangements(where)) {
      row(
        `${name}.${a.name}.imm`,
        fields(a, u, opcode),
        isRight ? right(two(a.kind), a) : left(two(a.kind)),
        (b, o) => {
          const lanes = lanesOf(b, a);
          const count = isRight ? b.sub(b.const(a.bits), b.operand(o.count)) : b.operand(o.count);
          b.setV(o.rd, lanes.kept(compute(lanes, b.v(o.rn), count, b.v(o.rd))));
        },
        { mnemonic: name },
      );
    }
  }
}

// To the right and narrow: with Q set to the upper half, and the mnemonic ends with 2.
const NARROW: readonly (readonly [name: string, u: '0' | '1', opcode: string, from: Sign, to?: Sign])[] = [
  ['shrn', '0', '10000', 'u'],
  ['rshrn', '0', '10001', 'u'],
  ['sqshrn', '0', '10010', 's', 's'],
  ['sqrshrn', '0', '10011', 's', 's'],
  ['sqshrun', '1', '10000', 's', 'u'],
  ['sqrshrun', '1', '10001', 's', 'u'],
  ['uqshrn', '1', '10010', 'u', 'u'],
  ['uqrshrn', '1', '10011', 'u', 'u'],
];
for (const [name, u, opcode, from, to] of NARROW) {
  for (const a of arrangements(BHS + (to === undefined ? '' : ' b h s'))) {
    const high = !a.isScalar && a.q === '1';
    row(
      `${name}.${a.name}`,
      fields(a, u, opcode),
      right(two(a.kind, widened(a)), a),
      (b, o) => {
        const wide = lanesOf(b, a).of(2 * a.bits, a.isScalar ? 2 * a.bits : 128);
        const count = b.sub(b.const(a.bits), b.operand(o.count));
        const shifted = wide.shiftRight(from, b.v(o.rn), count, name.includes('rsh'));
        const narrowed = to === undefined ? shifted : wide.saturated(wide.clamped(from, to, shifted), shifted);
        const halves = wide.halves('low', narrowed, high ? b.v(o.rd) : undefined);
        b.setV(o.rd, a.isScalar ? lanesOf(b, a).kept(halves) : halves);
      },
      { mnemonic: name + (high ? '2' : '') },
    );
  }
}

// Of the lanes of a half, with twice the bits.
for (const a of arrangements(BHS)) {
  for (const [name, u, sign] of [
    ['sshll', '0', 's'],
    ['ushll', '1', 'u'],
  ] as const) {
    row(
      `${name}.${a.name}`,
      fields(a, u, '10100'),
      left(two(widened(a), a.kind)),
      (b, o) => {
        const lanes = lanesOf(b, a);
        const half = lanes.extended(sign, a.q === '1' ? 'high' : 'low', b.v(o.rn));
        b.setV(o.rd, lanes.wide.shl(half, b.operand(o.count)));
      },
      { mnemonic: name + (a.q === '1' ? '2' : '') },
    );
  }
}
