/** RISC-V as the translator sees it. */
import { type Architecture, registerCell } from '../arch.ts';
import { type Operand, operandsOf, type Row } from '../row.ts';
import { makeBuilder, riscvRows } from './index.ts';
import { F_NAMES, registerFile, X_NAMES } from './registers.ts';
import { RISCV_REGISTERS, RISCV_STATE } from './state.ts';

/** The cell of the register that an operand with a value names. */
function cellOf({ info, value = 0 }: Operand): number | undefined {
  const file = registerFile(info);
  return file && registerCell(file, value);
}

export const riscv64: Architecture = {
  name: 'riscv64',
  rows: riscvRows as readonly Row<never>[],
  optional: [],
  effect(row, values) {
    const builder = makeBuilder();
    row.effect(builder as never, operandsOf(row, values));
    if (values === undefined) return builder.statements;
    // Of a write to x0 nothing remains: jal and jalr without a return address are mere jumps.
    return builder.statements.map((statement) =>
      statement.kind === 'setReg' && cellOf(statement.operand) === RISCV_STATE.x
        ? { ...statement, value: builder.const(0) }
        : statement,
    );
  },
  registerFile,
  zeroRegister: { cell: RISCV_STATE.x, sink: RISCV_STATE.sink },
  ...RISCV_REGISTERS,
  registerNames: [...X_NAMES, ...F_NAMES],
  // ra, and t0, the alternate link register (psABI, "Integer Register Convention").
  linkRegisters: [RISCV_STATE.x + 8 * 1, RISCV_STATE.x + 8 * 5],
  state: { pc: RISCV_STATE.pc, fpFlags: RISCV_STATE.fflags },
  floats: {
    // fflags, with NX in bit 0, and frm lie side by side.
    easy: { offset: RISCV_STATE.fflags, bytes: 8, mask: 0xffff_ffff_0000_0001n, value: 1n },
  },
  compressed: true,
};
