/**
 * Regions of earlier runs of the program, and those of this run for later ones.
 * One is used where the guest has exactly the code that it was made of, under
 * the same circumstances, and the slots that its module names are those here.
 */
import { PAGE_SIZE } from '../../host/layout.ts';
import { JUMPS_STRIDE, type TranslatedModule, type Translation, type Translations } from '../../host/translations.ts';
import { headOf, joinModules } from '../wasm/join.ts';
import type { Made } from './backend.ts';
import { type Description, decode, encode, entriesOf, shifted, slotsOf } from './description.ts';
import { pagesOf } from './graph.ts';
import { exportsOf, instantiate, JOINED_NAME, nameOf } from './instance.ts';
import { compile } from './modules.ts';
import type { Slots } from './slots.ts';

/** Milliseconds of compiling that are worth being kept, and that are not left to be lost if the process is killed. */
const SAVE_LEAST = 10;
const SAVE_MOST = 1000;
/** Milliseconds of the cold tier behind a jump. */
const JUMP_TIME = 30e-6;
/** Regions that are joined in a module, at least and at most. */
const JOINED_LEAST = 8;
const JOINED_MOST = 64;
/** The part of the process's time that may be spent on joining regions at its end. */
const JOINING_PART = 0.05;

/** Jumps to code, and after how many it is worth a region; 0 if that is not known. */
interface Warmth {
  jumps: number;
  worth: number;
}

/** A region that has a module of its own. */
interface Single {
  translation: Translation;
  bytes: Uint8Array<ArrayBuffer>;
}

export class Stored {
  private readonly translations: Translations;
  private readonly read: (address: number, length: number) => Uint8Array | undefined;
  private readonly slots: Slots;
  /** Addresses whose slots are in the file, or will be. */
  private readonly known = new Set<number>();
  /** By pages, where regions can be entered, with the address that each is found by. */
  private readonly pages = new Map<number, Map<number, number>>();
  /** By addresses, how code that had no region was jumped to in earlier runs and in this one. */
  private readonly jumpsBefore = new Map<number, Warmth>();
  private readonly jumpsNow = new Map<number, Warmth>();
  isOpen = false;
  private readonly imports: Record<string, unknown>;
  /** By modules of several regions, what they export. */
  private readonly instances = new Map<WebAssembly.Module, Record<string, unknown>>();
  /** Regions with modules of their own that have been taken, by addresses and circumstances, in that order. */
  private readonly taken = new Map<string, Single>();
  private kept: TranslatedModule[] = [];
  private keptTime = 0;

  /**
   * @param read a copy of guest memory; undefined if it cannot be read
   * @param imports of every module
   */
  constructor(
    translations: Translations,
    read: (address: number, length: number) => Uint8Array | undefined,
    slots: Slots,
    imports: Record<string, unknown>,
  ) {
    this.translations = translations;
    this.read = read;
    this.slots = slots;
    this.imports = imports;
  }

  /** Another program begins. */
  close(): void {
    this.save();
    this.isOpen = false;
    this.pages.clear();
    this.known.clear();
    this.jumpsBefore.clear();
    this.instances.clear();
  }

  /** Finds out what there is for the program. */
  open(): void {
    this.isOpen = true;
    const onTranslation = (pc: number, numbers: Float64Array) => {
      const description = numbers.subarray(1);
      for (const entry of entriesOf(description)) {
        // A region's own address goes before what else is entered there.
        if (this.keyOf(entry) === undefined || entry === pc) this.addEntry(entry, pc);
      }
      // Before any slot is given away: then they are the same as when the regions were made.
      const fresh = slotsOf(description).subarray(0, numbers[0]);
      this.slots.adoptAll(fresh);
      for (let i = 0; i < fresh.length; i += 2) this.known.add(fresh[i]);
    };
    this.translations.load(onTranslation, (all) => {
      for (let i = 0; i < all.length; i += JUMPS_STRIDE) addJumps(this.jumpsBefore, all[i], all[i + 1], all[i + 2]);
    });
    for (const page of this.pages.values()) for (const entry of page.keys()) this.jumpsBefore.delete(entry);
  }

