/** Arguments of the mmap family: addresses, sizes and protection as numbers that src/memory can work with. */
import type { Int } from '../host/host.ts';
import { PAGE_SIZE } from '../host/layout.ts';
import { PROT } from './constants.ts';
import { PageFlag, PROT_MASK } from './page-table.ts';

export const pageUp = (value: number): number => Math.ceil(value / PAGE_SIZE) * PAGE_SIZE;
export const pageDown = (value: number): number => Math.floor(value / PAGE_SIZE) * PAGE_SIZE;
export const aligned = (value: number): boolean => value % PAGE_SIZE === 0;

/** Protection for the host: never executable, and readable when anything is allowed (execute-only code is decoded). */
export function hostProt(prot: number): number {
  if ((prot & PROT_MASK) === 0) return 0;
  return PROT.read | (prot & PROT.write);
}

/** The bits of a page table entry. */
export function tableProt(prot: number): number {
  return (prot & PROT_MASK) | ((prot & PROT.write) === 0 ? 0 : PageFlag.read);
}

/** An unsigned 64-bit argument; beyond 2^53 only its magnitude counts, since nothing can be mapped there. */
export function unsigned(value: Int): number {
  if (typeof value === 'bigint') return Number(BigInt.asUintN(64, value));
  return value < 0 ? value + 2 ** 64 : value;
}

/** A length in whole pages, as the kernel rounds it: what does not fit into 64 bits becomes 0. */
export function pagesLength(value: Int): number {
  const length = pageUp(unsigned(value));
  return length < 2 ** 64 ? length : 0;
}
