/**
 * The words in which effects compute with vectors: operations on lanes of one
 * size, WebAssembly's where it has them, composed of others where not.
 *
 *     const lanes = new Lanes(b, 16, 64); // v0.4h
 *     lanes.add(b.v(o.rn), b.v(o.rm));
 *
 * All lanes of a register are computed with; those that an instruction has not
 * (the upper half where Q is 0, all but the first of a scalar) are cleared by
 * {@link Lanes.kept} when the result is written, and do not count for FPSR.QC.
 */
import type { ArmBuilder } from './arm-builder.ts';
import type { FpFormat, FpLanesOp, Value } from './ir.ts';

export type LaneBits = 8 | 16 | 32 | 64;
/** Signed or unsigned. */
export type Sign = 's' | 'u';

const bytesUpTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

export class Lanes {
  readonly b: ArmBuilder;
  readonly bits: LaneBits;
  /** Bits of the register that the instruction has: 128, 64, or those of a scalar. */
  readonly width: number;

  constructor(b: ArmBuilder, bits: LaneBits, width: number) {
    this.b = b;
    this.bits = bits;
    this.width = width;
  }

  /** How many lanes the instruction has. */
  get count(): number {
    return this.width / this.bits;
  }
  /** Lanes of another size. */
  of(bits: number, width = this.width): Lanes {
    return new Lanes(this.b, bits as LaneBits, width);
  }
  /** Lanes of twice the size. */
  get wide(): Lanes {
    return this.of(2 * this.bits, Math.max(this.width, 2 * this.bits));
  }

  /** An operation of WebAssembly on these lanes. */
  private op(name: string, ...args: Value[]): Value {
    return this.b.op(`i${this.bits}x${128 / this.bits}.${name}` as 'i8x16.add', ...(args as [Value, Value]));
  }

  // Constants and choices.

  splat(value: Value): Value {
    return this.op('splat', value);
  }
  /** A constant in every lane. */
  every(value: bigint | number): Value {
    const lane = BigInt.asUintN(this.bits, BigInt(value));
    let vector = 0n;
    for (let at = 0; at < 128; at += this.bits) vector |= lane << BigInt(at);
    return this.b.vector(vector);
  }
  get zero(): Value {
    return this.b.vector(0n);
  }
  /** The least signed number. */
  get least(): Value {
    return this.every(1n << BigInt(this.bits - 1));
  }
  /** The largest signed number. */
  get most(): Value {
    return this.every((1n << BigInt(this.bits - 1)) - 1n);
  }
  and(a: Value, b: Value): Value {
    return this.b.op('v128.and', a, b);
  }
  or(a: Value, b: Value): Value {
    return this.b.op('v128.or', a, b);
  }
  xor(a: Value, b: Value): Value {
    return this.b.op('v128.xor', a, b);
  }
  not(a: Value): Value {
    return this.b.op('v128.not', a);
  }
  /** a & ~b */
  without(a: Value, b: Value): Value {
    return this.b.op('v128.andnot', a, b);
  }
  /** The lanes of `a` where the mask is ones, else those of `b`. */
  choose(mask: Value, a: Value, b: Value): Value {
    return this.b.op('v128.bitselect', a, b, mask);
  }
  /** One vector or the other as a whole. */
  select(condition: Value, a: Value, b: Value): Value {
    const all = this.b.op('i64x2.splat', this.b.sub(this.b.const(0), this.b.op('extend', condition)));
    return this.choose(all, a, b);
  }
  /** The lanes that the instruction has, the others cleared. */
  kept(value: Value): Value {
    if (this.width === 128) return value;
    return this.and(value, this.b.vector((1n << BigInt(this.width)) - 1n));
  }

  // FPSR.QC.

  /** Sets QC if a lane of the mask, of those that count, is not zero. */
  saturates(mask: Value): void {
    this.b.setSaturated(this.b.op('v128.any_true', this.kept(mask)));
  }
  /** A result that saturates where it is not what comes of computing modulo a power of 2. */
  saturated(result: Value, plain: Value): Value {
    this.saturates(this.xor(result, plain));
    return result;
  }

  // Arithmetic.

