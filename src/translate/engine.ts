/**
 * Runs guest code: the tiers, behind one interface.
 *
 *     const engine = new Engine(host, space, riscv64.state, module);
 *     for (;;) handle(engine.run());      // registers are in the thread memory
 *
 * `run` returns when the guest needs the kernel, faults, or is interrupted; the
 * CPU state is then exact. Guest faults are values, an exception is a bug here.
 */
import { bareAddress, type RegisterLayout } from '../cpu/arch.ts';
import type { CpuModel } from '../cpu/cpu-model.ts';
import { FP_FORMATS, FP_OP_NAMES } from '../cpu/ir.ts';
import type { Arithmetic } from '../cpu/softfloat.ts';
import type { Host } from '../host/host.ts';
import { DECODED, PAGE_SIZE, PROCESS, STUB, TRANSLATOR } from '../host/layout.ts';
import type { Translations } from '../host/translations.ts';
import type { AddressSpace } from '../memory/address-space.ts';
import { PageFlag } from '../memory/page-table.ts';
import { DECODED_PAGE_SIZE, PAGE_RECORDS, RECORD_SHIFT } from './cold/record.ts';
import { EXIT } from './exit.ts';
import type { Backend, BackendHost } from './region/backend.ts';
import type { Orders } from './region/orders.ts';
import { type RegionHost, Regions, reportAfter } from './region/regions.ts';
import { SlowFloat } from './slow-float.ts';

/** Why the guest stopped. The PC is at the instruction, after a system call behind it. */
export type Exit =
  | { kind: 'syscall' }
  /** A signal waits in the ring. */
  | { kind: 'interrupt' }
  | { kind: 'breakpoint' }
  | { kind: 'illegal' }
  /** {@link Engine.instructionLimit} is reached. */
  | { kind: 'limit' }
  /** signo is SIGSEGV or SIGBUS, code its si_code, address its si_addr. */
  | { kind: 'fault'; signo: number; code: number; address: bigint };

const SIGBUS = 7;
const BUS_ADRALN = 1;
const SIGSEGV = 11;
const SEGV_MAPERR = 1;
const SEGV_ACCERR = 2;

const SYSCALL: Exit = { kind: 'syscall' };
const INTERRUPT: Exit = { kind: 'interrupt' };
const BREAKPOINT: Exit = { kind: 'breakpoint' };
const ILLEGAL: Exit = { kind: 'illegal' };
const LIMIT: Exit = { kind: 'limit' };

/**
 * Instructions before the cold tier returns for no other reason. V8 takes up its optimised code for a function only
 * when the function is entered anew, so a guest loop must not stay in it for ever.
 */
const TIME_SLICE = 4_000_000n;
const NO_LIMIT = (1n << 64n) - 1n;

/** Bytes. */
const SHORTEST_INSTRUCTION = 2;

/** What an engine has done so far. */
export interface Statistics {
  /** Instructions executed in the cold tier. */
  coldInstructions: number;
  regions: number;
  /** Regions of earlier runs. */
  stored: number;
  /** Guest instructions in all regions, and the time that took in milliseconds. */
  compiledInstructions: number;
  compileTime: number;
  /** Bytes of their modules. */
  moduleBytes: number;
  /** Regions dropped because their code changed. */
  dropped: number;
  /** How often translated code returned to JavaScript, by reason. */
  exits: Record<string, number>;
}

/** Those who watch the guest (-d). */
export interface EngineWatch {
  /**
   * Sees the guest before each instruction: its address, its word (undefined if it cannot be read) and the thread
   * memory, where the registers are. The guest is then executed step by step in the cold tier.
   */
  onStep?(pc: bigint, word: number | undefined, state: DataView): void;
  /** Told of each access that faults, and where the instruction is, before anybody handles it. */
  onFault?(pc: bigint, fault: Exit & { kind: 'fault' }): void;
}

interface ColdTier {
  run(): number;
  step(): number;
  fma(): number;
  missing: unknown;
  regions: WebAssembly.Table;
}

/** How hot code is compiled; without it everything runs in the cold tier. */
export interface Compilation {
  /** How often code is jumped to before it is compiled, 1–65535. */
  threshold: number;
  /** -tb-size, in bytes. */
  codeLimit: number;
  /** Makes the compiler, for the first code that is compiled: it is a bundle of its own. */
  loadBackend(host: BackendHost): Backend;
  /** Regions of earlier runs. */
  translations?: Translations;
  /** Whether another thread may compile, and how it is asked to. */
  ordersAllowed: boolean;
  orders?: Orders;
}

