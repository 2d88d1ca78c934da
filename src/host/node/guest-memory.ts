/**
 * Memory of the node adapter: the window without protection, and the mapping
 * calls on it.
 *
 * There are no mappings underneath, so protection is not enforced, files are
 * read into place when they are mapped, and shared writable file mappings do
 * not exist. What the guest has not mapped reads as EFAULT in system calls
 * (their pointers are checked against the page table), but translated code can
 * touch it.
 *
 * "Pointers" of this adapter are numbers that say which buffer they mean.
 */
import { PAGE_SIZE, PROCESS, PROCESS_MEMORY_PAGES, THREAD_MEMORY_PAGES } from '../layout.ts';
import { createWindow } from '../window.ts';
import { EFAULT, EINVAL, ENAMETOOLONG, ENODEV, ENOMEM } from './errors.ts';

/** Systems that do not overcommit have to find memory for all of it. */
const WINDOW_GIB = 4;
const GUARD_SIZE = 0x10000;

const GUEST_BASE = 2 ** 44;
const THREAD_BASE = 2 ** 45;
/** Beyond both buffers. */
const OUTSIDE = 2 ** 46;

const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_TYPE = 3;
const MAP_ANONYMOUS = 0x20;
const MAP_FIXED_NOREPLACE = 0x10_0000;
const MREMAP_FIXED = 2;
const MADV_DONTNEED = 4;
const PATH_MAX = 4096;

/** What a page of the window holds; nothing: zeroes that nobody can have changed. */
const PageContent = { zero: 0, anonymous: 1, file: 2 } as const;

/** Reads `length` bytes of a file at `offset` into `target`, as much as there is; the rest stays. Negative errno. */
export type ReadFile = (fd: number, target: Uint8Array, offset: number) => number;

export class GuestMemory {
  readonly window: WebAssembly.Memory;
  readonly windowSize: number;
  readonly threadMemory: WebAssembly.Memory;
  readonly processMemory: WebAssembly.Memory;
  readonly threadBytes: Uint8Array;

  private readonly bytes: Uint8Array;
  private readonly table: Uint8Array;
  private readonly contents: Uint8Array;

  /** @param isNarrow whether the guest's addresses have 32 bits */
  constructor(isNarrow: boolean) {
    this.window = createWindow(isNarrow, [WINDOW_GIB]);
    this.threadMemory = new WebAssembly.Memory({ initial: 1, maximum: THREAD_MEMORY_PAGES });
    this.threadMemory.grow(THREAD_MEMORY_PAGES - 1);
    const pages = PROCESS_MEMORY_PAGES;
    this.processMemory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    this.bytes = new Uint8Array(this.window.buffer);
    this.windowSize = this.bytes.length - GUARD_SIZE;
    this.threadBytes = new Uint8Array(this.threadMemory.buffer);
    this.table = new Uint8Array(this.processMemory.buffer, PROCESS.pageTable, this.windowSize / PAGE_SIZE);
    this.contents = new Uint8Array(this.bytes.length / PAGE_SIZE);
  }

  guestPointer(address: number): number {
    if (address === 0) return 0;
    return address > 0 && address < this.windowSize ? GUEST_BASE + address : OUTSIDE;
  }

  threadPointer(offset: number): number {
    return THREAD_BASE + offset;
  }

  /** The bytes behind a pointer, if all of them are mapped; otherwise the system call gives EFAULT. */
  at(pointer: number, length: number): Uint8Array | undefined {
    if (!(length >= 0)) return undefined;
    if (pointer >= THREAD_BASE) {
      const start = pointer - THREAD_BASE;
      return start + length <= this.threadBytes.length ? this.threadBytes.subarray(start, start + length) : undefined;
    }
    const start = pointer - GUEST_BASE;
    if (!this.isMapped(start, length)) return undefined;
    return this.bytes.subarray(start, start + length);
  }

  /** A structure to read or write behind a pointer. */
  view(pointer: number, length: number): DataView | undefined {
    const bytes = this.at(pointer, length);
    return bytes && new DataView(bytes.buffer, bytes.byteOffset, length);
  }

  /** Whether [start, start + length) in the window belongs to the guest. An entry of the page table is 0 if not. */
  isMapped(start: number, length: number): boolean {
    if (!(start >= 0 && start + length <= this.windowSize)) return false;
    const end = Math.ceil((start + length) / PAGE_SIZE);
    for (let page = Math.floor(start / PAGE_SIZE); page < end; page++) if (this.table[page] === 0) return false;
    return true;
  }

  /** Length of the string at a guest address, at most `max`; -1 if it leaves mapped memory first. */
  stringLength(start: number, max: number): number {
    for (let length = 0; length < max; ) {
      const chunk = Math.min(max - length, PAGE_SIZE - ((start + length) % PAGE_SIZE));
      if (!this.isMapped(start + length, chunk)) return -1;
      const end = this.bytes.subarray(start + length, start + length + chunk).indexOf(0);
      if (end >= 0) return length + end;
      length += chunk;
    }
    return max;
  }

