/**
 * A thread that another process traces, as it sees itself: where it stops, and what it does until its tracer lets it go on
 * (ptrace(2)). What the tracer does is in src/syscalls/ptrace.ts.
 *
 * A stopped thread has its registers in its thread memory and what the stop is about in its slot; the tracer reads and
 * writes both. It waits for letters with all host signals blocked, so what comes in meanwhile waits with the kernel.
 */
import { PROCESS, SLOT, slotField } from '../host/layout.ts';
import { steadyCall } from '../syscalls/call.ts';
import { CLONE } from '../syscalls/clone.ts';
import { ESRCH } from '../syscalls/errno.ts';
import { SYSCALL_INFO } from '../syscalls/ptrace.ts';
import { beginCall } from '../syscalls/staging.ts';
import type { SyscallResult } from '../syscalls/task.ts';
import {
  EVENT,
  LETTER,
  LETTER_SIGNAL,
  type Letter,
  OPTION,
  RESUME,
  readLetter,
  sendLetter,
  type Thread,
  userInfo,
} from '../syscalls/tracing.ts';
import { bit, SI_KERNEL, SIGCHLD, SIGCONT, SIGKILL, SIGSTOP, SIGTRAP, TRAP_TRACE } from './signal-numbers.ts';
import type { GuestTask } from './task.ts';

const ALL_SIGNALS = 2n ** 64n - 1n;
const SI_USER = 0;
/** PTRACE_O_TRACESYSGOOD's bit in a syscall-stop's signal. */
const SYSGOOD = 0x80;
/** Errors of the kernel's own that a tracer sees of an interrupted call; the guest never does. */
const [ERESTARTSYS, ERESTARTNOHAND] = [512, 514];
export const RESTART_RESULT = { sa: -ERESTARTSYS, always: -ERESTARTNOHAND } as const;

/** Seconds between looks whether the tracer, which may have been killed, is still there. */
const PATIENCE = 0.25;
/** Within SLOT.letter. */
const [TIME, SET] = [128, 144];

/** What a stop has to say beside its code. */
interface Stop {
  info?: Uint8Array;
  message?: bigint;
  call?: number;
  /** A group-stop: PTRACE_LISTEN is possible, and SIGCONT ends it. */
  isGroup?: boolean;
}

export class Tracee {
  /** What it does until the next stop. */
  how: number = RESUME.cont;
  private readonly task: GuestTask;
  private readonly cells: Int32Array;
  private readonly wide: BigUint64Array;
  private readonly slot: number;
  /** It is to stop as soon as it can: PTRACE_INTERRUPT, or a seized thread's beginning. */
  private mayTrap = false;
  /** The group-stop that it is to enter, of that signal. */
  private groupSignal = 0;

  /** For a thread whose slot says who traces it. */
  constructor(task: GuestTask) {
    this.task = task;
    const { buffer } = task.host.processMemory;
    this.cells = new Int32Array(buffer);
    this.wide = new BigUint64Array(buffer);
    this.slot = slotField(task.slot, 0);
  }

  private cell(field: number): number {
    return this.cells[(this.slot + field) >> 2];
  }
  private setCell(field: number, value: number): void {
    this.cells[(this.slot + field) >> 2] = value;
  }

  get tracer(): Thread {
    return { tid: this.cell(SLOT.tracer), process: this.cell(SLOT.tracerProcess) };
  }
  get isSeized(): boolean {
    return this.cell(SLOT.seized) !== 0;
  }
  has(option: number): boolean {
    return (this.cell(SLOT.traceOptions) & option) !== 0;
  }

  /** A thread that its tracer does not know of yet, or that is new: it stops before it does anything. */
  begin(): void {
    if (this.isSeized) this.mayTrap = true;
    else this.task.signals.queue(userInfo(SIGSTOP, SI_KERNEL, 0, 0));
  }

  /** A letter of the tracer's, or of another thread of the process. */
  receive({ kind, a, b }: Letter): void {
    switch (kind) {
      case LETTER.interrupt:
        this.mayTrap = true;
        break;
      case LETTER.stop:
        this.task.signals.queue(userInfo(SIGSTOP, a, b, 0));
        break;
      case LETTER.groupStop:
        this.groupSignal = a;
        break;
      case LETTER.abandon:
        this.bereave();
        break;
      default:
    }
  }

  /** Something is to be done before guest code goes on. */
  get isDue(): boolean {
    return this.mayTrap || this.groupSignal !== 0;
  }

