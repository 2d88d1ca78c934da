import { GENERIC_SYSCALLS } from './generic.ts';

/** System call numbers of arm64 Linux, which has kept renameat. */
export const AARCH64_SYSCALLS = {
  ...GENERIC_SYSCALLS,
  38: 'renameat',
} as const;
