/**
 * execve(2). A guest program, and a script that one interprets, is loaded in
 * this process: the host's kernel knows nothing of it, so what execve changes
 * beside memory is done here. A program of the host is the kernel's to run.
 */

import { startProgram } from '../loader/load.ts';
import { isLoadError, type LoadError, type OtherProgram } from '../loader/load-error.ts';
import { prepareProgram } from '../loader/prepare.ts';
import { openProgramFile, type ProgramFile, programFileOf } from '../loader/program-file.ts';
import { noAltStack } from '../syscalls/alt-stack.ts';
import { fileText, startCall, steadyCall, writeText } from '../syscalls/call.ts';
import { forgetDescriptor } from '../syscalls/descriptors.ts';
import { EACCES, EISDIR, ENOENT, ENOEXEC } from '../syscalls/errno.ts';
import { hostFile } from '../syscalls/host-proc.ts';
import { identityOf } from '../syscalls/identity.ts';
import { forgetLocks } from '../syscalls/memory-lock.ts';
import { reportUnimplemented } from '../syscalls/report.ts';
import { RLIMITS } from '../syscalls/rlimits.ts';
import { placeOf, shownPath } from '../syscalls/root-paths.ts';
import { openProgram } from '../syscalls/sandbox/open.ts';
import { mayRunOnHost } from '../syscalls/sandbox/run.ts';
import { filterOf, setFilter } from '../syscalls/seccomp.ts';
import { stage, stagedString, stageString, view } from '../syscalls/staging.ts';
import { type ExecRequest, type KernelOptions, NO_RESULT, type SyscallResult } from '../syscalls/task.ts';
import { appearAs } from './appearance.ts';
import { bit, SIGKILL } from './signal-numbers.ts';
import type { GuestTask } from './task.ts';
import { WAKING_SIGNAL } from './threads.ts';

const AT_FDCWD = -100;
const O_DIRECTORY_CLOEXEC = 0o2200000;
const F_GETFD = 1;
const FD_CLOEXEC = 1;
const MFD_CLOEXEC = 1;

/** Executes a program in place of the one that runs. Returns a negative errno, or NO_RESULT when registers are set. */
export function executeProgram(task: GuestTask, request: ExecRequest): SyscallResult {
  const { host, space, process, guest } = task;
  const { path, hostPath, argv, env } = request;
  const { sysroot } = process.options;
  const stackLimit = process.rlimits.get(RLIMITS.RLIMIT_STACK)?.soft;
  const prepared = prepareProgram(host, {
    path,
    hostPath,
    argv,
    env,
    sysroot,
    open: openerFor(task),
    abi: guest.abi,
    identity: identityOf(task),
    stackLimit,
  });
  if (isLoadError(prepared)) return executeOther(task, request, prepared);

  if (task.threads.count > 1) {
    if (task.threads.slot !== 0) {
      prepared.close();
      return task.threads.askForExecution(task, writeRequest(task, request));
    }
    task.threads.endOthers(task);
  }

  // From here on there is no way back.
  task.threads.dismissWorkers(host);
  task.vfork?.finish(task);
  deleteTimers(task);
  task.signals.clearHandlers();
  task.signals.altStack = noAltStack();
  forgetLocks(task);
  task.clearChildTid = 0;
  task.robustList = 0n;
  space.reset();
  const loaded = startProgram(host, space, prepared);
  if (isLoadError(loaded)) return host.die(SIGKILL);
  closeOnExec(task);
  process.executable = loaded.executable;
  task.startProgram(loaded.executable);
  process.argv = loaded.argv;
  process.env = loaded.env;
  process.auxv = loaded.auxv;
  process.layout = loaded.layout;
  task.trampoline = BigInt(loaded.sigreturn);
  task.cpu.reset();
  task.cpu.pc = BigInt(loaded.entry);
  task.cpu.sp = BigInt(loaded.sp);
  appearAs(task, path);
  task.tracee?.executed(request.caller ?? Number(host.syscall('gettid')));
  return NO_RESULT;
}

/** How a guest opens programs that has a root directory of its own or is in a sandbox, as openProgramFile does. */
function openerFor(task: GuestTask): ((path: string) => ProgramFile | number) | undefined {
  const { host, process } = task;
  const { mounts, sandbox } = process.options;
  if (sandbox !== undefined) {
    return (path) => {
      const opened = openProgram(task, path);
      return typeof opened === 'number' ? opened : programFileOf(host, opened.descriptor, opened.path);
    };
  }
  if (mounts === undefined) return undefined;
  return (path) => {
    const place = placeOf(task, mounts, AT_FDCWD, path, 'follow');
    return typeof place === 'number' ? place : openProgramFile(host, place.host);
  };
}

/** For the first thread: executes what another one has asked for, after that has ended like all others. */
export function executeForOther(task: GuestTask): void {
  const { threads, signals } = task;
  const { request, mask, filter } = readRequest(task, threads.endOthers(task));
  // What has woken this thread is not for the guest.
  signals.take(bit(WAKING_SIGNAL));
  signals.adoptMask(BigInt(mask));
  setFilter(task, filter);
  const result = executeProgram(task, request);
  // The thread that asked has made sure that the program can be executed; now somebody has changed it.
  if (result !== NO_RESULT) task.host.die(SIGKILL);
}

