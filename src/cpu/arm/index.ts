/** All rows of A32 and T32. Each module adds its own to the tables of define.ts when it is loaded. */
import type { Row } from '../row.ts';
import type { A32Builder } from './builder.ts';
import './rows/branches.ts';
import './rows/data.ts';
import './rows/media.ts';
import './rows/memory.ts';
import './rows/multiply.ts';
import './rows/narrow.ts';
import './rows/vfp.ts';
import './rows/vfp-v8.ts';
import './rows/simd/crypto.ts';
import './rows/simd/different.ts';
import './rows/simd/float.ts';
import './rows/simd/immediate.ts';
import './rows/simd/misc.ts';
import './rows/simd/shifts.ts';
import './rows/simd/structures.ts';
import './rows/simd/three-same.ts';
import './rows/simd/transfer.ts';
import { withExtensions } from './extensions.ts';
import { a32Rows, itRows, t32Rows, takenRows } from './rows/define.ts';
import { isThumbSet } from './state.ts';

/** By instruction set, see state.ts. */
export const armSets: readonly (readonly Row<A32Builder>[])[] = [a32Rows, t32Rows, itRows, takenRows].map((rows, set) =>
  withExtensions(rows, isThumbSet(set)),
);
export const armRows: readonly Row<A32Builder>[] = armSets.flat();
