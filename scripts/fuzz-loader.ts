/**
 * Feeds damaged ELF files and scripts to the loader: each must be loaded or be
 * refused with a message; nothing may throw, take long, or leave a descriptor
 * open.
 *
 *     node scripts/fuzz-loader.ts [COUNT [SEED [FILE…]]]
 *
 * The files that are damaged are small ones made here and the FILEs. The seed
 * is printed; the same seed and files give the same run.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { riscv64Abi } from '../src/cpu/riscv/abi.ts';
import type { Host } from '../src/host/host.ts';
import { ET, PT, writeElf } from '../src/loader/elf-writer.ts';
import { loadProgram } from '../src/loader/load.ts';
import { AddressSpace } from '../src/memory/address-space.ts';
import { createTestHost } from '../tests/support/test-host.ts';

export interface FuzzResult {
  loaded: number;
  refused: number;
  /** How often each kind of reason was given: the message without the file and without numbers. */
  reasons: Map<string, number>;
  slowest: number;
}

/** A small generator of 32-bit numbers (xorshift), so that a seed names a run. */
export function generator(seed: number): (below: number) => number {
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    // The high bits of a product: those of the state itself follow each other too visibly.
    return Math.floor(((Math.imul(state, 0x9e3779b1) >>> 0) / 2 ** 32) * below);
  };
}
export type Random = ReturnType<typeof generator>;

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** Well-formed files, of every shape that the loader tells apart. */
function specimens(interpreter: string): Uint8Array[] {
  const code = new Uint8Array(300).fill(0x13);
  const text = { vaddr: 0x10000, bytes: code, flags: 5 };
  const data = { vaddr: 0x12345, bytes: code, memsz: 0x3000, flags: 6 };
  const headers = { type: PT.PHDR, offset: 64, vaddr: 64, filesz: 280, memsz: 280 };
  const interp = { type: PT.INTERP, bytes: latin1(`${interpreter}\0`) };
  const stack = { type: PT.GNU_STACK, flags: 6, align: 16 };
  return [
    writeElf({ segments: [text] }),
    writeElf({ segments: [text, data, stack] }),
    writeElf({ type: ET.DYN, segments: [{ ...text, vaddr: 0, align: 0x10000 }, data, stack] }),
    writeElf({ type: ET.DYN, segments: [headers, interp, { ...text, vaddr: 0 }, data, stack] }),
    writeElf({ segments: [text, { vaddr: 0x1012c, bytes: code, flags: 6 }, { vaddr: 0x20000, memsz: 99, flags: 4 }] }),
    latin1(`#!${interpreter} -x\n`),
    latin1(`#! ${interpreter}\t\n`),
  ];
}

/** Values that make trouble in 16, 32 and 64-bit fields. */
const NASTY = [
  0n,
  1n,
  2n,
  0x7fn,
  0xfffn,
  0x1000n,
  0x1001n,
  0xffffn,
  0x10000n,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
].concat(
  [32, 33, 34, 35, 47, 52, 53, 54, 63].flatMap((bit) => [
    2n ** BigInt(bit) - 1n,
    2n ** BigInt(bit),
    2n ** BigInt(bit) + 4096n,
  ]),
  [2n ** 64n - 1n, 2n ** 64n - 4096n, 2n ** 64n - 0x10000n],
);

/** Offsets of ELF64 header and program header fields with their sizes. */
const HEADER_FIELDS = [
  [4, 1],
  [5, 1],
  [6, 1],
  [16, 2],
  [18, 2],
  [20, 4],
  [24, 8],
  [32, 8],
  [40, 8],
  [52, 2],
  [54, 2],
  [56, 2],
];
const PROGRAM_FIELDS = [
  [0, 4],
  [4, 4],
  [8, 8],
  [16, 8],
  [32, 8],
  [40, 8],
  [48, 8],
];

