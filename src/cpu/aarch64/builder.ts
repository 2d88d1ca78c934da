/**
 * The words in which the effects of AArch64's instructions are written: those of
 * the Arm ARM's pseudocode, composed from the IR's operations.
 *
 *     row('add.x.imm', '1 0 0 100010 sh:1 imm:12 rn:5 rd:5', '…', (b, o) =>
 *       b.setX(o.rd, b.add(b.x(o.rn), b.operand(o.imm))));
 *
 * Effects are straight-line, since an operand may be a field read at run time;
 * what depends on a value is a `select`, which is folded where the value is
 * known. A W register is read zero-extended, and written so.
 */

import { TRANSLATOR } from '../../host/layout.ts';
import { ArmBuilder, type Flags, type Size } from '../arm-builder.ts';
import type { Value, Width } from '../ir.ts';
import type { Operand } from '../row.ts';
import { AARCH64_STATE as STATE } from './state.ts';

export type { Flags, Size };

const LINK = STATE.x + 8 * 30;
/** The target of a branch has no tag. */
const ADDRESS = 0x00ff_ffff_ffff_ffffn;

export class Aarch64Builder extends ArmBuilder {
  protected readonly at = STATE;

  // General registers.

  x(operand: Operand): Value {
    return this.reg(operand);
  }
  setX(operand: Operand, value: Value): void {
    this.setReg(operand, value);
  }
  /** A general register of either size, zero-extended. */
  r(operand: Operand, size: Size): Value {
    return this.low(this.reg(operand), size);
  }
  setR(operand: Operand, size: Size, value: Value): void {
    this.setReg(operand, this.low(value, size));
  }
  /** x30. */
  link(): Value {
    return this.cell(LINK, 8);
  }
  setLink(value: Value): void {
    this.setCell(LINK, 8, value);
  }
  /** Rn plus an offset. */
  offset(base: Operand, offset: Operand): Value {
    return this.add(this.x(base), this.operand(offset));
  }
  branchTo(address: Value): void {
    this.jumpTo(this.and(address, this.const(ADDRESS)));
  }

  // Operands that are computed: shifted and extended registers, immediates.

  /** ExtendReg: option 0–3 UXTB, UXTH, UXTW, UXTX, 4–7 the signed ones; then shifted left. */
  extended(value: Value, option: Value, amount: Value): Value {
    const up = this.sub(this.const(64), this.shl(this.const(8), this.and(option, this.const(3))));
    const high = this.shl(value, up);
    const isSigned = this.op('ge_u', option, this.const(4));
    return this.shl(this.select(isSigned, this.sar(high, up), this.shr(high, up)), amount);
  }
  /** A 12-bit immediate, shifted left by 12 if `sh`. */
  shiftedImmediate(imm: Operand, sh: Operand): Value {
    return this.shl(this.operand(imm), this.select(this.is(this.operand(sh), 1), this.const(12), this.const(0)));
  }
  /**
   * DecodeBitMasks: immr in bits 6–11 and imms in bits 0–5 of `mask`. Elements of a size that imms tells (64 bits if
   * `n`) have imms' low bits plus one ones, rotated right by immr.
   */
  bitMask(mask: Operand, n: 0 | 1): Value {
    const value = this.operand(mask);
    const immr = this.shr(value, 6);
    const imms = this.and(value, this.const(63));
    const ones = this.const(-1n);
    if (n === 1) return this.op('rotr', this.shr(ones, this.sub(this.const(63), imms)), immr);
    // The highest zero of imms gives the size.
    const zeros = this.xor(imms, this.const(63));
    const size = this.shr(this.const(1n << 63n), this.op('clz', zeros));
    const element = this.shr(ones, this.sub(this.const(64), size));
    const run = this.sub(this.const(63), this.and(imms, this.sub(size, this.const(1))));
    return this.op('rotr', this.op('mul', this.shr(ones, run), this.op('div_u', ones, element)), immr);
  }

  // Vector registers.

