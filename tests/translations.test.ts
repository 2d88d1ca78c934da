/** What is kept of a run for the next one: it must change nothing but the time that takes. */
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { benchBinary, suiteBinary } from '../scripts/build-test-binaries.ts';
import { HANG, run, testEnvironment, tsemu } from './support/run.ts';

const scratch = mkdtempSync(join(tmpdir(), 'tsemu-translations-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** Programs with faults, handlers, threads, children, changing code, floating point and odd jumps. */
const SECOND_RUNS = [
  'atomics',
  'control',
  'faults',
  'fork',
  'rounding',
  'selfmod',
  'setjmp',
  'signals',
  'spawn',
  'threads',
  'timers',
];

const program = (name: string): string => suiteBinary('riscv64', name, 'O2', 'static');
/** Of these, those whose regions are taken from a module of many in a third run: where they fault, the place must be found. */
const THIRD_RUNS = ['control', 'faults', 'selfmod', 'setjmp', 'signals'];

/** How many regions there are in each module of the only file in a directory (src/host/translations.ts). */
function moduleSizes(cache: string): number[] {
  const file = new Uint8Array(readFileSync(join(cache, readdirSync(cache)[0])));
  const words = new Float64Array(file.buffer);
  const sizes: number[] = [];
  for (let at = (file.indexOf(0x0a) + 8) >> 3; at < words.length; at += words[at + 1] >> 3) sizes.push(words[at + 3]);
  return sizes;
}

let directories = 0;
const newDirectory = (): string => join(scratch, `cache-${directories++}`);

/** Runs a program with a cache directory; its outcome, and how many instructions were cold, regions compiled and regions stored. */
async function runWith(cache: string, command: readonly string[], threshold = 50, arch = 'riscv64') {
  const log = join(scratch, 'stats');
  rmSync(log, { force: true });
  const emulator = [...tsemu(arch), '-threshold', `${threshold}`, '-stats', '-D', log];
  const { stdout, status } = await run([...emulator, ...command], { env: testEnvironment({ TSEMU_CACHE: cache }) });
  const text = readFileSync(log, 'latin1');
  // The last process to end is the first one.
  const count = (name: string) =>
    Number(
      text
        .match(new RegExp(`${name} +\\d+`, 'g'))
        ?.at(-1)
        ?.replace(/\D+/, '') ?? 0,
    );
  const [cold, compiled, stored] = ['coldInstructions', 'regions', 'stored'].map(count);
  return { outcome: { stdout, status }, cold, compiled, stored };
}

describe('a second run', () => {
  test.each(['aarch64', 'arm'])('of a program for %s does too', { timeout: HANG }, async (arch) => {
    const cache = newDirectory();
    const command = [suiteBinary(arch, 'control', 'O2', 'static')];
    const first = await runWith(cache, command, 50, arch);
    const second = await runWith(cache, command, 50, arch);
    expect(first.compiled).toBeGreaterThan(0);
    expect(first.stored).toBe(0);
    expect(second.stored).toBeGreaterThan(0);
    expect(second.cold).toBeLessThan(first.cold);
    expect(second.outcome).toEqual(first.outcome);
  });

  // How much each of them gets done depends on when its compiler thread has started.
  test('takes what the first has compiled', { timeout: HANG }, async () => {
    const cache = newDirectory();
    const first = await runWith(cache, [program('control')]);
    const second = await runWith(cache, [program('control')]);
    expect(first.stored).toBe(0);
    expect(first.compiled).toBeGreaterThan(0);
    expect(second.stored).toBeGreaterThan(first.compiled / 2);
    expect(second.outcome).toEqual(first.outcome);
  });

  describe('is like the first', () => {
    test.each(SECOND_RUNS)('%s', { timeout: HANG }, async (name) => {
      const cache = newDirectory();
      const { outcome } = await runWith(cache, [program(name)]);
      expect((await runWith(cache, [program(name)])).outcome).toEqual(outcome);
      if (!THIRD_RUNS.includes(name)) return;
      expect(Math.max(...moduleSizes(cache))).toBeGreaterThan(7);
      const third = await runWith(cache, [program(name)]);
      expect(third.outcome).toEqual(outcome);
      expect(third.stored).toBeGreaterThan(7);
    });
  });

  test('is not misled by another program in the same place', { timeout: HANG }, async () => {
    const cache = newDirectory();
    const place = join(scratch, 'changing');
    for (const name of ['integer', 'sort', 'math', 'integer']) {
      copyFileSync(program(name), place);
      const { outcome } = await runWith(cache, [place]);
      expect(outcome).toEqual((await runWith('off', [program(name)])).outcome);
    }
    copyFileSync(program('control'), place);
    const { compiled } = await runWith(cache, [place]);
    expect((await runWith(cache, [place])).stored).toBeGreaterThan(compiled / 2);
  });

  // Which of them it is depends on how much each gets done, as above.
  test('or one soon after compiles what is warm in each', { timeout: HANG }, async () => {
    const cache = newDirectory();
    const command = [benchBinary('riscv64', 'strings'), '1'];
    const first = await runWith(cache, command, 16_000);
    const second = await runWith(cache, command, 16_000);
    let last = second;
    for (let left = 12; left > 0 && last.cold > second.cold / 2; left--) {
      last = await runWith(cache, command, 16_000);
      expect(last.outcome).toEqual(first.outcome);
    }
    expect(last.cold).toBeLessThanOrEqual(second.cold / 2);
  });

  test.each([
    ['cut off', (file: string) => truncateSync(file, 5000)],
    ['empty', (file: string) => truncateSync(file, 0)],
    ['changed in its middle', (file: string) => writeFileSync(file, readFileSync(file).fill(0x5a, 6000, 20_000))],
    ['of somebody else', (file: string) => writeFileSync(file, 'other\n'.repeat(5000))],
  ])('is not misled by a file that is %s', { timeout: HANG }, async (_how, damage) => {
    const cache = newDirectory();
    const { outcome } = await runWith(cache, [program('control')]);
    const [name] = readdirSync(cache);
    damage(join(cache, name));
    const second = await runWith(cache, [program('control')]);
    expect(second.outcome).toEqual(outcome);
    expect(second.compiled).toBeGreaterThan(0);
  });
});

describe('nothing is kept', () => {
  test('where others can write', { timeout: HANG }, async () => {
    const cache = newDirectory();
    mkdirSync(cache);
    chmodSync(cache, 0o777);
    await runWith(cache, [program('control')]);
    expect(readdirSync(cache)).toEqual([]);
  });

  test('under a limit on the size of files, which would kill the program', { timeout: HANG }, async () => {
    const cache = newDirectory();
    const limited = ['sh', '-c', 'ulimit -f 8; exec "$@"', 'sh', ...tsemu(), '-threshold', '50', program('control')];
    const { status } = await run(limited, { env: testEnvironment({ TSEMU_CACHE: cache }) });
    expect(status).toBe(0);
    await runWith(cache, [program('control')]);
    expect(readdirSync(cache)).toHaveLength(1);
  });

  test('where the directory cannot be made', { timeout: HANG }, async () => {
    const file = join(scratch, 'file');
    writeFileSync(file, '');
    const { outcome } = await runWith(join(file, 'cache'), [program('control')]);
    expect(outcome.status).toBe(0);
  });
});

test('the oldest files make room for a new one when all have a gigabyte', { timeout: HANG }, async () => {
  const cache = newDirectory();
  mkdirSync(cache, { mode: 0o700 });
  for (const [i, name] of ['oldest', 'older', 'newest'].entries()) {
    const path = join(cache, name);
    writeFileSync(path, '');
    truncateSync(path, 400 << 20);
    utimesSync(path, 1000 + i, 1000 + i);
  }
  await runWith(cache, [program('control')]);
  const left = readdirSync(cache);
  expect(left).toHaveLength(2);
  expect(left).toContain('newest');
});

test('TSEMU_CACHE wants an absolute path or off', async () => {
  const { stderr, status } = await run([...tsemu(), program('hello')], {
    env: testEnvironment({ TSEMU_CACHE: 'here' }),
  });
  expect([stderr, status]).toEqual(["tsemu-riscv64: 'here' is no absolute path, nor off\n", 1]);
});
