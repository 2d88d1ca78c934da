/**
 * The node adapter: the host port with nothing but Node's own modules, for
 * systems without FFI. Single-process programs with files, time and random
 * numbers run on it; every other system call gives -ENOSYS.
 *
 *     const host = createNodeHost({ argv: process.argv.slice(3) });
 *
 * Not enforced: memory protection. Not there: signals from outside (Node
 * delivers them in its event loop, to which a running guest never returns);
 * those that the guest sends itself are.
 */
import type { Host, HostFault, HostMapping, Int, StartState } from '../host.ts';
import { SCRATCH, STAGING, STUB } from '../layout.ts';
import { DescriptorTable } from './descriptors.ts';
import { EINVAL, ENOSYS, EPERM } from './errors.ts';
import { type Call, type Calls, fileCalls, fileReader } from './file-calls.ts';
import { GuestMemory } from './guest-memory.ts';
import { pathCalls } from './path-calls.ts';
import { processCalls } from './process-calls.ts';
import { timeCalls } from './time-calls.ts';

const INFINITE = 2n ** 64n - 1n;
const RLIMIT_STACK = 3;
const RLIMIT_CORE = 4;
const RLIMIT_NOFILE = 7;
const SIGINFO_SIZE = 128;
const SI_USER = 0;
const SI_TKILL = -6;

export interface NodeHostOptions {
  /** The guest's addresses have 32 bits. */
  isNarrow?: boolean;
  /** The launcher's state, where there is one. */
  state?: StartState & { closedDescriptors?: number };
  /** Otherwise the command line, as JavaScript strings. */
  argv?: readonly string[];
}

/** Creates the host. Throws RangeError if there is no room for a window of 4 GiB. */
export function createNodeHost(options: NodeHostOptions): Host {
  return new NodeHost(options);
}

class NodeHost implements Host {
  readonly name = 'node';
  readonly window: WebAssembly.Memory;
  readonly windowSize: number;
  readonly threadMemory: WebAssembly.Memory;
  readonly processMemory: WebAssembly.Memory;
  readonly startState: StartState;
  readonly notMade = false;

  private readonly memory: GuestMemory;
  private readonly calls: Calls;
  private readonly actions = new Map<number, 'default' | 'ignore' | 'record'>();
  private readonly waiting: Uint8Array[] = [];
  private mask = 0n;

  constructor(options: NodeHostOptions) {
    const memory = new GuestMemory(options.isNarrow ?? false);
    this.memory = memory;
    this.window = memory.window;
    this.windowSize = memory.windowSize;
    this.threadMemory = memory.threadMemory;
    this.processMemory = memory.processMemory;
    this.startState = options.state ?? ownState(options.argv ?? []);
    const table = new DescriptorTable(options.state?.closedDescriptors ?? 0);
    const read = fileReader(table);
    this.calls = {
      ...fileCalls(memory, table),
      ...pathCalls(memory, table),
      ...timeCalls(memory),
      ...processCalls(memory, this.startState),
      mmap: (at, length, prot, flags, fd, offset) => memory.mmap(at, length, prot, flags, fd, offset, read),
      munmap: () => 0,
      mprotect: (at, length) => memory.mprotect(at, length),
      mremap: (at, oldLength, newLength, flags, target) => memory.mremap(at, oldLength, newLength, flags, target),
      madvise: (at, length, advice) => memory.madvise(at, length, advice),
      msync: () => 0,
      kill: (pid, signo) => (pid === process.pid ? this.raise(signo, SI_USER) : EPERM),
      tkill: (tid, signo) => (tid === process.pid ? this.raise(signo, SI_TKILL) : EPERM),
      tgkill: (pid, tid, signo) => (pid === process.pid && tid === pid ? this.raise(signo, SI_TKILL) : EPERM),
      exit: (status) => process.exit(status & 0xff),
      exit_group: (status) => process.exit(status & 0xff),
    };
  }

  syscall(name: string, ...args: Int[]): Int {
    const call: Call | undefined = this.calls[name];
    if (call === undefined) return ENOSYS;
    const numbers = [0, 0, 0, 0, 0, 0];
    for (let i = 0; i < args.length; i++) numbers[i] = Number(args[i]);
    return call(...numbers);
  }

  guestPointer(address: number): number {
    return this.memory.guestPointer(address);
  }

  stagingPointer(offset: number): number {
    return this.memory.threadPointer(STAGING.start + offset);
  }

