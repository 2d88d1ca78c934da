/** The register sets of 32-bit arm Linux: struct pt_regs and struct user_vfp (asm/ptrace.h, asm/user.h). */
import { NT, type RegisterSet } from '../register-sets.ts';
import type { ArmCpu } from './state.ts';

/** d0–d31 and FPSCR; the kernel has rounded its size up. */
const VFP_SIZE = 32 * 8 + 8;

export const armRegisterSets = (cpu: ArmCpu): readonly RegisterSet[] => [
  {
    type: NT.PRSTATUS,
    unit: 4,
    // r0–r15, CPSR, and r0 as it was when a system call began.
    read: () => {
      const words = new Uint32Array(18);
      for (let i = 0; i < 15; i++) words[i] = cpu.register(i);
      words[15] = Number(cpu.pc);
      words[16] = cpu.cpsr;
      words[17] = cpu.register(0);
      return new Uint8Array(words.buffer);
    },
    write: (bytes) => {
      const words = new Uint32Array(bytes.buffer);
      for (let i = 0; i < 15; i++) cpu.setRegister(i, words[i]);
      cpu.restore(words[16], words[15]);
    },
  },
  {
    type: NT.ARM_VFP,
    unit: 4,
    read: () => {
      const words = new BigUint64Array(VFP_SIZE / 8);
      words.set(cpu.doubles);
      words[32] = BigInt(cpu.fpscr);
      return new Uint8Array(words.buffer);
    },
    write: (bytes) => {
      const words = new BigUint64Array(bytes.buffer);
      cpu.doubles.set(words.subarray(0, 32));
      cpu.fpscr = Number(words[32] & 0xffff_ffffn);
    },
  },
  {
    type: NT.ARM_TLS,
    unit: 4,
    read: () => new Uint8Array(new Uint32Array([Number(cpu.tls)]).buffer),
  },
  {
    type: NT.ARM_SYSTEM_CALL,
    unit: 4,
    read: () => new Uint8Array(new Int32Array([cpu.syscallNumber]).buffer),
    write: (bytes) => cpu.setRegister(7, new Int32Array(bytes.buffer)[0]),
  },
];
