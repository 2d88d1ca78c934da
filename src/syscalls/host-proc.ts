/** What the host's /proc says of processes and threads (proc(5)). */
import { steadyCall } from './call.ts';
import { stage, stagedText, stageString } from './staging.ts';
import type { Task } from './task.ts';

const AT_FDCWD = -100;
const O_CLOEXEC = 0o2000000;
const CHUNK = 0x4000;

/** A file of the host's, latin1; '' if it cannot be read. */
export function hostFile(task: Task, path: string): string {
  const name = task.host.stagingPointer(stageString(path));
  const descriptor = steadyCall(task, 'openat', AT_FDCWD, name, O_CLOEXEC, 0);
  if (descriptor < 0) return '';
  const buffer = stage(CHUNK);
  let text = '';
  for (;;) {
    const count = Number(steadyCall(task, 'read', descriptor, task.host.stagingPointer(buffer), CHUNK));
    if (count <= 0) break;
    text += stagedText(buffer, count);
  }
  steadyCall(task, 'close', descriptor);
  return text;
}

/** The fields from the third on, and what is in front of them: the ID, and the name, in which anything may be. */
export function statFields(text: string): { start: string; values: string[] } {
  const end = text.lastIndexOf(')') + 2;
  return { start: text.slice(0, end), values: text.slice(end).trimEnd().split(' ') };
}

/** The process that a thread belongs to; undefined if there is no such thread. */
export function processOf(task: Task, tid: number): number | undefined {
  const [, process] = /^Tgid:\t(\d+)$/m.exec(hostFile(task, `/proc/${tid}/status`)) ?? [];
  return process === undefined ? undefined : Number(process);
}

/** The process of a pidfd, -1 if that has been waited for; undefined if the descriptor is no pidfd. */
export function processOfDescriptor(task: Task, descriptor: number): number | undefined {
  const [, process] = /^Pid:\t(-?\d+)$/m.exec(hostFile(task, `/proc/self/fdinfo/${descriptor}`)) ?? [];
  return process === undefined ? undefined : Number(process);
}
