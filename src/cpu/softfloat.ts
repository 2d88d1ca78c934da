/**
 * IEEE 754 arithmetic on binary16, binary32 and binary64, exact in every rounding mode and every flag: what the
 * translated code falls back to when the host's own operation cannot decide, and the definition of right for it.
 *
 *     const soft = new SoftFloat(riscvArithmetic);
 *     soft.div(64, 0x3ff0000000000000n, 0x4008000000000000n, Round.nearestEven); // 1/3: 0x3fd5555555555555n
 *     soft.flags; // Flag.inexact
 *
 * What holds in this file: a floating-point value is its bit pattern, an unsigned bigint of exactly the format's width
 * (NaN boxing and register width are the caller's). Every finite operation computes the exact result as
 * `sig × 2^exp`, with at most a sticky bit for an infinitely long tail, and rounds once, in `round`. Flags accumulate
 * in `flags` and are cleared by the caller alone. No operand makes an operation throw.
 *
 * Sources: IEEE 754-2019; RISC-V unprivileged manual, chapters F, D, Zfh and Zfa; Arm ARM, A1.5 and J1.3.
 */

/** Width of a binary interchange format in bits (IEEE 754-2019, 3.6). */
export type Format = 16 | 32 | 64;

/** A rounding direction, numbered like RISC-V's frm field (F extension, "Rounding mode encoding"); and Arm's to odd. */
export type RoundingMode = 0 | 1 | 2 | 3 | 4 | 5;

/** The rounding modes by name: RNE, RTZ, RDN, RUP and RMM; to the neighbour whose last bit is 1. */
export const Round = { nearestEven: 0, towardZero: 1, down: 2, up: 3, nearestAway: 4, odd: 5 } as const;

/** Exception flags, at the bit positions of RISC-V's fflags: NX, UF, OF, DZ and NV; and Arm's IDC. */
export const Flag = { inexact: 1, underflow: 2, overflow: 4, divideByZero: 8, invalid: 16, inputDenormal: 32 } as const;

/** What IEEE 754 leaves to the architecture. */
export interface Arithmetic {
  /**
   * True: every NaN result is the canonical quiet NaN with sign 0. False: an operand's NaN is propagated, made quiet: the
   * first signaling one, else the first (FPProcessNaNs), a fused multiply-add's addend coming first.
   */
  readonly defaultNaN: boolean;
  /** Whether "tiny", for the underflow flag, is judged on the exact or on the rounded result (IEEE 754-2019, 7.5). */
  readonly tininessBeforeRounding: boolean;
  /** Whether a NaN converted to an integer gives 0, not the largest integer. */
  readonly nanToZero: boolean;
  /** Whether the minimum or maximum of a number and a signaling NaN is the number (IEEE 754-2019), not a NaN (2008). */
  readonly numberOverSignaling: boolean;
}

/** How single operations deviate from IEEE 754, bits of {@link SoftFloat.deviations}: those of Arm's FPCR. */
export const Deviation = {
  /** FZ: subnormal operands and results of binary32 and binary64 are taken for zeros. */
  flush: 8,
  /** DN: NaN results are the default NaN. */
  defaultNaN: 16,
  /** FZ16: the same as FZ for binary16. */
  flushHalf: 32,
  /** AHP: binary16 has neither infinities nor NaNs, where it is converted from or to. */
  alternativeHalf: 64,
} as const;

/** RISC-V: canonical NaNs, tininess after rounding (F extension, "NaN Generation", "Subnormal Arithmetic"). */
export const riscvArithmetic: Arithmetic = {
  defaultNaN: true,
  tininessBeforeRounding: false,
  nanToZero: false,
  numberOverSignaling: true,
};

/** AArch64: the pseudocode of the Arm ARM's shared/functions/float. */
export const armArithmetic: Arithmetic = {
  defaultNaN: false,
  tininessBeforeRounding: true,
  nanToZero: true,
  numberOverSignaling: false,
};

