/** AArch32 as the translator sees it. */
import type { Architecture, InstructionSet } from '../arch.ts';
import { operandsOf, type Row } from '../row.ts';
import { A32Builder } from './builder.ts';
import { OPTIONAL_EXTENSIONS } from './extensions.ts';
import { armRows, armSets } from './index.ts';
import { inItBlock } from './it-block.ts';
import { REGISTER_NAMES, registerFile } from './registers.ts';
import { ARM_REGISTERS, ARM_STATE, isThumbSet, SET } from './state.ts';

const sets: readonly InstructionSet[] = armSets.map((rows, set) => ({
  rows: rows as readonly Row<never>[],
  isThumb: isThumbSet(set),
  // A conditional jump is made by the same instruction without its condition.
  ...(set === SET.t32 && { standsFor: SET.it }),
  ...(set === SET.taken && { standsFor: SET.a32 }),
  isInner: set === SET.it,
}));
const setOf = new Map(sets.flatMap(({ rows }, set) => rows.map((row) => [row, set] as const)));

export const arm: Architecture = {
  name: 'arm',
  rows: armRows as readonly Row<never>[],
  sets,
  optional: OPTIONAL_EXTENSIONS,
  effect(row, values) {
    const set = setOf.get(row) ?? SET.a32;
    const builder = new A32Builder(set === SET.taken ? SET.a32 : set, values !== undefined);
    row.effect(builder as never, operandsOf(row, values));
    return builder.statements;
  },
  inContext: inItBlock,
  registerFile,
  ...ARM_REGISTERS,
  registerNames: REGISTER_NAMES,
  linkRegisters: [ARM_STATE.r + 8 * 14],
  returnStack: ARM_STATE.r + 8 * 13,
  flags: { n: ARM_STATE.n, z: ARM_STATE.z, c: ARM_STATE.c, v: ARM_STATE.v, compared: ARM_STATE.fpNzcv },
  addressMask: 0xffff_ffffn,
  isNarrow: true,
  state: { pc: ARM_STATE.pc, fpFlags: ARM_STATE.fpFlags },
  floats: {
    // The flags, with inexact in bit 0, and the mode, 0 if it is the usual one, lie side by side.
    easy: { offset: ARM_STATE.fpFlags, bytes: 8, mask: 0xffff_ffff_0000_0001n, value: 1n },
  },
  compressed: false,
};
