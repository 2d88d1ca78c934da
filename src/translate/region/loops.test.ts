import { describe, expect, test } from 'vitest';
import { loopsWithEntries } from './loops.ts';

const found = (successors: number[][]) =>
  loopsWithEntries(successors).map(({ members, entries }) => ({
    members: [...members].sort(),
    entries: entries.sort(),
  }));

describe('loops', () => {
  test('a straight line has none', () => {
    expect(found([[1], [2], []])).toEqual([]);
  });

  test('a block that jumps to itself is one', () => {
    expect(found([[1], [1, 2], []])).toEqual([{ members: [1], entries: [1] }]);
  });

  test('loops within a loop that has one entry are found', () => {
    expect(found([[1], [2], [2, 3], [1, 4], []])).toEqual([
      { members: [1, 2, 3], entries: [1] },
      { members: [2], entries: [2] },
    ]);
  });

  test('all entries of a loop are found', () => {
    expect(found([[1, 2], [2], [1, 3], []])).toEqual([{ members: [1, 2], entries: [1, 2] }]);
  });

  test('what goes back to the entry makes no loop, and what cannot be reached does not count', () => {
    expect(found([[1], [0], [1, 2]])).toEqual([]);
  });

  test('an entry of a loop within the loop is told from others', () => {
    // 1 → 2 → 1 within 1 → 2 → 3 → 1; both 1 and 3 are entered.
    const [loop] = loopsWithEntries([[1, 3], [2], [1, 3], [1]]);
    expect(loop.entries.sort()).toEqual([1, 3]);
    expect(loop.hasOwnLoop(1)).toBe(true);
    expect(loop.hasOwnLoop(3)).toBe(false);
  });
});
