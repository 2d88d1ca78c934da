/**
 * SoftFloat against the definition (tests/support/float-definition.ts). Nothing is computed the implementation's way.
 * Results for nearest-even are also compared with the host's own arithmetic. Failures print the seed; TSEMU_SEED=n runs
 * another one.
 */
import { describe, expect, test } from 'vitest';
import {
  ARITHMETIC,
  type Arith,
  arithmetic,
  Corners,
  check,
  decode,
  type Expected,
  FORMATS,
  HOST,
  hostPattern,
  hostValue,
  patternBelow,
  quotient,
  rounded,
  roundedInteger,
  SEED,
  SHAPES,
  show,
  specials,
  VECTORS,
  vectors,
} from '../../tests/support/float-definition.ts';
import {
  armArithmetic,
  Deviation,
  Flag,
  type Format,
  Round,
  type RoundingMode,
  riscvArithmetic,
  SoftFloat,
} from './softfloat.ts';

const MODES = [0, 1, 2, 3, 4] as const;
const MODE_NAMES = ['rne', 'rtz', 'rdn', 'rup', 'rmm'];

const soft = new SoftFloat(riscvArithmetic);
const tinyBefore = new SoftFloat({ ...riscvArithmetic, tininessBeforeRounding: true });

function apply(on: SoftFloat, op: Arith, fmt: Format, [a, b, c]: readonly bigint[], rm: RoundingMode): bigint {
  if (op === 'sqrt') return on.sqrt(fmt, a, rm);
  return op === 'fma' ? on.fma(fmt, a, b, c, rm) : on[op](fmt, a, b, rm);
}

