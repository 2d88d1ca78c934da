/**
 * New processes: fork(2), vfork(2) and what clone(2) makes of them.
 *
 * The host forks the whole emulator, so a child is a process of its own with a
 * copy of everything: guest memory, translations, signal actions. The thread
 * that called goes on in it; see src/host/linux/native/fork.c for the others.
 */
import type { Int } from '../host/host.ts';
import { PROCESS } from '../host/layout.ts';
import { CLONE } from '../syscalls/clone.ts';
import { EAGAIN, EFAULT, EINVAL, ENOSYS } from '../syscalls/errno.ts';
import { forgetLocks } from '../syscalls/memory-lock.ts';
import { joinSandbox } from '../syscalls/sandbox/members.ts';
import type { CloneRequest, SyscallResult } from '../syscalls/task.ts';
import { forgetTracees } from '../syscalls/tracees.ts';
import { EVENT } from '../syscalls/tracing.ts';
import type { GuestTask } from './task.ts';
import { beginTraced, setTracer } from './tracee.ts';
import { closeHidden, VforkPipe } from './vfork.ts';

/** Flags that the emulator sees to; the host's kernel gets the others. */
const OURS =
  CLONE.CLONE_VM |
  CLONE.CLONE_VFORK |
  CLONE.CLONE_SIGHAND |
  CLONE.CLONE_SETTLS |
  CLONE.CLONE_CHILD_CLEARTID |
  CLONE.CLONE_CHILD_SETTID |
  CLONE.CLONE_PARENT_SETTID;

/** clone(2) for a thread of the guest. */
export function cloneTask(task: GuestTask, request: CloneRequest): SyscallResult {
  const has = (bit: number): boolean => (request.flags & bit) !== 0;
  if (task.host.processes === undefined) return -ENOSYS;
  if (has(CLONE.CLONE_THREAD)) {
    // What asks for exact state in one thread would have to reach the translated code of all.
    task.requirePrecise();
    const tid = task.threads.start(task, request);
    if (Number(tid) > 0) announceChild(task, request, Number(tid));
    return tid;
  }
  // A process that shares the memory of one that goes on running cannot be made with the host's fork.
  if (has(CLONE.CLONE_VM) && !has(CLONE.CLONE_VFORK)) return -EINVAL;
  return has(CLONE.CLONE_VFORK) ? vfork(task, request) : fork(task, request);
}

function fork(task: GuestTask, request: CloneRequest): SyscallResult {
  const pid = hostFork(task, request);
  if (pid !== 0) {
    if (pid > 0) announceChild(task, request, pid);
    return pid;
  }
  task.vfork?.close(task);
  task.vfork = undefined;
  becomeChild(task, request);
  return 0;
}

/** The parent stands still until the child executes a program or ends, and then has what the child has written. */
function vfork(task: GuestTask, request: CloneRequest): SyscallResult {
  const { lock } = task.space;
  // A child that another thread makes meanwhile would have the writing end too, and keep this thread waiting.
  lock.acquire();
  const pipe = VforkPipe.open(task, (request.flags & CLONE.CLONE_VM) !== 0);
  const pid = pipe === undefined ? -EAGAIN : hostFork(task, request);
  if (pid === 0) {
    task.vfork?.close(task);
    task.vfork = pipe;
    pipe?.becomeChild(task, request.stack || Number(task.cpu.sp));
    lock.release();
    becomeChild(task, request);
    return 0;
  }
  pipe?.closeWriter(task);
  lock.release();
  if (pid > 0) announceChild(task, request, pid);
  pipe?.receive(task, pid > 0);
  if (pid > 0) task.tracee?.event(EVENT.vforkDone, pid);
  return pid;
}

/** The tracer may want to know of a new thread or process. */
function announceChild({ tracee }: GuestTask, { flags, exitSignal }: CloneRequest, id: number): void {
  const event = tracee?.cloneEvent(flags, exitSignal) ?? 0;
  if (event !== 0) tracee?.bears(event, id, (flags & CLONE.CLONE_THREAD) !== 0);
}

