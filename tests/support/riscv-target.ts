/** Fuzzing instructions of riscv64. */
import { disassembleRiscv } from '../../src/cpu/riscv/disassembly.ts';
import { F_NAMES, X_NAMES } from '../../src/cpu/riscv/registers.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import {
  computingRows,
  F,
  FAULT_ADDRESS,
  FCSR,
  GROUPS,
  type Group,
  MEMORY,
  NOT_IN_QEMU,
  pcOf,
  RECORD,
  randomCase,
  rowsOfGroup,
  SIGNAL,
  WRONG_IN_QEMU,
  X,
} from './instruction-cases.ts';
import { makeProgram } from './instruction-program.ts';

const memory = Array.from({ length: (RECORD - MEMORY) / 8 }, (_, i) => ({
  name: `memory+${8 * i}`,
  offset: MEMORY + 8 * i,
}));

const extensions = 'zba zbb zbc zbs zbkb zbkc zbkx Zfh'.split(' ').map((name) => `${name}=true`);
const qemu = ['qemu-riscv64-static', '-cpu', `rv64,${extensions.join(',')}`];

export const riscvTarget: FuzzTarget = {
  name: 'riscv64',
  qemu,
  lesserQemu: qemu,
  groups: GROUPS,
  rowsOfGroup: (group, known) => rowsOfGroup(group as Group, known),
  inQemu: ({ name, extension }) => !NOT_IN_QEMU.has(extension) && !WRONG_IN_QEMU.has(name),
  computingRows,
  randomCase,
  makeProgram,
  disassemble: disassembleRiscv,
  record: {
    size: RECORD,
    fields: [
      ...X_NAMES.map((name, i) => ({ name: i === 0 ? 'pc' : name, offset: X + 8 * i })),
      ...F_NAMES.map((name, i) => ({ name, offset: F + 8 * i })),
      { name: 'fcsr', offset: FCSR },
      { name: 'signal', offset: SIGNAL },
      { name: 'si_addr', offset: FAULT_ADDRESS },
      ...memory,
    ],
    reserved: ({ reserved }) => X + 8 * reserved,
    start: X,
    pcOf,
    ranges: [
      [F, FCSR],
      [MEMORY, RECORD],
      [X + 8, F],
    ],
  },
};
