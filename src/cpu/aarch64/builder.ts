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
import { fold } from '../fold.ts';
import { type AmoOp, Builder, type FpFormat, type OPS, type OpName, type Type, type Value, type Width } from '../ir.ts';
import type { Operand } from '../row.ts';
import { NO_EXCLUSIVE, AARCH64_STATE as STATE } from './state.ts';

/** Of general registers and the operations on them. */
export type Size = 32 | 64;

const LINK = STATE.x + 8 * 30;
/** The target of a branch has no tag. */
const ADDRESS = 0x00ff_ffff_ffff_ffffn;

type Args<A extends readonly Type[]> = { [I in keyof A]: Value };

/** PSTATE's flags in the form that the state has for them. */
export interface Flags {
  /** N is its sign. */
  n: Value;
  /** Z is whether it is 0. */
  z: Value;
  /** C is whether it is not 0. */
  c: Value;
  /** V is its sign. */
  v: Value;
}

export class Aarch64Builder extends Builder {
  /** Folds what is known. */
  override op<N extends OpName>(op: N, ...args: Args<(typeof OPS)[N][0]>): Value {
    return fold(op, args as readonly Value[]) ?? super.op(op, ...args);
  }
  override operand(operand: Operand): Value {
    return operand.value === undefined ? super.operand(operand) : this.const(operand.value);
  }

  // Arithmetic.

  shl(a: Value, count: Value | number): Value {
    return this.op('shl', a, this.number(count));
  }
  shr(a: Value, count: Value | number): Value {
    return this.op('shr_u', a, this.number(count));
  }
  sar(a: Value, count: Value | number): Value {
    return this.op('shr_s', a, this.number(count));
  }
  /** Whether a value is a certain number. */
  is(a: Value, number: number): Value {
    return this.op('eq', a, this.const(number));
  }
  private number(value: Value | number): Value {
    return typeof value === 'number' ? this.const(value) : value;
  }
  /** The low `width` bits, the others zero. */
  low(a: Value, width: number): Value {
    return width === 64 ? a : this.and(a, this.const((1n << BigInt(width)) - 1n));
  }
  /** The low bits with their sign. */
  signed(a: Value, width: Width): Value {
    return width === 64 ? a : this.op(({ 8: 'extend8_s', 16: 'extend16_s', 32: 'extend32_s' } as const)[width], a);
  }
  /** Neighbouring groups of `count` bits swapped; `mask` has the lower group of each pair. */
  swapped(a: Value, count: number, mask: bigint): Value {
    const lower = this.const(mask);
    return this.or(this.and(this.shr(a, count), lower), this.shl(this.and(a, lower), count));
  }
  /** The bits of a zero-extended value in reverse order. */
  reversedBits(a: Value, size: Size): Value {
    const steps = [
      [1, 0x5555_5555_5555_5555n],
      [2, 0x3333_3333_3333_3333n],
      [4, 0x0f0f_0f0f_0f0f_0f0fn],
      [8, 0x00ff_00ff_00ff_00ffn],
      [16, 0x0000_ffff_0000_ffffn],
    ] as const;
    const words = steps.reduce((value, [count, mask]) => this.swapped(value, count, mask), a);
    return size === 32 ? words : this.op('rotl', words, this.const(32));
  }
  /** Of a zero-extended value. */
  leadingZeros(a: Value, size: Size): Value {
    return this.sub(this.op('clz', a), this.const(64 - size));
  }
  /**
   * CRC32Checksum of a value of `width` bits, with a reversed polynomial of 32 bits. Reversed, the remainder of
   * (value xor crc) * x^32 is two carry-less products (Gopal et al., "Fast CRC Computation … Using PCLMULQDQ", 2009).
   */
  crc(crc: Value, value: Value, width: Width, polynomial: bigint): Value {
    const steps = Math.ceil(width / 32);
    let remainder = crc;
    for (let step = 0; step < steps; step++) {
      const bits = Math.min(width, 32);
      const part = steps === 2 ? this.low(this.shr(value, 32 * step), 32) : value;
      const low = this.low(this.xor(remainder, part), bits);
      // Barrett: the quotient's bits are those of low * mu, of which the lowest count.
      const quotient = this.low(this.op('clmul', low, this.const(inverseOf(polynomial))), bits);
      const product = this.op('clmul', quotient, this.const((polynomial << 1n) | 1n));
      remainder = this.xor(this.shr(remainder, bits), this.shr(product, bits));
    }
    return this.low(remainder, 32);
  }

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

