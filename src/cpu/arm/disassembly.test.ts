/**
 * Every row's disassembly against llvm-mc's, on random words of A32 and T32.
 * Skipped where that is not installed.
 */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { listWraps } from '../../../tests/support/arm-target.ts';
import { makeRandom, randomWord } from '../encode.ts';
import type { Row } from '../row.ts';
import { decodeArm, disassembleArm } from './disassembly.ts';
import { armSets } from './index.ts';
import { SET } from './state.ts';

const LLVM = 'llvm-mc';
const hasLlvm = spawnSync(LLVM, ['--version']).status === 0;
const WORDS_PER_ROW = 5;
const FEATURES = '-mattr=+vfp4,+crc,+hwdiv,+hwdiv-arm,+d32,+fp64,+mp';
const TRIPLES = ['armv8a', 'thumbv8a'];

/** What is a list or a width there is here the operands as they are encoded, some have names of their own; `it` changes what follows. */
const WRITTEN_OTHERWISE =
  /^(t\.)?(v(ld|st)m|bf[ic]$|hint)|^hint|^it$|^t\.svc$|^t\.dsb$|^add\.high\.pc$|^ldm\.narrow$|^pld\.(ldrsh|ldrh\.literal)/;

const bytesOf = (word: number, row: Row<never>, set: number): string => {
  const bytes = [word, word >>> 8, word >>> 16, word >>> 24];
  const ordered =
    set === SET.a32 ? bytes : row.length === 2 ? bytes.slice(0, 2) : [bytes[2], bytes[3], bytes[0], bytes[1]];
  return ordered.map((byte) => `0x${(byte & 255).toString(16)}`).join(' ');
};

interface Sample {
  row: Row<never>;
  word: number;
}

function llvm(samples: readonly Sample[], set: number): { lines: string[]; invalid: Set<number> } {
  const input = samples.map(({ word, row }) => `${bytesOf(word, row, set)}\n`).join('');
  const { stdout, stderr } = spawnSync(LLVM, ['-disassemble', `-triple=${TRIPLES[set]}`, FEATURES], {
    input,
    encoding: 'latin1',
  });
  const lines = stdout.split('\n').filter((line) => /^\t[^.]/.test(line));
  const invalid = new Set(
    [...stderr.matchAll(/<stdin>:(\d+):\d+: warning: invalid/g)].map(([, line]) => Number(line) - 1),
  );
  return { lines: lines.map((line) => line.replace(/@.*/, '').trim().replace(/\s+/g, ' ')), invalid };
}

/** Both ways to write the same: with `.w` or without, a shift or a move, an unsigned number or a signed one. */
const normal = (text: string): string =>
  text
    .replace(/^(\S+?)\.w\b/, '$1')
    .replace(', #0]', ']')
    .replace(/#(\d{10})\b/g, (_, number) => `#${Number(number) | 0}`)
    .replace(/^mov(s?)(\w*) (\w+), (\w+), (lsl|lsr|asr|ror) /, '$5$1$2 $3, $4, ')
    .replace(/^vext\.(16|32|64)(.*)#(\d)$/, (_, bits, registers, index) => `vext.8${registers}#${(index * bits) / 8}`)
    .replace(/^stmdb(\w*) sp!,/, 'push$1')
    .replace(/^ldm(\w*) sp!,/, 'pop$1')
    .replace(/^mov(s?)(\w*) (\w+), (\w+), rrx$/, 'rrx$1$2 $3, $4')
    .replace(
      /^(b\w*|cbn?z r\d,) #(-?\d+)$/,
      (_, start, distance) => `${start} 0x${(Number(distance) >>> 0).toString(16)}`,
    );

describe.skipIf(!hasLlvm).each([
  ['A32', SET.a32, 8],
  ['T32', SET.t32, 4],
] as const)('disassembly of %s equals llvm-mc’s', (_, set, ahead) => {
  const random = makeRandom(20_261_127);
  const all = (armSets[set] as readonly Row<never>[])
    .filter(({ name }) => !WRITTEN_OTHERWISE.test(name))
    .flatMap((row) => Array.from({ length: WORDS_PER_ROW }, () => ({ row, word: randomWord(row, random) })))
    .filter(({ row, word }) => (decodeArm(word, set)?.row as unknown) === row && !listWraps(row, word));
  // It refuses some of what the Arm ARM leaves unpredictable.
  const { invalid } = llvm(all, set);
  const samples = all.filter((_, index) => !invalid.has(index));
  // Where the PC is 0, targets are their distances.
  const pc = (BigInt(set) << 32n) | BigInt(2 ** 32 - ahead);

  test('for every row', () => {
    const { lines } = llvm(samples, set);
    expect(lines.length).toBe(samples.length);
    expect(invalid.size).toBeLessThan(all.length / 50);
    const differences = samples.flatMap(({ row, word }, i) => {
      const [text, expected] = [normal(disassembleArm(word, pc)), normal(lines[i])];
      return text === expected ? [] : [`${row.name} 0x${word.toString(16)}: ${text}, expected ${expected}`];
    });
    expect(differences).toEqual([]);
  });
});
