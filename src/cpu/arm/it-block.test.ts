/** IT blocks as compiled code has them. */
import { describe, expect, test } from 'vitest';
import { inItBlock } from './it-block.ts';
import { ARM_STATE, SET } from './state.ts';

const ITE_EQ = 0xbf0c;
const MOVS_R0 = 0x2001;
const BX_LR = 0x4770;
/** movw r7, #0xbf08. */
const MOVW = 0xf64b_7008;

/** The effect of the instruction `index` of some that follow each other. */
function effectIn(words: readonly number[], index: number, set: number = SET.it) {
  const at = (to: number) => words.slice(0, to).reduce((sum, word) => sum + (word > 0xffff ? 4 : 2), 0);
  const here = at(index);
  const halves = words.flatMap((word) => (word > 0xffff ? [word >>> 16, word & 0xffff] : [word]));
  const wordAt = (distance: number) => {
    const half = (here + distance) / 2;
    const first = halves[half];
    return first === undefined || first < 0xe800 ? first : (first << 16) | (halves[half + 1] ?? 0);
  };
  return inItBlock(set, words[index], wordAt);
}
const SETS_APART = (SET.it - SET.t32) * 2 ** 32;

describe('an IT block', () => {
  test('begins in the set of what is in blocks', () => {
    const effect = effectIn([ITE_EQ, MOVS_R0, MOVS_R0], 0, SET.t32);
    expect(effect).toMatchObject({ length: 2, step: 2 + SETS_APART });
    expect(effect?.statements).toMatchObject([{ kind: 'setCell', offset: ARM_STATE.it }]);
  });

  test('has its conditions, and ends', () => {
    const words = [ITE_EQ, MOVS_R0, MOVS_R0];
    const [first, second] = [1, 2].map((index) => effectIn(words, index));
    expect(first).toMatchObject({ length: 2, step: 2 });
    expect(second).toMatchObject({ length: 2, step: 2 - SETS_APART });
    const conditionOf = (effect: typeof first) =>
      (JSON.stringify(effect?.statements, (_, value) => (typeof value === 'bigint' ? Number(value) : value)).match(
        /"op":"condition","args":\[\{[^}]*"value":(\d+)/,
      ) ?? [])[1];
    expect([conditionOf(first), conditionOf(second)]).toEqual(['0', '1']);
  });

  test('jumps outside of itself', () => {
    const effect = effectIn([0xbf08, BX_LR], 1);
    expect(effect?.statements.at(-1)).toMatchObject({ kind: 'branch', offset: { value: -SETS_APART } });
  });

  test('is left to the cold tier if what begins it is not certain', () => {
    // `it` in front of what may be one itself, or the second half of a long instruction.
    expect(effectIn([0xbf08, 0xbf08, MOVS_R0], 2)).not.toBeNull();
    expect(effectIn([0xbf04, 0xf64b_bf08, MOVS_R0], 2)).toBeNull();
    expect(effectIn([MOVW, MOVS_R0], 1)).toBeNull();
  });

  test('is none outside', () => {
    expect(effectIn([MOVS_R0], 0, SET.t32)).toBeUndefined();
    expect(effectIn([MOVW], 0, SET.t32)).toBeUndefined();
  });
});
