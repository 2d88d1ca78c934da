/** RISC-V as the translator sees it. */
import type { Architecture } from '../arch.ts';
import type { Row } from '../row.ts';
import { makeBuilder, riscvRows } from './index.ts';
import { registerFile } from './registers.ts';
import { RISCV_STATE } from './state.ts';

export const riscv64: Architecture = {
  name: 'riscv64',
  rows: riscvRows as readonly Row<never>[],
  effect(row, values) {
    const builder = makeBuilder();
    const operands = Object.fromEntries(row.operands.map((info) => [info.name, { info, value: values?.[info.name] }]));
    row.effect(builder as never, operands);
    return builder.statements;
  },
  registerFile,
  zeroRegister: { cell: RISCV_STATE.x, sink: RISCV_STATE.sink },
  registerCount: 64,
  // ra, and t0, the alternate link register (psABI, "Integer Register Convention").
  linkRegisters: [RISCV_STATE.x + 8 * 1, RISCV_STATE.x + 8 * 5],
  state: { pc: RISCV_STATE.pc, fpFlags: RISCV_STATE.fflags },
  compressed: true,
};