/** What the thread that asks leaves to the first one. */
interface LeftRequest {
  request: ExecRequest;
  /** Blocked signals stay blocked: those of the thread that has called execve. */
  mask: string;
  /** The newest filter of seccomp(2) of that thread. */
  filter: number;
}

/** A memory file with the request. Strings are latin1, so is their JSON. */
function writeRequest(task: GuestTask, request: ExecRequest): number {
  startCall(task);
  const { host } = task;
  const file = Number(steadyCall(task, 'memfd_create', host.stagingPointer(stageString('execve')), MFD_CLOEXEC));
  const caller = Number(host.syscall('gettid'));
  const left = {
    request: { ...request, caller },
    mask: String(task.signals.mask),
    filter: filterOf(task),
  } satisfies LeftRequest;
  const text = JSON.stringify(left);
  writeText(task, text, (pointer, count) => steadyCall(task, 'write', file, pointer, count));
  return file;
}

function readRequest(task: GuestTask, file: number): LeftRequest {
  startCall(task);
  const text = fileText(task, file);
  steadyCall(task, 'close', file);
  return JSON.parse(text) as LeftRequest;
}

/**
 * The program is none that this emulator runs: the host's kernel does, if it is one of the host's, or the command for its
 * architecture, if that is installed beside ours.
 */
function executeOther(task: GuestTask, { env }: ExecRequest, { error }: LoadError): SyscallResult {
  const { host, process, signals } = task;
  const { errno, otherProgram } = error;
  const { guestOnly } = process.options;
  if (otherProgram === undefined) return -(errno === EISDIR ? EACCES : errno);
  const isGuest = otherProgram.architecture !== undefined;
  if (host.processes === undefined || (guestOnly && !isGuest)) return -ENOEXEC;
  const { sandbox } = process.options;
  if (sandbox !== undefined && !mayRunOnHost(task, otherProgram)) return -EACCES;
  if (filterOf(task) !== 0) {
    reportUnimplemented(`${otherProgram.path} is not executed: it would not be under the filters of seccomp`);
    return -ENOEXEC;
  }
  task.vfork?.send(task);
  const program = { ...otherProgram, path: shownPath(task, otherProgram.path) };
  const { path, argv } = isGuest ? siblingCommand(process.options, program) : program;
  const failure = host.processes.execute({ path, argv, env, mask: signals.mask, rlimits: process.rlimits });
  if (!isGuest || failure !== -ENOENT) return failure;
  reportUnimplemented(`${otherProgram.path} needs ${path}, which is not installed`);
  return -ENOEXEC;
}

/** The command line that runs a program of another architecture as this one would be run. */
function siblingCommand(options: KernelOptions, { path, argv, architecture }: OtherProgram): OtherProgram {
  const { directory, guestOnly, release, sysroot, mounts = [], rootId } = options;
  const command = `${directory}tsemu-${architecture}`;
  const settings = [
    ...(sysroot === '' ? [] : ['-L', sysroot]),
    ...mounts.flatMap(({ guest, host }) => (guest === '' ? ['-root', host || '/'] : ['-b', `${host || '/'}:${guest}`])),
    ...(rootId === true ? ['-root-id'] : []),
    ...(release === '' ? [] : ['-r', release]),
    ...(guestOnly ? ['-exec', 'guest-only'] : []),
  ];
  // A program that is all of the commands goes by what it is called.
  const program = directory === '' ? '/proc/self/exe' : command;
  return { path: program, argv: [command, ...settings, '-0', argv[0], path, ...argv.slice(1)], architecture };
}

/** Closes what has FD_CLOEXEC. The emulator's own descriptors stay. */
function closeOnExec(task: GuestTask): void {
  const { hiddenDescriptors } = task.process;
  startCall(task);
  const name = task.host.stagingPointer(stageString('/proc/self/fd'));
  const directory = Number(steadyCall(task, 'openat', AT_FDCWD, name, O_DIRECTORY_CLOEXEC, 0));
  if (directory < 0) return;
  const size = 0x4000;
  const at = stage(size);
  const open: number[] = [];
  for (;;) {
    const count = Number(steadyCall(task, 'getdents64', directory, task.host.stagingPointer(at), size));
    if (count <= 0) break;
    // struct linux_dirent64: the record's length at 16, the name at 19.
    for (let entry = at; entry < at + count; entry += view.getUint16(entry + 16, true)) {
      const text = stagedString(entry + 19, 16);
      if (text[0] !== '.') open.push(Number(text));
    }
  }
  for (const fd of open) {
    if (hiddenDescriptors.has(fd)) continue;
    const flags = Number(steadyCall(task, 'fcntl', fd, F_GETFD, 0));
    if (flags < 0 || (flags & FD_CLOEXEC) === 0) continue;
    steadyCall(task, 'close', fd);
    forgetDescriptor(fd);
  }
}

/** POSIX timers do not outlive execve; the kernel lists them in /proc/PID/timers (proc(5)). */
function deleteTimers(task: GuestTask): void {
  startCall(task);
  for (const line of hostFile(task, '/proc/self/timers').split('\n')) {
    if (line.startsWith('ID: ')) steadyCall(task, 'timer_delete', Number(line.slice(4)));
  }
}
