/**
 * Compares tsemu's tiers with each other and with qemu-user on random programs (tests/support/random-program.ts).
 *
 *     node scripts/fuzz-programs.ts --seconds 600 [--seed N] [--tsemu PATH] [--keep DIRECTORY]
 *
 * Prints the seeds that differ, keeps their programs in DIRECTORY, and ends with status 1 if there are any.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compareProgram, MODES } from '../tests/support/compare-programs.ts';
import { randomProgram } from '../tests/support/random-program.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_007) },
    tsemu: { type: 'string', default: fileURLToPath(new URL('../dist/tsemu-riscv64', import.meta.url)) },
    keep: { type: 'string', default: '' },
  },
});
const directory = mkdtempSync(join(tmpdir(), 'tsemu-programs-'));
const end = performance.now() + 1000 * Number(values.seconds);
let seed = Number(values.seed);
let programs = 0;
const different: number[] = [];
for (; performance.now() < end; seed++) {
  const file = join(directory, 'program');
  const options = { faults: seed % 2 === 0, timer: seed % 3 === 0 };
  const program = randomProgram(seed, options);
  writeFileSync(file, program, { mode: 0o755 });
  const differences = compareProgram(values.tsemu, file);
  programs++;
  if (differences.length === 0) continue;
  different.push(seed);
  console.log(`seed ${seed} ${JSON.stringify(options)}: ${differences.join('; ')}`);
  if (values.keep === '') continue;
  mkdirSync(values.keep, { recursive: true });
  writeFileSync(join(values.keep, `${seed}.elf`), program, { mode: 0o755 });
}
rmSync(directory, { recursive: true });
console.log(`${programs} programs, each in ${MODES.length} modes: ${different.length} differ (last seed ${seed - 1})`);
process.exitCode = different.length > 0 ? 1 : 0;
