/** Values of mman.h that guests pass: the asm-generic ones, which riscv64, aarch64 and x86-64 share. */

export const PROT = {
  read: 1,
  write: 2,
  exec: 4,
  /** PROT_SEM, accepted and ignored as Linux does. */
  sem: 8,
  growsDown: 0x0100_0000,
  growsUp: 0x0200_0000,
} as const;

export const MAP = {
  shared: 0x01,
  private: 0x02,
  sharedValidate: 0x03,
  type: 0x0f,
  fixed: 0x10,
  anonymous: 0x20,
  growsDown: 0x0100,
  noReserve: 0x4000,
  stack: 0x2_0000,
  fixedNoReplace: 0x10_0000,
} as const;

export const MREMAP = { mayMove: 1, fixed: 2, dontUnmap: 4 } as const;

/** Flags of shmat, from sys/shm.h. */
export const SHM = { readOnly: 0o10000, round: 0o20000, remap: 0o40000, exec: 0o100000 } as const;

export const RLIMIT = { data: 2, stack: 3, as: 9 } as const;

export const EPERM = -1;
export const EBADF = -9;
export const ENOMEM = -12;
export const EACCES = -13;
export const EFAULT = -14;
export const EEXIST = -17;
export const EINVAL = -22;
export const ENAMETOOLONG = -36;
export const EOVERFLOW = -75;
export const EOPNOTSUPP = -95;
