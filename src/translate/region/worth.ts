/** When a region is worth compiling. */
import type { Region } from './graph.ts';

/**
 * A jump to a region of so many instructions pays for compiling it as often as the threshold says; a larger one costs
 * more, and one jump seldom executes more of it. So it waits for more jumps, in proportion; but the jumps to each of its
 * entries count.
 */
const PAYING_SIZE = 30;

/** Jumps to a region after which it is worth compiling. */
export function worthAfter({ size, entries }: Region, threshold: number): number {
  return threshold * Math.max(1, size / (PAYING_SIZE * entries.length));
}