/** A copy with one to four pieces of damage. */
export function damaged(original: Uint8Array, random: Random): Uint8Array {
  // A Buffer's slice() would be the same memory.
  let bytes: Uint8Array = new Uint8Array(original);
  const put = (at: number, size: number, value: bigint) => {
    for (let i = 0; i < size && at + i < bytes.length; i++) bytes[at + i] = Number((value >> BigInt(8 * i)) & 255n);
  };
  for (let count = 1 + random(4); count > 0; count--) {
    const [at, size] =
      random(4) === 0
        ? HEADER_FIELDS[random(HEADER_FIELDS.length)]
        : (([offset, fieldSize]) => [64 + 56 * random(6) + offset, fieldSize])(
            PROGRAM_FIELDS[random(PROGRAM_FIELDS.length)],
          );
    switch (random(8)) {
      case 0:
        bytes = bytes.slice(0, random(bytes.length + 1));
        break;
      case 1:
        bytes = bytes.slice(0, random(Math.min(bytes.length, 400) + 1));
        break;
      case 2:
        bytes[random(bytes.length)] ^= 1 << random(8);
        break;
      case 3:
        bytes[random(Math.min(bytes.length, 400))] = random(256);
        break;
      case 4:
        put(at, size, BigInt(random(0x40000)));
        break;
      case 5:
        // One program header becomes a copy of another.
        bytes.copyWithin(64 + 56 * random(6), 64 + 56 * random(6), 64 + 56 * 6);
        break;
      default:
        put(at, size, NASTY[random(NASTY.length)]);
    }
    if (bytes.length === 0) break;
  }
  return bytes;
}

const openDescriptors = (): number => readdirSync('/proc/self/fd').length;

/** Runs `count` damaged files through the loader. Throws with the file's number when it misbehaves. */
export function fuzzLoader(host: Host, count: number, seed: number, originals: readonly Uint8Array[] = []): FuzzResult {
  const random = generator(seed);
  const directory = mkdtempSync(join(tmpdir(), 'tsemu-fuzz-'));
  const space = new AddressSpace(host);
  const result: FuzzResult = { loaded: 0, refused: 0, reasons: new Map(), slowest: 0 };
  try {
    const [path, interpreter] = [join(directory, 'program'), join(directory, 'ld.so')];
    const made = specimens(interpreter);
    const pool = [...made, ...originals];
    const write = (name: string, bytes: Uint8Array) => writeFileSync(name, bytes, { mode: 0o755 });
    const before = openDescriptors();
    for (let number = 0; number < count; number++) {
      // Sometimes the interpreter is the damaged one.
      const original = pool[random(pool.length)];
      write(interpreter, random(4) === 0 ? damaged(made[random(3)], random) : made[2]);
      write(path, random(8) === 0 ? original : damaged(original, random));
      space.reset();
      const started = performance.now();
      const outcome = loadProgram(host, space, { path, argv: [path], env: [], sysroot: '', abi: riscv64Abi });
      result.slowest = Math.max(result.slowest, performance.now() - started);
      if ('error' in outcome) {
        const { message, status } = outcome.error;
        const reason = message.replaceAll(path, 'FILE').replaceAll(interpreter, 'LD');
        if (!/^tsemu-riscv64: FILE: ./.test(reason) || (status !== 126 && status !== 127)) {
          throw new Error(`file ${number} of seed ${seed}: message ${JSON.stringify(outcome.error)}`);
        }
        if ([...message].some((character) => character < ' '))
          throw new Error(`file ${number} of seed ${seed}: control characters`);
        const kind = reason
          .slice('tsemu-riscv64: FILE: '.length)
          .replace(/^interpreter .*?( not found|: )/, 'interpreter LD$1')
          .replace(/0x[0-9a-f]+|\d+/g, 'N');
        result.reasons.set(kind, (result.reasons.get(kind) ?? 0) + 1);
        result.refused++;
      } else {
        const { sp, layout } = outcome;
        const argc = space.readU64(sp);
        if (sp % 16 !== 0 || argc === undefined || argc < 1n || space.read(layout.vdso, 4) === undefined) {
          throw new Error(`file ${number} of seed ${seed}: loaded, but not as it should be`);
        }
        // Reading them back is slow.
        for (const range of number % 16 === 0 ? space.ranges() : []) {
          if (range.start < 0x10000 || range.end > host.windowSize)
            throw new Error(`file ${number}: outside the window`);
        }
        result.loaded++;
      }
    }
    const leaked = openDescriptors() - before;
    if (leaked !== 0) throw new Error(`${leaked} descriptors were left open (seed ${seed})`);
    return result;
  } finally {
    space.reset();
    rmSync(directory, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const [count = '20000', seed = String(Date.now() % 1_000_000), ...files] = process.argv.slice(2);
  console.log(`seed ${seed}`);
  const { loaded, refused, reasons, slowest } = fuzzLoader(
    createTestHost(),
    Number(count),
    Number(seed),
    files.map((file) => readFileSync(file)),
  );
  for (const [reason, times] of [...reasons].sort((a, b) => b[1] - a[1])) console.log(`${times}`.padStart(7), reason);
  console.log(`${count} files: ${loaded} loaded, ${refused} refused, slowest ${slowest.toFixed(1)} ms`);
}
