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
const EXTENSIONS = '+zba,+zbb,+zbc,+zbs,+zicbom,+zicbop,+zicboz,+zfh,+zbkb,+zbkc,+zbkx,+zawrs,+zihintpause'.split(',');

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
      .flatMap((row) =>
        Array.from({ length: WORDS_PER_ROW }, () => ({ word: canonicalWord(row, random), length: row.length })),
      );
    const { addresses, texts } = objdump(samples);
    expect(texts.length).toBe(samples.length);
    const differences: string[] = [];
    samples.forEach(({ word }, index) => {
      const row = decodeRiscv(word)?.row;
      if (row && UNKNOWN.has(row.extension)) return;
      const ours = plain(disassembleRiscv(word, BigInt(addresses[index])));
      const theirs = plain(texts[index]).replace(/[0-9a-f]+$/, (target) =>
        row?.syntax.endsWith('{off:pc}') ? `0x${target}` : target,
      );
      if (ours !== theirs) differences.push(`${row?.name} ${word.toString(16)}: ours "${ours}", objdump's "${theirs}"`);
    });
    expect(differences).toEqual([]);
  });
});

describe('instructions younger than binutils 2.40', () => {
  // Encodings as in the riscv-opcodes tables.
  test.each([
    [0x0ec5_d533, 'czero.eqz a0, a1, a2'],
    [0x0ec5_f533, 'czero.nez a0, a1, a2'],
    [0x81c5_c573, 'mop.r.0 a0, a1'],
    [0xcdf5_c573, 'mop.r.31 a0, a1'],
    [0x82c5_c573, 'mop.rr.0 a0, a1, a2'],
    [0xcec5_c573, 'mop.rr.7 a0, a1, a2'],
    [0x6081, 'c.mop.1'],
    [0x6781, 'c.mop.15'],
    [0x28c5_a52f, 'amocas.w a0, a2, (a1)'],
    [0x2cc5_b52f, 'amocas.d.aq a0, a2, (a1)'],
    [0x2ac5_c52f, 'amocas.q.rl a0, a2, (a1)'],
    [0x28c5_852f, 'amocas.b a0, a2, (a1)'],
    [0x2ec5_952f, 'amocas.h.aqrl a0, a2, (a1)'],
    [0x00c5_852f, 'amoadd.b a0, a2, (a1)'],
    [0x08c5_952f, 'amoswap.h a0, a2, (a1)'],
    [0x20c5_852f, 'amoxor.b a0, a2, (a1)'],
    [0x60c5_952f, 'amoand.h a0, a2, (a1)'],
    [0x40c5_852f, 'amoor.b a0, a2, (a1)'],
    [0x80c5_952f, 'amomin.h a0, a2, (a1)'],
    [0xa0c5_852f, 'amomax.b a0, a2, (a1)'],
    [0xc0c5_952f, 'amominu.h a0, a2, (a1)'],
    [0xe0c5_852f, 'amomaxu.b a0, a2, (a1)'],
    [0xf010_0553, 'fli.s fa0, -1'],
    [0xf210_8553, 'fli.d fa0, min'],
    [0xf418_0553, 'fli.h fa0, 1'],
    [0xf01f_0553, 'fli.s fa0, inf'],
    [0xf21f_8553, 'fli.d fa0, nan'],
    [0x28c5_a553, 'fminm.s fa0, fa1, fa2'],
    [0x2ac5_b553, 'fmaxm.d fa0, fa1, fa2'],
    [0x4045_f553, 'fround.s fa0, fa1'],
    [0x4255_9553, 'froundnx.d fa0, fa1, rtz'],
    [0x4445_8553, 'fround.h fa0, fa1, rne'],
    [0xc285_9553, 'fcvtmod.w.d a0, fa1, rtz'],
    [0xa0c5_c553, 'fleq.s a0, fa1, fa2'],
    [0xa4c5_d553, 'fltq.h a0, fa1, fa2'],
    [0x8188, 'c.lbu a0, 0(a1)'],
    [0x81e8, 'c.lbu a0, 3(a1)'],
    [0x81c8, 'c.lbu a0, 1(a1)'],
    [0x8588, 'c.lhu a0, 0(a1)'],
    [0x85e8, 'c.lh a0, 2(a1)'],
    [0x89a8, 'c.sb a0, 2(a1)'],
    [0x8da8, 'c.sh a0, 2(a1)'],
    [0x9d61, 'c.zext.b a0'],
    [0x9d65, 'c.sext.b a0'],
    [0x9d69, 'c.zext.h a0'],
    [0x9d6d, 'c.sext.h a0'],
    [0x9d71, 'c.zext.w a0'],
    [0x9d75, 'c.not a0'],
    [0x9d4d, 'c.mul a0, a1'],
    [0x0020_0033, 'ntl.p1'],
    [0x0030_0033, 'ntl.pall'],
    [0x0040_0033, 'ntl.s1'],
    [0x0050_0033, 'ntl.all'],
    [0x900a, 'c.ntl.p1'],
    [0x900e, 'c.ntl.pall'],
    [0x9012, 'c.ntl.s1'],
    [0x9016, 'c.ntl.all'],
  ])('%i is %s', (word, text) => {
    expect(disassembleRiscv(word, 0n)).toBe(text);
  });
});
