/**
 * The guest's address space: mmap and its family inside the window.
 *
 * Every guest mapping is a real one of the host at the same place of the
 * window, so files, sharing, protection and zeroing are the host kernel's. What
 * the host cannot know lies in the page table: execute permission, and which
 * pages are the guest's at all. Between guest mappings the window is filled
 * with the reserve, which is PROT_NONE and costs nothing.
 *
 *     const space = new AddressSpace(host);
 *     const address = space.mmap(0, 4096, PROT.read | PROT.write, MAP.private | MAP.anonymous, -1, 0);
 *
 * Always true: the window has no holes (somebody else's memory would get into
 * them), no host page is executable, and a page that the guest may write is
 * writable for the host, unless it has PageFlag.code.
 *
 * Addresses and lengths are bytes; results are addresses or negative errno
 * values, as in the manual pages of section 2.
 */
import type { Host, Int } from '../host/host.ts';
import { HUGE_PAGE_SIZE, PAGE_SIZE, PROCESS } from '../host/layout.ts';
import { aligned, hostProt, pageDown, pagesLength, pageUp, tableProt, unsigned } from './arguments.ts';
import { CodePages } from './code-pages.ts';
import {
  EBADF,
  EEXIST,
  EFAULT,
  EINVAL,
  ENOMEM,
  EOPNOTSUPP,
  EOVERFLOW,
  EPERM,
  MAP,
  MREMAP,
  PROT,
  RLIMIT,
  SHM,
} from './constants.ts';
import { GuestData } from './guest-data.ts';
import { type MappedRange, MappingNames, mappedRanges } from './mapped-ranges.ts';
import { PageRuns } from './page-runs.ts';
import { PageFlag, PROT_MASK } from './page-table.ts';
import { ProcessLock } from './process-lock.ts';

export type { MappedRange } from './mapped-ranges.ts';

/** Addresses below are never mapped (/proc/sys/vm/mmap_min_addr), so that null pointers fault. */
const LOWEST = 0x10000;

/** Linux leaves this much free below a stack (stack_guard_gap). */
const STACK_GAP = 0x10_0000;

const STACK_LEAST = 0x80_0000;
const STACK_MOST = 0x1000_0000;

/** MADV_DONTNEED, MADV_FREE, MADV_REMOVE, MADV_DONTNEED_LOCKED. */
const DISCARDING_ADVICE: readonly number[] = [4, 8, 9, 24];

const HOST_RESERVE = MAP.private | MAP.anonymous | MAP.fixed | MAP.noReserve;
const HOST_ANONYMOUS = MAP.private | MAP.anonymous | MAP.fixed;

/** Flags that mean something else on x86-64 than in the generic ABI (MAP_32BIT, MAP_ABOVE4G), and those handled here. */
const NOT_FOR_HOST = 0xc0 | MAP.growsDown | MAP.fixedNoReplace;

/** Mappings of this size are worth huge pages of the host. */
const HUGE_LEAST = 4 << 20;
const MADV_HUGEPAGE = 14;

const SHARED_CODE = PageFlag.shared | PageFlag.exec;

/** What RLIMIT_DATA counts: of these bits, pages that have PageFlag.write alone. */
const DATA_BITS = PageFlag.write | PageFlag.shared | PageFlag.stack;
const isData = (entry: number): boolean => (entry & DATA_BITS) === PageFlag.write;

/** Room for the initial stack at the window's top: its limit when the program starts, within reason, and the gap. */
function stackRoom(host: Host): number {
  const { soft } = host.startState.rlimits[RLIMIT.stack] ?? { soft: 0n };
  const size = Math.min(Math.max(Number(soft), STACK_LEAST), STACK_MOST);
  return pageUp(size) + STACK_GAP;
}

export class AddressSpace extends GuestData {
  /** One byte a page, see PageFlag; a view of the process memory. */
  readonly table: Uint8Array;
  /** True once a fault may make a stack grow, so that the access is made again. */
  mayGrow = false;
  /** Called when that becomes so. */
  onMayGrow: () => void = () => {};
  /** Told when all is unmapped for another program. */
  onReset: () => void = () => {};
  /** Called when code in [start, end) may have changed: the translator drops what it decoded there. */
  onCodeChange: (start: number, end: number) => void = () => {};
  /** Soft limits that are ours to honour (RLIMIT_AS, DATA, STACK); see setrlimit(2). */
  limits: { get(resource: number): { soft: bigint } | undefined } = new Map();
  /** One past the highest address for the initial stack. */
  readonly stackTop: number;
  /** mmap places mappings without a hint below this, highest first. */
  readonly mmapTop: number;

