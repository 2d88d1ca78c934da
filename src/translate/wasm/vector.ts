/**
 * Lowers the IR's vector operations to WebAssembly's. They differ in two things:
 * scalars are i64 there, and a lane's number is an argument, which the cold tier
 * reads from the decoded instruction. A lane that is only known at run time is
 * moved to lane 0, or blended in, by its number.
 */
import type { OpName, Value } from '../../cpu/ir.ts';
import type { VectorOpName } from '../../cpu/vector-ops.ts';
import { constantOf } from '../walk.ts';
import type { Code } from './encoder.ts';

/** How an operation's arguments are pushed, and its opcode after 0xfd. */
type Lowered =
  | { form: 'plain'; opcode: number }
  /** The last argument, a shift count or a scalar, as i32. */
  | { form: 'narrow'; opcode: number }
  /** An i32 result, zero-extended. */
  | { form: 'mask'; opcode: number }
  /** Lanes of `size` bytes, i32 in WebAssembly unless `wide`. */
  | { form: 'extract'; opcode: number; size: number; signed?: boolean; wide?: boolean }
  | { form: 'replace'; opcode: number; size: number; splat: number; equal: number; wide?: boolean }
  | { form: 'fromInteger' };

const plain = (opcode: number): Lowered => ({ form: 'plain', opcode });
const narrow = (opcode: number): Lowered => ({ form: 'narrow', opcode });
const mask = (opcode: number): Lowered => ({ form: 'mask', opcode });

