/**
 * Makes the control flow of a region such that WebAssembly can have it: every
 * loop is entered at one block only.
 *
 * A region that begins in the middle of a loop begins with a copy of its first
 * block instead, if that helps; else edges become exits: the loops around it are
 * other regions.
 *
 * Code whose loops are made of indirect jumps (interpreters that jump from each
 * operation to the next) gets a *dispatcher*: a block in front of all others,
 * through which all jumps to those loops' blocks go. As it can go on at any of
 * them, the region can be entered at any of them as well.
 */
import { type Block, type Ending, exitTo, type Known, knownOf, successors, type Target } from './graph.ts';
import { type Order, orderOf } from './order.ts';

/** Orders a region's blocks, which may change. */
export function structure(blocks: Block[]): Order {
  const order = orderBlocks(blocks);
  if (!('irreducible' in order)) return order;
  const withCopy = copyOf(blocks);
  withCopy[0] = withCopy[moveEntry(withCopy)];
  const orderWithCopy = orderBlocks(withCopy);
  if ('irreducible' in orderWithCopy) return orderByForce(blocks);
  blocks.splice(0, blocks.length, ...withCopy);
  return orderWithCopy;
}

function orderBlocks(blocks: readonly Block[]): ReturnType<typeof orderOf> {
  const labelled = blocks.flatMap((block) => knownOf(block).map((known) => known.block));
  return orderOf(blocks.map(successors), labelled);
}

/** With whatever {@link mapTargets} changes. */
function copyOf(blocks: readonly Block[]): Block[] {
  const functions = new Map(blocks.flatMap(({ returns }) => (returns ? [[returns, { ...returns }] as const] : [])));
  const ofEnding = (ending: Ending): Ending =>
    ending.kind === 'call' && ending.callee !== 'kernel' ? { ...ending, callee: { ...ending.callee } } : { ...ending };
  return blocks.map((block) => ({
    ...block,
    ending: ofEnding(block.ending),
    returns: block.returns && functions.get(block.returns),
  }));
}

/** An edge into a loop that has another entry goes through the dispatcher, or is cut where no indirect jump is the reason. */
function orderByForce(blocks: Block[]): Order {
  for (;;) {
    const order = orderBlocks(blocks);
    const dispatcher = blocks[0].ending.kind === 'dispatch' ? blocks[0].ending : undefined;
    if (!('irreducible' in order)) {
      if (dispatcher === undefined || !addReturnPoints(blocks, dispatcher, order)) return order;
      continue;
    }
    const { from, to } = order.irreducible;
    if (blocks[to].returns === undefined && (dispatcher || isJumpedTo(blocks, to))) dispatch(blocks, to);
    else cut(blocks, from, to);
  }
}

/** Whether indirect jumps go to a block. */
function isJumpedTo(blocks: readonly Block[], to: number): boolean {
  return blocks.some(({ ending }) => ending.kind === 'indirect' && ending.known.some(({ block }) => block === to));
}

/** Has everything that goes to a block go through the dispatcher. */
function dispatch(blocks: Block[], block: number): void {
  const entries = new Set([block]);
  if (blocks[0].ending.kind !== 'dispatch') entries.add(insertDispatcher(blocks));
  // An indirect jump goes to its blocks by itself or leaves all to the dispatcher.
  for (let size = 0; size < entries.size; ) {
    size = entries.size;
    for (const { ending } of blocks) {
      if (ending.kind !== 'indirect' || !ending.known.some((known) => entries.has(known.block))) continue;
      for (const known of ending.known) entries.add(known.block);
    }
  }
  const { ending: dispatcher } = blocks[0] as Block & { ending: { kind: 'dispatch' } };
  dispatcher.known = [...dispatcher.known, ...[...entries].map((entry) => ({ pc: blocks[entry].pc, block: entry }))];
  mapTargets(blocks, (target) =>
    'block' in target && entries.has(target.block) ? { block: 0, at: blocks[target.block].pc } : target,
  );
  for (const { ending } of blocks) {
    if (ending.kind !== 'indirect' || !ending.known.some((known) => entries.has(known.block))) continue;
    ending.known = [];
    ending.isDispatched = true;
  }
}

