/** The register sets of aarch64 Linux: struct user_pt_regs, struct user_fpsimd_state and others (asm/ptrace.h). */
import { NT, type RegisterSet } from '../register-sets.ts';
import { type Aarch64Cpu, POINTER_CODE } from './state.ts';

/** Debug architecture 6 (Armv8) in bits 15–8, and how many registers there are: none. */
const NO_DEBUG_REGISTERS = 0x600;

/** struct user_hwdebug_state without registers. */
const hardwareDebug = (type: number): RegisterSet => ({
  type,
  unit: 4,
  read: () => new Uint8Array(new Uint32Array([NO_DEBUG_REGISTERS, 0]).buffer),
});

/** struct user_pac_mask: where signed pointers to data and to code have their codes, see rows/pauth.ts. */
const pacMask: RegisterSet = {
  type: NT.ARM_PAC_MASK,
  unit: 8,
  read: () => new Uint8Array(new BigUint64Array([POINTER_CODE, POINTER_CODE]).buffer),
};

export const aarch64RegisterSets = (cpu: Aarch64Cpu): readonly RegisterSet[] => [
  {
    type: NT.PRSTATUS,
    unit: 8,
    read: () => {
      const words = new BigUint64Array(34);
      words.set(cpu.registers.subarray(0, 31));
      words.set([cpu.sp, cpu.pc, BigInt(cpu.pstate)], 31);
      return new Uint8Array(words.buffer);
    },
    write: (bytes) => {
      const words = new BigUint64Array(bytes.buffer);
      cpu.registers.set(words.subarray(0, 31));
      cpu.sp = words[31];
      cpu.pc = words[32];
      cpu.pstate = Number(words[33] & 0xffff_ffffn);
    },
  },
  {
    type: NT.PRFPREG,
    unit: 4,
    read: () => {
      const bytes = new Uint8Array(528);
      bytes.set(cpu.vectors);
      const view = new DataView(bytes.buffer);
      view.setUint32(512, cpu.fpsr, true);
      view.setUint32(516, cpu.fpcr, true);
      return bytes;
    },
    write: (bytes) => {
      const view = new DataView(bytes.buffer);
      cpu.vectors.set(bytes.subarray(0, 512));
      cpu.fpsr = view.getUint32(512, true);
      cpu.fpcr = view.getUint32(516, true);
    },
  },
  {
    type: NT.ARM_TLS,
    unit: 8,
    read: () => new Uint8Array(new BigUint64Array([cpu.tls]).buffer),
    write: (bytes) => {
      cpu.tls = new BigUint64Array(bytes.buffer)[0];
    },
  },
  {
    type: NT.ARM_SYSTEM_CALL,
    unit: 4,
    read: () => new Uint8Array(new Int32Array([cpu.syscallNumber]).buffer),
    write: (bytes) => {
      cpu.registers[8] = BigInt.asUintN(64, BigInt(new Int32Array(bytes.buffer)[0]));
    },
  },
  hardwareDebug(NT.ARM_HW_BREAK),
  hardwareDebug(NT.ARM_HW_WATCH),
  ...(cpu.pointerKeys === undefined ? [] : [pacMask]),
];
