/** The guest's memory, at its full size from the start, so that it never moves. */
import { NARROW_WINDOW_PAGES } from './layout.ts';

/** Sizes to try, in GiB: V8 gives a memory64 up to 16 GiB, an address space limit may leave less. */
const WINDOW_SIZES = [16, 8, 4];

const PAGES_PER_GIB = 0x4000;

/**
 * Creates the guest's window, as large as there is room for; of a 32-bit guest one of 4 GiB, for which V8 reserves twice as
 * much. Throws RangeError when not even that can be had.
 */
export function createWindow(isNarrow: boolean, sizes: readonly number[] = WINDOW_SIZES): WebAssembly.Memory {
  if (isNarrow) {
    const window = new WebAssembly.Memory({ initial: 1, maximum: NARROW_WINDOW_PAGES, shared: true });
    window.grow(NARROW_WINDOW_PAGES - 1);
    return window;
  }
  for (const gib of sizes) {
    const maximum = BigInt(gib * PAGES_PER_GIB);
    try {
      const window = new WebAssembly.Memory({ address: 'i64', initial: 1n, maximum, shared: true });
      window.grow(maximum - 1n);
      return window;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  throw new RangeError('no room for a guest address space of 4 GiB; raise the address space limit (ulimit -v)');
}
