import { closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestHost } from '../../tests/support/test-host.ts';
import { type WindowAccess, windowAccess } from '../../tests/support/window-access.ts';
import { AddressSpace } from './address-space.ts';
import {
  EACCES,
  EBADF,
  EEXIST,
  EFAULT,
  EINVAL,
  ENAMETOOLONG,
  ENOMEM,
  EPERM,
  MAP,
  MREMAP,
  PROT,
  RLIMIT,
} from './constants.ts';
import { PageFlag } from './page-table.ts';

const host = createTestHost();
const { load, store }: WindowAccess = windowAccess(host.window);
const scratch = mkdtempSync(join(tmpdir(), 'tsemu-memory-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const PAGE = 4096;
const ANONYMOUS = MAP.private | MAP.anonymous;
const FIXED = ANONYMOUS | MAP.fixed;
const RW = PROT.read | PROT.write;
const AT = 0x10_0000;

let space: AddressSpace;
let changes: [number, number][];
beforeEach(() => {
  space = new AddressSpace(host);
  changes = [];
  space.onCodeChange = (start, end) => changes.push([start, end]);
});
afterEach(() => {
  space.onCodeChange = () => {};
  space.reset();
});

/** Whether translated code may read and write at `address`: 'rw', 'r', or '-'. */
function access(address: number): string {
  try {
    load(BigInt(address));
  } catch (error) {
    expect(error).toBeInstanceOf(WebAssembly.RuntimeError);
    return '-';
  }
  try {
    store(BigInt(address), load(BigInt(address)));
    return 'rw';
  } catch {
    return 'r';
  }
}

function withFile<T>(size: number, use: (fd: number, path: string) => T, flags = 'w+'): T {
  const path = join(scratch, 'file');
  const fd = openSync(path, 'w+');
  ftruncateSync(fd, size);
  const own = openSync(path, flags === 'w+' ? 'r+' : flags);
  try {
    return use(own, path);
  } finally {
    closeSync(fd);
    closeSync(own);
  }
}

/** What /proc/self/maps would show, in short. */
const shape = () =>
  space.ranges().map(({ start, end, flags, name }) => {
    const letters = [...'rwx'].map((letter, bit) => ((flags >> bit) & 1 ? letter : '-')).join('');
    return `${start.toString(16)}-${end.toString(16)} ${letters}${flags & PageFlag.shared ? 's' : 'p'}${name && ` ${name}`}`;
  });

describe('mmap', () => {
  it('places mappings from the top down, each directly below the one before', () => {
    const first = space.mmap(0, 1, RW, ANONYMOUS, -1, 0);
    const second = space.mmap(0, 3 * PAGE, RW, ANONYMOUS, -1, 0);
    expect(first).toBe(space.mmapTop - PAGE);
    expect(second).toBe(first - 3 * PAGE);
    expect([access(first), access(second + 3 * PAGE - 8), access(second - 8)]).toEqual(['rw', 'rw', '-']);
    expect(load(BigInt(first))).toBe(0n);
  });

  it('goes by the host’s huge pages only for what gets them: all else is at the same place in each run', () => {
    const HUGE = 2 << 20;
    const SIZE = 3 * HUGE;
    const reserved = space.mmap(0, SIZE + PAGE, 0, ANONYMOUS, -1, 0);
    expect(reserved).toBe(space.mmapTop - SIZE - PAGE);
    const code = withFile(SIZE, (fd) => space.mmap(0, SIZE, PROT.read | PROT.exec, MAP.private, fd, 0));
    expect(code).toBe(reserved - SIZE);
    const data = space.mmap(0, SIZE, RW, ANONYMOUS, -1, 0);
    expect(host.guestPointer(data) % HUGE).toBe(0);
  });

  it('uses gaps again, the highest that fits', () => {
    const [a, b, c] = [1, 2, 3].map((pages) => space.mmap(0, pages * PAGE, RW, ANONYMOUS, -1, 0));
    space.munmap(a, PAGE);
    space.munmap(b, 2 * PAGE);
    expect(space.mmap(0, 2 * PAGE, RW, ANONYMOUS, -1, 0)).toBe(b + PAGE);
    expect(space.mmap(0, 2 * PAGE, RW, ANONYMOUS, -1, 0)).toBe(c - 2 * PAGE);
    expect(space.mmap(0, PAGE, RW, ANONYMOUS, -1, 0)).toBe(b);
  });

  it('honours a hint where there is room, and only there', () => {
    expect(space.mmap(AT, PAGE, RW, ANONYMOUS, -1, 0)).toBe(AT);
    expect(space.mmap(AT + PAGE + 5, PAGE, RW, ANONYMOUS, -1, 0)).toBe(AT + PAGE);
    expect(space.mmap(AT, PAGE, RW, ANONYMOUS, -1, 0)).toBe(space.mmapTop - PAGE);
    expect(space.mmap(2 ** 46, PAGE, RW, ANONYMOUS, -1, 0)).toBe(space.mmapTop - 2 * PAGE);
    expect(space.mmap(-PAGE, PAGE, RW, ANONYMOUS, -1, 0)).toBe(space.mmapTop - 3 * PAGE);
  });

  it('replaces with MAP_FIXED and refuses with MAP_FIXED_NOREPLACE', () => {
    space.mmap(AT, 3 * PAGE, RW, FIXED, -1, 0);
    store(BigInt(AT + PAGE), 7n);
    expect(space.mmap(AT + PAGE, PAGE, PROT.read, FIXED, -1, 0)).toBe(AT + PAGE);
    expect([access(AT), access(AT + PAGE), access(AT + 2 * PAGE)]).toEqual(['rw', 'r', 'rw']);
    expect(load(BigInt(AT + PAGE))).toBe(0n);
    const noReplace = ANONYMOUS | MAP.fixedNoReplace;
    expect(space.mmap(AT + 2 * PAGE, 2 * PAGE, RW, noReplace, -1, 0)).toBe(EEXIST);
    expect(space.mmap(AT + 3 * PAGE, PAGE, RW, noReplace, -1, 0)).toBe(AT + 3 * PAGE);
  });

  it('refuses what Linux refuses', () => {
    expect(space.mmap(0, 0, RW, ANONYMOUS, -1, 0)).toBe(EINVAL);
    expect(space.mmap(0, -1, RW, ANONYMOUS, -1, 0)).toBe(ENOMEM);
    expect(space.mmap(0, 2n ** 64n - 1n, RW, ANONYMOUS, -1, 0)).toBe(ENOMEM);
    expect(space.mmap(0, PAGE, RW, MAP.anonymous, -1, 0)).toBe(EINVAL);
    expect(space.mmap(0, PAGE, RW, ANONYMOUS, -1, 1)).toBe(EINVAL);
    expect(space.mmap(AT + 1, PAGE, RW, FIXED, -1, 0)).toBe(EINVAL);
    expect(space.mmap(0, PAGE, RW, FIXED, -1, 0)).toBe(EPERM);
    expect(space.mmap(0x8000, PAGE, RW, FIXED, -1, 0)).toBe(EPERM);
    expect(space.mmap(host.windowSize, PAGE, RW, FIXED, -1, 0)).toBe(ENOMEM);
    expect(space.mmap(host.windowSize - PAGE, 2 * PAGE, RW, FIXED, -1, 0)).toBe(ENOMEM);
    expect(space.mmap(0, 2 ** 40, RW, ANONYMOUS, -1, 0)).toBe(ENOMEM);
    expect(space.mmap(0, PAGE, RW, MAP.private, 9999, 0)).toBe(EBADF);
    expect(space.mmap(0, PAGE, RW, MAP.private, -1, 0)).toBe(EBADF);
    expect(shape()).toEqual([]);
  });

  it('maps 10 GiB without reserving memory', () => {
    const start = space.mmap(0, 10 * 2 ** 30, RW, ANONYMOUS | MAP.noReserve, -1, 0);
    expect(start).toBeGreaterThan(0);
    store(BigInt(start + 5 * 2 ** 30), 5n);
    expect(load(BigInt(start + 5 * 2 ** 30))).toBe(5n);
    expect(space.mmap(0, 10 * 2 ** 30, RW, ANONYMOUS | MAP.noReserve, -1, 0)).toBe(ENOMEM);
    expect(space.munmap(start, 10 * 2 ** 30)).toBe(0);
    expect(access(start)).toBe('-');
  });

  it('maps files, private and shared, with offsets', () => {
    withFile(3 * PAGE, (fd, path) => {
      writeSync(fd, 'at 8192', 2 * PAGE);
      const copy = space.mmap(0, 2 * PAGE, RW, MAP.private, fd, PAGE);
      const real = space.mmap(0, PAGE, RW, MAP.shared, fd, 2 * PAGE);
      expect([space.readString(copy + PAGE), space.readString(real)]).toEqual(['at 8192', 'at 8192']);
      space.writeU32(copy + PAGE, 0x58585858);
      expect(space.readString(real)).toBe('at 8192');
      space.writeU32(real, 0x59595959);
      expect(readFileSync(path).toString('latin1', 2 * PAGE, 2 * PAGE + 7)).toBe('YYYY192');
      expect(space.msync(real, PAGE, 4)).toBe(0);
      expect(shape()).toEqual([
        `${real.toString(16)}-${copy.toString(16)} rw-s ${path}`,
        `${copy.toString(16)}-${(copy + 2 * PAGE).toString(16)} rw-p ${path}`,
      ]);
      expect(space.ranges().map(({ offset, inode }) => [offset, inode > 0])).toEqual([
        [2 * PAGE, true],
        [PAGE, true],
      ]);
    });
  });

  it('keeps a shared mapping of a read-only file from becoming writable', () => {
    withFile(
      PAGE,
      (fd) => {
        expect(space.mmap(0, PAGE, RW, MAP.shared, fd, 0)).toBe(EACCES);
        const start = space.mmap(0, PAGE, PROT.read, MAP.shared, fd, 0);
        expect(space.mprotect(start, PAGE, RW)).toBe(EACCES);
        expect(shape()[0]).toContain(' r--s');
        expect(space.mmap(start, PAGE, RW, MAP.private | MAP.fixed, fd, 0)).toBe(start);
      },
      'r',
    );
    // Nothing else may get into the place of a mapping that failed.
    expect(space.mmap(0, PAGE, RW, ANONYMOUS, -1, 0)).toBe(space.mmapTop - 2 * PAGE);
  });

  it('raises SIGBUS past the end of a file', () => {
    withFile(10, (fd) => {
      const start = space.mmap(0, 2 * PAGE, RW, MAP.shared, fd, 0);
      host.takeFault();
      expect(access(start + PAGE)).toBe('-');
      expect(host.takeFault()).toEqual({ signo: 7, code: 2, address: BigInt(start + PAGE) });
      expect(space.read(start + PAGE, 1)).toBeUndefined();
      expect(space.read(start + 10, 4)).toEqual(Uint8Array.of(0, 0, 0, 0));
    });
  });
});

describe('munmap', () => {
  it('punches holes and gives memory back', () => {
    space.mmap(AT, 5 * PAGE, RW, FIXED, -1, 0);
    store(BigInt(AT + 2 * PAGE), 1n);
    expect(space.munmap(AT + PAGE, 2 * PAGE)).toBe(0);
    expect(shape()).toEqual(['100000-101000 rw-p', '103000-105000 rw-p']);
    expect(access(AT + 2 * PAGE)).toBe('-');
    space.mmap(AT + 2 * PAGE, PAGE, RW, FIXED, -1, 0);
    expect(load(BigInt(AT + 2 * PAGE))).toBe(0n);
  });

  it('accepts what is not mapped, and only aligned addresses', () => {
    expect(space.munmap(AT, PAGE)).toBe(0);
    expect(space.munmap(2 ** 40, PAGE)).toBe(0);
    expect(space.munmap(AT + 1, PAGE)).toBe(EINVAL);
    expect(space.munmap(AT, 0)).toBe(EINVAL);
    expect(space.munmap(AT, -1)).toBe(EINVAL);
  });
});

describe('mprotect', () => {
  it('changes parts, and reports code that may have changed', () => {
    space.mmap(AT, 4 * PAGE, RW, FIXED, -1, 0);
    expect(space.mprotect(AT + PAGE, PAGE, PROT.read | PROT.exec)).toBe(0);
    expect(space.mprotect(AT + 2 * PAGE, 1, 0)).toBe(0);
    expect(space.mprotect(AT + 3 * PAGE, PAGE, PROT.write)).toBe(0);
    expect([0, 1, 2, 3].map((page) => access(AT + page * PAGE))).toEqual(['rw', 'r', '-', 'rw']);
    expect(shape()).toEqual(['100000-101000 rw-p', '101000-102000 r-xp', '102000-103000 ---p', '103000-104000 rw-p']);
    expect(changes).toEqual([]);
    expect(space.mprotect(AT, 4 * PAGE, PROT.read)).toBe(0);
    expect(changes).toEqual([[AT, AT + 4 * PAGE]]);
  });

  it('changes what lies before a hole, then fails', () => {
    space.mmap(AT, 4 * PAGE, RW, FIXED, -1, 0);
    space.munmap(AT + 2 * PAGE, PAGE);
    expect(space.mprotect(AT, 4 * PAGE, PROT.read)).toBe(ENOMEM);
    expect([0, 1, 3].map((page) => access(AT + page * PAGE))).toEqual(['r', 'r', 'rw']);
  });

  it('refuses what Linux refuses', () => {
    expect(space.mprotect(AT, PAGE, RW)).toBe(ENOMEM);
    expect(space.mprotect(AT + 1, PAGE, RW)).toBe(EINVAL);
    expect(space.mprotect(AT, 0, RW)).toBe(0);
    space.mmap(AT, PAGE, RW, FIXED, -1, 0);
    expect(space.mprotect(AT, PAGE, 0x40)).toBe(EINVAL);
    expect(space.mprotect(AT, PAGE, RW | PROT.growsDown)).toBe(EINVAL);
  });

  it('never makes host pages executable', () => {
    space.mmap(AT, PAGE, RW | PROT.exec, FIXED, -1, 0);
    space.mmap(AT + PAGE, PAGE, PROT.exec, FIXED, -1, 0);
    const maps = readFileSync('/proc/self/maps', 'latin1').split('\n');
    const at = (host.guestPointer(AT) as number).toString(16);
    const lines = maps.filter(
      (line) => line.startsWith(at) || line.startsWith(host.guestPointer(AT + PAGE).toString(16)),
    );
    expect(lines.map((line) => line.split(' ')[1])).toEqual(['rw-p', 'r--p']);
  });
});

describe('mremap', () => {
  it('moves what has grown in place beside memory with huge pages', () => {
    const size = 8 << 20;
    const grown = size + 5 * PAGE;
    expect(space.mmap(2 * size, size, RW, FIXED, -1, 0)).toBe(2 * size);
    expect(space.mremap(2 * size, size, grown, 0, 0)).toBe(2 * size);
    for (let at = 0; at < grown; at += PAGE) store(BigInt(2 * size + at), BigInt(at));
    space.mmap(2 * size + grown, PAGE, RW, FIXED, -1, 0);
    const moved = space.mremap(2 * size, grown, grown + PAGE, MREMAP.mayMove, 0);
    expect(moved).toBeGreaterThan(3 * size);
    for (let at = 0; at < grown; at += PAGE) expect(load(BigInt(moved + at))).toBe(BigInt(at));
    expect([access(moved + grown), access(2 * size), access(2 * size + grown)]).toEqual(['rw', '-', 'rw']);
  });

  it('grows in place where it can, with the old contents', () => {
    space.mmap(AT, PAGE, RW, FIXED, -1, 0);
    store(BigInt(AT), 9n);
    expect(space.mremap(AT, PAGE, 3 * PAGE, 0, 0)).toBe(AT);
    expect([load(BigInt(AT)), load(BigInt(AT + 2 * PAGE))]).toEqual([9n, 0n]);
    expect(shape()).toEqual(['100000-103000 rw-p']);
    // One mapping for the host as well: it can be moved as a whole.
    expect(space.mremap(AT, 3 * PAGE, 4 * PAGE, MREMAP.mayMove | MREMAP.fixed, 2 * AT)).toBe(2 * AT);
  });

  it('moves where it must', () => {
    space.mmap(AT, PAGE, RW, FIXED, -1, 0);
    space.mmap(AT + PAGE, PAGE, PROT.read, FIXED, -1, 0);
    store(BigInt(AT), 9n);
    expect(space.mremap(AT, PAGE, 2 * PAGE, 0, 0)).toBe(ENOMEM);
    const moved = space.mremap(AT, PAGE, 2 * PAGE, MREMAP.mayMove, 0);
    expect(moved).toBe(space.mmapTop - 2 * PAGE);
    expect([access(AT), load(BigInt(moved)), access(moved + PAGE)]).toEqual(['-', 9n, 'rw']);
    expect(space.mmap(AT, PAGE, RW, ANONYMOUS | MAP.fixedNoReplace, -1, 0)).toBe(AT);
  });

  it('shrinks, moves to a place, keeps the old place', () => {
    space.mmap(AT, 4 * PAGE, RW, FIXED, -1, 0);
    store(BigInt(AT), 9n);
    expect(space.mremap(AT, 4 * PAGE, 2 * PAGE, 0, 0)).toBe(AT);
    expect(access(AT + 2 * PAGE)).toBe('-');
    space.mmap(2 * AT, PAGE, PROT.read, FIXED, -1, 0);
    expect(space.mremap(AT, 2 * PAGE, 2 * PAGE, MREMAP.mayMove | MREMAP.fixed, 2 * AT)).toBe(2 * AT);
    expect(shape()).toEqual(['200000-202000 rw-p']);
    const kept = space.mremap(2 * AT, 2 * PAGE, 2 * PAGE, MREMAP.mayMove | MREMAP.dontUnmap, 0);
    expect([load(BigInt(kept)), load(BigInt(2 * AT))]).toEqual([9n, 0n]);
  });

  it('grows file mappings', () => {
    withFile(3 * PAGE, (fd) => {
      writeSync(fd, 'third', 2 * PAGE);
      space.mmap(AT, PAGE, RW, MAP.shared | MAP.fixed, fd, 0);
      expect(space.mremap(AT, PAGE, 3 * PAGE, 0, 0)).toBe(AT);
      expect(space.readString(AT + 2 * PAGE)).toBe('third');
      // A length of 0 makes a second view of a shared mapping.
      const twin = space.mremap(AT, 0, 3 * PAGE, MREMAP.mayMove, 0);
      store(BigInt(twin), 77n);
      expect(load(BigInt(AT))).toBe(77n);
    });
  });

  it('refuses what Linux refuses', () => {
    space.mmap(AT, 2 * PAGE, RW, FIXED, -1, 0);
    space.mprotect(AT + PAGE, PAGE, PROT.read);
    expect(space.mremap(AT, 2 * PAGE, 3 * PAGE, MREMAP.mayMove, 0)).toBe(EFAULT);
    expect(space.mremap(AT, PAGE, 0, MREMAP.mayMove, 0)).toBe(EINVAL);
    expect(space.mremap(AT + 1, PAGE, PAGE, 0, 0)).toBe(EINVAL);
    expect(space.mremap(3 * AT, PAGE, 2 * PAGE, MREMAP.mayMove, 0)).toBe(EFAULT);
    expect(space.mremap(AT, PAGE, PAGE, MREMAP.fixed, 2 * AT)).toBe(EINVAL);
    expect(space.mremap(AT, PAGE, PAGE, MREMAP.mayMove | MREMAP.fixed, AT)).toBe(EINVAL);
    expect(space.mremap(AT, PAGE, PAGE, 8, 0)).toBe(EINVAL);
  });
});

describe('madvise and friends', () => {
  it('MADV_DONTNEED zeroes, wrong advice is refused, holes are reported', () => {
    space.mmap(AT, 3 * PAGE, RW, FIXED, -1, 0);
    store(BigInt(AT), 1n);
    expect(space.madvise(AT, PAGE, 4)).toBe(0);
    expect(load(BigInt(AT))).toBe(0n);
    expect(space.madvise(AT, PAGE, 999)).toBe(EINVAL);
    expect(space.madvise(AT, 0, 999)).toBe(EINVAL);
    expect(space.madvise(AT, 0, 4)).toBe(0);
    expect(space.madvise(AT + 1, PAGE, 4)).toBe(EINVAL);
    space.munmap(AT + PAGE, PAGE);
    store(BigInt(AT + 2 * PAGE), 1n);
    expect(space.madvise(AT, 3 * PAGE, 4)).toBe(ENOMEM);
    expect(load(BigInt(AT + 2 * PAGE))).toBe(0n);
    expect(space.madvise(5 * AT, PAGE, 4)).toBe(ENOMEM);
  });

  it('mincore, mlock and msync see the guest’s mappings only', () => {
    space.mmap(AT, 2 * PAGE, RW, FIXED, -1, 0);
    space.mmap(2 * AT, PAGE, RW, FIXED, -1, 0);
    store(BigInt(AT), 1n);
    space.writeU32(2 * AT, 0xffff_ffff);
    expect(space.mincore(AT, 2 * PAGE, 2 * AT)).toBe(0);
    expect((space.readU32(2 * AT) as number) & 1).toBe(1);
    expect(space.mincore(AT, 3 * PAGE, 2 * AT)).toBe(ENOMEM);
    expect(space.mincore(AT, PAGE, 9 * AT)).toBe(EFAULT);
    expect(space.msync(AT + 3 * PAGE, PAGE, 4)).toBe(ENOMEM);
    expect(space.mlock(AT + 5, 10)).toBe(0);
    expect(space.munlock(AT + 5, 10)).toBe(0);
    expect(space.mlock(AT, 9 * PAGE)).toBe(ENOMEM);
  });
});

describe('brk', () => {
  it('grows and shrinks the heap by bytes', () => {
    space.initBrk(AT - 5);
    expect(space.brk(0)).toBe(AT);
    expect(space.brk(AT + 5)).toBe(AT + 5);
    expect(access(AT)).toBe('rw');
    expect(space.brk(AT + 3 * PAGE)).toBe(AT + 3 * PAGE);
    store(BigInt(AT + PAGE), 1n);
    expect(shape()).toEqual(['100000-103000 rw-p [heap]']);
    expect(space.brk(AT + PAGE)).toBe(AT + PAGE);
    expect(access(AT + PAGE)).toBe('-');
    expect(space.brk(AT + 2 * PAGE)).toBe(AT + 2 * PAGE);
    expect(load(BigInt(AT + PAGE))).toBe(0n);
  });

  it('stays where it is when it cannot move', () => {
    space.initBrk(AT);
    space.mmap(AT + 2 * PAGE, PAGE, RW, FIXED, -1, 0);
    expect(space.brk(AT + 3 * PAGE)).toBe(AT);
    expect(space.brk(AT - 1)).toBe(AT);
    expect(space.brk(-1)).toBe(AT);
  });
});

describe('limits', () => {
  it('RLIMIT_AS counts everything, RLIMIT_DATA private writable pages', () => {
    space.mmap(AT, 4 * PAGE, RW, FIXED, -1, 0);
    space.limits = new Map([[RLIMIT.as, { soft: BigInt(6 * PAGE) }]]);
    expect(space.mmap(0, 3 * PAGE, 0, ANONYMOUS, -1, 0)).toBe(ENOMEM);
    expect(space.mmap(AT, 6 * PAGE, RW, FIXED, -1, 0)).toBe(AT);
    expect(space.mremap(AT, 6 * PAGE, 7 * PAGE, MREMAP.mayMove, 0)).toBe(ENOMEM);
    space.munmap(AT, 6 * PAGE);
    expect(space.mmap(0, 6 * PAGE, 0, ANONYMOUS, -1, 0)).toBeGreaterThan(0);

    space.limits = new Map([[RLIMIT.data, { soft: BigInt(2 * PAGE) }]]);
    expect(space.mmap(0, 9 * PAGE, PROT.read, ANONYMOUS, -1, 0)).toBeGreaterThan(0);
    expect(space.mmap(0, 3 * PAGE, RW, ANONYMOUS, -1, 0)).toBe(ENOMEM);
    expect(space.mmap(0, 3 * PAGE, RW, MAP.shared | MAP.anonymous, -1, 0)).toBeGreaterThan(0);
    space.initBrk(AT);
    expect(space.brk(AT + 3 * PAGE)).toBe(AT);
    expect(space.brk(AT + 2 * PAGE)).toBe(AT + 2 * PAGE);
  });
});

describe('a grow-down mapping', () => {
  const flags = FIXED | MAP.growsDown;

  it('grows to the faulting address as far as its limit', () => {
    space.limits = new Map([[RLIMIT.stack, { soft: BigInt(10 * PAGE) }]]);
    space.mmap(8 * AT, 2 * PAGE, RW, flags, -1, 0);
    store(BigInt(8 * AT), 3n);
    expect(space.growStack(8 * AT - 3 * PAGE - 1)).toBe(true);
    expect([access(8 * AT - 4 * PAGE), access(8 * AT - 5 * PAGE), load(BigInt(8 * AT))]).toEqual(['rw', '-', 3n]);
    expect(space.growStack(8 * AT - 8 * PAGE)).toBe(true);
    expect(space.growStack(8 * AT - 9 * PAGE)).toBe(false);
    expect(space.growStack(8 * AT)).toBe(false);
    expect(space.growStack(20 * AT)).toBe(false);
  });

  it('keeps its distance from what lies below', () => {
    space.mmap(8 * AT, PAGE, RW, flags, -1, 0);
    space.mmap(7 * AT - PAGE, PAGE, RW, FIXED, -1, 0);
    expect(space.growStack(8 * AT - 1)).toBe(false);
    space.munmap(7 * AT - PAGE, PAGE);
    expect(space.growStack(8 * AT - 1)).toBe(true);
  });

  it('grows for the emulator’s own writes, and with PROT_GROWSDOWN changes as a whole', () => {
    space.mmap(8 * AT, 2 * PAGE, RW, flags, -1, 0);
    expect(space.writeU64(8 * AT - 16, 5n)).toBe(true);
    expect(space.mprotect(8 * AT + PAGE, PAGE, PROT.read | PROT.growsDown)).toBe(0);
    expect(shape()).toEqual(['7ff000-802000 r--p']);
  });
});

describe('code pages', () => {
  const RWX = RW | PROT.exec;

  it('are read-only until something writes to them', () => {
    space.mmap(AT, 3 * PAGE, RWX, FIXED, -1, 0);
    space.protectCode(AT + PAGE + 100);
    expect([access(AT), access(AT + PAGE), access(AT + 2 * PAGE)]).toEqual(['rw', 'r', 'rw']);
    expect(shape()).toEqual(['100000-103000 rwxp']);
    expect(space.unprotectCode(AT)).toBe(false);
    expect(space.unprotectCode(2 ** 40)).toBe(false);
    expect(space.unprotectCode(AT + PAGE + 5)).toBe(true);
    expect(access(AT + PAGE)).toBe('rw');
    expect(changes).toEqual([[AT + PAGE, AT + 2 * PAGE]]);
  });

  it('are opened for the emulator’s writes and for system calls', () => {
    space.mmap(AT, 2 * PAGE, RWX, FIXED, -1, 0);
    space.protectCode(AT);
    expect(space.writeU32(AT + 8, 1)).toBe(true);
    space.protectCode(AT);
    space.protectCode(AT + PAGE);
    expect(space.unprotectAllCode()).toBe(true);
    expect(space.unprotectAllCode()).toBe(false);
    expect(changes.length).toBe(3);
  });

  it('are left open when they are written to again and again; then the guest has to tell of changes', () => {
    space.mmap(AT, 2 * PAGE, RWX, FIXED, -1, 0);
    space.codeChanged(AT, AT + 64);
    expect(changes).toEqual([]);
    let times = 0;
    while (space.protectCode(AT) && times < 1000) {
      expect(space.unprotectCode(AT)).toBe(true);
      times++;
    }
    expect(times).toBeGreaterThan(0);
    expect(times).toBeLessThan(1000);
    expect(access(AT)).toBe('rw');
    expect([...space.openCode]).toEqual([AT / PAGE]);
    changes = [];
    space.codeChanged(AT + 64, AT + 128);
    space.codeChanged(AT + 4 * PAGE, AT + 5 * PAGE);
    expect(changes).toEqual([[AT + 64, AT + 128]]);
    expect(space.protectCode(AT + PAGE)).toBe(true);
    space.reset();
    expect([...space.openCode]).toEqual([]);
  });

  it('are reported when unmapped, replaced, moved or discarded', () => {
    for (const change of [
      () => space.munmap(AT, PAGE),
      () => space.mmap(AT, PAGE, RW, FIXED, -1, 0),
      () => space.mremap(AT, PAGE, PAGE, MREMAP.mayMove | MREMAP.fixed, 2 * AT),
      () => space.madvise(AT, PAGE, 4),
      () => space.mprotect(AT, PAGE, RW),
    ]) {
      space.mmap(AT, PAGE, RWX, FIXED, -1, 0);
      space.protectCode(AT);
      changes = [];
      change();
      expect(changes).toContainEqual([AT, AT + PAGE]);
      space.munmap(AT, PAGE);
    }
  });

  it('read-only code needs no protection', () => {
    space.mmap(AT, PAGE, PROT.read | PROT.exec, FIXED, -1, 0);
    space.protectCode(AT);
    expect(space.unprotectAllCode()).toBe(false);
  });
});

describe('names and data', () => {
  it('names parts of mappings and forgets them with these', () => {
    space.mmap(AT, 4 * PAGE, RW, FIXED, -1, 0);
    space.setName(AT + PAGE, AT + 3 * PAGE, '[stack]');
    expect(shape()).toEqual(['100000-101000 rw-p', '101000-103000 rw-p [stack]', '103000-104000 rw-p']);
    space.munmap(AT + 2 * PAGE, PAGE);
    space.mmap(AT + 2 * PAGE, PAGE, RW, FIXED, -1, 0);
    expect(shape()).toEqual(['100000-101000 rw-p', '101000-102000 rw-p [stack]', '102000-104000 rw-p']);
  });

  it('reads and writes blocks larger than its buffer', () => {
    space.mmap(AT, 100 * PAGE, RW, FIXED, -1, 0);
    const data = Uint8Array.from({ length: 300_001 }, (_, i) => i * 7);
    expect(space.write(AT + 3, data)).toBe(true);
    expect(space.read(AT + 3, data.length)).toEqual(data);
    expect(space.read(AT + 99 * PAGE, PAGE + 1)).toBeUndefined();
    expect(space.write(AT + 99 * PAGE, new Uint8Array(PAGE + 1))).toBe(false);
  });

  it('reads strings up to a length', () => {
    space.mmap(AT, PAGE, RW, FIXED, -1, 0);
    space.write(AT, Uint8Array.from([...Buffer.from('caf\xe9', 'latin1'), 0]));
    expect(space.readString(AT)).toBe('caf\xe9');
    expect(space.readString(AT, 5)).toBe('caf\xe9');
    expect(space.readString(AT, 4)).toBe(ENAMETOOLONG);
    expect(space.readString(0)).toBe(EFAULT);
    expect([space.readU64(AT + PAGE - 4), space.readU32(AT + PAGE - 4)]).toEqual([undefined, 0]);
  });

  it('is empty after reset', () => {
    space.initBrk(AT);
    space.brk(AT + PAGE);
    space.mmap(0, PAGE, RW, ANONYMOUS, -1, 0);
    space.reset();
    expect([shape(), access(AT), space.brk(0)]).toEqual([[], '-', 0]);
  });
});

it('never leaves a hole in the window', () => {
  withFile(PAGE, (fd) => {
    space.mmap(AT, 9 * PAGE, RW, FIXED, -1, 0);
    space.mremap(AT, 9 * PAGE, 3 * PAGE, MREMAP.mayMove | MREMAP.fixed, 3 * AT);
    space.mmap(5 * AT, PAGE, RW, MAP.shared | MAP.fixed, fd, 0);
    space.mremap(5 * AT, PAGE, 8 * PAGE, MREMAP.mayMove, 0);
    space.mmap(6 * AT, PAGE, RW, MAP.shared | MAP.fixed | 0x40000, fd, 0);
    space.munmap(3 * AT, PAGE);
    readSync(fd, Buffer.alloc(1), 0, 1, 0);
  });
  let end = 0;
  for (const mapping of host.mappings()) {
    expect(mapping.start).toBe(end);
    end = mapping.end;
  }
  expect(end).toBe(host.windowSize);
});
