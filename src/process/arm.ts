/** The parts of a 32-bit arm guest, for each model of the processor. */
import { armAbi } from '../cpu/arm/abi.ts';
import { ARM_MODELS } from '../cpu/arm/models.ts';
import { armRegisterSets } from '../cpu/arm/register-sets.ts';
import { ArmSignalFrames } from '../cpu/arm/signal-frame.ts';
import { ARM_REGISTERS, ARM_STATE, ArmCpu, SET } from '../cpu/arm/state.ts';
import { armArithmetic } from '../cpu/softfloat.ts';
import { ARM_CALLS } from '../syscalls/narrow-calls.ts';
import { ARM_SYSCALLS } from '../syscalls/numbers/arm.ts';
import type { Guest } from './guest.ts';

export const arm: readonly Guest[] = ARM_MODELS.map((model) => ({
  abi: armAbi(model),
  state: {
    pc: ARM_STATE.pc,
    arithmetic: armArithmetic,
    registers: ARM_REGISTERS,
    sets: Object.keys(SET).length,
    model,
  },
  syscalls: ARM_SYSCALLS,
  narrow: ARM_CALLS,
  createCpu(threadMemory: WebAssembly.Memory) {
    const cpu = new ArmCpu(threadMemory);
    cpu.reset();
    return { cpu, frames: new ArmSignalFrames(cpu), sets: () => armRegisterSets(cpu) };
  },
}));
