import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { createTestHost } from '../../tests/support/test-host.ts';
import { riscv64Abi } from '../cpu/riscv/abi.ts';
import { AddressSpace } from '../memory/address-space.ts';
import { ET, PT, type SegmentSpec, writeElf } from './elf-writer.ts';
import { type LoadedProgram, loadProgram } from './load.ts';
import type { LoadError } from './load-error.ts';
import type { ProgramRequest } from './prepare.ts';
import { AT } from './stack.ts';

const host = createTestHost();
const space = new AddressSpace(host);
const directory = mkdtempSync(join(tmpdir(), 'tsemu-loader-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
beforeEach(() => space.reset());

/** Bytes that tell their place. */
const pattern = (length: number) => Uint8Array.from({ length }, (_, i) => 1 + (i % 251));
const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
const TEXT: SegmentSpec = { vaddr: 0x10000, bytes: pattern(100), flags: 5 };

function put(name: string, contents: Uint8Array | string, mode = 0o755): string {
  const path = join(directory, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, contents);
  chmodSync(path, mode);
  return path;
}

function load(path: string, more: Partial<ProgramRequest> = {}): LoadedProgram | LoadError {
  return loadProgram(host, space, { path, argv: [path], env: [], sysroot: '', abi: riscv64Abi, ...more });
}

function loaded(path: string, more: Partial<ProgramRequest> = {}): LoadedProgram {
  const result = load(path, more);
  if ('error' in result) throw new Error(result.error.message);
  return result;
}

function refused(path: string, more: Partial<ProgramRequest> = {}): LoadError['error'] {
  const result = load(path, more);
  if (!('error' in result)) throw new Error('loaded');
  return result.error;
}

function auxv(program: LoadedProgram): Map<number, number> {
  const words = new BigUint64Array(program.auxv.buffer);
  const entries = new Map<number, number>();
  for (let i = 0; i < words.length; i += 2) entries.set(Number(words[i]), Number(words[i + 1]));
  return entries;
}

/** Ranges as `start-end prot`, those of equal protection merged. */
function maps(): string[] {
  const merged: { start: number; end: number; prot: string }[] = [];
  for (const { start, end, flags } of space.ranges()) {
    const prot = ['r', 'w', 'x'].map((letter, bit) => (flags & (1 << bit) ? letter : '-')).join('');
    const last = merged.at(-1);
    if (last?.end === start && last.prot === prot) last.end = end;
    else merged.push({ start, end, prot });
  }
  return merged.map(({ start, end, prot }) => `${start.toString(16)}-${end.toString(16)} ${prot}`);
}

/** Descriptors of this process that show files of the test's directory. */
const openFiles = () =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(directory);
    } catch {
      return false;
    }
  });

