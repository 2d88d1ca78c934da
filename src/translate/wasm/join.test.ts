import { describe, expect, test } from 'vitest';
import { Code, I64, ModuleEncoder } from './encoder.ts';
import { headOf, joinModules } from './join.ts';

const imports = { e: { twice: (x: bigint) => 2n * x } };

/** A module whose function adds a constant to its parameter, doubles it by the import, and traps on 0. */
function single(constant: bigint, { isHinted = false, isOther = false } = {}): Uint8Array<ArrayBuffer> {
  const module = new ModuleEncoder();
  const type = module.type([I64], [I64]);
  const twice = module.importFunction(isOther ? 'thrice' : 'twice', type);
  const code = new Code();
  code.localGet(0).op(0x50);
  if (isHinted) code.unlikelyIf();
  else code.if();
  code.op(0x00).end();
  code.localGet(0).i64(constant).op(0x7c).call(twice);
  const index = module.addFunction(type, [I64], code);
  module.exportFunction('region', index);
  return module.finish();
}

/** Where the function traps, as V8 says it. */
function trapOf(entry: (x: bigint) => bigint): { name: string; offset: number } {
  try {
    entry(0n);
  } catch (error) {
    const [, name, offset] = /(\w*) ?\(?wasm:.*:0x([0-9a-f]+)/.exec((error as Error).stack ?? '') ?? [];
    return { name, offset: Number.parseInt(offset, 16) };
  }
  throw new Error('no trap');
}

type Exports = Record<string, (x: bigint) => bigint>;
const exportsOf = (bytes: Uint8Array<ArrayBuffer>) =>
  new WebAssembly.Instance(new WebAssembly.Module(bytes), imports).exports as Exports;

describe('a module made of several', () => {
  // The second is long enough for a section whose length takes two bytes.
  const constants = [1n, ...Array.from({ length: 40 }, (_, i) => 1n << BigInt(i)), -5n];
  const modules = constants.map((constant, i) => ({
    bytes: single(constant, { isHinted: i % 3 === 1 }),
    name: `f${i}`,
  }));
  const joined = joinModules(modules, 'all');
  const exports = exportsOf(joined.bytes);

  test('has the functions of all, by their names', () => {
    for (const [i, constant] of constants.entries()) expect(exports[`f${i}`](7n)).toBe(2n * (7n + constant));
    expect(Object.keys(exports)).toHaveLength(constants.length);
  });

  test('traps where they did, so much further behind, and says the name', () => {
    for (const [i, { bytes, name }] of modules.entries()) {
      const { offset } = trapOf(exportsOf(bytes).region);
      expect(trapOf(exports[name])).toEqual({ name, offset: offset + joined.shifts[i] });
    }
  });

  test('is made of those with the same types and imports', () => {
    expect(headOf(modules[0].bytes)).toBe(headOf(modules[1].bytes));
    expect(headOf(single(1n, { isOther: true }))).not.toBe(headOf(modules[0].bytes));
  });
});