  private readonly runs: PageRuns;
  private readonly names = new MappingNames();
  /** Held while the address space changes; recursive. */
  readonly lock: ProcessLock;
  /** f64 cells of the process memory, see PROCESS. */
  private readonly cells: Float64Array;
  private readonly codePages: CodePages;
  private readonly sharedCode: Int32Array;

  /** One past the highest address that the guest can map. */
  private readonly end: number;

  /** @param stackTop where the stack is to end, and whatever has no fixed address, if not at the window's end */
  constructor(host: Host, stackTop = host.windowSize) {
    super(host);
    const pages = host.windowSize / PAGE_SIZE;
    this.table = new Uint8Array(host.processMemory.buffer, PROCESS.pageTable, pages);
    const chunks = new Uint8Array(host.processMemory.buffer, PROCESS.chunks, Math.ceil(pages / PROCESS.chunkPages));
    this.runs = new PageRuns(this.table, chunks);
    this.lock = new ProcessLock(host);
    this.cells = new Float64Array(host.processMemory.buffer, PROCESS.searchTop, 4);
    this.sharedCode = new Int32Array(host.processMemory.buffer, PROCESS.sharedCode, 1);
    this.codePages = new CodePages(host, this.table, this.runs, (start, end) => this.onCodeChange(start, end));
    this.stackTop = stackTop;
    this.end = Math.min(stackTop + PAGE_SIZE, host.windowSize);
    this.mmapTop = stackTop - stackRoom(host);
    if (this.searchTop === 0) this.searchTop = this.mmapTop / PAGE_SIZE;
  }

  /** Every page in [searchTop, mmapTop) is mapped: the search for free pages starts here. */
  private get searchTop(): number {
    return this.cells[0];
  }
  private set searchTop(page: number) {
    this.cells[0] = page;
  }
  private get mappedPages(): number {
    return this.cells[1];
  }
  private set mappedPages(count: number) {
    this.cells[1] = count;
  }
  private get brkStart(): number {
    return this.cells[2];
  }
  private set brkStart(address: number) {
    this.cells[2] = address;
  }
  private get brkEnd(): number {
    return this.cells[3];
  }
  private set brkEnd(address: number) {
    this.cells[3] = address;
  }

  /** Runs an operation with the lock held. */
  private locked<T>(operation: () => T): T {
    this.lock.acquire();
    try {
      return operation();
    } finally {
      this.lock.release();
    }
  }

  /** mmap(2) with the guest's (asm-generic) flag values. */
  mmap(address: Int, length: Int, prot: number, flags: number, fd: number, offset: Int): number {
    return this.locked(() => this.doMmap(address, length, prot, flags, fd, offset));
  }

  private doMmap(address: Int, length: Int, prot: number, flags: number, fd: number, offset: Int): number {
    const hint = unsigned(address);
    const fileOffset = unsigned(offset);
    const anonymous = (flags & MAP.anonymous) !== 0;
    if (!aligned(fileOffset)) return EINVAL;
    // Linux looks at the descriptor first. lseek does so too, on every kind of file, and is never kept by a signal.
    if (!anonymous && this.host.syscall('lseek', fd, 0, 1 /* SEEK_CUR */) === EBADF) return EBADF;
    const size = pageUp(unsigned(length));
    if (size === 0) return EINVAL;
    if (!anonymous && fileOffset + size >= 2 ** 63) return EOVERFLOW;
    const type = flags & MAP.type;
    if (type === 0 || type > MAP.sharedValidate) return EINVAL;
    if (type === MAP.sharedValidate && (flags & 0xc0) !== 0) return EOPNOTSUPP;
    const shared = type !== MAP.private;
    if (shared && (flags & MAP.growsDown) !== 0) return EINVAL;

    const data = (prot & PROT.write) !== 0 && !shared;
    const sparse = MAP.growsDown | MAP.noReserve | MAP.stack;
    const wantsHugePages = size >= HUGE_LEAST && anonymous && data && (flags & sparse) === 0;
    const start = this.place(hint, size, flags, wantsHugePages);
    if (start < 0) return start;
    const replaced =
      (flags & MAP.fixed) === 0 ? 0 : this.runs.countMapped(start / PAGE_SIZE, (start + size) / PAGE_SIZE);
    if (!this.withinLimits(size / PAGE_SIZE - replaced, data ? size / PAGE_SIZE : 0)) return ENOMEM;

    const result = this.hostMap(start, size, prot, (flags & ~NOT_FOR_HOST) | MAP.fixed, fd, fileOffset);
    if (result < 0) {
      this.fillHole(start, size);
      return result;
    }
    let entry = tableProt(prot) | PageFlag.mapped;
    if (shared) entry |= PageFlag.shared;
    else if (anonymous) entry |= PageFlag.anonymous;
    if ((flags & MAP.growsDown) !== 0) {
      entry |= PageFlag.stack;
      if (this.limit(RLIMIT.stack) > size) this.noteGrowth();
    }
    this.setEntries(start, start + size, entry, replaced);
    if (wantsHugePages) this.askForHugePages(start, size);
    return start;
  }

