/** Directories, links, names and attributes of files. */

import { guestPathOf } from '../host/guest-root.ts';
import type { Int } from '../host/host.ts';
import { isAbsentName } from './absent.ts';
import { fail, failed, hostCall, ptr, steadyCall } from './call.ts';
import {
  addressText,
  type Codec,
  cstring,
  dirfd,
  fd,
  flags,
  hex,
  int,
  long,
  mode,
  out,
  outInts,
  Pass,
  type Printing,
  pointer,
  size,
  toAddress,
  toUint32,
} from './codec.ts';
import { type FilteredDirectory, filteredDirectory, forgetDescriptor } from './descriptors.ts';
import { EFAULT, EINVAL, ENOENT, EPERM, ERANGE } from './errno.ts';
import {
  ACCESS_MODES,
  AT_EMPTY_PATH,
  AT_FLAGS,
  AT_SYMLINK_FOLLOW,
  FACCESSAT_FLAGS,
  openFlags,
  RENAME_FLAGS,
  UNLINK_FLAGS,
} from './files-flags.ts';
import { newOwner, outOwned } from './identity.ts';
import { directoryPath, PATH_MAX } from './links.ts';
import {
  guestPath,
  hostPath,
  inSysroot,
  path,
  pathAt,
  pathEntry,
  pathIfFollow,
  pathNoFollow,
  pathRemoved,
  stagedPlace,
  stagePath,
  unusablePath,
} from './paths.ts';
import { peek } from './peek.ts';
import { kinLink, mayBeProcName, procEntry } from './proc-names.ts';
import { reportUnimplemented } from './report.ts';
import { shownLink } from './root-paths.ts';
import { note, prints, type Row, refused, restarts, syscall } from './row.ts';
import { bytes, deliver, stage, stagedString, stageString, stagingLeft, view } from './staging.ts';
import { outStruct } from './struct.ts';
import { deviceText, modeText, STAT, STATFS, STATX, STATX_MASK } from './structs.ts';
import type { Task } from './task.ts';
import { flagNames, quoted } from './text.ts';

/** Offset of d_reclen and d_name in struct linux_dirent64. */
const DIRENT = { length: 16, name: 19 } as const;

/** Entries of a directory: only their number is shown. */
const entries: Codec<number> = {
  ...out('count'),
  print: (p, raw) => {
    const filled = Number(p.result ?? 0);
    const data = filled < 0 ? undefined : peek(p.task, raw, filled);
    if (data === undefined) return addressText(raw);
    let count = 0;
    const dirents = new DataView(data.buffer);
    for (let at = 0; at + DIRENT.name < filled; at += dirents.getUint16(at + DIRENT.length, true)) count++;
    return `${addressText(raw)} /* ${count} entries */`;
  },
};

/** Reads directory entries; those of /proc/self/fd and task leave out the emulator's. */
function getdents64(task: Task, directory: number, address: number, count: number): Int {
  const kind = filteredDirectory(directory);
  if (kind === undefined) {
    return hostCall(task, 'getdents64', directory, ptr(task, address), count);
  }
  const room = Math.min(count, stagingLeft() - 16);
  const buffer = stage(room);
  for (;;) {
    const result = task.host.syscall('getdents64', directory, task.host.stagingPointer(buffer), room);
    if (result <= 0) return result;
    const kept = dropHidden(task, kind, buffer, Number(result));
    if (kept > 0) return deliver(task, address, buffer, kept) ? kept : -EFAULT;
  }
}

/** Moves the entries that the guest may see to the front; their size. */
function dropHidden(task: Task, kind: FilteredDirectory, buffer: number, length: number): number {
  let kept = 0;
  for (let at = 0; at < length; ) {
    const size = view.getUint16(buffer + at + DIRENT.length, true);
    const name = stagedString(buffer + at + DIRENT.name, size - DIRENT.name);
    if (!isHiddenEntry(task, kind, name)) {
      bytes.copyWithin(buffer + kept, buffer + at, buffer + at + size);
      kept += size;
    }
    at += size;
  }
  return kept;
}

function isHiddenEntry(task: Task, kind: FilteredDirectory, name: string): boolean {
  if (name.startsWith('.')) return false;
  if (typeof kind !== 'string') return kind.has(Number(name));
  if (kind === 'absent') return isAbsentName(name);
  if (kind === 'descriptors') return task.process.hiddenDescriptors.has(Number(name));
  const { threads } = task.process;
  return threads === undefined ? name !== String(steadyCall(task, 'getpid')) : !threads.has(Number(name));
}

