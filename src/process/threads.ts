/**
 * The threads of a guest process, as one of them sees them: starting another
 * one, ending, and telling the others of changed code.
 *
 * Each guest thread but the first runs in a worker of its own, which has a slot
 * in the process memory (see SLOT) and sleeps until it has a thread to run. A
 * thread that ends leaves its worker to the next one. Slots change only with the
 * process lock held, but for a worker's own from `settling` to `idle`.
 */
import type { Host, Int } from '../host/host.ts';
import { PAGE_SIZE, PROCESS, SLOT, SLOT_STATE, STUB, slotField } from '../host/layout.ts';
import { PageFlag } from '../memory/page-table.ts';
import { CLONE } from '../syscalls/clone.ts';
import { EAGAIN, EINVAL } from '../syscalls/errno.ts';
import type { CloneRequest, SyscallResult } from '../syscalls/task.ts';
import { releaseTracees } from '../syscalls/tracees.ts';
import { EVENT, LETTER_SIGNAL } from '../syscalls/tracing.ts';
import type { GuestTask } from './task.ts';
import type { ThreadSetup, WorkerScript } from './thread-setup.ts';
import { announceEnd, setTracer } from './tracee.ts';

const FUTEX_WAKE = 1;
const FUTEX_WAKE_PRIVATE = 129;
const FUTEX_WAIT_PRIVATE = 128;

/** Workers made at once, at least and at most: each costs some 20 ms and 10 MB. */
const BATCH_LEAST = 2;
const BATCH_MOST = 8;
/** MiB of young JavaScript objects in a worker: the emulator's own needs are small. */
const YOUNG = 2;

/** Entries of a robust list at most (ROBUST_LIST_LIMIT), so that a circle ends. */
const ROBUST_LIMIT = 2048;

/** Always recorded and never blocked. */
export const WAKING_SIGNAL = LETTER_SIGNAL;
/** In PROCESS.executing: the first thread executes a program itself. */
const OWN_REQUEST = -1;

/** Flags that concern the guest's memory and registers: the kernel gets all others. */
const OWN_FLAGS =
  CLONE.CLONE_SETTLS | CLONE.CLONE_PARENT_SETTID | CLONE.CLONE_CHILD_SETTID | CLONE.CLONE_CHILD_CLEARTID;

/** What the kernel demands of a thread's clone beside CLONE_THREAD. */
const THREAD_FLAGS = CLONE.CLONE_VM | CLONE.CLONE_SIGHAND | CLONE.CLONE_THREAD;

/** What a thread of the emulator's own shares with the others. */
const WORKER_FLAGS = THREAD_FLAGS | CLONE.CLONE_FS | CLONE.CLONE_FILES | CLONE.CLONE_SYSVSEM;

/** Thrown when a guest thread ends, to get out of everything that runs it. */
export class ThreadEnd extends Error {
  /** Guest address of the thread's ID, to be cleared (CLONE_CHILD_CLEARTID), or 0. */
  readonly clearTid: number;

  constructor(clearTid: number) {
    super();
    this.clearTid = clearTid;
  }
}

/** Thrown in the first thread, which had ended, when another one wants it to execute a program. */
export class ThreadRevival extends Error {}

/** How many threads the guest has. */
export const threadCount = ({ processMemory }: Pick<Host, 'processMemory'>): number =>
  Atomics.load(new Int32Array(processMemory.buffer, PROCESS.running, 1), 0);

export class Threads {
  /** The calling thread's slot. */
  slot: number;
  private readonly cells: Int32Array;
  private readonly doubles: Float64Array;
  private readonly wide: BigUint64Array;
  private readonly bytes: Uint8Array;
  /** Code changes that this thread has acted on. */
  private seenChanges: number;
  private readonly workers: WorkerScript | undefined;

  /** `workers`: how further threads are made; undefined where the host cannot. */
  constructor(processMemory: WebAssembly.Memory, slot: number, workers: WorkerScript | undefined) {
    const { buffer } = processMemory;
    this.cells = new Int32Array(buffer);
    this.doubles = new Float64Array(buffer);
    this.wide = new BigUint64Array(buffer);
    this.bytes = new Uint8Array(buffer);
    this.slot = slot;
    this.workers = workers;
    this.seenChanges = this.cells[PROCESS.codeChanges >> 2];
  }

