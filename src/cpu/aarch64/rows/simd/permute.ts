/** Advanced SIMD permute, extract, table lookup: Arm ARM, C4.1.96. */

import { Lanes } from '../../../arm-lanes.ts';
import type { Value } from '../../../ir.ts';
import { type Operand, rowsOf } from '../../../row.ts';
import type { Aarch64Builder } from '../../builder.ts';
import { arrangements, BHSD, BYTES, type Compute, effectOf, lanesOf, three } from './arrangements.ts';

const { row, rows } = rowsOf<Aarch64Builder>('AdvSIMD');
export const permuteRows = rows;

const PERMUTE: readonly (readonly [name: string, opcode: string, compute: Compute])[] = [
  ['uzp1', '001', (l, n, m) => l.unzipped(n, m, 0)],
  ['trn1', '010', (l, n, m) => l.transposed(n, m, 0)],
  ['zip1', '011', (l, n, m) => l.zipped(n, m, 0)],
  ['uzp2', '101', (l, n, m) => l.unzipped(n, m, 1)],
  ['trn2', '110', (l, n, m) => l.transposed(n, m, 1)],
  ['zip2', '111', (l, n, m) => l.zipped(n, m, 1)],
];
for (const a of arrangements(BHSD)) {
  for (const [name, opcode, compute] of PERMUTE) {
    row(
      `${name}.${a.name}`,
      `0 ${a.q} 001110 ${a.size} 0 rm:5 0 ${opcode} 10 rn:5 rd:5` as '0 0 001110 00 0 rm:5 0 000 10 rn:5 rd:5',
      three(a.kind),
      effectOf(a, compute),
      { mnemonic: name },
    );
  }
}

/** The numbers of bytes, less a number. */
const COUNT_UP = 0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100n;
const bytesFrom = (b: Aarch64Builder, number: Value) =>
  b.op('i8x16.add', b.vector(COUNT_UP), b.op('i8x16.splat', number));

// EXT: the bytes of two registers from the one with a number on.
row(
  'ext.8b',
  '0 0 101110 000 rm:5 0 0 index:3 0 rn:5 rd:5',
  '{rd:v8b}, {rn:v8b}, {rm:v8b}, {index:dec}',
  (b, o) => {
    const both = new Lanes(b, 64, 64).lanes([b.v(o.rn), b.v(o.rm)], [0, 2]);
    b.setV(o.rd, b.half('0', b.op('i8x16.swizzle', both, bytesFrom(b, b.operand(o.index)))));
  },
  { mnemonic: 'ext' },
);
row(
  'ext.16b',
  '0 1 101110 000 rm:5 0 index:4 0 rn:5 rd:5',
  '{rd:v16b}, {rn:v16b}, {rm:v16b}, {index:dec}',
  (b, o) => {
    const index = b.operand(o.index);
    const low = b.op('i8x16.swizzle', b.v(o.rn), bytesFrom(b, index));
    const high = b.op('i8x16.swizzle', b.v(o.rm), bytesFrom(b, b.sub(index, b.const(16))));
    b.setV(o.rd, b.op('v128.or', low, high));
  },
  { mnemonic: 'ext' },
);

// TBL, TBX: bytes of one to four registers, picked by number. Out of range TBL gives 0, TBX what was there.
for (const a of arrangements(BYTES)) {
  for (const count of [1, 2, 3, 4]) {
    const fields = ['rn', 'rn1', 'rn2', 'rn3'].slice(0, count).join('&');
    const others = ['{rn1:after1}', '{rn2:after2}', '{rn3:after3}'].slice(0, count - 1).join('');
    for (const [name, op] of [
      ['tbl', '0'],
      ['tbx', '1'],
    ] as const) {
      row(
        `${name}.${count}.${a.name}`,
        `0 ${a.q} 001110 00 0 rm:5 0 ${(count - 1).toString(2).padStart(2, '0')} ${op} 00 ${fields}:5 rd:5` as '0 0 001110 00 0 rm:5 0 00 0 00 rn&rn1&rn2&rn3:5 rd:5',
        `{rd:${a.kind}}, {rn:list${count}x16b}${others}, {rm:${a.kind}}` as '{rd:v8b}, {rn:v16b}, {rm:v8b}',
        (b, o) => {
          const l = lanesOf(b, a);
          const numbers = b.v(o.rm);
          const table: Operand[] = [o.rn, o.rn1, o.rn2, o.rn3].slice(0, count);
          // Below the register's first number there is none: what is subtracted wraps around.
          const picked = table
            .map((register, i) =>
              b.op('i8x16.swizzle', b.v(register), i === 0 ? numbers : l.sub(numbers, l.every(16 * i))),
            )
            .reduce((all, part) => l.or(all, part));
          const isInside = l.gt('u', l.every(16 * count), numbers);
          b.setV(o.rd, l.kept(name === 'tbl' ? picked : l.choose(isInside, picked, b.v(o.rd))));
        },
        { mnemonic: name },
      );
    }
  }
}
