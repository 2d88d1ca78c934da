/**
 * Names for guest code addresses, for profilers: from the mapped files' ELF
 * symbol tables. Reads /proc/self/maps at each request, so it is for those who
 * ask rarely.
 */
import { readFileSync } from 'node:fs';
import { STUB } from '../layout.ts';

interface FileSymbols {
  /** PT_LOAD segments. */
  segments: { offset: number; vaddr: number; size: number }[];
  /** Functions, ascending. */
  symbols: { start: number; size: number; name: string }[];
}

const PT_LOAD = 1;
const SHT_SYMTAB = 2;
const SHT_DYNSYM = 11;
const STT_FUNC = 2;
const STT_NOTYPE = 0;

/**
 * A function from guest addresses to names like `main+0x1c`, or `libc.so.6+0x1234` where no symbol is near.
 *
 * @param threadMemory of a guest thread; tells where the window lies
 */
export function makeSymbolizer(threadMemory: WebAssembly.Memory): (pc: number) => string {
  const [windowStart] = new BigInt64Array(threadMemory.buffer, STUB.windowStart, 1);
  const files = new Map<string, FileSymbols | undefined>();
  return (pc) => {
    const hex = `0x${pc.toString(16)}`;
    const mapping = findMapping(windowStart + BigInt(pc));
    if (mapping === undefined) return hex;
    const { path, offset } = mapping;
    if (!files.has(path)) files.set(path, readSymbols(path));
    const file = files.get(path);
    const segment = file?.segments.find((s) => offset >= s.offset && offset < s.offset + s.size);
    const symbol = file && segment && symbolAt(file, offset - segment.offset + segment.vaddr);
    return symbol ?? `${path.slice(path.lastIndexOf('/') + 1)}+0x${offset.toString(16)}`;
  };
}

/** The file mapped at a host address, and the offset in it. */
function findMapping(address: bigint): { path: string; offset: number } | undefined {
  for (const line of readFileSync('/proc/self/maps', 'latin1').split('\n')) {
    // start-end permissions offset device inode path
    const match = /^([0-9a-f]+)-([0-9a-f]+) \S+ ([0-9a-f]+) \S+ \d+ +(\/.*)$/.exec(line);
    if (!match) continue;
    const start = BigInt(`0x${match[1]}`);
    if (address < start || address >= BigInt(`0x${match[2]}`)) continue;
    return { path: match[4], offset: Number.parseInt(match[3], 16) + Number(address - start) };
  }
  return undefined;
}

function symbolAt({ symbols }: FileSymbols, vaddr: number): string | undefined {
  let [low, high] = [0, symbols.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (symbols[middle].start <= vaddr) low = middle + 1;
    else high = middle;
  }
  const symbol = symbols[low - 1];
  // Assembly routines often have no size.
  if (symbol === undefined || (symbol.size > 0 && vaddr >= symbol.start + symbol.size)) return undefined;
  const distance = vaddr - symbol.start;
  return distance === 0 ? symbol.name : `${symbol.name}+0x${distance.toString(16)}`;
}

/** The functions of a 64-bit ELF file, from .symtab or else .dynsym; undefined if it cannot be read. */
function readSymbols(path: string): FileSymbols | undefined {
  try {
    return parseSymbols(readFileSync(path));
  } catch {
    // A deleted or damaged file has no names; that is no reason to fail.
    return undefined;
  }
}

/** Throws a RangeError if the file is damaged. */
function parseSymbols(file: Buffer): FileSymbols {
  const word = (at: number): number => Number(file.readBigUInt64LE(at));
  const table = (at: number, entrySize: number, count: number): number[] =>
    Array.from({ length: file.readUInt16LE(count) }, (_, i) => word(at) + i * file.readUInt16LE(entrySize));
  const segments = table(0x20, 0x36, 0x38)
    .filter((at) => file.readUInt32LE(at) === PT_LOAD)
    .map((at) => ({ offset: word(at + 8), vaddr: word(at + 16), size: word(at + 32) }));
  const sections = table(0x28, 0x3a, 0x3c);
  const ofType = (type: number) => sections.find((at) => file.readUInt32LE(at + 4) === type);
  const section = ofType(SHT_SYMTAB) ?? ofType(SHT_DYNSYM);
  const symbols: FileSymbols['symbols'] = [];
  if (section === undefined) return { segments, symbols };
  const strings = word(sections[file.readUInt32LE(section + 40)] + 24);
  const [start, size] = [word(section + 24), word(section + 32)];
  for (let at = start; at < start + size; at += 24) {
    const type = file[at + 4] & 15;
    if ((type !== STT_FUNC && type !== STT_NOTYPE) || file.readUInt16LE(at + 6) === 0) continue;
    const name = strings + file.readUInt32LE(at);
    const text = file.toString('latin1', name, file.indexOf(0, name));
    // `$x` and the like tell code from data.
    if (text !== '' && text[0] !== '$') symbols.push({ start: word(at + 8), size: word(at + 16), name: text });
  }
  symbols.sort((a, b) => a.start - b.start);
  return { segments, symbols };
}
