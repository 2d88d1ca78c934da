/**
 * Where the state of a test case for aarch64 lies: a record of RECORD bytes,
 * which the test program loads, and stores again after the instruction.
 *
 *     0     x0–x30, sp
 *     256   v0–v31, 16 bytes each
 *     768   NZCV, FPCR, FPSR, 8 bytes each
 *     792   address of the case's code; where a signal was raised
 *     800   address of the routine that loads the state
 *     808   the signal that the instruction raised, or 0, and its si_addr
 *     832   memory for the instruction to work on
 */
export const RECORD = 1536;
export const X = 0;
export const SP = 248;
export const VECTORS = 256;
export const NZCV = 768;
export const FPCR = 776;
export const FPSR = 784;
export const PC = 792;
export const PROLOGUE = 800;
export const SIGNAL = 808;
export const FAULT_ADDRESS = 816;
export const MEMORY = 832;
/** Addresses of the first record and of the first case's code in the test program. */
export const RECORDS_BASE = 0x40_1000;
export const CODE_BASE = 0x10_4000;
/** Bytes of code for a case: up to 4 words before; the word; a jump; where a taken branch lands; a jump. */
export const CODE_SIZE = 32;
export const WORDS_BEFORE = 4;
/** How far from a branch its target is. */
export const LANDING = 8;

/** Address of a case's instruction, behind those before it. */
export const pcOf = (slot: number): number => CODE_BASE + CODE_SIZE * slot + 4 * WORDS_BEFORE;

/** Registers that may be reserved: one more than any instruction, with those before it, names. */
export const RESERVABLE = [28, 5, 9, 14, 20, 27, 1, 2, 3, 4, 6, 7];