/** Core specification 5.4.8. */
export const VECTOR: Readonly<Record<VectorOpName, Lowered>> = {
  'v128.not': plain(0x4d),
  'v128.and': plain(0x4e),
  'v128.andnot': plain(0x4f),
  'v128.or': plain(0x50),
  'v128.xor': plain(0x51),
  'v128.bitselect': plain(0x52),
  'v128.any_true': plain(0x53),
  'v128.from_i64': { form: 'fromInteger' },

  'i8x16.splat': narrow(0x0f),
  'i8x16.extract_lane_s': { form: 'extract', opcode: 0x15, size: 1, signed: true },
  'i8x16.extract_lane_u': { form: 'extract', opcode: 0x16, size: 1 },
  'i8x16.replace_lane': { form: 'replace', opcode: 0x17, size: 1, splat: 0x0f, equal: 0x23 },
  'i8x16.swizzle': plain(0x0e),
  'i8x16.eq': plain(0x23),
  'i8x16.ne': plain(0x24),
  'i8x16.lt_s': plain(0x25),
  'i8x16.lt_u': plain(0x26),
  'i8x16.gt_s': plain(0x27),
  'i8x16.gt_u': plain(0x28),
  'i8x16.le_s': plain(0x29),
  'i8x16.le_u': plain(0x2a),
  'i8x16.ge_s': plain(0x2b),
  'i8x16.ge_u': plain(0x2c),
  'i8x16.abs': plain(0x60),
  'i8x16.neg': plain(0x61),
  'i8x16.popcnt': plain(0x62),
  'i8x16.all_true': plain(0x63),
  'i8x16.bitmask': mask(0x64),
  'i8x16.narrow_i16x8_s': plain(0x65),
  'i8x16.narrow_i16x8_u': plain(0x66),
  'i8x16.shl': narrow(0x6b),
  'i8x16.shr_s': narrow(0x6c),
  'i8x16.shr_u': narrow(0x6d),
  'i8x16.add': plain(0x6e),
  'i8x16.add_sat_s': plain(0x6f),
  'i8x16.add_sat_u': plain(0x70),
  'i8x16.sub': plain(0x71),
  'i8x16.sub_sat_s': plain(0x72),
  'i8x16.sub_sat_u': plain(0x73),
  'i8x16.min_s': plain(0x76),
  'i8x16.min_u': plain(0x77),
  'i8x16.max_s': plain(0x78),
  'i8x16.max_u': plain(0x79),
  'i8x16.avgr_u': plain(0x7b),

  'i16x8.splat': narrow(0x10),
  'i16x8.extract_lane_s': { form: 'extract', opcode: 0x18, size: 2, signed: true },
  'i16x8.extract_lane_u': { form: 'extract', opcode: 0x19, size: 2 },
  'i16x8.replace_lane': { form: 'replace', opcode: 0x1a, size: 2, splat: 0x10, equal: 0x2d },
  'i16x8.eq': plain(0x2d),
  'i16x8.ne': plain(0x2e),
  'i16x8.lt_s': plain(0x2f),
  'i16x8.lt_u': plain(0x30),
  'i16x8.gt_s': plain(0x31),
  'i16x8.gt_u': plain(0x32),
  'i16x8.le_s': plain(0x33),
  'i16x8.le_u': plain(0x34),
  'i16x8.ge_s': plain(0x35),
  'i16x8.ge_u': plain(0x36),
  'i16x8.abs': plain(0x80),
  'i16x8.neg': plain(0x81),
  'i16x8.all_true': plain(0x83),
  'i16x8.bitmask': mask(0x84),
  'i16x8.narrow_i32x4_s': plain(0x85),
  'i16x8.narrow_i32x4_u': plain(0x86),
  'i16x8.extadd_pairwise_i8x16_s': plain(0x7c),
  'i16x8.extadd_pairwise_i8x16_u': plain(0x7d),
  'i16x8.extend_low_i8x16_s': plain(0x87),
  'i16x8.extend_high_i8x16_s': plain(0x88),
  'i16x8.extend_low_i8x16_u': plain(0x89),
  'i16x8.extend_high_i8x16_u': plain(0x8a),
  'i16x8.shl': narrow(0x8b),
  'i16x8.shr_s': narrow(0x8c),
  'i16x8.shr_u': narrow(0x8d),
  'i16x8.add': plain(0x8e),
  'i16x8.add_sat_s': plain(0x8f),
  'i16x8.add_sat_u': plain(0x90),
  'i16x8.sub': plain(0x91),
  'i16x8.sub_sat_s': plain(0x92),
  'i16x8.sub_sat_u': plain(0x93),
  'i16x8.mul': plain(0x95),
  'i16x8.min_s': plain(0x96),
  'i16x8.min_u': plain(0x97),
  'i16x8.max_s': plain(0x98),
  'i16x8.max_u': plain(0x99),
  'i16x8.avgr_u': plain(0x9b),
  'i16x8.q15mulr_sat_s': plain(0x82),
  'i16x8.extmul_low_i8x16_s': plain(0x9c),
  'i16x8.extmul_high_i8x16_s': plain(0x9d),
  'i16x8.extmul_low_i8x16_u': plain(0x9e),
  'i16x8.extmul_high_i8x16_u': plain(0x9f),

  'i32x4.splat': narrow(0x11),
  'i32x4.extract_lane_s': { form: 'extract', opcode: 0x1b, size: 4, signed: true },
  'i32x4.extract_lane_u': { form: 'extract', opcode: 0x1b, size: 4 },
  'i32x4.replace_lane': { form: 'replace', opcode: 0x1c, size: 4, splat: 0x11, equal: 0x37 },
  'i32x4.eq': plain(0x37),
  'i32x4.ne': plain(0x38),
  'i32x4.lt_s': plain(0x39),
  'i32x4.lt_u': plain(0x3a),
  'i32x4.gt_s': plain(0x3b),
  'i32x4.gt_u': plain(0x3c),
  'i32x4.le_s': plain(0x3d),
  'i32x4.le_u': plain(0x3e),
  'i32x4.ge_s': plain(0x3f),
  'i32x4.ge_u': plain(0x40),
  'i32x4.abs': plain(0xa0),
  'i32x4.neg': plain(0xa1),
  'i32x4.all_true': plain(0xa3),
  'i32x4.bitmask': mask(0xa4),
  'i32x4.extadd_pairwise_i16x8_s': plain(0x7e),
  'i32x4.extadd_pairwise_i16x8_u': plain(0x7f),
  'i32x4.extend_low_i16x8_s': plain(0xa7),
  'i32x4.extend_high_i16x8_s': plain(0xa8),
  'i32x4.extend_low_i16x8_u': plain(0xa9),
  'i32x4.extend_high_i16x8_u': plain(0xaa),
  'i32x4.shl': narrow(0xab),
  'i32x4.shr_s': narrow(0xac),
  'i32x4.shr_u': narrow(0xad),
  'i32x4.add': plain(0xae),
  'i32x4.sub': plain(0xb1),
  'i32x4.mul': plain(0xb5),
  'i32x4.min_s': plain(0xb6),
  'i32x4.min_u': plain(0xb7),
  'i32x4.max_s': plain(0xb8),
  'i32x4.max_u': plain(0xb9),
  'i32x4.dot_i16x8_s': plain(0xba),
  'i32x4.extmul_low_i16x8_s': plain(0xbc),
  'i32x4.extmul_high_i16x8_s': plain(0xbd),
  'i32x4.extmul_low_i16x8_u': plain(0xbe),
  'i32x4.extmul_high_i16x8_u': plain(0xbf),

  'i64x2.splat': plain(0x12),
  'i64x2.extract_lane': { form: 'extract', opcode: 0x1d, size: 8, wide: true },
  'i64x2.replace_lane': { form: 'replace', opcode: 0x1e, size: 8, splat: 0x12, equal: 0xd6, wide: true },
  'i64x2.eq': plain(0xd6),
  'i64x2.ne': plain(0xd7),
  'i64x2.lt_s': plain(0xd8),
  'i64x2.gt_s': plain(0xd9),
  'i64x2.le_s': plain(0xda),
  'i64x2.ge_s': plain(0xdb),
  'i64x2.abs': plain(0xc0),
  'i64x2.neg': plain(0xc1),
  'i64x2.all_true': plain(0xc3),
  'i64x2.bitmask': mask(0xc4),
  'i64x2.extend_low_i32x4_s': plain(0xc7),
  'i64x2.extend_high_i32x4_s': plain(0xc8),
  'i64x2.extend_low_i32x4_u': plain(0xc9),
  'i64x2.extend_high_i32x4_u': plain(0xca),
  'i64x2.shl': narrow(0xcb),
  'i64x2.shr_s': narrow(0xcc),
  'i64x2.shr_u': narrow(0xcd),
  'i64x2.add': plain(0xce),
  'i64x2.sub': plain(0xd1),
  'i64x2.mul': plain(0xd5),
  'i64x2.extmul_low_i32x4_s': plain(0xdc),
  'i64x2.extmul_high_i32x4_s': plain(0xdd),
  'i64x2.extmul_low_i32x4_u': plain(0xde),
  'i64x2.extmul_high_i32x4_u': plain(0xdf),
};

