/** Zfhmin and Zfh, half-precision floating point: unprivileged ISA, chapter 24. */
import { rowsOf } from '../../row.ts';
import type { RiscvBuilder } from '../builder.ts';
import { arithmeticRows, convert, ROUNDED } from './float.ts';

const { row, rows } = rowsOf<RiscvBuilder>('Zfhmin');
const zfh = rowsOf<RiscvBuilder>('Zfh');

export const zfhminRows = rows;
export const zfhRows = zfh.rows;

row('flh', 'imm:s[11:0] rs1:5 001 rd:5 0000111', '{rd:f}, {imm}({rs1:x})', (b, o) =>
  b.setFloat(o.rd, 16, b.load(b.address(o.rs1, o.imm), 16, false)),
);
row('fsh', 'imm:s[11:5] rs2:5 rs1:5 001 imm:s[4:0] 0100111', '{rs2:f}, {imm}({rs1:x})', (b, o) =>
  b.store(b.address(o.rs1, o.imm), b.f(o.rs2), 16),
);
row('fcvt.s.h', '0100000 00010 rs1:5 rm:3 rd:5 1010011', '{rd:f}, {rs1:f}{rm:rmExact}', convert(32, 16), ROUNDED);
row('fcvt.h.s', '0100010 00000 rs1:5 rm:3 rd:5 1010011', '{rd:f}, {rs1:f}{rm:rm}', convert(16, 32), ROUNDED);
row('fcvt.d.h', '0100001 00010 rs1:5 rm:3 rd:5 1010011', '{rd:f}, {rs1:f}{rm:rmExact}', convert(64, 16), ROUNDED);
row('fcvt.h.d', '0100010 00001 rs1:5 rm:3 rd:5 1010011', '{rd:f}, {rs1:f}{rm:rm}', convert(16, 64), ROUNDED);
row('fmv.x.h', '1110010 00000 rs1:5 000 rd:5 1010011', '{rd:x}, {rs1:f}', (b, o) =>
  b.setX(o.rd, b.op('extend16_s', b.f(o.rs1))),
);
row('fmv.h.x', '1111010 00000 rs1:5 000 rd:5 1010011', '{rd:f}, {rs1:x}', (b, o) => b.setFloat(o.rd, 16, b.x(o.rs1)));

arithmeticRows(zfh.row, { format: 16, letter: 'h', fmt: '10' });
