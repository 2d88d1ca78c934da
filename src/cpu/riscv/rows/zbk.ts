/**
 * Bit manipulation for cryptography: what Zbkb and Zbkx add to Zbb (unprivileged
 * ISA, chapter 30 and 33). Zbkc is clmul and clmulh of Zbc.
 */
import { rowsOf } from '../../row.ts';
import type { RiscvBuilder } from '../builder.ts';

const zbkb = rowsOf<RiscvBuilder>('Zbkb');
const zbkx = rowsOf<RiscvBuilder>('Zbkx');

export const zbkbRows = zbkb.rows;
export const zbkxRows = zbkx.rows;

zbkb.row('pack', '0000100 rs2:5 rs1:5 100 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.or(b.zext32(b.x(o.rs1)), b.shlConst(b.x(o.rs2), 32))),
);
zbkb.row('packh', '0000100 rs2:5 rs1:5 111 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.or(b.low(b.x(o.rs1), 8), b.shlConst(b.low(b.x(o.rs2), 8), 8))),
);
zbkb.row('packw', '0000100 rs2:5 rs1:5 100 rd:5 0111011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.sext32(b.or(b.low(b.x(o.rs1), 16), b.shlConst(b.x(o.rs2), 16)))),
);
zbkb.row('brev8', '011010000111 rs1:5 101 rd:5 0010011', '{rd:x}, {rs1:x}', (b, o) => {
  const bits = b.swapped(b.x(o.rs1), 1, 0x5555_5555_5555_5555n);
  const pairs = b.swapped(bits, 2, 0x3333_3333_3333_3333n);
  b.setX(o.rd, b.swapped(pairs, 4, 0x0f0f_0f0f_0f0f_0f0fn));
});

zbkx.row('xperm4', '0010100 rs2:5 rs1:5 010 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.op('xperm4', b.x(o.rs1), b.x(o.rs2))),
);
zbkx.row('xperm8', '0010100 rs2:5 rs1:5 100 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.op('xperm8', b.x(o.rs1), b.x(o.rs2))),
);
