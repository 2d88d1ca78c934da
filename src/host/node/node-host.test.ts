import { spawnSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NODE_FLAGS } from '../../../tests/support/native.ts';
import { AddressSpace } from '../../memory/address-space.ts';
import { MAP, MREMAP, PROT } from '../../memory/constants.ts';
import { STAGING, STUB } from '../layout.ts';
import { createNodeHost } from './node-host.ts';

const host = createNodeHost({ argv: ['program'] });
const space = new AddressSpace(host);
const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'tsemu-node-host-')));
afterAll(() => rmSync(scratch, { recursive: true }));

const AT_FDCWD = -100;
const PAGE = 4096;
const RW = PROT.read | PROT.write;
const ANONYMOUS = MAP.private | MAP.anonymous;
const AT = 0x10_0000;

const staging = new Uint8Array(host.threadMemory.buffer, STAGING.start, STAGING.size);
const view = new DataView(host.threadMemory.buffer, STAGING.start, STAGING.size);
let top = 0x100;

/** A pointer to a staged string. */
function path(name: string): number {
  const bytes = Buffer.from(`${name}\0`, 'latin1');
  const at = top;
  staging.set(bytes, at);
  top += bytes.length;
  return host.stagingPointer(at);
}

const call = (name: string, ...args: number[]): number => host.syscall(name, ...args) as number;
const inScratch = (name: string): number => path(`${scratch}/${name}`);
const open = (name: string, flags: number, mode = 0o644): number =>
  call('openat', AT_FDCWD, inScratch(name), flags, mode);
const text = (length: number): string => Buffer.from(staging.subarray(0x8000, 0x8000 + length)).toString('latin1');
const BUFFER = host.stagingPointer(0x8000);

beforeEach(() => {
  top = 0x100;
  mkdirSync(join(scratch, 'sub'), { recursive: true });
  writeFileSync(join(scratch, 'file'), 'contents of the file');
});
afterEach(() => {
  for (let fd = 3; fd < 20; fd++) call('close', fd);
  for (const name of ['new', 'moved', 'link', 'hard']) rmSync(join(scratch, name), { recursive: true, force: true });
});