describe.each(FORMATS)('binary%i, by definition', (fmt) => {
  const { sign, infinity, minNormal } = SHAPES[fmt];

  test.each(ARITHMETIC)('%s', (op) => {
    for (const args of vectors(op, fmt)) {
      const expected = arithmetic(op, fmt, args);
      for (const rm of MODES) {
        const { bits, flags, flagsBefore } = expected(rm);
        const what = `${op}${fmt} ${MODE_NAMES[rm]}`;
        check(soft, what, args, () => apply(soft, op, fmt, args, rm), bits, flags);
        if (flagsBefore === undefined) continue;
        check(tinyBefore, what + ' tiny before', args, () => apply(tinyBefore, op, fmt, args, rm), bits, flagsBefore);
      }
    }
  });

  test.each(FORMATS)('convert to binary%i', (to) => {
    const corners = new Corners(fmt, 'convert' + to);
    const { bias, fractionBits } = SHAPES[to];
    for (let i = 0; i < 2 * VECTORS; i++) {
      // Half of them where the destination's range or precision ends.
      let a = corners.any();
      if (i % 4 === 0) a = corners.near(corners.between(-bias - fractionBits - 2, 2 - bias));
      if (i % 4 === 1) a = corners.near(corners.between(bias - 1, bias + 1));
      const x = decode(fmt, a);
      let expected: (rm: RoundingMode) => Expected;
      if (x.isNan) expected = () => ({ bits: SHAPES[to].nan, flags: x.isSignaling ? Flag.invalid : 0 });
      else if (x.isInfinite) expected = () => ({ bits: hostPattern(to, hostValue(fmt, a)), flags: 0 });
      else expected = rounded(to, quotient(x.negative ? -x.n : x.n, 1n, x.k), () => x.negative);
      for (const rm of MODES) {
        const { bits, flags, flagsBefore } = expected(rm);
        const what = `convert ${fmt} to ${to} ${MODE_NAMES[rm]}`;
        check(soft, what, [a], () => soft.convert(fmt, to, a, rm), bits, flags);
        if (flagsBefore === undefined) continue;
        check(tinyBefore, what + ' tiny before', [a], () => tinyBefore.convert(fmt, to, a, rm), bits, flagsBefore);
      }
    }
  });

  /** Operands about the integers: halves, the ends of the ranges, small and large. */
  function* aboutIntegers(salt: string): Generator<bigint> {
    yield* specials(fmt);
    const corners = new Corners(fmt, salt);
    for (let i = 0; i < VECTORS; i++) {
      const half = BigInt(corners.below(2 ** 12)) * 2n + 1n;
      yield corners.any();
      yield corners.near(corners.between(-3, 66));
      yield corners.nudge(corners.sign() | soft.fromInt(1n << BigInt(corners.pick([31, 32, 63, 64, 10, 23])), fmt, 1));
      yield corners.nudge(soft.mul(fmt, soft.fromInt(half, fmt, 0), corners.near(-1), 0));
      const quarters = soft.fromInt(BigInt(corners.below(64)), fmt, 0);
      yield corners.sign() | soft.div(fmt, quarters, soft.fromInt(4n, fmt, 0), 0);
    }
  }

  test.each([
    [32, true],
    [32, false],
    [64, true],
    [64, false],
  ] as const)('toInt: %i bits, signed: %s', (width, isSigned) => {
    const [least, most] = isSigned
      ? [-(2n ** BigInt(width - 1)), 2n ** BigInt(width - 1) - 1n]
      : [0n, 2n ** BigInt(width) - 1n];
    for (const a of aboutIntegers('toInt')) {
      const x = decode(fmt, a);
      for (const rm of MODES) {
        let want: bigint;
        let flags: number = Flag.invalid;
        if (x.isNan) want = most;
        else if (x.isInfinite) want = x.negative ? least : most;
        else {
          const { magnitude, exact } = roundedInteger(x.n, x.k, x.negative, rm);
          want = x.negative ? -magnitude : magnitude;
          if (want < least) want = least;
          else if (want > most) want = most;
          else flags = exact ? 0 : Flag.inexact;
        }
        const what = `toInt${fmt} ${isSigned ? 'i' : 'u'}${width} ${MODE_NAMES[rm]}`;
        const run = () => soft.toInt(fmt, a, rm, width, isSigned);
        check(soft, what, [a], run, want < 0n ? want + 2n ** BigInt(width) : want, flags);
      }
    }
  });

  test.each([32, 64] as const)('toIntModular: %i bits', (width) => {
    const modulus = 2n ** BigInt(width);
    for (const a of aboutIntegers('modular')) {
      const x = decode(fmt, a);
      soft.flags = 0;
      soft.toInt(fmt, a, Round.towardZero, width, true);
      const { flags } = soft;
      let want = 0n;
      if (!x.isNan && !x.isInfinite) {
        const { magnitude } = roundedInteger(x.n, x.k, x.negative, Round.towardZero);
        want = (((x.negative ? -magnitude : magnitude) % modulus) + modulus) % modulus;
      }
      check(soft, `toIntModular${fmt} ${width}`, [a], () => soft.toIntModular(fmt, a, width), want, flags);
      // JavaScript's own conversion is the same function (ECMA-262, ToInt32).
      if (width === 32) {
        const int32 = () => Number(soft.toIntModular(fmt, a, 32)) | 0;
        check(soft, `ToInt32 ${fmt}`, [a], int32, hostValue(fmt, a) | 0, flags);
      }
    }
  });

  test('roundToInt', () => {
    for (const a of aboutIntegers('roundToInt')) {
      const x = decode(fmt, a);
      for (const rm of MODES) {
        let want = a;
        let flags = 0;
        let isInexact = false;
        if (x.isNan) {
          want = SHAPES[fmt].nan;
          if (x.isSignaling) flags = Flag.invalid;
        } else if (!x.isInfinite) {
          const { magnitude, exact } = roundedInteger(x.n, x.k, x.negative, rm);
          const pattern = patternBelow(fmt, quotient(magnitude, 1n, 0));
          want = x.negative ? pattern + sign : pattern;
          isInexact = !exact;
        }
        const what = `roundToInt${fmt} ${MODE_NAMES[rm]}`;
        check(soft, what, [a], () => soft.roundToInt(fmt, a, rm, false), want, flags);
        check(
          soft,
          what + ' exact',
          [a],
          () => soft.roundToInt(fmt, a, rm, true),
          want,
          isInexact ? Flag.inexact : flags,
        );
      }
    }
  });

  test('fromInt', () => {
    const corners = new Corners(fmt, 'fromInt');
    const p = SHAPES[fmt].fractionBits + 1;
    for (let i = 0; i < 2 * VECTORS; i++) {
      let value = corners.bits(corners.between(1, 64));
      if (i % 4 === 1) value = (1n << BigInt(corners.between(0, 64))) + BigInt(corners.between(-2, 2));
      // A full significand, then half a place, give or take one.
      if (i % 4 === 2)
        value = (((corners.bits(p) | 1n) * 2n + 1n) << BigInt(corners.between(0, 10))) + BigInt(corners.between(-1, 1));
      if (i % 3 === 0) value = -value;
      const expected = rounded(fmt, quotient(value, 1n, 0), () => false);
      for (const rm of MODES) {
        const { bits, flags } = expected(rm);
        check(soft, `fromInt${fmt} ${MODE_NAMES[rm]}`, [value], () => soft.fromInt(value, fmt, rm), bits, flags);
      }
    }
  });

  test('minimum, maximum and comparisons', () => {
    const corners = new Corners(fmt, 'compare');
    const pairs = specials(fmt).flatMap((a) => specials(fmt).map((b) => [a, b]));
    for (let i = 0; i < VECTORS; i++) pairs.push(corners.args('sub'));
    for (const args of pairs) {
      const [a, b] = args;
      const [x, y] = [decode(fmt, a), decode(fmt, b)];
      const [hx, hy] = [hostValue(fmt, a), hostValue(fmt, b)];
      const quiet = x.isSignaling || y.isSignaling ? Flag.invalid : 0;
      const signaling = x.isNan || y.isNan ? Flag.invalid : 0;
      // Math.min and max are IEEE 754's minimum and maximum, signed zeros included.
      const [min, max] = [hostPattern(fmt, Math.min(hx, hy)), hostPattern(fmt, Math.max(hx, hy))];
      check(soft, `minimum${fmt}`, args, () => soft.minimum(fmt, a, b), min, quiet);
      check(soft, `maximum${fmt}`, args, () => soft.maximum(fmt, a, b), max, quiet);
      const number = x.isNan && !y.isNan ? b : y.isNan && !x.isNan ? a : undefined;
      check(soft, `minNum${fmt}`, args, () => soft.minNum(fmt, a, b), number ?? min, quiet);
      check(soft, `maxNum${fmt}`, args, () => soft.maxNum(fmt, a, b), number ?? max, quiet);
      check(soft, `eq${fmt}`, args, () => soft.eq(fmt, a, b), hx === hy, quiet);
      check(soft, `lt${fmt}`, args, () => soft.lt(fmt, a, b), hx < hy, signaling);
      check(soft, `le${fmt}`, args, () => soft.le(fmt, a, b), hx <= hy, signaling);
      check(soft, `ltq${fmt}`, args, () => soft.ltq(fmt, a, b), hx < hy, quiet);
      check(soft, `leq${fmt}`, args, () => soft.leq(fmt, a, b), hx <= hy, quiet);
    }
  });

  test('classify', () => {
    const corners = new Corners(fmt, 'classify');
    const all = specials(fmt);
    for (let i = 0; i < VECTORS; i++) all.push(corners.any());
    const smallestNormal = hostValue(fmt, minNormal);
    for (const a of all) {
      const h = hostValue(fmt, a);
      const size = h === 0 ? 0 : Math.abs(h) < smallestNormal ? 1 : Number.isFinite(h) ? 2 : 3;
      let bit = a >= sign ? 3 - size : 4 + size;
      if (Number.isNaN(h)) bit = decode(fmt, a).isSignaling ? 8 : 9;
      check(soft, `classify${fmt}`, [a], () => soft.classify(fmt, a), 1 << bit, 0);
    }
  });

  // Double rounding through binary64 is harmless for these operations: 53 ≥ 2 × 24 + 2.
  test.each(['add', 'sub', 'mul', 'div', 'sqrt'] as const)('%s agrees with the host to nearest even', (op) => {
    const corners = new Corners(fmt, 'host' + op);
    for (let i = 0; i < 4 * VECTORS; i++) {
      const args = i % 2 ? corners.args(op) : [corners.bits(fmt), corners.bits(fmt)];
      const [x, y] = args.map((a) => hostValue(fmt, a));
      const got = apply(soft, op, fmt, args, 0);
      const want = hostPattern(fmt, HOST[op](x, y, 0));
      if (got !== want)
        throw new Error(`${op}${fmt}(${args.map(show)}): ${show(got)}, host ${show(want)}; seed ${SEED}`);
    }
  });

  test('convert agrees with the host to nearest even', () => {
    const corners = new Corners(fmt, 'host convert');
    for (let i = 0; i < 4 * VECTORS; i++) {
      const a = i % 2 ? corners.any() : corners.bits(fmt);
      for (const to of FORMATS) {
        const [got, want] = [soft.convert(fmt, to, a, 0), hostPattern(to, hostValue(fmt, a))];
        if (got !== want)
          throw new Error(`convert ${fmt} to ${to} ${show(a)}: ${show(got)}, host ${show(want)}; seed ${SEED}`);
      }
    }
  });

  test('the specials are what they are called', () => {
    expect(hostValue(fmt, infinity)).toBe(Infinity);
    expect(hostPattern(fmt, 1)).toBe(BigInt(SHAPES[fmt].bias) * minNormal);
  });
});