  /**
   * Memory that a program is likely to use as a whole: page faults and misses in the host's TLB become few. A failure
   * changes nothing.
   */
  private askForHugePages(start: number, size: number): void {
    if (size >= HUGE_LEAST) this.host.syscall('madvise', this.host.guestPointer(start), size, MADV_HUGEPAGE);
  }

  /** A stack is smaller than its limit. */
  noteGrowth(): void {
    this.mayGrow = true;
    this.onMayGrow();
  }

  /**
   * Where a new mapping goes, or a negative errno. Where the host's huge pages fit depends on where the host has put the
   * window this time. So only what is to have them goes there: libraries, and what is reserved for them before, are at the
   * same addresses in each run, or nothing that was translated of them would be found again.
   */
  private place(hint: number, size: number, flags: number, wantsHugePages = false): number {
    const limit = this.end;
    if (size > limit) return ENOMEM;
    if ((flags & (MAP.fixed | MAP.fixedNoReplace)) !== 0) {
      if (!aligned(hint)) return EINVAL;
      if (hint + size > limit) return ENOMEM;
      if (hint < LOWEST) return EPERM;
      return (flags & MAP.fixedNoReplace) !== 0 && !this.isFree(hint, size) ? EEXIST : hint;
    }
    const wanted = Math.max(pageDown(hint), LOWEST);
    if (hint >= PAGE_SIZE && wanted + size <= limit && this.isFree(wanted, size)) return wanted;
    if (!wantsHugePages) return this.findFree(size);
    const free = this.findFree(size + HUGE_PAGE_SIZE - PAGE_SIZE);
    return free < 0 ? this.findFree(size) : free + (-this.host.guestPointer(free) & (HUGE_PAGE_SIZE - 1));
  }

  private isFree(start: number, size: number): boolean {
    const end = (start + size) / PAGE_SIZE;
    return this.runs.nextMapped(start / PAGE_SIZE, end) === end;
  }

  /** Address of the highest free place of `size` bytes, or -ENOMEM. */
  private findFree(size: number): number {
    const lowest = LOWEST / PAGE_SIZE;
    this.searchTop = this.runs.highestFree(lowest, this.searchTop);
    const page = this.runs.findFree(size / PAGE_SIZE, lowest, this.searchTop);
    return page < 0 ? ENOMEM : page * PAGE_SIZE;
  }

  /** munmap(2). */
  munmap(address: Int, length: Int): number {
    return this.locked(() => this.doMunmap(address, length));
  }

  private doMunmap(address: Int, length: Int): number {
    const start = unsigned(address);
    const size = pageUp(unsigned(length));
    if (!aligned(start) || size === 0 || start + size > 2 ** 47) return EINVAL;
    const end = Math.min(start + size, this.end);
    const first = this.runs.nextMapped(start / PAGE_SIZE, end / PAGE_SIZE) * PAGE_SIZE;
    return first < end ? this.release(first, end) : 0;
  }

  /** Puts the reserve in place of what is mapped. */
  private release(start: number, end: number): number {
    const result = this.hostMap(start, end - start, 0, HOST_RESERVE, -1, 0);
    if (result < 0) return result;
    this.setEntries(start, end, 0, this.runs.countMapped(start / PAGE_SIZE, end / PAGE_SIZE));
    return 0;
  }

  /** The host has failed, and may have unmapped what was there. Fills a hole, and only a hole. */
  private fillHole(start: number, size: number): void {
    this.hostMap(start, size, 0, (HOST_RESERVE & ~MAP.fixed) | MAP.fixedNoReplace, -1, 0);
  }

  /** shmat(2) of a segment of `length` bytes. */
  shmat(id: number, address: Int, flags: number, length: Int): number {
    return this.locked(() => this.attach(id, unsigned(address), flags, pageUp(unsigned(length))));
  }

  private attach(id: number, address: number, flags: number, size: number): number {
    const remap = (flags & SHM.remap) !== 0;
    const wanted = (flags & SHM.round) !== 0 ? pageDown(address) : address;
    if (!aligned(wanted) || (wanted === 0 && (address !== 0 || remap))) return EINVAL;
    if (wanted !== 0 && !remap && wanted + size >= 2 ** 64) return EINVAL;
    if (wanted !== 0 && !remap && wanted + size <= this.end && !this.isFree(wanted, size)) return EINVAL;
    const start = this.place(wanted, size, wanted === 0 ? 0 : MAP.fixed);
    if (start < 0) return start;
    const replaced = this.runs.countMapped(start / PAGE_SIZE, (start + size) / PAGE_SIZE);
    if (!this.withinLimits(size / PAGE_SIZE - replaced, 0)) return ENOMEM;
    // In place of the reserve, or of what is mapped there.
    const hostFlags = (flags & ~SHM.round) | SHM.remap;
    const result = Number(this.host.syscall('shmat', id, this.host.guestPointer(start), hostFlags));
    if (result < 0) {
      this.fillHole(start, size);
      return result;
    }
    let prot: number = PROT.read;
    if ((flags & SHM.readOnly) === 0) prot |= PROT.write;
    if ((flags & SHM.exec) !== 0) prot |= PROT.exec;
    this.setEntries(start, start + size, tableProt(prot) | PageFlag.mapped | PageFlag.shared, replaced);
    return start;
  }

