/**
 * Carries out the system call that the guest has asked for.
 *
 * The common call has a row without a handler: its registers become host
 * arguments by a look at `Pass`, and the host makes the call, without a
 * closure, an object or a bigint being made. -strace goes the same way with a
 * print before and after. Where all arguments are numbers, which is nearly
 * always, `passOn` makes the call while guest code waits for it.
 */
import type { Int } from '../host/host.ts';
import { SLOT, slotField } from '../host/layout.ts';
import { fail, failed, finishCall, hostCall, retryFault, startCall } from './call.ts';
import { type Codec, Pass, toAddress, toInt32 } from './codec.ts';
import { memoryFiles } from './descriptors.ts';
import { EBADF, EFAULT, ENOSYS } from './errno.ts';
import { askAbout } from './hooks.ts';
import { type Narrow, Narrowing } from './narrow.ts';
import { memoryFileCall } from './proc-mem.ts';
import { type ReportHooks, reportUnimplemented, setReportHooks } from './report.ts';
import type { RestartClass, Row } from './row.ts';
import { runGuarded } from './sandbox/guard.ts';
import { ruleOf } from './sandbox/rules.ts';
import { judgeCall, TRACED } from './seccomp.ts';
import { type TraceSink, traceEnter, traceLeave, traceNoReturn } from './strace.ts';
import type { Topic } from './table.ts';
import { NO_RESULT, type SyscallResult, type Task } from './task.ts';
import { isNoCall } from './tracing.ts';

/** A call that is only passed on: the host's number for it, and how each of its arguments is (none: a value). */
class Passage {
  readonly nr: number;
  readonly count: number;
  readonly passes: readonly Codec<unknown>['pass'][];

  constructor(nr: number, { codecs }: Row) {
    this.nr = nr;
    this.count = codecs.length;
    this.passes = codecs.map(({ pass }) => pass);
  }
}

/** `refused`: -ENOSYS. */
export type NarrowCalls = Readonly<Record<string, Narrow | 'refused'>>;

/** The system calls of one architecture. One per worker. */
export class SyscallTable {
  private readonly numbers: Readonly<Record<number, string>>;
  private readonly byNumber: (Row | undefined)[] = [];
  /** How the calls of a 32-bit architecture are made that differ, by name. */
  private readonly narrow: NarrowCalls | undefined;
  /** Undefined: not looked at yet; null: {@link dispatch} has to make it. */
  private readonly passages: (Passage | null | undefined)[] = [];
  private readonly byName = new Map<string, Row>();
  private readonly topics: readonly Topic[];
  private nextTopic = 0;
  private cells: Int32Array | undefined;

  constructor(
    numbers: Readonly<Record<number, string>>,
    topics: readonly Topic[],
    hooks: ReportHooks,
    narrow?: NarrowCalls,
  ) {
    this.numbers = numbers;
    this.narrow = narrow;
    this.topics = topics;
    setReportHooks(hooks);
  }

  /** The row for a number, which makes the rows of topics not looked at yet. */
  private find(number: number): Row | undefined {
    let name = this.numbers[number];
    if (name === undefined) return undefined;
    const narrow = this.narrow?.[name];
    if (narrow === 'refused') return undefined;
    if (narrow !== undefined) name = narrow.target;
    let row = this.byName.get(name);
    while (row === undefined && this.nextTopic < this.topics.length) {
      for (const made of this.topics[this.nextTopic++]()) this.byName.set(made.name, made);
      row = this.byName.get(name);
    }
    this.byNumber[number] = row;
    return row;
  }

  /** `read` for 63; undefined for a number that the kernel does not know either. */
  nameOf(number: number): string | undefined {
    return this.numbers[number];
  }

  /** What an interrupted call does, signal(7): see {@link RestartClass}. */
  restartClass(number: number): RestartClass {
    return (this.byNumber[number] ?? this.find(number))?.marks.restart ?? 'always';
  }

  /**
   * Carries out the system call in the CPU's registers and sets the result register. Returns the result; -EINTR is
   * left to the caller, who knows whether a handler with SA_RESTART runs.
   */
  dispatch(task: Task, sink?: TraceSink, isJudged = false): SyscallResult {
    const number = task.cpu.syscallNumber;
    const row = this.byNumber[number] ?? this.find(number);
    if (row === undefined) this.complain(number);
    startCall(task);
    if (this.isFiltered(task)) {
      const verdict = judgeCall(task, this.numbers[number], isJudged);
      if (verdict === TRACED) return this.dispatchTraced(task, sink);
      if (verdict !== undefined) return this.decided(task, number, row, verdict, sink);
      startCall(task);
    }
    const narrow = this.narrow?.[this.numbers[number]];
    if (narrow !== undefined && narrow !== 'refused' && row !== undefined) {
      return this.narrowed(task, number, row, narrow, sink);
    }
    if (sink !== undefined) return this.traced(task, number, row, sink);
    const result = row === undefined ? -ENOSYS : run(task, row);
    if (result !== NO_RESULT) task.cpu.setResult(result);
    return result;
  }

