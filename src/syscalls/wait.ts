/**
 * wait4(2) and waitid(2). Children are the host's to report. A process that traces others has these reported, too, from
 * the table in tracees.ts: their stops, and the end of those that are no children of its own. The host knows no stop of a
 * traced process, so a parent that is not the tracer sees none.
 */
import type { Int } from '../host/host.ts';
import { PROCESS, TRACEE } from '../host/layout.ts';
import { hostCall, ptr, steadyCall } from './call.ts';
import { ECHILD, EFAULT, EINTR } from './errno.ts';
import { hostFile, processOfDescriptor, statFields } from './host-proc.ts';
import { bytes, deliver, stage, view } from './staging.ts';
import type { Task } from './task.ts';
import { CLD, endOf, enterWaiter, hasTraced, isChild, type TraceeEntry, tracees } from './tracees.ts';

const P = { all: 0, pid: 1, pgid: 2, pidfd: 3 } as const;
const W = {
  nohang: 1,
  stopped: 2,
  exited: 4,
  nowait: 0x0100_0000,
  nothread: 0x2000_0000,
  all: 0x4000_0000,
} as const;
const SIGINFO_SIZE = 128;
const RUSAGE_SIZE = 144;
const SIGKILL = 9;
const POLLIN = 1;
/** Milliseconds between looks at the host's children while a process is waited for that is none of them. */
const GLANCE = 20;

/** Whom the call asks for, and how: waitid(2)'s arguments. */
interface Question {
  which: number;
  id: number;
  options: number;
}

/** Somebody who has something to report; `status` as wait4(2) gives it. */
interface Report {
  pid: number;
  status: number;
  isStop: boolean;
}

/** Places in the staging buffer, so that waiting for long does not use it up. */
interface Places {
  info: number;
  time: number;
  poll: number;
}

type Wait4Args = { pid: number; wstatus: number; options: number; rusage: number };

export function wait4(task: Task, { pid, wstatus, options, rusage }: Wait4Args): Int {
  const call = (who: number, extra: number): Int =>
    hostCall(task, 'wait4', who, ptr(task, wstatus), options | extra, ptr(task, rusage));
  if (!hasTraced(task)) {
    const result = call(pid, 0);
    if (result !== -EINTR || !nowTraces(task)) return result;
  }
  const [which, id] = pid === -1 ? [P.all, 0] : pid > 0 ? [P.pid, pid] : [P.pgid, 0 - pid];
  const found = wait(task, { which, id, options: options | W.exited }, (child) => call(child, W.nohang));
  if (found === undefined) return 0;
  if (typeof found !== 'object') return found;
  const at = stage(4);
  view.setUint32(at, found.status, true);
  if (wstatus !== 0 && !deliver(task, wstatus, at, 4)) return -EFAULT;
  return deliverUsage(task, rusage, found.pid) ? found.pid : -EFAULT;
}

type WaitidArgs = { which: number; id: number; infop: number; options: number; rusage: number };

export function waitid(task: Task, { which, id, infop, options, rusage }: WaitidArgs): Int {
  const call = (kind: number, who: number, extra: number): Int =>
    hostCall(task, 'waitid', kind, who, ptr(task, infop), options | extra, ptr(task, rusage));
  if (!hasTraced(task)) {
    const result = call(which, id, 0);
    if (result !== -EINTR || !nowTraces(task)) return result;
  }
  const found = wait(task, { which, id, options }, (child) => call(P.pid, child, W.nohang));
  const info = stage(SIGINFO_SIZE);
  bytes.fill(0, info, info + SIGINFO_SIZE);
  if (found === undefined) {
    // Nothing to report: si_pid and si_signo are zero.
    return infop === 0 || deliver(task, infop, info, SIGINFO_SIZE) ? 0 : -EFAULT;
  }
  if (typeof found !== 'object') return found;
  const { pid, status, isStop } = found;
  const [code, value] = isStop ? [CLD.trapped, status >>> 8] : endOf(status);
  view.setInt32(info, 17, true);
  view.setInt32(info + 8, code, true);
  view.setInt32(info + 16, pid, true);
  view.setInt32(info + 20, Number(task.host.syscall('getuid')), true);
  view.setInt32(info + 24, value, true);
  if (infop !== 0 && !deliver(task, infop, info, SIGINFO_SIZE)) return -EFAULT;
  return deliverUsage(task, rusage, pid) ? 0 : -EFAULT;
}

