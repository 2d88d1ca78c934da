/**
 * Every row's disassembly against GNU objdump's, on random words. Skipped where
 * the cross binutils are not installed.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeRandom, randomWord } from '../encode.ts';
import type { Row } from '../row.ts';
import { decodeAarch64, disassembleAarch64 } from './disassembly.ts';
import { aarch64Rows } from './index.ts';

const OBJDUMP = 'aarch64-linux-gnu-objdump';
const hasObjdump = spawnSync(OBJDUMP, ['--version']).status === 0;
const WORDS_PER_ROW = 10;

/** Written as `sys`, as `hint`, by number, and with `lsl` where the stack pointer is extended by UXTX. */
const WRITTEN_OTHERWISE = /^(ic|dc)\.|\.extx$|^((pac|aut)i[ab](z|sp|1716)|xpaclri|msr\.(dit|ssbs)\.imm)$/;

/** A word of the row as assemblers make it: ones where bits do not matter. */
function canonicalWord(row: Row<never>, random: () => number): number {
  const word = randomWord(row, random);
  const named = row.operands.flatMap(({ slices }) => slices);
  const known = named.reduce((mask, { word: low, width }) => mask | ((2 ** width - 1) << low), row.mask);
  return (word | ~known) >>> 0;
}

/** Addresses are those in the file. */
function objdump(words: readonly number[]): string[] {
  const directory = mkdtempSync(join(tmpdir(), 'tsemu-objdump-'));
  try {
    const file = join(directory, 'words');
    writeFileSync(file, new Uint32Array(words));
    const args = ['-D', '-b', 'binary', '-maarch64', '-M', 'no-aliases', file];
    const { stdout } = spawnSync(OBJDUMP, args, { encoding: 'latin1', maxBuffer: 1 << 28 });
    const lines = stdout.split('\n').filter((line) => /^\s+[0-9a-f]+:\t/.test(line));
    return lines.map((line) =>
      line
        .split('\t')
        .slice(2)
        .join(' ')
        .replace(/\/\/.*/, '')
        .replace(/\s+/g, ' ')
        .trim(),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe.skipIf(!hasObjdump)('disassembly equals objdump’s', () => {
  const random = makeRandom(20_261_127);
  const samples = aarch64Rows
    .filter(({ name }) => !WRITTEN_OTHERWISE.test(name))
    .flatMap((row) => Array.from({ length: WORDS_PER_ROW }, () => ({ row, word: canonicalWord(row, random) })))
    .filter(({ row, word }) => {
      const decoded = decodeAarch64(word);
      // objdump calls undefined what loads its base register and writes it back, or one register twice.
      const { rt, rt2, rn, rd } = decoded?.values ?? {};
      const isUndefined = row.mnemonic === 'ldpsw' && (rt === rn || rt2 === rn || rt === rt2);
      // Of wsp it prints uxtw as lsl.
      const isShift = row.name.endsWith('.w.extw') && (rd === 31 || rn === 31);
      return decoded?.row === row && !isUndefined && !isShift;
    });
  const expected = objdump(samples.map(({ word }) => word));

  test('for every row', () => {
    const differences = samples.flatMap(({ row, word }, i) => {
      const text = disassembleAarch64(word, BigInt(4 * i));
      return text === expected[i] ? [] : [`${row.name} 0x${word.toString(16)}: ${text}, expected ${expected[i]}`];
    });
    expect(differences).toEqual([]);
  });
});