const LOW_HALF = (1n << 64n) - 1n;
const isMask = (op: OpName, mask: Value): boolean =>
  op === 'v128.and' && mask.kind === 'vector' && mask.value === LOW_HALF;
/** The vector of which a value is the low half, with zeros above. */
export const lowHalfOf = (value: Value): Value | undefined =>
  value.kind === 'op' && isMask(value.op, value.args[1]) ? value.args[0] : undefined;

/** Whether a vector is known to be zero: one made of an immediate. */
export function isZeroVector(value: Value): boolean {
  if (value.kind === 'vector') return value.value === 0n;
  if (value.kind !== 'op') return constantOf(value) === 0;
  const { op, args } = value;
  if (op === 'v128.and') return args.some(isZeroVector);
  // As bytes are made of bits.
  if (op === 'i8x16.eq') return isZeroVector(args[0]) && args[1].kind === 'vector' && hasNoZeroByte(args[1].value);
  return (op.endsWith('.splat') || op === 'v128.from_i64' || op === 'shl') && isZeroVector(args[0]);
}
const hasNoZeroByte = (vector: bigint): boolean =>
  BYTES.every((at) => BigInt.asUintN(8, vector >> BigInt(8 * at)) !== 0n);

const LANEWISE =
  /^v128\.(not|and|andnot|or|xor|bitselect)$|\.(eq|ne|[lg][te]_[su]|abs|neg|popcnt|sh[lr](_[su])?|(add|sub)(_sat_[su])?|mul|m(in|ax)_[su]|avgr_u|q15mulr_sat_s)$/;
