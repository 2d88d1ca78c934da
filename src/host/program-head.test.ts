import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readHead } from './program-head.ts';

const scratch = mkdtempSync(join(tmpdir(), 'tsemu-head-'));
afterAll(() => rmSync(scratch, { recursive: true }));

test('the head of a file, or why there is none', () => {
  const path = join(scratch, 'f\xe4');
  writeFileSync(Buffer.from(path, 'latin1'), 'abc');
  expect(readHead(path, 2)).toEqual(Uint8Array.of(97, 98));
  expect(readHead(path, 9)).toHaveLength(3);
  expect(readHead(join(scratch, 'none'), 2)).toBe(constants.errno.ENOENT);
  expect(readHead(scratch, 2)).toBe(constants.errno.EISDIR);
  expect(readHead('/dev/null', 2)).toBe(constants.errno.EACCES);
});
