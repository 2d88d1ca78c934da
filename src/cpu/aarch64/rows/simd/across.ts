/** Advanced SIMD across lanes, and scalar pairwise: Arm ARM, C4.1.96. */

import type { Sign } from '../../../arm-lanes.ts';
import { rowsOf } from '../../../row.ts';
import type { Aarch64Builder } from '../../builder.ts';
import { arrangements, BYTES, type ComputeOne, HALVES, lanesOf, two } from './arrangements.ts';

const { row, rows } = rowsOf<Aarch64Builder>('AdvSIMD');
export const acrossRows = rows;

const WHERE = `${BYTES} ${HALVES} 4s`;
/** The sum of all lanes, of twice their bits: of neighbours first. */
const sumLong =
  (sign: Sign): ComputeOne =>
  (l, n) =>
    l.wide.reduced(l.addPairsLong(sign, n), (a, b) => l.wide.add(a, b));
const extreme =
  (which: 'max' | 'min', sign: Sign): ComputeOne =>
  (l, n) =>
    l.reduced(n, (a, b) => l[which](sign, a, b));

const DEFINITIONS: readonly (readonly [string, '0' | '1', string, ComputeOne])[] = [
  ['saddlv', '0', '00011', sumLong('s')],
  ['uaddlv', '1', '00011', sumLong('u')],
  ['smaxv', '0', '01010', extreme('max', 's')],
  ['umaxv', '1', '01010', extreme('max', 'u')],
  ['sminv', '0', '11010', extreme('min', 's')],
  ['uminv', '1', '11010', extreme('min', 'u')],
  ['addv', '0', '11011', (l, n) => l.reduced(n, (a, b) => l.add(a, b))],
];
for (const [name, u, opcode, compute] of DEFINITIONS) {
  for (const a of arrangements(WHERE)) {
    const isLong = name.endsWith('addlv');
    const result = isLong ? { b: 'h', h: 's', s: 'd', d: 'q' }[a.letter] : a.letter;
    row(
      `${name}.${a.name}`,
      `0 ${a.q} ${u} 01110 ${a.size} 11000 ${opcode} 10 rn:5 rd:5` as '0 0 0 01110 00 11000 00000 10 rn:5 rd:5',
      two(result, a.kind),
      (b, o) => {
        const l = lanesOf(b, a);
        const bits = isLong ? 2 * a.bits : a.bits;
        b.setV(o.rd, l.of(bits, bits).kept(compute(l, b.v(o.rn), b.v(o.rd))));
      },
      { mnemonic: name },
    );
  }
}
row(
  'addp.d',
  '0 1 0 11110 11 11000 11011 10 rn:5 rd:5',
  '{rd:d}, {rn:v2d}',
  (b, o) => b.setScalar(o.rd, b.add(b.lane(o.rn, 64, b.const(0)), b.lane(o.rn, 64, b.const(1)))),
  { mnemonic: 'addp' },
);
