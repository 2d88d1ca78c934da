/**
 * The regions of a guest thread: when code is compiled, where it is found, and
 * when it is dropped.
 *
 * A region is entered through its record: the cold tier finds REGION there and
 * calls through the table of regions; other regions call through the same table
 * by index. An index belongs to an address for good; while no region is there,
 * the entry holds the cold tier's `missing`, which gives the address back.
 *
 * What always holds when JavaScript runs: no region is on the stack, so any can
 * be dropped.
 */
import type { Architecture } from '../../cpu/arch.ts';
import { COUNTERS, JUMP_CACHE, PAGE_SIZE, TRANSLATOR } from '../../host/layout.ts';
import { RECORD_SIZE, REGION } from '../cold/record.ts';
import { REGION_TABLE_SIZE } from '../wasm/region-type.ts';
import { compileRegion } from './compile.ts';
import { Effects, Former, type ReadCode } from './former.ts';
import type { Region } from './graph.ts';
import type { Result } from './mailbox.ts';
import { compiled, compiledWithName, instantiate } from './modules.ts';
import type { Orders } from './orders.ts';
import { isFloat, isVector, writeOf } from './register-numbers.ts';
import { worthAfter } from './worth.ts';

/** What regions need of the engine they belong to. */
export interface RegionHost {
  arch: Architecture;
  threadMemory: WebAssembly.Memory;
  table: WebAssembly.Table;
  /** The cold tier's stand-in for regions that do not exist. */
  missing: unknown;
  /** Imports of every module. */
  imports: Record<string, unknown>;
  readCode: ReadCode;
  /** How another thread is asked to compile; undefined: this one does it itself. */
  orders?: Orders;
}

/** How code is compiled, and who looks on. */
export interface RegionOptions {
  /** After how many jumps to code it is worth to be compiled in the guest's own thread. */
  threshold?: number;
  /** -one-insn-per-tb: a region is one instruction. */
  oneInstruction?: boolean;
  /** -tb-size: all regions are dropped when their modules have this many bytes. */
  codeLimit?: number;
  /** What the code at an address is called, for profilers. */
  nameOf?(pc: number): string;
  /** The instruction at an address as assembly, for comments. */
  describe?(pc: number, word: number): string;
  /** -d op, out_wasm, out_js. */
  onRegion?(region: Region, arch: Architecture, describe?: (pc: number) => string): void;
  onModule?(pc: number, bytes: Uint8Array): void;
  onSource?(pc: number, source: string): void;
}

/** A region's host function. */
export interface Made {
  /** What goes into the table of regions. */
  entry: unknown;
  /** Bytes of code. */
  length: number;
  sites: readonly { offset: number; pc: number }[];
}

/**
 * All regions are dropped when there are this many, or when their modules have this many bytes: what is still hot comes
 * back. A module costs V8 15 KB besides its code, and that is about three times its bytes.
 */
const REGION_LIMIT = 4000;
const CODE_LIMIT = 12 << 20;
/** Slots of the table that may be taken before a region is compiled: what it leaves to takes more, one an exit at most. */
const SLOT_LIMIT = REGION_TABLE_SIZE - 3000;

/** Jumps after which code is worth compiling where another thread does it. */
const ORDER_THRESHOLD = 6000;

/** What the compiler thread has to be told of the table of regions. */
interface News {
  forget: boolean;
  slots: number[];
}

interface Installed {
  name: string;
  entry: number;
  slot: number;
  record: number;
  /** The record that REGION replaced. */
  original: Uint8Array;
  ranges: readonly { start: number; end: number }[];
  sites: readonly { offset: number; pc: number }[];
}

