import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PageRuns } from './page-runs.ts';

const PAGES = 64;

/** A table with runs of mapped and free pages, and a sub-range of it. */
const tables = fc.record({
  entries: fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.constantFrom(0, 0, 0x0b, 0x8b, 0xff)), {
    maxLength: 30,
  }),
  bounds: fc.tuple(fc.integer({ min: 0, max: PAGES }), fc.integer({ min: 0, max: PAGES })),
});

function build({ entries, bounds }: { entries: [number, number][]; bounds: [number, number] }) {
  const table = new Uint8Array(PAGES);
  let page = 0;
  for (const [count, entry] of entries) for (let i = 0; i < count && page < PAGES; i++) table[page++] = entry;
  const [start, end] = [Math.min(...bounds), Math.max(...bounds)];
  return { table, runs: new PageRuns(table), start, end, range: [...table.subarray(start, end)] };
}

describe('PageRuns agrees with a plain search for', () => {
  it('the next mapped and the next free page', () => {
    fc.assert(
      fc.property(tables, (input) => {
        const { runs, start, end, range } = build(input);
        const mapped = range.findIndex((entry) => entry !== 0);
        const free = range.indexOf(0);
        expect(runs.nextMapped(start, end)).toBe(mapped < 0 ? end : start + mapped);
        expect(runs.nextFree(start, end)).toBe(free < 0 ? end : start + free);
      }),
    );
  });

  it('counts and flags', () => {
    fc.assert(
      fc.property(tables, (input) => {
        const { runs, start, end, range } = build(input);
        expect(runs.countMapped(start, end)).toBe(range.filter((entry) => entry !== 0).length);
        expect(runs.any(start, end, 0x80)).toBe(range.some((entry) => (entry & 0x80) !== 0));
        expect(runs.any(start, end, 0x14)).toBe(range.some((entry) => (entry & 0x14) !== 0));
        expect(runs.count(start, end, 0x82, 2)).toBe(range.filter((entry) => (entry & 0x82) === 2).length);
      }),
    );
  });

  it('the highest free place', () => {
    fc.assert(
      fc.property(tables, fc.integer({ min: 1, max: 20 }), (input, count) => {
        const { table, runs, start, end } = build(input);
        let expected = -1;
        for (let page = end - count; page >= start && expected < 0; page--) {
          if (table.subarray(page, page + count).every((entry) => entry === 0)) expected = page;
        }
        expect(runs.findFree(count, start, end)).toBe(expected);
        const last = table.subarray(start, end).lastIndexOf(0);
        expect(runs.highestFree(start, end)).toBe(start + last + 1);
      }),
    );
  });
});
