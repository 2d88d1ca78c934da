/**
 * The signals of one guest thread, as signal(7) describes them.
 *
 * The host kernel queues, masks and stops; the host stub records what is to be
 * handled (`Host.takeSignal`), and the guest gets it at the next exit from
 * translated code. What always holds:
 *
 * - The guest's mask is the host thread's, but SIGSEGV and SIGBUS stay open on
 *   the host, for faults, and the signal that letters come by. One that was sent while the guest blocks it is
 *   recorded, whatever its action, and waits in the queue.
 * - A fault is raised here at once, before anything that waits.
 * - Of a traced process every signal is recorded, for its tracer to see.
 */
import type { GuestCpu } from '../cpu/guest-cpu.ts';
import type { SignalDelivery, SignalFrames } from '../cpu/signal-frame.ts';
import type { Host } from '../host/host.ts';
import { PROCESS, STAGING, STUB } from '../host/layout.ts';
import type { AddressSpace } from '../memory/address-space.ts';
import { changeAltStack, noAltStack, onAltStack, overflowsAltStack, SS_AUTODISARM } from '../syscalls/alt-stack.ts';
import { EINTR } from '../syscalls/errno.ts';
import type { RestartClass } from '../syscalls/row.ts';
import type { SignalAction, SignalState } from '../syscalls/task.ts';
import { LETTER_SIGNAL } from '../syscalls/tracing.ts';
import {
  bit,
  DEFAULT_IGNORED,
  DEFAULT_STOPS,
  SA_NOCLDSTOP,
  SA_NOCLDWAIT,
  SA_NODEFER,
  SA_ONSTACK,
  SA_RESETHAND,
  SA_RESTART,
  SA_SIGINFO,
  SI_KERNEL,
  SIG_DFL,
  SIG_IGN,
  SIGBUS,
  SIGCHLD,
  SIGSEGV,
  SYNCHRONOUS,
  UNCATCHABLE,
} from './signal-numbers.ts';
import { SignalQueue } from './signal-queue.ts';

const SIGINFO_SIZE = 128;
const ALL = 2n ** 64n - 1n;
/** si_code of tgkill: for this thread only. */
const SI_TKILL = -6;
const HOST_OPEN = bit(SIGSEGV) | bit(SIGBUS) | bit(LETTER_SIGNAL);
const DEFAULT_ACTION: SignalAction = { handler: SIG_DFL, flags: 0n, mask: 0n, restorer: 0n };

/** What the signals of a thread belong to. */
export interface SignalOwner {
  readonly host: Host;
  readonly space: AddressSpace;
  readonly cpu: GuestCpu;
  readonly frames: SignalFrames;
  /** Guest address of the vDSO's rt_sigreturn, for actions without a restorer. */
  readonly trampoline: bigint;
  /** Called when faults get a handler, before any can run: the state must be exact at them. */
  requirePrecise?(): void;
  /** Told of each signal that a handler gets or that kills (-strace). */
  onSignal?: (info: Uint8Array, fatal: boolean) => void;
  /** Told of a fault that kills. */
  onFault?(info: Uint8Array): void;
  /** Told of the signal that ends the process. */
  onEnd?(signo: number): void;
  /** True if the signal was a letter, which is then taken note of. */
  takeLetter?(info: Uint8Array): boolean;
  /** Of a traced thread. */
  readonly tracee?: SignalWatcher;
}

/** Sees a thread's signals before they are delivered. */
export interface SignalWatcher {
  /** What is to be delivered instead; undefined: nothing. */
  reportSignal(info: Uint8Array): Uint8Array | undefined;
  /** The process is stopped by a signal. */
  stopGroup(signo: number): void;
}

/** A siginfo_t with si_signo, si_code and si_addr. */
function faultInfo(signo: number, code: number, address: bigint): Uint8Array {
  const info = new Uint8Array(SIGINFO_SIZE);
  const fields = new DataView(info.buffer);
  fields.setInt32(0, signo, true);
  fields.setInt32(8, code, true);
  fields.setBigUint64(16, address, true);
  return info;
}