describe('segments', () => {
  test('have their bytes, zeroes behind them, and their protection', () => {
    const path = put(
      'plain',
      writeElf({ segments: [TEXT, { vaddr: 0x12345, bytes: pattern(50), memsz: 0x3000, flags: 6 }] }),
    );
    const program = loaded(path);
    expect(program.entry).toBe(0x10000);
    expect(maps().slice(0, 2)).toEqual(['10000-11000 r-x', '12000-16000 rw-']);
    expect(space.read(0x10000, 100)).toEqual(pattern(100));
    expect(space.read(0x12345, 50)).toEqual(pattern(50));
    expect(space.read(0x12345 + 50, 0x3000 - 50)).toEqual(new Uint8Array(0x3000 - 50));
    expect(program.layout.startCode).toBe(0x10000);
    expect(program.layout.endCode).toBe(0x10064);
    expect(openFiles()).toEqual([]);
  });

  test('the heap starts on the page behind them', () => {
    loaded(put('plain', writeElf({ segments: [{ ...TEXT, memsz: 0x3001, flags: 6 }] })));
    expect(space.brk(0)).toBe(0x14000);
    expect(space.brk(0x20000)).toBe(0x20000);
  });

  test('anonymous and read-only ones are zero', () => {
    loaded(
      put(
        'bss',
        writeElf({
          segments: [
            TEXT,
            { vaddr: 0x20010, bytes: pattern(8), memsz: 0x2000, flags: 4 },
            { vaddr: 0x30000, memsz: 0x1800, flags: 6 },
          ],
        }),
      ),
    );
    expect(maps().slice(1, 3)).toEqual(['20000-23000 r--', '30000-32000 rw-']);
    expect(space.read(0x20010, 8)).toEqual(pattern(8));
    expect(space.read(0x20018, 0xfe8)).toEqual(new Uint8Array(0xfe8));
    expect(space.read(0x30000, 0x2000)).toEqual(new Uint8Array(0x2000));
  });

  test('neighbours may share a page of the file, with the rights of the later one', () => {
    const bytes = writeElf({
      segments: [
        { vaddr: 0x10000, offset: 0x1000, filesz: 0x800, memsz: 0x800, flags: 5 },
        { vaddr: 0x10800, offset: 0x1800, filesz: 0x800, memsz: 0x1000, flags: 6 },
      ],
    });
    const file = new Uint8Array(0x2000);
    file.set(bytes);
    file.set(pattern(0x1000), 0x1000);
    loaded(put('shared-page', file));
    expect(maps()[0]).toBe('10000-12000 rw-');
    expect(space.read(0x10000, 0x1000)).toEqual(pattern(0x1000));
    expect(space.read(0x11000, 0x1000)).toEqual(new Uint8Array(0x1000));
  });

  test('may ask for no access at all', () => {
    loaded(put('none', writeElf({ segments: [TEXT, { vaddr: 0x20000, bytes: pattern(8), flags: 0 }] })));
    expect(maps()[1]).toBe('20000-21000 ---');
    expect(space.read(0x20000, 1)).toBeUndefined();
  });

  test('writing to them leaves the file alone', () => {
    const bytes = writeElf({ segments: [{ ...TEXT, flags: 7 }] });
    const path = put('private', bytes);
    loaded(path);
    expect(space.write(0x10000, new Uint8Array(100))).toBe(true);
    space.reset();
    loaded(path);
    expect(space.read(0x10000, 100)).toEqual(pattern(100));
  });

  test('a position-independent program goes where its alignment allows', () => {
    for (const align of [0x1000, 0x10000, 0x200000, 0x40000000]) {
      space.reset();
      const path = put('pie', writeElf({ type: ET.DYN, entry: 0x2010, segments: [{ ...TEXT, vaddr: 0x2000, align }] }));
      const program = loaded(path);
      const bias = program.entry - 0x2010;
      expect(bias % align).toBe(0);
      expect(bias).toBeGreaterThanOrEqual(0xffff0000);
      expect(space.read(bias + 0x2000, 100)).toEqual(pattern(100));
      expect(auxv(program).get(AT.BASE)).toBe(0);
      expect(auxv(program).get(AT.ENTRY)).toBe(program.entry);
    }
  });

  test('that leave no room for the stack are refused', () => {
    const top = host.windowSize - 0x1000;
    expect(refused(put('high', writeElf({ segments: [{ ...TEXT, vaddr: top }] }))).message).toMatch(
      /room for the stack/,
    );
    const huge = put('huge', writeElf({ type: ET.DYN, segments: [{ ...TEXT, memsz: host.windowSize - 0x10000 }] }));
    expect(refused(huge).message).toMatch(/room for the stack/);
    expect(openFiles()).toEqual([]);
  });
});

