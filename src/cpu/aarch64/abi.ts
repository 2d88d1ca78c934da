/** aarch64 Linux: what a program finds when it starts (Linux 6.12 arch/arm64, AAPCS64). */
import type { GuestAbi } from '../guest-abi.ts';
import type { Aarch64Model } from './models.ts';
import { AARCH64_SIGNAL_FRAME } from './signal-frame.ts';
import { aarch64Vdso } from './vdso/vdso.ts';

const EM_AARCH64 = 183;

export const aarch64Abi = ({ features }: Aarch64Model): GuestAbi => ({
  name: 'aarch64',
  command: 'tsemu-aarch64',
  elfMachine: EM_AARCH64,
  elfClass: 2,
  wordSize: 8,
  pageSize: 4096,
  hwcap: features.hwcap,
  hwcap2: features.hwcap2,
  identity: { midr: features.registers.midr_el1, features: features.names },
  platform: 'aarch64',
  minSignalStack: AARCH64_SIGNAL_FRAME.size,
  extraAuxv: [],
  stackExecutableByDefault: false,
  armOpenFlags: true,
  hasRestorer: true,
  exampleSysroot: '/usr/aarch64-linux-gnu',
  vdso: aarch64Vdso,
});
