/**
 * The staging buffer during one system call: structures are built here for the
 * host and read here after it, so that JavaScript never touches guest pages.
 * Everything in it is gone when the next system call starts.
 *
 *     const at = stage(task, 16);            // offset of 16 bytes
 *     if (!fetch(task, at, address, 16)) return -EFAULT;
 *     view.getUint32(at + 4, true)
 *
 * Offsets are relative to the buffer's start, like Host.copyIn's.
 */
import { STAGING } from '../host/layout.ts';
import { OPENING_ATTEMPTS } from '../memory/code-pages.ts';
import { EFAULT } from './errno.ts';
import type { Task } from './task.ts';

/** The buffer's bytes, of the thread this worker runs. Set by {@link beginCall}. */
export let view: DataView;
export let bytes: Uint8Array;

let memory: WebAssembly.Memory | undefined;
let top = 0;

/** Frees everything staged. The dispatcher calls it before each system call. */
export function beginCall(task: Task): void {
  top = 0;
  if (memory !== task.host.threadMemory) {
    memory = task.host.threadMemory;
    view = new DataView(memory.buffer, STAGING.start, STAGING.size);
    bytes = new Uint8Array(memory.buffer, STAGING.start, STAGING.size);
  }
}

/** Bytes that can still be staged in this call. */
export const stagingLeft = (): number => STAGING.size - top;

/** Takes `size` bytes, aligned to 16, with undefined contents. Throws if the buffer is too small: check stagingLeft first. */
export function stage(size: number): number {
  const at = top;
  const end = at + ((size + 15) & ~15);
  if (end > STAGING.size) throw new RangeError(`staging buffer too small for ${size} bytes`);
  top = end;
  return at;
}

/** Copies guest memory to the staging offset; false: EFAULT. */
export function fetch(task: Task, at: number, address: number, length: number): boolean {
  return length === 0 || task.host.copyIn(at, address, length);
}

/** Copies staged bytes to guest memory; false: EFAULT. Write-protected code pages and untouched stack are no obstacle. */
export function deliver(task: Task, address: number, at: number, length: number): boolean {
  if (length === 0) return true;
  for (let left = OPENING_ATTEMPTS; !task.host.copyOut(address, at, length); left--) {
    if (left === 0 || !repairFault(task)) return false;
  }
  return true;
}

/**
 * True when an access may succeed if it is made again: it may have hit a page write-protected for its decoded code, or the
 * part of the stack that has not been touched yet, which grows down to the stack pointer on any access.
 */
export function repairFault(task: Task): boolean {
  const hadCode = task.space.unprotectAllCode();
  const sp = Number(task.cpu.sp);
  return task.space.growStack(sp) || hadCode;
}

/** Stages `length` bytes of guest memory and gives their offset, or -EFAULT. */
export function stageFrom(task: Task, address: number, length: number): number {
  const at = stage(length);
  return fetch(task, at, address, length) ? at : -EFAULT;
}

/** Stages a NUL-terminated latin1 string (one char a byte). */
export function stageString(text: string): number {
  const at = stage(text.length + 1);
  putString(at, text);
  return at;
}

/** Puts a latin1 string at a staged place, with a NUL behind it. */
export function putString(at: number, text: string): void {
  putText(at, text);
  bytes[at + text.length] = 0;
}

export function putText(at: number, text: string): void {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
}

/** Staged bytes as a latin1 string (one char a byte). */
export function stagedText(at: number, length: number): string {
  let text = '';
  for (let i = at; i < at + length; i++) text += String.fromCharCode(bytes[i]);
  return text;
}

/** Staged bytes up to the first NUL, at most `max`. */
export function stagedString(at: number, max: number): string {
  let length = 0;
  while (length < max && bytes[at + length] !== 0) length++;
  return stagedText(at, length);
}

/** Unsigned 64 bits as a number, rounded above 2^53. */
export function stagedUint64(at: number): number {
  return view.getUint32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);
}
