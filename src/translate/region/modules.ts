/**
 * Compiles regions' modules by TurboFan at once: V8 would begin with Liftoff,
 * whose code of a loop is not replaced while it runs. The code belongs to the
 * module's bytes: who makes a module of the same bytes in another thread, while
 * this one is referred to, has it too.
 */
import { setFlagsFromString } from 'node:v8';
import { instantiate } from './instance.ts';

/** How often a thread tries to have the flag to itself. */
const ATTEMPTS = 1000;

/**
 * A function of V8's own (src/runtime/runtime-test-wasm.cc), which only code that is parsed under a flag may name. The flag
 * is the process's: another thread that loads this file at the same time may take it back too early.
 */
function nameTierUp(): (entry: unknown) => void {
  for (let left = ATTEMPTS; ; left--) {
    setFlagsFromString('--allow-natives-syntax');
    try {
      return new Function('entry', '%WasmTierUpFunction(entry)') as (entry: unknown) => void;
    } catch (error) {
      if (!(error instanceof SyntaxError) || left === 0) throw error;
    } finally {
      setFlagsFromString('--no-allow-natives-syntax');
    }
  }
}
let tierUp: ((entry: unknown) => void) | undefined;

/** Has TurboFan compile a region's function. */
export function compile(entry: unknown): void {
  tierUp ??= nameTierUp();
  tierUp(entry);
}

/** Instantiates a region's module, compiled; its function. */
export function compiled(module: WebAssembly.Module, imports: Record<string, unknown>): unknown {
  const entry = instantiate(module, imports);
  compile(entry);
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
