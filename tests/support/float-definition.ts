/**
 * Binary floating point by its definition, for tests: each exact result is a rational (or the root of one) that can be
 * compared with any n × 2^k; its two neighbours are found by binary search over the bit patterns, which are ordered as
 * their values, and the rounding mode chooses between them. And operands that prefer corners.
 */
import { Flag, type Format, Round, type RoundingMode, riscvArithmetic, SoftFloat } from '../../src/cpu/softfloat.ts';

export const SEED = Number(process.env.TSEMU_SEED ?? 754);
export const VECTORS = 3000;
export const FORMATS = [16, 32, 64] as const;

/** What finds operands near those that give a certain result; that it is right does not matter. */
const soft = new SoftFloat(riscvArithmetic);

// ---- The formats, by their definition (IEEE 754-2019, 3.4) ----

const shape = (exponentBits: number, fractionBits: number) => {
  const infinity = ((1n << BigInt(exponentBits)) - 1n) << BigInt(fractionBits);
  const bias = 2 ** (exponentBits - 1) - 1;
  return {
    fractionBits,
    bias,
    infinity,
    sign: 1n << BigInt(exponentBits + fractionBits),
    minNormal: 1n << BigInt(fractionBits),
    quiet: 1n << BigInt(fractionBits - 1),
    nan: infinity | (1n << BigInt(fractionBits - 1)),
  };
};
export const SHAPES = { 16: shape(5, 10), 32: shape(8, 23), 64: shape(11, 52) };

/** The value of a positive pattern as n × 2^k; the pattern of infinity counts as the number that would be next. */
function finiteValue(fmt: Format, pattern: bigint): { n: bigint; k: number } {
  const { fractionBits, bias, minNormal } = SHAPES[fmt];
  const exponent = Number(pattern / minNormal);
  const fraction = pattern % minNormal;
  if (exponent === 0) return { n: fraction, k: 1 - bias - fractionBits };
  return { n: minNormal + fraction, k: exponent - bias - fractionBits };
}

export function decode(fmt: Format, a: bigint) {
  const { sign, infinity, quiet } = SHAPES[fmt];
  const magnitude = a % sign;
  const isNan = magnitude > infinity;
  return {
    negative: a >= sign,
    isNan,
    isSignaling: isNan && (magnitude & quiet) === 0n,
    isInfinite: magnitude === infinity,
    isZero: magnitude === 0n,
    ...finiteValue(fmt, magnitude),
  };
}

/** The same value as a host number, through the host's own decoding. */
export function hostValue(fmt: Format, a: bigint): number {
  if (fmt === 64) return new Float64Array(BigUint64Array.of(a).buffer)[0];
  if (fmt === 32) return new Float32Array(Uint32Array.of(Number(a)).buffer)[0];
  return new Float16Array(Uint16Array.of(Number(a)).buffer)[0];
}

/** The pattern of a host number rounded to the format by the host; NaN is canonical. */
export function hostPattern(fmt: Format, x: number): bigint {
  if (Number.isNaN(x)) return SHAPES[fmt].nan;
  if (fmt === 64) return new BigUint64Array(Float64Array.of(x).buffer)[0];
  if (fmt === 32) return BigInt(new Uint32Array(Float32Array.of(Math.fround(x)).buffer)[0]);
  return BigInt(new Uint16Array(Float16Array.of(Math.f16round(x)).buffer)[0]);
}

// ---- Exact reals and their rounding, by definition (IEEE 754-2019, 4.3 and 7) ----

interface Real {
  readonly negative: boolean;
  readonly isZero: boolean;
  /** Sign of |this| − n × 2^k, for n ≥ 0. */
  readonly compare: (n: bigint, k: number) => number;
}

const shiftTo = (n: bigint, k: number, to: number): bigint => n << BigInt(k - to);
const order = (x: bigint, y: bigint): number => (x < y ? -1 : x > y ? 1 : 0);

