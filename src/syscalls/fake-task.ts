/**
 * A task for unit tests: a page of guest memory, registers as an array, and a
 * host whose system calls are the test's.
 *
 *     const t = createFakeTask((name, args) => 0);
 *     t.put(0x10000, 'text\0');
 *     t.call('openat', -100, 0x10000, 0);
 */

import { riscv64Abi } from '../cpu/riscv/abi.ts';
import type { Int } from '../host/host.ts';
import { PROCESS, SCRATCH, STAGING } from '../host/layout.ts';
import { SyscallTable } from './dispatch.ts';
import { RISCV64_SYSCALLS } from './numbers/riscv64.ts';
import { TOPICS } from './table.ts';
import type { SyscallResult, Task } from './task.ts';

/** Guest memory: [GUEST.start, GUEST.end) is mapped, readable and writable. */
export const GUEST = { start: 0x10000, end: 0x30000 } as const;
const GUEST_POINTERS = 0x7000_0000_0000;
const STAGING_POINTERS = 0x6000_0000_0000;

export type FakeSyscall = (name: string, args: Int[], task: FakeTask) => Int;

export interface FakeTask {
  readonly task: Task;
  /** Guest memory; index 0 is GUEST.start. */
  readonly memory: Uint8Array;
  /** Host calls made so far, by name and arguments. */
  readonly calls: [string, ...Int[]][];
  /** What -unimp and stderr were told. */
  readonly reports: string[];
  /** Copies latin1 text to guest memory. */
  put(address: number, text: string): number;
  /** Bytes behind a host pointer, guest or staging. */
  at(pointer: Int, length: number): Uint8Array;
  /** NUL-terminated latin1 text behind a host pointer. */
  textAt(pointer: Int): string;
  /** Makes the guest's system call. */
  call(name: string, ...args: Int[]): SyscallResult;
  /** What -strace writes before each line. */
  label: string;
  /** The same under -strace: the trace's text. */
  trace(name: string, ...args: Int[]): string;
}

export function createFakeTask(syscall: FakeSyscall = () => 0, sysroot = ''): FakeTask {
  const memory = new Uint8Array(GUEST.end - GUEST.start);
  const threadMemory = new WebAssembly.Memory({ initial: (SCRATCH.start + SCRATCH.size) / 0x10000 });
  const staging = new Uint8Array(threadMemory.buffer, STAGING.start, STAGING.size + SCRATCH.size);
  const registers: Int[] = [0, 0, 0, 0, 0, 0];
  const calls: FakeTask['calls'] = [];
  let number = -1;
  const mapped = (address: number, length: number): boolean =>
    address >= GUEST.start && length >= 0 && address + length <= GUEST.end;

  const host = {
    name: 'linux',
    windowSize: 2 ** 32,
    threadMemory,
    processMemory: { buffer: new ArrayBuffer(PROCESS.end) },
    notMade: false,
    syscall: (name: string, ...args: Int[]): Int => {
      calls.push([name, ...args]);
      return syscall(name, args, fake);
    },
    guestPointer: (address: number) => (address === 0 ? 0 : address < 0 ? 2 ** 62 : GUEST_POINTERS + address),
    stagingPointer: (offset: number) => STAGING_POINTERS + offset,
    copyIn: (offset: number, address: number, length: number) => {
      if (!mapped(address, length)) return false;
      staging.set(memory.subarray(address - GUEST.start, address - GUEST.start + length), offset);
      return true;
    },
    copyOut: (address: number, offset: number, length: number) => {
      if (!mapped(address, length)) return false;
      memory.set(staging.subarray(offset, offset + length), address - GUEST.start);
      return true;
    },
    stringLength: (address: number, max: number) => {
      if (!mapped(address, 1)) return -1;
      const end = memory.indexOf(0, address - GUEST.start);
      return Math.min(end - (address - GUEST.start), max);
    },
  };
  let mask = 0n;
  const restored: bigint[] = [];
  const task = {
    host,
    space: {
      unprotectAllCode: () => false,
      growStack: () => false,
      mayRepair: () => true,
      table: new Uint8Array(0x40).fill(0xb, GUEST.start / 4096, GUEST.end / 4096),
      ranges: () => [
        { start: 0x10000, end: 0x30000, flags: 0xb, offset: 0, device: '00:00', inode: 0, name: '[heap]' },
      ],
      read: () => undefined,
    },
    cpu: {
      get syscallNumber() {
        return number;
      },
      argument: (index: number) => registers[index],
      setResult: () => {},
      sp: 0n,
    },
    process: {
      options: { sysroot, release: '', directory: '/' },
      abi: riscv64Abi,
      executable: '/guest/program',
      argv: ['program', 'x'],
      env: ['A=1'],
      auxv: new Uint8Array(16),
      layout: { argStart: 0, argEnd: 0, envStart: 0, envEnd: 0, startCode: 0, endCode: 0 },
      hiddenDescriptors: new Set([900]),
      rlimits: new Map(),
    },
    signals: {
      get mask() {
        return mask;
      },
      setMask: (to: bigint) => {
        mask = to;
      },
      restoreMaskOnReturn: (to: bigint) => restored.push(to),
      getAction: () => ({ handler: 0n, flags: 0n, mask: 0n, restorer: 0n }),
    },
    flushCode: () => {},
    exit: () => 0,
    exitThread: () => 0,
  } as unknown as Task;

  const reports: string[] = [];
  const table = new SyscallTable(RISCV64_SYSCALLS, TOPICS, {
    unimplemented: (text) => reports.push(text),
  });
  const prepare = (name: string, args: Int[]): void => {
    number = Number(Object.entries(RISCV64_SYSCALLS).find(([, known]) => known === name)?.[0] ?? name);
    for (let i = 0; i < 6; i++) registers[i] = args[i] ?? 0;
  };
  const at = (pointer: Int, length: number): Uint8Array => {
    const address = Number(pointer);
    if (address >= GUEST_POINTERS) {
      const start = address - GUEST_POINTERS - GUEST.start;
      return memory.subarray(start, start + length);
    }
    return staging.subarray(address - STAGING_POINTERS, address - STAGING_POINTERS + length);
  };
  const fake: FakeTask = {
    task,
    memory,
    calls,
    reports,
    at,
    put: (address, text) => {
      for (let i = 0; i < text.length; i++) memory[address - GUEST.start + i] = text.charCodeAt(i);
      return address;
    },
    textAt: (pointer) => {
      const bytes = at(pointer, 4096);
      return String.fromCharCode(...bytes.subarray(0, bytes.indexOf(0)));
    },
    label: '',
    call: (name, ...args) => {
      prepare(name, args);
      return table.dispatch(task);
    },
    trace: (name, ...args) => {
      const { label } = fake;
      prepare(name, args);
      let text = '';
      table.dispatch(task, {
        write: (piece) => {
          text += piece;
        },
        label: () => label,
      });
      return text;
    },
  };
  return fake;
}
