/** Multiplication: Arm ARM, F4.1.2 ("Multiply and Accumulate", "Halfword Multiply …", "Signed multiply, Divide"). */
import type { Value } from '../../ir.ts';
import type { Operand } from '../../row.ts';
import type { A32Builder } from '../builder.ts';
import { a32, both, type Effect, type Operands } from './define.ts';

const product = (b: A32Builder, o: Operands): Value => b.op('mul', b.r(o.rn), b.r(o.rm));
const plain = { when: 'rd!=15; rn!=15; rm!=15', t32When: 'rd!=13; rn!=13; rm!=13' };
const withAccumulator = { when: 'rd!=15; rn!=15; rm!=15; ra!=15', t32When: 'rd!=13; rn!=13; rm!=13; ra!=13' };
const three = '{rd:r}, {rn:r}, {rm:r}';
const four = `${three}, {ra:r}`;

/** With S in A32 only; C and V stay. */
function multiply(
  name: string,
  bits: string,
  ra: string,
  t: string,
  syntax: string,
  effect: (b: A32Builder, o: Operands) => Value,
): void {
  const options = ra === '0000' ? plain : withAccumulator;
  both(name, `0000${bits}0 rd:4 ${ra} rm:4 1001 rn:4`, t, syntax, (b, o) => b.setR(o.rd, effect(b, o)), options);
  if (name === 'mls') return;
  a32(
    `${name}s`,
    `0000${bits}1 rd:4 ${ra} rm:4 1001 rn:4`,
    syntax,
    (b, o) => {
      const result = b.word(effect(b, o));
      b.setR(o.rd, result);
      b.setFlags(b.logical(result, b.carry()));
    },
    { when: options.when },
  );
}
multiply('mul', '000', '0000', '11111011 0000 rn:4 1111 rd:4 0000 rm:4', three, product);
multiply('mla', '001', 'ra:4', '11111011 0000 rn:4 ra:4 rd:4 0000 rm:4', four, (b, o) =>
  b.add(product(b, o), b.r(o.ra)),
);
multiply('mls', '011', 'ra:4', '11111011 0000 rn:4 ra:4 rd:4 0001 rm:4', four, (b, o) =>
  b.sub(b.r(o.ra), product(b, o)),
);

/** RdHi:RdLo. */
const pair = (b: A32Builder, o: Operands): Value => b.or(b.shl(b.r(o.hi), 32), b.unsigned(b.r(o.lo)));
function setPair(b: A32Builder, o: Operands, value: Value): void {
  const [low, high] = [b.word(value), b.word(b.shr(value, 32))];
  b.setR(o.lo, low);
  b.setR(o.hi, high);
}
const unsignedProduct = (b: A32Builder, o: Operands): Value =>
  b.op('mul', b.unsigned(b.r(o.rn)), b.unsigned(b.r(o.rm)));
const LONG = [
  ['umull', '100', '010', '0000', unsignedProduct],
  ['umlal', '101', '110', '0000', (b, o) => b.add(pair(b, o), unsignedProduct(b, o))],
  ['smull', '110', '000', '0000', product],
  ['smlal', '111', '100', '0000', (b, o) => b.add(pair(b, o), product(b, o))],
  [
    'umaal',
    '010',
    '110',
    '0110',
    (b, o) => b.add(b.add(unsignedProduct(b, o), b.unsigned(b.r(o.hi))), b.unsigned(b.r(o.lo))),
  ],
] as const satisfies readonly (readonly [string, string, string, string, (b: A32Builder, o: Operands) => Value])[];
const long = { when: 'lo!=15; hi!=15; rn!=15; rm!=15; hi!=lo', t32When: 'lo!=13; hi!=13; rn!=13; rm!=13' };
for (const [name, bits, t, op2, compute] of LONG) {
  const syntax = '{lo:r}, {hi:r}, {rn:r}, {rm:r}';
  const effect: Effect = (b, o) => setPair(b, o, b.now2(compute(b, o)));
  const encoding = (s: string): string => `0000${bits}${s} hi:4 lo:4 rm:4 1001 rn:4`;
  both(name, encoding('0'), `11111011 1${t} rn:4 lo:4 hi:4 ${op2} rm:4`, syntax, effect, long);
  if (name === 'umaal') continue;
  a32(
    `${name}s`,
    encoding('1'),
    syntax,
    (b, o) => {
      const value = b.now2(compute(b, o));
      setPair(b, o, value);
      const z = b.or(b.unsigned(value), b.shr(value, 32));
      b.setFlags({ n: value, z, c: b.carry(), v: b.flags().v });
    },
    { when: long.when },
  );
}

