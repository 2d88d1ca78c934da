/** Generates the cold tier's WebAssembly module of each guest architecture into a directory. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { aarch64 } from '../src/cpu/aarch64/arch.ts';
import { arm } from '../src/cpu/arm/arch.ts';
import { riscv64 } from '../src/cpu/riscv/arch.ts';
import { generateColdTier } from '../src/translate/cold/interpreter.ts';

export function buildColdTiers(directory: string): void {
  for (const arch of [riscv64, aarch64, arm]) {
    writeFileSync(join(directory, `cold-${arch.name}.wasm`), generateColdTier(arch));
  }
}
