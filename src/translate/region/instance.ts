/** Modules of regions as those who run them see them. */

/** What the module of the region at an address is called, by which its traps are known. */
export const nameOf = (pc: number): string => `region_${pc.toString(16)}`;
/** What a module of several regions is called. */
export const JOINED_NAME = 'regions';

/**
 * The first frame of WebAssembly in a stack trace, which is the one that trapped, if it is a region's: its module is called
 * after it, or its function where several regions have one module.
 */
const FRAME = new RegExp(
  `(?:region_([0-9a-f]+) \\()?wasm://wasm/(?:region_([0-9a-f]+)|${JOINED_NAME})-[0-9a-f]+:wasm-function\\[\\d+\\]:0x([0-9a-f]+)`,
);

/** The region, by its address, and the offset in its module where a trap happened; undefined if it came from elsewhere. */
export function trapSite(error: WebAssembly.RuntimeError): { region: number; offset: number } | undefined {
  const stack = error.stack ?? '';
  const frame = FRAME.exec(stack);
  if (frame === null || frame.index + frame[0].indexOf('wasm://') !== stack.indexOf('wasm://wasm/')) return undefined;
  const [, functionName, moduleName, offset] = frame;
  return { region: Number.parseInt(functionName ?? moduleName, 16), offset: Number.parseInt(offset, 16) };
}

/** Instantiates a module; its functions, by their names. */
export function exportsOf(module: WebAssembly.Module, imports: Record<string, unknown>): Record<string, unknown> {
  return new WebAssembly.Instance(module, { e: imports as never }).exports;
}

/** Instantiates a region's module; its function. */
export function instantiate(module: WebAssembly.Module, imports: Record<string, unknown>): unknown {
  return exportsOf(module, imports).region;
}
