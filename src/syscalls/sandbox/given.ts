/** Descriptors that the guest has, whoever gave them to it: what may be done with their files by another way. */
import { steadyCall } from '../call.ts';
import { O_ACCMODE, O_PATH } from '../files-flags.ts';
import { directoryPath } from '../links.ts';
import type { Task } from '../task.ts';

const F_GETFL = 3;
const O_RDONLY = 0;
const O_WRONLY = 1;

/** The path of a descriptor's file; undefined for pipes and sockets, and for memory files, which are nobody else's. */
export function filePath(task: Task, descriptor: number): string | undefined {
  const path = directoryPath(task, descriptor);
  return path === undefined || path[0] !== '/' || /^\/memfd:.* \(deleted\)$/.test(path) ? undefined : path;
}

/** Is the descriptor itself open for that already? */
export function mayReopen(task: Task, descriptor: number, need: 'read' | 'write'): boolean {
  const flags = Number(steadyCall(task, 'fcntl', descriptor, F_GETFL, 0));
  if (flags < 0 || (flags & O_PATH) !== 0) return false;
  return (flags & O_ACCMODE) !== (need === 'read' ? O_WRONLY : O_RDONLY);
}