  /** Between two runs of guest code, after signals. `stepped`: an instruction has been executed for PTRACE_SINGLESTEP. */
  beforeRun(stepped: boolean): void {
    if (stepped && this.how === RESUME.step) {
      const info = userInfo(SIGTRAP, TRAP_TRACE, 0, 0);
      new DataView(info.buffer).setBigUint64(16, this.task.cpu.pc, true);
      this.task.signals.report(info);
    }
    while (this.isDue && this.task.tracee === this) {
      if (this.groupSignal !== 0) this.groupStop(this.groupSignal);
      else if (this.isSeized) {
        this.mayTrap = false;
        this.stop(SIGTRAP | (EVENT.stop << 8), {});
      } else this.mayTrap = false;
    }
  }

  /** signal-delivery-stop: what is to be delivered, which is another signal, or none, if the tracer says so. */
  reportSignal(info: Uint8Array): Uint8Array | undefined {
    // It ends a group-stop, also one that has not begun yet.
    if (info[0] === SIGCONT) this.groupSignal = 0;
    const signo = this.stop(info[0], { info });
    if (signo === 0) return undefined;
    if (signo === info[0])
      return new Uint8Array(this.task.host.processMemory.buffer, this.slot + SLOT.stopInfo, 128).slice();
    return userInfo(signo, SI_USER, this.tracer.process, 0);
  }

  /** A signal whose action it is has stopped the process: its threads stop for their tracers. */
  stopGroup(signo: number): void {
    const { task } = this;
    const own = Number(task.host.syscall('gettid'));
    const process = Number(task.host.syscall('getpid'));
    for (const tid of task.process.threads ?? []) {
      if (tid !== own) sendLetter(task, { tid, process }, LETTER.groupStop, signo);
    }
    this.groupSignal = signo;
  }

  private groupStop(signo: number): void {
    this.groupSignal = 0;
    this.mayTrap = false;
    this.stop(this.isSeized ? signo | (EVENT.stop << 8) : signo, { isGroup: true });
  }

  get stopsAtCalls(): boolean {
    return this.how === RESUME.syscall;
  }

  /** syscall-enter-stop and syscall-exit-stop; `call` is one of SYSCALL_INFO. */
  stopAtCall(call: number): void {
    const signo = this.stop(SIGTRAP | (this.has(OPTION.sysgood) ? SYSGOOD : 0), { call });
    if (signo !== 0) this.task.signals.queue(userInfo(signo, SI_USER, this.tracer.process, 0));
  }

  /** PTRACE_EVENT stop, if the tracer wants it; true if it does. */
  event(event: number, message: number, call?: number): boolean {
    if (!this.has(1 << event)) return false;
    this.stop(SIGTRAP | (event << 8), { message: BigInt(message >>> 0), call });
    return true;
  }

  /** execve has succeeded. `former`: the ID of the thread that called it. */
  executed(former: number): void {
    if (this.event(EVENT.exec, former) || this.isSeized || this.task.tracee !== this) return;
    const pid = Number(this.task.host.syscall('getpid'));
    this.task.signals.queue(userInfo(SIGTRAP, SI_USER, pid, 0));
  }

  /** Tells the tracer of a thread or process that has just been made, and stops for that. */
  bears(event: number, id: number, isThread: boolean): void {
    sendLetter(this.task, this.tracer, LETTER.bears, this.isSeized ? 1 : 0, isThread ? 1 : 0, id);
    this.event(event, id);
  }

  /** Which event a clone with these flags is, if its child is to be traced; 0 if it is not. */
  cloneEvent(flags: number, exitSignal: number): number {
    if ((flags & CLONE.CLONE_UNTRACED) !== 0) return 0;
    const forks = exitSignal === SIGCHLD ? EVENT.fork : EVENT.clone;
    const event = (flags & CLONE.CLONE_VFORK) !== 0 ? EVENT.vfork : forks;
    return this.has(1 << event) ? event : 0;
  }

  /** Has the thread of a new slot traced by the same tracer. */
  pass(slot: number): void {
    setTracer(this.task, slot, this.tracer, this.cell(SLOT.traceOptions), this.isSeized);
  }

