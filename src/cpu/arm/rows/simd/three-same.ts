/** Advanced SIMD three registers of the same length, of integers: Arm ARM, F4.1.19. */
import type { Lanes, Sign } from '../../../arm-lanes.ts';
import { doubledHigh, polynomial } from '../../../arm-vectors.ts';
import type { Value } from '../../../ir.ts';
import { BOTH, type Compute, D, type Shape, SIZES, SMALL, three } from './shapes.ts';

// Bitwise: the field `size` is part of the operation.
const BITWISE: readonly (readonly [name: string, u: string, size: string, compute: Compute])[] = [
  ['vand', '0', '00', (l, n, m) => l.and(n, m)],
  ['vbic', '0', '01', (l, n, m) => l.without(n, m)],
  ['vorr', '0', '10', (l, n, m) => l.or(n, m)],
  ['vorn', '0', '11', (l, n, m) => l.or(n, l.not(m))],
  ['veor', '1', '00', (l, n, m) => l.xor(n, m)],
  ['vbsl', '1', '01', (l, n, m, d) => l.choose(d, n, m)],
  ['vbit', '1', '10', (l, n, m, d) => l.choose(m, n, d)],
  ['vbif', '1', '11', (l, n, m, d) => l.choose(m, d, n)],
];
for (const shape of BOTH) {
  for (const [name, u, size, compute] of BITWISE) three(name, u, size, '0001', '1', shape, 8, compute);
}

/** Of signed and unsigned lanes. */
function signed(
  name: string,
  opcode: string,
  o1: string,
  sizes: readonly (readonly [8 | 16 | 32 | 64, string])[],
  compute: (sign: Sign) => Compute,
  { shapes = BOTH, swapped = false }: { shapes?: readonly Shape[]; swapped?: boolean } = {},
): void {
  for (const shape of shapes) {
    for (const [bits, size] of sizes) {
      for (const [sign, u] of [
        ['s', '0'],
        ['u', '1'],
      ] as const) {
        three(`${name}.${sign}${bits}`, u, size, opcode, o1, shape, bits, compute(sign), { swapped });
      }
    }
  }
}
const shift =
  (sign: Sign, saturates: boolean, rounds: boolean): Compute =>
  (l, n, m) =>
    l.shiftByLanes(sign, m, n, { saturates, rounds });
/** Of the operands' pairs. */
const pairwise =
  (compute: (l: Lanes, a: Value, b: Value) => Value): Compute =>
  (l, n, m) =>
    l.pairwise(n, m, (even, odd) => compute(l, even, odd));

signed('vhadd', '0000', '0', SMALL, (sign) => (l, n, m) => l.average(sign, n, m, false));
signed('vqadd', '0000', '1', SIZES, (sign) => (l, n, m) => l.addSaturating(sign, n, m));
signed('vrhadd', '0001', '0', SMALL, (sign) => (l, n, m) => l.average(sign, n, m, true));
signed('vhsub', '0010', '0', SMALL, (sign) => (l, n, m) => l.halfDifference(sign, n, m));
signed('vqsub', '0010', '1', SIZES, (sign) => (l, n, m) => l.subSaturating(sign, n, m));
signed('vcgt', '0011', '0', SMALL, (sign) => (l, n, m) => l.gt(sign, n, m));
signed('vcge', '0011', '1', SMALL, (sign) => (l, n, m) => l.ge(sign, n, m));
signed('vshl', '0100', '0', SIZES, (sign) => shift(sign, false, false), { swapped: true });
signed('vqshl', '0100', '1', SIZES, (sign) => shift(sign, true, false), { swapped: true });
signed('vrshl', '0101', '0', SIZES, (sign) => shift(sign, false, true), { swapped: true });
signed('vqrshl', '0101', '1', SIZES, (sign) => shift(sign, true, true), { swapped: true });
signed('vmax', '0110', '0', SMALL, (sign) => (l, n, m) => l.max(sign, n, m));
signed('vmin', '0110', '1', SMALL, (sign) => (l, n, m) => l.min(sign, n, m));
signed('vabd', '0111', '0', SMALL, (sign) => (l, n, m) => l.absoluteDifference(sign, n, m));
signed('vaba', '0111', '1', SMALL, (sign) => (l, n, m, d) => l.add(d, l.absoluteDifference(sign, n, m)));
signed('vpmax', '1010', '0', SMALL, (sign) => pairwise((l, a, b) => l.max(sign, a, b)), { shapes: [D] });
signed('vpmin', '1010', '1', SMALL, (sign) => pairwise((l, a, b) => l.min(sign, a, b)), { shapes: [D] });

/** Of lanes without a sign, or with one alone; `type` is the letter before their size. */
function plain(
  name: string,
  type: string,
  u: string,
  opcode: string,
  o1: string,
  sizes: readonly (readonly [8 | 16 | 32 | 64, string])[],
  compute: Compute,
  shapes = BOTH,
): void {
  for (const shape of shapes) {
    for (const [bits, size] of sizes) three(`${name}.${type}${bits}`, u, size, opcode, o1, shape, bits, compute);
  }
}
plain('vadd', 'i', '0', '1000', '0', SIZES, (l, n, m) => l.add(n, m));
plain('vsub', 'i', '1', '1000', '0', SIZES, (l, n, m) => l.sub(n, m));
plain('vtst', '', '0', '1000', '1', SMALL, (l, n, m) => l.not(l.eq(l.and(n, m), l.zero)));
plain('vceq', 'i', '1', '1000', '1', SMALL, (l, n, m) => l.eq(n, m));
plain('vmla', 'i', '0', '1001', '0', SMALL, (l, n, m, d) => l.add(d, l.mul(n, m)));
plain('vmls', 'i', '1', '1001', '0', SMALL, (l, n, m, d) => l.sub(d, l.mul(n, m)));
plain('vmul', 'i', '0', '1001', '1', SMALL, (l, n, m) => l.mul(n, m));
plain('vmul', 'p', '1', '1001', '1', SMALL.slice(0, 1), polynomial);
plain('vqdmulh', 's', '0', '1011', '0', SMALL.slice(1), (l, n, m) => doubledHigh(l, n, m, false));
plain('vqrdmulh', 's', '1', '1011', '0', SMALL.slice(1), (l, n, m) => doubledHigh(l, n, m, true));
const sums = pairwise((l, a, b) => l.add(a, b));
plain('vpadd', 'i', '0', '1011', '1', SMALL, sums, [D]);