/** The constants of one format. Patterns are those of the positive value. */
export interface Layout {
  /** Bits of the significand field; the precision p is one more. */
  readonly fractionBits: number;
  readonly fractionBitsBig: bigint;
  readonly fractionMask: bigint;
  /** The implicit leading bit of a normal significand, 2^(p-1). */
  readonly leadingBit: bigint;
  /** The biased exponent of infinity and NaN, all ones. */
  readonly exponentMask: number;
  /** log2 of the smallest subnormal: the last place of every result in the lowest binade. */
  readonly minExp: number;
  readonly signBit: bigint;
  readonly quietBit: bigint;
  readonly infinity: bigint;
  readonly defaultNaN: bigint;
}

function layout(width: number, exponentBits: number): Layout {
  const fractionBits = width - exponentBits - 1;
  const exponentMask = (1 << exponentBits) - 1;
  const leadingBit = 1n << BigInt(fractionBits);
  const quietBit = leadingBit >> 1n;
  const infinity = BigInt(exponentMask) * leadingBit;
  return {
    fractionBits,
    fractionBitsBig: BigInt(fractionBits),
    fractionMask: leadingBit - 1n,
    leadingBit,
    exponentMask,
    minExp: 2 - (1 << (exponentBits - 1)) - fractionBits,
    signBit: 1n << BigInt(width - 1),
    quietBit,
    infinity,
    defaultNaN: infinity | quietBit,
  };
}

const binary16 = layout(16, 5);
const binary32 = layout(32, 8);
const binary64 = layout(64, 11);

export const layoutOf = (fmt: Format): Layout => (fmt === 64 ? binary64 : fmt === 32 ? binary32 : binary16);

export const ZERO = 0;
export const FINITE = 1;
export const INFINITE = 2;
export const NAN = 3;

/** Not one of IEEE 754's: binary32 without the low half of its bits. */
export const bfloat16 = layout(16, 8);

export type Sign = 0 | 1;

/** An operand taken apart. FINITE: (-1)^sign × sig × 2^exp with sig of exactly p bits, subnormals normalized too. */
export interface Unpacked {
  readonly kind: typeof ZERO | typeof FINITE | typeof INFINITE | typeof NAN;
  readonly sign: Sign;
  readonly exp: number;
  readonly sig: bigint;
}

export function unpack(f: Layout, a: bigint): Unpacked {
  const high = Number(a >> f.fractionBitsBig);
  const biased = high & f.exponentMask;
  const sign = high > f.exponentMask ? 1 : 0;
  const fraction = a & f.fractionMask;
  if (biased === f.exponentMask) return { kind: fraction === 0n ? INFINITE : NAN, sign, exp: 0, sig: 0n };
  if (biased !== 0) return { kind: FINITE, sign, exp: biased - 1 + f.minExp, sig: fraction | f.leadingBit };
  if (fraction === 0n) return { kind: ZERO, sign, exp: 0, sig: 0n };
  const up = f.fractionBits + 1 - bitLength(fraction);
  return { kind: FINITE, sign, exp: f.minExp - up, sig: fraction << BigInt(up) };
}

const doubles = new Float64Array(1);
const words = new Uint32Array(doubles.buffer);

/** Bits needed for x > 0, x < 2^1000: read from the exponent of its double, which may have been rounded up to 2^n. */
function bitLength(x: bigint): number {
  doubles[0] = Number(x);
  const length = (words[1] >>> 20) - 1022;
  const powerOfTwo = words[0] === 0 && (words[1] & 0xfffff) === 0;
  return powerOfTwo && x >> BigInt(length - 1) === 0n ? length - 1 : length;
}

/**
 * floor(√x) for 0 < x < 2^1000, by one Newton step from the double's root, which is good to 52 bits. The step's result
 * is never below floor(√x): (g + x/g) / 2 ≥ √x for every g.
 */
function integerRoot(x: bigint): bigint {
  const guess = BigInt(Math.floor(Math.sqrt(Number(x))));
  let root = guess + (x - guess * guess) / (2n * guess);
  while (root * root > x) root--;
  return root;
}

