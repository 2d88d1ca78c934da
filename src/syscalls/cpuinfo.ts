/** /proc/cpuinfo as arch/riscv/kernel/cpu.c prints it: one paragraph a hart. */

/**
 * What the emulated hart implements, in the canonical order of the ISA manual's naming chapter. The instruction rows in
 * src/cpu/riscv and riscv_hwprobe must agree with it.
 */
export const RISCV_ISA =
  'rv64imafdc_zicbom_zicbop_zicboz_zicntr_zicond_zicsr_zifencei_zihintntl_zihintpause_zimop_zabha_zacas_zawrs_zfa_zfh_' +
  'zfhmin_zca_zcb_zcd_zcmop_zba_zbb_zbc_zbkb_zbkc_zbkx_zbs';

export function riscvCpuinfo(harts: number): string {
  let text = '';
  for (let hart = 0; hart < Math.max(1, harts); hart++) {
    text +=
      `processor\t: ${hart}\nhart\t\t: ${hart}\nisa\t\t: ${RISCV_ISA}\nmmu\t\t: sv39\nuarch\t\t: tsemu\n` +
      `mvendorid\t: 0x0\nmarchid\t\t: 0x0\nmimpid\t\t: 0x0\nhart isa\t: ${RISCV_ISA}\n\n`;
  }
  return text;
}
