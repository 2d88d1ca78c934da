/**
 * Floating point on vectors inside regions: the host's operation on all lanes at once, and a test as for scalars (see
 * float.ts) which all of them must pass; else each lane goes through the exact function.
 */
import type { FpLanesOp } from '../../cpu/ir.ts';
import { Deviation } from '../../cpu/softfloat.ts';
import { type Code, V128 } from '../wasm/encoder.ts';
import type { Expr } from '../wasm/expr.ts';
import { emitLaneByLane } from '../wasm/fp-lanes.ts';
import type { FpLanesValue } from '../wasm/lower.ts';
import { emitVectorConstant } from '../wasm/vector.ts';
import { EXPONENT, type FloatHost } from './float.ts';

/**
 * The opcodes after 0xfd for binary32 and binary64, and what is to be tested: `range`, that the exponent of the result
 * less this much is below the limit, or `ordered`, that no operand is a NaN. By the rounding mode, where there are four.
 */
interface Fast {
  readonly opcodes: readonly (readonly [single: number, double: number])[];
  readonly range?: number;
}
const ROUND: Fast = {
  opcodes: [
    [0x6a, 0x94],
    [0x69, 0x7a],
    [0x68, 0x75],
    [0x67, 0x74],
  ],
};
const MIN: Fast = { opcodes: [[0xe8, 0xf4]] };
const MAX: Fast = { opcodes: [[0xe9, 0xf5]] };
const FAST: Partial<Record<FpLanesOp, Fast>> = {
  add: { opcodes: [[0xe4, 0xf0]], range: 0 },
  sub: { opcodes: [[0xe5, 0xf1]], range: 0 },
  mul: { opcodes: [[0xe6, 0xf2]], range: 2 },
  div: { opcodes: [[0xe7, 0xf3]], range: 2 },
  sqrt: { opcodes: [[0xe3, 0xef]], range: 2 },
  fma: { opcodes: [[0x105, 0x107]], range: 2 },
  min: MIN,
  max: MAX,
  minimum: MIN,
  maximum: MAX,
  round: ROUND,
  roundx: ROUND,
};

const NOT_EQUAL = [0x42, 0x48] as const;

const ROUNDING = 7;
/**
 * Whether a mode is one that the fast paths have: of those that deviate, flushing subnormal numbers, with the default NaN,
 * since NaNs go the other way.
 */
const isKnown = (mode = 0): boolean =>
  mode <= ROUNDING || (mode & ~ROUNDING) === (Deviation.flush | Deviation.defaultNaN);

/** What the lowering of scalars gives to that of vectors. */
export interface Limits {
  /** The local that is not 0 where floating point is easy; and those that limit the results of each format, see float.ts. */
  readonly limit: number;
  readonly limits: Readonly<Record<32 | 64, number>>;
  /** Whether the host's relaxed multiply-add rounds once. */
  readonly fused: boolean;
  /** The mode that an operation names; undefined for the one in the state. */
  readonly mode: number | undefined;
  /** Emits what computes the limit anew. */
  reload(): void;
}

/** Pushes the result. */
export function emitLanes(host: FloatHost, value: FpLanesValue, { limit, limits, fused, mode, reload }: Limits): void {
  const { code } = host;
  const { op, format, args, rounding } = value;
  const operands = args.map((arg) => host.inLocal(arg));
  const slow = () => {
    const modeOperand: Expr = () => host.emit(rounding);
    emitLaneByLane(code, host.helpers, value, operands, modeOperand);
    reload();
  };
  const fast = FAST[op];
  // A mode of its own is known by its opcode, or is the one that the limit stands for.
  const flushes = mode !== undefined && (mode & Deviation.flush) !== 0;
  const opcodes = isKnown(mode) ? fast?.opcodes[(mode ?? 0) & ROUNDING] : undefined;
  if (fast === undefined || opcodes === undefined || format === 16 || (op === 'fma' && !fused)) {
    slow();
    return;
  }
  const index = format === 64 ? 1 : 0;
  const result = host.newLocal(V128);
  for (const operand of operands) code.localGet(operand);
  code.simd(opcodes[index]).localSet(result);
  if (fast.range === undefined) emitUnordered(code, value, operands, NOT_EQUAL[index], limit);
  else emitOutOfRange(code, value, result, fast.range, limits[format]);
  // A result that is zero or subnormal passes the range of sums only.
  if (flushes) emitSubnormal(code, value, fast.range === 0 ? [...operands, result] : operands);
  code.unlikelyIf();
  slow();
  code.localSet(result).end();
  code.localGet(result);
}

/** The number in each lane that counts, in its highest word if it has two; zeros elsewhere. */
function inLanes({ format, count }: FpLanesValue, number: number): bigint {
  let vector = 0n;
  for (let lane = 1; lane <= count; lane++) vector |= BigInt(number) << BigInt(format * lane - 32);
  return vector;
}

/**
 * Tests whether an exponent is not below the limit. Lanes and words that do not count are 0, which is below it if floating
 * point is easy.
 */
function emitOutOfRange(code: Code, value: FpLanesValue, result: number, least: number, limit: number): void {
  const isWide = value.format === 64;
  code.localGet(result).i32(1).simd(0xab);
  if (isWide || value.count < 4) {
    emitVectorConstant(code, inLanes(value, 0xffff_ffff));
    code.simd(0x4e);
  }
  if (least !== 0) {
    emitVectorConstant(code, inLanes(value, least << EXPONENT[value.format as 32 | 64]));
    code.simd(0xb1);
  }
  code.localGet(limit).simd(0x11).simd(0x40).simd(0x53);
}

/** The smallest normal number. */
const NORMAL = { 16: 0n, 32: 0x0080_0000n, 64: 0x0010_0000_0000_0000n } as const;
/** Opcodes of abs, lt and ne. */
const COMPARE = { 32: [0xe0, 0x43, 0x42], 64: [0xec, 0x49, 0x48] } as const;

/** Or, of the condition on the stack, that a lane of vectors is subnormal. */
function emitSubnormal(code: Code, { format }: FpLanesValue, vectors: readonly number[]): void {
  const [abs, lt, ne] = COMPARE[format as 32];
  let normal = 0n;
  for (let at = 0; at < 128; at += format) normal |= NORMAL[format] << BigInt(at);
  vectors.forEach((vector, i) => {
    code.localGet(vector).simd(abs);
    emitVectorConstant(code, normal);
    code.simd(lt).localGet(vector);
    emitVectorConstant(code, 0n);
    code.simd(ne).simd(0x4e);
    if (i > 0) code.simd(0x50);
  });
  code.simd(0x53).op(0x72);
}

/** Tests whether a lane does not equal itself, or floating point is not easy. */
function emitUnordered(
  code: Code,
  { format, count }: FpLanesValue,
  operands: readonly number[],
  notEqual: number,
  limit: number,
): void {
  operands.forEach((operand, i) => {
    code.localGet(operand).localGet(operand).simd(notEqual);
    if (i > 0) code.simd(0x50);
  });
  if (count * format < 128) {
    emitVectorConstant(code, (1n << BigInt(count * format)) - 1n);
    code.simd(0x4e);
  }
  code.simd(0x53).localGet(limit).op(0x45).op(0x72);
}
