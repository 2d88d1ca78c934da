/** System calls that take paths. */
import {
  accessSync,
  type BigIntStats,
  chmodSync,
  chownSync,
  constants,
  fstatSync,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  statfsSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
} from 'node:fs';
import { type DescriptorTable, type OpenFile, openFile } from './descriptors.ts';
import { EBADF, EFAULT, EINVAL, EISDIR, ENOENT, ENOTDIR, EOPNOTSUPP, ERANGE, errnoOr } from './errors.ts';
import type { Calls } from './file-calls.ts';
import type { GuestMemory } from './guest-memory.ts';
import { STAT_SIZE, STATFS_SIZE, STATX_SIZE, writeStat, writeStatfs, writeStatx } from './stat-layout.ts';

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_EACCESS = 0x200;
const AT_REMOVEDIR = 0x200;
const AT_SYMLINK_FOLLOW = 0x400;
const AT_EMPTY_PATH = 0x1000;
const UTIME_NOW = 0x3fffffff;
const UTIME_OMIT = 0x3ffffffe;

/** Linux's O_* values and Node's for the system below. O_PATH and O_TMPFILE have no equal. */
const O = {
  creat: 0o100,
  excl: 0o200,
  noctty: 0o400,
  trunc: 0o1000,
  append: 0o2000,
  nonblock: 0o4000,
  dsync: 0o10000,
  directory: 0o200000,
  nofollow: 0o400000,
  cloexec: 0o2000000,
  sync: 0o4000000,
  path: 0o10000000,
  tmpfile: 0o20000000,
} as const;

function nodeFlags(flags: number): number {
  let result = flags & 3;
  const add = (bit: number, value: number | undefined): void => {
    if ((flags & bit) !== 0) result |= value ?? 0;
  };
  add(O.creat, constants.O_CREAT);
  add(O.excl, constants.O_EXCL);
  add(O.noctty, constants.O_NOCTTY);
  add(O.trunc, constants.O_TRUNC);
  add(O.append, constants.O_APPEND);
  add(O.nonblock, constants.O_NONBLOCK);
  add(O.dsync, constants.O_DSYNC);
  add(O.sync, constants.O_SYNC);
  add(O.nofollow, constants.O_NOFOLLOW);
  return result;
}

/** Bytes of a path, which may be no UTF-8, as Node takes them. */
const raw = (path: string): Buffer => Buffer.from(path, 'latin1');