  add(a: Value, b: Value): Value {
    return this.op('add', a, b);
  }
  sub(a: Value, b: Value): Value {
    return this.op('sub', a, b);
  }
  mul(a: Value, b: Value): Value {
    if (this.bits > 8) return this.op('mul', a, b);
    // Bytes in two parts: those that are low in a halfword, and the others.
    const halves = this.wide;
    const high = halves.mul(halves.shr('u', a, 8), halves.shr('u', b, 8));
    return this.or(this.and(halves.mul(a, b), halves.every(0xff)), halves.shl(high, 8));
  }
  neg(a: Value): Value {
    return this.op('neg', a);
  }
  abs(a: Value): Value {
    return this.op('abs', a);
  }
  eq(a: Value, b: Value): Value {
    return this.op('eq', a, b);
  }
  gt(sign: Sign, a: Value, b: Value): Value {
    if (this.bits === 64 && sign === 'u') return this.op('gt_s', this.flipped(a), this.flipped(b));
    return this.op(`gt_${sign}`, a, b);
  }
  ge(sign: Sign, a: Value, b: Value): Value {
    if (this.bits === 64 && sign === 'u') return this.op('ge_s', this.flipped(a), this.flipped(b));
    return this.op(`ge_${sign}`, a, b);
  }
  /** Ones where a number is negative. */
  isNegative(a: Value): Value {
    return this.shr('s', a, this.bits - 1);
  }
  max(sign: Sign, a: Value, b: Value): Value {
    return this.bits === 64 ? this.choose(this.gt(sign, a, b), a, b) : this.op(`max_${sign}`, a, b);
  }
  min(sign: Sign, a: Value, b: Value): Value {
    return this.bits === 64 ? this.choose(this.gt(sign, a, b), b, a) : this.op(`min_${sign}`, a, b);
  }
  absoluteDifference(sign: Sign, a: Value, b: Value): Value {
    return this.sub(this.max(sign, a, b), this.min(sign, a, b));
  }
  /** The sign bits inverted: the order of unsigned numbers becomes that of signed ones. */
  private flipped(a: Value): Value {
    return this.xor(a, this.least);
  }

  /** floor((a + b) / 2), or rounded up. */
  average(sign: Sign, a: Value, b: Value, up: boolean): Value {
    const half = this.shr(sign, this.xor(a, b), 1);
    return up ? this.sub(this.or(a, b), half) : this.add(this.and(a, b), half);
  }
  /** floor((a - b) / 2): a - b is (a ^ b) - 2 (~a & b). */
  halfDifference(sign: Sign, a: Value, b: Value): Value {
    return this.sub(this.shr(sign, this.xor(a, b), 1), this.without(b, a));
  }

  /** Addition that stops at the ends of the range; {@link saturated} sees to QC. */
  addSaturating(sign: Sign, a: Value, b: Value): Value {
    const sum = this.add(a, b);
    if (this.bits <= 16) return this.saturated(this.op(`add_sat_${sign}`, a, b), sum);
    if (sign === 'u') return this.saturated(this.or(sum, this.gt('u', a, sum)), sum);
    const overflows = this.isNegative(this.and(this.xor(a, sum), this.xor(b, sum)));
    return this.saturated(this.choose(overflows, this.bound(a), sum), sum);
  }
  subSaturating(sign: Sign, a: Value, b: Value): Value {
    const difference = this.sub(a, b);
    if (this.bits <= 16) return this.saturated(this.op(`sub_sat_${sign}`, a, b), difference);
    if (sign === 'u') return this.saturated(this.without(difference, this.gt('u', b, a)), difference);
    const overflows = this.isNegative(this.and(this.xor(a, b), this.xor(a, difference)));
    return this.saturated(this.choose(overflows, this.bound(a), difference), difference);
  }
  /** The end of the signed range that is on the side of a. */
  private bound(a: Value): Value {
    return this.xor(this.isNegative(a), this.most);
  }
  /** A number of one signedness, plus one of the other, in the range of the first. */
  addMixed(sign: Sign, a: Value, b: Value): Value {
    return this.flipped(this.addSaturating(sign === 's' ? 'u' : 's', this.flipped(a), b));
  }
  absSaturating(a: Value): Value {
    const plain = this.abs(a);
    return this.saturated(this.add(plain, this.eq(plain, this.least)), plain);
  }

