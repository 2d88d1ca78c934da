/** Facts that hold for the tables of A32's and T32's instructions as a whole. */
import { describe, expect, test } from 'vitest';
import { testRowTable } from '../../../tests/support/row-table.ts';
import { makeRandom, randomWord } from '../encode.ts';
import { decodeArm, disassembleArm } from './disassembly.ts';
import { armSets } from './index.ts';
import { isThumbSet, SET } from './state.ts';

const random = makeRandom(20_261_126);

describe.each(Object.entries(SET))('the table of %s', (_, set) => {
  testRowTable(armSets[set], random, { pair: 20, row: 5 }, isThumbSet(set));

  test('is printed without gaps', () => {
    for (const row of armSets[set]) {
      const text = disassembleArm(randomWord(row, random), BigInt(set) << 32n);
      expect([row.name, text]).toEqual([row.name, expect.not.stringMatching(/undefined|NaN|^\./)]);
    }
  });
});

test.each([
  ['udf', SET.a32, 0xe7f0_00f0],
  ['the old floating-point accelerator', SET.a32, 0xed2d_0200],
  ['setend be', SET.a32, 0xf101_0200],
  ['an exception return, subs pc, lr, #4', SET.a32, 0xe25e_f004],
  ['vadd.f16 of FP16', SET.a32, 0xf212_0d42],
  ['vand of odd q registers', SET.t32, 0xef02_1152],
  ['udf', SET.t32, 0xde02],
])('no row has %s', (_, set, word) => {
  expect(decodeArm(word, set)?.row.name).toBeUndefined();
});
