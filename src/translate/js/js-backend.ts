/**
 * The JavaScript back end (`--backend js`): regions as functions made with
 * `new Function`. The cold tier and regions enter them as they enter those of
 * the WebAssembly back end, through the table of regions; every entry there is
 * the same function, which looks up the address.
 */
import type { Architecture } from '../../cpu/arch.ts';
import type { BackendHost, BackendOptions, Made } from '../region/backend.ts';
import { FormingBackend } from '../region/forming-backend.ts';
import type { Region } from '../region/graph.ts';
import { I64, ModuleEncoder } from '../wasm/encoder.ts';
import { REGION_PARAMETERS } from '../wasm/region-type.ts';
import { generateAccesses } from './access.ts';
import { makeRuntime } from './runtime.ts';
import { regionSource } from './source.ts';

type RegionFunction = (depth: number, pc: bigint) => bigint;

/** Calls deeper than this return to the cold tier first. A frame of unoptimised JavaScript has a slot for every local. */
const DEPTH_LIMIT = 60;

/** V8 optimises short functions well, long ones late and those of more than 60 KB of bytecode never. */
const SIZE_LIMIT = 50;

export class JsBackend extends FormingBackend {
  protected readonly callsKernel = false;
  protected readonly usualLimit = SIZE_LIMIT;
  private readonly functions = new Map<number, RegionFunction>();
  private readonly runtime: Record<string, unknown>;
  private readonly entry: unknown;
  private readonly pc: BigUint64Array;
  /** Whether the error being thrown came out of a region. */
  private trapped = false;

  constructor(arch: Architecture, host: BackendHost, options: BackendOptions) {
    super(arch, host, options);
    const { threadMemory, imports } = host;
    this.pc = new BigUint64Array(threadMemory.buffer, arch.state.pc, 1);
    const accesses = instantiate(generateAccesses(arch), imports);
    const call = (depth: number, target: bigint) => this.enter(depth + 1, target);
    this.runtime = makeRuntime(threadMemory, arch.state.fpFlags, imports, accesses, call);
    this.entry = tableEntry((depth, pc) => this.enter(depth, pc));
  }

  /** Runs the region at an address; gives the address back if there is none. */
  private enter(depth: number, pc: bigint): bigint {
    const region = depth < DEPTH_LIMIT ? this.functions.get(Number(pc)) : undefined;
    if (region === undefined) return pc;
    try {
      return region(depth, pc);
    } catch (error) {
      this.trapped = true;
      throw error;
    }
  }

  make(pc: number, region: Region): Made {
    const { arch, options, runtime } = this;
    const symbol = options.nameOf?.(pc);
    const name = `pc_${pc.toString(16)}${symbol === undefined ? '' : `_${symbol.replace(/\W/g, '_')}`}`;
    const source = regionSource(arch, region, name, this.describe);
    options.onSource?.(pc, source);
    const called = new Set(source.match(/\w+(?=\()/g));
    const used = Object.keys(runtime).filter((word) => called.has(word));
    const make = new Function('runtime', `const { r, ${used.join(', ')} } = runtime;\nreturn ${source}`);
    const made = make(runtime) as RegionFunction;
    for (const entry of region.entries) this.functions.set(entry, made);
    return { entry: this.entry, length: source.length, sites: new Float64Array(0) };
  }

  onDropped(entry: number): void {
    this.functions.delete(entry);
  }

  /** Accesses store the PC before they are made. */
  trapAddress(): number | undefined {
    if (!this.trapped) return undefined;
    this.trapped = false;
    return Number(this.pc[0]);
  }
}

function instantiate(bytes: Uint8Array<ArrayBuffer>, imports: Record<string, unknown>): Record<string, unknown> {
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), { e: imports }).exports;
}

/** A JavaScript function as one that a table of WebAssembly can hold. */
function tableEntry(enter: (depth: number, pc: bigint) => bigint): unknown {
  const module = new ModuleEncoder();
  module.exportFunction('enter', module.importFunction('enter', module.type(REGION_PARAMETERS, [I64])));
  return instantiate(module.finish(), { enter }).enter;
}
