/**
 * Makes V8's code caches of the bundles (see scripts/bundle-loader.cjs): runs a
 * guest program that makes the system calls of a C library's start, with the
 * launcher and Node's flags as in use, and keeps what V8 compiled on the way.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from '../src/cpu/encode.ts';
import { riscvRows } from '../src/cpu/riscv/index.ts';
import { writeElf } from '../src/loader/elf-writer.ts';
import { RISCV64_SYSCALLS } from '../src/syscalls/numbers/riscv64.ts';

const BASE = 0x10000;
/** Addresses in the program's only segment, which is zero but for the code and the path. */
const PATH = BASE + 0x1000;
const HOST_PROGRAM = PATH + 0x20;
const ARGV = PATH + 0x40;
const BUFFER = BASE + 0x2000;
/** Nothing else is written there: what is found in a list decides on what is done at the end. */
const ROBUST_LIST = BUFFER + 0xc00;
const SEGMENT_SIZE = 0x4000;

/** What a statically linked and a dynamically linked C program ask for, and a shell. */
const CALLS: [name: string, ...args: number[]][] = [
  ['brk', 0],
  ['brk', 0x40000],
  ['set_tid_address', BUFFER],
  ['set_robust_list', ROBUST_LIST, 24],
  ['rseq', BUFFER, 32, 0, 0],
  ['prlimit64', 0, 3, 0, BUFFER],
  ['readlinkat', -100, PATH, BUFFER, 64],
  ['getrandom', BUFFER, 8, 1],
  ['uname', BUFFER],
  ['faccessat', -100, PATH, 4],
  ['openat', -100, PATH, 0x80000],
  ['newfstatat', -100, PATH, BUFFER, 0],
  ['mmap', 0, 0x1000, 3, 0x22, -1, 0],
  ['mprotect', BASE + 0x3000, 0x1000, 1],
  ['munmap', BASE + 0x3000, 0x1000],
  ['fstat', 1, BUFFER],
  ['ioctl', 1, 0x5401, BUFFER],
  ['read', -1, BUFFER, 0],
  ['pread64', -1, BUFFER, 0, 0],
  ['lseek', -1, 0, 0],
  ['rt_sigaction', 10, 0, BUFFER, 8],
  ['rt_sigprocmask', 0, 0, BUFFER, 8],
  ['getpid'],
  ['write', 1, BUFFER, 0],
  ['openat', -100, HOST_PROGRAM, 0x80000],
  ['dup3', 0, 900, 0],
  ['close', 900],
  ['dup', -1],
  ['fcntl', 0, 1, 0],
  ['pipe2', 0, 0],
  ['getdents64', -1, BUFFER, 64],
  ['getpgid', 0],
  ['wait4', -1, 0, 1, 0],
  ['clock_gettime', 1, BUFFER],
  ['futex', BUFFER, 129, 0, 0, 0, 0],
  ['kill', 0, 0],
  ['madvise', BASE + 0x2000, 0x1000, 0],
];
const SIGCHLD = 17;
const CLONE_VM_VFORK = 0x4100;
/** CLONE_CHILD_CLEARTID and CLONE_CHILD_SETTID, as the C libraries fork. */
const CHILD_TID = 0x0120_0000;

/**
 * Code for the compiler to be exercised on: a loop with a call, a switch, loads and stores, atomics and floating point.
 * a1 is the address of scratch memory.
 */
const LOOP: [name: string, values?: Record<string, number>][] = [
  ['addi', { rd: 8, rs1: 0, imm: 20 }],
  ['fcvt.d.w', { rd: 1, rs1: 8, rm: 0 }],
  // loop:
  ['addi', { rd: 9, rs1: 9, imm: 1 }],
  ['sd', { rs1: 11, rs2: 9, imm: 8 }],
  ['lw', { rd: 12, rs1: 11, imm: 8 }],
  ['addw', { rd: 12, rs1: 12, rs2: 9 }],
  ['andi', { rd: 13, rs1: 12, imm: 7 }],
  ['mul', { rd: 13, rs1: 13, rs2: 12 }],
  ['sltu', { rd: 14, rs1: 13, rs2: 12 }],
  ['amoadd.w', { rd: 15, rs1: 11, rs2: 9, aq: 0, rl: 0 }],
  ['fadd.d', { rd: 2, rs1: 2, rs2: 1, rm: 7 }],
  ['fmadd.d', { rd: 3, rs1: 2, rs2: 1, rs3: 3, rm: 7 }],
  ['fdiv.d', { rd: 4, rs1: 2, rs2: 3, rm: 7 }],
  ['fld', { rd: 5, rs1: 11, imm: 8 }],
  ['fsd', { rs1: 11, rs2: 4, imm: 16 }],
  ['flt.d', { rd: 14, rs1: 5, rs2: 4 }],
  ['fcvt.w.d', { rd: 14, rs1: 2, rm: 1 }],
  ['fsgnjn.d', { rd: 5, rs1: 4, rs2: 4 }],
  ['fcvt.s.d', { rd: 6, rs1: 2, rm: 7 }],
  ['fmul.s', { rd: 6, rs1: 6, rs2: 6, rm: 7 }],
  ['beq', { rs1: 14, rs2: 13, off: 8 }],
  ['c.addi', { rd: 9, imm: 1 }],
  ['c.addi', { rd: 9, imm: 1 }],
  ['jal', { rd: 1, off: 16 }],
  ['addi', { rd: 8, rs1: 8, imm: -1 }],
  ['bne', { rs1: 8, rs2: 0, off: -4 * 22 }],
  ['jal', { rd: 0, off: 12 }],
  // the function:
  ['slli', { rd: 10, rs1: 9, shamt: 3 }],
  ['jalr', { rd: 0, rs1: 1, imm: 0 }],
];