export class Regions {
  protected readonly host: RegionHost;
  protected readonly options: RegionOptions;
  private readonly words: Int32Array;
  private readonly halfwords: Uint16Array;
  private readonly bytes: Uint8Array;
  private readonly former: Former;
  private readonly slots = new Map<number, number>();
  private readonly byName = new Map<string, Installed>();
  private readonly byEntry = new Map<number, Installed>();
  private readonly byPage = new Map<number, Set<Installed>>();
  private readonly refused = new Set<number>();
  /** How often code without a region was jumped to, by its address, as far as the cold tier has said so. */
  private readonly jumps = new Map<number, number>();
  /** After how many jumps regions that were not worth compiling will be. */
  private readonly worth = new Map<number, number>();
  /** Entries of regions that may assume nothing of registers. */
  private readonly general = new Set<number>();
  /** Entries of regions that are ordered or to be, with what they may assume (CodeOptions). */
  private readonly queue = new Map<number, Int32Array>();
  /** What is different since the last order. */
  private news: News = { forget: true, slots: [] };
  /** What has happened since the outstanding order to what it is based on; undefined: none is outstanding. */
  private outstanding: { pc: number; isVoid: boolean; flushed: { start: number; end: number }[] } | undefined;
  /** Milliseconds of the processor's time that this thread has compiled in this process. */
  private ownTime = 0;
  /** Bytes of the modules that are in use. */
  private codeSize = 0;
  private readonly fused: boolean;
  private precise = false;
  readonly statistics = { regions: 0, compiledInstructions: 0, compileTime: 0, moduleBytes: 0, dropped: 0 };

  constructor(host: RegionHost, options: RegionOptions = {}) {
    this.host = host;
    this.options = options;
    const { buffer } = host.threadMemory;
    this.words = new Int32Array(buffer);
    this.halfwords = new Uint16Array(buffer);
    this.bytes = new Uint8Array(buffer);
    this.former = new Former(new Effects(host.arch), buffer, host.readCode);
    this.fused = (host.imports.fma as () => number)() === 1;
  }

  /** Compiles the code at an address that has become hot, unless that was tried before. */
  compile(pc: number): void {
    const record = this.former.recordOf(pc);
    if (record === 0 || this.byEntry.has(pc) || this.refused.has(pc)) return;
    this.clearCounter(record);
    const jumps = (this.jumps.get(pc) ?? 0) + this.hotThreshold;
    this.jumps.set(pc, jumps);
    if (this.queue.has(pc) || jumps < (this.worth.get(pc) ?? 0)) return;
    if (!this.isEager && this.host.orders?.areTaken(this.ownTime)) {
      this.lowerThreshold();
      this.queue.set(pc, this.wordsNow(pc));
      this.advance();
    } else this.compileHere(pc);
  }

  /** What is hot is ordered sooner than it would be compiled here. */
  private lowerThreshold(): void {
    if (this.hotThreshold <= ORDER_THRESHOLD) return;
    this.hotThreshold = ORDER_THRESHOLD;
    const counters = new Uint16Array(this.bytes.buffer, COUNTERS.start, COUNTERS.count);
    // The cold tier tells of a counter when it reaches the threshold.
    for (let i = 0; i < counters.length; i++) counters[i] = Math.min(counters[i], ORDER_THRESHOLD - 1);
  }

  private compileHere(pc: number): void {
    const start = performance.now();
    const used = process.threadCpuUsage();
    const region = this.former.form(pc, this.isEager, this.callsKernel, this.sizeLimit);
    if (!region) {
      this.refused.add(pc);
      return;
    }
    const worth = worthAfter(region, this.threshold);
    if (!this.isEager && (this.jumps.get(pc) ?? 0) < worth) {
      this.worth.set(pc, worth);
      return;
    }
    this.makeRoom();
    const name = this.statistics.regions++;
    this.options.onRegion?.(region, this.host.arch, this.describe);
    this.install(pc, name, region, this.make(pc, region, nameOf(name)));
    this.statistics.compileTime += performance.now() - start;
    const { user, system } = process.threadCpuUsage(used);
    this.ownTime += (user + system) / 1000;
  }

