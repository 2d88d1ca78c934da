/** The processors that `-cpu` names: those that qemu has under the same names. */
import { type CpuModel, modelWithout } from '../cpu-model.ts';
import { type Extension, OPTIONAL_EXTENSIONS } from './extensions.ts';

const ARMV6: readonly Extension[] = ['Armv6'];
const CORTEX_A8: readonly Extension[] = [...ARMV6, 'Armv7', 'Thumb2', 'NEON', 'VFPv3'];
const CORTEX_A9: readonly Extension[] = [...CORTEX_A8, 'MP', 'Half'];
const CORTEX_A15: readonly Extension[] = [...CORTEX_A9, 'VFPv4', 'IDIV'];

/** What Linux calls a processor: uname's machine and AT_PLATFORM, and in /proc/cpuinfo its model and architecture. */
const NAMES = {
  5: { machine: 'armv5tejl', platform: 'v5l', model: 'ARM926EJ-S', architecture: '5TEJ' },
  6: { machine: 'armv6l', platform: 'v6l', model: 'ARMv6-compatible processor', architecture: '7' },
  7: { machine: 'armv7l', platform: 'v7l', model: 'ARMv7 Processor', architecture: '7' },
} as const;

export interface ArmModel extends CpuModel {
  names: (typeof NAMES)[keyof typeof NAMES];
  /** The main ID register. */
  midr: number;
}

const PROCESSORS: readonly (readonly [string, keyof typeof NAMES, midr: number, extensions: readonly Extension[]])[] = [
  ['max', 7, 0x412f_c0f1, OPTIONAL_EXTENSIONS],
  ['cortex-a15', 7, 0x412f_c0f1, CORTEX_A15],
  ['cortex-a7', 7, 0x410f_c075, CORTEX_A15],
  ['cortex-a9', 7, 0x410f_c090, CORTEX_A9],
  ['cortex-a8', 7, 0x410f_c080, CORTEX_A8],
  ['arm1176', 6, 0x410f_b767, ARMV6],
  ['arm926', 5, 0x4106_9265, []],
];

/** The first one is what programs run on unless told otherwise. */
export const ARM_MODELS: readonly ArmModel[] = PROCESSORS.map(([name, version, midr, extensions]) => ({
  ...modelWithout(name, OPTIONAL_EXTENSIONS, (extension) => !extensions.includes(extension)),
  names: NAMES[version],
  midr,
}));
