/** Flag manipulation: Arm ARM, C4.1.93 ("PSTATE") and C4.1.95 ("Rotate right into flags", "Evaluate into flags"). */
import type { Value } from '../../ir.ts';
import { rowsOf } from '../../row.ts';
import type { Aarch64Builder, Flags } from '../builder.ts';

const flagM = rowsOf<Aarch64Builder>('FlagM');
const flagM2 = rowsOf<Aarch64Builder>('FlagM2');
export const flagMRows = flagM.rows;
export const flagM2Rows = flagM2.rows;

flagM.row('cfinv', '1101010100 0 00 000 0100 0000 000 11111', '', (b) =>
  b.setFlags({ ...b.flags(), c: b.xor(b.carry(), b.const(1)) }),
);
flagM.row('rmif', '10111010000 shift:6 00001 rn:5 0 mask:4', '{rn:x}, {shift:dec}, {mask:dec}', (b, o) => {
  const rotated = b.op('rotr', b.x(o.rn), b.operand(o.shift));
  const [now, then] = [b.flags(), b.flagBits(b.and(rotated, b.const(15)))];
  const pick = (name: keyof Flags, bit: number): Value =>
    b.select(b.op('ne', b.and(b.operand(o.mask), b.const(bit)), b.const(0)), then[name], now[name]);
  b.setFlags({ n: pick('n', 8), z: pick('z', 4), c: pick('c', 2), v: pick('v', 1) });
});
for (const [width, sz] of [
  [8, '0'],
  [16, '1'],
] as const) {
  flagM.row(`setf${width}`, `00111010000000000 ${sz} 0010 rn:5 01101`, '{rn:w}', (b, o) => {
    const value = b.shl(b.x(o.rn), 64 - width);
    // V is whether the bit above the sign differs from it.
    b.setFlags({ n: value, z: value, c: b.carry(), v: b.xor(value, b.shl(b.x(o.rn), 63 - width)) });
  });
}

/** Of a flag in the form of its sign or its being zero, as a condition. */
const isSet = (b: Aarch64Builder, { n, z, c, v }: Flags) => ({
  n: b.op('lt_s', n, b.const(0)),
  z: b.op('eqz', z),
  c: b.op('ne', c, b.const(0)),
  v: b.op('lt_s', v, b.const(0)),
});
const bit = (b: Aarch64Builder, condition: Value, position: number): Value =>
  b.shl(b.op('extend', condition), position);

flagM2.row('xaflag', '1101010100 0 00 000 0100 0000 001 11111', '', (b) => {
  const { z, c } = isSet(b, b.flags());
  const [zero, carry] = [bit(b, z, 0), bit(b, c, 0)];
  const one = b.const(1);
  const [notZero, notCarry] = [b.xor(zero, one), b.xor(carry, one)];
  const parts = [
    b.shl(b.and(notCarry, notZero), 3),
    b.shl(b.and(zero, carry), 2),
    b.shl(b.or(carry, zero), 1),
    b.and(notCarry, zero),
  ];
  b.setFlags(b.flagBits(parts.reduce((all, part) => b.or(all, part))));
});
flagM2.row('axflag', '1101010100 0 00 000 0100 0000 010 11111', '', (b) => {
  const { z, c, v } = isSet(b, b.flags());
  const [zero, carry, overflow] = [bit(b, z, 0), bit(b, c, 0), bit(b, v, 0)];
  const isCarry = b.and(carry, b.xor(overflow, b.const(1)));
  b.setFlags(b.flagBits(b.or(b.shl(b.or(zero, overflow), 2), b.shl(isCarry, 1))));
});
