/** Facts that hold for the table of AArch64's instructions as a whole. */
import { describe, expect, test } from 'vitest';
import { bitCount, makeDecoder } from '../decoder.ts';
import { encode, makeRandom, randomWord } from '../encode.ts';
import { conditionsHold, type Row } from '../row.ts';
import { disassembleAarch64 } from './disassembly.ts';
import { aarch64Rows } from './index.ts';

const random = makeRandom(20_261_126);
const decode = makeDecoder(aarch64Rows);

const matches = (row: Row<never>, word: number) => (word & row.mask) >>> 0 === row.value && conditionsHold(row, word);
const overlap = (p: Row<never>, q: Row<never>) => ((p.value ^ q.value) & p.mask & q.mask) === 0;
/** Whether p is a special case of q. */
const within = (p: Row<never>, q: Row<never>) => (q.mask & ~p.mask) === 0 && bitCount(p.mask) > bitCount(q.mask);

describe('the table of AArch64 instructions', () => {
  test('has a name of its own for each row', () => {
    const names = aarch64Rows.map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  test('has one row for a word, or one that is a special case of all others', () => {
    aarch64Rows.forEach((p, index) => {
      for (const q of aarch64Rows.slice(index + 1)) {
        if (!overlap(p, q)) continue;
        for (let i = 0; i < 50; i++) {
          const word = ((random() & ~(p.mask | q.mask)) | p.value | q.value) >>> 0;
          if (!matches(p, word) || !matches(q, word)) continue;
          const winner = decode(word)?.row;
          const isSpecial = winner !== undefined && [p, q].every((row) => row === winner || within(winner, row));
          if (!isSpecial) throw new Error(`${p.name} and ${q.name} overlap`);
        }
      }
    });
  });

  test('decodes what it encodes', () => {
    for (const row of aarch64Rows) {
      for (let i = 0; i < 20; i++) {
        const word = randomWord(row, random);
        const decoded = decode(word);
        const again = decoded && decode(encode(decoded.row, decoded.values));
        for (const found of [decoded?.row, again?.row]) {
          // It may be a special case of this row.
          if (found !== row && !(found && within(found, row))) throw new Error(`${row.name} decodes as ${found?.name}`);
        }
        if (decoded?.row === row && again?.row === row) expect(again.values).toEqual(decoded.values);
      }
    }
  });

  test('is printed without gaps', () => {
    for (const row of aarch64Rows) {
      expect([row.name, disassembleAarch64(randomWord(row, random), 0n)]).toEqual([
        row.name,
        expect.not.stringMatching(/undefined|NaN|^\./),
      ]);
    }
  });
});

test.each([
  ['the all-zero word, udf', 0x0000_0000],
  ['the all-ones word', 0xffff_ffff],
  ['a mask of elements that are all ones', 0x9240_fc00],
  ['add with a register rotated', 0x8bc0_0000],
  ['add of words with a shift by 32', 0x0b00_8000],
  ['add with an extended register shifted by 5', 0x8b20_1400],
  ['movz of a word, shifted by 32', 0x52c0_0000],
  ['hvc', 0xd400_0002],
  ['mrs of sctlr_el1', 0xd538_1000],
  ['eret', 0xd69f_03e0],
])('no row has %s', (_, word) => {
  expect(decode(word)?.row.name).toBeUndefined();
});
