/** The parts of a riscv64 guest, for each model of the processor. */
import { riscv64Abi } from '../cpu/riscv/abi.ts';
import { RISCV_MODELS } from '../cpu/riscv/models.ts';
import { riscvRegisterSets } from '../cpu/riscv/register-sets.ts';
import { RiscvSignalFrames } from '../cpu/riscv/signal-frame.ts';
import { RISCV_REGISTERS, RISCV_STATE, RiscvCpu } from '../cpu/riscv/state.ts';
import { riscvArithmetic } from '../cpu/softfloat.ts';
import { RISCV64_SYSCALLS } from '../syscalls/numbers/riscv64.ts';
import type { Guest } from './guest.ts';

export const riscv64: readonly Guest[] = RISCV_MODELS.map((model) => ({
  abi: riscv64Abi,
  state: { pc: RISCV_STATE.pc, arithmetic: riscvArithmetic, registers: RISCV_REGISTERS, model },
  syscalls: RISCV64_SYSCALLS,
  createCpu(threadMemory: WebAssembly.Memory) {
    const cpu = new RiscvCpu(threadMemory);
    cpu.reset();
    return { cpu, frames: new RiscvSignalFrames(cpu), sets: () => riscvRegisterSets(cpu) };
  },
}));
