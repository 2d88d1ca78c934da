/**
 * Regions of earlier runs of the program, and those of this run for later ones.
 * One is used where the guest has exactly the code that it was made of, under
 * the same circumstances, and the slots that its module names are those here.
 */

import { PAGE_SIZE } from '../../host/layout.ts';
import type { Translation, Translations } from '../../host/translations.ts';
import type { Made, Site } from './backend.ts';
import { pagesOf, type Region } from './graph.ts';
import type { Slots } from './slots.ts';

/** What there is to be known of a region beside its code. */
export interface Description extends Pick<Region, 'ranges' | 'size'> {
  /** Milliseconds that compiling took. */
  time: number;
  sites: readonly Site[];
  /** Addresses and slots that the module uses, in pairs. */
  slots: readonly number[];
}

/** Milliseconds of compiling that are worth being kept, and that are not left to be lost if the process is killed. */
const SAVE_LEAST = 50;
const SAVE_MOST = 1000;

export class Stored {
  private readonly translations: Translations;
  private readonly read: (address: number, length: number) => Uint8Array | undefined;
  private readonly slots: Slots;
  /** Addresses of what can be found, by pages. */
  private readonly pages = new Map<number, Set<number>>();
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

  /** Finds out what there is for the program. */
  open(): void {
    this.pages.clear();
    this.translations.forEach((pc, numbers) => {
      const there = this.onPage(Math.floor(pc / PAGE_SIZE));
      if (there) there.add(pc);
      else this.pages.set(Math.floor(pc / PAGE_SIZE), new Set([pc]));
      // Before any slot is given away: then they are the same as when the regions were made.
      this.slots.adoptAll(slotsIn(numbers));
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

  /** Keeps what has just been made for later runs. */
  keep(pc: number, circumstances: number, description: Description, made: NonNullable<Made['module']>): void {
    const { module, bytes } = made;
    const guestCode = this.codeOf(description);
    if (guestCode === undefined) return;
    const numbers = encode(description);
    this.kept.set({ pc, flags: circumstances, numbers, guestCode, bytes }, module);
    this.keptTime += description.time;
    if (this.keptTime >= SAVE_MOST) this.save();
  }

  /** In a new process: the parent keeps what there is. */
  forgetKept(): void {
    this.kept = new Map();
    this.keptTime = 0;
  }

  /** The program, the process or the thread ends. */
  save(): void {
    if (this.keptTime >= SAVE_LEAST) this.translations.append(this.kept);
    this.forgetKept();
  }

  private isCode(description: Description, guestCode: Uint8Array): boolean {
    const now = this.codeOf(description);
    return now?.length === guestCode.length && now.every((byte, index) => byte === guestCode[index]);
  }

  private codeOf({ ranges }: Description): Uint8Array | undefined {
    const parts = ranges.map(({ start, end }) => this.read(start, end - start));
    if (parts.some((part) => part === undefined)) return undefined;
    return Buffer.concat(parts as Uint8Array[]);
  }
}

/** Size, time, counts of ranges and sites, these in pairs, and the slots. */
function encode({ size, time, ranges, sites, slots }: Description): number[] {
  const pairs = [...ranges.map(({ start, end }) => [start, end]), ...sites.map(({ offset, pc }) => [offset, pc])];
  return [size, time, ranges.length, sites.length, ...pairs.flat(), ...slots];
}

/** The slots alone. */
function slotsIn(numbers: Float64Array): Float64Array {
  return numbers.subarray(4 + 2 * (numbers[2] + numbers[3]));
}

function decode([size, time, rangeCount, siteCount, ...rest]: readonly number[]): Description {
  const pairs = Array.from({ length: rangeCount + siteCount }, (_, i) => [rest[2 * i], rest[2 * i + 1]]);
  return {
    size,
    time,
    ranges: pairs.slice(0, rangeCount).map(([start, end]) => ({ start, end })),
    sites: pairs.slice(rangeCount).map(([offset, pc]) => ({ offset, pc })),
    slots: rest.slice(2 * pairs.length),
  };
}
