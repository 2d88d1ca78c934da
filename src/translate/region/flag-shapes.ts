/**
 * What sets Arm's flags, recognised in an instruction's effect: a comparison, an addition, a result, a comparison of
 * floating-point numbers, or one of these if a condition holds (`ccmp`). Rows compute the four flags each by itself.
 */
import type { Architecture } from '../../cpu/arch.ts';
import type { OpName, Statement, Value } from '../../cpu/ir.ts';

export type FlagName = 'n' | 'z' | 'c' | 'v';
export type Flags = Record<FlagName, Value>;
export const FLAG_NAMES = ['n', 'z', 'c', 'v'] as const;
/** What is not computed before it is asked for: the flags, and the bits of the last comparison of floating-point numbers. */
export type HeldName = FlagName | 'compared';
export const HELD_NAMES = [...FLAG_NAMES, 'compared'] as const;

/** What flags were set by; `V` is a value of the IR, or the local that has it. */
export type SetBy<V> =
  /** a - b or a + b, of 32 bits (operands zero-extended) or 64. */
  | { kind: 'difference' | 'sum'; a: V; b: V; isWord: boolean }
  /** A result of so many bits; C and V, if it sets them, are clear. */
  | { kind: 'result'; value: V; isWord: boolean }
  /** Whether a floating-point number is less than, equal to, greater than another. */
  | { kind: 'order'; less: V; equal: V; greater: V }
  /** By a comparison if a condition holds, else the four bits NZCV. */
  | { kind: 'select'; holds: V; compared: SetBy<V>; nzcv: number };
/**
 * Also a + b + C of words, the result being extended: after the difference of the low words this is what compares two
 * numbers of 64 bits (`cmp r0, r2; sbcs r1, r1, r3`), b being the second's high word inverted. Or all flags of the last
 * comparison of floating-point numbers (`vmrs APSR_nzcv, fpscr`).
 */
export type Shape = SetBy<Value> | { kind: 'carried'; a: Value; b: Value; result: Value } | { kind: 'copied' };

/** What sets the flags of these names. An instruction may set others besides, each by itself. */
export interface Setting {
  shape: Shape;
  names: readonly HeldName[];
}

const settings = new WeakMap<readonly Statement[], Setting | null>();

/** What the flags are set by that an instruction sets; undefined if that is nothing of the above. */
export function settingOf({ flags }: Architecture, statements: readonly Statement[]): Setting | undefined {
  if (flags === undefined) return undefined;
  let setting = settings.get(statements);
  if (setting === undefined) settings.set(statements, (setting = findSetting(flags, statements) ?? null));
  return setting ?? undefined;
}

function findSetting(cells: NonNullable<Architecture['flags']>, statements: readonly Statement[]): Setting | undefined {
  const isFlag = (statement: Statement) =>
    statement.kind === 'setCell' && Object.values(cells).includes(statement.offset);
  // What sets them may not leave the region any more, since what set them before is forgotten.
  const rest = statements.slice(Math.max(statements.findIndex(isFlag), 0));
  if (rest.some(({ kind }) => kind !== 'setCell' && kind !== 'setReg')) return undefined;
  const values: Partial<Flags> = {};
  for (const statement of rest) {
    for (const name of FLAG_NAMES) {
      if (statement.kind === 'setCell' && statement.offset === cells[name]) values[name] = statement.value;
    }
    if (statement.kind !== 'setCell' || statement.offset !== cells.compared) continue;
    const shape = comparedShape(statement.value);
    return shape && { shape, names: ['compared'] };
  }
  const { n, z, c, v } = values;
  if (n === undefined || z === undefined) return undefined;
  const shape = c && v && shapeOfFlags({ n, z, c, v });
  if (shape !== undefined) return { shape, names: FLAG_NAMES };
  if (isCopy(cells.compared, n)) return { shape: { kind: 'copied' }, names: FLAG_NAMES };
  const carried = c && v && carriedShape(cells.c, { n, z, c, v });
  if (carried !== undefined) return { shape: carried, names: FLAG_NAMES };
  return resultSetting({ n, z });
}

/** What an addition with carry sets N and Z by, if that is all that is known. */
export function resultSetting({ n, z }: Pick<Flags, 'n' | 'z'>): Setting | undefined {
  const result = resultOf({ n, z });
  return result && { shape: { kind: 'result', value: n, isWord: result.isWord }, names: ['n', 'z'] };
}

const argsOf = (value: Value, op: OpName): readonly Value[] | undefined =>
  value.kind === 'op' && value.op === op ? value.args : undefined;
const isConst = (value: Value, wanted: bigint): boolean => value.kind === 'const' && value.value === wanted;

function shapeOfFlags(flags: Flags): SetBy<Value> | undefined {
  return resultShape(flags) ?? selectShape(flags) ?? differenceShape(flags) ?? sumShape(flags) ?? orderShape(flags);
}

/** A result whose sign is N; of 32 bits if it is extended to that end. */
function resultOf({ n, z }: Pick<Flags, 'n' | 'z'>): { value: Value; isWord: boolean } | undefined {
  if (n !== z) return undefined;
  const word = argsOf(n, 'extend32_s');
  return { value: word?.[0] ?? n, isWord: word !== undefined };
}

