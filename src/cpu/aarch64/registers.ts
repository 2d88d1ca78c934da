/**
 * The registers that operands name, by the kinds that AArch64's rows give them:
 *
 *     x, w        a general register, 31 being xzr
 *     xsp, wsp    the same, 31 being sp
 *     xnext       the register after the one that the field names (the second of a pair)
 *     b h s d q   a scalar in a vector register
 *     v…          a vector register with its arrangement: v8b, v16b, v4h, …
 *     list1x8b…   the first of a list of registers, with their number and arrangement; after1–after3 are the others
 *
 * The kinds of other operands, which say how the disassembler prints them, are
 * in disassembly.ts.
 */
import type { RegisterFile } from '../arch.ts';
import type { OperandInfo } from '../row.ts';
import { AARCH64_STATE, FIRST_VECTOR, REGISTER_COUNT } from './state.ts';

const general: RegisterFile = { first: AARCH64_STATE.x, stride: 8 };
const withStackPointer: RegisterFile = { ...general, other: { value: 31, cell: AARCH64_STATE.sp } };
const next: RegisterFile = { first: AARCH64_STATE.x + 8, stride: 8 };
const vectors: RegisterFile = { first: AARCH64_STATE.vectors, stride: 16 };

const FILES: Readonly<Record<string, RegisterFile>> = {
  x: general,
  w: general,
  xsp: withStackPointer,
  wsp: withStackPointer,
  xnext: next,
  wnext: next,
  b: vectors,
  h: vectors,
  s: vectors,
  d: vectors,
  q: vectors,
  after1: { ...vectors, after: 1 },
  after2: { ...vectors, after: 2 },
  after3: { ...vectors, after: 3 },
};

/** The register file that an operand is of; undefined if it is no register. */
export function registerFile({ kind }: OperandInfo): RegisterFile | undefined {
  return FILES[kind] ?? (/^(v|list\dx)\d*[bhsdq]$/.test(kind) ? vectors : undefined);
}

/** Names by number, as in `-d op`. */
export const REGISTER_NAMES: readonly string[] = Array.from({ length: REGISTER_COUNT }, (_, number) => {
  if (number < 31) return `x${number}`;
  if (number >= FIRST_VECTOR) return `v${(number - FIRST_VECTOR) / 2}`;
  return { 31: 'xzr', 32: 'sp', 33: 'N', 34: 'Z', 35: 'C', 36: 'V' }[number] ?? `cell${number}`;
});
