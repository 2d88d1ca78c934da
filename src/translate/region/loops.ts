/**
 * The loops of a control-flow graph, with all blocks at which each is entered.
 * The graph is given as the successors of each block; block 0 is the entry, and
 * what goes back to it makes no loop here.
 */

/** Blocks that can all be reached from each other. */
export interface Loop {
  members: ReadonlySet<number>;
  /** Those that are reached from outside. */
  entries: number[];
  /** Whether an entry lies on a way back to itself that passes no other entry. */
  hasOwnLoop(entry: number): boolean;
}

/** All loops that can be reached, and those within loops that have one entry. */
export function loopsWithEntries(successors: readonly (readonly number[])[]): Loop[] {
  const next = successors.map((targets) => targets.filter((target) => target !== 0));
  const predecessors: number[][] = next.map(() => []);
  for (const [from, targets] of next.entries()) for (const to of targets) predecessors[to].push(from);
  const reached = reachedFrom(0, next);
  const loops: Loop[] = [];
  const search = (blocks: ReadonlySet<number>, isEdge: (to: number) => boolean) => {
    for (const members of components(blocks, next, isEdge)) {
      const isOutside = (from: number) => reached.has(from) && !members.has(from);
      const entries = [...members].filter((member) => predecessors[member].some(isOutside));
      const inner = (to: number) => isEdge(to) && !entries.includes(to);
      loops.push({
        members,
        entries,
        hasOwnLoop(entry) {
          const ofLoop = next.map((targets, from) =>
            members.has(from) ? targets.filter((to) => members.has(to) && (to === entry || inner(to))) : [],
          );
          return ofLoop[entry].some((to) => reachedFrom(to, ofLoop).has(entry));
        },
      });
      if (entries.length === 1) search(members, inner);
    }
  };
  search(reached, () => true);
  return loops;
}

/** The blocks that can be reached from one, and that itself. */
export function reachedFrom(start: number, next: readonly (readonly number[])[]): Set<number> {
  const reached = new Set([start]);
  for (const block of reached) for (const to of next[block]) reached.add(to);
  return reached;
}

/** Strongly connected components that have an edge (Tarjan 1972), of the graph of these blocks without edges to some. */
function components(
  blocks: ReadonlySet<number>,
  next: readonly (readonly number[])[],
  isEdge: (to: number) => boolean,
): Set<number>[] {
  const edges = new Map([...blocks].map((from) => [from, next[from].filter((to) => blocks.has(to) && isEdge(to))]));
  const found: Set<number>[] = [];
  const index = new Map<number, number>();
  const low = new Map<number, number>();
  const open: number[] = [];
  const isOpen = new Set<number>();
  const stack: { block: number; at: number }[] = [];
  const enter = (block: number) => {
    low.set(block, index.size);
    index.set(block, index.size);
    open.push(block);
    isOpen.add(block);
    stack.push({ block, at: 0 });
  };
  const lower = (block: number, to: number) => low.set(block, Math.min(low.get(block)!, to));
  for (const root of blocks) {
    if (!index.has(root)) enter(root);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const { block } = top;
      const to = edges.get(block)![top.at++];
      if (to !== undefined) {
        if (!index.has(to)) enter(to);
        else if (isOpen.has(to)) lower(block, index.get(to)!);
        continue;
      }
      stack.pop();
      if (stack.length > 0) lower(stack[stack.length - 1].block, low.get(block)!);
      if (low.get(block) !== index.get(block)) continue;
      const members = new Set(open.splice(open.lastIndexOf(block)));
      for (const member of members) isOpen.delete(member);
      if (members.size > 1 || edges.get(block)!.includes(block)) found.push(members);
    }
  }
  return found;
}
