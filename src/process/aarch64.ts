/** The parts of an aarch64 guest. */
import { aarch64Abi } from '../cpu/aarch64/abi.ts';
import { Aarch64SignalFrames } from '../cpu/aarch64/signal-frame.ts';
import { AARCH64_REGISTERS, AARCH64_STATE, Aarch64Cpu } from '../cpu/aarch64/state.ts';
import { armArithmetic } from '../cpu/softfloat.ts';
import { AARCH64_SYSCALLS } from '../syscalls/numbers/aarch64.ts';
import type { Guest } from './guest.ts';

export const aarch64: Guest = {
  abi: aarch64Abi,
  state: { pc: AARCH64_STATE.pc, arithmetic: armArithmetic, registers: AARCH64_REGISTERS },
  syscalls: AARCH64_SYSCALLS,
  createCpu(threadMemory) {
    const cpu = new Aarch64Cpu(threadMemory);
    cpu.reset();
    return { cpu, frames: new Aarch64SignalFrames(cpu) };
  },
};