describe('files', () => {
  it('reads at the position, at offsets and after seeking', () => {
    const fd = open('file', 0);
    expect(fd).toBe(3);
    expect([call('read', fd, BUFFER, 8), text(8)]).toEqual([8, 'contents']);
    expect([call('pread64', fd, BUFFER, 4, 16), text(4)]).toEqual([4, 'file']);
    expect([call('read', fd, BUFFER, 100), text(12)]).toEqual([12, ' of the file']);
    expect(call('read', fd, BUFFER, 100)).toBe(0);
    expect(call('lseek', fd, -8, 2)).toBe(12);
    expect([call('read', fd, BUFFER, 3), text(3)]).toEqual([3, 'the']);
    expect(call('lseek', fd, 0, 1)).toBe(15);
    expect(call('lseek', fd, -16, 1)).toBe(-22);
    expect(call('write', fd, BUFFER, 1)).toBe(-9);
    expect(call('read', fd, host.guestPointer(AT), 1)).toBe(-14);
    expect(call('close', fd)).toBe(0);
    expect(call('close', fd)).toBe(-9);
  });

  it('writes, appends, truncates, with vectors', () => {
    const fd = open('new', 0o102);
    staging.set(Buffer.from('abcdef'), 0x8000);
    view.setBigUint64(0x40, BigInt(BUFFER), true);
    view.setBigUint64(0x48, 2n, true);
    view.setBigUint64(0x50, BigInt(BUFFER + 3), true);
    view.setBigUint64(0x58, 3n, true);
    expect(call('writev', fd, host.stagingPointer(0x40), 2)).toBe(5);
    expect(call('pwrite64', fd, BUFFER, 1, 4)).toBe(1);
    expect(readFileSync(join(scratch, 'new'), 'latin1')).toBe('abdea');
    const append = open('new', 0o2001);
    call('write', append, BUFFER, 2);
    expect(call('lseek', append, 0, 1)).toBe(7);
    expect(call('ftruncate', fd, 3)).toBe(0);
    expect(readFileSync(join(scratch, 'new'), 'latin1')).toBe('abd');
    expect(call('fsync', fd)).toBe(0);
  });

  it('shares the position between duplicates', () => {
    const fd = open('file', 0);
    const copy = call('dup', fd);
    expect(call('dup3', fd, 10, 0o2000000)).toBe(10);
    call('read', fd, BUFFER, 5);
    expect([call('lseek', copy, 0, 1), call('lseek', 10, 0, 1)]).toEqual([5, 5]);
    expect([call('fcntl', copy, 1), call('fcntl', 10, 1)]).toEqual([0, 1]);
    expect(call('fcntl', fd, 0, 7)).toBe(7);
    call('close', fd);
    expect(call('read', copy, BUFFER, 1)).toBe(1);
    expect(call('fcntl', copy, 3)).toBe(0);
    expect(call('dup3', 11, 12, 0)).toBe(-9);
  });

  it('gives stat and statx in Linux layout', () => {
    const real = statSync(join(scratch, 'file'), { bigint: true });
    expect(call('newfstatat', AT_FDCWD, inScratch('file'), BUFFER, 0)).toBe(0);
    const at = 0x8000;
    expect(view.getBigUint64(at + 8, true)).toBe(real.ino);
    expect(view.getUint32(at + 24, true)).toBe(Number(real.mode));
    expect(view.getBigInt64(at + 48, true)).toBe(20n);
    expect(view.getBigInt64(at + 88, true)).toBe(real.mtimeNs / 1_000_000_000n);
    expect(call('fstat', open('file', 0), BUFFER)).toBe(0);
    expect(view.getBigInt64(at + 48, true)).toBe(20n);
    expect(call('statx', AT_FDCWD, inScratch('sub'), 0, 0xfff, BUFFER)).toBe(0);
    expect(view.getUint16(at + 28, true) & 0o170000).toBe(0o040000);
    expect(call('newfstatat', AT_FDCWD, inScratch('none'), BUFFER, 0)).toBe(-2);
    expect(call('newfstatat', open('file', 0), path(''), BUFFER, 0x1000)).toBe(0);
  });

  it('lists directories in parts', () => {
    writeFileSync(join(scratch, 'sub', 'one'), '');
    symlinkSync('one', join(scratch, 'sub', 'two'));
    const fd = open('sub', 0o200000);
    const names: string[] = [];
    for (let size = 1; size > 0; ) {
      size = call('getdents64', fd, BUFFER, 56);
      expect(size).toBeGreaterThanOrEqual(0);
      for (let at = 0x8000; at < 0x8000 + size; at += view.getUint16(at + 16, true)) {
        const name = staging.subarray(at + 19, staging.indexOf(0, at + 19));
        names.push(`${view.getUint8(at + 18)} ${Buffer.from(name).toString()}`);
      }
    }
    expect(names.sort()).toEqual(['10 two', '4 .', '4 ..', '8 one']);
    expect(call('lseek', fd, 0, 0)).toBe(0);
    expect(call('getdents64', fd, BUFFER, 1000)).toBeGreaterThan(0);
    expect(call('read', fd, BUFFER, 1)).toBe(-21);
    rmSync(join(scratch, 'sub'), { recursive: true });
  });

  it('makes, renames, links and removes, relative to directories', () => {
    const directory = open('', 0o200000);
    expect(call('mkdirat', directory, path('new'), 0o755)).toBe(0);
    expect(call('mkdirat', directory, path('new'), 0o755)).toBe(-17);
    expect(call('renameat2', directory, path('new'), directory, path('moved'), 0)).toBe(0);
    expect(call('unlinkat', directory, path('moved'), 0x200)).toBe(0);
    expect(call('symlinkat', path('file'), directory, path('link'))).toBe(0);
    expect([call('readlinkat', directory, path('link'), BUFFER, 3), text(3)]).toEqual([3, 'fil']);
    expect(call('linkat', directory, path('file'), directory, path('hard'), 0)).toBe(0);
    expect(call('fchmodat', directory, path('hard'), 0o600)).toBe(0);
    expect(statSync(join(scratch, 'file')).mode & 0o777).toBe(0o600);
    view.setBigInt64(0x40, 1000n, true);
    view.setBigInt64(0x48, 0n, true);
    view.setBigInt64(0x50, 2000n, true);
    view.setBigInt64(0x58, 500_000_000n, true);
    expect(call('utimensat', directory, path('hard'), host.stagingPointer(0x40), 0)).toBe(0);
    expect(statSync(join(scratch, 'file')).mtimeMs).toBe(2000500);
    expect(call('faccessat', directory, path('none'), 0)).toBe(-2);
    expect(call('unlinkat', directory, path('link'), 0)).toBe(0);
    expect(() => lstatSync(join(scratch, 'link'))).toThrow();
    expect(call('openat', 99, path('file'), 0, 0)).toBe(-9);
    expect(call('openat', directory, host.guestPointer(AT), 0, 0)).toBe(-14);
  });
});

