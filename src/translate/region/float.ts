/**
 * Floating point inside regions: native operations where nothing but the
 * inexact flag can be raised and that is raised already; a test of the result
 * sends everything else to the cold tier's exact functions.
 *
 * `limit`, a local of the region, is LIMIT while floating point is easy (the
 * rounding mode to nearest even, inexact sticky) and 0 otherwise. Since the test
 * is "exponent below limit", one comparison covers both: of the highest word
 * without its sign, with one of `limits`, which are `limit` shifted to where the
 * exponent is. They are computed anew wherever flags and mode may have changed:
 * see {@link FloatLowering.reload}.
 *
 * Registers hold binary64 values; narrower ones are boxed in them (RISC-V
 * unprivileged ISA, section 21.2) and unboxed around each operation.
 */
import type { Architecture } from '../../cpu/arch.ts';
import { FP_OPS, type FpFormat, type FpOpName, type Value } from '../../cpu/ir.ts';
import { type Code, F32, F64, I32, I64, V128, type ValType } from '../wasm/encoder.ts';
import { access, type Expr, f32, f64, get, i32, i64, set } from '../wasm/expr.ts';
import type { Helpers } from '../wasm/helpers.ts';
import type { FpLanesValue, FpValue } from '../wasm/lower.ts';
import { THREAD } from '../wasm/memories.ts';
import { emitLanes } from './float-lanes.ts';
import { lane0Of } from './low-lanes.ts';

/** 0x7ff is the exponent of infinity; the result's exponent, less 2 where subnormals matter, must be below this. */
const LIMIT = 0x7fd;
/** At which bit of its highest word the exponent of a number begins when the sign is shifted out. */
export const EXPONENT = { 32: 24, 64: 21 } as const;
/** Above it, a mode says how an operation deviates. */
const HIGHEST_ROUNDING = 7;
const SIGN = 1n << 63n;
const MAGNITUDE = SIGN - 1n;

/** What the region gives to it. */
export interface FloatHost {
  readonly code: Code;
  readonly helpers: Helpers;
  readonly arch: Architecture;
  newLocal(type: ValType): number;
  /** A local that is nobody else's in the whole region. */
  addLocal(type: ValType): number;
  /** Pushes a value as i64 or i32. */
  emit(value: Value): void;
  /** The local, of type f64, of the floating-point register that a value reads; undefined if it reads no such. */
  floatLocal(value: Value): number | undefined;
  /** Pushes a binary32 pattern as f32. */
  emitSingle(value: Value): void;
  /** Pushes an f64 loaded from memory. */
  emitLoadDouble(value: Value & { kind: 'load' }): void;
  /** The local of a vector. */
  inLocal(value: Value): number;
  /** Pushes a vector whose lowest lane is right. */
  emitLane0(vector: Value, bits: 32 | 64): void;
  /** The local of the vector register that a value reads, if its low bits, so many, are right; undefined if it reads none. */
  lowLocal(value: Value, bits: number): number | undefined;
  /** Whether the value was computed before: it is in an i64 local. */
  isComputed(value: Value): boolean;
  /** Leaves as an illegal instruction if the dynamic rounding mode is none, unless that was tested before. */
  emitCheckMode(): void;
}

/** Operations on binary32 and binary64 that have a fast path here. */
const FAST: ReadonlySet<FpOpName> = new Set([
  'add',
  'sub',
  'mul',
  'div',
  'sqrt',
  'fma',
  'min',
  'max',
  'minimum',
  'maximum',
  'round',
  'roundx',
  'eq',
  'lt',
  'le',
  'ltq',
  'leq',
  'to32',
  'to64',
  'to_i32',
  'to_u32',
  'to_i64',
  'to_u64',
  'from_i32',
  'from_u32',
  'from_i64',
  'from_u64',
]);

interface Operand {
  readonly bits: Expr;
  readonly fast: Expr;
}

const COMPARISONS: ReadonlySet<FpOpName> = new Set(['eq', 'lt', 'le', 'ltq', 'leq']);