/** The guest's answer for a link of /proc, or undefined for the host's. */
function procLink(task: Task, dir: number, text: string): string | number | undefined {
  let absolute = text;
  if (text[0] !== '/') {
    if (!mayBeProcName(text)) return undefined;
    const directory = directoryPath(task, dir);
    if (directory?.startsWith('/proc') !== true) return undefined;
    absolute = `${directory}/${text}`;
  } else if (!text.startsWith('/proc') && !text.startsWith('/dev/fd') && !text.startsWith('//')) return undefined;
  const entry = procEntry(task, absolute);
  if (entry === 'self/exe') return task.process.executable;
  if (entry === undefined) return kinLink(task, absolute);
  const descriptor = /^self\/fd\/(\d+)$/.exec(entry);
  return descriptor !== null && task.process.hiddenDescriptors.has(Number(descriptor[1])) ? -ENOENT : undefined;
}

function readlinkat(task: Task, dir: number, address: number, buffer: number, bufferSize: number): Int {
  const at = stagePath(task, address);
  if (at < 0) return hostCall(task, 'readlinkat', dir, unusablePath(task, at), ptr(task, buffer), bufferSize);
  const place = stagedPlace(task, at, 'keep', dir);
  if (typeof place === 'number') return place;
  const { mounts } = task.process.options;
  const answer =
    place === undefined || mounts === undefined
      ? procLink(task, dir, stagedString(at, PATH_MAX))
      : shownLink(task, mounts, place.host);
  if (answer === undefined) {
    return hostCall(task, 'readlinkat', dir, hostPath(task, address, 'keep', dir), ptr(task, buffer), bufferSize);
  }
  return typeof answer === 'number' ? answer : deliverLink(task, answer, buffer, bufferSize);
}

/** Gives the guest the text of a link, as much of it as there is room for. */
export function deliverLink(task: Task, text: string, buffer: number, bufferSize: number): Int {
  if (bufferSize <= 0) return -EINVAL;
  const length = Math.min(text.length, bufferSize);
  return deliver(task, buffer, stageString(text), length) ? length : -EFAULT;
}

/** The working directory is the host's; one that exists only below -L is entered there. */
function chdir(task: Task, address: number): Int {
  if (task.process.options.mounts !== undefined) {
    const host = hostPath(task, address, 'follow');
    return failed() || task.host.syscall('chdir', host);
  }
  const text = guestPath(task, address);
  if (typeof text === 'number') return text;
  const result = task.host.syscall('chdir', task.host.stagingPointer(stageString(text)));
  if (result !== -ENOENT) return result;
  const below = inSysroot(task, text, true);
  return below === undefined ? result : task.host.syscall('chdir', task.host.stagingPointer(stageString(below)));
}

/** As Linux has it for a directory that the process's root does not lead to. */
const UNREACHABLE = '(unreachable)';

function getcwd(task: Task, buffer: number, bufferSize: number): Int {
  const { mounts } = task.process.options;
  if (mounts === undefined) return hostCall(task, 'getcwd', ptr(task, buffer), bufferSize);
  const at = stage(PATH_MAX);
  const result = task.host.syscall('getcwd', task.host.stagingPointer(at), PATH_MAX);
  if (result < 0) return result;
  const host = stagedString(at, PATH_MAX);
  const text = guestPathOf(mounts, host) ?? UNREACHABLE + host;
  if (text.length >= bufferSize) return -ERANGE;
  return deliver(task, buffer, stageString(text), text.length + 1) ? text.length + 1 : -EFAULT;
}

/** Changing the host's root would leave a guest with one of its own without the emulator's files. */
function chroot(task: Task, address: number): Int {
  if (task.process.options.mounts === undefined) {
    const host = hostPath(task, address, 'follow');
    return failed() || task.host.syscall('chroot', host);
  }
  reportUnimplemented('chroot in a guest with a root of its own');
  return -EPERM;
}