/** sig / 2^dropped, dropped ≥ 0, rounded to an integer as the magnitude of a number of that sign (4.3). */
function shiftRounded(sig: bigint, dropped: number, sign: Sign, rm: RoundingMode): bigint {
  const shift = BigInt(dropped);
  const kept = sig >> shift;
  const rest = sig - (kept << shift);
  if (rest === 0n || rm === Round.towardZero) return kept;
  if (rm === Round.odd) return kept | 1n;
  if (rm === Round.down) return sign === 1 ? kept + 1n : kept;
  if (rm === Round.up) return sign === 0 ? kept + 1n : kept;
  const half = 1n << (shift - 1n);
  if (rest < half || (rest === half && rm === Round.nearestEven && (kept & 1n) === 0n)) return kept;
  return kept + 1n;
}

const isNan = (f: Layout, a: bigint): boolean => (a & ~f.signBit) > f.infinity;

const isSignaling = (f: Layout, a: bigint): boolean => isNan(f, a) && (a & f.quietBit) === 0n;

/** A number that orders the patterns of everything but NaNs as the values they stand for; ±0 are equal. */
const rank = (f: Layout, a: bigint): bigint => ((a & f.signBit) === 0n ? a : f.signBit - a);

/**
 * The operations. `fmt` is the format of operands and result, `rm` the rounding direction; operands and results are
 * bit patterns. Each operation raises its flags in `flags`.
 */
export class SoftFloat {
  /** The accrued exceptions, an OR of `Flag` bits; reset by the owner. */
  flags = 0;
  /** `Deviation` bits that the operations to come are done with. */
  deviations = 0;
  readonly rules: Arithmetic;

  constructor(rules: Arithmetic) {
    this.rules = rules;
  }

  /** a + b (IEEE 754-2019, 5.4.1). Invalid: ∞ − ∞. */
  add(fmt: Format, a: bigint, b: bigint, rm: RoundingMode): bigint {
    return this.addOrSubtract(fmt, a, b, rm, 0);
  }

  /** a − b (IEEE 754-2019, 5.4.1). Invalid: ∞ − ∞. */
  sub(fmt: Format, a: bigint, b: bigint, rm: RoundingMode): bigint {
    return this.addOrSubtract(fmt, a, b, rm, 1);
  }

  /** a × b (IEEE 754-2019, 5.4.1). Invalid: 0 × ∞. */
  mul(fmt: Format, a: bigint, b: bigint, rm: RoundingMode): bigint {
    const f = layoutOf(fmt);
    const x = unpack(f, a);
    const y = unpack(f, b);
    if (x.kind === NAN || y.kind === NAN) return this.propagateNaN(fmt, [a, b]);
    const sign = (x.sign ^ y.sign) as Sign;
    if (x.kind === FINITE && y.kind === FINITE) return this.round(f, sign, x.exp + y.exp, x.sig * y.sig, rm);
    if (x.kind === ZERO || y.kind === ZERO) {
      return x.kind === INFINITE || y.kind === INFINITE ? this.invalid(f) : signed(f, sign, 0n);
    }
    return signed(f, sign, f.infinity);
  }

  /** a ÷ b (IEEE 754-2019, 5.4.1). Invalid: 0 ÷ 0, ∞ ÷ ∞. Divide by zero: finite non-zero ÷ 0. */
  div(fmt: Format, a: bigint, b: bigint, rm: RoundingMode): bigint {
    const f = layoutOf(fmt);
    const x = unpack(f, a);
    const y = unpack(f, b);
    if (x.kind === NAN || y.kind === NAN) return this.propagateNaN(fmt, [a, b]);
    const sign = (x.sign ^ y.sign) as Sign;
    if (x.kind === FINITE && y.kind === FINITE) {
      // Significands of p bits each: the quotient has p + 2 or p + 3 bits before the sticky one.
      const up = f.fractionBits + 3;
      const dividend = x.sig << BigInt(up);
      const quotient = dividend / y.sig;
      const sticky = quotient * y.sig === dividend ? 0n : 1n;
      return this.round(f, sign, x.exp - y.exp - up - 1, (quotient << 1n) | sticky, rm);
    }
    if (x.kind === y.kind) return this.invalid(f);
    if (x.kind === ZERO || y.kind === INFINITE) return signed(f, sign, 0n);
    if (x.kind === FINITE) this.flags |= Flag.divideByZero;
    return signed(f, sign, f.infinity);
  }

