/**
 * Builds the self-contained executable: one file that runs on any x86-64 Linux, with Node, the libraries that Node
 * needs and everything of dist/ behind the launcher (src/host/linux/native/self-contained.h).
 *
 *     node scripts/build-sea.ts [dist [output]]          # by default dist/ and build/tsemu
 *
 * The file, all parts at offsets of whole pages:
 *
 *     the launcher, an ordinary static program
 *     SEA_OFFSET   the index: count of entries and size of the part up to the libraries (u64 each), and from byte 64 on
 *                  an entry of 64 bytes for each file: its name, NUL-padded to 48 bytes, offset from SEA_OFFSET and size
 *                  files that JavaScript reads, a NUL behind each
 *                  lib/NAME: shared libraries; ld.so: their loader; node: Node without its debugging information
 *
 * It holds no time, no path and nothing random: the same inputs give the same bytes.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSelfContainedLauncher } from './build-native.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const PAGE = 4096;
const SEA_OFFSET = 8 * PAGE;
const ENTRY_SIZE = 64;
const NAME_SIZE = 48;
const MAX_ENTRIES = PAGE / ENTRY_SIZE - 1;

interface Part {
  name: string;
  bytes: Uint8Array;
}

/** What the emulator reads of dist/; the rest is for installations. */
const READ_FILES = /\.(js|cjs|wasm|cache)$/;
/** What it loads, found by its DT_SONAME. */
const LOADED_FILES = ['host-stub.so', 'module-code.node'];
const LIBRARY_ONLY = ['index.js'];

/** The part of an ELF program that is mapped: without section headers, symbols and debugging information. */
function mappedPart(program: Buffer): Buffer {
  const PT_LOAD = 1;
  const headers = Number(program.readBigUInt64LE(0x20));
  let end = 0;
  for (let i = 0; i < program.readUInt16LE(0x38); i++) {
    const at = headers + i * program.readUInt16LE(0x36);
    const field = (offset: number): number => Number(program.readBigUInt64LE(at + offset));
    if (program.readUInt32LE(at) === PT_LOAD) end = Math.max(end, field(8) + field(0x20));
  }
  const part = Buffer.from(program.subarray(0, end));
  // e_shoff, e_shentsize, e_shnum, e_shstrndx: there are no sections now.
  part.writeBigUInt64LE(0n, 0x28);
  part.fill(0, 0x3a, 0x40);
  return part;
}

/** Paths of the shared libraries that a program needs here, and of their loader. */
export function librariesOf(program: string): { loader: string; libraries: string[] } {
  const lines = execFileSync('ldd', [program], { encoding: 'utf8' }).trim().split('\n');
  const libraries: string[] = [];
  let loader = '';
  for (const line of lines) {
    // `libc.so.6 => /lib/libc.so.6 (0x…)`, `/lib64/ld-linux-x86-64.so.2 (0x…)`, and the vDSO, which is no file.
    const path = /(?:^|=> )\s*(\/\S+) \(0x/.exec(line.trim())?.[1];
    if (path !== undefined && line.includes('=>')) libraries.push(path);
    else if (path !== undefined) loader = path;
    else if (line.includes('not found')) throw new Error(`${program}:${line}`);
  }
  if (loader === '') throw new Error(`${program} is not linked dynamically`);
  return { loader, libraries: libraries.sort() };
}

/** The executable's bytes. */
function executable(launcher: Uint8Array, read: readonly Part[], rest: readonly Part[]): Buffer {
  const parts = [...read, ...rest];
  if (parts.length > MAX_ENTRIES) throw new Error(`${parts.length} files are more than the index holds`);
  if (launcher.length > SEA_OFFSET) throw new Error('the launcher has become too large');
  const index = Buffer.alloc(PAGE);
  const chunks = [Buffer.concat([launcher], SEA_OFFSET), index];
  let offset = PAGE;
  for (const [i, { name, bytes }] of parts.entries()) {
    if (i === read.length) index.writeBigUInt64LE(BigInt(offset), 8);
    const at = ENTRY_SIZE * (i + 1);
    if (name.length >= NAME_SIZE) throw new Error(`${name}: the name is too long`);
    index.write(name, at, 'latin1');
    index.writeBigUInt64LE(BigInt(offset), at + NAME_SIZE);
    index.writeBigUInt64LE(BigInt(bytes.length), at + NAME_SIZE + 8);
    const size = Math.ceil((bytes.length + 1) / PAGE) * PAGE;
    chunks.push(Buffer.concat([bytes], size));
    offset += size;
  }
  index.writeBigUInt64LE(BigInt(parts.length), 0);
  return Buffer.concat(chunks);
}

/** Builds the executable of a complete dist/ into `output`. */
export function buildSea(dist: string, output: string): void {
  const node = join(dist, 'node');
  const scratch = mkdtempSync(join(tmpdir(), 'tsemu-build-'));
  try {
    const launcher = join(scratch, 'launcher');
    buildSelfContainedLauncher(launcher, { offset: SEA_OFFSET, entries: MAX_ENTRIES });
    const part = (name: string, path: string): Part => ({ name, bytes: readFileSync(path) });
    const read = readdirSync(dist)
      .filter((name) => READ_FILES.test(name) && !LIBRARY_ONLY.includes(name))
      .sort()
      .map((name) => part(name, join(dist, name)));
    const { loader, libraries } = librariesOf(node);
    const rest = [
      ...LOADED_FILES.map((name) => part(`lib/${name}`, join(dist, name))),
      ...libraries.map((path) => part(`lib/${basename(path)}`, path)),
      part('ld.so', loader),
      { name: 'node', bytes: mappedPart(readFileSync(node)) },
    ];
    mkdirSync(dirname(output), { recursive: true });
    rmSync(output, { force: true });
    writeFileSync(output, executable(readFileSync(launcher), read, rest), { mode: 0o755 });
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [dist = 'dist', output = 'build/tsemu'] = process.argv.slice(2);
  buildSea(resolve(root, dist), resolve(root, output));
}
