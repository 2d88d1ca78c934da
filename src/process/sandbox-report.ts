/**
 * Who lists what a sandbox has denied (`-sandbox-report`): a process of the emulator's own, which outlives the first process of
 * the guest whatever ends that, SIGKILL and the execution of a host program included. It is no child of the guest's, for whom
 * wait(2) would find it.
 */
import { startCall, steadyCall } from '../syscalls/call.ts';
import { listDenials } from '../syscalls/sandbox/denials.ts';
import type { Reporter, SandboxState } from '../syscalls/sandbox/policy.ts';
import { bytes, stage, stageString, view } from '../syscalls/staging.ts';
import type { GuestTask } from './task.ts';

const SIGCHLD = 17;
const ALL_SIGNALS = 2n ** 64n - 1n;
const EFD_CLOEXEC = 0o2000000;
const F_DUPFD_CLOEXEC = 1030;
const STDERR = 2;
const POLLIN = 1;
const HIGHEST = 2 ** 32 - 1;

/** Starts the reporter; undefined if there is no process or descriptor left for it. */
export function startReporter(task: GuestTask, state: SandboxState): Reporter | undefined {
  const { processes } = task.host;
  const first = Number(steadyCall(task, 'pidfd_open', state.first, 0));
  const order = Number(steadyCall(task, 'eventfd2', 0, EFD_CLOEXEC));
  const arrival = Number(steadyCall(task, 'eventfd2', 0, EFD_CLOEXEC));
  const between = Math.min(first, order, arrival) < 0 ? -1 : processes!.fork(SIGCHLD, 0, 0);
  if (between === 0) {
    // Whose parent has ended belongs to nobody of the guest's.
    const pid = processes!.fork(SIGCHLD, 0, 0);
    if (pid === 0) report(task, state, first, order);
    startCall(task);
    if (pid > 0) count(task, arrival, pid);
    task.host.syscall('exit_group', 0);
  }
  startCall(task);
  if (between > 0) steadyCall(task, 'wait4', between, 0, 0, 0);
  const pid = between > 0 ? counted(task, arrival) : -1;
  const process = pid > 0 ? Number(steadyCall(task, 'pidfd_open', pid, 0)) : -1;
  for (const done of [first, arrival]) if (done >= 0) steadyCall(task, 'close', done);
  if (process >= 0) return { order, process };
  if (order >= 0) steadyCall(task, 'close', order);
  return undefined;
}

/** In the first process, when it ends by itself: has the report made before that is seen. */
export function awaitReport(task: GuestTask, { order, process }: Reporter): void {
  count(task, order, 1);
  waitFor(task, process);
}

/** The reporter. */
function report(task: GuestTask, state: SandboxState, first: number, order: number): never {
  const { host } = task;
  startCall(task);
  host.setSignalMask(ALL_SIGNALS);
  // Neither what ends the guest's group nor what waits for its output to end has to do with this process.
  steadyCall(task, 'setsid');
  steadyCall(task, 'chdir', host.stagingPointer(stageString('/')));
  const stderr = Number(steadyCall(task, 'fcntl', STDERR, F_DUPFD_CLOEXEC, 0));
  const kept = [first, order, stderr, state.denials].filter((fd) => fd >= 0).sort((a, b) => a - b);
  let next = 0;
  for (const fd of [...kept, HIGHEST + 1]) {
    if (fd > next) steadyCall(task, 'close_range', next, fd - 1, 0);
    next = fd + 1;
  }
  waitFor(task, first, order);
  startCall(task);
  listDenials(task, state, stderr);
  host.syscall('exit_group', 0);
  throw new Error('exit_group returned');
}

/** Waits until one of the descriptors can be read. */
function waitFor(task: GuestTask, ...descriptors: number[]): void {
  const ENTRY = 8;
  const size = descriptors.length * ENTRY;
  const at = stage(size);
  bytes.fill(0, at, at + size);
  descriptors.forEach((fd, i) => {
    view.setInt32(at + i * ENTRY, fd, true);
    view.setInt16(at + i * ENTRY + 4, POLLIN, true);
  });
  steadyCall(task, 'poll', task.host.stagingPointer(at), descriptors.length, -1);
}

/** Adds to an eventfd. */
function count(task: GuestTask, eventfd: number, value: number): void {
  const at = stage(8);
  view.setBigUint64(at, BigInt(value), true);
  steadyCall(task, 'write', eventfd, task.host.stagingPointer(at), 8);
}

/** What has been added to an eventfd; waits for it. */
function counted(task: GuestTask, eventfd: number): number {
  const at = stage(8);
  steadyCall(task, 'read', eventfd, task.host.stagingPointer(at), 8);
  return Number(view.getBigUint64(at, true));
}
