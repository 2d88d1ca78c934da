/**
 * IT blocks in compiled code, where PSTATE.IT is known: an IT instruction goes on
 * in the set of those in a block, and what these do is found out by looking back
 * for it. Jumps into the middle of a block are UNPREDICTABLE (Arm ARM, F1.2.1), so
 * the IT instruction is there if one of them leads here; where halves of other
 * instructions look like one, too, the cold tier has the block.
 */
import type { CodeEffect } from '../arch.ts';
import { operandsOf, type Row } from '../row.ts';
import { A32Builder, itAdvanced } from './builder.ts';
import { decodeArm } from './disassembly.ts';
import { SET } from './state.ts';

type WordAt = (distance: number) => number | undefined;

/** A block has four instructions at most; the last one begins so many bytes behind IT. */
const REACH = 14;

const isIt = (word: number): boolean => (word & 0xff00) === 0xbf00 && (word & 15) !== 0;
const lengthOf = (word: number): number => (word >>> 0 > 0xffff ? 4 : 2);

/** PSTATE.IT at a place in a block; undefined if there is no block, or may be several. */
function stateAt(wordAt: WordAt): number | undefined {
  let state: number | undefined;
  for (let back = 2; back <= REACH; back += 2) {
    const word = wordAt(-back);
    // The upper half of a long instruction's word is the first one.
    if (word === undefined || lengthOf(word) !== 2 || !isIt(word)) continue;
    let it = word & 0xff;
    let at = 2 - back;
    for (; at < 0 && it !== 0; it = itAdvanced(it)) at += lengthOf(wordAt(at) ?? 0);
    if (at !== 0 || it === 0) continue;
    if (state !== undefined) return undefined;
    state = it;
  }
  return state;
}

/** Effects by word and state. */
const known = new Map<string, CodeEffect | null>();

/** See {@link Architecture.inContext}. */
export function inItBlock(set: number, word: number, wordAt: WordAt): CodeEffect | null | undefined {
  if (set !== SET.it && !(set === SET.t32 && lengthOf(word) === 2 && isIt(word))) return undefined;
  const it = set === SET.it ? stateAt(wordAt) : 0;
  if (it === undefined) return null;
  const key = `${word} ${it}`;
  let effect = known.get(key);
  if (effect === undefined) known.set(key, (effect = effectOf(set, word, it)));
  return effect;
}

function effectOf(set: number, word: number, it: number): CodeEffect | null {
  const decoded = decodeArm(word, set);
  if (!decoded) return null;
  const { row, values } = decoded;
  const builder = new A32Builder(set, true, it);
  row.effect(builder, operandsOf(row as Row<never>, values));
  const isInside = (set === SET.it ? itAdvanced(it) : word & 0xff) !== 0;
  const step = row.length + ((isInside ? SET.it : SET.t32) - set) * 2 ** 32;
  return { length: row.length, step, statements: builder.statements };
}
