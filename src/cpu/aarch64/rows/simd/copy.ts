/** Advanced SIMD copy and scalar copy: DUP, INS, SMOV, UMOV. Arm ARM, C4.1.96. */

import { Lanes } from '../../../arm-lanes.ts';
import { rowsOf } from '../../../row.ts';
import type { Aarch64Builder } from '../../builder.ts';
import { arrangements, BHSD, lanesOf } from './arrangements.ts';

const { row, rows } = rowsOf<Aarch64Builder>('AdvSIMD');
export const copyRows = rows;

/** The field imm5 has the size of lanes and the number of one; of a whole register it has the size alone. */
const LANE = { b: 'lane:u[3:0] 1', h: 'lane:u[2:0] 10', s: 'lane:u[1:0] 100', d: 'lane:u[0] 1000' } as const;
const ALONE = { b: '_:4 1', h: '_:3 10', s: '_:2 100', d: '_:1 1000' } as const;
/** The field imm4 of INS has the number of the source's lane. */
const SOURCE = { b: 'from:u[3:0]', h: 'from:u[2:0] _:1', s: 'from:u[1:0] _:2', d: 'from:u[0] _:3' } as const;

for (const a of arrangements(`${BHSD} b h s d`)) {
  const { letter } = a;
  row(
    `dup.${a.name}`,
    `0 ${a.q} 0 ${a.class}000 ${LANE[letter]} 0 0000 1 rn:5 rd:5` as '0 0 0 01110000 lane:u[3:0] 1 0 0000 1 rn:5 rd:5',
    `{rd:${a.kind}}, {rn:v${letter}}{lane:lane}` as '{rd:v16b}, {rn:vb}{lane:lane}',
    (b, o) => {
      const lanes = lanesOf(b, a);
      if (a.isScalar) b.setScalar(o.rd, lanes.lane(b.v(o.rn), b.operand(o.lane)));
      else b.setV(o.rd, lanes.kept(lanes.broadcast(b.v(o.rn), b.operand(o.lane))));
    },
    { mnemonic: 'dup' },
  );
  if (a.isScalar) continue;
  row(
    `dup.${a.name}.gen`,
    `0 ${a.q} 0 01110000 ${ALONE[letter]} 0 0001 1 rn:5 rd:5` as '0 0 0 01110000 _:4 1 0 0001 1 rn:5 rd:5',
    `{rd:${a.kind}}, {rn:${letter === 'd' ? 'x' : 'w'}}` as '{rd:v16b}, {rn:w}',
    (b, o) => {
      const lanes = lanesOf(b, a);
      b.setV(o.rd, lanes.kept(lanes.splat(b.x(o.rn))));
    },
    { mnemonic: 'dup' },
  );
}

for (const [letter, bits] of [
  ['b', 8],
  ['h', 16],
  ['s', 32],
  ['d', 64],
] as const) {
  const general = letter === 'd' ? 'x' : 'w';
  const replace = `i${bits}x${128 / bits}.replace_lane` as 'i8x16.replace_lane';
  row(
    `umov.${letter}`,
    `0 ${letter === 'd' ? 1 : 0} 0 01110000 ${LANE[letter]} 0 0111 1 rn:5 rd:5` as '0 0 0 01110000 lane:u[3:0] 1 0 0111 1 rn:5 rd:5',
    `{rd:${general}}, {rn:v${letter}}{lane:lane}` as '{rd:w}, {rn:vb}{lane:lane}',
    (b, o) => b.setX(o.rd, b.lane(o.rn, bits, b.operand(o.lane))),
    { mnemonic: 'umov' },
  );
  row(
    `ins.${letter}.gen`,
    `0 1 0 01110000 ${LANE[letter]} 0 0011 1 rn:5 rd:5` as '0 1 0 01110000 lane:u[3:0] 1 0 0011 1 rn:5 rd:5',
    `{rd:v${letter}}{lane:lane}, {rn:${general}}` as '{rd:vb}{lane:lane}, {rn:w}',
    (b, o) => b.setV(o.rd, b.op(replace, b.v(o.rd), b.operand(o.lane), b.x(o.rn))),
    { mnemonic: 'ins' },
  );
  row(
    `ins.${letter}`,
    `0 1 1 01110000 ${LANE[letter]} 0 ${SOURCE[letter]} 1 rn:5 rd:5` as '0 1 1 01110000 lane:u[3:0] 1 0 from:u[3:0] 1 rn:5 rd:5',
    `{rd:v${letter}}{lane:lane}, {rn:v${letter}}{from:lane}` as '{rd:vb}{lane:lane}, {rn:vb}{from:lane}',
    (b, o) => {
      const value = new Lanes(b, bits, 128).lane(b.v(o.rn), b.operand(o.from));
      b.setV(o.rd, b.op(replace, b.v(o.rd), b.operand(o.lane), value));
    },
    { mnemonic: 'ins' },
  );
  for (const [x, q, size] of [
    ['w', '0', 32],
    ['x', '1', 64],
  ] as const) {
    if (bits >= size) continue;
    row(
      `smov.${x}.${letter}`,
      `0 ${q} 0 01110000 ${LANE[letter]} 0 0101 1 rn:5 rd:5` as '0 0 0 01110000 lane:u[3:0] 1 0 0101 1 rn:5 rd:5',
      `{rd:${x}}, {rn:v${letter}}{lane:lane}` as '{rd:w}, {rn:vb}{lane:lane}',
      (b, o) => b.setR(o.rd, size, b.signed(b.lane(o.rn, bits, b.operand(o.lane)), bits)),
      { mnemonic: 'smov' },
    );
  }
}
