/**
 * Arrangements of vector registers, and what rows that exist in several of them
 * share. A scalar is an arrangement with a single lane: its encodings are those
 * of vectors but for two bits.
 */

import { type LaneBits, Lanes } from '../../../arm-lanes.ts';
import type { Value } from '../../../ir.ts';
import type { Operand } from '../../../row.ts';
import type { Aarch64Builder } from '../../builder.ts';

export interface Arrangement {
  /** As in assembly: 16b, 2d; of a scalar b, h, s or d. */
  name: string;
  /** The kind of register operands: v16b, b. */
  kind: string;
  /** Of lanes: b, h, s, d. */
  letter: 'b' | 'h' | 's' | 'd';
  isScalar: boolean;
  /** Bit 30 of the encoding, and the bits from 28 to 24: where there is no immediate or element, and where there is. */
  q: '0' | '1';
  class: '01110' | '11110';
  classImmediate: '01111' | '11111';
  /** The field `size`. */
  size: '00' | '01' | '10' | '11';
  bits: LaneBits;
  /** Bits of the register that the instruction has. */
  width: number;
}

const LETTERS = ['b', 'h', 's', 'd'] as const;
const SIZES = ['00', '01', '10', '11'] as const;

function arrangement(name: string): Arrangement {
  const letter = name.slice(-1) as 'b';
  const index = LETTERS.indexOf(letter);
  const bits = (8 << index) as LaneBits;
  const isScalar = name.length === 1;
  const width = bits * (isScalar ? 1 : Number.parseInt(name, 10));
  return {
    name,
    kind: isScalar ? name : `v${name}`,
    letter,
    isScalar,
    q: isScalar || width === 128 ? '1' : '0',
    class: isScalar ? '11110' : '01110',
    classImmediate: isScalar ? '11111' : '01111',
    size: SIZES[index],
    bits,
    width,
  };
}

/** Arrangements by their names: `arrangements('8b 16b d')`. */
export const arrangements = (names: string): readonly Arrangement[] => names.split(' ').map(arrangement);

export const BYTES = '8b 16b';
export const HALVES = '4h 8h';
export const WORDS = '2s 4s';
export const BHS = `${BYTES} ${HALVES} ${WORDS}`;
export const BHSD = `${BHS} 2d`;

/** The lanes of an arrangement. */
export const lanesOf = (b: Aarch64Builder, { bits, width }: Arrangement): Lanes => new Lanes(b, bits, width);

/** What is computed of vectors: of those of the operands, and what the destination had. */
export type Compute = (lanes: Lanes, n: Value, m: Value, d: Value) => Value;
export type ComputeOne = (lanes: Lanes, n: Value, d: Value) => Value;

type Three = { rd: Operand; rn: Operand; rm: Operand };

/** The effect of an instruction with two sources whose lanes are those of an arrangement. */
export function effectOf(a: Arrangement, compute: Compute): (b: Aarch64Builder, o: Three) => void {
  return (b, o) => {
    const lanes = lanesOf(b, a);
    b.setV(o.rd, lanes.kept(compute(lanes, b.v(o.rn), b.v(o.rm), b.v(o.rd))));
  };
}
export function effectOfOne(a: Arrangement, compute: ComputeOne): (b: Aarch64Builder, o: Omit<Three, 'rm'>) => void {
  return (b, o) => {
    const lanes = lanesOf(b, a);
    b.setV(o.rd, lanes.kept(compute(lanes, b.v(o.rn), b.v(o.rd))));
  };
}

/** `{rd:v8b}, {rn:v8b}` and with `{rm:v8b}`, of the operands' kinds. */
export const two = (rd: string, rn = rd) => `{rd:${rd}}, {rn:${rn}}` as '{rd:q}, {rn:q}';
export const three = (rd: string, rn = rd, rm = rn) => `{rd:${rd}}, {rn:${rn}}, {rm:${rm}}` as '{rd:q}, {rn:q}, {rm:q}';

/** What becomes of floating-point lanes. */
export const FLOATS = '2s 4s 2d';
export const FLOAT_SCALARS = 's d';
const HALF_FLOATS = '4h 8h';

/** Arrangements of floating-point lanes, those of half precision too, with the row function that each belongs to. */
export function floatArrangements<R>(
  where: 'vectors' | 'scalars' | 'both',
  full: R,
  half: R,
): (readonly [Arrangement, R])[] {
  const wanted = (vectors: string, scalars: string) =>
    arrangements({ vectors, scalars, both: `${vectors} ${scalars}` }[where]);
  return [
    ...wanted(FLOATS, FLOAT_SCALARS).map((a) => [a, full] as const),
    ...wanted(HALF_FLOATS, 'h').map((a) => [a, half] as const),
  ];
}
