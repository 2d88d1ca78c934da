/**
 * The linux adapter: system calls, faults and signals through the host stub.
 *
 *     const host = createLinuxHost({ stub: 'dist/host-stub.so', stateDescriptor: 1023 });
 *     host.syscall('write', 1, host.guestPointer(address), 5);
 *
 * Always true: the window outside the guest's mappings is PROT_NONE, and its
 * last 64 KiB stay so, which stops any access that runs off its end. The
 * emulator's own descriptors lie above those that the guest is given.
 */
import { readdirSync } from 'node:fs';
import type { Host, HostFault, HostMapping, HostShare, Int, StartState } from '../host.ts';
import { PAGE_SIZE, SCRATCH, STAGING, STUB } from '../layout.ts';
import { createWindow } from '../window.ts';
import { createProcessMemory, createThreadMemory, RESERVATION_32, spareReservation } from './memories.ts';
import { inheritedArguments, listOwnDescriptors, readMappings } from './proc-self.ts';
import { LinuxProcesses } from './processes.ts';
import { type LauncherState, RLIMIT_COUNT, readLauncherState } from './start-state.ts';
import { loadStub, MAY_BLOCK, memoryAddress, NOT_MADE, STUB_ACTION, type Stub } from './stub.ts';
import { INTERRUPTIBLE, SYSCALL_NUMBERS } from './syscall-numbers.ts';

const EINTR = -4;
const ENOSYS = -38;

/**
 * The top of the window that is never mapped. That of a 32-bit guest reaches to the end of what V8 reserves behind it, where the
 * guest does not get to: system calls have memory there (syscalls/narrow.ts).
 */
const GUARD_SIZE = 0x10000;

/** KiB of address space that a 32-bit guest takes in all, with what Node does. */
const NARROW_LEAST = 19 << 20;

/** A non-canonical address: no access through it, in whichever direction, can do anything but fault. */
const OUTSIDE = 2 ** 62;

const PROT_NONE = 0;
const MAP_RESERVE = 0x4032; // MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_NORESERVE
const MADV_DONTNEED = 4;
const SIG_SETMASK = 2;
const F_SETFD = 2;
const RLIMIT_FSIZE = 1;
const RLIMIT_NOFILE = 7;
const RLIMIT_AS = 9;
const INFINITE = 2n ** 64n - 1n;
const SIGINFO_SIZE = 128;

export interface LinuxHostOptions {
  /** Path of host-stub.so. */
  stub: string;
  /** Descriptor of the launcher's state file; without one the state is this process's own (tests, development). */
  stateDescriptor?: number;
  /** The launcher's state, if it has been read already. */
  state?: LauncherState;
  /** The guest's addresses have 32 bits. */
  isNarrow?: boolean;
  /** For a further thread of a guest process: what HostProcesses.share gave. */
  share?: HostShare;
}

/** Creates the host of the calling thread. Throws if the stub cannot be loaded or memory is limited too much. */
export function createLinuxHost(options: LinuxHostOptions): Host {
  return new LinuxHost(options);
}

class LinuxHost implements Host {
  readonly name = 'linux';
  readonly window: WebAssembly.Memory;
  readonly windowSize: number;
  readonly threadMemory: WebAssembly.Memory;
  readonly processMemory: WebAssembly.Memory;
  readonly startState: StartState;
  readonly processes: LinuxProcesses;
  notMade = false;

  private readonly launcherState: LauncherState | undefined;
  private readonly stub: Stub;
  private readonly call: Stub['syscall'];
  /** Number by name, with MAY_BLOCK added; filled as names are used. */
  private readonly numbers = new Map<string, number>();
  private readonly windowStart: number;
  private readonly threadStart: number;
  private readonly stagingStart: number;
  private readonly cells: Int32Array;
  private readonly wideCells: BigInt64Array;
  private readonly ring: Uint8Array;

  constructor(options: LinuxHostOptions) {
    const { stateDescriptor, isNarrow = false } = options;
    const state = options.state ?? (stateDescriptor === undefined ? undefined : readLauncherState(stateDescriptor));
    this.stub = loadStub(options.stub);
    this.call = this.stub.syscall;
    this.launcherState = state;
    const { buffer } = (this.threadMemory = createThreadMemory());
    this.cells = new Int32Array(buffer);
    this.wideCells = new BigInt64Array(buffer);
    this.ring = new Uint8Array(buffer, STUB.ring, STUB.ringEntries * SIGINFO_SIZE);
    this.threadStart = memoryAddress(this.threadMemory);
    this.stagingStart = this.threadStart + STAGING.start;
    const error = this.stub.init(this.threadStart);
    if (error !== 0) throw new Error(`installing the fault handlers failed: errno ${-error}`);

    const { share } = options;
    const limits = (state ?? share?.startState)?.rlimits;
    const limited = limits !== undefined && limits[RLIMIT_AS].soft < INFINITE;
    if (limited) this.unmapSpare(this.threadMemory);
    this.processMemory = share?.processMemory ?? createProcessMemory();
    if (limited) this.unmapSpare(this.processMemory);
    this.window = share?.window ?? createWindow(isNarrow);
    this.windowStart = memoryAddress(this.window);
    // Otherwise V8 does with less, and something else may lie behind the window.
    if (isNarrow && limited && spareReservation(this.window, this.windowStart) === undefined)
      throw new RangeError(`the address space limit is too low; ${NARROW_LEAST} KiB are needed (ulimit -v)`);
    const length = this.window.buffer.byteLength;
    this.windowSize = share?.windowSize ?? (isNarrow ? RESERVATION_32 : length) - GUARD_SIZE;
    this.wideCells[STUB.windowStart / 8] = BigInt(this.windowStart);
    this.wideCells[STUB.windowEnd / 8] = BigInt(this.windowStart + this.windowSize);
    this.processes = new LinuxProcesses(this, this.stub, options.stub);
    if (share !== undefined) {
      this.startState = share.startState;
      return;
    }
    this.syscall('mmap', this.windowStart, length, PROT_NONE, MAP_RESERVE, -1, 0);
    this.quietHelpers();
    this.startState = state ?? this.ownState();
    if (state !== undefined) this.applyState(state);
  }

