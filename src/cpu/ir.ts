/**
 * The intermediate representation: what an instruction's effect is made of.
 *
 * A row's effect calls a {@link Builder}, which records *values* (pure
 * expressions and reads of state) and *statements* (writes, jumps). Every
 * operation is a line of {@link OPS}; a back end is a record with one entry a
 * line, so one that forgets an operation does not compile.
 *
 *     b.setReg(o.rd, b.op('add', b.reg(o.rs1), b.reg(o.rs2)))
 *
 * Types are i64, i32 and v128; i32 also serves as truth value. Floating-point
 * values travel as bit patterns in i64, their format is an attribute of the
 * operation. A v128 is a vector of 128 bits, whose operations are in
 * vector-ops.ts.
 * Statements happen in order; a read sees the writes before it.
 */
import type { Operand } from './row.ts';
import { VECTOR_OPS } from './vector-ops.ts';

export type Type = 'i32' | 'i64' | 'v128';

/** Pure operations: argument types, result type. Names and meanings are WebAssembly's where it has them. */
export const OPS = {
  add: [['i64', 'i64'], 'i64'],
  sub: [['i64', 'i64'], 'i64'],
  mul: [['i64', 'i64'], 'i64'],
  and: [['i64', 'i64'], 'i64'],
  or: [['i64', 'i64'], 'i64'],
  xor: [['i64', 'i64'], 'i64'],
  /** Shift and rotate counts are taken modulo 64. */
  shl: [['i64', 'i64'], 'i64'],
  shr_s: [['i64', 'i64'], 'i64'],
  shr_u: [['i64', 'i64'], 'i64'],
  rotl: [['i64', 'i64'], 'i64'],
  rotr: [['i64', 'i64'], 'i64'],
  /** The low 32 bits rotated, by a count modulo 32; zero-extended. */
  rotr32: [['i64', 'i64'], 'i64'],
  clz: [['i64'], 'i64'],
  ctz: [['i64'], 'i64'],
  popcnt: [['i64'], 'i64'],
  extend8_s: [['i64'], 'i64'],
  extend16_s: [['i64'], 'i64'],
  extend32_s: [['i64'], 'i64'],
  /** The divisor must not be 0, nor -1 with the least dividend for div_s. */
  div_s: [['i64', 'i64'], 'i64'],
  div_u: [['i64', 'i64'], 'i64'],
  rem_s: [['i64', 'i64'], 'i64'],
  rem_u: [['i64', 'i64'], 'i64'],
  /** High 64 bits of the 128-bit product: both signed, both unsigned, first signed and second unsigned. */
  mulh_s: [['i64', 'i64'], 'i64'],
  mulh_u: [['i64', 'i64'], 'i64'],
  mulh_su: [['i64', 'i64'], 'i64'],
  /** Carry-less product, low and high 64 bits. */
  clmul: [['i64', 'i64'], 'i64'],
  clmulh: [['i64', 'i64'], 'i64'],
  /** Each 4-bit or 8-bit element of the second argument picks an element of the first; out of range gives 0. */
  xperm4: [['i64', 'i64'], 'i64'],
  xperm8: [['i64', 'i64'], 'i64'],
  eqz: [['i64'], 'i32'],
  eq: [['i64', 'i64'], 'i32'],
  ne: [['i64', 'i64'], 'i32'],
  lt_s: [['i64', 'i64'], 'i32'],
  lt_u: [['i64', 'i64'], 'i32'],
  ge_s: [['i64', 'i64'], 'i32'],
  ge_u: [['i64', 'i64'], 'i32'],
  /** A truth value as 0 or 1. */
  extend: [['i32'], 'i64'],
  /** The second argument if the first is true, else the third. */
  select: [['i32', 'i64', 'i64'], 'i64'],
  /**
   * Whether a condition code of Arm (first argument) holds. The flags N, Z, C, V as they are kept: N is the sign of the
   * second argument, Z whether the third is 0, C whether the fourth is not, V the sign of the fifth.
   */
  condition: [['i64', 'i64', 'i64', 'i64', 'i64'], 'i32'],
  ...VECTOR_OPS,
} as const satisfies Record<string, readonly [readonly Type[], Type]>;
export type OpName = keyof typeof OPS;

/**
 * Floating-point operations, done on bit patterns with the rounding mode as
 * last argument; all accrue their exceptions in the state. Operand count.
 *
 * Above the three bits of the rounding mode may stand how an operation deviates
 * from IEEE 754: the bits of `Deviation` (softfloat.ts).
 */