  /** Jumps in earlier runs to code that has no region, and after how many it is worth one, as far as that is known. */
  before(pc: number): Readonly<Warmth> | undefined {
    return this.jumpsBefore.get(pc);
  }

  /** All jumps in earlier runs to code that is worth a region, as none is after fewer than the threshold. */
  jumpsWorth(threshold: number): number {
    let sum = 0;
    for (const { jumps, worth } of this.jumpsBefore.values()) if (jumps >= Math.max(worth, threshold)) sum += jumps;
    return sum;
  }

  /** Notes jumps to code that has no region. */
  noteJumps(pc: number, jumps: number, worth = 0): void {
    addJumps(this.jumpsNow, pc, jumps, worth);
  }

  /** It has a region now. */
  forgetJumps(pc: number): void {
    this.jumpsNow.delete(pc);
  }

  get isFirstRun(): boolean {
    return this.isEmpty && this.jumpsBefore.size === 0;
  }

  get isEmpty(): boolean {
    return this.pages.size === 0;
  }

  private addEntry(entry: number, pc: number): void {
    const page = Math.floor(entry / PAGE_SIZE);
    const there = this.pages.get(page);
    if (there) there.set(entry, pc);
    else this.pages.set(page, new Map([[entry, pc]]));
  }

  /** The address that a region is found by that is entered at another. */
  private keyOf(entry: number): number | undefined {
    return this.pages.get(Math.floor(entry / PAGE_SIZE))?.get(entry);
  }

  /** The addresses on a page where regions are entered. */
  onPage(page: number): Iterable<number> | undefined {
    return this.pages.get(page)?.keys();
  }

  has(pc: number): boolean {
    return this.keyOf(pc) !== undefined;
  }

  /**
   * The region that is entered at an address, with the address it is found by; 'later' if that cannot be told yet.
   *
   * @param isDecoded whether a page has been decoded: then changes of its code are noticed
   */
  find(
    entry: number,
    circumstances: number,
    isDecoded: (page: number) => boolean,
  ): (Description & Made & { pc: number }) | 'later' | undefined {
    const { translations, slots } = this;
    const pc = this.keyOf(entry);
    const found = pc === undefined ? undefined : translations.find(pc, circumstances);
    if (pc === undefined || found === undefined) return undefined;
    const description = decode(found.numbers.subarray(1));
    if (![...pagesOf(description)].every(isDecoded)) return 'later';
    const fits = this.isCode(description, found.guestCode) && slots.adoptAll(description.slots);
    if (!fits) {
      translations.forget(pc, circumstances);
      return undefined;
    }
    const module = translations.moduleOf(found);
    if (module === undefined) return undefined;
    const { length } = found;
    if (found.count > 1) return { ...description, pc, entry: this.joinedIn(module)[nameOf(pc)], length };
    this.taken.set(`${pc} ${circumstances}`, { translation: found, bytes: translations.bytesOf(found) });
    return { ...description, pc, entry: instantiate(module, this.imports), length };
  }

  /** The regions of a module of several, by their names. */
  private joinedIn(module: WebAssembly.Module): Record<string, unknown> {
    let regions = this.instances.get(module);
    if (regions === undefined) this.instances.set(module, (regions = exportsOf(module, this.imports)));
    return regions;
  }

  /** Keeps what has just been made for later runs; `time` is how many milliseconds compiling took. */
  keep(
    pc: number,
    circumstances: number,
    description: Description,
    { module, bytes }: NonNullable<Made['module']>,
    time: number,
  ): void {
    const guestCode = this.codeOf(description);
    if (guestCode === undefined) return;
    const numbers = this.encode(description);
    this.kept.push({ translations: [{ pc, flags: circumstances, numbers, guestCode }], bytes, module });
    this.keptTime += time;
    if (this.keptTime >= SAVE_MOST) this.write([]);
  }

