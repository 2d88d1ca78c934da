/** FMLAL and FMLSL: products of half precision, added to single precision and rounded once. Arm ARM, C4.1.96. */

import type { Lanes } from '../../../arm-lanes.ts';
import type { Value } from '../../../ir.ts';
import { rowsOf } from '../../../row.ts';
import type { Aarch64Builder } from '../../builder.ts';
import { arrangements, lanesOf, three } from './arrangements.ts';
import { ELEMENT_FIELDS } from './by-element.ts';

const { row, rows } = rowsOf<Aarch64Builder>('FHM');
export const multiplyLongRows = rows;

/** The halves from lane `first` on, times those of m or one of them. */
function multiplyAdd(
  l: Lanes,
  first: number,
  n: Value,
  factor: (halves: Lanes, lane: number) => Value,
  d: Value,
): Value {
  const { b } = l;
  const halves = l.of(16);
  const values = Array.from({ length: l.count }, (_, i) =>
    b.fp('fma_half', 32, b.fpMode(), halves.lane(n, first + i), factor(halves, first + i), l.lane(d, i)),
  );
  return l.join(values);
}

for (const a of arrangements('2s 4s')) {
  const narrow = `v${a.width / 32}h`;
  for (const [name, u, isSecond, subtracts, opcode, elementOpcode] of [
    ['fmlal', '0', false, '0', '11101', '0000'],
    ['fmlsl', '0', false, '1', '11101', '0100'],
    ['fmlal2', '1', true, '0', '11001', '1000'],
    ['fmlsl2', '1', true, '1', '11001', '1100'],
  ] as const) {
    const first = isSecond ? a.width / 32 : 0;
    const signed = (l: Lanes, n: Value) => (subtracts === '1' ? l.of(16).negated(n) : n);
    row(
      `${name}.${a.name}`,
      `0 ${a.q} ${u} 01110 ${subtracts} 01 rm:5 ${opcode} 1 rn:5 rd:5` as '0 0 0 01110 0 01 rm:5 11101 1 rn:5 rd:5',
      three(a.kind, narrow),
      (b, o) => {
        const [l, m] = [lanesOf(b, a), b.v(o.rm)];
        const n = signed(l, b.v(o.rn));
        b.setV(o.rd, l.kept(multiplyAdd(l, first, n, (halves, lane) => halves.lane(m, lane), b.v(o.rd))));
      },
      { mnemonic: name },
    );
    const [low, high] = ELEMENT_FIELDS.h;
    row(
      `${name}.${a.name}.elem`,
      `0 ${a.q} ${u} 01111 10 ${low} ${elementOpcode} ${high} 0 rn:5 rd:5` as '0 0 0 01111 10 lane:u[1:0] rm:4 0000 lane:u[2] 0 rn:5 rd:5',
      `{rd:${a.kind}}, {rn:${narrow}}, {rm:vh}{lane:lane}` as '{rd:q}, {rn:q}, {rm:vh}{lane:lane}',
      (b, o) => {
        const l = lanesOf(b, a);
        const m = l.of(16).lane(b.v(o.rm), b.operand(o.lane));
        const n = signed(l, b.v(o.rn));
        b.setV(o.rd, l.kept(multiplyAdd(l, first, n, () => m, b.v(o.rd))));
      },
      { mnemonic: name },
    );
  }
}
