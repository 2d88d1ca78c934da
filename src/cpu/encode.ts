/** The other direction of decoding: instruction words from a row and operand values. For tests and fuzzing. */
import { conditionsHold, type Row } from './row.ts';

/** The instruction word with these operand values; bits that do not matter are 0. */
export function encode(row: Row<never>, values: Readonly<Record<string, number>>): number {
  let word = row.value;
  for (const { name, slices } of row.operands) {
    for (const { word: low, operand, width } of slices) {
      word |= ((values[name] >>> operand) & (2 ** width - 1)) << low;
    }
  }
  return word >>> 0;
}

/** A random word that is this row's by its encoding and conditions. `random` gives 32 bits. */
export function randomWord(row: Row<never>, random: () => number): number {
  const bits = row.length === 2 ? 0xffff : 0xffff_ffff;
  for (;;) {
    const word = ((random() & bits & ~row.mask) | row.value) >>> 0;
    if (conditionsHold(row, word)) return word;
  }
}

/** xorshift32: the same numbers for the same seed (not 0), everywhere. */
export function makeRandom(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