  /** shmdt(2). */
  shmdt(address: Int): number {
    return this.locked(() => this.detach(unsigned(address)));
  }

  /** Unmaps what is still there of the segment that begins at `start`. As in Linux that is where its first page would be. */
  private detach(start: number): number {
    const segments = this.host.mappings().filter(({ path }) => path.startsWith('/SYSV'));
    const first = segments.find((mapping) => mapping.start - mapping.offset === start);
    if (!aligned(start) || first === undefined) return EINVAL;
    for (const { start: from, end, offset, inode } of segments) {
      if (inode !== first.inode || from - offset !== start) continue;
      const result = this.release(from, end);
      if (result < 0) return result;
    }
    return 0;
  }

  /** mprotect(2), with PROT_GROWSDOWN. */
  mprotect(address: Int, length: Int, prot: number): number {
    return this.locked(() => this.doMprotect(address, length, prot));
  }

  private doMprotect(address: Int, length: Int, prot: number): number {
    let start = unsigned(address);
    const size = pagesLength(length);
    const grows = prot & (PROT.growsDown | PROT.growsUp);
    if (!aligned(start) || grows === (PROT.growsDown | PROT.growsUp)) return EINVAL;
    if (unsigned(length) === 0) return 0;
    let end = start + size;
    if (size === 0 || end >= 2 ** 64) return ENOMEM;
    if ((prot & ~(PROT_MASK | PROT.sem | grows)) !== 0) return EINVAL;
    if (start >= this.end || this.table[start / PAGE_SIZE] === 0) return ENOMEM;
    if (grows !== 0) {
      // Only a grow-down mapping extends so; nothing grows up on the architectures we have.
      if (grows === PROT.growsUp || (this.table[start / PAGE_SIZE] & PageFlag.stack) === 0) return EINVAL;
      while ((this.table[start / PAGE_SIZE - 1] & PageFlag.stack) !== 0) start -= PAGE_SIZE;
    }
    // Linux changes what comes before the first hole, then complains.
    const wanted = end;
    end = this.runs.nextFree(start / PAGE_SIZE, Math.min(end, this.end) / PAGE_SIZE) * PAGE_SIZE;
    if ((prot & PROT.write) !== 0) {
      // Private pages that become writable count as data from now on.
      const [first, last] = [start / PAGE_SIZE, end / PAGE_SIZE];
      if (!this.withinLimits(0, this.runs.count(first, last, DATA_BITS, 0))) return ENOMEM;
    }
    this.noteCodeChange(start, end);
    if ((prot & PROT.exec) !== 0 && this.runs.any(start / PAGE_SIZE, end / PAGE_SIZE, PageFlag.shared)) {
      this.sharedCode[0] = 1;
    }
    const result = this.hostProtect(start, end, prot);
    if (result < 0) {
      this.resynchronize(start, end);
      return result;
    }
    const bits = tableProt(prot);
    this.codePages.forget(start / PAGE_SIZE, end / PAGE_SIZE);
    for (let page = start / PAGE_SIZE; page < end / PAGE_SIZE; page++) {
      this.table[page] = (this.table[page] & ~(PROT_MASK | PageFlag.code)) | bits;
    }
    return end < wanted ? ENOMEM : 0;
  }

  /** After an mprotect that failed part of the way: takes what the host has now. */
  private resynchronize(start: number, end: number): void {
    for (const mapping of this.host.mappings()) {
      const bits = (mapping.readable ? PageFlag.read : 0) | (mapping.writable ? PageFlag.write : 0);
      const last = Math.min(mapping.end, end) / PAGE_SIZE;
      for (let page = Math.max(mapping.start, start) / PAGE_SIZE; page < last; page++) {
        if (this.table[page] !== 0) this.table[page] = (this.table[page] & ~(3 | PageFlag.code)) | bits;
      }
    }
  }

  /** mremap(2). */
  mremap(address: Int, oldLength: Int, newLength: Int, flags: number, newAddress: Int): number {
    return this.locked(() => this.doMremap(address, oldLength, newLength, flags, newAddress));
  }

