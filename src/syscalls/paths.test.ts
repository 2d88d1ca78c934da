import { beforeEach, describe, expect, test, vi } from 'vitest';
import { EINVAL, ENOENT, ENOSYS } from './errno.ts';
import type { FakeSyscall } from './fake-task.ts';

const A = 0x10000;
const B = 0x11000;
const AT_FDCWD = -100;
const ROOT = 900;

/** A host with one file below the root, reached through openat2; the sysroot's descriptor is number 900. */
const withFiles =
  (files: readonly string[], seen: string[]): FakeSyscall =>
  (name, args, fake) => {
    switch (name) {
      case 'openat':
        seen.push(`openat ${fake.textAt(args[1])}`);
        return 5;
      case 'fcntl':
        return ROOT;
      case 'openat2': {
        const path = fake.textAt(args[1]);
        seen.push(`openat2 ${path}`);
        return files.includes(path) ? 6 : -ENOENT;
      }
      case 'readlinkat': {
        const target = `/root${seen.at(-1)?.slice('openat2 '.length)}`;
        fake.at(args[2], target.length).set([...target].map((c) => c.charCodeAt(0)));
        return target.length;
      }
      case 'mkdirat':
      case 'chdir':
        seen.push(`${name} ${fake.textAt(args[name === 'chdir' ? 0 : 1])}`);
        return name === 'chdir' && !seen.at(-1)?.includes('/root') ? -ENOENT : 0;
      default:
        return 0;
    }
  };

// The sysroot's descriptor is module state: a fresh module each time.
beforeEach(() => vi.resetModules());

describe('-L', () => {
  test("an absolute path that exists below the root is that file, another is the host's", async () => {
    const { createFakeTask } = await import('./fake-task.ts');
    const seen: string[] = [];
    const t = createFakeTask(withFiles(['/etc/passwd'], seen), '/root');
    t.put(A, '/etc/passwd\0');
    t.put(B, '/etc/group\0');
    expect(t.call('openat', AT_FDCWD, A, 0)).toBe(5);
    expect(t.call('openat', AT_FDCWD, B, 0)).toBe(5);
    expect(seen).toEqual([
      'openat /root',
      'openat2 /etc/passwd',
      'openat /root/etc/passwd',
      'openat2 /etc/group',
      'openat /etc/group',
    ]);
    expect([...t.task.process.hiddenDescriptors]).toContain(ROOT);
  });

  test("relative paths, /proc, /sys and /dev are the host's", async () => {
    const { createFakeTask } = await import('./fake-task.ts');
    const seen: string[] = [];
    const t = createFakeTask(withFiles(['/proc', '/dev/null', '/sys/x', 'etc/passwd', '/devel'], seen), '/root');
    for (const path of ['/proc', '/dev/null', '/sys/x', 'etc/passwd', '/devel']) {
      t.put(A, `${path}\0`);
      t.call('mkdirat', AT_FDCWD, A, 0);
    }
    expect(seen.filter((call) => call.startsWith('mkdirat'))).toEqual(
      ['/proc', '/dev/null', '/sys/x', 'etc/passwd', '/root/devel'].map((path) => `mkdirat ${path}`),
    );
  });

  test('chdir enters a directory below the root only when the host has none', async () => {
    const { createFakeTask } = await import('./fake-task.ts');
    const seen: string[] = [];
    const t = createFakeTask(withFiles(['/usr/riscv'], seen), '/root');
    t.put(A, '/usr/riscv\0');
    expect(t.call('chdir', A)).toBe(0);
    expect(seen.filter((call) => call.startsWith('chdir'))).toEqual(['chdir /usr/riscv', 'chdir /root/usr/riscv']);
  });

  test('without openat2 the root is a prefix', async () => {
    const { createFakeTask } = await import('./fake-task.ts');
    const opened: string[] = [];
    const t = createFakeTask((name, args, fake) => {
      if (name === 'openat2') return -ENOSYS;
      if (name === 'faccessat') return fake.textAt(args[1]) === '/root/etc/passwd' ? 0 : -ENOENT;
      if (name === 'openat') opened.push(fake.textAt(args[1]));
      return 5;
    }, '/root');
    t.put(A, '/etc/passwd\0');
    t.call('openat', AT_FDCWD, A, 0);
    expect(opened).toEqual(['/root', '/root/etc/passwd']);
  });
});