function row(name: string): (typeof riscvRows)[number] {
  const found = riscvRows.find((r) => r.name === name);
  if (!found) throw new Error(`no row ${name}`);
  return found;
}

function assemble(): number[] {
  const bytes = LOOP.flatMap(([name, values = {}]) => {
    const word = encode(row(name), values);
    return Array.from({ length: row(name).length }, (_, i) => (word >>> (8 * i)) & 255);
  });
  return [...new Uint32Array(new Uint8Array(bytes).buffer)];
}

/** lui and addi, or addi alone. */
function loadImmediate(register: number, value: number): number[] {
  const low = (value << 20) >> 20;
  const high = (value - low) >>> 12;
  const addi = (source: number) => ((low & 0xfff) << 20) | (source << 15) | (register << 7) | 0x13;
  return high === 0 ? [addi(0)] : [(high << 12) | (register << 7) | 0x37, addi(register)];
}

const numbers = new Map(Object.entries(RISCV64_SYSCALLS).map(([number, name]) => [name as string, Number(number)]));
const ECALL = 0x73;

function call(name: string, ...args: number[]): number[] {
  const values = args.flatMap((value, index) => loadImmediate(10 + index, value));
  return [...values, ...loadImmediate(17, numbers.get(name) ?? -1), ECALL];
}

/** Skips `code` if register a0 is 0 (beq) or is not 0 (bne). */
const unless = (branch: 'beq' | 'bne', code: readonly number[]): number[] => [
  encode(row(branch), { rs1: 10, rs2: 0, off: 4 * (code.length + 1) }),
  ...code,
];

/**
 * A program that makes children of both kinds and executes itself, with an argument the second time. What a child
 * compiles is lost with it, so what follows a fork has to be in the cache. The caches written last have to be the
 * youngest child's: its parents wait and become programs of the host.
 */
function exercise(): Uint8Array {
  const end = call('exit_group', 0);
  const wait = call('wait4', -1, 0, 0, 0);
  const clone = (flags: number) => call('clone', flags + SIGCHLD, 0, 0, 0, BUFFER);
  const becomeHostProgram = [...wait, ...call('execve', HOST_PROGRAM, ARGV, 0)];
  const parts = [
    // A child that ends at once.
    ...clone(CHILD_TID),
    ...unless('bne', end),
    ...wait,
    // Children that go on in their parents' place.
    ...[CHILD_TID, CLONE_VM_VFORK].flatMap((flags) => [...clone(flags), ...unless('beq', becomeHostProgram)]),
    ...call('rt_sigaction', 10, BUFFER + 0x800, 0, 8),
    ...call('execve', PATH, ARGV, 0),
  ];
  const code = [
    ...loadImmediate(11, BUFFER),
    ...assemble(),
    ...CALLS.flatMap(([name, ...args]) => call(name, ...args)),
    // argc is 1 the first time.
    encode(row('ld'), { rd: 10, rs1: 2, imm: 0 }),
    encode(row('addi'), { rd: 10, rs1: 10, imm: -1 }),
    ...unless('bne', parts),
    ...end,
  ];
  const bytes = new Uint8Array(SEGMENT_SIZE);
  bytes.set(new Uint8Array(Uint32Array.from(code).buffer));
  bytes.set(new TextEncoder().encode('/proc/self/exe'), PATH - BASE);
  bytes.set(new TextEncoder().encode('/bin/true'), HOST_PROGRAM - BASE);
  bytes.set(new Uint8Array(BigUint64Array.of(BigInt(PATH), BigInt(PATH), 0n).buffer), ARGV - BASE);
  return writeElf({ segments: [{ vaddr: BASE, bytes, flags: 7 }] });
}

/** Count down from 20, which is enough to load the compiler, and exit with 0: movz, sub, cbnz; mov, subs, bne. */
const AARCH64_LOOP = [0x52800280, 0x51000400, 0x35ffffe0, 0xd2800ba8, 0xd4000001];
const ARM_LOOP = [0xe3a00014, 0xe2500001, 0x1afffffd, 0xe3a07001, 0xef000000];
const EM_AARCH64 = 183;
const EM_ARM = 40;

/**
 * What V8 leaves in a cache depends on how long the paths are that it has in memory, and on which limits there are: these are
 * the same everywhere. Bytes of the directory's path, and options of prlimit(1).
 */