/** Comparisons for which each NaN is invalid, a quiet one too. */
const SIGNALING: ReadonlySet<FpOpName> = new Set(['lt', 'le']);

/** Operations whose result depends on the mode in most cases. */
const ROUNDS: ReadonlySet<FpOpName> = new Set(['add', 'sub', 'mul', 'div', 'sqrt', 'fma', 'to32']);

/** The opcodes after 0xfd of operations on vectors of binary32 and binary64; relaxed_madd is one (relaxed SIMD proposal). */
const PACKED: Partial<Record<FpOpName, readonly [number, number]>> = {
  add: [0xe4, 0xf0],
  sub: [0xe5, 0xf1],
  mul: [0xe6, 0xf2],
  fma: [0x105, 0x107],
};
const SPLAT = { 32: 0x13, 64: 0x14 } as const;

export class FloatLowering {
  private readonly host: FloatHost;
  private readonly limit: number;
  private readonly limits: Readonly<Record<32 | 64, number>>;
  private readonly fused: boolean;
  /** The first comparison of the present instruction, or of its last two operands, and its operands. */
  private compared: { value: FpValue; operands: readonly Operand[] } | undefined;

  /** @param fused whether the host's relaxed multiply-add rounds once */
  constructor(host: FloatHost, fused: boolean) {
    this.host = host;
    this.limit = host.addLocal(I32);
    this.limits = { 32: host.addLocal(I32), 64: host.addLocal(I32) };
    this.fused = fused;
  }

  startInstruction(): void {
    this.compared = undefined;
  }

  /** Computes `limit` from the cells. */
  reload(): void {
    const { code, arch } = this.host;
    const { offset, mask, value } = arch.floats?.easy ?? { offset: 0, mask: 0n, value: 1n };
    const easy = i64.eq(i64.and(access(0x29, THREAD, offset, i32.const(0)), i64.const(mask)), i64.const(value));
    code.i32(LIMIT).i32(0);
    easy(code);
    code.op(0x1b).localSet(this.limit);
    for (const format of [32, 64] as const) {
      set(this.limits[format], i32.shl(get(this.limit), i32.const(EXPONENT[format])))(code);
    }
  }

  /** Whether floating point is not easy. */
  get isHard(): Expr {
    return i32.eqz(get(this.limit));
  }

  /** Pushes a 64-bit value as f64, bit for bit. */
  emitDouble(value: Value): void {
    const { host } = this;
    const { code } = host;
    const local = host.floatLocal(value);
    if (local !== undefined) {
      code.localGet(local);
      return;
    }
    if (!host.isComputed(value)) {
      if (value.kind === 'load' && value.width === 64) {
        host.emitLoadDouble(value);
        return;
      }
      if (value.kind === 'fp' && resultFormat(value) === 64) {
        this.emitOperation(value);
        return;
      }
      if (value.kind === 'op' && this.emitSignOperation(value)) return;
      const vector = lane0Of(value, 64);
      if (vector !== undefined) {
        host.emitLane0(vector, 64);
        code.simd(0x21).byte(0);
        return;
      }
    }
    host.emit(value);
    code.op(0xbf);
  }

  /** Pushes a vector whose lowest lane is the result of an operation; false if the value is no such. */
  emitScalarVector(value: Value): boolean {
    const { host } = this;
    if (value.kind !== 'fp' || host.isComputed(value)) return false;
    const format = resultFormat(value);
    if (format === undefined) return false;
    const opcodes = PACKED[value.op];
    if (opcodes !== undefined && !this.isExactOnly(value)) this.emitPacked(value, opcodes);
    else {
      this.emitOperation(value);
      host.code.simd(SPLAT[format]);
    }
    return true;
  }

