/** The register sets of riscv64 Linux: struct user_regs_struct and struct __riscv_d_ext_state (asm/ptrace.h). */
import { NT, type RegisterSet } from '../register-sets.ts';
import type { RiscvCpu } from './state.ts';

export const riscvRegisterSets = (cpu: RiscvCpu): readonly RegisterSet[] => [
  {
    type: NT.PRSTATUS,
    unit: 8,
    read: () => {
      const words = cpu.registers.slice(0, 32);
      words[0] = cpu.pc;
      return new Uint8Array(words.buffer);
    },
    write: (bytes) => {
      const words = new BigUint64Array(bytes.buffer);
      cpu.pc = words[0] & ~1n;
      cpu.registers.set(words.subarray(1), 1);
    },
  },
  {
    type: NT.PRFPREG,
    unit: 8,
    read: () => {
      const words = new BigUint64Array(33);
      words.set(cpu.registers.subarray(32));
      words[32] = BigInt(cpu.fcsr);
      return new Uint8Array(words.buffer);
    },
    write: (bytes) => {
      const words = new BigUint64Array(bytes.buffer);
      cpu.registers.set(words.subarray(0, 32), 32);
      cpu.fcsr = Number(words[32] & 0xffn);
    },
  },
];
