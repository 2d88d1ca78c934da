/** AArch64 as the translator sees it. */
import { type Architecture, registerCell } from '../arch.ts';
import { type Operand, operandsOf, type Row } from '../row.ts';
import { Aarch64Builder } from './builder.ts';
import { aarch64Rows } from './index.ts';
import { OPTIONAL_EXTENSIONS } from './models.ts';
import { REGISTER_NAMES, registerFile } from './registers.ts';
import { AARCH64_REGISTERS, AARCH64_STATE } from './state.ts';

/** The cell of the register that an operand with a value names. */
function cellOf({ info, value = 0 }: Operand): number | undefined {
  const file = registerFile(info);
  return file && registerCell(file, value);
}

export const aarch64: Architecture = {
  name: 'aarch64',
  rows: aarch64Rows as readonly Row<never>[],
  optional: OPTIONAL_EXTENSIONS,
  effect(row, values) {
    const builder = new Aarch64Builder();
    row.effect(builder as never, operandsOf(row, values));
    if (values === undefined) return builder.statements;
    // Of a write to xzr nothing remains: compares are subtractions without a result.
    return builder.statements.map((statement) =>
      statement.kind === 'setReg' && cellOf(statement.operand) === AARCH64_STATE.zr
        ? { ...statement, value: builder.const(0) }
        : statement,
    );
  },
  registerFile,
  zeroRegister: { cell: AARCH64_STATE.zr, sink: AARCH64_STATE.sink },
  ...AARCH64_REGISTERS,
  registerNames: REGISTER_NAMES,
  // x30 (AAPCS64, 6.1.1).
  linkRegisters: [AARCH64_STATE.x + 8 * 30],
  flags: { n: AARCH64_STATE.n, z: AARCH64_STATE.z, c: AARCH64_STATE.c, v: AARCH64_STATE.v },
  // Top-byte-ignore is on for user space (Linux, arch/arm64/tagged-pointers.rst).
  addressMask: 0x00ff_ffff_ffff_ffffn,
  state: { pc: AARCH64_STATE.pc, fpFlags: AARCH64_STATE.fpFlags },
  floats: {
    // The flags, with inexact in bit 0, and the mode, 0 if it is the usual one, lie side by side.
    easy: { offset: AARCH64_STATE.fpFlags, bytes: 8, mask: 0xffff_ffff_0000_0001n, value: 1n },
  },
  compressed: false,
};
