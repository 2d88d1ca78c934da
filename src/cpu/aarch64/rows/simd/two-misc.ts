/** Advanced SIMD two-register miscellaneous, and scalar two-register miscellaneous, of integers: Arm ARM, C4.1.96. */

import { clamp, reciprocalEstimate, reciprocalRootEstimate } from '../../../arm-vectors.ts';
import { rowsOf } from '../../../row.ts';
import type { Aarch64Builder } from '../../builder.ts';
import {
  arrangements,
  BHS,
  BHSD,
  BYTES,
  type ComputeOne,
  effectOfOne,
  HALVES,
  lanesOf,
  two,
  WORDS,
} from './arrangements.ts';

const { row, rows } = rowsOf<Aarch64Builder>('AdvSIMD');
export const twoMiscRows = rows;

const WITH_D = `${BHSD} d`;
const ALL = `${BHSD} b h s d`;

const BIT_REVERSED = 0x0f07_0b03_0d05_0901_0e06_0a02_0c04_0800n;
/** Bits of bytes in reverse order: each half of a byte by a table. */
const reversedBits: ComputeOne = (l, n) => {
  const table = l.b.vector(BIT_REVERSED);
  const low = l.b.op('i8x16.swizzle', table, l.and(n, l.every(15)));
  return l.or(l.shl(low, 4), l.b.op('i8x16.swizzle', table, l.shr('u', n, 4)));
};

type Definition = readonly [
  name: string,
  u: '0' | '1',
  opcode: string,
  where: string,
  compute: ComputeOne,
  syntax?: string,
];
const DEFINITIONS: readonly Definition[] = [
  ['rev64', '0', '00000', BHS, (l, n) => l.reversed(n, 64)],
  ['rev32', '1', '00000', `${BYTES} ${HALVES}`, (l, n) => l.reversed(n, 32)],
  ['rev16', '0', '00001', BYTES, (l, n) => l.reversed(n, 16)],
  ['suqadd', '0', '00011', ALL, (l, n, d) => l.addMixed('s', d, n)],
  ['usqadd', '1', '00011', ALL, (l, n, d) => l.addMixed('u', d, n)],
  ['cls', '0', '00100', BHS, (l, n) => l.leadingSigns(n)],
  ['clz', '1', '00100', BHS, (l, n) => l.leadingZeros(n)],
  ['cnt', '0', '00101', BYTES, (l, n) => l.b.op('i8x16.popcnt', n)],
  ['sqabs', '0', '00111', ALL, (l, n) => l.absSaturating(n)],
  ['sqneg', '1', '00111', ALL, (l, n) => l.subSaturating('s', l.zero, n)],
  ['cmgt', '0', '01000', WITH_D, (l, n) => l.gt('s', n, l.zero), '#0'],
  ['cmge', '1', '01000', WITH_D, (l, n) => l.ge('s', n, l.zero), '#0'],
  ['cmeq', '0', '01001', WITH_D, (l, n) => l.eq(n, l.zero), '#0'],
  ['cmle', '1', '01001', WITH_D, (l, n) => l.ge('s', l.zero, n), '#0'],
  ['cmlt', '0', '01010', WITH_D, (l, n) => l.gt('s', l.zero, n), '#0'],
  ['abs', '0', '01011', WITH_D, (l, n) => l.abs(n)],
  ['neg', '1', '01011', WITH_D, (l, n) => l.neg(n)],
];
for (const [name, u, opcode, where, compute, constant] of DEFINITIONS) {
  for (const a of arrangements(where)) {
    row(
      `${name}.${a.name}${constant === undefined ? '' : '.zero'}`,
      `0 ${a.q} ${u} ${a.class} ${a.size} 10000 ${opcode} 10 rn:5 rd:5` as '0 0 0 01110 00 10000 00000 10 rn:5 rd:5',
      `${two(a.kind)}${constant === undefined ? '' : `, ${constant}`}` as '{rd:q}, {rn:q}',
      effectOfOne(a, compute),
      { mnemonic: name },
    );
  }
}
// Of all bits or bytes: the field `size` is part of the operation.
for (const a of arrangements(BYTES)) {
  for (const [name, size, compute] of [
    ['not', '00', (l, n) => l.not(n)],
    ['rbit', '01', reversedBits],
  ] as const satisfies readonly (readonly [string, string, ComputeOne])[]) {
    row(
      `${name}.${a.name}`,
      `0 ${a.q} 1 01110 ${size} 10000 00101 10 rn:5 rd:5`,
      two(a.kind),
      effectOfOne(a, compute),
      { mnemonic: name },
    );
  }
}