  /** √a; √−0 is −0 (IEEE 754-2019, 5.4.1). Invalid: a < 0. */
  sqrt(fmt: Format, a: bigint, rm: RoundingMode): bigint {
    const f = layoutOf(fmt);
    const x = unpack(f, a);
    if (x.kind === NAN) return this.propagateNaN(fmt, [a]);
    if (x.kind === ZERO) return a;
    if (x.sign === 1) return this.invalid(f);
    if (x.kind === INFINITE) return a;
    // At least 2p + 3 bits under the root, so that the root has p + 2; an even exponent, so that it halves.
    const up = f.fractionBits + 4 + ((x.exp ^ f.fractionBits) & 1);
    const square = x.sig << BigInt(up);
    const root = integerRoot(square);
    const sticky = root * root === square ? 0n : 1n;
    return this.round(f, 0, (x.exp - up) / 2 - 1, (root << 1n) | sticky, rm);
  }

  /**
   * a × b + c, rounded once (IEEE 754-2019, 5.4.1). Invalid: 0 × ∞ even if c is a quiet NaN, as RISC-V and Arm require,
   * and ∞ − ∞.
   */
  fma(fmt: Format, a: bigint, b: bigint, c: bigint, rm: RoundingMode): bigint {
    const f = layoutOf(fmt);
    const x = unpack(f, a);
    const y = unpack(f, b);
    const z = unpack(f, c);
    const undefinedProduct = (x.kind === ZERO && y.kind === INFINITE) || (x.kind === INFINITE && y.kind === ZERO);
    if (x.kind === NAN || y.kind === NAN || z.kind === NAN) {
      const nan = this.propagateNaN(fmt, [c, a, b]);
      if (!undefinedProduct) return nan;
      // The addend is a NaN: a signaling one is propagated all the same.
      return isSignaling(f, c) && !this.usesDefaultNaN ? nan : this.invalid(f);
    }
    if (undefinedProduct) return this.invalid(f);
    const sign = (x.sign ^ y.sign) as Sign;
    if (x.kind === FINITE && y.kind === FINITE) {
      return this.sum(f, { kind: FINITE, sign, exp: x.exp + y.exp, sig: x.sig * y.sig }, z, rm);
    }
    const kind = x.kind === INFINITE || y.kind === INFINITE ? INFINITE : ZERO;
    return this.sum(f, { kind, sign, exp: 0, sig: 0n }, z, rm);
  }

  /** a of format `from`, rounded to format `to` (IEEE 754-2019, 5.4.2). Widening is exact. Invalid: signaling NaN. */
  convert(from: Format, to: Format, a: bigint, rm: RoundingMode): bigint {
    const f = layoutOf(to);
    if ((this.deviations & Deviation.alternativeHalf) !== 0) {
      if (from === 16) return this.fromAlternativeHalf(to, a, rm);
      if (to === 16) return this.toAlternativeHalf(from, a, rm);
    }
    const x = unpack(layoutOf(from), a);
    // Conversions to binary16 do not flush.
    if (x.kind === FINITE) return this.round(f, x.sign, x.exp, x.sig, rm, to !== 16);
    if (x.kind === NAN) return this.propagateNaN(from, [a], f);
    return signed(f, x.sign, x.kind === INFINITE ? f.infinity : 0n);
  }

  /** Where AHP is set, the largest exponent of binary16 is one like the others. */
  private fromAlternativeHalf(to: Format, a: bigint, rm: RoundingMode): bigint {
    const f = binary16;
    const isLarge = (a & f.infinity) === f.infinity;
    if (!isLarge) {
      const x = unpack(f, a);
      if (x.kind === FINITE) return this.round(layoutOf(to), x.sign, x.exp, x.sig, rm);
      return signed(layoutOf(to), x.sign, 0n);
    }
    const sign = (a & f.signBit) === 0n ? 0 : 1;
    return this.round(layoutOf(to), sign, f.exponentMask - 1 + f.minExp, (a & f.fractionMask) | f.leadingBit, rm);
  }

