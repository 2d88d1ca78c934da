import { beforeEach, expect, test } from 'vitest';
import { STAGING } from '../host/layout.ts';
import { EFAULT, EINVAL, EPERM } from './errno.ts';
import { prlimit, RLIMITS } from './rlimits.ts';
import { beginCall } from './staging.ts';
import type { Task } from './task.ts';

const { RLIMIT_AS, RLIMIT_NOFILE } = RLIMITS;
const INFINITY = 2n ** 64n - 1n;
const [NEW, OLD] = [64, 128];

/** A task with 256 bytes of memory at address 0, whose host knows its user and passes calls on into `calls`. */
function makeTask(euid: number) {
  const threadMemory = new WebAssembly.Memory({ initial: 8 });
  const memory = new BigUint64Array(32);
  const bytes = new Uint8Array(memory.buffer);
  const staged = new Uint8Array(threadMemory.buffer, STAGING.start, STAGING.size);
  const calls: unknown[][] = [];
  const task = {
    host: {
      threadMemory,
      guestPointer: (address: number) => address,
      copyIn: (at: number, address: number, length: number) => {
        if (address + length > bytes.length) return false;
        staged.set(bytes.subarray(address, address + length), at);
        return true;
      },
      copyOut: (address: number, at: number, length: number) => {
        if (address + length > bytes.length) return false;
        bytes.set(staged.subarray(at, at + length), address);
        return true;
      },
      syscall: (name: string, ...args: unknown[]) => {
        if (name === 'geteuid') return euid;
        if (name === 'getpid') return 100;
        calls.push([name, ...args]);
        return 0;
      },
    },
    cpu: { sp: 0n },
    space: { unprotectAllCode: () => false, growStack: () => false },
    process: { rlimits: new Map([[RLIMIT_AS as number, { soft: INFINITY, hard: INFINITY }]]) },
  } as unknown as Task;
  beginCall(task);
  const set = (soft: bigint, hard: bigint): void => void memory.set([soft, hard], NEW / 8);
  return { task, memory, calls, set, old: () => [memory[OLD / 8], memory[OLD / 8 + 1]] };
}

let user: ReturnType<typeof makeTask>;
beforeEach(() => {
  user = makeTask(1000);
});

test('own limits are kept here, all others are the host’s', () => {
  const { task, calls, set, old } = user;
  set(1n << 30n, INFINITY);
  expect(prlimit(task, 0, RLIMIT_AS, NEW, OLD)).toBe(0);
  expect(old()).toEqual([INFINITY, INFINITY]);
  expect(prlimit(task, 100, RLIMIT_AS, 0, OLD)).toBe(0);
  expect(old()).toEqual([1n << 30n, INFINITY]);
  expect(calls).toEqual([]);
  prlimit(task, 0, RLIMIT_NOFILE, NEW, OLD);
  prlimit(task, 101, RLIMIT_AS, 0, OLD);
  expect(calls).toEqual([
    ['prlimit64', 0, RLIMIT_NOFILE, NEW, OLD],
    ['prlimit64', 101, RLIMIT_AS, 0, OLD],
  ]);
});

test('a soft limit above the hard one is refused', () => {
  user.set(2n, 1n);
  expect(prlimit(user.task, 0, RLIMIT_AS, NEW, 0)).toBe(-EINVAL);
});

test('only root raises a hard limit', () => {
  for (const [euid, result] of [
    [1000, -EPERM],
    [0, 0],
  ]) {
    const { task, set } = makeTask(euid);
    set(1n, 10n);
    expect(prlimit(task, 0, RLIMIT_AS, NEW, 0)).toBe(0);
    set(1n, 11n);
    expect(prlimit(task, 0, RLIMIT_AS, NEW, 0)).toBe(result);
  }
});

test('bad addresses', () => {
  expect(prlimit(user.task, 0, RLIMIT_AS, 250, 0)).toBe(-EFAULT);
  expect(prlimit(user.task, 0, RLIMIT_AS, 0, 250)).toBe(-EFAULT);
});
