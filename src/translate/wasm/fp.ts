/**
 * Floating-point operations as WebAssembly functions over bit patterns, exact
 * in value and in accrued flags (IEEE 754-2019).
 *
 * Each function has a fast path of native operations for the common case
 * (round to nearest even, finite operands, a result in the normal range) and
 * leaves everything else to the exact implementation in JavaScript
 * (src/cpu/softfloat.ts) through the import `fp`. In that range only the
 * inexact flag can be raised; once it is set it stays set, so that only until
 * then the rounding error is computed: with fused multiply-add and Knuth's
 * TwoSum it is itself exact (Muller et al., Handbook of Floating-Point
 * Arithmetic, chapter 4).
 *
 * The function for (op, format) takes the operands as i64 bit patterns, then
 * the rounding mode (numbered as in RISC-V: 0 nearest even, 1 to zero, 2 down,
 * 3 up, 4 nearest, ties away), and gives the result's bits.
 */
import { FP_OPS, type FpFormat, type FpOpName, fpOpNumber } from '../../cpu/ir.ts';
import { TRANSLATOR } from '../../host/layout.ts';
import { Code, F32, F64, I32, I64, type ModuleEncoder, type ValType } from './encoder.ts';
import { access, call, choose, type Expr, f32, f64, get, giveBack, i32, i64, seq, set, when } from './expr.ts';

const I32_LOAD = 0x28;
const I32_STORE = 0x36;
const I64_LOAD = 0x29;
const I64_STORE = 0x37;

/** The flag bits, as RISC-V's fflags numbers them. */
const INEXACT = 1;
const zero = i32.const(0);

export class FpFunctions {
  private readonly functions = new Map<number, number>();
  private readonly slow: number;
  private readonly module: ModuleEncoder;
  private readonly flags: number;

  /**
   * @param module the module that gets the functions; must still accept imports
   * @param flags offset in the thread memory of the i32 that accrues the flags
   */
  constructor(module: ModuleEncoder, flags: number) {
    this.module = module;
    this.flags = flags;
    this.slow = module.importFunction('fp', module.type([I32, I32], [I32]));
  }

  /** The function's index; made at the first request. */
  index(op: FpOpName, format: FpFormat): number {
    const number = fpOpNumber(op, format);
    let index = this.functions.get(number);
    if (index === undefined) this.functions.set(number, (index = this.make(op, format)));
    return index;
  }

  private make(op: FpOpName, format: FpFormat): number {
    const count = FP_OPS[op];
    const params: ValType[] = Array(count + 1).fill(I64);
    const code = new Code();
    const rounding = i32.wrap(get(count));
    const type = this.module.type(params, [I64]);
    const first = params.length;
    const locals: ValType[] = [];
    if (format !== 16) {
      const T = format === 64 ? F64 : F32;
      // a b c as floats, then the result, two temporaries, two doubles for exactness checks of binary32
      locals.push(T, T, T, T, T, T, F64, F64);
      this.fastPath(op, format, first, rounding)?.(code);
    }
    for (let i = 0; i < count; i++) {
      access(I64_STORE, 0, TRANSLATOR.fpOperands + 8 * i, zero, get(i))(code);
    }
    const flags = access(I32_LOAD, 0, this.flags, zero);
    const raised = call(this.slow, i32.const(fpOpNumber(op, format)), rounding);
    // The import writes the result cell before it returns.
    access(I32_STORE, 0, this.flags, zero, i32.or(raised, flags))(code);
    access(I64_LOAD, 0, TRANSLATOR.fpResult, zero)(code);
    return this.module.addFunction(type, locals, code);
  }

  /** Code that returns if the operation is an easy one and falls through otherwise. */
  private fastPath(op: FpOpName, format: 32 | 64, first: number, rounding: Expr): Expr | undefined {
    const wide = format === 64;
    const F = wide ? f64 : f32;
    const toFloat = (bits: Expr) => (wide ? f64.reinterpret(bits) : f32.reinterpret(i32.wrap(bits)));
    const [A, B, C, R, X, Y, P, Q] = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => first + i);
    const [a, b, c, r, x, y, p, q] = [A, B, C, R, X, Y, P, Q].map(get);
    const load = (count: number) => seq(...[A, B, C].slice(0, count).map((local, i) => set(local, toFloat(get(i)))));

