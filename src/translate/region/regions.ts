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
import { isFloat, isVector, type RegisterLayout } from '../../cpu/arch.ts';
import { JUMP_CACHE, PAGE_SIZE, TRANSLATOR } from '../../host/layout.ts';
import type { Translations } from '../../host/translations.ts';
import { counterOf, RECORD_SIZE, REGION, recordOf } from '../cold/record.ts';
import { REGION_TABLE_MOST } from '../wasm/region-type.ts';
import type { Backend, Made } from './backend.ts';
import type { Description } from './description.ts';
import type { Sites } from './flow.ts';
import { pagesOf } from './graph.ts';
import { instantiate, trapSite } from './instance.ts';
import type { Result } from './mailbox.ts';
import type { Orders } from './orders.ts';
import { Slots, UsedSlots } from './slots.ts';
import { Stored } from './stored.ts';
import { worthAfter } from './worth.ts';

/** What regions need of the engine they belong to. */
export interface RegionHost {
  registers: RegisterLayout;
  threadMemory: WebAssembly.Memory;
  table: WebAssembly.Table;
  /** The cold tier's stand-in for regions that do not exist. */
  missing: unknown;
  /** Imports of every module. */
  imports: Record<string, unknown>;
  /** A copy of guest memory; undefined if it cannot be read. */
  read(address: number, length: number): Uint8Array | undefined;
}

/** How hot code is compiled. */
export interface RegionOptions {
  /** After how many jumps to code it is worth to be compiled in the guest's own thread. */
  threshold: number;
  /** -tb-size: all regions are dropped when their modules have this many bytes. */
  codeLimit?: number;
  /** Makes the compiler, for the first code that is compiled. */
  loadBackend(): Backend;
  /** How another thread is asked to compile; undefined: this one does it itself. */
  orders?: Orders;
  /** Regions of earlier runs. */
  translations?: Translations;
}

/**
 * All regions are dropped when there are this many, or when their modules have this many bytes: what is still hot comes
 * back. A module costs V8 15 KB besides its code, and that is about three times its bytes. A compiler has more than 4,000
 * regions that it is in all the time.
 */
const REGION_LIMIT = 12_000;
const CODE_LIMIT = 12 << 20;
/** Slots of the table that may be taken before a region is compiled: what it leaves to takes more, one an exit at most. */
const SLOT_LIMIT = REGION_TABLE_MOST - 3000;

/** Jumps after which a region of an earlier run is installed, and until it is tried again if pages of it are not decoded. */
const STORED_AFTER = 8;
const STORED_AGAIN = 100;
/**
 * How often the threshold in jumps to hot code without a stored region there must be before the compiler is loaded for it:
 * that and the first regions take 100 ms of the processor's time, and so does the cold tier with so much of hot code.
 */
const LOADED_AFTER = 150;

/** Jumps after which code is worth compiling where another thread does it. */
const ORDER_THRESHOLD = 6000;

/**
 * Jumps after which the cold tier tells of code for the first time. Code that is jumped to less often in a run is not worth a
 * region in many runs either: taking one back takes as long as so many jumps.
 */
const REPORT_AFTER = 4000;

/** Jumps after which the cold tier tells of code, where it is compiled after `threshold`. */
export const reportAfter = (threshold: number): number => Math.min(threshold, REPORT_AFTER);

/** What the compiler thread has to be told of the table of regions. */
interface News {
  forget: boolean;
  slots: number[];
}

interface Installed {
  /** The address it was formed for. */
  pc: number;
  /** Where it is entered. */
  entries: Entry[];
  ranges: readonly { start: number; end: number }[];
  sites: Sites;
}

interface Entry {
  pc: number;
  slot: number;
  record: number;
  /** The record that REGION replaced. */
  original: Uint8Array;
}

const overlaps = (ranges: Installed['ranges'], start: number, end: number): boolean =>
  ranges.some((range) => range.start < end && range.end > start);

