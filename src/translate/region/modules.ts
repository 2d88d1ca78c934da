/**
 * Compiles regions' modules by TurboFan at once: V8 would begin with Liftoff,
 * whose code of a loop is not replaced while it runs. The code belongs to the
 * module's bytes: who makes a module of the same bytes in another thread, while
 * this one is referred to, has it too.
 */
import { setFlagsFromString } from 'node:v8';
import { instantiate } from './instance.ts';

// A function of V8's own (src/runtime/runtime-test-wasm.cc), which only code that is parsed under this flag may name.
setFlagsFromString('--allow-natives-syntax');
const tierUp = new Function('entry', '%WasmTierUpFunction(entry)') as (entry: unknown) => void;
setFlagsFromString('--no-allow-natives-syntax');

/** Instantiates a region's module, compiled; its function. */
export function compiled(module: WebAssembly.Module, imports: Record<string, unknown>): unknown {
  const entry = instantiate(module, imports);
  tierUp(entry);
  return entry;
}

/** V8's flags that are off while a module is compiled that is to have a name. */
const NAMING_FLAGS = ['liftoff', 'wasm-lazy-compilation'];

/**
 * A compiled module where V8 has to tell profilers of the code (-perfmap), which it does only of what it compiles with
 * the module. The flags are the process's: no other thread may compile meanwhile.
 */
export function moduleWithName(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  for (const flag of NAMING_FLAGS) setFlagsFromString(`--no-${flag}`);
  try {
    return new WebAssembly.Module(bytes);
  } finally {
    for (const flag of NAMING_FLAGS) setFlagsFromString(`--${flag}`);
  }
}