    // Bounds of the range in which nothing but inexact can happen, and of the narrower one in which errors are exact.
    const normal = F.const(wide ? 2 ** -1021 : 2 ** -125);
    const infinity = F.const(Number.POSITIVE_INFINITY);
    const small = F.const(wide ? 2 ** -900 : 2 ** -100);
    const large = F.const(wide ? 2 ** 900 : 2 ** 100);
    const isNormal = (v: Expr) => i32.and(F.ge(F.abs(v), normal), F.lt(F.abs(v), infinity));
    const isBounded = (v: Expr) => F.lt(F.abs(v), infinity);
    const isMedium = (v: Expr) => i32.and(F.ge(F.abs(v), small), F.le(F.abs(v), large));
    const isSmallish = (v: Expr) => F.le(F.abs(v), large);
    const isZero = (v: Expr) => F.eq(v, F.const(0));
    const both = i32.and;
    const either = i32.or;
    const nearest = i32.eqz(rounding);
    /** Nothing deviates from IEEE 754. */
    const usual = i32.lt_u(rounding, i32.const(8));

    const flagsCell = access(I32_LOAD, 0, this.flags, zero);
    const sticky = i32.and(flagsCell, i32.const(INEXACT));
    const raiseInexact = access(I32_STORE, 0, this.flags, zero, i32.or(flagsCell, i32.const(INEXACT)));
    const fused = i32.eq(access(I32_LOAD, 0, TRANSLATOR.fusedMultiplyAdd, zero), i32.const(1));
    const bitsOf = (v: Expr) => (wide ? i64.reinterpret(v) : i64.extend_u(i32.reinterpret(v)));
    const done = giveBack(bitsOf(r));

    /** Returns r; the inexact flag is raised unless `exact`, which is trusted only if `checkable`. */
    const finish = (easy: Expr, checkable: Expr, exact: Expr): Expr =>
      when(
        both(nearest, easy),
        seq(when(sticky, done), when(checkable, seq(when(i32.eqz(exact), raiseInexact), done))),
      );
    /** Error of r = u + v (TwoSum). */
    const sumError = (u: Expr, v: Expr) =>
      seq(set(X, F.sub(r, u)), set(Y, F.sub(r, x)), F.add(F.sub(u, y), F.sub(v, x)));
    const noError = (error: Expr) => isZero(error);