/** num / den × 2^k, den > 0. */
export function quotient(num: bigint, den: bigint, k: number): Real {
  const magnitude = num < 0n ? -num : num;
  const compare = (n: bigint, at: number) => {
    const low = Math.min(k, at);
    return order(shiftTo(magnitude, k, low), shiftTo(n, at, low) * den);
  };
  return { negative: num < 0n, isZero: num === 0n, compare };
}

/** √(num × 2^k), num > 0, by squaring what it is compared with. */
function squareRoot(num: bigint, k: number): Real {
  return { negative: false, isZero: false, compare: (n, at) => quotient(num, 1n, k).compare(n * n, 2 * at) };
}

/** The largest pattern up to that of infinity whose value does not exceed |v|. */
export function patternBelow(fmt: Format, v: Real): bigint {
  let low = 0n;
  let high = SHAPES[fmt].infinity + 1n;
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    const { n, k } = finiteValue(fmt, middle);
    if (v.compare(n, k) >= 0) low = middle;
    else high = middle;
  }
  return low;
}

interface Neighbours {
  readonly below: bigint;
  readonly exact: boolean;
  /** Sign of |v| minus the midpoint between below and below + 1. */
  readonly side: number;
}

function neighbours(fmt: Format, v: Real): Neighbours {
  const below = patternBelow(fmt, v);
  const lower = finiteValue(fmt, below);
  const upper = finiteValue(fmt, below + 1n);
  const k = Math.min(lower.k, upper.k) - 1;
  const middle = (shiftTo(lower.n, lower.k, k) + shiftTo(upper.n, upper.k, k)) / 2n;
  return { below, exact: v.compare(lower.n, lower.k) === 0, side: v.compare(middle, k) };
}

/** Whether the neighbour of larger magnitude is the rounded result. */
function choosesUpper(rm: RoundingMode, negative: boolean, belowIsEven: boolean, side: number): boolean {
  switch (rm) {
    case Round.nearestEven:
      return side > 0 || (side === 0 && !belowIsEven);
    case Round.nearestAway:
      return side >= 0;
    case Round.towardZero:
      return false;
    case Round.down:
      return negative;
    case Round.up:
      return !negative;
    case Round.odd:
      return belowIsEven;
  }
}

const roundBetween = (rm: RoundingMode, negative: boolean, { below, exact, side }: Neighbours): bigint =>
  !exact && choosesUpper(rm, negative, below % 2n === 0n, side) ? below + 1n : below;

export interface Expected {
  readonly bits: bigint;
  readonly flags: number;
  /** Flags if tininess is judged before rounding, where they differ. */
  readonly flagsBefore?: number;
}

/** A function from rounding mode to result, so that the search is done once. */
export function rounded(
  fmt: Format,
  v: Real,
  zeroIsNegative: (rm: RoundingMode) => boolean,
): (rm: RoundingMode) => Expected {
  const { infinity, sign, minNormal } = SHAPES[fmt];
  if (v.isZero) return (rm) => ({ bits: zeroIsNegative(rm) ? sign : 0n, flags: 0 });
  const withSign = (bits: bigint) => (v.negative ? bits + sign : bits);
  const near = neighbours(fmt, v);
  if (near.below >= infinity) {
    // Too large whatever the rounding; which of the two comes out is a table of the standard (7.4).
    return (rm) => {
      const grows = rm === 0 || rm === 4 || rm === (v.negative ? 2 : 3);
      return { bits: withSign(grows ? infinity : infinity - 1n), flags: Flag.overflow | Flag.inexact };
    };
  }
  const min = finiteValue(fmt, minNormal);
  const isBelowNormal = v.compare(min.n, min.k) < 0;
  // With an unbounded exponent, rounding 4v is rounding v; below half the smallest normal number nothing rounds to it.
  const isFarBelow = v.compare(min.n, min.k - 1) < 0;
  const unbounded =
    isBelowNormal && !isFarBelow ? neighbours(fmt, { ...v, compare: (n, k) => v.compare(n, k - 2) }) : undefined;
  return (rm) => {
    if (near.exact) return { bits: withSign(near.below), flags: 0 };
    const bits = roundBetween(rm, v.negative, near);
    if (bits >= infinity) return { bits: withSign(bits), flags: Flag.overflow | Flag.inexact };
    const isTiny = unbounded ? roundBetween(rm, v.negative, unbounded) < 3n * minNormal : isFarBelow;
    return {
      bits: withSign(bits),
      flags: isTiny ? Flag.inexact | Flag.underflow : Flag.inexact,
      flagsBefore: isBelowNormal ? Flag.inexact | Flag.underflow : Flag.inexact,
    };
  };
}

