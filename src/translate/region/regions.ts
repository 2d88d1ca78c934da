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
import type { Row } from '../../cpu/row.ts';
import { DECODED, JUMP_LOG, PAGE_SIZE } from '../../host/layout.ts';
import { RECORD_SHIFT, RECORD_SIZE, REGION } from '../cold/record.ts';
import { compileRegion } from './compile.ts';
import { formRegion, type Instruction } from './graph.ts';

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

interface Installed {
  entry: number;
  slot: number;
  record: number;
  /** The record that REGION replaced. */
  original: Uint8Array;
  ranges: readonly { start: number; end: number }[];
  sites: readonly { offset: number; pc: number }[];
}

export class Regions {
  private readonly host: RegionHost;
  private readonly words: Int32Array;
  private readonly halfwords: Uint16Array;
  private readonly bytes: Uint8Array;
  private readonly decode: (word: number) => Decoded<Row<never>> | undefined;
  private readonly slots = new Map<number, number>();
  private readonly byName = new Map<string, Installed>();
  private readonly byEntry = new Map<number, Installed>();
  private readonly byPage = new Map<number, Set<Installed>>();
  private readonly refused = new Set<number>();
  readonly statistics = { regions: 0, compiledInstructions: 0, compileTime: 0, moduleBytes: 0, dropped: 0 };

  constructor(host: RegionHost) {
    this.host = host;
    const { buffer } = host.threadMemory;
    this.words = new Int32Array(buffer);
    this.halfwords = new Uint16Array(buffer);
    this.bytes = new Uint8Array(buffer);
    this.decode = makeDecoder(host.arch.rows);
  }

  /** Compiles the code at an address that has become hot, unless that was tried before. */
  compile(pc: number): void {
    if (this.byEntry.has(pc) || this.refused.has(pc)) return;
    const start = performance.now();
    const { statistics } = this;
    const record = this.recordOf(pc);
    const region =
      record === 0
        ? undefined
        : formRegion(
            pc,
            (at) => this.fetch(at),
            (at) => this.targetsOf(at),
          );
    if (!region || region.blocks[0].instructions.length === 0) {
      this.refused.add(pc);
      return;
    }
    const name = `region${statistics.regions++}`;
    const { bytes, sites } = compileRegion(this.host.arch, region, name, (at) => this.slotOf(at));
    const instance = new WebAssembly.Instance(optimised(bytes), { e: this.host.imports as never });
    const slot = this.slotOf(pc);
    this.host.table.set(slot, instance.exports.region);
    const original = this.bytes.slice(record, record + RECORD_SIZE);
    const installed: Installed = { entry: pc, slot, record, original, ranges: region.ranges, sites };
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
    statistics.moduleBytes += bytes.length;
    statistics.compileTime += performance.now() - start;
  }

  /** The guest address of a trap in a region; undefined if it came from elsewhere. */
  trapAddress(error: WebAssembly.RuntimeError): number | undefined {
    const frame = /wasm:\/\/wasm\/(\w+)-[0-9a-f]+:wasm-function\[\d+\]:0x([0-9a-f]+)/.exec(error.stack ?? '');
    // The first frame of WebAssembly is the one that trapped; the cold tier's module has no name.
    const first = /wasm:\/\/wasm\/[^\s)]*/.exec(error.stack ?? '');
    if (!frame || !first || !first[0].startsWith(`wasm://wasm/${frame[1]}-`)) return undefined;
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
    this.refused.clear();
  }

  private drop(installed: Installed): void {
    this.statistics.dropped++;
    this.host.table.set(installed.slot, this.host.missing);
    // Its page may stay when only another page of the region changed.
    this.bytes.set(installed.original, installed.record);
    this.byEntry.delete(installed.entry);
    for (const [name, known] of this.byName) if (known === installed) this.byName.delete(name);
    for (const page of pagesOf(installed)) {
      const there = this.byPage.get(page);
      there?.delete(installed);
      if (there?.size === 0) this.byPage.delete(page);
    }
  }

  private slotOf(pc: number): number {
    let slot = this.slots.get(pc);
    if (slot === undefined) {
      slot = this.host.table.grow(1, this.host.missing);
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
    if (record === 0 || this.halfwords[record >> 1] === 0) return undefined;
    const word = this.host.readCode(pc);
    const decoded = word === undefined ? undefined : this.decode(word);
    if (!decoded) return undefined;
    const { row, values } = decoded;
    const statements = this.host.arch.effect(row, values);
    // Reads of the instruction count are left to the cold tier, which counts.
    const counts = statements.some((s) => s.kind === 'setReg' && s.value.kind === 'instructions');
    return counts ? undefined : { pc, length: row.length, statements };
  }

  private targetsOf(pc: number): readonly number[] {
    const record = this.recordOf(pc);
    const counts = new Map<number, number>();
    const base = JUMP_LOG.start >> 2;
    for (let i = 0; i < 2 * JUMP_LOG.entries; i += 2) {
      if (this.words[base + i] !== record) continue;
      // The log has the low halves of addresses; jump tables stay near.
      const low = this.words[base + i + 1] >>> 0;
      const target = Math.floor(pc / 2 ** 32) * 2 ** 32 + low;
      counts.set(target, (counts.get(target) ?? 0) + 1);
    }
    return [...counts].sort((a, b) => b[1] - a[1]).map(([target]) => target);
  }
}

function pagesOf({ ranges }: Installed): Set<number> {
  const pages = new Set<number>();
  for (const { start, end } of ranges) {
    for (let page = Math.floor(start / PAGE_SIZE); page * PAGE_SIZE < end; page++) pages.add(page);
  }
  return pages;
}

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
