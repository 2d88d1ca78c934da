/** Every instruction of the AArch64 guest. */
import type { Row } from '../row.ts';
import type { Aarch64Builder } from './builder.ts';
import { branchRows } from './rows/branches.ts';
import { immediateRows } from './rows/data-immediate.ts';
import { crcRows, registerRows } from './rows/data-register.ts';
import { flagM2Rows, flagMRows } from './rows/flags.ts';
import { floatRows, fp16Rows, frinttsRows, jscvtRows } from './rows/float.ts';
import { accessRows, lrcpc2Rows, lrcpcRows, lseRows } from './rows/loads-stores.ts';
import { memoryOperationRows } from './rows/memory-operations.ts';
import { pauthRows } from './rows/pauth.ts';
import { simdExtensionRows, simdFp16Rows, simdRows } from './rows/simd/index.ts';
import { ditRows, dpb2Rows, dpbRows, rngRows, sbRows, ssbsRows, systemRows } from './rows/system.ts';

export const aarch64Rows: readonly Row<Aarch64Builder>[] = [
  ...immediateRows,
  ...branchRows,
  ...systemRows,
  ...accessRows,
  ...lseRows,
  ...memoryOperationRows,
  ...lrcpcRows,
  ...lrcpc2Rows,
  ...flagMRows,
  ...flagM2Rows,
  ...pauthRows,
  ...sbRows,
  ...dpbRows,
  ...dpb2Rows,
  ...ssbsRows,
  ...ditRows,
  ...rngRows,
  ...frinttsRows,
  ...jscvtRows,
  ...registerRows,
  ...crcRows,
  ...floatRows,
  ...fp16Rows,
  ...simdRows,
  ...simdFp16Rows,
  ...simdExtensionRows,
];