  /** In a new process: the parent keeps what there is. */
  forgetKept(): void {
    this.taken.clear();
    this.forgetNew();
  }

  private forgetNew(): void {
    this.kept = [];
    this.keptTime = 0;
    this.jumpsNow.clear();
  }

  /** The pages that have something. */
  get allPages(): Iterable<number> {
    return this.pages.keys();
  }

  /** The program, the process or the thread ends. */
  save(): void {
    this.write(this.joinTaken());
    this.taken.clear();
  }

  private write(joined: readonly TranslatedModule[]): void {
    const jumps = [...this.jumpsNow].flatMap(([pc, one]) => [pc, one.jumps, one.worth]);
    let time = this.keptTime;
    for (const one of this.jumpsNow.values()) time += one.jumps * JUMP_TIME;
    if (time >= SAVE_LEAST || joined.length > 0) this.translations.append([...joined, ...this.kept], jumps);
    this.forgetNew();
  }

  /**
   * Regions that have been taken one by one, as modules of many: these are taken faster, and what regions need of their
   * modules at run time, they need once.
   */
  private joinTaken(): TranslatedModule[] {
    const joined: TranslatedModule[] = [];
    if (this.taken.size < JOINED_LEAST) return joined;
    const { user, system } = process.cpuUsage();
    const end = performance.now() + (JOINING_PART * (user + system)) / 1000;
    const groups = Map.groupBy(
      this.taken.values(),
      ({ translation, bytes }) => `${translation.flags} ${headOf(bytes)}`,
    );
    for (const group of groups.values()) {
      for (let i = 0; i + JOINED_LEAST <= group.length && performance.now() < end; i += JOINED_MOST) {
        joined.push(this.join(group.slice(i, i + JOINED_MOST)));
      }
    }
    return joined;
  }

  private join(group: readonly Single[]): TranslatedModule {
    const named = group.map(({ translation, bytes }) => ({ bytes, name: nameOf(translation.pc) }));
    const { bytes, shifts } = joinModules(named, JOINED_NAME);
    const module = new WebAssembly.Module(bytes);
    for (const entry of Object.values(exportsOf(module, this.imports))) compile(entry);
    const translations = group.map(({ translation: { pc, flags, numbers, guestCode } }, i) => {
      const moved = shifted(numbers.subarray(1), shifts[i]);
      return { pc, flags, numbers: Float64Array.of(numbers[0], ...moved), guestCode };
    });
    return { translations, bytes, module };
  }

  private isCode(description: Description, guestCode: Uint8Array): boolean {
    return this.codeOf(description)?.equals(guestCode) === true;
  }

  private codeOf({ ranges }: Description): Buffer | undefined {
    const parts = ranges.map(({ start, end }) => this.read(start, end - start));
    if (parts.some((part) => part === undefined)) return undefined;
    return Buffer.concat(parts as Uint8Array[]);
  }

  /** As numbers, with the slots that no other region in the file has first, and how many these are before all. */
  private encode(description: Description): Float64Array {
    const { slots } = description;
    const [fresh, others]: [number[], number[]] = [[], []];
    for (let i = 0; i < slots.length; i += 2) {
      const isKnown = this.known.has(slots[i]);
      (isKnown ? others : fresh).push(slots[i], slots[i + 1]);
      this.known.add(slots[i]);
    }
    return Float64Array.of(fresh.length, ...encode({ ...description, slots: [...fresh, ...others] }));
  }
}

function addJumps(all: Map<number, Warmth>, pc: number, jumps: number, worth: number): void {
  const known = all.get(pc);
  all.set(pc, { jumps: (known?.jumps ?? 0) + jumps, worth: worth || (known?.worth ?? 0) });
}
