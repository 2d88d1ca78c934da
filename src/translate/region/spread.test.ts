import { expect, test } from 'vitest';
import { spread } from './spread.ts';

test.each([1, 2, 5, 40, 256])('%i addresses have places of their own', (count) => {
  const addresses = Array.from({ length: count }, (_, i) => 0x1_5541_6000 + 2 * i * i + 14 * i);
  const { factor, shift, places } = spread(addresses);
  const placeOf = (address: number) => Math.imul(address | 0, factor) >>> shift;
  expect(addresses.map((address) => places[placeOf(address)])).toEqual(addresses.map((_, i) => i));
  // Not much longer than it has to be.
  expect(places.length).toBeLessThanOrEqual(Math.max(2, count * count));
});
