/**
 * What Arm has beside IEEE 754's operations: estimates of reciprocals and of reciprocal roots, good to eight bits, the
 * steps that refine them, and the multiplication they want (Arm ARM, shared/functions/float).
 *
 * As in softfloat.ts, values are bit patterns and flags accumulate.
 */
import {
  FINITE,
  Flag,
  type Format,
  INFINITE,
  type Layout,
  layoutOf,
  NAN,
  type RoundingMode,
  type Sign,
  SoftFloat,
  signed,
  unpack,
  ZERO,
} from './softfloat.ts';

/** What 0 × ∞ is for FMULX and the steps: no NaN, but what makes the estimate of 0 and ∞ stay. */
const undefinedProduct = (x: { kind: number }, y: { kind: number }): boolean =>
  (x.kind === ZERO && y.kind === INFINITE) || (x.kind === INFINITE && y.kind === ZERO);

/** The patterns of 1.5 and 2. */
const onePointFive = (f: Layout): bigint => f.infinity >> 1n;
const two = (f: Layout): bigint => onePointFive(f) + f.quietBit;

/** The pattern of binary32 that has the value of one of binary16; a signaling NaN stays one. */
function widened(a: bigint): bigint {
  const [f, to] = [layoutOf(16), layoutOf(32)];
  const x = unpack(f, a);
  const shift = to.fractionBitsBig - f.fractionBitsBig;
  if (x.kind === ZERO) return signed(to, x.sign, 0n);
  if (x.kind !== FINITE) return signed(to, x.sign, to.infinity | ((a & f.fractionMask) << shift));
  const exponent = BigInt(x.exp + f.fractionBits + (to.exponentMask >> 1));
  return signed(to, x.sign, ((exponent - 1n) << to.fractionBitsBig) + (x.sig << shift));
}

/** RecipEstimate of 256 to 511, in units of 1/512: 256 to 511, in units of 1/256. */
function reciprocal(a: number): number {
  return (Math.trunc(2 ** 19 / (2 * a + 1)) + 1) >> 1;
}

/** RecipSqrtEstimate of 128 to 511, in units of 1/512: 256 to 511, in units of 1/256. */
function reciprocalRoot(a: number): number {
  const middle = a < 256 ? 2 * a + 1 : 2 * (a | 1);
  let root = 512;
  while (middle * (root + 1) * (root + 1) < 2 ** 28) root++;
  return (root + 1) >> 1;
}

export class ReciprocalFloat extends SoftFloat {
  /** a × b, but 0 × ∞ is 2 (FPMulX). */
  mulx(fmt: Format, a: bigint, b: bigint, rm: RoundingMode): bigint {
    const f = layoutOf(fmt);
    const [x, y] = [unpack(f, a), unpack(f, b)];
    return undefinedProduct(x, y) ? signed(f, (x.sign ^ y.sign) as Sign, two(f)) : this.mul(fmt, a, b, rm);
  }

  /** a × b + c, rounded once, a and b being binary16 and c and the result binary32 (FPMulAddH). */
  fmaHalf(a: bigint, b: bigint, c: bigint, rm: RoundingMode): bigint {
    return this.fma(32, widened(a), widened(b), c, rm);
  }

  /** 2 − a × b, rounded once (FPRecipStepFused). */
  recps(fmt: Format, a: bigint, b: bigint, rm: RoundingMode): bigint {
    return this.step(fmt, a, b, rm, two(layoutOf(fmt)), 0);
  }

  /** (3 − a × b) / 2, rounded once (FPRSqrtStepFused). */
  rsqrts(fmt: Format, a: bigint, b: bigint, rm: RoundingMode): bigint {
    return this.step(fmt, a, b, rm, onePointFive(layoutOf(fmt)), 1);
  }

