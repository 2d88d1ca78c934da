import { describe, expect, test } from 'vitest';
import { armAbi } from '../cpu/arm/abi.ts';
import { ARM_MODELS } from '../cpu/arm/models.ts';
import { riscv64Abi } from '../cpu/riscv/abi.ts';
import { type ElfImage, readElf } from './elf.ts';
import { type ElfSpec, ET, PT, type SegmentSpec, writeElf } from './elf-writer.ts';
import type { ProgramFile } from './program-file.ts';

const WINDOW = 0x4_0000_0000 - 0x10000;
const CODE = new Uint8Array(100).fill(0x13);
const TEXT: SegmentSpec = { vaddr: 0x10000, bytes: CODE, flags: 5 };

const fileOf = (bytes: Uint8Array): ProgramFile => ({
  fd: -1,
  size: bytes.length,
  path: 'test',
  read: (offset, length) => bytes.slice(offset, offset + length),
  close: () => {},
});
const read = (bytes: Uint8Array) => readElf(fileOf(bytes), bytes.slice(0, 4096), riscv64Abi, WINDOW);
const spec = (more: Partial<ElfSpec>): Uint8Array => writeElf({ segments: [TEXT], ...more });
const segments = (...list: SegmentSpec[]): Uint8Array => writeElf({ segments: list });
const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

function patched(offset: number, ...bytes: number[]): Uint8Array {
  const result = spec({});
  result.set(bytes, offset);
  return result;
}

