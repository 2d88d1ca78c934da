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
  /** Cells of the registers through which functions return: an indirect jump to one of them is a return. */
  linkRegisters: readonly number[];
  /** Offset of the i64 cell of the PC, and of the i32 cell that accrues floating-point flags. */
  state: { pc: number; fpFlags: number };
  /** True if instructions whose two lowest bits are not 11 are 16 bits long. */
  compressed: boolean;
}
