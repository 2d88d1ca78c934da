/**
 * Paths. What the guest means by a path and what the host is asked for differ
 * in three ways:
 *
 * - `-root DIR`: the guest's root directory is DIR, for all paths and strictly:
 *   see root-paths.ts. The rest of this is without it.
 * - `-L DIR`: an absolute path that exists below DIR names that file, in every
 *   call; otherwise it is the host's own. So new files are made on the host,
 *   and relative paths, the working directory and getcwd are the host's. A
 *   symbolic link below DIR that is absolute leads below DIR (the host resolves
 *   it with openat2's RESOLVE_IN_ROOT), which qemu-user does not do. /proc, /sys
 *   and /dev are always the host's. chdir prefers the host's directory.
 * - Some of /proc shows the guest: see proc.ts.
 *
 * Relative paths go to the host as they are.
 *
 * A path that stands behind a directory's descriptor is relative to that: the
 * rows say so by the order of their arguments (see relativePaths in row.ts).
 */
import type { LastLink, Place } from '../host/guest-root.ts';
import type { Int } from '../host/host.ts';
import { PROCESS } from '../host/layout.ts';
import { isAbsent } from './absent.ts';
import { fail, ptr, steadyCall } from './call.ts';
import { BAD_ADDRESS, type Codec, Pass, stringText, toAddress, toInt32, toUint32 } from './codec.ts';
import { EFAULT, ENAMETOOLONG, ENOENT, ENOSYS } from './errno.ts';
import { AT_FDCWD, descriptorPath, PATH_MAX } from './links.ts';
import { followProc } from './proc-names.ts';
import { placeOf } from './root-paths.ts';
import { bytes, fetch, stage, stagedString, stagedUint64, stageString, view } from './staging.ts';
import type { Task } from './task.ts';

const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;
const O_DIRECTORY = 0o200000;
const O_NOFOLLOW = 0o400000;
const RESOLVE_IN_ROOT = 0x10;
const F_DUPFD_CLOEXEC = 1030;
const SLASH = 47;

/** What a call does with the link that its path ends in, which may depend on its other arguments. */
type LastOf = (task: Task) => LastLink;

const pathCodec = (last: LastOf, directory?: number): Codec<number> => ({
  pass: Pass.convert,
  isPath: true,
  decode: (_task, raw) => toAddress(raw),
  toHost: (task, raw) => hostPath(task, raw, last(task), directoryOf(task, directory)),
  print: stringText,
  behindDirectory: (index) => pathCodec(last, index),
});

const directoryOf = (task: Task, argument: number | undefined): number =>
  argument === undefined ? AT_FDCWD : toInt32(task.cpu.argument(argument));

/** A path that the call follows to its end. */
export const path = pathCodec(() => 'follow');

/** A path whose last component the call does not follow if it is a symbolic link: readlink, lgetxattr. */
export const pathNoFollow = pathCodec(() => 'keep');

/** A name that the call makes: mkdir, symlink. */
export const pathEntry = pathCodec(() => 'entry');

/** A name that the call takes away, or gives to another file: unlink, rename. */
export const pathRemoved = pathCodec(() => 'removed');

const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_SYMLINK_FOLLOW = 0x400;

const hasFlag = (task: Task, flagsIndex: number, flag: number): boolean =>
  (toUint32(task.cpu.argument(flagsIndex)) & flag) !== 0;

/** A path that is followed unless argument number `flagsIndex` has AT_SYMLINK_NOFOLLOW or what else means that. */
export const pathAt = (flagsIndex: number, noFollow = AT_SYMLINK_NOFOLLOW): Codec<number> =>
  pathCodec((task) => (hasFlag(task, flagsIndex, noFollow) ? 'keep' : 'follow'));

/** linkat's old path: followed only with AT_SYMLINK_FOLLOW in argument number `flagsIndex`. */
export const pathIfFollow = (flagsIndex: number): Codec<number> =>
  pathCodec((task) => (hasFlag(task, flagsIndex, AT_SYMLINK_FOLLOW) ? 'follow' : 'keep'));