/** A half of a register, with its sign. */
const half = (b: A32Builder, operand: Operand, top: number): Value =>
  top === 1 ? b.sar(b.r(operand), 16) : b.signed(b.r(operand), 16);

/** The sum is that of 64 bits; Q is whether it does not fit into 32. */
function setWithQ(b: A32Builder, rd: Operand, sum: Value): void {
  const value = b.now2(sum);
  const result = b.now2(b.word(value));
  b.setR(rd, result);
  b.setQ(b.op('ne', result, value));
}

for (const x of [0, 1]) {
  for (const y of [0, 1]) {
    const letters = 'bt'[x] + 'bt'[y];
    const halves = (b: A32Builder, o: Operands): Value => b.op('mul', half(b, o.rn, x), half(b, o.rm, y));
    both(
      `smla${letters}`,
      `00010000 rd:4 ra:4 rm:4 1${y}${x}0 rn:4`,
      `11111011 0001 rn:4 ra:4 rd:4 00${x}${y} rm:4`,
      four,
      (b, o) => setWithQ(b, o.rd, b.add(halves(b, o), b.r(o.ra))),
      withAccumulator,
    );
    both(
      `smul${letters}`,
      `00010110 rd:4 0000 rm:4 1${y}${x}0 rn:4`,
      `11111011 0001 rn:4 1111 rd:4 00${x}${y} rm:4`,
      three,
      (b, o) => b.setR(o.rd, halves(b, o)),
      plain,
    );
    both(
      `smlal${letters}`,
      `00010100 hi:4 lo:4 rm:4 1${y}${x}0 rn:4`,
      `11111011 1100 rn:4 lo:4 hi:4 10${x}${y} rm:4`,
      '{lo:r}, {hi:r}, {rn:r}, {rm:r}',
      (b, o) => setPair(b, o, b.now2(b.add(pair(b, o), halves(b, o)))),
      long,
    );
  }
  const y = x;
  const wide = (b: A32Builder, o: Operands): Value => b.sar(b.op('mul', b.r(o.rn), half(b, o.rm, y)), 16);
  both(
    `smlaw${'bt'[y]}`,
    `00010010 rd:4 ra:4 rm:4 1${y}00 rn:4`,
    `11111011 0011 rn:4 ra:4 rd:4 000${y} rm:4`,
    four,
    (b, o) => setWithQ(b, o.rd, b.add(wide(b, o), b.r(o.ra))),
    withAccumulator,
  );
  both(
    `smulw${'bt'[y]}`,
    `00010010 rd:4 0000 rm:4 1${y}10 rn:4`,
    `11111011 0011 rn:4 1111 rd:4 000${y} rm:4`,
    three,
    (b, o) => b.setR(o.rd, wide(b, o)),
    plain,
  );
}

