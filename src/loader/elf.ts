/**
 * ELF headers and program headers of a guest program, checked as strictly as
 * running it needs. Section headers are never looked at.
 *
 *     const image = readElf(file, head, riscv64Abi, windowSize);
 *     if (typeof image === 'string') …      // the reason for refusing it
 *     image.segments[0].vaddr
 *
 * What always holds of an image: each segment's bytes lie in the file, its
 * addresses in the window (relative to the load bias for a DYN file), and no
 * two segments overlap.
 *
 * The elfy package reads the fields. It gets a copy of the ELF header and the
 * program headers and nothing else: it would also parse section headers, which
 * may be absent or wrong. It does not know RISC-V's machine number.
 */
import elfy from 'elfy';
import type { GuestAbi } from '../cpu/guest-abi.ts';
import { E_MACHINE, EI_CLASS, EI_DATA, ELFDATA2LSB, isElf, machineOf, otherMachine } from './machine.ts';
import type { ProgramFile } from './program-file.ts';

const EI_VERSION = 6;
const ELFCLASS32 = 1;

/** Sizes and offsets of the two classes, gABI "ELF Header". */
const CLASS = {
  1: { headerSize: 52, entrySize: 32, phoff: 28, shoff: 32, flags: 36, sections: 46 },
  2: { headerSize: 64, entrySize: 56, phoff: 32, shoff: 40, flags: 48, sections: 58 },
} as const;

/** Linux reads no more program headers than fit in this many bytes. */
const MAX_PROGRAM_HEADERS = 65536;
const PATH_MAX = 4096;
/** As /proc/sys/vm/mmap_min_addr: null pointers must fault. */
const LOWEST_ADDRESS = 0x10000;

export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const PROT_EXEC = 4;

/** A PT_LOAD segment that occupies memory. Addresses are the file's, without load bias. */
export interface Segment {
  vaddr: number;
  memsz: number;
  offset: number;
  filesz: number;
  /** PROT_* bits. */
  prot: number;
}

export interface ElfImage {
  type: 'exec' | 'dyn';
  entry: number;
  /** In the order of the program headers. */
  segments: readonly Segment[];
  /** First page's address and end of the last segment, rounded to pages. */
  start: number;
  end: number;
  /** The largest alignment that a segment asks for, at least a page. */
  align: number;
  /** Address of the program headers in memory (AT_PHDR), if a segment holds them. */
  phdr: number | undefined;
  phnum: number;
  phentsize: number;
  /** PT_INTERP. */
  interpreter: string | undefined;
  /** PT_GNU_STACK's PF_X; undefined without one. */
  executableStack: boolean | undefined;
}

const hex = (value: number): string => '0x' + value.toString(16);

/**
 * Reads and checks an ELF file whose first bytes (at least a page, or the whole file) are `head`. Gives the reason as a
 * text if it cannot be run in a window of `windowSize` bytes.
 */
export function readElf(file: ProgramFile, head: Uint8Array, abi: GuestAbi, windowSize: number): ElfImage | string {
  if (!isElf(head)) return 'not an ELF file';
  const identity = checkIdentity(head, abi);
  if (identity !== undefined) return identity;
  const layout = CLASS[abi.elfClass];
  if (head.length < layout.headerSize) return `truncated: the ELF header has only ${head.length} bytes`;

  const refusal = abi.refusal?.(new DataView(head.buffer, head.byteOffset).getUint32(layout.flags, true));
  if (refusal !== undefined) return refusal;

  const parser = new elfy.Parser();
  const headerBytes = Buffer.alloc(layout.headerSize);
  headerBytes.set(head.subarray(0, layout.headerSize));
  headerBytes.fill(0, layout.shoff, layout.shoff + abi.wordSize);
  headerBytes.fill(0, layout.sections);
  const header = parser.parseHeader(headerBytes);

  const { type, phoff, phnum, phentsize } = header;
  if (header.version !== 1) return `ELF version ${header.version} is unknown`;
  if (type === 'rel') return 'a relocatable object file: link it first';
  if (type === 'core') return 'a core dump, not a program';
  if (type !== 'exec' && type !== 'dyn') return 'neither an executable nor a shared object';
  if (phnum === 0) return 'no program headers: nothing to load';
  if (phentsize !== layout.entrySize) return `program headers have ${phentsize} bytes instead of ${layout.entrySize}`;
  const tableSize = phnum * phentsize;
  if (tableSize > MAX_PROGRAM_HEADERS) return `${phnum} program headers are too many`;
  if (phoff + tableSize > file.size) return truncated('the program headers', phoff + tableSize, file.size);

  const table = bytesAt(file, head, phoff, tableSize);
  if (typeof table === 'string') return table;
  // elfy takes e_phoff 0 for none, so the table goes behind a header.
  const programBytes = Buffer.alloc(layout.headerSize + tableSize);
  programBytes.set(table, layout.headerSize);
  const programs = parser.parsePrograms(programBytes, { ...header, phoff: layout.headerSize });

  const image: ElfImage = {
    type,
    entry: header.entry,
    segments: [],
    start: 0,
    end: 0,
    align: abi.pageSize,
    phdr: undefined,
    phnum,
    phentsize,
    interpreter: undefined,
    executableStack: undefined,
  };
  const segments: Segment[] = [];
  for (let index = 0; index < programs.length; index++) {
    const program = programs[index];
    if (program.type === 'load') {
      const reason = checkSegment(program, index, file.size, abi.pageSize, windowSize);
      if (reason !== undefined) return reason;
      if (program.align > image.align) image.align = program.align;
      if (phoff >= program.offset && phoff + tableSize <= program.offset + program.filesz) {
        image.phdr ??= phoff - program.offset + program.vaddr;
      }
      if (program.memsz > 0) segments.push(toSegment(program));
    } else if (program.type === 'interp' && image.interpreter === undefined) {
      const interpreter = readInterpreter(file, head, program);
      if ('reason' in interpreter) return interpreter.reason;
      image.interpreter = interpreter.path;
    } else if (program.type === 'gnu_stack') {
      image.executableStack = program.flags.x === true;
    }
  }
  if (segments.length === 0) return 'no segments to load';
  image.segments = segments;
  return checkExtent(image, abi.pageSize, windowSize) ?? image;
}

