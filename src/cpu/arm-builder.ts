/**
 * What the instructions of A64 and of A32 and T32 have in common: the words of
 * the Arm ARM's pseudocode, composed from the IR's operations.
 *
 * Effects are straight-line, since an operand may be a field read at run time;
 * what depends on a value is a `select`, which is folded where the value is
 * known.
 */
import { fold } from './fold.ts';
import { NO_EXCLUSIVE } from './guest-cpu.ts';
import { type AmoOp, Builder, type FpFormat, type OPS, type OpName, type Type, type Value, type Width } from './ir.ts';
import type { Operand } from './row.ts';

/** Of general registers and the operations on them. */
export type Size = 32 | 64;

/** Where the state has what these words read and write: offsets in the thread memory. */
export interface ArmCells {
  /** i64 each: PSTATE's flags, see {@link Flags}. */
  readonly n: number;
  readonly z: number;
  readonly c: number;
  readonly v: number;
  /** i32: accrued exception flags, in the IR's order. */
  readonly fpFlags: number;
  /** i32: the rounding mode, and above it how operations deviate. */
  readonly fpMode: number;
  /** i32: FPSR.QC, 0 or 1. */
  readonly qc: number;
  /** i64 each: address marked by a load-exclusive, the value it read, the version of the address. */
  readonly exclusive: number;
  readonly exclusiveValue: number;
  readonly exclusiveVersion: number;
}

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

export abstract class ArmBuilder extends Builder {
  protected abstract readonly at: ArmCells;

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
  /** ROR; a result of 32 bits is zero-extended. */
  rotatedRight(value: Value, amount: Value, size: Size): Value {
    return this.op(size === 64 ? 'rotr' : 'rotr32', value, amount);
  }
  // Flags.

  flags(): Flags {
    return {
      n: this.cell(this.at.n, 8),
      z: this.cell(this.at.z, 8),
      c: this.cell(this.at.c, 8),
      v: this.cell(this.at.v, 8),
    };
  }
  setFlags({ n, z, c, v }: Flags): void {
    this.setCell(this.at.n, 8, n);
    this.setCell(this.at.z, 8, z);
    this.setCell(this.at.c, 8, c);
    this.setCell(this.at.v, 8, v);
  }
  /** C as 0 or 1. */
  carry(): Value {
    return this.cell(this.at.c, 8);
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

  /** Sets FPSR.QC if the condition holds. */
  setSaturated(condition: Value): void {
    this.setCell(this.at.qc, 4, this.or(this.cell(this.at.qc, 4), this.op('extend', condition)));
  }

  // Floating point.

  /** The rounding mode and whatever else FPCR says of operations. */
  fpMode(): Value {
    return this.cell(this.at.fpMode, 4);
  }
  /** A rounding mode, as the IR numbers them, with what else FPCR says. */
  fpModeWith(rounding: number): Value {
    return this.or(this.and(this.fpMode(), this.const(-8n)), this.const(rounding));
  }
  /** The mode of operations on vectors. */
  vectorMode(): Value {
    return this.fpMode();
  }
  /** The same with a rounding mode of its own. */
  vectorModeWith(rounding: number): Value {
    return this.fpModeWith(rounding);
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
    const mode = this.cell(this.at.fpMode, 4);
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
      this.at.fpMode,
      4,
      parts.slice(1).reduce((all, part) => this.or(all, part), rounding),
    );
  }
  fpsr(): Value {
    const flags = this.cell(this.at.fpFlags, 4);
    const parts = FPSR_FLAGS.map(([arm, ours]) => this.field(flags, ours, arm, 1));
    return parts.reduce((all, part) => this.or(all, part), this.field(this.cell(this.at.qc, 4), 0, 27, 1));
  }
  setFpsr(value: Value): void {
    const parts = FPSR_FLAGS.map(([arm, ours]) => this.field(value, arm, ours, 1));
    this.setCell(
      this.at.fpFlags,
      4,
      parts.reduce((all, part) => this.or(all, part)),
    );
    this.setCell(this.at.qc, 4, this.field(value, 27, 0, 1));
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
    this.setCell(this.at.exclusive, 8, address);
    this.setCell(this.at.exclusiveValue, 8, value);
    this.setCell(this.at.exclusiveVersion, 8, version);
    return value;
  }
  /**
   * The status, 0 if the value has been stored: the mark must be of this address, nobody have stored exclusively there
   * since, and memory still have the value read.
   */
  storeExclusive(width: Width, address: Value, value: Value): Value {
    if (width > 8) this.aligned(address, width / 8);
    const marked = this.op('eq', this.cell(this.at.exclusive, 8), address);
    const [version, expected] = [this.at.exclusiveVersion, this.at.exclusiveValue].map((cell) => this.cell(cell, 8));
    const stored = this.storeIf(marked, address, version, expected, value, width);
    this.clearExclusive();
    return this.xor(stored, this.const(1));
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
    this.setCell(this.at.exclusive, 8, this.const(NO_EXCLUSIVE));
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
