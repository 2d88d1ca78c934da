/** System calls on open files: reading, writing, positions, directories, descriptors. */
import {
  fchmodSync,
  fchownSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  readdirSync,
  readSync,
  writeSync,
} from 'node:fs';
import type { DescriptorTable, OpenFile } from './descriptors.ts';
import { EBADF, EFAULT, EINVAL, EISDIR, ENOTDIR, ENOTTY, ESPIPE, errnoOr } from './errors.ts';
import type { GuestMemory, ReadFile } from './guest-memory.ts';

/** A system call: its arguments as numbers, its result or a negative errno. */
export type Call = (...args: number[]) => number;
export type Calls = Record<string, Call>;

const O_APPEND = 0o2000;
const O_ACCMODE = 3;
/** What F_SETFL may change: O_APPEND, O_NONBLOCK and the like. */
const SETTABLE = 0o67000;

const F_DUPFD = 0;
const F_GETFD = 1;
const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const F_DUPFD_CLOEXEC = 1030;
const O_CLOEXEC = 0o2000000;
const TCGETS = 0x5401;
const TIOCGWINSZ = 0x5413;

/** Directory listings being read: entries and how far. Kept beside the open file, whose position counts entries. */
const listings = new WeakMap<OpenFile, DirectoryEntry[]>();

interface DirectoryEntry {
  name: Buffer;
  type: number;
  inode: bigint;
}

