/**
 * Arm's operations on bfloat16, as its pseudocode has them (Arm ARM, shared/functions/float, without FEAT_EBF16):
 * rounding from binary32, which is like other conversions, and sums of products, which neither FPCR nor FPSR know of.
 *
 * As in softfloat.ts, values are bit patterns and flags accumulate.
 */
import {
  bfloat16,
  Deviation,
  FINITE,
  Flag,
  INFINITE,
  layoutOf,
  NAN,
  Round,
  type RoundingMode,
  signed,
  unpack,
} from './softfloat.ts';
import { ReciprocalFloat } from './softfloat-reciprocal.ts';

const binary32 = layoutOf(32);

export class Bfloat16Float extends ReciprocalFloat {
  /** A value of binary32, rounded (FPConvertBF). */
  toBfloat16(a: bigint, rm: RoundingMode): bigint {
    const x = unpack(binary32, a);
    if (x.kind === FINITE) return this.round(bfloat16, x.sign, x.exp, x.sig, rm);
    if (x.kind === NAN) return this.propagateNaN(32, [a], bfloat16);
    return signed(bfloat16, x.sign, x.kind === INFINITE ? bfloat16.infinity : 0n);
  }

  /**
   * addend + (n0 × m0 + n1 × m1), each operation rounded by itself (BFDotAdd). `n` and `m` are two values of bfloat16
   * each, n0 and m0 in the low halves.
   */
  bfdot(addend: bigint, n: bigint, m: bigint): bigint {
    const { flags, deviations } = this;
    this.deviations = Deviation.flush | Deviation.defaultNaN;
    const high = (pair: bigint): bigint => pair & 0xffff_0000n;
    const low = (pair: bigint): bigint => (pair << 16n) & 0xffff_0000n;
    const product = (a: bigint, b: bigint): bigint => this.toOdd((x, y) => this.mul(32, x, y, Round.odd), a, b);
    const sum = (a: bigint, b: bigint): bigint => this.toOdd((x, y) => this.add(32, x, y, Round.odd), a, b);
    const result = sum(addend & 0xffff_ffffn, sum(product(low(n), low(m)), product(high(n), high(m))));
    this.flags = flags;
    this.deviations = deviations;
    return result;
  }

  /** An operation that rounds to odd, but what is too large to infinity. */
  private toOdd(operation: (a: bigint, b: bigint) => bigint, a: bigint, b: bigint): bigint {
    this.flags = 0;
    const result = operation(this.flushed(32, a), this.flushed(32, b));
    return (this.flags & Flag.overflow) === 0 ? result : (result & binary32.signBit) | binary32.infinity;
  }
}
