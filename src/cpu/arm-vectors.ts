/** What the Advanced SIMD instructions of A64 and those of A32 and T32 compute, as far as {@link Lanes} has no word for it. */
import type { ArmBuilder } from './arm-builder.ts';
import type { Lanes, Sign } from './arm-lanes.ts';
import type { FpLanesOp, Value } from './ir.ts';

/** The polynomial product's low byte, of bytes. */
export const polynomial = (l: Lanes, n: Value, m: Value): Value => {
  let product = l.zero;
  for (let bit = 0; bit < 8; bit++) {
    const mask = l.every(1 << bit);
    product = l.xor(product, l.and(l.shl(n, bit), l.eq(l.and(m, mask), mask)));
  }
  return product;
};
/** The high half of twice the product; the only one too large is that of the least numbers. */
export const doubledHigh = (l: Lanes, n: Value, m: Value, rounds: boolean): Value => {
  const wide = l.of(2 * l.bits);
  const part = (half: 'low' | 'high') => {
    const product = l.product('s', half, n, m);
    const sum = rounds ? wide.add(product, wide.every(1n << BigInt(l.bits - 2))) : product;
    return wide.clamped('s', 's', wide.shr('s', sum, l.bits - 1));
  };
  l.saturates(l.and(l.eq(n, l.least), l.eq(m, l.least)));
  return wide.halves('low', part('high'), wide.halves('low', part('low')));
};

/** SQDMULL: twice the product, which is too large if both factors are the least number. */
export const doubledProduct = (l: Lanes, half: 'low' | 'high', n: Value, m: Value): Value => {
  const { wide } = l;
  const product = l.product('s', half, n, m);
  const doubled = wide.add(product, product);
  const isTooLarge = wide.eq(doubled, wide.least);
  wide.saturates(isTooLarge);
  return wide.add(doubled, isTooLarge);
};

/** Of bytes: for each bit of m that is set, n shifted by its number. */
export function polynomialProduct(l: Lanes, half: 'low' | 'high', n: Value, m: Value): Value {
  const { wide } = l;
  const [a, b] = [l.extended('u', half, n), l.extended('u', half, m)];
  let product = l.zero;
  for (let bit = 0; bit < 8; bit++) {
    const mask = wide.every(1 << bit);
    product = l.xor(product, l.and(wide.shl(a, bit), wide.eq(l.and(b, mask), mask)));
  }
  return product;
}

/** The high halves of lanes, rounded or not. */
export const highOf = (l: Lanes, sum: Value, rounds: boolean): Value =>
  rounds ? l.wide.add(sum, l.wide.every(1n << BigInt(l.bits - 1))) : sum;

/** RecipEstimate, of numbers with the binary point before their first bit: 2^19 / (2a + 1), rounded. */
function reciprocal(b: ArmBuilder, a: Value): Value {
  const quotient = b.op('div_u', b.const(1 << 19), b.add(b.shl(a, 1), b.const(1)));
  return b.shr(b.add(quotient, b.const(1)), 1);
}
/** RecipSqrtEstimate: the largest root of which the square times the number is below 2^28, found bit by bit. */
function reciprocalRoot(b: ArmBuilder, a: Value): Value {
  const isSmall = b.op('lt_u', a, b.const(256));
  const middle = b.select(isSmall, b.add(b.shl(a, 1), b.const(1)), b.shl(b.or(a, b.const(1)), 1));
  let root = b.const(512);
  for (let bit = 256; bit > 0; bit >>= 1) {
    const next = b.or(root, b.const(bit));
    const isBelow = b.op('lt_u', b.op('mul', middle, b.op('mul', next, next)), b.const(1 << 28));
    root = b.select(isBelow, next, root);
  }
  return b.shr(b.add(root, b.const(1)), 1);
}
/** URECPE and URSQRTE. The highest nine bits count, numbers that are too small give ones. */
const estimated =
  (estimate: (b: ArmBuilder, a: Value) => Value, least: number) =>
  (l: Lanes, n: Value): Value =>
    l.each([n], (lane) => {
      const { b } = l;
      const high = b.shr(lane, 23);
      const result = b.low(b.shl(estimate(b, high), 23), 32);
      return b.select(b.op('lt_u', high, b.const(least)), b.const(0xffff_ffffn), result);
    });
export const reciprocalEstimate = estimated(reciprocal, 1 << 8);
export const reciprocalRootEstimate = estimated(reciprocalRoot, 1 << 7);

/** Brought into the range of numbers of half the bits; QC tells whether that changed one. */
export const clamp =
  (from: Sign, to: Sign) =>
  (l: Lanes, n: Value): Value =>
    l.saturated(l.clamped(from, to, n), n);

/** Of the lanes of two vectors, and of pairs of neighbours. */
export const plain =
  (op: FpLanesOp) =>
  (l: Lanes, n: Value, m: Value): Value =>
    l.fp(op, l.mode, n, m);
export const pairwise =
  (op: FpLanesOp) =>
  (l: Lanes, n: Value, m: Value): Value =>
    l.pairwise(n, m, (even, odd) => l.fp(op, l.mode, even, odd));

/** Ones where a comparison holds. */
export const compared = (l: Lanes, op: 'eq' | 'lt' | 'le', a: Value, b: Value): Value =>
  l.each([a, b], (x, y) => {
    const holds = l.b.fp(op, l.format, l.mode, x, y);
    return l.b.low(l.b.sub(l.b.const(0), holds), l.bits);
  });
/** FPMulAdd. */
export const multiplyAdd = (l: Lanes, n: Value, m: Value, d: Value): Value => l.fp('fma', l.mode, n, m, d);

/** Lanes to integers of their size, times 2^bits. */
export function toIntegers(l: Lanes, sign: Sign, rounding: number, n: Value, bits?: Value): Value {
  const { b } = l;
  const integer = `${sign === 's' ? 'i' : 'u'}${l.bits}` as 'i64';
  // There is no operation without a binary point for 16 bits.
  const fractionBits = bits ?? (l.bits === 16 ? b.const(0) : undefined);
  return l.each([n], (lane) => {
    const mode = b.vectorModeWith(rounding);
    const value =
      fractionBits === undefined
        ? b.fp(`to_${integer}`, l.format, mode, lane)
        : b.fp(`to_fixed_${integer}`, l.format, mode, lane, fractionBits);
    return b.low(value, l.bits);
  });
}
/** Integers of the lanes' size over 2^bits. */
export function fromIntegers(l: Lanes, sign: Sign, n: Value, bits?: Value): Value {
  const { b } = l;
  const integer = `${sign === 's' ? 'i' : 'u'}${l.bits === 64 ? 64 : 32}` as 'i64';
  return l.each([n], (lane) => {
    const value = sign === 's' && l.bits === 16 ? b.signed(lane, 16) : lane;
    return bits === undefined
      ? b.fp(`from_${integer}`, l.format, l.mode, value)
      : b.fp(`from_fixed_${integer}`, l.format, l.mode, value, bits);
  });
}

/** A vector whose bytes are ones or zeros as the bits of a byte are, in both halves. */
export function bytesOfBits(b: ArmBuilder, bits: Value): Value {
  const each = b.vector(0x8040_2010_0804_0201_8040_2010_0804_0201n);
  return b.op('i8x16.eq', b.op('v128.and', b.op('i8x16.splat', bits), each), each);
}
