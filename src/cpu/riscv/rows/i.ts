/** RV64I, with Zifencei: unprivileged ISA, chapters 2, 4 and 6. */
import { rowsOf } from '../../row.ts';
import type { RiscvBuilder } from '../builder.ts';

const { row, rows } = rowsOf<RiscvBuilder>('I');
const zifencei = rowsOf<RiscvBuilder>('Zifencei');

export const iRows = rows;
export const zifenceiRows = zifencei.rows;

row('lui', 'imm:s[31:12] rd:5 0110111', '{rd:x}, {imm:upper}', (b, o) => b.setX(o.rd, b.imm(o.imm)));
row('auipc', 'imm:s[31:12] rd:5 0010111', '{rd:x}, {imm:upper}', (b, o) => b.setX(o.rd, b.add(b.pc(), b.imm(o.imm))));

// Jumps and branches.

row('jal', 'off:s[20|10:1|11|19:12] rd:5 1101111', '{rd:x}, {off:pc}', (b, o) => {
  b.setX(o.rd, b.next());
  b.jump(o.off);
});
row('jalr', 'imm:s[11:0] rs1:5 000 rd:5 1100111', '{rd:x}, {imm}({rs1:x})', (b, o) => {
  const target = b.and(b.address(o.rs1, o.imm), b.const(-2n));
  b.setX(o.rd, b.next());
  b.jumpTo(target);
});
row('beq', 'off:s[12|10:5] rs2:5 rs1:5 000 off:s[4:1|11] 1100011', '{rs1:x}, {rs2:x}, {off:pc}', (b, o) =>
  b.branch(b.op('eq', b.x(o.rs1), b.x(o.rs2)), o.off),
);
row('bne', 'off:s[12|10:5] rs2:5 rs1:5 001 off:s[4:1|11] 1100011', '{rs1:x}, {rs2:x}, {off:pc}', (b, o) =>
  b.branch(b.op('ne', b.x(o.rs1), b.x(o.rs2)), o.off),
);
row('blt', 'off:s[12|10:5] rs2:5 rs1:5 100 off:s[4:1|11] 1100011', '{rs1:x}, {rs2:x}, {off:pc}', (b, o) =>
  b.branch(b.op('lt_s', b.x(o.rs1), b.x(o.rs2)), o.off),
);
row('bge', 'off:s[12|10:5] rs2:5 rs1:5 101 off:s[4:1|11] 1100011', '{rs1:x}, {rs2:x}, {off:pc}', (b, o) =>
  b.branch(b.op('ge_s', b.x(o.rs1), b.x(o.rs2)), o.off),
);
row('bltu', 'off:s[12|10:5] rs2:5 rs1:5 110 off:s[4:1|11] 1100011', '{rs1:x}, {rs2:x}, {off:pc}', (b, o) =>
  b.branch(b.op('lt_u', b.x(o.rs1), b.x(o.rs2)), o.off),
);
row('bgeu', 'off:s[12|10:5] rs2:5 rs1:5 111 off:s[4:1|11] 1100011', '{rs1:x}, {rs2:x}, {off:pc}', (b, o) =>
  b.branch(b.op('ge_u', b.x(o.rs1), b.x(o.rs2)), o.off),
);

// Loads and stores.