export const FP_OPS = {
  add: 2,
  sub: 2,
  mul: 2,
  div: 2,
  sqrt: 1,
  /** a * b + c with one rounding. */
  fma: 3,
  min: 2,
  max: 2,
  minimum: 2,
  maximum: 2,
  /** Of Arm: a * b, but zero times infinity is 2; 2 - a * b and (3 - a * b) / 2 with one rounding. */
  mulx: 2,
  /** fma whose factors are binary16, its attribute being the addend's and the result's format. */
  fma_half: 3,
  /** Of Arm: an addend of binary32 and two products of bfloat16, two in a word, with rules of their own; no flags. */
  bfdot: 3,
  recps: 2,
  rsqrts: 2,
  /** Estimates of 1 / a and of 1 over its root, and a power of 2 near the first. */
  recpe: 1,
  rsqrte: 1,
  recpx: 1,
  eq: 2,
  lt: 2,
  le: 2,
  ltq: 2,
  leq: 2,
  classify: 1,
  /** To a value of the same format; roundx raises inexact. */
  round: 1,
  roundx: 1,
  /** Between formats: the name is the destination, the attribute the source. */
  to16: 1,
  to32: 1,
  to64: 1,
  tobf16: 1,
  /** To integers, result extended to 64 bits as its type says (32-bit ones by sign). */
  to_i32: 1,
  to_u32: 1,
  to_i64: 1,
  to_u64: 1,
  /** Modulo 2^32 (fcvtmod.w.d). */
  to_i32_mod: 1,
  from_i32: 1,
  from_u32: 1,
  from_i64: 1,
  from_u64: 1,
  /** The same of numbers with a binary point, whose bits behind it (127 at most) are the second operand. */
  to_fixed_i16: 2,
  to_fixed_u16: 2,
  to_fixed_i32: 2,
  to_fixed_u32: 2,
  to_fixed_i64: 2,
  to_fixed_u64: 2,
  from_fixed_i32: 2,
  from_fixed_u32: 2,
  from_fixed_i64: 2,
  from_fixed_u64: 2,
} as const;
export type FpOpName = keyof typeof FP_OPS;
/** Those whose result has the operands' format: they exist on the lanes of vectors too. */
export type FpLanesOp = Exclude<
  FpOpName,
  `to${string}` | `from_${string}` | 'classify' | 'fma_half' | 'bfdot' | 'eq' | `l${string}`
>;
export type FpFormat = 16 | 32 | 64;
/** The slow path's numbering of operations: index here, times 3, plus the format's index. */
export const FP_OP_NAMES = Object.keys(FP_OPS) as FpOpName[];
export const FP_FORMATS: readonly FpFormat[] = [16, 32, 64];
export const fpOpNumber = (op: FpOpName, format: FpFormat): number =>
  FP_OP_NAMES.indexOf(op) * 3 + FP_FORMATS.indexOf(format);

export type AmoOp = 'swap' | 'add' | 'and' | 'or' | 'xor' | 'min_s' | 'max_s' | 'min_u' | 'max_u';
export type Width = 8 | 16 | 32 | 64;

/**
 * Why an instruction leaves translated code for JavaScript. `fence_i`: the code that this thread executes may have
 * changed; `invalidate`: code in TRANSLATOR.changedStart to changedEnd has, for all threads.
 */
export type Trap = 'syscall' | 'breakpoint' | 'illegal' | 'fence_i' | 'invalidate';

