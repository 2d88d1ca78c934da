/**
 * Files of programs, read through host system calls only, so that any host
 * adapter serves. Uses the staging buffer from its start: what a system call
 * handler staged before it calls the loader is gone afterwards.
 *
 *     const file = openProgramFile(host, '/bin/ls', sysroot);
 *     if (typeof file === 'number') …            // negative errno
 *     file.read(0, 64)
 */
import type { Host, Int } from '../host/host.ts';
import { STAGING, STUB } from '../host/layout.ts';
import { EACCES, EINTR, EISDIR, ENAMETOOLONG, ENOENT, ENOSYS, EPERM } from './load-error.ts';

const AT_FDCWD = -100;
const AT_EACCESS = 0x200;
const AT_EMPTY_PATH = 0x1000;
const O_RDONLY_NONBLOCK = 0x80900; // O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK: opening a FIFO must not wait
const O_PATH_DIRECTORY = 0x290000; // O_PATH | O_DIRECTORY | O_CLOEXEC
const RESOLVE_IN_ROOT = 0x10;
const X_OK = 1;
const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
const S_IFDIR = 0o040000;
const PATH_MAX = 4096;

// struct stat of x86-64.
const STAT_MODE = 24;
const STAT_SIZE = 48;
// struct statfs of x86-64.
const STATFS_SIZE = 120;
const STATFS_FLAGS = 80;
const ST_NOEXEC = 8;

/** Staging offset of a structure beside a path at 0. */
const STRUCTURE = PATH_MAX;

/** A regular file that may be executed, open for reading. */
export interface ProgramFile {
  readonly fd: number;
  /** Bytes of the file when it was opened. */
  readonly size: number;
  /** The path it was opened by: below the sysroot or as given. */
  readonly path: string;
  /** A copy of `length` bytes at `offset`, fewer at the end of the file; or a negative errno. */
  read(offset: number, length: number): Uint8Array | number;
  close(): void;
}

/**
 * Makes a host system call that a waiting signal does not keep from being made: the loader has no way to deliver one,
 * and none of its calls waits for long.
 */
export function steadyCall(host: Host, name: string, ...args: Int[]): Int {
  const pending = new Int32Array(host.threadMemory.buffer, STUB.pending, 1);
  for (;;) {
    const waiting = pending[0];
    if (waiting !== 0) pending[0] = 0;
    const result = host.syscall(name, ...args);
    // The handler only ever sets it.
    if (waiting !== 0) pending[0] = waiting;
    if (result !== -EINTR) return result;
  }
}

/** Puts a NUL-terminated string of bytes (latin1) at the start of the staging buffer; its host pointer. */
function stagePath(host: Host, path: string): number {
  const bytes = new Uint8Array(host.threadMemory.buffer, STAGING.start, path.length + 1);
  for (let i = 0; i < path.length; i++) bytes[i] = path.charCodeAt(i);
  bytes[path.length] = 0;
  return host.stagingPointer(0);
}

/**
 * Opens `path` for execution: first below `sysroot` if the path is absolute and there is one (symbolic links then stay
 * inside it), then as it is. Gives a negative errno: -EISDIR for a directory, -EACCES for what is no regular file or
 * must not be executed, -ENOENT and others of open(2).
 */
export function openProgramFile(host: Host, path: string, sysroot = ''): ProgramFile | number {
  if (path === '') return -ENOENT;
  if (path.length + 1 > PATH_MAX) return -ENAMETOOLONG;
  if (sysroot !== '' && path[0] === '/') {
    const file = programFileOf(host, openBelow(host, sysroot, path), sysroot + path);
    if (typeof file !== 'number') return file;
  }
  return programFileOf(host, openAsIs(host, path), path);
}

/** Opens a path of the host's for reading: a descriptor, or a negative errno. */
export const openAsIs = (host: Host, path: string): number =>
  Number(steadyCall(host, 'openat', AT_FDCWD, stagePath(host, path), O_RDONLY_NONBLOCK, 0));

