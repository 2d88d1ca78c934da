/**
 * C, the compressed instructions of RV64: unprivileged ISA, chapter 27, in the
 * order of its opcode map (table 27.6). Reserved code points have no row; HINTs
 * do what their encoding says, which changes nothing.
 */
import { rowsOf } from '../../row.ts';
import type { RiscvBuilder } from '../builder.ts';

const { row, rows } = rowsOf<RiscvBuilder>('C');

export const cRows = rows;

// Quadrant 0.

row(
  'c.addi4spn',
  '000 imm:u[5:4|9:6|2|3] rd:3 00',
  '{rd:xc}, sp, {imm}',
  (b, o) => b.setX(o.rd, b.stackAddress(o.imm)),
  {
    when: 'imm!=0',
  },
);
row('c.fld', '001 imm:u[5:3] rs1:3 imm:u[7:6] rd:3 00', '{rd:fc}, {imm}({rs1:xc})', (b, o) =>
  b.setF(o.rd, b.load(b.address(o.rs1, o.imm), 64, false)),
);
row('c.lw', '010 imm:u[5:3] rs1:3 imm:u[2|6] rd:3 00', '{rd:xc}, {imm}({rs1:xc})', (b, o) =>
  b.setX(o.rd, b.load(b.address(o.rs1, o.imm), 32, true)),
);
row('c.ld', '011 imm:u[5:3] rs1:3 imm:u[7:6] rd:3 00', '{rd:xc}, {imm}({rs1:xc})', (b, o) =>
  b.setX(o.rd, b.load(b.address(o.rs1, o.imm), 64, true)),
);
row('c.fsd', '101 imm:u[5:3] rs1:3 imm:u[7:6] rs2:3 00', '{rs2:fc}, {imm}({rs1:xc})', (b, o) =>
  b.store(b.address(o.rs1, o.imm), b.f(o.rs2), 64),
);
row('c.sw', '110 imm:u[5:3] rs1:3 imm:u[2|6] rs2:3 00', '{rs2:xc}, {imm}({rs1:xc})', (b, o) =>
  b.store(b.address(o.rs1, o.imm), b.x(o.rs2), 32),
);
row('c.sd', '111 imm:u[5:3] rs1:3 imm:u[7:6] rs2:3 00', '{rs2:xc}, {imm}({rs1:xc})', (b, o) =>
  b.store(b.address(o.rs1, o.imm), b.x(o.rs2), 64),
);

// Quadrant 1.

row('c.nop', '000 0 00000 00000 01', '', () => {});
row('c.addi', '000 imm:s[5] rd:5 imm:s[4:0] 01', '{rd:x}, {imm}', (b, o) =>
  b.setX(o.rd, b.add(b.x(o.rd), b.imm(o.imm))),
);
row(
  'c.addiw',
  '001 imm:s[5] rd:5 imm:s[4:0] 01',
  '{rd:x}, {imm}',
  (b, o) => b.setX(o.rd, b.sext32(b.add(b.x(o.rd), b.imm(o.imm)))),
  { when: 'rd!=0' },
);
row('c.li', '010 imm:s[5] rd:5 imm:s[4:0] 01', '{rd:x}, {imm}', (b, o) => b.setX(o.rd, b.imm(o.imm)));
row('c.addi16sp', '011 imm:s[9] 00010 imm:s[4|6|8:7|5] 01', 'sp, {imm}', (b, o) => b.setSp(b.stackAddress(o.imm)), {
  when: 'imm!=0',
});
row('c.lui', '011 imm:s[17] rd:5 imm:s[16:12] 01', '{rd:x}, {imm:upper}', (b, o) => b.setX(o.rd, b.imm(o.imm)), {
  when: 'imm!=0; rd!=2',
});
row('c.srli', '100 shamt:u[5] 00 rd:3 shamt:u[4:0] 01', '{rd:xc}, {shamt:hex}', (b, o) =>
  b.setX(o.rd, b.op('shr_u', b.x(o.rd), b.imm(o.shamt))),
);
row('c.srai', '100 shamt:u[5] 01 rd:3 shamt:u[4:0] 01', '{rd:xc}, {shamt:hex}', (b, o) =>
  b.setX(o.rd, b.op('shr_s', b.x(o.rd), b.imm(o.shamt))),
);
row('c.andi', '100 imm:s[5] 10 rd:3 imm:s[4:0] 01', '{rd:xc}, {imm}', (b, o) =>
  b.setX(o.rd, b.and(b.x(o.rd), b.imm(o.imm))),
);
row('c.sub', '100 0 11 rd:3 00 rs2:3 01', '{rd:xc}, {rs2:xc}', (b, o) => b.setX(o.rd, b.sub(b.x(o.rd), b.x(o.rs2))));
row('c.xor', '100 0 11 rd:3 01 rs2:3 01', '{rd:xc}, {rs2:xc}', (b, o) => b.setX(o.rd, b.xor(b.x(o.rd), b.x(o.rs2))));
row('c.or', '100 0 11 rd:3 10 rs2:3 01', '{rd:xc}, {rs2:xc}', (b, o) => b.setX(o.rd, b.or(b.x(o.rd), b.x(o.rs2))));
row('c.and', '100 0 11 rd:3 11 rs2:3 01', '{rd:xc}, {rs2:xc}', (b, o) => b.setX(o.rd, b.and(b.x(o.rd), b.x(o.rs2))));
row('c.subw', '100 1 11 rd:3 00 rs2:3 01', '{rd:xc}, {rs2:xc}', (b, o) =>
  b.setX(o.rd, b.sext32(b.sub(b.x(o.rd), b.x(o.rs2)))),
);
row('c.addw', '100 1 11 rd:3 01 rs2:3 01', '{rd:xc}, {rs2:xc}', (b, o) =>
  b.setX(o.rd, b.sext32(b.add(b.x(o.rd), b.x(o.rs2)))),
);
row('c.j', '101 off:s[11|4|9:8|10|6|7|3:1|5] 01', '{off:pc}', (b, o) => b.jump(o.off));
row('c.beqz', '110 off:s[8|4:3] rs1:3 off:s[7:6|2:1|5] 01', '{rs1:xc}, {off:pc}', (b, o) =>
  b.branch(b.op('eqz', b.x(o.rs1)), o.off),
);
row('c.bnez', '111 off:s[8|4:3] rs1:3 off:s[7:6|2:1|5] 01', '{rs1:xc}, {off:pc}', (b, o) =>
  b.branch(b.op('ne', b.x(o.rs1), b.const(0)), o.off),
);

