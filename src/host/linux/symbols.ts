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
const EI_CLASS = 4;
const ELFCLASS64 = 2;
const E_MACHINE = 18;
const EM_ARM = 40;

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

/** The functions of an ELF file, from .symtab or else .dynsym; undefined if it cannot be read. */
function readSymbols(path: string): FileSymbols | undefined {
  try {
    return parseSymbols(readFileSync(path));
  } catch {
    // A deleted or damaged file has no names; that is no reason to fail.
    return undefined;
  }
}

/** Where the fields are in a file of 32 and of 64 bits, gABI "Object Files"; a word has as many bits. */
const FORMATS = {
  32: {
    header: { segments: 0x1c, segmentSize: 0x2a, sections: 0x20, sectionSize: 0x2e },
    segment: { offset: 4, vaddr: 8, size: 16 },
    section: { offset: 16, size: 20, link: 24 },
    symbol: { length: 16, value: 4, size: 8, info: 12, section: 14 },
  },
  64: {
    header: { segments: 0x20, segmentSize: 0x36, sections: 0x28, sectionSize: 0x3a },
    segment: { offset: 8, vaddr: 16, size: 32 },
    section: { offset: 24, size: 32, link: 40 },
    symbol: { length: 24, value: 8, size: 16, info: 4, section: 6 },
  },
} as const;

/** Throws a RangeError if the file is damaged. */
function parseSymbols(file: Buffer): FileSymbols {
  const isLong = file[EI_CLASS] === ELFCLASS64;
  const { header, segment, section: fields, symbol } = FORMATS[isLong ? 64 : 32];
  const word = (at: number): number => (isLong ? Number(file.readBigUInt64LE(at)) : file.readUInt32LE(at));
  // The count of entries stands behind their size.
  const table = (at: number, entrySize: number): number[] =>
    Array.from({ length: file.readUInt16LE(entrySize + 2) }, (_, i) => word(at) + i * file.readUInt16LE(entrySize));
  const segments = table(header.segments, header.segmentSize)
    .filter((at) => file.readUInt32LE(at) === PT_LOAD)
    .map((at) => ({
      offset: word(at + segment.offset),
      vaddr: word(at + segment.vaddr),
      size: word(at + segment.size),
    }));
  const sections = table(header.sections, header.sectionSize);
  const ofType = (type: number) => sections.find((at) => file.readUInt32LE(at + 4) === type);
  const section = ofType(SHT_SYMTAB) ?? ofType(SHT_DYNSYM);
  const symbols: FileSymbols['symbols'] = [];
  if (section === undefined) return { segments, symbols };
  const strings = word(sections[file.readUInt32LE(section + fields.link)] + fields.offset);
  const [start, size] = [word(section + fields.offset), word(section + fields.size)];
  // An odd address of a function says that it is T32 code.
  const unit = file.readUInt16LE(E_MACHINE) === EM_ARM ? 2 : 1;
  for (let at = start; at < start + size; at += symbol.length) {
    const type = file[at + symbol.info] & 15;
    if ((type !== STT_FUNC && type !== STT_NOTYPE) || file.readUInt16LE(at + symbol.section) === 0) continue;
    const name = strings + file.readUInt32LE(at);
    const text = file.toString('latin1', name, file.indexOf(0, name));
    const value = word(at + symbol.value);
    // `$x` and the like tell code from data.
    if (text !== '' && text[0] !== '$')
      symbols.push({ start: value - (value % unit), size: word(at + symbol.size), name: text });
  }
  symbols.sort((a, b) => a.start - b.start);
  return { segments, symbols };
}
