/** The command line end to end; what each option means in detail is tested beside src/cli. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { prebuiltDirectory, suiteBinary } from '../scripts/build-test-binaries.ts';
import { root, run, testEnvironment, tsemu } from './support/run.ts';

const program = (name: string): string => join(prebuiltDirectory, 'riscv64', name);
const scratch = mkdtempSync(join(tmpdir(), 'tsemu-cli-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** doctor, and a program, in a directory that is mounted noexec. */
const NOEXEC = `mount -t tmpfs -o noexec none "$0" || exit; export TMPDIR="$0"; "$1" doctor; cp "$2" "$0"; "$1" run "$0/hello"`;

const command = (args: string[], env: Record<string, string> = {}) =>
  run([...tsemu(), ...args], { env: testEnvironment(env) });

describe.concurrent('the command tsemu', () => {
  const inScratch = (args: string[], options: Parameters<typeof run>[1] = {}) =>
    run([join(root, 'dist/tsemu'), ...args], { cwd: scratch, ...options });

  test.each([
    [['rnu', './x'], 'unknown command rnu; did you mean run?'],
    [['frobnicate'], 'unknown command frobnicate'],
    [['./x'], 'unknown command ./x; to run it: tsemu run ./x'],
    [['--strace', 'run', './x'], /^unknown option --strace; options of a program go behind the command: tsemu run /],
    [['binfmt', 'status', '--flgas', 'P'], 'Unknown argument: flgas; did you mean --flags?'],
    [['doctor', 'riscv64'], 'Unknown command: riscv64'],
  ])('%j fails with one line', async (args, message) => {
    const { stdout, stderr, status } = await inScratch(args);
    expect([stdout, status]).toEqual(['', 1]);
    expect(stderr.replace(/^tsemu: /, '').trimEnd()).toEqual(
      typeof message === 'string' ? message : expect.stringMatching(message),
    );
  });

  test('words that are missing: usage of that command', async () => {
    expect(await inScratch(['binfmt'])).toMatchObject({
      stdout: '',
      stderr: expect.stringMatching(/^tsemu binfmt <action> \[arch\.\.\]\n/),
      status: 1,
    });
  });

  test('doctor and its output on a machine that is not in order', async () => {
    const { stdout, status } = await inScratch(['doctor'], { env: testEnvironment({ TMPDIR: '/nowhere' }) });
    expect(stdout).toMatch(/^note +temporary files +\/nowhere takes no file: ENOENT\nok +temporary files +\/\w/m);
    expect([stdout.match(/^ok +\w+ guest +runs$/gm)?.length, status]).toEqual([3, 0]);
    const mounted = await run([
      'unshare',
      '-Urm',
      'sh',
      '-c',
      NOEXEC,
      scratch,
      join(root, 'dist/tsemu'),
      program('hello'),
    ]);
    // Where users may not mount (Docker), there is nothing to see.
    if (!/^(unshare|mount):/.test(mounted.stderr)) {
      expect(mounted.stdout).toMatch(/^note +temporary files +\/\S+ is mounted noexec: .*\nok +temporary files/m);
      expect(mounted.stdout.match(/^ok +\w+ guest +runs$/gm)).toHaveLength(3);
      expect(mounted).toMatchObject({
        status: 126,
        stderr: expect.stringMatching(/hello: Permission denied: mounted noexec\n$/),
      });
    }
    const full = await run(['sh', '-c', '"$0" completion bash >/dev/full', join(root, 'dist/tsemu')]);
    expect(full).toEqual({ stdout: '', stderr: 'tsemu: cannot write: ENOSPC\n', status: 1 });
  });
});

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
    [['-strace'], 'tsemu-riscv64: no program behind the options\n', 1],
    [['-L', './x'], "tsemu-riscv64: no program: './x' is the value of option 'L'\n", 1],
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

  test('-strace and -d follow threads, children, and what they execute', async () => {
    const log = join(scratch, 'strace-threads');
    const binary = suiteBinary('riscv64', 'thread-kernel', 'O2', 'static');
    expect(await command(['-D', log, '-strace', binary])).toMatchObject({ status: 0, stderr: '' });
    const lines = readFileSync(log, 'latin1').split('\n').slice(0, -1);
    const labels = lines.map((line) => /^\[pid \d+\] /.exec(line)?.[0] ?? '');
    const first = lines.findIndex((line) => line.startsWith('clone(')) + 1;
    expect(labels.slice(0, first).every((label) => label === '')).toBe(true);
    expect(labels.slice(first).every((label) => label !== '')).toBe(true);
    expect(new Set(labels).size).toBeGreaterThan(25);
    // The program is executed by a thread, in the first one's place.
    const executed = lines.findIndex((line) => line.includes('execve('));
    const [, leader] = /set_tid_address\(.*= (\d+)/.exec(lines.join('\n')) ?? [];
    expect(lines.slice(executed).some((line) => line.startsWith(`[pid ${leader}] set_tid_address(`))).toBe(true);
    expect(lines.at(-1)).toBe(`[pid ${leader}] +++ exited with 0 +++`);
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

  test('-d exec shows each instruction, -d cpu the registers before it, -dfilter where', async () => {
    const { stdout, stderr, status } = await command(['-d', 'exec,cpu', '-dfilter', '0x100b4+4', program('hello')]);
    expect([stdout, status]).toEqual(['Hello from riscv64\n', 0]);
    expect(stderr).toMatch(/^ pc +00000000000100b4\n x0\/zero +0{16} x1\/ra +0/);
    expect(stderr).toMatch(/\n0x000100b4: {2}4505 {6}c\.li a0, 1\n pc +00000000000100b6\n/);
    expect(stderr.match(/^0x/gm)).toHaveLength(2);
  });

  test('-d op, out_wasm and out_js show what code becomes', async () => {
    const log = join(scratch, 'code');
    for (const [backend, text] of [
      ['wasm', '(module $region_'],
      ['js', 'function pc_'],
    ]) {
      const options = ['-backend', backend, '-threshold', '3', '-d', `op,out_${backend}`, '-D', log];
      expect(await command([...options, program('crc')])).toMatchObject({ stderr: '', status: 0 });
      expect(readFileSync(log, 'latin1')).toMatch(/^region 0x[0-9a-f]+: \d+ blocks?, \d+ instructions?\nblock 0 at 0x/);
      expect(readFileSync(log, 'latin1')).toContain(text);
    }
  });

  test('-d fault shows bad accesses', async () => {
    const log = join(scratch, 'faults');
    const { status } = await command([
      '-d',
      'fault',
      '-D',
      log,
      suiteBinary('riscv64', 'exit', 'O2', 'static'),
      'read-null',
    ]);
    expect(status).toBe('SIGSEGV');
    expect(readFileSync(log, 'latin1')).toMatch(/^fault: SIGSEGV code 1 at pc 0x[0-9a-f]+, address 0x0$/m);
  });

  describe.each(['riscv64', 'aarch64', 'arm'])('a fault that kills a %s program', (arch) => {
    const crash = (how: string, options: string[] = [], env: Record<string, string> = {}) => {
      const { TSEMU_QUIET: _, ...loud } = testEnvironment();
      return run([...tsemu(arch), ...options, suiteBinary(arch, 'exit'), how], { env: { ...loud, ...env } });
    };

    test('is reported with its place, its callers and the registers', async () => {
      const { stderr, status } = await crash('write-null');
      expect(status).toBe('SIGSEGV');
      const lines = stderr.split('\n');
      expect(lines[0]).toMatch(/^tsemu-\w+: \/.*exit-O2-static: killed by SIGSEGV at address 0x0: nothing is mapped$/);
      expect(lines[1]).toBe('address: 0x0 is in no mapping');
      expect(lines[2]).toMatch(/^pc: {6}[0-9a-f]+-[0-9a-f]+ r-xp .*\/exit-O2-static$/);
      expect(lines[3]).toMatch(/^#0 {3}0x[0-9a-f]+ in main\+0x[0-9a-f]+$/);
      if (arch === 'aarch64')
        expect(stderr).toMatch(/^#1 .* in __libc_start_call_main\+.*\n(#.*\n)*#\d .* in _start\+/m);
      const registers: Record<string, RegExp> = {
        riscv64: /^ x0\/zero +0+ x1\/ra/m,
        aarch64: /^ PC=.* X00=/m,
        arm: /^R00=/m,
      };
      expect(stderr).toMatch(registers[arch]);
      const { stderr: illegal, status: end } = await crash('illegal');
      expect(illegal).toMatch(/killed by SIG(ILL|TRAP) at pc 0x[0-9a-f]+, instruction 0x[0-9a-f]{8}\n/);
      expect(illegal).toContain(`killed by ${end} `);
    });

    test('is not with -quiet, nor are other deaths', async () => {
      expect(await crash('read-null', ['-quiet'])).toMatchObject({ stderr: '', status: 'SIGSEGV' });
      expect(await crash('read-null', [], { TSEMU_QUIET: '1' })).toMatchObject({ stderr: '', status: 'SIGSEGV' });
      expect(await crash('abort')).toMatchObject({ stderr: '', status: 'SIGABRT' });
    });
  });

  test('-one-insn-per-tb and a small -tb-size change nothing that the program sees', async () => {
    const sort = suiteBinary('riscv64', 'sort', 'O2', 'static');
    const expected = await command([sort]);
    const log = join(scratch, 'limited');
    const limited = await command(['-backend', 'js', '-threshold', '1', '-tb-size', '1', '-stats', '-D', log, sort]);
    expect(limited).toEqual(expected);
    expect(readFileSync(log, 'latin1')).toMatch(/^dropped +[1-9]/m);
    const hello = suiteBinary('riscv64', 'hello', 'O2', 'static');
    expect(await command(['-one-insn-per-tb', '-threshold', '3', hello])).toEqual(await command([hello]));
  });

  test('-perfmap names compiled code', async () => {
    const [name, ...options] = tsemu();
    const sort = suiteBinary('riscv64', 'sort', 'O2', 'static');
    const directory = mkdtempSync(join(scratch, 'perfmap-'));
    const { pid } = spawnSync(name, [...options, '-perfmap', '-threshold', '3', sort], { cwd: directory });
    expect(readdirSync(directory), "V8's log").toEqual([]);
    const map = `/tmp/perf-${pid}.map`;
    expect(readFileSync(map, 'latin1')).toMatch(/^[0-9a-f]+ [0-9a-f]+ JS:(hsearch|memcpy|strlen|qsort)\S*-turbofan$/m);
    rmSync(map);
    expect(await command(['-strace', '-perfmap', program('hello')])).toMatchObject({ status: 1 });
  });

  test('variables work as options do', async () => {
    const { stderr } = await command([program('hello')], { TSEMU_STRACE: '1' });
    expect(stderr).toContain('+++ exited with 0 +++');
  });
});
