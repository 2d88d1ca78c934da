/**
 * Loops that begin at the same block, made loops within each other.
 *
 * A region that is formed at an inner loop, which is where it is hot, has that loop's first block as the beginning of the
 * outer loops too: all go back to it. To V8 that is one loop, and what only its outer rounds change is moved around in each
 * inner one. So the outer ones go back to an empty block in front of it.
 */
import { type Block, knownOf, mapTargets } from './graph.ts';
import { reachedFrom } from './loops.ts';
import type { Order } from './order.ts';

/** Ways back that have about as many blocks are rounds of the same loop, as `continue` makes them. */
const OUTER_LEAST = 2;

/** Puts an empty block in front of a block where several loops begin; false if there is none. The order is that before. */
export function splitHeader(blocks: Block[], order: Order): boolean {
  for (const [header, { ending }] of blocks.entries()) {
    if (!order.isLoopHeader[header] || ending.kind === 'dispatch') continue;
    // Indirect jumps go to it as it is.
    if (blocks.some((block) => knownOf(block).some((known) => known.block === header))) continue;
    const inner = innerSources(header, order);
    if (inner === undefined) continue;
    split(blocks, header, inner);
    return true;
  }
  return false;
}

/** The blocks from which the innermost of several loops goes back to where all begin; undefined if there is one only. */
function innerSources(header: number, { position, predecessors }: Order): ReadonlySet<number> | undefined {
  const sources = new Set(predecessors[header].filter((from) => position[from] >= position[header]));
  if (sources.size < 2) return undefined;
  // A loop has the blocks from which one goes back without passing its first.
  const before = predecessors.map((list, block) => (block === header ? [] : list));
  const loops = [...sources].map((source) => ({ source, members: reachedFrom(source, before) }));
  const innermost = loops.reduce((least, one) => (one.members.size < least.members.size ? one : least)).members;
  const isOuter = ({ members }: { members: ReadonlySet<number> }) =>
    members.size >= innermost.size + OUTER_LEAST && [...innermost].every((member) => members.has(member));
  const inner = loops.filter((one) => !isOuter(one));
  return inner.length < loops.length ? new Set(inner.map(({ source }) => source)) : undefined;
}

function split(blocks: Block[], header: number, inner: ReadonlySet<number>): void {
  const block = blocks[header];
  // The region's first block stays the first.
  const begin = header === 0 ? blocks.push(block) - 1 : header;
  const front: Block = { ...block, instructions: [], ending: { kind: 'goto', target: { block: begin } } };
  const place = header === 0 ? 0 : blocks.push(front) - 1;
  blocks[place] = front;
  for (const [from, { ending }] of blocks.entries()) {
    if (from === place) continue;
    const to = inner.has(from === begin ? header : from) ? begin : place;
    mapTargets(ending, (target) => ('block' in target && target.block === header ? { ...target, block: to } : target));
  }
  for (const { returns } of blocks) {
    if (returns !== undefined && 'block' in returns.next && returns.next.block === header)
      returns.next = { ...returns.next, block: place };
  }
}
