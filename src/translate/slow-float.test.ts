/**
 * Arm's arithmetic, as the exact path does it, against the definition (tests/support/float-definition.ts): flushing to
 * zero, default and propagated NaNs, tininess before rounding, and rounding to odd.
 */
import { describe, test } from 'vitest';
import {
  ARITHMETIC,
  type Arith,
  arithmetic,
  decode,
  FORMATS,
  SEED,
  SHAPES,
  show,
  vectors,
} from '../../tests/support/float-definition.ts';
import { armArithmetic, Deviation, Flag, type Format, type RoundingMode } from '../cpu/softfloat.ts';
import { SlowFloat } from './slow-float.ts';

const MODES = [0, 1, 2, 3, 4, 5] as const;
const FLUSH = Deviation.flush | Deviation.flushHalf;
const DEVIATIONS = [0, FLUSH, FLUSH | Deviation.defaultNaN];
const arm = new SlowFloat(armArithmetic);

/** FPProcessNaNs and FPMulAdd: which NaN comes out, if any does. */
function nanOf(op: Arith, fmt: Format, args: readonly bigint[], usesDefault: boolean): bigint | undefined {
  const { nan, quiet } = SHAPES[fmt];
  const [x, y] = args.map((a) => decode(fmt, a));
  const inOrder = op === 'fma' ? [args[2], args[0], args[1]] : args;
  const first = inOrder.find((a) => decode(fmt, a).isSignaling) ?? inOrder.find((a) => decode(fmt, a).isNan);
  if (first === undefined) return undefined;
  const isUndefined = op === 'fma' && ((x.isZero && y.isInfinite) || (x.isInfinite && y.isZero));
  return usesDefault || (isUndefined && !decode(fmt, first).isSignaling) ? nan : first | quiet;
}

interface Outcome {
  bits: bigint;
  flags: number;
}

function expected(op: Arith, fmt: Format, given: readonly bigint[], deviations: number): (rm: RoundingMode) => Outcome {
  const { sign, minNormal } = SHAPES[fmt];
  const flushes = (deviations & (fmt === 16 ? Deviation.flushHalf : Deviation.flush)) !== 0;
  const isSubnormal = (a: bigint): boolean => a % sign > 0n && a % sign < minNormal;
  const args = given.map((a) => (flushes && isSubnormal(a) ? a - (a % sign) : a));
  const raised = fmt !== 16 && args.some((a, i) => a !== given[i]) ? Flag.inputDenormal : 0;
  const exact = arithmetic(op, fmt, args);
  const nan = nanOf(op, fmt, args, (deviations & Deviation.defaultNaN) !== 0);
  return (rm) => {
    const { bits, flags, flagsBefore = flags } = exact(rm);
    if (nan !== undefined) return { bits: nan, flags: flags | raised };
    // What is tiny before it is rounded is a zero, whatever it would be rounded to.
    const isTiny = isSubnormal(bits) || (flagsBefore & Flag.underflow) !== 0;
    if (flushes && isTiny) return { bits: bits - (bits % sign), flags: Flag.underflow | raised };
    return { bits, flags: flagsBefore | raised };
  };
}

describe.each(FORMATS)('binary%i as Arm has it', (fmt) => {
  test.each(ARITHMETIC)('%s', (op) => {
    for (const deviations of DEVIATIONS) {
      for (const args of vectors(op, fmt, 200)) {
        const wanted = expected(op, fmt, args, deviations);
        for (const rm of MODES) {
          const [a, b = 0n, c = 0n] = args;
          const bits = arm.run(op, fmt, rm | deviations, a, b, c);
          const flags = arm.takeFlags();
          const { bits: right, flags: rightFlags } = wanted(rm);
          if (bits === right && flags === rightFlags) continue;
          throw new Error(
            `${op}${fmt}, mode ${rm}, deviations ${deviations} of ${args.map(show).join(', ')} is ${show(bits)} with ` +
              `flags ${flags}, want ${show(right)} with flags ${rightFlags}; seed ${SEED}`,
          );
        }
      }
    }
  });
});