  /** Stops until the tracer lets it go on: the signal that it is given then, or 0. */
  private stop(code: number, { info, message, call, isGroup }: Stop): number {
    const { task, cells } = this;
    const { host } = task;
    task.signals.poll();
    this.setCell(SLOT.stopCode, code);
    this.setCell(SLOT.stopCall, call ?? SYSCALL_INFO.none);
    this.setCell(SLOT.hasInfo, isGroup ? 0 : 1);
    if (message !== undefined) this.wide[(this.slot + SLOT.stopMessage) >> 3] = message;
    const shown = info ?? userInfo(SIGTRAP, code, Number(host.syscall('gettid')), Number(host.syscall('getuid')));
    new Uint8Array(host.processMemory.buffer).set(shown, this.slot + SLOT.stopInfo);
    const { mask } = task.signals;
    this.wide[(this.slot + SLOT.mask) >> 3] = mask;
    new Float64Array(host.processMemory.buffer)[(this.slot + SLOT.memory) >> 3] = host.processes!.threadMemoryAddress;
    this.setCell(SLOT.stopped, 1);
    host.setSignalMask(ALL_SIGNALS);
    const sent = sendLetter(task, this.tracer, LETTER.stopped, task.slot, code, isGroup ? 1 : 0);
    const signo = sent === 0 ? this.waitForTracer(isGroup === true) : this.bereave();
    this.setCell(SLOT.stopped, 0);
    Atomics.store(cells, (this.slot + SLOT.stopCall) >> 2, SYSCALL_INFO.none);
    task.signals.adoptMask(this.wide[(this.slot + SLOT.mask) >> 3]);
    takePokes(this.task);
    return signo;
  }

  private waitForTracer(isGroup: boolean): number {
    const { task, wide } = this;
    const { host, threads } = task;
    beginCall(task);
    const at = this.slot + SLOT.letter;
    const pointer = (offset: number): number => host.processes!.processPointer(at + offset);
    let listens = false;
    // The end of a group-stop is a stop of its own.
    const endGroupStop = (): void => {
      this.setCell(SLOT.hasInfo, 1);
      listens = false;
      sendLetter(task, this.tracer, LETTER.stopped, task.slot, SIGTRAP | (EVENT.stop << 8));
    };
    while (!threads.isExecuting) {
      // It may have come before this stop began.
      if (listens && (task.signals.undelivered & bit(SIGCONT)) !== 0n) endGroupStop();
      wide[(at + TIME) >> 3] = 0n;
      wide[(at + TIME + 8) >> 3] = BigInt(PATIENCE * 1e9);
      wide[(at + SET) >> 3] = bit(LETTER_SIGNAL) | (isGroup && listens ? bit(SIGCONT) : 0n);
      const result = steadyCall(task, 'rt_sigtimedwait', pointer(SET), pointer(0), pointer(TIME), 8);
      if (result < 0) {
        const { process, tid } = this.tracer;
        if (host.syscall('tgkill', process, tid, 0) === -ESRCH) return this.bereave();
        continue;
      }
      const info = new Uint8Array(host.processMemory.buffer, at, 128).slice();
      const letter = readLetter(host, info);
      if (letter === undefined) {
        task.signals.queue(info);
        if (info[0] === SIGCONT) endGroupStop();
        continue;
      }
      switch (letter.kind) {
        case LETTER.resume:
          this.how = letter.a;
          task.chooseCalls();
          return letter.b;
        case LETTER.detach:
          this.detach();
          return letter.b;
        case LETTER.abandon:
          return this.bereave();
        case LETTER.listen:
          listens = true;
          break;
        case LETTER.interrupt:
          if (listens) sendLetter(task, this.tracer, LETTER.stopped, task.slot, this.cell(SLOT.stopCode), 1);
          else this.mayTrap = true;
          listens = false;
          break;
        case LETTER.poked:
          takePokes(task);
          break;
        default:
          this.receive(letter);
      }
    }
    return 0;
  }

  /** The tracer is gone: with PTRACE_O_EXITKILL so is the process. The signal that it would have got is delivered. */
  private bereave(): number {
    if (this.has(OPTION.exitKill)) this.task.host.die(SIGKILL);
    const isDelivery = this.cell(SLOT.hasInfo) !== 0 && this.cell(SLOT.stopCall) === SYSCALL_INFO.none;
    const code = this.cell(SLOT.stopCode);
    const signo = isDelivery && code < SYSGOOD ? code : 0;
    this.detach();
    return signo;
  }

  /** It is not traced any more. */
  detach(): void {
    const { task } = this;
    this.setCell(SLOT.tracerProcess, 0);
    this.setCell(SLOT.tracer, 0);
    task.tracee = undefined;
    task.chooseCalls();
    if (Atomics.sub(this.cells, PROCESS.traced >> 2, 1) === 1) task.signals.mirrorActions();
  }
}

