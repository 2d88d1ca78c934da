/** 32-bit arm Linux with the EABI: what a program finds when it starts (Linux 6.12 arch/arm, AAPCS32). */
import type { GuestAbi } from '../guest-abi.ts';
import type { Extension } from './extensions.ts';
import { helpersPage, RT_SIGRETURN_OFFSET, signalPage, VECTORS } from './kernel-pages.ts';
import type { ArmModel } from './models.ts';
import { ARM_SIGNAL_FRAME_SIZE } from './signal-frame.ts';

const EM_ARM = 40;

/** Bits of AT_HWCAP (uapi/asm/hwcap.h), their names in /proc/cpuinfo, and the extension that they tell of. */
const FEATURES = [
  ['half', 1, 'Base'],
  ['thumb', 2, 'Base'],
  ['fastmult', 4, 'Base'],
  ['vfp', 6, 'Base'],
  ['edsp', 7, 'Base'],
  ['neon', 12, 'NEON'],
  ['vfpv3', 13, 'VFPv3'],
  ['tls', 15, 'Armv6'],
  ['vfpv4', 16, 'VFPv4'],
  ['idiva', 17, 'IDIV'],
  ['idivt', 18, 'IDIV'],
  ['vfpd32', 19, 'NEON'],
  ['lpae', 20, 'IDIV'],
] as const;
const FEATURES2 = [
  ['aes', 0, 'AES'],
  ['pmull', 1, 'PMULL'],
  ['sha1', 2, 'SHA1'],
  ['sha2', 3, 'SHA2'],
  ['crc32', 4, 'CRC32'],
] as const;
type Feature = readonly [name: string, bit: number, extension: Extension];
const bitsOf = (features: readonly Feature[]): bigint =>
  features.reduce((all, [, bit]) => all | (1n << BigInt(bit)), 0n);

/** As arch/arm/kernel/setup.c prints it. */
function cpuinfo({ names, midr }: ArmModel, features: readonly Feature[], processor: number): string {
  const field = (low: number, width: number): number => (midr >>> low) & (2 ** width - 1);
  const hex = (value: number, digits = 0): string => `0x${value.toString(16).padStart(digits, '0')}`;
  return (
    `processor\t: ${processor}\nmodel name\t: ${names.model} rev ${field(0, 4)} (${names.platform})\n` +
    `BogoMIPS\t: 100.00\nFeatures\t: ${features.map(([name]) => name).join(' ')} \n` +
    `CPU implementer\t: ${hex(field(24, 8))}\nCPU architecture: ${names.architecture}\n` +
    `CPU variant\t: ${hex(field(20, 4))}\nCPU part\t: ${hex(field(4, 12), 3)}\nCPU revision\t: ${field(0, 4)}\n\n`
  );
}

export function armAbi(model: ArmModel): GuestAbi {
  const has = ([, , extension]: Feature): boolean => !model.lacks.has(extension);
  const [features, features2] = [FEATURES.filter(has), FEATURES2.filter(has)];
  return {
    ...COMMON,
    machine: model.names.machine,
    hwcap: bitsOf(features),
    hwcap2: bitsOf(features2),
    cpuinfo: (processor) => cpuinfo(model, [...features, ...features2], processor),
    platform: model.names.platform,
  };
}

/** EF_ARM_EABIMASK of e_flags: 0 in programs from before the EABI (elf.h). */
const EABI_VERSION = 0xff000000;

/**
 * A kernel without CONFIG_OABI_COMPAT starts a program of the old ABI, and takes what is in r7 for the number of each call
 * that the program makes.
 */
function refusal(eflags: number): string | undefined {
  if ((eflags & EABI_VERSION) !== 0) return undefined;
  return "of ARM's old ABI (OABI, no EABI version in its header), whose system calls tsemu does not have";
}

const COMMON = {
  name: 'arm',
  command: 'tsemu-arm',
  elfMachine: EM_ARM,
  refusal,
  elfClass: 1,
  wordSize: 4,
  pageSize: 4096,
  minSignalStack: ARM_SIGNAL_FRAME_SIZE,
  extraAuxv: [],
  stackExecutableByDefault: true,
  armOpenFlags: true,
  hasRestorer: true,
  exampleSysroot: '/usr/arm-linux-gnueabihf',
  vdso: { bytes: signalPage, sigreturnOffset: RT_SIGRETURN_OFFSET, isLibrary: false },
  addressSpaceEnd: VECTORS,
  fixedPage: { address: VECTORS, bytes: helpersPage },
} as const satisfies Partial<GuestAbi>;
