/** What fuzzing instructions has to know of an architecture; each has one (riscv-target.ts, aarch64-target.ts). */
import type { Row } from '../../src/cpu/row.ts';
import type { Case, CaseOptions, Random } from './instruction-cases.ts';

/** Code that all cases share, and where its parts begin. */
export interface Runtime {
  words: number[];
  handler: number;
  prologues: Map<number, number>;
  epilogues: Map<number, number>;
}

export interface FuzzTarget {
  /** As in the command's name. */
  name: string;
  /** The command line of qemu-user with every extension that it has. */
  qemu: readonly string[];
  /** The same with no extension that the rows do not have, for words that are no row's. */
  lesserQemu: readonly string[];
  groups: readonly string[];
  /** The rows of a group; of those that `known` says yes to. */
  rowsOfGroup(group: string, known: (row: Row<never>) => boolean): readonly Row<never>[];
  /** Whether qemu-user 7.2 has the instruction and does it right. */
  inQemu(row: Row<never>): boolean;
  /** Rows that runs before an instruction may be made of. */
  computingRows(rows: readonly Row<never>[]): readonly Row<never>[];
  randomCase(rows: readonly Row<never>[], slot: number, random: Random, options: CaseOptions): Case;
  /** The program that executes cases in consecutive places and writes their records. */
  makeProgram(cases: readonly Case[]): Uint8Array;
  disassemble(word: number, pc: bigint): string;
  record: {
    size: number;
    /** What is compared of it, 8 bytes each. */
    fields: readonly { name: string; offset: number }[];
    /** The field of the register that a case reserves, which is not compared. */
    reserved(test: Case): number;
    /** Where the address of a case's code is, and of its instruction. */
    start: number;
    pcOf(slot: number): number;
    /** Ranges of the state that a simpler case may have zeros in. */
    ranges: readonly (readonly [start: number, end: number])[];
  };
}
