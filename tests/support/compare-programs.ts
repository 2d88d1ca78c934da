/** Runs a program in several modes of tsemu and under qemu-user, if that is there, and compares what they write. */
import { spawnSync } from 'node:child_process';
import { testEnvironment } from './run.ts';

/** tsemu's options, the first being what the others are compared with. */
export const MODES: readonly (readonly string[])[] = [
  ['-tier', 'cold'],
  ['-threshold', '1'],
  ['-threshold', '5'],
  ['-threshold', '100'],
];

const hasQemu = spawnSync('qemu-riscv64-static', ['--version']).status === 0;

/** What differs, a line a mode; empty if nothing does. */
export function compareProgram(tsemu: string, program: string): string[] {
  const run = (command: string, ...args: string[]) => {
    const { status, signal, stdout, stderr } = spawnSync(command, [...args, program], {
      env: testEnvironment(),
      timeout: 60_000,
    });
    return { end: `${signal ?? status} ${stderr}`.trim(), stdout };
  };
  const expected = hasQemu ? run('qemu-riscv64-static') : run(tsemu, ...MODES[0]);
  return MODES.flatMap((mode) => {
    const actual = run(tsemu, ...mode);
    if (actual.end !== expected.end) return [`${mode.join(' ')}: ${actual.end}, expected ${expected.end}`];
    const at = actual.stdout.findIndex((byte, index) => byte !== expected.stdout[index]);
    if (at < 0 && actual.stdout.length === expected.stdout.length) return [];
    return [`${mode.join(' ')}: ${describe(at)}`];
  });
}

/** The output is registers x0–x31, f0–f31, fcsr, then memory and the digest of what handlers saw. */
function describe(at: number): string {
  const word = at >> 3;
  if (at < 0) return 'length';
  if (word < 64) return `${word < 32 ? 'x' : 'f'}${word % 32}`;
  if (word === 64) return 'fcsr';
  return word - 65 === 512 ? 'digest' : `memory+${at - 65 * 8}`;
}
