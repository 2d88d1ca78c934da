/**
 * IT blocks in compiled code: one instruction each, whose parts are done or not.
 * That is so if a fault or another way out of its middle finds nothing done yet:
 * what accesses memory is the first part. A jump, which is the last, becomes a
 * branch to the same instruction outside of a block, where it has no condition.
 * The other blocks are left to the cold tier.
 */
import type { CodeBlock } from '../arch.ts';
import type { Statement } from '../ir.ts';
import type { Operand } from '../row.ts';
import { A32Builder } from './builder.ts';
import { decodeArm } from './disassembly.ts';
import { ARM_STATE, SET } from './state.ts';

/** Blocks by their words. */
const known = new Map<string, CodeBlock | null>();

const FLAGS: readonly number[] = [ARM_STATE.n, ARM_STATE.z, ARM_STATE.c, ARM_STATE.v];
const writesFlags = (statement: Statement): boolean => statement.kind === 'setCell' && FLAGS.includes(statement.offset);
const isPure = ({ kind }: Statement): boolean => kind === 'setReg' || kind === 'setCell';

const isIt = (word: number): boolean => word >>> 0 <= 0xffff && (word & 0xff00) === 0xbf00 && (word & 15) !== 0;

/** The conditions of a block's instructions. */
function conditionsOf(word: number): number[] {
  const [first, mask] = [(word >> 4) & 15, word & 15];
  const count = 4 - Math.log2(mask & -mask);
  return Array.from({ length: count }, (_, i) => (i === 0 ? first : (first & 14) | ((mask >> (4 - i)) & 1)));
}

const operandOf = (value: number): Operand => ({
  info: { name: '', signed: true, width: 32, slices: [], kind: '' },
  value,
});

export function itBlock(word: number, wordAt: (distance: number) => number | undefined): CodeBlock | undefined {
  if (!isIt(word)) return undefined;
  const conditions = conditionsOf(word);
  const words: number[] = [];
  let length = 2;
  for (const _ of conditions) {
    const next = wordAt(length);
    if (next === undefined) return undefined;
    words.push(next);
    length += next >>> 0 <= 0xffff ? 2 : 4;
  }
  const key = [word, ...words].join();
  let block = known.get(key);
  if (block === undefined) known.set(key, (block = makeBlock(conditions, words) ?? null));
  return block ?? undefined;
}

function makeBlock(conditions: readonly number[], words: readonly number[]): CodeBlock | undefined {
  const builder = new A32Builder(SET.it, true);
  let distance = 2;
  let flagsWritten = false;
  for (const [index, word] of words.entries()) {
    const decoded = decodeArm(word, SET.it);
    if (!decoded || flagsWritten) return undefined;
    const { row, values } = decoded;
    const condition = conditions[index];
    const start = builder.statements.length;
    const operands = Object.fromEntries(row.operands.map((info) => [info.name, { info, value: values[info.name] }]));
    builder.beginPart(operandOf(condition), distance);
    row.effect(builder, operands);
    const part = builder.statements.slice(start);
    const isLast = index === words.length - 1;
    if (builder.jumps) {
      if (!isLast || condition >= 14) return undefined;
      builder.statements.length = start;
      const { n, z, c, v } = builder.flags();
      const holds = builder.op('condition', builder.const(condition), n, z, c, v);
      builder.branch(holds, operandOf(distance));
    } else if (index > 0 && !part.every(isPure)) return undefined;
    flagsWritten = part.some(writesFlags);
    distance += row.length;
  }
  return { length: distance, statements: builder.statements };
}
