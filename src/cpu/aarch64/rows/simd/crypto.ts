/** Cryptographic instructions: AES, SHA-1, SHA-256, SHA-512, SHA-3. Arm ARM, C4.1.96, "Cryptographic …". */

import {
  AES_STEPS,
  choose,
  hash256,
  vectorLanes as lanes,
  majority,
  rotated,
  rotatedLanes,
  SHA1_MIXES,
  schedule,
  sha1Rounds,
  sha1Schedule0,
  sha1Schedule1,
  sha256Schedule0,
  sha256Schedule1,
  words,
} from '../../../arm-crypto.ts';
import type { Lanes } from '../../../arm-lanes.ts';
import type { Value } from '../../../ir.ts';
import { rowsOf } from '../../../row.ts';
import type { Aarch64Builder } from '../../builder.ts';
import { three, two } from './arrangements.ts';

const aes = rowsOf<Aarch64Builder>('AES');
const sha1 = rowsOf<Aarch64Builder>('SHA1');
const sha256 = rowsOf<Aarch64Builder>('SHA256');
const sha512 = rowsOf<Aarch64Builder>('SHA512');
const sha3 = rowsOf<Aarch64Builder>('SHA3');

type B = Aarch64Builder;
const AES_OPCODES: Readonly<Record<string, string>> = {
  aese: '00100',
  aesd: '00101',
  aesmc: '00110',
  aesimc: '00111',
};
for (const [name, compute] of AES_STEPS) {
  aes.row(
    name,
    `01001110 00 10100 ${AES_OPCODES[name]} 10 rn:5 rd:5` as '01001110 00 10100 00100 10 rn:5 rd:5',
    '{rd:v16b}, {rn:v16b}',
    (b, o) => b.setV(o.rd, compute(lanes(b, 8), b.v(o.rn), b.v(o.rd))),
  );
}

SHA1_MIXES.forEach(([letter, mix], opcode) => {
  sha1.row(
    `sha1${letter}`,
    `01011110 000 rm:5 0 0${opcode >> 1}${opcode & 1} 00 rn:5 rd:5` as '01011110 000 rm:5 0 000 00 rn:5 rd:5',
    '{rd:q}, {rn:s}, {rm:v4s}',
    (b, o) => b.setV(o.rd, sha1Rounds(b, mix, b.v(o.rd), b.scalar(o.rn, 32), b.v(o.rm))),
  );
});
sha1.row('sha1h', '01011110 0010100 00000 10 rn:5 rd:5', two('s'), (b, o) =>
  b.setScalar(o.rd, rotated(b, b.scalar(o.rn, 32), 2)),
);
sha1.row('sha1su0', '01011110 000 rm:5 0 011 00 rn:5 rd:5', three('v4s'), (b, o) =>
  b.setV(o.rd, sha1Schedule0(b, b.v(o.rd), b.v(o.rn), b.v(o.rm))),
);
sha1.row('sha1su1', '01011110 0010100 00001 10 rn:5 rd:5', two('v4s'), (b, o) =>
  b.setV(o.rd, sha1Schedule1(b, b.v(o.rd), b.v(o.rn))),
);

sha256.row('sha256h', '01011110 000 rm:5 0 100 00 rn:5 rd:5', '{rd:q}, {rn:q}, {rm:v4s}', (b, o) =>
  b.setV(o.rd, hash256(b, b.v(o.rd), b.v(o.rn), b.v(o.rm)).x),
);
sha256.row('sha256h2', '01011110 000 rm:5 0 101 00 rn:5 rd:5', '{rd:q}, {rn:q}, {rm:v4s}', (b, o) =>
  b.setV(o.rd, hash256(b, b.v(o.rn), b.v(o.rd), b.v(o.rm)).y),
);
sha256.row('sha256su0', '01011110 0010100 00010 10 rn:5 rd:5', two('v4s'), (b, o) =>
  b.setV(o.rd, sha256Schedule0(b, b.v(o.rd), b.v(o.rn))),
);
sha256.row('sha256su1', '01011110 000 rm:5 0 110 00 rn:5 rd:5', three('v4s'), (b, o) =>
  b.setV(o.rd, sha256Schedule1(b, b.v(o.rd), b.v(o.rn), b.v(o.rm))),
);

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
