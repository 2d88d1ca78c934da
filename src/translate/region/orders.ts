/**
 * A guest thread's side of the compiler thread: one order at a time, others
 * wait for it. The thread goes on in the cold tier meanwhile.
 */
import type { Host } from '../../host/host.ts';
import { COMPILER_STATE, MAILBOX_STATE, PROCESS } from '../../host/layout.ts';
import type { ProcessLock } from '../../memory/process-lock.ts';
import { Mailbox, type Order, type Result, readResult, writeOrder } from './mailbox.ts';

const FUTEX_WAKE_PRIVATE = 129;

/**
 * Milliseconds of the processor's time spent compiling after which a thread wants a compiler thread. Making one takes
 * 100; but without one each guest thread loads a compiler of its own, of 3 MB.
 */
const OWN_TIME = 60;

export class Orders {
  private readonly host: Host;
  private readonly lock: ProcessLock;
  private readonly mailbox: Mailbox;
  private readonly cells: Int32Array;
  private readonly addresses: Float64Array;
  private readonly startThread: () => boolean;
  /** This thread's entry of PROCESS.mailboxes. */
  private entry: number | undefined;

  /** @param startThread makes the compiler thread; false if that is not possible */
  constructor(host: Host, lock: ProcessLock, startThread: () => boolean) {
    this.host = host;
    this.lock = lock;
    this.startThread = startThread;
    this.mailbox = new Mailbox(host.threadMemory.buffer);
    const { buffer } = host.processMemory;
    this.cells = new Int32Array(buffer);
    this.addresses = new Float64Array(buffer, PROCESS.mailboxes, PROCESS.mailboxCount);
  }

  /** Whether code is to be ordered, by a thread that has compiled for so many milliseconds itself. */
  areTaken(ownTime: number): boolean {
    const { cells } = this;
    const at = PROCESS.compiler >> 2;
    if (Atomics.load(cells, at) === COMPILER_STATE.none && ownTime > OWN_TIME) {
      if (Atomics.compareExchange(cells, at, COMPILER_STATE.none, COMPILER_STATE.starting) === COMPILER_STATE.none) {
        Atomics.store(cells, at, this.startThread() ? COMPILER_STATE.running : COMPILER_STATE.refused);
      }
    }
    return Atomics.load(cells, at) === COMPILER_STATE.running && this.register();
  }

  /** Leaves an order; none must be outstanding. */
  leave(order: Order): void {
    writeOrder(this.mailbox, order);
    this.mailbox.state = MAILBOX_STATE.order;
    this.wakeCompiler();
  }

  /** The result of the order, when it is there. */
  take(): Result | undefined {
    if (!this.hasResult) return undefined;
    const result = readResult(this.mailbox);
    this.mailbox.state = MAILBOX_STATE.empty;
    return result;
  }

  get hasResult(): boolean {
    return this.mailbox.state === MAILBOX_STATE.result;
  }

  /** In a new process: there is no compiler thread, and what was ordered will not come. */
  forget(): void {
    this.cells[PROCESS.compiler >> 2] = COMPILER_STATE.none;
    this.addresses.fill(0);
    this.entry = undefined;
    this.mailbox.state = MAILBOX_STATE.empty;
  }

  /** Before the thread and its memory end: the compiler thread must not look there again. */
  close(): void {
    const { entry, addresses } = this;
    if (entry === undefined) return;
    addresses[entry] = -addresses[entry];
    this.wakeCompiler();
    while (addresses[entry] !== 0) this.host.syscall('sched_yield');
    this.entry = undefined;
  }

  /** Has the compiler thread look into this thread's mailbox; false if it looks into too many. */
  private register(): boolean {
    if (this.entry !== undefined) return true;
    this.lock.acquire();
    const entry = this.addresses.indexOf(0);
    if (entry >= 0) this.addresses[entry] = this.host.processes!.threadMemoryAddress;
    this.lock.release();
    if (entry < 0) return false;
    this.entry = entry;
    return true;
  }

  private wakeCompiler(): void {
    const { host, cells } = this;
    Atomics.add(cells, PROCESS.compilerOrders >> 2, 1);
    host.syscall('futex', host.processes!.processPointer(PROCESS.compilerOrders), FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
  }
}
