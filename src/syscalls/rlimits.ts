/**
 * Resource limits, getrlimit(2). Those on memory and processes are kept here:
 * the host's would count the emulator's own address space and threads. All
 * others are the host's.
 */
import { hostCall, ptr } from './call.ts';
import type { FlagTable } from './codec.ts';
import { EFAULT, EINVAL, EPERM } from './errno.ts';
import { type Fields, readStruct, struct, writeStruct } from './struct.ts';
import type { SyscallResult, Task } from './task.ts';

export const RLIMITS = {
  RLIMIT_CPU: 0,
  RLIMIT_FSIZE: 1,
  RLIMIT_DATA: 2,
  RLIMIT_STACK: 3,
  RLIMIT_CORE: 4,
  RLIMIT_RSS: 5,
  RLIMIT_NPROC: 6,
  RLIMIT_NOFILE: 7,
  RLIMIT_MEMLOCK: 8,
  RLIMIT_AS: 9,
  RLIMIT_LOCKS: 10,
  RLIMIT_SIGPENDING: 11,
  RLIMIT_MSGQUEUE: 12,
  RLIMIT_NICE: 13,
  RLIMIT_RTPRIO: 14,
  RLIMIT_RTTIME: 15,
} as const satisfies FlagTable;

/** Limits that the guest has of its own. */
export const OWN_RLIMITS = [
  RLIMITS.RLIMIT_DATA,
  RLIMITS.RLIMIT_STACK,
  RLIMITS.RLIMIT_NPROC,
  RLIMITS.RLIMIT_AS,
] as const;

const INFINITY = 2n ** 64n - 1n;

function limitText(value: Fields[string]): string {
  if (BigInt(value) === INFINITY) return 'RLIM64_INFINITY';
  return typeof value === 'number' && value > 1024 && value % 1024 === 0 ? `${value / 1024}*1024` : String(value);
}

export const RLIMIT = struct(
  'rlimit',
  'rlim_cur:u64 rlim_max:u64',
  undefined,
  (f) => `{rlim_cur=${limitText(f.rlim_cur)}, rlim_max=${limitText(f.rlim_max)}}`,
);

/** Reads and sets one of the process's own limits; addresses are 0 where nothing is wanted. */
function ownLimit(task: Task, resource: number, newLimit: number, oldLimit: number): SyscallResult {
  const current = task.process.rlimits.get(resource);
  if (current === undefined) return -EINVAL;
  const { soft, hard } = current;
  if (newLimit !== 0) {
    const wanted = readStruct(task, RLIMIT, newLimit);
    if (wanted === undefined) return -EFAULT;
    const next = { soft: BigInt(wanted.rlim_cur), hard: BigInt(wanted.rlim_max) };
    if (next.soft > next.hard) return -EINVAL;
    // Raising the hard limit takes CAP_SYS_RESOURCE, which root has unless it was dropped.
    if (next.hard > hard && task.host.syscall('geteuid') !== 0) return -EPERM;
    task.process.rlimits.set(resource, next);
    if (resource === RLIMITS.RLIMIT_STACK && next.soft > soft) task.space.noteGrowth();
  }
  return oldLimit === 0 || writeStruct(task, RLIMIT, oldLimit, { rlim_cur: soft, rlim_max: hard }) ? 0 : -EFAULT;
}

/** prlimit64(2), which does the work of getrlimit and setrlimit too. `pid` 0 is the caller. */
export function prlimit(task: Task, pid: number, resource: number, newLimit: number, oldLimit: number): SyscallResult {
  const own = OWN_RLIMITS.some((limit) => limit === resource);
  if (own && (pid === 0 || pid === task.host.syscall('getpid'))) return ownLimit(task, resource, newLimit, oldLimit);
  return hostCall(task, 'prlimit64', pid, resource, ptr(task, newLimit), ptr(task, oldLimit));
}
