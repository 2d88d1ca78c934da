/**
 * Maps an ELF image's segments into the guest's address space: real private
 * mappings of the file, anonymous memory for what lies beyond its bytes.
 */
import type { AddressSpace } from '../memory/address-space.ts';
import { type ElfImage, PROT_READ, PROT_WRITE, type Segment } from './elf.ts';
import type { ProgramFile } from './program-file.ts';

const MAP_PRIVATE = 0x02;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
const MAP_NORESERVE = 0x4000;
const ENOMEM = 12;

/** An image in memory. */
export interface MappedImage {
  /** What is added to the file's addresses. */
  bias: number;
  entry: number;
  /** AT_PHDR, 0 if no segment holds the program headers. */
  phdr: number;
  /** First and past-the-last address, rounded to pages. */
  start: number;
  end: number;
  /** Of the executable segments' bytes in the file: first and past-the-last address. */
  startCode: number;
  endCode: number;
}

const roundUp = (value: number, multiple: number): number => Math.ceil(value / multiple) * multiple;

/**
 * Load bias of a DYN image whose start is to lie at `base` or just above it, so that every segment is aligned as it
 * asks.
 */
export const biasFor = (image: ElfImage, base: number): number => roundUp(base - image.start, image.align);

/**
 * Chooses a load bias where the address space has room, as high as mmap goes; a negative errno if it has none.
 * For an interpreter, before anything else runs that could take the place.
 */
export function findBias(space: AddressSpace, image: ElfImage, pageSize: number): number {
  const slack = image.align - pageSize;
  const size = image.end - image.start + slack;
  const place = space.mmap(0, size, 0, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (place < 0) return place;
  space.munmap(place, size);
  return biasFor(image, place);
}

/** Maps all segments with the given bias (0 for EXEC). A negative errno if the host refuses one. */
export function mapImage(
  space: AddressSpace,
  file: ProgramFile,
  image: ElfImage,
  bias: number,
  pageSize: number,
): MappedImage | number {
  let startCode = Number.POSITIVE_INFINITY;
  let endCode = 0;
  for (const segment of image.segments) {
    const error = mapSegment(space, file, segment, bias, pageSize);
    if (error < 0) return error;
    startCode = Math.min(startCode, segment.vaddr + bias);
    if (segment.prot & 4) endCode = Math.max(endCode, segment.vaddr + segment.filesz + bias);
  }
  return {
    bias,
    entry: image.entry + bias,
    phdr: image.phdr === undefined ? 0 : image.phdr + bias,
    start: image.start + bias,
    end: image.end + bias,
    startCode,
    endCode,
  };
}

/** Maps one segment, over what a neighbour may have put on a page they share, as Linux does. */
function mapSegment(space: AddressSpace, file: ProgramFile, segment: Segment, bias: number, pageSize: number): number {
  const { filesz, memsz, offset, prot } = segment;
  const address = segment.vaddr + bias;
  const within = address % pageSize;
  const start = address - within;
  const end = roundUp(address + memsz, pageSize);
  let fileEnd = start;
  if (filesz > 0) {
    fileEnd = roundUp(address + filesz, pageSize);
    const result = space.mmap(start, fileEnd - start, prot, MAP_PRIVATE | MAP_FIXED, file.fd, offset - within);
    if (result < 0) return result;
    const bytesEnd = address + filesz;
    if (memsz > filesz && bytesEnd < fileEnd) {
      const error = clear(space, bytesEnd, fileEnd, prot, pageSize);
      if (error < 0) return error;
    }
  }
  if (end > fileEnd) {
    const result = space.mmap(fileEnd, end - fileEnd, prot, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1, 0);
    if (result < 0) return result;
  }
  return 0;
}

/** Zeroes the rest of a segment's last page from the file, also where the guest itself must not write. */
function clear(space: AddressSpace, start: number, end: number, prot: number, pageSize: number): number {
  const page = end - pageSize;
  const writable = (prot & PROT_WRITE) !== 0;
  if (!writable) space.mprotect(page, pageSize, PROT_READ | PROT_WRITE);
  const done = space.write(start, new Uint8Array(end - start));
  if (!writable) space.mprotect(page, pageSize, prot);
  return done ? 0 : -ENOMEM;
}
