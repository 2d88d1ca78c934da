/** Every instruction of the AArch64 guest. */
import type { Row } from '../row.ts';
import type { Aarch64Builder } from './builder.ts';
import { branchRows } from './rows/branches.ts';
import { immediateRows } from './rows/data-immediate.ts';
import { crcRows, registerRows } from './rows/data-register.ts';
import { floatRows, fp16Rows } from './rows/float.ts';
import { accessRows, lseRows } from './rows/loads-stores.ts';
import { simdExtensionRows, simdFp16Rows, simdRows } from './rows/simd/index.ts';
import { systemRows } from './rows/system.ts';

export const aarch64Rows: readonly Row<Aarch64Builder>[] = [
  ...immediateRows,
  ...branchRows,
  ...systemRows,
  ...accessRows,
  ...lseRows,
  ...registerRows,
  ...crcRows,
  ...floatRows,
  ...fp16Rows,
  ...simdRows,
  ...simdFp16Rows,
  ...simdExtensionRows,
];
