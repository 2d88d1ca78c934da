/**
 * Which entry of the table of regions belongs to which address, for good. It is
 * found from the address, so that the same code mostly has the same slots in
 * other threads and processes, whose modules can then be used here.
 */
import { REGION_TABLE_LEAST, REGION_TABLE_MOST } from '../wasm/region-type.ts';

/** So many are in the part that the table has from the start. */
const FEW = 0.8 * REGION_TABLE_LEAST;

export class Slots {
  private readonly byAddress = new Map<number, number>();
  private readonly taken = new Uint8Array(REGION_TABLE_MOST);
  private readonly onNew: (pc: number, slot: number) => void;

  /** @param onNew told of each that is given away */
  constructor(onNew: (pc: number, slot: number) => void) {
    this.onNew = onNew;
  }

  get size(): number {
    return this.byAddress.size;
  }

  /** The slot of an address. */
  of(pc: number): number {
    const known = this.byAddress.get(pc);
    if (known !== undefined) return known;
    const h = hash(pc);
    const least = REGION_TABLE_LEAST;
    let slot = this.size < FEW ? h % least : least + (h % (REGION_TABLE_MOST - least));
    // Slot 0 is always missing. A part that is full goes on in the other.
    while (slot === 0 || this.taken[slot] !== 0) slot = (slot + 1) % REGION_TABLE_MOST;
    this.give(pc, slot);
    return slot;
  }

  /** Takes over what another thread or process has found; false if it is otherwise here. */
  private adopt(pc: number, slot: number): boolean {
    const known = this.byAddress.get(pc);
    if (known !== undefined) return known === slot;
    if (this.taken[slot] !== 0) return false;
    this.give(pc, slot);
    return true;
  }

  /** The same of pairs of address and slot; false if any is otherwise here. The others are taken over all the same. */
  adoptAll(pairs: ArrayLike<number>): boolean {
    let fits = true;
    for (let i = 0; i < pairs.length; i += 2) fits = this.adopt(pairs[i], pairs[i + 1]) && fits;
    return fits;
  }

  /** All, as pairs of address and slot. */
  pairs(): number[] {
    return [...this.byAddress].flat();
  }

  clear(): void {
    this.byAddress.clear();
    this.taken.fill(0);
  }

  private give(pc: number, slot: number): void {
    this.byAddress.set(pc, slot);
    this.taken[slot] = 1;
    this.onNew(pc, slot);
  }
}

/** The slots that a region being compiled asks for: its module uses them. */
export class UsedSlots {
  private readonly slots: Slots;
  private readonly used = new Map<number, number>();

  constructor(slots: Slots) {
    this.slots = slots;
  }

  readonly of = (pc: number): number => {
    const slot = this.slots.of(pc);
    this.used.set(pc, slot);
    return slot;
  };

  /** All, as pairs of address and slot. */
  pairs(): Float64Array {
    return Float64Array.from([...this.used].flat());
  }
}

/** Addresses are even, and close ones are in use together. */
const hash = (pc: number): number => Math.imul((pc / 2) | 0, 0x9e3779b1) >>> 16;