/** |v| rounded to an integer, by the same choice; v = n × 2^k. */
export function roundedInteger(n: bigint, k: number, negative: boolean, rm: RoundingMode) {
  const v = quotient(n, 1n, k);
  const below = k >= 0 ? shiftTo(n, k, 0) : n / (1n << BigInt(-k));
  const exact = v.compare(below, 0) === 0;
  const upper = !exact && choosesUpper(rm, negative, below % 2n === 0n, v.compare(2n * below + 1n, -1));
  return { magnitude: upper ? below + 1n : below, exact };
}

// ---- The operations, by definition ----

export type Arith = 'add' | 'sub' | 'mul' | 'div' | 'sqrt' | 'fma';

export const HOST: Record<Arith, (x: number, y: number, z: number) => number> = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  sqrt: (x) => Math.sqrt(x),
  fma: (x, y, z) => x * y + z,
};

export function arithmetic(op: Arith, fmt: Format, args: readonly bigint[]): (rm: RoundingMode) => Expected {
  const { nan } = SHAPES[fmt];
  const operands = args.map((a) => decode(fmt, a));
  const [x, y, z] = operands;
  // Where an operand or the result is not a finite number, ±1 stands for every finite one and the host knows best.
  const [hx, hy, hz] = args.map((a) => hostValue(fmt, a)).map((h) => (Number.isFinite(h) ? Math.sign(h) : h));
  const result = HOST[op](hx, hy, hz);
  if (operands.some((o) => o.isNan)) {
    const undefinedProduct = op === 'fma' && ((x.isZero && y.isInfinite) || (x.isInfinite && y.isZero));
    return () => ({ bits: nan, flags: operands.some((o) => o.isSignaling) || undefinedProduct ? Flag.invalid : 0 });
  }
  if (operands.some((o) => o.isInfinite) || !Number.isFinite(result)) {
    const flags = Number.isNaN(result)
      ? Flag.invalid
      : op === 'div' && y.isZero && !x.isInfinite
        ? Flag.divideByZero
        : 0;
    return () => ({ bits: hostPattern(fmt, result), flags });
  }

  const signed = (o: { negative: boolean; n: bigint }) => (o.negative ? -o.n : o.n);
  const sumOf = (n1: bigint, k1: number, n2: bigint, k2: number) => {
    const k = Math.min(k1, k2);
    return quotient(shiftTo(n1, k1, k) + shiftTo(n2, k2, k), 1n, k);
  };
  // Of a zero sum: like signs keep their sign, unlike ones give +0, or −0 toward −∞ (6.3).
  const zeroSum = (s1: boolean, s2: boolean) => (rm: RoundingMode) => (s1 === s2 ? s1 : rm === Round.down);
  switch (op) {
    case 'add':
      return rounded(fmt, sumOf(signed(x), x.k, signed(y), y.k), zeroSum(x.negative, y.negative));
    case 'sub':
      return rounded(fmt, sumOf(signed(x), x.k, -signed(y), y.k), zeroSum(x.negative, !y.negative));
    case 'mul':
      return rounded(fmt, quotient(signed(x) * signed(y), 1n, x.k + y.k), () => x.negative !== y.negative);
    case 'div': {
      const num = y.negative ? -signed(x) : signed(x);
      return rounded(fmt, quotient(num, y.n, x.k - y.k), () => x.negative !== y.negative);
    }
    case 'sqrt':
      return rounded(fmt, x.isZero ? quotient(0n, 1n, 0) : squareRoot(x.n, x.k), () => x.negative);
    case 'fma': {
      const product = signed(x) * signed(y);
      return rounded(fmt, sumOf(product, x.k + y.k, signed(z), z.k), zeroSum(x.negative !== y.negative, z.negative));
    }
  }
}