/** Host pointer to what the host is to be asked for when the guest names the path at `address`. Fails as the kernel does. */
export function hostPath(task: Task, raw: Int, last: LastLink, directory = AT_FDCWD): Int {
  if (raw === 0) return 0;
  const at = stagePath(task, raw);
  if (at < 0) return unusablePath(task, at);
  const found = translateStaged(task, at, last, directory);
  return found < 0 ? fail(-found) : task.host.stagingPointer(found);
}

/** The host's pointer to a path that it fails for in the same way: what else is wrong with a call may come first. */
export function unusablePath(task: Task, error: number): number {
  if (error !== -ENAMETOOLONG) return ptr(task, BAD_ADDRESS);
  const at = stage(PATH_MAX);
  bytes.fill(SLASH, at, at + PATH_MAX);
  return task.host.stagingPointer(at);
}

/** Stages the path at a guest address; its offset, or -EFAULT, -ENAMETOOLONG. */
export function stagePath(task: Task, raw: Int): number {
  const address = toAddress(raw);
  const length = task.host.stringLength(address, PATH_MAX);
  if (length < 0) return -EFAULT;
  if (length >= PATH_MAX) return -ENAMETOOLONG;
  const at = stage(length + 1);
  if (!fetch(task, at, address, length)) return -EFAULT;
  bytes[at + length] = 0;
  return at;
}

/** The path at a guest address as latin1, or a negative errno. */
export function guestPath(task: Task, address: number): string | number {
  const at = stagePath(task, address);
  return at < 0 ? at : stagedString(at, PATH_MAX);
}

/** The offset of what the host is to be asked for, or a negative errno. */
function translateStaged(task: Task, at: number, last: LastLink, directory: number): number {
  const place = stagedPlace(task, at, last, directory);
  if (place !== undefined) return typeof place === 'number' ? place : place.asIs ? at : stageString(place.host);
  if (bytes[at] !== SLASH) return at;
  // Nothing to translate is the common case: find out without making a string.
  if (task.process.options.sysroot === '' && !mayBeSpecial(at)) return at;
  const text = stagedString(at, PATH_MAX);
  if (isAbsent(text)) return -ENOENT;
  const translated = translatePath(task, text, last === 'follow');
  return translated === text ? at : stageString(translated);
}

/** A staged absolute path that may lead to /proc or /sys. */
export const mayBeSpecial = (at: number): boolean => [0x70, 0x73, SLASH].includes(bytes[at + 1]);

/** Where the staged path leads if the guest has a root of its own, or a negative errno; undefined if it has none. */
export function stagedPlace(task: Task, at: number, last: LastLink, directory: number): Place | number | undefined {
  const { mounts } = task.process.options;
  // An empty path is nobody's, or the descriptor's itself (AT_EMPTY_PATH).
  if (mounts === undefined || bytes[at] === 0) return undefined;
  const place = placeOf(task, mounts, directory, stagedString(at, PATH_MAX), last);
  return typeof place !== 'number' && isAbsent(place.host) ? -ENOENT : place;
}

/** The host path for an absolute guest path (latin1), without a root of the guest's own. */
export function translatePath(task: Task, text: string, follow: boolean): string {
  const special = follow ? followProc(task, text) : undefined;
  if (special !== undefined) return special;
  return inSysroot(task, text, follow) ?? text;
}

/** Directories that are the host's even if the root below -L has them. */
const HOST_DIRECTORIES = ['/proc', '/sys', '/dev'];

function isHostDirectory(text: string): boolean {
  return HOST_DIRECTORIES.some(
    (directory) => text.startsWith(directory) && (text.length === directory.length || text[directory.length] === '/'),
  );
}