/** Text that the call writes with its NUL, `result` bytes in all: getcwd. */
const outString: Codec<number> = {
  pass: Pass.pointer,
  late: true,
  decode: (_task, raw) => toAddress(raw),
  print: (p, raw) => {
    const data = p.result !== undefined && p.result > 0 ? peek(p.task, raw, Number(p.result) - 1) : undefined;
    return data === undefined ? addressText(raw) : quoted(data);
  },
};

/** mknod's mode has the file's type in it. */
const typeAndMode: Codec<number> = { ...mode, print: (_p, raw) => modeText(toUint32(raw)) };

/** mknod's device, only for device files. */
const device: Codec<Int> = {
  ...long,
  print: (p, raw) =>
    [0o020000, 0o060000].includes(toUint32(p.argument('mode')) & 0o170000) ? deviceText(raw) : undefined,
};

/** How fresh statx's answer has to be: two bits of its flags. */
const AT_STATX_SYNC_TYPE = 0x6000;
const SYNC_TYPES = [
  'AT_STATX_SYNC_AS_STAT',
  'AT_STATX_FORCE_SYNC',
  'AT_STATX_DONT_SYNC',
  'AT_STATX_FORCE_SYNC|AT_STATX_DONT_SYNC',
];

const UTIME_NOW = 0x3fffffff;
const UTIME_OMIT = 0x3ffffffe;

/** ` /* 2024-02-29T12:00:00.5+0000 *\/`, in UTC; nothing for times that a Date cannot hold. */
function dateComment(sec: number, nsec: number): string {
  if (Math.abs(sec) > 8.64e12) return '';
  const fraction = nsec === 0 ? '' : `.${String(nsec).padStart(9, '0')}`;
  return ` /* ${new Date(sec * 1000).toISOString().slice(0, -5)}${fraction}+0000 */`;
}

/** Two timespecs, or NULL for now. */
const fileTimes: Codec<number> = {
  ...pointer,
  print: (p: Printing, raw) => {
    const data = raw === 0 ? undefined : peek(p.task, raw, 32);
    if (data === undefined) return addressText(raw);
    const times = new DataView(data.buffer);
    const one = (at: number): string => {
      const nsec = times.getBigInt64(at + 8, true);
      if (nsec === BigInt(UTIME_NOW)) return 'UTIME_NOW';
      if (nsec === BigInt(UTIME_OMIT)) return 'UTIME_OMIT';
      const sec = times.getBigInt64(at, true);
      return `{tv_sec=${sec}, tv_nsec=${nsec}}${dateComment(Number(sec), Number(nsec))}`;
    };
    return `[${one(0)}, ${one(16)}]`;
  },
};

/** struct file_handle has its size in its first word; the call is passed on. */
const handle = pointer;
const owner = { owner: newOwner, group: newOwner } as const;
const outStat = outOwned(STAT, 'st_uid', 'st_gid');
const statxFlags: Codec<number> = {
  ...flags(AT_FLAGS),
  print: (_p, raw) => {
    const sync = toUint32(raw) & AT_STATX_SYNC_TYPE;
    const rest = flagNames(AT_FLAGS, toUint32(raw) & ~AT_STATX_SYNC_TYPE, '');
    return `${SYNC_TYPES[sync >> 13]}${rest === '' ? '' : `|${rest}`}`;
  },
};
const accessMode: Codec<number> = { ...flags(ACCESS_MODES, 'F_OK') };
const linkFlags = flags({ AT_SYMLINK_FOLLOW, AT_EMPTY_PATH });

/** An argument of a call that changes what is mounted, which means the host's paths: EPERM if the guest has its own. */
const hostsOnly = (codec: Codec<number>): Codec<number> => ({
  ...codec,
  inRoot: true,
  toHost: (task, raw) => (task.process.options.mounts === undefined ? codec.toHost!(task, raw) : fail(EPERM)),
});

const OWN_ROOT = note('refused (EPERM) to a guest with a root directory of its own');