describe('by hand', () => {
  const run = (on: SoftFloat, f: () => unknown) => {
    on.flags = 0;
    return [f(), on.flags];
  };

  test('one third', () => {
    expect(run(soft, () => soft.div(32, 0x3f800000n, 0x40400000n, 0))).toEqual([0x3eaaaaabn, Flag.inexact]);
    expect(run(soft, () => soft.div(64, 0x3ff0000000000000n, 0x4008000000000000n, 3))).toEqual([
      0x3fd5555555555556n,
      Flag.inexact,
    ]);
  });

  test('tininess is judged after rounding, or before', () => {
    // 2^-126 − 2^-152 rounds up to 2^-126, also with an unbounded exponent.
    const args = [0x0d800000n, 0xa5800000n, 0x00800000n] as const;
    expect(run(soft, () => soft.fma(32, ...args, 0))).toEqual([0x00800000n, Flag.inexact]);
    expect(run(tinyBefore, () => tinyBefore.fma(32, ...args, 0))).toEqual([0x00800000n, Flag.inexact | Flag.underflow]);
    // 2^-126 × (1 − 2^-24) does not: there it is representable.
    const both = [0x00800000n, Flag.inexact | Flag.underflow];
    expect(run(soft, () => soft.mul(32, 0x00800000n, 0x3f7fffffn, 0))).toEqual(both);
    expect(run(tinyBefore, () => tinyBefore.mul(32, 0x00800000n, 0x3f7fffffn, 0))).toEqual(both);
  });

  test('∞ × 0 + NaN is invalid, quiet NaN or not', () => {
    expect(run(soft, () => soft.fma(32, 0x7f800000n, 0n, 0x7fc00000n, 0))).toEqual([0x7fc00000n, Flag.invalid]);
    expect(run(soft, () => soft.fma(32, 0x3f800000n, 0n, 0xffc12345n, 0))).toEqual([0x7fc00000n, 0]);
  });

  test('an fma rounds once', () => {
    // (1 + 2^-52)² − (1 + 2^-51) = 2^-104
    const x = 0x3ff0000000000001n;
    expect(run(soft, () => soft.fma(64, x, x, 0xbff0000000000002n, 0))).toEqual([0x3970000000000000n, 0]);
  });

  test('conversions to integers out of range', () => {
    const minusHalf = 0xbfe0000000000000n;
    expect(run(soft, () => soft.toInt(64, minusHalf, Round.towardZero, 32, false))).toEqual([0n, Flag.inexact]);
    expect(run(soft, () => soft.toInt(64, minusHalf, Round.down, 32, false))).toEqual([0n, Flag.invalid]);
    expect(run(soft, () => soft.toInt(64, minusHalf, Round.down, 32, true))).toEqual([0xffffffffn, Flag.inexact]);
    expect(run(soft, () => soft.toInt(64, 0xfff8000000000000n, 0, 32, true))).toEqual([0x7fffffffn, Flag.invalid]);
    expect(run(soft, () => soft.toInt(64, 0xfff0000000000000n, 0, 64, true))).toEqual([1n << 63n, Flag.invalid]);
  });

  test('fcvtmod.w.d', () => {
    const pattern = (x: number) => hostPattern(64, x);
    expect(run(soft, () => soft.toIntModular(64, pattern(2 ** 32 + 5.5), 32))).toEqual([5n, Flag.invalid]);
    expect(run(soft, () => soft.toIntModular(64, pattern(-1.5), 32))).toEqual([0xffffffffn, Flag.inexact]);
    expect(run(soft, () => soft.toIntModular(64, pattern(-(2 ** 31) - 0.5), 32))).toEqual([0x80000000n, Flag.inexact]);
    expect(run(soft, () => soft.toIntModular(64, pattern(2 ** 84 + 2 ** 32), 32))).toEqual([0n, Flag.invalid]);
    expect(run(soft, () => soft.toIntModular(64, pattern(Infinity), 32))).toEqual([0n, Flag.invalid]);
  });

  test('flags accumulate until their owner clears them', () => {
    soft.flags = 0;
    soft.div(16, 0x3c00n, 0n, 0);
    soft.sqrt(16, 0xbc00n, 0);
    expect(soft.flags).toBe(Flag.divideByZero | Flag.invalid);
  });

  test('Arm propagates the first signaling NaN, else the first NaN, made quiet', () => {
    const arm = new SoftFloat(armArithmetic);
    expect(arm.add(32, 0x7fc00001n, 0xffa00002n, 0)).toBe(0xffe00002n);
    expect(arm.flags).toBe(Flag.invalid);
    expect(arm.mul(32, 0x7fc00001n, 0xffc00002n, 0)).toBe(0x7fc00001n);
    expect(arm.fma(32, 0x7fc00001n, 0x3f800000n, 0xffc00002n, 0)).toBe(0xffc00002n);
    expect(arm.convert(64, 32, 0xfff4_0000_2000_0000n, 0)).toBe(0xffe00001n);
    arm.deviations = Deviation.defaultNaN;
    expect(arm.mul(32, 0xffc00001n, 0n, 0)).toBe(0x7fc00000n);
  });
});

test('binary16: every root and every rounding to an integer', () => {
  for (let a = 0n; a < 0x10000n; a++) {
    const h = hostValue(16, a);
    if (soft.sqrt(16, a, 0) !== hostPattern(16, Math.sqrt(h))) throw new Error(`sqrt16(${show(a)})`);
    if (soft.roundToInt(16, a, 1, true) !== hostPattern(16, Math.trunc(h))) throw new Error(`trunc16(${show(a)})`);
    if (soft.roundToInt(16, a, 2, true) !== hostPattern(16, Math.floor(h))) throw new Error(`floor16(${show(a)})`);
    if (soft.roundToInt(16, a, 3, true) !== hostPattern(16, Math.ceil(h))) throw new Error(`ceil16(${show(a)})`);
  }
});
