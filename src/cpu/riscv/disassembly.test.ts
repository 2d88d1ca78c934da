/**
 * Every row's disassembly against GNU objdump's, on random words. Skipped where
 * the cross binutils are not installed.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { encode, makeRandom, randomWord } from '../encode.ts';
import { operandValue, type Row } from '../row.ts';
import { decodeRiscv, disassembleRiscv } from './disassembly.ts';
import { riscvRows } from './index.ts';

const PREFIX = 'riscv64-linux-gnu-';
const hasObjdump = spawnSync(`${PREFIX}objdump`, ['--version']).status === 0;

/** Extensions that binutils 2.40 knows only when they are named. */
const EXTENSIONS =
  '+zba,+zbb,+zbc,+zbs,+zicbom,+zicbop,+zicboz,+zfh,+zbkb,+zbkc,+zbkx,+zawrs,+zihintpause'.split(',');

/** Extensions younger than binutils 2.40, which objdump shows as data or as the instructions they specialise. */
const UNKNOWN = new Set<string>(['Zfa', 'Zicond', 'Zcb', 'Zihintntl', 'Zacas', 'Zabha', 'Zimop', 'Zcmop']);

const WORDS_PER_ROW = 40;

/** A word of the row as assemblers make it: zeros where bits do not matter, a conversion that never rounds to nearest. */
function canonicalWord(row: Row<never>, random: () => number): number {
  const word = randomWord(row, random);
  const values = row.operands.map((info) => [info.name, info.kind === 'rmExact' ? 0 : operandValue(info, word)]);
  return encode(row, Object.fromEntries(values));
}

/** objdump's text of each word, in order; word i lies at `addresses[i]`. */
function objdump(words: readonly { word: number; length: number }[]): { addresses: number[]; texts: string[] } {
  const directory = mkdtempSync(join(tmpdir(), 'tsemu-objdump-'));
  try {
    const source = join(directory, 'words.s');
    const object = join(directory, 'words.o');
    const lines = words.map(({ word, length }) => `.insn ${length}, 0x${word.toString(16)}`);
    writeFileSync(source, `.option arch, ${EXTENSIONS.join(',')}\n${lines.join('\n')}\n`);
    const assembled = spawnSync(`${PREFIX}as`, ['-march=rv64gc', source, '-o', object], { encoding: 'utf8' });
    if (assembled.status !== 0) throw new Error(assembled.stderr);
    const dump = spawnSync(`${PREFIX}objdump`, ['-d', '-M', 'no-aliases', object], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    const addresses: number[] = [];
    const texts: string[] = [];
    for (const line of dump.stdout.split('\n')) {
      const match = /^ *([0-9a-f]+):\t[0-9a-f ]+\t(.*)$/.exec(line);
      if (!match) continue;
      addresses.push(Number.parseInt(match[1], 16));
      texts.push(match[2]);
    }
    return { addresses, texts };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Both texts without what differs by taste: white space, symbols, comments. */
const plain = (text: string) =>
  text
    .replace(/ *[<#].*$/, '')
    .replace(/\t/g, ' ')
    .replace(/, /g, ',')
    .replace(/^c\.addi zero,0$/, 'c.nop')
    // RV128's reading of a zero count.
    .replace(/^(c\.s\w+)64 (\w+)$/, '$1 $2,0x0')
    .trim();

describe.skipIf(!hasObjdump)('the disassembly', () => {
  test('is objdump’s, for every row that objdump knows', () => {
    const seed = 4711;
    const random = makeRandom(seed);
    const samples = riscvRows
      .filter(({ extension }) => !UNKNOWN.has(extension))
      .flatMap((row) => Array.from({ length: WORDS_PER_ROW }, () => ({ word: canonicalWord(row, random), length: row.length })));
    const { addresses, texts } = objdump(samples);
    expect(texts.length).toBe(samples.length);
    const differences: string[] = [];
    samples.forEach(({ word }, index) => {
      const row = decodeRiscv(word)?.row;
      if (row && UNKNOWN.has(row.extension)) return;
      const ours = plain(disassembleRiscv(word, BigInt(addresses[index])));
      const theirs = plain(texts[index]).replace(/[0-9a-f]+$/, (target) =>
        row?.syntax.endsWith('{off:pc}') ? `0x${target}` : target);
      if (ours !== theirs) differences.push(`${row?.name} ${word.toString(16)}: ours "${ours}", objdump's "${theirs}"`);
    });
    expect(differences).toEqual([]);
  });
});
