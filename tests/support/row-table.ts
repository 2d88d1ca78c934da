/** Facts that hold for the table of any architecture's instructions, as tests. */
import { expect, test } from 'vitest';
import { bitCount, makeDecoder } from '../../src/cpu/decoder.ts';
import { encode, randomWord } from '../../src/cpu/encode.ts';
import { conditionsHold, type Row } from '../../src/cpu/row.ts';

const matches = (row: Row<never>, word: number) => (word & row.mask) >>> 0 === row.value && conditionsHold(row, word);
const overlap = (p: Row<never>, q: Row<never>) => ((p.value ^ q.value) & p.mask & q.mask) === 0;
/** Whether p is a special case of q. */
const within = (p: Row<never>, q: Row<never>) => (q.mask & ~p.mask) === 0 && bitCount(p.mask) > bitCount(q.mask);

/**
 * Declares the tests.
 *
 * @param random as makeRandom gives it
 * @param isThumb as makeDecoder takes it
 * @param words tried for each pair of rows that overlap, and for each row
 */
export function testRowTable(
  rows: readonly Row<never>[],
  random: () => number,
  words: { pair: number; row: number },
  isThumb = false,
): void {
  const decode = makeDecoder(rows, isThumb);

  test('has a name of its own for each row', () => {
    const names = rows.map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  test('has one row for a word, or one that is a special case of all others', () => {
    const check = (word: number, candidates: readonly Row<never>[]) => {
      const winner = decode(word)?.row;
      for (const row of candidates) {
        if (row === winner || !matches(row, word)) continue;
        if (!winner || !within(winner, row)) throw new Error(`${winner?.name} and ${row.name} overlap`);
      }
    };
    const narrow = rows.filter(({ length }) => length === 2);
    for (let word = 0; narrow.length > 0 && word <= 0xffff; word++) check(word, narrow);
    const wide = rows.filter(({ length }) => length === 4);
    wide.forEach((p, index) => {
      for (const q of wide.slice(index + 1)) {
        if (!overlap(p, q)) continue;
        for (let i = 0; i < words.pair; i++) check(((random() & ~(p.mask | q.mask)) | p.value | q.value) >>> 0, [p, q]);
      }
    });
  });

  test('decodes what it encodes', () => {
    for (const row of rows) {
      for (let i = 0; i < words.row; i++) {
        const word = randomWord(row, random);
        const decoded = decode(word);
        const again = decoded && decode(encode(decoded.row, decoded.values));
        for (const found of [decoded?.row, again?.row]) {
          // It may be a special case of this row.
          if (found !== row && !(found && within(found, row))) throw new Error(`${row.name} decodes as ${found?.name}`);
        }
        if (decoded?.row !== row || again?.row !== row) continue;
        expect(again.values).toEqual(decoded.values);
        for (const { name, signed, width } of row.operands) {
          const [low, high] = signed ? [-(2 ** (width - 1)), 2 ** (width - 1) - 1] : [0, 2 ** width - 1];
          expect(decoded.values[name]).toBeGreaterThanOrEqual(low);
          expect(decoded.values[name]).toBeLessThanOrEqual(high);
        }
      }
    }
  });
}
