/**
 * Whom the threads of a process trace, as letters have told it (see tracing.ts): a table in the process memory, which all of
 * them share. wait.ts reports from it, ptrace.ts looks up whom it is asked for.
 */
import { PROCESS, TRACEE, TRACEE_STATE } from '../host/layout.ts';
import { steadyCall } from './call.ts';
import type { Task } from './task.ts';
import { LETTER, type Letter, queueSignal, sendLetter, type Thread, userInfo } from './tracing.ts';

const SIGCHLD = 17;
const SA_NOCLDSTOP = 1n;
export const CLD = { exited: 1, killed: 2, dumped: 3, trapped: 4, stopped: 5 } as const;

/** An entry of the table. */
export class TraceeEntry {
  private readonly cells: Int32Array;
  private readonly at: number;

  constructor(cells: Int32Array, number: number) {
    this.cells = cells;
    this.at = (PROCESS.tracees + number * PROCESS.traceeSize) >> 2;
  }

  get(field: number): number {
    return this.cells[this.at + (field >> 2)];
  }
  set(field: number, value: number): void {
    Atomics.store(this.cells, this.at + (field >> 2), value);
  }
  get tid(): number {
    return this.get(TRACEE.tid);
  }
  get process(): number {
    return this.get(TRACEE.process);
  }
  get isDead(): boolean {
    return this.get(TRACEE.state) === TRACEE_STATE.dead;
  }
  get isStopped(): boolean {
    return this.get(TRACEE.state) === TRACEE_STATE.stopped;
  }
  /** What wait(2) is to report: its status; undefined for nothing. */
  get report(): number | undefined {
    const report = this.get(TRACEE.report);
    return report === 0 ? undefined : report - 1;
  }
  die(status: number): void {
    this.set(TRACEE.report, status + 1);
    this.set(TRACEE.state, TRACEE_STATE.dead);
  }
  free(): void {
    this.set(TRACEE.tid, 0);
  }
}

const cellsOf = (task: Task): Int32Array => new Int32Array(task.host.processMemory.buffer);

/** Those whom the process traces. */
export function tracees(task: Task): TraceeEntry[] {
  const cells = cellsOf(task);
  const found: TraceeEntry[] = [];
  if (cells[PROCESS.traceeEnd >> 2] === 0) return found;
  for (let number = 0; number < cells[PROCESS.traceeEnd >> 2]; number++) {
    const entry = new TraceeEntry(cells, number);
    if (entry.tid !== 0) found.push(entry);
  }
  return found;
}

/** True if the process has ever traced anybody. */
export const hasTraced = (task: Task): boolean => cellsOf(task)[PROCESS.traceeEnd >> 2] !== 0;

export const traceeOf = (task: Task, tid: number): TraceeEntry | undefined =>
  tracees(task).find((entry) => entry.tid === tid);

/** Adds one that `tracer` traces, if it is not there; undefined if the table is full. */
export function addTracee(
  task: Task,
  { tid, process, slot, tracer, seized }: Thread & { slot: number; tracer: number; seized: boolean },
): TraceeEntry | undefined {
  const known = traceeOf(task, tid);
  if (known !== undefined) return known;
  const cells = cellsOf(task);
  for (let number = 0; number < PROCESS.traceeCount; number++) {
    const entry = new TraceeEntry(cells, number);
    if (entry.tid !== 0) continue;
    entry.set(TRACEE.process, process);
    entry.set(TRACEE.slot, slot);
    entry.set(TRACEE.tracer, tracer);
    entry.set(TRACEE.seized, seized ? 1 : 0);
    entry.set(TRACEE.report, 0);
    entry.set(TRACEE.state, TRACEE_STATE.running);
    entry.set(TRACEE.tid, tid);
    cells[PROCESS.traceeEnd >> 2] = Math.max(cells[PROCESS.traceeEnd >> 2], number + 1);
    return entry;
  }
  return undefined;
}

/** si_code and si_status of a process that has ended with a status of wait(2). */
export const endOf = (status: number): [code: number, value: number] =>
  (status & 0x7f) === 0 ? [CLD.exited, status >> 8] : [CLD.killed, status & 0x7f];

/** wait(2)'s status of a stop. */
const stopStatus = (code: number): number => ((code << 8) | 0x7f) >>> 0;