export function fileCalls(memory: GuestMemory, table: DescriptorTable): Calls {
  /** Reads or writes at a position, or with -1 at the file's own, which moves on. */
  const transfer = (fd: number, pointer: number, length: number, offset: number, write: boolean): number => {
    const file = table.get(fd | 0);
    if (file === undefined || (file.fd < 0 && !file.directory)) return EBADF;
    if (file.directory) return write ? EBADF : EISDIR;
    if ((file.flags & O_ACCMODE) === (write ? 0 : 1)) return EBADF;
    if (offset >= 0 && !file.seekable) return ESPIPE;
    if (length === 0) return 0;
    const bytes = memory.at(pointer, length);
    if (bytes === undefined) return EFAULT;
    // An own position only once the guest has moved it: the host's may be shared with other processes.
    const position = offset >= 0 ? offset : file.moved ? file.position : null;
    const count = errnoOr(() =>
      write ? writeSync(file.fd, bytes, 0, length, position) : readSync(file.fd, bytes, 0, length, position),
    );
    if (count > 0 && offset < 0) {
      const appended = write && (file.flags & O_APPEND) !== 0;
      file.position = appended && file.seekable ? fstatSync(file.fd).size : file.position + count;
    }
    return count;
  };

  const vector = (fd: number, pointer: number, count: number, offset: number, write: boolean): number => {
    if ((count | 0) !== count || count < 0 || count > 1024) return EINVAL;
    const iov = memory.view(pointer, count * 16);
    if (iov === undefined) return EFAULT;
    let done = 0;
    for (let i = 0; i < count; i++) {
      const length = Number(iov.getBigUint64(16 * i + 8, true));
      const at = offset < 0 ? -1 : offset + done;
      const result = transfer(fd, Number(iov.getBigUint64(16 * i, true)), length, at, write);
      if (result < 0) return done > 0 ? done : result;
      done += result;
      if (result < length) break;
    }
    return done;
  };

  const withFd = (fd: number, action: (fd: number) => void): number => {
    const file = table.get(fd | 0);
    if (file === undefined || file.fd < 0) return EBADF;
    return errnoOr(() => action(file.fd)) ?? 0;
  };

  const duplicate = (fd: number, lowest: number, closeOnExec: boolean): number => {
    const file = table.get(fd | 0);
    if (file === undefined) return EBADF;
    return lowest < 0 ? EINVAL : table.add(file, lowest, closeOnExec);
  };

  return {
    read: (fd, buffer, length) => transfer(fd, buffer, length, -1, false),
    write: (fd, buffer, length) => transfer(fd, buffer, length, -1, true),
    pread64: (fd, buffer, length, offset) => (offset < 0 ? EINVAL : transfer(fd, buffer, length, offset, false)),
    pwrite64: (fd, buffer, length, offset) => (offset < 0 ? EINVAL : transfer(fd, buffer, length, offset, true)),
    readv: (fd, iov, count) => vector(fd, iov, count, -1, false),
    writev: (fd, iov, count) => vector(fd, iov, count, -1, true),
    preadv: (fd, iov, count, offset) => (offset < 0 ? EINVAL : vector(fd, iov, count, offset, false)),
    pwritev: (fd, iov, count, offset) => (offset < 0 ? EINVAL : vector(fd, iov, count, offset, true)),
    lseek: (fd, offset, whence) => seek(table.get(fd | 0), offset, whence),
    close: (fd) => errnoOr(() => table.close(fd | 0)),
    close_range: (first, last, flags) => {
      if (first > last || (flags & ~4) !== 0) return EINVAL;
      for (const fd of table.list(first, last)) (flags & 4) !== 0 ? table.setCloseOnExec(fd, true) : table.close(fd);
      return 0;
    },
    dup: (fd) => duplicate(fd, 0, false),
    dup3: (fd, to, flags) => {
      const file = table.get(fd | 0);
      if (fd === to || (flags & ~O_CLOEXEC) !== 0) return EINVAL;
      if (file === undefined || to < 0) return EBADF;
      table.replace(to, file, (flags & O_CLOEXEC) !== 0);
      return to;
    },
    fcntl: (fd, command, argument) => {
      const file = table.get(fd | 0);
      if (file === undefined) return EBADF;
      switch (command) {
        case F_DUPFD:
        case F_DUPFD_CLOEXEC:
          return duplicate(fd, argument, command === F_DUPFD_CLOEXEC);
        case F_GETFD:
          return table.getCloseOnExec(fd | 0);
        case F_SETFD:
          return table.setCloseOnExec(fd | 0, (argument & 1) !== 0);
        case F_GETFL:
          return file.flags;
        case F_SETFL:
          // Node cannot change a description. Without a change there is nothing to do.
          return ((file.flags ^ argument) & SETTABLE) === 0 ? 0 : EINVAL;
        default:
          return EINVAL;
      }
    },
    ioctl: (fd, request, argument) => terminal(table.get(fd | 0), request, (size) => memory.view(argument, size)),
    fsync: (fd) => withFd(fd, fsyncSync),
    fdatasync: (fd) => withFd(fd, fdatasyncSync),
    ftruncate: (fd, length) => (length < 0 ? EINVAL : withFd(fd, (own) => ftruncateSync(own, length))),
    fchmod: (fd, mode) => withFd(fd, (own) => fchmodSync(own, mode & 0o7777)),
    fchown: (fd, uid, gid) => withFd(fd, (own) => fchownSync(own, uid, gid)),
    getdents64: (fd, buffer, size) => {
      const file = table.get(fd | 0);
      if (file === undefined) return EBADF;
      if (!file.directory) return ENOTDIR;
      const view = memory.view(buffer, size);
      return view === undefined ? EFAULT : listDirectory(file, view);
    },
  };
}

/** For mmap: file contents into place. */
export function fileReader(table: DescriptorTable): ReadFile {
  return (fd, target, offset) => {
    const file = table.get(fd | 0);
    if (file === undefined || file.fd < 0) return EBADF;
    return errnoOr(() => {
      let done = 0;
      for (let count = 1; count > 0 && done < target.length; done += count) {
        count = readSync(file.fd, target, done, target.length - done, offset + done);
      }
      return done;
    });
  };
}

function seek(file: OpenFile | undefined, offset: number, whence: number): number {
  if (file === undefined) return EBADF;
  if (!file.seekable && !file.directory) return ESPIPE;
  let base: number;
  if (whence === 0) base = 0;
  else if (whence === 1) base = file.position;
  else if (whence === 2 && !file.directory) base = fstatSync(file.fd).size;
  else return EINVAL;
  const position = base + offset;
  if (position < 0) return EINVAL;
  if (position !== file.position) file.moved = true;
  file.position = position;
  if (file.directory && position === 0) listings.delete(file);
  return position;
}