// Quadrant 2.

row('c.slli', '000 shamt:u[5] rd:5 shamt:u[4:0] 10', '{rd:x}, {shamt:hex}', (b, o) =>
  b.setX(o.rd, b.op('shl', b.x(o.rd), b.imm(o.shamt))),
);
row('c.fldsp', '001 imm:u[5] rd:5 imm:u[4:3|8:6] 10', '{rd:f}, {imm}(sp)', (b, o) =>
  b.setF(o.rd, b.load(b.stackAddress(o.imm), 64, false)),
);
row(
  'c.lwsp',
  '010 imm:u[5] rd:5 imm:u[4:2|7:6] 10',
  '{rd:x}, {imm}(sp)',
  (b, o) => b.setX(o.rd, b.load(b.stackAddress(o.imm), 32, true)),
  { when: 'rd!=0' },
);
row(
  'c.ldsp',
  '011 imm:u[5] rd:5 imm:u[4:3|8:6] 10',
  '{rd:x}, {imm}(sp)',
  (b, o) => b.setX(o.rd, b.load(b.stackAddress(o.imm), 64, true)),
  { when: 'rd!=0' },
);
row('c.jr', '100 0 rs1:5 00000 10', '{rs1:x}', (b, o) => b.jumpTo(b.and(b.x(o.rs1), b.const(-2n))), { when: 'rs1!=0' });
row('c.mv', '100 0 rd:5 rs2:5 10', '{rd:x}, {rs2:x}', (b, o) => b.setX(o.rd, b.x(o.rs2)), { when: 'rs2!=0' });
row('c.ebreak', '100 1 00000 00000 10', '', (b) => b.trap('breakpoint'));
row(
  'c.jalr',
  '100 1 rs1:5 00000 10',
  '{rs1:x}',
  (b, o) => {
    const target = b.and(b.x(o.rs1), b.const(-2n));
    b.setRa(b.next());
    b.jumpTo(target);
  },
  { when: 'rs1!=0' },
);
row('c.add', '100 1 rd:5 rs2:5 10', '{rd:x}, {rs2:x}', (b, o) => b.setX(o.rd, b.add(b.x(o.rd), b.x(o.rs2))), {
  when: 'rs2!=0',
});
row('c.fsdsp', '101 imm:u[5:3|8:6] rs2:5 10', '{rs2:f}, {imm}(sp)', (b, o) =>
  b.store(b.stackAddress(o.imm), b.f(o.rs2), 64),
);
row('c.swsp', '110 imm:u[5:2|7:6] rs2:5 10', '{rs2:x}, {imm}(sp)', (b, o) =>
  b.store(b.stackAddress(o.imm), b.x(o.rs2), 32),
);
row('c.sdsp', '111 imm:u[5:3|8:6] rs2:5 10', '{rs2:x}, {imm}(sp)', (b, o) =>
  b.store(b.stackAddress(o.imm), b.x(o.rs2), 64),
);
