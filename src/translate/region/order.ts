/**
 * Order and nesting of a region's blocks: reverse postorder, dominators, loops.
 * Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm" (2001).
 *
 * A graph is given as the successors of each node; node 0 is the entry.
 */
export interface Order {
  /** Nodes in reverse postorder. */
  sequence: number[];
  /** Position of each node in `sequence`. */
  position: number[];
  predecessors: number[][];
  /** Nodes that each node dominates immediately, in reverse postorder. */
  children: number[][];
  isLoopHeader: boolean[];
  /** Nodes that more than one forward edge leads to. */
  isMerge: boolean[];
}

/** An edge into the middle of a loop: no structured control flow has it. */
export interface Irreducible {
  irreducible: { from: number; to: number };
}

/** @param labelled nodes that count as merges whatever leads to them */
export function orderOf(
  successors: readonly (readonly number[])[],
  labelled: readonly number[] = [],
): Order | Irreducible {
  const count = successors.length;
  const sequence: number[] = [];
  const visited = new Uint8Array(count);
  const stack: { node: number; next: number }[] = [{ node: 0, next: 0 }];
  visited[0] = 1;
  while (stack.length > 0) {
    const top = stack[stack.length - 1];
    const successor = successors[top.node][top.next++];
    if (successor === undefined) {
      sequence.push(top.node);
      stack.pop();
    } else if (!visited[successor]) {
      visited[successor] = 1;
      stack.push({ node: successor, next: 0 });
    }
  }
  sequence.reverse();
  const position: number[] = Array(count).fill(-1);
  for (const [index, node] of sequence.entries()) position[node] = index;
  const predecessors: number[][] = successors.map(() => []);
  for (const node of sequence) for (const successor of successors[node]) predecessors[successor].push(node);

  const dominator: number[] = Array(count).fill(-1);
  dominator[0] = 0;
  const common = (a: number, b: number): number => {
    let [x, y] = [a, b];
    while (x !== y) {
      while (position[x] > position[y]) x = dominator[x];
      while (position[y] > position[x]) y = dominator[y];
    }
    return x;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (const node of sequence) {
      if (node === 0) continue;
      const known = predecessors[node].filter((p) => dominator[p] >= 0);
      const next = known.reduce(common);
      if (dominator[node] !== next) {
        dominator[node] = next;
        changed = true;
      }
    }
  }
  const dominates = (a: number, b: number): boolean => {
    let node = b;
    while (position[node] > position[a]) node = dominator[node];
    return node === a;
  };

  const children: number[][] = successors.map(() => []);
  for (const node of sequence) if (node !== 0) children[dominator[node]].push(node);
  const isLoopHeader: boolean[] = Array(count).fill(false);
  const isMerge: boolean[] = Array(count).fill(false);
  for (const node of sequence) {
    let forward = 0;
    for (const predecessor of predecessors[node]) {
      if (position[predecessor] < position[node]) forward++;
      else if (dominates(node, predecessor)) isLoopHeader[node] = true;
      else return { irreducible: { from: predecessor, to: node } };
    }
    isMerge[node] = forward > 1;
  }
  for (const node of labelled) isMerge[node] = true;
  return { sequence, position, predecessors, children, isLoopHeader, isMerge };
}