  syscall(name: string, a: Int = 0, b: Int = 0, c: Int = 0, d: Int = 0, e: Int = 0, f: Int = 0): Int {
    const nr = this.numberOf(name);
    if (nr < 0) return ENOSYS;
    if (
      typeof a === 'number' &&
      typeof b === 'number' &&
      typeof c === 'number' &&
      typeof d === 'number' &&
      typeof e === 'number' &&
      typeof f === 'number'
    ) {
      return this.callByNumber(nr, a, b, c, d, e, f);
    }
    return this.resultOf(this.wideCall(nr, [a, b, c, d, e, f]));
  }

  numberOf(name: string): number {
    return this.numbers.get(name) ?? this.number(name);
  }

  callByNumber(nr: number, a: number, b: number, c: number, d: number, e: number, f: number): Int {
    return this.resultOf(this.call(nr, a, b, c, d, e, f));
  }

  private resultOf(result: number): Int {
    this.notMade = false;
    if (result === NOT_MADE) {
      this.notMade = true;
      return EINTR;
    }
    return Number.isNaN(result) ? this.wideCells[STUB.result / 8] : result;
  }

  /** A call with an argument that is no exact double: the stub takes all of them from its block. */
  private wideCall(nr: number, args: Int[]): number {
    const cells = this.wideCells;
    cells[STUB.nr / 8] = BigInt(nr);
    for (let i = 0; i < 6; i++) cells[STUB.args / 8 + i] = BigInt(args[i]);
    return this.call(Number.NaN, 0, 0, 0, 0, 0, 0);
  }

  private number(name: string): number {
    let nr = SYSCALL_NUMBERS[name] ?? -1;
    if (nr >= 0 && INTERRUPTIBLE.includes(name)) nr += MAY_BLOCK;
    this.numbers.set(name, nr);
    return nr;
  }

  guestPointer(address: number): number {
    if (address > 0 && address < this.windowSize) return this.windowStart + address;
    return address === 0 ? 0 : OUTSIDE;
  }

  stagingPointer(offset: number): number {
    return this.stagingStart + offset;
  }

  copyIn(offset: number, address: number, length: number): boolean {
    checkStaging(offset, length);
    return this.stub.copyIn(STAGING.start + offset, address, length) === 0;
  }

  copyOut(address: number, offset: number, length: number): boolean {
    checkStaging(offset, length);
    return this.stub.copyOut(address, STAGING.start + offset, length) === 0;
  }

  clearThreadMemory(start: number, end: number): void {
    const first = Math.ceil(start / PAGE_SIZE) * PAGE_SIZE;
    const last = Math.floor(end / PAGE_SIZE) * PAGE_SIZE;
    const bytes = new Uint8Array(this.threadMemory.buffer);
    if (last <= first) {
      bytes.fill(0, start, end);
      return;
    }
    bytes.fill(0, start, first).fill(0, last, end);
    // In a new process every page written would first be copied.
    this.syscall('madvise', this.threadStart + first, last - first, MADV_DONTNEED);
  }

  stringLength(address: number, max: number): number {
    return this.stub.strnlen(address, max);
  }

  takeFault(): HostFault | undefined {
    const signo = this.cells[STUB.faultSigno / 4];
    if (signo === 0) return undefined;
    this.cells[STUB.faultSigno / 4] = 0;
    const address = this.wideCells[STUB.faultAddress / 8] - BigInt(this.windowStart);
    return { signo, code: this.cells[STUB.faultCode / 4], address };
  }

