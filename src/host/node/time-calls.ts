/** System calls about time, and that wait. Structures are those of 64-bit Linux: two 64-bit words. */
import { EAGAIN, EFAULT, EINVAL, ENOSYS, ETIMEDOUT } from './errors.ts';
import type { Calls } from './file-calls.ts';
import type { GuestMemory } from './guest-memory.ts';

const NS = 1_000_000_000n;
const TIMER_ABSTIME = 1;
/** futex(2): operations, and what is or-ed to them. */
const FUTEX = { wait: 0, wake: 1, requeue: 3, cmpRequeue: 4, waitBitset: 9, wakeBitset: 10 } as const;
const FUTEX_PRIVATE = 128;
const FUTEX_REALTIME = 256;
/** Ticks a second of times(2). */
const CLK_TCK = 100;

/** Time of a clock in nanoseconds; undefined for one we do not have. */
function clock(id: number): bigint | undefined {
  switch (id) {
    case 0: // CLOCK_REALTIME
    case 5: // CLOCK_REALTIME_COARSE
    case 11: // CLOCK_TAI
      return BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e3)) * 1000n;
    case 1: // CLOCK_MONOTONIC
    case 4: // CLOCK_MONOTONIC_RAW
    case 6: // CLOCK_MONOTONIC_COARSE
    case 7: // CLOCK_BOOTTIME
      return process.hrtime.bigint();
    case 2: // CLOCK_PROCESS_CPUTIME_ID
    case 3: {
      // CLOCK_THREAD_CPUTIME_ID: Node's helper threads do next to nothing.
      const { user, system } = process.cpuUsage();
      return BigInt(user + system) * 1000n;
    }
    default:
      return undefined;
  }
}

const never = new Int32Array(new SharedArrayBuffer(4));

export function timeCalls(memory: GuestMemory): Calls {
  const put = (pointer: number, seconds: bigint, fraction: bigint): number => {
    const view = memory.view(pointer, 16);
    if (view === undefined) return EFAULT;
    view.setBigInt64(0, seconds, true);
    view.setBigInt64(8, fraction, true);
    return 0;
  };

  const sleep = (id: number, flags: number, request: number): number => {
    const view = memory.view(request, 16);
    if (view === undefined) return EFAULT;
    const [seconds, fraction] = [view.getBigInt64(0, true), view.getBigInt64(8, true)];
    const now = clock(id);
    if (now === undefined || seconds < 0n || fraction < 0n || fraction >= NS) return EINVAL;
    let left = seconds * NS + fraction;
    if ((flags & TIMER_ABSTIME) !== 0) left -= now;
    if (left > 0n) Atomics.wait(never, 0, 0, Number(left) / 1e6);
    return 0;
  };

  /** There is one thread: nobody waits when it wakes, and nobody wakes it when it waits. */
  const futex = (
    address: number,
    op: number,
    value: number,
    timeout: number,
    _second: number,
    third: number,
  ): number => {
    const view = memory.view(address, 4);
    if (view === undefined) return EFAULT;
    const holds = (expected: number): boolean => view.getInt32(0, true) === (expected | 0);
    switch (op & ~(FUTEX_PRIVATE | FUTEX_REALTIME)) {
      case FUTEX.wake:
      case FUTEX.wakeBitset:
      case FUTEX.requeue:
        return 0;
      case FUTEX.cmpRequeue:
        return holds(third) ? 0 : EAGAIN;
      case FUTEX.wait:
      case FUTEX.waitBitset: {
        if (!holds(value)) return EAGAIN;
        if (timeout === 0) Atomics.wait(never, 0, 0);
        const isAbsolute = (op & FUTEX.waitBitset) === FUTEX.waitBitset;
        const error = sleep((op & FUTEX_REALTIME) !== 0 ? 0 : 1, isAbsolute ? TIMER_ABSTIME : 0, timeout);
        return error < 0 ? error : ETIMEDOUT;
      }
      default:
        return ENOSYS;
    }
  };

  return {
    futex,
    clock_gettime: (id, pointer) => {
      const now = clock(id);
      return now === undefined ? EINVAL : put(pointer, now / NS, now % NS);
    },
    clock_getres: (id, pointer) => {
      if (clock(id) === undefined) return EINVAL;
      return pointer === 0 ? 0 : put(pointer, 0n, id === 1 ? 1n : 1000n);
    },
    gettimeofday: (pointer, zone) => {
      const now = clock(0)!;
      const result = zone === 0 ? 0 : put(zone, 0n, 0n);
      return result < 0 || pointer === 0 ? result : put(pointer, now / NS, (now % NS) / 1000n);
    },
    nanosleep: (request) => sleep(1, 0, request),
    clock_nanosleep: (id, flags, request) => sleep(id, flags, request),
    times: (pointer) => {
      const { user, system } = process.cpuUsage();
      const ticks = (microseconds: number): bigint => BigInt(Math.floor((microseconds * CLK_TCK) / 1e6));
      if (pointer !== 0) {
        if (put(pointer, ticks(user), ticks(system)) < 0) return EFAULT;
        if (put(pointer + 16, 0n, 0n) < 0) return EFAULT;
      }
      return Number(process.hrtime.bigint() / (NS / BigInt(CLK_TCK)));
    },
    getrusage: (who, pointer) => {
      if (who !== 0 && who !== 1 && who !== -1) return EINVAL;
      const view = memory.view(pointer, 144);
      if (view === undefined) return EFAULT;
      for (let at = 0; at < 144; at += 8) view.setBigInt64(at, 0n, true);
      // RUSAGE_CHILDREN: there are none.
      if (who === -1) return 0;
      const usage = process.resourceUsage();
      const words = [usage.userCPUTime, usage.systemCPUTime].flatMap((us) => [Math.floor(us / 1e6), us % 1e6]);
      words.push(usage.maxRSS, 0, 0, 0, usage.minorPageFault, usage.majorPageFault);
      for (const [i, word] of words.entries()) view.setBigInt64(8 * i, BigInt(word), true);
      return 0;
    },
  };
}