export class Signals implements SignalState {
  mask: bigint;
  altStack = noAltStack();
  private readonly owner: SignalOwner;
  /** Handler, flags, mask and restorer by signal number, in the process memory. */
  private readonly actions: BigUint64Array;
  private readonly pending = new SignalQueue();
  /** i32 cells of the thread memory, for STUB.pending. */
  private readonly cells: Int32Array;
  /** PROCESS.traced. */
  private readonly traced: Int32Array;
  private savedMask: bigint | undefined;
  /** Where the PC is, and was, if a system call is to be made again: what a tracer sees while it is not yet certain. */
  private rewound: { from: bigint; to: bigint } | undefined;

  /**
   * Signals of a new thread. The first one takes over dispositions and mask as the launcher found them; the host has them
   * already. Others come with a mask of their own.
   */
  constructor(owner: SignalOwner, mask?: bigint) {
    this.owner = owner;
    this.actions = new BigUint64Array(owner.host.processMemory.buffer, PROCESS.actions, 65 * 4);
    this.cells = new Int32Array(owner.host.threadMemory.buffer, 0, STUB.ring / 4);
    this.traced = new Int32Array(owner.host.processMemory.buffer, PROCESS.traced, 1);
    if (mask !== undefined) {
      this.mask = mask;
      this.mirrorMask(mask);
      return;
    }
    const { ignoredSignals, blockedSignals } = owner.host.startState;
    for (let signo = 1; ignoredSignals >> BigInt(signo - 1) !== 0n; signo++) {
      if ((ignoredSignals & bit(signo)) !== 0n) this.actions[4 * signo] = SIG_IGN;
    }
    this.mask = blockedSignals & ~UNCATCHABLE;
    this.mirrorAction(LETTER_SIGNAL);
    if ((this.mask & HOST_OPEN) !== 0n) this.mirrorMask(this.mask);
  }

  get undelivered(): bigint {
    this.drain();
    return this.pending.signals;
  }

  setMask(mask: bigint): void {
    const next = mask & ~UNCATCHABLE;
    const changed = next ^ this.mask;
    if (changed === 0n) return;
    this.mask = next;
    this.mirrorMask(changed);
    // A call that would block now must not: a signal that waits here has just been let in.
    if ((this.pending.signals & ~next) !== 0n) this.cells[STUB.pending >> 2] = 1;
  }

  /** Sets the mask whatever the host's is: for a thread that had been retired, too. */
  adoptMask(mask: bigint): void {
    this.mask = mask & ~UNCATCHABLE;
    this.mirrorMask(ALL);
  }

  restoreMaskOnReturn(mask: bigint): void {
    this.savedMask ??= mask;
  }

  getAction(signo: number): SignalAction {
    const at = 4 * signo;
    const { actions } = this;
    // The handler last: it is what another thread changes first when it takes the action back.
    const [flags, mask, restorer] = [actions[at + 1], actions[at + 2], actions[at + 3]];
    return { handler: actions[at], flags, mask, restorer };
  }

  setAction(signo: number, action: SignalAction): void {
    const { lock } = this.owner.space;
    lock.acquire();
    this.actions.set([action.handler, action.flags, action.mask & ~UNCATCHABLE, action.restorer], 4 * signo);
    this.mirrorAction(signo);
    lock.release();
    // A handler of faults sees the registers.
    const { handler } = action;
    if ((HOST_OPEN & bit(signo)) !== 0n && handler !== SIG_DFL && handler !== SIG_IGN) this.owner.requirePrecise?.();
    if (this.ignores(signo)) {
      // POSIX: an action that ignores a signal discards its pending instances, blocked or not.
      this.drain();
      this.pending.drop(signo);
    }
  }

  /** In a new process: what waits is the parent's. The host has emptied the ring. */
  forgetPending(): void {
    this.pending.drop();
    this.savedMask = undefined;
  }

