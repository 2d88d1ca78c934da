import { I32, I64, type ValType } from './encoder.ts';

/** A region's function takes the depth of region calls and its own address, and returns the address to go on at. */
export const REGION_PARAMETERS: readonly ValType[] = [I32, I64];