describe('the stack', () => {
  const path = put('plain', writeElf({ segments: [TEXT] }));
  const executable = put('execstack', writeElf({ segments: [TEXT, { type: PT.GNU_STACK, flags: 7 }] }));

  test('has RLIMIT_STACK bytes, 8 MiB at most at once, and ends at the top', () => {
    for (const [limit, size] of [
      [64 << 10, 64 << 10],
      [4 << 20, 4 << 20],
      [64 << 20, 8 << 20],
      [2n ** 64n - 1n, 8 << 20],
      [0, 8192],
    ]) {
      space.reset();
      const program = loaded(path, { stackLimit: limit });
      const stack = space.ranges().at(-1)!;
      expect(stack.name).toBe('[stack]');
      expect(stack.end).toBe(program.layout.stackTop);
      expect(stack.end - stack.start).toBe(size);
      expect(program.sp % 16).toBe(0);
    }
  });

  test('grows further on a fault, with a gap below that stays unmapped', () => {
    const raised = 6 << 20;
    loaded(path, { stackLimit: 4 << 20 });
    space.limits = new Map([[3, { soft: BigInt(raised) }]]);
    const { start, end } = space.ranges().at(-1)!;
    expect(end - start).toBe(4 << 20);
    expect(space.growStack(start - 0x5000)).toBe(true);
    expect(space.read(start - 0x5000, 0x5000)).toEqual(new Uint8Array(0x5000));
    expect(space.growStack(end - raised)).toBe(true);
    expect(space.growStack(end - raised - 1)).toBe(false);
    expect(space.read(end - raised - 1, 1)).toBeUndefined();
    space.limits = new Map();
  });

  test('is executable only if PT_GNU_STACK asks for it', () => {
    loaded(path);
    expect(maps().at(-1)).toMatch(/rw-$/);
    space.reset();
    loaded(executable);
    expect(maps().at(-1)).toMatch(/rwx$/);
  });

  test('holds arguments, environment and the complete auxiliary vector', () => {
    const program = loaded(path, { argv: ['a', 'b c'], env: ['X=1'], execfn: 'exec/name' });
    const { sp, layout } = program;
    expect(space.readU64(sp)).toBe(2n);
    const pointer = (index: number) => Number(space.readU64(sp + 8 * index));
    expect(space.readString(pointer(1))).toBe('a');
    expect(space.readString(pointer(2))).toBe('b c');
    expect(pointer(3)).toBe(0);
    expect(space.readString(pointer(4))).toBe('X=1');
    expect(space.read(sp + 48, program.auxv.length)).toEqual(program.auxv);
    expect(space.read(layout.argStart, 6)).toEqual(latin1('a\0b c\0'));
    const entries = auxv(program);
    expect(space.readString(entries.get(AT.EXECFN)!)).toBe('exec/name');
    expect(space.read(entries.get(AT.RANDOM)!, 16)).not.toEqual(new Uint8Array(16));
    expect(Object.fromEntries(entries)).toMatchObject({
      [AT.PHENT]: 56,
      [AT.PHNUM]: 1,
      [AT.PHDR]: 0,
      [AT.PAGESZ]: 4096,
      [AT.CLKTCK]: 100,
      [AT.BASE]: 0,
      [AT.FLAGS]: 0,
      [AT.ENTRY]: 0x10000,
      [AT.UID]: process.getuid!(),
      [AT.EUID]: process.geteuid!(),
      [AT.GID]: process.getgid!(),
      [AT.EGID]: process.getegid!(),
      [AT.SECURE]: 0,
      [AT.HWCAP]: 0x112d,
      [AT.MINSIGSTKSZ]: 1088,
      [AT.SYSINFO_EHDR]: layout.vdso,
      40: 0,
      47: 0,
    });
  });

  test('arguments that Linux would not take: E2BIG', () => {
    expect(refused(path, { argv: ['x'.repeat(131072)] })).toMatchObject({ errno: 7, status: 126 });
    const many = Array<string>(3000).fill('x'.repeat(1000));
    expect(refused(path, { argv: many, stackLimit: 8 << 20 })).toMatchObject({ errno: 7, status: 126 });
    expect(loaded(path, { argv: many.slice(0, 2000), stackLimit: 8 << 20 }).argv).toHaveLength(2000);
    expect(openFiles()).toEqual([]);
  });

  test('as many arguments as Linux takes fit a smaller limit', () => {
    expect(loaded(path, { argv: ['x'.repeat(100_000)], stackLimit: 4096 }).argv).toHaveLength(1);
  });
});

test('the vDSO is mapped read-execute', () => {
  const program = loaded(put('plain', writeElf({ segments: [TEXT] })));
  const range = space.ranges().find(({ name }) => name === '[vdso]')!;
  expect(range.start).toBe(program.layout.vdso);
  expect(range.flags & 7).toBe(5);
  expect(space.read(range.start, 4)).toEqual(latin1('\x7fELF'));
  expect(space.readU32(program.sigreturn)).toBe(0x08b00893);
});

