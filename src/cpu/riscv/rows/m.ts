/** M, integer multiplication and division: unprivileged ISA, chapter 13. */
import { rowsOf } from '../../row.ts';
import type { RiscvBuilder } from '../builder.ts';

const { row, rows } = rowsOf<RiscvBuilder>('M');

export const mRows = rows;

row('mul', '0000001 rs2:5 rs1:5 000 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.op('mul', b.x(o.rs1), b.x(o.rs2))),
);
row('mulh', '0000001 rs2:5 rs1:5 001 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.op('mulh_s', b.x(o.rs1), b.x(o.rs2))),
);
row('mulhsu', '0000001 rs2:5 rs1:5 010 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.op('mulh_su', b.x(o.rs1), b.x(o.rs2))),
);
row('mulhu', '0000001 rs2:5 rs1:5 011 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.op('mulh_u', b.x(o.rs1), b.x(o.rs2))),
);
row('div', '0000001 rs2:5 rs1:5 100 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.quotient(b.x(o.rs1), b.x(o.rs2))),
);
row('divu', '0000001 rs2:5 rs1:5 101 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.quotientU(b.x(o.rs1), b.x(o.rs2))),
);
row('rem', '0000001 rs2:5 rs1:5 110 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.remainder(b.x(o.rs1), b.x(o.rs2))),
);
row('remu', '0000001 rs2:5 rs1:5 111 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.remainderU(b.x(o.rs1), b.x(o.rs2))),
);
row('mulw', '0000001 rs2:5 rs1:5 000 rd:5 0111011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.sext32(b.op('mul', b.x(o.rs1), b.x(o.rs2)))),
);
row('divw', '0000001 rs2:5 rs1:5 100 rd:5 0111011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.sext32(b.quotient(b.sext32(b.x(o.rs1)), b.sext32(b.x(o.rs2))))),
);
row('divuw', '0000001 rs2:5 rs1:5 101 rd:5 0111011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.sext32(b.quotientU(b.zext32(b.x(o.rs1)), b.zext32(b.x(o.rs2))))),
);
row('remw', '0000001 rs2:5 rs1:5 110 rd:5 0111011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.sext32(b.remainder(b.sext32(b.x(o.rs1)), b.sext32(b.x(o.rs2))))),
);
row('remuw', '0000001 rs2:5 rs1:5 111 rd:5 0111011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.sext32(b.remainderU(b.zext32(b.x(o.rs1)), b.zext32(b.x(o.rs2))))),
);