/** Drops what was translated of memory that another process has written to. */
export function takePokes(task: GuestTask): void {
  const { buffer } = task.host.processMemory;
  const [cells, doubles] = [new Int32Array(buffer), new Float64Array(buffer)];
  const count = Atomics.load(cells, PROCESS.pokeCount >> 2);
  const seen = Atomics.exchange(cells, PROCESS.pokesSeen >> 2, count);
  if (count - seen > PROCESS.pokeEntries) task.flushCode(0, task.host.windowSize);
  else {
    for (let number = seen; number < count; number++) {
      const entry = (PROCESS.pokes >> 3) + 2 * (number % PROCESS.pokeEntries);
      task.flushCode(doubles[entry], doubles[entry + 1]);
    }
  }
}

/** Writes into a slot who traces its thread. */
export function setTracer(task: GuestTask, slot: number, tracer: Thread, options: number, seized: boolean): void {
  const cells = new Int32Array(task.host.processMemory.buffer);
  const at = slotField(slot, 0) >> 2;
  cells[at + (SLOT.tracerProcess >> 2)] = tracer.process;
  cells[at + (SLOT.tracer >> 2)] = tracer.tid;
  cells[at + (SLOT.traceOptions >> 2)] = options;
  cells[at + (SLOT.seized >> 2)] = seized ? 1 : 0;
  cells[at + (SLOT.stopped >> 2)] = 0;
}

/** Makes the calling thread a traced one; `publish` writes by whom into its slot, if that does not say so yet. */
function becomeTraced(task: GuestTask, publish = (): void => {}): Tracee {
  const traced = new Int32Array(task.host.processMemory.buffer);
  task.tracee = new Tracee(task);
  // Whatever may come is for the tracer to see first: that has to be so when it finds that it has attached.
  if (Atomics.add(traced, PROCESS.traced >> 2, 1) === 0) task.signals.mirrorActions();
  publish();
  task.requirePrecise();
  task.chooseCalls();
  return task.tracee;
}

/** PTRACE_ATTACH and PTRACE_SEIZE, in the thread that is attached to. */
export function attached(task: GuestTask, { tid, process, a, b, c }: Letter): void {
  if (task.tracee !== undefined) return;
  const tracee = becomeTraced(task, () => setTracer(task, task.slot, { tid, process }, b, a !== 0));
  if (a === 0) tracee.begin();
  else if (c !== 0) tracee.stopGroup(SIGSTOP);
}

/** PTRACE_TRACEME. */
export function traceMe(task: GuestTask, tracer: Thread): SyscallResult {
  setTracer(task, task.slot, tracer, 0, false);
  const sent = sendLetter(task, tracer, LETTER.traced, task.slot);
  if (sent !== 0) {
    setTracer(task, task.slot, { tid: 0, process: 0 }, 0, false);
    return sent;
  }
  becomeTraced(task);
  return 0;
}

/** In a new thread or process whose slot says that it is traced from its beginning. */
export function beginTraced(task: GuestTask): void {
  const cells = new Int32Array(task.host.processMemory.buffer);
  const tracer = slotField(task.slot, SLOT.tracerProcess) >> 2;
  if (cells[tracer] === 0) return;
  const tracee = becomeTraced(task);
  if (sendLetter(task, tracee.tracer, LETTER.traced, task.slot, tracee.isSeized ? 1 : 0) === 0) tracee.begin();
  else tracee.detach();
}

/** Says how the threads of the process end, to who traces them; `slot`: only that one. */
export function announceEnd(task: GuestTask, status: number, slot?: number): void {
  const cells = new Int32Array(task.host.processMemory.buffer);
  if (cells[PROCESS.traced >> 2] === 0) return;
  const process = Number(task.host.syscall('getpid'));
  const used = cells[PROCESS.usedSlots >> 2];
  // The first thread's end is the process's, so it is the last one.
  for (let number = used - 1; number >= 0; number--) {
    const at = slotField(number, 0) >> 2;
    const tracer = { tid: cells[at + (SLOT.tracer >> 2)], process: cells[at + (SLOT.tracerProcess >> 2)] };
    if (tracer.process === 0 || (slot !== undefined && slot !== number)) continue;
    const tid = number === 0 ? process : cells[at + (SLOT.tid >> 2)];
    sendLetter(task, tracer, LETTER.ended, tid, status, process);
    cells[at + (SLOT.tracerProcess >> 2)] = 0;
    if (slot !== undefined) Atomics.sub(cells, PROCESS.traced >> 2, 1);
  }
}