row('lb', 'imm:s[11:0] rs1:5 000 rd:5 0000011', '{rd:x}, {imm}({rs1:x})', (b, o) =>
  b.setX(o.rd, b.load(b.address(o.rs1, o.imm), 8, true)),
);
row('lh', 'imm:s[11:0] rs1:5 001 rd:5 0000011', '{rd:x}, {imm}({rs1:x})', (b, o) =>
  b.setX(o.rd, b.load(b.address(o.rs1, o.imm), 16, true)),
);
row('lw', 'imm:s[11:0] rs1:5 010 rd:5 0000011', '{rd:x}, {imm}({rs1:x})', (b, o) =>
  b.setX(o.rd, b.load(b.address(o.rs1, o.imm), 32, true)),
);
row('ld', 'imm:s[11:0] rs1:5 011 rd:5 0000011', '{rd:x}, {imm}({rs1:x})', (b, o) =>
  b.setX(o.rd, b.load(b.address(o.rs1, o.imm), 64, true)),
);
row('lbu', 'imm:s[11:0] rs1:5 100 rd:5 0000011', '{rd:x}, {imm}({rs1:x})', (b, o) =>
  b.setX(o.rd, b.load(b.address(o.rs1, o.imm), 8, false)),
);
row('lhu', 'imm:s[11:0] rs1:5 101 rd:5 0000011', '{rd:x}, {imm}({rs1:x})', (b, o) =>
  b.setX(o.rd, b.load(b.address(o.rs1, o.imm), 16, false)),
);
row('lwu', 'imm:s[11:0] rs1:5 110 rd:5 0000011', '{rd:x}, {imm}({rs1:x})', (b, o) =>
  b.setX(o.rd, b.load(b.address(o.rs1, o.imm), 32, false)),
);
row('sb', 'imm:s[11:5] rs2:5 rs1:5 000 imm:s[4:0] 0100011', '{rs2:x}, {imm}({rs1:x})', (b, o) =>
  b.store(b.address(o.rs1, o.imm), b.x(o.rs2), 8),
);
row('sh', 'imm:s[11:5] rs2:5 rs1:5 001 imm:s[4:0] 0100011', '{rs2:x}, {imm}({rs1:x})', (b, o) =>
  b.store(b.address(o.rs1, o.imm), b.x(o.rs2), 16),
);
row('sw', 'imm:s[11:5] rs2:5 rs1:5 010 imm:s[4:0] 0100011', '{rs2:x}, {imm}({rs1:x})', (b, o) =>
  b.store(b.address(o.rs1, o.imm), b.x(o.rs2), 32),
);
row('sd', 'imm:s[11:5] rs2:5 rs1:5 011 imm:s[4:0] 0100011', '{rs2:x}, {imm}({rs1:x})', (b, o) =>
  b.store(b.address(o.rs1, o.imm), b.x(o.rs2), 64),
);

// Register and immediate.

row('addi', 'imm:s[11:0] rs1:5 000 rd:5 0010011', '{rd:x}, {rs1:x}, {imm}', (b, o) =>
  b.setX(o.rd, b.add(b.x(o.rs1), b.imm(o.imm))),
);
row('slti', 'imm:s[11:0] rs1:5 010 rd:5 0010011', '{rd:x}, {rs1:x}, {imm}', (b, o) =>
  b.setX(o.rd, b.op('extend', b.op('lt_s', b.x(o.rs1), b.imm(o.imm)))),
);
row('sltiu', 'imm:s[11:0] rs1:5 011 rd:5 0010011', '{rd:x}, {rs1:x}, {imm}', (b, o) =>
  b.setX(o.rd, b.op('extend', b.op('lt_u', b.x(o.rs1), b.imm(o.imm)))),
);
row('xori', 'imm:s[11:0] rs1:5 100 rd:5 0010011', '{rd:x}, {rs1:x}, {imm}', (b, o) =>
  b.setX(o.rd, b.xor(b.x(o.rs1), b.imm(o.imm))),
);
row('ori', 'imm:s[11:0] rs1:5 110 rd:5 0010011', '{rd:x}, {rs1:x}, {imm}', (b, o) =>
  b.setX(o.rd, b.or(b.x(o.rs1), b.imm(o.imm))),
);
row('andi', 'imm:s[11:0] rs1:5 111 rd:5 0010011', '{rd:x}, {rs1:x}, {imm}', (b, o) =>
  b.setX(o.rd, b.and(b.x(o.rs1), b.imm(o.imm))),
);
row('slli', '000000 shamt:6 rs1:5 001 rd:5 0010011', '{rd:x}, {rs1:x}, {shamt:hex}', (b, o) =>
  b.setX(o.rd, b.op('shl', b.x(o.rs1), b.imm(o.shamt))),
);
row('srli', '000000 shamt:6 rs1:5 101 rd:5 0010011', '{rd:x}, {rs1:x}, {shamt:hex}', (b, o) =>
  b.setX(o.rd, b.op('shr_u', b.x(o.rs1), b.imm(o.shamt))),
);
row('srai', '010000 shamt:6 rs1:5 101 rd:5 0010011', '{rd:x}, {rs1:x}, {shamt:hex}', (b, o) =>
  b.setX(o.rd, b.op('shr_s', b.x(o.rs1), b.imm(o.shamt))),
);
row('addiw', 'imm:s[11:0] rs1:5 000 rd:5 0011011', '{rd:x}, {rs1:x}, {imm}', (b, o) =>
  b.setX(o.rd, b.sext32(b.add(b.x(o.rs1), b.imm(o.imm)))),
);
row('slliw', '0000000 shamt:5 rs1:5 001 rd:5 0011011', '{rd:x}, {rs1:x}, {shamt:hex}', (b, o) =>
  b.setX(o.rd, b.sext32(b.op('shl', b.x(o.rs1), b.imm(o.shamt)))),
);
row('srliw', '0000000 shamt:5 rs1:5 101 rd:5 0011011', '{rd:x}, {rs1:x}, {shamt:hex}', (b, o) =>
  b.setX(o.rd, b.sext32(b.op('shr_u', b.zext32(b.x(o.rs1)), b.imm(o.shamt)))),
);
row('sraiw', '0100000 shamt:5 rs1:5 101 rd:5 0011011', '{rd:x}, {rs1:x}, {shamt:hex}', (b, o) =>
  b.setX(o.rd, b.op('shr_s', b.sext32(b.x(o.rs1)), b.imm(o.shamt))),
);

