/** Facts that hold for the table of AArch64's instructions as a whole. */
import { describe, expect, test } from 'vitest';
import { testRowTable } from '../../../tests/support/row-table.ts';
import { makeDecoder } from '../decoder.ts';
import { makeRandom, randomWord } from '../encode.ts';
import { disassembleAarch64 } from './disassembly.ts';
import { aarch64Rows } from './index.ts';

const random = makeRandom(20_261_126);
const decode = makeDecoder(aarch64Rows);

describe('the table of AArch64 instructions', () => {
  testRowTable(aarch64Rows, random, { pair: 50, row: 20 });

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
