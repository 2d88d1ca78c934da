/** Advanced SIMD three same, and scalar three same, of floating-point numbers: Arm ARM, C4.1.96. */

import { compared, multiplyAdd, pairwise, plain } from '../../../arm-vectors.ts';
import { rowsOf } from '../../../row.ts';
import type { Aarch64Builder } from '../../builder.ts';
import { type Arrangement, type Compute, effectOf, floatArrangements, three } from './arrangements.ts';

const full = rowsOf<Aarch64Builder>('AdvSIMD');
const half = rowsOf<Aarch64Builder>('FP16');
export const floatThreeSameRows = full.rows;
export const floatThreeSameFp16Rows = half.rows;

type Definition = readonly [
  name: string,
  u: string,
  o: string,
  opcode: string,
  where: 'vectors' | 'both',
  compute: Compute,
];
const DEFINITIONS: readonly Definition[] = [
  ['fmaxnm', '0', '0', '000', 'vectors', plain('max')],
  ['fmla', '0', '0', '001', 'vectors', multiplyAdd],
  ['fadd', '0', '0', '010', 'vectors', plain('add')],
  ['fmulx', '0', '0', '011', 'both', plain('mulx')],
  ['fcmeq', '0', '0', '100', 'both', (l, n, m) => compared(l, 'eq', n, m)],
  ['fmax', '0', '0', '110', 'vectors', plain('maximum')],
  ['frecps', '0', '0', '111', 'both', plain('recps')],
  ['fminnm', '0', '1', '000', 'vectors', plain('min')],
  ['fmls', '0', '1', '001', 'vectors', (l, n, m, d) => multiplyAdd(l, l.negated(n), m, d)],
  ['fsub', '0', '1', '010', 'vectors', plain('sub')],
  ['fmin', '0', '1', '110', 'vectors', plain('minimum')],
  ['frsqrts', '0', '1', '111', 'both', plain('rsqrts')],
  ['fmaxnmp', '1', '0', '000', 'vectors', pairwise('max')],
  ['faddp', '1', '0', '010', 'vectors', pairwise('add')],
  ['fmul', '1', '0', '011', 'vectors', plain('mul')],
  ['fcmge', '1', '0', '100', 'both', (l, n, m) => compared(l, 'le', m, n)],
  ['facge', '1', '0', '101', 'both', (l, n, m) => compared(l, 'le', l.magnitude(m), l.magnitude(n))],
  ['fmaxp', '1', '0', '110', 'vectors', pairwise('maximum')],
  ['fdiv', '1', '0', '111', 'vectors', plain('div')],
  ['fminnmp', '1', '1', '000', 'vectors', pairwise('min')],
  ['fabd', '1', '1', '010', 'both', (l, n, m) => l.magnitude(l.fp('sub', l.mode, n, m))],
  ['fcmgt', '1', '1', '100', 'both', (l, n, m) => compared(l, 'lt', m, n)],
  ['facgt', '1', '1', '101', 'both', (l, n, m) => compared(l, 'lt', l.magnitude(m), l.magnitude(n))],
  ['fminp', '1', '1', '110', 'vectors', pairwise('minimum')],
];

type Fields = '0 0 0 01110 00 1 rm:5 11000 1 rn:5 rd:5';
const fields = (a: Arrangement, u: string, o: string, opcode: string) =>
  (a.bits === 16
    ? `0 ${a.q} ${u} ${a.class} ${o} 10 rm:5 00 ${opcode} 1 rn:5 rd:5`
    : `0 ${a.q} ${u} ${a.class} ${o} ${a.bits === 64 ? 1 : 0} 1 rm:5 11 ${opcode} 1 rn:5 rd:5`) as Fields;

for (const [name, u, o, opcode, where, compute] of DEFINITIONS) {
  for (const [a, { row }] of floatArrangements(where, full, half)) {
    row(`${name}.${a.name}`, fields(a, u, o, opcode), three(a.kind), effectOf(a, compute), { mnemonic: name });
  }
}