  /** Takes the result of an order, if there is one, and leaves the next. */
  advance(): void {
    const { orders } = this.host;
    if (!orders) return;
    if (this.outstanding) {
      const result = orders.take();
      if (result === undefined) return;
      const { pc, isVoid, flushed } = this.outstanding;
      this.queue.delete(pc);
      this.outstanding = undefined;
      if (result.kind === 'module' && !this.news.forget) {
        for (let i = 0; i < result.slots.length; i += 2) this.setSlot(result.slots[i], result.slots[i + 1]);
      }
      // What is void becomes hot again, if it is.
      if (!isVoid) this.accept(pc, result, flushed);
    }
    this.makeRoom();
    const pc = this.mostWanted();
    if (pc !== undefined) this.order(orders, pc, this.queue.get(pc)!);
  }

  /** Of the addresses in the queue the one jumped to most; those whose code has changed go. */
  private mostWanted(): number | undefined {
    let wanted: number | undefined;
    for (const pc of this.queue.keys()) {
      if (this.former.recordOf(pc) === 0) this.queue.delete(pc);
      else if (wanted === undefined || (this.jumps.get(pc) ?? 0) > (this.jumps.get(wanted) ?? 0)) wanted = pc;
    }
    return wanted;
  }

  private order(orders: Orders, pc: number, assumable: Int32Array): void {
    const { precise, fused } = this;
    orders.leave({
      pc,
      name: this.statistics.regions++,
      precise,
      fused,
      jumps: this.jumps.get(pc) ?? 0,
      threshold: this.hotThreshold,
      assumable: [...assumable],
      ...this.news,
    });
    this.news = { forget: false, slots: [] };
    this.outstanding = { pc, isVoid: false, flushed: [] };
  }

  private accept(pc: number, result: Result, flushed: readonly { start: number; end: number }[]): void {
    switch (result.kind) {
      case 'tooLarge':
        this.jumps.set(pc, Number.POSITIVE_INFINITY);
        this.compileHere(pc);
        return;
      case 'refused':
        if (!flushed.some(({ start, end }) => pc >= start && pc < end)) this.refused.add(pc);
        return;
      case 'wait':
        this.worth.set(pc, result.jumps);
        return;
      case 'module': {
        const { name, bytes, sites, ranges, size, time } = result;
        this.statistics.compileTime += time;
        if (flushed.some((f) => ranges.some((r) => r.start < f.end && r.end > f.start))) return;
        const entry = instantiate(new WebAssembly.Module(bytes), this.host.imports);
        this.install(pc, name, { ranges, size }, { entry, length: bytes.length, sites });
      }
    }
  }

  /** Drops everything if there is too much. */
  private makeRoom(): void {
    const isFull = this.byEntry.size >= REGION_LIMIT || this.codeSize >= (this.options.codeLimit ?? CODE_LIMIT);
    if (isFull || this.slots.size >= SLOT_LIMIT) this.flushAll();
  }

  private install(pc: number, number: number, { ranges, size }: Pick<Region, 'ranges' | 'size'>, made: Made): void {
    const { statistics } = this;
    const { entry, length, sites } = made;
    const record = this.former.recordOf(pc);
    const name = nameOf(number);
    this.jumps.delete(pc);
    this.worth.delete(pc);
    this.codeSize += length;
    const slot = this.slotOf(pc);
    this.host.table.set(slot, entry);
    const original = this.bytes.slice(record, record + RECORD_SIZE);
    const installed: Installed = { name, entry: pc, slot, record, original, ranges, sites };
    this.halfwords[record >> 1] = REGION;
    this.words[(record + 8) >> 2] = slot;
    this.byEntry.set(pc, installed);
    this.byName.set(name, installed);
    for (const page of pagesOf(installed)) {
      const there = this.byPage.get(page);
      if (there) there.add(installed);
      else this.byPage.set(page, new Set([installed]));
    }
    statistics.compiledInstructions += size;
    statistics.moduleBytes += length;
  }

