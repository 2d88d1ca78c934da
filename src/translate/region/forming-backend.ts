/** What both back ends do alike: form regions, and say what instructions write. */
import type { Architecture } from '../../cpu/arch.ts';
import type { Backend, BackendHost, BackendOptions, Made } from './backend.ts';
import type { CodeOptions } from './compile.ts';
import { decodedWord, Effects, Former } from './former.ts';
import type { Region } from './graph.ts';
import { writeOf } from './register-numbers.ts';

export abstract class FormingBackend implements Backend {
  protected readonly arch: Architecture;
  protected readonly host: BackendHost;
  protected readonly options: BackendOptions;
  /** Whether regions make system calls themselves. */
  protected abstract readonly callsKernel: boolean;
  /** Instructions that a region may have; undefined for the usual limit. */
  protected abstract readonly usualLimit: number | undefined;
  private readonly former: Former;

  constructor(arch: Architecture, host: BackendHost, options: BackendOptions) {
    this.arch = arch;
    this.host = host;
    this.options = options;
    this.former = new Former(new Effects(arch), host.threadMemory.buffer, host.readCode);
  }

  abstract make(pc: number, region: Region, slotOf: (pc: number) => number, options: CodeOptions): Made;

  form(pc: number): Region | undefined {
    const { threshold, oneInstruction, onRegion } = this.options;
    const region = this.former.form(pc, threshold === 1, this.callsKernel, oneInstruction ? 1 : this.usualLimit);
    if (region !== undefined) onRegion?.(region, this.arch, this.describe);
    return region;
  }

  writtenAt(pc: number): number[] {
    const statements = this.former.fetch(pc)?.statements ?? [];
    return statements.flatMap((statement) => writeOf(this.arch, statement) ?? []);
  }

  /** The instruction at an address as assembly, for comments. */
  protected get describe(): ((pc: number) => string) | undefined {
    const { describe } = this.options;
    return describe && ((pc) => describe(pc, decodedWord(this.arch, pc, this.host.readCode(pc) ?? 0)));
  }
}