  /** Leading zeros: what is below the highest one is filled with ones, the others are counted. */
  leadingZeros(a: Value): Value {
    let filled = a;
    for (let step = 1; step < this.bits; step *= 2) filled = this.or(filled, this.shr('u', filled, step));
    let counts = this.b.op('i8x16.popcnt', this.not(filled));
    for (let bits = 8; bits < this.bits; bits *= 2) counts = this.of(bits).addPairsLong('u', counts);
    return counts;
  }
  /** Bits after the sign that are like it. */
  leadingSigns(a: Value): Value {
    return this.sub(this.leadingZeros(this.xor(a, this.shr('s', a, 1))), this.every(1));
  }

  // Shifts.

  shl(a: Value, count: Value | number): Value {
    return this.op('shl', a, this.number(count));
  }
  shr(sign: Sign, a: Value, count: Value | number): Value {
    return this.op(`shr_${sign}`, a, this.number(count));
  }
  private number(value: Value | number): Value {
    return typeof value === 'number' ? this.b.const(value) : value;
  }
  /** By 1 to as many bits as a lane has. */
  shiftRight(sign: Sign, a: Value, count: Value, rounds: boolean): Value {
    if (rounds) return this.halved(sign, this.shr(sign, a, this.b.sub(count, this.b.const(1))), true);
    const isAll = this.b.is(count, this.bits);
    if (sign === 'u') return this.select(isAll, this.zero, this.shr('u', a, count));
    return this.shr('s', a, this.b.select(isAll, this.b.const(this.bits - 1), count));
  }
  private halved(sign: Sign, a: Value, rounds: boolean): Value {
    const half = this.shr(sign, a, 1);
    return rounds ? this.add(half, this.and(a, this.every(1))) : half;
  }
  /** Each lane by a count of its own, 0 to 127: a bit of the counts at a time. */
  private shiftEach(how: 'shl' | 'shr_s' | 'shr_u', a: Value, counts: Value): Value {
    let shifted = a;
    for (let step = 1; step < this.bits; step *= 2) {
      const bit = this.every(step);
      const moved = this.op(how, shifted, this.b.const(step));
      shifted = this.choose(this.eq(this.and(counts, bit), bit), moved, shifted);
    }
    const beyond = this.gt('s', counts, this.every(this.bits - 1));
    return how === 'shr_s' ? this.choose(beyond, this.isNegative(shifted), shifted) : this.without(shifted, beyond);
  }
  /** By the signed low byte of each lane of `counts`: to the left, if it is negative to the right. */
  shiftByLanes(sign: Sign, a: Value, counts: Value, how: { rounds: boolean; saturates: boolean }): Value {
    const unused = this.bits - 8;
    const count = unused === 0 ? counts : this.shr('s', this.shl(counts, unused), unused);
    const isRight = this.isNegative(count);
    // The count to the right, less 1, is ~count.
    const right = this.halved(sign, this.shiftEach(`shr_${sign}`, a, this.not(count)), how.rounds);
    const left = this.shiftEach('shl', a, count);
    if (!how.saturates) return this.choose(isRight, right, left);
    const isExact = this.or(isRight, this.eq(this.shiftEach(`shr_${sign}`, left, count), a));
    this.saturates(this.not(isExact));
    return this.choose(isRight, right, this.choose(isExact, left, this.limit(sign, a)));
  }
  /** Where a number that is too large for the range ends up. */
  private limit(sign: Sign, a: Value): Value {
    return sign === 's' ? this.bound(a) : this.every(-1);
  }
  /** To the left by less than a lane's bits, saturating. */
  shiftLeftSaturating(sign: Sign, a: Value, count: Value): Value {
    const left = this.shl(a, count);
    const isExact = this.eq(this.shr(sign, left, count), a);
    this.saturates(this.not(isExact));
    return this.choose(isExact, left, this.limit(sign, a));
  }
  /** The same from signed to unsigned numbers. */
  shiftLeftUnsigned(a: Value, count: Value): Value {
    const isNegative = this.isNegative(a);
    this.saturates(isNegative);
    return this.shiftLeftSaturating('u', this.without(a, isNegative), count);
  }