  private toAlternativeHalf(from: Format, a: bigint, rm: RoundingMode): bigint {
    const f = binary16;
    const x = unpack(layoutOf(from), a);
    const largest = f.signBit - 1n;
    if (x.kind === NAN || x.kind === INFINITE) {
      this.flags |= Flag.invalid;
      return signed(f, x.sign, x.kind === NAN ? 0n : largest);
    }
    if (x.kind === ZERO) return signed(f, x.sign, 0n);
    const last = Math.max(x.exp + bitLength(x.sig) - 1 - f.fractionBits, f.minExp);
    const dropped = last - x.exp;
    const kept = dropped > 0 ? shiftRounded(x.sig, dropped, x.sign, rm) : x.sig << BigInt(-dropped);
    const bits = (BigInt(last - f.minExp) << f.fractionBitsBig) + kept;
    if (bits > largest) {
      this.flags |= Flag.invalid;
      return signed(f, x.sign, largest);
    }
    if (dropped > 0 && kept << BigInt(dropped) !== x.sig) {
      this.flags |= Flag.inexact;
      if (x.exp + bitLength(x.sig) - 1 - f.fractionBits < f.minExp) this.flags |= Flag.underflow;
    }
    return signed(f, x.sign, bits);
  }

  /** A subnormal operand as a zero, where the deviations want that. */
  flushed(fmt: Format, a: bigint): bigint {
    const wanted = fmt === 16 ? Deviation.flushHalf : Deviation.flush;
    if ((this.deviations & wanted) === 0) return a;
    const f = layoutOf(fmt);
    const magnitude = a & ~f.signBit;
    if (magnitude === 0n || magnitude >= f.leadingBit) return a;
    if (fmt !== 16) this.flags |= Flag.inputDenormal;
    return a & f.signBit;
  }

  /**
   * a rounded to an integer of `width` bits, as its two's complement pattern, 0 ≤ result < 2^width (the caller extends
   * it to register width). NaN and +∞ give the largest integer, other values out of range the nearest one, with
   * invalid and not inexact (RISC-V F extension, FCVT.int.fmt). On Arm a NaN gives 0.
   *
   * @param fractionBits a is multiplied by 2^fractionBits first (Arm, FPToFixed)
   */
  toInt(fmt: Format, a: bigint, rm: RoundingMode, width: 16 | 32 | 64, isSigned: boolean, fractionBits = 0): bigint {
    const unscaled = unpack(layoutOf(fmt), a);
    const x = { ...unscaled, exp: unscaled.exp + (unscaled.kind === FINITE ? fractionBits : 0) };
    const least = isSigned ? -1n << BigInt(width - 1) : 0n;
    const most = (1n << BigInt(isSigned ? width - 1 : width)) - 1n;
    const value = x.kind === INFINITE || x.kind === NAN ? undefined : integral(x, rm);
    if (value === undefined || value < least || value > most) {
      this.flags |= Flag.invalid;
      if (x.kind === NAN && this.rules.nanToZero) return 0n;
      return BigInt.asUintN(width, x.kind !== NAN && x.sign === 1 ? least : most);
    }
    if (isFractional(x)) this.flags |= Flag.inexact;
    return BigInt.asUintN(width, value);
  }

  /**
   * a truncated, modulo 2^width: 0 ≤ result < 2^width; infinities and NaNs give 0. The flags are those of `toInt`,
   * toward zero and signed (RISC-V Zfa, FCVTMOD.W.D; JavaScript's ToInt32).
   */
  toIntModular(fmt: Format, a: bigint, width: 32 | 64): bigint {
    this.toInt(fmt, a, Round.towardZero, width, true);
    const x = unpack(layoutOf(fmt), a);
    return x.kind === INFINITE || x.kind === NAN ? 0n : BigInt.asUintN(width, integral(x, Round.towardZero));
  }

  /**
   * The mathematical integer `value` (negative ones too, |value| < 2^1000) over 2^fractionBits, rounded to the format; 0
   * gives +0.
   */
  fromInt(value: bigint, fmt: Format, rm: RoundingMode, fractionBits = 0): bigint {
    if (value === 0n) return 0n;
    const magnitude = value < 0n ? -value : value;
    return this.round(layoutOf(fmt), value < 0n ? 1 : 0, -fractionBits, magnitude, rm);
  }

