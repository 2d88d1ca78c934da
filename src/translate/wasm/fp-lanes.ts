/** Floating-point operations on the lanes of a vector, one after the other, by the exact functions of scalars. */
import type { Code } from './encoder.ts';
import type { Expr } from './expr.ts';
import type { Helpers } from './helpers.ts';
import type { FpLanesValue } from './lower.ts';
import { emitVectorConstant } from './vector.ts';

/** How a lane is read, zero-extended to i64, and written. */
const LANE = {
  16: { extract: 0x19, replace: 0x1a },
  32: { extract: 0x1b, replace: 0x1c },
  64: { extract: 0x1d, replace: 0x1e },
} as const;

/** Pushes the result. The operands are in locals. */
export function emitLaneByLane(
  code: Code,
  helpers: Helpers,
  { op, format, count }: FpLanesValue,
  operands: readonly number[],
  mode: Expr,
): void {
  const { extract, replace } = LANE[format];
  emitVectorConstant(code, 0n);
  for (let lane = 0; lane < count; lane++) {
    for (const operand of operands) {
      code.localGet(operand).simd(extract).byte(lane);
      if (format !== 64) code.op(0xad);
    }
    mode(code);
    code.call(helpers.fpIndex(op, format));
    if (format !== 64) code.op(0xa7);
    code.simd(replace).byte(lane);
  }
}
