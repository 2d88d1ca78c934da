/**
 * Floating point of Armv8 that has no condition, the same encodings in A32 and T32: Arm ARM, F4.1.13 ("Floating-point
 * conditional select" and those that follow); and conversions with a binary point, which VFPv3 has.
 */
import type { FpFormat, Value } from '../../ir.ts';
import type { Operand } from '../../row.ts';
import type { A32Builder } from '../builder.ts';
import { a32Always, type Effect, t32 } from './define.ts';
import { field, get, put, SIZES, type Size, vfp } from './vfp-registers.ts';

function always(name: string, encoding: string, syntax: string, effect: Effect, mnemonic = name): void {
  a32Always(name, encoding, syntax, effect, { mnemonic });
  t32(`t.${name}`, encoding, syntax, effect, { mnemonic, where: 'outside' });
}

const [NEAREST, TO_ZERO, DOWN, UP, AWAY] = [0, 1, 2, 3, 4];
/** The field RM. */
const ROUNDINGS = [
  ['a', '00', AWAY],
  ['n', '01', NEAREST],
  ['p', '10', UP],
  ['m', '11', DOWN],
] as const;
/** Conditions by the field cc. */
const SELECTS = [
  ['eq', '00', 0],
  ['vs', '01', 6],
  ['ge', '10', 10],
  ['gt', '11', 12],
] as const;

for (const [size, sz, format] of SIZES) {
  const [d, n, m] = ['d', 'n', 'm'].map((v) => field(size, v));
  const type = `f${format}`;
  const two = `${d.text}, ${m.text}`;
  for (const [condition, cc, code] of SELECTS) {
    always(
      `vsel${condition}.${type}`,
      `11111110 0 ${d.one} ${cc} ${n.four} ${d.four} 101 ${sz} ${n.one} 0 ${m.one} 0 ${m.four}`,
      `${d.text}, ${n.text}, ${m.text}`,
      (b, o) => {
        const flags = b.flags();
        const holds = b.op('condition', b.const(code), flags.n, flags.z, flags.c, flags.v);
        put(b, o, size, 'd', b.select(holds, get(b, o, size, 'n'), get(b, o, size, 'm')));
      },
    );
  }
  for (const [name, op, compute] of [
    ['vmaxnm', '0', 'max'],
    ['vminnm', '1', 'min'],
  ] as const) {
    always(
      `${name}.${type}`,
      `11111110 1 ${d.one} 00 ${n.four} ${d.four} 101 ${sz} ${n.one} ${op} ${m.one} 0 ${m.four}`,
      `${d.text}, ${n.text}, ${m.text}`,
      (b, o) => put(b, o, size, 'd', b.fp(compute, format, b.fpMode(), get(b, o, size, 'n'), get(b, o, size, 'm'))),
    );
  }
  for (const [letter, rm, rounding] of ROUNDINGS) {
    always(
      `vrint${letter}.${type}`,
      `11111110 1 ${d.one} 1110 ${rm} ${d.four} 101 ${sz} 01 ${m.one} 0 ${m.four}`,
      two,
      (b, o) => put(b, o, size, 'd', b.fp('round', format, b.fpModeWith(rounding), get(b, o, size, 'm'))),
    );
    const s = field('s', 'd');
    for (const [sign, op, convert] of [
      ['u', '0', 'to_u32'],
      ['s', '1', 'to_i32'],
    ] as const) {
      always(
        `vcvt${letter}.${sign}32.${type}`,
        `11111110 1 ${s.one} 1111 ${rm} ${s.four} 101 ${sz} ${op} 1 ${m.one} 0 ${m.four}`,
        `${s.text}, ${m.text}`,
        (b, o) => put(b, o, 's', 'd', b.fp(convert, format, b.fpModeWith(rounding), get(b, o, size, 'm'))),
      );
    }
  }
  for (const bits of [16, 32] as const) {
    for (const [sign, u] of [
      ['s', '0'],
      ['u', '1'],
    ] as const) {
      fixedPoint(size, sz, format, bits, sign, u);
    }
  }
}

/** Between a register's number with a binary point, of which the operand counts bits, and its floating-point number. */
function fixedPoint(size: Size, sz: string, format: FpFormat, bits: 16 | 32, sign: 's' | 'u', u: string): void {
  const d = field(size, 'd');
  const integer = `${sign}${bits}`;
  const behind = (b: A32Builder, imm: Operand): Value => {
    const count = b.sub(b.const(bits), b.operand(imm));
    // More than 16 of 16 bits is unpredictable.
    return bits === 16 ? b.low(count, 5) : count;
  };
  const row = (name: string, op: string, effect: Effect): void =>
    vfp(
      `${name}.fixed`,
      `1110 1 ${d.one} 111 ${op} 1 ${u} ${d.four} 101 ${sz} ${bits === 32 ? 1 : 0} 1 imm:u[0] 0 imm:u[4:1]`,
      `${d.text}, ${d.text}, {imm:from${bits}}`,
      effect,
      { mnemonic: name },
    );
  row(`vcvt.f${format}.${integer}`, '0', (b, o) => {
    const low = b.low(get(b, o, size, 'd'), bits);
    const value = sign === 's' ? b.signed(low, bits) : low;
    const op = sign === 's' ? 'from_fixed_i32' : 'from_fixed_u32';
    put(b, o, size, 'd', b.fp(op, format, b.fpModeWith(NEAREST), value, behind(b, o.imm)));
  });
  row(`vcvt.${integer}.f${format}`, '1', (b, o) => {
    const op = `to_fixed_${sign === 's' ? 'i' : 'u'}${bits}` as 'to_fixed_i16';
    const value = b.fp(op, format, b.fpModeWith(TO_ZERO), get(b, o, size, 'd'), behind(b, o.imm));
    put(b, o, size, 'd', sign === 'u' ? b.low(value, bits) : value);
  });
}
