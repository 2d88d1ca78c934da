/** The small freestanding programs that are kept in the repository: what they do, and that their sources give them. */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { prebuiltDirectory, prebuiltJobs, runJobs } from '../scripts/build-test-binaries.ts';
import { run, tsemu } from './support/run.ts';

const program = (name: string) => join(prebuiltDirectory, 'riscv64', name);
const scratch = mkdtempSync(join(tmpdir(), 'tsemu-prebuilt-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('prebuilt programs', () => {
  test('hello writes and exits', async () => {
    expect(await run([...tsemu(), program('hello')])).toEqual({
      stdout: 'Hello from riscv64\n',
      stderr: '',
      status: 0,
    });
  });

  test('echo-args sees its arguments as they were given', async () => {
    const args = ['one', '', 'two words', '-d', '--', '\u00e9'];
    const { stdout, status } = await run([...tsemu(), program('echo-args'), ...args]);
    const seen = Buffer.from(stdout, 'latin1').toString().split('\n');
    expect([seen.slice(1), status]).toEqual([[...args, ''], 0]);
  });

  test.each([0, 1, 42, 127, 255])('exit-code %i', async (code) => {
    expect((await run([...tsemu(), program('exit-code'), `${code}`])).status).toBe(code);
  });

  test('crc computes CRC-32', async () => {
    const data = Uint8Array.from({ length: 100_003 }, (_, i) => i & 255);
    const { stdout } = await run([...tsemu(), program('crc'), `${data.length}`]);
    expect(stdout).toBe(`${crc32(data).toString(16).padStart(8, '0')}\n`);
  });

  test('fib computes Fibonacci numbers', async () => {
    expect((await run([...tsemu(), program('fib'), '20'])).stdout).toBe('6765\n');
  });

  test('each is small, and what its source compiles to', { timeout: 300_000 }, async () => {
    const jobs = prebuiltJobs(scratch);
    expect(jobs.map((job) => basename(job.target)).sort()).toEqual(['crc', 'echo-args', 'exit-code', 'fib', 'hello']);
    const { failures } = await runJobs(jobs, 2, true);
    expect(failures).toEqual([]);
    for (const { target } of jobs) {
      const kept = program(basename(target));
      expect(statSync(kept).size).toBeLessThan(8192);
      expect(statSync(kept).mode & 0o111, `${kept} is executable`).not.toBe(0);
      // Another compiler may choose other registers; the same one gives the same bytes.
      if (readFileSync(target).equals(readFileSync(kept))) continue;
      const args = basename(target) === 'exit-code' ? ['7'] : ['10'];
      const [rebuilt, original] = await Promise.all([target, kept].map((file) => run([...tsemu(), file, ...args])));
      if (basename(target) !== 'echo-args') expect(rebuilt).toEqual(original);
      else expect(rebuilt.stdout.split('\n').slice(1)).toEqual(original.stdout.split('\n').slice(1));
    }
  });
});
