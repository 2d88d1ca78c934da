import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../tests/support/run.ts';

test('the caches of dist/ are made again elsewhere, with other limits: the same bytes', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'tsemu-caches-'));
  try {
    const dist = join(root, 'dist');
    const copy = join(scratch, 'dist');
    cpSync(dist, copy, { recursive: true, dereference: true });
    const temporary = join(scratch, 'a-place-for-temporary-files');
    mkdirSync(temporary);
    const script = `const { makeCodeCaches } = await import(process.argv[1]); makeCodeCaches(process.argv[2]);`;
    const node = [process.execPath, '--input-type=module', '-e', script, join(root, 'scripts/code-cache.ts'), copy];
    const limits = ['--nofile=1500:1600', '--stack=9000000:10000000'];
    execFileSync('prlimit', [...limits, ...node], { cwd: '/', env: { ...process.env, TMPDIR: temporary } });
    const caches = readdirSync(dist).filter((name) => name.endsWith('.cache'));
    expect(caches.length).toBeGreaterThan(5);
    const differing = caches.filter((name) => !readFileSync(join(dist, name)).equals(readFileSync(join(copy, name))));
    expect(differing).toEqual([]);
  } finally {
    rmSync(scratch, { recursive: true });
  }
});