export class Regions {
  private readonly host: RegionHost;
  private readonly options: RegionOptions;
  private readonly words: Int32Array;
  private readonly halfwords: Uint16Array;
  private readonly bytes: Uint8Array;
  private loaded: Backend | undefined;
  /** Jumps to what was hot and had no stored region, in earlier runs too. */
  private missed = 0;
  private readonly slots = new Slots((pc, slot) => {
    const { length } = this.host.table;
    if (slot >= length) this.host.table.grow(REGION_TABLE_MOST - length);
    this.host.table.set(slot, this.host.missing);
    this.news.slots.push(pc, slot);
  });
  private readonly stored: Stored | undefined;
  /** By the addresses they were formed for, by which their traps are known. */
  private readonly installed = new Map<number, Installed>();
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
  readonly statistics = { regions: 0, stored: 0, compiledInstructions: 0, compileTime: 0, moduleBytes: 0, dropped: 0 };

  constructor(host: RegionHost, options: RegionOptions) {
    this.host = host;
    this.options = options;
    const { buffer } = host.threadMemory;
    this.words = new Int32Array(buffer);
    this.halfwords = new Uint16Array(buffer);
    this.bytes = new Uint8Array(buffer);
    this.fused = (host.imports.fma as () => number)() === 1;
    if (options.translations) this.stored = new Stored(options.translations, host.read, this.slots, host.imports);
  }

  /** Compiles the code at an address that has become hot, unless that was tried before. */
  compile(pc: number): void {
    const record = this.recordOf(pc);
    if (record === 0 || this.byEntry.has(pc) || this.refused.has(pc)) return;
    this.openStored();
    // The upper half tells Former that it has been hot.
    this.setCounter(pc, this.hotThreshold >> 1);
    if (this.takeStored(pc)) return;
    const seen = this.jumps.get(pc);
    const counted = seen === undefined ? this.hotThreshold : (this.hotThreshold + 1) >> 1;
    const jumps = (seen ?? this.stored?.before(pc)?.jumps ?? 0) + counted;
    this.jumps.set(pc, jumps);
    this.stored?.noteJumps(pc, counted);
    if (this.queue.has(pc) || jumps < this.worthOf(pc)) return;
    const isOrdered = !this.isEager && this.options.orders?.areTaken(this.ownTime) === true;
    // Not at every report: regions overlap, and sort takes 1.3 times as long if the shorter of two is asked for before the longer.
    const threshold = isOrdered ? this.orderThreshold : this.threshold;
    if (Math.floor(jumps / threshold) === Math.floor((seen ?? 0) / threshold)) return;
    if (this.stored?.isEmpty === false && !this.loaded) {
      this.missed += counted;
      if (this.missed < LOADED_AFTER * this.options.threshold) return;
    }
    if (isOrdered) {
      this.queue.set(pc, this.wordsNow(pc));
      this.advance();
    } else this.compileHere(pc);
  }

  /** Looks for regions of earlier runs of the program. */
  openStored(): void {
    const { stored } = this;
    if (stored === undefined || stored.isOpen) return;
    stored.open();
    this.missed = stored.jumpsWorth(this.threshold);
    this.words[TRANSLATOR.reportPages >> 2] = Number(!stored.isEmpty);
    for (const page of stored.allPages) if (this.recordOf(page * PAGE_SIZE) !== 0) this.prime(page * PAGE_SIZE);
  }

  /** The page of an address begins to be decoded: the code on it that has stored regions is hot before long. */
  prime(address: number): void {
    const page = Math.floor(address / PAGE_SIZE);
    for (const pc of this.stored?.onPage(page) ?? []) this.setCounter(pc, this.hotThreshold - STORED_AFTER);
  }

  /** Installs the region of an earlier run, if there is one that fits. True if there is nothing else to do. */
  private takeStored(pc: number): boolean {
    this.makeRoom();
    const found = this.stored?.find(pc, this.circumstances(pc), (page) => this.recordOf(page * PAGE_SIZE) !== 0);
    if (found === undefined) return false;
    if (found === 'later') {
      this.setCounter(pc, this.hotThreshold - STORED_AGAIN);
      return true;
    }
    // Another version of it is entered elsewhere.
    if (this.installed.has(found.pc)) return false;
    this.statistics.stored++;
    this.install(found.pc, found);
    return true;
  }

