/**
 * Instructions in random states: tsemu against qemu-user, and against a model of
 * the manual for those that qemu does not know. TSEMU_FUZZ_COUNT sets the cases
 * a group, TSEMU_FUZZ_SEED the seed; scripts/fuzz-instructions.ts does the same
 * with more to choose from.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { makeRandom } from '../src/cpu/encode.ts';
import type { Row } from '../src/cpu/row.ts';
import { compareCases, describeDifference, emulator, type Subject } from './support/compare-instructions.ts';
import { evaluateCases } from './support/evaluate-effect.ts';
import { type CaseOptions, NOT_IN_QEMU } from './support/instruction-cases.ts';
import { riscvTarget } from './support/riscv-target.ts';
import { modelCases } from './support/young-instructions.ts';

const TSEMU = fileURLToPath(new URL('../dist/tsemu-riscv64', import.meta.url));
const { groups: GROUPS, rowsOfGroup, computingRows, inQemu, qemu: QEMU } = riscvTarget;
const tsemu = emulator(riscvTarget, [TSEMU]);
const qemu = emulator(riscvTarget, QEMU);
const hasTsemu = existsSync(TSEMU);
const hasQemu = spawnSync(QEMU[0], ['--version']).status === 0;

const CASES = Number(process.env.TSEMU_FUZZ_COUNT ?? 1000);
// The same in every run, so that a failure is that of a change; npm run test:fuzz takes new ones.
const seed = Number(process.env.TSEMU_FUZZ_SEED ?? 20261123);
const BATCH = 2000;
const TIMEOUT = 200_000 + CASES * 10;

/** tsemu with everything compiled, by each back end. */
const COMPILED = [
  { backend: 'wasm', subject: emulator(riscvTarget, [TSEMU, '-backend', 'wasm', '-threshold', '1']) },
  { backend: 'js', subject: emulator(riscvTarget, [TSEMU, '-backend', 'js', '-threshold', '1']) },
];

function differences(
  rows: readonly Row<never>[],
  subject: Subject,
  reference: Subject,
  options: CaseOptions,
  count = CASES,
): string[] {
  const random = makeRandom(seed);
  const found: string[] = [];
  for (let done = 0; done < count; done += BATCH) {
    const cases = Array.from({ length: Math.min(BATCH, count - done) }, (_, slot) =>
      riscvTarget.randomCase(rows, slot, random, options),
    );
    found.push(
      ...compareCases(riscvTarget, cases, subject, reference).map((difference) =>
        describeDifference(riscvTarget, difference),
      ),
    );
  }
  return found;
}

describe(`instructions in random states, seed ${seed}, ${CASES} cases a group`, () => {
  describe.skipIf(!hasTsemu || !hasQemu)('tsemu does as qemu-user', () => {
    test.each(GROUPS)('%s', { timeout: TIMEOUT }, (group) => {
      const rows = rowsOfGroup(group, inQemu);
      expect(differences(rows, tsemu, qemu, { faults: true, run: computingRows(rows) })).toEqual([]);
    });
  });

  describe.skipIf(!hasTsemu)('tsemu does as the rows’ effects say', () => {
    test.each(GROUPS)('%s', { timeout: TIMEOUT }, (group) => {
      const rows = rowsOfGroup(group, () => true);
      expect(differences(rows, tsemu, evaluateCases, { faults: true, run: computingRows(rows) })).toEqual([]);
    });
  });

  describe.skipIf(!hasTsemu).each(COMPILED)('compiled to $backend it does so, too', ({ subject }) => {
    test.each(GROUPS)('%s', { timeout: TIMEOUT }, (group) => {
      const rows = rowsOfGroup(group, () => true);
      const options = { faults: true, run: computingRows(rows) };
      expect(differences(rows, subject, evaluateCases, options, Math.ceil(CASES / 5))).toEqual([]);
    });
  });

  describe('the rows’ effects are the manual’s, where qemu-user knows none', () => {
    const groups = GROUPS.filter((group) => group !== 'illegal');
    test.each(groups)('%s', { timeout: TIMEOUT }, (group) => {
      const rows = rowsOfGroup(group, ({ extension }) => NOT_IN_QEMU.has(extension));
      if (rows.length > 0) expect(differences(rows, evaluateCases, modelCases, {})).toEqual([]);
    });
  });
});