  /**
   * a rounded to an integral value of the same format, with a's sign even if it is zero (IEEE 754-2019, 5.9). `exact`:
   * raise inexact if that changed the value (roundToIntegralExact, RISC-V FROUNDNX; without it, FROUND).
   */
  roundToInt(fmt: Format, a: bigint, rm: RoundingMode, exact: boolean): bigint {
    const f = layoutOf(fmt);
    const x = unpack(f, a);
    if (x.kind === NAN) return this.propagateNaN(fmt, [a]);
    if (!isFractional(x)) return a;
    if (exact) this.flags |= Flag.inexact;
    const value = integral(x, rm);
    // At most 2^(p-1): rounding it to the format is exact and raises nothing.
    return value === 0n ? signed(f, x.sign, 0n) : this.fromInt(value, fmt, rm);
  }

  /** The smaller operand, −0 < +0; a number rather than a NaN (RISC-V FMIN, IEEE 754-2019 minimumNumber). */
  minNum(fmt: Format, a: bigint, b: bigint): bigint {
    return this.extremum(fmt, a, b, true, true);
  }

  /** The larger operand, −0 < +0; a number rather than a NaN (RISC-V FMAX, IEEE 754-2019 maximumNumber). */
  maxNum(fmt: Format, a: bigint, b: bigint): bigint {
    return this.extremum(fmt, a, b, false, true);
  }

  /** The smaller operand, −0 < +0; NaN if either is (RISC-V Zfa FMINM, IEEE 754-2019 minimum). */
  minimum(fmt: Format, a: bigint, b: bigint): bigint {
    return this.extremum(fmt, a, b, true, false);
  }

  /** The larger operand, −0 < +0; NaN if either is (RISC-V Zfa FMAXM, IEEE 754-2019 maximum). */
  maximum(fmt: Format, a: bigint, b: bigint): bigint {
    return this.extremum(fmt, a, b, false, false);
  }

  /** a = b, quiet: only a signaling NaN is invalid (IEEE 754-2019, 5.6.1; RISC-V FEQ). */
  eq(fmt: Format, a: bigint, b: bigint): boolean {
    const f = layoutOf(fmt);
    return this.areOrdered(f, a, b, false) && rank(f, a) === rank(f, b);
  }

  /** a < b, signaling: any NaN is invalid (RISC-V FLT). */
  lt(fmt: Format, a: bigint, b: bigint): boolean {
    const f = layoutOf(fmt);
    return this.areOrdered(f, a, b, true) && rank(f, a) < rank(f, b);
  }

  /** a ≤ b, signaling: any NaN is invalid (RISC-V FLE). */
  le(fmt: Format, a: bigint, b: bigint): boolean {
    const f = layoutOf(fmt);
    return this.areOrdered(f, a, b, true) && rank(f, a) <= rank(f, b);
  }

  /** a < b, quiet (RISC-V Zfa FLTQ). */
  ltq(fmt: Format, a: bigint, b: bigint): boolean {
    const f = layoutOf(fmt);
    return this.areOrdered(f, a, b, false) && rank(f, a) < rank(f, b);
  }

  /** a ≤ b, quiet (RISC-V Zfa FLEQ). */
  leq(fmt: Format, a: bigint, b: bigint): boolean {
    const f = layoutOf(fmt);
    return this.areOrdered(f, a, b, false) && rank(f, a) <= rank(f, b);
  }

  /**
   * The class of a as one bit of ten (RISC-V FCLASS): from bit 0, −∞, negative normal, negative subnormal, −0, +0,
   * positive subnormal, positive normal, +∞, signaling NaN, quiet NaN. Raises nothing.
   */
  classify(fmt: Format, a: bigint): number {
    const f = layoutOf(fmt);
    const magnitude = a & ~f.signBit;
    if (magnitude > f.infinity) return isSignaling(f, a) ? 1 << 8 : 1 << 9;
    const size = magnitude === f.infinity ? 3 : magnitude >= f.leadingBit ? 2 : magnitude !== 0n ? 1 : 0;
    return a === magnitude ? 16 << size : 8 >> size;
  }

