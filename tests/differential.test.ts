/**
 * Instructions in random states: tsemu against qemu-user, and for riscv64 against
 * the rows' effects, and these against a model of the manual for those that qemu
 * does not know. TSEMU_FUZZ_COUNT sets the cases a group, TSEMU_FUZZ_SEED the
 * seed; scripts/fuzz-instructions.ts does the same with more to choose from.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { makeRandom } from '../src/cpu/encode.ts';
import type { Row } from '../src/cpu/row.ts';
import { aarch64Target } from './support/aarch64-target.ts';
import { armTarget } from './support/arm-target.ts';
import { compareCases, describeDifference, emulator, type Subject } from './support/compare-instructions.ts';
import { evaluateCases } from './support/evaluate-effect.ts';
import type { FuzzTarget } from './support/fuzz-target.ts';
import { type CaseOptions, NOT_IN_QEMU } from './support/instruction-cases.ts';
import { riscvTarget } from './support/riscv-target.ts';
import { modelCases } from './support/young-instructions.ts';

const CASES = Number(process.env.TSEMU_FUZZ_COUNT ?? 1000);
// The same in every run, so that a failure is that of a change; npm run test:fuzz takes new ones.
const seed = Number(process.env.TSEMU_FUZZ_SEED ?? 20261123);
const BATCH = 2000;
const TIMEOUT = 200_000 + CASES * 10;
/** Of those that are compiled, which take longer, one in so many. */
const COMPILED_SHARE = 5;

const commandOf = ({ name }: FuzzTarget): string => fileURLToPath(new URL(`../dist/tsemu-${name}`, import.meta.url));
const tsemu = (target: FuzzTarget, ...options: string[]): Subject => emulator(target, [commandOf(target), ...options]);
/** With everything compiled, by each back end. */
const COMPILED = ['wasm', 'js'].map((backend) => ({ backend, options: ['-backend', backend, '-threshold', '1'] }));

function differences(
  target: FuzzTarget,
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
      target.randomCase(rows, slot, random, options),
    );
    found.push(
      ...compareCases(target, cases, subject, reference).map((difference) => describeDifference(target, difference)),
    );
  }
  return found;
}

describe.each([riscvTarget, aarch64Target, armTarget])(
  `$name, instructions in random states, seed ${seed}, ${CASES} cases a group`,
  (target) => {
    const { groups, rowsOfGroup, computingRows, inQemu } = target;
    const hasTsemu = existsSync(commandOf(target));
    const hasQemu = spawnSync(target.qemu[0], ['--version']).status === 0;
    // Only riscv64's effects are evaluated by a program of their own; where they are, they are the reference, since they
    // know every row.
    const isEvaluated = target === riscvTarget;
    const known = isEvaluated ? () => true : inQemu;
    const qemu = (group: string) => emulator(target, group === 'illegal' ? target.lesserQemu : target.qemu);
    const reference = (group: string) => (isEvaluated ? evaluateCases : qemu(group));

    describe.skipIf(!hasTsemu || !hasQemu)('tsemu does as qemu-user', () => {
      test.each(groups)('%s', { timeout: TIMEOUT }, (group) => {
        const rows = rowsOfGroup(group, inQemu);
        const options = { faults: true, run: computingRows(rows) };
        expect(differences(target, rows, tsemu(target), qemu(group), options)).toEqual([]);
      });
    });

    describe.skipIf(!hasTsemu || !isEvaluated)('tsemu does as the rows’ effects say', () => {
      test.each(groups)('%s', { timeout: TIMEOUT }, (group) => {
        const rows = rowsOfGroup(group, known);
        const options = { faults: true, run: computingRows(rows) };
        expect(differences(target, rows, tsemu(target), evaluateCases, options)).toEqual([]);
      });
    });

    describe.skipIf(!hasTsemu || !hasQemu).each(COMPILED)('compiled to $backend it does so, too', ({ options }) => {
      test.each(groups)('%s', { timeout: TIMEOUT }, (group) => {
        const rows = rowsOfGroup(group, known);
        const cases = { faults: true, run: computingRows(rows) };
        const count = Math.ceil(CASES / COMPILED_SHARE);
        expect(differences(target, rows, tsemu(target, ...options), reference(group), cases, count)).toEqual([]);
      });
    });
  },
);

describe('the rows’ effects are the manual’s, where qemu-user knows none', () => {
  test.each(riscvTarget.groups.filter((group) => group !== 'illegal'))('%s', { timeout: TIMEOUT }, (group) => {
    const rows = riscvTarget.rowsOfGroup(group, ({ extension }) => NOT_IN_QEMU.has(extension));
    if (rows.length > 0) expect(differences(riscvTarget, rows, evaluateCases, modelCases, {})).toEqual([]);
  });
});