export type Value = { type: Type } & (
  | { kind: 'const'; value: bigint }
  /** A constant vector, unsigned. */
  | { kind: 'vector'; value: bigint }
  | { kind: 'op'; op: OpName; args: readonly Value[] }
  /** An operand's value as a signed or unsigned integer, as its encoding says. */
  | { kind: 'operand'; operand: Operand }
  /** `at` is the number of statements before the read: it sees those writes and no later ones. */
  | { kind: 'reg'; operand: Operand; at: number }
  /** A cell of the CPU state at a fixed offset; `bytes` 4 (zero-extended) or 8. */
  | { kind: 'cell'; offset: number; bytes: 4 | 8; at: number }
  /** Address of the instruction; `next` the one after it. */
  | { kind: 'pc' }
  | { kind: 'next' }
  /** Instructions executed so far, this one included. */
  | { kind: 'instructions' }
  | { kind: 'time' }
  /** 64 random bits of the host's, others for each computation. */
  | { kind: 'random' }
  | { kind: 'load'; address: Value; width: Width; signed: boolean }
  | { kind: 'load128'; address: Value }
  /** The first `count` bytes of a vector, 1, 2, 4, 8 or 16; the others are not defined. Nothing is read if it is 0. */
  | { kind: 'load_part'; address: Value; count: Value }
  /** Bytes of two vectors, picked by number: 0–15 of the first, 16–31 of the second. */
  | { kind: 'shuffle'; args: readonly [Value, Value]; lanes: readonly number[] }
  | { kind: 'amo'; op: AmoOp; address: Value; value: Value; width: Width }
  | { kind: 'cas'; address: Value; expected: Value; value: Value; width: Width }
  | { kind: 'cas_if'; condition: Value; address: Value; expected: Value; value: Value; width: Width }
  | { kind: 'version'; address: Value }
  | { kind: 'sc'; condition: Value; address: Value; version: Value; expected: Value; value: Value; width: Width }
  | { kind: 'fp'; op: FpOpName; format: FpFormat; args: readonly Value[]; rounding: Value }
  /** The same on each of the first `count` lanes of vectors; what the other lanes have is not defined. */
  | { kind: 'fp_lanes'; op: FpLanesOp; format: FpFormat; count: number; args: readonly Value[]; rounding: Value }
);

export type Statement =
  | { kind: 'setReg'; operand: Operand; value: Value }
  | { kind: 'setCell'; offset: number; bytes: 4 | 8; value: Value }
  | { kind: 'store'; address: Value; value: Value; width: Width }
  | { kind: 'store128'; address: Value; value: Value }
  /** Stores the first `count` bytes of a vector, 0, 1, 2, 4, 8 or 16. */
  | { kind: 'store_part'; address: Value; value: Value; count: Value }
  /** Computes a value for its effect alone, here and now. */
  | { kind: 'evaluate'; value: Value }
  /** Raises an illegal-instruction trap unless the condition holds; or has the instruction done again, `otherwise`. */
  | { kind: 'require'; condition: Value; otherwise: 'illegal' | 'contended' }
  /** Raises a misaligned-address trap unless the address is a multiple of `bytes`. */
  | { kind: 'aligned'; address: Value; bytes: number }
  | { kind: 'fence' }
  /** Leaves out so many statements unless the condition holds. They are no jumps where operands are known. */
  | { kind: 'skip'; unless: Value; count: number }
  /** The offset counts from `from` bytes behind the instruction's address. */
  | { kind: 'branch'; condition: Value; offset: Operand; from?: number }
  | { kind: 'jump'; offset: Operand }
  | { kind: 'jumpTo'; address: Value }
  | { kind: 'trap'; trap: Trap };

type Args<A extends readonly Type[]> = { [I in keyof A]: Value };

/** Records an effect. Architectures derive theirs, with the words of their manuals. */
export class Builder {
  readonly statements: Statement[] = [];