test('a generated file of /proc is read-only and keeps the lowest descriptor', async () => {
  const { createFakeTask } = await import('./fake-task.ts');
  let written = '';
  const t = createFakeTask((name, args, fake) => {
    if (name === 'memfd_create') return 3;
    if (name === 'write') {
      written += String.fromCharCode(...fake.at(args[1], Number(args[2])));
      return Number(args[2]);
    }
    if (name === 'openat') return fake.textAt(args[1]) === '/proc/self/fd/3' ? 4 : -ENOENT;
    return 0;
  });
  t.put(A, '/proc/self/maps\0');
  expect(t.call('openat', AT_FDCWD, A, 0o2000000)).toBe(3);
  expect(written).toBe(`00010000-00030000 rw-p 00000000 00:00 0 ${' '.repeat(33)}[heap]\n`);
  expect(t.calls.slice(-2)).toEqual([
    ['dup3', 4, 3, 0o2000000],
    ['close', 4],
  ]);
  expect(t.call('openat', AT_FDCWD, A, 1)).toBe(-13);
  written = '';
  t.put(A, '/proc/self/cmdline\0');
  t.call('openat', AT_FDCWD, A, 0);
  expect(written).toBe('program\0x\0');
});

test('/proc/self/fd lists only the descriptors of the guest', async () => {
  const { createFakeTask } = await import('./fake-task.ts');
  const entry = (name: string): string => `${'\0'.repeat(16)}\x18\0\x04${name.padEnd(5, '\0')}`;
  const listing = ['.', '0', '900', '3'].map(entry).join('');
  const t = createFakeTask((name, args, fake) => {
    if (name === 'openat') return 3;
    if (name !== 'getdents64') return 0;
    fake.at(args[1], listing.length).set([...listing].map((char) => char.charCodeAt(0)));
    return listing.length;
  });
  t.put(A, '/proc/self/fd\0');
  t.call('openat', AT_FDCWD, A, 0o200000);
  expect(t.call('getdents64', 3, B, 1000)).toBe(3 * 24);
  expect([19, 43, 67].map((at) => String.fromCharCode(t.memory[0x1000 + at]))).toEqual(['.', '0', '3']);
  t.call('close', 3);
  expect(t.call('getdents64', 3, B, 1000)).toBe(4 * 24);
});

test('/proc/self/mem reads at guest addresses', async () => {
  const { createFakeTask } = await import('./fake-task.ts');
  const t = createFakeTask((name, args) => (name === 'openat' ? 8 : name === 'pread64' ? args[2] : 0));
  t.put(A, '/proc/self/mem\0');
  expect(t.call('openat', AT_FDCWD, A, 2)).toBe(8);
  t.call('pread64', 8, B, 16, A);
  expect(t.calls.at(-1)).toEqual(['pread64', 8, t.task.host.guestPointer(B), 16, t.task.host.guestPointer(A)]);
  expect(t.call('lseek', 8, B, 0)).toBe(B);
  expect(t.call('read', 8, B, 4)).toBe(4);
  expect(t.calls.at(-1)?.[4]).toBe(t.task.host.guestPointer(B));
  expect(t.call('pread64', 8, B, 16, 2 ** 40)).toBe(-5);
  expect(t.call('readv', 8, B, 1)).toBe(-EINVAL);
  t.call('close', 8);
  t.call('read', 8, B, 4);
  expect(t.calls.at(-1)?.[0]).toBe('read');
});