  /** The same by an operation on whole vectors: no operand has to be moved out of its register and the result back. */
  private emitPacked(value: FpValue, opcodes: readonly [number, number]): void {
    const { host } = this;
    const { code } = host;
    const format = value.format as 32 | 64;
    const isWide = format === 64;
    const operands = value.args.map((arg) => this.vectorOperand(arg, format));
    const r = host.newLocal(V128);
    for (const operand of operands) code.localGet(operand);
    code.simd(opcodes[isWide ? 1 : 0]).localSet(r);
    this.inRange(laneBits(r, isWide), isWide, value.op === 'add' || value.op === 'sub' ? 0 : 2)(code);
    code.op(0x45).unlikelyIf();
    const bits = operands.map((operand) => {
      const lane = laneBits(operand, isWide);
      return { bits: isWide ? lane : i64.extend_u(lane) };
    });
    this.emitSlow(value, bits, format);
    code.simd(SPLAT[format]).localSet(r).end();
    code.localGet(r);
  }

  /** A local whose lowest lane is a value. */
  private vectorOperand(value: Value, format: 32 | 64): number {
    const { host } = this;
    const { code } = host;
    const vector = host.isComputed(value) ? undefined : lane0Of(value, format);
    const register = vector && !host.isComputed(vector) ? host.lowLocal(vector, format) : undefined;
    if (register !== undefined) return register;
    const local = host.newLocal(V128);
    if (vector !== undefined) host.emitLane0(vector, format);
    else {
      if (format === 64) this.emitDouble(value);
      else host.emitSingle(value);
      code.simd(SPLAT[format]);
    }
    code.localSet(local);
    return local;
  }

  /** Pushes the result of an operation on lanes. */
  emitLanes(value: FpLanesValue): void {
    const { host, limit, limits, fused } = this;
    emitLanes(host, value, { limit, limits, fused, mode: modeOf(value.rounding), reload: () => this.reload() });
  }

  /** Pushes the result of an operation as the IR has it, bits or integer. */
  emit(value: FpValue): void {
    this.emitOperation(value);
    const format = resultFormat(value);
    if (format === 64) this.host.code.op(0xbd);
    else if (format === 32) this.host.code.op(0xbc).op(0xad);
  }

  /** Pushes the result as f32 if it is of that format. */
  emitSingleResult(value: FpValue): boolean {
    if (resultFormat(value) !== 32) return false;
    this.emitOperation(value);
    return true;
  }

  /** Sign injection as it comes from the rows: the magnitude of one register with the sign of another. */
  private emitSignOperation(value: Value & { kind: 'op' }): boolean {
    const { host } = this;
    const { code } = host;
    const [first, second] = value.args;
    if (value.op === 'xor' && isConst(second, SIGN)) {
      this.emitDouble(first);
      code.op(0x9a);
      return true;
    }
    const signOf = (v: Value): Value | undefined =>
      v.kind === 'op' && v.op === 'and' && isConst(v.args[1], SIGN) ? v.args[0] : undefined;
    const source = second && signOf(second);
    if (value.op === 'xor' && source !== undefined) {
      const same = host.floatLocal(source);
      if (same === undefined || same !== host.floatLocal(first)) return false;
      code.localGet(same).op(0x99);
      return true;
    }
    if (value.op !== 'or' || source === undefined) return false;
    if (first.kind !== 'op' || first.op !== 'and' || !isConst(first.args[1], MAGNITUDE)) return false;
    const magnitude = host.floatLocal(first.args[0]);
    const inverted = source.kind === 'op' && source.op === 'xor' && isConst(source.args[1], -1n);
    const sign = host.floatLocal(inverted ? source.args[0] : source);
    if (magnitude === undefined || sign === undefined) return false;
    code.localGet(magnitude);
    if (magnitude !== sign) {
      code.localGet(sign);
      if (inverted) code.op(0x9a);
      code.op(0xa6);
    } else if (inverted) code.op(0x9a);
    return true;
  }

  /** Whether an operation has no fast path. */
  private isExactOnly({ op, format, rounding }: FpValue): boolean {
    const mode = modeOf(rounding);
    const sameFormat = (op === 'to32' && format === 32) || (op === 'to64' && format === 64);
    return (
      format === 16 ||
      !FAST.has(op) ||
      sameFormat ||
      (op === 'fma' && !this.fused) ||
      (mode ?? 0) > HIGHEST_ROUNDING ||
      (ROUNDS.has(op) && (mode ?? 0) !== 0) ||
      (op.startsWith('round') && mode === 4)
    );
  }

