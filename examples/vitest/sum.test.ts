/**
 * Tests a program that is built for another processor, from TypeScript:
 *
 *     npm install --save-dev vitest ./tsemu-0.1.0.tgz
 *     npx vitest run
 *
 * Debian's package gcc-riscv64-linux-gnu has the compiler.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEmulator } from 'tsemu';
import { afterAll, beforeAll, expect, test } from 'vitest';

const directory = mkdtempSync(join(tmpdir(), 'sum-'));
const program = join(directory, 'sum');
const emulator = createEmulator({ sysroot: '/usr/riscv64-linux-gnu' });

beforeAll(() => {
  execFileSync('riscv64-linux-gnu-gcc', ['-O2', '-o', program, join(import.meta.dirname, 'sum.c')]);
});
afterAll(() => rmSync(directory, { recursive: true }));

test('adds', async () => {
  const { stdout, exitCode } = await emulator.run(program, [], { stdin: '1 2.5\n3' });
  expect(stdout.toString()).toBe('6.5\n');
  expect(exitCode).toBe(0);
});

test('says what it cannot read', async () => {
  const { stderr, exitCode } = await emulator.run(program, [], { stdin: '1 x', limits: { time: 10_000 } });
  expect(stderr.toString()).toBe('not a number\n');
  expect(exitCode).toBe(1);
});
