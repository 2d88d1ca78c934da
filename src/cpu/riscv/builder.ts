/**
 * The words in which the effects of RISC-V's instructions are written: those of
 * the manual, composed from the IR's operations.
 *
 *     row('lw', 'imm:s[11:0] rs1:5 010 rd:5 0000011', '{rd:x}, {imm}({rs1:x})', (b, o) =>
 *       b.setX(o.rd, b.load(b.address(o.rs1, o.imm), 32, true)));
 *
 * What holds here: effects are straight-line, since an operand may be a field
 * read at run time; what depends on a value is a `select`.
 */
import { type AmoOp, Builder, type FpFormat, type FpOpName, type Value, type Width } from '../ir.ts';
import type { Operand } from '../row.ts';
import { NO_RESERVATION, RISCV_STATE } from './state.ts';

/** Register numbers that compressed instructions imply. */
const RA = 1;
const SP = 2;

const ALL_ONES = 0xffff_ffff_ffff_ffffn;

/** What narrower values have above them in a floating-point register ("NaN boxing"), and the canonical NaN. */
const BOXES = {
  16: { width: 16n, canonicalNaN: 0x7e00n },
  32: { width: 32n, canonicalNaN: 0x7fc0_0000n },
} as const;

export class RiscvBuilder extends Builder {
  // Arithmetic.

  sext32(a: Value): Value {
    return this.op('extend32_s', a);
  }
  zext32(a: Value): Value {
    return this.op('and', a, this.const(0xffff_ffffn));
  }
  /** The low `width` bits, the others zero. */
  low(a: Value, width: number): Value {
    return this.op('and', a, this.const((1n << BigInt(width)) - 1n));
  }
  /** Shift counts of word instructions: five bits. */
  count32(a: Value): Value {
    return this.op('and', a, this.const(31n));
  }
  shlConst(a: Value, count: number): Value {
    return this.op('shl', a, this.const(count));
  }
  shrConst(a: Value, count: number): Value {
    return this.op('shr_u', a, this.const(count));
  }
  /** Neighbouring groups of `count` bits swapped; `mask` has the lower group of each pair. */
  swapped(a: Value, count: number, mask: bigint): Value {
    const lower = this.const(mask);
    return this.or(this.and(this.shrConst(a, count), lower), this.shlConst(this.and(a, lower), count));
  }

  // Division: by zero gives -1 and the dividend, overflow the dividend and 0 (M, "Division Operations").

  /** Signed 64-bit quotient. */
  quotient(a: Value, b: Value): Value {
    const minusOne = this.const(-1n);
    const byMinusOne = this.select(this.op('eq', b, minusOne), this.sub(this.const(0), a), this.quotientOf(a, b));
    return this.select(this.op('eqz', b), minusOne, byMinusOne);
  }
  private quotientOf(a: Value, b: Value): Value {
    return this.op('div_s', a, this.plainDivisor(b));
  }
  /** Signed 64-bit remainder. */
  remainder(a: Value, b: Value): Value {
    return this.select(this.op('eqz', b), a, this.op('rem_s', a, this.plainDivisor(b)));
  }
  /** Unsigned quotient of 64-bit values. */
  quotientU(a: Value, b: Value): Value {
    const zero = this.op('eqz', b);
    return this.select(zero, this.const(-1n), this.op('div_u', a, this.select(zero, this.const(1), b)));
  }
  remainderU(a: Value, b: Value): Value {
    const zero = this.op('eqz', b);
    return this.select(zero, a, this.op('rem_u', a, this.select(zero, this.const(1), b)));
  }
  /** The divisor, or 1 in place of 0 and -1, by which not every dividend can be divided. */
  private plainDivisor(b: Value): Value {
    const special = this.op('lt_u', this.add(b, this.const(1)), this.const(2));
    return this.select(special, this.const(1), b);
  }

  // Integer registers.

  x(operand: Operand): Value {
    return this.reg(operand);
  }
  setX(operand: Operand, value: Value): void {
    this.setReg(operand, value);
  }
  imm(operand: Operand): Value {
    return this.operand(operand);
  }
  sp(): Value {
    return this.cell(RISCV_STATE.x + 8 * SP, 8);
  }
  setSp(value: Value): void {
    this.setCell(RISCV_STATE.x + 8 * SP, 8, value);
  }
  setRa(value: Value): void {
    this.setCell(RISCV_STATE.x + 8 * RA, 8, value);
  }
  /** x[base] + offset. */
  address(base: Operand, offset: Operand): Value {
    return this.add(this.x(base), this.imm(offset));
  }
  /** sp + offset. */
  stackAddress(offset: Operand): Value {
    return this.add(this.sp(), this.imm(offset));
  }

