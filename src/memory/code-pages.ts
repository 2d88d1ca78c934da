/**
 * Pages whose code has been decoded although the guest may write to them (a
 * JIT's). The host page is read-only until something writes: translated code
 * traps, system calls get EFAULT, and both then ask for the page to be opened,
 * which drops what was decoded.
 *
 * That takes two system calls and stops all threads, and a JIT writes to its
 * pages all the time. So what has been protected often is left open after a
 * while. Then the guest has to say when code changes, as its architecture
 * demands of it anyway (fence.i, ic ivau).
 */
import type { Host } from '../host/host.ts';
import { PAGE_SIZE, PROCESS } from '../host/layout.ts';
import { PROT } from './constants.ts';
import type { PageRuns } from './page-runs.ts';
import { PageFlag } from './page-table.ts';

/**
 * How often an access is made again that fails although pages have been opened for it: another thread that runs code on
 * the page may have protected it again before.
 */
export const OPENING_ATTEMPTS = 1000;

/** How often a thread protects a page before it leaves it open. */
const PROTECTIONS = 16;

export class CodePages {
  private readonly host: Host;
  private readonly table: Uint8Array;
  private readonly runs: PageRuns;
  private readonly onChange: (start: number, end: number) => void;
  /** Two cells of the process memory: how many pages have PageFlag.code, and how many have ever been opened. */
  private readonly count: Int32Array;
  private readonly openings: Int32Array;
  /** `openings` when this thread last looked. */
  private seen: number;
  /** A cell of the process memory: not 0 if a page has been left open. */
  private readonly anyLeft: Int32Array;
  /** How often this thread has protected pages, by their number, and those that it leaves open. */
  private readonly protections = new Map<number, number>();
  private readonly left = new Set<number>();

  constructor(host: Host, table: Uint8Array, runs: PageRuns, onChange: (start: number, end: number) => void) {
    this.host = host;
    this.table = table;
    this.runs = runs;
    this.onChange = onChange;
    this.count = new Int32Array(host.processMemory.buffer, PROCESS.codePages, 1);
    this.openings = new Int32Array(host.processMemory.buffer, PROCESS.codeOpenings, 1);
    this.seen = this.openings[0];
    this.anyLeft = new Int32Array(host.processMemory.buffer, PROCESS.openCode, 1);
  }

  /** Write-protects a page if the guest may write to it. False if it is left open, whatever is known of its code. */
  protect(page: number): boolean {
    const entry = this.table[page];
    if ((entry & (PageFlag.write | PageFlag.code)) !== PageFlag.write) return true;
    if (this.left.has(page)) return false;
    const protections = (this.protections.get(page) ?? 0) + 1;
    if (protections > PROTECTIONS) {
      this.protections.delete(page);
      this.left.add(page);
      this.anyLeft[0] = 1;
      return false;
    }
    this.protections.set(page, protections);
    this.count[0]++;
    this.table[page] = entry | PageFlag.code;
    this.hostProtect(page, PROT.read);
    return true;
  }

  /** Pages with code that this thread leaves open; and whether any thread does. */
  get leftOpen(): Iterable<number> {
    return this.left;
  }
  get anyLeftOpen(): boolean {
    return this.anyLeft[0] !== 0;
  }

  /** Opens a page for writing; whether what failed because a page was protected may succeed now. */
  unprotect(page: number): boolean {
    return this.open(page) || this.openedMeanwhile();
  }

  /** Opens the pages from `first` up to `end`; whether what failed because a page was protected may succeed now. */
  unprotectRange(first: number, end: number): boolean {
    let any = false;
    for (let page = first; this.count[0] > 0; page++) {
      page = this.runs.nextMapped(page, end);
      if (page >= end) break;
      any = this.open(page) || any;
    }
    return any || this.openedMeanwhile();
  }

  /**
   * Whether {@link unprotectRange} of everything would say so. It is asked without the lock: so a page is counted before
   * it is protected, and until its opening is.
   */
  get mayUnprotect(): boolean {
    return this.count[0] > 0 || this.seen !== this.openings[0];
  }

  private open(page: number): boolean {
    if (!(page >= 0 && page < this.table.length) || (this.table[page] & PageFlag.code) === 0) return false;
    this.table[page] &= ~PageFlag.code;
    // All threads are told first, or one might run what it knows of the page after it has learned that another has written.
    this.onChange(page * PAGE_SIZE, (page + 1) * PAGE_SIZE);
    this.hostProtect(page, PROT.read | PROT.write);
    this.seen = ++this.openings[0];
    this.count[0]--;
    return true;
  }

  /**
   * Whether another thread has opened a page since this one last looked: it may be the page that this thread's access has
   * failed on before. Only that, so what fails for another reason fails again and is told to the guest.
   */
  private openedMeanwhile(): boolean {
    const before = this.seen;
    this.seen = this.openings[0];
    return this.seen !== before;
  }

  /** Pages from `first` up to `end` are about to lose their flags. */
  forget(first: number, end: number): void {
    if (this.count[0] === 0) return;
    for (let page = this.runs.nextMapped(first, end); page < end; page++) {
      if ((this.table[page] & PageFlag.code) !== 0) this.count[0]--;
    }
  }

  /** Forgets all pages: they are no longer mapped. */
  clear(): void {
    this.count[0] = 0;
    this.anyLeft[0] = 0;
    this.protections.clear();
    this.left.clear();
  }

  private hostProtect(page: number, prot: number): void {
    this.host.syscall('mprotect', this.host.guestPointer(page * PAGE_SIZE), PAGE_SIZE, prot);
  }
}