test('a program for 32-bit arm has to be of the EABI', () => {
  const ofArm = (eflags?: number) => {
    const bytes = writeElf({ segments: [TEXT], machine: 40, elfClass: 1, eflags });
    return readElf(fileOf(bytes), bytes, armAbi(ARM_MODELS[0]), WINDOW);
  };
  expect(ofArm()).toMatchObject({ type: 'exec' });
  // EF_ARM_VFP_FLOAT, which only the old ABI has.
  for (const eflags of [0, 0x400]) expect(ofArm(eflags)).toMatch(/^of ARM's old ABI/);
});

describe('readElf', () => {
  test('reads segments, entry, program headers, interpreter, stack flags', () => {
    const image = read(
      writeElf({
        type: ET.DYN,
        entry: 0x10,
        segments: [
          { vaddr: 0, bytes: CODE, offset: 0, filesz: 600, memsz: 600, flags: 5, align: 0x10000 },
          { type: PT.INTERP, bytes: latin1('/lib/ld.so\0') },
          { type: PT.GNU_STACK, flags: 7 },
          { type: PT.TLS, vaddr: 0x1500, bytes: CODE },
          { vaddr: 0x11010, bytes: CODE, memsz: 0x5000, flags: 6 },
        ],
      }),
    ) as ElfImage;
    expect(image).toMatchObject({
      type: 'dyn',
      entry: 0x10,
      start: 0,
      end: 0x17000,
      align: 0x10000,
      phdr: 64,
      phnum: 5,
      phentsize: 56,
      interpreter: '/lib/ld.so',
      executableStack: true,
    });
    expect(image.segments).toHaveLength(2);
    expect(image.segments[1]).toMatchObject({ vaddr: 0x11010, filesz: 100, memsz: 0x5000, prot: 3 });
  });

  test('a file whose section headers are nonsense is as good', () => {
    expect(read(patched(40, 255, 255, 255, 255, 255, 255, 255, 127))).toBeTypeOf('object');
    expect(read(patched(58, 255, 255, 255, 255, 255, 255))).toBeTypeOf('object');
  });

  test('program headers outside the first page are found, those in no segment have no address', () => {
    const bytes = spec({ phoff: 8000 });
    const far = new Uint8Array(8056);
    far.set(bytes);
    far.set(bytes.slice(64, 120), 8000);
    expect(read(far)).toMatchObject({ phdr: undefined, start: 0x10000 });
  });

  test('empty segments are left out', () => {
    const image = read(segments(TEXT, { vaddr: 0x20000, memsz: 0 })) as ElfImage;
    expect(image.segments).toHaveLength(1);
  });

  test('truncated at any byte', () => {
    const bytes = segments(TEXT, { vaddr: 0x20064, bytes: CODE, memsz: 0x3000, flags: 6 });
    expect(read(bytes)).toBeTypeOf('object');
    for (let length = 0; length < bytes.length; length++) {
      expect(read(bytes.slice(0, length))).toMatch(length < 4 ? /not an ELF file/ : /truncated/);
    }
  });

  test.each<[string, Uint8Array, RegExp]>([
    ['no ELF file', latin1('\x7fELG' + '\0'.repeat(100)), /not an ELF file/],
    ['ARM', spec({ machine: 40, elfClass: 1 }), /run it with tsemu-arm/],
    ['AArch64', spec({ machine: 183 }), /run it with tsemu-aarch64/],
    ['x86-64', spec({ machine: 62 }), /a program for the host.*run it directly/],
    ['riscv32', spec({ elfClass: 1 }), /riscv32/],
    ['another machine', spec({ machine: 21 }), /a 64-bit program for machine 21, not riscv64/],
    ['unknown class', spec({ elfClass: 3 }), /ELF class 3/],
    ['big-endian', patched(5, 2), /big-endian/],
    ['unknown byte order', patched(5, 0), /byte order/],
    ['unknown version in e_ident', patched(6, 2), /version 2/],
    ['unknown e_version', patched(20, 2), /version 2/],
    ['object file', spec({ type: ET.REL }), /link it first/],
    ['core', spec({ type: ET.CORE }), /core dump/],
    ['unknown type', spec({ type: 0xfe00 }), /neither an executable nor a shared object/],
    ['no program headers', spec({ phnum: 0 }), /no program headers/],
    ['wrong e_phentsize', spec({ phentsize: 32 }), /32 bytes instead of 56/],
    ['too many program headers', spec({ phnum: 0xffff }), /too many/],
    ['program headers behind the end', spec({ phoff: 2 ** 60 }), /truncated/],
    ['nothing to load', segments({ type: PT.DYNAMIC, bytes: CODE }), /no segments/],
    ['filesz over memsz', segments({ ...TEXT, memsz: 99 }), /more bytes in the file/],
    ['file offset behind the end', segments({ ...TEXT, offset: 2 ** 63 }), /truncated/],
    ['segment behind the window', segments({ ...TEXT, vaddr: WINDOW }), /outside the address space/],
    ['segment that reaches over the window', segments({ ...TEXT, memsz: WINDOW }), /outside the address space/],
    ['segment that wraps', segments({ ...TEXT, vaddr: 2 ** 64 - 2 ** 12 }), /outside the address space/],
    ['odd alignment', segments({ ...TEXT, align: 0x3000 }), /impossible alignment/],
    ['huge alignment', segments({ ...TEXT, align: 2 ** 40 }), /impossible alignment/],
    ['incongruent offset', segments({ ...TEXT, offset: 1, filesz: 10 }), /differ within a page/],
    ['overlap', segments(TEXT, { vaddr: 0x10063, bytes: CODE }), /overlap/],
    ['overlap, unsorted', segments({ vaddr: 0x30000, bytes: CODE }, { ...TEXT, memsz: 0x20001 }), /overlap/],
    ['segment at 0', segments({ ...TEXT, vaddr: 0 }), /nothing is mapped below 0x10000/],
    ['entry outside', spec({ entry: 2 ** 63 }), /entry point 0x8000000000000000 is outside/],
    ['interpreter without NUL', segments({ type: PT.INTERP, bytes: latin1('/lib/ld.so') }, TEXT), /NUL/],
    ['empty interpreter', segments({ type: PT.INTERP, bytes: latin1('\0\0') }, TEXT), /empty/],
    ['short interpreter', segments({ type: PT.INTERP, bytes: latin1('\0') }, TEXT), /no path/],
    ['interpreter behind the end', segments({ type: PT.INTERP, offset: 9e9, filesz: 9 }, TEXT), /truncated/],
  ])('refuses %s', (_, bytes, reason) => {
    expect(read(bytes)).toMatch(reason);
  });
});