  takeSignal(): Uint8Array | undefined {
    const { cells } = this;
    const tail = cells[STUB.ringTail / 4];
    if (tail === cells[STUB.ringHead / 4]) {
      // The handler may come in between: it has the last word on `pending`.
      cells[STUB.pending / 4] = 0;
      if (tail === cells[STUB.ringHead / 4]) return undefined;
      cells[STUB.pending / 4] = 1;
    }
    const at = (tail & (STUB.ringEntries - 1)) * SIGINFO_SIZE;
    const info = this.ring.slice(at, at + SIGINFO_SIZE);
    cells[STUB.ringTail / 4] = tail + 1;
    if (cells[STUB.overflow / 4] !== 0 && tail + 1 === cells[STUB.ringHead / 4]) {
      cells[STUB.overflow / 4] = 0;
      this.setSignalMask(this.wideCells[STUB.overflowMask / 8]);
    }
    return info;
  }

  setSignalAction(signo: number, action: 'default' | 'ignore' | 'record', flags: number): void {
    this.stub.signalAction(signo, STUB_ACTION[action], flags);
  }

  setSignalMask(mask: bigint): void {
    const signed = BigInt.asIntN(64, mask);
    if (this.cells[STUB.overflow / 4] !== 0) {
      this.wideCells[STUB.overflowMask / 8] = signed;
      return;
    }
    const at = SCRATCH.start / 8;
    this.wideCells[at] = signed;
    this.syscall('rt_sigprocmask', SIG_SETMASK, this.threadStart + SCRATCH.start, 0, 8);
  }

  mappings(pid?: number): HostMapping[] {
    return readMappings(pid ?? 'self', this.windowStart, this.windowSize);
  }

  ownDescriptors(): Set<number> {
    return listOwnDescriptors(this.launcherState?.ownFrom, this.launcherState?.inherited);
  }

  die(signo: number): never {
    this.stub.die(signo);
    throw new Error('the process outlived exit_group');
  }

  private unmapSpare(memory: WebAssembly.Memory): void {
    const spare = spareReservation(memory, memoryAddress(memory));
    if (spare !== undefined) this.syscall('munmap', spare.start, spare.size);
  }

  /** V8's helper threads do not block signals, so one meant for the guest could end up there, or kill from there. */
  private quietHelpers(): void {
    const own = this.cells[STUB.tid / 4];
    for (const task of readdirSync('/proc/self/task')) if (Number(task) !== own) this.stub.quietHelper(Number(task));
  }

  /** Undoes what Node and the launcher changed for themselves, as far as the guest could tell. */
  private applyState(state: LauncherState): void {
    // Node ignores SIGPIPE and SIGXFSZ, handles SIGINT, SIGUSR1 and SIGTERM, and glibc its own signal 33.
    for (const signo of [2, 10, 13, 15, 25, 33]) this.setSignalAction(signo, 'default', 0);
    for (let signo = 1, left = state.ignoredSignals; left !== 0n; signo++, left >>= 1n) {
      if ((left & 1n) !== 0n) this.setSignalAction(signo, 'ignore', 0);
    }
    for (const [first, last] of state.fillers) this.syscall('close_range', first, last, 0);
    for (let fd = 0; fd < 3; fd++) if (state.closedDescriptors & (1 << fd)) this.syscall('close', fd);
    this.keepOnExec(state);
    const at = SCRATCH.start / 8;
    for (const resource of [RLIMIT_FSIZE, RLIMIT_NOFILE]) {
      this.wideCells[at] = BigInt.asIntN(64, state.rlimits[resource].soft);
      this.wideCells[at + 1] = BigInt.asIntN(64, state.rlimits[resource].hard);
      this.syscall('prlimit64', 0, resource, this.threadStart + SCRATCH.start, 0);
    }
    // Last, since it may let signals in.
    this.setSignalMask(state.blockedSignals);
  }

  /** Node sets close-on-exec on every descriptor it is started with. None of them had it, or they would be gone. */
  private keepOnExec(state: LauncherState): void {
    let next = 0;
    for (const [first, last] of [...state.fillers, [state.ownFrom, 0] as const]) {
      for (let fd = next; fd < first; fd++) this.syscall('fcntl', fd, F_SETFD, 0);
      next = last + 1;
    }
    for (const fd of state.inherited) this.syscall('fcntl', fd, F_SETFD, 0);
  }

  /** The state without a launcher: this process's own, as Node has left it. */
  private ownState(): StartState {
    const rlimits: { soft: bigint; hard: bigint }[] = [];
    const at = SCRATCH.start / 8;
    for (let resource = 0; resource < RLIMIT_COUNT; resource++) {
      this.syscall('prlimit64', 0, resource, 0, this.threadStart + SCRATCH.start);
      const [soft, hard] = [this.wideCells[at], this.wideCells[at + 1]];
      rlimits.push({ soft: BigInt.asUintN(64, soft), hard: BigInt.asUintN(64, hard) });
    }
    const { argv, env } = inheritedArguments();
    return { ignoredSignals: 0n, blockedSignals: 0n, rlimits, argv, env };
  }
}

/** An offset outside both buffers would hit the emulator's own cells: that is a bug, not a guest's fault. */
function checkStaging(offset: number, length: number): void {
  if (!(offset >= 0 && length >= 0 && offset + length <= STAGING.size + SCRATCH.size)) {
    throw new RangeError(`staging buffer exceeded: ${offset} + ${length}`);
  }
}
