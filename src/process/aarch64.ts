/** The parts of an aarch64 guest, for each model of the processor. */
import { aarch64Abi } from '../cpu/aarch64/abi.ts';
import { ID_CELLS } from '../cpu/aarch64/features.ts';
import { AARCH64_MODELS, type Aarch64Model } from '../cpu/aarch64/models.ts';
import { aarch64RegisterSets } from '../cpu/aarch64/register-sets.ts';
import { Aarch64SignalFrames } from '../cpu/aarch64/signal-frame.ts';
import { AARCH64_REGISTERS, AARCH64_STATE, Aarch64Cpu } from '../cpu/aarch64/state.ts';
import { armArithmetic } from '../cpu/softfloat.ts';
import { AARCH64_SYSCALLS } from '../syscalls/numbers/aarch64.ts';
import type { Guest } from './guest.ts';

const guestOf = (model: Aarch64Model): Guest => ({
  abi: aarch64Abi(model),
  state: { pc: AARCH64_STATE.pc, arithmetic: armArithmetic, registers: AARCH64_REGISTERS, model },
  syscalls: AARCH64_SYSCALLS,
  createCpu(threadMemory) {
    const cpu = new Aarch64Cpu(threadMemory, !model.lacks.has('PAuth'));
    cpu.reset();
    const cells = new BigUint64Array(threadMemory.buffer);
    for (const [register, cell] of Object.entries(ID_CELLS)) {
      cells[cell / 8] = model.features.registers[register as keyof typeof ID_CELLS];
    }
    return { cpu, frames: new Aarch64SignalFrames(cpu), sets: () => aarch64RegisterSets(cpu) };
  },
});

export const aarch64: readonly Guest[] = AARCH64_MODELS.map(guestOf);
