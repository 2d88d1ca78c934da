/**
 * Python's own regression tests of processes, threads, signals, mappings and sockets, run by the guest's Python.
 *
 *     npm run test:python                   all of them: hours
 *     npm run test:programs                 the first ones, minutes; TSEMU_DEBIAN_ROOTS names the directory of roots made before
 *
 * docs/compatibility.md says what they come to, under qemu-user too.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { debianRoot } from '../scripts/debian-root.ts';
import { run, testEnvironment, tsemu } from './support/run.ts';

const HOUR = 3_600_000;
let debian: string;
let scratch: string;
beforeAll(() => {
  debian = debianRoot({ architecture: 'riscv64', packages: ['programs'], progress: () => {} });
  scratch = mkdtempSync(join(tmpdir(), 'tsemu-python-'));
}, 900_000);
afterAll(() => {
  if (scratch) rmSync(scratch, { recursive: true, force: true });
});

async function succeeds(modules: string): Promise<void> {
  expect(existsSync(join(debian, 'usr/lib/python3.13/test'))).toBe(true);
  const env = testEnvironment({ PATH: '/usr/bin:/bin', HOME: scratch, LC_ALL: 'C.UTF-8' });
  const python = [...tsemu(), '-L', debian, join(debian, 'usr/bin/python3.13'), '-m', 'test'];
  const outcome = await run([...python, ...modules.split(' ')], { env, cwd: scratch, timeout: 4 * HOUR });
  expect(outcome.stdout).toMatch(/^Result: SUCCESS$/m);
}

describe('Python', { timeout: 4 * HOUR }, () => {
  test('short', () =>
    succeeds('test_fork1 test_wait3 test_wait4 test_thread test_threadsignals test_threading_local test_mmap'));

  test
    .skipIf(process.env.TSEMU_PYTHON !== 'all')
    .each([
      'test_select test_epoll test_pty test_posix test_mailbox',
      'test_socket test_ssl',
      'test_asyncio',
      'test_signal',
      'test_os',
      'test_threading',
      'test_subprocess',
      'test_multiprocessing_main_handling',
      'test_multiprocessing_fork',
      'test_concurrent_futures',
      'test_multiprocessing_spawn',
    ])('%s', succeeds);
});
