/** The compiler of hot code with the rows of every guest: a bundle of its own. */
import { aarch64 } from '../cpu/aarch64/arch.ts';
import type { Architecture } from '../cpu/arch.ts';
import { riscv64 } from '../cpu/riscv/arch.ts';
import type { Host } from '../host/host.ts';
import { makeSymbolizer } from '../host/linux/symbols.ts';
import { regionImports } from '../translate/engine.ts';
import { JsRegions } from '../translate/js/js-regions.ts';
import { serveOrders } from '../translate/region/compiler-thread.ts';
import { type RegionHost, type RegionOptions, Regions } from '../translate/region/regions.ts';
import type { Settings } from './settings.ts';

const ARCHITECTURES: Record<string, Architecture> = { riscv64, aarch64 };

export function createRegions(
  architecture: string,
  settings: Pick<Settings, 'backend' | 'threshold' | 'oneInstruction' | 'codeLimit' | 'perfMap'>,
  host: Omit<RegionHost, 'arch'>,
  watch: RegionOptions = {},
): Regions {
  const { backend, threshold, oneInstruction, codeLimit, perfMap } = settings;
  const parts = { ...host, arch: ARCHITECTURES[architecture] };
  const nameOf = perfMap ? makeSymbolizer(host.threadMemory) : undefined;
  const options: RegionOptions = { ...watch, threshold, oneInstruction, codeLimit, nameOf };
  return backend === 'js' ? new JsRegions(parts, options) : new Regions(parts, options);
}

/** See {@link serveOrders}. */
export function serve(architecture: string, host: Host, coldTier: WebAssembly.Module): never {
  return serveOrders(host, ARCHITECTURES[architecture], regionImports(host, coldTier));
}
