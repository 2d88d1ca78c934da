/** riscv64 Linux, ABI lp64d: what a program finds when it starts (psABI, Linux 6.12 arch/riscv). */
import type { GuestAbi } from '../guest-abi.ts';
import { riscvVdso } from './vdso/vdso.ts';

/** e_machine of RISC-V, of either class. */
const EM_RISCV = 243;

/** AT_HWCAP has one bit for each single-letter extension, bit 0 for A (uapi/asm/hwcap.h). */
function hwcapBits(extensions: string): bigint {
  let bits = 0n;
  for (const letter of extensions) bits |= 1n << BigInt(letter.charCodeAt(0) - 97);
  return bits;
}

/**
 * What the emulated hart implements, in the canonical order of the ISA manual's naming chapter. The instruction rows and
 * riscv_hwprobe must agree with it.
 */
const ISA =
  'rv64imafdc_zicbom_zicbop_zicboz_zicntr_zicond_zicsr_zifencei_zihintntl_zihintpause_zimop_zabha_zacas_zawrs_zfa_zfh_' +
  'zfhmin_zca_zcb_zcd_zcmop_zba_zbb_zbc_zbkb_zbkc_zbkx_zbs';

// Cache geometry (uapi/asm/auxvec.h): Linux gives 0 where the device tree says nothing, as on QEMU's virt machine.
const AT_L1I_CACHESIZE = 40;
const AT_L3_CACHEGEOMETRY = 47;
const cacheEntries: (readonly [number, number])[] = [];
for (let type = AT_L1I_CACHESIZE; type <= AT_L3_CACHEGEOMETRY; type++) cacheEntries.push([type, 0]);

export const riscv64Abi: GuestAbi = {
  name: 'riscv64',
  command: 'tsemu-riscv64',
  elfMachine: EM_RISCV,
  elfClass: 2,
  wordSize: 8,
  pageSize: 4096,
  hwcap: hwcapBits('imafdc'),
  // As arch/riscv/kernel/cpu.c prints it.
  cpuinfo: (hart) =>
    `processor\t: ${hart}\nhart\t\t: ${hart}\nisa\t\t: ${ISA}\nmmu\t\t: sv39\nuarch\t\t: tsemu\n` +
    `mvendorid\t: 0x0\nmarchid\t\t: 0x0\nmimpid\t\t: 0x0\nhart isa\t: ${ISA}\n\n`,
  // struct rt_sigframe without vector state: siginfo 128, ucontext 176, user_regs 256, fpregs 528.
  minSignalStack: 1088,
  extraAuxv: cacheEntries,
  // Linux: without PT_GNU_STACK the default is VM_DATA_FLAGS_NON_EXEC.
  stackExecutableByDefault: false,
  armOpenFlags: false,
  hasRestorer: false,
  exampleSysroot: '/usr/riscv64-linux-gnu',
  vdso: riscvVdso,
};
