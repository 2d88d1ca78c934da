/**
 * The WebAssembly memories of a guest process beside its window, at their full size from
 * the start, so that they never move.
 */
import { PROCESS_MEMORY_PAGES, THREAD_MEMORY_PAGES } from '../layout.ts';
import { readMappings } from './proc-self.ts';

/** What V8 reserves for a 32-bit memory under its trap handler, so that no index and offset can lead out of it. */
export const RESERVATION_32 = 8 * 2 ** 30;

/**
 * Creates a thread memory. Memories start small and are grown at once: V8 runs a full garbage collection (3–7 ms) when
 * a large memory is created, and none when it grows. Throws RangeError without 8 GiB of free address space.
 */
export function createThreadMemory(): WebAssembly.Memory {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: THREAD_MEMORY_PAGES });
  memory.grow(THREAD_MEMORY_PAGES - 1);
  return memory;
}

/** Creates the process memory. Throws RangeError without 8 GiB of free address space. */
export function createProcessMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: PROCESS_MEMORY_PAGES, maximum: PROCESS_MEMORY_PAGES, shared: true });
}

/**
 * The part of a 32-bit memory's reservation that lies behind the memory, `start` being its host address; undefined if it
 * has none. Only the emulator's own code uses these memories, with offsets it knows to be inside, so this can be unmapped
 * where address space is limited. (The memory itself lives as long as the process.)
 */
export function spareReservation(
  memory: WebAssembly.Memory,
  start: number,
): { start: number; size: number } | undefined {
  const used = memory.buffer.byteLength;
  let covered = start + used;
  const end = start + RESERVATION_32;
  for (const mapping of readMappings('self', 0, Number.MAX_SAFE_INTEGER)) {
    if (mapping.start <= covered && mapping.end > covered && !mapping.readable && mapping.inode === 0)
      covered = mapping.end;
  }
  return covered >= end ? { start: start + used, size: RESERVATION_32 - used } : undefined;
}
