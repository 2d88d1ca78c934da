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

/** The addresses passed on a way through blocks that takes each choice by drawing, with the exit at its end. */
function walk(blocks: readonly Block[], seed: number): number[] {
  const draw = drawFrom(seed);
  const passed: number[] = [];
  let at: Target = { block: 0 };
  while (passed.length < 200) {
    if (!('block' in at)) return [...passed, at.pc];
    const { pc, ending, instructions }: Block = blocks[at.block];
    if (instructions.length > 0) passed.push(pc);
    if (ending.kind === 'branch') at = draw(2) === 0 ? ending.taken : ending.next;
    else if (ending.kind === 'goto') at = ending.target;
    else throw new Error(`a way ends in ${ending.kind}`);
  }
  return passed;
}

test('where loops begin at one block, all ways remain, and the loops are within each other', () => {
  const instruction = { pc: 0, length: 4, statements: [] };
  let deepest = 0;
  for (let seed = 1; seed <= 3000; seed++) {
    const draw = drawFrom(seed);
    const count = 3 + draw(10);
    // Backward to the first block or onward: whatever it is, each loop has one entry.
    const target = (from: number): Target =>
      draw(3) === 0
        ? { block: 0 }
        : from + 1 < count
          ? { block: from + 1 + draw(count - from - 1) }
          : { pc: 4 * count };
    const blocks = Array.from({ length: count }, (_, index): Block => {
      const [taken, next] = [target(index), target(index)];
      const ending: Ending = { kind: 'branch', condition: someValue, taken, next };
      return { pc: 4 * index, instructions: [instruction], ending };
    });
    const before = blocks.map((block) => ({ ...block, ending: { ...block.ending } }));
    const { isLoopHeader } = structure(blocks);
    for (let way = 0; way < 10; way++) expect(walk(blocks, way), `seed ${seed}`).toEqual(walk(before, way));
    deepest = Math.max(deepest, isLoopHeader.filter(Boolean).length);
  }
  expect(deepest).toBeGreaterThan(2);
});