    switch (op) {
      case 'add':
      case 'sub': {
        const addend = op === 'add' ? b : F.neg(b);
        return seq(
          load(2),
          set(R, F.add(a, addend)),
          finish(isBounded(r), both(isSmallish(a), isSmallish(b)), noError(sumError(a, addend))),
        );
      }
      case 'mul': {
        const zeroProduct = either(isZero(a), isZero(b));
        const exact = wide
          ? noError(f64.madd(a, b, f64.neg(r)))
          : f64.eq(f64.mul(f64.promote(a), f64.promote(b)), f64.promote(r));
        const checkable = both(isMedium(r), both(isSmallish(a), isSmallish(b)));
        return seq(
          load(2),
          set(R, F.mul(a, b)),
          when(both(usual, both(isBounded(r), zeroProduct)), done),
          finish(isNormal(r), wide ? both(fused, checkable) : checkable, exact),
        );
      }
      case 'div': {
        const exact = wide
          ? noError(f64.madd(f64.neg(r), b, a))
          : f64.eq(f64.mul(f64.promote(r), f64.promote(b)), f64.promote(a));
        const checkable = both(isMedium(r), both(isMedium(a), isMedium(b)));
        return seq(
          load(2),
          set(R, F.div(a, b)),
          when(both(usual, both(isZero(a), both(isZero(r), isBounded(b)))), done),
          finish(isNormal(r), wide ? both(fused, checkable) : checkable, exact),
        );
      }
      case 'sqrt': {
        const exact = wide
          ? noError(f64.madd(f64.neg(r), r, a))
          : f64.eq(f64.mul(f64.promote(r), f64.promote(r)), f64.promote(a));
        return seq(
          load(1),
          set(R, F.sqrt(a)),
          when(isZero(a), done),
          finish(isNormal(r), wide ? both(fused, isMedium(a)) : isMedium(a), exact),
        );
      }
      case 'fma': {
        const medium = (v: Expr) => either(isMedium(v), isZero(v));
        const smallish = both(isSmallish(a), both(isSmallish(b), medium(c)));
        let exact: Expr;
        let checkable: Expr;
        if (wide) {
          // Exact if the product is and the sum is; undecided (left to the slow path) when only their sum is.
          checkable = seq(
            set(P, f64.mul(a, b)),
            set(Q, r),
            both(both(smallish, either(isMedium(p), either(isZero(a), isZero(b)))), isZero(f64.madd(a, b, f64.neg(p)))),
          );
          exact = noError(sumError(p, c));
        } else {
          // The product of two binary32 values is exact in binary64.
          checkable = seq(
            set(P, f64.mul(f64.promote(a), f64.promote(b))),
            set(Q, f64.add(p, f64.promote(c))),
            both(smallish, f64.eq(f64.sub(q, p), f64.promote(c))),
          );
          checkable = both(checkable, f64.eq(f64.sub(q, f64.promote(c)), p));
          exact = f64.eq(f64.promote(r), q);
        }
        return seq(load(3), when(fused, seq(set(R, F.madd(a, b, c)), finish(isNormal(r), checkable, exact))));
      }
      case 'min':
      case 'max':
      case 'minimum':
      case 'maximum': {
        const extreme = F[op.startsWith('min') ? 'min' : 'max'];
        const ordered = both(F.eq(a, a), F.eq(b, b));
        return seq(load(2), when(both(usual, ordered), giveBack(bitsOf(extreme(a, b)))));
      }
      case 'eq':
      case 'lt':
      case 'le':
      case 'ltq':
      case 'leq': {
        const compare = F[op === 'ltq' ? 'lt' : op === 'leq' ? 'le' : op];
        const ordered = both(F.eq(a, a), F.eq(b, b));
        return seq(load(2), when(both(usual, ordered), giveBack(i64.extend_u(compare(a, b)))));
      }
      case 'to32':
        if (!wide) return undefined;
        return this.narrow(set(P, f64.reinterpret(get(0))), p, nearest, sticky, raiseInexact);
      case 'to64': {
        if (wide) return undefined;
        return seq(load(1), when(both(usual, F.eq(a, a)), giveBack(i64.reinterpret(f64.promote(a)))));
      }
      case 'to_i32':
      case 'to_u32':
      case 'to_i64':
      case 'to_u64': {
        // In binary64, where every binary32 value is exact: round by the mode, convert if in range.
        const value = wide ? f64.reinterpret(get(0)) : f64.promote(f32.reinterpret(i32.wrap(get(0))));
        const isSigned = op === 'to_i32' || op === 'to_i64';
        const bits = op === 'to_i32' || op === 'to_u32' ? 32 : 64;
        const low = isSigned ? -(2 ** (bits - 1)) : 0;
        const high = isSigned ? 2 ** (bits - 1) : 2 ** bits;
        const rounded = choose(
          F64,
          i32.eq(rounding, i32.const(1)),
          f64.trunc(p),
          choose(F64, nearest, f64.nearest(p), choose(F64, i32.eq(rounding, i32.const(2)), f64.floor(p), f64.ceil(p))),
        );
        const inRange = both(f64.ge(q, f64.const(low)), f64.lt(q, f64.const(high)));
        const converted =
          bits === 64
            ? isSigned
              ? i64.trunc_sat.s(q)
              : i64.trunc_sat.u(q)
            : isSigned
              ? i64.extend_s(i32.trunc_sat.s(q))
              : i64.extend_s(i32.trunc_sat.u(q));
        return seq(
          set(P, value),
          when(
            i32.lt_u(rounding, i32.const(4)),
            seq(set(Q, rounded), when(inRange, seq(when(i32.eqz(f64.eq(p, q)), raiseInexact), giveBack(converted)))),
          ),
        );
      }
      case 'from_i32':
      case 'from_u32': {
        const convert = op === 'from_i32' ? 'i32' : 'u32';
        const value = f64.convert[convert](i32.wrap(get(0)));
        if (wide) return giveBack(i64.reinterpret(value));
        return this.narrow(set(P, value), p, nearest, sticky, raiseInexact);
      }
      case 'from_i64':
      case 'from_u64': {
        const isSigned = op === 'from_i64';
        const back = (v: Expr) => (isSigned ? i64.trunc_sat.s(v) : i64.trunc_sat.u(v));
        const asDouble = wide ? r : f64.promote(r);
        // Rounding up to 2^63 (2^64) saturates on the way back and could look exact.
        const inRange = f64.lt(asDouble, f64.const(isSigned ? 2 ** 63 : 2 ** 64));
        const exact = both(inRange, i64.eq(back(asDouble), get(0)));
        return seq(set(R, F.convert[isSigned ? 'i64' : 'u64'](get(0))), finish(i32.const(1), i32.const(1), exact));
      }
      default:
        return undefined;
    }
  }

  /** binary64 → binary32: P holds the value. Results in the subnormal range are left to the slow path. */
  private narrow(prepare: Expr, p: Expr, nearest: Expr, sticky: Expr, raiseInexact: Expr): Expr {
    const narrowed = f32.demote(p);
    const back = f64.promote(narrowed);
    const magnitude = f64.abs(back);
    const normal = i32.and(
      f64.ge(magnitude, f64.const(2 ** -125)),
      f64.lt(magnitude, f64.const(Number.POSITIVE_INFINITY)),
    );
    const easy = i32.or(normal, f64.eq(p, f64.const(0)));
    return seq(
      prepare,
      when(
        i32.and(nearest, easy),
        seq(
          when(i32.eqz(i32.or(f64.eq(back, p), sticky)), raiseInexact),
          giveBack(i64.extend_u(i32.reinterpret(narrowed))),
        ),
      ),
    );
  }
}