/**
 * What a cold tier calls: the exact arithmetic, see Engine.slowFloat; the report of an instruction decoded; and system
 * calls that can be made at once.
 */
interface ColdCalls {
  fp(operation: number, rounding: number): number;
  decoded(pc: bigint, word: number): void;
  syscall(): number;
}

/** Makes the cold tier of a thread, and what regions import. */
function instantiateCold(
  host: Host,
  module: WebAssembly.Module,
  calls: ColdCalls,
): { cold: ColdTier; imports: Record<string, unknown> } {
  const outside = {
    thread: host.threadMemory,
    window: host.window,
    process: host.processMemory,
    ...calls,
    time: () => BigInt(Math.trunc(performance.now() * 10_000)),
    random: () => crypto.getRandomValues(new BigUint64Array(1))[0],
  };
  const cold = new WebAssembly.Instance(module, { e: outside as never }).exports as unknown as ColdTier;
  return { cold, imports: { ...outside, ...cold } };
}

/** What regions import, for a thread that compiles them and never runs them. */
export function regionImports(host: Host, module: WebAssembly.Module): Record<string, unknown> {
  const never = (): never => {
    throw new Error('guest code in the compiler thread');
  };
  return instantiateCold(host, module, { fp: never, decoded: never, syscall: never }).imports;
}

/** What the engine knows of the CPU state. */
export interface EngineState {
  /** Offset of the PC's cell in the thread memory. */
  readonly pc: number;
  /** How floating point is done. */
  readonly arithmetic: Arithmetic;
  readonly registers: RegisterLayout;
  /** How many instruction sets code can be of, see `Architecture.sets`; 1 unless said otherwise. */
  readonly sets?: number;
  /** Of which model the processor is: what it lacks. */
  readonly model: Pick<CpuModel, 'lacking'>;
}

export class Engine {
  private readonly space: AddressSpace;
  private readonly host: Host;
  private readonly cold: ColdTier;
  private readonly words: Int32Array;
  private readonly doublewords: BigUint64Array;
  private readonly bytes: Uint8Array;
  private readonly versions: Int32Array;
  private readonly pcIndex: number;
  private readonly sets: number;
  /** The address of code without its instruction set. */
  private readonly bare: (pc: number) => number;
  private precise = false;
  /** Not after a fault in compiled code that the process ends with: of the registers, only the PC is right then. */
  isExact = true;
  private readonly arithmetic: Arithmetic;
  private float: SlowFloat | undefined;
  private readonly compilation: Compilation | undefined;
  private readonly regionHost: RegionHost;
  private readonly readCode: BackendHost['readCode'];
  private regions: Regions | undefined;
  private readonly exits: number[] = Array(Object.keys(EXIT).length).fill(0);
  private watchers: EngineWatch = {};
  /**
   * Asked to make a system call while guest code waits for it, without leaving. True if it has, and the guest can go on;
   * else {@link run} returns, as it does while there is nobody to ask.
   */
  onSyscall: (() => boolean) | undefined;
  /**
   * Instructions that the thread may execute, which the next jump notices. Only the cold tier counts them: there must be no
   * compilation.
   */
  instructionLimit: number | undefined;
  private onDecoded: ((pc: bigint, word: number) => void) | undefined;

