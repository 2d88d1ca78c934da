/**
 * The folders of examples/, with the real tools. The one for vitest is tried in package.test.ts, those for Go, Cargo and Bazel in
 * examples.slow.test.ts.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { example } from './support/example.ts';
import { HANG, root } from './support/run.ts';

describe.concurrent('examples', { timeout: HANG }, () => {
  test('CMake runs checks while it configures, ctest runs the tests', async () => {
    const inCopy = example('cmake');
    const configured = await inCopy('cmake', '-B', 'build', '-DCMAKE_TOOLCHAIN_FILE=riscv64.cmake');
    expect(configured).toMatchObject({ status: 0, stdout: expect.stringContaining('char is unsigned there: 1') });
    expect(await inCopy('cmake', '--build', 'build')).toMatchObject({ status: 0 });
    const tested = await inCopy('ctest', '--test-dir', 'build');
    expect(tested).toMatchObject({ status: 0, stdout: expect.stringContaining('100% tests passed') });

    // What examples/ci and examples/vscode do with it: each test is in one of the two shards.
    const recipe = (name: string): string => readFileSync(join(root, 'examples', name), 'utf8');
    const [onGitHub] = /ctest --.*/.exec(recipe('ci/github-actions.yml'))!;
    const [onGitLab] = /ctest --.*/.exec(recipe('ci/gitlab-ci.yml'))!;
    expect(onGitLab.replace('$CI_NODE_INDEX', '$SHARD').replace('$CI_NODE_TOTAL', '2')).toBe(onGitHub);
    const ran = async (shard: number) =>
      (await inCopy('sh', '-c', `SHARD=${shard}; ${onGitHub}`)).stdout.match(/Test +#\d: \w+/g);
    expect([await ran(1), await ran(2)]).toEqual([['Test #1: right'], ['Test #2: impossible']]);
    const task = JSON.parse(recipe('vscode/tasks.json')).tasks[2];
    expect(await inCopy('sh', '-c', task.command)).toMatchObject({
      status: 0,
      stdout: 'a triangle\n',
      stderr: expect.stringContaining('exit_group(0)'),
    });

    expect(await inCopy('cmake', '-B', 'build', '-DBROKEN=ON')).toMatchObject({ status: 0 });
    const broken = await inCopy('ctest', '--test-dir', 'build');
    expect(broken).toMatchObject({ status: 8, stdout: expect.stringContaining('1 tests failed out of 3') });
  });

  test('Meson runs a program while it configures, and the tests', async () => {
    const inCopy = example('meson');
    const configured = await inCopy('meson', 'setup', '--cross-file', 'riscv64.ini', 'build');
    expect(configured).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('bytes of a long double there: 16'),
    });
    expect(await inCopy('meson', 'test', '-C', 'build')).toMatchObject({ status: 0 });
    expect(await inCopy('meson', 'configure', '-Dwrong=6', 'build')).toMatchObject({ status: 0 });
    const passed = await inCopy('meson', 'test', '-C', 'build', 'wrong');
    expect(passed).toMatchObject({ status: 1, stdout: expect.stringMatching(/Unexpected Pass: +1/) });
  });

  test('GNU make', async () => {
    const inCopy = example('make');
    expect(await inCopy('make', 'check')).toMatchObject({ status: 0 });
    expect(await inCopy('make', 'check', 'EXPECTED=1')).toMatchObject({ status: 2 });
  });

  test('automake', async () => {
    const inCopy = example('automake');
    expect(await inCopy('autoreconf', '--install')).toMatchObject({ status: 0 });
    const runner = 'RUN=tsemu-aarch64 -L /usr/aarch64-linux-gnu';
    expect(await inCopy('./configure', '--host=aarch64-linux-gnu', runner)).toMatchObject({ status: 0 });
    const passed = await inCopy('make', 'check');
    expect(passed).toMatchObject({ status: 0, stdout: expect.stringMatching(/# PASS: +2\n/) });
    const failed = await inCopy('make', 'check', 'EXPECTED=0');
    expect(failed).toMatchObject({ status: 2, stdout: expect.stringMatching(/# PASS: +1\n(.*\n)*# FAIL: +1\n/) });
  });
});
