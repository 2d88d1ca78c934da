import { expect, test } from 'vitest';
import type { Value } from '../../cpu/ir.ts';
import { type Block, type Ending, successors, type Target } from './graph.ts';
import { structure } from './structure.ts';

const someValue: Value = { type: 'i64', kind: 'pc' };

/** Numbers that look random, the same ones for a seed. */
function drawFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 16) % below;
  };
}

/** Blocks with jumps between any of them. */
function randomBlocks(seed: number): Block[] {
  const draw = drawFrom(seed);
  const count = 2 + draw(25);
  const target = (): Target => (draw(8) === 0 ? { pc: 4 * (count + draw(9)) } : { block: draw(count) });
  const known = () => Array.from({ length: draw(4) }, () => draw(count)).map((block) => ({ pc: 4 * block, block }));
  const ending = (): Ending => {
    switch (draw(5)) {
      case 0:
        return { kind: 'goto', target: target() };
      case 1:
        return { kind: 'call', callee: { pc: 0 }, returnPc: 0, next: target() };
      case 2:
        return { kind: 'indirect', address: someValue, known: known() };
      default:
        return { kind: 'branch', condition: someValue, taken: target(), next: target() };
    }
  };
  return Array.from({ length: count }, (_, index) => ({ pc: 4 * index, instructions: [], ending: ending() }));
}

test('any control flow becomes such that each loop has one entry', () => {
  for (let seed = 1; seed <= 3000; seed++) {
    const blocks = randomBlocks(seed);
    const { sequence, position, isLoopHeader } = structure(blocks);
    for (const from of sequence) {
      for (const to of successors(blocks[from])) {
        // Whatever goes back goes to the header of a loop.
        expect(position[to] > position[from] || isLoopHeader[to], `seed ${seed}`).toBe(true);
      }
    }
  }
});