  /**
   * @param module the cold tier's module for the guest architecture
   */
  constructor(
    host: Host,
    space: AddressSpace,
    state: EngineState,
    module: WebAssembly.Module,
    compilation?: Compilation,
  ) {
    this.host = host;
    this.space = space;
    const { buffer } = host.threadMemory;
    this.words = new Int32Array(buffer);
    this.doublewords = new BigUint64Array(buffer);
    this.bytes = new Uint8Array(buffer);
    this.versions = new Int32Array(host.processMemory.buffer, PROCESS.versions, PROCESS.versionsSize >> 2);
    this.pcIndex = state.pc >> 3;
    this.sets = state.sets ?? 1;
    const bare = this.sets > 1 ? bareAddress : (pc: number): number => pc;
    this.bare = bare;
    this.arithmetic = state.arithmetic;
    this.doublewords[TRANSLATOR.lacking >> 3] = state.model.lacking;
    this.words[TRANSLATOR.nextDecodedPage >> 2] = DECODED.pages;
    this.nothingChanged();
    const { cold, imports } = instantiateCold(host, module, {
      fp: (operation, rounding) => this.slowFloat(operation, rounding),
      decoded: (pc, word) => this.onDecoded?.(BigInt.asUintN(64, pc), word >>> 0),
      syscall: () => (this.onSyscall?.() === true ? 0 : EXIT.syscall),
    });
    this.cold = cold;
    const { missing, regions } = this.cold;
    regions.set(0, missing);
    this.compilation = compilation;
    this.readCode = (pc) => {
      const word = space.read(bare(pc), 4) ?? space.read(bare(pc), 2);
      return word && word[0] | (word[1] << 8) | ((word[2] ?? 0) << 16) | ((word[3] ?? 0) << 24);
    };
    this.regionHost = {
      threadMemory: host.threadMemory,
      table: regions,
      missing,
      imports,
      registers: state.registers,
      read: (address, length) => space.read(bare(address), length)?.slice(),
    };
    space.onCodeChange = (start, end) => this.flush(start, end);
    space.onMayGrow = () => this.requirePrecise();
    space.onReset = () => this.reset();
    this.precise = space.mayGrow;
  }

  /**
   * From now on the state is exact at every fault. Before, after a fault in compiled code only PC and address are right,
   * so the process must end; that makes code faster, and most programs handle no faults.
   */
  requirePrecise(): void {
    this.precise = true;
    this.regions?.requirePrecise();
  }

  /** Executes until the guest needs something done. */
  run(): Exit {
    const { onStep } = this.watchers;
    for (;;) {
      const { budget } = this;
      if (budget <= 0n) return LIMIT;
      let exit = onStep ? this.watchedStep(onStep) : this.enter(this.cold.run, budget);
      if (exit === INTERRUPT) {
        exit = this.overwriteStale() ?? exit;
        this.regions?.advance();
      }
      if (!exit || (exit === INTERRUPT && !this.interrupted)) continue;
      if (exit.kind === 'fault') this.watchers.onFault?.(this.doublewords[this.pcIndex], exit);
      return exit;
    }
  }

  /** For how many instructions the cold tier is entered. */
  private get budget(): bigint {
    const { instructionLimit, doublewords } = this;
    if (instructionLimit === undefined) return TIME_SLICE;
    const left = BigInt(instructionLimit) - doublewords[TRANSLATOR.instructions >> 3];
    return left < TIME_SLICE ? left : TIME_SLICE;
  }

  watch(watchers: EngineWatch): void {
    this.watchers = watchers;
    if (watchers.onFault) this.requirePrecise();
  }

  private watchedStep(onStep: NonNullable<EngineWatch['onStep']>): Exit {
    if (this.interrupted) return INTERRUPT;
    const pc = this.doublewords[this.pcIndex];
    const word = pc < this.host.windowSize ? this.readCode(Number(pc)) : undefined;
    onStep(pc, word, new DataView(this.host.threadMemory.buffer));
    return this.step();
  }

  /** Executes one instruction; INTERRUPT when it is done. */
  step(): Exit {
    for (;;) {
      const pc = Number(this.doublewords[this.pcIndex]);
      const step = () => this.enter(this.cold.step, NO_LIMIT);
      const exit = this.regions ? this.regions.withOriginal(pc, step) : step();
      if (exit) return exit;
    }
  }

  /** Reports every instruction when it is first decoded: its address and word (-d in_asm). */
  reportDecoded(report: (pc: bigint, word: number) => void): void {
    this.onDecoded = report;
    this.words[TRANSLATOR.reportDecoded >> 2] = 1;
  }

  /**
   * A program begins, whose path is given: what was translated of it in earlier runs is used, from the start or, in
   * threads that may never need it, from when something is hot.
   */
  startProgram(path: string, isUrgent: boolean): void {
    const { compilation, words } = this;
    const { threshold = 0, translations } = compilation ?? {};
    translations?.open(path);
    words[TRANSLATOR.hotThreshold >> 2] = reportAfter(threshold);
    if (!isUrgent || !compilation || !translations?.exist) return;
    this.regions ??= this.makeRegions(compilation);
    this.regions.openStored();
  }