  /** The path behind a pointer as latin1, or a negative errno. */
  path(pointer: number): string | number {
    if (pointer === 0 || pointer >= OUTSIDE) return EFAULT;
    let bytes: Uint8Array;
    if (pointer >= THREAD_BASE) {
      const start = pointer - THREAD_BASE;
      const end = this.threadBytes.indexOf(0, start);
      bytes = this.threadBytes.subarray(start, Math.min(end < 0 ? start + PATH_MAX : end, start + PATH_MAX));
    } else {
      const start = pointer - GUEST_BASE;
      const length = this.stringLength(start, PATH_MAX);
      if (length < 0) return EFAULT;
      bytes = this.bytes.subarray(start, start + length);
    }
    if (bytes.length >= PATH_MAX) return ENAMETOOLONG;
    // Node does not decode shared memory.
    return Buffer.from(bytes).toString('latin1');
  }

  /** mmap(2) at a fixed address, which is all that src/memory asks for. */
  mmap(
    pointer: number,
    length: number,
    prot: number,
    flags: number,
    fd: number,
    offset: number,
    read: ReadFile,
  ): number {
    // Filling holes: there are none.
    if ((flags & MAP_FIXED_NOREPLACE) !== 0) return pointer;
    const start = pointer - GUEST_BASE;
    if (!(start >= 0 && start + length <= this.windowSize)) return ENOMEM;
    const anonymous = (flags & MAP_ANONYMOUS) !== 0;
    if (!anonymous && (flags & MAP_TYPE) !== 2 && (flags & MAP_SHARED) !== 0 && (prot & PROT_WRITE) !== 0)
      return ENODEV;
    this.clear(start, length);
    if (!anonymous) {
      const count = read(fd, this.bytes.subarray(start, start + length), offset);
      if (count < 0) return count;
    }
    // What cannot be touched stays known to be zero.
    if (prot !== 0 || !anonymous) this.mark(start, length, anonymous ? PageContent.anonymous : PageContent.file);
    return pointer;
  }

  /** mprotect(2): nothing is enforced. */
  mprotect(pointer: number, length: number): number {
    const start = (pointer - GUEST_BASE) / PAGE_SIZE;
    for (let page = start; page < start + length / PAGE_SIZE; page++) this.contents[page] ||= PageContent.anonymous;
    return 0;
  }

  /** mremap(2) to a fixed address. */
  mremap(pointer: number, oldLength: number, newLength: number, flags: number, target: number): number {
    const start = pointer - GUEST_BASE;
    const to = target - GUEST_BASE;
    if ((flags & MREMAP_FIXED) === 0) return ENOMEM;
    if (oldLength === 0) return EINVAL;
    const count = Math.min(oldLength, newLength);
    this.clear(to, newLength);
    this.bytes.copyWithin(to, start, start + count);
    this.contents.copyWithin(to / PAGE_SIZE, start / PAGE_SIZE, (start + count) / PAGE_SIZE);
    this.mark(to + count, newLength - count, PageContent.anonymous);
    this.clear(start, oldLength);
    this.mark(start, oldLength, PageContent.anonymous);
    return target;
  }

  /** madvise(2): MADV_DONTNEED zeroes anonymous memory; a file's contents cannot be fetched again. */
  madvise(pointer: number, length: number, advice: number): number {
    const start = pointer - GUEST_BASE;
    switch (advice) {
      case MADV_DONTNEED: {
        const pages = this.contents.subarray(start / PAGE_SIZE, (start + length) / PAGE_SIZE);
        if (pages.includes(PageContent.file)) return EINVAL;
        this.clear(start, length);
        this.mark(start, length, PageContent.anonymous);
        return 0;
      }
      case 0: // MADV_NORMAL
      case 1: // MADV_RANDOM
      case 2: // MADV_SEQUENTIAL
      case 3: // MADV_WILLNEED
      case 8: // MADV_FREE
      case 14: // MADV_HUGEPAGE
      case 15: // MADV_NOHUGEPAGE
      case 16: // MADV_DONTDUMP
      case 17: // MADV_DODUMP
        return 0;
      default:
        return EINVAL;
    }
  }

  /** Zeroes what may not be zero. */
  private clear(start: number, length: number): void {
    const end = (start + length) / PAGE_SIZE;
    for (let page = start / PAGE_SIZE; page < end; ) {
      if (this.contents[page] === PageContent.zero) {
        page++;
        continue;
      }
      let last = page;
      while (last < end && this.contents[last] !== PageContent.zero) last++;
      this.bytes.fill(0, page * PAGE_SIZE, last * PAGE_SIZE);
      this.contents.fill(PageContent.zero, page, last);
      page = last;
    }
  }

  private mark(start: number, length: number, content: number): void {
    this.contents.fill(content, start / PAGE_SIZE, (start + length) / PAGE_SIZE);
  }
}
