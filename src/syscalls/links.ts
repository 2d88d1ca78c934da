/** What the host says of its links and directories; paths are the host's, latin1. Leaves what is staged alone. */
import { SCRATCH, STAGING } from '../host/layout.ts';
import { steadyCall } from './call.ts';
import { ENAMETOOLONG } from './errno.ts';
import type { Task } from './task.ts';

/** Bytes of a path with its NUL at most, limits.h. */
export const PATH_MAX = 4096;
export const AT_FDCWD = -100;

/** A path, and what a call says of it, in the scratch behind the staging buffer. */
const NAME = STAGING.size;
const ANSWER = STAGING.size + PATH_MAX;

function answer(task: Task, length: number): string {
  const bytes = new Uint8Array(task.host.threadMemory.buffer, SCRATCH.start + PATH_MAX, length);
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

const F_GETFL = 3;
const O_PATH = 0o10000000;

/** Whether a descriptor is one of an open file, and not only of a place (O_PATH): others give EBADF, whatever they are for. */
export function isOpen(task: Task, fd: number): boolean {
  const flags = Number(steadyCall(task, 'fcntl', fd, F_GETFL, 0));
  return flags >= 0 && (flags & O_PATH) === 0;
}

/** The text of the symbolic link at a path, or a negative errno. */
export function linkText(task: Task, path: string): string | number {
  if (path.length >= PATH_MAX) return -ENAMETOOLONG;
  const scratch = new Uint8Array(task.host.threadMemory.buffer, SCRATCH.start, PATH_MAX);
  for (let i = 0; i < path.length; i++) scratch[i] = path.charCodeAt(i);
  scratch[path.length] = 0;
  const [name, text] = [task.host.stagingPointer(NAME), task.host.stagingPointer(ANSWER)];
  const length = Number(steadyCall(task, 'readlinkat', AT_FDCWD, name, text, PATH_MAX));
  return length < 0 ? length : answer(task, length);
}

/** The path that a descriptor was opened at. */
export function descriptorPath(task: Task, descriptor: number): string | undefined {
  const text = linkText(task, `/proc/self/fd/${descriptor}`);
  return typeof text === 'number' ? undefined : text;
}

/** The path of an *at call's directory: the working directory for AT_FDCWD. */
export function directoryPath(task: Task, dir: number): string | undefined {
  if (dir !== AT_FDCWD) return descriptorPath(task, dir);
  const length = Number(steadyCall(task, 'getcwd', task.host.stagingPointer(ANSWER), PATH_MAX));
  return length < 0 ? undefined : answer(task, length - 1);
}
