/** What the translator must know of a guest architecture; each has one beside its rows. */
import type { Statement } from './ir.ts';
import type { OperandInfo, Row } from './row.ts';

/** How the value of a register operand becomes the offset of the register's cell in the thread memory. */
export interface RegisterFile {
  /** Cell of register 0. */
  first: number;
  /** Distance of the cells, which is a register's size: 8 bytes, or 16 of vectors; 4 if values are twice the number. */
  stride: 4 | 8 | 16;
  /** A value that names a cell outside the file: 31 is the stack pointer in some operands of AArch64. */
  other?: { value: number; cell: number };
  /** The register meant is so many after the one that the value names, in a file of 32 that begins anew at its end. */
  after?: number;
}

export function registerCell({ first, stride, other, after }: RegisterFile, value: number): number {
  if (other?.value === value) return other.cell;
  return first + stride * (after === undefined ? value : (value + after) % 32);
}

/** Register numbers, `end` being the one behind the last. */
export interface RegisterRange {
  first: number;
  end: number;
}

/** What is known of registers without the rows. */
export interface RegisterLayout {
  /** The cells of all registers that operands can name: `count` of 8 bytes from offset 0. A vector has two. */
  registerCount: number;
  /** The cells that belong to vector registers. */
  vectors?: RegisterRange;
  /** The same of registers that hold floating-point values and nothing else. */
  floatRegisters?: RegisterRange;
  /** The same of registers that always hold words: values that equal their low 32 bits, sign-extended. */
  wordRegisters?: RegisterRange;
}

const isIn = (range: RegisterRange | undefined, register: number): boolean =>
  range !== undefined && register >= range.first && register < range.end;

/** True of a register that holds floating-point values. Registers are known by their numbers: offset of the cell / 8. */
export function isFloat({ floatRegisters }: RegisterLayout, register: number): boolean {
  return isIn(floatRegisters, register);
}

/** True of a register that holds a word whatever is done. */
export function isAlwaysWord({ wordRegisters }: RegisterLayout, register: number): boolean {
  return isIn(wordRegisters, register);
}

/** True of a register of 128 bits; its number is that of its first cell. */
export function isVector({ vectors }: RegisterLayout, register: number): boolean {
  return isIn(vectors, register);
}

/** The rows that code is decoded by in one of several states of the processor. */
export interface InstructionSet {
  rows: readonly Row<never>[];
  /** It has instructions of two bytes too, and of the others the halves in reverse order, as Thumb has. */
  isThumb: boolean;
  /** Its instructions are executed for those of another set too, where the condition of those holds. */
  standsFor?: number;
  /** Regions do not begin with its instructions: what these do depends on those before them. */
  isInner?: boolean;
}

/** An instruction of compiled code. */
export interface CodeEffect {
  /** Bytes. */
  length: number;
  /** From its address to the next one's, if they are not of the same set. */
  step?: number;
  statements: readonly Statement[];
}

/** The instruction set of code at an address, see {@link Architecture.sets}. */
export const setAt = (pc: number): number => Math.floor(pc / 2 ** 32);
/** The address without that. */
export const bareAddress = (pc: number): number => pc % 2 ** 32;
/** The same address of code of another set. */
export const inSet = (pc: number, set: number): number => bareAddress(pc) + set * 2 ** 32;

/** Of the halfword that an instruction of Thumb begins with: whether it is all of it. */
export const isNarrowThumb = (halfword: number): boolean => (halfword & 0xffff) < 0xe800;

export interface Architecture extends RegisterLayout {
  /** As in the command's name: `riscv64`. */
  name: string;
  rows: readonly Row<never>[];
  /**
   * Of an architecture of 32 bits with several instruction sets. An address of code has the number of its set above the 32
   * bits, wherever the translator has it: in the PC's cell, as the key of what is translated.
   */
  sets?: readonly InstructionSet[];
  /**
   * For compiled code: what a word does whose effect the words around it, at distances in bytes, decide; undefined if they do
   * not, null if compiled code cannot have it. Words are as makeDecoder takes them (decoder.ts).
   */
  inContext?(
    set: number,
    word: number,
    wordAt: (distance: number) => number | undefined,
  ): CodeEffect | null | undefined;
  /** Extensions that a model of the processor may lack (see cpu-model.ts), 64 at most. */
  optional: readonly string[];
  /** The statements of a row's effect; of a particular instruction if the operands' values are given. */
  effect(row: Row<never>, values?: Readonly<Record<string, number>>): readonly Statement[];
  /** Where the registers are that an operand names; undefined for an operand that is no register. */
  registerFile(info: OperandInfo): RegisterFile | undefined;
  /** Offset of the cell of the register that is always zero, and of the cell that takes writes to it. */
  zeroRegister?: { cell: number; sink: number };
  /** What registers are called in assembly, by their (first) cells. */
  registerNames: readonly string[];
  /**
   * Cells of Arm's flags, as the IR's `condition` has them; of AArch32 also of those that comparisons of floating-point
   * numbers set, four bits NZCV.
   */
  flags?: { n: number; z: number; c: number; v: number; compared?: number };
  /** What is kept of the address of every access to memory, if not all of it. */
  addressMask?: bigint;
  /** Addresses have 32 bits: the guest's memory is one of WebAssembly's 32-bit memories. */
  isNarrow?: boolean;
  /** Cells of the registers through which functions return: an indirect jump to one of them is a return. */
  linkRegisters: readonly number[];
  /** The cell of the stack pointer, if functions return to what they load from the stack as well. */
  returnStack?: number;
  /** Offset of the i64 cell of the PC, and of the i32 cell that accrues floating-point flags. */
  state: { pc: number; fpFlags: number };
  floats?: {
    /**
     * The i64 cell that tells when floating point is easy: rounding to nearest even, and inexact has been raised already.
     * Then (cell & mask) === value. `bytes` is the size of all it covers.
     */
    easy: { offset: number; bytes: number; mask: bigint; value: bigint };
  };
  /** True if instructions whose two lowest bits are not 11 are 16 bits long. */
  compressed: boolean;
}