/** In a new process: it traces nobody, and is traced only if its parent's tracer wants that. */
function startUntraced(
  task: GuestTask,
  { flags, exitSignal }: CloneRequest,
  maker: { tid: number; pid: number },
): void {
  const { tracee } = task;
  const cells = new Int32Array(task.host.processMemory.buffer);
  forgetTracees(task);
  const isTraced = tracee !== undefined && tracee.cloneEvent(flags, exitSignal) !== 0;
  const wasTraced = cells[PROCESS.traced >> 2] !== 0;
  cells[PROCESS.traced >> 2] = 0;
  cells[PROCESS.maker >> 2] = maker.tid;
  cells[PROCESS.makerProcess >> 2] = maker.pid;
  task.signals.forgetPending();
  task.tracee = undefined;
  if (isTraced) tracee.pass(0);
  else setTracer(task, 0, { tid: 0, process: 0 }, 0, false);
  if (wasTraced) task.signals.mirrorActions();
  task.chooseCalls();
  beginTraced(task);
}

function hostFork(task: GuestTask, request: CloneRequest): number {
  const { flags, exitSignal, parentTid, pidfd } = request;
  const { host, space } = task;
  const has = (bit: number): boolean => (flags & bit) !== 0;
  // The kernel writes a process ID for nobody if the address is bad, and the descriptor's number not at all.
  const pidfdAt = has(CLONE.CLONE_PIDFD) ? host.guestPointer(pidfd) : 0;
  if (has(CLONE.CLONE_PIDFD) && space.read(pidfd, 4) === undefined) return -EFAULT;
  // Nobody else may have the lock, or the child would find it taken for ever.
  space.lock.acquire();
  const maker = { tid: Number(host.syscall('gettid')), pid: Number(host.syscall('getpid')) };
  const pid = host.processes!.fork(((flags & ~OURS) >>> 0) + exitSignal, pidfdAt, 0);
  if (pid === 0) {
    host.processes!.forgetWorkers();
    task.forgetOrders();
    for (const fd of task.threads.othersVforkReaders()) closeHidden(task, fd);
    task.threads.reset(Number(host.syscall('gettid')));
    startUntraced(task, request, maker);
  }
  space.lock.release();
  // The child does so itself as well, but perhaps only after this process has named it.
  if (pid > 0) joinSandbox(task, pid);
  if (pid > 0 && has(CLONE.CLONE_PARENT_SETTID)) space.writeU32(parentTid, pid);
  return pid;
}

/** What fork(2) says is different in the child, as far as the host's kernel does not know of it. */
function becomeChild(task: GuestTask, request: CloneRequest): void {
  const { flags, stack, tls, childTid, parentTid, clearHandlers } = request;
  const { cpu, host, signals, space } = task;
  const has = (bit: number): boolean => (flags & bit) !== 0;
  joinSandbox(task);
  forgetLocks(task);
  if (clearHandlers) signals.clearHandlers();
  // An alternate stack is kept, unless the child runs on another stack in the same memory.
  if (has(CLONE.CLONE_VM) && !has(CLONE.CLONE_VFORK)) signals.altStack = { sp: 0n, flags: 2, size: 0n };
  task.robustList = 0n;
  if (stack !== 0) cpu.sp = BigInt(stack);
  if (has(CLONE.CLONE_SETTLS)) cpu.tls = tls;
  const tid: Int = host.syscall('gettid');
  task.clearChildTid = has(CLONE.CLONE_CHILD_CLEARTID) ? childTid : 0;
  if (has(CLONE.CLONE_CHILD_SETTID)) space.writeU32(childTid, Number(tid));
  // The parent's copy was made before it knew; the kernel writes it in memory that both have.
  if (has(CLONE.CLONE_PARENT_SETTID) && has(CLONE.CLONE_VM)) space.writeU32(parentTid, Number(tid));
}
