/**
 * Makes V8's code caches of the bundles (see scripts/bundle-loader.cjs): runs a
 * guest program that makes the system calls of a C library's start, with the
 * launcher and Node's flags as in use, and keeps what V8 compiled on the way.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeElf } from '../src/loader/elf-writer.ts';
import { RISCV64_SYSCALLS } from '../src/syscalls/numbers/riscv64.ts';

const BASE = 0x10000;
/** Addresses in the program's only segment, which is zero but for the code and the path. */
const PATH = BASE + 0x1000;
const BUFFER = BASE + 0x2000;
const SEGMENT_SIZE = 0x4000;

/** What a statically linked and a dynamically linked C program ask for, with arguments that succeed. */
const CALLS: [name: string, ...args: number[]][] = [
  ['brk', 0],
  ['brk', 0x40000],
  ['set_tid_address', BUFFER],
  ['set_robust_list', BUFFER, 24],
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
  ['close', -1],
  ['exit_group', 0],
];

/** lui and addi, or addi alone. */
function loadImmediate(register: number, value: number): number[] {
  const low = (value << 20) >> 20;
  const high = (value - low) >>> 12;
  const addi = (source: number) => ((low & 0xfff) << 20) | (source << 15) | (register << 7) | 0x13;
  return high === 0 ? [addi(0)] : [(high << 12) | (register << 7) | 0x37, addi(register)];
}

function exercise(): Uint8Array {
  const numbers = new Map(Object.entries(RISCV64_SYSCALLS).map(([number, name]) => [name as string, Number(number)]));
  const ecall = 0x73;
  const code = CALLS.flatMap(([name, ...args]) => [
    ...args.flatMap((value, index) => loadImmediate(10 + index, value)),
    ...loadImmediate(17, numbers.get(name) ?? -1),
    ecall,
  ]);
  const bytes = new Uint8Array(SEGMENT_SIZE);
  bytes.set(new Uint8Array(Uint32Array.from(code).buffer));
  bytes.set(new TextEncoder().encode('/proc/self/exe'), PATH - BASE);
  return writeElf({ segments: [{ vaddr: BASE, bytes, flags: 7 }] });
}

/** Makes the caches in `dist`, which is otherwise complete. Throws if the run fails. */
export function makeCodeCaches(dist: string, command: string): void {
  const directory = mkdtempSync(join(tmpdir(), 'tsemu-build-'));
  try {
    // The launcher starts what lies beside it: here, a script that asks the real loader for caches.
    copyFileSync(join(dist, command), join(directory, command));
    symlinkSync(join(dist, 'node'), join(directory, 'node'));
    const loader = JSON.stringify(join(dist, 'tsemu.cjs'));
    const script = `process.argv[1] = ${loader}; process.argv[2] += '!'; require(${loader});\n`;
    writeFileSync(join(directory, 'tsemu.cjs'), script);
    const program = join(directory, 'program');
    writeFileSync(program, exercise(), { mode: 0o755 });
    for (const options of [['-E', 'A=b', '-L', '/', '-strace', '-D', '/dev/null'], []]) {
      const { status, stderr } = spawnSync(join(directory, command), [...options, program], { encoding: 'utf8' });
      if (status !== 0) throw new Error(`making the code caches failed with ${status}: ${stderr}`);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
}