// Sums of neighbours: the result's lanes have twice the bits.
for (const a of arrangements(BHS)) {
  const wide = `v${a.width / (2 * a.bits)}${{ b: 'h', h: 's', s: 'd', d: 'q' }[a.letter]}`;
  for (const [sign, u] of [
    ['s', '0'],
    ['u', '1'],
  ] as const) {
    for (const [name, opcode, accumulates] of [
      ['addlp', '00010', false],
      ['adalp', '00110', true],
    ] as const) {
      row(
        `${sign}${name}.${a.name}`,
        `0 ${a.q} ${u} 01110 ${a.size} 10000 ${opcode} 10 rn:5 rd:5` as '0 0 0 01110 00 10000 00000 10 rn:5 rd:5',
        two(wide, a.kind),
        effectOfOne(a, (l, n, d) => {
          const sums = l.addPairsLong(sign, n);
          return accumulates ? l.wide.add(d, sums) : sums;
        }),
        { mnemonic: `${sign}${name}` },
      );
    }
  }
}

// Narrowing. With Q set the result goes to the upper half, and the mnemonic ends with 2.
const NARROW = [
  ['xtn', '0', '10010', '', (_, n) => n],
  ['sqxtn', '0', '10100', ' b h s', clamp('s', 's')],
  ['sqxtun', '1', '10010', ' b h s', clamp('s', 'u')],
  ['uqxtn', '1', '10100', ' b h s', clamp('u', 'u')],
] as const satisfies readonly (readonly [string, string, string, string, ComputeOne])[];
for (const [name, u, opcode, scalars, compute] of NARROW) {
  for (const a of arrangements(BHS + scalars)) {
    const source = { b: 'h', h: 's', s: 'd', d: 'q' }[a.letter];
    const high = !a.isScalar && a.q === '1';
    row(
      `${name}.${a.name}`,
      `0 ${a.q} ${u} ${a.class} ${a.size} 10000 ${opcode} 10 rn:5 rd:5` as '0 0 0 01110 00 10000 00000 10 rn:5 rd:5',
      two(a.kind, a.isScalar ? source : `v${64 / a.bits}${source}`),
      (b, o) => {
        const wide = lanesOf(b, a).of(2 * a.bits, a.isScalar ? 2 * a.bits : 128);
        const narrowed = compute(wide, b.v(o.rn));
        const halves = wide.halves('low', narrowed, high ? b.v(o.rd) : undefined);
        b.setV(o.rd, a.isScalar ? lanesOf(b, a).kept(halves) : halves);
      },
      { mnemonic: name + (high ? '2' : '') },
    );
  }
}
// SHLL: shifted by as many bits as a lane has.
for (const a of arrangements(BHS)) {
  const wide = `v${64 / a.bits}${{ b: 'h', h: 's', s: 'd', d: 'q' }[a.letter]}`;
  row(
    `shll.${a.name}`,
    `0 ${a.q} 1 01110 ${a.size} 10000 10011 10 rn:5 rd:5` as '0 0 0 01110 00 10000 00000 10 rn:5 rd:5',
    `${two(wide, a.kind)}, #${a.bits}` as '{rd:q}, {rn:q}',
    (b, o) => {
      const l = lanesOf(b, a);
      b.setV(o.rd, l.wide.shl(l.extended('u', a.q === '1' ? 'high' : 'low', b.v(o.rn)), a.bits));
    },
    { mnemonic: `shll${a.q === '1' ? '2' : ''}` },
  );
}

for (const a of arrangements(WORDS)) {
  for (const [name, u, estimate] of [
    ['urecpe', '0', reciprocalEstimate],
    ['ursqrte', '1', reciprocalRootEstimate],
  ] as const) {
    row(`${name}.${a.name}`, `0 ${a.q} ${u} 01110 10 10000 11100 10 rn:5 rd:5`, two(a.kind), effectOfOne(a, estimate), {
      mnemonic: name,
    });
  }
}