  /**
   * The result of an operation with a NaN among its operands (patterns of `fmt`, in the instruction's order); raises
   * invalid for signaling ones. `target` is the result's format, where it is not `fmt`: the sign and the highest bits of the
   * fraction are kept (FPConvertNaN).
   */
  protected propagateNaN(fmt: Format, operands: readonly bigint[], target = layoutOf(fmt)): bigint {
    const f = layoutOf(fmt);
    for (const a of operands) if (isSignaling(f, a)) this.flags |= Flag.invalid;
    if (this.usesDefaultNaN) return target.defaultNaN;
    const nan = operands.find((a) => isSignaling(f, a)) ?? operands.find((a) => isNan(f, a)) ?? f.defaultNaN;
    const shift = target.fractionBits - f.fractionBits;
    const fraction = nan & f.fractionMask;
    const moved = shift >= 0 ? fraction << BigInt(shift) : fraction >> BigInt(-shift);
    return signed(target, (nan & f.signBit) === 0n ? 0 : 1, target.defaultNaN | moved);
  }

  private get usesDefaultNaN(): boolean {
    return this.rules.defaultNaN || (this.deviations & Deviation.defaultNaN) !== 0;
  }

  /** The result of an invalid operation on operands that are not NaN (IEEE 754-2019, 7.2). */
  protected invalid(f: Layout): bigint {
    this.flags |= Flag.invalid;
    return f.defaultNaN;
  }

  private addOrSubtract(fmt: Format, a: bigint, b: bigint, rm: RoundingMode, negate: Sign): bigint {
    const f = layoutOf(fmt);
    const x = unpack(f, a);
    const y = unpack(f, b);
    if (x.kind === NAN || y.kind === NAN) return this.propagateNaN(fmt, [a, b]);
    return this.sum(f, x, { kind: y.kind, sign: (y.sign ^ negate) as Sign, exp: y.exp, sig: y.sig }, rm);
  }

  /** x + y rounded; neither is NaN, and finite significands have p to 2p bits. */
  protected sum(f: Layout, x: Unpacked, y: Unpacked, rm: RoundingMode): bigint {
    if (x.kind === INFINITE || y.kind === INFINITE) {
      if (x.kind === y.kind && x.sign !== y.sign) return this.invalid(f);
      return signed(f, x.kind === INFINITE ? x.sign : y.sign, f.infinity);
    }
    // A zero sum of terms of unlike sign is −0 toward −∞ and +0 otherwise (IEEE 754-2019, 6.3).
    const zeroSign = rm === Round.down ? 1 : 0;
    if (x.kind === ZERO) {
      if (y.kind === ZERO) return signed(f, x.sign === y.sign ? x.sign : zeroSign, 0n);
      return this.round(f, y.sign, y.exp, y.sig, rm);
    }
    if (y.kind === ZERO) return this.round(f, x.sign, x.exp, x.sig, rm);

    const high = x.exp >= y.exp ? x : y;
    const low = x.exp >= y.exp ? y : x;
    const gap = high.exp - low.exp;
    const highSig = high.sign === 1 ? -high.sig : high.sig;
    let exp = low.exp;
    let sum: bigint;
    if (gap > 2 * f.fractionBits + 5) {
      // The low term is less than an eighth of the high term's last place, and the result's last place is no lower
      // than half of that: a sticky bit three places down says all that matters about it.
      exp = high.exp - 3;
      sum = (highSig << 3n) + (low.sign === 1 ? -1n : 1n);
    } else {
      sum = (highSig << BigInt(gap)) + (low.sign === 1 ? -low.sig : low.sig);
    }
    if (sum === 0n) return signed(f, zeroSign, 0n);
    return sum < 0n ? this.round(f, 1, exp, -sum, rm) : this.round(f, 0, exp, sum, rm);
  }

