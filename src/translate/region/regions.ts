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
import { setFlagsFromString } from 'node:v8';
import type { Architecture } from '../../cpu/arch.ts';
import { type Decoded, makeDecoder } from '../../cpu/decoder.ts';
import type { Statement } from '../../cpu/ir.ts';
import type { Row } from '../../cpu/row.ts';
import { COUNTERS, DECODED, JUMP_CACHE, JUMP_LOG, PAGE_SIZE, TRANSLATOR } from '../../host/layout.ts';
import { RECORD_SHIFT, RECORD_SIZE, REGION } from '../cold/record.ts';
import { REGION_TABLE_SIZE } from '../wasm/region-type.ts';
import { compileRegion } from './compile.ts';
import { formRegion, type Instruction, isReturn, type Region } from './graph.ts';
import { isFloat, writeOf } from './register-numbers.ts';

/** What regions need of the engine they belong to. */
export interface RegionHost {
  arch: Architecture;
  threadMemory: WebAssembly.Memory;
  table: WebAssembly.Table;
  /** The cold tier's stand-in for regions that do not exist. */
  missing: unknown;
  /** Imports of every module. */
  imports: Record<string, unknown>;
  /** Up to 4 bytes of guest code, little-endian; undefined if they cannot be read. */
  readCode(pc: number): number | undefined;
}

/** How code is compiled, and who looks on. */
export interface RegionOptions {
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

/**
 * A jump to a region of so many instructions pays for compiling it as often as the threshold says; a larger one costs
 * more, and one jump seldom executes more of it. So it waits for more jumps, in proportion.
 */
const PAYING_SIZE = 30;

interface Effect {
  length: number;
  statements: readonly Statement[];
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
  private readonly decode: (word: number) => Decoded<Row<never>> | undefined;
  private readonly slots = new Map<number, number>();
  private readonly byName = new Map<string, Installed>();
  private readonly byEntry = new Map<number, Installed>();
  private readonly byPage = new Map<number, Set<Installed>>();
  private readonly refused = new Set<number>();
  /** Of entries whose regions are large: how many jumps are still to come before they are compiled. */
  private readonly waiting = new Map<number, number>();
  /** Entries of regions that may assume nothing of registers. */
  private readonly general = new Set<number>();
  /** What instruction words do; null if regions cannot have them. */
  private readonly effects = new Map<number, Effect | null>();
  /** The jump log as it was when the region being formed asked first. */
  private jumps: Map<number, Map<number, number>> | undefined;
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
    this.decode = makeDecoder(host.arch.rows);
    this.fused = (host.imports.fma as () => number)() === 1;
  }

  /** Compiles the code at an address that has become hot, unless that was tried before. */
  compile(pc: number): void {
    if (this.byEntry.has(pc) || this.refused.has(pc)) return;
    const record = this.recordOf(pc);
    const left = (this.waiting.get(pc) ?? 0) - this.threshold;
    if (left > 0) {
      this.wait(pc, record, left);
      return;
    }
    const start = performance.now();
    const { statistics } = this;
    this.jumps = undefined;
    const region =
      record === 0
        ? undefined
        : formRegion(
            pc,
            (at) => this.fetch(at),
            (at, address) => (isReturn(this.host.arch, address) ? [] : this.targetsOf(at)),
            this.sizeLimit,
          );
    if (!region || region.blocks[0].instructions.length === 0) {
      this.refused.add(pc);
      return;
    }
    const missing = this.threshold * (region.size / PAYING_SIZE - 1);
    if (missing > 0 && !this.waiting.has(pc) && !this.isEager) {
      this.wait(pc, record, missing);
      return;
    }
    this.waiting.delete(pc);
    const name = `region${statistics.regions++}`;
    this.options.onRegion?.(region, this.host.arch, this.describe);
    const isFull = this.byEntry.size >= REGION_LIMIT || this.codeSize >= (this.options.codeLimit ?? CODE_LIMIT);
    if (isFull || this.slots.size >= SLOT_LIMIT) this.flushAll();
    const { entry, length, sites } = this.make(pc, region, name);
    this.codeSize += length;
    const slot = this.slotOf(pc);
    this.host.table.set(slot, entry);
    const original = this.bytes.slice(record, record + RECORD_SIZE);
    const installed: Installed = { name, entry: pc, slot, record, original, ranges: region.ranges, sites };
    this.halfwords[record >> 1] = REGION;
    this.words[(record + 8) >> 2] = slot;
    this.byEntry.set(pc, installed);
    this.byName.set(name, installed);
    for (const page of pagesOf(installed)) {
      const there = this.byPage.get(page);
      if (there) there.add(installed);
      else this.byPage.set(page, new Set([installed]));
    }
    statistics.compiledInstructions += region.size;
    statistics.moduleBytes += length;
    statistics.compileTime += performance.now() - start;
  }

