import { expect, test } from 'vitest';
import { REGION_TABLE_LEAST, REGION_TABLE_MOST } from '../wasm/region-type.ts';
import { Slots, UsedSlots } from './slots.ts';

test('an address has the same slot wherever no other has taken it', () => {
  const given: number[][] = [];
  const here = new Slots((pc, slot) => given.push([pc, slot]));
  const there = new Slots(() => {});
  const slot = here.of(0x10000);
  expect(slot).toBeGreaterThan(0);
  expect([here.of(0x10000), there.of(0x10000)]).toEqual([slot, slot]);
  expect(given).toEqual([[0x10000, slot]]);
});

test('takes over what fits, and says if something does not', () => {
  const here = new Slots(() => {});
  const slot = here.of(0x10000);
  expect(here.adoptAll([0x10000, slot, 0x20000, slot + 1])).toBe(true);
  expect(here.of(0x20000)).toBe(slot + 1);
  // Another slot for a known address, a slot that is taken; what comes behind is taken over all the same.
  expect(here.adoptAll([0x10000, slot + 2, 0x30000, slot, 0x40000, slot + 3])).toBe(false);
  expect(here.pairs()).toEqual([0x10000, slot, 0x20000, slot + 1, 0x40000, slot + 3]);
  expect(here.of(0x30000)).not.toBe(slot);
});

test('every address has a slot of its own, and none the first one', () => {
  const slots = new Set<number>();
  const all = new Slots((_, slot) => slots.add(slot));
  for (let pc = 0x10000; pc < 0x14000; pc += 8) all.of(pc);
  expect(slots.size).toBe(0x800);
  expect(slots.has(0)).toBe(false);
});

test('where one part of the table is full, the other is used', () => {
  const all = new Slots(() => {});
  const count = REGION_TABLE_MOST - 1;
  // Taken over, all in the larger part.
  const adopted = REGION_TABLE_MOST - REGION_TABLE_LEAST;
  for (let i = 0; i < adopted; i++) all.adoptAll([2 * i, REGION_TABLE_LEAST + i]);
  for (let i = adopted; i < count; i++) expect(all.of(2 * i)).toBeLessThan(REGION_TABLE_LEAST);
  expect(all.size).toBe(count);
});

test('what a region has asked for is known', () => {
  const used = new UsedSlots(new Slots(() => {}));
  const [a, b] = [used.of(0x10000), used.of(0x10100)];
  used.of(0x10000);
  expect([...used.pairs()]).toEqual([0x10000, a, 0x10100, b]);
});