  /** Before the process ends: keeps what was translated for later runs. */
  saveTranslations(): void {
    this.regions?.save();
  }

  /** In a new process: the compiler thread was the parent's. */
  forgetOrders(): void {
    this.compilation?.orders?.forget();
    this.regions?.forgetOrders();
  }

  /** Before the calling thread ends. */
  close(): void {
    this.compilation?.orders?.close();
  }

  statistics(): Statistics {
    const exits: Record<string, number> = {};
    for (const [name, reason] of Object.entries(EXIT)) if (this.exits[reason] > 0) exits[name] = this.exits[reason];
    const {
      regions = 0,
      stored = 0,
      compiledInstructions = 0,
      compileTime = 0,
      moduleBytes = 0,
      dropped = 0,
    } = this.regions?.statistics ?? {};
    const coldInstructions = Number(this.doublewords[TRANSLATOR.instructions >> 3]);
    return { coldInstructions, regions, stored, compiledInstructions, compileTime, moduleBytes, dropped, exits };
  }

  /** Forgets what was translated from [start, end). */
  flush(start: number, end: number): void {
    // The table of all pages is long, what was decoded is not.
    if (start === 0 && end >= this.host.windowSize) {
      this.flushAll();
      return;
    }
    for (let set = 0; set < this.sets; set++) this.flushSet(start + set * 2 ** 32, end + set * 2 ** 32);
  }

  private flushSet(start: number, end: number): void {
    const { words } = this;
    this.regions?.flush(start, end);
    const table = DECODED.table >> 2;
    // An instruction may begin before it.
    start = Math.max(start - SHORTEST_INSTRUCTION, 0);
    const last = Math.ceil(end / PAGE_SIZE);
    for (let page = Math.floor(start / PAGE_SIZE); page < last; page++) {
      const records = words[table + page];
      if (records === 0) continue;
      const [low, high] = [Math.max(start - page * PAGE_SIZE, 0), Math.min(end - page * PAGE_SIZE, PAGE_SIZE)];
      if (high - low < PAGE_SIZE) {
        this.bytes.fill(0, records + (low << RECORD_SHIFT), records + (high << RECORD_SHIFT));
        continue;
      }
      words[table + page] = 0;
      this.bytes.fill(0, records, records + PAGE_RECORDS);
      words[(records + DECODED.link) >> 2] = words[TRANSLATOR.freeDecodedPages >> 2];
      words[TRANSLATOR.freeDecodedPages >> 2] = records;
    }
  }

  /** execve: forgets everything of the program. */
  private reset(): void {
    this.precise = this.watchers.onFault !== undefined;
    this.regions?.reset();
    this.flushAll();
  }

  private flushAll(): void {
    const { words } = this;
    this.regions?.flushAll();
    const next = words[TRANSLATOR.nextDecodedPage >> 2];
    for (let records = DECODED.pages; records < next; records += DECODED_PAGE_SIZE) {
      words[(DECODED.table >> 2) + words[(records + DECODED.link) >> 2]] = 0;
    }
    this.host.clearThreadMemory(DECODED.pages, next);
    words[TRANSLATOR.nextDecodedPage >> 2] = DECODED.pages;
    words[TRANSLATOR.freeDecodedPages >> 2] = 0;
  }

  /** A signal waits, or another thread wants to be noticed. */
  private get interrupted(): boolean {
    return this.words[STUB.pending >> 2] !== 0 || this.words[STUB.stop >> 2] !== 0;
  }

