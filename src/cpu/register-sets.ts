/** Registers as ptrace(2) gives them: PTRACE_GETREGSET's sets, by the types of notes in core files (elf.h). */

export const NT = {
  PRSTATUS: 1,
  PRFPREG: 2,
  ARM_VFP: 0x400,
  ARM_TLS: 0x401,
  ARM_HW_BREAK: 0x402,
  ARM_HW_WATCH: 0x403,
  ARM_SYSTEM_CALL: 0x404,
  ARM_PAC_MASK: 0x406,
} as const;

export interface RegisterSet {
  readonly type: number;
  /** Bytes that can be asked for by themselves. */
  readonly unit: number;
  read(): Uint8Array<ArrayBuffer>;
  /** Undefined: it cannot be written. `bytes` is as long as what {@link read} gives. */
  write?(bytes: Uint8Array<ArrayBuffer>): void;
}
