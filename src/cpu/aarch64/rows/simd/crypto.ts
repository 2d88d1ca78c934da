/** Cryptographic instructions: AES, SHA-1, SHA-256, SHA-512, SHA-3. Arm ARM, C4.1.96, "Cryptographic …". */
import type { Value } from '../../../ir.ts';
import { rowsOf } from '../../../row.ts';
import type { Aarch64Builder } from '../../builder.ts';
import { Lanes } from '../../lanes.ts';
import { three, two } from './arrangements.ts';

const aes = rowsOf<Aarch64Builder>('AES');
const sha1 = rowsOf<Aarch64Builder>('SHA1');
const sha256 = rowsOf<Aarch64Builder>('SHA256');
const sha512 = rowsOf<Aarch64Builder>('SHA512');
const sha3 = rowsOf<Aarch64Builder>('SHA3');

type B = Aarch64Builder;
const lanes = (b: B, bits: 8 | 32 | 64) => new Lanes(b, bits, 128);
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

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
const AES: readonly (readonly [name: string, opcode: string, compute: (l: Lanes, n: Value, d: Value) => Value])[] = [
  ['aese', '00100', (l, n, d) => lookUp(l, S_BOX, l.lanes([l.xor(d, n)], shiftRows(1)))],
  ['aesd', '00101', (l, n, d) => lookUp(l, INVERSE_S_BOX, l.lanes([l.xor(d, n)], shiftRows(-1)))],
  ['aesmc', '00110', mixColumns],
  ['aesimc', '00111', unmixColumns],
];
for (const [name, opcode, compute] of AES) {
  aes.row(
    name,
    `01001110 00 10100 ${opcode} 10 rn:5 rd:5` as '01001110 00 10100 00100 10 rn:5 rd:5',
    '{rd:v16b}, {rn:v16b}',
    (b, o) => b.setV(o.rd, compute(lanes(b, 8), b.v(o.rn), b.v(o.rd))),
  );
}

// SHA-1 and SHA-256 (FIPS 180-4): four rounds at a time. Words are zero-extended.

const choose = (b: B, x: Value, y: Value, z: Value) => b.xor(b.and(b.xor(y, z), x), z);
const majority = (b: B, x: Value, y: Value, z: Value) => b.or(b.and(x, y), b.and(b.or(x, y), z));
const parity = (b: B, x: Value, y: Value, z: Value) => b.xor(b.xor(x, y), z);
const rotated = (b: B, a: Value, right: number) => b.low(b.rotatedRight(a, b.const(right), 32), 32);
const sum = (b: B, ...terms: Value[]) =>
  b.low(
    terms.reduce((all, term) => b.add(all, term)),
    32,
  );
/** The lanes of a vector as numbers. */
const words = (l: Lanes, a: Value) => upTo(l.count).map((i) => l.lane(a, i));
/** Each lane rotated to the right. */
const rotatedLanes = (l: Lanes, a: Value, right: number) => l.or(l.shr('u', a, right), l.shl(a, l.bits - right));

for (const [name, opcode, mix] of [
  ['sha1c', '000', choose],
  ['sha1p', '001', parity],
  ['sha1m', '010', majority],
] as const) {
  sha1.row(name, `01011110 000 rm:5 0 ${opcode} 00 rn:5 rd:5`, '{rd:q}, {rn:s}, {rm:v4s}', (b, o) => {
    const l = lanes(b, 32);
    let x = words(l, b.v(o.rd));
    let y = b.scalar(o.rn, 32);
    for (const w of words(l, b.v(o.rm))) {
      const next = sum(b, y, rotated(b, x[0], 27), mix(b, x[1], x[2], x[3]), w);
      y = x[3];
      x = [next, x[0], rotated(b, x[1], 2), x[2]];
    }
    b.setV(o.rd, l.join(x));
  });
}
sha1.row('sha1h', '01011110 0010100 00000 10 rn:5 rd:5', two('s'), (b, o) =>
  b.setScalar(o.rd, rotated(b, b.scalar(o.rn, 32), 2)),
);
sha1.row('sha1su0', '01011110 000 rm:5 0 011 00 rn:5 rd:5', three('v4s'), (b, o) => {
  const [l, d] = [lanes(b, 64), b.v(o.rd)];
  b.setV(o.rd, l.xor(l.xor(l.lanes([d, b.v(o.rn)], [1, 2]), d), b.v(o.rm)));
});
sha1.row('sha1su1', '01011110 0010100 00001 10 rn:5 rd:5', two('v4s'), (b, o) => {
  const l = lanes(b, 32);
  const turn = rotatedLanes(l, l.xor(b.v(o.rd), l.lanes([b.v(o.rn)], [1, 2, 3, -1])), 31);
  // The last word takes what the first one has become, rotated once more.
  b.setV(o.rd, l.xor(turn, l.lanes([rotatedLanes(l, turn, 31)], [-1, -1, -1, 0])));
});