  /** Runs guest code by `entry` up to `budget` instructions; undefined if it has just to be entered again. */
  private enter(entry: () => number, budget: bigint): Exit | undefined {
    const { doublewords } = this;
    doublewords[STUB.limit >> 3] = budget === NO_LIMIT ? NO_LIMIT : doublewords[TRANSLATOR.instructions >> 3] + budget;
    // What came before the limit was set would be overlooked for a whole time slice.
    if (budget !== NO_LIMIT && (this.interrupted || this.compilation?.orders?.hasResult)) return INTERRUPT;
    let reason: number;
    try {
      reason = entry();
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      return this.trapped(error);
    }
    this.exits[reason]++;
    switch (reason) {
      case EXIT.interrupt:
        return INTERRUPT;
      case EXIT.syscall:
        return SYSCALL;
      case EXIT.breakpoint:
        return BREAKPOINT;
      case EXIT.illegal:
        return ILLEGAL;
      case EXIT.fence_i:
        // Changes to other pages are known already, other threads' as well: they have interrupted this one.
        if (this.space.hasSharedCode) this.flushAll();
        else for (const page of this.space.openCode) this.flush(page * PAGE_SIZE, (page + 1) * PAGE_SIZE);
        return undefined;
      case EXIT.invalidate:
        this.invalidate();
        return undefined;
      case EXIT.full:
        this.flushAll();
        return undefined;
      case EXIT.protect:
        // Stores to such pages fault, and are made again.
        this.requirePrecise();
        this.protectCode(this.bare(Number(doublewords[this.pcIndex])));
        return undefined;
      case EXIT.hot:
        this.compile(Number(doublewords[this.pcIndex]));
        return undefined;
      case EXIT.page:
        this.regions?.prime(Number(doublewords[this.pcIndex]));
        return undefined;
      case EXIT.again:
        return this.coldStep();
      case EXIT.assumption:
        this.regions?.generalise(Number(doublewords[this.pcIndex]));
        return undefined;
      case EXIT.contended:
        // It is over in no time, unless that thread lost its processor in the middle.
        this.host.syscall('sched_yield');
        return undefined;
      case EXIT.misaligned:
        return { kind: 'fault', signo: SIGBUS, code: BUS_ADRALN, address: this.accessAddress };
      case EXIT.fetch:
        return this.segmentationFault(this.fetchAddress);
      case EXIT.atomic:
        return this.storeToCode(this.accessAddress) ? undefined : this.segmentationFault(this.accessAddress);
      default:
        throw new Error(`cold tier: exit reason ${reason}`);
    }
  }

  /** The page of `pc` is to be decoded: stores to it are to be noticed, if that pays. */
  private protectCode(pc: number): void {
    if (!this.space.protectCode(pc)) this.letDecode(pc);
  }

  /** The code on the page of `pc` may be decoded although it is not protected. */
  private letDecode(pc: number): void {
    this.words[TRANSLATOR.unprotected >> 2] = Math.floor(pc / PAGE_SIZE) + 1;
  }

  /** The guest has said that code has changed. */
  private invalidate(): void {
    const { doublewords } = this;
    const [start, end] = [doublewords[TRANSLATOR.changedStart >> 3], doublewords[TRANSLATOR.changedEnd >> 3]];
    if (start < end) this.space.codeChanged(Number(start), Number(end));
    this.nothingChanged();
  }

  private nothingChanged(): void {
    this.doublewords[TRANSLATOR.changedStart >> 3] = NO_LIMIT;
    this.doublewords[TRANSLATOR.changedEnd >> 3] = 0n;
  }

  private get accessAddress(): bigint {
    return this.doublewords[TRANSLATOR.accessAddress >> 3];
  }

  private get fetchAddress(): bigint {
    return this.sets > 1 ? this.accessAddress & 0xffff_ffffn : this.accessAddress;
  }

  private compile(pc: number): void {
    if (!this.regions && this.compilation) this.regions = this.makeRegions(this.compilation);
    this.regions?.compile(pc);
  }

  private makeRegions(compilation: Compilation): Regions {
    const { readCode } = this;
    const { threadMemory, imports } = this.regionHost;
    const loadBackend = () => compilation.loadBackend({ threadMemory, imports, readCode });
    const regions = new Regions(this.regionHost, { ...compilation, loadBackend });
    if (this.precise) regions.requirePrecise();
    return regions;
  }

  /** Executes the instruction at the PC in the cold tier: its exit if it has one, undefined when it is done. */
  private coldStep(): Exit | undefined {
    const exit = this.step();
    return exit === INTERRUPT ? undefined : exit;
  }

  /**
   * A region that was left for a signal has not written back registers that the guest will overwrite before it reads
   * them. Goes on until it has, so that the state is exact; what comes in between, if anything does.
   */
  private overwriteStale(): Exit | undefined {
    const { words } = this;
    const first = TRANSLATOR.stale >> 2;
    const end = first + TRANSLATOR.staleBanks;
    let exit: Exit | undefined;
    while (!exit && words.subarray(first, end).some((set) => set !== 0)) {
      const written = this.regions?.writtenAt(Number(this.doublewords[this.pcIndex])) ?? [];
      exit = this.coldStep();
      for (const register of written) words[first + (register >> 5)] &= ~(1 << register);
    }
    words.fill(0, first, end);
    return exit;
  }