  // Floating-point registers.

  /** A register's 64 bits as they are. */
  f(operand: Operand): Value {
    return this.reg(operand);
  }
  setF(operand: Operand, value: Value): void {
    this.setReg(operand, value);
  }
  /** A register's value in a format: its bit pattern, or the canonical NaN if it is not properly boxed. */
  float(operand: Operand, format: FpFormat): Value {
    return format === 64 ? this.reg(operand) : this.unbox(this.reg(operand), format);
  }
  /** Writes a bit pattern of a format, boxed. Bits above the format's do not matter. */
  setFloat(operand: Operand, format: FpFormat, value: Value): void {
    this.setReg(operand, format === 64 ? value : this.box(value, format));
  }
  box(value: Value, format: 16 | 32): Value {
    return this.or(value, this.const(ALL_ONES ^ ((1n << BOXES[format].width) - 1n)));
  }
  unbox(value: Value, format: 16 | 32): Value {
    const { width, canonicalNaN } = BOXES[format];
    const boxed = this.op('ge_u', value, this.const(ALL_ONES ^ ((1n << width) - 1n)));
    return this.select(boxed, this.low(value, Number(width)), this.const(canonicalNaN));
  }
  /** A bit pattern with its sign flipped. */
  negated(value: Value, format: FpFormat): Value {
    return this.xor(value, this.const(1n << BigInt(format - 1)));
  }
  /** The rounding mode an instruction asks for; raises illegal-instruction if that is frm and frm holds none. */
  rounding(rm: Operand): Value {
    const field = this.operand(rm);
    const mode = this.select(this.op('eq', field, this.const(7)), this.frm(), field);
    this.require(this.op('lt_u', mode, this.const(5)));
    return mode;
  }
  /** An operation whose result needs no rounding. */
  exact(op: FpOpName, format: FpFormat, ...args: Value[]): Value {
    return this.fp(op, format, this.const(0), ...args);
  }

  // Control and status registers.

  fflags(): Value {
    return this.cell(RISCV_STATE.fflags, 4);
  }
  frm(): Value {
    return this.cell(RISCV_STATE.frm, 4);
  }
  setFflags(value: Value): void {
    this.setCell(RISCV_STATE.fflags, 4, this.low(value, 5));
  }
  setFrm(value: Value): void {
    this.setCell(RISCV_STATE.frm, 4, this.low(value, 3));
  }

  // Atomics. Naturally aligned or a misaligned-address trap, whatever the order asked for: the host's are sequentially consistent.

  /** x[rd] = M[x[rs1]]; M[x[rs1]] = op(M[x[rs1]], x[rs2]) */
  atomic(op: AmoOp, width: Width, rd: Operand, rs1: Operand, rs2: Operand): void {
    const address = this.x(rs1);
    if (width > 8) this.aligned(address, width / 8);
    this.setX(rd, this.amo(op, address, this.x(rs2), width));
  }
  /** M[x[rs1]] = x[rs2] if it was `expected`; what was there. */
  compareAndSwap(width: Width, expected: Value, rs1: Operand, rs2: Operand): Value {
    const address = this.x(rs1);
    if (width > 8) this.aligned(address, width / 8);
    return this.cas(address, expected, this.x(rs2), width);
  }
  loadReserved(width: 32 | 64, rd: Operand, rs1: Operand): void {
    const address = this.x(rs1);
    this.aligned(address, width / 8);
    const version = this.version(address);
    this.require(this.op('eqz', this.and(version, this.const(1))), 'contended');
    const value = this.load(address, width, true);
    this.setCell(RISCV_STATE.reservation, 8, address);
    this.setCell(RISCV_STATE.reservedValue, 8, value);
    this.setCell(RISCV_STATE.reservedVersion, 8, version);
    this.setX(rd, value);
  }
  /**
   * Stores if the reservation is of this address, nobody has stored there conditionally since, and memory still has the
   * value read: a change there and back by other stores alone goes unnoticed.
   */
  storeConditional(width: 32 | 64, rd: Operand, rs1: Operand, rs2: Operand): void {
    const address = this.x(rs1);
    this.aligned(address, width / 8);
    const reserved = this.op('eq', this.cell(RISCV_STATE.reservation, 8), address);
    const [version, value] = [RISCV_STATE.reservedVersion, RISCV_STATE.reservedValue].map((cell) => this.cell(cell, 8));
    const stored = this.storeIf(reserved, address, version, value, this.x(rs2), width);
    this.dropReservation();
    this.setX(rd, this.xor(stored, this.const(1)));
  }
  /** Makes the next store-conditional fail. */
  dropReservation(): void {
    this.setCell(RISCV_STATE.reservation, 8, this.const(NO_RESERVATION));
  }
}