  private doMremap(address: Int, oldLength: Int, newLength: Int, flags: number, newAddress: Int): number {
    const start = unsigned(address);
    const oldSize = pagesLength(oldLength);
    const newSize = pagesLength(newLength);
    const mayMove = (flags & MREMAP.mayMove) !== 0;
    const fixed = (flags & MREMAP.fixed) !== 0;
    const keep = (flags & MREMAP.dontUnmap) !== 0;
    if ((flags & ~7) !== 0 || ((fixed || keep) && !mayMove) || (keep && oldSize !== newSize)) return EINVAL;
    if (!aligned(start) || newSize === 0) return EINVAL;
    const windowSize = this.end;
    if (fixed) {
      const target = unsigned(newAddress);
      if (!aligned(target) || newSize > windowSize || target + newSize > windowSize) return EINVAL;
      if (start < target + newSize && target < start + oldSize) return EINVAL;
      if (target < LOWEST) return EPERM;
      return this.move(start, oldSize, newSize, target, flags);
    }
    if (!mayMove && oldSize === 0 && this.isOneMapping(start, 0) && !this.isShared(start)) return EINVAL;
    if (newSize > windowSize) return ENOMEM;
    if (keep) {
      const hint = unsigned(newAddress);
      if (!aligned(hint)) return EINVAL;
      const target = this.place(hint, newSize, 0);
      return target < 0 ? target : this.move(start, oldSize, newSize, target, flags);
    }
    if (!this.isOneMapping(start, oldSize)) return EFAULT;
    if (newSize <= oldSize && oldSize !== 0) {
      const result = newSize < oldSize ? this.release(start + newSize, start + oldSize) : 0;
      return result < 0 ? result : start;
    }
    const growth = (newSize - oldSize) / PAGE_SIZE;
    if (!this.withinLimits(growth, isData(this.table[start / PAGE_SIZE]) ? growth : 0)) return ENOMEM;
    if (oldSize !== 0 && this.growInPlace(start, oldSize, newSize)) return start;
    if (!mayMove) return ENOMEM;
    const target = this.findFree(newSize);
    return target < 0 ? target : this.move(start, oldSize, newSize, target, flags);
  }

  private isShared(address: number): boolean {
    return (this.table[address / PAGE_SIZE] & PageFlag.shared) !== 0;
  }

  /** Whether [start, start + size) is mapped with equal flags throughout (an old size of 0 means one page). */
  private isOneMapping(start: number, size: number): boolean {
    const first = start / PAGE_SIZE;
    const end = first + Math.max(size / PAGE_SIZE, 1);
    if (end > this.table.length || this.table[first] === 0) return false;
    return this.runs.runEnd(first, end, ~PageFlag.code) === end;
  }

  /** Grows a mapping when the pages behind it are free. */
  private growInPlace(start: number, oldSize: number, newSize: number): boolean {
    const end = start + oldSize;
    const growth = newSize - oldSize;
    if (start + newSize > this.end || !this.isFree(end, growth)) return false;
    const entry = this.table[start / PAGE_SIZE] & ~PageFlag.code;
    if ((entry & PageFlag.anonymous) !== 0) {
      // The kernel merges the new mapping with the old one.
      if (this.hostMap(end, growth, entry & PROT_MASK, HOST_ANONYMOUS, -1, 0) < 0) return false;
    } else {
      // Only mremap knows the file. It needs the reserve out of the way.
      this.host.syscall('munmap', this.host.guestPointer(end), growth);
      const pointer = this.host.guestPointer(start);
      if ((this.host.syscall('mremap', pointer, oldSize, newSize, 0) as number) < 0) {
        this.fillHole(end, growth);
        return false;
      }
    }
    this.setEntries(end, end + growth, entry, 0);
    return true;
  }

  private move(start: number, oldSize: number, newSize: number, target: number, flags: number): number {
    const first = start / PAGE_SIZE;
    if (start + oldSize > this.end || this.table[first] === 0) return EFAULT;
    if (!this.isOneMapping(start, Math.min(oldSize, newSize))) return EFAULT;
    this.codePages.unprotectRange(first, first + oldSize / PAGE_SIZE);
    let result = this.hostMove(start, oldSize, newSize, target, flags & MREMAP.dontUnmap);
    const isPlain = (this.table[first] & PageFlag.anonymous) !== 0 && (flags & MREMAP.dontUnmap) === 0;
    if (result === EFAULT && isPlain) result = this.moveParts(start, oldSize, newSize, target);
    if (result < 0) {
      this.fillHole(target, newSize);
      return result;
    }
    const entry = this.table[first];
    if (oldSize !== 0 && (flags & MREMAP.dontUnmap) === 0) this.release(start, start + oldSize);
    else this.noteCodeChange(start, start + oldSize);
    const replaced = this.runs.countMapped(target / PAGE_SIZE, (target + newSize) / PAGE_SIZE);
    this.setEntries(target, target + newSize, entry, replaced);
    return target;
  }

