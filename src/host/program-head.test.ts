import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readHead, resolveBelow } from './program-head.ts';

const scratch = mkdtempSync(join(tmpdir(), 'tsemu-head-'));
afterAll(() => rmSync(scratch, { recursive: true }));

test('symbolic links stay below the root', () => {
  mkdirSync(join(scratch, 'usr/bin'), { recursive: true });
  symlinkSync('usr/bin', join(scratch, 'bin'));
  symlinkSync('/etc/alternatives/sh', join(scratch, 'usr/bin/sh'));
  symlinkSync('../../..', join(scratch, 'usr/bin/up'));
  symlinkSync('loop', join(scratch, 'loop'));
  expect(resolveBelow(scratch, '/bin/ls')).toBe(`${scratch}/usr/bin/ls`);
  expect(resolveBelow(scratch, '//bin/./sh')).toBe(`${scratch}/etc/alternatives/sh`);
  expect(resolveBelow(scratch, '/bin/up/x')).toBe(`${scratch}/x`);
  expect(readHead(resolveBelow(scratch, '/loop'), 4)).toBe(constants.errno.ELOOP);
});

test('the head of a file, or why there is none', () => {
  const path = join(scratch, 'f\xe4');
  writeFileSync(Buffer.from(path, 'latin1'), 'abc');
  expect(readHead(path, 2)).toEqual(Uint8Array.of(97, 98));
  expect(readHead(path, 9)).toHaveLength(3);
  expect(readHead(join(scratch, 'none'), 2)).toBe(constants.errno.ENOENT);
  expect(readHead(scratch, 2)).toBe(constants.errno.EISDIR);
  expect(readHead('/dev/null', 2)).toBe(constants.errno.EACCES);
});