describe('memory', () => {
  it('is zero after mapping, whatever was there before', () => {
    space.mmap(AT, 2 * PAGE, RW, ANONYMOUS | MAP.fixed, -1, 0);
    expect(space.readU64(AT)).toBe(0n);
    space.writeU64(AT, 5n);
    space.munmap(AT, PAGE);
    expect([space.readU64(AT), space.writeU64(AT, 1n)]).toEqual([undefined, false]);
    space.mmap(AT, PAGE, RW, ANONYMOUS | MAP.fixed, -1, 0);
    expect(space.readU64(AT)).toBe(0n);
    space.writeU64(AT, 5n);
    expect(space.madvise(AT, PAGE, 4)).toBe(0);
    expect(space.readU64(AT)).toBe(0n);
    expect(space.ranges()).toMatchObject([{ start: AT, end: AT + 2 * PAGE, flags: 0x8b, name: '' }]);
    space.munmap(AT, 2 * PAGE);
  });

  it('holds copies of files', () => {
    const fd = open('file', 0);
    const start = space.mmap(0, 2 * PAGE, RW, MAP.private, fd, 0);
    expect([space.readString(start), space.readU64(start + PAGE)]).toEqual(['contents of the file', 0n]);
    expect(space.madvise(start, PAGE, 4)).toBe(-22);
    expect(space.mmap(0, PAGE, RW, MAP.shared, open('file', 2), 0)).toBe(-19);
    const moved = space.mremap(start, 2 * PAGE, 3 * PAGE, MREMAP.mayMove | MREMAP.fixed, AT);
    expect([moved, space.readString(AT), space.read(start, 1)]).toEqual([AT, 'contents of the file', undefined]);
    space.reset();
    expect(space.readU64(AT)).toBeUndefined();
  });
});

describe('the rest', () => {
  it('time, identity, random numbers', () => {
    expect(call('clock_gettime', 0, BUFFER)).toBe(0);
    expect(Math.abs(Number(view.getBigInt64(0x8000, true)) - Date.now() / 1000)).toBeLessThan(5);
    view.setBigInt64(0x40, 0n, true);
    view.setBigInt64(0x48, 20_000_000n, true);
    const start = performance.now();
    expect(call('clock_nanosleep', 1, 0, host.stagingPointer(0x40), 0)).toBe(0);
    expect(performance.now() - start).toBeGreaterThan(18);
    expect(call('getpid')).toBe(process.pid);
    expect(call('getrandom', BUFFER, 16, 0)).toBe(16);
    expect(text(16)).not.toBe('\0'.repeat(16));
    expect(call('uname', BUFFER)).toBe(0);
    expect(text(5)).toBe('Linux');
    expect(call('sysinfo', BUFFER)).toBe(0);
    expect(call('getrusage', 0, BUFFER)).toBe(0);
    expect(call('getcwd', BUFFER, 1000)).toBe(process.cwd().length + 1);
    expect(call('getcwd', BUFFER, 2)).toBe(-34);
    expect(call('socket', 1, 1, 0)).toBe(-38);
  });

  it('has futexes of a process with one thread', () => {
    const [FUTEX_WAIT, FUTEX_WAKE, FUTEX_WAIT_BITSET] = [0, 0x81, 0x89];
    view.setInt32(0x8000, 7, true);
    expect(call('futex', BUFFER, FUTEX_WAKE, 1)).toBe(0);
    expect(call('futex', BUFFER, FUTEX_WAIT, 6, 0)).toBe(-11);
    view.setBigInt64(0x8010, 0n, true);
    view.setBigInt64(0x8018, 1_000_000n, true);
    expect(call('futex', BUFFER, FUTEX_WAIT, 7, BUFFER + 0x10)).toBe(-110);
    expect(call('futex', BUFFER, FUTEX_WAIT_BITSET, 7, BUFFER + 0x10, 0, -1)).toBe(-110);
    expect(call('futex', BUFFER, 6)).toBe(-38);
  });

  it('delivers signals that the guest sends itself', () => {
    const cells = new Int32Array(host.threadMemory.buffer);
    host.setSignalAction(12, 'record', 0);
    host.setSignalMask(1n << 11n);
    expect(call('kill', process.pid, 12)).toBe(0);
    expect([cells[STUB.pending / 4], host.takeSignal()]).toEqual([0, undefined]);
    host.setSignalMask(0n);
    expect(cells[STUB.pending / 4]).toBe(1);
    const info = host.takeSignal() as Uint8Array;
    expect([info[0], new DataView(info.buffer).getInt32(16, true)]).toEqual([12, process.pid]);
    expect([host.takeSignal(), cells[STUB.pending / 4]]).toEqual([undefined, 0]);
    expect(call('kill', 1, 12)).toBe(-1);
  });

  it('exits and dies as asked', () => {
    const program = fileURLToPath(new URL('../../../tests/support/host-programs/node-end.ts', import.meta.url));
    const run = (how: string) => {
      const { status, signal, stdout } = spawnSync(process.execPath, [...NODE_FLAGS, program, how], {
        encoding: 'utf8',
      });
      return [status, signal, stdout];
    };
    expect(run('exit')).toEqual([7, null, 'out']);
    expect(run('die')).toEqual([null, 'SIGTERM', 'out']);
    expect(run('abort')).toEqual([null, 'SIGABRT', 'out']);
  });
});