export const treeRows = (): Row[] => [
  syscall('fstat', { fd, statbuf: outStat }),
  syscall('newfstatat', { dirfd, pathname: pathAt(3), statbuf: outStat, flags: flags(AT_FLAGS) }),
  syscall('statx', {
    dirfd,
    pathname: pathAt(2),
    flags: statxFlags,
    mask: flags(STATX_MASK),
    statxbuf: outOwned(STATX, 'stx_uid', 'stx_gid'),
  }),
  syscall('statfs', { pathname: path, buf: outStruct(STATFS) }),
  syscall('fstatfs', { fd, buf: outStruct(STATFS) }),
  syscall('getdents64', { fd, dirp: entries, count: size }, (task, { fd, dirp, count }) =>
    getdents64(task, fd, dirp, count),
  ),
  syscall(
    'readlinkat',
    { dirfd, pathname: pathNoFollow, buf: out('bufsiz'), bufsiz: int },
    (task, { dirfd, pathname, buf, bufsiz }) => readlinkat(task, dirfd, pathname, buf, bufsiz),
  ),
  syscall('faccessat', { dirfd, pathname: path, mode: accessMode }),
  syscall('faccessat2', { dirfd, pathname: pathAt(3), mode: accessMode, flags: flags(FACCESSAT_FLAGS) }),
  syscall('linkat', {
    olddirfd: dirfd,
    oldpath: pathIfFollow(4),
    newdirfd: dirfd,
    newpath: pathEntry,
    flags: linkFlags,
  }),
  syscall('symlinkat', { target: cstring, newdirfd: dirfd, linkpath: pathEntry }),
  // Of arm64, which has kept it.
  syscall('renameat', { olddirfd: dirfd, oldpath: pathRemoved, newdirfd: dirfd, newpath: pathRemoved }),
  syscall('renameat2', {
    olddirfd: dirfd,
    oldpath: pathRemoved,
    newdirfd: dirfd,
    newpath: pathRemoved,
    flags: flags(RENAME_FLAGS),
  }),
  syscall('unlinkat', { dirfd, pathname: pathRemoved, flags: flags(UNLINK_FLAGS) }),
  syscall('mkdirat', { dirfd, pathname: pathEntry, mode }),
  syscall('mknodat', { dirfd, pathname: pathEntry, mode: typeAndMode, dev: device }),
  syscall('fchmod', { fd, mode }),
  syscall('fchmodat', { dirfd, pathname: path, mode }),
  syscall('fchmodat2', { dirfd, pathname: pathAt(3), mode, flags: flags(AT_FLAGS) }),
  syscall('fchown', { fd, ...owner }),
  syscall('fchownat', { dirfd, pathname: pathAt(4), ...owner, flags: flags(AT_FLAGS) }),
  syscall('truncate', { path, length: long }),
  syscall('utimensat', { dirfd, pathname: pathAt(3), times: fileTimes, flags: flags(AT_FLAGS) }),
  syscall('getcwd', { buf: outString, size }, (task, { buf, size }) => getcwd(task, buf, size)),
  syscall('chdir', { path }, (task, { path }) => chdir(task, path), note('prefers the host directory to one below -L')),
  syscall('fchdir', { fd }),
  syscall('chroot', { path }, (task, { path }) => chroot(task, path), OWN_ROOT),
  syscall('umask', { mask: mode }, prints('octal')),
  syscall('name_to_handle_at', {
    dirfd,
    pathname: pathIfFollow(4),
    handle,
    mount_id: outInts(1),
    flags: linkFlags,
  }),
  syscall(
    'open_by_handle_at',
    { mount_fd: dirfd, handle, flags: openFlags },
    (task, { mount_fd, handle, flags }) => {
      const opened = hostCall(task, 'open_by_handle_at', mount_fd, ptr(task, handle), flags);
      if (opened >= 0) forgetDescriptor(Number(opened));
      return opened;
    },
    restarts('sa'),
  ),
  syscall(
    'mount',
    {
      source: hostsOnly(cstring),
      target: path,
      filesystemtype: cstring,
      mountflags: hex,
      data: pointer,
    },
    OWN_ROOT,
  ),
  syscall('umount2', { target: path, flags: hex }),
  syscall('pivot_root', { new_root: hostsOnly(path), put_old: path }, OWN_ROOT),
  syscall('swapon', { path, swapflags: hex }),
  syscall('swapoff', { path }),
  syscall('acct', { filename: path }),
  syscall('vhangup', {}),
  syscall('quotactl', { cmd: hex, special: path, id: int, addr: pointer }),
  syscall('quotactl_fd', { fd, cmd: hex, id: int, addr: pointer }),
  refused('lookup_dcookie', {}, 'gone from Linux since 6.7'),
  refused('nfsservctl', {}, 'gone from Linux since 3.1'),
];
