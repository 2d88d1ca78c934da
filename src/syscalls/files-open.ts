/** Opening, closing and copying descriptors. */

import type { Int } from '../host/host.ts';
import { isAbsent, isAbsentName, listsAbsent } from './absent.ts';
import { hostCall, steadyCall } from './call.ts';
import {
  type Codec,
  cstring,
  dirfd,
  fd,
  flags,
  mode,
  outInts,
  Pass,
  type Printing,
  size,
  toAddress,
  toUint32,
  uint,
} from './codec.ts';
import {
  addFilteredDirectory,
  addMemoryFile,
  copyDescriptor,
  forgetDescriptor,
  forgetDescriptors,
} from './descriptors.ts';
import { E2BIG, EACCES, EAGAIN, EFAULT, EINVAL, ELOOP, ENOENT, ENOTDIR, EXDEV } from './errno.ts';
import {
  AT_FDCWD,
  CLOEXEC_FLAG,
  CLOSE_RANGE_FLAGS,
  exchangeOpenFlags,
  MEMFD_FLAGS,
  O_ACCMODE,
  O_CREAT,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  O_TMPFILE,
  openFlags,
  openFlagsText,
  pipeFlags,
} from './files-flags.ts';
import { kinHiddenDescriptors } from './kin.ts';
import { directoryPath } from './links.ts';
import { mayBeSpecial, path, stagedPlace, stagePath, translatePath, unusablePath } from './paths.ts';
import { peek } from './peek.ts';
import { openProc } from './proc.ts';
import {
  entryPath,
  isGenerated,
  kinEntry,
  kinLink,
  kinWithDescriptors,
  mayBeProcName,
  procEntry,
} from './proc-names.ts';
import { type Row, refused, restarts, syscall } from './row.ts';
import { bytes, fetch, stage, stagedString, stageString, view } from './staging.ts';
import { fieldsText, struct } from './struct.ts';
import type { Task } from './task.ts';
import { flagNames, octalText } from './text.ts';

const creates = (openFlags: number): boolean => (openFlags & O_CREAT) !== 0 || (openFlags & O_TMPFILE) === O_TMPFILE;

const O_EXCL = 0o200;

/** A link at the end of the path is followed. Where the file must not exist yet, the link itself is in the way. */
const follows = (openFlags: number): boolean =>
  (openFlags & O_NOFOLLOW) === 0 && (openFlags & (O_CREAT | O_EXCL)) !== (O_CREAT | O_EXCL);

/** openat's mode, which only counts when a file may be made. */
const openMode: Codec<number> = {
  ...mode,
  print: (p, raw) =>
    creates(exchangeOpenFlags(p.task, toUint32(p.argument('flags')))) ? octalText(toUint32(raw)) : undefined,
};

/** struct open_how of openat2(2). */
export const OPEN_HOW_SIZE = 24;
const RESOLVE_FLAGS = {
  RESOLVE_NO_XDEV: 1,
  RESOLVE_NO_MAGICLINKS: 2,
  RESOLVE_NO_SYMLINKS: 4,
  RESOLVE_BENEATH: 8,
  RESOLVE_IN_ROOT: 0x10,
  RESOLVE_CACHED: 0x20,
} as const;

const OPEN_HOW = struct('open_how', 'flags:u64 mode:u64 resolve:u64', undefined, (f) => {
  const modeText = creates(Number(f.flags)) ? `, mode=${octalText(Number(f.mode))}` : '';
  return `{flags=${openFlagsText(Number(f.flags))}${modeText}, resolve=${flagNames(RESOLVE_FLAGS, Number(f.resolve))}}`;
});

const openHow: Codec<number> = {
  pass: Pass.pointer,
  decode: (_task, raw) => toAddress(raw),
  print: (p: Printing, raw) => {
    const data = peek(p.task, raw, OPEN_HOW_SIZE);
    if (data === undefined) return 'NULL';
    const how = new DataView(data.buffer);
    how.setUint32(0, exchangeOpenFlags(p.task, how.getUint32(0, true)), true);
    return fieldsText(OPEN_HOW, how);
  },
};

