/**
 * Constant folding for builders whose rows have operands that say what an
 * instruction does: the effect of a particular instruction, whose operands are
 * known, then has no trace of them. In the cold tier they are fields read at run
 * time, and the same effect chooses by `select`.
 */
import { OPS, type OpName, type Value } from './ir.ts';

const u64 = (a: bigint): bigint => BigInt.asUintN(64, a);
const s64 = (a: bigint): bigint => BigInt.asIntN(64, a);
const flag = (condition: boolean): bigint => (condition ? 1n : 0n);

/** What is worth to be done when an effect is recorded. Arguments are unsigned. */
const FOLDED: Partial<Record<OpName, (a: bigint, b: bigint) => bigint>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b) => a << (b & 63n),
  shr_s: (a, b) => s64(a) >> (b & 63n),
  shr_u: (a, b) => a >> (b & 63n),
  rotr: (a, b) => (a >> (b & 63n)) | (a << (64n - (b & 63n))),
  rotr32: (a, b) => BigInt.asUintN(32, ((a & 0xffff_ffffn) * 0x1_0000_0001n) >> (b & 31n)),
  div_u: (a, b) => a / b,
  clz: (a) => BigInt(64 - (a === 0n ? 0 : a.toString(2).length)),
  extend32_s: (a) => BigInt.asIntN(32, a),
  eqz: (a) => flag(a === 0n),
  eq: (a, b) => flag(a === b),
  ne: (a, b) => flag(a !== b),
  lt_s: (a, b) => flag(s64(a) < s64(b)),
  lt_u: (a, b) => flag(a < b),
  ge_s: (a, b) => flag(s64(a) >= s64(b)),
  ge_u: (a, b) => flag(a >= b),
  extend: (a) => a,
};

const isConst = (value: Value, wanted: bigint): boolean =>
  value.kind === 'const' && u64(value.value) === BigInt.asUintN(64, wanted);

const and = (a: Value, mask: bigint): Value => ({
  type: 'i64',
  kind: 'op',
  op: 'and',
  args: [a, { type: 'i64', kind: 'const', value: mask }],
});

/** What an operation comes to, if that is known or simpler than the operation. */
export function fold(op: OpName, args: readonly Value[]): Value | undefined {
  const [a, b, c] = args;
  if (op === 'i64x2.splat' && a.kind === 'const') {
    return { type: 'v128', kind: 'vector', value: u64(a.value) * ((1n << 64n) | 1n) };
  }
  if (op === 'v128.bitselect' && c.kind === 'vector') {
    if (c.value === 0n) return b;
    return c.value === (1n << 128n) - 1n ? a : undefined;
  }
  if (/x\d+\.sh/.test(op) && isConst(b, 0n)) return a;
  if (op === 'select') return a.kind === 'const' ? (a.value !== 0n ? b : c) : undefined;
  const evaluate = FOLDED[op];
  if (evaluate === undefined) return undefined;
  if (args.every((arg) => arg.kind === 'const')) {
    const [x, y = 0n] = args.map((arg) => u64((arg as Value & { kind: 'const' }).value));
    const type = OPS[op][1];
    return { type, kind: 'const', value: s64(evaluate(x, y)) };
  }
  switch (op) {
    case 'add':
    case 'or':
    case 'xor':
      return isConst(b, 0n) ? a : isConst(a, 0n) ? b : undefined;
    case 'sub':
    case 'shl':
    case 'shr_s':
    case 'rotr':
      return isConst(b, 0n) ? a : undefined;
    case 'and':
      if (isConst(b, -1n)) return a;
      if (isConst(b, 0n)) return b;
      if (b.kind === 'const' && a.kind === 'op' && a.op === 'and' && a.args[1].kind === 'const') {
        const mask = b.value & a.args[1].value;
        return mask === a.args[1].value ? a : and(a.args[0], mask);
      }
      return undefined;
    case 'mul':
      return isConst(b, 1n) ? a : undefined;
    case 'shr_u':
      if (isConst(b, 0n)) return a;
      // Up and down by the same count: the low bits.
      if (b.kind === 'const' && a.kind === 'op' && a.op === 'shl' && isConst(a.args[1], b.value)) {
        return and(a.args[0], u64(-1n) >> (b.value & 63n));
      }
      return undefined;
    default:
      return undefined;
  }
}
