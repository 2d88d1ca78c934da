/** Advanced SIMD, a file for each of the Arm ARM's tables of encodings (C4.1.94 and C4.1.96). */
import { acrossRows } from './across.ts';
import { byElementRows } from './by-element.ts';
import { copyRows } from './copy.ts';
import { immediateVectorFp16Rows, immediateVectorRows } from './immediate.ts';
import { permuteRows } from './permute.ts';
import { shiftImmediateRows } from './shift-immediate.ts';
import { structureRows } from './structures.ts';
import { pmullRows, threeDifferentRows } from './three-different.ts';
import { threeSameRows } from './three-same.ts';
import { twoMiscRows } from './two-misc.ts';

export const simdRows = [
  ...structureRows,
  ...copyRows,
  ...immediateVectorRows,
  ...immediateVectorFp16Rows,
  ...permuteRows,
  ...threeSameRows,
  ...twoMiscRows,
  ...acrossRows,
  ...threeDifferentRows,
  ...pmullRows,
  ...byElementRows,
  ...shiftImmediateRows,
];
