/**
 * Which guest registers a region keeps in locals, and when they are loaded and
 * written back.
 *
 * Registers are numbered by their cells (offset / 8) and come in banks of 32, a
 * set of one bank's registers being an i32.
 *
 *  - *done* with at a place: on every way from there it is overwritten before it
 *    is read and before the region is left or polls for signals.
 *  - *dirty*: its local may be newer than its cell, and it is not done with. Dirty
 *    registers are written back where control leaves, and, if the state must be
 *    exact at faults, before every instruction that can fault.
 *  - *needed*: its local must hold its value, to be read or written back. So a
 *    register that is dirty on one way to a place is loaded on the others.
 *
 * A register that is done with is not written back where a loop is left for a
 * signal: it is *stale*, and the guest is stepped until it has overwritten it,
 * some instructions later (see Engine). So a loop carries no values around that
 * only its exits could ask for, and V8 has registers for the others.
 */
import type { Architecture } from '../../cpu/arch.ts';
import { type Facts, factsOf } from './facts.ts';
import { type Block, jumpsOf, type Region, successors, type Target } from './graph.ts';
import { assumableOf, singlesOf, Words, withAlwaysWords } from './words.ts';

/** Sets of registers; those by block are at `block * banks + bank`. */
export interface RegisterPlan {
  banks: number;
  /** Done with at the block's start. */
  doneIn: Int32Array;
  /** Dirty at the block's start. */
  dirtyIn: Int32Array;
  /** Needed at the block's start: what has to be loaded before entering it afresh. */
  neededIn: Int32Array;
  /** Words at the block's start, see words.ts. */
  wordIn: Int32Array;
  /** Registers, by bank, that are taken for words at the region's entry: that has to be tested. */
  assumed: Int32Array;
  /** Vector registers, by bank, whose words are of 32 bits. */
  singles: Int32Array;
  /** Registers, by bank, that the region writes. */
  written: Int32Array;
}

/** How a region is to be planned. */
export interface PlanOptions {
  /** Write back before what can fault. */
  precise: boolean;
  /**
   * By bank, the registers that may be taken for words at the entry, if they are words wherever the region jumps back
   * to it. That has to be tested.
   */
  assumable: Int32Array;
  /** Whether an instruction can leave the region for another reason than a fault or its jump. */
  canLeave: (instruction: Facts) => boolean;
}

/** The targets of a block's ending that lie outside the region, or are not known: everything may be read there. */
function isLeft({ ending }: Block): boolean {
  const isOutside = (target: Target) => !('block' in target);
  switch (ending.kind) {
    case 'goto':
      return isOutside(ending.target);
    case 'branch':
      return isOutside(ending.taken) || isOutside(ending.next);
    default:
      return true;
  }
}

/** Repeats a step, which says whether it changed anything, until it does not. */
function untilStable(step: () => boolean): void {
  while (step());
}

