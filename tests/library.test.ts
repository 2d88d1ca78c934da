/** The library: guests run from TypeScript. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { prebuiltDirectory, suiteBinary } from '../scripts/build-test-binaries.ts';
import { encode } from '../src/cpu/encode.ts';
import { riscvRows } from '../src/cpu/riscv/index.ts';
import { createEmulator } from '../src/library/index.ts';
import { writeElf } from '../src/loader/elf-writer.ts';
import { root, testEnvironment } from './support/run.ts';

const scratch = mkdtempSync(join(tmpdir(), 'tsemu-library-'));
afterAll(() => rmSync(scratch, { recursive: true }));
const emulator = createEmulator({ installation: join(root, 'dist') });
const env = testEnvironment();
const hello = join(prebuiltDirectory, 'riscv64/hello');
const echo = join(prebuiltDirectory, 'riscv64/echo-args');

/** A guest of these instructions; registers are a0–a7 from 10 on. */
function program(name: string, ...code: [name: string, values: Record<string, number>][]): string {
  const words = code.map(([mnemonic, values]) => {
    const row = riscvRows.find((candidate) => candidate.name === mnemonic);
    if (row === undefined) throw new Error(`no row ${mnemonic}`);
    return encode(row, values);
  });
  const bytes = new Uint8Array(Uint32Array.from(words).buffer);
  const path = join(scratch, name);
  writeFileSync(path, writeElf({ segments: [{ vaddr: 0x10000, bytes, flags: 5 }] }), { mode: 0o755 });
  return path;
}
const li = (rd: number, imm: number): [string, Record<string, number>] => ['addi', { rd, rs1: 0, imm }];
const ecall: [string, Record<string, number>] = ['ecall', {}];

const looping = program('loops', ['jal', { rd: 0, off: 0 }]);
const READ = 63;
const WRITE = 64;
const talking = program('talks', li(10, 1), ['auipc', { rd: 11, imm: 0 }], li(12, 16), li(17, WRITE), ecall, [
  'jal',
  { rd: 0, off: -20 },
]);
const GETPID = 172;
const MMAP = 222;
const EXIT_GROUP = 94;
/** Maps a MiB at a time until that fails; its exit status is how often it has not. */
const hungry = program(
  'hungry',
  li(10, 0),
  ['lui', { rd: 11, imm: 0x100000 }],
  li(12, 3),
  li(13, 0x22),
  li(14, -1),
  li(15, 0),
  li(17, MMAP),
  ecall,
  ['blt', { rs1: 10, rs2: 0, off: 12 }],
  ['addi', { rd: 8, rs1: 8, imm: 1 }],
  ['jal', { rd: 0, off: -40 }],
  ['addi', { rd: 10, rs1: 8, imm: 0 }],
  li(17, EXIT_GROUP),
  ecall,
);

/** Executes 2 + 3 n instructions and ends. */
const counting = (name: string, n: number) =>
  program(
    name,
    li(8, n),
    ['addi', { rd: 8, rs1: 8, imm: -1 }],
    ['addi', { rd: 9, rs1: 9, imm: 1 }],
    ['bne', { rs1: 8, rs2: 0, off: -8 }],
    li(10, 0),
    li(17, EXIT_GROUP),
    ecall,
  );

// As a program without types has it. A misspelt sandbox must not be none.
test.each([
  [{ sandBox: {} }, "createEmulator has no option 'sandBox'"],
  [{ sandbox: { raed: ['/'] } }, "sandbox has no option 'raed'"],
  [{ sandbox: { read: '/' } }, 'sandbox.read is /, neither a list nor true'],
])('%j is refused', (options, message) => {
  expect(() => createEmulator(options as object)).toThrow(message);
});
test.each([
  [{ limit: {} }, "run has no option 'limit'"],
  [{ limits: { tiem: 1 } }, "limits has no option 'tiem'"],
])('%j is refused by run', async (options, message) => {
  await expect(emulator.run(hello, [], options as object)).rejects.toThrow(message);
  expect(() => emulator.start(hello, [], { stdin: '' } as object)).toThrow("start has no option 'stdin'");
});

