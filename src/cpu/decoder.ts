/**
 * Decoding in JavaScript, for the disassembler and tools: which row an
 * instruction word is, and its operands' values. (The cold tier has a decoder of
 * its own, generated from the same rows.)
 *
 *     const decode = makeDecoder(riscvRows)
 *     decode(0x00a50533)?.row.name // 'add'
 *
 * Where several rows match, the one with more fixed bits is meant.
 */
import { conditionsHold, operandValue, type Row } from './row.ts';

export interface Decoded<R> {
  row: R;
  /** Operand values by name. */
  values: Record<string, number>;
}

/** A decision: the field of the word that tells rows apart, or, at the leaves, the rows left to try in order. */
type Node<R> = { low: number; mask: number; children: (Node<R> | undefined)[]; rows?: undefined } | { rows: R[] };

/**
 * A function from instruction words to rows. A word is an unsigned or signed 32-bit number; of a 16-bit
 * instruction only the low half matters. Undefined for an illegal instruction.
 */
export function makeDecoder<R extends Row<never>>(rows: readonly R[]): (word: number) => Decoded<R> | undefined {
  const wide = plant(rows.filter(({ length }) => length === 4));
  const narrow = plant(rows.filter(({ length }) => length === 2));
  return (word) => {
    const row = find(narrow, word & 0xffff) ?? find(wide, word >>> 0);
    if (!row) return undefined;
    const values: Record<string, number> = {};
    for (const info of row.operands) values[info.name] = operandValue(info, word);
    return { row, values };
  };
}

function find<R extends Row<never>>(root: Node<R> | undefined, word: number): R | undefined {
  let node = root;
  while (node && !node.rows) node = node.children[(word >>> node.low) & node.mask];
  return node?.rows.find((row) => (word & row.mask) >>> 0 === row.value && conditionsHold(row, word));
}

/** Bits of a field a node looks at, at most. */
const FIELD_WIDTH = 7;

/** Splits rows by the field, of bits that all of them fix, that makes most groups. */
function plant<R extends Row<never>>(rows: readonly R[], known = 0): Node<R> | undefined {
  if (rows.length === 0) return undefined;
  const common = rows.reduce((mask, row) => mask & row.mask, -1) & ~known;
  let best = { low: 0, mask: 0, groups: 1 };
  for (let low = 0; low < 32; low++) {
    for (let width = 1; width <= FIELD_WIDTH && (common >>> (low + width - 1)) & 1; width++) {
      const mask = (1 << width) - 1;
      const groups = new Set(rows.map(({ value }) => (value >>> low) & mask)).size;
      if (groups > best.groups) best = { low, mask, groups };
    }
  }
  if (best.groups === 1) return { rows: [...rows].sort((p, q) => bitCount(q.mask) - bitCount(p.mask)) };
  const { low, mask } = best;
  const children = Array.from({ length: mask + 1 }, (_, field) =>
    plant(
      rows.filter(({ value }) => ((value >>> low) & mask) === field),
      known | (mask << low),
    ),
  );
  return { low, mask, children };
}

/** How many bits of a mask are set: the more, the more particular the row. */
export function bitCount(mask: number): number {
  let count = 0;
  for (let rest = mask >>> 0; rest !== 0; rest = (rest & (rest - 1)) >>> 0) count++;
  return count;
}