  /** ShiftReg: by 0 LSL, 1 LSR, 2 ASR, 3 ROR. The result may have bits above a W register's. */
  shifted(value: Value, type: Value, amount: Value, size: Size): Value {
    return this.select(
      this.is(type, 0),
      this.shl(value, amount),
      this.select(
        this.is(type, 1),
        this.shr(value, amount),
        this.select(
          this.is(type, 2),
          this.sar(this.signed(value, size), amount),
          this.rotatedRight(value, amount, size),
        ),
      ),
    );
  }
  /** ROR of a zero-extended value; the result of 32 bits may have others above. */
  rotatedRight(value: Value, amount: Value, size: Size): Value {
    if (size === 64) return this.op('rotr', value, amount);
    return this.shr(this.or(value, this.shl(value, 32)), this.and(amount, this.const(31)));
  }
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

  // Flags.

  flags(): Flags {
    return { n: this.cell(STATE.n, 8), z: this.cell(STATE.z, 8), c: this.cell(STATE.c, 8), v: this.cell(STATE.v, 8) };
  }
  setFlags({ n, z, c, v }: Flags): void {
    this.setCell(STATE.n, 8, n);
    this.setCell(STATE.z, 8, z);
    this.setCell(STATE.c, 8, c);
    this.setCell(STATE.v, 8, v);
  }
  /** C as 0 or 1. */
  carry(): Value {
    return this.cell(STATE.c, 8);
  }
  /** ConditionHolds. */
  holds(condition: Operand): Value {
    const { n, z, c, v } = this.flags();
    return this.op('condition', this.operand(condition), n, z, c, v);
  }
  /** Flags from four bits NZCV. */
  flagBits(nzcv: Value): Flags {
    return {
      n: this.shl(nzcv, 60),
      z: this.xor(this.and(nzcv, this.const(4)), this.const(4)),
      c: this.and(this.shr(nzcv, 1), this.const(1)),
      v: this.shl(nzcv, 63),
    };
  }
  selectFlags(condition: Value, a: Flags, b: Flags): Flags {
    const pick = (name: keyof Flags) => this.select(condition, a[name], b[name]);
    return { n: pick('n'), z: pick('z'), c: pick('c'), v: pick('v') };
  }
  /** The four bits NZCV. */
  nzcv({ n, z, c, v }: Flags): Value {
    const bit = (condition: Value, position: number) => this.shl(this.op('extend', condition), position);
    const zero = this.const(0);
    return this.or(
      this.or(bit(this.op('lt_s', n, zero), 3), bit(this.op('eqz', z), 2)),
      this.or(bit(this.op('ne', c, zero), 1), bit(this.op('lt_s', v, zero), 0)),
    );
  }
  /** Of a result, with C and V clear. */
  logicalFlags(result: Value, size: Size): Flags {
    const n = this.signed(result, size);
    return { n, z: n, c: this.const(0), v: this.const(0) };
  }
  /** Of a + b, operands zero-extended. */
  addFlags(a: Value, b: Value, size: Size): Flags {
    const sum = this.add(a, b);
    const n = this.signed(sum, size);
    const c = size === 64 ? this.op('extend', this.op('lt_u', sum, a)) : this.shr(sum, 32);
    return { n, z: n, c, v: this.signed(this.and(this.xor(a, sum), this.xor(b, sum)), size) };
  }
  /** Of a - b, operands zero-extended. */
  subFlags(a: Value, b: Value, size: Size): Flags {
    const difference = this.sub(a, b);
    const n = this.signed(difference, size);
    const c = this.op('extend', this.op('ge_u', a, b));
    return { n, z: n, c, v: this.signed(this.and(this.xor(a, b), this.xor(a, difference)), size) };
  }
  /** AddWithCarry: a + b + C, operands zero-extended. */
  addWithCarry(a: Value, b: Value, size: Size): { result: Value; flags: Flags } {
    const sum = this.add(a, b);
    const result = this.add(sum, this.carry());
    const n = this.signed(result, size);
    const carried = this.or(
      this.op('extend', this.op('lt_u', sum, a)),
      this.op('extend', this.op('lt_u', result, sum)),
    );
    const c = size === 64 ? carried : this.shr(result, 32);
    return {
      result,
      flags: { n, z: n, c, v: this.signed(this.and(this.xor(a, result), this.xor(b, result)), size) },
    };
  }

  // Division: by zero gives 0, overflow the dividend.

