/** The compiler of hot code with the rows of every guest: a bundle of its own. */
import type { Architecture } from '../cpu/arch.ts';
import { riscv64 } from '../cpu/riscv/arch.ts';
import { type RegionHost, Regions } from '../translate/region/regions.ts';

const ARCHITECTURES: Record<string, Architecture> = { riscv64 };

export function createRegions(architecture: string, host: Omit<RegionHost, 'arch'>): Regions {
  return new Regions({ ...host, arch: ARCHITECTURES[architecture] });
}