  /** Compiles a region: the step that back ends do differently. */
  protected make(pc: number, region: Region, name: string): Made {
    const { arch } = this.host;
    const { nameOf, onModule } = this.options;
    const names = { function: nameOf?.(pc), locals: onModule !== undefined };
    const { bytes, sites } = compileRegion(
      arch,
      region,
      name,
      (at) => this.slotOf(at),
      { precise: this.precise, fused: this.fused, assumable: this.wordsNow(pc) },
      names,
    );
    onModule?.(pc, bytes);
    const compile = nameOf === undefined ? compiled : compiledWithName;
    return { entry: compile(bytes, this.host.imports), length: bytes.length, sites };
  }

  /** A register was not what the region at `pc` takes it for: compiles it without assumptions. */
  generalise(pc: number): void {
    const installed = this.byEntry.get(pc);
    if (installed) this.drop(installed);
    this.general.add(pc);
    this.compile(pc);
  }

  /** By bank, the registers that hold words while the guest is at the entry of a region: what may be assumed of it. */
  private wordsNow(pc: number): Int32Array {
    const { arch } = this.host;
    const words = new Int32Array(Math.ceil(arch.registerCount / 32));
    if (this.general.has(pc)) return words;
    for (let register = 0; register < arch.registerCount; register++) {
      if (isVector(arch, register)) continue;
      const [low, high] = this.words.subarray(2 * register, 2 * register + 2);
      if (high === (isFloat(arch, register) ? -1 : low >> 31)) words[register >> 5] |= 1 << register;
    }
    return words;
  }

  /** The numbers of the registers that the instruction at an address writes. */
  writtenAt(pc: number): number[] {
    const statements = this.former.fetch(pc)?.statements ?? [];
    return statements.flatMap((statement) => writeOf(this.host.arch, statement) ?? []);
  }

  /** The instruction at an address as assembly, for comments. */
  protected get describe(): ((pc: number) => string) | undefined {
    const { describe } = this.options;
    return describe && ((pc) => describe(pc, this.host.readCode(pc) ?? 0));
  }

  /** Whether regions make system calls themselves. */
  protected get callsKernel(): boolean {
    return true;
  }

  /** Instructions that a region may have; undefined for the usual limit. */
  protected get sizeLimit(): number | undefined {
    return this.options.oneInstruction ? 1 : undefined;
  }
  private get isEager(): boolean {
    return this.threshold === 1;
  }
  private get threshold(): number {
    return this.options.threshold ?? 1;
  }

  /** Jumps to code after which the cold tier says so. */
  private get hotThreshold(): number {
    return this.words[TRANSLATOR.hotThreshold >> 2];
  }

  private set hotThreshold(jumps: number) {
    this.words[TRANSLATOR.hotThreshold >> 2] = jumps;
  }

  /** Lets the cold tier count anew. */
  private clearCounter(record: number): void {
    this.halfwords[(COUNTERS.start + ((record >>> 3) & (2 * COUNTERS.count - 2))) >> 1] = 0;
  }

  /** Called when the region of an address is no more. */
  protected onDropped(_entry: number): void {}