// Dual: the halves' products added or subtracted, those of Rm exchanged or not.
for (const m of [0, 1]) {
  const x = m === 1 ? 'x' : '';
  for (const [add, sign] of [
    [true, '0'],
    [false, '1'],
  ] as const) {
    const dual = (b: A32Builder, o: Operands): Value => {
      const first = b.op('mul', half(b, o.rn, 0), half(b, o.rm, m));
      const second = b.op('mul', half(b, o.rn, 1), half(b, o.rm, 1 - m));
      return add ? b.add(first, second) : b.sub(first, second);
    };
    const a = add ? 'a' : 's';
    const op1 = add ? '0010' : '0100';
    both(
      `sml${a}d${x}`,
      `01110000 rd:4 ra:4 rm:4 0${sign}${m}1 rn:4`,
      `11111011 ${op1} rn:4 ra:4 rd:4 000${m} rm:4`,
      four,
      (b, o) => setWithQ(b, o.rd, b.add(dual(b, o), b.r(o.ra))),
      withAccumulator,
    );
    both(
      `smu${a}d${x}`,
      `01110000 rd:4 1111 rm:4 0${sign}${m}1 rn:4`,
      `11111011 ${op1} rn:4 1111 rd:4 000${m} rm:4`,
      three,
      (b, o) => setWithQ(b, o.rd, dual(b, o)),
      plain,
    );
    both(
      `sml${a}ld${x}`,
      `01110100 hi:4 lo:4 rm:4 0${sign}${m}1 rn:4`,
      `11111011 110${sign} rn:4 lo:4 hi:4 110${m} rm:4`,
      '{lo:r}, {hi:r}, {rn:r}, {rm:r}',
      (b, o) => setPair(b, o, b.now2(b.add(pair(b, o), dual(b, o)))),
      long,
    );
  }
  // The high word, rounded or not.
  const r = m === 1 ? 'r' : '';
  const top = (b: A32Builder, value: Value): Value => b.shr(m === 1 ? b.add(value, b.const(0x8000_0000n)) : value, 32);
  both(
    `smmla${r}`,
    `01110101 rd:4 ra:4 rm:4 00${m}1 rn:4`,
    `11111011 0101 rn:4 ra:4 rd:4 000${m} rm:4`,
    four,
    (b, o) => b.setR(o.rd, top(b, b.add(b.shl(b.r(o.ra), 32), product(b, o)))),
    withAccumulator,
  );
  both(
    `smmul${r}`,
    `01110101 rd:4 1111 rm:4 00${m}1 rn:4`,
    `11111011 0101 rn:4 1111 rd:4 000${m} rm:4`,
    three,
    (b, o) => b.setR(o.rd, top(b, product(b, o))),
    plain,
  );
  both(
    `smmls${r}`,
    `01110101 rd:4 ra:4 rm:4 11${m}1 rn:4`,
    `11111011 0110 rn:4 ra:4 rd:4 000${m} rm:4`,
    four,
    (b, o) => b.setR(o.rd, top(b, b.sub(b.shl(b.r(o.ra), 32), product(b, o)))),
    withAccumulator,
  );
}

// Saturating: Rm ± Rn, Rm ± 2 * Rn.
for (const [name, op, t, compute] of [
  ['qadd', '00', '00', (b, m, n) => b.add(m, n)],
  ['qsub', '01', '10', (b, m, n) => b.sub(m, n)],
  ['qdadd', '10', '01', (b, m, n) => b.add(m, n)],
  ['qdsub', '11', '11', (b, m, n) => b.sub(m, n)],
] as const satisfies readonly (readonly [string, string, string, (b: A32Builder, m: Value, n: Value) => Value])[]) {
  both(
    name,
    `00010${op}0 rn:4 rd:4 0000 0101 rm:4`,
    `11111010 1000 rn:4 1111 rd:4 10${t} rm:4`,
    '{rd:r}, {rm:r}, {rn:r}',
    (b, o) => {
      const clamp = (value: Value): Value => {
        const { result, changed } = b.saturated(b.now2(value), b.const(32), true);
        b.now2(result);
        b.setQ(changed);
        return result;
      };
      const n = name.startsWith('qd') ? clamp(b.shl(b.r(o.rn), 1)) : b.r(o.rn);
      b.setR(o.rd, clamp(compute(b, b.r(o.rm), n)));
    },
    plain,
  );
}
