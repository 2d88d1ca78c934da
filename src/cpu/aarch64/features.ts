/**
 * What the emulated processor says that it can do: AT_HWCAP, AT_HWCAP2, and the
 * identification registers that Linux shows to programs. All tell the same.
 */

/** AT_HWCAP (uapi/asm/hwcap.h). */
export const HWCAP = {
  FP: 1n << 0n,
  ASIMD: 1n << 1n,
  CRC32: 1n << 7n,
  ATOMICS: 1n << 8n,
  CPUID: 1n << 11n,
} as const;

/** What /proc/cpuinfo calls them. */
export const aarch64CpuFeatures = Object.keys(HWCAP)
  .map((name) => name.toLowerCase())
  .join(' ');

export const hwcap: bigint = Object.values(HWCAP).reduce((all, bit) => all | bit, 0n);
export const hwcap2 = 0n;

/** MIDR_EL1: implementer 0, which is reserved for software, part number 0x051, as qemu has for `max`. */
export const MIDR = 0x000f_0510n;

/** Registers of the identification space: name, o0, op1, CRn, CRm and op2 as in the encoding, value. */
export const ID_REGISTERS: readonly (readonly [name: string, bits: string, value: bigint])[] = [
  ['midr_el1', '1 000 0000 0000 000', MIDR],
  ['mpidr_el1', '1 000 0000 0000 101', 0x8000_0000n],
  ['revidr_el1', '1 000 0000 0000 110', 0n],
  // FP and AdvSIMD are there, without half precision; EL0 and EL1 are 64 bits only.
  ['id_aa64pfr0_el1', '1 000 0000 0100 000', 0x0000_0011n],
  ['id_aa64pfr1_el1', '1 000 0000 0100 001', 0n],
  ['id_aa64zfr0_el1', '1 000 0000 0100 100', 0n],
  ['id_aa64dfr0_el1', '1 000 0000 0101 000', 0n],
  ['id_aa64dfr1_el1', '1 000 0000 0101 001', 0n],
  ['id_aa64afr0_el1', '1 000 0000 0101 100', 0n],
  ['id_aa64afr1_el1', '1 000 0000 0101 101', 0n],
  // Atomic (bits 20–23) and CRC32 (bits 16–19).
  ['id_aa64isar0_el1', '1 000 0000 0110 000', 0x0021_0000n],
  ['id_aa64isar1_el1', '1 000 0000 0110 001', 0n],
  ['id_aa64isar2_el1', '1 000 0000 0110 010', 0n],
  ['id_aa64mmfr0_el1', '1 000 0000 0111 000', 0n],
  ['id_aa64mmfr1_el1', '1 000 0000 0111 001', 0n],
  ['id_aa64mmfr2_el1', '1 000 0000 0111 010', 0n],
];
