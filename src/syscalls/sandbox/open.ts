/**
 * openat(2) in a sandbox. The file is held first, as a place in the tree; only
 * when it is known what it is, and that the guest may have it, it is opened.
 */
import type { Int } from '../../host/host.ts';
import { hostCall, steadyCall } from '../call.ts';
import { forgetDescriptor } from '../descriptors.ts';
import { E2BIG, EACCES, EEXIST, EFAULT, EINVAL, EISDIR, ELOOP, ENOENT, ENOSYS, ENOTDIR } from '../errno.ts';
import {
  AT_FDCWD,
  exchangeOpenFlags,
  O_ACCMODE,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  O_TMPFILE,
} from '../files-flags.ts';
import { absentListing, OPEN_HOW_SIZE, openAny } from '../files-open.ts';
import { descriptorPath } from '../links.ts';
import { guestPath } from '../paths.ts';
import { isGenerated, procEntry } from '../proc-names.ts';
import { beginCall, bytes, fetch, stage, stageString, view } from '../staging.ts';
import type { Task } from '../task.ts';
import { deny, pathText } from './denials.ts';
import { filePath, mayReopen } from './given.ts';
import type { GuardedCall } from './guard.ts';
import { handOver, heldPath, holdDescriptor, holdPath, moveUp, releaseAll } from './held.ts';
import { allowsDevice, isHarmlessDevice, type Need } from './policy.ts';
import { denyPath, type Found, find, mayDo, nameOf, parentOf, policyOf } from './resolve.ts';

const O_WRONLY = 1;
const O_EXCL = 0o200;
const O_TRUNC = 0o1000;
/** With O_CLOEXEC and O_NOCTTY: opening a FIFO must not wait. */
const O_RDONLY_NONBLOCK = 0o2004400;
const AT_EMPTY_PATH = 0x1000;
const ATTEMPTS = 16;
/** struct stat of x86-64. */
const STAT = { size: 144, mode: 24, device: 40 };
const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const S_IFCHR = 0o020000;
const S_IFBLK = 0o060000;
const S_IFLNK = 0o120000;

/** What opening with the flags needs. */
function needsOf(flags: number): Need[] {
  if ((flags & O_PATH) !== 0) return ['look'];
  const access = flags & O_ACCMODE;
  const needs: Need[] = access === O_WRONLY ? [] : ['read'];
  const makes = (flags & O_TMPFILE) === O_TMPFILE;
  if (access !== 0 || (flags & O_TRUNC) !== 0 || makes) needs.push('write');
  return needs;
}

export function guardedOpen(call: GuardedCall): Int {
  const text = guestPath(call.task, Number(call.raw(1)));
  if (typeof text === 'number') return text;
  const flags = exchangeOpenFlags(call.task, call.uint(2));
  return openPath(call.task, call.row.name, call.int(0), text, flags, call.uint(3));
}

/** openat2(2) without conditions on the way. With some it fails as before Linux 5.6, and programs do without. */
export function guardedOpen2(call: GuardedCall): Int {
  const { task } = call;
  const size = call.uint(3);
  if (size < OPEN_HOW_SIZE || size > 4096) return size < OPEN_HOW_SIZE ? -EINVAL : -E2BIG;
  const how = stage(size);
  if (!fetch(task, how, Number(call.raw(2)), size)) return -EFAULT;
  if (bytes.subarray(how + OPEN_HOW_SIZE, how + size).some((byte) => byte !== 0)) return -E2BIG;
  if (view.getBigUint64(how + 16, true) !== 0n) return -ENOSYS;
  const [flags, mode] = [view.getUint32(how, true), view.getUint32(how + 8, true)];
  const text = guestPath(task, Number(call.raw(1)));
  if (typeof text === 'number') return text;
  return openPath(task, call.row.name, call.int(0), text, exchangeOpenFlags(task, flags), mode);
}

/** Opens what a path names: a descriptor of the guest's, or a negative errno. */
export function openPath(task: Task, call: string, dir: number, text: string, flags: number, mode: number): Int {
  const isNew = (flags & (O_CREAT | O_EXCL)) === (O_CREAT | O_EXCL) && (flags & O_PATH) === 0;
  const last = isNew || (flags & O_NOFOLLOW) !== 0 ? 'nofollow' : 'follow';
  const wants = needsOf(flags).at(-1);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const found = find(task, call, dir, text, { need: 'look', last, wants, mayGuess: attempt === 0 });
    if (typeof found === 'number') return found;
    const opened = openFound(task, call, found, flags, mode, last === 'nofollow');
    // Somebody was quicker, with a link or a file of that name.
    if (opened === -ELOOP && (found.isGuess || !isLink(task, found))) continue;
    if (opened !== -EEXIST || isNew) return opened;
  }
  return -ELOOP;
}

