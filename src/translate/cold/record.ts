/**
 * The decoded instruction of the cold tier: 16 bytes for every 2 bytes of guest
 * code, so that the record of an address is found by arithmetic.
 *
 *     u16 @0   operation: 0 not yet decoded, then PAGE_END, ILLEGAL, REGION, then the rows
 *     u16 @2 @4 @6 @12 @14   register operands: offset of the register's cell in the thread memory;
 *              also small unsigned operands
 *     i32 @8   the widest other operand, sign- or zero-extended as its encoding says; without one, or with many small
 *              ones, two more of the others
 */
import type { OperandInfo, Row } from '../../cpu/row.ts';
import { COUNTERS, DECODED, PAGE_SIZE } from '../../host/layout.ts';

export const RECORD_SIZE = 16;
/** Distance of records = distance of code << 3. */
export const RECORD_SHIFT = 3;

/** Bytes of the records of one guest page. */
export const PAGE_RECORDS = PAGE_SIZE << RECORD_SHIFT;
/** A decoded page: its records, and two PAGE_END records since the last instruction may be four bytes long. */
export const DECODED_PAGE_SIZE = PAGE_RECORDS + 2 * RECORD_SIZE;

export const NOT_DECODED = 0;
/** In the two records behind a page's last: execution ran off the page. */
export const PAGE_END = 1;
export const ILLEGAL = 2;
/** A compiled region starts here; the wide slot has its index in the table of regions. */
export const REGION = 3;
export const FIRST_ROW = 4;

const WIDE_SLOT = 8;
const HALF_SLOTS = [2, 4, 6, 12, 14];

export interface Slot {
  offset: number;
  wide: boolean;
}

/** Where each operand of a row lies in its record. `isRegister` tells register operands by their kind. */
export function recordLayout(row: Row<never>, isRegister: (info: OperandInfo) => boolean): Map<string, Slot> {
  const layout = new Map<string, Slot>();
  const free = [...HALF_SLOTS];
  const integers = row.operands
    .filter((o) => !isRegister(o))
    .sort((a, b) => Number(b.signed) - Number(a.signed) || b.width - a.width);
  const registers = row.operands.filter(isRegister);
  // Of small integers none needs the wide slot, if its halves are needed.
  const fitsHalf = (info: OperandInfo): boolean => !info.signed && info.width <= 16;
  const isMany = registers.length > HALF_SLOTS.length || row.operands.length > HALF_SLOTS.length + 1;
  const isCrowded = isMany && integers.every(fitsHalf);
  const wide = isCrowded ? undefined : integers.shift();
  if (wide) layout.set(wide.name, { offset: WIDE_SLOT, wide: true });
  else free.push(WIDE_SLOT, WIDE_SLOT + 2);
  for (const info of [...registers, ...integers]) {
    const offset = free.shift();
    if (offset === undefined || !(isRegister(info) || fitsHalf(info)))
      throw new Error(`${row.name}: operand ${info.name} does not fit a record`);
    layout.set(info.name, { offset, wide: false });
  }
  return layout;
}

/** Address of the record of an instruction, 0 if its page is not decoded. `words` is the thread memory. */
export function recordOf(words: Int32Array, pc: number): number {
  const records = words[(DECODED.table >> 2) + Math.floor(pc / PAGE_SIZE)];
  return records === 0 ? 0 : records + ((pc % PAGE_SIZE) << RECORD_SHIFT);
}

/** Address of the counter, a u16, of the jumps to the instruction with a record; others may have the same. */
export function counterOf(record: number): number {
  return COUNTERS.start + ((record >>> 3) & (2 * COUNTERS.count - 2));
}
