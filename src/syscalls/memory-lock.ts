/** mlockall(2), without which the host's would lock the emulator's memory, too. */
import type { Int } from '../host/host.ts';
import { PROCESS } from '../host/layout.ts';
import { hostCall, ptr, steadyCall } from './call.ts';
import { toAddress } from './codec.ts';
import { EAGAIN, EINVAL, ENOMEM } from './errno.ts';
import type { SyscallResult, Task } from './task.ts';

export const MCL = { MCL_CURRENT: 1, MCL_FUTURE: 2, MCL_ONFAULT: 4 };
const MLOCK_ONFAULT = 1;
const PAGE = 4096;

/** MCL_FUTURE and perhaps MCL_ONFAULT, for all threads; 0: new mappings are not locked. */
const cell = (task: Task): Int32Array => new Int32Array(task.host.processMemory.buffer, PROCESS.lockFuture, 1);

export function mlockall(task: Task, { flags: how }: { flags: number }): SyscallResult {
  if (how === 0 || (how & ~7) !== 0 || how === MCL.MCL_ONFAULT) return -EINVAL;
  cell(task)[0] = (how & MCL.MCL_FUTURE) === 0 ? 0 : how & (MCL.MCL_FUTURE | MCL.MCL_ONFAULT);
  if ((how & MCL.MCL_CURRENT) === 0) return 0;
  for (const { start, end } of task.space.ranges()) {
    const result = lock(task, start, end - start, how);
    // As the kernel does: pages that cannot be read do not stop the rest.
    if (result < 0 && result !== -ENOMEM) return result;
  }
  return 0;
}

export function munlockall(task: Task): SyscallResult {
  forgetLocks(task);
  for (const { start, end } of task.space.ranges()) task.space.munlock(start, end - start);
  return 0;
}

/** In a new process and a new program, which have no locks. */
export const forgetLocks = (task: Task): void => void (cell(task)[0] = 0);

const lock = (task: Task, start: number, length: number, how: number): Int =>
  (how & MCL.MCL_ONFAULT) === 0
    ? task.space.mlock(start, length)
    : hostCall(task, 'mlock2', ptr(task, start), length, MLOCK_ONFAULT);

/**
 * The result of an mmap of `length` bytes, whose memory is locked if all that comes later is to be. RLIMIT_MEMLOCK may
 * forbid it: EAGAIN, and what was mapped is unmapped again.
 */
export function lockedMapping(task: Task, address: Int, length: Int): Int {
  const how = cell(task)[0];
  if (how === 0 || address < 0) return address;
  const [start, size] = [Number(address), Math.ceil(toAddress(length) / PAGE) * PAGE];
  // It reads nothing, so only the limit stands in its way.
  if (Number(steadyCall(task, 'mlock2', ptr(task, start), size, MLOCK_ONFAULT)) < 0) {
    task.space.munmap(start, size);
    return -EAGAIN;
  }
  if ((how & MCL.MCL_ONFAULT) === 0) task.space.mlock(start, size);
  return address;
}

/** The same for brk, which then stays where it was. */
export function lockedBreak(task: Task, wanted: Int): Int {
  if (cell(task)[0] === 0) return task.space.brk(wanted);
  const before = task.space.brk(0);
  const after = task.space.brk(wanted);
  const start = Math.ceil(Number(before) / PAGE) * PAGE;
  if (Number(after) <= start) return after;
  if (Number(steadyCall(task, 'mlock2', ptr(task, start), Number(after) - start, MLOCK_ONFAULT)) < 0)
    return task.space.brk(before);
  if ((cell(task)[0] & MCL.MCL_ONFAULT) === 0) task.space.mlock(start, Number(after) - start);
  return after;
}
