/**
 * Descriptors passed between a guest process and one of the host's, in both directions (test-binaries/passing). What each
 * of them prints is what two native processes print.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TOOLCHAINS } from '../scripts/build-test-binaries.ts';
import { root, run, tsemu } from './support/run.ts';

const ARCHITECTURES = ['riscv64', 'aarch64', 'arm'];
const scratch = mkdtempSync(join(tmpdir(), 'tsemu-passing-'));
const binary = (arch: string): string => join(scratch, `passing-${arch}`);
const command = (arch: string): string[] => (arch === 'native' ? [binary(arch)] : [...tsemu(arch), binary(arch)]);

/** Both processes' outcomes; each pair has a socket of its own. */
function pass(listening: string, connecting: string) {
  const socket = join(mkdtempSync(join(scratch, 'pair-')), 'socket');
  return Promise.all([
    run([...command(listening), 'listen', socket]),
    run([...command(connecting), 'connect', socket]),
  ]);
}

beforeAll(() => {
  for (const arch of ['native', ...ARCHITECTURES]) {
    const { gcc, flags } = TOOLCHAINS[arch];
    const source = join(root, 'test-binaries/passing/passing.c');
    execFileSync(gcc, [...flags, '-static', '-O1', '-Wall', '-o', binary(arch), source], { stdio: 'inherit' });
  }
});
afterAll(() => rmSync(scratch, { recursive: true }));

test.each(
  ARCHITECTURES.flatMap((arch) => [
    ['native', arch],
    [arch, 'native'],
  ]),
)('%s passes descriptors to %s and gets some', async (listening, connecting) => {
  const outcomes = await pass(listening, connecting);
  for (const { stdout, stderr, status } of outcomes) {
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    expect(stdout).toContain('4 descriptors, sender right\n');
  }
  expect(outcomes).toEqual(await pass('native', 'native'));
});