  private hostMove(start: number, oldSize: number, newSize: number, target: number, flags = 0): number {
    const [from, to] = [start, target].map((address) => this.host.guestPointer(address));
    return this.host.syscall('mremap', from, oldSize, newSize, MREMAP.mayMove | MREMAP.fixed | flags, to) as number;
  }

  /**
   * Moves what is one mapping to the guest, of no file, and several to the host's kernel: what has grown in place is not
   * merged if the rest has been given huge pages, or is a forked child's.
   */
  private moveParts(start: number, oldSize: number, newSize: number, target: number): number {
    const movePart = (offset: number, size: number): number => {
      const result = this.hostMove(start + offset, size, size, target + offset);
      if (result !== EFAULT || size === PAGE_SIZE) return result;
      const half = pageDown(size / 2);
      const first = movePart(offset, half);
      return first < 0 ? first : movePart(offset + half, size - half);
    };
    const moved = movePart(0, Math.min(oldSize, newSize));
    if (moved < 0 || newSize <= oldSize) return moved;
    const prot = this.table[start / PAGE_SIZE] & PROT_MASK;
    return this.hostMap(target + oldSize, newSize - oldSize, prot, HOST_ANONYMOUS, -1, 0);
  }

  /** madvise(2): what the advice means for memory is the host's business. */
  madvise(address: Int, length: Int, advice: number): number {
    const start = unsigned(address);
    const size = pagesLength(length);
    if (!aligned(start) || (size === 0 && unsigned(length) !== 0) || (size > 0 && start + size >= 2 ** 64))
      return EINVAL;
    if (advice === 100 || advice === 101) return EPERM; // MADV_HWPOISON, MADV_SOFT_OFFLINE
    const end = Math.min(start + size, this.end);
    if (size === 0 || start >= end || this.isFree(start, end - start)) {
      const known = this.isAllowed('madvise', advice);
      return known < 0 || size === 0 ? known : ENOMEM;
    }
    if (DISCARDING_ADVICE.includes(advice)) this.noteCodeChange(start, end);
    let result = 0;
    let hole = start + size > end;
    for (let page = start / PAGE_SIZE; page < end / PAGE_SIZE; ) {
      const from = this.runs.nextMapped(page, end / PAGE_SIZE);
      hole ||= from !== page;
      if (from >= end / PAGE_SIZE) break;
      page = this.runs.nextFree(from, end / PAGE_SIZE);
      const pointer = this.host.guestPointer(from * PAGE_SIZE);
      result = this.host.syscall('madvise', pointer, (page - from) * PAGE_SIZE, advice) as number;
      if (result < 0) return result;
    }
    return hole ? ENOMEM : result;
  }

  /** msync(2). */
  msync(address: Int, length: Int, flags: number): number {
    const start = unsigned(address);
    const size = pagesLength(length);
    if (!aligned(start)) return EINVAL;
    return this.onMapped('msync', start, size, flags);
  }

  /** mincore(2). */
  mincore(address: Int, length: Int, vec: Int): number {
    const start = unsigned(address);
    if (!aligned(start)) return EINVAL;
    const pointer = this.host.guestPointer(unsigned(vec));
    return this.areMapped(start, pageUp(unsigned(length))) ? this.onRange('mincore', start, length, pointer) : ENOMEM;
  }

  /** mlock2(2). */
  mlock(address: Int, length: Int, flags = 0): number {
    return this.setLocked('mlock2', unsigned(address), length, flags);
  }

  /** munlock(2). */
  munlock(address: Int, length: Int): number {
    return this.setLocked('munlock', unsigned(address), length, 0);
  }

  private setLocked(name: string, address: number, length: Int, flags: number): number {
    const start = pageDown(address);
    // In two parts, since the sum may have more bits than a number holds.
    const bytes = unsigned(length);
    const sum = pageDown(bytes) + pageUp((bytes % PAGE_SIZE) + (address - start));
    const size = sum < 2 ** 64 ? sum : 0;
    // The host says of so much whether it is too much to be locked, before anything else.
    if (size >= 2 ** 63) return this.onRange(name, PAGE_SIZE, BigInt(size), flags);
    return size > 0 && start + size >= 2 ** 64 ? EINVAL : this.onMapped(name, start, size, flags);
  }

  /** Makes a host call for a range of whole pages; -ENOMEM when not all of it is the guest's. */
  private onMapped(name: string, start: number, size: number, last: number): number {
    if (size > 0 && this.areMapped(start, size)) return this.onRange(name, start, size, last);
    const allowed = this.isAllowed(name, last);
    return allowed < 0 || size === 0 ? allowed : ENOMEM;
  }