  /** What a region depends on beside its code, as a number. */
  private circumstances(pc: number): number {
    return [this.precise, this.fused, this.general.has(pc)].reduce((all, one) => 2 * all + Number(one), 0);
  }

  private compileHere(pc: number): void {
    // Loading it is not compiling.
    const { backend } = this;
    const start = performance.now();
    const before = process.threadCpuUsage();
    const region = backend.form(pc);
    if (!region) {
      this.refused.add(pc);
      return;
    }
    const worth = worthAfter(region, this.threshold);
    if (!this.isEager && (this.jumps.get(pc) ?? 0) < worth) {
      this.setWorth(pc, worth);
      return;
    }
    this.makeRoom();
    const used = new UsedSlots(this.slots);
    const { precise, fused } = this;
    const { module, ...made } = backend.make(pc, region, used.of, { precise, fused, assumable: this.wordsNow(pc) });
    const time = performance.now() - start;
    this.statistics.compileTime += time;
    this.installNew(pc, { ...region, ...made, slots: used.pairs() }, module, time);
    const { user, system } = process.threadCpuUsage(before);
    this.ownTime += (user + system) / 1000;
  }

  /** Takes the result of an order, if there is one, and leaves the next. */
  advance(): void {
    const { orders } = this.options;
    if (!orders) return;
    if (this.outstanding) {
      const result = orders.take();
      if (result === undefined) return;
      const { pc, isVoid, flushed } = this.outstanding;
      this.queue.delete(pc);
      this.outstanding = undefined;
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
      if (this.recordOf(pc) === 0) this.queue.delete(pc);
      else if (wanted === undefined || (this.jumps.get(pc) ?? 0) > (this.jumps.get(wanted) ?? 0)) wanted = pc;
    }
    return wanted;
  }