/** Opens an absolute path as if `sysroot` were the root directory; openat2(2), Linux 5.6. */
function openBelow(host: Host, sysroot: string, path: string): number {
  if (sysroot.length + path.length + 1 > PATH_MAX) return -ENAMETOOLONG;
  const root = Number(steadyCall(host, 'openat', AT_FDCWD, stagePath(host, sysroot), O_PATH_DIRECTORY, 0));
  if (root < 0 && root !== -ENOSYS) return root;
  let fd = -ENOSYS;
  if (root >= 0) {
    const how = new DataView(host.threadMemory.buffer, STAGING.start + STRUCTURE, 24);
    how.setBigUint64(0, BigInt(O_RDONLY_NONBLOCK), true);
    how.setBigUint64(8, 0n, true);
    how.setBigUint64(16, BigInt(RESOLVE_IN_ROOT), true);
    fd = Number(steadyCall(host, 'openat2', root, stagePath(host, path), host.stagingPointer(STRUCTURE), 24));
    steadyCall(host, 'close', root);
  }
  return fd === -ENOSYS ? openAsIs(host, sysroot + path) : fd;
}

/** True if nothing may be executed where `path` is, whatever the file's mode: the file system is mounted noexec. */
export function isMountedNoexec(host: Host, path: string): boolean {
  if (path.length + 1 > PATH_MAX) return false;
  if (Number(steadyCall(host, 'statfs', stagePath(host, path), host.stagingPointer(STRUCTURE))) < 0) return false;
  const statfs = new DataView(host.threadMemory.buffer, STAGING.start + STRUCTURE, STATFS_SIZE);
  return (Number(statfs.getBigUint64(STATFS_FLAGS, true)) & ST_NOEXEC) !== 0;
}

/** Makes a ProgramFile of a descriptor, or closes it and says why not: see {@link openProgramFile}. */
export function programFileOf(host: Host, fd: number, path: string): ProgramFile | number {
  if (fd < 0) return fd;
  const file = new HostFile(host, fd, path);
  const refusal = file.examine();
  if (refusal === 0) return file;
  file.close();
  return refusal;
}

class HostFile implements ProgramFile {
  readonly fd: number;
  readonly path: string;
  size = 0;
  private readonly host: Host;
  private isOpen = true;

  constructor(host: Host, fd: number, path: string) {
    this.host = host;
    this.fd = fd;
    this.path = path;
  }

  /** 0, or why the file is not to be executed. */
  examine(): number {
    const { host } = this;
    const result = Number(steadyCall(host, 'fstat', this.fd, host.stagingPointer(STRUCTURE)));
    if (result < 0) return result;
    const stat = new DataView(host.threadMemory.buffer, STAGING.start + STRUCTURE, 144);
    const mode = stat.getUint32(STAT_MODE, true);
    this.size = Number(stat.getBigUint64(STAT_SIZE, true));
    if ((mode & S_IFMT) === S_IFDIR) return -EISDIR;
    if ((mode & S_IFMT) !== S_IFREG) return -EACCES;
    const flags = AT_EACCESS | AT_EMPTY_PATH;
    const access = Number(steadyCall(host, 'faccessat2', this.fd, stagePath(host, ''), X_OK, flags));
    // Before Linux 5.8, or forbidden by a seccomp filter that does not know the call: any execute bit has to do.
    if (access === -ENOSYS || access === -EPERM) return (mode & 0o111) === 0 ? -EACCES : 0;
    return access;
  }

  read(offset: number, length: number): Uint8Array | number {
    const { host } = this;
    const result = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const wanted = Math.min(length - done, STAGING.size);
      const count = Number(steadyCall(host, 'pread64', this.fd, host.stagingPointer(0), wanted, offset + done));
      if (count < 0) return count;
      if (count === 0) return result.subarray(0, done);
      result.set(new Uint8Array(host.threadMemory.buffer, STAGING.start, count), done);
      done += count;
    }
    return result;
  }

  close(): void {
    if (this.isOpen) steadyCall(this.host, 'close', this.fd);
    this.isOpen = false;
  }
}

/** The absolute path of an open file as the host's /proc shows it, or the path it was opened by. */
export function realPath(host: Host, file: ProgramFile): string {
  const link = stagePath(host, `/proc/self/fd/${file.fd}`);
  const length = Number(steadyCall(host, 'readlinkat', AT_FDCWD, link, host.stagingPointer(STRUCTURE), PATH_MAX));
  if (length <= 0) return file.path;
  const bytes = new Uint8Array(host.threadMemory.buffer, STAGING.start + STRUCTURE, length);
  return String.fromCharCode(...bytes);
}
