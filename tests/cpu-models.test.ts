/** Models of the aarch64 processor (`-cpu`): what each lacks raises SIGILL or is a mere hint, as in qemu-user. */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { aarch64 } from '../src/cpu/aarch64/arch.ts';
import { AARCH64_MODELS } from '../src/cpu/aarch64/models.ts';
import { makeRandom, randomWord } from '../src/cpu/encode.ts';
import type { Row } from '../src/cpu/row.ts';
import { PC, pcOf, RECORD } from './support/aarch64-record.ts';
import { aarch64Target } from './support/aarch64-target.ts';
import { compareCases, describeDifference, emulator } from './support/compare-instructions.ts';
import type { Case } from './support/instruction-cases.ts';
import { run, tsemu } from './support/run.ts';

const hasQemu = spawnSync(aarch64Target.qemu[0], ['--version']).status === 0;

/** All registers are zero, but the one that no hint names. */
function caseOf(row: Row<never>, word: number, slot: number): Case {
  const record = new Uint8Array(RECORD);
  new DataView(record.buffer).setBigUint64(PC, BigInt(pcOf(slot)), true);
  return { slot, row, word, before: [], reserved: 28, record };
}

describe.skipIf(!hasQemu).each(AARCH64_MODELS.filter(({ lacks }) => lacks.size > 0))('$name', ({ name, lacks }) => {
  test.each([
    ['the cold tier', ['-tier', 'cold']],
    ['compiled code', ['-threshold', '1']],
  ])('%s has no instruction of what it lacks', (_, options) => {
    const random = makeRandom(5);
    const rows = aarch64.rows.filter(({ extension }) => lacks.has(extension));
    const cases = rows.map((row, slot) => caseOf(row, randomWord(row, random), slot));
    const subject = emulator(aarch64Target, [...tsemu('aarch64'), '-cpu', name, ...options]);
    const reference = emulator(aarch64Target, [aarch64Target.qemu[0], '-cpu', name]);
    const differences = compareCases(aarch64Target, cases, subject, reference);
    expect(differences.map((difference) => describeDifference(aarch64Target, difference))).toEqual([]);
  });
});

test('-cpu help lists the models, another one is refused with the list', async () => {
  const names = AARCH64_MODELS.map(({ name }) => name);
  expect((await run([...tsemu('aarch64'), '-cpu', 'help'])).stdout).toBe(`${names.join('\n')}\n`);
  const { stderr, status } = await run([...tsemu('aarch64'), '-cpu', 'z80', 'program']);
  expect([stderr, status]).toEqual([
    `tsemu-aarch64: unable to find CPU model 'z80': there are ${names.join(', ')}\n`,
    1,
  ]);
});
