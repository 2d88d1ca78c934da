/**
 * Makes the control flow of a region such that WebAssembly can have it: every
 * loop is entered at one block only.
 *
 * Code with loops that are entered at several (interpreters that jump from each
 * operation to the next) gets a *dispatcher*: a block in front of all others,
 * through which all jumps to those loops' blocks go. As it can go on at any of
 * them, the region can be entered at any of them as well.
 */
import { type Block, type Ending, exitTo, type Known, knownOf, successors, type Target } from './graph.ts';
import { type Order, orderOf } from './order.ts';

/** Orders a region's blocks, which may change. */
export function structure(blocks: Block[]): Order {
  for (;;) {
    const labelled = blocks.flatMap((block) => knownOf(block).map((known) => known.block));
    const order = orderOf(blocks.map(successors), labelled);
    if (!('irreducible' in order)) return order;
    const { from, to } = order.irreducible;
    if (blocks[to].returns === undefined) dispatch(blocks, to);
    else cut(blocks, from, to);
  }
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

/** Puts a dispatcher before the entry, which becomes the last block. */
function insertDispatcher(blocks: Block[]): number {
  const [entry] = blocks;
  const moved = blocks.push(entry) - 1;
  blocks[0] = { pc: entry.pc, instructions: [], ending: { kind: 'dispatch', known: [] } };
  const move = <T extends { block: number }>(target: T): T => (target.block === 0 ? { ...target, block: moved } : target);
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
