/**
 * The processors that `-cpu` names: those that qemu has under the same names, of
 * whose extensions each has those that are implemented here.
 */
import { type CpuModel, modelWithout } from '../cpu-model.ts';
import { EXTENSIONS, type Extension, type Features, featuresOf } from './features.ts';

/** Extensions that a processor may lack; the others all have. */
const ALWAYS: readonly Extension[] = ['Base', 'FP', 'AdvSIMD'];
const ALL = Object.keys(EXTENSIONS) as Extension[];
export const OPTIONAL_EXTENSIONS: readonly Extension[] = ALL.filter((name) => !ALWAYS.includes(name));

/** Armv8.0 with what is optional there. */
const ARMV8: readonly Extension[] = [...ALWAYS, 'AES', 'PMULL', 'SHA1', 'SHA256', 'CRC32'];

/** MIDR_EL1, and what the processor has. Implementer 0 is reserved for software; qemu's `max` is the same. */
const PROCESSORS: readonly (readonly [name: string, midr: bigint, extensions: readonly Extension[]])[] = [
  ['max', 0x000f_0510n, ALL],
  ['cortex-a53', 0x410f_d034n, ARMV8],
  ['cortex-a72', 0x410f_d083n, ARMV8],
  ['neoverse-n1', 0x414f_d0c1n, [...ARMV8, 'LSE', 'FP16', 'RDM', 'LRCPC', 'DPB', 'DotProd', 'SSBS']],
];

export interface Aarch64Model extends CpuModel {
  features: Features;
}

/** The first one is what programs run on unless told otherwise. */
export const AARCH64_MODELS: readonly Aarch64Model[] = PROCESSORS.map(([name, midr, extensions]) => ({
  ...modelWithout(name, OPTIONAL_EXTENSIONS, (extension) => !extensions.includes(extension)),
  features: featuresOf(new Set(extensions), midr),
}));