  /**
   * Rounds (-1)^sign × sig × 2^exp, sig > 0, to the format and raises inexact, underflow and overflow. The last bit of
   * sig may be sticky, if sig has p + 2 bits or more. `flushes`: a subnormal result may become a zero.
   */
  protected round(f: Layout, sign: Sign, exp: number, sig: bigint, rm: RoundingMode, flushes = true): bigint {
    // Last place of the result: p − 1 below its leading bit, in the lowest binade and below it that of subnormals.
    const wanted = exp + bitLength(sig) - 1 - f.fractionBits;
    const last = Math.max(wanted, f.minExp);
    const dropped = last - exp;
    if (wanted < f.minExp && flushes && this.flushesResults(f)) {
      this.flags |= Flag.underflow;
      return signed(f, sign, 0n);
    }
    // Adding the significand, hidden bit included, to the exponent counts one up from subnormal to normal, and a
    // significand that rounds up to 2^p carries into the exponent.
    const base = BigInt(last - f.minExp) << f.fractionBitsBig;
    const kept = dropped > 0 ? shiftRounded(sig, dropped, sign, rm) : sig << BigInt(-dropped);
    const bits = base + kept;
    if (bits >= f.infinity) return this.overflow(f, sign, rm);
    if (dropped > 0 && kept << BigInt(dropped) !== sig) {
      this.flags |= Flag.inexact;
      if (wanted < f.minExp && this.isTiny(f, sign, sig, dropped, bits, rm)) this.flags |= Flag.underflow;
    }
    return signed(f, sign, bits);
  }

  protected flushesResults(f: Layout): boolean {
    return (this.deviations & (f === binary16 ? Deviation.flushHalf : Deviation.flush)) !== 0;
  }

  /**
   * Whether an inexact value below the smallest normal number, rounded to `bits`, is tiny. Judged after rounding it is
   * not if with an unbounded exponent, so with a place more, it would also round up to that number (7.5a).
   */
  private isTiny(f: Layout, sign: Sign, sig: bigint, dropped: number, bits: bigint, rm: RoundingMode): boolean {
    if (this.rules.tininessBeforeRounding || bits !== f.leadingBit) return true;
    return shiftRounded(sig, dropped - 1, sign, rm) < f.leadingBit << 1n;
  }

  /** Overflow's result: infinity, or the largest finite number if rounding is toward zero there (7.4). */
  protected overflow(f: Layout, sign: Sign, rm: RoundingMode): bigint {
    this.flags |= Flag.overflow | Flag.inexact;
    const stays = rm === Round.towardZero || rm === Round.odd || rm === (sign === 1 ? Round.up : Round.down);
    return signed(f, sign, stays ? f.infinity - 1n : f.infinity);
  }

  private extremum(fmt: Format, a: bigint, b: bigint, smaller: boolean, preferNumber: boolean): bigint {
    const f = layoutOf(fmt);
    const aIsNaN = isNan(f, a);
    const bIsNaN = isNan(f, b);
    if (aIsNaN || bIsNaN) {
      const isQuiet = !isSignaling(f, aIsNaN ? a : b);
      if (!preferNumber || (aIsNaN && bIsNaN)) return this.propagateNaN(fmt, [a, b]);
      if (!isQuiet && !this.rules.numberOverSignaling) return this.propagateNaN(fmt, [a, b]);
      if (!isQuiet) this.flags |= Flag.invalid;
      return aIsNaN ? b : a;
    }
    const difference = rank(f, a) - rank(f, b);
    // Of equals, only zeros can differ, and only in their sign.
    if (difference === 0n) return smaller ? a | b : a & b;
    return difference < 0n === smaller ? a : b;
  }

  /** False, and invalid raised where due, if a comparison is unordered. */
  private areOrdered(f: Layout, a: bigint, b: bigint, signaling: boolean): boolean {
    if (!isNan(f, a) && !isNan(f, b)) return true;
    if (signaling || isSignaling(f, a) || isSignaling(f, b)) this.flags |= Flag.invalid;
    return false;
  }
}

export function signed(f: Layout, sign: Sign, magnitude: bigint): bigint {
  return sign === 1 ? magnitude | f.signBit : magnitude;
}

/** Whether a ZERO, FINITE or INFINITE operand has bits below the binary point. */
function isFractional(x: Unpacked): boolean {
  return x.kind === FINITE && x.exp < 0 && (x.sig & ((1n << BigInt(-x.exp)) - 1n)) !== 0n;
}

/** A ZERO or FINITE operand rounded to an integer, of any size. */
function integral(x: Unpacked, rm: RoundingMode): bigint {
  const magnitude = x.exp >= 0 ? x.sig << BigInt(x.exp) : shiftRounded(x.sig, -x.exp, x.sign, rm);
  return x.sign === 1 ? -magnitude : magnitude;
}
