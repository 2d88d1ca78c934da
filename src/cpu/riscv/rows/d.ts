/** D, double-precision floating point: unprivileged ISA, chapter 22. */
import { rowsOf } from '../../row.ts';
import type { RiscvBuilder } from '../builder.ts';
import { arithmeticRows, convert, ROUNDED } from './float.ts';

const { row, rows } = rowsOf<RiscvBuilder>('D');

export const dRows = rows;

row('fld', 'imm:s[11:0] rs1:5 011 rd:5 0000111', '{rd:f}, {imm}({rs1:x})', (b, o) =>
  b.setF(o.rd, b.load(b.address(o.rs1, o.imm), 64, false)),
);
row('fsd', 'imm:s[11:5] rs2:5 rs1:5 011 imm:s[4:0] 0100111', '{rs2:f}, {imm}({rs1:x})', (b, o) =>
  b.store(b.address(o.rs1, o.imm), b.f(o.rs2), 64),
);
arithmeticRows(row, { format: 64, letter: 'd', fmt: '01' });
row('fcvt.s.d', '0100000 00001 rs1:5 rm:3 rd:5 1010011', '{rd:f}, {rs1:f}{rm:rm}', convert(32, 64), ROUNDED);
row('fcvt.d.s', '0100001 00000 rs1:5 rm:3 rd:5 1010011', '{rd:f}, {rs1:f}{rm:rmExact}', convert(64, 32), ROUNDED);
row('fmv.x.d', '1110001 00000 rs1:5 000 rd:5 1010011', '{rd:x}, {rs1:f}', (b, o) => b.setX(o.rd, b.f(o.rs1)));
row('fmv.d.x', '1111001 00000 rs1:5 000 rd:5 1010011', '{rd:f}, {rs1:x}', (b, o) => b.setF(o.rd, b.x(o.rs1)));