  /** Makes a call that its tracer has seen because of a filter; none, if that has set its number to -1. */
  private dispatchTraced(task: Task, sink?: TraceSink): SyscallResult {
    return isNoCall(task.cpu.syscallNumber) ? NO_RESULT : this.dispatch(task, sink, true);
  }

  /**
   * The result of the call in the CPU's registers, if it is one that is only passed on and has simple arguments, without
   * setting the result register; else undefined, and {@link dispatch} is to make it. That is so too after EFAULT, if
   * it may be none of the guest's doing.
   */
  passOn(task: Task): Int | undefined {
    const { host } = task;
    const number = task.cpu.syscallNumber;
    let passage = this.passages[number];
    if (passage === undefined) passage = this.passages[number] = this.passageOf(task, number);
    if (passage === null || memoryFiles !== undefined || this.isFiltered(task)) return undefined;
    const { nr, count, passes } = passage;
    const a = count > 0 ? simpleArgument(task, passes[0], 0) : 0;
    const b = count > 1 ? simpleArgument(task, passes[1], 1) : 0;
    const c = count > 2 ? simpleArgument(task, passes[2], 2) : 0;
    const d = count > 3 ? simpleArgument(task, passes[3], 3) : 0;
    const e = count > 4 ? simpleArgument(task, passes[4], 4) : 0;
    const f = count > 5 ? simpleArgument(task, passes[5], 5) : 0;
    if (Number.isNaN(a + b + c + d + e + f)) return undefined;
    const result = host.callByNumber!(nr, a, b, c, d, e, f);
    // Never made twice for nothing: it may have taken a message before it met the fault.
    return result === -EFAULT && task.space.mayRepair(Number(task.cpu.sp)) ? undefined : result;
  }

  /** Filters of seccomp(2) have a say. Another thread may have put them on this one. */
  private isFiltered({ host, slot }: Task): boolean {
    this.cells ??= new Int32Array(host.processMemory.buffer);
    return this.cells[slotField(slot, SLOT.filter) >> 2] !== 0;
  }

  /** A call that is not made. */
  private decided(
    task: Task,
    number: number,
    row: Row | undefined,
    result: SyscallResult,
    sink?: TraceSink,
  ): SyscallResult {
    if (sink !== undefined) {
      const line = traceEnter(task, row, this.numbers[number] ?? `syscall_${number}`, sink);
      startCall(task);
      traceLeave(line, result, sink);
    }
    if (result !== NO_RESULT) task.cpu.setResult(result);
    return result;
  }

  private passageOf({ host, process }: Task, number: number): Passage | null {
    const row = this.byNumber[number] ?? this.find(number);
    if (this.narrow?.[this.numbers[number]] !== undefined) return null;
    if (row === undefined || host.callByNumber === undefined) return null;
    if (row.handler !== undefined && row.marks.mostlyPassed !== true) return null;
    const hasRoot = process.options.mounts !== undefined;
    if (row.codecs.some(({ pass, inRoot }) => pass === Pass.convert || (hasRoot && inRoot === true))) return null;
    if (process.options.hooks?.names.has(row.name)) return null;
    if (process.options.sandbox !== undefined && ruleOf(row.name) !== 'free') return null;
    const nr = host.numberOf?.(row.name) ?? -1;
    return nr < 0 ? null : new Passage(nr, row);
  }

  /** A call of a 32-bit program with the arguments that a 64-bit one would have. */
  private narrowed(task: Task, number: number, row: Row, narrow: Narrow, sink?: TraceSink): SyscallResult {
    const { cpu } = task;
    const narrowing = new Narrowing(task);
    const values = narrow.args(narrowing);
    let result: SyscallResult = narrowing.failure;
    if (result === 0) {
      cpu.replaceArguments?.(values);
      try {
        result = sink === undefined ? run(task, row) : this.traced(task, number, row, sink);
      } finally {
        cpu.replaceArguments?.(undefined);
      }
      result = narrowing.finish(result);
      if (narrow.result !== undefined && typeof result !== 'symbol') {
        result = narrow.result(narrowing, Number(result));
      }
    }
    if (result !== NO_RESULT) cpu.setResult(result);
    return result;
  }