function resultShape(flags: Flags): SetBy<Value> | undefined {
  const result = isConst(flags.c, 0n) && isConst(flags.v, 0n) ? resultOf(flags) : undefined;
  return result && { kind: 'result', value: flags.n, isWord: result.isWord };
}

/** Of `a - 0` only `a` is left. */
function differenceShape(flags: Flags): SetBy<Value> | undefined {
  const result = resultOf(flags);
  const [a, b] = argsOf(argsOf(flags.c, 'extend')?.[0] ?? flags.c, 'ge_u') ?? [];
  if (result === undefined || a === undefined) return undefined;
  const { value, isWord } = result;
  const [first, second] = argsOf(value, 'sub') ?? [];
  const fits = (first === a && second === b) || (value === a && isConst(b, 0n));
  return fits ? { kind: 'difference', a, b, isWord } : undefined;
}

function sumShape(flags: Flags): SetBy<Value> | undefined {
  const result = resultOf(flags);
  const [a, b] = (result && argsOf(result.value, 'add')) ?? [];
  if (result === undefined || a === undefined) return undefined;
  const { value, isWord } = result;
  // The carry of words is bit 32 of the sum, or tells by the result, extended as the operands are.
  const [sum, other] = argsOf(flags.c, 'shr_u') ?? [];
  const overflown = argsOf(argsOf(flags.c, 'extend')?.[0] ?? flags.c, 'lt_u') ?? [];
  const fits = isWord
    ? (sum === value && other !== undefined && isConst(other, 32n)) || (overflown[0] === flags.n && overflown[1] === a)
    : overflown[0] === value && overflown[1] === a;
  // Not what adds the carry as well, whose overflow is another.
  const [left, right] = argsOf(isWord ? (argsOf(flags.v, 'extend32_s')?.[0] ?? flags.v) : flags.v, 'and') ?? [];
  const overflows = left && right && argsOf(left, 'xor')?.[0] === a && argsOf(right, 'xor')?.[0] === b;
  return fits && overflows ? { kind: 'sum', a, b, isWord } : undefined;
}

function carriedShape(carry: number, flags: Flags): Shape | undefined {
  const { n, z } = flags;
  const sum = argsOf(n, 'extend32_s')?.[0];
  const [both, last] = (sum && argsOf(sum, 'add')) ?? [];
  const [a, b] = (both && argsOf(both, 'add')) ?? [];
  const [carried, by] = argsOf(flags.c, 'shr_u') ?? [];
  const fits = n === z && carried === sum && by !== undefined && isConst(by, 32n);
  if (!fits || a === undefined || b === undefined || last?.kind !== 'cell' || last.offset !== carry) return undefined;
  return { kind: 'carried', a, b, result: n };
}

/** Of four bits NZCV. */
function comparedShape(bits: Value): SetBy<Value> | undefined {
  const halves = argsOf(bits, 'or')?.flatMap((half) => argsOf(half, 'or') ?? []) ?? [];
  const [n, z, c, v] = halves.map((bit) => {
    const test = argsOf(argsOf(bit, 'shl')?.[0] ?? bit, 'extend')?.[0];
    return test?.kind === 'op' ? test.args[0] : undefined;
  });
  return n && z && c && v && orderShape({ n, z, c, v });
}

/** Whether N is that of four bits in a cell. */
function isCopy(cell: number | undefined, n: Value): boolean {
  const [bits, by] = argsOf(n, 'shl') ?? [];
  return bits?.kind === 'cell' && bits.offset === cell && by !== undefined && isConst(by, 60n);
}

function orderShape({ n, z, c, v }: Flags): SetBy<Value> | undefined {
  const less = argsOf(n, 'sub')?.[1];
  const equal = argsOf(z, 'xor')?.[0];
  const [either, greater] = argsOf(argsOf(v, 'sub')?.[0] ?? v, 'or') ?? [];
  const [first, second] = (either && argsOf(either, 'or')) ?? [];
  const fits = less !== undefined && less === first && less === argsOf(c, 'xor')?.[0] && equal === second;
  if (!fits || less.kind !== 'fp' || equal === undefined || greater === undefined) return undefined;
  return { kind: 'order', less, equal, greater };
}

function selectShape({ n, z, c, v }: Flags): SetBy<Value> | undefined {
  const picks = [n, z, c, v].map((flag) => argsOf(flag, 'select'));
  const [holds] = picks[0] ?? [];
  if (holds === undefined || picks.some((pick) => pick === undefined || pick[0] !== holds)) return undefined;
  const [thenN, thenZ, thenC, thenV] = picks.map((pick) => pick![1]);
  const otherwise = picks.map((pick) => (pick![2].kind === 'const' ? BigInt.asIntN(64, pick![2].value) : undefined));
  const compared = shapeOfFlags({ n: thenN, z: thenZ, c: thenC, v: thenV });
  if (compared === undefined || compared.kind === 'select' || otherwise.includes(undefined)) return undefined;
  const [elseN, elseZ, elseC, elseV] = otherwise as bigint[];
  const nzcv = [elseN < 0n, elseZ === 0n, elseC !== 0n, elseV < 0n].reduce((all, bit) => 2 * all + Number(bit), 0);
  return { kind: 'select', holds, compared, nzcv };
}
