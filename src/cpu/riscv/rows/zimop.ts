/**
 * Zimop and Zcmop, may-be-operations: unprivileged ISA, chapter 11. Until an
 * extension gives one a meaning, mop writes 0 to its destination and c.mop does nothing.
 */
import { rowsOf } from '../../row.ts';
import type { RiscvBuilder } from '../builder.ts';

const zimop = rowsOf<RiscvBuilder>('Zimop');
const zcmop = rowsOf<RiscvBuilder>('Zcmop');

export const zimopRows = zimop.rows;
export const zcmopRows = zcmop.rows;

zimop.row('mop.r', '1 n:u[4] 00 n:u[3:2] 0111 n:u[1:0] rs1:5 100 rd:5 1110011', '{n:suffix} {rd:x}, {rs1:x}', (b, o) =>
  b.setX(o.rd, b.const(0)),
);
zimop.row(
  'mop.rr',
  '1 n:u[2] 00 n:u[1:0] 1 rs2:5 rs1:5 100 rd:5 1110011',
  '{n:suffix} {rd:x}, {rs1:x}, {rs2:x}',
  (b, o) => b.setX(o.rd, b.const(0)),
);
zcmop.row('c.mop', '011 0 0 n:u[3:0] 00000 01', '{n:suffix}', () => {}, { when: 'n=1,3,5,7,9,11,13,15' });
