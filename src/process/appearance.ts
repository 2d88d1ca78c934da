/** How the guest process looks from outside: to ps(1), killall(1), and other guest processes that read /proc/PID. */

import { setTaskName } from '../syscalls/process.ts';
import { beginCall } from '../syscalls/staging.ts';
import type { GuestTask } from './task.ts';

/** To be called when a program has been loaded from `path`: its name, command line and environment become the process's. */
export function appearAs(task: GuestTask, path: string): void {
  beginCall(task);
  setTaskName(task, path.slice(path.lastIndexOf('/') + 1));
  const { argStart, argEnd, envStart, envEnd } = task.process.layout;
  task.host.processes?.showArguments({ argStart, argEnd, envStart, envEnd });
}