  /** Makes the calling thread the only one: at the start of a process. */
  reset(tid: number): void {
    const filter = this.cells[slotField(this.slot, SLOT.filter) >> 2];
    for (let slot = 1; slot < this.usedSlots; slot++) this.cells[slotField(slot, SLOT.state) >> 2] = SLOT_STATE.none;
    this.cells[PROCESS.usedSlots >> 2] = 1;
    this.slot = 0;
    this.cells[PROCESS.running >> 2] = 1;
    this.cells[slotField(0, SLOT.tid) >> 2] = tid;
    this.cells[slotField(0, SLOT.filter) >> 2] = filter;
    this.cells[slotField(0, SLOT.state) >> 2] = SLOT_STATE.running;
  }

  get count(): number {
    return this.cells[PROCESS.running >> 2];
  }

  /** From which descriptor the calling thread reads what its vfork child sends. */
  set vforkReader(descriptor: number | undefined) {
    this.cells[slotField(this.slot, SLOT.vforkReader) >> 2] = descriptor === undefined ? 0 : descriptor + 1;
  }

  /** In a new process, before {@link reset}: those descriptors of the parent's other threads. None is used any more. */
  othersVforkReaders(): number[] {
    const descriptors: number[] = [];
    for (let slot = 0; slot < this.usedSlots; slot++) {
      const at = slotField(slot, SLOT.vforkReader) >> 2;
      if (this.cells[at] !== 0 && slot !== this.slot) descriptors.push(this.cells[at] - 1);
      this.cells[at] = 0;
    }
    return descriptors;
  }

  private get usedSlots(): number {
    return this.cells[PROCESS.usedSlots >> 2];
  }

  /** clone(2) with CLONE_THREAD: the new thread's ID, or a negative errno. */
  start(task: GuestTask, request: CloneRequest): SyscallResult {
    const { flags, stack } = request;
    if ((flags & THREAD_FLAGS) !== THREAD_FLAGS || (flags & CLONE.CLONE_PIDFD) !== 0 || stack === 0) return -EINVAL;
    const { lock } = task.space;
    lock.acquire();
    try {
      const slot = this.idleSlot(task);
      return slot < 0 ? -EAGAIN : this.launch(task, slot, request);
    } finally {
      lock.release();
    }
  }

  private idleSlot(task: GuestTask): number {
    let slot = this.find(SLOT_STATE.idle);
    if (slot < 0 && (this.find(SLOT_STATE.settling) >= 0 || this.addWorkers(task))) slot = this.settledSlot(task.host);
    return slot;
  }

  /** Waits for a worker that is about to be idle; -1 if there is none any more. */
  private settledSlot(host: GuestTask['host']): number {
    for (;;) {
      const isSettling = this.find(SLOT_STATE.settling) >= 0;
      const slot = this.find(SLOT_STATE.idle);
      if (slot >= 0 || !isSettling) return slot;
      host.syscall('sched_yield');
    }
  }

  private find(state: number): number {
    for (let slot = 1; slot < this.usedSlots; slot++) {
      if (Atomics.load(this.cells, slotField(slot, SLOT.state) >> 2) === state) return slot;
    }
    return -1;
  }

  /** Makes more workers; false if that is not possible. */
  private addWorkers(task: GuestTask): boolean {
    const { processes } = task.host;
    if (this.workers === undefined || processes === undefined) return false;
    const { workers } = this;
    const { data } = workers;
    const wanted = Math.min(Math.max(this.count, BATCH_LEAST), BATCH_MOST);
    const setups: ThreadSetup[] = [];
    const { options, executable, argv, env, auxv, layout } = task.process;
    for (let slot = 1; slot < PROCESS.slotCount && setups.length < wanted; slot++) {
      if (this.cells[slotField(slot, SLOT.state) >> 2] !== SLOT_STATE.none) continue;
      setups.push({
        share: processes.share(),
        slot,
        data,
        program: { options, executable, argv, env, auxv, layout, trampoline: task.trampoline },
      });
    }
    if (setups.length === 0) return false;
    this.cells[PROCESS.usedSlots >> 2] = Math.max(this.usedSlots, setups.at(-1)!.slot + 1);
    try {
      const script = () => workers.script('thread');
      for (const fd of processes.addWorkers({ count: setups.length, script, young: YOUNG, data: setups })) {
        task.process.hiddenDescriptors.add(fd);
      }
      return true;
    } catch {
      return false;
    }
  }

