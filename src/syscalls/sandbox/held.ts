/**
 * Descriptors of files that the sandbox has checked, for one system call: the
 * host is then asked for `/proc/self/fd/N`, so that nobody can put another file
 * under the name meanwhile.
 *
 * Always true: the number is hidden from the guest from before any other thread
 * can name it until it is closed. Calls by which a thread chooses a number
 * (close, dup3) take the same lock, so none is between its check and its deed.
 */
import { steadyCall } from '../call.ts';
import { EBADF } from '../errno.ts';
import { AT_FDCWD, O_CLOEXEC, O_PATH } from '../files-flags.ts';
import { OPEN_HOW_SIZE } from '../files-open.ts';
import { bytes, stage, stageString, view } from '../staging.ts';
import type { Task } from '../task.ts';

const RESOLVE_NO_SYMLINKS = 4;
const F_DUPFD_CLOEXEC = 1030;
const F_SETFD = 2;
const FD_CLOEXEC = 1;
/** Above most programs' descriptors, below every usual limit. */
const HIGH = 500;

let held: number[] = [];

/** Runs with the lock that choosing a descriptor's number takes. */
export function withDescriptors<T>(task: Task, action: () => T): T {
  const { lock } = task.space;
  lock.acquire();
  try {
    return action();
  } finally {
    lock.release();
  }
}

function hold(task: Task, make: () => number): number {
  return withDescriptors(task, () => {
    const descriptor = make();
    if (descriptor < 0) return descriptor;
    task.process.hiddenDescriptors.add(descriptor);
    held.push(descriptor);
    return descriptor;
  });
}

/**
 * Opens the file at a path that has no symbolic links, as a place in the tree only (O_PATH) and with more `flags`.
 * -ELOOP: it has one now.
 */
export function holdPath(task: Task, path: string, flags = 0): number {
  return hold(task, () => {
    const how = stage(OPEN_HOW_SIZE);
    bytes.fill(0, how, how + OPEN_HOW_SIZE);
    view.setUint32(how, (O_PATH | O_CLOEXEC | flags) >>> 0, true);
    view.setUint32(how + 16, RESOLVE_NO_SYMLINKS, true);
    const name = task.host.stagingPointer(stageString(path));
    return Number(steadyCall(task, 'openat2', AT_FDCWD, name, task.host.stagingPointer(how), OPEN_HOW_SIZE));
  });
}

/** A copy of a descriptor of the guest's, which the guest cannot change any more. */
export function holdDescriptor(task: Task, descriptor: number): number {
  return hold(task, () => {
    if (task.process.hiddenDescriptors.has(descriptor)) return -EBADF;
    return Number(steadyCall(task, 'fcntl', descriptor, F_DUPFD_CLOEXEC, 0));
  });
}

/** Moves a held descriptor up, so that the lowest free number is the guest's to get. The new number. */
export function moveUp(task: Task, descriptor: number): number {
  const moved = hold(task, () => Number(steadyCall(task, 'fcntl', descriptor, F_DUPFD_CLOEXEC, HIGH)));
  if (moved < 0) return descriptor;
  release(task, descriptor);
  return moved;
}

/** Makes a held descriptor the guest's. */
export function handOver(task: Task, descriptor: number, closeOnExec: boolean): number {
  steadyCall(task, 'fcntl', descriptor, F_SETFD, closeOnExec ? FD_CLOEXEC : 0);
  held = held.filter((other) => other !== descriptor);
  task.process.hiddenDescriptors.delete(descriptor);
  return descriptor;
}

export function release(task: Task, descriptor: number): void {
  withDescriptors(task, () => {
    held = held.filter((other) => other !== descriptor);
    steadyCall(task, 'close', descriptor);
    task.process.hiddenDescriptors.delete(descriptor);
  });
}

/** Closes what the call has held. */
export function releaseAll(task: Task): void {
  for (const descriptor of held) release(task, descriptor);
}

/** What the host is asked for. */
export const heldPath = (descriptor: number): string => `/proc/self/fd/${descriptor}`;