export function pathCalls(memory: GuestMemory, table: DescriptorTable): Calls {
  /** The path of a call, made absolute where it counts from a directory; or a negative errno. */
  const resolve = (dirfd: number, pointer: number): string | number => {
    const path = memory.path(pointer);
    if (typeof path === 'number') return path;
    if (path === '') return ENOENT;
    if (path[0] === '/' || (dirfd | 0) === AT_FDCWD) return path;
    const directory = table.get(dirfd | 0);
    if (directory === undefined) return EBADF;
    return directory.directory ? `${directory.path}/${path}` : ENOTDIR;
  };

  /** Runs `action` with the path. */
  const on = (dirfd: number, pointer: number, action: (path: Buffer) => unknown): number => {
    const path = resolve(dirfd, pointer);
    if (typeof path === 'number') return path;
    const result = errnoOr(() => action(raw(path)));
    return typeof result === 'number' ? result : 0;
  };

  const onTwo = (from: number[], to: number[], action: (from: Buffer, to: Buffer) => void): number => {
    const target = resolve(to[0], to[1]);
    if (typeof target === 'number') return target;
    return on(from[0], from[1], (path) => action(path, raw(target)));
  };

  /** stat of a path, or with AT_EMPTY_PATH and '' of the descriptor. */
  const stat = (dirfd: number, pointer: number, flags: number): BigIntStats | number => {
    if ((flags & AT_EMPTY_PATH) !== 0 && (pointer === 0 || memory.path(pointer) === '')) {
      return (dirfd | 0) === AT_FDCWD ? statPath('.', true) : statFile(table.get(dirfd | 0));
    }
    const path = resolve(dirfd, pointer);
    return typeof path === 'number' ? path : statPath(path, (flags & AT_SYMLINK_NOFOLLOW) === 0);
  };

  const deliver = <T>(
    result: T | number,
    pointer: number,
    size: number,
    write: (view: DataView, value: T) => void,
  ): number => {
    if (typeof result === 'number') return result;
    const view = memory.view(pointer, size);
    if (view === undefined) return EFAULT;
    write(view, result);
    return 0;
  };

  const open = (dirfd: number, pointer: number, flags: number, mode: number): number => {
    const path = resolve(dirfd, pointer);
    if (typeof path === 'number') return path;
    const result = openPath(path, flags, mode);
    return typeof result === 'number' ? result : table.add(result, 0, (flags & O.cloexec) !== 0);
  };

  const access = (dirfd: number, pointer: number, mode: number): number =>
    on(dirfd, pointer, (path) => accessSync(path, mode & 7));
  const chmod = (dirfd: number, pointer: number, mode: number): number =>
    on(dirfd, pointer, (path) => chmodSync(path, mode & 0o7777));

  return {
    openat: open,
    newfstatat: (dirfd, path, buffer, flags) => deliver(stat(dirfd, path, flags), buffer, STAT_SIZE, writeStat),
    fstat: (fd, buffer) => deliver(statFile(table.get(fd | 0)), buffer, STAT_SIZE, writeStat),
    statx: (dirfd, path, flags, _mask, buffer) => deliver(stat(dirfd, path, flags), buffer, STATX_SIZE, writeStatx),
    statfs: (path, buffer) => {
      const resolved = resolve(AT_FDCWD, path);
      if (typeof resolved === 'number') return resolved;
      return deliver(
        errnoOr(() => statfsSync(raw(resolved), { bigint: true })),
        buffer,
        STATFS_SIZE,
        writeStatfs,
      );
    },
    fstatfs: (fd, buffer) => {
      const file = table.get(fd | 0);
      if (file === undefined || file.path === '') return EBADF;
      return deliver(
        errnoOr(() => statfsSync(raw(file.path), { bigint: true })),
        buffer,
        STATFS_SIZE,
        writeStatfs,
      );
    },
    readlinkat: (dirfd, path, buffer, size) => {
      if ((size | 0) <= 0) return EINVAL;
      const resolved = resolve(dirfd, path);
      if (typeof resolved === 'number') return resolved;
      const target = errnoOr(() => readlinkSync(raw(resolved), { encoding: 'buffer' }));
      if (typeof target === 'number') return target;
      const length = Math.min(target.length, size);
      const bytes = memory.at(buffer, length);
      if (bytes === undefined) return EFAULT;
      bytes.set(target.subarray(0, length));
      return length;
    },
    faccessat: access,
    faccessat2: (dirfd, path, mode, flags) => {
      if ((flags & ~(AT_EACCESS | AT_EMPTY_PATH)) !== 0) return EINVAL;
      if ((flags & AT_EMPTY_PATH) === 0 || memory.path(path) !== '') return access(dirfd, path, mode);
      const file = table.get(dirfd | 0);
      if (file === undefined || file.path === '') return EBADF;
      return errnoOr(() => accessSync(raw(file.path), mode & 7)) ?? 0;
    },
    mkdirat: (dirfd, path, mode) => on(dirfd, path, (name) => mkdirSync(name, mode & 0o7777)),
    unlinkat: (dirfd, path, flags) =>
      on(dirfd, path, (name) => ((flags & AT_REMOVEDIR) === 0 ? unlinkSync(name) : rmdirSync(name))),
    // RENAME_NOREPLACE and RENAME_EXCHANGE cannot be done in one step: EINVAL, as file systems without them give.
    renameat2: (fromDir, from, toDir, to, flags) =>
      flags === 0 ? onTwo([fromDir, from], [toDir, to], (source, target) => renameSync(source, target)) : EINVAL,
    linkat: (fromDir, from, toDir, to, flags) => {
      if ((flags & ~AT_SYMLINK_FOLLOW) !== 0) return EINVAL;
      return onTwo([fromDir, from], [toDir, to], (source, target) => linkSync(source, target));
    },
    symlinkat: (target, dirfd, path) => {
      const text = memory.path(target);
      if (typeof text === 'number') return text;
      return text === '' ? ENOENT : on(dirfd, path, (name) => symlinkSync(raw(text), name));
    },
    fchmodat: chmod,
    fchmodat2: (dirfd, path, mode, flags) => (flags === 0 ? chmod(dirfd, path, mode) : EOPNOTSUPP),
    fchownat: (dirfd, path, uid, gid, flags) => {
      const change = (flags & AT_SYMLINK_NOFOLLOW) === 0 ? chownSync : lchownSync;
      return (flags & ~AT_SYMLINK_NOFOLLOW) === 0 ? on(dirfd, path, (name) => change(name, uid, gid)) : EINVAL;
    },
    truncate: (path, length) => (length < 0 ? EINVAL : on(AT_FDCWD, path, (name) => truncateSync(name, length))),
    utimensat: (dirfd, path, times, flags) => {
      const view = times === 0 ? undefined : memory.view(times, 32);
      if (times !== 0 && view === undefined) return EFAULT;
      const follow = (flags & AT_SYMLINK_NOFOLLOW) === 0;
      const old = path === 0 ? statFile(table.get(dirfd | 0)) : stat(dirfd, path, flags & AT_SYMLINK_NOFOLLOW);
      if (typeof old === 'number') return old;
      const accessed = newTime(view, 0, old.atimeNs);
      const modified = newTime(view, 16, old.mtimeNs);
      if (accessed === undefined || modified === undefined) return EINVAL;
      if (path !== 0) return on(dirfd, path, (name) => (follow ? utimesSync : lutimesSync)(name, accessed, modified));
      const file = table.get(dirfd | 0);
      if (file === undefined || file.fd < 0) return EBADF;
      return errnoOr(() => futimesSync(file.fd, accessed, modified)) ?? 0;
    },
    getcwd: (buffer, size) => {
      const cwd = errnoOr(() => Buffer.from(`${process.cwd()}\0`));
      if (typeof cwd === 'number') return cwd;
      if (cwd.length > size) return ERANGE;
      const bytes = memory.at(buffer, cwd.length);
      if (bytes === undefined) return EFAULT;
      bytes.set(cwd);
      return cwd.length;
    },
    chdir: (path) => on(AT_FDCWD, path, (name) => process.chdir(name.toString())),
    fchdir: (fd) => {
      const file = table.get(fd | 0);
      if (file === undefined) return EBADF;
      return file.directory ? (errnoOr(() => process.chdir(raw(file.path).toString())) ?? 0) : ENOTDIR;
    },
    umask: (mask) => process.umask(mask & 0o777),
  };
}

