/** Zcb, simple code-size saving instructions: unprivileged ISA, chapter 28. */
import { rowsOf } from '../../row.ts';
import type { RiscvBuilder } from '../builder.ts';

const { row, rows } = rowsOf<RiscvBuilder>('Zcb');

export const zcbRows = rows;

row('c.lbu', '100 000 rs1:3 imm:u[0|1] rd:3 00', '{rd:xc}, {imm}({rs1:xc})', (b, o) =>
  b.setX(o.rd, b.load(b.address(o.rs1, o.imm), 8, false)),
);
row('c.lhu', '100 001 rs1:3 0 imm:u[1] rd:3 00', '{rd:xc}, {imm}({rs1:xc})', (b, o) =>
  b.setX(o.rd, b.load(b.address(o.rs1, o.imm), 16, false)),
);
row('c.lh', '100 001 rs1:3 1 imm:u[1] rd:3 00', '{rd:xc}, {imm}({rs1:xc})', (b, o) =>
  b.setX(o.rd, b.load(b.address(o.rs1, o.imm), 16, true)),
);
row('c.sb', '100 010 rs1:3 imm:u[0|1] rs2:3 00', '{rs2:xc}, {imm}({rs1:xc})', (b, o) =>
  b.store(b.address(o.rs1, o.imm), b.x(o.rs2), 8),
);
row('c.sh', '100 011 rs1:3 0 imm:u[1] rs2:3 00', '{rs2:xc}, {imm}({rs1:xc})', (b, o) =>
  b.store(b.address(o.rs1, o.imm), b.x(o.rs2), 16),
);

row('c.zext.b', '100 1 11 rd:3 11 000 01', '{rd:xc}', (b, o) => b.setX(o.rd, b.low(b.x(o.rd), 8)));
row('c.sext.b', '100 1 11 rd:3 11 001 01', '{rd:xc}', (b, o) => b.setX(o.rd, b.op('extend8_s', b.x(o.rd))));
row('c.zext.h', '100 1 11 rd:3 11 010 01', '{rd:xc}', (b, o) => b.setX(o.rd, b.low(b.x(o.rd), 16)));
row('c.sext.h', '100 1 11 rd:3 11 011 01', '{rd:xc}', (b, o) => b.setX(o.rd, b.op('extend16_s', b.x(o.rd))));
row('c.zext.w', '100 1 11 rd:3 11 100 01', '{rd:xc}', (b, o) => b.setX(o.rd, b.zext32(b.x(o.rd))));
row('c.not', '100 1 11 rd:3 11 101 01', '{rd:xc}', (b, o) => b.setX(o.rd, b.not(b.x(o.rd))));
row('c.mul', '100 1 11 rd:3 10 rs2:3 01', '{rd:xc}, {rs2:xc}', (b, o) =>
  b.setX(o.rd, b.op('mul', b.x(o.rd), b.x(o.rs2))),
);
