/**
 * What there is to be known of a compiled region beside its code, and the same
 * as numbers, for files and for other threads:
 *
 *     size, counts of entries, of ranges and of sites' numbers, then these (a range as start and end), then the slots
 */
import type { Sites } from './flow.ts';
import type { Region } from './graph.ts';

export interface Description extends Pick<Region, 'ranges' | 'size' | 'entries'> {
  sites: Sites;
  /** Addresses and slots that the module uses, in pairs. */
  slots: Float64Array;
}

const COUNTS = 4;

export function encode({
  size,
  entries,
  ranges,
  sites,
  slots,
}: Omit<Description, 'slots'> & { slots: Iterable<number> }): number[] {
  const flat = ranges.flatMap(({ start, end }) => [start, end]);
  return [size, entries.length, ranges.length, sites.length, ...entries, ...flat, ...sites, ...slots];
}

export function decode(numbers: Float64Array): Description {
  const [size, entryCount, rangeCount, siteCount] = numbers;
  const rangesStart = COUNTS + entryCount;
  const sitesStart = rangesStart + 2 * rangeCount;
  const ranges: Description['ranges'] = [];
  for (let i = rangesStart; i < sitesStart; i += 2) ranges.push({ start: numbers[i], end: numbers[i + 1] });
  return {
    size,
    entries: [...entriesOf(numbers)],
    ranges,
    sites: numbers.subarray(sitesStart, sitesStart + siteCount),
    slots: slotsOf(numbers),
  };
}

/** Of the numbers only the entries. */
export function entriesOf(numbers: Float64Array): Float64Array {
  return numbers.subarray(COUNTS, COUNTS + numbers[1]);
}

/** Of the numbers only the slots. */
export function slotsOf(numbers: Float64Array): Float64Array {
  const [, entryCount, rangeCount, siteCount] = numbers;
  return numbers.subarray(COUNTS + entryCount + 2 * rangeCount + siteCount);
}

/** The numbers of the same region where its function lies so many bytes further behind in its module. */
export function shifted(numbers: Float64Array, distance: number): Float64Array {
  const [, entryCount, rangeCount, siteCount] = numbers;
  const start = COUNTS + entryCount + 2 * rangeCount;
  const moved = numbers.slice();
  for (let i = start; i < start + siteCount; i += 2) moved[i] += distance;
  return moved;
}
