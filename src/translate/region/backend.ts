/**
 * What makes regions: forms them out of guest code and compiles them. It is a
 * bundle of its own, and loaded when there is something to compile; programs
 * whose regions are all stored need none.
 */
import type { Architecture } from '../../cpu/arch.ts';
import type { CodeOptions } from './compile.ts';
import type { Sites } from './flow.ts';
import type { ReadCode } from './former.ts';
import type { Region } from './graph.ts';

/** What a back end needs of the engine. */
export interface BackendHost {
  threadMemory: WebAssembly.Memory;
  /** Imports of every module. */
  imports: Record<string, unknown>;
  readCode: ReadCode;
}

/** How code is compiled, and who looks on. */
export interface BackendOptions {
  /** After how many jumps code is compiled. */
  threshold?: number;
  /** -one-insn-per-tb: a region is one instruction. */
  oneInstruction?: boolean;
  /** What the code at an address is called, for profilers. */
  nameOf?(pc: number): string;
  /** The instruction at an address as assembly, for comments. */
  describe?(pc: number, word: number): string;
  /** -d op, out_wasm, out_js. */
  onRegion?(region: Region, arch: Architecture, describe?: (pc: number) => string): void;
  onModule?(pc: number, bytes: Uint8Array): void;
  onSource?(pc: number, source: string): void;
}

/** A region's host function. */
export interface Made {
  /** What goes into the table of regions. */
  entry: unknown;
  /** Bytes of code. */
  length: number;
  sites: Sites;
  /** What can be kept for other runs, if it can be. */
  module?: { module: WebAssembly.Module; bytes: Uint8Array<ArrayBuffer> };
}

export interface Backend {
  /** The region at an address; undefined if there can be none. */
  form(pc: number): Region | undefined;
  /** @param slotOf index in the table of regions for the region at an address, existing or to come */
  make(pc: number, region: Region, slotOf: (pc: number) => number, options: CodeOptions): Made;
  /** The numbers of the registers that the instruction at an address writes. */
  writtenAt(pc: number): number[];
  /** Called when the region of an address is no more. */
  onDropped?(entry: number): void;
  /** The guest address of a trap in a region, if that is not known from {@link Made.sites}; undefined if it came from elsewhere. */
  trapAddress?(): number | undefined;
}
