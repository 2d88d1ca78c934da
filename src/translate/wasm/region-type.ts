import { I32, I64, type ValType } from './encoder.ts';

/**
 * A region's function takes the depth of region calls (in words of stack they may need) and the address that it is
 * entered at, and returns the address to go on at; with LEAVING flipped if TRANSLATOR.exit says that JavaScript must see
 * to something first, so that a caller need only compare it with the return address.
 */
export const LEAVING = 1n << 63n;
export const REGION_PARAMETERS: readonly ValType[] = [I32, I64];

/**
 * Entries of the table of regions at first, and how many it may have: half a MiB and two, in each thread. Entry 0 is always
 * missing.
 */
export const REGION_TABLE_LEAST = 0x4000;
export const REGION_TABLE_MOST = 0x10000;
