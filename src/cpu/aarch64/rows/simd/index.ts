/** Advanced SIMD, a file for each of the Arm ARM's tables of encodings (C4.1.94 and C4.1.96). */
import { acrossRows } from './across.ts';
import { bfloat16Rows } from './bfloat16.ts';
import { byElementRows } from './by-element.ts';
import { complexRows } from './complex.ts';
import { copyRows } from './copy.ts';
import { cryptoRows } from './crypto.ts';
import { smRows } from './crypto-sm.ts';
import { floatAcrossFp16Rows, floatAcrossRows } from './float-across.ts';
import { floatByElementFp16Rows, floatByElementRows } from './float-by-element.ts';
import { floatThreeSameFp16Rows, floatThreeSameRows } from './float-three-same.ts';
import { floatTwoMiscFp16Rows, floatTwoMiscRows, frinttsVectorRows } from './float-two-misc.ts';
import { immediateVectorFp16Rows, immediateVectorRows } from './immediate.ts';
import { multiplyLongRows } from './multiply-long.ts';
import { permuteRows } from './permute.ts';
import { shiftImmediateRows } from './shift-immediate.ts';
import { structureRows } from './structures.ts';
import { pmullRows, threeDifferentRows } from './three-different.ts';
import { dotProductRows, i8mmRows, rdmRows } from './three-extra.ts';
import { threeSameRows } from './three-same.ts';
import { twoMiscRows } from './two-misc.ts';

export const simdRows = [
  ...structureRows,
  ...copyRows,
  ...immediateVectorRows,
  ...permuteRows,
  ...threeSameRows,
  ...twoMiscRows,
  ...acrossRows,
  ...threeDifferentRows,
  ...byElementRows,
  ...shiftImmediateRows,
  ...floatThreeSameRows,
  ...floatTwoMiscRows,
  ...floatAcrossRows,
  ...floatByElementRows,
];

/** Of extensions of their own. */
export const simdExtensionRows = [
  ...pmullRows,
  ...rdmRows,
  ...dotProductRows,
  ...i8mmRows,
  ...complexRows,
  ...multiplyLongRows,
  ...frinttsVectorRows,
  ...bfloat16Rows,
  ...cryptoRows,
  ...smRows,
];

export const simdFp16Rows = [
  ...immediateVectorFp16Rows,
  ...floatThreeSameFp16Rows,
  ...floatTwoMiscFp16Rows,
  ...floatAcrossFp16Rows,
  ...floatByElementFp16Rows,
];