  /** Hands a worker the thread that `request` describes. */
  private launch(task: GuestTask, slot: number, request: CloneRequest): number {
    const { flags, stack, tls, childTid, parentTid } = request;
    const { cpu, host } = task;
    const has = (bit: number): boolean => (flags & bit) !== 0;
    const [sp, oldTls] = [cpu.sp, cpu.tls];
    cpu.setResult(0);
    cpu.sp = BigInt(stack);
    if (has(CLONE.CLONE_SETTLS)) cpu.tls = tls;
    this.bytes.set(new Uint8Array(host.threadMemory.buffer, 0, SLOT.cpuSize), slotField(slot, SLOT.cpu));
    cpu.sp = sp;
    cpu.tls = oldTls;
    this.doubles[slotField(slot, SLOT.clearTid) >> 3] = has(CLONE.CLONE_CHILD_CLEARTID) ? childTid : 0;
    this.doubles[slotField(slot, SLOT.setTid) >> 3] = has(CLONE.CLONE_CHILD_SETTID) ? childTid : 0;
    this.wide[slotField(slot, SLOT.mask) >> 3] = task.signals.mask;
    this.cells[slotField(slot, SLOT.filter) >> 2] = this.cells[slotField(this.slot, SLOT.filter) >> 2];
    const { tracee } = task;
    const isTraced = tracee !== undefined && tracee.cloneEvent(flags, 0) !== 0;
    if (isTraced) tracee.pass(slot);
    else setTracer(task, slot, { tid: 0, process: 0 }, 0, false);
    Atomics.add(this.cells, PROCESS.running >> 2, 1);
    // The kernel stores the ID before the thread runs, and overlooks a bad address.
    const tid = this.wakeWorker(host, slot, SLOT_STATE.running, {
      flags: (flags & ~OWN_FLAGS) >>> 0,
      parentTid: has(CLONE.CLONE_PARENT_SETTID) ? host.guestPointer(parentTid) : 0,
    });
    if (tid < 0) Atomics.sub(this.cells, PROCESS.running >> 2, 1);
    return tid;
  }

  /** Makes a kernel thread for the idle worker of a slot, which is then in `state`: its ID or a negative errno. */
  private wakeWorker(
    host: GuestTask['host'],
    slot: number,
    state: number,
    { flags, parentTid }: { flags: number; parentTid: number },
  ): number {
    const at = slotField(slot, SLOT.state) >> 2;
    Atomics.store(this.cells, at, state);
    const tid = host.processes!.wake(this.doubles[slotField(slot, SLOT.memory) >> 3], flags, parentTid);
    if (tid < 0) Atomics.store(this.cells, at, SLOT_STATE.idle);
    else this.cells[slotField(slot, SLOT.tid) >> 2] = tid;
    return tid;
  }

  /** In a worker: announces itself. */
  arrive(host: GuestTask['host']): void {
    this.doubles[slotField(this.slot, SLOT.memory) >> 3] = host.processes!.threadMemoryAddress;
    Atomics.store(this.cells, slotField(this.slot, SLOT.state) >> 2, SLOT_STATE.settling);
    announceArrival(host.processMemory);
  }

  /**
   * In a worker: waits for a thread to run. False: none will come. `clearTid` is the address that the kernel is to clear for
   * the thread that has ended: whoever waits for it then finds this worker idle.
   */
  await(host: GuestTask['host'], clearTid: number): boolean {
    const state = slotField(this.slot, SLOT.state);
    host.processes!.sleep(state, SLOT_STATE.idle, clearTid === 0 ? 0 : host.guestPointer(clearTid));
    if (Atomics.load(this.cells, state >> 2) === SLOT_STATE.running) return true;
    Atomics.store(this.cells, state >> 2, SLOT_STATE.none);
    return false;
  }

