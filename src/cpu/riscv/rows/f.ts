/** F, single-precision floating point: unprivileged ISA, chapter 21. */
import { rowsOf } from '../../row.ts';
import type { RiscvBuilder } from '../builder.ts';
import { arithmeticRows } from './float.ts';

const { row, rows } = rowsOf<RiscvBuilder>('F');

export const fRows = rows;

row('flw', 'imm:s[11:0] rs1:5 010 rd:5 0000111', '{rd:f}, {imm}({rs1:x})', (b, o) =>
  b.setFloat(o.rd, 32, b.load(b.address(o.rs1, o.imm), 32, false)),
);
row('fsw', 'imm:s[11:5] rs2:5 rs1:5 010 imm:s[4:0] 0100111', '{rs2:f}, {imm}({rs1:x})', (b, o) =>
  b.store(b.address(o.rs1, o.imm), b.f(o.rs2), 32),
);
arithmeticRows(row, { format: 32, letter: 's', fmt: '00' });
row('fmv.x.w', '1110000 00000 rs1:5 000 rd:5 1010011', '{rd:x}, {rs1:f}', (b, o) => b.setX(o.rd, b.sext32(b.f(o.rs1))));
row('fmv.w.x', '1111000 00000 rs1:5 000 rd:5 1010011', '{rd:f}, {rs1:x}', (b, o) => b.setFloat(o.rd, 32, b.x(o.rs1)));
