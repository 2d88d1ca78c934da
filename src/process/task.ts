/**
 * One guest thread: runs translated code, and does what has to be done when
 * that code exits.
 *
 *     engine.run() → system call     → the row's handler, result register
 *                  → fault           → stack growth, code page, or SIGSEGV/SIGBUS
 *                  → ebreak, illegal → SIGTRAP, SIGILL
 *                  → interrupt       → signals
 *
 * Signals are delivered between two runs, so handlers and signal frames always
 * see complete register state.
 */
import type { GuestCpu } from '../cpu/guest-cpu.ts';
import type { SignalFrames } from '../cpu/signal-frame.ts';
import type { Host, Int } from '../host/host.ts';
import { STUB } from '../host/layout.ts';
import type { AddressSpace } from '../memory/address-space.ts';
import type { SyscallTable } from '../syscalls/dispatch.ts';
import { EINTR } from '../syscalls/errno.ts';
import { SYSCALL_INFO } from '../syscalls/ptrace.ts';
import type { RestartClass } from '../syscalls/row.ts';
import type { TraceSink } from '../syscalls/strace.ts';
import {
  type CloneRequest,
  type ExecRequest,
  NO_RESULT,
  type Process,
  type SyscallResult,
  type Task,
} from '../syscalls/task.ts';
import { receiveAsTracer, releaseTracees } from '../syscalls/tracees.ts';
import { EVENT, isNoCall, LETTER, RESUME, readLetter, type Thread } from '../syscalls/tracing.ts';
import type { Engine, Exit } from '../translate/engine.ts';
import { cloneTask } from './clone.ts';
import { executeForOther, executeProgram } from './exec.ts';
import type { Guest } from './guest.ts';
import { endSandbox } from './sandbox.ts';
import { ILL_ILLOPC, SIGILL, SIGSEGV, SIGTRAP, SIGXCPU, TRAP_BRKPT } from './signal-numbers.ts';
import { type SignalOwner, Signals } from './signals.ts';
import { releaseRobustMutexes, ThreadRevival, type Threads } from './threads.ts';
import { announceEnd, attached, beginTraced, RESTART_RESULT, type Tracee, takePokes, traceMe } from './tracee.ts';
import type { VforkPipe } from './vfork.ts';

/** What a task is made of. */
export interface TaskParts {
  guest: Guest;
  host: Host;
  space: AddressSpace;
  cpu: GuestCpu;
  frames: SignalFrames;
  engine: Engine;
  process: Process;
  syscalls: SyscallTable;
  /** Guest address of the vDSO's rt_sigreturn. */
  trampoline: bigint;
  threads: Threads;
  /** Blocked signals of a thread that is not the process's first. */
  mask?: bigint;
  /** -strace. */
  trace?: TraceSink;
  /** Told that a thread or process has been made; in that process, too. */
  onClone?: () => void;
  /** Told of each signal that a handler gets or that kills. */
  onSignal?: (info: Uint8Array, fatal: boolean) => void;
  /** Told of a fault that kills, while everything still is as it was. */
  onFault?: (task: GuestTask, info: Uint8Array) => void;
  /** Called before the process ends by itself, with the status. */
  onExit?: (status: number) => void;
}

export class GuestTask implements Task, SignalOwner {
  readonly guest: Guest;
  readonly host: Host;
  readonly space: AddressSpace;
  readonly cpu: GuestCpu;
  readonly frames: SignalFrames;
  readonly process: Process;
  trampoline: bigint;
  readonly signals: Signals;
  clearChildTid = 0;
  robustList = 0n;
  readonly threads: Threads;
  /** Set in the child of a vfork, until it executes a program or ends. */
  vfork: VforkPipe | undefined;
  /** Set while somebody traces the thread. */
  tracee: Tracee | undefined;
  readonly onSignal: TaskParts['onSignal'];
  private readonly engine: Engine;
  private readonly cells: Int32Array;
  /** The result of a system call that {@link passOn} has made, until it has been seen to. */
  private made: Int | undefined;
  private readonly syscalls: SyscallTable;
  private readonly trace: TraceSink | undefined;
  private readonly onExit: TaskParts['onExit'];
  private readonly onDeath: TaskParts['onFault'];
  private readonly onClone: TaskParts['onClone'];

