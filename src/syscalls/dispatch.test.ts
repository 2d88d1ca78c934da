import { describe, expect, test } from 'vitest';
import { EBADF, EFAULT, EINVAL, ENAMETOOLONG, ENOENT, ENOSYS, ENOTTY } from './errno.ts';
import { createFakeTask, GUEST } from './fake-task.ts';

const A = GUEST.start;
const B = GUEST.start + 0x1000;
const AT_FDCWD = -100;

/** The host's pointer for what nobody has mapped. */
const NOWHERE = createFakeTask(() => 0).task.host.guestPointer(-1);

describe('arguments on their way to the host', () => {
  test('pointers become host pointers, values stay', () => {
    const t = createFakeTask(() => 7);
    expect(t.call('pread64', 5, A, 10, 2 ** 40)).toBe(7);
    expect(t.calls).toEqual([['pread64', 5, t.task.host.guestPointer(A), 10, 2 ** 40]].map((c) => [...c, 0, 0]));
  });

  test('NULL stays NULL, and an address that cannot be one faults', () => {
    const t = createFakeTask(() => 0);
    t.call('read', 0, 0, 1);
    t.call('read', 0, -(2n ** 63n), 1);
    expect(t.calls.map((call) => call[2])).toEqual([0, 2 ** 62]);
  });

  test("the emulator's own descriptors do not exist", () => {
    const t = createFakeTask(() => 0);
    for (const name of ['read', 'close', 'fstat', 'dup', 'fcntl', 'fchdir', 'getdents64']) {
      expect(t.call(name, 900, A, 1), name).toBe(-EBADF);
    }
    expect(t.call('dup3', 1, 900, 0)).toBe(-EBADF);
    expect(t.calls).toEqual([]);
  });

  test('close_range goes around them', () => {
    const t = createFakeTask(() => 0);
    expect(t.call('close_range', 3, 0xffffffff, 0)).toBe(0);
    expect(t.calls).toEqual([
      ['close_range', 3, 899, 0],
      ['close_range', 901, 0xffffffff, 0],
    ]);
  });

  test('a path that faults or is too long is one of that kind for the host, which says what is wrong first', () => {
    const lengths: number[] = [];
    const t = createFakeTask((_name, args, fake) => {
      if (args[1] === NOWHERE) return -EFAULT;
      const length = fake.at(args[1], 4096).indexOf(0);
      lengths.push(length);
      return length < 0 ? -ENAMETOOLONG : 0;
    });
    expect(t.call('mkdirat', AT_FDCWD, 0x10, 0o755)).toBe(-EFAULT);
    t.put(A, `${'x'.repeat(4096)}\0`);
    expect(t.call('mkdirat', AT_FDCWD, A, 0o755)).toBe(-ENAMETOOLONG);
    t.put(A, `${'x'.repeat(4095)}\0`);
    expect(t.call('mkdirat', AT_FDCWD, A, 0o755)).toBe(0);
    expect(lengths).toEqual([-1, 4095]);
  });

  test('the addresses in an iovec are translated', () => {
    const t = createFakeTask((_name, args, fake) => {
      // The host fails, for whichever reason comes first.
      if (args[1] === NOWHERE) return Number(args[2]) > 1024 ? -EINVAL : -EFAULT;
      const bytes = fake.at(args[1], 32);
      const vector = new DataView(bytes.buffer, bytes.byteOffset, 32);
      expect(vector.getBigUint64(0, true)).toBe(BigInt(fake.task.host.guestPointer(A)));
      expect(vector.getBigUint64(8, true)).toBe(5n);
      expect(vector.getBigUint64(16, true)).toBe(0n);
      return 5;
    });
    const guest = new DataView(t.memory.buffer);
    guest.setUint32(B - A, A, true);
    guest.setUint32(B - A + 8, 5, true);
    expect(t.call('writev', 1, B, 2)).toBe(5);
    expect(t.call('writev', 1, B, 1025)).toBe(-EINVAL);
    expect(t.call('writev', 1, 0x10, 1)).toBe(-EFAULT);
  });

  test('a fault through our write protection of code pages is tried again, once', () => {
    let protectedPages = true;
    const t = createFakeTask(() => (protectedPages ? -EFAULT : 3));
    Object.assign(t.task.space, {
      unprotectAllCode: () => {
        const had = protectedPages;
        protectedPages = false;
        return had;
      },
    });
    expect(t.call('read', 0, A, 3)).toBe(3);
    expect(t.calls.length).toBe(2);
    const hopeless = createFakeTask(() => -EFAULT);
    expect(hopeless.call('read', 0, A, 3)).toBe(-EFAULT);
    expect(hopeless.calls.length).toBe(1);
  });
});