  /** Compiles a region: the step that back ends do differently. */
  protected make(pc: number, region: Region, name: string): Made {
    const { arch, imports } = this.host;
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
    const instance = new WebAssembly.Instance(optimised(bytes), { e: imports as never });
    return { entry: instance.exports.region, length: bytes.length, sites };
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
      const [low, high] = this.words.subarray(2 * register, 2 * register + 2);
      if (high === (isFloat(arch, register) ? -1 : low >> 31)) words[register >> 5] |= 1 << register;
    }
    return words;
  }

  /** The numbers of the registers that the instruction at an address writes. */
  writtenAt(pc: number): number[] {
    const statements = this.fetch(pc)?.statements ?? [];
    return statements.flatMap((statement) => writeOf(this.host.arch, statement) ?? []);
  }

  /** The instruction at an address as assembly, for comments. */
  protected get describe(): ((pc: number) => string) | undefined {
    const { describe } = this.options;
    return describe && ((pc) => describe(pc, this.host.readCode(pc) ?? 0));
  }

  /** Instructions that a region may have; undefined for the usual limit. */
  protected get sizeLimit(): number | undefined {
    if (this.options.oneInstruction) return 1;
    return this.isEager ? EAGER_SIZE_LIMIT : undefined;
  }
  private get isEager(): boolean {
    return this.threshold === 1;
  }
  private get threshold(): number {
    return this.words[TRANSLATOR.hotThreshold >> 2];
  }

  /** Lets the cold tier count anew. */
  private wait(pc: number, record: number, jumps: number): void {
    this.waiting.set(pc, jumps);
    this.clearCounter(record);
  }

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

  /** Drops the regions with code in [start, end). The caller drops the decoded instructions of those pages. */
  flush(start: number, end: number): void {
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
    for (const installed of [...this.byEntry.values()]) this.drop(installed);
    if (this.slots.size >= SLOT_LIMIT) {
      this.slots.clear();
      // It knows slots by address.
      this.bytes.fill(0, JUMP_CACHE.start, JUMP_CACHE.start + 16 * JUMP_CACHE.entries);
    }
    this.refused.clear();
    this.general.clear();
    this.waiting.clear();
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
      this.host.table.set(slot, this.host.missing);
      this.slots.set(pc, slot);
    }
    return slot;
  }

  /** Address of the record of an instruction, 0 if its page is not decoded. */
  private recordOf(pc: number): number {
    const records = this.words[(DECODED.table >> 2) + Math.floor(pc / PAGE_SIZE)];
    return records === 0 ? 0 : records + ((pc % PAGE_SIZE) << RECORD_SHIFT);
  }

  private fetch(pc: number): Instruction | undefined {
    const record = this.recordOf(pc);
    // With a threshold of 1 nothing has been executed before it is compiled.
    if (record === 0 || (this.halfwords[record >> 1] === 0 && !this.isEager)) return undefined;
    const word = this.host.readCode(pc);
    if (word === undefined) return undefined;
    // The upper half of a short instruction's word is the next instruction.
    const key = this.host.arch.compressed && (word & 3) !== 3 ? word & 0xffff : word;
    let effect = this.effects.get(key);
    if (effect === undefined) this.effects.set(key, (effect = this.effectOf(word)));
    return effect ? { pc, length: effect.length, statements: effect.statements } : undefined;
  }

  private effectOf(word: number): Effect | null {
    const decoded = this.decode(word);
    if (!decoded) return null;
    const { row, values } = decoded;
    const statements = this.host.arch.effect(row, values);
    // Reads of the instruction count are left to the cold tier, which counts.
    const counts = statements.some((s) => s.kind === 'setReg' && s.value.kind === 'instructions');
    return counts ? null : { length: row.length, statements };
  }

  private targetsOf(pc: number): readonly number[] {
    const counts = (this.jumps ??= this.readJumps()).get(this.recordOf(pc)) ?? [];
    // The log has the low halves of addresses; jump tables stay near.
    const high = Math.floor(pc / 2 ** 32) * 2 ** 32;
    return [...counts].sort((a, b) => b[1] - a[1]).map(([target]) => high + target);
  }

  /** The jump log: by record of the jump, how often it went where. */
  private readJumps(): Map<number, Map<number, number>> {
    const jumps = new Map<number, Map<number, number>>();
    const base = JUMP_LOG.start >> 2;
    for (let i = base; i < base + 2 * JUMP_LOG.entries; i += 2) {
      const record = this.words[i];
      if (record === 0) continue;
      const target = this.words[i + 1] >>> 0;
      const counts = jumps.get(record);
      if (counts) counts.set(target, (counts.get(target) ?? 0) + 1);
      else jumps.set(record, new Map([[target, 1]]));
    }
    return jumps;
  }
}

function pagesOf({ ranges }: Installed): Set<number> {
  const pages = new Set<number>();
  for (const { start, end } of ranges) {
    for (let page = Math.floor(start / PAGE_SIZE); page * PAGE_SIZE < end; page++) pages.add(page);
  }
  return pages;
}

/** With a threshold of 1 everything is compiled: large regions around code that runs once would take minutes. */
const EAGER_SIZE_LIMIT = 100;

/** V8's flags that are off while a region is compiled: Liftoff's code of a loop would not be replaced while it runs. */
const COMPILER_FLAGS = ['liftoff', 'wasm-lazy-compilation'];

function optimised(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  for (const flag of COMPILER_FLAGS) setFlagsFromString(`--no-${flag}`);
  try {
    return new WebAssembly.Module(bytes);
  } finally {
    for (const flag of COMPILER_FLAGS) setFlagsFromString(`--${flag}`);
  }
}
