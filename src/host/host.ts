/**
 * The port to the machine underneath. Two adapters implement it: `linux`
 * (src/host/linux, node:ffi) and `node` (src/host/node, Node's own modules).
 * Nothing else in the project touches the host.
 *
 * A host speaks the x86-64 Linux kernel ABI: system calls by their names,
 * structures in x86-64 layout, failures as negative errno values. Adapters for
 * other systems translate to that.
 */

/** An integer argument or result; bigint only where it does not fit a number exactly. */
export type Int = number | bigint;

/** What the launcher recorded before Node changed it, as the guest must see it. */
export interface StartState {
  /** Bit n-1 set: signal n was ignored. */
  ignoredSignals: bigint;
  /** Bit n-1 set: signal n was blocked. */
  blockedSignals: bigint;
  /** Soft and hard limits by RLIMIT_* number, `2n ** 64n - 1n` for infinity. */
  rlimits: readonly { soft: bigint; hard: bigint }[];
  /** argv of the command, argv[0] first, and environment as `NAME=value`, as bytes (latin1). */
  argv: readonly string[];
  env: readonly string[];
  /** The process has rights that its caller has not (AT_SECURE, secure-execution mode of ld.so(8)). */
  isSecure?: boolean;
}

/** A part of the window as the host has it mapped. Addresses are the guest's. */
export interface HostMapping {
  start: number;
  end: number;
  readable: boolean;
  writable: boolean;
  /** Offset in the file, its device as `major:minor` in hexadecimal, inode (0: no file) and path. */
  offset: number;
  device: string;
  inode: number;
  path: string;
}

/** A synchronous fault that the host reported while guest code or a copy ran. */
export interface HostFault {
  signo: number;
  code: number;
  /** Guest address, or a value outside the window if the host's address was. */
  address: bigint;
}

/** A program that the host's kernel is to run in place of the emulator. Strings are latin1: one character a byte. */
export interface HostExecution {
  path: string;
  argv: readonly string[];
  env: readonly string[];
  /** The signal mask it starts with. */
  mask: bigint;
  /** Limits, by RLIMIT_* number, that the emulator has lifted for itself and the program is to have. */
  rlimits: Iterable<[number, { soft: bigint; hard: bigint }]>;
}

/** Where a program's command line and environment are: guest addresses, as in /proc/PID/stat. */
export interface ArgumentRanges {
  argStart: number;
  argEnd: number;
  envStart: number;
  envEnd: number;
}

/** What a thread needs to become one of a guest process: see ThreadHostOptions of the adapter. Can be sent to a worker. */
export interface HostShare {
  window: WebAssembly.Memory;
  windowSize: number;
  processMemory: WebAssembly.Memory;
  startState: StartState;
  /** Whatever the adapter needs beside. */
  adapter: string;
}

/** A program for Node. */
export interface Script {
  /** JavaScript. */
  text: string;
  args: readonly string[];
}

/** How workers are made. */
export interface WorkerOrder {
  count: number;
  /** What Node runs in a worker. Asked for when there are descriptors to read files with. */
  script: () => Script;
  /** MiB that a worker's young JavaScript objects may have. */
  young: number;
  /** The worker's `workerData`, one object for each; it is copied. */
  data: readonly object[];
}

/** Making processes and threads; see fork(2), execve(2), clone(2). */
export interface HostProcesses {
  /**
   * clone(2) without CLONE_VM: `flags` with the exit signal, and host pointers for CLONE_PARENT_SETTID and the like. The
   * child's ID, 0 in the child, or a negative errno. The child has the calling thread only, and an empty ring.
   */
  fork(flags: number, parentTid: number, childTid: number): number;
  /** Stands still as long as another thread forks, and takes note of {@link interruptOthers}. */
  park(): void;
  /** execve(2) of a host program. Returns only a negative errno, when everything is as it was before. */
  execute(program: HostExecution): number;
  /** Makes /proc/PID/cmdline and environ, and so ps(1), show the guest's memory, if the kernel allows that. */
  showArguments(ranges: ArgumentRanges): void;
  /** What a worker gets to make a host of its own. */
  share(): HostShare;
  /**
   * Makes workers and waits until they have said that they are there (PROCESS.ready). Gives the descriptors that they
   * use. To be called with the process lock held; all other guest threads stand still meanwhile. Throws if a worker
   * cannot be made.
   */
  addWorkers(order: WorkerOrder): number[];
  /**
   * Makes all other threads come out of guest code once, and waits until they have or are in a system call: they see
   * what was written in process memory before they run more guest code.
   */
  interruptOthers(): void;
  /** Marks a robust mutex whose owner has ended; true if somebody waits for it. The address must be writable memory. */
  ownerDied(address: number, tid: number): boolean;
  /** Host pointer for an offset in the process memory. */
  processPointer(offset: number): number;
  /** In a new process: the workers were the parent's. */
  forgetWorkers(): void;
  /** What {@link wake} has to be told of the calling worker. */
  readonly threadMemoryAddress: number;
  /**
   * In a worker: gives up its kernel thread, and returns when {@link wake} has made another one; all signals are blocked
   * then. `state` is the offset of an i32 cell in the process memory that becomes `idle` when `wake` may be called;
   * `clearTid` a host pointer for CLONE_CHILD_CLEARTID of the thread that ends, or 0.
   */
  sleep(state: number, idle: number, clearTid: number): void;
  /**
   * Makes a kernel thread for a sleeping worker: the ID, or a negative errno. `flags` are clone(2)'s, `parentTid` a host
   * pointer for CLONE_PARENT_SETTID or 0.
   */
  wake(threadMemoryAddress: number, flags: number, parentTid: number): number;
  /** The thread memory of another thread of the process, which must not end as long as it is used. */
  threadMemoryAt(address: number): ArrayBuffer;
  /** Says that the calling thread runs no guest code: {@link interruptOthers} does not wait for it. */
  becomeHelper(): void;
  /** Ends the calling worker's thread. */
  leave(): never;
}

