/** The compiler of hot code for a guest architecture; compiler-ARCH.ts is the bundle with the rows of one. */
import type { Architecture } from '../cpu/arch.ts';
import type { Host } from '../host/host.ts';
import { makeSymbolizer } from '../host/linux/symbols.ts';
import { regionImports } from '../translate/engine.ts';
import { JsRegions } from '../translate/js/js-regions.ts';
import { serveOrders } from '../translate/region/compiler-thread.ts';
import { type RegionHost, type RegionOptions, Regions } from '../translate/region/regions.ts';
import type { Settings } from './settings.ts';

export interface Compiler {
  createRegions(
    settings: Pick<Settings, 'backend' | 'threshold' | 'oneInstruction' | 'codeLimit' | 'perfMap'>,
    host: Omit<RegionHost, 'arch'>,
    watch?: RegionOptions,
  ): Regions;
  /** See {@link serveOrders}. */
  serve(host: Host, coldTier: WebAssembly.Module): never;
}

export const compilerFor = (arch: Architecture): Compiler => ({
  createRegions({ backend, threshold, oneInstruction, codeLimit, perfMap }, host, watch = {}) {
    const nameOf = perfMap ? makeSymbolizer(host.threadMemory) : undefined;
    const options: RegionOptions = { ...watch, threshold, oneInstruction, codeLimit, nameOf };
    const parts = { ...host, arch };
    return backend === 'js' ? new JsRegions(parts, options) : new Regions(parts, options);
  },
  serve: (host, coldTier) => serveOrders(host, arch, regionImports(host, coldTier)),
});