/** DT_* for what a directory entry is. */
const DT = { unknown: 0, fifo: 1, chr: 2, dir: 4, blk: 6, reg: 8, lnk: 10, sock: 12 } as const;

function entries(path: string): DirectoryEntry[] {
  const directory = Buffer.from(path, 'latin1');
  const inode = (name: Buffer): bigint => {
    const stat = errnoOr(() => lstatSync(Buffer.concat([directory, Buffer.from('/'), name]), { bigint: true }));
    return typeof stat === 'number' ? 0n : stat.ino;
  };
  const list = [Buffer.from('.'), Buffer.from('..')].map((name) => ({
    name,
    type: DT.dir as number,
    inode: inode(name),
  }));
  for (const entry of readdirSync(directory, { withFileTypes: true, encoding: 'buffer' })) {
    let type: number = DT.unknown;
    if (entry.isFile()) type = DT.reg;
    else if (entry.isDirectory()) type = DT.dir;
    else if (entry.isSymbolicLink()) type = DT.lnk;
    else if (entry.isFIFO()) type = DT.fifo;
    else if (entry.isSocket()) type = DT.sock;
    else if (entry.isCharacterDevice()) type = DT.chr;
    else if (entry.isBlockDevice()) type = DT.blk;
    list.push({ name: entry.name, type, inode: inode(entry.name) });
  }
  return list;
}

/** Fills struct linux_dirent64 records from the file's position on, which counts entries. */
function listDirectory(file: OpenFile, view: DataView): number {
  let list = listings.get(file);
  if (list === undefined) {
    const read = errnoOr(() => entries(file.path));
    if (typeof read === 'number') return read;
    listings.set(file, (list = read));
  }
  let at = 0;
  for (; file.position < list.length; file.position++) {
    const { name, type, inode } = list[file.position];
    const size = (19 + name.length + 1 + 7) & ~7;
    if (at + size > view.byteLength) return at === 0 ? EINVAL : at;
    view.setBigUint64(at, inode, true);
    view.setBigInt64(at + 8, BigInt(file.position + 1), true);
    view.setUint16(at + 16, size, true);
    view.setUint8(at + 18, type);
    for (let i = 19; i < size; i++) view.setUint8(at + i, name[i - 19] ?? 0);
    at += size;
  }
  return at;
}

/** Enough for isatty(3) and the window's size; terminal modes cannot be changed without an event loop. */
function terminal(
  file: OpenFile | undefined,
  request: number,
  argument: (size: number) => DataView | undefined,
): number {
  if (file === undefined) return EBADF;
  if (file.fd < 0 || file.seekable || !process.getBuiltinModule('node:tty').isatty(file.fd)) return ENOTTY;
  if (request === TCGETS) {
    const view = argument(36);
    if (view === undefined) return EFAULT;
    // Modes of a terminal that nobody has changed: ICRNL IXON; OPOST ONLCR; 38400 CS8 CREAD; ISIG ICANON ECHO….
    const modes = [0x500, 0x5, 0xbf, 0x8a3b];
    for (let i = 0; i < 4; i++) view.setUint32(4 * i, modes[i], true);
    const characters = [0, 3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0, 0, 0];
    for (let i = 0; i < characters.length; i++) view.setUint8(16 + i, characters[i]);
    return 0;
  }
  if (request === TIOCGWINSZ) {
    const view = argument(8);
    if (view === undefined) return EFAULT;
    const size = errnoOr(() => new (process.getBuiltinModule('node:tty').WriteStream)(file.fd).getWindowSize());
    if (typeof size === 'number') return size;
    for (const [at, value] of [size[1], size[0], 0, 0].entries()) view.setUint16(2 * at, value, true);
    return 0;
  }
  return EINVAL;
}
