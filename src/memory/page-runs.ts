/**
 * Searches in the page table: runs of free pages, runs of equal pages.
 * Positions are page numbers; `end` is one past the last.
 *
 * The table has an entry for each of four million pages, most of them 0, so
 * the loops look at four entries at a time where they can, and the search for
 * mapped pages passes over chunks of the table that were never used.
 */
import { PROCESS } from '../host/layout.ts';

const CHUNK = PROCESS.chunkPages;

export class PageRuns {
  private readonly table: Uint8Array;
  private readonly words: Int32Array;
  /** One byte a chunk: 0 if no page in it is mapped. */
  private readonly chunks: Uint8Array;

  /** `table` starts at a multiple of four bytes. Without `chunks` any page may be mapped. */
  constructor(table: Uint8Array, chunks: Uint8Array = new Uint8Array(Math.ceil(table.length / CHUNK)).fill(1)) {
    this.table = table;
    this.chunks = chunks;
    this.words = new Int32Array(table.buffer, table.byteOffset, table.length >> 2);
  }

  /** First page in [start, end) that is mapped, or `end`. */
  nextMapped(start: number, end: number): number {
    let page = start;
    while (page < end && (page & 3) !== 0) {
      if (this.table[page] !== 0) return page;
      page++;
    }
    while (page + 4 <= end && this.words[page >> 2] === 0) {
      page += 4;
      if (page % CHUNK === 0) page = this.nextChunk(page, end);
    }
    while (page < end && this.table[page] === 0) page++;
    return Math.min(page, end);
  }

  /** Start of the next chunk, from `page` on, of which any page may be mapped, or `end`. */
  private nextChunk(page: number, end: number): number {
    const chunk = this.chunks.indexOf(1, page / CHUNK);
    return chunk < 0 ? end : Math.min(chunk * CHUNK, end);
  }

  /** Notes that pages in [start, end) are mapped. */
  noteMapped(start: number, end: number): void {
    this.chunks.fill(1, Math.floor(start / CHUNK), Math.ceil(end / CHUNK));
  }

  /** Notes that no page at all is mapped. */
  noteEmpty(): void {
    this.chunks.fill(0);
  }

  /** First page in [start, end) that is not mapped, or `end`. */
  nextFree(start: number, end: number): number {
    const at = this.table.subarray(start, end).indexOf(0);
    return at < 0 ? end : start + at;
  }

  /** End of the run of entries that equal the one at `start` in the bits of `mask`. */
  runEnd(start: number, end: number, mask: number): number {
    const value = this.table[start] & mask;
    let page = start + 1;
    while (page < end && (this.table[page] & mask) === value) page++;
    return page;
  }

  /** Number of mapped pages in [start, end). */
  countMapped(start: number, end: number): number {
    let count = 0;
    for (let page = this.nextMapped(start, end); page < end; page++) if (this.table[page] !== 0) count++;
    return count;
  }

  /** Number of pages in [start, end) whose entry has `bits` in the positions of `mask`. */
  count(start: number, end: number, mask: number, bits: number): number {
    let count = 0;
    for (let page = this.nextMapped(start, end); page < end; page++) if ((this.table[page] & mask) === bits) count++;
    return count;
  }

  /** Whether any entry in [start, end) has one of `bits`. */
  any(start: number, end: number, bits: number): boolean {
    let page = start;
    for (; page < end && (page & 3) !== 0; page++) if ((this.table[page] & bits) !== 0) return true;
    const wordBits = bits * 0x01010101;
    for (; page + 4 <= end; page += 4) if ((this.words[page >> 2] & wordBits) !== 0) return true;
    for (; page < end; page++) if ((this.table[page] & bits) !== 0) return true;
    return false;
  }

  /** One past the highest free page in [low, high), or `low`. */
  highestFree(low: number, high: number): number {
    let page = high;
    while (page > low && (page & 3) !== 0) {
      if (this.table[page - 1] === 0) return page;
      page--;
    }
    // A word without a zero byte: the classic carry trick.
    for (; page - 4 >= low; page -= 4) {
      const word = this.words[(page >> 2) - 1];
      if (((word - 0x01010101) & ~word & 0x80808080) !== 0) break;
    }
    while (page > low && this.table[page - 1] !== 0) page--;
    return page;
  }

  /** First page of the highest run of `count` free pages that ends at or below `high` and starts at or above `low`; -1. */
  findFree(count: number, low: number, high: number): number {
    let top = this.highestFree(low, high);
    while (top - count >= low) {
      const blocked = this.lastMapped(top - count, top);
      if (blocked < 0) return top - count;
      top = this.highestFree(low, blocked);
    }
    return -1;
  }

  /** Last mapped page in [start, end), or -1. */
  private lastMapped(start: number, end: number): number {
    let page = end;
    while (page > start && (page & 3) !== 0) {
      if (this.table[page - 1] !== 0) return page - 1;
      page--;
    }
    while (page - 4 >= start && this.words[(page >> 2) - 1] === 0) page -= 4;
    while (page > start && this.table[page - 1] === 0) page--;
    return page > start ? page - 1 : -1;
  }
}