  constructor(parts: TaskParts) {
    this.guest = parts.guest;
    this.host = parts.host;
    this.space = parts.space;
    this.cpu = parts.cpu;
    this.frames = parts.frames;
    this.process = parts.process;
    this.trampoline = parts.trampoline;
    this.onSignal = parts.onSignal;
    this.engine = parts.engine;
    this.syscalls = parts.syscalls;
    this.trace = parts.trace;
    this.onExit = parts.onExit;
    this.onDeath = parts.onFault;
    this.onClone = parts.onClone;
    this.threads = parts.threads;
    this.signals = new Signals(this, parts.mask);
    this.cells = new Int32Array(this.host.threadMemory.buffer, 0, STUB.ring / 4);
    this.chooseCalls();
    this.space.onCodeChange = (start, end) => this.flushCode(start, end);
  }

  /** How system calls are made: at once where that is possible and nobody wants to see them all. */
  chooseCalls(): void {
    const isSeen = this.trace !== undefined || this.tracee?.stopsAtCalls === true;
    this.engine.onSyscall = isSeen ? undefined : () => this.passOn();
  }

  get slot(): number {
    return this.threads.slot;
  }

  onFault(info: Uint8Array): void {
    endSandbox(this);
    this.onDeath?.(this, info);
  }

  /** See {@link Engine.isExact}. */
  get isExact(): boolean {
    return this.engine.isExact;
  }

  /** See {@link Engine.forgetOrders}. */
  forgetOrders(): void {
    this.engine.forgetOrders();
  }

  /** See {@link Engine.startProgram}. */
  startProgram(path: string): void {
    this.engine.startProgram(path, true);
  }

  /** See {@link Engine.requirePrecise}. */
  requirePrecise(): void {
    this.engine.requirePrecise();
  }

  get isTraced(): boolean {
    return this.tracee !== undefined;
  }

  traceMe(tracer: Thread): SyscallResult {
    return traceMe(this, tracer);
  }

  stopForFilter(value: number): boolean {
    return this.tracee?.event(EVENT.seccomp, value, SYSCALL_INFO.seccomp) === true;
  }

  registersIn(memory: WebAssembly.Memory): ReturnType<NonNullable<Task['registersIn']>> {
    const { cpu, sets } = this.guest.createCpu(memory);
    return { cpu, sets: sets() };
  }

  onEnd(signo: number): void {
    this.tracee?.event(EVENT.exit, signo);
    releaseTracees(this, true);
    announceEnd(this, signo);
  }

  takeLetter(info: Uint8Array): boolean {
    const letter = readLetter(this.host, info);
    if (letter === undefined) return false;
    if (letter.kind === LETTER.attach) attached(this, letter);
    else if (letter.kind === LETTER.poked) takePokes(this);
    else if (letter.kind < LETTER.traced) this.tracee?.receive(letter);
    else receiveAsTracer(this, letter);
    return true;
  }

  flushCode(start: number, end: number): void {
    this.engine.flush(start, end);
    this.threads.announceChange(this, start, end);
  }

  exitThread(status: number): never {
    return this.threads.exit(this, status);
  }

  clone(request: CloneRequest): SyscallResult {
    const result = cloneTask(this, request);
    if (typeof result === 'number' && result >= 0) this.onClone?.();
    return result;
  }

  execute(request: ExecRequest): SyscallResult {
    return executeProgram(this, request);
  }

  exit(status: number): never {
    this.tracee?.event(EVENT.exit, status << 8);
    this.vfork?.finish(this);
    releaseRobustMutexes(this);
    this.engine.saveTranslations();
    endSandbox(this);
    this.onExit?.(status);
    releaseTracees(this, true);
    announceEnd(this, status << 8);
    this.host.syscall('exit_group', status);
    throw new Error('exit_group returned');
  }

  /** Runs guest code until the process ends. */
  run(): never {
    beginTraced(this);
    this.tracee?.beforeRun(false);
    if (this.signals.ready) this.signals.deliver();
    for (;;) {
      try {
        this.runProgram();
      } catch (error) {
        if (!(error instanceof ThreadRevival)) throw error;
        executeForOther(this);
      }
    }
  }

  private runProgram(): never {
    for (;;) {
      const steps = this.tracee !== undefined && this.tracee.how === RESUME.step;
      // A step does not look whether other threads have changed code, as a run does.
      if (steps) this.handleExit({ kind: 'interrupt' });
      const exit = steps ? this.engine.step() : this.engine.run();
      const interrupted = exit.kind === 'syscall' ? this.systemCall() : this.handleExit(exit);
      if (this.threads.isExecuting) this.makeWay();
      if (this.signals.ready || interrupted !== undefined) this.signals.deliver(interrupted);
      if (this.tracee !== undefined) this.stopIfDue(steps && (exit.kind === 'syscall' || exit.kind === 'interrupt'));
    }
  }