/** What e_ident and e_machine say against it. */
function checkIdentity(head: Uint8Array, abi: GuestAbi): string | undefined {
  if (head.length < E_MACHINE + 2) return `truncated: the ELF header has only ${head.length} bytes`;
  const elfClass = head[EI_CLASS];
  if (elfClass !== 1 && elfClass !== 2) return `ELF class ${elfClass} is unknown`;
  if (head[EI_DATA] !== ELFDATA2LSB) {
    return head[EI_DATA] === 2 ? 'a big-endian program, which tsemu does not run' : 'ELF byte order is unknown';
  }
  const machine = machineOf(head);
  if (machine !== abi.elfMachine || elfClass !== abi.elfClass) {
    const bits = elfClass === ELFCLASS32 ? 32 : 64;
    return otherMachine(head) ?? `a ${bits}-bit program for machine ${machine}, not ${abi.name}`;
  }
  if (head[EI_VERSION] !== 1) return `ELF version ${head[EI_VERSION]} is unknown`;
  return undefined;
}

const truncated = (what: string, end: number, size: number): string =>
  `truncated: ${what} would end at byte ${end}, the file has ${size}`;

/** Bytes of the file, from its head where that reaches; a text if they cannot be read. */
function bytesAt(file: ProgramFile, head: Uint8Array, offset: number, length: number): Uint8Array | string {
  if (offset + length <= head.length) return head.subarray(offset, offset + length);
  const bytes = file.read(offset, length);
  if (typeof bytes === 'number') return `cannot be read (errno ${-bytes})`;
  return bytes.length === length ? bytes : truncated('a header', offset + length, offset + bytes.length);
}

function readInterpreter(
  file: ProgramFile,
  head: Uint8Array,
  program: elfy.ProgramHeader,
): { path: string } | { reason: string } {
  const { offset, filesz } = program;
  if (filesz < 2 || filesz > PATH_MAX) return { reason: `PT_INTERP has ${filesz} bytes: no path` };
  if (offset + filesz > file.size) return { reason: truncated('PT_INTERP', offset + filesz, file.size) };
  const bytes = bytesAt(file, head, offset, filesz);
  if (typeof bytes === 'string') return { reason: bytes };
  if (bytes[filesz - 1] !== 0) return { reason: 'PT_INTERP does not end with a NUL' };
  const length = bytes.indexOf(0);
  if (length === 0) return { reason: 'PT_INTERP is empty' };
  return { path: String.fromCharCode(...bytes.subarray(0, length)) };
}

function toSegment({ vaddr, memsz, offset, filesz, flags }: elfy.ProgramHeader): Segment {
  const prot = (flags.r ? PROT_READ : 0) | (flags.w ? PROT_WRITE : 0) | (flags.x ? PROT_EXEC : 0);
  return { vaddr, memsz, offset, filesz, prot };
}

/** Why the PT_LOAD header number `index` cannot be, or undefined. */
function checkSegment(
  program: elfy.ProgramHeader,
  index: number,
  fileSize: number,
  pageSize: number,
  windowSize: number,
): string | undefined {
  const { vaddr, memsz, offset, filesz, align } = program;
  const name = `segment ${index}`;
  if (filesz > memsz) return `${name} has more bytes in the file (${filesz}) than in memory (${memsz})`;
  if (offset + filesz > fileSize) return truncated(name, offset + filesz, fileSize);
  if (vaddr + memsz > windowSize) {
    return `${name} at ${hex(vaddr)} with ${hex(memsz)} bytes is outside the address space of ${hex(windowSize)} bytes`;
  }
  // 0 and 1 mean none.
  if (align > 1 && (align > windowSize || 2 ** Math.round(Math.log2(align)) !== align)) {
    return `${name} has an impossible alignment of ${hex(align)}`;
  }
  if (filesz > 0 && (vaddr - offset) % pageSize !== 0) {
    return `${name}: address ${hex(vaddr)} and file offset ${hex(offset)} differ within a page`;
  }
  return undefined;
}

/** Fills in the extent of all segments; a text if they cannot be together. */
function checkExtent(image: ElfImage, pageSize: number, windowSize: number): string | undefined {
  const byAddress = [...image.segments].sort((a, b) => a.vaddr - b.vaddr);
  for (let i = 1; i < byAddress.length; i++) {
    const [low, high] = [byAddress[i - 1], byAddress[i]];
    if (low.vaddr + low.memsz > high.vaddr) return `segments at ${hex(low.vaddr)} and ${hex(high.vaddr)} overlap`;
  }
  const last = byAddress[byAddress.length - 1];
  image.start = byAddress[0].vaddr - (byAddress[0].vaddr % pageSize);
  image.end = Math.ceil((last.vaddr + last.memsz) / pageSize) * pageSize;
  if (image.type === 'exec' && image.start < LOWEST_ADDRESS) {
    return `a segment at ${hex(image.start)}: nothing is mapped below ${hex(LOWEST_ADDRESS)}`;
  }
  if (image.entry >= windowSize) return `entry point ${hex(image.entry)} is outside the address space`;
  return undefined;
}
