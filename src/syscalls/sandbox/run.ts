/** Programs that a sandboxed guest executes and that do not run here, so that nothing holds them to the sandbox. */
import { EACCES } from '../errno.ts';
import { beginCall } from '../staging.ts';
import type { Task } from '../task.ts';
import { deny, pathText } from './denials.ts';
import { isBelow } from './policy.ts';
import { policyOf } from './resolve.ts';

/** May the host execute it? `path` has no symbolic links. Programs for another architecture's tsemu are none of the host's. */
export function mayRunOnHost(task: Task, { path, architecture }: { path: string; architecture?: string }): boolean {
  beginCall(task);
  const isAllowed = architecture === undefined && policyOf(task).run.some((program) => isBelow(path, program));
  if (!isAllowed)
    deny(task, 'execve', pathText(path), EACCES, architecture === undefined ? `--allow-run=${path}` : undefined);
  return isAllowed;
}
