/** /proc/cpuinfo, one paragraph a processor, as arch/riscv/kernel/cpu.c and arch/arm64/kernel/cpuinfo.c print it. */
import type { GuestAbi } from '../cpu/guest-abi.ts';

/**
 * What the emulated hart implements, in the canonical order of the ISA manual's naming chapter. The instruction rows in
 * src/cpu/riscv and riscv_hwprobe must agree with it.
 */
export const RISCV_ISA =
  'rv64imafdc_zicbom_zicbop_zicboz_zicntr_zicond_zicsr_zifencei_zihintntl_zihintpause_zimop_zabha_zacas_zawrs_zfa_zfh_' +
  'zfhmin_zca_zcb_zcd_zcmop_zba_zbb_zbc_zbkb_zbkc_zbkx_zbs';

function riscvCpuinfo(_abi: GuestAbi, harts: number): string {
  let text = '';
  for (let hart = 0; hart < Math.max(1, harts); hart++) {
    text +=
      `processor\t: ${hart}\nhart\t\t: ${hart}\nisa\t\t: ${RISCV_ISA}\nmmu\t\t: sv39\nuarch\t\t: tsemu\n` +
      `mvendorid\t: 0x0\nmarchid\t\t: 0x0\nmimpid\t\t: 0x0\nhart isa\t: ${RISCV_ISA}\n\n`;
  }
  return text;
}

function aarch64Cpuinfo({ identity }: GuestAbi, processors: number): string {
  let text = '';
  const { midr, features } = identity ?? { midr: 0n, features: '' };
  const hex = (value: bigint, digits: number): string => `0x${value.toString(16).padStart(digits, '0')}`;
  for (let processor = 0; processor < Math.max(1, processors); processor++) {
    text +=
      `processor\t: ${processor}\nBogoMIPS\t: 100.00\nFeatures\t: ${features}\n` +
      `CPU implementer\t: ${hex(midr >> 24n, 2)}\nCPU architecture: 8\nCPU variant\t: ${hex((midr >> 20n) & 15n, 1)}\n` +
      `CPU part\t: ${hex((midr >> 4n) & 0xfffn, 3)}\nCPU revision\t: ${midr & 15n}\n\n`;
  }
  return text;
}

const CPUINFO: Readonly<Record<string, (abi: GuestAbi, processors: number) => string>> = {
  riscv64: riscvCpuinfo,
  aarch64: aarch64Cpuinfo,
};

export const cpuinfo = (abi: GuestAbi, processors: number): string => CPUINFO[abi.name](abi, processors);
