/**
 * Which paths of /proc mean the guest: those of the calling process, by
 * whichever name (/proc/self, /proc/thread-self, /proc/PID, task/TID below
 * them, /dev/fd), and /proc/cpuinfo. And what /sys says of a processor.
 */
import { steadyCall } from './call.ts';
import { isKin, kinExecutable } from './kin.ts';
import type { Task } from './task.ts';

/** Files of /proc/self that proc.ts makes; reading them would show the emulator. */
const FILES = [
  'auxv',
  'cmdline',
  'environ',
  'limits',
  'maps',
  'mem',
  'smaps',
  'smaps_rollup',
  'stat',
  'statm',
  'status',
];

/** Other names that mean something of the guest's in a directory of /proc. */
const DIRECTORIES = ['.', 'cpuinfo', 'exe', 'fd', 'fdinfo', 'task'];

/** The variables of a processor's device: sysfs has them twice. */
const PROCESSOR_EVENT = /^\/+sys\/+(?:devices\/+system\/+cpu|bus\/+cpu\/+devices)\/+(cpu\d+)\/+uevent$/;
const EVENT_ENTRY = /^cpu\d+\/uevent$/;

/**
 * What an absolute path names in /proc: `self/maps`, `self/fd/3`, `self/exe`, `self` with any other name, or `cpuinfo`;
 * or in /sys: `cpu0/uevent`. Undefined for what is not the guest's.
 */
export function procEntry(task: Task, text: string): string | undefined {
  const event = PROCESSOR_EVENT.exec(text)?.[1];
  if (event !== undefined) return `${event}/uevent`;
  if (text.startsWith('/dev/fd')) return procEntry(task, `/proc/self/fd${text.slice(7)}`);
  const parts = text.split('/').filter((part) => part !== '' && part !== '.');
  if (parts[0] !== 'proc') return undefined;
  if (parts.length === 2 && parts[1] === 'cpuinfo') return 'cpuinfo';
  if (parts.length < 3 || !isSelf(task, parts[1])) return undefined;
  let rest = parts.slice(2);
  if (rest[0] === 'task' && rest.length > 2) rest = rest.slice(2);
  return `self/${rest.join('/')}`;
}

function isSelf(task: Task, name: string): boolean {
  if (name === 'self' || name === 'thread-self') return true;
  const first = name.charCodeAt(0);
  return first > 48 && first <= 57 && name === String(steadyCall(task, 'getpid'));
}

/** Of other processes of the tree: what {@link kinText} makes, and directories that list what is the emulator's. */
const KIN_FILES = ['auxv', 'maps', 'mem', 'smaps', 'smaps_rollup', 'stat', 'statm', 'status'];
const KIN_DIRECTORIES = ['fd', 'fdinfo'];

/** A thread by its ID, which may be its process's, and the name that a path has below it: `/proc/12/task/13/exe` is 13 and `exe`. */
function otherEntry(text: string): { pid: number; name: string } | undefined {
  const [, pid, name] = /^\/+proc\/+(?:\d+\/+task\/+)?(\d+)\/+(\w+)$/.exec(text) ?? [];
  return pid === undefined ? undefined : { pid: Number(pid), name };
}

/** Host path of the program behind `/proc/PID/exe` of another process of the tree. */
export function kinLink(task: Task, text: string): string | undefined {
  const entry = otherEntry(text);
  return entry?.name === 'exe' ? kinExecutable(task, entry.pid) : undefined;
}

/** `PID/maps`, if that is a file of another process of the tree which would show the emulator. */
export function kinEntry(task: Task, text: string): string | undefined {
  const entry = otherEntry(text);
  if (entry === undefined || ![...KIN_FILES, ...KIN_DIRECTORIES].includes(entry.name)) return undefined;
  return isKin(task, entry.pid) ? `${entry.pid}/${entry.name}` : undefined;
}

/** The process whose descriptors a {@link kinEntry} lists. */
export function kinWithDescriptors(entry: string): number | undefined {
  const [pid, name] = entry.split('/');
  return KIN_DIRECTORIES.includes(name) && /^\d+$/.test(pid) ? Number(pid) : undefined;
}

/** Files of /proc/self that say what is mounted: made for a guest with a root directory of its own only. */
const MOUNT_FILES = ['mountinfo', 'mounts', 'mountstats'];

/** True for a `self/NAME` that proc.ts generates. */
export const isGenerated = (task: Task, entry: string): boolean =>
  entry === 'cpuinfo' ||
  EVENT_ENTRY.test(entry) ||
  (/^\d/.test(entry) && kinWithDescriptors(entry) === undefined) ||
  (entry.startsWith('self/') &&
    (FILES.includes(entry.slice(5)) ||
      (task.process.options.mounts !== undefined && MOUNT_FILES.includes(entry.slice(5)))));

/** The host's path of an entry. */
export function entryPath(entry: string): string {
  if (EVENT_ENTRY.test(entry)) return `/sys/devices/system/cpu/${entry}`;
  return `/proc/${entry}`;
}

/** True if a relative path might name an entry, so that its directory is worth a look. */
export const mayBeProcName = (text: string): boolean =>
  DIRECTORIES.includes(text) || FILES.includes(text) || text.endsWith('uevent');

/** The host path that a magic link of the guest leads to: /proc/self/exe. */
export function followProc(task: Task, text: string): string | undefined {
  if (!text.startsWith('/proc/') && !text.startsWith('//')) return undefined;
  return procEntry(task, text) === 'self/exe' ? task.process.executable : kinLink(task, text);
}
