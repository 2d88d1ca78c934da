/** The WebAssembly back end, the usual one: each region is a module of its own. */
import type { Made } from './backend.ts';
import { type CodeOptions, compileRegion } from './compile.ts';
import { FormingBackend } from './forming-backend.ts';
import type { Region } from './graph.ts';
import { instantiate, nameOf } from './instance.ts';
import { compiled, moduleWithName } from './modules.ts';

export class WasmBackend extends FormingBackend {
  protected readonly callsKernel = true;
  protected readonly usualLimit = undefined;

  make(pc: number, region: Region, slotOf: (pc: number) => number, options: CodeOptions): Made {
    const { nameOf: symbolOf, onModule } = this.options;
    const names = { function: symbolOf?.(pc), locals: onModule !== undefined };
    const { bytes, sites } = compileRegion(this.arch, region, nameOf(pc), slotOf, options, names);
    onModule?.(pc, bytes);
    const { imports } = this.host;
    const { length } = bytes;
    if (symbolOf !== undefined) return { entry: instantiate(moduleWithName(bytes), imports), length, sites };
    const module = new WebAssembly.Module(bytes);
    return { entry: compiled(module, imports), length, sites, module: { module, bytes } };
  }
}