/** Takes note of what a traced thread has written to the calling one. */
export function receiveAsTracer(task: Task, letter: Letter): void {
  const { kind, tid, process, a, b, c } = letter;
  const tracer = Number(task.host.syscall('gettid'));
  switch (kind) {
    case LETTER.traced:
      addTracee(task, { tid, process, slot: a, tracer, seized: b !== 0 });
      return;
    case LETTER.bears:
      addTracee(task, { tid: c, process: b !== 0 ? process : c, slot: 0, tracer, seized: a !== 0 });
      return;
    case LETTER.stopped: {
      const entry = traceeOf(task, tid);
      if (entry === undefined) return;
      entry.set(TRACEE.slot, a);
      entry.set(TRACEE.report, stopStatus(b) + 1);
      entry.set(TRACEE.state, TRACEE_STATE.stopped);
      tell(task, tid, c === 0 ? CLD.trapped : CLD.stopped, b & 0x7f);
      break;
    }
    case LETTER.ended: {
      const entry = traceeOf(task, a);
      // Of a child the host's kernel will tell.
      if (entry === undefined) return;
      if (a === c && isChild(task, c)) return;
      entry.die(b);
      tell(task, a, ...endOf(b));
      break;
    }
    default:
      return;
  }
  wakeWaiters(task, tracer);
}

/** Whether the host's wait(2) will report the process's end. */
export function isChild(task: Task, pid: number): boolean {
  const [P_PID, WNOHANG_WEXITED_WNOWAIT_WALL] = [1, 0x4100_0005];
  return steadyCall(task, 'waitid', P_PID, pid, 0, WNOHANG_WEXITED_WNOWAIT_WALL, 0) === 0;
}

/** The tracer's SIGCHLD. */
function tell(task: Task, pid: number, code: number, status: number): void {
  const { host, signals, slot } = task;
  if ((signals.getAction(SIGCHLD).flags & SA_NOCLDSTOP) !== 0n && code >= CLD.trapped) return;
  const info = userInfo(SIGCHLD, code, pid, Number(host.syscall('getuid')));
  new DataView(info.buffer).setInt32(24, status, true);
  const self = { tid: Number(host.syscall('gettid')), process: Number(host.syscall('getpid')) };
  queueSignal({ host, slot }, self, info);
}

/** Other threads of the process may wait for this, too. */
function wakeWaiters(task: Task, own: number): void {
  const cells = cellsOf(task);
  for (let i = 0; i < PROCESS.waiterCount; i++) {
    const tid = Atomics.load(cells, (PROCESS.waiters >> 2) + i);
    if (tid === 0 || tid === own) continue;
    sendLetter(task, { tid, process: Number(task.host.syscall('getpid')) }, LETTER.look);
  }
}

/** Enters the calling thread among those who wait, and gives what takes it out again. */
export function enterWaiter(task: Task): () => void {
  const cells = cellsOf(task);
  const own = Number(task.host.syscall('gettid'));
  const first = PROCESS.waiters >> 2;
  for (let i = 0; i < PROCESS.waiterCount; i++) {
    if (Atomics.compareExchange(cells, first + i, 0, own) === 0) return () => Atomics.store(cells, first + i, 0);
  }
  return () => {};
}

/** In a new process, and when the tracer ends: nobody is traced by it. */
export function forgetTracees(task: Task): void {
  const cells = cellsOf(task);
  cells.fill(0, PROCESS.waiters >> 2, (PROCESS.waiters >> 2) + PROCESS.waiterCount);
  if (cells[PROCESS.traceeEnd >> 2] === 0) return;
  cells.fill(0, PROCESS.tracees >> 2, (PROCESS.tracees + PROCESS.traceeSize * PROCESS.traceeCount) >> 2);
  cells[PROCESS.traceeEnd >> 2] = 0;
}

/** The calling thread, or the process with all of them, ends: lets go whom it traces. */
export function releaseTracees(task: Task, all: boolean): void {
  if (!hasTraced(task)) return;
  const own = Number(task.host.syscall('gettid'));
  for (const entry of tracees(task)) {
    if (entry.isDead || (!all && entry.get(TRACEE.tracer) !== own)) continue;
    sendLetter(task, entry, LETTER.abandon);
    entry.free();
  }
}