/**
 * Has a region with a dispatcher entered where its calls return to as well: a callee that is not compiled returns through
 * the cold tier. Where that is in a loop the loop would have two entries. True if that adds any.
 */
function addReturnPoints(blocks: readonly Block[], dispatcher: Ending & { kind: 'dispatch' }, order: Order): boolean {
  const entered = new Set(dispatcher.known.map(({ block }) => block));
  const isInLoop = blocksInLoops(order);
  const found = new Set<number>();
  for (const { ending } of blocks) {
    if (ending.kind !== 'call' || !('block' in ending.next)) continue;
    const { block } = ending.next;
    if (block !== 0 && blocks[block].returns === undefined && !entered.has(block) && !isInLoop[block]) found.add(block);
  }
  dispatcher.known = [...dispatcher.known, ...[...found].map((block) => ({ pc: blocks[block].pc, block }))];
  return found.size > 0;
}

/** Which blocks are in a loop that does not go through block 0. */
function blocksInLoops({ predecessors, position, isLoopHeader }: Order): boolean[] {
  const isInLoop: boolean[] = Array(position.length).fill(false);
  for (const [header, isHeader] of isLoopHeader.entries()) {
    if (!isHeader || header === 0) continue;
    const seen = new Set([header]);
    const work = predecessors[header].filter((latch) => position[latch] >= position[header]);
    for (let block = work.pop(); block !== undefined; block = work.pop()) {
      if (seen.has(block)) continue;
      seen.add(block);
      work.push(...predecessors[block]);
    }
    for (const block of seen) isInLoop[block] = true;
  }
  return isInLoop;
}

/** Puts a dispatcher before the entry; the block that that becomes. */
function insertDispatcher(blocks: Block[]): number {
  const moved = moveEntry(blocks);
  blocks[0] = { pc: blocks[moved].pc, instructions: [], ending: { kind: 'dispatch', known: [] } };
  return moved;
}

/** Makes the entry the last block. Another has to take its place. */
function moveEntry(blocks: Block[]): number {
  const moved = blocks.push(blocks[0]) - 1;
  const move = <T extends { block: number }>(target: T): T =>
    target.block === 0 ? { ...target, block: moved } : target;
  mapTargets(
    blocks,
    (target) => ('block' in target ? move(target) : target),
    (known) => known.map(move),
  );
  return moved;
}

/** An edge becomes an exit. */
function cut(blocks: Block[], from: number, to: number): void {
  const { pc, returns } = blocks[to];
  mapEnding(
    blocks[from].ending,
    (target) => ('block' in target && target.block === to ? exitTo(pc, returns, blocks) : target),
    (known) => known.filter(({ block }) => block !== to),
  );
}

type MapTarget = (target: Target) => Target;
type MapKnown = (known: Known) => Known;

function mapTargets(blocks: readonly Block[], map: MapTarget, mapKnown?: MapKnown): void {
  const ofFunctions = new Set(blocks.flatMap(({ returns }) => returns ?? []));
  for (const returns of ofFunctions) returns.next = map(returns.next);
  for (const { ending } of blocks) mapEnding(ending, map, mapKnown);
}

function mapEnding(ending: Ending, map: MapTarget, mapKnown: MapKnown = (known) => known): void {
  switch (ending.kind) {
    case 'goto':
      ending.target = map(ending.target);
      return;
    case 'branch':
      ending.taken = map(ending.taken);
      ending.next = map(ending.next);
      return;
    case 'call': {
      const { callee } = ending;
      ending.next = map(ending.next);
      if (callee !== 'kernel' && 'known' in callee) callee.known = mapKnown(callee.known);
      return;
    }
    case 'indirect':
    case 'dispatch':
      ending.known = mapKnown(ending.known);
      return;
    case 'leave':
  }
}