  /** Leaves the result on the stack, of the type that {@link resultFormat} says, i64 otherwise. */
  private emitOperation(value: FpValue): void {
    const { op, format, args, rounding } = value;
    const { code } = this.host;
    const hard = this.isExactOnly(value);
    const known = hard ? undefined : this.comparedBefore(value);
    const operands = known ?? args.map((arg) => this.operand(arg, op.startsWith('from_') ? 'integer' : format, !hard));
    const result = resultFormat(value);
    const type = result === 64 ? F64 : result === 32 ? F32 : I64;
    const slow = () => this.emitSlow(value, operands, result);
    if (hard) {
      slow();
      return;
    }
    const r = this.host.newLocal(type);
    const mode = modeOf(rounding);
    const fullCheck = this.fastPath(
      op,
      format as 32 | 64,
      operands.map((o) => o.fast),
      r,
      mode,
    );
    // What NaNs raise is raised, and they are neither less nor equal.
    const check = known === undefined ? fullCheck : this.usualMode(mode);
    if (known === undefined && COMPARISONS.has(op)) this.compared = { value, operands };
    if (check !== undefined) {
      check(code);
      code.op(0x45).unlikelyIf();
      slow();
      code.localSet(r).end();
    }
    code.localGet(r);
  }

  /**
   * The operands of a comparison, if the present instruction has compared the same two before, whichever came first, and
   * has raised for them whatever this one raises.
   */
  private comparedBefore({ op, format, args }: FpValue): readonly Operand[] | undefined {
    const { compared } = this;
    if (compared === undefined || !COMPARISONS.has(op) || compared.value.format !== format) return undefined;
    if (SIGNALING.has(op) && !SIGNALING.has(compared.value.op)) return undefined;
    const [a, b] = compared.value.args;
    if (args[0] === a && args[1] === b) return compared.operands;
    return args[0] === b && args[1] === a ? compared.operands.toReversed() : undefined;
  }

  /** How to push an operand, as often as needed: as bits, and as a float where one is wanted. */
  private operand(value: Value, format: FpFormat | 'integer', fast: boolean): Operand {
    const { host } = this;
    const { code } = host;
    if (format === 'integer' || format === 16 || !fast) {
      const local = host.newLocal(I64);
      host.emit(value);
      code.localSet(local);
      return { bits: get(local), fast: get(local) };
    }
    if (format === 64) {
      let local = host.floatLocal(value);
      if (local === undefined) {
        local = host.newLocal(F64);
        this.emitDouble(value);
        code.localSet(local);
      }
      return { bits: i64.reinterpret(get(local)), fast: get(local) };
    }
    const local = host.newLocal(F32);
    host.emitSingle(value);
    code.localSet(local);
    return { bits: i64.extend_u(i32.reinterpret(get(local))), fast: get(local) };
  }

  /** The exact function; leaves the result as the fast path would. */
  private emitSlow(value: FpValue, operands: readonly { bits: Expr }[], result: 32 | 64 | undefined): void {
    const { host } = this;
    const { code } = host;
    const mode = modeOf(value.rounding);
    const isDynamic = mode === undefined || value.rounding.kind === 'op';
    const local = host.newLocal(I64);
    if (isDynamic) {
      host.emit(value.rounding);
      code.localSet(local);
      host.emitCheckMode();
    }
    for (const operand of operands.slice(0, FP_OPS[value.op])) operand.bits(code);
    if (isDynamic) code.localGet(local);
    else code.i64(BigInt(mode));
    code.call(host.helpers.fpIndex(value.op, value.format));
    if (result === 64) code.op(0xbf);
    else if (result === 32) code.op(0xa7).op(0xbe);
    this.reload();
  }

