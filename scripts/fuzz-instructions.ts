/**
 * Compares instructions between two emulators on random words and states.
 *
 *     node scripts/fuzz-instructions.ts --count 100000 --seed 1 --group float
 *
 * Options:
 *
 *     --arch NAME       riscv64 (which it is unless told otherwise), aarch64 or arm
 *     --group NAME      only this group of instructions (may be repeated)
 *     --row NAME        only this row
 *     --count N         cases a group
 *     --seed N          the same cases again
 *     --faults          some cases that raise signals
 *     --runs            up to four instructions before each
 *     --subject, --reference
 *                       what to compare: `tsemu`, `qemu`, a path, `rows` (the rows' effects interpreted in
 *                       JavaScript), `model` (what qemu lacks, from the manual)
 *     --option TEXT     for tsemu's command line (may be repeated)
 *     --batch N         cases a process
 *     --shown N         rows whose differences are printed
 *
 * Ends with status 1 if anything differs.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeRandom } from '../src/cpu/encode.ts';
import { aarch64Target } from '../tests/support/aarch64-target.ts';
import { armTarget } from '../tests/support/arm-target.ts';
import {
  compareCases,
  type Difference,
  describeDifference,
  emulator,
  type Subject,
  shrink,
} from '../tests/support/compare-instructions.ts';
import { evaluateCases } from '../tests/support/evaluate-effect.ts';
import type { FuzzTarget } from '../tests/support/fuzz-target.ts';
import { type Case, NOT_IN_QEMU } from '../tests/support/instruction-cases.ts';
import { riscvTarget } from '../tests/support/riscv-target.ts';
import { modelCases } from '../tests/support/young-instructions.ts';

const { values } = parseArgs({
  options: {
    arch: { type: 'string', default: 'riscv64' },
    group: { type: 'string', multiple: true },
    count: { type: 'string', default: '10000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_007) },
    subject: { type: 'string', default: 'tsemu' },
    reference: { type: 'string', default: 'qemu' },
    row: { type: 'string' },
    runs: { type: 'boolean', default: false },
    faults: { type: 'boolean', default: false },
    batch: { type: 'string', default: '2000' },
    option: { type: 'string', multiple: true, default: [] },
    shown: { type: 'string', default: '10' },
  },
});

const target = [riscvTarget, aarch64Target, armTarget].find(({ name }) => name === values.arch) as FuzzTarget;
const TSEMU = fileURLToPath(new URL(`../dist/tsemu-${target.name}`, import.meta.url));

function subjectNamed(name: string, group: string): Subject {
  if (name === 'rows') return evaluateCases;
  if (name === 'model') return modelCases;
  if (name === 'qemu') return emulator(target, group === 'illegal' ? target.lesserQemu : target.qemu);
  if (name === 'tsemu') return emulator(target, [TSEMU, ...values.option]);
  return emulator(target, [name, ...values.option]);
}

const [count, seed, batch, shown] = [values.count, values.seed, values.batch, values.shown].map(Number);
/** What only one of the two knows. */
const withModel = [values.subject, values.reference].includes('model');
const withQemu = [values.subject, values.reference].includes('qemu');

/** One difference of each row, as simple as it gets, and how many there were. */
function report(differences: readonly Difference[], subject: Subject, reference: Subject): void {
  const byRow = Map.groupBy(differences, (difference) => difference.case.row.name);
  for (const [name, all] of [...byRow].slice(0, shown)) {
    console.log(
      `${describeDifference(target, shrink(target, all[0], subject, reference))}\n  (${all.length} of ${name})`,
    );
  }
  if (byRow.size > shown) console.log(`… ${[...byRow.keys()].slice(shown).join(' ')}`);
}

let failed = false;
for (const group of values.group ?? target.groups) {
  const [subject, reference] = [values.subject, values.reference].map((name) => subjectNamed(name, group));
  const known = target.rowsOfGroup(
    group,
    (row) =>
      (!withQemu || target.inQemu(row) || values.row === row.name) && (!withModel || NOT_IN_QEMU.has(row.extension)),
  );
  const rows = known.filter(({ name }) => !values.row || name === values.row);
  if (rows.length === 0 || (withModel && group === 'illegal')) continue;
  const run = values.runs ? target.computingRows(known) : [];
  const random = makeRandom(seed);
  const differences: Difference[] = [];
  const start = performance.now();
  for (let done = 0; done < count; done += batch) {
    const cases: Case[] = Array.from({ length: Math.min(batch, count - done) }, (_, slot) =>
      target.randomCase(rows, slot, random, { faults: values.faults, run }),
    );
    differences.push(...compareCases(target, cases, subject, reference));
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(
    `${group}: ${count} cases of ${rows.length} rows, seed ${seed}, ${differences.length} differences, ${seconds} s`,
  );
  report(differences, subject, reference);
  failed ||= differences.length > 0;
}
process.exitCode = failed ? 1 : 0;
