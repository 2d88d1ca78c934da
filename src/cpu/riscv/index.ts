/** Every instruction of the RISC-V guest, and the builder their effects are written for. */
import type { Row } from '../row.ts';
import { RiscvBuilder } from './builder.ts';
import { aRows } from './rows/a.ts';
import { cRows } from './rows/c.ts';
import { dRows } from './rows/d.ts';
import { fRows } from './rows/f.ts';
import { zawrsRows, zicbopRows, zihintntlRows, zihintpauseRows } from './rows/hints.ts';
import { iRows, zifenceiRows } from './rows/i.ts';
import { mRows } from './rows/m.ts';
import { zabhaRows, zacasRows } from './rows/zacas.ts';
import { zbaRows, zbbRows, zbcRows, zbsRows } from './rows/zb.ts';
import { zbkbRows, zbkxRows } from './rows/zbk.ts';
import { zcbRows } from './rows/zcb.ts';
import { zfaRows } from './rows/zfa.ts';
import { zfhminRows, zfhRows } from './rows/zfh.ts';
import { zicbomRows, zicbozRows } from './rows/zicbo.ts';
import { zicondRows } from './rows/zicond.ts';
import { zicntrRows, zicsrRows } from './rows/zicsr.ts';
import { zcmopRows, zimopRows } from './rows/zimop.ts';

export const riscvRows: readonly Row<RiscvBuilder>[] = [
  ...iRows,
  ...zifenceiRows,
  ...mRows,
  ...aRows,
  ...fRows,
  ...dRows,
  ...cRows,
  ...zicsrRows,
  ...zicntrRows,
  ...zihintpauseRows,
  ...zbaRows,
  ...zbbRows,
  ...zbcRows,
  ...zbsRows,
  ...zicbomRows,
  ...zicbopRows,
  ...zicbozRows,
  ...zfhminRows,
  ...zfhRows,
  ...zfaRows,
  ...zicondRows,
  ...zcbRows,
  ...zawrsRows,
  ...zihintntlRows,
  ...zbkbRows,
  ...zbkxRows,
  ...zacasRows,
  ...zabhaRows,
  ...zimopRows,
  ...zcmopRows,
];

export const makeBuilder = (): RiscvBuilder => new RiscvBuilder();