// ---- Operands: a seeded stream that prefers corners ----

export class Corners {
  private state: number;
  readonly fmt: Format;

  constructor(fmt: Format, salt: string) {
    this.fmt = fmt;
    this.state = SEED >>> 0;
    for (const character of salt + fmt) this.state = (this.state * 31 + character.charCodeAt(0)) >>> 0;
    for (let i = 0; i < 8; i++) this.below(2);
  }

  /** An integer in [0, n), n ≤ 2^16. */
  below(n: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return Math.floor(((this.state >>> 8) / 2 ** 24) * n);
  }

  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)];
  }

  bits(count: number): bigint {
    let x = 0n;
    for (let i = 0; i < count; i += 8) x = (x << 8n) | BigInt(this.below(256));
    return BigInt.asUintN(count, x);
  }

  /** A fraction field: anything, few bits, long runs, the ends. */
  fraction(): bigint {
    const { fractionBits, minNormal } = SHAPES[this.fmt];
    const bit = () => 1n << BigInt(this.below(fractionBits));
    switch (this.below(6)) {
      case 0:
        return bit() | bit();
      case 1:
        return minNormal - bit();
      case 2:
        return bit() - 1n;
      case 3:
        return this.pick([0n, 1n, 2n, 3n, minNormal - 1n, minNormal - 2n, minNormal / 2n, minNormal / 2n + 1n]);
      case 4:
        return (this.bits(3) << BigInt(fractionBits - 3)) & (minNormal - 1n);
      default:
        return this.bits(fractionBits);
    }
  }

  sign(): bigint {
    return this.below(2) === 0 ? 0n : SHAPES[this.fmt].sign;
  }

  /** A finite number, of either sign, whose magnitude is about 2^exponent; subnormal or zero below the normal range. */
  near(exponent: number): bigint {
    const { bias, fractionBits, minNormal } = SHAPES[this.fmt];
    const biased = Math.min(exponent + bias, 2 * bias);
    if (biased > 0) return this.sign() | (BigInt(biased) * minNormal + this.fraction());
    return this.sign() | ((minNormal + this.fraction()) >> BigInt(Math.min(1 - biased, fractionBits + 2)));
  }

  /** The exponent of a pattern's leading bit. */
  exponentOf(a: bigint): number {
    const { n, k } = decode(this.fmt, a);
    return n.toString(2).length - 1 + k;
  }

  /** The pattern a few places away, of the same sign. */
  nudge(a: bigint): bigint {
    const { sign, infinity } = SHAPES[this.fmt];
    const magnitude = (a % sign) + BigInt(this.between(-2, 2));
    return (a & sign) | (magnitude < 0n ? 0n : magnitude > infinity ? infinity : magnitude);
  }

  any(): bigint {
    const { bias, infinity, quiet, sign, fractionBits } = SHAPES[this.fmt];
    switch (this.below(8)) {
      case 0:
        return this.pick(specials(this.fmt));
      case 1:
        return this.near(this.between(-3, 3));
      case 2:
        return this.near(this.between(-bias - fractionBits, 3 - bias));
      case 3:
        return this.near(this.between(bias - 2, bias));
      case 4:
        return this.sign() | (infinity + (this.below(8) ? 0n : this.pick([1n, quiet, quiet + 1n, quiet - 1n])));
      case 5:
        return this.sign() | this.bits(fractionBits);
      case 6:
        return this.near(this.between(-bias, bias));
      default:
        return this.sign() | (this.bits(this.fmt - 1) % sign);
    }
  }

  args(op: Arith): bigint[] {
    const { fmt } = this;
    const { bias, fractionBits, sign } = SHAPES[fmt];
    const p = fractionBits + 1;
    const a = this.any();
    if (this.below(3) === 0) return [a, this.any(), this.any()].slice(0, ARITY[op]);
    const target = this.pick([bias, bias, 0, -bias, 1 - bias, 1 - bias, -bias - p, -bias - p + 2, -bias - p / 2]);
    const wanted = Math.round(target) + this.between(-2, 2);
    const b = this.near(this.between(-Math.ceil(bias / 2), Math.floor(bias / 2)));
    switch (op) {
      case 'sqrt':
        return [this.below(2) ? this.nudge(soft.mul(fmt, b, b, 0)) : a % sign];
      case 'add':
      case 'sub':
        if (this.below(3) === 0) return [a, this.nudge(a ^ this.sign())];
        return [
          a,
          this.near(this.exponentOf(a) + this.pick([0, -1, -p, 1 - p, -p - 1, p, this.between(-p - 4, p + 4)])),
        ];
      case 'mul': {
        return [this.near(wanted - this.exponentOf(b)), b];
      }
      case 'div':
        return [this.below(3) ? this.near(wanted + this.exponentOf(b)) : soft.mul(fmt, this.near(0), b, 0), b];
      case 'fma': {
        const first = this.near(wanted - this.exponentOf(b));
        if (this.below(3) === 0) return [first, b, this.nudge(soft.mul(fmt, first, b, 0) ^ this.sign())];
        const distance = this.pick([0, -p, p, 2 * p, -2 * p, this.between(-2 * p - 8, 2 * p + 8)]);
        return [first, b, this.near(wanted + distance + this.between(-1, 1))];
      }
    }
  }
}