  /** The thread ends: blocks everything, and gives the process what was sent to it and came to this thread. */
  retire(): void {
    const { host } = this.owner;
    host.setSignalMask(ALL);
    this.drain();
    for (let info = this.pending.take(ALL); info !== undefined; info = this.pending.take(ALL)) {
      const code = new DataView(info.buffer).getInt32(8, true);
      if (code === SI_TKILL) continue;
      const bytes = new Uint8Array(host.threadMemory.buffer, STAGING.start, SIGINFO_SIZE);
      bytes.set(info);
      const pid = host.syscall('getpid');
      // What the kernel itself sent (SIGCHLD, a terminal's) cannot be queued again with its details.
      const sent = host.syscall('rt_sigqueueinfo', pid, info[0], host.stagingPointer(0));
      if (sent !== 0) host.syscall('kill', pid, info[0]);
    }
  }

  /** execve: handlers go back to the default action, ignored signals stay ignored; mask and waiting signals are kept. */
  clearHandlers(): void {
    for (let signo = 1; signo <= 64; signo++) {
      const { handler } = this.getAction(signo);
      if (handler !== SIG_DFL && handler !== SIG_IGN) this.setAction(signo, DEFAULT_ACTION);
    }
  }

  take(set: bigint): Uint8Array | undefined {
    this.drain();
    return this.pending.take(set);
  }

  poll(): void {
    this.drain();
  }

  /** Adds a signal that comes from here. */
  queue(info: Uint8Array): void {
    this.pending.add(info);
  }

  get isDue(): boolean {
    return this.deliverable !== 0n;
  }

  /** Something came in from the host, or a waiting signal was let in. */
  get ready(): boolean {
    return this.cells[STUB.pending >> 2] !== 0 || this.savedMask !== undefined || this.deliverable !== 0n;
  }

  private get deliverable(): bigint {
    return this.pending.signals === 0n ? 0n : this.pending.signals & ~this.mask;
  }

  /**
   * Delivers what has come in, before guest code goes on. `interrupted`: the system call just made returned -EINTR, and
   * what becomes of it when a handler runs; it is made again if none does.
   */
  deliver(interrupted?: RestartClass): void {
    this.deliverOpen(interrupted);
    if (this.savedMask === undefined) return;
    const mask = this.savedMask;
    this.savedMask = undefined;
    this.setMask(mask);
    this.deliverOpen(undefined);
  }

  private deliverOpen(interrupted: RestartClass | undefined): void {
    let restart = interrupted;
    let came = this.drain();
    for (let info = this.pending.take(~this.mask); info !== undefined; info = this.pending.take(~this.mask)) {
      came = true;
      if (this.owner.tracee !== undefined) {
        if (restart !== undefined) this.rewind();
        const left = this.owner.tracee.reportSignal(info);
        if (left === undefined) continue;
        info = left;
        if ((this.mask & bit(info[0])) !== 0n) {
          this.pending.add(info);
          continue;
        }
      }
      const action = this.getAction(info[0]);
      if (action.handler === SIG_DFL) this.actByDefault(info);
      else if (action.handler !== SIG_IGN) {
        const again = restart === 'always' || (restart === 'sa' && (action.flags & SA_RESTART) !== 0n);
        if (again) this.rewind();
        else if (restart !== undefined) this.goOn();
        restart = undefined;
        this.rewound = undefined;
        this.enterHandler(info, action);
      }
      this.drain();
    }
    // Only signals without a handler came: the kernel would not have woken the call.
    if (restart !== undefined && came) this.rewind();
    this.rewound = undefined;
  }

  /** The system call is made again when the guest goes on. */
  private rewind(): void {
    if (this.rewound !== undefined) return;
    const { cpu } = this.owner;
    const from = cpu.pc;
    cpu.restartSyscall();
    this.rewound = { from, to: cpu.pc };
  }

