/**
 * Makes the control flow of a region such that WebAssembly can have it: every
 * loop is entered at one block only.
 *
 * A region that begins in the middle of a loop begins with a copy of its first
 * block instead, if that helps. Otherwise it gets a *dispatcher*: a block in front
 * of all others, through which jumps go that would enter a loop elsewhere. In
 * interpreters that jump from each operation to the next these are all of them.
 * As the dispatcher can go on at several blocks, the region can be entered there.
 */
import { type Block, type Ending, exitTo, type Known, knownOf, mapTargets, successors, type Target } from './graph.ts';
import { type Loop, loopsWithEntries, reachedFrom } from './loops.ts';
import { splitHeader } from './nests.ts';
import { type Order, orderOf } from './order.ts';

/** Loops that are told from others which begin at the same block: so deep are few. */
const SPLIT_MOST = 16;

/** Orders a region's blocks, which may change. */
export function structure(blocks: Block[]): Order {
  let order = withSingleEntries(blocks);
  for (let left = SPLIT_MOST; left > 0 && splitHeader(blocks, order); left--) order = orderOrThrow(blocks);
  return order;
}

function withSingleEntries(blocks: Block[]): Order {
  const order = orderBlocks(blocks);
  if (!('irreducible' in order)) return order;
  copyEntry(blocks);
  const orderWithCopy = orderBlocks(blocks);
  return 'irreducible' in orderWithCopy ? new Dispatched(blocks).order() : orderWithCopy;
}

function orderOrThrow(blocks: readonly Block[]): Order {
  const order = orderBlocks(blocks);
  if ('irreducible' in order) throw new Error('a loop is left that is entered at several blocks');
  return order;
}

function orderBlocks(blocks: readonly Block[]): ReturnType<typeof orderOf> {
  const labelled = blocks.flatMap((block) => knownOf(block).map((known) => known.block));
  return orderOf(blocks.map(successors), labelled);
}

/** Nothing goes to block 0 afterwards, but to the block that it is a copy of. */
function copyEntry(blocks: Block[]): void {
  const [entry] = blocks;
  const original = blocks.push(entry) - 1;
  blocks[0] = { ...entry, ending: { ...entry.ending } };
  const move = <T extends { block: number }>(to: T): T => (to.block === 0 ? { ...to, block: original } : to);
  const moveTarget = (target: Target): Target => ('block' in target ? move(target) : target);
  for (const { ending, returns } of blocks) {
    mapTargets(ending, moveTarget);
    mapKnown(ending, (known) => known.map(move));
    if (returns) returns.next = moveTarget(returns.next);
  }
}

class Dispatched {
  private readonly blocks: Block[];
  /** By address, where the dispatcher goes on. */
  private readonly places: Map<number, number>;

  constructor(blocks: Block[]) {
    this.blocks = blocks;
    const entry = blocks.push(blocks[0]) - 1;
    this.places = new Map([[blocks[0].pc, entry]]);
    this.putDispatcher();
  }

  order(): Order {
    for (;;) {
      const loops = loopsWithEntries(this.blocks.map(successors));
      const wrong = loops.find(({ entries }) => entries.length > 1);
      if (wrong === undefined) break;
      this.resolve(wrong);
    }
    this.addReturnPoints();
    return orderOrThrow(this.blocks);
  }

  private putDispatcher(): void {
    const known = [...this.places].map(([pc, block]) => ({ pc, block }));
    this.blocks[0] = { pc: this.blocks[0].pc, instructions: [], ending: { kind: 'dispatch', known } };
  }

  /** Leaves a loop one entry at most: the others are reached through the dispatcher, or the edges to them are exits. */
  private resolve({ members, entries, hasOwnLoop }: Loop): void {
    // A function that is inlined has blocks at addresses that others have too.
    const possible = entries.filter((entry) => this.blocks[entry].returns === undefined);
    // All that goes to one of them goes through the dispatcher: to one that is not the entry of a loop within the loop.
    const header = possible.find((entry) => !hasOwnLoop(entry)) ?? possible[0];
    for (const entry of entries) {
      const isFromOutside = (from: number) => !members.has(from);
      if (entry === header) this.dispatch(entry, () => true);
      else if (possible.includes(entry)) this.dispatch(entry, isFromOutside);
      else if (header !== undefined || entry !== entries[0]) this.cut(entry, isFromOutside);
    }
    this.putDispatcher();
  }

  private dispatch(to: number, isFrom: (block: number) => boolean): void {
    const { pc } = this.blocks[to];
    this.places.set(pc, to);
    for (const [from, { ending }] of this.blocks.entries()) {
      if (from === 0 || !isFrom(from)) continue;
      mapTargets(ending, (target) => ('block' in target && target.block === to ? { block: 0, at: pc } : target));
      if (ending.kind !== 'indirect' || !ending.known.some(({ block }) => block === to)) continue;
      // An indirect jump goes to its blocks by itself or leaves all to the dispatcher.
      for (const known of ending.known) this.places.set(known.pc, known.block);
      ending.known = [];
      ending.isDispatched = true;
    }
  }

  private cut(to: number, isFrom: (block: number) => boolean): void {
    const { blocks } = this;
    const { pc, returns } = blocks[to];
    for (const { ending } of blocks.filter((_, from) => isFrom(from))) {
      mapTargets(ending, (target) => ('block' in target && target.block === to ? exitTo(pc, returns, blocks) : target));
      mapKnown(ending, (known) => known.filter(({ block }) => block !== to));
    }
  }

  /**
   * Has the region entered where its calls return to as well: a callee that is not compiled returns through the cold tier.
   * Where that is in a loop the loop would have two entries. What only cut edges led to stays away: its loops were not looked at.
   */
  private addReturnPoints(): void {
    const { blocks, places } = this;
    const next = blocks.map(successors);
    const inLoops = new Set(loopsWithEntries(next).flatMap(({ members }) => [...members]));
    for (const from of reachedFrom(0, next)) {
      const { ending } = blocks[from];
      if (ending.kind !== 'call' || !('block' in ending.next)) continue;
      const { block } = ending.next;
      const { pc, returns } = blocks[block];
      if (block !== 0 && returns === undefined && !places.has(pc) && !inLoops.has(block)) places.set(pc, block);
    }
    this.putDispatcher();
  }
}

function mapKnown(ending: Ending, map: (known: Known) => Known): void {
  if (ending.kind === 'indirect') ending.known = map(ending.known);
  else if (ending.kind === 'call' && ending.callee !== 'kernel' && 'known' in ending.callee) {
    ending.callee = { ...ending.callee, known: map(ending.callee.known) };
  }
}
