/** The beginning and the end of a sandbox: what its processes share, and the report. */
import { startCall, steadyCall } from '../syscalls/call.ts';
import { AT_FDCWD } from '../syscalls/links.ts';
import { hideDescriptor } from '../syscalls/paths.ts';
import { placeOf } from '../syscalls/root-paths.ts';
import { reportDenials } from '../syscalls/sandbox/denials.ts';
import { joinSandbox } from '../syscalls/sandbox/members.ts';
import { stageString } from '../syscalls/staging.ts';
import type { GuestTask } from './task.ts';

const MFD_CLOEXEC = 1;
const F_SETFL = 4;
const F_DUPFD_CLOEXEC = 1030;
const O_APPEND = 0o2000;
const STDERR = 2;

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
  const { report } = sandbox;
  sandbox.state = {
    first,
    members: sharedFile(task, 'members'),
    denials: report ? sharedFile(task, 'denials') : -1,
    // The guest may close its own, or put another file there.
    stderr: report ? hidden(task, Number(steadyCall(task, 'fcntl', STDERR, F_DUPFD_CLOEXEC, 0))) : -1,
  };
  joinSandbox(task);
}

/** A file in memory that all processes of the sandbox append to. */
function sharedFile(task: GuestTask, name: string): number {
  const file = Number(steadyCall(task, 'memfd_create', task.host.stagingPointer(stageString(name)), MFD_CLOEXEC));
  steadyCall(task, 'fcntl', file, F_SETFL, O_APPEND);
  return hidden(task, file);
}

const hidden = (task: GuestTask, descriptor: number): number =>
  descriptor < 0 ? descriptor : hideDescriptor(task, descriptor);

/** Says what was denied, if that was asked for and the process is the first one. */
export function endSandbox(task: GuestTask): void {
  const { sandbox } = task.process.options;
  if (sandbox === undefined) return;
  startCall(task);
  reportDenials(task, sandbox);
}