  /** It is not, after all, if the tracer has not gone elsewhere. */
  private goOn(): void {
    const { cpu } = this.owner;
    if (this.rewound === undefined || cpu.pc !== this.rewound.to) return;
    cpu.skipSyscall();
    cpu.setResult(-EINTR);
  }

  /** Has a tracer see a signal that is its own, at once, and delivers what it leaves of it. */
  report(info: Uint8Array): void {
    const left = this.owner.tracee?.reportSignal(info);
    if (left !== undefined) this.deliverForced(left);
  }

  /** Ends the process by a signal, whatever the guest has said of it. */
  kill(signo: number): never {
    return this.dieReported(faultInfo(signo, 0, 0n));
  }

  /** Raises the signal of a fault, at once. A blocked or ignored one kills, as the kernel's force_sig does. */
  raise(signo: number, code: number, address: bigint): void {
    this.force(faultInfo(signo, code, address));
  }

  force(info: Uint8Array): void {
    if (this.owner.tracee === undefined) this.deliverForced(info);
    else this.report(info);
  }

  private deliverForced(info: Uint8Array): void {
    const signo = info[0];
    if ((SYNCHRONOUS & bit(signo)) === 0n) {
      this.pending.add(info);
      return;
    }
    const action = this.getAction(signo);
    const caught = action.handler !== SIG_DFL && action.handler !== SIG_IGN;
    if (!caught || (this.mask & bit(signo)) !== 0n) this.dieReported(info);
    this.enterHandler(info, action);
  }

  sigreturn(): boolean {
    const { space, cpu, frames } = this.owner;
    const bytes = space.read(toInt(cpu.sp), frames.size);
    const saved = bytes === undefined ? undefined : frames.restore(bytes);
    if (saved === undefined) {
      this.raise(SIGSEGV, SI_KERNEL, 0n);
      return false;
    }
    this.setMask(saved.mask);
    const stack = changeAltStack(this.altStack, saved.stack, cpu.sp);
    if (typeof stack !== 'number') this.altStack = stack;
    return true;
  }

  /** Moves what the stub recorded into the queue; true if there was anything. */
  private drain(): boolean {
    const { host } = this.owner;
    const { cells } = this;
    let came = false;
    while (cells[STUB.pending >> 2] !== 0) {
      cells[STUB.pending >> 2] = 0;
      for (let info = host.takeSignal(); info !== undefined; info = host.takeSignal()) {
        came = true;
        if (this.owner.takeLetter?.(info) === true) continue;
        if ((this.mask & bit(info[0])) !== 0n || this.isTraced || !this.ignores(info[0])) this.pending.add(info);
      }
    }
    return came;
  }

  private ignores(signo: number): boolean {
    const { handler } = this.getAction(signo);
    return handler === SIG_IGN || (handler === SIG_DFL && (DEFAULT_IGNORED & bit(signo)) !== 0n);
  }

  /** A recorded signal turned out to have its default action: the guest changed the action or the mask meanwhile. */
  private actByDefault(info: Uint8Array): void {
    const signo = info[0];
    if ((DEFAULT_IGNORED & bit(signo)) !== 0n) return;
    if ((DEFAULT_STOPS & bit(signo)) === 0n) this.die(info);
    const { host, tracee } = this.owner;
    if (tracee !== undefined) {
      tracee.stopGroup(signo);
      return;
    }
    // The kernel knows whether a terminal's stop signal may stop an orphaned process group: let it decide.
    if (this.isTracedProcess) host.setSignalAction(signo, 'default', 0);
    host.syscall('tgkill', host.syscall('getpid'), host.syscall('gettid'), signo);
    if (this.isTracedProcess) this.mirrorAction(signo);
  }

  private get isTraced(): boolean {
    return this.owner.tracee !== undefined;
  }

  /** Some thread of the process is traced, so that all signals are recorded. */
  private get isTracedProcess(): boolean {
    return Atomics.load(this.traced, 0) !== 0;
  }