describe('the interpreter', () => {
  const LD: SegmentSpec = { vaddr: 0, bytes: pattern(200), flags: 5 };
  const program = (interpreter: string) =>
    put('dynamic', writeElf({ segments: [TEXT, { type: PT.INTERP, bytes: latin1(`${interpreter}\0`) }] }));
  const ld = () => put('root/lib/ld.so', writeElf({ type: ET.DYN, entry: 8, segments: [LD] }));
  const root = join(directory, 'root');

  test('is found below the sysroot, starts first, and lies high', () => {
    ld();
    const result = loaded(program('/lib/ld.so'), { sysroot: root });
    const base = auxv(result).get(AT.BASE)!;
    expect(result.entry).toBe(base + 8);
    expect(auxv(result).get(AT.ENTRY)).toBe(0x10000);
    expect(base).toBeGreaterThan(0x3_0000_0000);
    expect(space.read(base, 200)).toEqual(pattern(200));
    expect(result.executable).toBe(join(directory, 'dynamic'));
    expect(openFiles()).toEqual([]);
  });

  test('symbolic links below the sysroot stay inside it', () => {
    ld();
    rmSync(join(root, 'ld-link'), { force: true });
    symlinkSync('/lib/ld.so', join(root, 'ld-link'));
    expect(loaded(program('/ld-link'), { sysroot: root }).entry).toBeGreaterThan(0x3_0000_0000);
  });

  test('is found as it is when the sysroot does not have it', () => {
    expect(loaded(program(ld()), { sysroot: join(directory, 'empty') }).entry).toBeGreaterThan(0x3_0000_0000);
    expect(loaded(program(ld())).entry).toBeGreaterThan(0x3_0000_0000);
  });

  test('is aligned as it asks', () => {
    const path = put('aligned.so', writeElf({ type: ET.DYN, entry: 8, segments: [{ ...LD, align: 0x200000 }] }));
    expect((loaded(program(path)).entry - 8) % 0x200000).toBe(0);
  });

  test('may be linked at a fixed address', () => {
    const path = put('fixed.so', writeElf({ entry: 0x50008, segments: [{ ...LD, vaddr: 0x50000 }] }));
    const result = loaded(program(path));
    expect(result.entry).toBe(0x50008);
    space.reset();
    const clash = put('clash.so', writeElf({ segments: [TEXT] }));
    expect(refused(program(clash)).message).toMatch(/mapping its interpreter .* failed/);
  });

  test('missing: says where it looked and mentions -L', () => {
    expect(refused(program('/lib/nowhere.so'))).toEqual({
      message: `tsemu-riscv64: ${join(directory, 'dynamic')}: interpreter /lib/nowhere.so not found: -L names a directory to look below, such as /usr/riscv64-linux-gnu`,
      status: 127,
      errno: 2,
    });
    expect(refused(program('/lib/nowhere.so'), { sysroot: root }).message).toContain(`nor below ${root} (-L)`);
    expect(openFiles()).toEqual([]);
  });

  test('with control characters in its name does not break the message', () => {
    expect(refused(program('/\n\x1b[31m')).message).toContain('interpreter /\\n\\x1b[31m not found');
  });

  test('that is no guest program, or wants an interpreter itself, is refused', () => {
    const wrong = (contents: Uint8Array | string) => refused(program(put('wrong.so', contents)));
    expect(wrong('text')).toMatchObject({ errno: 80, status: 126 });
    expect(wrong(writeElf({ machine: 62, segments: [LD] })).message).toMatch(/wrong\.so: a program for the host/);
    const interpreted = writeElf({ type: ET.DYN, segments: [LD, { type: PT.INTERP, bytes: latin1('/ld\0') }] });
    expect(wrong(interpreted).message).toMatch(/asks for an interpreter itself/);
    expect(openFiles()).toEqual([]);
  });
});