  copyIn(offset: number, address: number, length: number): boolean {
    checkStaging(offset, length);
    const source = this.memory.isMapped(address, length) && this.memory.at(this.memory.guestPointer(address), length);
    if (!source) return length === 0;
    this.memory.threadBytes.set(source, STAGING.start + offset);
    return true;
  }

  copyOut(address: number, offset: number, length: number): boolean {
    checkStaging(offset, length);
    const target = this.memory.isMapped(address, length) && this.memory.at(this.memory.guestPointer(address), length);
    if (!target) return length === 0;
    const start = STAGING.start + offset;
    target.set(this.memory.threadBytes.subarray(start, start + length));
    return true;
  }

  clearThreadMemory(start: number, end: number): void {
    this.memory.threadBytes.fill(0, start, end);
  }

  stringLength(address: number, max: number): number {
    return this.memory.stringLength(address, max);
  }

  takeFault(): HostFault | undefined {
    return undefined;
  }

  takeSignal(): Uint8Array | undefined {
    const index = this.waiting.findIndex((info) => !this.isBlocked(info[0]));
    if (index < 0) {
      this.cells()[STUB.pending / 4] = 0;
      return undefined;
    }
    return this.waiting.splice(index, 1)[0];
  }

  setSignalAction(signo: number, action: 'default' | 'ignore' | 'record', _flags: number): void {
    this.actions.set(signo, action);
  }

  setSignalMask(mask: bigint): void {
    this.mask = mask;
    if (this.waiting.some((info) => !this.isBlocked(info[0]))) this.announce();
  }

  mappings(): HostMapping[] {
    return [];
  }

  ownDescriptors(): Set<number> {
    // The guest's numbers are not Node's.
    return new Set();
  }

  die(signo: number): never {
    try {
      process.removeAllListeners();
      process.kill(process.pid, signo);
    } catch {
      // No such signal on this system.
    }
    process.exit(128 + signo);
  }

  /** A signal from the guest to itself. */
  private raise(signo: number, code: number): number {
    if (!(signo >= 0 && signo <= 64)) return EINVAL;
    if (signo === 0) return 0;
    const action = this.actions.get(signo) ?? 'default';
    if (action === 'ignore') return 0;
    if (action === 'default' && !this.isBlocked(signo)) return isHarmless(signo) ? 0 : this.die(signo);
    const info = new Uint8Array(SIGINFO_SIZE);
    const view = new DataView(info.buffer);
    view.setInt32(0, signo, true);
    view.setInt32(8, code, true);
    view.setInt32(16, process.pid, true);
    view.setUint32(20, process.getuid?.() ?? 0, true);
    this.waiting.push(info);
    if (!this.isBlocked(signo)) this.announce();
    return 0;
  }

  private announce(): void {
    this.cells()[STUB.pending / 4] = 1;
    new BigInt64Array(this.threadMemory.buffer, STUB.limit, 1)[0] = 0n;
  }

  private isBlocked(signo: number): boolean {
    return ((this.mask >> BigInt(signo - 1)) & 1n) !== 0n;
  }

  private cells(): Int32Array {
    return new Int32Array(this.threadMemory.buffer, 0, STUB.ring / 4);
  }
}

/** Whether the default action is to do nothing: SIGCHLD, SIGCONT of a running process, SIGURG, SIGWINCH; signal(7). */
const isHarmless = (signo: number): boolean => signo === 17 || signo === 18 || signo === 23 || signo === 28;

/** The state of a process that no launcher has started. */
function ownState(argv: readonly string[]): StartState {
  const bytes = (text: string): string => Buffer.from(text).toString('latin1');
  const rlimits = Array.from({ length: 16 }, () => ({ soft: INFINITE, hard: INFINITE }));
  rlimits[RLIMIT_STACK] = { soft: 0x80_0000n, hard: INFINITE };
  rlimits[RLIMIT_CORE] = { soft: 0n, hard: INFINITE };
  rlimits[RLIMIT_NOFILE] = { soft: 1024n, hard: 4096n };
  const env = Object.entries(process.env).map(([name, value]) => bytes(`${name}=${value}`));
  return { ignoredSignals: 0n, blockedSignals: 0n, rlimits, argv: argv.map(bytes), env };
}

function checkStaging(offset: number, length: number): void {
  if (!(offset >= 0 && length >= 0 && offset + length <= STAGING.size + SCRATCH.size)) {
    throw new RangeError(`staging buffer exceeded: ${offset} + ${length}`);
  }
}
