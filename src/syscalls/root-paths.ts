/**
 * Paths of a guest that has a root directory of its own (`tsemu chroot`; the
 * algorithm is in src/host/guest-root.ts): where a call's path leads, what the
 * magic links of /proc lead to, and how a host path looks to the guest.
 */
import { guestPathOf, type LastLink, type Mounts, type Place, resolve } from '../host/guest-root.ts';
import { EACCES, EINVAL, ENOENT } from './errno.ts';
import { directoryPath, linkText } from './links.ts';
import { kinLink, procEntry } from './proc-names.ts';
import type { Task } from './task.ts';

/** Links of /proc that the kernel follows to an open file, whatever their text says: proc_pid_fd(5) and others. */
const MAGIC_LINK = /^\/proc\/(?:\d+|(?:thread-)?self)(?:\/task\/\d+)?\/(root|cwd|exe|(?:fd|ns|map_files)\/[^/]+)$/;

/**
 * Where a path of a guest with `mounts` leads, counted from descriptor `dir` if it is relative, or a negative errno.
 */
export function placeOf(task: Task, mounts: Mounts, dir: number, path: string, last: LastLink): Place | number {
  const readLink = (host: string, isLast: boolean): string | number => followLink(task, mounts, host, isLast);
  if (path[0] === '/') return resolve(mounts, '/', path, last, readLink);
  const directory = directoryPath(task, dir);
  const base = directory === undefined ? undefined : guestPathOf(mounts, directory);
  if (base !== undefined) return resolve(mounts, base, path, last, readLink);
  // A descriptor that was inherited from outside, of a directory; or none at all, which the host will say.
  if (directory !== undefined) return -EACCES;
  return path.split('/').includes('..') ? -ENOENT : { guest: '', host: path, asIs: true };
}

/** The text of a link in terms of the guest, to be followed. */
function followLink(task: Task, mounts: Mounts, host: string, isLast: boolean): string | number {
  const name = MAGIC_LINK.exec(host)?.[1];
  if (name === undefined) return linkText(task, host);
  const text = magicText(task, host, name);
  if (typeof text === 'number') return text;
  if (name === 'root') return '/';
  // Opened anew, even if it is a pipe, was deleted or lies outside: who passes a descriptor on wants it used.
  if (isLast && name.includes('/')) return -EINVAL;
  return guestPathOf(mounts, text) ?? -EACCES;
}

/** What the guest reads of a magic link; undefined for any other link, whose text is what it is. */
export function shownLink(task: Task, mounts: Mounts, host: string): string | number | undefined {
  const name = MAGIC_LINK.exec(host)?.[1];
  if (name === undefined) return undefined;
  const text = magicText(task, host, name);
  if (typeof text === 'number') return text;
  return name === 'root' ? '/' : (guestPathOf(mounts, text) ?? text);
}

/** The host's text of a magic link, which is not always that of the emulator's process. */
function magicText(task: Task, host: string, name: string): string | number {
  const entry = procEntry(task, host);
  if (entry === 'self/exe') return task.process.executable;
  const program = entry === undefined ? kinLink(task, host) : undefined;
  if (program !== undefined) return program;
  const descriptor = name.startsWith('fd/') ? Number(name.slice(3)) : -1;
  if (entry !== undefined && task.process.hiddenDescriptors.has(descriptor)) return -ENOENT;
  return linkText(task, host);
}

/** A host path as the guest sees it; the same for a guest without a root of its own, and for what it cannot see. */
export function shownPath(task: Task, host: string): string {
  const { mounts } = task.process.options;
  return mounts === undefined ? host : (guestPathOf(mounts, host) ?? host);
}
