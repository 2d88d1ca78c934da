/** The parts of a riscv64 guest. */
import { riscv64Abi } from '../cpu/riscv/abi.ts';
import { RiscvSignalFrames } from '../cpu/riscv/signal-frame.ts';
import { RISCV_REGISTERS, RISCV_STATE, RiscvCpu } from '../cpu/riscv/state.ts';
import { riscvArithmetic } from '../cpu/softfloat.ts';
import { RISCV64_SYSCALLS } from '../syscalls/numbers/riscv64.ts';
import type { Guest } from './guest.ts';

export const riscv64: Guest = {
  abi: riscv64Abi,
  state: { pc: RISCV_STATE.pc, arithmetic: riscvArithmetic, registers: RISCV_REGISTERS },
  syscalls: RISCV64_SYSCALLS,
  createCpu(threadMemory) {
    const cpu = new RiscvCpu(threadMemory);
    cpu.reset();
    return { cpu, frames: new RiscvSignalFrames(cpu) };
  },
};
