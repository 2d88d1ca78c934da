/** The newer calls for futexes: futex_waitv(2) of Linux 5.16, and futex_wake, futex_wait and futex_requeue of 6.7. */
import type { Int } from '../host/host.ts';
import { hostCall, ptr } from './call.ts';
import { type Codec, flags, hex, hexLong, int, Pass, pointer, toAddress, uint } from './codec.ts';
import { EFAULT, EINVAL } from './errno.ts';
import { setPointer } from './iovec.ts';
import { type Row, restarts, syscall } from './row.ts';
import { fetch, stage, stagedUint64 } from './staging.ts';
import { inStruct } from './struct.ts';
import { TIMESPEC } from './structs.ts';
import type { Task } from './task.ts';

const FUTEX2 = { FUTEX2_SIZE_U8: 0, FUTEX2_SIZE_U16: 1, FUTEX2_SIZE_U32: 2, FUTEX2_NUMA: 4, FUTEX2_PRIVATE: 0x80 };
/** FUTEX_WAITV_MAX. */
const MOST = 128;
/** struct futex_waitv: expected value, address, flags. */
const WAITER = { address: 8, size: 24 };

/** futex_waitv's timeout is absolute, so the call can be made again. */
const timeout: Codec<number> = { ...inStruct(TIMESPEC), pass: Pass.pointer, decode: (_task, raw) => toAddress(raw) };

/** Stages an array of struct futex_waitv with the host's addresses; its offset, or -EFAULT. */
function stageWaiters(task: Task, address: number, count: number): number {
  const at = stage(count * WAITER.size);
  if (!fetch(task, at, address, count * WAITER.size)) return -EFAULT;
  for (let i = 0; i < count; i++) {
    const place = at + i * WAITER.size + WAITER.address;
    setPointer(place, ptr(task, stagedUint64(place)));
  }
  return at;
}

function wait(task: Task, waiters: number, count: number, rest: readonly Int[]): Int {
  if (count === 0 || count > MOST || waiters === 0) return -EINVAL;
  const at = stageWaiters(task, waiters, count);
  return at < 0 ? at : hostCall(task, 'futex_waitv', task.host.stagingPointer(at), count, ...rest);
}

function requeue(task: Task, waiters: number, rest: readonly Int[]): Int {
  if (waiters === 0) return -EINVAL;
  const at = stageWaiters(task, waiters, 2);
  return at < 0 ? at : hostCall(task, 'futex_requeue', task.host.stagingPointer(at), ...rest);
}

export const futex2Rows = (): Row[] => [
  syscall(
    'futex_waitv',
    { waiters: pointer, nr_futexes: uint, flags: hex, timeout, clockid: int },
    (task, { waiters, nr_futexes, flags, timeout, clockid }) =>
      wait(task, waiters, nr_futexes, [flags, ptr(task, timeout), clockid]),
    restarts('sa'),
  ),
  syscall('futex_wake', { uaddr: pointer, mask: hexLong, nr: int, flags: flags(FUTEX2) }),
  syscall(
    'futex_wait',
    { uaddr: pointer, val: hexLong, mask: hexLong, flags: flags(FUTEX2), timeout, clockid: int },
    restarts('sa'),
  ),
  syscall(
    'futex_requeue',
    { waiters: pointer, flags: hex, nr_wake: int, nr_requeue: int },
    (task, { waiters, flags, nr_wake, nr_requeue }) => requeue(task, waiters, [flags, nr_wake, nr_requeue]),
  ),
];