  private order(orders: Orders, pc: number, assumable: Int32Array): void {
    const { precise, fused } = this;
    orders.leave({
      pc,
      precise,
      fused,
      jumps: this.jumps.get(pc) ?? 0,
      threshold: this.orderThreshold,
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
        this.setWorth(pc, result.jumps);
        return;
      case 'module': {
        const { bytes, time, ...description } = result;
        this.statistics.compileTime += time;
        if (this.byEntry.has(pc) || flushed.some((f) => overlaps(description.ranges, f.start, f.end))) return;
        if (!this.slots.adoptAll(description.slots)) {
          // Both have given a slot away meanwhile. Unless told, the other would use its own again and again.
          this.tellAllSlots();
          return;
        }
        const module = new WebAssembly.Module(bytes);
        const entry = instantiate(module, this.host.imports);
        const { length } = bytes;
        this.installNew(pc, { ...description, entry, length }, { module, bytes }, time);
      }
    }
  }

  /** Installs what has just been made, in so many milliseconds, and keeps it for later runs. */
  private installNew(pc: number, made: Made & Description, module: Made['module'], time: number): void {
    this.statistics.regions++;
    this.install(pc, made);
    if (module) this.stored?.keep(pc, this.circumstances(pc), made, module, time);
  }

  /** Drops everything if there is too much. */
  private makeRoom(): void {
    const isFull = this.installed.size >= REGION_LIMIT || this.codeSize >= (this.options.codeLimit ?? CODE_LIMIT);
    if (isFull || this.slots.size >= SLOT_LIMIT) this.flushAll();
  }

  private install(pc: number, made: Made & Pick<Description, 'ranges' | 'size' | 'entries'>): void {
    const { statistics } = this;
    const { length, ranges, sites, size } = made;
    this.codeSize += length;
    const installed: Installed = { pc, entries: [], ranges, sites };
    for (const entry of made.entries) this.enterAt(entry, installed, made.entry);
    this.installed.set(pc, installed);
    for (const page of pagesOf(installed)) {
      const there = this.byPage.get(page);
      if (there) there.add(installed);
      else this.byPage.set(page, new Set([installed]));
    }
    statistics.compiledInstructions += size;
    statistics.moduleBytes += length;
  }

  /** Has a region entered at an address, if no other is and its page is decoded. */
  private enterAt(pc: number, installed: Installed, entry: unknown): void {
    const record = this.recordOf(pc);
    if (record === 0 || this.byEntry.has(pc)) return;
    this.jumps.delete(pc);
    this.worth.delete(pc);
    this.stored?.forgetJumps(pc);
    this.queue.delete(pc);
    const slot = this.slots.of(pc);
    this.host.table.set(slot, entry);
    const original = this.bytes.slice(record, record + RECORD_SIZE);
    installed.entries.push({ pc, slot, record, original });
    this.markEntry(record, slot);
    this.byEntry.set(pc, installed);
  }

  private markEntry(record: number, slot: number): void {
    this.halfwords[record >> 1] = REGION;
    this.words[(record + 8) >> 2] = slot;
  }

  private get backend(): Backend {
    return (this.loaded ??= this.options.loadBackend());
  }

  /** A register was not what the region at `pc` takes it for: compiles it without assumptions. */
  generalise(pc: number): void {
    const installed = this.byEntry.get(pc);
    if (installed) this.drop(installed);
    this.general.add(pc);
    this.jumps.set(pc, this.threshold);
    this.compile(pc);
  }

  /** By bank, the registers that hold words while the guest is at the entry of a region: what may be assumed of it. */
  private wordsNow(pc: number): Int32Array {
    const { registers } = this.host;
    const words = new Int32Array(Math.ceil(registers.registerCount / 32));
    if (this.general.has(pc)) return words;
    for (let register = 0; register < registers.registerCount; register++) {
      const [low, high] = this.words.subarray(2 * register, 2 * register + 2);
      if (isVector(registers, register)) {
        if ((register & 1) !== 0) continue;
        // See assumableOf.
        const isHalf = this.words[2 * register + 2] === 0 && this.words[2 * register + 3] === 0;
        if (isHalf) words[register >> 5] |= (high === 0 ? 3 : 2) << register;
        continue;
      }
      if (high === (isFloat(registers, register) ? -1 : low >> 31)) words[register >> 5] |= 1 << register;
    }
    return words;
  }

  /** The numbers of the registers that the instruction at an address writes. */
  writtenAt(pc: number): number[] {
    return this.backend.writtenAt(pc);
  }

  private recordOf(pc: number): number {
    return recordOf(this.words, pc);
  }

  private get isEager(): boolean {
    return this.threshold === 1;
  }
  /** A program that has been run before will be again. */
  private get threshold(): number {
    return this.stored?.isFirstRun === false ? this.orderThreshold : this.options.threshold;
  }
  private get orderThreshold(): number {
    return Math.min(ORDER_THRESHOLD, this.options.threshold);
  }

  /** After how many jumps an address is worth compiling, as far as that is known. */
  private worthOf(pc: number): number {
    return this.worth.get(pc) ?? this.stored?.before(pc)?.worth ?? 0;
  }
  private setWorth(pc: number, jumps: number): void {
    this.worth.set(pc, jumps);
    this.stored?.noteJumps(pc, 0, jumps);
  }

  /** Jumps to code after which the cold tier says so. */
  private get hotThreshold(): number {
    return this.words[TRANSLATOR.hotThreshold >> 2];
  }

  /** Lets the cold tier count the jumps to a decoded address from `jumps` on. */
  private setCounter(pc: number, jumps: number): void {
    this.halfwords[counterOf(this.recordOf(pc)) >> 1] = jumps;
  }

  /** The guest address of a trap in a region; undefined if it came from elsewhere. */
  trapAddress(error: WebAssembly.RuntimeError): number | undefined {
    if (this.loaded?.trapAddress) return this.loaded.trapAddress();
    const site = trapSite(error);
    const installed = site && this.installed.get(site.region);
    if (installed === undefined) return undefined;
    const { sites } = installed;
    let next = 0;
    while (sites[next] <= site!.offset) next += 2;
    return next === 0 ? undefined : sites[next - 1];
  }

  /** Does something with the decoded instruction at `pc` in place of the region that starts there. */
  withOriginal<T>(pc: number, action: () => T): T {
    const installed = this.byEntry.get(pc);
    const entry = installed?.entries.find((one) => one.pc === pc);
    if (entry === undefined) return action();
    const { record, original, slot } = entry;
    this.bytes.set(original, record);
    try {
      return action();
    } finally {
      // Unless the action dropped it.
      if (this.byEntry.get(pc) === installed) this.markEntry(record, slot);
    }
  }

  /** From now on the state must be exact at faults. No region is on the stack. */
  requirePrecise(): void {
    if (this.precise) return;
    this.precise = true;
    this.flushAll();
  }

  /** Another program is to come: nothing has to be exact yet. */
  reset(): void {
    this.stored?.close();
    this.words[TRANSLATOR.reportPages >> 2] = 0;
    this.precise = false;
    this.flushAll();
    this.forgetSlots();
  }

  /** The process or the thread ends: keeps what was made. */
  save(): void {
    this.stored?.save();
  }

  /** In a new process: what was ordered will not come, and the parent stores what was made before. */
  forgetOrders(): void {
    this.stored?.forgetKept();
    this.queue.clear();
    this.outstanding = undefined;
    this.ownTime = 0;
    this.tellAllSlots();
  }

  /** Drops the regions with code in [start, end). The caller drops the decoded instructions of those pages. */
  flush(start: number, end: number): void {
    this.outstanding?.flushed.push({ start, end });
    if (this.installed.size === 0 && this.refused.size === 0) return;
    const first = Math.floor(start / PAGE_SIZE);
    const last = Math.ceil(end / PAGE_SIZE);
    for (const [page, regions] of this.byPage) {
      if (page < first || page >= last) continue;
      for (const installed of [...regions]) if (overlaps(installed.ranges, start, end)) this.drop(installed);
    }
    for (const pc of this.refused) if (pc >= start && pc < end) this.refused.delete(pc);
  }

  flushAll(): void {
    this.queue.clear();
    if (this.outstanding) this.outstanding.isVoid = true;
    for (const installed of [...this.installed.values()]) this.drop(installed);
    if (this.slots.size >= SLOT_LIMIT) this.forgetSlots();
    this.refused.clear();
    this.general.clear();
    this.jumps.clear();
    this.worth.clear();
    this.codeSize = 0;
  }

  /** The next order says which slots there are, and that there are no others. */
  private tellAllSlots(): void {
    this.news = { forget: true, slots: this.slots.pairs() };
  }

  /** No region is left. */
  private forgetSlots(): void {
    this.slots.clear();
    this.tellAllSlots();
    // It knows slots by address.
    this.bytes.fill(0, JUMP_CACHE.start, JUMP_CACHE.start + 16 * JUMP_CACHE.entries);
  }

  private drop(installed: Installed): void {
    this.statistics.dropped++;
    this.installed.delete(installed.pc);
    for (const { pc, slot, record, original } of installed.entries) {
      this.host.table.set(slot, this.host.missing);
      // Its page may stay when only another page of the region changed.
      this.bytes.set(original, record);
      // If it is still hot, that shows from now on.
      this.setCounter(pc, this.stored?.has(pc) ? this.hotThreshold - STORED_AFTER : 0);
      this.byEntry.delete(pc);
      this.loaded?.onDropped?.(pc);
    }
    for (const page of pagesOf(installed)) {
      const there = this.byPage.get(page);
      there?.delete(installed);
      if (there?.size === 0) this.byPage.delete(page);
    }
  }
}