/** The guest's meaning of a staged path for an open: an entry of /proc that is ours, or the host path's offset. */
function openTarget(task: Task, dir: number, at: number, follow: boolean): string | number {
  const place = stagedPlace(task, at, follow ? 'follow' : 'keep', dir);
  if (typeof place === 'number') return place;
  if (place !== undefined) {
    const found = place.asIs ? at : stageString(place.host);
    return specialTarget(task, place.host, found, follow) ?? found;
  }
  const first = bytes[at];
  const { sysroot } = task.process.options;
  if (first !== 0x2f) {
    // A relative path is ours only in a directory of /proc, which is worth finding out for few names.
    const name = stagedString(at, LONGEST_NAME);
    if (!mayBeProcName(name) && !isAbsentName(name)) return at;
    const directory = directoryPath(task, dir);
    if (directory === undefined || !/^\/(?:proc|sys)/.test(directory)) return at;
    return specialTarget(task, `${directory}/${name}`, at, follow) ?? at;
  }
  // "/proc...", "/sys...", "/dev/fd..." or doubled slashes.
  if (sysroot === '' && !mayBeSpecial(at) && bytes[at + 1] !== 0x64) return at;
  const text = stagedString(at, 4096);
  const special = specialTarget(task, text, at, follow);
  if (special !== undefined) return special;
  const translated = translatePath(task, text, follow);
  return translated === text ? at : stageString(translated);
}

/** As long as any that {@link mayBeProcName} and {@link isAbsentName} know, and one more. */
const LONGEST_NAME = 16;
/** What {@link openAny} is to open as a directory that lists names which are absent for the guest, behind the host's path. */
const LISTING = 'absent:';
export const absentListing = (path: string): string | undefined =>
  listsAbsent(path) ? `${LISTING}${path}` : undefined;

function specialTarget(task: Task, text: string, at: number, follow: boolean): string | number | undefined {
  if (isAbsent(text)) return -ENOENT;
  const listing = absentListing(text);
  if (listing !== undefined) return listing;
  const entry = procEntry(task, text);
  if (entry === undefined) {
    const program = follow ? kinLink(task, text) : undefined;
    return program === undefined ? kinEntry(task, text) : stageString(program);
  }
  if (entry === 'self/exe' && follow) return stageString(task.process.executable);
  if (isGenerated(task, entry) || ['self/fd', 'self/fdinfo', 'self/task'].includes(entry)) return entry;
  const descriptor = /^self\/fd(?:info)?\/(\d+)/.exec(entry);
  if (descriptor !== null && task.process.hiddenDescriptors.has(Number(descriptor[1]))) return -ENOENT;
  return at;
}

/** Opens what `target` says; `open` makes the host's call for a staged path. */
export function openAny(task: Task, target: string | number, openFlags: number, open: (at: number) => Int): Int {
  let opened: Int;
  if (typeof target === 'number') {
    if (target < 0) return target;
    opened = open(target);
  } else opened = openEntry(task, target, openFlags);
  if (opened < 0) return opened;
  const number = Number(opened);
  forgetDescriptor(number);
  if (target === 'self/mem') addMemoryFile(number);
  else if (typeof target === 'string' && isMemory(target)) addMemoryFile(number, Number.parseInt(target, 10));
  else if (target === 'self/fd' || target === 'self/fdinfo') addFilteredDirectory(number, 'descriptors');
  else if (target === 'self/task') addFilteredDirectory(number, 'threads');
  else if (typeof target === 'string' && target.startsWith(LISTING)) addFilteredDirectory(number, 'absent');
  else if (typeof target === 'string') {
    const pid = kinWithDescriptors(target);
    const hidden = pid === undefined ? undefined : kinHiddenDescriptors(task, pid);
    if (hidden !== undefined) addFilteredDirectory(number, hidden);
  }
  return number;
}

/** `self/mem` or `12/mem`. */
const isMemory = (entry: string): boolean => /^(?:self|\d+)\/mem$/.test(entry);

function openEntry(task: Task, entry: string, openFlags: number): Int {
  if (entry.startsWith(LISTING)) {
    const name = task.host.stagingPointer(stageString(entry.slice(LISTING.length)));
    return hostCall(task, 'openat', AT_FDCWD, name, openFlags, 0);
  }
  if ((openFlags & O_PATH) !== 0 || !isGenerated(task, entry) || isMemory(entry)) {
    const name = stageString(entryPath(entry));
    return hostCall(task, 'openat', AT_FDCWD, task.host.stagingPointer(name), openFlags, 0);
  }
  if ((openFlags & O_DIRECTORY) !== 0) return -ENOTDIR;
  if ((openFlags & O_ACCMODE) !== 0) return -EACCES;
  return openProc(task, entry, openFlags & ~(O_CREAT | O_NOFOLLOW));
}

function openat(task: Task, dir: number, address: number, openFlags: number, modeBits: number): Int {
  const at = stagePath(task, address);
  if (at < 0) return hostCall(task, 'openat', dir, unusablePath(task, at), openFlags, modeBits);
  const target = openTarget(task, dir, at, follows(openFlags));
  return openAny(task, target, openFlags, (found) =>
    hostCall(task, 'openat', dir, task.host.stagingPointer(found), openFlags, modeBits),
  );
}

