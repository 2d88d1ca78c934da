/**
 * Vectors of which only the low lanes count. A vector register that holds a scalar, or a vector of 64 bits, is one of
 * those: a word, as words.ts calls it, whose local may have anything where the register has zeros. So an operation on
 * 64 bits clears nothing, and one on a scalar is done on whole vectors: nothing moves from lane to lane in between.
 */

import type { Value } from '../../cpu/ir.ts';
import { isVectorOp } from '../../cpu/vector-ops.ts';
import { constantOf } from '../walk.ts';
import type { Code } from '../wasm/encoder.ts';
import { type Emitter, emitVectorOp, isLanewise, lowHalfOf } from '../wasm/vector.ts';

export interface LowLanesHost {
  readonly code: Code;
  emit(value: Value): void;
  emit32(value: Value): void;
  /** Whether a value has been computed, or is to be kept since it is used again. */
  isKept(value: Value): boolean;
  /** The local of the vector register that a value reads, if its low bits, so many, are right; undefined if it reads none. */
  lowLocal(value: Value, bits: number): number | undefined;
}

export class LowLanes implements Emitter {
  readonly code: Code;
  private readonly host: LowLanesHost;

  constructor(host: LowLanesHost) {
    this.host = host;
    this.code = host.code;
  }

  /** Pushes a vector of which the low half is right; any other value as it is. */
  emit(value: Value): void {
    const { host } = this;
    if (host.isKept(value)) {
      host.emit(value);
      return;
    }
    const half = lowHalfOf(value);
    const local = host.lowLocal(value, 64);
    if (half !== undefined) this.emit(half);
    else if (local !== undefined) this.code.localGet(local);
    else if (value.kind === 'op' && isVectorOp(value.op) && isLanewise(value.op))
      emitVectorOp(this, value.op, value.args);
    else host.emit(value);
  }

  emit32(value: Value): void {
    this.host.emit32(value);
  }

  /** Pushes a vector whose lowest lane, of 32 or 64 bits, is right. */
  emitLane0(value: Value, bits: 32 | 64): void {
    const local = this.host.isKept(value) ? undefined : this.host.lowLocal(value, bits);
    if (local !== undefined) this.code.localGet(local);
    else this.emit(value);
  }
}

/** The vector whose lowest lane, of 32 or 64 bits, a value is. */
export function lane0Of(value: Value, bits: 32 | 64): Value | undefined {
  const wanted = bits === 64 ? 'i64x2.extract_lane' : 'i32x4.extract_lane_u';
  return value.kind === 'op' && value.op === wanted && constantOf(value.args[1]) === 0 ? value.args[0] : undefined;
}
