/** The WebAssembly back end, the usual one: each region is a module of its own. */
import type { Architecture } from '../../cpu/arch.ts';
import type { Backend, BackendHost, BackendOptions, Made } from './backend.ts';
import { type CodeOptions, compileRegion } from './compile.ts';
import { Effects, Former } from './former.ts';
import type { Region } from './graph.ts';
import { instantiate, nameOf } from './instance.ts';
import { compiled, moduleWithName } from './modules.ts';
import { writeOf } from './register-numbers.ts';

export class WasmBackend implements Backend {
  protected readonly arch: Architecture;
  protected readonly host: BackendHost;
  protected readonly options: BackendOptions;
  private readonly former: Former;

  constructor(arch: Architecture, host: BackendHost, options: BackendOptions) {
    this.arch = arch;
    this.host = host;
    this.options = options;
    this.former = new Former(new Effects(arch), host.threadMemory.buffer, host.readCode);
  }

  form(pc: number): Region | undefined {
    const isEager = this.options.threshold === 1;
    const region = this.former.form(pc, isEager, this.callsKernel, this.sizeLimit);
    if (region !== undefined) this.options.onRegion?.(region, this.arch, this.describe);
    return region;
  }

  make(pc: number, region: Region, slotOf: (pc: number) => number, options: CodeOptions): Made {
    const { nameOf: symbolOf, onModule } = this.options;
    const names = { function: symbolOf?.(pc), locals: onModule !== undefined };
    const { bytes, sites } = compileRegion(this.arch, region, nameOf(pc), slotOf, options, names);
    onModule?.(pc, bytes);
    const { imports } = this.host;
    if (symbolOf !== undefined)
      return { entry: instantiate(moduleWithName(bytes), imports), length: bytes.length, sites };
    const module = new WebAssembly.Module(bytes);
    return { entry: compiled(module, imports), length: bytes.length, sites, module: { module, bytes } };
  }

  writtenAt(pc: number): number[] {
    const statements = this.former.fetch(pc)?.statements ?? [];
    return statements.flatMap((statement) => writeOf(this.arch, statement) ?? []);
  }

  /** The instruction at an address as assembly, for comments. */
  protected get describe(): ((pc: number) => string) | undefined {
    const { describe } = this.options;
    return describe && ((pc) => describe(pc, this.host.readCode(pc) ?? 0));
  }

  /** Whether regions make system calls themselves. */
  protected get callsKernel(): boolean {
    return true;
  }

  /** Instructions that a region may have; undefined for the usual limit. */
  protected get sizeLimit(): number | undefined {
    return this.options.oneInstruction ? 1 : undefined;
  }
}