  /** Lets a tracer see the thread, and what that brings be delivered. */
  private stopIfDue(stepped: boolean): void {
    this.tracee?.beforeRun(stepped);
    for (;;) {
      if (this.threads.isExecuting) this.makeWay();
      if (this.signals.ready) this.signals.deliver();
      if (this.tracee?.isDue !== true) return;
      this.tracee.beforeRun(false);
    }
  }

  /** Another thread has called execve. */
  private makeWay(): void {
    if (this.threads.slot !== 0) this.exitThread(0);
    executeForOther(this);
  }

  /** Makes a system call that is only passed on. False if {@link systemCall} is to make it, or there is more to do. */
  private passOn(): boolean {
    const result = this.syscalls.passOn(this);
    if (result === undefined) return false;
    this.cpu.setResult(result);
    if (result !== -EINTR && this.cells[STUB.stop >> 2] === 0 && !this.threads.isExecuting && !this.signals.ready) {
      return true;
    }
    this.made = result;
    return false;
  }

  /** Makes the system call, if that has not been done; its restart class if it was interrupted. */
  private systemCall(): RestartClass | undefined {
    if (this.tracee?.stopsAtCalls === true && this.made === undefined) return this.tracedCall(this.tracee);
    const number = this.cpu.syscallNumber;
    const result = this.made ?? this.syscalls.dispatch(this, this.trace);
    this.made = undefined;
    const restart = result === -EINTR ? this.restartOf(number) : undefined;
    // A tracer that has come with the call wants to see its end.
    if (this.tracee?.stopsAtCalls === true) this.stopAfterCall(this.tracee, restart);
    return restart;
  }

  private restartOf(number: number): RestartClass {
    const restart = this.syscalls.restartClass(number);
    // The signal came before the call was made: its handler runs, and then the call is made, as if it had come a bit earlier.
    return restart === 'sa' && this.host.notMade ? 'always' : restart;
  }

  /** With stops before and after. The tracer may have changed the call, and calls of no number are not made. */
  private tracedCall(tracee: Tracee): RestartClass | undefined {
    tracee.stopAtCall(SYSCALL_INFO.entry);
    if (this.threads.isExecuting) return undefined;
    const number = this.cpu.syscallNumber;
    const result = isNoCall(number) ? NO_RESULT : this.syscalls.dispatch(this, this.trace);
    const restart = result === -EINTR ? this.restartOf(number) : undefined;
    if (this.tracee?.stopsAtCalls === true) this.stopAfterCall(this.tracee, restart);
    return restart;
  }

  /** The result of a call that will be made again is an error of the kernel's own, which only a tracer gets to see. */
  private stopAfterCall(tracee: Tracee, restart: RestartClass | undefined): void {
    const shown = restart === undefined || restart === 'never' ? undefined : RESTART_RESULT[restart];
    if (shown !== undefined) this.cpu.showResult(shown);
    tracee.stopAtCall(SYSCALL_INFO.exit);
    if (shown !== undefined && Number(this.cpu.argument(0)) === shown) this.cpu.showResult(-EINTR);
  }

  private handleExit(exit: Exit): undefined {
    switch (exit.kind) {
      case 'fault':
        if (!this.resolveFault(exit.signo, exit.address)) this.signals.raise(exit.signo, exit.code, exit.address);
        break;
      case 'breakpoint':
        this.signals.raise(SIGTRAP, TRAP_BRKPT, this.cpu.pc);
        break;
      case 'illegal':
        if (this.isBreakpoint) this.signals.raise(SIGTRAP, TRAP_BRKPT, this.cpu.pc);
        else this.signals.raise(SIGILL, ILL_ILLOPC, this.cpu.pc);
        break;
      case 'limit':
        this.signals.kill(SIGXCPU);
        break;
      case 'interrupt':
        this.host.processes?.park();
        this.threads.applyChanges(this, (start, end) => this.engine.flush(start, end));
        break;
      default:
        break;
    }
  }

  private get isBreakpoint(): boolean {
    const { cpu, space } = this;
    const at = Number(cpu.pc);
    const code = cpu.isBreakpoint && (space.read(at, 4) ?? space.read(at, 2));
    return code !== undefined && cpu.isBreakpoint!(code);
  }

  /** A fault that the program never gets to see: the access is simply made again. */
  private resolveFault(signo: number, address: bigint): boolean {
    if (signo !== SIGSEGV || address >= BigInt(this.host.windowSize)) return false;
    const at = Number(address);
    return this.space.unprotectCode(at) || this.space.growStack(at);
  }
}