function openFound(task: Task, call: string, found: Found, flags: number, mode: number, nofollow: boolean): Int {
  const { path, descriptor, isDirectory } = found;
  const needs = needsOf(flags);
  const rest = flags & ~(O_CREAT | O_EXCL | O_NOFOLLOW);
  if (descriptor !== undefined) return openGiven(task, call, descriptor, needs, rest);
  const missing = needs.find((need) => !mayDo(task, need, path));
  if (missing !== undefined) return denyPath(task, call, path, missing);
  const listing = absentListing(path);
  const special = listing ?? procEntry(task, path) ?? '';
  const isListing = listing !== undefined || LISTINGS.includes(special);
  if (isListing || isGenerated(task, special)) return openAny(task, special, flags, () => -ENOENT);

  const file = holdPath(task, path, (nofollow ? O_NOFOLLOW : 0) | (isDirectory ? O_DIRECTORY : 0));
  const mayMake = (flags & O_CREAT) !== 0 && (flags & O_PATH) === 0;
  if (file === -ENOENT && mayMake) {
    if (isDirectory) return -EISDIR;
    if (!mayDo(task, 'write', path)) return denyPath(task, call, path, 'write');
    return make(task, path, flags | O_EXCL, mode);
  }
  if (file < 0) return file;
  if (mayMake && (flags & O_EXCL) !== 0) return -EEXIST;
  const kind = kindOf(task, file);
  if (kind.type === S_IFLNK && (flags & O_PATH) === 0) return -ELOOP;
  if ((flags & O_PATH) !== 0) {
    if ((flags & O_DIRECTORY) !== 0 && kind.type !== S_IFDIR) return -ENOTDIR;
    return gaveNew(handOver(task, file, (flags & O_CLOEXEC) !== 0));
  }
  return refuseDevice(task, call, needs, path, kind) || reopen(task, file, rest, mode);
}

/** Directories of /proc/self whose listing leaves out what is the emulator's. */
const LISTINGS = ['self/fd', 'self/fdinfo', 'self/task'];

/** A negative errno for a device that has not been named; 0 for all else. */
function refuseDevice(task: Task, call: string, needs: readonly Need[], path: string, { type, device }: Kind): number {
  const isHarmless = type === S_IFCHR && isHarmlessDevice(device);
  if ((type !== S_IFCHR && type !== S_IFBLK) || isHarmless) return 0;
  const policy = policyOf(task);
  const refused = needs.find((need) => need !== 'look' && !allowsDevice(policy, need, path));
  return refused === undefined ? 0 : denyPath(task, call, path, refused);
}

/** Opens what a held descriptor stands for. */
function reopen(task: Task, file: number, flags: number, mode: number): Int {
  const high = moveUp(task, file);
  const name = task.host.stagingPointer(stageString(heldPath(high)));
  return gaveNew(hostCall(task, 'openat', AT_FDCWD, name, flags, mode));
}

/** A descriptor of the guest's is opened anew: for what it can do already, or what its path allows. */
function openGiven(task: Task, call: string, descriptor: number, needs: readonly Need[], flags: number): Int {
  const copy = holdDescriptor(task, descriptor);
  if (copy < 0) return copy;
  const more = needs.filter((need) => need !== 'look' && !mayReopen(task, copy, need));
  if (more.length === 0) return reopen(task, copy, flags, 0);
  const path = filePath(task, copy);
  if (path === undefined) return deny(task, call, pathText(heldPath(descriptor)), EACCES);
  const missing = more.find((need) => !mayDo(task, need, path));
  if (missing !== undefined) return denyPath(task, call, path, missing);
  return refuseDevice(task, call, more, path, kindOf(task, copy)) || reopen(task, copy, flags, 0);
}

/** Makes a file that is not there. -EEXIST: it is there now. */
function make(task: Task, path: string, flags: number, mode: number): Int {
  const parent = holdPath(task, parentOf(path), O_DIRECTORY);
  if (parent < 0) return parent;
  const high = moveUp(task, parent);
  const name = task.host.stagingPointer(stageString(`${heldPath(high)}/${nameOf(path)}`));
  return gaveNew(hostCall(task, 'openat', AT_FDCWD, name, (flags | O_NOFOLLOW) >>> 0, mode));
}

function gaveNew(descriptor: Int): Int {
  if (descriptor >= 0) forgetDescriptor(Number(descriptor));
  return descriptor;
}

interface Kind {
  type: number;
  device: number;
}

/** Type and device number of a held file. */
function kindOf(task: Task, file: number): Kind {
  const at = stage(STAT.size);
  const empty = task.host.stagingPointer(stageString(''));
  steadyCall(task, 'newfstatat', file, empty, task.host.stagingPointer(at), AT_EMPTY_PATH);
  const device = Number(view.getBigUint64(at + STAT.device, true));
  return { type: view.getUint32(at + STAT.mode, true) & S_IFMT, device };
}

/** Is a symbolic link there that was not to be followed? */
function isLink(task: Task, { path }: Found): boolean {
  const file = holdPath(task, path, O_NOFOLLOW);
  return file >= 0 && kindOf(task, file).type === S_IFLNK;
}

/** For execve: opens a program that the guest names. Its descriptor and its path, or a negative errno. */
export function openProgram(task: Task, name: string): { descriptor: number; path: string } | number {
  beginCall(task);
  try {
    const descriptor = Number(openPath(task, 'execve', AT_FDCWD, name, O_RDONLY_NONBLOCK, 0));
    return descriptor < 0 ? descriptor : { descriptor, path: descriptorPath(task, descriptor) ?? name };
  } finally {
    releaseAll(task);
  }
}
