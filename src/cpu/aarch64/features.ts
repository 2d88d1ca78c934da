/**
 * What the emulated processor says that it can do: AT_HWCAP, AT_HWCAP2, and the
 * identification registers that Linux shows to programs. All tell the same.
 */

/** AT_HWCAP (uapi/asm/hwcap.h). */
export const HWCAP = {
  FP: 1n << 0n,
  ASIMD: 1n << 1n,
  AES: 1n << 3n,
  PMULL: 1n << 4n,
  SHA1: 1n << 5n,
  SHA2: 1n << 6n,
  CRC32: 1n << 7n,
  ATOMICS: 1n << 8n,
  FPHP: 1n << 9n,
  ASIMDHP: 1n << 10n,
  CPUID: 1n << 11n,
  ASIMDRDM: 1n << 12n,
  FCMA: 1n << 14n,
  SHA3: 1n << 17n,
  ASIMDDP: 1n << 20n,
  SHA512: 1n << 21n,
  ASIMDFHM: 1n << 23n,
} as const;

/** AT_HWCAP2. */
const HWCAP2 = {
  I8MM: 1n << 13n,
} as const;

/** What /proc/cpuinfo calls them. */
export const aarch64CpuFeatures = Object.keys({ ...HWCAP, ...HWCAP2 })
  .map((name) => name.toLowerCase())
  .join(' ');

const allOf = (bits: Readonly<Record<string, bigint>>) => Object.values(bits).reduce((all, bit) => all | bit, 0n);
export const hwcap: bigint = allOf(HWCAP);
export const hwcap2: bigint = allOf(HWCAP2);

/** MIDR_EL1: implementer 0, which is reserved for software, part number 0x051, as qemu has for `max`. */
export const MIDR = 0x000f_0510n;

/** Registers of the identification space: name, o0, op1, CRn, CRm and op2 as in the encoding, value. */
export const ID_REGISTERS: readonly (readonly [name: string, bits: string, value: bigint])[] = [
  ['midr_el1', '1 000 0000 0000 000', MIDR],
  ['mpidr_el1', '1 000 0000 0000 101', 0x8000_0000n],
  ['revidr_el1', '1 000 0000 0000 110', 0n],
  // FP (bits 16–19) and AdvSIMD (20–23) are there with half precision; EL0 and EL1 are 64 bits only.
  ['id_aa64pfr0_el1', '1 000 0000 0100 000', 0x0011_0011n],
  ['id_aa64pfr1_el1', '1 000 0000 0100 001', 0n],
  ['id_aa64zfr0_el1', '1 000 0000 0100 100', 0n],
  ['id_aa64dfr0_el1', '1 000 0000 0101 000', 0n],
  ['id_aa64dfr1_el1', '1 000 0000 0101 001', 0n],
  ['id_aa64afr0_el1', '1 000 0000 0101 100', 0n],
  ['id_aa64afr1_el1', '1 000 0000 0101 101', 0n],
  // FHM (bits 48–51), DP (44–47), SHA3 (32–35), RDM (28–31), Atomic (20–23), CRC32 (16–19), SHA2 (12–15) with SHA512, SHA1 (8–11) and
  // AES (4–7) with PMULL.
  ['id_aa64isar0_el1', '1 000 0000 0110 000', 0x0001_1001_1021_2120n],
  // I8MM (bits 52–55) and FCMA (16–19).
  ['id_aa64isar1_el1', '1 000 0000 0110 001', 0x0010_0000_0001_0000n],
  ['id_aa64isar2_el1', '1 000 0000 0110 010', 0n],
  ['id_aa64mmfr0_el1', '1 000 0000 0111 000', 0n],
  ['id_aa64mmfr1_el1', '1 000 0000 0111 001', 0n],
  ['id_aa64mmfr2_el1', '1 000 0000 0111 010', 0n],
];
