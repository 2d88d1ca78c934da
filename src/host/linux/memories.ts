/**
 * The three WebAssembly memories of a guest process, at their full size from
 * the start, so that they never move.
 */
import { PROCESS_MEMORY_PAGES, THREAD_MEMORY_PAGES } from '../layout.ts';

/** Window sizes to try, in GiB: V8 gives a memory64 up to 16 GiB, an address space limit may leave less. */
const WINDOW_SIZES = [16, 8, 4] as const;

const PAGES_PER_GIB = 0x4000;

export interface Memories {
  window: WebAssembly.Memory;
  threadMemory: WebAssembly.Memory;
  processMemory: WebAssembly.Memory;
}

/**
 * Creates the memories. Each starts with one page and is grown at once: V8 runs a full garbage collection (3–7 ms)
 * when a large memory is created, and none when it grows.
 *
 * Throws RangeError when the address space (RLIMIT_AS) has no room for the smallest.
 */
export function createMemories(): Memories {
  const threadMemory = new WebAssembly.Memory({ initial: 1, maximum: THREAD_MEMORY_PAGES });
  threadMemory.grow(THREAD_MEMORY_PAGES - 1);
  const processMemory = new WebAssembly.Memory({
    initial: PROCESS_MEMORY_PAGES,
    maximum: PROCESS_MEMORY_PAGES,
    shared: true,
  });
  return { window: createWindow(), threadMemory, processMemory };
}

function createWindow(): WebAssembly.Memory {
  for (const gib of WINDOW_SIZES) {
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