/** Where an absolute path lies below -L, as a host path; undefined if it does not exist there. */
export function inSysroot(task: Task, text: string, follow: boolean): string | undefined {
  const { sysroot } = task.process.options;
  if (sysroot === '' || text[0] !== '/' || isHostDirectory(text)) return undefined;
  const root = rootDescriptor(task, sysroot);
  if (root < 0) return undefined;
  const how = stage(24);
  bytes.fill(0, how, how + 24);
  view.setUint32(how, O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW), true);
  view.setUint32(how + 16, RESOLVE_IN_ROOT, true);
  const name = task.host.stagingPointer(stageString(text));
  const found = steadyCall(task, 'openat2', root, name, task.host.stagingPointer(how), 24);
  if (found === -ENOSYS) return byPrefix(task, sysroot, text, follow);
  if (found < 0) return undefined;
  const resolved = descriptorPath(task, Number(found));
  steadyCall(task, 'close', found);
  // A trailing slash asks for a directory, which the descriptor's path does not show any more.
  return resolved !== undefined && text.endsWith('/') && !resolved.endsWith('/') ? `${resolved}/` : resolved;
}

/** Without openat2 (before Linux 5.6, other hosts): absolute links below the root lead to the host's files. */
function byPrefix(task: Task, sysroot: string, text: string, follow: boolean): string | undefined {
  const candidate = sysroot + text;
  const name = task.host.stagingPointer(stageString(candidate));
  const found = follow
    ? steadyCall(task, 'faccessat', AT_FDCWD, name, 0)
    : steadyCall(task, 'newfstatat', AT_FDCWD, name, task.host.stagingPointer(stage(144)), AT_SYMLINK_NOFOLLOW);
  return found < 0 ? undefined : candidate;
}

/** The directory of -L or -root, opened once in a process; hidden from the guest. */
export function rootDescriptor(task: Task, sysroot: string): number {
  const cell = new Int32Array(task.host.processMemory.buffer, PROCESS.sysroot, 1);
  if (cell[0] !== 0) return cell[0] > 0 ? cell[0] - 1 : cell[0];
  const name = task.host.stagingPointer(stageString(sysroot));
  const opened = Number(steadyCall(task, 'openat', AT_FDCWD, name, O_PATH | O_DIRECTORY | O_CLOEXEC, 0));
  if (opened < 0) return (cell[0] = opened);
  const hidden = hideDescriptor(task, opened);
  cell[0] = hidden + 1;
  return hidden;
}

const RLIMIT_NOFILE = 7;
/** Where to look for a free number below the guest's limit, when there is no room above it. */
const FALLBACK_NUMBERS = [900, 240, 50];

/**
 * Moves a descriptor of the emulator's out of the guest's way and hides it from the guest. Returns the new number: above
 * the guest's soft limit if the hard limit has room, for which the soft limit is raised a moment.
 */
export function hideDescriptor(task: Task, descriptor: number): number {
  const old = stage(16);
  const raised = stage(16);
  const { host } = task;
  let moved: Int = -1;
  if (steadyCall(task, 'prlimit64', 0, RLIMIT_NOFILE, 0, host.stagingPointer(old)) === 0) {
    const soft = stagedUint64(old);
    bytes.copyWithin(raised, old + 8, old + 16);
    bytes.copyWithin(raised + 8, old + 8, old + 16);
    if (
      stagedUint64(raised) > soft &&
      steadyCall(task, 'prlimit64', 0, RLIMIT_NOFILE, host.stagingPointer(raised), 0) === 0
    ) {
      moved = steadyCall(task, 'fcntl', descriptor, F_DUPFD_CLOEXEC, soft);
      steadyCall(task, 'prlimit64', 0, RLIMIT_NOFILE, host.stagingPointer(old), 0);
    }
  }
  for (let i = 0; moved < 0 && i < FALLBACK_NUMBERS.length; i++) {
    moved = steadyCall(task, 'fcntl', descriptor, F_DUPFD_CLOEXEC, FALLBACK_NUMBERS[i]);
  }
  if (moved < 0) moved = descriptor;
  else steadyCall(task, 'close', descriptor);
  task.process.hiddenDescriptors.add(Number(moved));
  return Number(moved);
}
