/**
 * Regions of earlier runs of the program, and those of this run for later ones.
 * One is used where the guest has exactly the code that it was made of, under
 * the same circumstances, and the slots that its module names are those here.
 */
import { PAGE_SIZE } from '../../host/layout.ts';
import type { Translation, Translations } from '../../host/translations.ts';
import type { Made } from './backend.ts';
import type { Sites } from './flow.ts';
import { pagesOf, type Region } from './graph.ts';
import type { Slots } from './slots.ts';

/** What there is to be known of a region beside its code. */
export interface Description extends Pick<Region, 'ranges' | 'size'> {
  sites: Sites;
  /** Addresses and slots that the module uses, in pairs. */
  slots: Float64Array;
}

/** Milliseconds of compiling that are worth being kept, and that are not left to be lost if the process is killed. */
const SAVE_LEAST = 50;
const SAVE_MOST = 1000;

export class Stored {
  private readonly translations: Translations;
  private readonly read: (address: number, length: number) => Uint8Array | undefined;
  private readonly slots: Slots;
  /** Addresses whose slots are in the file, or will be. */
  private readonly known = new Set<number>();
  /** Addresses of what can be found, by pages. */
  private readonly pages = new Map<number, Set<number>>();
  isOpen = false;
  private kept = new Map<Translation, WebAssembly.Module>();
  private keptTime = 0;

  /** @param read a copy of guest memory; undefined if it cannot be read */
  constructor(
    translations: Translations,
    read: (address: number, length: number) => Uint8Array | undefined,
    slots: Slots,
  ) {
    this.translations = translations;
    this.read = read;
    this.slots = slots;
  }

  /** Another program begins. */
  close(): void {
    this.save();
    this.isOpen = false;
    this.pages.clear();
    this.known.clear();
  }

  /** Finds out what there is for the program. */
  open(): void {
    this.isOpen = true;
    this.translations.load((pc, numbers) => {
      const there = this.onPage(Math.floor(pc / PAGE_SIZE));
      if (there) there.add(pc);
      else this.pages.set(Math.floor(pc / PAGE_SIZE), new Set([pc]));
      // Before any slot is given away: then they are the same as when the regions were made.
      const fresh = freshSlots(numbers);
      this.slots.adoptAll(fresh);
      for (let i = 0; i < fresh.length; i += 2) this.known.add(fresh[i]);
    });
  }

  get isEmpty(): boolean {
    return this.pages.size === 0;
  }

  /** The addresses on a page that have regions. */
  onPage(page: number): Set<number> | undefined {
    return this.pages.get(page);
  }

  has(pc: number): boolean {
    return this.onPage(Math.floor(pc / PAGE_SIZE))?.has(pc) === true;
  }

  /**
   * The region at an address, with its module and the length of that; 'later' if that cannot be told yet.
   *
   * @param isDecoded whether a page has been decoded: then changes of its code are noticed
   */
  find(
    pc: number,
    circumstances: number,
    isDecoded: (page: number) => boolean,
  ): (Description & { module: WebAssembly.Module; length: number }) | 'later' | undefined {
    const { translations, slots } = this;
    const found = this.has(pc) ? translations.find(pc, circumstances) : undefined;
    if (found === undefined) return undefined;
    const { translation, code } = found;
    const description = decode(translation.numbers);
    if (![...pagesOf(description)].every(isDecoded)) return 'later';
    const fits = this.isCode(description, translation.guestCode) && slots.adoptAll(description.slots);
    if (!fits) {
      translations.forget(pc, circumstances);
      return undefined;
    }
    const module = translations.moduleOf(translation, code);
    return module && { ...description, module, length: translation.bytes.length };
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
    this.kept.set({ pc, flags: circumstances, numbers, guestCode, bytes }, module);
    this.keptTime += time;
    if (this.keptTime >= SAVE_MOST) this.save();
  }

  /** In a new process: the parent keeps what there is. */
  forgetKept(): void {
    this.kept = new Map();
    this.keptTime = 0;
  }

  /** The pages that have something. */
  get allPages(): Iterable<number> {
    return this.pages.keys();
  }

  /** The program, the process or the thread ends. */
  save(): void {
    if (this.keptTime >= SAVE_LEAST) this.translations.append(this.kept);
    this.forgetKept();
  }

  private isCode(description: Description, guestCode: Uint8Array): boolean {
    return this.codeOf(description)?.equals(guestCode) === true;
  }

  private codeOf({ ranges }: Description): Buffer | undefined {
    const parts = ranges.map(({ start, end }) => this.read(start, end - start));
    if (parts.some((part) => part === undefined)) return undefined;
    return Buffer.concat(parts as Uint8Array[]);
  }

  /** As numbers. The slots that no other region in the file has come first: only they are looked at when it is opened. */
  private encode({ size, ranges, sites, slots }: Description): Float64Array {
    const [fresh, others]: [number[], number[]] = [[], []];
    for (let i = 0; i < slots.length; i += 2) {
      const isKnown = this.known.has(slots[i]);
      (isKnown ? others : fresh).push(slots[i], slots[i + 1]);
      this.known.add(slots[i]);
    }
    const flat = ranges.flatMap(({ start, end }) => [start, end]);
    return Float64Array.of(size, flat.length, sites.length, fresh.length, ...flat, ...sites, ...fresh, ...others);
  }
}

/** How many numbers come before what there may be many of. */
const COUNTS = 4;

/** The slots of a region that come first. */
function freshSlots(numbers: Float64Array): Float64Array {
  const [, rangeLength, siteLength, freshLength] = numbers;
  const start = COUNTS + rangeLength + siteLength;
  return numbers.subarray(start, start + freshLength);
}

function decode(numbers: Float64Array): Description {
  const [size, rangeLength, siteLength] = numbers;
  const sitesStart = COUNTS + rangeLength;
  const slotsStart = sitesStart + siteLength;
  const ranges: Description['ranges'] = [];
  for (let i = COUNTS; i < sitesStart; i += 2) ranges.push({ start: numbers[i], end: numbers[i + 1] });
  return { size, ranges, sites: numbers.subarray(sitesStart, slotsStart), slots: numbers.subarray(slotsStart) };
}
