/**
 * The registers that operands name, by the kinds that the rows give them:
 *
 *     r        a general register; 15 reads as the PC
 *     rnext    the register after the one that the field names (the second of a pair)
 *     lo       a general register of three bits
 *     d        a register of 64 bits
 *     s        the register of 64 bits that has a single one: the number of that, less its lowest bit
 *     q        a register of 128 bits by the first one of 64 bits that is part of it, qhigh by the other
 *     dafter1  the register of 64 bits that is so many after the one that the field names
 *     index    a general register that is added to an address; 13 and 15 mean something else (rows/simd/structures.ts)
 *
 * The kinds of other operands, which say how the disassembler prints them, are
 * in disassembly.ts.
 */
import type { RegisterFile } from '../arch.ts';
import type { OperandInfo } from '../row.ts';
import { ARM_STATE, REGISTER_COUNT } from './state.ts';

export const GENERAL_NAMES = 'r0 r1 r2 r3 r4 r5 r6 r7 r8 r9 r10 r11 r12 sp lr pc'.split(' ');

const general: RegisterFile = { first: ARM_STATE.r, stride: 8 };
const doubles: RegisterFile = { first: ARM_STATE.d, stride: 8 };

const FILES: Readonly<Record<string, RegisterFile>> = {
  r: general,
  rnext: { first: ARM_STATE.r + 8, stride: 8 },
  lo: general,
  d: doubles,
  s: { ...doubles, stride: 4 },
  q: doubles,
  qhigh: { ...doubles, first: ARM_STATE.d + 8 },
  index: general,
  ...Object.fromEntries([1, 2, 3, 4, 6].map((after) => [`dafter${after}`, { ...doubles, after }])),
};

export const registerFile = ({ kind }: OperandInfo): RegisterFile | undefined => FILES[kind];

/** Names by number, as in `-d op`. */
export const REGISTER_NAMES: readonly string[] = Array.from({ length: REGISTER_COUNT }, (_, number) => {
  if (number >= 32) return `d${number - 32}`;
  return (
    GENERAL_NAMES[number] ?? { 16: 'N', 17: 'Z', 18: 'C', 19: 'V', 20: 'IT', 21: 'FPNZCV' }[number] ?? `cell${number}`
  );
});
