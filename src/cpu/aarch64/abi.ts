/** aarch64 Linux: what a program finds when it starts (Linux 6.12 arch/arm64, AAPCS64). */
import type { GuestAbi } from '../guest-abi.ts';
import type { Features } from './features.ts';
import type { Aarch64Model } from './models.ts';
import { AARCH64_SIGNAL_FRAME } from './signal-frame.ts';
import { aarch64Vdso } from './vdso/vdso.ts';

const EM_AARCH64 = 183;

/** As arch/arm64/kernel/cpuinfo.c prints it. */
function cpuinfo({ names, registers }: Features, processor: number): string {
  const midr = registers.midr_el1;
  const hex = (value: bigint, digits: number): string => `0x${value.toString(16).padStart(digits, '0')}`;
  return (
    `processor\t: ${processor}\nBogoMIPS\t: 100.00\nFeatures\t: ${names}\n` +
    `CPU implementer\t: ${hex(midr >> 24n, 2)}\nCPU architecture: 8\nCPU variant\t: ${hex((midr >> 20n) & 15n, 1)}\n` +
    `CPU part\t: ${hex((midr >> 4n) & 0xfffn, 3)}\nCPU revision\t: ${midr & 15n}\n\n`
  );
}

export const aarch64Abi = ({ features }: Aarch64Model): GuestAbi => ({
  name: 'aarch64',
  command: 'tsemu-aarch64',
  elfMachine: EM_AARCH64,
  elfClass: 2,
  wordSize: 8,
  pageSize: 4096,
  hwcap: features.hwcap,
  hwcap2: features.hwcap2,
  cpuinfo: (processor) => cpuinfo(features, processor),
  platform: 'aarch64',
  minSignalStack: AARCH64_SIGNAL_FRAME.size,
  extraAuxv: [],
  stackExecutableByDefault: false,
  armOpenFlags: true,
  hasRestorer: true,
  exampleSysroot: '/usr/aarch64-linux-gnu',
  vdso: aarch64Vdso,
});