  /** Computes the result into local `r`; a condition that says whether it counts, undefined if it always does. */
  private fastPath(
    op: FpOpName,
    format: 32 | 64,
    operands: Expr[],
    r: number,
    mode: number | undefined,
  ): Expr | undefined {
    const { code } = this.host;
    const wide = format === 64;
    const F = wide ? f64 : f32;
    const [a, b, c] = operands;
    const compute = (value: Expr) => set(r, value)(code);
    const bits = wide ? i64.reinterpret(get(r)) : i32.reinterpret(get(r));
    switch (op) {
      case 'add':
      case 'sub':
        compute(F[op](a, b));
        return this.inRange(bits, wide, 0);
      case 'mul':
      case 'div':
        compute(F[op](a, b));
        return this.inRange(bits, wide, 2);
      case 'sqrt':
        compute(F.sqrt(a));
        return this.inRange(bits, wide, 2);
      case 'fma':
        compute(F.madd(a, b, c));
        return this.inRange(bits, wide, 2);
      case 'min':
      case 'max':
      case 'minimum':
      case 'maximum':
        compute(F[op.startsWith('min') ? 'min' : 'max'](a, b));
        return this.unless(mode, this.ordered(a, b, F));
      case 'eq':
      case 'lt':
      case 'le':
      case 'ltq':
      case 'leq':
        compute(i64.extend_u(F[op === 'ltq' ? 'lt' : op === 'leq' ? 'le' : op](a, b)));
        return this.unless(mode, this.ordered(a, b, F));
      case 'round':
      case 'roundx':
        compute([F.nearest, F.trunc, F.floor, F.ceil][mode ?? 0](a));
        return i32.and(F.eq(a, a), get(this.limit));
      case 'to32':
        compute(f32.demote(a));
        return this.inRange(i32.reinterpret(get(r)), false, 2);
      case 'to64':
        compute(f64.promote(a));
        return this.unless(mode, F.eq(a, a));
      case 'from_i32':
      case 'from_u32': {
        const integer = i32.wrap(a);
        const isSigned = op === 'from_i32';
        compute(F.convert[isSigned ? 'i32' : 'u32'](integer));
        if (wide) return this.usualMode(mode);
        const shifted = isSigned ? i32.add(integer, i32.const(2 ** 24)) : integer;
        return this.unlessExact(mode, i32.lt_u(shifted, i32.const((isSigned ? 2 ** 25 : 2 ** 24) + 1)));
      }
      case 'from_i64':
      case 'from_u64': {
        const isSigned = op === 'from_i64';
        compute(F.convert[isSigned ? 'i64' : 'u64'](a));
        const most = 1n << (wide ? 53n : 24n);
        const shifted = isSigned ? i64.add(a, i64.const(most)) : a;
        return this.unlessExact(mode, i64.lt_u(shifted, i64.const((isSigned ? 2n * most : most) + 1n)));
      }
      default:
        return this.toInteger(op, wide, a, r, mode);
    }
  }

  private toInteger(op: FpOpName, wide: boolean, a: Expr, r: number, mode: number | undefined): Expr {
    const { code } = this.host;
    const double = wide ? a : f64.promote(a);
    const rounded = this.host.newLocal(F64);
    // Only counts while the mode in the state is to nearest even.
    if (mode === 4) {
      set(r, i64.const(0))(code);
      return i32.const(0);
    }
    const round = [f64.nearest, f64.trunc, f64.floor, f64.ceil][mode ?? 0];
    set(rounded, round(double))(code);
    const isSigned = op === 'to_i32' || op === 'to_i64';
    const bits = op === 'to_i32' || op === 'to_u32' ? 32 : 64;
    const q = get(rounded);
    const low = isSigned ? -(2 ** (bits - 1)) : 0;
    const high = isSigned ? 2 ** (bits - 1) : 2 ** bits;
    const converted =
      bits === 32
        ? isSigned
          ? i64.extend_s(i32.trunc_sat.s(q))
          : i64.extend_s(i32.trunc_sat.u(q))
        : isSigned
          ? i64.trunc_sat.s(q)
          : i64.trunc_sat.u(q);
    set(r, converted)(code);
    const inRange = i32.and(f64.ge(q, f64.const(low)), f64.lt(q, f64.const(high)));
    // LIMIT is odd.
    return i32.and(inRange, get(this.limit));
  }

