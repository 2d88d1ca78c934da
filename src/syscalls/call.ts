/**
 * What lasts for one system call beside the staging buffer: the error that
 * converting an argument met, and work to do when the host's call has returned.
 */
import type { Int } from '../host/host.ts';
import { STUB } from '../host/layout.ts';
import { OPENING_ATTEMPTS } from '../memory/code-pages.ts';
import { EFAULT, EINTR } from './errno.ts';
import { beginCall, putText, repairFault, stage, stagedText } from './staging.ts';
import type { Task } from './task.ts';

type ReturnHook = (result: Int) => Int;

let failure = 0;
let returnHook: ReturnHook | undefined;

/** Starts a system call: nothing staged, no failure, no work left. */
export function startCall(task: Task): void {
  failure = 0;
  returnHook = undefined;
  beginCall(task);
}

/** An argument cannot be converted: the call returns -errno without being made. Returns 0, for use as the value. */
export function fail(errno: number): 0 {
  if (failure === 0) failure = -errno;
  return 0;
}

/** The negative errno of the first {@link fail} in this call, or 0. */
export const failed = (): number => failure;

/**
 * Registers what a converted out-argument has to do when the host's call has returned: it gets the result (negative
 * errno included) and gives the call's result, -EFAULT for instance.
 */
export function onReturn(hook: ReturnHook): void {
  const before = returnHook;
  returnHook = before === undefined ? hook : (result) => hook(before(result));
}

/** Runs what {@link onReturn} collected. */
export function finishCall(result: Int): Int {
  return returnHook === undefined ? result : returnHook(result);
}

/** The result of a host call that gave -EFAULT, made again while {@link repairFault} says that this may help. */
export function retryFault(task: Task, call: () => Int): Int {
  let result: Int = -EFAULT;
  for (let left = OPENING_ATTEMPTS; result === -EFAULT && left > 0 && repairFault(task); left--) result = call();
  return result;
}

/**
 * Makes a host system call: `Host.syscall`, made again after a fault that was not the guest's (see
 * {@link repairFault}). Arguments are host values (see {@link ptr}).
 */
export function hostCall(task: Task, name: string, ...args: Int[]): Int {
  const result = task.host.syscall(name, ...args);
  return result === -EFAULT ? retryFault(task, () => task.host.syscall(name, ...args)) : result;
}

/**
 * Makes a host system call that no signal interrupts: for what a handler does on the way, where giving up half-way
 * would leak a descriptor. Not for calls that can block for long.
 */
export function steadyCall(task: Task, name: string, ...args: Int[]): Int {
  const pending = new Int32Array(task.host.threadMemory.buffer, STUB.pending, 1);
  for (;;) {
    const waiting = pending[0];
    if (waiting !== 0) pending[0] = 0;
    const result = task.host.syscall(name, ...args);
    // Back to what it was; the handler only ever sets it.
    if (waiting !== 0) pending[0] = waiting;
    if (result !== -EINTR) return result;
  }
}

/** Bytes of a file that are staged at a time. */
const CHUNK = 0x4000;

/** Has a latin1 text written, piece by piece, by a call that gives how many bytes it has taken. False if it takes none. */
export function writeText(task: Task, text: string, write: (pointer: number, count: number) => Int): boolean {
  const at = stage(CHUNK);
  const pointer = task.host.stagingPointer(at);
  for (let done = 0; done < text.length; ) {
    const part = text.slice(done, done + CHUNK);
    putText(at, part);
    const taken = Number(write(pointer, part.length));
    if (taken <= 0) return false;
    done += taken;
  }
  return true;
}

/** Reads a file of the emulator's own from its beginning: where each piece is staged, until the next one, and its length. */
export function* filePieces(task: Task, file: number): Generator<{ at: number; length: number }> {
  const at = stage(CHUNK);
  const pointer = task.host.stagingPointer(at);
  for (let done = 0; ; ) {
    const length = Number(steadyCall(task, 'pread64', file, pointer, CHUNK, done));
    if (length <= 0) return;
    yield { at, length };
    done += length;
  }
}

/** A file of the emulator's own as latin1 text. */
export const fileText = (task: Task, file: number): string =>
  Array.from(filePieces(task, file), ({ at, length }) => stagedText(at, length)).join('');

/** Host pointer for a guest address from a pointer argument. */
export const ptr = (task: Task, address: number): number => task.host.guestPointer(address);
