/** The compiler of hot code for a guest architecture; compiler-ARCH.ts is the bundle with the rows of one. */
import type { Architecture } from '../cpu/arch.ts';
import { type CpuModel, rowsOfModel } from '../cpu/cpu-model.ts';
import type { Host } from '../host/host.ts';
import { makeSymbolizer } from '../host/linux/symbols.ts';
import { regionImports } from '../translate/engine.ts';
import { JsBackend } from '../translate/js/js-backend.ts';
import type { Backend, BackendHost, BackendOptions } from '../translate/region/backend.ts';
import { serveOrders } from '../translate/region/compiler-thread.ts';
import { WasmBackend } from '../translate/region/wasm-backend.ts';
import type { Settings } from './settings.ts';

export interface Compiler {
  createBackend(
    settings: Pick<Settings, 'backend' | 'threshold' | 'oneInstruction' | 'perfMap'>,
    model: CpuModel,
    host: BackendHost,
    watch?: BackendOptions,
  ): Backend;
  /** See {@link serveOrders}. */
  serve(model: CpuModel, host: Host, coldTier: WebAssembly.Module): never;
}

/** The architecture with the instructions that a model has. */
const withModel = (arch: Architecture, model: CpuModel): Architecture => ({
  ...arch,
  rows: rowsOfModel(arch.rows, model),
  ...(arch.sets && { sets: arch.sets.map((set) => ({ ...set, rows: rowsOfModel(set.rows, model) })) }),
});

export const compilerFor = (arch: Architecture): Compiler => ({
  createBackend({ backend, threshold, oneInstruction, perfMap }, model, host, watch = {}) {
    const nameOf = perfMap ? makeSymbolizer(host.threadMemory) : undefined;
    const options: BackendOptions = { ...watch, threshold, oneInstruction, nameOf };
    return new (backend === 'js' ? JsBackend : WasmBackend)(withModel(arch, model), host, options);
  },
  serve: (model, host, coldTier) => serveOrders(host, withModel(arch, model), regionImports(host, coldTier)),
});
