/** Advanced SIMD across lanes, and scalar pairwise, of floating-point numbers: Arm ARM, C4.1.96. */
import type { FpOpName, Value } from '../../../ir.ts';
import { rowsOf } from '../../../row.ts';
import type { Aarch64Builder } from '../../builder.ts';
import { arrangements, lanesOf, two } from './arrangements.ts';

const full = rowsOf<Aarch64Builder>('AdvSIMD');
const half = rowsOf<Aarch64Builder>('FP16');
export const floatAcrossRows = full.rows;
export const floatAcrossFp16Rows = half.rows;

const EXTREMES = [
  ['fmaxnm', '0', '01100', 'max'],
  ['fmax', '0', '01111', 'maximum'],
  ['fminnm', '1', '01100', 'min'],
  ['fmin', '1', '01111', 'minimum'],
] as const satisfies readonly (readonly [string, string, string, FpOpName])[];

/** Reduce: of neighbours first, then of the results. */
for (const a of arrangements('4s 4h 8h')) {
  const [u, { row }] = a.bits === 16 ? (['0', half] as const) : (['1', full] as const);
  for (const [name, o, opcode, op] of EXTREMES) {
    row(
      `${name}v.${a.name}`,
      `0 ${a.q} ${u} 01110 ${o} 0 11000 ${opcode} 10 rn:5 rd:5`,
      two(a.letter, a.kind),
      (b, operands) => {
        const lanes = lanesOf(b, a);
        const n = b.v(operands.rn);
        let values: Value[] = Array.from({ length: lanes.count }, (_, i) => lanes.lane(n, i));
        while (values.length > 1) {
          values = values.flatMap((value, i) =>
            i % 2 === 0 ? [b.fp(op, lanes.format, b.fpMode(), value, values[i + 1])] : [],
          );
        }
        b.setScalar(operands.rd, values[0]);
      },
      { mnemonic: `${name}v` },
    );
  }
}

for (const [a, sz] of [
  ['2s', '0'],
  ['2d', '1'],
  ['2h', '0'],
] as const) {
  const [arrangement] = arrangements(a);
  const { bits, letter } = arrangement;
  const [u, { row }] = bits === 16 ? (['0', half] as const) : (['1', full] as const);
  for (const [name, o, opcode, op] of [...EXTREMES, ['fadd', '0', '01101', 'add'] as const]) {
    row(
      `${name}p.${letter}`,
      `0 1 ${u} 11110 ${o} ${sz} 11000 ${opcode} 10 rn:5 rd:5`,
      two(letter, arrangement.kind),
      (b, operands) => {
        const lanes = lanesOf(b, arrangement);
        const n = b.v(operands.rn);
        b.setScalar(operands.rd, b.fp(op, lanes.format, b.fpMode(), lanes.lane(n, 0), lanes.lane(n, 1)));
      },
      { mnemonic: `${name}p` },
    );
  }
}