  /** addend − a × b / 2^halvings */
  private step(fmt: Format, a: bigint, b: bigint, rm: RoundingMode, addend: bigint, halvings: number): bigint {
    const f = layoutOf(fmt);
    const negated = a ^ f.signBit;
    const [x, y] = [unpack(f, negated), unpack(f, b)];
    if (x.kind === NAN || y.kind === NAN) return this.propagateNaN(fmt, [negated, b]);
    if (undefinedProduct(x, y)) return addend;
    const sign = (x.sign ^ y.sign) as Sign;
    if (x.kind === INFINITE || y.kind === INFINITE) return signed(f, sign, f.infinity);
    const kind = x.kind === ZERO || y.kind === ZERO ? ZERO : FINITE;
    const product = { kind, sign, exp: x.exp + y.exp - halvings, sig: x.sig * y.sig } as const;
    return this.sum(f, product, unpack(f, addend), rm);
  }

  /** An estimate of 1 / a (FPRecipEstimate). */
  recpe(fmt: Format, a: bigint, rm: RoundingMode): bigint {
    const f = layoutOf(fmt);
    const x = unpack(f, a);
    if (x.kind === NAN) return this.propagateNaN(fmt, [a]);
    if (x.kind === INFINITE) return signed(f, x.sign, 0n);
    if (x.kind === ZERO) {
      this.flags |= Flag.divideByZero;
      return signed(f, x.sign, f.infinity);
    }
    // |a| is 2^scale × 1.…; the format's bias is that of 1.
    const bias = f.exponentMask >> 1;
    const scale = x.exp + f.fractionBits;
    if (scale < -bias - 1) return this.overflow(f, x.sign, rm);
    if (scale >= bias - 1 && this.flushesResults(f)) {
      this.flags |= Flag.underflow;
      return signed(f, x.sign, 0n);
    }
    const estimate = reciprocal(Number(x.sig >> (f.fractionBitsBig - 8n)));
    // The estimate has its leading bit at 256, which stands for a half. Subnormal results lose bits.
    const exponent = bias - 1 - scale;
    const fraction = BigInt(estimate) << (f.fractionBitsBig - 8n);
    const bits =
      exponent > 0 ? (BigInt(exponent - 1) << f.fractionBitsBig) + fraction : fraction >> BigInt(1 - exponent);
    return signed(f, x.sign, bits);
  }

  /** An estimate of 1 / √a (FPRSqrtEstimate). */
  rsqrte(fmt: Format, a: bigint): bigint {
    const f = layoutOf(fmt);
    const x = unpack(f, a);
    if (x.kind === NAN) return this.propagateNaN(fmt, [a]);
    if (x.kind === ZERO) {
      this.flags |= Flag.divideByZero;
      return signed(f, x.sign, f.infinity);
    }
    if (x.sign === 1) return this.invalid(f);
    if (x.kind === INFINITE) return 0n;
    const bias = f.exponentMask >> 1;
    const scale = x.exp + f.fractionBits;
    // An even power of 2 apart: 128 to 255 stand for 1/4 to 1/2, 256 to 511 for 1/2 to 1.
    const isOdd = (scale & 1) !== 0;
    const scaled = Number(x.sig >> (f.fractionBitsBig - (isOdd ? 8n : 7n)));
    const estimate = BigInt(reciprocalRoot(scaled));
    const exponent = BigInt(bias - 1 - ((scale + (isOdd ? 1 : 2)) >> 1));
    return (exponent << f.fractionBitsBig) + (estimate << (f.fractionBitsBig - 8n));
  }

  /** A power of 2 whose product with a is near 1, of a's sign (FPRecpX). */
  recpx(fmt: Format, a: bigint): bigint {
    const f = layoutOf(fmt);
    if (unpack(f, a).kind === NAN) return this.propagateNaN(fmt, [a]);
    const exponent = a & f.infinity;
    const sign = a & f.signBit;
    return sign | (exponent === 0n ? f.infinity - f.leadingBit : f.infinity ^ exponent);
  }
}