function statPath(path: string, follow: boolean): BigIntStats | number {
  return errnoOr(() => (follow ? statSync : lstatSync)(raw(path), { bigint: true }));
}

function statFile(file: OpenFile | undefined): BigIntStats | number {
  if (file === undefined) return EBADF;
  return errnoOr(() =>
    file.fd < 0 ? statSync(raw(file.path), { bigint: true }) : fstatSync(file.fd, { bigint: true }),
  );
}

/** Opens a file; directories are only remembered, since not every system opens them. */
function openPath(path: string, flags: number, mode: number): OpenFile | number {
  if ((flags & O.tmpfile) !== 0) return EOPNOTSUPP;
  const absolute = path[0] === '/' ? path : `${Buffer.from(process.cwd()).toString('latin1')}/${path}`;
  const known = statPath(path, (flags & O.nofollow) === 0);
  if (typeof known !== 'number') {
    if (known.isDirectory() || (flags & O.path) !== 0) {
      if (known.isDirectory() && ((flags & 3) !== 0 || (flags & O.creat) !== 0)) return EISDIR;
      if (!known.isDirectory() && (flags & O.directory) !== 0) return ENOTDIR;
      const denied = (flags & O.path) !== 0 ? undefined : errnoOr(() => accessSync(raw(path), constants.R_OK));
      return denied ?? { ...openFile(-1, absolute, flags & ~O.cloexec, false), directory: known.isDirectory() };
    }
    if ((flags & O.directory) !== 0) return ENOTDIR;
  } else if ((flags & (O.path | O.directory)) !== 0) {
    return known;
  }
  return errnoOr(() => {
    const fd = openSync(raw(path), nodeFlags(flags), mode & 0o7777);
    const stat = fstatSync(fd);
    const status = flags & ~(O.creat | O.excl | O.noctty | O.trunc | O.cloexec);
    return openFile(fd, absolute, status, stat.isFile() || stat.isBlockDevice());
  });
}

/** One of utimensat's two times in seconds; undefined if its nanoseconds are out of range. */
function newTime(view: DataView | undefined, at: number, old: bigint): number | undefined {
  if (view === undefined) return Date.now() / 1000;
  const nanoseconds = Number(view.getBigInt64(at + 8, true));
  if (nanoseconds === UTIME_NOW) return Date.now() / 1000;
  if (nanoseconds === UTIME_OMIT) return Number(old) / 1e9;
  if (nanoseconds < 0 || nanoseconds > 999_999_999) return undefined;
  return Number(view.getBigInt64(at, true)) + nanoseconds / 1e9;
}
