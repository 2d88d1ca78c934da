/** A bounded slice of scripts/fuzz-programs.ts: random programs in every tier, against each other and qemu-user. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { compareProgram } from './support/compare-programs.ts';
import { randomProgram } from './support/random-program.ts';

const TSEMU = fileURLToPath(new URL('../dist/tsemu-riscv64', import.meta.url));

test.skipIf(!existsSync(TSEMU)).each([
  { faults: false, timer: false },
  { faults: true, timer: false },
  { faults: false, timer: true },
  { faults: true, timer: true },
])('random programs do the same in every tier: %o', { timeout: 400_000 }, (options) => {
  const directory = mkdtempSync(join(tmpdir(), 'tsemu-programs-'));
  const program = join(directory, 'program');
  try {
    // Signals take a program's time.
    const programs = options.timer ? 4 : 8;
    for (let seed = 1; seed <= programs; seed++) {
      writeFileSync(program, randomProgram(seed, options), { mode: 0o755 });
      expect([seed, compareProgram(TSEMU, program)]).toEqual([seed, []]);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});
