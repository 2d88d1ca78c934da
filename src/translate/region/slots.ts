/**
 * Which entry of the table of regions belongs to which address, for good. It is
 * found from the address, so that the same code mostly has the same slots in
 * other threads and processes, whose modules can then be used here.
 */
import { REGION_TABLE_SIZE } from '../wasm/region-type.ts';

export class Slots {
  private readonly byAddress = new Map<number, number>();
  private readonly taken = new Uint8Array(REGION_TABLE_SIZE);
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
    let slot = firstChoice(pc);
    // Slot 0 is always missing.
    while (slot === 0 || this.taken[slot] !== 0) slot = (slot + 1) % REGION_TABLE_SIZE;
    this.give(pc, slot);
    return slot;
  }

  /** Takes over what another thread or process has found; false if it is otherwise here. */
  adopt(pc: number, slot: number): boolean {
    const known = this.byAddress.get(pc);
    if (known !== undefined) return known === slot;
    if (this.taken[slot] !== 0) return false;
    this.give(pc, slot);
    return true;
  }

  /** The same of pairs of address and slot; false if any is otherwise here. */
  adoptAll(pairs: ArrayLike<number>): boolean {
    for (let i = 0; i < pairs.length; i += 2) if (!this.adopt(pairs[i], pairs[i + 1])) return false;
    return true;
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

/** Addresses are even, and close ones are in use together. */
const firstChoice = (pc: number): number => Math.imul((pc / 2) | 0, 0x9e3779b1) >>> (32 - Math.log2(REGION_TABLE_SIZE));