const PATH_LENGTH = 120;
const LIMITS = ['--nofile=1024:1024', '--stack=8388608:8388608'];

/** A directory whose path has PATH_LENGTH bytes, wherever temporary files belong. */
function makeDirectory(): string {
  const start = join(tmpdir(), 'tsemu-build-');
  // mkdtemp adds six.
  return mkdtempSync(start.padEnd(PATH_LENGTH - 6, '-'));
}

/** MiB: more than a run needs. */
const YOUNG = 256;

/** Milliseconds; a multiple makes anything long enough to be kept. */
const CLOCK_STEP = 100;

interface Run {
  command: string;
  program: string;
  options?: readonly string[];
  env?: Record<string, string>;
}

/**
 * Makes the caches in `dist`, which is otherwise complete: a bundle's is that of the last run that loads it. Throws if a
 * run fails.
 */
export function makeCodeCaches(dist: string): void {
  const directory = makeDirectory();
  // V8 takes a cache for a script's if the script is as long as it was.
  for (const name of readdirSync(dist)) if (name.endsWith('.cache')) rmSync(join(dist, name));
  try {
    const copy = join(directory, 'dist');
    cpSync(dist, copy, { recursive: true, dereference: true });
    // The launcher starts what lies beside it: here, a script that asks the real loader for caches.
    for (const command of ['tsemu', 'tsemu-riscv64', 'tsemu-aarch64', 'tsemu-arm'])
      copyFileSync(join(dist, command), join(directory, command));
    // It hashes by a seed, too, of its own in each process. And it leaves in a cache what was in memory before where functions
    // have gaps; so no memory is to be collected and used again, for which young objects get room. These flags are not among
    // those that have to be the same when a cache is taken.
    const node = `#!/bin/sh
for word; do
  shift
  case $word in --min-semi-space-size=*) word=--min-semi-space-size=${YOUNG} ;; esac
  set -- "$@" "$word"
done
exec '${join(copy, 'node')}' --random-seed=1 --max-semi-space-size=${YOUNG} "$@"
`;
    writeFileSync(join(directory, 'node'), node, { mode: 0o755 });
    const loader = JSON.stringify(join(copy, 'tsemu.cjs'));
    // What is worth doing is decided by clocks. Here one goes on by as much each time it is looked at and the other
    // stands still, so that each build does, and has V8 compile, the same.
    const clock = `let now = 0; performance.now = () => (now += ${CLOCK_STEP});
process.threadCpuUsage = () => ({ user: 0, system: 0 });`;
    const script = `${clock} process.argv[1] = ${loader}; process.argv[2] += '!'; require(${loader});\n`;
    writeFileSync(join(directory, 'tsemu.cjs'), script);
    const program = join(directory, 'program');
    writeFileSync(program, exercise(), { mode: 0o755 });
    const [aarch64, arm] = (
      [
        ['aarch64', EM_AARCH64, 2, AARCH64_LOOP],
        ['arm', EM_ARM, 1, ARM_LOOP],
      ] as const
    ).map(([name, machine, elfClass, code]) => {
      const bytes = new Uint8Array(Uint32Array.from(code).buffer);
      const file = join(directory, name);
      writeFileSync(file, writeElf({ machine, elfClass, segments: [{ vaddr: BASE, bytes, flags: 5 }] }), {
        mode: 0o755,
      });
      return file;
    });
    const log = ['-E', 'A=b', '-L', '/', '-strace', '-D', '/dev/null'];
    const keeping = { TSEMU_THRESHOLD: '5', TSEMU_CACHE: join(directory, 'cache') };
    const runs: Run[] = [
      { command: 'tsemu', options: ['run'], program: aarch64 },
      { command: 'tsemu-aarch64', options: ['-threshold', '1'], program: aarch64 },
      { command: 'tsemu-arm', options: ['-threshold', '1'], program: arm },
      { command: 'tsemu-riscv64', options: ['-threshold', '1', ...log], program },
      { command: 'tsemu-riscv64', options: ['-sandbox', '-allow-read', '-allow-run=/bin/true'], program },
      // What one run keeps, the next takes.
      { command: 'tsemu-riscv64', env: keeping, program },
      { command: 'tsemu-riscv64', env: keeping, program },
    ];
    for (const { command, options = [], program: guest, env } of runs) {
      const { error, status, stderr } = spawnSync('prlimit', [...LIMITS, join(directory, command), ...options, guest], {
        cwd: directory,
        encoding: 'utf8',
        // Nothing of the caller's: its settings would be seen in the caches.
        env: { TSEMU_CACHE: 'off', ...env },
      });
      if (error !== undefined) throw error;
      if (status !== 0) throw new Error(`making the code caches failed with ${status}: ${stderr}`);
    }
    for (const name of readdirSync(copy)) if (name.endsWith('.cache')) copyFileSync(join(copy, name), join(dist, name));
  } finally {
    rmSync(directory, { recursive: true });
  }
}
