/**
 * The IR's vector operations on bigints: the definition of right for the
 * compiled ones, and what the JavaScript back end calls. A vector is an unsigned
 * bigint of 128 bits, lane 0 lowest; scalars are signed bigints of 64 bits.
 */
import type { LaneOperation, VectorOpName } from './vector-ops.ts';

const ALL = (1n << 128n) - 1n;

/** Unsigned lanes of `bits` each, lane 0 first. */
function split(v: bigint, bits: number): bigint[] {
  const lanes: bigint[] = [];
  const mask = (1n << BigInt(bits)) - 1n;
  for (let at = 0; at < 128; at += bits) lanes.push((v >> BigInt(at)) & mask);
  return lanes;
}

function join(lanes: readonly bigint[], bits: number): bigint {
  let v = 0n;
  lanes.forEach((lane, i) => {
    v |= BigInt.asUintN(bits, lane) << BigInt(i * bits);
  });
  return v;
}

const signedLanes = (v: bigint, bits: number): bigint[] => split(v, bits).map((lane) => BigInt.asIntN(bits, lane));
const lanesOf = { s: signedLanes, u: split };
type Sign = keyof typeof lanesOf;

function clamp(value: bigint, bits: number, sign: Sign): bigint {
  const [low, high] =
    sign === 's' ? [-(1n << BigInt(bits - 1)), (1n << BigInt(bits - 1)) - 1n] : [0n, (1n << BigInt(bits)) - 1n];
  return value < low ? low : value > high ? high : value;
}

/** An operation: `bits` is the width of the lanes that its shape names. */
type Evaluate = (bits: number, ...args: bigint[]) => bigint;

const unary =
  (f: (a: bigint, bits: number) => bigint): Evaluate =>
  (bits, a) =>
    join(
      signedLanes(a, bits).map((lane) => f(lane, bits)),
      bits,
    );
const binary =
  (sign: Sign, f: (a: bigint, b: bigint, bits: number) => bigint): Evaluate =>
  (bits, a, b) => {
    const second = lanesOf[sign](b, bits);
    return join(
      lanesOf[sign](a, bits).map((lane, i) => f(lane, second[i], bits)),
      bits,
    );
  };
const compare = (sign: Sign, f: (a: bigint, b: bigint) => boolean): Evaluate =>
  binary(sign, (a, b) => (f(a, b) ? -1n : 0n));
const saturate = (sign: Sign, f: (a: bigint, b: bigint) => bigint): Evaluate =>
  binary(sign, (a, b, bits) => clamp(f(a, b), bits, sign));
const bitwise =
  (f: (a: bigint, b: bigint) => bigint): Evaluate =>
  (_, a, b) =>
    f(a, b) & ALL;
/** A shift by a count modulo the lane's width. */
const shift =
  (sign: Sign, f: (a: bigint, count: bigint) => bigint): Evaluate =>
  (bits, a, count) =>
    join(
      lanesOf[sign](a, bits).map((lane) => f(lane, count & BigInt(bits - 1))),
      bits,
    );
const narrow =
  (sign: Sign): Evaluate =>
  (bits, a, b) =>
    join(
      [...signedLanes(a, 2 * bits), ...signedLanes(b, 2 * bits)].map((lane) => clamp(lane, bits, sign)),
      bits,
    );
/** The low or high half of a vector's lanes, of half the width that the shape names. */
const half = (v: bigint, bits: number, sign: Sign, high: boolean): bigint[] => {
  const lanes = lanesOf[sign](v, bits / 2);
  return high ? lanes.slice(lanes.length / 2) : lanes.slice(0, lanes.length / 2);
};
const extend =
  (sign: Sign, high: boolean): Evaluate =>
  (bits, a) =>
    join(half(a, bits, sign, high), bits);
const extendedProduct =
  (sign: Sign, high: boolean): Evaluate =>
  (bits, a, b) => {
    const second = half(b, bits, sign, high);
    return join(
      half(a, bits, sign, high).map((lane, i) => lane * second[i]),
      bits,
    );
  };
/** Neighbours of half the width added. */
const pairs = (lanes: readonly bigint[]): bigint[] =>
  Array.from({ length: lanes.length / 2 }, (_, i) => lanes[2 * i] + lanes[2 * i + 1]);
const pairwise =
  (sign: Sign): Evaluate =>
  (bits, a) =>
    join(pairs(lanesOf[sign](a, bits / 2)), bits);
const extract =
  (sign: Sign): Evaluate =>
  (bits, a, lane) =>
    BigInt.asIntN(64, lanesOf[sign](a, bits)[Number(lane)]);

const least = (a: bigint, b: bigint): bigint => [a, b][Number(b < a)];
const greatest = (a: bigint, b: bigint): bigint => [a, b][Number(b > a)];

function popcount(value: bigint): bigint {
  let count = 0n;
  for (let rest = value; rest !== 0n; rest &= rest - 1n) count++;
  return count;
}

