/** How the guest process looks from outside: to ps(1), killall(1), and other guest processes that read /proc/PID. */

import { PROCESS } from '../host/layout.ts';
import { publishAuxv, publishExecutable } from '../syscalls/kin.ts';
import { setTaskName } from '../syscalls/process.ts';
import { beginCall } from '../syscalls/staging.ts';
import type { GuestTask } from './task.ts';

/** Gives a new tree of processes the token by which they know each other; see src/syscalls/kin.ts. */
export function beginTree({ host }: GuestTask): void {
  if (host.processes === undefined) return;
  host.syscall('getrandom', host.processes.processPointer(PROCESS.token), PROCESS.tokenSize, 0);
}

/** To be called when a program has been loaded from `path`: its name, command line and environment become the process's. */
export function appearAs(task: GuestTask, path: string): void {
  beginCall(task);
  setTaskName(task, path.slice(path.lastIndexOf('/') + 1));
  publishExecutable(task);
  publishAuxv(task);
  const { argStart, argEnd, envStart, envEnd } = task.process.layout;
  task.host.processes?.showArguments({ argStart, argEnd, envStart, envEnd });
}