  // Lanes of other sizes.

  /** The lanes of the low or the high half, with twice as many bits. */
  extended(sign: Sign, half: 'low' | 'high', a: Value): Value {
    const { wide } = this;
    return wide.op(`extend_${half}_i${this.bits}x${128 / this.bits}_${sign}`, a);
  }
  /** Their products. */
  product(sign: Sign, half: 'low' | 'high', a: Value, b: Value): Value {
    const { wide } = this;
    return wide.op(`extmul_${half}_i${this.bits}x${128 / this.bits}_${sign}`, a, b);
  }
  /** Sums of neighbours, with twice as many bits. */
  addPairsLong(sign: Sign, a: Value): Value {
    const { wide } = this;
    if (this.bits < 32) return wide.op(`extadd_pairwise_i${this.bits}x${128 / this.bits}_${sign}`, a);
    const low = wide.shr(sign, wide.shl(a, this.bits), this.bits);
    return wide.add(low, wide.shr(sign, a, this.bits));
  }
  /** The low halves of all lanes, or the high ones, in the low half of the vector; zeros above, or behind `below`'s. */
  halves(part: 'low' | 'high', a: Value, below?: Value): Value {
    const half = this.bits / 16;
    const offset = part === 'low' ? 0 : half;
    const picked = bytesUpTo(8).map((i) => Math.floor(i / half) * 2 * half + (i % half) + offset);
    if (below === undefined) return this.b.shuffle(a, this.zero, [...picked, ...Array(8).fill(16)]);
    return this.b.shuffle(below, a, [...bytesUpTo(8), ...picked.map((byte) => 16 + byte)]);
  }
  /** Within the range of a number of half the bits: of signed or unsigned numbers to signed or unsigned ones. */
  clamped(from: Sign, to: Sign, a: Value): Value {
    const half = BigInt(this.bits / 2);
    const most = this.every((1n << (to === 's' ? half - 1n : half)) - 1n);
    const inside = this.min(from, a, most);
    if (from === 'u') return inside;
    return this.max('s', inside, to === 's' ? this.every(-(1n << (half - 1n))) : this.zero);
  }

  // Positions.

