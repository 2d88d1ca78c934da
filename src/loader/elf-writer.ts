/**
 * Writes small ELF files for tests and fuzzing, well-formed or not: no compiler
 * needed.
 *
 *     writeElf({ segments: [{ vaddr: 0x10000, bytes: code, flags: 5 }] })
 */

export interface SegmentSpec {
  /** p_type, PT_LOAD by default. */
  type?: number;
  flags?: number;
  vaddr?: number;
  bytes?: Uint8Array;
  /** Instead of where the writer puts the bytes (same offset in a page as vaddr). */
  offset?: number;
  filesz?: number;
  memsz?: number;
  align?: number;
}

export interface ElfSpec {
  segments: SegmentSpec[];
  /** ET_EXEC by default. */
  type?: number;
  machine?: number;
  /** e_flags: by default what marks a program of the EABI for 32-bit arm, and 0 else. */
  eflags?: number;
  elfClass?: number;
  entry?: number;
  phentsize?: number;
  phnum?: number;
  phoff?: number;
}

export const PT = { LOAD: 1, DYNAMIC: 2, INTERP: 3, PHDR: 6, TLS: 7, GNU_STACK: 0x6474e551 } as const;
export const ET = { REL: 1, EXEC: 2, DYN: 3, CORE: 4 } as const;

const PAGE = 4096;

/** The bytes of a little-endian ELF file. The first segment's bytes start behind the headers. */
export function writeElf(spec: ElfSpec): Uint8Array {
  const { segments } = spec;
  const isWide = spec.elfClass !== 1;
  const [headerSize, entrySize] = isWide ? [64, 56] : [52, 32];
  let end = headerSize + entrySize * segments.length;
  const places = segments.map((segment) => {
    const within = (segment.vaddr ?? 0) % PAGE;
    const aligned = (segment.type ?? PT.LOAD) === PT.LOAD;
    let offset = end;
    if (aligned) {
      offset = end - (end % PAGE) + within;
      if (offset < end) offset += PAGE;
    }
    end = offset + (segment.bytes?.length ?? 0);
    return offset;
  });
  const bytes = new Uint8Array(end);
  const view = new DataView(bytes.buffer);
  const word = (at: number, value: number) =>
    isWide ? view.setBigUint64(at, BigInt(value), true) : view.setUint32(at, value, true);
  const half = (at: number, value: number) => view.setUint16(at, value, true);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, spec.elfClass ?? 2, 1, 1]);
  half(16, spec.type ?? ET.EXEC);
  half(18, spec.machine ?? 243);
  view.setUint32(20, 1, true);
  word(24, spec.entry ?? segments[0]?.vaddr ?? 0);
  word(isWide ? 32 : 28, spec.phoff ?? headerSize);
  view.setUint32(isWide ? 48 : 36, spec.eflags ?? (spec.machine === 40 ? 0x05000000 : 0), true);
  const sizes = isWide ? 52 : 40;
  half(sizes, headerSize);
  half(sizes + 2, spec.phentsize ?? entrySize);
  half(sizes + 4, spec.phnum ?? segments.length);
  segments.forEach((segment, index) => {
    const at = headerSize + entrySize * index;
    const { bytes: content = new Uint8Array(0) } = segment;
    view.setUint32(at, segment.type ?? PT.LOAD, true);
    view.setUint32(at + (isWide ? 4 : 24), segment.flags ?? 5, true);
    const values = [
      segment.offset ?? places[index],
      segment.vaddr ?? 0,
      segment.vaddr ?? 0,
      segment.filesz ?? content.length,
      segment.memsz ?? content.length,
    ];
    values.forEach((value, i) => {
      word(isWide ? at + 8 + 8 * i : at + 4 + 4 * i, value);
    });
    word(at + (isWide ? 48 : 28), segment.align ?? PAGE);
    bytes.set(content, places[index]);
  });
  return bytes;
}
