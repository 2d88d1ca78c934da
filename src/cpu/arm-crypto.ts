/** The cryptographic instructions that A64 shares with A32 and T32: AES, SHA-1, SHA-256. */
import type { ArmBuilder } from './arm-builder.ts';
import { Lanes } from './arm-lanes.ts';
import type { Value } from './ir.ts';

type B = ArmBuilder;
export const vectorLanes = (b: B, bits: 8 | 32 | 64): Lanes => new Lanes(b, bits, 128);
export const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

// AES (FIPS 197).

/** The product of two bytes as polynomials modulo another one, AES's x^8 + x^4 + x^3 + x + 1. */
export function product(a: number, b: number, polynomial = 0x11b): number {
  let result = 0;
  for (let bit = 7; bit >= 0; bit--) {
    result = (result << 1) ^ (result & 0x80 ? polynomial : 0) ^ ((b >> bit) & 1 ? a : 0);
  }
  return result;
}
/** The powers of 3, which are all bytes but 0: the inverse of the one with number i has number 255 - i. */
const POWERS = [1];
for (let i = 1; i < 255; i++) POWERS.push(product(POWERS[i - 1], 3));
const S_BOX = upTo(256).map((a) => {
  const inverse = a === 0 ? 0 : POWERS[(255 - POWERS.indexOf(a)) % 255];
  return upTo(5).reduce((sum, turn) => sum ^ (((inverse << turn) | (inverse >> (8 - turn))) & 0xff), 0x63);
});
const INVERSE_S_BOX = upTo(256).map((value) => S_BOX.indexOf(value));

/** Each byte's entry in a table of 256, of which a part of 16 is a vector. */
export function lookUp(l: Lanes, table: readonly number[], indices: Value): Value {
  const parts = upTo(16).map((part) => {
    const entries = table.slice(16 * part, 16 * part + 16);
    const vector = entries.reduce((all, entry, i) => all | (BigInt(entry) << BigInt(8 * i)), 0n);
    return l.b.op('i8x16.swizzle', l.b.vector(vector), part === 0 ? indices : l.sub(indices, l.every(16 * part)));
  });
  return parts.reduce((all, part) => l.or(all, part));
}
/** Row r of each column from the column r places on. */
const shiftRows = (direction: 1 | -1) => upTo(16).map((i) => (i + 4 * direction * (i % 4)) & 15);
/** Each byte twice, as polynomials. */
const doubled = (l: Lanes, a: Value) => l.xor(l.shl(a, 1), l.and(l.isNegative(a), l.every(0x1b)));
/** Columns turned by some rows. */
const turned = (l: Lanes, a: Value, by: number) =>
  l.lanes(
    [a],
    upTo(16).map((i) => (i & 12) | ((i + by) & 3)),
  );
function mixColumns(l: Lanes, a: Value): Value {
  const next = turned(l, a, 1);
  const others = l.xor(turned(l, a, 2), turned(l, a, 3));
  return l.xor(l.xor(doubled(l, l.xor(a, next)), next), others);
}
/** The inverse: four times what is two rows away comes in first. */
function unmixColumns(l: Lanes, a: Value): Value {
  const far = l.xor(a, turned(l, a, 2));
  return mixColumns(l, l.xor(a, doubled(l, doubled(l, far))));
}
// SHA-1 and SHA-256 (FIPS 180-4): four rounds at a time. Words are zero-extended.

export const choose = (b: B, x: Value, y: Value, z: Value) => b.xor(b.and(b.xor(y, z), x), z);
export const majority = (b: B, x: Value, y: Value, z: Value) => b.or(b.and(x, y), b.and(b.or(x, y), z));
export const parity = (b: B, x: Value, y: Value, z: Value) => b.xor(b.xor(x, y), z);
export const rotated = (b: B, a: Value, right: number) => b.rotatedRight(a, b.const(right), 32);
const sum = (b: B, ...terms: Value[]) =>
  b.low(
    terms.reduce((all, term) => b.add(all, term)),
    32,
  );
