/** 32-bit arm Linux with the EABI: what a program finds when it starts (Linux 6.12 arch/arm, AAPCS32). */
import type { GuestAbi } from '../guest-abi.ts';
import { helpersPage, RT_SIGRETURN_OFFSET, signalPage, VECTORS } from './kernel-pages.ts';
import { ARM_SIGNAL_FRAME_SIZE } from './signal-frame.ts';

const EM_ARM = 40;

/** Bits of AT_HWCAP (uapi/asm/hwcap.h) and their names in /proc/cpuinfo. */
const FEATURES = [
  ['half', 1],
  ['thumb', 2],
  ['fastmult', 4],
  ['vfp', 6],
  ['edsp', 7],
  ['neon', 12],
  ['vfpv3', 13],
  ['tls', 15],
  ['vfpv4', 16],
  ['idiva', 17],
  ['idivt', 18],
  ['vfpd32', 19],
  ['lpae', 20],
] as const;
const FEATURES2 = [
  ['aes', 0],
  ['pmull', 1],
  ['sha1', 2],
  ['sha2', 3],
  ['crc32', 4],
] as const;
const bitsOf = (features: readonly (readonly [string, number])[]): bigint =>
  features.reduce((all, [, bit]) => all | (1n << BigInt(bit)), 0n);

/** As arch/arm/kernel/setup.c prints it, of a Cortex-A15. */
const cpuinfo = (processor: number): string =>
  `processor\t: ${processor}\nmodel name\t: ARMv7 Processor rev 1 (v7l)\nBogoMIPS\t: 100.00\n` +
  `Features\t: ${[...FEATURES, ...FEATURES2].map(([name]) => name).join(' ')} \n` +
  'CPU implementer\t: 0x41\nCPU architecture: 7\nCPU variant\t: 0x2\nCPU part\t: 0xc0f\nCPU revision\t: 1\n\n';

export const armAbi: GuestAbi = {
  name: 'arm',
  machine: 'armv7l',
  command: 'tsemu-arm',
  elfMachine: EM_ARM,
  elfClass: 1,
  wordSize: 4,
  pageSize: 4096,
  hwcap: bitsOf(FEATURES),
  hwcap2: bitsOf(FEATURES2),
  cpuinfo,
  platform: 'v7l',
  minSignalStack: ARM_SIGNAL_FRAME_SIZE,
  extraAuxv: [],
  stackExecutableByDefault: true,
  armOpenFlags: true,
  hasRestorer: true,
  exampleSysroot: '/usr/arm-linux-gnueabihf',
  vdso: { bytes: signalPage, sigreturnOffset: RT_SIGRETURN_OFFSET, isLibrary: false },
  addressSpaceEnd: VECTORS,
  fixedPage: { address: VECTORS, bytes: helpersPage },
};
