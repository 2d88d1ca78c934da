/**
 * Pages whose code has been decoded although the guest may write to them (a
 * JIT's). The host page is read-only until something writes: translated code
 * traps, system calls get EFAULT, and both then ask for the page to be opened,
 * which drops what was decoded.
 */
import type { Host } from '../host/host.ts';
import { PAGE_SIZE } from '../host/layout.ts';
import { PROT } from './constants.ts';
import { PageFlag } from './page-table.ts';

export class CodePages {
  private readonly host: Host;
  private readonly table: Uint8Array;
  private readonly onChange: (start: number, end: number) => void;
  /** Page numbers that have PageFlag.code; also some that have lost it since. */
  private readonly pages = new Set<number>();

  constructor(host: Host, table: Uint8Array, onChange: (start: number, end: number) => void) {
    this.host = host;
    this.table = table;
    this.onChange = onChange;
  }

  /** Write-protects a page if the guest may write to it. */
  protect(page: number): void {
    const entry = this.table[page];
    if ((entry & (PageFlag.write | PageFlag.code)) !== PageFlag.write) return;
    this.hostProtect(page, PROT.read);
    this.table[page] = entry | PageFlag.code;
    this.pages.add(page);
  }

  /** Opens a page for writing; false if it was not protected here. */
  unprotect(page: number): boolean {
    if (!(page >= 0 && page < this.table.length) || (this.table[page] & PageFlag.code) === 0) return false;
    this.pages.delete(page);
    this.table[page] &= ~PageFlag.code;
    this.hostProtect(page, PROT.read | PROT.write);
    this.onChange(page * PAGE_SIZE, (page + 1) * PAGE_SIZE);
    return true;
  }

  /** Opens the pages from `first` up to `end`; true if there were any. */
  unprotectRange(first: number, end: number): boolean {
    let any = false;
    for (const page of this.pages) {
      if (page < first || page >= end) continue;
      this.pages.delete(page);
      any = this.unprotect(page) || any;
    }
    return any;
  }

  /** Forgets all pages: they are no longer mapped. */
  clear(): void {
    this.pages.clear();
  }

  private hostProtect(page: number, prot: number): void {
    this.host.syscall('mprotect', this.host.guestPointer(page * PAGE_SIZE), PAGE_SIZE, prot);
  }
}
