/** Processes and threads of the linux adapter: fork in the stub, execve of host programs, workers. */
import type { ArgumentRanges, Host, HostExecution, HostProcesses, HostShare, WorkerOrder } from '../host.ts';
import { PROCESS, SCRATCH, STAGING, THREAD_MEMORY_PAGES } from '../layout.ts';
import { memoryLayout } from './proc-self.ts';
import { bytesAddress, memoryAddress, memoryAt, type Stub } from './stub.ts';
import { forgetWorkers, makeWorkers } from './workers.ts';

const ALL_SIGNALS = 2n ** 64n - 1n;
const SIG_SETMASK = 2;
const PR_SET_MM = 35;
const PR_SET_MM_MAP = 14;
/** struct prctl_mm_map: eleven addresses, those of auxv, and u32 each of its size and a descriptor (-1: none). */
const MM_MAP_SIZE = 104;

const WASM_PAGE = 0x10000;

export class LinuxProcesses implements HostProcesses {
  private readonly host: Host;
  private readonly stub: Stub;
  private readonly scratch: BigInt64Array;
  private readonly scratchStart: number;
  private readonly processStart: number;
  readonly threadMemoryAddress: number;
  private readonly stubPath: string;
  /** What the kernel was given the addresses of, so that it lives until then. */
  protected kept: unknown;

  constructor(host: Host, stub: Stub, stubPath: string) {
    this.host = host;
    this.stub = stub;
    this.stubPath = stubPath;
    this.processStart = memoryAddress(host.processMemory);
    this.threadMemoryAddress = memoryAddress(host.threadMemory);
    this.scratch = new BigInt64Array(host.threadMemory.buffer, SCRATCH.start, 4);
    this.scratchStart = host.stagingPointer(0) + SCRATCH.start - STAGING.start;
  }

  fork(flags: number, parentTid: number, childTid: number): number {
    return this.stub.fork(flags, parentTid, childTid);
  }

  park(): void {
    this.stub.park(0);
  }

  showArguments({ argStart, argEnd, envStart, envEnd }: ArgumentRanges): void {
    const layout = memoryLayout();
    if (layout === undefined) return;
    const { host } = this;
    const brk = Number(host.syscall('brk', 0));
    const pointers = [argStart, argEnd, envStart, envEnd].map((address) => host.guestPointer(address));
    const map = new BigInt64Array(host.threadMemory.buffer, SCRATCH.start, MM_MAP_SIZE / 8);
    map.set([...layout.beforeBrk, brk, layout.startStack, ...pointers, 0].map(BigInt));
    map[MM_MAP_SIZE / 8 - 1] = -1n << 32n;
    // Needs no privilege, but a kernel with CONFIG_CHECKPOINT_RESTORE. Without it ps shows how Node was started.
    host.syscall('prctl', PR_SET_MM, PR_SET_MM_MAP, this.scratchStart, MM_MAP_SIZE, 0);
  }

  share(): HostShare {
    const { window, windowSize, processMemory, startState } = this.host;
    return { window, windowSize, processMemory, startState, adapter: this.stubPath };
  }

  addWorkers(order: WorkerOrder): number[] {
    const ready = new Int32Array(this.host.processMemory.buffer, PROCESS.ready, 1);
    this.stub.gate(1);
    // Signals are blocked in the new threads until they become guest threads.
    const mask = this.exchangeMask(ALL_SIGNALS);
    try {
      return makeWorkers(this.host, order, ready);
    } finally {
      this.exchangeMask(mask);
      this.stub.gate(0);
    }
  }

  interruptOthers(): void {
    this.stub.interruptOthers(0);
  }

  ownerDied(address: number, tid: number): boolean {
    return this.stub.ownerDied(address, tid) !== 0;
  }

  processPointer(offset: number): number {
    return this.processStart + offset;
  }

  forgetWorkers(): void {
    forgetWorkers();
  }

  sleep(state: number, idle: number, clearTid: number): void {
    this.stub.sleep(this.processPointer(state), idle, clearTid);
  }

  wake(threadMemoryAddress: number, flags: number, parentTid: number): number {
    return this.stub.wake(threadMemoryAddress, flags, parentTid);
  }

  threadMemoryAt(address: number): ArrayBuffer {
    return memoryAt(address, THREAD_MEMORY_PAGES * WASM_PAGE);
  }

  becomeHelper(): void {
    this.stub.becomeHelper(0);
  }

  leave(): never {
    this.stub.leave(0);
    process.exit(0);
  }

  execute({ path, argv, env, mask, rlimits }: HostExecution): number {
    const { host } = this;
    const name = cString(path);
    const args = new StringVector(argv);
    const environment = new StringVector(env);
    const oldLimits = [...rlimits].map(([resource, { soft, hard }]) => this.exchangeLimit(resource, soft, hard));
    const oldMask = this.exchangeMask(mask);
    const result = host.syscall('execve', bytesAddress(name), args.address, environment.address);
    this.kept = [name, args, environment];
    this.exchangeMask(oldMask);
    for (const { resource, soft, hard } of oldLimits) this.exchangeLimit(resource, soft, hard);
    return Number(result);
  }

  /** Sets a limit; the one before. A hard limit once lowered stays so without privileges: it is lowered last. */
  private exchangeLimit(
    resource: number,
    soft: bigint,
    hard: bigint,
  ): { resource: number; soft: bigint; hard: bigint } {
    const { scratch, scratchStart } = this;
    scratch[0] = BigInt.asIntN(64, soft);
    scratch[1] = BigInt.asIntN(64, hard);
    this.host.syscall('prlimit64', 0, resource, scratchStart, scratchStart + 16);
    return { resource, soft: BigInt.asUintN(64, scratch[2]), hard: BigInt.asUintN(64, scratch[3]) };
  }

  private exchangeMask(mask: bigint): bigint {
    this.scratch[0] = BigInt.asIntN(64, mask & ALL_SIGNALS);
    this.host.syscall('rt_sigprocmask', SIG_SETMASK, this.scratchStart, this.scratchStart + 8, 8);
    return BigInt.asUintN(64, this.scratch[1]);
  }
}

/** Bytes of a NUL-terminated latin1 string. */
const cString = (text: string): Uint8Array => Buffer.from(`${text}\0`, 'latin1');

/** An array of pointers to strings, NULL at its end, as execve takes it. */
class StringVector {
  readonly address: number;
  private readonly strings: Uint8Array;
  private readonly pointers: Uint8Array;

  constructor(texts: readonly string[]) {
    this.strings = cString(texts.join('\0'));
    const pointers = new BigUint64Array(texts.length + 1);
    let at = bytesAddress(this.strings);
    for (let i = 0; i < texts.length; i++) {
      pointers[i] = BigInt(at);
      at += texts[i].length + 1;
    }
    this.pointers = new Uint8Array(pointers.buffer);
    this.address = bytesAddress(this.pointers);
  }
}
