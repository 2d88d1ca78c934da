/** The IR's floating-point operations by the exact implementation: what compiled fast paths leave to JavaScript. */
import { FP_OPS, type FpFormat, type FpOpName } from '../cpu/ir.ts';
import type { Arithmetic, RoundingMode } from '../cpu/softfloat.ts';
import { Bfloat16Float } from '../cpu/softfloat-bfloat16.ts';

/** The second operand is no floating-point value. */
const isFixed = (op: FpOpName): boolean => op.includes('_fixed_');

export class SlowFloat {
  private readonly soft: Bfloat16Float;

  constructor(arithmetic: Arithmetic) {
    this.soft = new Bfloat16Float(arithmetic);
  }

  /** The exception flags raised since the last call, as fflags bits. */
  takeFlags(): number {
    const { flags } = this.soft;
    this.soft.flags = 0;
    return flags;
  }

  /**
   * One operation on bit patterns; operands beyond its arity are ignored.
   *
   * @param rounding a RoundingMode, plus `Deviation` bits
   * @returns bit pattern or integer, integers sign-extended to 64 bits, truth values 0 or 1
   */
  run(op: FpOpName, format: FpFormat, rounding: number, a: bigint, b: bigint, c: bigint): bigint {
    const { soft } = this;
    const mode = (rounding & 7) as RoundingMode;
    soft.deviations = rounding & ~7;
    if (op === 'fma_half') {
      const [m, n] = [a, b].map((factor) => soft.flushed(16, factor & 0xffffn));
      return soft.fmaHalf(m, n, soft.flushed(32, c & 0xffff_ffffn), mode);
    }
    if (op === 'bfdot') return soft.bfdot(a, b, c);
    // Binary16 is converted as it is.
    const keeps = op.startsWith('from_') || (format === 16 && op.startsWith('to') && !op.startsWith('to_'));
    const narrow = (value: bigint): bigint => {
      const bits = value & ((1n << BigInt(format)) - 1n);
      return keeps ? bits : soft.flushed(format, bits);
    };
    const [x, y, z] = [a, b, c].slice(0, isFixed(op) ? 1 : FP_OPS[op]).map(narrow);
    const fractionBits = Number(b & 127n);
    switch (op) {
      case 'add':
      case 'sub':
      case 'mul':
      case 'div':
      case 'mulx':
      case 'recps':
      case 'rsqrts':
        return soft[op](format, x, y, mode);
      case 'recpe':
        return soft.recpe(format, x, mode);
      case 'rsqrte':
      case 'recpx':
        return soft[op](format, x);
      case 'sqrt':
        return soft.sqrt(format, x, mode);
      case 'fma':
        return soft.fma(format, x, y, z, mode);
      case 'min':
        return soft.minNum(format, x, y);
      case 'max':
        return soft.maxNum(format, x, y);
      case 'minimum':
      case 'maximum':
        return soft[op](format, x, y);
      case 'eq':
      case 'lt':
      case 'le':
      case 'ltq':
      case 'leq':
        return soft[op](format, x, y) ? 1n : 0n;
      case 'classify':
        return BigInt(soft.classify(format, x));
      case 'round':
        return soft.roundToInt(format, x, mode, false);
      case 'roundx':
        return soft.roundToInt(format, x, mode, true);
      case 'to16':
        return soft.convert(format, 16, x, mode);
      case 'to32':
        return soft.convert(format, 32, x, mode);
      case 'to64':
        return soft.convert(format, 64, x, mode);
      case 'tobf16':
        return soft.toBfloat16(x, mode);
      case 'to_i32':
      case 'to_u32':
        return BigInt.asIntN(32, soft.toInt(format, x, mode, 32, op === 'to_i32'));
      case 'to_i64':
      case 'to_u64':
        return soft.toInt(format, x, mode, 64, op === 'to_i64');
      case 'to_i32_mod':
        return BigInt.asIntN(32, soft.toIntModular(format, x, 32));
      case 'to_fixed_i16':
      case 'to_fixed_u16':
        return BigInt.asIntN(16, soft.toInt(format, x, mode, 16, op === 'to_fixed_i16', fractionBits));
      case 'to_fixed_i32':
      case 'to_fixed_u32':
        return BigInt.asIntN(32, soft.toInt(format, x, mode, 32, op === 'to_fixed_i32', fractionBits));
      case 'to_fixed_i64':
      case 'to_fixed_u64':
        return soft.toInt(format, x, mode, 64, op === 'to_fixed_i64', fractionBits);
      case 'from_fixed_i32':
        return soft.fromInt(BigInt.asIntN(32, a), format, mode, fractionBits);
      case 'from_fixed_u32':
        return soft.fromInt(BigInt.asUintN(32, a), format, mode, fractionBits);
      case 'from_fixed_i64':
        return soft.fromInt(BigInt.asIntN(64, a), format, mode, fractionBits);
      case 'from_fixed_u64':
        return soft.fromInt(BigInt.asUintN(64, a), format, mode, fractionBits);
      case 'from_i32':
        return soft.fromInt(BigInt.asIntN(32, a), format, mode);
      case 'from_u32':
        return soft.fromInt(BigInt.asUintN(32, a), format, mode);
      case 'from_i64':
        return soft.fromInt(BigInt.asIntN(64, a), format, mode);
      case 'from_u64':
        return soft.fromInt(BigInt.asUintN(64, a), format, mode);
    }
  }
}
