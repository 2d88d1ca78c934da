/** Reads guest memory for printing: never changes anything, never fails louder than undefined. */
import type { Int } from '../host/host.ts';
import { bytes, fetch, stage, stagingLeft } from './staging.ts';
import type { Task } from './task.ts';

/** A copy of guest memory, or undefined where it is not readable (or longer than the staging buffer). */
export function peek(task: Task, address: Int, length: number): Uint8Array<ArrayBuffer> | undefined {
  if (typeof address !== 'number' || address < 0 || length > stagingLeft() - 16) return undefined;
  const at = stage(length);
  return fetch(task, at, address, length) ? Uint8Array.from(bytes.subarray(at, at + length)) : undefined;
}
