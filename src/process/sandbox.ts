/** The beginning and the end of a sandbox: what its processes share, and the report. */
import { startCall, steadyCall } from '../syscalls/call.ts';
import { AT_FDCWD } from '../syscalls/links.ts';
import { hideDescriptor } from '../syscalls/paths.ts';
import { placeOf } from '../syscalls/root-paths.ts';
import { joinSandbox } from '../syscalls/sandbox/members.ts';
import type { SandboxState } from '../syscalls/sandbox/policy.ts';
import { stageString } from '../syscalls/staging.ts';
import { awaitReport, startReporter } from './sandbox-report.ts';
import type { GuestTask } from './task.ts';

const MFD_CLOEXEC = 1;
const F_SETFL = 4;
const O_APPEND = 0o2000;

/**
 * Puts a guest that has been loaded into its sandbox, if it is to have one. `interpreter` is its PT_INTERP, which is part
 * of the program; without -L, so are the libraries beside it.
 */
export function startSandbox(task: GuestTask, interpreter: string | undefined): void {
  const { sandbox, sysroot, mounts } = task.process.options;
  if (sandbox === undefined) return;
  startCall(task);
  sandbox.read.push(task.process.executable);
  if (interpreter !== undefined) {
    const place = mounts && placeOf(task, mounts, AT_FDCWD, interpreter, 'follow');
    const path = typeof place === 'object' ? place.host : interpreter;
    sandbox.read.push(sysroot === '' ? path.slice(0, path.lastIndexOf('/')) : path);
  }
  const first = Number(steadyCall(task, 'getpid'));
  const denials = sandbox.report ? sharedFile(task, 'denials') : -1;
  const state: SandboxState = { first, members: sharedFile(task, 'members'), denials };
  sandbox.state = state;
  joinSandbox(task);
  if (!sandbox.report) return;
  const reporter = startReporter(task, state);
  if (reporter === undefined) throw new Error('no process or descriptor is left for -sandbox-report');
  state.reporter = { order: hidden(task, reporter.order), process: hidden(task, reporter.process) };
}

/** A file in memory that all processes of the sandbox append to. */
function sharedFile(task: GuestTask, name: string): number {
  const file = Number(steadyCall(task, 'memfd_create', task.host.stagingPointer(stageString(name)), MFD_CLOEXEC));
  steadyCall(task, 'fcntl', file, F_SETFL, O_APPEND);
  return hidden(task, file);
}

const hidden = (task: GuestTask, descriptor: number): number =>
  descriptor < 0 ? descriptor : hideDescriptor(task, descriptor);

/** Has what was denied listed, if that was asked for and the process is the first one. */
export function endSandbox(task: GuestTask): void {
  const state = task.process.options.sandbox?.state;
  if (state?.reporter === undefined) return;
  startCall(task);
  if (steadyCall(task, 'getpid') === state.first) awaitReport(task, state.reporter);
}