function openat2(task: Task, dir: number, address: number, howAddress: number, howSize: number): Int {
  if (howSize < OPEN_HOW_SIZE) return -EINVAL;
  if (howSize > 4096) return -E2BIG;
  const how = stage(howSize);
  if (!fetch(task, how, howAddress, howSize)) return -EFAULT;
  const openFlags = exchangeOpenFlags(task, view.getUint32(how, true));
  view.setUint32(how, openFlags, true);
  const at = stagePath(task, address);
  if (at < 0) return hostCall(task, 'openat2', dir, unusablePath(task, at), task.host.stagingPointer(how), howSize);
  const resolve = view.getUint32(how + 16, true);
  const call = (found: number): Int =>
    hostCall(task, 'openat2', dir, task.host.stagingPointer(found), task.host.stagingPointer(how), howSize);
  // A path that must stay below the directory is never one of ours; magic links are asked for by nobody else.
  if ((resolve & (RESOLVE_FLAGS.RESOLVE_BENEATH | RESOLVE_FLAGS.RESOLVE_IN_ROOT)) !== 0) return call(at);
  const follow = follows(openFlags) && (resolve & RESOLVE_FLAGS.RESOLVE_NO_SYMLINKS) === 0;
  const target = openTarget(task, dir, at, follow);
  if (target !== at && isExecutableLink(task, at)) {
    if ((resolve & RESOLVE_FLAGS.RESOLVE_NO_MAGICLINKS) !== 0) return -ELOOP;
    if ((resolve & RESOLVE_FLAGS.RESOLVE_NO_XDEV) !== 0) return -EXDEV;
    if ((resolve & RESOLVE_FLAGS.RESOLVE_CACHED) !== 0) return -EAGAIN;
  }
  return openAny(task, target, openFlags, call);
}

const isExecutableLink = (task: Task, at: number): boolean => procEntry(task, stagedString(at, 4096)) === 'self/exe';

/** close_range, around the emulator's own descriptors. */
function closeRange(task: Task, first: number, last: number, closeFlags: number): Int {
  const CLOSE_RANGE_CLOEXEC = 4;
  if (first > last) return -EINVAL;
  if ((closeFlags & CLOSE_RANGE_CLOEXEC) !== 0) return task.host.syscall('close_range', first, last, closeFlags);
  const kept = [...task.process.hiddenDescriptors].filter((n) => n >= first && n <= last).sort((a, b) => a - b);
  let start = first;
  for (const n of [...kept, last + 1]) {
    const result = n > start ? steadyCall(task, 'close_range', start, n - 1, closeFlags) : 0;
    if (result < 0) return result;
    start = n + 1;
  }
  forgetDescriptors(first, last);
  return 0;
}

/** Notes that a call gave `result` as a copy of the descriptor `from`, if it succeeded. */
export function copied(from: number, result: Int): Int {
  if (result >= 0) copyDescriptor(from, Number(result));
  return result;
}

export const openRows = (): Row[] => [
  syscall(
    'openat',
    { dirfd, pathname: path, flags: openFlags, mode: openMode },
    (task, { dirfd, pathname, flags, mode }) => openat(task, dirfd, pathname, flags, mode),
    restarts('sa'),
  ),
  syscall(
    'openat2',
    { dirfd, pathname: path, how: openHow, size },
    (task, { dirfd, pathname, how, size }) => openat2(task, dirfd, pathname, how, size),
    restarts('sa'),
  ),
  syscall('close', { fd }, (task, { fd }) => {
    forgetDescriptor(fd);
    return task.host.syscall('close', fd);
  }),
  syscall('close_range', { first: uint, last: uint, flags: flags(CLOSE_RANGE_FLAGS) }, (task, { first, last, flags }) =>
    closeRange(task, first, last, flags),
  ),
  syscall('dup', { oldfd: fd }, (task, { oldfd }) => copied(oldfd, task.host.syscall('dup', oldfd))),
  syscall('dup3', { oldfd: fd, newfd: fd, flags: flags(CLOEXEC_FLAG) }, (task, { oldfd, newfd, flags }) =>
    copied(oldfd, task.host.syscall('dup3', oldfd, newfd, flags)),
  ),
  syscall('pipe2', { pipefd: outInts(2), flags: pipeFlags }),
  syscall('memfd_create', { name: cstring, flags: flags(MEMFD_FLAGS) }),
  refused('memfd_secret', { flags: uint }, 'secret memory cannot be mapped into the window'),
];
