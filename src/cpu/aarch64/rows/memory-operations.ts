/**
 * MOPS: memory copy and memory set (Arm ARM, C4.1.94, "Memory Copy and Memory Set"), by option A: what is left to do is
 * a number of bytes in a register, negative and counted from the ends of the buffers if it is done upwards.
 *
 * Of the three instructions the first only says what is to be done. Each of the others does all that is left, up to 16
 * bytes at a time: then it branches to itself, so that the state is right for a fault or a signal in between.
 *
 * To access memory unprivileged, or not for long, is the same as any access.
 */
import type { Value } from '../../ir.ts';
import { type Operand, rowsOf } from '../../row.ts';
import type { Aarch64Builder } from '../builder.ts';

const { row, rows } = rowsOf<Aarch64Builder>('MOPS');
export const memoryOperationRows = rows;

type Operands = { rd: Operand; rs: Operand; rn: Operand };

/** The most bytes: of what may overlap, so that an address's tag stays as it is, and of others. */
const MOST_OVERLAPPING = (1n << 55n) - 1n;
const MOST = (1n << 63n) - 1n;

const negative = (b: Aarch64Builder, value: Value): Value => b.sub(b.const(0), value);
const atMost = (b: Aarch64Builder, size: Value, most: bigint): Value =>
  b.select(b.op('lt_u', b.const(most), size), b.const(most), size);
const clearFlags = (b: Aarch64Builder): void => b.setFlags(b.flagBits(b.const(0)));

/** A copy begins, upwards or, where `isDown`, downwards. */
function beginCopy(b: Aarch64Builder, o: Operands, size: Value, isDown: Value): void {
  const end = b.select(isDown, b.const(0), size);
  const [to, from] = [b.add(b.x(o.rd), end), b.add(b.x(o.rs), end)];
  b.setX(o.rd, to);
  b.setX(o.rs, from);
  b.setX(o.rn, b.select(isDown, size, negative(b, size)));
  clearFlags(b);
}

/** Whether the destination begins within the source. */
function isWithin(b: Aarch64Builder, o: Operands, size: Value): Value {
  const [to, from] = [b.low(b.x(o.rd), 56), b.low(b.x(o.rs), 56)];
  const begins = b.op('extend', b.op('lt_u', from, to));
  const ends = b.op('extend', b.op('lt_u', to, b.add(from, size)));
  return b.op('ne', b.and(begins, ends), b.const(0));
}

/**
 * A step: up to 16 bytes. Where C is set, another processor has begun, by option B, whose registers say where it has
 * come to; they become ours, as Linux does it after the exception that this raises.
 */
function step(b: Aarch64Builder, o: { rd: Operand; rs?: Operand; rn: Operand; self: Operand }, value?: Value): void {
  const flags = b.flags();
  const zero = b.const(0);
  const [isOther, isDown] = [b.op('ne', flags.c, zero), b.op('lt_s', flags.n, zero)];
  const left = b.x(o.rn);
  const moved = b.select(isOther, b.select(isDown, negative(b, left), left), zero);
  const [to, from] = [o.rd, o.rs].map((register) => register && b.add(b.x(register), moved));
  const rest = b.select(
    b.op('eqz', b.or(b.op('extend', b.op('eqz', flags.c)), b.op('extend', isDown))),
    negative(b, left),
    left,
  );

  const isUp = b.op('lt_s', rest, zero);
  const bytes = b.select(isUp, negative(b, rest), rest);
  const power = b.shl(b.op('extend', b.op('ne', bytes, zero)), b.sub(b.const(63), b.op('clz', bytes)));
  const count = b.select(b.op('lt_u', bytes, b.const(16)), power, b.const(16));
  const at = b.select(isUp, rest, b.sub(rest, count));
  const data = value ?? b.loadPart(b.add(from as Value, at), count);
  b.storePart(b.add(to as Value, at), data, count);

  const after = b.select(isUp, b.add(rest, count), at);
  b.setX(o.rd, to as Value);
  if (o.rs !== undefined && from !== undefined) b.setX(o.rs, from);
  b.setX(o.rn, after);
  b.setFlags(b.selectFlags(isOther, b.flagBits(zero), flags));
  b.branch(b.op('ne', after, zero), o.self);
}

const DISTINCT = 'rd!=31,rs,rn; rs!=31,rn; rn!=31';
// `self` is where a step goes on: 0.
for (const [name, o0, isForward] of [
  ['cpyf', '0', true],
  ['cpy', '1', false],
] as const) {
  const syntax = '{opt:suffixCopy} [{rd:x}]!, [{rs:x}]!, {rn:x}!';
  row(
    `${name}p`,
    `00 011 ${o0} 01 00 0 rs:5 opt:4 01 rn:5 rd:5`,
    syntax,
    (b, o) => {
      const size = atMost(b, b.x(o.rn), isForward ? MOST : MOST_OVERLAPPING);
      beginCopy(b, o, size, isForward ? b.op('ne', b.const(0), b.const(0)) : isWithin(b, o, size));
    },
    { when: DISTINCT },
  );
  for (const [stage, op1] of [
    ['m', '01'],
    ['e', '10'],
  ] as const) {
    row(`${name}${stage}`, `00 011 ${o0} 01 ${op1} self:1 rs:5 opt:4 01 rn:5 rd:5`, syntax, (b, o) => step(b, o), {
      when: `self=0; ${DISTINCT}`,
    });
  }
}

{
  const syntax = '{opt:suffixSet} [{rd:x}]!, {rn:x}!, {rs:x}';
  const when = 'rd!=31,rs,rn; rn!=31,rs';
  row(
    'setp',
    '00 011 0 01 11 0 rs:5 00 opt:2 01 rn:5 rd:5',
    syntax,
    (b, o) => {
      const size = atMost(b, b.x(o.rn), MOST);
      b.setX(o.rd, b.add(b.x(o.rd), size));
      b.setX(o.rn, negative(b, size));
      clearFlags(b);
    },
    { when },
  );
  for (const [stage, op2] of [
    ['m', '01'],
    ['e', '10'],
  ] as const) {
    row(
      `set${stage}`,
      `00 011 0 01 11 self:1 rs:5 ${op2} opt:2 01 rn:5 rd:5`,
      syntax,
      (b, o) => step(b, { rd: o.rd, rn: o.rn, self: o.self }, b.op('i8x16.splat', b.x(o.rs))),
      { when: `self=0; ${when}` },
    );
  }
}