/** The call was interrupted: by a letter of one who has become traced, and nothing else. */
function nowTraces(task: Task): boolean {
  task.signals.poll();
  return hasTraced(task) && !task.signals.isDue;
}

/** Microseconds of a clock tick of /proc/PID/stat. */
const TICK = 10_000;

/** What a traced thread has used of the processor until now. */
function deliverUsage(task: Task, address: number, pid: number): boolean {
  if (address === 0) return true;
  const at = stage(RUSAGE_SIZE);
  bytes.fill(0, at, at + RUSAGE_SIZE);
  const { values } = statFields(hostFile(task, `/proc/${pid}/stat`));
  [14, 15].forEach((field, i) => {
    const time = Number(values[field - 3] ?? 0) * TICK;
    view.setBigInt64(at + 16 * i, BigInt(Math.floor(time / 1e6)), true);
    view.setBigInt64(at + 16 * i + 8, BigInt(time % 1e6), true);
  });
  return deliver(task, address, at, RUSAGE_SIZE);
}

/**
 * Waits for somebody's report; the host's answer, by `reap`, if it is a child's; a negative errno; undefined if nobody has
 * anything to report and the call is not to wait.
 */
function wait(task: Task, asked: Question, reap: (child: number) => Int): Report | Int | undefined {
  const question = asked.which === P.pidfd ? byPid(task, asked) : asked;
  const places = { info: stage(SIGINFO_SIZE), time: stage(16), poll: stage(8 * PROCESS.traceeCount) };
  const { options } = question;
  for (;;) {
    task.signals.poll();
    buryOthers(task, places);
    const found = takeReport(task, question);
    if (found !== undefined) return found;
    const child = ask(task, question, places, W.nohang);
    if (child > 0) {
      const result = reap(child);
      if ((options & W.nowait) === 0) for (const entry of tracees(task)) if (entry.tid === child) entry.free();
      return result;
    }
    const hasChildren = child === 0;
    if (child < 0 && child !== -ECHILD) return child;
    if (!hasChildren && !tracees(task).some((entry) => matches(task, entry, question))) return -ECHILD;
    if ((options & W.nohang) !== 0) {
      const strangers = strangersOf(task);
      if (strangers.length > 0) watch(task, strangers, places, 0);
      if (reports(task, question)) continue;
      return undefined;
    }
    if (task.signals.isDue) return -EINTR;
    block(task, question, places, hasChildren);
    task.signals.poll();
    if (task.signals.isDue) return -EINTR;
  }
}

/** Of a descriptor that is no process's the host will tell. */
function byPid(task: Task, question: Question): Question {
  const pid = processOfDescriptor(task, question.id) ?? -1;
  return pid < 0 ? question : { ...question, which: P.pid, id: pid };
}

/** What the host says without anything being changed: the ID of a child that has something to report, 0, or -errno. */
function ask(task: Task, { which, id, options }: Question, { info }: Places, extra: number): number {
  view.setInt32(info + 16, 0, true);
  const pointer = task.host.stagingPointer(info);
  const call = extra === 0 ? task.host.syscall.bind(task.host) : steadyCall.bind(undefined, task);
  const result = call('waitid', which, id, pointer, options | extra | W.nowait, 0);
  return result < 0 ? Number(result) : view.getInt32(info + 16, true);
}

/** wait4's status by the siginfo_t. */
function childStatus({ info }: Places): number {
  const [code, status] = [view.getInt32(info + 8, true), view.getInt32(info + 24, true)];
  if (code === CLD.exited) return status << 8;
  return code === CLD.dumped ? status | 0x80 : status;
}

