/** Models of 32-bit arm (`-cpu`): what each lacks raises SIGILL, as in qemu-user, and what it has is announced. */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { armAbi } from '../src/cpu/arm/abi.ts';
import { ARM_MODELS } from '../src/cpu/arm/models.ts';
import { makeRandom } from '../src/cpu/encode.ts';
import { armTarget } from './support/arm-target.ts';
import { compareCases, describeDifference, emulator } from './support/compare-instructions.ts';
import type { Case } from './support/instruction-cases.ts';
import { run, tsemu } from './support/run.ts';

const hasQemu = spawnSync(armTarget.qemu[0], ['--version']).status === 0;
const rows = armTarget.groups
  .filter((group) => !group.startsWith('it'))
  .flatMap((group) => armTarget.rowsOfGroup(group, () => true));
/** Qemu has these on processors without VFPv4, too. */
const QEMU_IS_WRONG = /^(t\.)?vfm[as]\.f32\.[dq]$/;
const CASES = 120;

/** Whether it is known to be executed: qemu looks at the condition first. */
const isUnconditional = ({ row, word }: Case): boolean => !row.encoding.startsWith('cond') || word >>> 28 === 14;

// The program that executes the cases is one for Armv7.
const comparable = ARM_MODELS.filter(({ name, lacks }) => name.startsWith('cortex') && lacks.size > 0);
describe.skipIf(!hasQemu).each(comparable)('$name', ({ name, lacks }) => {
  test.each([
    ['the cold tier', ['-tier', 'cold']],
    ['compiled code', ['-threshold', '1']],
  ])('%s has no instruction of what it lacks', (_, options) => {
    const random = makeRandom(5);
    const lacking = rows.filter((row) => lacks.has(row.extension) && !QEMU_IS_WRONG.test(row.name));
    const cases: Case[] = [];
    while (cases.length < CASES) {
      const made = armTarget.randomCase(lacking, cases.length, random, {});
      if (isUnconditional(made)) cases.push(made);
    }
    const subject = emulator(armTarget, [...tsemu('arm'), '-cpu', name, ...options]);
    const reference = emulator(armTarget, [armTarget.qemu[0], '-cpu', name]);
    const differences = compareCases(armTarget, cases, subject, reference);
    expect(differences.map((difference) => describeDifference(armTarget, difference))).toEqual([]);
  });
});

test('each is announced as what it is', () => {
  const announced = ARM_MODELS.map((model) => {
    const { machine, platform, hwcap, hwcap2, cpuinfo } = armAbi(model);
    const part = /CPU part\t: (\w+)/.exec(cpuinfo(0))?.[1];
    return [model.name, machine, platform, `${hwcap.toString(16)} ${hwcap2?.toString(16)}`, part];
  });
  expect(announced).toEqual([
    ['max', 'armv7l', 'v7l', '1fb0d6 1f', '0xc0f'],
    ['cortex-a15', 'armv7l', 'v7l', '1fb0d6 0', '0xc0f'],
    ['cortex-a7', 'armv7l', 'v7l', '1fb0d6 0', '0xc07'],
    ['cortex-a9', 'armv7l', 'v7l', '8b0d6 0', '0xc09'],
    ['cortex-a8', 'armv7l', 'v7l', '8b0d6 0', '0xc08'],
    ['arm1176', 'armv6l', 'v6l', '80d6 0', '0xb76'],
    ['arm926', 'armv5tejl', 'v5l', 'd6 0', '0x926'],
  ]);
});

test('-cpu help lists the models', async () => {
  const names = ARM_MODELS.map(({ name }) => name);
  expect((await run([...tsemu('arm'), '-cpu', 'help'])).stdout).toBe(`${names.join('\n')}\n`);
});