/** Whether the low half of an operation's result depends on nothing but the low halves of its vectors. */
export const isLanewise = (op: VectorOpName): boolean => LANEWISE.test(op);

/** Whether the whole result of an operation does so. */
export function readsLowHalf(op: VectorOpName, args: readonly Value[]): boolean {
  const lowered = VECTOR[op];
  if (lowered.form !== 'extract') return op.includes('_low_');
  const lane = constantOf(args[1]);
  return lane !== undefined && lane * lowered.size < 8;
}

/** What the lowering of values gives to that of vector operations. */
export interface Emitter {
  readonly code: Code;
  emit(value: Value): void;
  /** Pushes the low 32 bits of an i64 as i32. */
  emit32(value: Value): void;
}

const BYTES = Array.from({ length: 16 }, (_, i) => i);

export function emitVectorConstant(code: Code, value: bigint): void {
  code.simd(0x0c).bytes(BYTES.map((i) => Number((value >> BigInt(8 * i)) & 0xffn)));
}

/** Clears all but the low bits of the vector on the stack: V8 makes less of this than of a mask, which it builds each time. */
export function emitClearAbove(code: Code, bits: 32 | 64): void {
  emitVectorConstant(code, 0n);
  // Zeros of the lanes' own places, or those that V8 has an instruction for.
  code.simd(0x0d).bytes(BYTES.map((i) => (8 * i < bits ? i : bits === 64 ? i + 8 : i + 16)));
}

export function emitVectorOp(emitter: Emitter, op: VectorOpName, args: readonly Value[]): void {
  const { code } = emitter;
  const lowered = VECTOR[op];
  const [first, second, third] = args;
  if (isMask(op, second)) {
    emitter.emit(first);
    emitClearAbove(code, 64);
    return;
  }
  switch (lowered.form) {
    case 'plain':
      for (const arg of args) emitter.emit(arg);
      code.simd(lowered.opcode);
      return;
    case 'narrow': {
      for (const arg of args.slice(0, -1)) emitter.emit(arg);
      emitter.emit32(args[args.length - 1]);
      code.simd(lowered.opcode);
      return;
    }
    case 'mask':
      emitter.emit(first);
      code.simd(lowered.opcode).op(0xad);
      return;
    case 'fromInteger':
      emitVectorConstant(code, 0n);
      emitter.emit(first);
      code.simd(0x1e).byte(0);
      return;
    case 'extract': {
      const { opcode, size, signed, wide } = lowered;
      const lane = constantOf(second);
      emitter.emit(first);
      if (lane === undefined) emitToLane0(emitter, second, size);
      code.simd(opcode).byte(lane ?? 0);
      if (!wide) code.op(signed ? 0xac : 0xad);
      return;
    }
    case 'replace': {
      const { opcode, size, splat, equal, wide } = lowered;
      const lane = constantOf(second);
      const scalar = () => (wide ? emitter.emit(third) : emitter.emit32(third));
      if (lane !== undefined) {
        emitter.emit(first);
        scalar();
        code.simd(opcode).byte(lane);
        return;
      }
      // The new value in all lanes, where the lane's number is the one wanted; else the old value.
      scalar();
      code.simd(splat);
      emitter.emit(first);
      emitVectorConstant(code, numbers(size));
      if (wide) emitter.emit(second);
      else emitter.emit32(second);
      code.simd(splat).simd(equal).simd(0x52);
      return;
    }
  }
}

/** Lanes of `size` bytes that count up from 0. */
function numbers(size: number): bigint {
  let value = 0n;
  for (let lane = 0; lane < 16 / size; lane++) value |= BigInt(lane) << BigInt(8 * size * lane);
  return value;
}

/** Moves the lane of the vector on the stack whose number is a value to lane 0: picks bytes from size * lane on. */
function emitToLane0(emitter: Emitter, lane: Value, size: number): void {
  const { code } = emitter;
  emitter.emit32(lane);
  code.i32(Math.log2(size)).op(0x74).simd(0x0f);
  emitVectorConstant(code, numbers(1));
  code.simd(0x6e).simd(0x0e);
}