  const(value: bigint | number): Value {
    return { type: 'i64', kind: 'const', value: BigInt(value) };
  }
  op<N extends OpName>(op: N, ...args: Args<(typeof OPS)[N][0]>): Value {
    return { type: OPS[op][1], kind: 'op', op, args: args as readonly Value[] };
  }
  add(a: Value, b: Value): Value {
    return this.op('add', a, b);
  }
  sub(a: Value, b: Value): Value {
    return this.op('sub', a, b);
  }
  and(a: Value, b: Value): Value {
    return this.op('and', a, b);
  }
  or(a: Value, b: Value): Value {
    return this.op('or', a, b);
  }
  xor(a: Value, b: Value): Value {
    return this.op('xor', a, b);
  }
  not(a: Value): Value {
    return this.op('xor', a, this.const(-1n));
  }
  select(condition: Value, a: Value, b: Value): Value {
    return this.op('select', condition, a, b);
  }
  operand(operand: Operand): Value {
    return { type: 'i64', kind: 'operand', operand };
  }
  reg(operand: Operand): Value {
    return { type: 'i64', kind: 'reg', operand, at: this.statements.length };
  }
  setReg(operand: Operand, value: Value): void {
    this.statements.push({ kind: 'setReg', operand, value });
  }
  cell(offset: number, bytes: 4 | 8): Value {
    return { type: 'i64', kind: 'cell', offset, bytes, at: this.statements.length };
  }
  setCell(offset: number, bytes: 4 | 8, value: Value): void {
    this.statements.push({ kind: 'setCell', offset, bytes, value });
  }
  pc(): Value {
    return { type: 'i64', kind: 'pc' };
  }
  next(): Value {
    return { type: 'i64', kind: 'next' };
  }
  instructions(): Value {
    return { type: 'i64', kind: 'instructions' };
  }
  time(): Value {
    return { type: 'i64', kind: 'time' };
  }
  random(): Value {
    return this.now({ type: 'i64', kind: 'random' });
  }
  load(address: Value, width: Width, signed: boolean): Value {
    return this.now({ type: 'i64', kind: 'load', address, width, signed });
  }
  store(address: Value, value: Value, width: Width): void {
    this.statements.push({ kind: 'store', address, value, width });
  }
  /** A constant vector, of 128 bits. */
  vector(value: bigint): Value {
    return { type: 'v128', kind: 'vector', value: BigInt.asUintN(128, value) };
  }
  /** A register of 128 bits. */
  vectorReg(operand: Operand): Value {
    return { type: 'v128', kind: 'reg', operand, at: this.statements.length };
  }
  load128(address: Value): Value {
    return this.now({ type: 'v128', kind: 'load128', address });
  }
  store128(address: Value, value: Value): void {
    this.statements.push({ kind: 'store128', address, value });
  }
  loadPart(address: Value, count: Value): Value {
    return this.now({ type: 'v128', kind: 'load_part', address, count });
  }
  storePart(address: Value, value: Value, count: Value): void {
    this.statements.push({ kind: 'store_part', address, value, count });
  }
  shuffle(a: Value, b: Value, lanes: readonly number[]): Value {
    return { type: 'v128', kind: 'shuffle', args: [a, b], lanes };
  }
  /** Atomic read-modify-write; the value read, sign-extended. The address must be aligned: say {@link aligned} first. */
  amo(op: AmoOp, address: Value, value: Value, width: Width): Value {
    return this.now({ type: 'i64', kind: 'amo', op, address, value, width });
  }
  /** Atomic compare-and-swap; the value read, sign-extended. Operands are compared in `width` bits. */
  cas(address: Value, expected: Value, value: Value, width: Width): Value {
    return this.now({ type: 'i64', kind: 'cas', address, expected, value, width });
  }
  /** As {@link cas}, not made when the condition is false; 1 if the value was stored, else 0. */
  casIf(condition: Value, address: Value, expected: Value, value: Value, width: Width): Value {
    return this.now({ type: 'i64', kind: 'cas_if', condition, address, expected, value, width });
  }
  /**
   * A number that is another after each {@link storeIf} near the address, by any thread; odd during one.
   * Read it before the value that it belongs to.
   */
  version(address: Value): Value {
    return this.now({ type: 'i64', kind: 'version', address });
  }
  /**
   * As {@link casIf}, and only if the version of the address still is `version`, an even one. Testing it and storing are
   * one step as other threads see it.
   */
  storeIf(condition: Value, address: Value, version: Value, expected: Value, value: Value, width: Width): Value {
    return this.now({ type: 'i64', kind: 'sc', condition, address, version, expected, value, width });
  }
  fp(op: FpOpName, format: FpFormat, rounding: Value, ...args: Value[]): Value {
    return this.now({ type: 'i64', kind: 'fp', op, format, args, rounding });
  }
  /** An operation on each of the first `count` lanes; the others have to be cleared or ignored. */
  fpLanes(op: FpLanesOp, format: FpFormat, count: number, rounding: Value, ...args: Value[]): Value {
    return this.now({ type: 'v128', kind: 'fp_lanes', op, format, count, args, rounding });
  }
  require(condition: Value, otherwise: 'illegal' | 'contended' = 'illegal'): void {
    this.statements.push({ kind: 'require', condition, otherwise });
  }
  aligned(address: Value, bytes: number): void {
    this.statements.push({ kind: 'aligned', address, bytes });
  }
  fence(): void {
    this.statements.push({ kind: 'fence' });
  }
  branch(condition: Value, offset: Operand, from?: number): void {
    this.statements.push({ kind: 'branch', condition, offset, from });
  }
  jump(offset: Operand): void {
    this.statements.push({ kind: 'jump', offset });
  }
  jumpTo(address: Value): void {
    this.statements.push({ kind: 'jumpTo', address });
  }
  trap(trap: Trap): void {
    this.statements.push({ kind: 'trap', trap });
  }

  /** Pins a value to its place among the statements: it is computed there, once, whatever follows. */
  private now(value: Value): Value {
    this.statements.push({ kind: 'evaluate', value });
    return value;
  }
}