  /** Bytes of vectors, seen as one after the other; -1 is a zero. */
  bytes(sources: readonly Value[], picked: readonly number[]): Value {
    const used = sources.flatMap((source, i) => (picked.some((at) => at >> 4 === i) ? [{ source, i }] : []));
    /** Vectors, and which byte of which is wanted where: undefined if it is there already. */
    const merge = (all: Value, other: Value, lanes: readonly (number | undefined)[]) =>
      this.b.shuffle(
        all,
        other,
        lanes.map((lane, i) => (lane === undefined ? i : lane)),
      );
    const from = (i: number, offset: number) =>
      picked.map((at) => (at >= 0 && at >> 4 === i ? offset + (at & 15) : undefined));
    const [first, second = first, ...others] = used;
    const start = from(first.i, 0);
    const next = second === first ? start : from(second.i, 16);
    let merged = merge(
      first.source,
      second.source,
      start.map((lane, i) => lane ?? next[i]),
    );
    for (const { source, i } of others) merged = merge(merged, source, from(i, 16));
    if (!picked.includes(-1)) return merged;
    return merge(
      merged,
      this.zero,
      picked.map((at) => (at < 0 ? 16 : undefined)),
    );
  }
  /** Lanes of vectors, seen as one after the other; -1 is a zero. */
  lanes(sources: readonly Value[], picked: readonly number[]): Value {
    const size = this.bits / 8;
    return this.bytes(
      sources,
      picked.flatMap((lane) => bytesUpTo(size).map((byte) => (lane < 0 ? -1 : lane * size + byte))),
    );
  }
  /** Of two registers, those lanes that count, as numbers for {@link lanes}: those of the second behind the first's. */
  private get positions(): number[] {
    const all = bytesUpTo(this.count);
    return [...all, ...all.map((lane) => 128 / this.bits + lane)];
  }
  private filled(picked: readonly number[]): number[] {
    return [...picked, ...Array(128 / this.bits - picked.length).fill(-1)];
  }
  /** The even lanes of two registers, or the odd ones. */
  unzipped(a: Value, b: Value, part: 0 | 1): Value {
    return this.lanes([a, b], this.filled(this.positions.filter((_, i) => i % 2 === part)));
  }
  /** Lanes of two registers in turn, from the low or the high half. */
  zipped(a: Value, b: Value, part: 0 | 1): Value {
    const { positions, count } = this;
    const start = (part * count) / 2;
    return this.lanes([a, b], this.filled(bytesUpTo(count).map((i) => positions[start + (i >> 1) + (i % 2) * count])));
  }
  /** The even lanes, or the odd ones, of two registers in turn. */
  transposed(a: Value, b: Value, part: 0 | 1): Value {
    const { positions, count } = this;
    return this.lanes([a, b], this.filled(bytesUpTo(count).map((i) => positions[(i & ~1) + part + (i % 2) * count])));
  }
  /** Lanes in reverse order within groups of so many bits. */
  reversed(a: Value, group: number): Value {
    const last = group / this.bits - 1;
    return this.lanes(
      [a],
      bytesUpTo(128 / this.bits).map((i) => i ^ last),
    );
  }
  /** What neighbours come to, those of the second register behind the first's. */
  pairwise(a: Value, b: Value, compute: (even: Value, odd: Value) => Value): Value {
    return compute(this.unzipped(a, b, 0), this.unzipped(a, b, 1));
  }
  /** What all lanes that count come to, in lane 0. */
  reduced(a: Value, compute: (a: Value, b: Value) => Value): Value {
    let all = a;
    for (let step = this.count / 2; step >= 1; step /= 2) {
      all = compute(
        all,
        this.lanes(
          [all],
          bytesUpTo(128 / this.bits).map((i) => i ^ step),
        ),
      );
    }
    return all;
  }

  // Lane by lane.

  /** A lane, zero-extended. */
  lane(a: Value, index: number | Value): Value {
    const number = this.number(index);
    return this.bits === 64 ? this.op('extract_lane', a, number) : this.op('extract_lane_u', a, number);
  }
  /** A lane of a vector in all of them. */
  broadcast(a: Value, index: Value): Value {
    return this.splat(this.lane(a, index));
  }
  /** A vector of the values of its lanes that count, from the first on, zeros above. */
  join(values: readonly Value[]): Value {
    const perHalf = 64 / this.bits;
    const half = (from: number) =>
      values
        .slice(from, from + perHalf)
        .map((value, i) => this.b.shl(value, this.bits * i))
        .reduce((all, part) => this.b.or(all, part));
    const low = this.b.op('v128.from_i64', half(0));
    if (values.length <= perHalf) return low;
    return this.b.op('i64x2.replace_lane', low, this.b.const(1), half(perHalf));
  }
  /** The lanes that count, computed one by one from those of other vectors; values must be zero-extended. */
  each(vectors: readonly Value[], compute: (...lanes: Value[]) => Value): Value {
    return this.join(bytesUpTo(this.count).map((i) => compute(...vectors.map((vector) => this.lane(vector, i)))));
  }
  /** The mode that vectors are computed in, see {@link ArmBuilder.vectorMode}. */
  get mode(): Value {
    return this.b.vectorMode();
  }
  /** A floating-point operation on each lane that counts. */
  fp(op: FpLanesOp, mode: Value, ...vectors: Value[]): Value {
    return this.b.fpLanes(op, this.format, this.count, mode, ...vectors);
  }
  /** The format of floating-point lanes. */
  get format(): FpFormat {
    if (this.bits === 8) throw new Error('bytes are no floating-point numbers');
    return this.bits;
  }
  /** Floating-point lanes with their signs inverted, or cleared. */
  negated(a: Value): Value {
    return this.xor(a, this.least);
  }
  magnitude(a: Value): Value {
    return this.and(a, this.most);
  }
}