  /** After a WebAssembly trap: the PC from the record being executed, and what the host says of the fault. */
  private trapped(error: WebAssembly.RuntimeError): Exit | undefined {
    const { words, doublewords } = this;
    const inRegion = this.regions?.trapAddress(error);
    if (inRegion !== undefined) {
      const fault = this.takeFault();
      doublewords[this.pcIndex] = BigInt(inRegion);
      // The cold tier makes the same access again and says what is wrong with it,
      if (this.precise) return this.coldStep();
      this.isExact = false;
      // but not with stale registers. Addresses outside the window stay unknown: nobody can ask any more.
      if (fault && fault.signo !== SIGSEGV) return { kind: 'fault', ...fault };
      return this.segmentationFault(fault?.address ?? -1n);
    }
    const distance = words[TRANSLATOR.record >> 2] - words[TRANSLATOR.pageRecords >> 2];
    doublewords[this.pcIndex] = doublewords[TRANSLATOR.pageAddress >> 3] + BigInt(distance >> RECORD_SHIFT);
    const fault = this.takeFault();
    // Addresses beyond what WebAssembly can address never reach the host's memory management.
    if (!fault) return this.segmentationFault(this.accessAddress);
    if (fault.signo !== SIGSEGV) return { kind: 'fault', ...fault };
    if (this.storeToCode(fault.address)) return undefined;
    return this.segmentationFault(fault.address);
  }

  /** What the host says of the fault. If it was a store-conditional's, nobody is kept waiting for that. */
  private takeFault(): ReturnType<Host['takeFault']> {
    const held = this.words[TRANSLATOR.heldVersion >> 2];
    if (held !== 0) {
      Atomics.and(this.versions, (held - 1) >> 2, ~1);
      this.words[TRANSLATOR.heldVersion >> 2] = 0;
    }
    return this.host.takeFault();
  }

  private segmentationFault(address: bigint): Exit {
    const flags = address < this.host.windowSize ? this.space.table[Number(address >> 12n)] : 0;
    const code = (flags & PageFlag.mapped) !== 0 ? SEGV_ACCERR : SEGV_MAPERR;
    return { kind: 'fault', signo: SIGSEGV, code, address };
  }

  /**
   * If the store at the PC failed only because its page holds translated code: makes it writable and executes the
   * store, which may lie on that very page, before anything is translated again.
   */
  private storeToCode(address: bigint): boolean {
    if (!this.space.unprotectCode(Number(address))) return false;
    const { words, doublewords } = this;
    const pc = Number(doublewords[this.pcIndex]);
    this.letDecode(this.bare(pc));
    doublewords[STUB.limit >> 3] = NO_LIMIT;
    try {
      if (this.regions) this.regions.withOriginal(pc, this.cold.step);
      else this.cold.step();
    } catch (error) {
      // The other page of a store across two; it faults again when the guest goes on.
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      this.takeFault();
    }
    words[TRANSLATOR.unprotected >> 2] = 0;
    const page = this.bare(Number(doublewords[TRANSLATOR.pageAddress >> 3]));
    this.flush(page, page + PAGE_SIZE);
    return true;
  }

  /** The import `fp`: operands and result are in the thread memory, the raised flags are returned. */
  private slowFloat(operation: number, rounding: number): number {
    const { words, doublewords } = this;
    this.float ??= new SlowFloat(this.arithmetic);
    const first = TRANSLATOR.fpOperands >> 3;
    const [a, b, c] = [doublewords[first], doublewords[first + 1], doublewords[first + 2]];
    if (words[TRANSLATOR.fusedMultiplyAdd >> 2] === 0) {
      words[TRANSLATOR.fusedMultiplyAdd >> 2] = this.cold.fma() === 1 ? 1 : 2;
    }
    const format = FP_FORMATS[operation % 3];
    doublewords[TRANSLATOR.fpResult >> 3] = this.float.run(
      FP_OP_NAMES[Math.floor(operation / 3)],
      format,
      rounding,
      a,
      b,
      c,
    );
    return this.float.takeFlags();
  }
}
