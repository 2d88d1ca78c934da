/** B, bit manipulation: Zba, Zbb, Zbc, Zbs of the unprivileged ISA, chapter 30, in that order. */
import type { Value } from '../../ir.ts';
import { rowsOf } from '../../row.ts';
import type { RiscvBuilder } from '../builder.ts';

const zba = rowsOf<RiscvBuilder>('Zba');
const zbb = rowsOf<RiscvBuilder>('Zbb');
const zbc = rowsOf<RiscvBuilder>('Zbc');
const zbs = rowsOf<RiscvBuilder>('Zbs');

export const zbaRows = zba.rows;
export const zbbRows = zbb.rows;
export const zbcRows = zbc.rows;
export const zbsRows = zbs.rows;

// Zba, address generation.

zba.row('add.uw', '0000100 rs2:5 rs1:5 000 rd:5 0111011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.add(b.zext32(b.x(o.rs1)), b.x(o.rs2))),
);
zba.row('sh1add', '0010000 rs2:5 rs1:5 010 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.add(b.shlConst(b.x(o.rs1), 1), b.x(o.rs2))),
);
zba.row('sh2add', '0010000 rs2:5 rs1:5 100 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.add(b.shlConst(b.x(o.rs1), 2), b.x(o.rs2))),
);
zba.row('sh3add', '0010000 rs2:5 rs1:5 110 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.add(b.shlConst(b.x(o.rs1), 3), b.x(o.rs2))),
);
zba.row('sh1add.uw', '0010000 rs2:5 rs1:5 010 rd:5 0111011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.add(b.shlConst(b.zext32(b.x(o.rs1)), 1), b.x(o.rs2))),
);
zba.row('sh2add.uw', '0010000 rs2:5 rs1:5 100 rd:5 0111011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.add(b.shlConst(b.zext32(b.x(o.rs1)), 2), b.x(o.rs2))),
);
zba.row('sh3add.uw', '0010000 rs2:5 rs1:5 110 rd:5 0111011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.add(b.shlConst(b.zext32(b.x(o.rs1)), 3), b.x(o.rs2))),
);
zba.row('slli.uw', '000010 shamt:6 rs1:5 001 rd:5 0011011', '{rd:x}, {rs1:x}, {shamt:hex}', (b, o) =>
  b.setX(o.rd, b.op('shl', b.zext32(b.x(o.rs1)), b.imm(o.shamt))),
);

// Zbb, basic.

zbb.row('andn', '0100000 rs2:5 rs1:5 111 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.and(b.x(o.rs1), b.not(b.x(o.rs2)))),
);
zbb.row('orn', '0100000 rs2:5 rs1:5 110 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.or(b.x(o.rs1), b.not(b.x(o.rs2)))),
);
zbb.row('xnor', '0100000 rs2:5 rs1:5 100 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.not(b.xor(b.x(o.rs1), b.x(o.rs2)))),
);

zbb.row('clz', '0110000 00000 rs1:5 001 rd:5 0010011', '{rd:x}, {rs1:x}', (b, o) =>
  b.setX(o.rd, b.op('clz', b.x(o.rs1))),
);
zbb.row('ctz', '0110000 00001 rs1:5 001 rd:5 0010011', '{rd:x}, {rs1:x}', (b, o) =>
  b.setX(o.rd, b.op('ctz', b.x(o.rs1))),
);
zbb.row('cpop', '0110000 00010 rs1:5 001 rd:5 0010011', '{rd:x}, {rs1:x}', (b, o) =>
  b.setX(o.rd, b.op('popcnt', b.x(o.rs1))),
);
zbb.row('clzw', '0110000 00000 rs1:5 001 rd:5 0011011', '{rd:x}, {rs1:x}', (b, o) =>
  b.setX(o.rd, b.sub(b.op('clz', b.zext32(b.x(o.rs1))), b.const(32))),
);
zbb.row('ctzw', '0110000 00001 rs1:5 001 rd:5 0011011', '{rd:x}, {rs1:x}', (b, o) =>
  b.setX(o.rd, b.op('ctz', b.or(b.x(o.rs1), b.const(1n << 32n)))),
);
zbb.row('cpopw', '0110000 00010 rs1:5 001 rd:5 0011011', '{rd:x}, {rs1:x}', (b, o) =>
  b.setX(o.rd, b.op('popcnt', b.zext32(b.x(o.rs1)))),
);

const larger = (b: RiscvBuilder, order: 'ge_s' | 'ge_u', p: Value, q: Value) => b.select(b.op(order, p, q), p, q);
const smaller = (b: RiscvBuilder, order: 'lt_s' | 'lt_u', p: Value, q: Value) => b.select(b.op(order, p, q), p, q);
zbb.row('max', '0000101 rs2:5 rs1:5 110 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, larger(b, 'ge_s', b.x(o.rs1), b.x(o.rs2))),
);
zbb.row('maxu', '0000101 rs2:5 rs1:5 111 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, larger(b, 'ge_u', b.x(o.rs1), b.x(o.rs2))),
);
zbb.row('min', '0000101 rs2:5 rs1:5 100 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, smaller(b, 'lt_s', b.x(o.rs1), b.x(o.rs2))),
);
zbb.row('minu', '0000101 rs2:5 rs1:5 101 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, smaller(b, 'lt_u', b.x(o.rs1), b.x(o.rs2))),
);

