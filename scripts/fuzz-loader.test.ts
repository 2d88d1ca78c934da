import { expect, test } from 'vitest';
import { createTestHost } from '../tests/support/test-host.ts';
import { fuzzLoader } from './fuzz-loader.ts';

test('damaged programs are loaded or refused', () => {
  const { loaded, refused, reasons } = fuzzLoader(createTestHost(), 1000, 1);
  expect(loaded + refused).toBe(1000);
  // The damage must not be so coarse that only a few checks are ever reached.
  expect(loaded).toBeGreaterThan(150);
  expect(reasons.size).toBeGreaterThan(20);
});
