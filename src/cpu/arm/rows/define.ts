/** How rows of A32 and T32 are made: with their conditions, and for T32 outside and inside of IT blocks. */
import { type Operand, type Row, rowsOf } from '../../row.ts';
import type { A32Builder } from '../builder.ts';
import { ARM_STATE as STATE } from '../state.ts';

export type Operands = Record<string, Operand>;
export type Effect = (b: A32Builder, o: Operands) => void;

interface Options {
  when?: string;
  mnemonic?: string;
  /** It ends with a jump that links nothing. */
  jumps?: boolean;
}

const [a32Table, t32Table, itTable, takenTable] = ['A32', 'T32', 'IT', 'taken'].map((name) => rowsOf<A32Builder>(name));

export const a32Rows: readonly Row<A32Builder>[] = a32Table.rows;
export const t32Rows: readonly Row<A32Builder>[] = t32Table.rows;
export const itRows: readonly Row<A32Builder>[] = itTable.rows;
export const takenRows: readonly Row<A32Builder>[] = takenTable.rows;

type Add = (name: string, encoding: string, syntax: string, effect: Effect, options: Options) => void;
const add = (table: { row: unknown }): Add => table.row as Add;
const conditions = (...parts: (string | undefined)[]): string => parts.filter((part) => part).join('; ');

/** A row of A32 whose condition is in front; the encoding has the other 28 bits. */
export function a32(name: string, encoding: string, syntax: string, effect: Effect, options: Options = {}): void {
  add(a32Table)(
    name,
    `cond:4 ${encoding}`,
    `{cond:suffixCond} ${syntax}`,
    (b, o) => b.conditionally(o.cond, () => effect(b, o), options.jumps),
    { mnemonic: options.mnemonic ?? name, when: conditions('cond!=15', options.when) },
  );
  if (options.jumps !== true) return;
  add(takenTable)(`taken.${name}`, `cond:4 ${encoding}`, `{cond:suffixCond} ${syntax}`, effect, {
    mnemonic: options.mnemonic ?? name,
    when: conditions('cond!=14,15', options.when),
  });
}

/** A row of A32 without a condition. */
export function a32Always(name: string, encoding: string, syntax: string, effect: Effect, options: Options = {}): void {
  add(a32Table)(name, encoding, syntax, effect, options);
}

/**
 * A row of T32, outside of IT blocks and inside.
 *
 * @param inside what it does inside, if that differs: most short instructions leave the flags alone there
 * @param where `outside` if it must not stand in an IT block
 */
export function t32(
  name: string,
  encoding: string,
  syntax: string,
  effect: Effect,
  options: Options & { inside?: { mnemonic: string; effect: Effect }; where?: 'outside' } = {},
): void {
  const { inside, where, ...others } = options;
  add(t32Table)(name, encoding, syntax, effect, others);
  if (where === 'outside') return;
  const mnemonic = inside?.mnemonic ?? options.mnemonic ?? name;
  add(itTable)(`it.${name}`, encoding, syntax, (b, o) => inIt(b, () => (inside?.effect ?? effect)(b, o)), {
    ...others,
    mnemonic,
  });
}

/** The condition is looked at and PSTATE.IT goes on first; behind the block's last instruction is the other table of rows. */
function inIt(b: A32Builder, body: () => void): void {
  if (b.it !== undefined) {
    b.conditionallyInBlock(b.it, body);
    return;
  }
  const next = b.now2(b.advanceIt());
  b.conditionally(undefined, body);
  b.setCell(STATE.it, 8, next);
  b.skipUnless(b.op('eqz', next), () => b.jumpTo(b.itEnd()));
}

/** The same instruction in both sets. */
export function both(
  name: string,
  a32Encoding: string,
  t32Encoding: string,
  syntax: string,
  effect: Effect,
  options: Options & { a32When?: string; t32When?: string } = {},
): void {
  const { mnemonic = name, when, a32When, t32When } = options;
  a32(name, a32Encoding, syntax, effect, { mnemonic, when: conditions(when, a32When) });
  t32(`t.${name}`, t32Encoding, syntax, effect, { mnemonic, when: conditions(when, t32When) });
}