  /** The process is traced from now on, or not any more. */
  mirrorActions(): void {
    for (let signo = 1; signo <= 64; signo++) this.mirrorAction(signo);
  }

  private enterHandler(info: Uint8Array, action: SignalAction): void {
    const { owner } = this;
    const { cpu, frames, space } = owner;
    const signo = info[0];
    const delivery: SignalDelivery = {
      signo,
      info,
      mask: this.savedMask ?? this.mask,
      stack: this.altStack,
      handler: action.handler,
      trampoline: owner.trampoline,
      wantsInfo: (action.flags & SA_SIGINFO) !== 0n,
    };
    if (action.restorer !== 0n) delivery.trampoline = action.restorer;
    if ((action.flags & SA_RESETHAND) !== 0n) this.setAction(signo, { ...action, handler: SIG_DFL });

    const switches = (action.flags & SA_ONSTACK) !== 0n && this.altStack.size !== 0n && !this.onAltStack();
    const top = switches ? this.altStack.sp + this.altStack.size : cpu.sp;
    const address = frames.place(top);
    const fits = switches || !overflowsAltStack(this.altStack, cpu.sp, frames.size);
    if (!fits || !space.write(toInt(address), frames.encode(delivery))) {
      this.refuseFrame(signo);
      return;
    }
    owner.onSignal?.(info, false);
    frames.enter(address, delivery);
    this.savedMask = undefined;
    if ((this.altStack.flags & SS_AUTODISARM) !== 0) this.altStack = noAltStack();
    const own = (action.flags & SA_NODEFER) === 0n ? bit(signo) : 0n;
    this.setMask(this.mask | action.mask | own);
  }

  private onAltStack(): boolean {
    return onAltStack(this.altStack, this.owner.cpu.sp);
  }

  /** There is no room for the frame: SIGSEGV instead, and death if that was the signal. */
  private refuseFrame(signo: number): void {
    if (signo === SIGSEGV) this.setAction(SIGSEGV, DEFAULT_ACTION);
    this.raise(SIGSEGV, SI_KERNEL, 0n);
  }

  private dieReported(info: Uint8Array): never {
    this.owner.onFault?.(info);
    return this.die(info);
  }

  private die(info: Uint8Array): never {
    this.owner.onSignal?.(info, true);
    this.owner.onEnd?.(info[0]);
    return this.owner.host.die(info[0]);
  }

  /** Tells the host how to treat a signal. */
  private mirrorAction(signo: number): void {
    if ((UNCATCHABLE & bit(signo)) !== 0n) return;
    const { handler, flags } = this.getAction(signo);
    const { host } = this.owner;
    let hostFlags = Number(flags & (SA_NOCLDSTOP | SA_NOCLDWAIT));
    // Children of who ignores it are not to be waited for: that stays so when it is recorded.
    if (signo === SIGCHLD && handler === SIG_IGN) hostFlags |= Number(SA_NOCLDWAIT);
    const waits = signo === LETTER_SIGNAL || (HOST_OPEN & this.mask & bit(signo)) !== 0n;
    if (waits || this.isTracedProcess || (handler !== SIG_DFL && handler !== SIG_IGN))
      host.setSignalAction(signo, 'record', hostFlags);
    else host.setSignalAction(signo, handler === SIG_IGN ? 'ignore' : 'default', hostFlags);
  }

  /** Tells the host the mask; `changed` has the signals whose place in it is new. */
  private mirrorMask(changed: bigint): void {
    const { host } = this.owner;
    if ((changed & HOST_OPEN) !== 0n) for (const signo of [SIGSEGV, SIGBUS]) this.mirrorAction(signo);
    host.setSignalMask(this.mask & ~HOST_OPEN);
  }
}

/** Addresses above 2^53 are in no guest's reach: the bigint says so where a number would be rounded. */
const toInt = (address: bigint): number | bigint => (address < 2n ** 53n ? Number(address) : address);
