/** Zicond, integer conditional operations: unprivileged ISA, chapter 12. */
import { rowsOf } from '../../row.ts';
import type { RiscvBuilder } from '../builder.ts';

const { row, rows } = rowsOf<RiscvBuilder>('Zicond');

export const zicondRows = rows;

row('czero.eqz', '0000111 rs2:5 rs1:5 101 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.select(b.op('eqz', b.x(o.rs2)), b.const(0), b.x(o.rs1))),
);
row('czero.nez', '0000111 rs2:5 rs1:5 111 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.select(b.op('eqz', b.x(o.rs2)), b.x(o.rs1), b.const(0))),
);