describe.concurrent('createEmulator', () => {
  test('runs programs of each architecture', async () => {
    const outcome = await emulator.run(hello, [], { env });
    expect(outcome).toEqual({
      exitCode: 0,
      signal: null,
      stdout: Buffer.from('Hello from riscv64\n'),
      stderr: Buffer.alloc(0),
    });
    expect(await emulator.run(suiteBinary('aarch64', 'hello'), [], { env })).toMatchObject({ exitCode: 0 });
  });

  test('passes arguments, argv[0] and the working directory', async () => {
    const { stdout } = await emulator.run(echo, ['-L', '', 'ü'], { env, argv0: 'name' });
    expect(stdout.toString()).toBe('name\n-L\n\nü\n');
    symlinkSync(hello, join(scratch, 'local'));
    expect(await emulator.run('./local', [], { env, cwd: scratch })).toMatchObject({ exitCode: 0 });
  });

  test('gives stdin as text, as bytes and as a stream', async () => {
    const wanted = await emulator.run(suiteBinary('riscv64', 'stdin'), [], { env, stdin: 'one\ntwo\n' });
    expect(wanted.exitCode).toBe(0);
    expect(wanted.stdout.length).toBeGreaterThan(0);
    for (const stdin of [Buffer.from('one\ntwo\n'), Readable.from(['one\n', 'two\n'])]) {
      expect(await emulator.run(suiteBinary('riscv64', 'stdin'), [], { env, stdin })).toEqual(wanted);
    }
  });

  test('tells statuses from signals', async () => {
    const exit = suiteBinary('riscv64', 'exit');
    expect(await emulator.run(exit, ['exit', '7'], { env })).toMatchObject({ exitCode: 7, signal: null });
    expect(await emulator.run(exit, ['read-null'], { env })).toMatchObject({ exitCode: null, signal: 'SIGSEGV' });
  });

  test('streams', async () => {
    const guest = emulator.start(hello, [], { env });
    expect(existsSync(`/proc/${guest.pid}`)).toBe(true);
    guest.stdin.end();
    expect(await text(guest.stdout)).toBe('Hello from riscv64\n');
    expect(await guest.ended).toEqual({ exitCode: 0, signal: null });
    expect(guest.kill()).toBe(false);
    const seen: string[] = [];
    await emulator.run(hello, [], { env, onOutput: (chunk, stream) => seen.push(`${stream} ${chunk.length}`) });
    expect(seen).toEqual(['stdout 19']);
  });

  test('stops guests at their limits', async () => {
    const late = await emulator.run(looping, [], { env, limits: { time: 1000 } });
    expect(late).toMatchObject({ exitCode: null, signal: 'SIGKILL', exceeded: 'time' });
    const loud = await emulator.run(talking, [], { env, limits: { output: 10_001 } });
    expect(loud).toMatchObject({ signal: 'SIGKILL', exceeded: 'output' });
    expect(loud.stdout).toHaveLength(10_001);
    const { exitCode } = await emulator.run(hungry, [], { env, limits: { memory: 64 << 20 } });
    expect(exitCode).toBeGreaterThan(40);
    expect(exitCode).toBeLessThan(64);
  });

  test('counts instructions exactly', async () => {
    const counts = counting('counts', 2000);
    expect(await emulator.run(counts, [], { env, limits: { instructions: 6010 } })).toMatchObject({ exitCode: 0 });
    const short = await emulator.run(counts, [], {
      env: { ...env, TSEMU_QUIET: undefined },
      limits: { instructions: 3001 },
    });
    expect(short).toMatchObject({ exitCode: null, signal: 'SIGXCPU', exceeded: 'instructions' });
    expect(short.stderr.toString()).toMatch(/s1 +0*3e8\b/);
    // A further thread has the same limit.
    const threads = suiteBinary('riscv64', 'tls');
    expect(await emulator.run(threads, [], { env, limits: { instructions: 1e10 } })).toMatchObject({ exitCode: 3 });
    expect(await emulator.run(threads, [], { env, limits: { instructions: 20_000 } })).toMatchObject({
      signal: 'SIGXCPU',
    });
  });

  test('asks hooks before system calls are made', async () => {
    const installation = join(root, 'dist');
    const written: string[] = [];
    const asking = createEmulator({
      installation,
      hooks: {
        async write({ args: [fd, address, length], read }) {
          written.push(`${fd} ${Buffer.from(await read(address, Number(length)))}`);
          return written.length === 1 ? length : undefined;
        },
        getpid: () => 42,
        async read({ args: [, address], read, readString, write }) {
          await expect(read(0n, 4)).rejects.toMatchObject({ code: 'EFAULT' });
          await write(address, Buffer.from('\x07seven\0'));
          return (await readString(address + 1n)) === 'seven' ? 1 : -1;
        },
      },
    });
    expect(await asking.run(hello, [], { env })).toMatchObject({ exitCode: 0, stdout: Buffer.alloc(0) });
    expect((await asking.run(hello, [], { env })).stdout.toString()).toBe('Hello from riscv64\n');
    expect(written).toEqual(Array(2).fill('1 Hello from riscv64\n'));
    const exit = [li(17, EXIT_GROUP), ecall];
    expect(await asking.run(program('asks', li(17, GETPID), ecall, ...exit), [], { env })).toMatchObject({
      exitCode: 42,
    });
    const reading = program(
      'reads',
      ['addi', { rd: 11, rs1: 2, imm: -64 }],
      li(17, READ),
      ecall,
      ['lbu', { rd: 10, rs1: 11, imm: 0 }],
      ...exit,
    );
    expect(await asking.run(reading, [], { env })).toMatchObject({ exitCode: 7 });

    const pids = new Set<number>();
    const watching = createEmulator({
      installation,
      hooks: { clone: ({ pid }) => void pids.add(pid), exit_group: ({ pid }) => void pids.add(pid) },
    });
    const fork = suiteBinary('riscv64', 'fork');
    expect(await watching.run(fork, [], { env })).toMatchObject({ exitCode: 0, stderr: Buffer.alloc(0) });
    expect(pids.size).toBeGreaterThan(3);

    const failing = createEmulator({ installation, hooks: { write: () => Promise.reject(new Error('no idea')) } });
    await expect(failing.run(hello, [], { env })).rejects.toThrow('no idea');
    expect(() => createEmulator({ hooks: { wrote: () => 0 } })).toThrow('there is no system call wrote');
  });

  test('stops guests when told', async () => {
    const controller = new AbortController();
    const running = emulator.run(looping, [], { env, signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
    await expect(emulator.run(hello, [], { signal: controller.signal })).rejects.toThrow('enough');
    const guest = emulator.start(looping, [], { env });
    expect(guest.kill('SIGINT')).toBe(true);
    expect(await guest.ended).toEqual({ exitCode: null, signal: 'SIGINT' });
  });

  test('gives guests a root directory of their own, with what is bound in it', async () => {
    const tree = join(scratch, 'tree');
    for (const path of ['bin', 'mnt', 'home']) mkdirSync(join(tree, path), { recursive: true });
    copyFileSync(hello, join(tree, 'bin/hello'));
    copyFileSync(echo, join(tree, 'home/echo'));
    symlinkSync('/bin/hello', join(tree, 'home/link'));
    const options = { installation: join(root, 'dist'), root: tree };
    const rooted = createEmulator(options);
    expect((await rooted.run('/home/link', [], { env })).stdout.toString()).toBe('Hello from riscv64\n');
    const relative = await rooted.run('./echo', ['word'], { env, cwd: join(tree, 'home') });
    expect(relative.stdout.toString()).toBe('./echo\nword\n');
    await expect(rooted.run(hello, [], { env })).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(rooted.run('/mnt/hello', [], { env })).rejects.toMatchObject({ code: 'ENOENT' });
    const bound = createEmulator({ ...options, binds: { '/mnt': join(tree, 'bin') }, rootId: true });
    expect(await bound.run('/mnt/hello', [], { env })).toMatchObject({ exitCode: 0 });
    const held = createEmulator({ ...options, sandbox: {}, hooks: { write: () => -1 } });
    expect(await held.run('/bin/hello', [], { env })).toMatchObject({ stdout: Buffer.alloc(0) });
    const lost = createEmulator({ ...options, binds: { '/none': scratch } });
    expect(() => lost.start('/bin/hello')).toThrow('/none in');
    expect(() => createEmulator({ binds: { '/mnt': '/' } })).toThrow('binds and rootId go with root only');
    expect(() => createEmulator({ root: '/', binds: { '/a:b': '/' } })).toThrow("binds cannot have '/a:b'");
  });

  test('says why a program cannot be started', async () => {
    await expect(emulator.run('/nowhere/x')).rejects.toMatchObject({
      code: 'ENOENT',
      message: 'tsemu: /nowhere/x: No such file or directory',
    });
    await expect(emulator.run(process.execPath)).rejects.toMatchObject({ code: 'ENOEXEC' });
    await expect(emulator.run(hello, [], { cwd: '/nowhere' })).rejects.toMatchObject({
      code: 'ENOENT',
      message: expect.stringContaining("'/nowhere'"),
    });
    await expect(emulator.run(hello, [], { cwd: hello })).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(emulator.run(hello, [], { limits: { time: -1 } })).rejects.toThrow('limits.time is -1');
    // @ts-expect-error an architecture that there is not
    expect(() => createEmulator({ architecture: 'vax' })).toThrow('unknown architecture vax');
  });
});

test('hooks are asked where the directory for temporary files has a long name', async () => {
  const { TMPDIR } = process.env;
  process.env.TMPDIR = mkdtempSync(join(scratch, 'x'.repeat(100)));
  try {
    const asking = createEmulator({ installation: join(root, 'dist'), hooks: { write: () => -1 } });
    expect(await asking.run(hello, [], { env })).toMatchObject({ stdout: Buffer.alloc(0) });
  } finally {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
  }
});

test('a hundred guests, sixteen at a time, leave nothing behind', async () => {
  let started = 0;
  const held = () => ({
    descriptors: readdirSync('/proc/self/fd').length,
    processes: process.getActiveResourcesInfo().filter((name) => name === 'ProcessWrap').length,
  });
  const before = held();
  const one = async (): Promise<void> => {
    while (started++ < 100) {
      const { stdout, exitCode } = await emulator.run(hello, [], { env });
      expect([stdout.toString(), exitCode]).toEqual(['Hello from riscv64\n', 0]);
    }
  };
  await Promise.all(Array.from({ length: 16 }, one));
  // Node closes its handle of a process behind the process's end.
  await vi.waitFor(() => {
    const after = held();
    expect(after.descriptors).toBeLessThanOrEqual(before.descriptors);
    expect(after.processes).toBeLessThanOrEqual(before.processes);
  });
});
