/** The fields of floating-point registers in encodings, and what rows on them share. */
import type { FpFormat, Value } from '../../ir.ts';
import type { A32Builder } from '../builder.ts';
import { both, type Effect, type Operands } from './define.ts';

/** A row of both sets by the low 28 bits. */
export function vfp(
  name: string,
  encoding: string,
  syntax: string,
  effect: Effect,
  options: { when?: string; mnemonic?: string } = {},
): void {
  both(name, encoding, `1110 ${encoding}`, syntax, effect, options);
}

export type Size = 's' | 'd';
export const SIZES = [
  ['s', '0', 32],
  ['d', '1', 64],
] as const satisfies readonly (readonly [Size, string, FpFormat])[];

/**
 * The fields of a register `v` and its low or high bit: of a single one the low half of the number, which names a half of
 * the register of 64 bits that is `v`.
 */
export const field = (size: Size, v: string): { four: string; one: string; text: string } =>
  size === 's'
    ? { four: `v${v}&s${v}:u[4:1]`, one: `s${v}:u[0]`, text: `{v${v}:s}{s${v}:single}` }
    : { four: `v${v}:u[3:0]`, one: `v${v}:u[4]`, text: `{v${v}:d}` };

const isHigh = (b: A32Builder, o: Operands, v: string): Value => b.and(b.operand(o[`s${v}`]), b.const(1));
export function get(b: A32Builder, o: Operands, size: Size, v: string): Value {
  const register = b.reg(o[`v${v}`]);
  return size === 'd' ? register : b.low(b.shr(register, b.shl(isHigh(b, o, v), 5)), 32);
}
export function put(b: A32Builder, o: Operands, size: Size, v: string, value: Value): void {
  const register = o[`v${v}`];
  if (size === 'd') {
    b.setReg(register, value);
    return;
  }
  const high = isHigh(b, o, v);
  const kept = b.select(b.is(high, 1), b.const(0xffff_ffffn), b.const(-0x1_0000_0000n));
  b.setReg(register, b.or(b.and(b.reg(register), kept), b.shl(b.low(value, 32), b.shl(high, 5))));
}