describe('scripts', () => {
  const interpreter = put('root/bin/interp', writeElf({ segments: [TEXT] }));
  const root = join(directory, 'root');

  test('run their interpreter, found below the sysroot, with one argument', () => {
    const path = put('script', '#! /bin/interp -x  -y \nwhatever');
    const program = loaded(path, { argv: ['zero', 'one'], sysroot: root });
    expect(program.argv).toEqual(['/bin/interp', '-x  -y', path, 'one']);
    expect(program.executable).toBe(interpreter);
    expect(space.readString(auxv(program).get(AT.EXECFN)!)).toBe(path);
    expect(openFiles()).toEqual([]);
  });

  test('may nest five deep', () => {
    const scripts = [interpreter];
    for (let i = 1; i <= 6; i++) scripts.push(put(`script${i}`, `#!${scripts[i - 1]} ${i}\n`));
    expect(loaded(scripts[5]).argv).toEqual([
      interpreter,
      '1',
      ...[1, 2, 3, 4, 5].flatMap((i) => (i < 5 ? [scripts[i], `${i + 1}`] : [scripts[i]])),
    ]);
    expect(refused(scripts[6])).toMatchObject({ errno: 40, status: 126 });
    const endless = put('endless', `#!${join(directory, 'endless')}\n`);
    expect(refused(endless)).toMatchObject({ errno: 40, status: 126 });
    expect(openFiles()).toEqual([]);
  });

  test('whose interpreter is missing, none, or of the host', () => {
    expect(refused(put('script', '#!/no/where\n'))).toMatchObject({ status: 127, errno: 2 });
    expect(refused(put('script', '#!/no/where\n')).message).toMatch(/interpreter \/no\/where not found/);
    expect(refused(put('script', '#!\n'))).toMatchObject({ status: 126, errno: 8 });
    const path = put('script', '#!/bin/sh -e\n');
    const error = refused(path, { argv: ['x', 'y'] });
    expect(error.message).toMatch(/interpreter \/bin\/sh: a program for the host/);
    const argv = ['/bin/sh', '-e', path, 'y'];
    expect(error.otherProgram).toEqual({ path: '/bin/sh', argv, architecture: undefined });
  });
});

describe('what cannot be executed', () => {
  const good = writeElf({ segments: [TEXT] });

  test.each<[string, () => string, number, number, RegExp]>([
    ['a missing file', () => join(directory, 'missing'), 127, 2, /missing: No such file or directory$/],
    ['no name', () => '', 127, 2, /No such file/],
    ['a file used as a directory', () => join(put('plain', good), 'x'), 127, 20, /Not a directory$/],
    ['a directory', () => directory, 126, 21, /Is a directory$/],
    ['a device', () => '/dev/null', 126, 13, /Permission denied$/],
    ['a file without execute permission', () => put('plain-x', good, 0o644), 126, 13, /Permission denied$/],
    ['a name that is too long', () => '/'.padEnd(5000, 'x'), 126, 36, /File name too long$/],
    ['an empty file', () => put('empty', ''), 126, 8, /the file is empty$/],
    ['text', () => put('text', 'echo hello\n'), 126, 8, /neither a riscv64 ELF program nor a #! script$/],
    ['a loop of links', () => loopOfLinks(), 126, 40, /symbolic links$/],
  ])('%s', (_, path, status, errno, message) => {
    const name = path();
    const error = refused(name);
    expect(error).toMatchObject({ status, errno });
    expect(error.message).toMatch(message);
    expect(error.message.startsWith(`tsemu-riscv64: ${name}: `)).toBe(true);
  });

  function loopOfLinks(): string {
    const path = join(directory, 'loop');
    rmSync(path, { force: true });
    symlinkSync('loop', path);
    return path;
  }

  test('a FIFO, without waiting for a writer', async () => {
    const { execFileSync } = await import('node:child_process');
    const path = join(directory, 'fifo');
    execFileSync('mkfifo', ['-m', '755', path]);
    expect(refused(path)).toMatchObject({ errno: 13, status: 126 });
  });

  test('a program cut off at any byte', () => {
    const bytes = writeElf({ segments: [TEXT] });
    for (let length = 0; length < bytes.length; length += length < 200 ? 1 : 97) {
      expect(refused(put('cut', bytes.slice(0, length)))).toMatchObject({ errno: 8, status: 126 });
    }
  });
});