export function planRegisters(
  arch: Architecture,
  region: Region,
  { precise, assumable, canLeave }: PlanOptions,
): RegisterPlan {
  const { blocks } = region;
  // Edges to the same or an earlier block are polled.
  const { position } = region.order;
  const banks = assumable.length;
  const count = blocks.length * banks;
  const set = () => new Int32Array(count);
  const [used, defined, recent, flushed, dirtyIn, doneIn, neededIn] = [set(), set(), set(), set(), set(), set(), set()];
  const next = blocks.map(successors);
  // After a call everything is in the cells.
  const jumps = blocks.map(jumpsOf);
  const leaves: boolean[] = [];
  const written = new Int32Array(banks);

  for (const [block, { instructions }] of blocks.entries()) {
    const base = block * banks;
    const facts = instructions.map(({ statements }) => factsOf(arch, statements));
    leaves.push(facts.some(canLeave));
    for (const one of facts) {
      if (precise && one.canFault) {
        flushed.fill(-1, base, base + banks);
        recent.fill(0, base, base + banks);
      }
      for (let bank = 0; bank < banks; bank++) {
        used[base + bank] |= one.used[bank] & ~defined[base + bank];
        defined[base + bank] |= one.defined[bank];
        recent[base + bank] |= one.defined[bank];
      }
    }
    for (let bank = 0; bank < banks; bank++) written[bank] |= defined[base + bank];
  }

  // Backward edges are polled, so the others are all that count, and each block comes after its successors.
  for (const block of [...blocks.keys()].sort((a, b) => position[b] - position[a])) {
    if (precise || leaves[block]) continue;
    const onward = next[block].every((successor) => position[successor] > position[block]) && !isLeft(blocks[block]);
    for (let bank = 0; bank < banks; bank++) {
      const at = block * banks + bank;
      let out = onward ? -1 : 0;
      for (const successor of next[block]) out &= doneIn[successor * banks + bank];
      doneIn[at] = (defined[at] | out) & ~used[at];
    }
  }

  untilStable(() => {
    let changed = false;
    for (let block = 0; block < blocks.length; block++) {
      for (const successor of jumps[block]) {
        for (let bank = 0; bank < banks; bank++) {
          const at = block * banks + bank;
          const to = successor * banks + bank;
          const dirty = dirtyIn[to] | ((recent[at] | (dirtyIn[at] & ~flushed[at])) & ~doneIn[to]);
          if (dirty !== dirtyIn[to]) changed = true;
          dirtyIn[to] = dirty;
        }
      }
    }
    return changed;
  });

  // What is dirty at the start and written back somewhere in the block, or where it is left or polled.
  for (let block = 0; block < blocks.length; block++) {
    const polled = jumps[block].filter((successor) => position[successor] <= position[block]);
    for (let bank = 0; bank < banks; bank++) {
      const at = block * banks + bank;
      let back = isLeft(blocks[block]) ? -1 : 0;
      for (const successor of polled) back |= ~doneIn[successor * banks + bank];
      back &= ~defined[at];
      if (leaves[block] || flushed[at] !== 0) back = -1;
      neededIn[at] = used[at] | (dirtyIn[at] & back);
    }
  }
  untilStable(() => {
    let changed = false;
    for (let block = blocks.length - 1; block >= 0; block--) {
      for (let bank = 0; bank < banks; bank++) {
        const at = block * banks + bank;
        let out = 0;
        for (const successor of jumps[block]) out |= neededIn[successor * banks + bank];
        const needed = neededIn[at] | (out & ~defined[at]);
        if (needed !== neededIn[at]) changed = true;
        neededIn[at] = needed;
      }
    }
    return changed;
  });

  // What is only read is as well left in 64 bits, in which addresses, for one, are wanted.
  const singles = singlesOf(
    arch,
    blocks.flatMap((block) => block.instructions),
    banks,
  );
  const wordIn = planWords(
    arch,
    region,
    singles,
    assumableOf(arch, assumable, singles).map((set, bank) => set & written[bank]),
  );
  const assumed = wordIn.slice(0, banks);
  const certain = withAlwaysWords(arch, new Int32Array(banks));
  for (let bank = 0; bank < banks; bank++) assumed[bank] &= neededIn[bank] & ~certain[bank];
  return { banks, doneIn, dirtyIn, neededIn, wordIn, assumed, singles, written };
}

/**
 * Words at each block's start: where all ways that lead there agree. The entry counts as if what is assumable were words,
 * but for a dispatcher: what it is come to with differs.
 */
function planWords(arch: Architecture, { blocks }: Region, singles: Int32Array, assumable: Int32Array): Int32Array {
  const banks = assumable.length;
  const wordIn = new Int32Array(blocks.length * banks).fill(-1);
  const [entry] = blocks;
  // The entry may be a copy (structure.ts).
  const isEntry = (index: number) => index === 0 || (blocks[index].pc === entry.pc && !blocks[index].returns);
  const returnsToEntry = entry.ending.kind !== 'dispatch' && blocks.some((block) => successors(block).some(isEntry));
  const certain = withAlwaysWords(arch, new Int32Array(banks));
  for (let bank = 0; bank < banks; bank++) wordIn[bank] = certain[bank] | (returnsToEntry ? assumable[bank] : 0);
  untilStable(() => {
    let changed = false;
    for (const [index, block] of blocks.entries()) {
      const words = new Words(arch, wordIn.slice(index * banks, (index + 1) * banks), singles);
      for (const instruction of block.instructions) words.follow(instruction);
      const jumps = jumpsOf(block);
      for (const successor of successors(block)) {
        for (let bank = 0; bank < banks; bank++) {
          const to = successor * banks + bank;
          const both = wordIn[to] & (jumps.includes(successor) ? words.set[bank] : certain[bank]);
          if (both !== wordIn[to]) changed = true;
          wordIn[to] = both;
        }
      }
    }
    return changed;
  });
  return wordIn;
}
