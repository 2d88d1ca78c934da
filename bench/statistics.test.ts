import { expect, test } from 'vitest';
import { geometricMean, median, table } from './statistics.ts';

test('median of odd and even counts', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
});

test('geometric mean', () => {
  expect(geometricMean([1, 4, 16])).toBeCloseTo(4);
});

test('columns line up', () => {
  expect(
    table([
      ['name', 'a'],
      ['x', '10.5'],
      ['longer', '1'],
    ]),
  ).toBe(['name       a', '------------', 'x       10.5', 'longer     1'].join('\n'));
});