const ARITY: Record<Arith, number> = { add: 2, sub: 2, mul: 2, div: 2, sqrt: 1, fma: 3 };

/** One of every kind, both signs. */
export function specials(fmt: Format): bigint[] {
  const { infinity, minNormal, quiet, sign, bias } = SHAPES[fmt];
  const one = BigInt(bias) * minNormal;
  const positive = [0n, 1n, minNormal - 1n, minNormal, minNormal + 1n, one, one + 1n, one - 1n, one - minNormal];
  positive.push(
    one + minNormal + quiet,
    infinity - 1n,
    infinity,
    infinity + 1n,
    infinity + quiet,
    infinity + quiet + 5n,
  );
  return positive.flatMap((a) => [a, a + sign]);
}

/** Few of every kind, for operations with three operands. */
function fewSpecials(fmt: Format): bigint[] {
  const { infinity, minNormal, quiet, sign, bias } = SHAPES[fmt];
  const one = BigInt(bias) * minNormal;
  return [
    0n,
    sign,
    1n,
    minNormal,
    one,
    one + sign,
    infinity - 1n,
    infinity,
    infinity + sign,
    infinity + quiet,
    infinity + 1n,
  ];
}

export function vectors(op: Arith, fmt: Format, count = VECTORS): bigint[][] {
  const list = op === 'fma' ? fewSpecials(fmt) : specials(fmt);
  let all: bigint[][] = [[]];
  for (let i = 0; i < ARITY[op]; i++) all = all.flatMap((args) => list.map((a) => [...args, a]));
  const corners = new Corners(fmt, op);
  for (let i = 0; i < count; i++) all.push(corners.args(op));
  return all;
}

// ---- Comparison ----

export const show = (x: unknown): string => (typeof x === 'bigint' ? '0x' + x.toString(16) : JSON.stringify(x));

/** Runs an operation and compares result and flags; a plain comparison, since expect() is slow by the million. */
export function check(
  on: SoftFloat,
  what: string,
  args: readonly bigint[],
  run: () => unknown,
  want: unknown,
  flags: number,
) {
  on.flags = 0;
  const got = run();
  if (got === want && on.flags === flags) return;
  throw new Error(
    `${what}(${args.map(show).join(', ')}) is ${show(got)} with flags ${on.flags}, ` +
      `want ${show(want)} with flags ${flags}; seed ${SEED}`,
  );
}

export const ARITHMETIC = ['add', 'sub', 'mul', 'div', 'sqrt', 'fma'] as const;
