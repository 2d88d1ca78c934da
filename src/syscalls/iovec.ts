/** Vectors of buffers: readv and its family. */
import type { Int } from '../host/host.ts';
import { ptr } from './call.ts';
import { addressText, BAD_ADDRESS, type Codec, Pass, toAddress, toInt32 } from './codec.ts';
import { peek } from './peek.ts';
import { fetch, stage, view } from './staging.ts';
import type { Task } from './task.ts';
import { quoted } from './text.ts';

/** UIO_MAXIOV of the kernel. */
const MAX = 1024;

/** Size of struct iovec: pointer and length. */
const ENTRY = 16;

/** Buffers that strace shows of a vector, and bytes of each. */
const SHOWN_BUFFERS = 32;
const SHOWN_BYTES = 32;

/** Writes a host pointer (below 2^53) to the staging buffer. */
export function setPointer(at: number, pointer: number): void {
  view.setUint32(at, pointer >>> 0, true);
  view.setUint32(at + 4, Math.floor(pointer / 0x1_0000_0000), true);
}

/**
 * Stages a vector with the host's addresses and gives the host's pointer to it: one that faults for a vector that cannot be
 * used, since the host looks at the descriptor, and at how many entries there are, before it fetches any.
 */
export function stageVector(task: Task, address: number, size: Int): number {
  const count = Number(size);
  if (count === 0) return 0;
  if (count < 0 || count > MAX) return ptr(task, BAD_ADDRESS);
  const at = stage(count * ENTRY);
  if (!fetch(task, at, address, count * ENTRY)) return ptr(task, BAD_ADDRESS);
  for (let i = at; i < at + count * ENTRY; i += ENTRY) {
    const address = view.getUint32(i, true) + view.getUint32(i + 4, true) * 0x1_0000_0000;
    // A NULL base counts as a bad address too, but only when there is something to copy.
    if (address !== 0) setPointer(i, task.host.guestPointer(Number.isSafeInteger(address) ? address : BAD_ADDRESS));
  }
  return task.host.stagingPointer(at);
}

/** A struct iovec array of `countName` entries, which is argument number `countIndex`; `late` when the call fills the buffers. */
export const iovec = (countName: string, countIndex: number, late: boolean): Codec<number> => ({
  pass: Pass.convert,
  late,
  refersTo: [countName],
  decode: (_task, raw) => toAddress(raw),
  toHost: (task, raw) => stageVector(task, toAddress(raw), toInt32(task.cpu.argument(countIndex))),
  print: (p, raw) => {
    const count = toInt32(p.argument(countName));
    const data = count < 0 || count > MAX ? undefined : peek(p.task, raw, count * ENTRY);
    if (data === undefined || (p.result !== undefined && p.result < 0)) return addressText(raw);
    const entries = new DataView(data.buffer);
    let left = late ? Number(p.result ?? 0) : Number.POSITIVE_INFINITY;
    const parts: string[] = [];
    for (let i = 0; i < Math.min(count, SHOWN_BUFFERS); i++) {
      const address = Number(entries.getBigUint64(i * ENTRY, true));
      const length = Number(entries.getBigUint64(i * ENTRY + 8, true));
      const filled = Math.min(length, left);
      left -= filled;
      const buffer = peek(p.task, address, Math.min(filled, SHOWN_BYTES));
      const text = buffer === undefined ? addressText(address) : quoted(buffer, filled > SHOWN_BYTES);
      parts.push(`{iov_base=${text}, iov_len=${length}}`);
    }
    return `[${parts.join(', ')}${count > SHOWN_BUFFERS ? ', ...' : ''}]`;
  },
});
