/** The guest's view of its mappings, for /proc/self/maps: the host's list joined with the page table and our names. */
import type { HostMapping } from '../host/host.ts';
import { PAGE_SIZE } from '../host/layout.ts';
import type { PageRuns } from './page-runs.ts';
import { PageFlag } from './page-table.ts';

export interface MappedRange {
  start: number;
  end: number;
  /** PageFlag bits. */
  flags: number;
  offset: number;
  device: string;
  inode: number;
  /** File path, `[heap]`, `[stack]`, `[vdso]`, or ''. */
  name: string;
}

interface NamedRange {
  start: number;
  end: number;
  name: string;
}

/** Names given to parts of the address space. Few, so a list does. */
export class MappingNames {
  private ranges: NamedRange[] = [];

  set(start: number, end: number, name: string): void {
    this.clear(start, end);
    if (name !== '') this.ranges.push({ start, end, name });
  }

  clear(start: number, end: number): void {
    if (this.ranges.length === 0) return;
    this.ranges = this.ranges.flatMap((range) => {
      if (range.end <= start || range.start >= end) return [range];
      const parts: NamedRange[] = [];
      if (range.start < start) parts.push({ ...range, end: start });
      if (range.end > end) parts.push({ ...range, start: end });
      return parts;
    });
  }

  /** A copy with one more name. */
  with(start: number, end: number, name: string): MappingNames {
    const copy = new MappingNames();
    copy.ranges = this.ranges;
    if (end > start) copy.set(start, end, name);
    return copy;
  }

  /** Name at `address`, and where that changes at the latest. */
  at(address: number): { name: string; end: number } {
    let end = Number.POSITIVE_INFINITY;
    for (const range of this.ranges) {
      if (address >= range.start && address < range.end) return { name: range.name, end: range.end };
      if (range.start > address) end = Math.min(end, range.start);
    }
    return { name: '', end };
  }
}

/** What stands for the host's list where there is none. */
const UNKNOWN = { start: 0, offset: 0, device: '00:00', inode: 0, path: '' };

/** Guest mappings in order, equal neighbours merged. `host` covers the whole window, or is empty. */
export function mappedRanges(
  host: HostMapping[],
  table: Uint8Array,
  runs: PageRuns,
  names: MappingNames,
): MappedRange[] {
  const ranges: MappedRange[] = [];
  const all = [{ ...UNKNOWN, end: table.length * PAGE_SIZE }];
  for (const mapping of host.length > 0 ? host : all) {
    const end = Math.min(mapping.end / PAGE_SIZE, table.length);
    for (let page = mapping.start / PAGE_SIZE; ; ) {
      page = runs.nextMapped(page, end);
      if (page >= end) break;
      const start = page * PAGE_SIZE;
      const name = names.at(start);
      page = runs.runEnd(page, Math.min(end, name.end / PAGE_SIZE), ~PageFlag.code);
      append(ranges, {
        start,
        end: page * PAGE_SIZE,
        flags: table[start / PAGE_SIZE] & ~PageFlag.code,
        offset: mapping.inode === 0 ? 0 : mapping.offset + start - mapping.start,
        device: mapping.device,
        inode: mapping.inode,
        name: mapping.path || name.name,
      });
    }
  }
  return ranges;
}

/** Adds a range, or extends the last one with it: write-protecting code pages splits mappings only for the host. */
function append(ranges: MappedRange[], next: MappedRange): void {
  const last = ranges.at(-1);
  if (
    last !== undefined &&
    last.end === next.start &&
    last.flags === next.flags &&
    last.inode === next.inode &&
    last.device === next.device &&
    last.name === next.name &&
    (next.inode === 0 || last.offset + last.end - last.start === next.offset)
  ) {
    last.end = next.end;
  } else {
    ranges.push(next);
  }
}