  /** The guest address of a trap in a region; undefined if it came from elsewhere. */
  trapAddress(error: WebAssembly.RuntimeError): number | undefined {
    const frame = /wasm:\/\/wasm\/(\w+)-[0-9a-f]+:wasm-function\[\d+\]:0x([0-9a-f]+)/.exec(error.stack ?? '');
    // The first frame of WebAssembly is the one that trapped; the cold tier's module has no name.
    const first = /wasm:\/\/wasm\/[^\s)]*/.exec(error.stack ?? '');
    if (!frame || !first?.[0].startsWith(`wasm://wasm/${frame[1]}-`)) return undefined;
    const installed = this.byName.get(frame[1]);
    if (!installed) return undefined;
    const offset = Number.parseInt(frame[2], 16);
    let address: number | undefined;
    for (const site of installed.sites) {
      if (site.offset > offset) break;
      address = site.pc;
    }
    return address;
  }

  /** Does something with the decoded instruction at `pc` in place of the region that starts there. */
  withOriginal<T>(pc: number, action: () => T): T {
    const installed = this.byEntry.get(pc);
    if (!installed) return action();
    const { record, original, slot } = installed;
    this.bytes.set(original, record);
    try {
      return action();
    } finally {
      // Unless the action dropped it.
      if (this.byEntry.get(pc) === installed) {
        this.halfwords[record >> 1] = REGION;
        this.words[(record + 8) >> 2] = slot;
      }
    }
  }

  /** From now on the state must be exact at faults. No region is on the stack. */
  requirePrecise(): void {
    if (this.precise) return;
    this.precise = true;
    this.flushAll();
  }

  /** Another program: nothing has to be exact yet. */
  reset(): void {
    this.precise = false;
    this.flushAll();
  }

  /** In a new process: what was ordered will not come. */
  forgetOrders(): void {
    this.queue.clear();
    this.outstanding = undefined;
    this.ownTime = 0;
    this.hotThreshold = this.threshold;
    this.news = { forget: true, slots: [...this.slots].flat() };
  }

  /** Drops the regions with code in [start, end). The caller drops the decoded instructions of those pages. */
  flush(start: number, end: number): void {
    this.outstanding?.flushed.push({ start, end });
    if (this.byEntry.size === 0 && this.refused.size === 0) return;
    const first = Math.floor(start / PAGE_SIZE);
    const last = Math.ceil(end / PAGE_SIZE);
    for (const [page, regions] of this.byPage) {
      if (page < first || page >= last) continue;
      for (const installed of [...regions]) this.drop(installed);
    }
    for (const pc of this.refused) if (pc >= start && pc < end) this.refused.delete(pc);
  }

  flushAll(): void {
    this.queue.clear();
    if (this.outstanding) this.outstanding.isVoid = true;
    for (const installed of [...this.byEntry.values()]) this.drop(installed);
    if (this.slots.size >= SLOT_LIMIT) {
      this.slots.clear();
      this.news = { forget: true, slots: [] };
      // It knows slots by address.
      this.bytes.fill(0, JUMP_CACHE.start, JUMP_CACHE.start + 16 * JUMP_CACHE.entries);
    }
    this.refused.clear();
    this.general.clear();
    this.jumps.clear();
    this.worth.clear();
    this.codeSize = 0;
  }

  private drop(installed: Installed): void {
    this.statistics.dropped++;
    this.host.table.set(installed.slot, this.host.missing);
    // Its page may stay when only another page of the region changed.
    this.bytes.set(installed.original, installed.record);
    // If it is still hot, that shows from now on.
    this.clearCounter(installed.record);
    this.byEntry.delete(installed.entry);
    this.onDropped(installed.entry);
    this.byName.delete(installed.name);
    for (const page of pagesOf(installed)) {
      const there = this.byPage.get(page);
      there?.delete(installed);
      if (there?.size === 0) this.byPage.delete(page);
    }
  }

  private slotOf(pc: number): number {
    let slot = this.slots.get(pc);
    if (slot === undefined) {
      slot = this.slots.size + 1;
      this.setSlot(pc, slot);
      this.news.slots.push(pc, slot);
    }
    return slot;
  }

  private setSlot(pc: number, slot: number): void {
    this.host.table.set(slot, this.host.missing);
    this.slots.set(pc, slot);
  }
}

const nameOf = (number: number): string => `region${number}`;

function pagesOf({ ranges }: Installed): Set<number> {
  const pages = new Set<number>();
  for (const { start, end } of ranges) {
    for (let page = Math.floor(start / PAGE_SIZE); page * PAGE_SIZE < end; page++) pages.add(page);
  }
  return pages;
}