/** The lanes of a vector as numbers. */
export const words = (l: Lanes, a: Value) => upTo(l.count).map((i) => l.lane(a, i));
/** Each lane rotated to the right. */
export const rotatedLanes = (l: Lanes, a: Value, right: number) => l.or(l.shr('u', a, right), l.shl(a, l.bits - right));

/** SHA256hash: `x` and `y` after four rounds. */
export function hash256(b: B, first: Value, second: Value, schedule: Value): { x: Value; y: Value } {
  const l = vectorLanes(b, 32);
  let [x, y] = [words(l, first), words(l, second)];
  const sigma = (a: Value, counts: readonly number[]) =>
    counts.map((count) => rotated(b, a, count)).reduce((all, part) => b.xor(all, part));
  for (const w of words(l, schedule)) {
    const t = sum(b, y[3], sigma(y[0], [6, 11, 25]), choose(b, y[0], y[1], y[2]), w);
    const last = sum(b, t, sigma(x[0], [2, 13, 22]), majority(b, x[0], x[1], x[2]));
    [x, y] = [
      [last, x[0], x[1], x[2]],
      [sum(b, t, x[3]), y[0], y[1], y[2]],
    ];
  }
  return { x: l.join(x), y: l.join(y) };
}
export const schedule = (l: Lanes, a: Value, rotations: readonly [number, number], shift: number) =>
  l.xor(l.xor(rotatedLanes(l, a, rotations[0]), rotatedLanes(l, a, rotations[1])), l.shr('u', a, shift));

/** AES's steps, of the operand and what the destination had. */
export const AES_STEPS: readonly (readonly [name: string, compute: (l: Lanes, n: Value, d: Value) => Value])[] = [
  ['aese', (l, n, d) => lookUp(l, S_BOX, l.lanes([l.xor(d, n)], shiftRows(1)))],
  ['aesd', (l, n, d) => lookUp(l, INVERSE_S_BOX, l.lanes([l.xor(d, n)], shiftRows(-1)))],
  ['aesmc', mixColumns],
  ['aesimc', unmixColumns],
];

/** SHA-1's functions of three words. */
export const SHA1_MIXES = [
  ['c', choose],
  ['p', parity],
  ['m', majority],
] as const;
/** SHA1C, SHA1P, SHA1M; `y` is a word. */
export function sha1Rounds(b: B, mix: typeof choose, d: Value, y: Value, m: Value): Value {
  const l = vectorLanes(b, 32);
  let x = words(l, d);
  for (const w of words(l, m)) {
    const next = sum(b, y, rotated(b, x[0], 27), mix(b, x[1], x[2], x[3]), w);
    y = x[3];
    x = [next, x[0], rotated(b, x[1], 2), x[2]];
  }
  return l.join(x);
}
export const sha1Schedule0 = (b: B, d: Value, n: Value, m: Value): Value => {
  const l = vectorLanes(b, 64);
  return l.xor(l.xor(l.lanes([d, n], [1, 2]), d), m);
};
export const sha1Schedule1 = (b: B, d: Value, n: Value): Value => {
  const l = vectorLanes(b, 32);
  const turn = rotatedLanes(l, l.xor(d, l.lanes([n], [1, 2, 3, -1])), 31);
  // The last word takes what the first one has become, rotated once more.
  return l.xor(turn, l.lanes([rotatedLanes(l, turn, 31)], [-1, -1, -1, 0]));
};
export const sha256Schedule0 = (b: B, d: Value, n: Value): Value => {
  const l = vectorLanes(b, 32);
  return l.add(d, schedule(l, l.lanes([d, n], [1, 2, 3, 4]), [7, 18], 3));
};
export const sha256Schedule1 = (b: B, d: Value, n: Value, m: Value): Value => {
  const l = vectorLanes(b, 32);
  const base = l.add(d, l.lanes([n, m], [1, 2, 3, 4]));
  // The upper words want the lower ones' results.
  const low = l.add(base, schedule(l, l.lanes([m], [2, 3, 2, 3]), [17, 19], 10));
  const high = l.add(base, schedule(l, l.lanes([low], [0, 1, 0, 1]), [17, 19], 10));
  return l.lanes([low, high], [0, 1, 6, 7]);
};
