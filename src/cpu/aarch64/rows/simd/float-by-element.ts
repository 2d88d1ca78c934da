/** Advanced SIMD vector × indexed element, and scalar × indexed element, of floating-point numbers: Arm ARM, C4.1.96. */
import { multiplyAdd } from '../../../arm-vectors.ts';
import { rowsOf } from '../../../row.ts';
import type { Aarch64Builder } from '../../builder.ts';
import { type Compute, floatArrangements } from './arrangements.ts';
import { ELEMENT_FIELDS, elementEffect, elementSyntax } from './by-element.ts';

const full = rowsOf<Aarch64Builder>('AdvSIMD');
const half = rowsOf<Aarch64Builder>('FP16');
export const floatByElementRows = full.rows;
export const floatByElementFp16Rows = half.rows;

const DEFINITIONS: readonly (readonly [name: string, u: string, opcode: string, compute: Compute])[] = [
  ['fmla', '0', '0001', multiplyAdd],
  ['fmls', '0', '0101', (l, n, m, d) => multiplyAdd(l, l.negated(n), m, d)],
  ['fmul', '0', '1001', (l, n, m) => l.fp('mul', l.mode, n, m)],
  ['fmulx', '1', '1001', (l, n, m) => l.fp('mulx', l.mode, n, m)],
];
for (const [name, u, opcode, compute] of DEFINITIONS) {
  for (const [a, { row }] of floatArrangements('both', full, half)) {
    const letter = a.letter as 'h';
    const [low, high] = ELEMENT_FIELDS[letter];
    const size = a.bits === 16 ? '00' : a.size;
    row(
      `${name}.${a.name}.elem`,
      `0 ${a.q} ${u} ${a.classImmediate} ${size} ${low} ${opcode} ${high} 0 rn:5 rd:5` as '0 0 0 01111 00 lane:u[1:0] rm:4 0000 lane:u[2] 0 rn:5 rd:5',
      elementSyntax(a.kind, a.kind, letter),
      elementEffect(a, false, (l, _, n, m, d) => compute(l, n, m, d)),
      { mnemonic: name },
    );
  }
}
