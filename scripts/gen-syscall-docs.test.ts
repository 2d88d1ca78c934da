import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SYSCALL_DOCS, syscallDocs } from './gen-syscall-docs.ts';

test('docs/syscalls.md is what the rows say (node scripts/gen-syscall-docs.ts refreshes it)', () => {
  expect(readFileSync(SYSCALL_DOCS, 'utf8')).toBe(syscallDocs());
});
