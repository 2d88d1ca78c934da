/**
 * Values of the IR as JavaScript expressions. An i64 is a bigint, always taken
 * as signed; an i32, a truth value, is a boolean.
 *
 *     add(a, b)  →  i64(a + b)
 *
 * Names that are no locals belong to {@link Runtime}.
 */
import { OPS, type OpName } from '../../cpu/ir.ts';
import { isVectorOp, type VectorOpName } from '../../cpu/vector-ops.ts';

/** A literal as people write it: small numbers in decimal, others in hexadecimal. */
export function literal(value: bigint | number): string {
  const signed = BigInt.asIntN(64, BigInt(value));
  if (signed > -4096n && signed < 4096n) return `${signed}n`;
  return signed < 0n ? `-0x${(-signed).toString(16)}n` : `0x${signed.toString(16)}n`;
}

const LITERAL = /^-?(0x[0-9a-f]+|\d+)n$/;

/** A shift count modulo 64. */
function count(b: string): string {
  return LITERAL.test(b) ? literal(BigInt.asUintN(6, numberOf(b))) : `(${b} & 63n)`;
}

/** Operands of an unsigned operation. */
function unsigned(a: string): string {
  return LITERAL.test(a) ? `0x${BigInt.asUintN(64, numberOf(a)).toString(16)}n` : `u64(${a})`;
}

/** A literal's value. */
function numberOf(text: string): bigint {
  const digits = text.slice(0, -1);
  return digits.startsWith('-') ? -BigInt(digits.slice(1)) : BigInt(digits);
}

/** True for expressions without names: a literal, `true` or `false`. */
export const isConstant = (text: string): boolean => text === 'true' || text === 'false' || LITERAL.test(text);

/** A comparison, done here if both sides are literals: rounding modes are such. */
function compare(a: string, b: string, text: string, holds: (a: bigint, b: bigint) => boolean): string {
  return LITERAL.test(a) && LITERAL.test(b) ? `${holds(numberOf(a), numberOf(b))}` : text;
}
const u64 = (a: bigint): bigint => BigInt.asUintN(64, a);

/** Every pure operation. Arguments are primary expressions: names, literals, calls, or in parentheses. */
const PURE = {
  add: (a, b) => (b === '0n' ? a : b.startsWith('-') ? `i64(${a} - ${b.slice(1)})` : `i64(${a} + ${b})`),
  sub: (a, b) => `i64(${a} - ${b})`,
  mul: (a, b) => `i64(${a} * ${b})`,
  and: (a, b) => `(${a} & ${b})`,
  or: (a, b) => `(${a} | ${b})`,
  xor: (a, b) => `(${a} ^ ${b})`,
  shl: (a, b) => `i64(${a} << ${count(b)})`,
  shr_s: (a, b) => `(${a} >> ${count(b)})`,
  shr_u: (a, b) => `i64(${unsigned(a)} >> ${count(b)})`,
  rotl: (a, b) => `rotl(${a}, ${b})`,
  rotr: (a, b) => `rotr(${a}, ${b})`,
  rotr32: (a, b) => `rotr32(${a}, ${b})`,
  clz: (a) => `clz(${a})`,
  ctz: (a) => `ctz(${a})`,
  popcnt: (a) => `popcnt(${a})`,
  extend8_s: (a) => `BigInt.asIntN(8, ${a})`,
  extend16_s: (a) => `BigInt.asIntN(16, ${a})`,
  extend32_s: (a) => `BigInt.asIntN(32, ${a})`,
  div_s: (a, b) => `(${a} / ${b})`,
  div_u: (a, b) => `i64(${unsigned(a)} / ${unsigned(b)})`,
  rem_s: (a, b) => `(${a} % ${b})`,
  rem_u: (a, b) => `i64(${unsigned(a)} % ${unsigned(b)})`,
  mulh_s: (a, b) => `(${a} * ${b} >> 64n)`,
  mulh_u: (a, b) => `i64(${unsigned(a)} * ${unsigned(b)} >> 64n)`,
  mulh_su: (a, b) => `(${a} * ${unsigned(b)} >> 64n)`,
  clmul: (a, b) => `i64(carryless(${a}, ${b}))`,
  clmulh: (a, b) => `i64(carryless(${a}, ${b}) >> 64n)`,
  xperm4: (a, b) => `permute(${a}, ${b}, 4n)`,
  xperm8: (a, b) => `permute(${a}, ${b}, 8n)`,
  eqz: (a) => `(${a} === 0n)`,
  eq: (a, b) => compare(a, b, `(${a} === ${b})`, (p, q) => p === q),
  ne: (a, b) => `(${a} !== ${b})`,
  lt_s: (a, b) => `(${a} < ${b})`,
  lt_u: (a, b) => compare(a, b, `(${unsigned(a)} < ${unsigned(b)})`, (p, q) => u64(p) < u64(q)),
  ge_s: (a, b) => `(${a} >= ${b})`,
  ge_u: (a, b) => `(${unsigned(a)} >= ${unsigned(b)})`,
  extend: (a) => `(${a} ? 1n : 0n)`,
  select: (c, a, b) => (c === 'true' ? a : c === 'false' ? b : `(${c} ? ${a} : ${b})`),
  condition: (code, n, z, c, v) => `condition(${code}, ${n}, ${z}, ${c}, ${v})`,
} as const satisfies Record<
  Exclude<OpName, VectorOpName>,
  (...args: [string, string, string, string, string]) => string
>;

/** A vector, an unsigned bigint of 128 bits. */
export const vectorLiteral = (value: bigint): string => `0x${value.toString(16)}n`;

/** Any operation, of values in text. */
export function operation(op: OpName, args: readonly string[]): string {
  if (isVectorOp(op)) {
    const call = `vector('${op}', ${args.join(', ')})`;
    return OPS[op][1] === 'i32' ? `(${call} !== 0n)` : call;
  }
  const [a, b = '', c = '', d = '', e = ''] = args;
  return PURE[op](a, b, c, d, e);
}
