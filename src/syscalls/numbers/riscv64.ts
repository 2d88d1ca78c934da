import { GENERIC_SYSCALLS } from './generic.ts';

/** System call numbers of riscv64 Linux. */
export const RISCV64_SYSCALLS = {
  ...GENERIC_SYSCALLS,
  258: 'riscv_hwprobe',
  259: 'riscv_flush_icache',
} as const;