  v(operand: Operand): Value {
    return this.vectorReg(operand);
  }
  setV(operand: Operand, value: Value): void {
    this.setReg(operand, value);
  }
  /** The lowest bits of a vector register, zero-extended. */
  scalar(operand: Operand, width: Width): Value {
    return this.lane(operand, width, this.const(0));
  }
  /** Writes the lowest bits of a vector register and clears the others. The value must be zero-extended. */
  setScalar(operand: Operand, value: Value): void {
    this.setReg(operand, this.op('v128.from_i64', value));
  }

  /** A lane of `width` bits, zero-extended. */
  lane(operand: Operand, width: Width, index: Value): Value {
    const vector = this.v(operand);
    switch (width) {
      case 8:
        return this.op('i8x16.extract_lane_u', vector, index);
      case 16:
        return this.op('i16x8.extract_lane_u', vector, index);
      case 32:
        return this.op('i32x4.extract_lane_u', vector, index);
      case 64:
        return this.op('i64x2.extract_lane', vector, index);
    }
  }
  /** A result of which Q says whether the upper half counts: without, it is cleared. */
  half(q: '0' | '1', value: Value): Value {
    return q === '1' ? value : this.op('v128.and', value, this.vector(0xffff_ffff_ffff_ffffn));
  }

  /** Two neighbouring doublewords, marked together. */
  loadExclusivePair(address: Value): [Value, Value] {
    this.aligned(address, 16);
    const values: [Value, Value] = [
      this.load(address, 64, false),
      this.load(this.add(address, this.const(8)), 64, false),
    ];
    this.setCell(STATE.exclusive, 8, address);
    this.setCell(STATE.exclusiveValue, 8, values[0]);
    this.setCell(STATE.exclusiveHigh, 8, values[1]);
    return values;
  }
  /** As {@link storeExclusive}; see {@link swapPair} for what is not atomic. */
  storeExclusivePair(address: Value, values: [Value, Value]): Value {
    this.aligned(address, 16);
    const marked = this.op('eq', this.cell(STATE.exclusive, 8), address);
    const expected: [Value, Value] = [this.cell(STATE.exclusiveValue, 8), this.cell(STATE.exclusiveHigh, 8)];
    const stored = this.swapPair(marked, address, expected, values);
    this.clearExclusive();
    return this.xor(stored, this.const(1));
  }
  /** CASP of two doublewords; what was there. */
  compareAndSwapPair(address: Value, expected: [Value, Value], values: [Value, Value]): [Value, Value] {
    this.aligned(address, 16);
    const old: [Value, Value] = [this.load(address, 64, false), this.load(this.add(address, this.const(8)), 64, false)];
    const differences = this.or(this.xor(old[0], expected[0]), this.xor(old[1], expected[1]));
    this.swapPair(this.op('eqz', differences), address, expected, values);
    return old;
  }
  /**
   * Two swaps of 64 bits, so that another thread can see, or make, a change of one half in between: there is no atomic
   * access of 128 bits. 1 if both were made.
   */
  private swapPair(condition: Value, address: Value, expected: [Value, Value], values: [Value, Value]): Value {
    const high = this.casIf(condition, this.add(address, this.const(8)), expected[1], values[1], 64);
    return this.casIf(this.op('ne', high, this.const(0)), address, expected[0], values[0], 64);
  }
  /** So many bytes of code at an address have changed; the trap `invalidate` tells the engine. */
  noteChangedCode(address: Value, bytes: number): void {
    const start = this.and(address, this.const(ADDRESS));
    const end = this.add(start, this.const(bytes));
    const [first, last] = [TRANSLATOR.changedStart, TRANSLATOR.changedEnd].map((cell) => this.cell(cell, 8));
    this.setCell(TRANSLATOR.changedStart, 8, this.select(this.op('lt_u', start, first), start, first));
    this.setCell(TRANSLATOR.changedEnd, 8, this.select(this.op('lt_u', last, end), end, last));
  }
}
