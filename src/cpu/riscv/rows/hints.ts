/**
 * Instructions that only advise, or wait for what need not be waited for:
 * Zihintpause, Zihintntl, Zicbop, Zawrs (unprivileged ISA, chapters 9–11, 19,
 * 15). They are encoded as no-ops of other instructions, except Zawrs, which may
 * stop waiting at any time and here does so at once.
 */
import { rowsOf } from '../../row.ts';
import type { RiscvBuilder } from '../builder.ts';

const zihintpause = rowsOf<RiscvBuilder>('Zihintpause');
const zihintntl = rowsOf<RiscvBuilder>('Zihintntl');
const zicbop = rowsOf<RiscvBuilder>('Zicbop');
const zawrs = rowsOf<RiscvBuilder>('Zawrs');

export const zihintpauseRows = zihintpause.rows;
export const zihintntlRows = zihintntl.rows;
export const zicbopRows = zicbop.rows;
export const zawrsRows = zawrs.rows;

const nothing = () => {};

zihintpause.row('pause', '0000 0001 0000 00000 000 00000 0001111', '', nothing);

zihintntl.row('ntl.p1', '0000000 00010 00000 000 00000 0110011', '', nothing);
zihintntl.row('ntl.pall', '0000000 00011 00000 000 00000 0110011', '', nothing);
zihintntl.row('ntl.s1', '0000000 00100 00000 000 00000 0110011', '', nothing);
zihintntl.row('ntl.all', '0000000 00101 00000 000 00000 0110011', '', nothing);
zihintntl.row('c.ntl.p1', '100 1 00000 00010 10', '', nothing);
zihintntl.row('c.ntl.pall', '100 1 00000 00011 10', '', nothing);
zihintntl.row('c.ntl.s1', '100 1 00000 00100 10', '', nothing);
zihintntl.row('c.ntl.all', '100 1 00000 00101 10', '', nothing);

zicbop.row('prefetch.i', 'imm:s[11:5] 00000 rs1:5 110 00000 0010011', '{imm}({rs1:x})', nothing);
zicbop.row('prefetch.r', 'imm:s[11:5] 00001 rs1:5 110 00000 0010011', '{imm}({rs1:x})', nothing);
zicbop.row('prefetch.w', 'imm:s[11:5] 00011 rs1:5 110 00000 0010011', '{imm}({rs1:x})', nothing);

zawrs.row('wrs.nto', '000000001101 00000 000 00000 1110011', '', nothing);
zawrs.row('wrs.sto', '000000011101 00000 000 00000 1110011', '', nothing);