zbb.row('sext.b', '0110000 00100 rs1:5 001 rd:5 0010011', '{rd:x}, {rs1:x}', (b, o) =>
  b.setX(o.rd, b.op('extend8_s', b.x(o.rs1))),
);
zbb.row('sext.h', '0110000 00101 rs1:5 001 rd:5 0010011', '{rd:x}, {rs1:x}', (b, o) =>
  b.setX(o.rd, b.op('extend16_s', b.x(o.rs1))),
);
zbb.row('zext.h', '0000100 00000 rs1:5 100 rd:5 0111011', '{rd:x}, {rs1:x}', (b, o) =>
  b.setX(o.rd, b.low(b.x(o.rs1), 16)),
);

zbb.row('rol', '0110000 rs2:5 rs1:5 001 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.op('rotl', b.x(o.rs1), b.x(o.rs2))),
);
zbb.row('ror', '0110000 rs2:5 rs1:5 101 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.op('rotr', b.x(o.rs1), b.x(o.rs2))),
);
zbb.row('rori', '011000 shamt:6 rs1:5 101 rd:5 0010011', '{rd:x}, {rs1:x}, {shamt:hex}', (b, o) =>
  b.setX(o.rd, b.op('rotr', b.x(o.rs1), b.imm(o.shamt))),
);
zbb.row('rolw', '0110000 rs2:5 rs1:5 001 rd:5 0111011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.sext32(b.op('rotr32', b.x(o.rs1), b.sub(b.const(0), b.x(o.rs2))))),
);
zbb.row('rorw', '0110000 rs2:5 rs1:5 101 rd:5 0111011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.sext32(b.op('rotr32', b.x(o.rs1), b.x(o.rs2)))),
);
zbb.row('roriw', '0110000 shamt:5 rs1:5 101 rd:5 0011011', '{rd:x}, {rs1:x}, {shamt:hex}', (b, o) =>
  b.setX(o.rd, b.sext32(b.op('rotr32', b.x(o.rs1), b.imm(o.shamt)))),
);

zbb.row('orc.b', '001010000111 rs1:5 101 rd:5 0010011', '{rd:x}, {rs1:x}', (b, o) => {
  // Bit 7 of each byte: set by the carry out of the lower seven bits, or itself.
  const low7 = b.const(0x7f7f_7f7f_7f7f_7f7fn);
  const rs1 = b.x(o.rs1);
  const tops = b.and(b.or(b.add(b.and(rs1, low7), low7), rs1), b.not(low7));
  b.setX(o.rd, b.op('mul', b.shrConst(tops, 7), b.const(0xff)));
});
zbb.row('rev8', '011010111000 rs1:5 101 rd:5 0010011', '{rd:x}, {rs1:x}', (b, o) => {
  const bytes = b.swapped(b.x(o.rs1), 8, 0x00ff_00ff_00ff_00ffn);
  const halves = b.swapped(bytes, 16, 0x0000_ffff_0000_ffffn);
  b.setX(o.rd, b.op('rotl', halves, b.const(32)));
});

// Zbc, carry-less multiplication.

zbc.row('clmul', '0000101 rs2:5 rs1:5 001 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.op('clmul', b.x(o.rs1), b.x(o.rs2))),
);
zbc.row('clmulh', '0000101 rs2:5 rs1:5 011 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.op('clmulh', b.x(o.rs1), b.x(o.rs2))),
);
zbc.row('clmulr', '0000101 rs2:5 rs1:5 010 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) => {
  const [rs1, rs2] = [b.x(o.rs1), b.x(o.rs2)];
  b.setX(o.rd, b.or(b.shlConst(b.op('clmulh', rs1, rs2), 1), b.shrConst(b.op('clmul', rs1, rs2), 63)));
});

// Zbs, single bits.

const bit = (b: RiscvBuilder, index: Value) => b.op('shl', b.const(1), index);
zbs.row('bclr', '0100100 rs2:5 rs1:5 001 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.and(b.x(o.rs1), b.not(bit(b, b.x(o.rs2))))),
);
zbs.row('bclri', '010010 shamt:6 rs1:5 001 rd:5 0010011', '{rd:x}, {rs1:x}, {shamt:hex}', (b, o) =>
  b.setX(o.rd, b.and(b.x(o.rs1), b.not(bit(b, b.imm(o.shamt))))),
);
zbs.row('bext', '0100100 rs2:5 rs1:5 101 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.low(b.op('shr_u', b.x(o.rs1), b.x(o.rs2)), 1)),
);
zbs.row('bexti', '010010 shamt:6 rs1:5 101 rd:5 0010011', '{rd:x}, {rs1:x}, {shamt:hex}', (b, o) =>
  b.setX(o.rd, b.low(b.op('shr_u', b.x(o.rs1), b.imm(o.shamt)), 1)),
);
zbs.row('binv', '0110100 rs2:5 rs1:5 001 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.xor(b.x(o.rs1), bit(b, b.x(o.rs2)))),
);
zbs.row('binvi', '011010 shamt:6 rs1:5 001 rd:5 0010011', '{rd:x}, {rs1:x}, {shamt:hex}', (b, o) =>
  b.setX(o.rd, b.xor(b.x(o.rs1), bit(b, b.imm(o.shamt)))),
);
zbs.row('bset', '0010100 rs2:5 rs1:5 001 rd:5 0110011', '{rd:x}, {rs1:x}, {rs2:x}', (b, o) =>
  b.setX(o.rd, b.or(b.x(o.rs1), bit(b, b.x(o.rs2)))),
);
zbs.row('bseti', '001010 shamt:6 rs1:5 001 rd:5 0010011', '{rd:x}, {rs1:x}, {shamt:hex}', (b, o) =>
  b.setX(o.rd, b.or(b.x(o.rs1), bit(b, b.imm(o.shamt)))),
);