  /** The exponent of a result, given by its bits, less `least` is below the limit. */
  private inRange(bits: Expr, wide: boolean, least: number): Expr {
    const word = wide ? i32.wrap(i64.shr_u(bits, i64.const(32))) : bits;
    const unsigned = i32.shl(word, i32.const(1));
    const shifted = least === 0 ? unsigned : i32.sub(unsigned, i32.const(least << EXPONENT[wide ? 64 : 32]));
    return i32.lt_u(shifted, get(this.limits[wide ? 64 : 32]));
  }

  /**
   * A condition of an operation that is exact; but a dynamic rounding mode has to be one, and may say that operations
   * deviate: the limit is 0 unless it is the usual one, and odd then.
   */
  private unless(mode: number | undefined, condition: Expr): Expr {
    return mode === undefined ? i32.and(condition, get(this.limit)) : condition;
  }

  /** The same of an operation of which nothing else is to be tested. */
  private usualMode(mode: number | undefined): Expr | undefined {
    return mode === undefined ? get(this.limit) : undefined;
  }

  /**
   * A condition of a conversion: that it is exact, as it is of an integer of few bits and in every mode (floor and ceil of
   * RISC-V's C library are such conversions), or that floating point is easy.
   */
  private unlessExact(mode: number | undefined, isExact: Expr): Expr {
    if (mode === undefined) return get(this.limit);
    return mode === 0 ? i32.or(isExact, get(this.limit)) : isExact;
  }

  private ordered(a: Expr, b: Expr, F: typeof f64 | typeof f32): Expr {
    return i32.or(F.le(a, b), F.gt(a, b));
  }
}

/** The format of a result as it is left on the stack; undefined for integers, and bits of other formats, as i64. */
export function resultFormat({ op, format }: Pick<FpValue, 'op' | 'format'>): 32 | 64 | undefined {
  if (format === 16 || !FAST.has(op)) return undefined;
  if (op === 'to64' || op === 'to32') return op === 'to64' ? 64 : 32;
  if (op.startsWith('to_') || COMPARISONS.has(op)) return undefined;
  return format;
}

/** The bits of a vector's lowest lane, i64 or i32: as a float, V8 takes it out in one step. */
const laneBits = (local: number, isWide: boolean): Expr => {
  const lane: Expr = (code) =>
    code
      .localGet(local)
      .simd(isWide ? 0x21 : 0x1f)
      .byte(0);
  return isWide ? i64.reinterpret(lane) : i32.reinterpret(lane);
};

const isConst = (value: Value | undefined, wanted: bigint): boolean =>
  value?.kind === 'const' && BigInt.asUintN(64, value.value) === BigInt.asUintN(64, wanted);

/**
 * The rounding mode that an operation names; undefined for the dynamic one, which is in the state. With a mode of its own
 * an operation may still have the state's deviations: they are or'ed to it.
 */
export function modeOf(rounding: Value): number | undefined {
  if (rounding.kind === 'const') return Number(rounding.value);
  if (rounding.kind === 'cell') return undefined;
  if (rounding.kind === 'op' && rounding.op === 'or') return modeOf(rounding.args[1]);
  // To nearest even, which is 0, nothing is or'ed.
  if (rounding.kind === 'op' && rounding.op === 'and') return 0;
  if (rounding.kind === 'operand') return rounding.operand.value;
  // "7 means as the state says", see RiscvBuilder.rounding.
  if (rounding.kind === 'op' && rounding.op === 'select') {
    const [, dynamic, fixed] = rounding.args;
    if (fixed.kind === 'operand' && dynamic.kind === 'cell') {
      return fixed.operand.value === 7 ? undefined : fixed.operand.value;
    }
  }
  throw new Error('a rounding mode of unknown form');
}
