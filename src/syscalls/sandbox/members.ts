/**
 * Which processes are the sandbox's: the first one and what descends from it. A
 * file that all of them have holds a record for each, ID and start time, since
 * an ID may be somebody else's later.
 */
import type { Int } from '../../host/host.ts';
import { filePieces, steadyCall } from '../call.ts';
import { EPERM, ESRCH } from '../errno.ts';
import { hostFile, processOf, processOfDescriptor, statFields } from '../host-proc.ts';
import { stage, view } from '../staging.ts';
import type { SyscallResult, Task } from '../task.ts';
import type { GuardedCall } from './guard.ts';
import { holdDescriptor } from './held.ts';
import { policyOf } from './resolve.ts';

const RECORD = 16;
const ANY_PROCESS = -1;
/** What the kernel shows of a pidfd's process that is gone; and no process's ID. */
const ENDED = -1;
const NOBODY = -2;
const PIDFD_SIGNAL_THREAD_GROUP = 2;

/** When a process or thread has started, in the kernel's ticks; undefined if it is not there. See proc_pid_stat(5). */
function startTime(task: Task, pid: number): bigint | undefined {
  const field = statFields(hostFile(task, `/proc/${pid}/stat`)).values[22 - 3];
  return field === undefined ? undefined : BigInt(field);
}

/** Makes a process, by default the calling one, one of the sandbox; nothing if there is none. */
export function joinSandbox(task: Task, pid = Number(task.host.syscall('getpid'))): void {
  const state = task.process.options.sandbox?.state;
  const start = state === undefined ? undefined : startTime(task, pid);
  if (state === undefined || start === undefined) return;
  const at = stage(RECORD);
  view.setBigUint64(at, BigInt(pid), true);
  view.setBigUint64(at + 8, start, true);
  steadyCall(task, 'write', state.members, task.host.stagingPointer(at), RECORD);
}

/** The records: start times by process ID. */
function records(task: Task): Map<number, bigint> {
  const found = new Map<number, bigint>();
  const state = policyOf(task).state;
  if (state === undefined) return found;
  for (const { at, length } of filePieces(task, state.members)) {
    for (let i = at; i < at + length; i += RECORD) {
      found.set(Number(view.getBigUint64(i, true)), view.getBigUint64(i + 8, true));
    }
  }
  return found;
}

/** 0 if it is a process of the sandbox or a thread of one (0 is the caller); -ESRCH if it has been one, else -EPERM. */
function membership(task: Task, id: number): number {
  if (id === 0 || id === steadyCall(task, 'getpid') || task.process.threads?.has(id)) return 0;
  if (id < 0) return -EPERM;
  const process = processOf(task, id) ?? id;
  const start = records(task).get(process);
  if (start === undefined) return -EPERM;
  return start === startTime(task, process) ? 0 : -ESRCH;
}

function judge(call: GuardedCall, id: number, what: string): number {
  const found = membership(call.task, id);
  return found === -EPERM ? call.deny(EPERM, what) : found;
}

/** For calls about the process in argument `index`. */
export const ofProcess =
  (index: number) =>
  (call: GuardedCall): number =>
    judge(call, call.int(index), String(call.int(index)));

/** For a signal by descriptor, which may be one of another process that somebody has passed on. */
export function ofPidfd(call: GuardedCall): number {
  if (call.uint(3) > PIDFD_SIGNAL_THREAD_GROUP) return call.deny(EPERM, 'to a group');
  const copy = holdDescriptor(call.task, call.int(0));
  if (copy < 0) return copy;
  call.replaced[0] = copy;
  const id = processOfDescriptor(call.task, copy);
  // Of a process that has ended, and been waited for, nothing is left to be signalled.
  return id === ENDED ? 0 : judge(call, id ?? NOBODY, String(call.int(0)));
}

/** For calls whose first argument says what the second one is: a process, or many. */
export const ofOneProcess =
  (which: number) =>
  (call: GuardedCall): number =>
    call.int(0) === which ? ofProcess(1)(call) : call.deny(EPERM, `${call.int(0)}, ${call.int(1)}`);

/** kill(2): of a group, and of all processes, those get the signal that are in the sandbox. */
export function guardedKill(call: GuardedCall, go: () => SyscallResult): SyscallResult {
  const { task } = call;
  const [pid, signo] = [call.int(0), call.int(1)];
  if (pid > 0) return judge(call, pid, `${pid}, ${signo}`) || go();
  const own = Number(steadyCall(task, 'getpid'));
  const group = pid === ANY_PROCESS ? undefined : pid === 0 ? steadyCall(task, 'getpgid', 0) : -pid;
  const known = records(task);
  const targets = [...known].filter(([member, start]) => {
    const isMeant = group === undefined ? member !== own : steadyCall(task, 'getpgid', member) === group;
    return isMeant && startTime(task, member) === start;
  });
  if (targets.length === 0) return known.has(-pid) ? -ESRCH : call.deny(EPERM, `${pid}, ${signo}`);
  // Whoever signals itself does so last.
  targets.sort(([a], [b]) => Number(a === own) - Number(b === own));
  const results: Int[] = targets.map(([member]) => task.host.syscall('kill', member, signo));
  return results.find((result) => result === 0) ?? results[0];
}