  quotientU(a: Value, b: Value): Value {
    const zero = this.op('eqz', b);
    return this.select(zero, this.const(0), this.op('div_u', a, this.select(zero, this.const(1), b)));
  }
  quotient(a: Value, b: Value): Value {
    const special = this.op('lt_u', this.add(b, this.const(1)), this.const(2));
    const plain = this.op('div_s', a, this.select(special, this.const(1), b));
    const negated = this.sub(this.const(0), a);
    return this.select(special, this.select(this.op('eqz', b), this.const(0), negated), plain);
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

  /** Sets FPSR.QC if the condition holds. */
  setSaturated(condition: Value): void {
    this.setCell(STATE.qc, 4, this.or(this.cell(STATE.qc, 4), this.op('extend', condition)));
  }

  // Floating point.

  /** The rounding mode and whatever else FPCR says of operations. */
  fpMode(): Value {
    return this.cell(STATE.fpMode, 4);
  }
  /** A rounding mode, as the IR numbers them, with what else FPCR says. */
  fpModeWith(rounding: number): Value {
    return this.or(this.and(this.fpMode(), this.const(-8n)), this.const(rounding));
  }
  /** FPNeg. */
  negated(value: Value, format: FpFormat): Value {
    return this.xor(value, this.const(1n << BigInt(format - 1)));
  }
  /** FPCompare; `signaling`: any NaN is invalid. */
  compareFlags(format: FpFormat, a: Value, b: Value, signaling: boolean): Flags {
    const mode = this.fpMode();
    const lt = signaling ? 'lt' : 'ltq';
    const less = this.fp(lt, format, mode, a, b);
    const equal = this.fp('eq', format, mode, a, b);
    const greater = this.fp(lt, format, mode, b, a);
    const one = this.const(1);
    const ordered = this.or(this.or(less, equal), greater);
    return {
      n: this.sub(this.const(0), less),
      z: this.xor(equal, one),
      c: this.xor(less, one),
      v: this.sub(ordered, one),
    };
  }
  /** FPRoundIntN: to an integral value that a signed integer of `bits` has, else the lowest one. */
  roundedToFit(format: 32 | 64, bits: 32 | 64, mode: Value, value: Value): Value {
    // The conversion raises what is to be raised.
    this.fp(bits === 32 ? 'to_i32' : 'to_i64', format, mode, value);
    const rounded = this.fp('round', format, mode, value);
    const [bias, fraction] = format === 32 ? [127, 23] : [1023, 52];
    const limit = BigInt(bias + bits - 1) << BigInt(fraction);
    const lowest = this.const(limit | (1n << BigInt(format - 1)));
    const isLess = this.op('lt_u', this.low(rounded, format - 1), this.const(limit));
    return this.select(isLess, rounded, lowest);
  }
  /** VFPExpandImm. */
  floatImmediate(imm: Operand, format: FpFormat): Value {
    const value = this.operand(imm);
    const [low, high, shift] = {
      16: [0x3000n, 0x4000n, 6],
      32: [0x3e00_0000n, 0x4000_0000n, 19],
      64: [0x3fc0n << 48n, 0x4000n << 48n, 48],
    }[format] as [bigint, bigint, number];
    const isLow = this.op('ne', this.and(value, this.const(64)), this.const(0));
    const exponent = this.select(isLow, this.const(low), this.const(high));
    const sign = this.shl(this.shr(value, 7), format - 1);
    return this.or(this.or(sign, exponent), this.shl(this.and(value, this.const(63)), shift));
  }

  // FPCR and FPSR.

  /** Bits of a value moved from one place to another, the others zero. */
  private field(value: Value, from: number, to: number, width: number): Value {
    return this.shl(this.and(this.shr(value, from), this.const(2 ** width - 1)), to);
  }
  fpcr(): Value {
    const mode = this.cell(STATE.fpMode, 4);
    // The modes 1 (to zero) and 3 (up) change places; both have bit 0 set.
    const rounding = this.xor(mode, this.shl(this.and(mode, this.const(1)), 1));
    return FPCR_FIELDS.map(([arm, ours, width]) => this.field(ours === 0 ? rounding : mode, ours, arm, width)).reduce(
      (all, part) => this.or(all, part),
    );
  }
  setFpcr(value: Value): void {
    const parts = FPCR_FIELDS.map(([arm, ours, width]) => this.field(value, arm, ours, width));
    const rounding = this.xor(parts[0], this.shl(this.and(parts[0], this.const(1)), 1));
    this.setCell(
      STATE.fpMode,
      4,
      parts.slice(1).reduce((all, part) => this.or(all, part), rounding),
    );
  }
  fpsr(): Value {
    const flags = this.cell(STATE.fpFlags, 4);
    const parts = FPSR_FLAGS.map(([arm, ours]) => this.field(flags, ours, arm, 1));
    return parts.reduce((all, part) => this.or(all, part), this.field(this.cell(STATE.qc, 4), 0, 27, 1));
  }
  setFpsr(value: Value): void {
    const parts = FPSR_FLAGS.map(([arm, ours]) => this.field(value, arm, ours, 1));
    this.setCell(
      STATE.fpFlags,
      4,
      parts.reduce((all, part) => this.or(all, part)),
    );
    this.setCell(STATE.qc, 4, this.field(value, 27, 0, 1));
  }

  // Atomics: misaligned addresses trap, whatever the size; the host's operations are sequentially consistent.

  /** Rt = M[address]; M[address] = op(M[address], Rs). */
  atomic(op: AmoOp, width: Width, address: Value, value: Value): Value {
    if (width > 8) this.aligned(address, width / 8);
    return this.low(this.amo(op, address, value, width), width);
  }
  /** M[address] = value if it was `expected`; what was there. */
  compareAndSwap(width: Width, address: Value, expected: Value, value: Value): Value {
    if (width > 8) this.aligned(address, width / 8);
    return this.low(this.cas(address, expected, value, width), width);
  }
  /** The version of an address, which is odd during a store-exclusive: then the instruction is done again. */
  private evenVersion(address: Value): Value {
    const version = this.version(address);
    this.require(this.op('eqz', this.and(version, this.const(1))), 'contended');
    return version;
  }
  loadExclusive(width: Width, address: Value): Value {
    if (width > 8) this.aligned(address, width / 8);
    const version = this.evenVersion(address);
    const value = this.load(address, width, false);
    this.setCell(STATE.exclusive, 8, address);
    this.setCell(STATE.exclusiveValue, 8, value);
    this.setCell(STATE.exclusiveVersion, 8, version);
    return value;
  }
  /**
   * The status, 0 if the value has been stored: the mark must be of this address, nobody have stored exclusively there
   * since, and memory still have the value read.
   */
  storeExclusive(width: Width, address: Value, value: Value): Value {
    if (width > 8) this.aligned(address, width / 8);
    const marked = this.op('eq', this.cell(STATE.exclusive, 8), address);
    const [version, expected] = [STATE.exclusiveVersion, STATE.exclusiveValue].map((cell) => this.cell(cell, 8));
    const stored = this.storeIf(marked, address, version, expected, value, width);
    this.clearExclusive();
    return this.xor(stored, this.const(1));
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
  /** A plain load, which the host does not move behind later accesses. */
  loadAcquire(width: Width, address: Value): Value {
    if (width > 8) this.aligned(address, width / 8);
    return this.load(address, width, false);
  }
  /** The host keeps a store behind earlier accesses, but not before a later load-acquire. */
  storeRelease(width: Width, address: Value, value: Value): void {
    if (width > 8) this.aligned(address, width / 8);
    this.store(address, value, width);
    this.fence();
  }
  clearExclusive(): void {
    this.setCell(STATE.exclusive, 8, this.const(NO_EXCLUSIVE));
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

/** Fields of FPCR: bit there, bit in fpMode, width. The first is the rounding mode, numbered differently. */
const FPCR_FIELDS = [
  [22, 0, 2],
  [24, 3, 1],
  [25, 4, 1],
  [19, 5, 1],
  [26, 6, 1],
] as const;
/** Flags of FPSR: bit there, bit in fpFlags. IOC, DZC, OFC, UFC, IXC, IDC. */
const FPSR_FLAGS = [
  [0, 4],
  [1, 3],
  [2, 2],
  [3, 1],
  [4, 0],
  [7, 5],
] as const;

/** The polynomial q, reversed, with 1 = q * (x^32 + the polynomial) modulo what is above 32 bits, in reversed bits. */
function inverseOf(polynomial: bigint): bigint {
  const divisor = (polynomial << 1n) | 1n;
  let [inverse, rest] = [0n, 1n];
  for (let bit = 0n; bit < 64n; bit++) {
    if (((rest >> bit) & 1n) === 0n) continue;
    inverse |= 1n << bit;
    rest ^= divisor << bit;
  }
  return inverse;
}