  /** In a worker: what the new thread starts with. Its CPU state goes to the thread memory. */
  take(threadMemory: WebAssembly.Memory): { mask: bigint; clearTid: number; setTid: number } {
    // Who made the thread stores its ID too, perhaps only after it has begun.
    this.cells[slotField(this.slot, SLOT.tid) >> 2] = new Int32Array(threadMemory.buffer)[STUB.tid >> 2];
    const cpu = slotField(this.slot, SLOT.cpu);
    new Uint8Array(threadMemory.buffer).set(this.bytes.subarray(cpu, cpu + SLOT.cpuSize), 0);
    return {
      mask: this.wide[slotField(this.slot, SLOT.mask) >> 3],
      clearTid: this.doubles[slotField(this.slot, SLOT.clearTid) >> 3],
      setTid: this.doubles[slotField(this.slot, SLOT.setTid) >> 3],
    };
  }

  /** exit(2): ends the calling thread, and the process with the last one. */
  exit(task: GuestTask, status: number): never {
    if (this.slot === 0) this.cells[PROCESS.mainStatus >> 2] = status;
    const { lock } = task.space;
    if (this.count > 1) task.tracee?.event(EVENT.exit, status << 8);
    lock.acquire();
    if (this.count === 1) {
      lock.release();
      return task.exit(this.cells[PROCESS.mainStatus >> 2]);
    }
    releaseTracees(task, false);
    if (this.slot !== 0) announceEnd(task, status << 8, this.slot);
    releaseRobustMutexes(task);
    task.signals.retire();
    Atomics.sub(this.cells, PROCESS.running >> 2, 1);
    const state = slotField(this.slot, SLOT.state) >> 2;
    // The first thread's ID is the process's: no other thread can have it.
    if (this.slot === 0) Atomics.store(this.cells, state, SLOT_STATE.quit);
    else Atomics.store(this.cells, state, SLOT_STATE.settling);
    const { clearChildTid } = task;
    // The kernel, unlike us, cannot write to a page that is protected because it has had code.
    task.space.unprotectCode(clearChildTid);
    lock.release();
    if (this.slot !== 0) throw new ThreadEnd(clearChildTid);
    if (clearChildTid !== 0 && task.space.writeU32(clearChildTid, 0)) {
      task.host.syscall('futex', task.host.guestPointer(clearChildTid), FUTEX_WAKE, 1, 0, 0, 0);
    }
    const pointer = task.host.processes!.processPointer(state << 2);
    while (!this.isExecuting) task.host.syscall('futex', pointer, FUTEX_WAIT_PRIVATE, SLOT_STATE.quit, 0, 0, 0);
    throw new ThreadRevival();
  }

  /** Another thread executes a program: see {@link askForExecution} and {@link endOthers}. */
  get isExecuting(): boolean {
    return this.cells[PROCESS.executing >> 2] !== 0;
  }