describe('structures that differ', () => {
  test('struct stat: x86-64 in, the generic layout out', () => {
    const t = createFakeTask((_name, args, fake) => {
      const bytes = fake.at(args[1], 144);
      const host = new DataView(bytes.buffer, bytes.byteOffset, 144);
      // st_dev, st_ino, st_nlink, st_mode, st_uid, st_gid, pad, st_rdev, st_size, st_blksize, st_blocks, times
      for (const [i, value] of [11n, 12n, 13n].entries()) host.setBigUint64(8 * i, value, true);
      for (const [i, value] of [14, 15, 16].entries()) host.setUint32(24 + 4 * i, value, true);
      for (let at = 40; at < 120; at += 8) host.setBigInt64(at, BigInt(at), true);
      return 0;
    });
    t.memory.fill(0xff, 128, 136);
    expect(t.call('fstat', 3, A)).toBe(0);
    const guest = new DataView(t.memory.buffer);
    expect([0, 8, 32, 48].map((at) => guest.getBigUint64(at, true))).toEqual([11n, 12n, 40n, 48n]);
    // st_mode, st_nlink, st_uid, st_gid
    expect([16, 20, 24, 28].map((at) => guest.getUint32(at, true))).toEqual([14, 13, 15, 16]);
    expect(guest.getInt32(56, true)).toBe(56);
    expect([64, 72, 80, 88, 96, 104, 112].map((at) => guest.getBigInt64(at, true))).toEqual([
      64n,
      72n,
      80n,
      88n,
      96n,
      104n,
      112n,
    ]);
    expect(t.memory[128]).toBe(0xff);
    expect(t.call('fstat', 3, 0x10)).toBe(-EFAULT);
  });

  test('epoll_event is packed on the host only', () => {
    const t = createFakeTask((name, args, fake) => {
      if (name === 'epoll_ctl') {
        expect([...fake.at(args[3], 12)]).toEqual([1, 0, 0, 0x80, 1, 2, 3, 4, 5, 6, 7, 8]);
        return 0;
      }
      fake.at(args[1], 24).set([1, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 7]);
      return 2;
    });
    t.memory.set([1, 0, 0, 0x80, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(t.call('epoll_ctl', 4, 1, 5, A)).toBe(0);
    expect(t.call('epoll_pwait', 4, A, 10, -1, 0, 8)).toBe(2);
    expect([...t.memory.subarray(0, 32)]).toEqual([
      1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 7,
    ]);
  });
});

test('a mask for the time of the call is set and put back', () => {
  const t = createFakeTask((_name, args) => (args[3] === 0 ? -4 : -EINVAL));
  new DataView(t.memory.buffer).setBigUint64(0, 0x4000n, true);
  expect(t.call('ppoll', 0, 0, 0, A, 8)).toBe(-4);
  expect(t.task.signals.mask).toBe(0x4000n);
  expect(t.calls[0].slice(4, 5)).toEqual([0]);
  expect(t.call('ppoll', 0, 0, 0, A, 4)).toBe(-EINVAL);
  expect(t.calls[1].slice(4)).toEqual([t.task.host.guestPointer(A), 4]);
});

test('what cannot be done says so once, and fails with the errno of a kernel without it', () => {
  const t = createFakeTask(() => 0);
  expect(t.call('io_uring_setup', 1, 0)).toBe(-ENOSYS);
  expect([t.call('244'), t.call('244')]).toEqual([-ENOSYS, -ENOSYS]);
  expect(t.call('ioctl', 1, 0xc0181234, A)).toBe(-ENOTTY);
  expect(t.reports).toEqual(['system call 244 is not implemented', 'ioctl request 0xc0181234 is not implemented']);
  // Only whether the descriptor is one.
  expect(t.calls).toEqual([['fcntl', 1, 3, 0]]);
  const closed = createFakeTask(() => -EBADF);
  expect([closed.call('ioctl', 1, 0xc0181234, A), closed.call('fcntl', 1, 999, 0)]).toEqual([-EBADF, -EBADF]);
  expect(closed.reports).toEqual([]);
});

test('the executable behind /proc/self/exe is the guest', () => {
  const t = createFakeTask((name) => (name === 'getpid' ? 77 : -ENOENT));
  for (const path of [
    '/proc/self/exe',
    '/proc/thread-self/exe',
    '/proc/77/exe',
    '/proc/self/task/77/exe',
    '//proc/./self/exe',
  ]) {
    t.put(A, `${path}\0`);
    expect(t.call('readlinkat', AT_FDCWD, A, B, 6), path).toBe(6);
    expect(String.fromCharCode(...t.memory.subarray(0x1000, 0x1006))).toBe('/guest');
  }
  t.put(A, '/proc/78/exe\0');
  expect(t.call('readlinkat', AT_FDCWD, A, B, 6)).toBe(-ENOENT);
});
