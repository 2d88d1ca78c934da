/** What the translator must know of a guest architecture; each has one beside its rows. */
import type { Statement } from './ir.ts';
import type { OperandInfo, Row } from './row.ts';

export interface Architecture {
  /** As in the command's name: `riscv64`. */
  name: string;
  rows: readonly Row<never>[];
  /** The statements of a row's effect; of a particular instruction if the operands' values are given. */
  effect(row: Row<never>, values?: Readonly<Record<string, number>>): readonly Statement[];
  /**
   * For a register operand: how its field's value becomes the offset of a cell
   * in the thread memory, `first + 8 * value`; undefined for any other operand.
   */
  registerFile(info: OperandInfo): { first: number } | undefined;
  /** Offset of the cell of the register that is always zero, and of the cell that takes writes to it. */
  zeroRegister?: { cell: number; sink: number };
  /** The cells of all registers that operands can name: `count` of 8 bytes from offset 0. */
  registerCount: number;
  /** What these registers are called in assembly, by their cells. */
  registerNames: readonly string[];
  /** Cells of the registers through which functions return: an indirect jump to one of them is a return. */
  linkRegisters: readonly number[];
  /** Offset of the i64 cell of the PC, and of the i32 cell that accrues floating-point flags. */
  state: { pc: number; fpFlags: number };
  floats?: {
    /** Numbers of the first register (cell offset / 8) that holds floating-point values, and of the one behind the last. */
    first: number;
    end: number;
    /**
     * The i64 cell that tells when floating point is easy: rounding to nearest even, and inexact has been raised already.
     * Then (cell & mask) === value. `bytes` is the size of all it covers.
     */
    easy: { offset: number; bytes: number; mask: bigint; value: bigint };
  };
  /** True if instructions whose two lowest bits are not 11 are 16 bits long. */
  compressed: boolean;
}