export interface Host {
  readonly name: 'linux' | 'node';
  /** The guest's address space; an index into it is a guest virtual address. */
  readonly window: WebAssembly.Memory;
  /** Bytes of the window that the guest may map, a multiple of the page size, below the memory's length. */
  readonly windowSize: number;
  readonly threadMemory: WebAssembly.Memory;
  readonly processMemory: WebAssembly.Memory;
  readonly startState: StartState;
  /** Undefined where the host cannot make processes as Linux does. */
  readonly processes?: HostProcesses;

  /**
   * Makes the system call `name` with arguments in the x86-64 ABI.
   * Pointers to guest memory are made with {@link guestPointer}, pointers to the staging buffer with
   * {@link stagingPointer}. Does not restart: -EINTR (-4) comes back, also without the call having been made when
   * a signal is already waiting in the ring. A call that the adapter does not have gives -ENOSYS (-38).
   */
  syscall(name: string, ...args: Int[]): Int;

  /**
   * For calls that are made often: what {@link callByNumber} makes the call `name` by, negative if there is none.
   * Undefined where that is not faster than by name.
   */
  numberOf?(name: string): number;
  /** {@link syscall} with arguments that are all numbers. */
  callByNumber?(nr: number, a: number, b: number, c: number, d: number, e: number, f: number): Int;

  /**
   * True if the last {@link syscall} gave -EINTR without the call having been made, because a signal was waiting. Linux
   * would have run the handler before such a call: make it again after delivery, whatever SA_RESTART says.
   */
  readonly notMade: boolean;

  /** Host pointer for a guest address; an address outside the window gives one that faults with EFAULT. 0 stays 0. */
  guestPointer(address: number): number;
  /** Host pointer for an offset in the staging buffer. */
  stagingPointer(offset: number): number;

  /** Copies guest memory into the staging buffer at `offset`; false if any byte is not readable (EFAULT). */
  copyIn(offset: number, address: number, length: number): boolean;
  /** Copies staging bytes to guest memory; false if any byte is not writable. */
  copyOut(address: number, offset: number, length: number): boolean;
  /** Zeroes a part of the thread memory, and gives its pages back. */
  clearThreadMemory(start: number, end: number): void;
  /** Length of the NUL-terminated string at `address`, at most `max` (then `max`); -1 if it faults first. */
  stringLength(address: number, max: number): number;

  /** Takes the fault recorded since the last call, if there was one. */
  takeFault(): HostFault | undefined;
  /** Takes the oldest signal from the ring: the 128 bytes of its siginfo_t, host layout. */
  takeSignal(): Uint8Array | undefined;
  /**
   * How the host treats signal `signo` (1–64): its default action, ignored, or recorded in the ring.
   * `restart` is SA_RESTART, `flags` the other SA_* bits that matter to the host (SA_NOCLDSTOP, SA_NOCLDWAIT).
   */
  setSignalAction(signo: number, action: 'default' | 'ignore' | 'record', flags: number): void;

  /**
   * Sets the thread's host signal mask (bit n-1 for signal n). Use this and not rt_sigprocmask: when the ring is full,
   * all signals stay blocked until {@link takeSignal} has emptied it.
   */
  setSignalMask(mask: bigint): void;

  /**
   * What the host has mapped in the window, in order: also the reserve, which is neither readable nor writable. Empty if
   * the host cannot tell. `pid`: those of another process, whose window is at the same place.
   */
  mappings(pid?: number): HostMapping[];
  /** Descriptors that belong to the emulator, not to the guest. */
  ownDescriptors(): Set<number>;

  /** Dies by the signal with its default action, as the guest would have; restores limits on core files. */
  die(signo: number): never;
}
