/**
 * What the rows of Advanced SIMD share: the same encodings in A32 and T32 but
 * for the first byte, on registers of 64 bits (D) or 128 (Q).
 *
 *     for (const shape of BOTH) three('vadd.i16', '0', '01', '1000', '0', shape, 16, (l, n, m) => l.add(n, m));
 *
 * A register of 128 bits is two of 64, which the state has one after the other.
 */
import { Lanes } from '../../../arm-lanes.ts';
import type { Value } from '../../../ir.ts';
import type { A32Builder } from '../../builder.ts';
import { a32Always, type Effect, type Operands, t32 } from '../define.ts';

export interface Shape {
  /** Of registers, as in assembly. */
  readonly name: 'd' | 'q';
  /** The field Q. */
  readonly q: '0' | '1';
  readonly width: 64 | 128;
}
export const D: Shape = { name: 'd', q: '0', width: 64 };
export const Q: Shape = { name: 'q', q: '1', width: 128 };
export const BOTH: readonly Shape[] = [D, Q];

/** Sizes of lanes with their fields. */
export const SIZES = [
  [8, '00'],
  [16, '01'],
  [32, '10'],
  [64, '11'],
] as const;
/** Without those of 64 bits. */
export const SMALL = SIZES.slice(0, 3) as readonly (readonly [8 | 16 | 32, string])[];

/** The fields of a register `v`, of which Q registers have even numbers, and its text. */
export const field = ({ name }: Shape, v: string): { four: string; one: string; text: string } =>
  name === 'd'
    ? { four: `v${v}:u[3:0]`, one: `v${v}:u[4]`, text: `{v${v}:d}` }
    : { four: `v${v}&v${v}h:u[3:1] 0`, one: `v${v}&v${v}h:u[4]`, text: `{v${v}:q}{v${v}h:qhigh}` };

/** The register `v` as a vector, with zeros above one of 64 bits. */
export function get(b: A32Builder, o: Operands, { name }: Shape, v: string): Value {
  const low = b.op('v128.from_i64', b.reg(o[`v${v}`]));
  return name === 'd' ? low : b.op('i64x2.replace_lane', low, b.const(1), b.reg(o[`v${v}h`]));
}
export function put(b: A32Builder, o: Operands, { name }: Shape, v: string, value: Value): void {
  if (name === 'q') b.now2(value);
  b.setReg(o[`v${v}`], b.op('i64x2.extract_lane', value, b.const(0)));
  if (name === 'q') b.setReg(o[`v${v}h`], b.op('i64x2.extract_lane', value, b.const(1)));
}

interface Options {
  mnemonic?: string;
  when?: string;
}

/** A row of both sets: of data processing, whose encoding has 24 bits behind U. */
export function simd(
  name: string,
  u: string,
  encoding: string,
  syntax: string,
  effect: Effect,
  options: Options = {},
): void {
  a32Always(name, `1111001 ${u} ${encoding}`, syntax, effect, { mnemonic: name, ...options });
  t32(`t.${name}`, `111 ${u} 1111 ${encoding}`, syntax, effect, { mnemonic: name, ...options });
}
/** The same of loads and stores, which have 24 bits behind the first byte. */
export function simdMemory(name: string, encoding: string, syntax: string, effect: Effect, options: Options): void {
  a32Always(name, `11110100 ${encoding}`, syntax, effect, options);
  t32(`t.${name}`, `11111001 ${encoding}`, syntax, effect, options);
}

/** What is computed of vectors: of those of the operands, and what the destination had. */
export type Compute = (l: Lanes, n: Value, m: Value, d: Value) => Value;
export type ComputeOne = (l: Lanes, m: Value, d: Value) => Value;

/** Three registers of the same length. */
export function three(
  name: string,
  u: string,
  size: string,
  opcode: string,
  o1: string,
  shape: Shape,
  bits: 8 | 16 | 32 | 64,
  compute: Compute,
  options: { swapped?: boolean } = {},
): void {
  const [d, n, m] = ['d', 'n', 'm'].map((v) => field(shape, v));
  simd(
    `${name}.${shape.name}`,
    u,
    `0 ${d.one} ${size} ${n.four} ${d.four} ${opcode} ${n.one} ${shape.q} ${m.one} ${o1} ${m.four}`,
    options.swapped ? `${d.text}, ${m.text}, ${n.text}` : `${d.text}, ${n.text}, ${m.text}`,
    (b, o) => {
      const lanes = new Lanes(b, bits, shape.width);
      put(b, o, shape, 'd', compute(lanes, get(b, o, shape, 'n'), get(b, o, shape, 'm'), get(b, o, shape, 'd')));
    },
    { mnemonic: name },
  );
}

/** Two registers, miscellaneous: the source has one shape and the destination another, or the same. */
export function two(
  name: string,
  size: string,
  opc1: string,
  opc2: string,
  [to, from]: readonly [Shape, Shape],
  q: string,
  effect: Effect,
  { mnemonic = name, more = '' }: { mnemonic?: string; more?: string } = {},
): void {
  const [d, m] = [field(to, 'd'), field(from, 'm')];
  simd(
    name,
    '1',
    `1 ${d.one} 11 ${size} ${opc1} ${d.four} 0 ${opc2} ${q} ${m.one} 0 ${m.four}`,
    `${d.text}, ${m.text}${more}`,
    effect,
    { mnemonic },
  );
}
