/**
 * Programs that are many processes and threads: a build with the guest's own compiler, a bundler written in Go,
 * compressors with threads.
 *
 *     npm run test:programs                 TSEMU_DEBIAN_ROOTS names the directory of roots made before
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { debianRoot } from '../scripts/debian-root.ts';
import { root, run, testEnvironment, tsemu } from './support/run.ts';

const HOUR = 3_600_000;
const env = testEnvironment({ PATH: '/usr/bin:/bin', HOME: '/' });
let debian: string;
let scratch: string;
beforeAll(() => {
  debian = debianRoot({ architecture: 'riscv64', packages: ['programs'], progress: () => {} });
  scratch = mkdtempSync(join(tmpdir(), 'tsemu-processes-'));
}, 900_000);
afterAll(() => {
  if (scratch) rmSync(scratch, { recursive: true, force: true });
});

const guest = (program: string, ...args: string[]) =>
  run([...tsemu(), '-L', debian, '-exec', 'guest-only', program, ...args], { env, cwd: scratch, timeout: HOUR });
const debians = (name: string, ...args: string[]) => guest(join(debian, 'usr/bin', name), ...args);

describe('processes and threads', { timeout: HOUR }, () => {
  test('make -j4 builds a program of 20 files with the guest’s gcc', async () => {
    const objects = Array.from({ length: 20 }, (_, i) => `part${i}.o`);
    objects.forEach((_, i) => {
      writeFileSync(
        join(scratch, `part${i}.c`),
        `#include <stdio.h>\nint part${i}(int x) { return printf("") + x * ${i}; }\n`,
      );
    });
    const calls = objects.map((_, i) => ` + part${i}(${i})`).join('');
    const declarations = objects.map((_, i) => `int part${i}(int);\n`).join('');
    writeFileSync(
      join(scratch, 'main.c'),
      `#include <stdio.h>\n${declarations}int main(void) { printf("%d\\n", 0${calls}); }\n`,
    );
    const rules = `program: main.o ${objects.join(' ')}\n\tgcc -o $@ $^\n%.o: %.c\n\tgcc -O1 -c -o $@ $<\n`;
    writeFileSync(join(scratch, 'Makefile'), rules);
    const built = await debians('make', '-s', '-j4');
    expect(built).toEqual({ stdout: '', stderr: '', status: 0 });
    expect(await guest(join(scratch, 'program'))).toEqual({ stdout: '2470\n', stderr: '', status: 0 });
  });

  test('esbuild for riscv64 bundles a package as the host’s does', async () => {
    const modules = join(root, 'node_modules');
    const { version } = JSON.parse(readFileSync(join(modules, 'esbuild/package.json'), 'utf8')) as { version: string };
    execFileSync('npm', ['pack', '--silent', `@esbuild/linux-riscv64@${version}`], { cwd: scratch, stdio: 'ignore' });
    execFileSync('tar', ['xzf', `esbuild-linux-riscv64-${version}.tgz`], { cwd: scratch });
    symlinkSync(modules, join(scratch, 'node_modules'));
    writeFileSync(join(scratch, 'entry.mjs'), "export { default } from 'yargs';\nexport * as fc from 'fast-check';\n");
    const options = ['--bundle', '--minify', '--sourcemap', '--platform=node', 'entry.mjs'];
    execFileSync(join(modules, '.bin/esbuild'), [...options, '--outfile=host/out.js'], {
      cwd: scratch,
      stdio: 'ignore',
    });
    const bundled = await guest(join(scratch, 'package/bin/esbuild'), ...options, '--outfile=guest/out.js');
    expect(bundled.status).toBe(0);
    for (const name of ['out.js', 'out.js.map']) {
      expect(readFileSync(join(scratch, 'guest', name))).toEqual(readFileSync(join(scratch, 'host', name)));
    }
  });

  test.each([
    ['xz', ['-k', '-T4', '-0', '--block-size=2MiB'], ['-dc', '-T4'], '.xz'],
    ['zstd', ['-q', '-T4'], ['-q', '-dc'], '.zst'],
  ])('%s with threads', async (name, pack, unpack, suffix) => {
    const file = join(scratch, `data-${name}`);
    copyFileSync(join(root, 'dist/node'), file);
    truncateSync(file, 12 << 20);
    expect(await debians(name, ...pack, file)).toEqual({ stdout: '', stderr: '', status: 0 });
    const { stdout, status } = await debians(name, ...unpack, file + suffix);
    expect(status).toBe(0);
    expect(Buffer.from(stdout, 'latin1').equals(readFileSync(file))).toBe(true);
  });

  test('1,000 forks of a shell', async () => {
    const script = 'n=0; for ((i = 0; i < 1000; i++)); do n=$((n + $(echo $i))); done; echo $n';
    expect(await debians('bash', '-c', script)).toEqual({ stdout: '499500\n', stderr: '', status: 0 });
  });
});
