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

/** Rows that the bits of a word seen so far leave to choose from. */
interface Node<R> {
  rows: readonly R[];
  /** The bits seen. */
  known: number;
  /**
   * The field of the word that tells them apart, and who is left for its values; null if there is none: then they are
   * tried in order. Undefined until a word comes this far: most programs use few of an architecture's rows.
   */
  split?: { low: number; mask: number; children: Map<number, Node<R>> } | null;
}

/**
 * A function from instruction words to rows. A word is an unsigned or signed 32-bit number; of a 16-bit
 * instruction only the low half matters; of Thumb's the upper half is 0 then (`isThumb`). Undefined for an illegal instruction.
 */
export function makeDecoder<R extends Row<never>>(
  rows: readonly R[],
  isThumb = false,
): (word: number) => Decoded<R> | undefined {
  const wide: Node<R> = { rows: rows.filter(({ length }) => length === 4), known: 0 };
  const narrow: Node<R> = { rows: rows.filter(({ length }) => length === 2), known: 0 };
  return (word) => {
    const row = isThumb
      ? find(word >>> 16 === 0 ? narrow : wide, word >>> 0)
      : (find(narrow, word & 0xffff) ?? find(wide, word >>> 0));
    if (!row) return undefined;
    const values: Record<string, number> = {};
    for (const info of row.operands) values[info.name] = operandValue(info, word);
    return { row, values };
  };
}

function find<R extends Row<never>>(root: Node<R>, word: number): R | undefined {
  let node: Node<R> | undefined = root;
  while (node) {
    if (node.split === undefined) split(node);
    if (!node.split) break;
    const { low, mask, children }: NonNullable<Node<R>['split']> = node.split;
    node = children.get((word >>> low) & mask);
  }
  return node?.rows.find((row) => (word & row.mask) >>> 0 === row.value && conditionsHold(row, word));
}

/** Bits of a field a node looks at, at most. */
const FIELD_WIDTH = 7;

/** Splits rows by the field, of bits that all of them fix, that makes most groups. */
function split<R extends Row<never>>(node: Node<R>): void {
  const { rows, known } = node;
  const common = rows.reduce((mask, row) => mask & row.mask, -1) & ~known;
  let best = { low: 0, mask: 0, groups: 1 };
  for (let low = 0; low < 32; low++) {
    for (let width = 1; width <= FIELD_WIDTH && (common >>> (low + width - 1)) & 1; width++) {
      const mask = (1 << width) - 1;
      const groups = new Set(rows.map(({ value }) => (value >>> low) & mask)).size;
      if (groups > best.groups) best = { low, mask, groups };
    }
  }
  if (best.groups === 1) {
    node.rows = [...rows].sort((p, q) => bitCount(q.mask) - bitCount(p.mask));
    node.split = null;
    return;
  }
  const { low, mask } = best;
  const groups = Map.groupBy(rows, ({ value }) => (value >>> low) & mask);
  const children = new Map<number, Node<R>>();
  for (const [field, group] of groups) children.set(field, { rows: group, known: known | (mask << low) });
  node.split = { low, mask, children };
}

/** How many bits of a mask are set: the more, the more particular the row. */
export function bitCount(mask: number): number {
  let count = 0;
  for (let rest = mask >>> 0; rest !== 0; rest = (rest & (rest - 1)) >>> 0) count++;
  return count;
}
