/** The benchmark itself, with small sizes: every program runs, outputs agree, the JSON has what it should. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root, run, testEnvironment, tsemu } from './support/run.ts';

test('every program of the benchmark runs and agrees', { timeout: 400_000 }, async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'tsemu-bench-test-'));
  try {
    const json = join(scratch, 'result.json');
    const command = [
      process.execPath,
      join(root, 'bench/run.ts'),
      '--quick',
      '--sandbox',
      '--runs',
      '1',
      '--json',
      json,
    ];
    const { stdout, stderr, status } = await run([...command, '--tsemu', tsemu().join(' ')], {
      env: testEnvironment(),
      timeout: 300_000,
    });
    expect(stderr).toBe('');
    expect(stdout).not.toContain('FAILED');
    expect(stdout).toContain('geometric mean');
    expect(status).toBe(0);
    const result = JSON.parse(readFileSync(json, 'utf8'));
    expect(result.rows.length).toBeGreaterThanOrEqual(14);
    for (const { results } of result.rows) expect(results.tsemu.wall).toBeGreaterThan(0);
    expect(stdout).toContain('sandbox/tsemu');
    expect(result.operations.length).toBeGreaterThanOrEqual(9);
    for (const { results } of result.operations) expect(results.tsemu).toBeGreaterThan(0);
    for (const { results } of result.situations.slice(0, 2)) expect(results.tsemu).toBeGreaterThan(0);
    expect(result.situations).toHaveLength(3);
    expect(result.means['tsemu/native']).toBeGreaterThan(0);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
});