/** Of children that have ended: so have their threads, which are reported before, and may not have said so. */
function buryOthers(task: Task, places: Places): void {
  for (const process of processesOf(task)) {
    if (ask(task, { which: P.pid, id: process, options: W.exited | W.all }, places, W.nohang) <= 0) continue;
    // What they had to say came before.
    task.signals.poll();
    for (const entry of tracees(task)) {
      if (entry.process === process && entry.tid !== process && !entry.isDead) entry.die(childStatus(places));
    }
  }
}

function matches(task: Task, entry: TraceeEntry, { which, id, options }: Question): boolean {
  const { host } = task;
  if ((options & W.nothread) !== 0 && entry.get(TRACEE.tracer) !== host.syscall('gettid')) return false;
  switch (which) {
    case P.pid:
      return entry.tid === id;
    case P.pgid:
      return host.syscall('getpgid', entry.process) === (id === 0 ? host.syscall('getpgid', 0) : id);
    default:
      return true;
  }
}

function takeReport(task: Task, question: Question): Report | undefined {
  const { options } = question;
  for (const entry of tracees(task)) {
    const { report: status, tid, isDead } = entry;
    if (status === undefined || (isDead && (options & W.exited) === 0) || !matches(task, entry, question)) continue;
    if ((options & W.nowait) === 0) {
      entry.set(TRACEE.report, 0);
      if (isDead) entry.free();
    }
    return { pid: tid, status, isStop: !isDead };
  }
  return undefined;
}

const reports = (task: Task, question: Question): boolean =>
  tracees(task).some((entry) => entry.report !== undefined && matches(task, entry, question));

const processesOf = (task: Task): number[] => [...new Set(tracees(task).map((entry) => entry.process))];

/** Traced processes of whose end the host will not tell. */
const strangersOf = (task: Task): number[] => processesOf(task).filter((pid) => !isChild(task, pid));

/** Sleeps until somebody may have something to report, or a signal has come. */
function block(task: Task, question: Question, places: Places, hasChildren: boolean): void {
  const leave = enterWaiter(task);
  try {
    task.signals.poll();
    if (reports(task, question)) return;
    if (!hasChildren) watch(task, processesOf(task), places, undefined);
    else if (strangersOf(task).length === 0) void ask(task, question, places, 0);
    else watch(task, strangersOf(task), places, GLANCE);
  } finally {
    leave();
  }
}

/** Sleeps until one of these processes has ended, a signal has come, or the time, in milliseconds, is over. */
function watch(task: Task, processes: readonly number[], { time, poll }: Places, limit: number | undefined): void {
  const { host } = task;
  const watched = processes.map((pid) => ({ pid, fd: Number(steadyCall(task, 'pidfd_open', pid, 0)) }));
  watched.forEach(({ fd }, i) => {
    view.setInt32(poll + 8 * i, fd, true);
    view.setInt32(poll + 8 * i + 4, POLLIN, true);
  });
  view.setBigInt64(time, 0n, true);
  view.setBigInt64(time + 8, BigInt((limit ?? 0) * 1e6), true);
  const timeout = limit === undefined ? 0 : host.stagingPointer(time);
  const isGone = watched.some(({ fd }) => fd < 0);
  if (!isGone) host.syscall('ppoll', host.stagingPointer(poll), watched.length, timeout, 0, 8);
  // The last that they had to say came before they ended.
  task.signals.poll();
  watched.forEach(({ pid, fd }, i) => {
    if (fd >= 0) steadyCall(task, 'close', fd);
    if (fd >= 0 && (view.getUint16(poll + 8 * i + 6, true) & POLLIN) === 0) return;
    if (isChild(task, pid)) return;
    for (const entry of tracees(task)) if (entry.process === pid && !entry.isDead) entry.die(SIGKILL);
  });
}