const LANES: Record<LaneOperation, Evaluate> = {
  not: (_, a) => a ^ ALL,
  and: bitwise((a, b) => a & b),
  andnot: bitwise((a, b) => a & ~b),
  or: bitwise((a, b) => a | b),
  xor: bitwise((a, b) => a ^ b),
  bitselect: (_, a, b, c) => (a & c) | (b & ~c & ALL),
  any_true: (_, a) => (a === 0n ? 0n : 1n),
  from_i64: (_, a) => BigInt.asUintN(64, a),
  splat: (bits, a) => join(Array<bigint>(128 / bits).fill(a), bits),
  extract_lane: extract('s'),
  extract_lane_s: extract('s'),
  extract_lane_u: extract('u'),
  replace_lane: (bits, a, lane, value) => join(split(a, bits).with(Number(lane), value), bits),
  swizzle: (bits, a, b) => {
    const lanes = split(a, bits);
    return join(
      split(b, bits).map((index) => lanes[Number(index)] ?? 0n),
      bits,
    );
  },
  eq: compare('u', (a, b) => a === b),
  ne: compare('u', (a, b) => a !== b),
  lt_s: compare('s', (a, b) => a < b),
  lt_u: compare('u', (a, b) => a < b),
  gt_s: compare('s', (a, b) => a > b),
  gt_u: compare('u', (a, b) => a > b),
  le_s: compare('s', (a, b) => a <= b),
  le_u: compare('u', (a, b) => a <= b),
  ge_s: compare('s', (a, b) => a >= b),
  ge_u: compare('u', (a, b) => a >= b),
  abs: unary((a) => (a < 0n ? -a : a)),
  neg: unary((a) => -a),
  popcnt: unary((a, bits) => popcount(BigInt.asUintN(bits, a))),
  all_true: (bits, a) => (split(a, bits).includes(0n) ? 0n : 1n),
  bitmask: (bits, a) => {
    let mask = 0n;
    split(a, bits).forEach((lane, i) => {
      mask |= (lane >> BigInt(bits - 1)) << BigInt(i);
    });
    return mask;
  },
  narrow_i16x8_s: narrow('s'),
  narrow_i16x8_u: narrow('u'),
  narrow_i32x4_s: narrow('s'),
  narrow_i32x4_u: narrow('u'),
  shl: shift('u', (a, count) => a << count),
  shr_s: shift('s', (a, count) => a >> count),
  shr_u: shift('u', (a, count) => a >> count),
  add: binary('u', (a, b) => a + b),
  add_sat_s: saturate('s', (a, b) => a + b),
  add_sat_u: saturate('u', (a, b) => a + b),
  sub: binary('u', (a, b) => a - b),
  sub_sat_s: saturate('s', (a, b) => a - b),
  sub_sat_u: saturate('u', (a, b) => a - b),
  mul: binary('u', (a, b) => a * b),
  min_s: binary('s', least),
  min_u: binary('u', least),
  max_s: binary('s', greatest),
  max_u: binary('u', greatest),
  avgr_u: binary('u', (a, b) => (a + b + 1n) >> 1n),
  q15mulr_sat_s: saturate('s', (a, b) => (a * b + 0x4000n) >> 15n),
  extadd_pairwise_i8x16_s: pairwise('s'),
  extadd_pairwise_i8x16_u: pairwise('u'),
  extadd_pairwise_i16x8_s: pairwise('s'),
  extadd_pairwise_i16x8_u: pairwise('u'),
  extend_low_i8x16_s: extend('s', false),
  extend_high_i8x16_s: extend('s', true),
  extend_low_i8x16_u: extend('u', false),
  extend_high_i8x16_u: extend('u', true),
  extend_low_i16x8_s: extend('s', false),
  extend_high_i16x8_s: extend('s', true),
  extend_low_i16x8_u: extend('u', false),
  extend_high_i16x8_u: extend('u', true),
  extend_low_i32x4_s: extend('s', false),
  extend_high_i32x4_s: extend('s', true),
  extend_low_i32x4_u: extend('u', false),
  extend_high_i32x4_u: extend('u', true),
  dot_i16x8_s: (bits, a, b) => {
    const second = signedLanes(b, bits / 2);
    return join(pairs(signedLanes(a, bits / 2).map((lane, i) => lane * second[i])), bits);
  },
  extmul_low_i8x16_s: extendedProduct('s', false),
  extmul_high_i8x16_s: extendedProduct('s', true),
  extmul_low_i8x16_u: extendedProduct('u', false),
  extmul_high_i8x16_u: extendedProduct('u', true),
  extmul_low_i16x8_s: extendedProduct('s', false),
  extmul_high_i16x8_s: extendedProduct('s', true),
  extmul_low_i16x8_u: extendedProduct('u', false),
  extmul_high_i16x8_u: extendedProduct('u', true),
  extmul_low_i32x4_s: extendedProduct('s', false),
  extmul_high_i32x4_s: extendedProduct('s', true),
  extmul_low_i32x4_u: extendedProduct('u', false),
  extmul_high_i32x4_u: extendedProduct('u', true),
};

/** The result of an operation: a vector, an integer, or a truth value as 0 or 1. */
export function evaluateVector(op: VectorOpName, ...args: bigint[]): bigint {
  const [shape, operation] = op.split('.') as [string, LaneOperation];
  const bits = shape === 'v128' ? 128 : Number(/\d+/.exec(shape)?.[0]);
  return LANES[operation](bits, ...args);
}

/** Bytes of both vectors, picked by number: 0–15 of the first, 16–31 of the second. */
export function shuffle(a: bigint, b: bigint, lanes: readonly number[]): bigint {
  const bytes = [...split(a, 8), ...split(b, 8)];
  return join(
    lanes.map((lane) => bytes[lane]),
    8,
  );
}