  private onRange(name: string, start: number, size: Int, last: Int): number {
    return this.host.syscall(name, this.host.guestPointer(start), size, last) as number;
  }

  private areMapped(start: number, size: number): boolean {
    const end = start + size;
    return end <= this.end && this.runs.nextFree(start / PAGE_SIZE, end / PAGE_SIZE) * PAGE_SIZE >= end;
  }

  /** Whether the host takes a call's last argument, which it says for a length of 0, too: 0, or a negative errno. */
  private isAllowed(name: string, last: number): number {
    return this.host.syscall(name, this.host.stagingPointer(0), 0, last) as number;
  }

  /** Where brk starts (after the program's bss). */
  initBrk(start: number): void {
    this.brkStart = this.brkEnd = pageUp(start);
  }

  /** brk(2): the new break, or the old one if it cannot be changed. */
  brk(address: Int): number {
    return this.locked(() => this.doBrk(address));
  }

  private doBrk(address: Int): number {
    const wanted = unsigned(address);
    if (wanted < this.brkStart || wanted > this.end) return this.brkEnd;
    const oldEnd = pageUp(this.brkEnd);
    const newEnd = pageUp(wanted);
    if (newEnd < oldEnd) {
      if (this.release(newEnd, oldEnd) < 0) return this.brkEnd;
    } else if (newEnd > oldEnd) {
      const growth = newEnd - oldEnd;
      const pages = growth / PAGE_SIZE;
      if (!this.isFree(oldEnd, growth) || !this.withinLimits(pages, pages)) return this.brkEnd;
      const prot = PROT.read | PROT.write;
      if (this.hostMap(oldEnd, growth, prot, HOST_ANONYMOUS, -1, 0) < 0) return this.brkEnd;
      this.setEntries(oldEnd, newEnd, prot | PageFlag.mapped | PageFlag.anonymous, 0);
      this.askForHugePages(oldEnd, growth);
    }
    this.brkEnd = wanted;
    return wanted;
  }

  /** Names a range for /proc/self/maps. */
  setName(start: number, end: number, name: string): void {
    this.names.set(start, end, name);
  }

  /** Everything mapped, in order, equal neighbours merged. */
  ranges(): MappedRange[] {
    const names = this.names.with(this.brkStart, pageUp(this.brkEnd), '[heap]');
    return mappedRanges(this.host.mappings(), this.table, this.runs, names);
  }

  /** Unmaps everything (execve). */
  reset(): void {
    this.locked(() => this.doReset());
  }

  private doReset(): void {
    this.hostMap(0, this.host.windowSize, 0, HOST_RESERVE, -1, 0);
    this.mayGrow = false;
    this.onReset();
    const pages = this.table.length;
    for (let page = this.runs.nextMapped(0, pages); page < pages; ) {
      const end = this.runs.nextFree(page, pages);
      this.table.fill(0, page, end);
      page = this.runs.nextMapped(end, pages);
    }
    this.runs.noteEmpty();
    this.codePages.clear();
    this.sharedCode[0] = 0;
    this.names.clear(0, this.end);
    this.searchTop = this.mmapTop / PAGE_SIZE;
    this.mappedPages = this.brkStart = this.brkEnd = 0;
  }

  /**
   * The translator decodes the page at `address`: write-protects it if the guest could write to it. False if it is left
   * open, because it changes often: then {@link codeChanged} tells of changes.
   */
  protectCode(address: number): boolean {
    return this.locked(() => this.doProtectCode(address));
  }

  private doProtectCode(address: number): boolean {
    return this.codePages.protect(Math.floor(address / PAGE_SIZE));
  }

  /** Pages that this thread has left open. */
  get openCode(): Iterable<number> {
    return this.codePages.leftOpen;
  }

  /** The guest says, as its architecture asks for, that code in [start, end) has changed. Often that is known already. */
  codeChanged(start: number, end: number): void {
    if (this.hasSharedCode) this.onCodeChange(0, this.end);
    else if (this.codePages.anyLeftOpen) this.noteCodeChange(start, Math.min(end, this.end));
  }

  /**
   * A store faulted at `address`: if it hit a page protected by protectCode, makes it writable and drops the code.
   * True if the store may succeed now, also because another thread has done that.
   */
  unprotectCode(address: number): boolean {
    return this.locked(() => this.doUnprotectCode(address));
  }

  private doUnprotectCode(address: number): boolean {
    return this.codePages.unprotect(Math.floor(address / PAGE_SIZE));
  }

  /**
   * Whether code can change without a store of the guest's to its page: through another mapping of the same file. Then
   * only what the architecture asks for (fence.i, ic ivau) tells of the change.
   */
  get hasSharedCode(): boolean {
    return this.sharedCode[0] !== 0;
  }