// Register and register.

row('add', '0000000 rs2:5 rs1:5 000 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.add(b.x(o.rs1), b.x(o.rs2))),
);
row('sub', '0100000 rs2:5 rs1:5 000 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.sub(b.x(o.rs1), b.x(o.rs2))),
);
row('sll', '0000000 rs2:5 rs1:5 001 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.op('shl', b.x(o.rs1), b.x(o.rs2))),
);
row('slt', '0000000 rs2:5 rs1:5 010 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.op('extend', b.op('lt_s', b.x(o.rs1), b.x(o.rs2)))),
);
row('sltu', '0000000 rs2:5 rs1:5 011 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.op('extend', b.op('lt_u', b.x(o.rs1), b.x(o.rs2)))),
);
row('xor', '0000000 rs2:5 rs1:5 100 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.xor(b.x(o.rs1), b.x(o.rs2))),
);
row('srl', '0000000 rs2:5 rs1:5 101 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.op('shr_u', b.x(o.rs1), b.x(o.rs2))),
);
row('sra', '0100000 rs2:5 rs1:5 101 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.op('shr_s', b.x(o.rs1), b.x(o.rs2))),
);
row('or', '0000000 rs2:5 rs1:5 110 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.or(b.x(o.rs1), b.x(o.rs2))),
);
row('and', '0000000 rs2:5 rs1:5 111 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.and(b.x(o.rs1), b.x(o.rs2))),
);
row('addw', '0000000 rs2:5 rs1:5 000 rd:5 0111011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.sext32(b.add(b.x(o.rs1), b.x(o.rs2)))),
);
row('subw', '0100000 rs2:5 rs1:5 000 rd:5 0111011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.sext32(b.sub(b.x(o.rs1), b.x(o.rs2)))),
);
row('sllw', '0000000 rs2:5 rs1:5 001 rd:5 0111011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.sext32(b.op('shl', b.x(o.rs1), b.count32(b.x(o.rs2))))),
);
row('srlw', '0000000 rs2:5 rs1:5 101 rd:5 0111011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.sext32(b.op('shr_u', b.zext32(b.x(o.rs1)), b.count32(b.x(o.rs2))))),
);
row('sraw', '0100000 rs2:5 rs1:5 101 rd:5 0111011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.op('shr_s', b.sext32(b.x(o.rs1)), b.count32(b.x(o.rs2)))),
);

// Memory ordering, environment. fm, rs1 and rd of other fences are to be ignored (section 2.7).

row('fence', '_:4 pred:4 succ:4 _:5 000 _:5 0001111', '{pred:fence}, {succ:fence}', (b) => b.fence());
row('fence.tso', '1000 0011 0011 00000 000 00000 0001111', '', (b) => b.fence());
row('ecall', '000000000000 00000 000 00000 1110011', '', (b) => {
  b.dropReservation();
  b.trap('syscall');
});
row('ebreak', '000000000001 00000 000 00000 1110011', '', (b) => b.trap('breakpoint'));

zifencei.row('fence.i', '_:12 _:5 001 _:5 0001111', '', (b) => b.trap('fence_i'));