  private traced(task: Task, number: number, row: Row | undefined, sink: TraceSink): SyscallResult {
    const line = traceEnter(task, row, this.numbers[number] ?? `syscall_${number}`, sink);
    // A call that never returns has its line ended before it is made.
    if (row?.marks.prints === 'none') traceNoReturn(line, sink);
    startCall(task);
    const result = row === undefined ? -ENOSYS : run(task, row);
    startCall(task);
    traceLeave(line, result, sink);
    if (result !== NO_RESULT) task.cpu.setResult(result);
    return result;
  }

  private complain(number: number): void {
    const name = this.numbers[number];
    reportUnimplemented(`system call ${number}${name === undefined ? '' : ` (${name})`} is not implemented`);
  }
}

function run(task: Task, row: Row): SyscallResult {
  if (task.process.options.hooks?.names.has(row.name)) {
    const decided = askAbout(task, row);
    startCall(task);
    if (decided !== undefined) return decided;
  }
  return task.process.options.sandbox === undefined ? carryOut(task, row) : runGuarded(task, row, carryOut);
}

/** Arguments of the host's that a sandbox has put in the place of the guest's, by number. */
type Replaced = readonly (Int | undefined)[];
const NONE_REPLACED: Replaced = [];

function carryOut(task: Task, row: Row, replaced = NONE_REPLACED): SyscallResult {
  return row.handler === undefined ? passOn(task, row, replaced) : handle(task, row);
}

function handle(task: Task, row: Row): SyscallResult {
  const { codecs, names } = row;
  const values: Record<string, unknown> = {};
  for (let i = 0; i < codecs.length; i++) values[names[i]] = codecs[i].decode(task, task.cpu.argument(i));
  if (failed() !== 0) return failed();
  const result = row.handler!(task, values);
  return typeof result === 'symbol' ? result : finishCall(result);
}

const SIGSTOP = 19;

/** The host's argument; NaN if finding it takes more than this. */
function simpleArgument(task: Task, pass: Codec<unknown>['pass'], index: number): number {
  const raw = task.cpu.argument(index);
  if (typeof raw !== 'number') return Number.NaN;
  if (pass === Pass.pointer) return raw === 0 ? 0 : task.host.guestPointer(toAddress(raw));
  if (pass === Pass.fd && task.process.hiddenDescriptors.has(toInt32(raw))) return Number.NaN;
  if (pass === Pass.stop && raw === SIGSTOP) return Number.NaN;
  return raw;
}

function hostArgument(task: Task, codec: Codec<unknown>, index: number, replaced: Replaced): Int {
  if (replaced.length > index && replaced[index] !== undefined) return replaced[index];
  const raw = task.cpu.argument(index);
  if (codec.inRoot === true && task.process.options.mounts !== undefined) return codec.toHost!(task, raw);
  switch (codec.pass) {
    case Pass.value:
      return raw;
    case Pass.pointer:
      return raw === 0 ? 0 : task.host.guestPointer(toAddress(raw));
    case Pass.fd:
      if (task.process.hiddenDescriptors.has(toInt32(raw))) return fail(EBADF);
      return raw;
    default:
      return codec.toHost!(task, raw);
  }
}

function passOn(task: Task, row: Row, replaced: Replaced): SyscallResult {
  const { codecs, name } = row;
  const count = codecs.length;
  if (memoryFiles !== undefined) {
    const result = memoryFileCall(task, row);
    if (result !== undefined) return result;
  }
  if (count === 0) return task.host.syscall(name);
  const a = hostArgument(task, codecs[0], 0, replaced);
  const b = count > 1 ? hostArgument(task, codecs[1], 1, replaced) : 0;
  const c = count > 2 ? hostArgument(task, codecs[2], 2, replaced) : 0;
  const d = count > 3 ? hostArgument(task, codecs[3], 3, replaced) : 0;
  if (failed() !== 0) return failed();
  if (count <= 3) {
    const result = task.host.syscall(name, a, b, c);
    return finishCall(result === -EFAULT ? retryFault(task, () => task.host.syscall(name, a, b, c)) : result);
  }
  const e = count > 4 ? hostArgument(task, codecs[4], 4, replaced) : 0;
  const f = count > 5 ? hostArgument(task, codecs[5], 5, replaced) : 0;
  if (failed() !== 0) return failed();
  return finishCall(hostCall(task, name, a, b, c, d, e, f));
}
