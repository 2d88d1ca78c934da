/** The command line end to end; what each option means in detail is tested beside src/cli. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { prebuiltDirectory } from '../scripts/build-test-binaries.ts';
import { run, testEnvironment, tsemu } from './support/run.ts';

const program = (name: string): string => join(prebuiltDirectory, 'riscv64', name);
const scratch = mkdtempSync(join(tmpdir(), 'tsemu-cli-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const command = (args: string[], env: Record<string, string> = {}) =>
  run([...tsemu(), ...args], { env: testEnvironment(env) });

describe.concurrent('command line', () => {
  test('no program: usage and failure', async () => {
    const { stdout, stderr, status } = await command([]);
    expect([stdout, status]).toEqual(['', 1]);
    expect(stderr).toMatch(/^usage: tsemu-riscv64 /);
  });

  test('--help and -version', async () => {
    expect(await command(['--help'])).toMatchObject({ status: 0, stderr: '' });
    expect(await command(['-version'])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^tsemu-riscv64 version \d/),
    });
  });

  test.each([
    [['-g', '1234', 'x'], "tsemu-riscv64: unknown option 'g'\n", 1],
    [['-L'], "tsemu-riscv64: missing argument for option 'L'\n", 1],
    [['/nowhere/program'], 'tsemu-riscv64: /nowhere/program: No such file or directory\n', 127],
    [['/etc/passwd'], /^tsemu-riscv64: \/etc\/passwd: /, 126],
    [['/'], /^tsemu-riscv64: \/: /, 126],
    [['-D', '/nowhere/log', '-strace', 'x'], /^tsemu-riscv64: cannot write the log \/nowhere\/log: /, 1],
  ])('%j fails with one line', async (args, message, status) => {
    const outcome = await command(args);
    expect([outcome.stdout, outcome.status]).toEqual(['', status]);
    expect(outcome.stderr).toEqual(typeof message === 'string' ? message : expect.stringMatching(message));
    expect(outcome.stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  test('arguments after the program are its own', async () => {
    const { stdout } = await command(['-0', 'name', program('echo-args'), '-L', '--help', '']);
    expect(stdout).toContain('-L');
    expect(stdout).toContain('--help');
    expect(stdout).toContain('name');
  });

  test('-strace goes to the log file and shows calls and the end', async () => {
    const log = join(scratch, 'strace');
    const { stdout, stderr, status } = await command(['-D', log, '-strace', program('hello')]);
    expect([stderr, status]).toEqual(['', 0]);
    const text = readFileSync(log, 'latin1');
    expect(text).toContain(`write(1, "${stdout.slice(0, 5)}`);
    expect(text).toMatch(/exit(_group)?\(0\) +\+?= \?\n\+\+\+ exited with 0 \+\+\+\n$/);
  });

  test('-d in_asm shows instructions', async () => {
    const { stderr } = await command(['-d', 'in_asm', program('hello')]);
    expect(stderr).toMatch(/^0x[0-9a-f]{8}: {2}[0-9a-f]{8} {2}\S/m);
    expect(stderr).toMatch(/ {2}ecall\n/);
  });

  test('variables work as options do', async () => {
    const { stderr } = await command([program('hello')], { TSEMU_STRACE: '1' });
    expect(stderr).toContain('+++ exited with 0 +++');
  });
});
