import { expect, test } from 'vitest';
import {
  altStackStatus,
  changeAltStack,
  noAltStack,
  overflowsAltStack,
  SS_AUTODISARM,
  SS_DISABLE,
} from './alt-stack.ts';
import { EINVAL, ENOMEM, EPERM } from './errno.ts';

const stack = { sp: 0x1000n, flags: 0, size: 0x2000n };

test('sigaltstack sets and disables', () => {
  expect(changeAltStack(noAltStack(), stack, 0x9000n)).toEqual(stack);
  expect(changeAltStack(stack, { sp: 5n, flags: SS_DISABLE, size: 5n }, 0x9000n)).toEqual(noAltStack());
});

test('sigaltstack refuses', () => {
  expect(changeAltStack(stack, noAltStack(), 0x2000n)).toBe(-EPERM);
  expect(changeAltStack(noAltStack(), { ...stack, size: 2047n }, 0n)).toBe(-ENOMEM);
  expect(changeAltStack(noAltStack(), { ...stack, flags: 4 }, 0n)).toBe(-EINVAL);
});

test('status says whether the thread is on it', () => {
  expect(altStackStatus(noAltStack(), 0n)).toBe(2);
  expect(altStackStatus(stack, 0x3000n)).toBe(1);
  expect(altStackStatus(stack, 0x3001n)).toBe(0);
  expect(altStackStatus(stack, 0x1000n)).toBe(0);
  expect(altStackStatus({ ...stack, flags: SS_AUTODISARM }, 0x2000n)).toBe(SS_AUTODISARM);
});

test('overflow is noticed only when on the stack', () => {
  expect(overflowsAltStack(stack, 0x1100n, 0x400)).toBe(true);
  expect(overflowsAltStack(stack, 0x2000n, 0x400)).toBe(false);
  expect(overflowsAltStack(stack, 0x9000n, 0x400)).toBe(false);
});
