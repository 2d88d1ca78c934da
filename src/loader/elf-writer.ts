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
  elfClass?: number;
  entry?: number;
  phentsize?: number;
  phnum?: number;
  phoff?: number;
}

export const PT = { LOAD: 1, DYNAMIC: 2, INTERP: 3, PHDR: 6, TLS: 7, GNU_STACK: 0x6474e551 } as const;
export const ET = { REL: 1, EXEC: 2, DYN: 3, CORE: 4 } as const;

const HEADER_SIZE = 64;
const ENTRY_SIZE = 56;
const PAGE = 4096;

/** The bytes of a little-endian ELF64 file. The first segment's bytes start behind the headers. */
export function writeElf(spec: ElfSpec): Uint8Array {
  const { segments } = spec;
  let end = HEADER_SIZE + ENTRY_SIZE * segments.length;
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
  const word = (at: number, value: number) => view.setBigUint64(at, BigInt(value), true);
  const half = (at: number, value: number) => view.setUint16(at, value, true);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, spec.elfClass ?? 2, 1, 1]);
  half(16, spec.type ?? ET.EXEC);
  half(18, spec.machine ?? 243);
  view.setUint32(20, 1, true);
  word(24, spec.entry ?? segments[0]?.vaddr ?? 0);
  word(32, spec.phoff ?? HEADER_SIZE);
  half(52, HEADER_SIZE);
  half(54, spec.phentsize ?? ENTRY_SIZE);
  half(56, spec.phnum ?? segments.length);
  segments.forEach((segment, index) => {
    const at = HEADER_SIZE + ENTRY_SIZE * index;
    const { bytes: content = new Uint8Array(0) } = segment;
    view.setUint32(at, segment.type ?? PT.LOAD, true);
    view.setUint32(at + 4, segment.flags ?? 5, true);
    word(at + 8, segment.offset ?? places[index]);
    word(at + 16, segment.vaddr ?? 0);
    word(at + 24, segment.vaddr ?? 0);
    word(at + 32, segment.filesz ?? content.length);
    word(at + 40, segment.memsz ?? content.length);
    word(at + 48, segment.align ?? PAGE);
    bytes.set(content, places[index]);
  });
  return bytes;
}