/** SHA256hash: `x` and `y` after four rounds. */
function hash256(b: B, first: Value, second: Value, schedule: Value): { x: Value; y: Value } {
  const l = lanes(b, 32);
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
sha256.row('sha256h', '01011110 000 rm:5 0 100 00 rn:5 rd:5', '{rd:q}, {rn:q}, {rm:v4s}', (b, o) =>
  b.setV(o.rd, hash256(b, b.v(o.rd), b.v(o.rn), b.v(o.rm)).x),
);
sha256.row('sha256h2', '01011110 000 rm:5 0 101 00 rn:5 rd:5', '{rd:q}, {rn:q}, {rm:v4s}', (b, o) =>
  b.setV(o.rd, hash256(b, b.v(o.rn), b.v(o.rd), b.v(o.rm)).y),
);
const schedule = (l: Lanes, a: Value, rotations: readonly [number, number], shift: number) =>
  l.xor(l.xor(rotatedLanes(l, a, rotations[0]), rotatedLanes(l, a, rotations[1])), l.shr('u', a, shift));
sha256.row('sha256su0', '01011110 0010100 00010 10 rn:5 rd:5', two('v4s'), (b, o) => {
  const [l, d] = [lanes(b, 32), b.v(o.rd)];
  b.setV(o.rd, l.add(d, schedule(l, l.lanes([d, b.v(o.rn)], [1, 2, 3, 4]), [7, 18], 3)));
});
sha256.row('sha256su1', '01011110 000 rm:5 0 110 00 rn:5 rd:5', three('v4s'), (b, o) => {
  const [l, m] = [lanes(b, 32), b.v(o.rm)];
  const base = l.add(b.v(o.rd), l.lanes([b.v(o.rn), m], [1, 2, 3, 4]));
  // The upper words want the lower ones' results.
  const low = l.add(base, schedule(l, l.lanes([m], [2, 3, 2, 3]), [17, 19], 10));
  const high = l.add(base, schedule(l, l.lanes([low], [0, 1, 0, 1]), [17, 19], 10));
  b.setV(o.rd, l.lanes([low, high], [0, 1, 6, 7]));
});

// SHA-512: two rounds at a time.

const sigma512 = (b: B, a: Value, counts: readonly number[]) =>
  counts.map((count) => b.op('rotr', a, b.const(count))).reduce((all, part) => b.xor(all, part));
sha512.row('sha512h', '11001110 011 rm:5 1 0 00 00 rn:5 rd:5', '{rd:q}, {rn:q}, {rm:v2d}', (b, o) => {
  const l = lanes(b, 64);
  const [w, x, y] = [o.rd, o.rn, o.rm].map((register) => words(l, b.v(register)));
  const round = (e: Value, f: Value, g: Value, term: Value) =>
    b.add(b.add(choose(b, e, f, g), sigma512(b, e, [14, 18, 41])), term);
  const high = round(y[1], x[0], x[1], w[1]);
  b.setV(o.rd, l.join([round(b.add(high, y[0]), y[1], x[0], w[0]), high]));
});
sha512.row('sha512h2', '11001110 011 rm:5 1 0 00 01 rn:5 rd:5', '{rd:q}, {rn:q}, {rm:v2d}', (b, o) => {
  const l = lanes(b, 64);
  const [w, x, y] = [o.rd, o.rn, o.rm].map((register) => words(l, b.v(register)));
  const round = (a: Value, c: Value, e: Value, sigmaOf: Value, term: Value) =>
    b.add(b.add(majority(b, a, c, e), sigma512(b, sigmaOf, [28, 34, 39])), term);
  const high = round(x[0], y[1], y[0], y[0], w[1]);
  b.setV(o.rd, l.join([round(high, y[0], y[1], high, w[0]), high]));
});
sha512.row('sha512su0', '11001110 110 00000 1000 00 rn:5 rd:5', two('v2d'), (b, o) => {
  const [l, d] = [lanes(b, 64), b.v(o.rd)];
  b.setV(o.rd, l.add(d, schedule(l, l.lanes([d, b.v(o.rn)], [1, 2]), [1, 8], 7)));
});
sha512.row('sha512su1', '11001110 011 rm:5 1 0 00 10 rn:5 rd:5', three('v2d'), (b, o) => {
  const l = lanes(b, 64);
  b.setV(o.rd, l.add(l.add(b.v(o.rd), b.v(o.rm)), schedule(l, b.v(o.rn), [19, 61], 6)));
});

// SHA-3.

for (const [name, op, combine] of [
  ['eor3', '00', (l, m, a) => l.xor(m, a)],
  ['bcax', '01', (l, m, a) => l.without(m, a)],
] as const satisfies readonly (readonly [string, string, (l: Lanes, m: Value, a: Value) => Value])[]) {
  sha3.row(name, `11001110 0 ${op} rm:5 0 ra:5 rn:5 rd:5`, '{rd:v16b}, {rn:v16b}, {rm:v16b}, {ra:v16b}', (b, o) => {
    const l = lanes(b, 64);
    b.setV(o.rd, l.xor(b.v(o.rn), combine(l, b.v(o.rm), b.v(o.ra))));
  });
}
sha3.row('rax1', '11001110 011 rm:5 1 0 00 11 rn:5 rd:5', three('v2d'), (b, o) => {
  const l = lanes(b, 64);
  b.setV(o.rd, l.xor(b.v(o.rn), rotatedLanes(l, b.v(o.rm), 63)));
});
sha3.row('xar', '11001110 100 rm:5 count:6 rn:5 rd:5', '{rd:v2d}, {rn:v2d}, {rm:v2d}, {count:dec}', (b, o) => {
  const l = lanes(b, 64);
  const [mixed, count] = [l.xor(b.v(o.rn), b.v(o.rm)), b.operand(o.count)];
  // Shifts are modulo 64, so by 0 both give all of it.
  b.setV(o.rd, l.or(l.shr('u', mixed, count), l.shl(mixed, b.sub(b.const(64), count))));
});

export const cryptoRows = [...aes.rows, ...sha1.rows, ...sha256.rows, ...sha512.rows, ...sha3.rows];