  /** Whether anything is to be done by unprotectAllCode, or by growStack for `address`. */
  mayRepair(address: number): boolean {
    return this.codePages.mayUnprotect || this.table[Math.floor(address / PAGE_SIZE)] === 0;
  }

  /** Makes all protected code pages writable again, dropping their code; true as of {@link unprotectCode}. */
  override unprotectAllCode(): boolean {
    return this.locked(() => this.doUnprotectAllCode());
  }

  private doUnprotectAllCode(): boolean {
    return this.codePages.unprotectRange(0, this.table.length);
  }

  /**
   * A fault at `address`, to be asked before a signal is raised: grows the stack when it lies in the gap below a
   * grow-down mapping; true if the access should be tried again.
   */
  override growStack(address: number): boolean {
    const page = Math.floor(address / PAGE_SIZE);
    if (!(page >= LOWEST / PAGE_SIZE && page < this.table.length) || this.table[page] !== 0) return false;
    return this.locked(() => this.doGrowStack(address));
  }

  private doGrowStack(address: number): boolean {
    const page = Math.floor(address / PAGE_SIZE);
    if (!(page >= LOWEST / PAGE_SIZE && page < this.table.length) || this.table[page] !== 0) return false;
    const limit = this.limit(RLIMIT.stack);
    const reach = Math.min(this.table.length, page + Math.ceil(Math.min(limit, this.end) / PAGE_SIZE));
    const base = this.runs.nextMapped(page, reach);
    const entry = this.table[base] & ~PageFlag.code;
    if (base >= reach || (entry & PageFlag.stack) === 0) return false;
    let top = base;
    while (top < this.table.length && (this.table[top] & PageFlag.stack) !== 0) top++;
    const growth = base - page;
    if ((top - page) * PAGE_SIZE > limit || !this.withinLimits(growth, 0)) return false;
    const gap = Math.max(page - STACK_GAP / PAGE_SIZE, 0);
    if (this.runs.nextMapped(gap, page) < page) return false;
    const start = page * PAGE_SIZE;
    if (this.hostMap(start, growth * PAGE_SIZE, entry & PROT_MASK, HOST_ANONYMOUS, -1, 0) < 0) return false;
    this.setEntries(start, base * PAGE_SIZE, entry, 0);
    return true;
  }

  private hostMap(start: number, size: number, prot: number, flags: number, fd: number, offset: number): number {
    // Address 0 of the window is no null pointer.
    const pointer = start === 0 ? this.host.guestPointer(PAGE_SIZE) - PAGE_SIZE : this.host.guestPointer(start);
    const result = this.host.syscall('mmap', pointer, size, hostProt(prot), flags, fd, offset) as number;
    return result < 0 ? result : start;
  }

  private hostProtect(start: number, end: number, prot: number): number {
    return this.host.syscall('mprotect', this.host.guestPointer(start), end - start, hostProt(prot)) as number;
  }

  /** Sets the entries of [start, end), of which `replaced` pages were mapped before. */
  private setEntries(start: number, end: number, entry: number, replaced: number): void {
    if (replaced > 0) {
      this.noteCodeChange(start, end);
      this.codePages.forget(start / PAGE_SIZE, end / PAGE_SIZE);
      this.names.clear(start, end);
    }
    const first = start / PAGE_SIZE;
    const last = end / PAGE_SIZE;
    this.table.fill(entry, first, last);
    if ((entry & SHARED_CODE) === SHARED_CODE) this.sharedCode[0] = 1;
    if (entry !== 0) this.runs.noteMapped(first, last);
    this.mappedPages -= replaced;
    if (entry !== 0) this.mappedPages += last - first;
    else if (last > this.searchTop) this.searchTop = Math.min(last, this.mmapTop / PAGE_SIZE);
  }

  private noteCodeChange(start: number, end: number): void {
    const [first, last] = [Math.floor(start / PAGE_SIZE), Math.ceil(end / PAGE_SIZE)];
    if (this.runs.any(first, last, PageFlag.exec | PageFlag.code)) this.onCodeChange(start, end);
  }

  private limit(resource: number): number {
    const limit = this.limits.get(resource);
    return limit === undefined ? Number.POSITIVE_INFINITY : unsigned(limit.soft);
  }

  /** Whether RLIMIT_AS and RLIMIT_DATA allow so many more pages (of private writable data). */
  private withinLimits(pages: number, dataPages: number): boolean {
    const total = this.limit(RLIMIT.as);
    if (total < 2 ** 63 && (this.mappedPages + pages) * PAGE_SIZE > total) return false;
    const data = this.limit(RLIMIT.data);
    if (data >= 2 ** 63 || dataPages === 0) return true;
    const used = this.runs.count(0, this.table.length, DATA_BITS, PageFlag.write);
    return (used + dataPages) * PAGE_SIZE <= data;
  }
}