  /**
   * execve by a thread that is not the first: leaves the request, in a file, to the first one, and ends. If another
   * thread was quicker, this one only ends.
   */
  askForExecution(task: GuestTask, descriptor: number): never {
    const { host, space } = task;
    const first = slotField(0, SLOT.state);
    space.lock.acquire();
    if (Atomics.compareExchange(this.cells, PROCESS.executing >> 2, 0, descriptor + 1) === 0) {
      if (this.cells[first >> 2] === SLOT_STATE.running) this.wake(task, host.syscall('getpid'));
      else {
        Atomics.add(this.cells, PROCESS.running >> 2, 1);
        Atomics.store(this.cells, first >> 2, SLOT_STATE.running);
        host.syscall('futex', host.processes!.processPointer(first), FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
      }
    }
    space.lock.release();
    return this.exit(task, 0);
  }

  /** execve by the first thread: ends all others. The descriptor that another one left, or -1. */
  endOthers(task: GuestTask): number {
    const left = Atomics.compareExchange(this.cells, PROCESS.executing >> 2, 0, OWN_REQUEST);
    for (; this.count > 1; task.host.syscall('sched_yield')) {
      for (let slot = 1; slot < this.usedSlots; slot++) {
        const state = Atomics.load(this.cells, slotField(slot, SLOT.state) >> 2);
        if (state === SLOT_STATE.running) this.wake(task, this.cells[slotField(slot, SLOT.tid) >> 2]);
      }
      task.host.processes!.interruptOthers();
    }
    Atomics.store(this.cells, PROCESS.executing >> 2, 0);
    return left > 0 ? left - 1 : -1;
  }

  /** Gets a thread out of a system call. What the guest did with the signal is over: execve takes all handlers back. */
  private wake({ host }: GuestTask, tid: Int): void {
    host.syscall('tgkill', host.syscall('getpid'), tid, WAKING_SIGNAL);
  }

  /** execve: the idle workers know the old program; they end. */
  dismissWorkers(host: GuestTask['host']): void {
    for (let slot = this.settledSlot(host); slot >= 0; slot = this.settledSlot(host)) {
      const tid = this.wakeWorker(host, slot, SLOT_STATE.quit, { flags: WORKER_FLAGS, parentTid: 0 });
      // It sleeps for ever.
      if (tid < 0) Atomics.store(this.cells, slotField(slot, SLOT.state) >> 2, SLOT_STATE.none);
    }
  }

  /** Code in [start, end) has changed: the other threads drop what they have of it before they run more. */
  announceChange(task: GuestTask, start: number, end: number): void {
    const { running, idle, settling } = SLOT_STATE;
    if ([running, idle, settling].every((state) => this.find(state) < 0)) return;
    task.space.lock.acquire();
    const number = this.cells[PROCESS.codeChanges >> 2];
    const entry = (PROCESS.codeLog >> 3) + 2 * (number % PROCESS.codeLogEntries);
    this.doubles[entry] = start;
    this.doubles[entry + 1] = end;
    // This thread has nothing to do for its own change; for others' before it, if there are any, it still has.
    if (this.seenChanges === number) this.seenChanges = number + 1;
    Atomics.store(this.cells, PROCESS.codeChanges >> 2, number + 1);
    task.host.processes?.interruptOthers();
    task.space.lock.release();
  }

  /** Drops code that other threads have changed. */
  applyChanges(task: GuestTask, flush: (start: number, end: number) => void): void {
    if (this.seenChanges === this.cells[PROCESS.codeChanges >> 2]) return;
    task.space.lock.acquire();
    const number = this.cells[PROCESS.codeChanges >> 2];
    if (number - this.seenChanges > PROCESS.codeLogEntries) flush(0, task.host.windowSize);
    else {
      for (; this.seenChanges < number; this.seenChanges++) {
        const entry = (PROCESS.codeLog >> 3) + 2 * (this.seenChanges % PROCESS.codeLogEntries);
        flush(this.doubles[entry], this.doubles[entry + 1]);
      }
    }
    this.seenChanges = number;
    task.space.lock.release();
  }
}

/** In a new worker: whoever has made it need not wait any longer. If it has no slot by then, it cannot be used. */
export function announceArrival(processMemory: WebAssembly.Memory): void {
  const ready = new Int32Array(processMemory.buffer, PROCESS.ready, 1);
  Atomics.add(ready, 0, 1);
  Atomics.notify(ready, 0);
}

/** Marks the robust mutexes that an ending thread still has; futex(2), and the kernel's robust-futexes.rst. */
export function releaseRobustMutexes(task: GuestTask): void {
  const { robustList, space, host } = task;
  if (robustList === 0n || host.processes === undefined) return;
  const head = Number(robustList);
  const { wordSize } = task.guest.abi;
  const readWord = (address: number): bigint | undefined => {
    if (wordSize === 8) return space.readU64(address);
    const word = space.readU32(address);
    return word === undefined ? undefined : BigInt(word);
  };
  const offset = BigInt.asIntN(8 * wordSize, readWord(head + wordSize) ?? 0n);
  const tid = Number(host.syscall('gettid'));
  const release = (entry: number): void => {
    const address = entry + Number(offset);
    const flags = space.table[Math.floor(address / PAGE_SIZE)] ?? 0;
    const writable = PageFlag.write | PageFlag.mapped;
    if (address % 4 !== 0 || (flags & (writable | PageFlag.code)) !== writable) return;
    if (host.processes!.ownerDied(address, tid)) {
      host.syscall('futex', host.guestPointer(address), FUTEX_WAKE, 1, 0, 0, 0);
    }
  };
  const pending = Number((readWord(head + 2 * wordSize) ?? 0n) & ~1n);
  let entry = readWord(head);
  for (let i = 0; i < ROBUST_LIMIT && entry !== undefined && entry !== robustList; i++) {
    const at = Number(entry & ~1n);
    // The next one first: once released, the mutex may be used again.
    entry = readWord(at);
    if (at !== pending) release(at);
  }
  if (pending !== 0) release(pending);
}
