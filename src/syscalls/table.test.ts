import { expect, test } from 'vitest';
import { SYSCALL_NUMBERS } from '../host/linux/syscall-numbers.ts';
import { ARM_CALLS } from './narrow-calls.ts';
import { AARCH64_SYSCALLS } from './numbers/aarch64.ts';
import { ARM_SYSCALLS } from './numbers/arm.ts';
import { RISCV64_SYSCALLS } from './numbers/riscv64.ts';
import { allRows } from './table.ts';

const rows = allRows();
const numbered = [...Object.values(RISCV64_SYSCALLS), ...Object.values(AARCH64_SYSCALLS)];

test('every row has a number, and no two rows have the same name', () => {
  const known = new Set<string>([...numbered, ...Object.values(ARM_SYSCALLS)]);
  const names = rows.map((row) => row.name);
  expect(names.filter((name) => !known.has(name))).toEqual([]);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});

test('every number has a row, so that -strace names the arguments of all calls', () => {
  const names = new Set<string>(rows.map((row) => row.name));
  expect(numbered.filter((name) => !names.has(name))).toEqual([]);
});

test('what 32-bit arm calls otherwise is a call of its own, made as one that has a row', () => {
  const [known, names] = [new Set<string>(Object.values(ARM_SYSCALLS)), new Set<string>(rows.map((row) => row.name))];
  expect(Object.keys(ARM_CALLS).filter((name) => !known.has(name))).toEqual([]);
  const targets = Object.values(ARM_CALLS).flatMap((call) => (call === 'refused' ? [] : [call.target]));
  expect(targets.filter((name) => !names.has(name))).toEqual([]);
});

test('the host has a number for whatever is passed on', () => {
  const passed = rows.filter(({ handler, marks }) => handler === undefined && marks.refused === undefined);
  expect(passed.map(({ name }) => name).filter((name) => !(name in SYSCALL_NUMBERS))).toEqual([]);
});

test('no call has more than six arguments, and arguments refer to others that exist', () => {
  for (const row of rows) {
    expect(row.codecs.length, row.name).toBeLessThanOrEqual(6);
    for (const codec of row.codecs) {
      for (const name of codec.refersTo ?? []) expect(row.names, row.name).toContain(name);
    }
  }
});

test('the calls that signal(7) lists are interrupted as it says', () => {
  const classes = new Map(rows.map((row) => [row.name as string, row.marks.restart ?? 'always']));
  for (const name of 'read write readv writev ioctl openat wait4 waitid flock fcntl mq_timedsend mq_timedreceive getrandom'.split(
    ' ',
  )) {
    expect(classes.get(name), name).toBe('sa');
  }
  const never =
    'ppoll pselect6 epoll_pwait epoll_pwait2 semop semtimedop msgrcv msgsnd nanosleep clock_nanosleep rt_sigsuspend rt_sigtimedwait';
  for (const name of never.split(' ')) expect(classes.get(name), name).toBe('never');
  for (const name of ['getpid', 'newfstatat', 'close', 'mmap']) expect(classes.get(name), name).toBe('always');
});
