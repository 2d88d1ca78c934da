/** Cryptographic instructions: SM3 (GB/T 32905-2016) and SM4 (GB/T 32907-2016). Arm ARM, C4.1.96, "Cryptographic …". */

import { lookUp, product } from '../../../arm-crypto.ts';
import { Lanes } from '../../../arm-lanes.ts';
import type { Value } from '../../../ir.ts';
import { type Operand, rowsOf } from '../../../row.ts';
import type { Aarch64Builder } from '../../builder.ts';
import { three, two } from './arrangements.ts';

const sm3 = rowsOf<Aarch64Builder>('SM3');
const sm4 = rowsOf<Aarch64Builder>('SM4');

type B = Aarch64Builder;
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);
const wordLanes = (b: B) => new Lanes(b, 32, 128);
/** The lanes of a vector as numbers, zero-extended. */
const words = (b: B, register: Operand): Value[] => upTo(4).map((i) => wordLanes(b).lane(b.v(register), i));
const left = (b: B, a: Value, count: number): Value => b.rotatedRight(a, b.const(32 - count), 32);
const exclusive = (b: B, ...terms: Value[]): Value => terms.reduce((all, term) => b.xor(all, term));
const sum = (b: B, ...terms: Value[]): Value =>
  b.low(
    terms.reduce((all, term) => b.add(all, term)),
    32,
  );

// SM3.

const parity = (b: B, x: Value, y: Value, z: Value) => exclusive(b, x, y, z);
const majority = (b: B, x: Value, y: Value, z: Value) => b.or(b.and(x, y), b.and(b.or(x, y), z));
const choose = (b: B, x: Value, y: Value, z: Value) => b.xor(b.and(b.xor(y, z), x), z);
/** The standard's P0 and P1: a word and the same rotated twice. */
const permuted = (b: B, a: Value, first: number, second: number) =>
  exclusive(b, a, left(b, a, first), left(b, a, second));

sm3.row('sm3ss1', '11001110 010 rm:5 0 ra:5 rn:5 rd:5', '{rd:v4s}, {rn:v4s}, {rm:v4s}, {ra:v4s}', (b, o) => {
  const [n, m, a] = [o.rn, o.rm, o.ra].map((register) => words(b, register)[3]);
  const zero = b.const(0);
  b.setV(o.rd, wordLanes(b).join([zero, zero, zero, left(b, sum(b, left(b, n, 12), m, a), 7)]));
});

// A round: of the words A, B, C, D, or E, F, G, H, the first is in lane 3.
for (const [name, opcode, mix, isSecond] of [
  ['sm3tt1a', '00', parity, false],
  ['sm3tt1b', '01', majority, false],
  ['sm3tt2a', '10', parity, true],
  ['sm3tt2b', '11', choose, true],
] as const) {
  sm3.row(name, `11001110 010 rm:5 10 lane:2 ${opcode} rn:5 rd:5`, '{rd:v4s}, {rn:v4s}, {rm:vs}{lane:lane}', (b, o) => {
    const [d, n] = [words(b, o.rd), words(b, o.rn)];
    const mixed = mix(b, d[3], d[2], d[1]);
    const other = isSecond ? n[3] : b.xor(n[3], left(b, d[3], 12));
    const next = sum(b, mixed, d[0], other, b.lane(o.rm, 32, b.operand(o.lane)));
    const last = isSecond ? permuted(b, next, 9, 17) : next;
    b.setV(o.rd, wordLanes(b).join([d[1], left(b, d[2], isSecond ? 19 : 9), d[3], last]));
  });
}

sm3.row('sm3partw1', '11001110 011 rm:5 1 1 00 00 rn:5 rd:5', three('v4s'), (b, o) => {
  const [d, n, m] = [o.rd, o.rn, o.rm].map((register) => words(b, register));
  const results: Value[] = [];
  for (const i of upTo(4)) {
    // The last word takes the first result.
    const turned = left(b, i === 3 ? results[0] : m[i + 1], 15);
    results.push(permuted(b, exclusive(b, d[i], n[i], turned), 15, 23));
  }
  b.setV(o.rd, wordLanes(b).join(results));
});
sm3.row('sm3partw2', '11001110 011 rm:5 1 1 00 01 rn:5 rd:5', three('v4s'), (b, o) => {
  const [d, n, m] = [o.rd, o.rn, o.rm].map((register) => words(b, register));
  const mixed = upTo(4).map((i) => b.xor(n[i], left(b, m[i], 7)));
  const results = upTo(4).map((i) => b.xor(d[i], mixed[i]));
  results[3] = b.xor(results[3], permuted(b, left(b, mixed[0], 15), 15, 23));
  b.setV(o.rd, wordLanes(b).join(results));
});

// SM4.

/** Modulo x^8 + x^7 + x^6 + x^5 + x^4 + x^2 + 1. */
const POLYNOMIAL = 0x1f5;
const inverse = (a: number): number => upTo(256).find((b) => product(a, b, POLYNOMIAL) === 1) ?? 0;
/** Each bit the parity of some, those of 0xa7 turned, and 0xd3 added. */
const affine = (a: number): number =>
  upTo(8).reduce((all, turn) => {
    const row = ((0xa7 << turn) | (0xa7 >> (8 - turn))) & a;
    return all ^ (upTo(8).reduce((odd, bit) => odd ^ ((row >> bit) & 1), 0) << turn);
  }, 0xd3);
let box: readonly number[] | undefined;
const substitutionBox = (): readonly number[] => (box ??= upTo(256).map((a) => affine(inverse(affine(a)))));

/** Rounds: each key gives a new last word, which is the first one mixed with the others and rotated. */
function rounds(b: B, state: readonly Value[], keys: readonly Value[], rotations: readonly number[]): Value {
  const bytes = new Lanes(b, 8, 128);
  let x = [...state];
  for (const key of keys) {
    const vector = b.op('v128.from_i64', exclusive(b, x[3], x[2], x[1], key));
    const mixed = wordLanes(b).lane(lookUp(bytes, substitutionBox(), vector), 0);
    const turned = rotations.map((count) => left(b, mixed, count));
    x = [x[1], x[2], x[3], exclusive(b, x[0], mixed, ...turned)];
  }
  return wordLanes(b).join(x);
}
sm4.row('sm4e', '11001110 11000000 100001 rn:5 rd:5', two('v4s'), (b, o) =>
  b.setV(o.rd, rounds(b, words(b, o.rd), words(b, o.rn), [2, 10, 18, 24])),
);
sm4.row('sm4ekey', '11001110 011 rm:5 1 1 00 10 rn:5 rd:5', three('v4s'), (b, o) =>
  b.setV(o.rd, rounds(b, words(b, o.rn), words(b, o.rm), [13, 23])),
);

export const smRows = [...sm3.rows, ...sm4.rows];
