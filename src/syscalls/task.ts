/**
 * What a system call handler may use of the thread that makes the call. The
 * process layer implements it; handlers depend on this interface only.
 */
import type { GuestAbi } from '../cpu/guest-abi.ts';
import type { GuestCpu } from '../cpu/guest-cpu.ts';
import type { RegisterSet } from '../cpu/register-sets.ts';
import type { Mounts } from '../host/guest-root.ts';
import type { Host, Int } from '../host/host.ts';
import type { AddressSpace } from '../memory/address-space.ts';
import type { HookOptions } from './hooks.ts';
import type { SandboxPolicy } from './sandbox/policy.ts';
import type { Thread } from './tracing.ts';

/** Settings of the command line that the kernel side needs. */
export interface KernelOptions {
  /** `-L`: absolute guest paths are looked up below this directory first; '' for none. */
  sysroot: string;
  /** `-root`: the guest's root directory and what is mounted in it; undefined: the host's. */
  mounts?: Mounts;
  /** `-root-id`: the guest is told that it runs as root. */
  rootId?: boolean;
  /** `-r`: the release that uname reports; '' for the host's. */
  release: string;
  /** `--exec guest-only`: programs of the host are not executed. */
  guestOnly?: boolean;
  /** `-insn-limit`: instructions that each thread may execute; undefined: no limit. */
  instructionLimit?: number;
  /** `-hook`: calls that somebody is asked about. */
  hooks?: HookOptions;
  /** What the guest may do; undefined: what the user may. */
  sandbox?: SandboxPolicy;
  /** Where the commands for other architectures are, with a slash at its end; '' if this program is all of them. */
  directory: string;
}

/** State that all threads of a guest process share. */
export interface Process {
  readonly options: KernelOptions;
  /** Facts of the guest's architecture. */
  readonly abi: GuestAbi;
  /** Host path of the guest program (what /proc/self/exe shows), argv as the guest was given it (latin1 byte strings). */
  executable: string;
  argv: readonly string[];
  env: readonly string[];
  /** The auxiliary vector's bytes, as on the stack. */
  auxv: Uint8Array;
  /** For /proc/self/{maps,stat}: guest addresses. */
  layout: {
    stackStart: number;
    stackTop: number;
    stackPointer: number;
    argStart: number;
    argEnd: number;
    envStart: number;
    envEnd: number;
    vdso: number;
    vdsoEnd: number;
    startCode: number;
    endCode: number;
  };
  /** Host descriptors the guest must not see or close. */
  readonly hiddenDescriptors: DescriptorSet;
  /** Host thread IDs of the guest's threads, for /proc/self/task; undefined where there is only the main one. */
  readonly threads?: Iterable<number> & { readonly size: number; has(tid: number): boolean };
  /** Guest-visible resource limits by RLIMIT_* number that are ours to honour (AS, DATA, STACK, NPROC). */
  readonly rlimits: LimitTable;
}

export interface DescriptorSet extends Iterable<number> {
  has(fd: number): boolean;
  add(fd: number): void;
  delete(fd: number): void;
}

export interface LimitTable extends Iterable<[number, { soft: bigint; hard: bigint }]> {
  get(resource: number): { soft: bigint; hard: bigint } | undefined;
  set(resource: number, limit: { soft: bigint; hard: bigint }): void;
}

/** The thread's signal state; see src/process/signals.ts. */
export interface SignalState {
  /** Blocked signals, bit n-1 for signal n. */
  mask: bigint;
  /** Sets the mask (SIGKILL and SIGSTOP stay unblocked) and mirrors it on the host. */
  setMask(mask: bigint): void;
  getAction(signo: number): SignalAction;
  setAction(signo: number, action: SignalAction): void;
  altStack: { sp: bigint; flags: number; size: bigint };
  /** Taken from the ring but not yet delivered, bit n-1 for signal n. */
  readonly undelivered: bigint;
  /** Restores this mask when the current system call returns, after delivering what came in meanwhile (sigsuspend, ppoll). */
  restoreMaskOnReturn(mask: bigint): void;
  /** Takes the first undelivered signal of `set`, also one that came in just now: its siginfo_t, 128 bytes. */
  take(set: bigint): Uint8Array | undefined;
  /** Raises a signal at once, whatever waits; a blocked or ignored one kills. `info` is its siginfo_t. */
  force(info: Uint8Array): void;
  /** Takes in what has come from the host, letters among it (tracing.ts). */
  poll(): void;
  /** Something is to be delivered as soon as the system call is over. */
  readonly isDue: boolean;
  /** Ends the process by a signal, whatever the guest has said of it. */
  kill(signo: number): never;
  /** rt_sigreturn: restores the state saved in the frame at the stack pointer; false if the frame is bad, SIGSEGV is raised then. */
  sigreturn(): boolean;
}

export interface SignalAction {
  handler: bigint;
  flags: bigint;
  mask: bigint;
  /** 0 on architectures without sa_restorer. */
  restorer: bigint;
}

/** What clone(2) and clone3(2) ask for. Addresses are the guest's, 0 for none. */
export interface CloneRequest {
  /** CLONE_* bits below 2^32, without the exit signal. */
  flags: number;
  exitSignal: number;
  /** The new thread's or process's stack pointer. */
  stack: number;
  parentTid: number;
  childTid: number;
  /** Where CLONE_PIDFD puts its descriptor. */
  pidfd: number;
  tls: bigint;
  /** CLONE_CLEAR_SIGHAND: handlers go back to the default action. */
  clearHandlers: boolean;
}

/** What execve(2) and execveat(2) ask for. Strings are latin1: one character a byte. */
export interface ExecRequest {
  /** As the program gets to see it, and where the host has it. */
  path: string;
  hostPath: string;
  argv: readonly string[];
  env: readonly string[];
  /** ID of the thread that has made the call, if that is another one. */
  caller?: number;
}

export interface Task {
  readonly host: Host;
  readonly space: AddressSpace;
  readonly cpu: GuestCpu;
  readonly process: Process;
  readonly signals: SignalState;
  /** Number of the thread among those of its process, below PROCESS.slotCount. */
  readonly slot: number;
  /** Guest address that set_tid_address gave, 0 for none; and the head of the robust futex list. */
  clearChildTid: number;
  robustList: bigint;
  /** Drops translations of [start, end): fence.i-like calls (riscv_flush_icache). */
  flushCode(start: number, end: number): void;
  /** Makes a process or a thread: its ID, 0 in the child, or a negative errno. */
  clone(request: CloneRequest): SyscallResult;
  /** Runs another program in this process. Returns a negative errno, or NO_RESULT with the program's registers set. */
  execute(request: ExecRequest): SyscallResult;
  /** Ends the thread; the process too, with the exit status, if it is the last one. */
  exitThread(status: number): never;
  /** Ends the process with the exit status. */
  exit(status: number): never;
  /** Somebody traces the thread. */
  readonly isTraced?: boolean;
  /** PTRACE_TRACEME. */
  traceMe?(tracer: Thread): SyscallResult;
  /** Stops the thread if its tracer wants to see calls that a filter marks; false if it does not. */
  stopForFilter?(value: number): boolean;
  /** The registers of a thread whose CPU state is copied to the beginning of this memory. */
  registersIn?(memory: WebAssembly.Memory): { cpu: GuestCpu; sets: readonly RegisterSet[] };
}

/** What a handler returns: the result register's value, or a negative errno. `NO_RESULT`: registers are already set. */
export type SyscallResult = Int | typeof NO_RESULT;
export const NO_RESULT: unique symbol = Symbol('no result');
