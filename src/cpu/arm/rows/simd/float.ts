/**
 * Advanced SIMD on floating-point numbers: Arm ARM, F4.1.19. Arithmetic is done by the "standard FPSCR value": rounded
 * to nearest, subnormal numbers flushed to zero, NaNs the default one.
 */
import { Lanes } from '../../../arm-lanes.ts';
import { compared, fromIntegers, multiplyAdd, pairwise, plain, toIntegers } from '../../../arm-vectors.ts';
import type { Value } from '../../../ir.ts';
import { BOTH, type Compute, type ComputeOne, D, get, put, Q, type Shape, three, two } from './shapes.ts';
import { shiftField } from './shifts.ts';

const product = (l: Lanes, n: Value, m: Value): Value => l.fp('mul', l.mode, n, m);

/** Bit 21, `op`, and bit 20, the size of lanes. */
const [FIRST, SECOND] = ['00', '10'];
const THREE: readonly (readonly [name: string, u: string, op: string, opcode: string, o1: string, Compute])[] = [
  ['vfma', '0', FIRST, '1100', '1', multiplyAdd],
  ['vfms', '0', SECOND, '1100', '1', (l, n, m, d) => multiplyAdd(l, l.negated(n), m, d)],
  ['vadd', '0', FIRST, '1101', '0', plain('add')],
  ['vsub', '0', SECOND, '1101', '0', plain('sub')],
  ['vabd', '1', SECOND, '1101', '0', (l, n, m) => l.magnitude(l.fp('sub', l.mode, n, m))],
  ['vmla', '0', FIRST, '1101', '1', (l, n, m, d) => l.fp('add', l.mode, d, product(l, n, m))],
  ['vmls', '0', SECOND, '1101', '1', (l, n, m, d) => l.fp('add', l.mode, d, l.negated(product(l, n, m)))],
  ['vmul', '1', FIRST, '1101', '1', product],
  ['vceq', '0', FIRST, '1110', '0', (l, n, m) => compared(l, 'eq', n, m)],
  ['vcge', '1', FIRST, '1110', '0', (l, n, m) => compared(l, 'le', m, n)],
  ['vcgt', '1', SECOND, '1110', '0', (l, n, m) => compared(l, 'lt', m, n)],
  ['vacge', '1', FIRST, '1110', '1', (l, n, m) => compared(l, 'le', l.magnitude(m), l.magnitude(n))],
  ['vacgt', '1', SECOND, '1110', '1', (l, n, m) => compared(l, 'lt', l.magnitude(m), l.magnitude(n))],
  ['vmax', '0', FIRST, '1111', '0', plain('maximum')],
  ['vmin', '0', SECOND, '1111', '0', plain('minimum')],
  ['vrecps', '0', FIRST, '1111', '1', reciprocalStep],
  ['vrsqrts', '0', SECOND, '1111', '1', rootStep],
  ['vmaxnm', '1', FIRST, '1111', '1', plain('max')],
  ['vminnm', '1', SECOND, '1111', '1', plain('min')],
];
for (const shape of BOTH) {
  for (const [name, u, op, opcode, o1, compute] of THREE) three(`${name}.f32`, u, op, opcode, o1, shape, 32, compute);
}
three('vpadd.f32', '1', FIRST, '1101', '0', D, 32, pairwise('add'));
three('vpmax.f32', '1', FIRST, '1111', '0', D, 32, pairwise('maximum'));
three('vpmin.f32', '1', SECOND, '1111', '0', D, 32, pairwise('minimum'));

/** The product for a step of Newton's method: zero, or a subnormal number, times infinity is 0. */
function stepProduct(l: Lanes, n: Value, m: Value): Value {
  const isZero = (a: Value): Value => l.gt('u', l.every(1 << 23), l.magnitude(a));
  const isInfinite = (a: Value): Value => l.eq(l.magnitude(a), l.every(0x7f80_0000));
  const finite = (a: Value, other: Value): Value => l.without(a, l.and(isInfinite(a), isZero(other)));
  return product(l, finite(n, m), finite(m, n));
}
/** 2 - n * m, the product rounded: not as A64 has it. */
function reciprocalStep(l: Lanes, n: Value, m: Value): Value {
  return l.fp('sub', l.mode, l.every(0x4000_0000), stepProduct(l, n, m));
}
/** (3 - n * m) / 2; halving is exact, since a difference from 3 is not small. */
function rootStep(l: Lanes, n: Value, m: Value): Value {
  const difference = l.fp('sub', l.mode, l.every(0x4040_0000), stepProduct(l, n, m));
  return l.fp('mul', l.mode, difference, l.every(0x3f00_0000));
}

/** Rounding modes as the IR numbers them. */
const [NEAREST, TO_ZERO, DOWN, UP, AWAY] = [0, 1, 2, 3, 4];
const rounded =
  (rounding: number): ComputeOne =>
  (l, m) =>
    l.fp('round', l.b.vectorModeWith(rounding), m);
const estimate =
  (op: 'recpe' | 'rsqrte'): ComputeOne =>
  (l, m) =>
    l.fp(op, l.mode, m);

type One = readonly [name: string, opc1: string, opc2: string, compute: ComputeOne, more?: string];
const ONE: readonly One[] = [
  ['vcgt.f32', '01', '1000', (l, m) => compared(l, 'lt', l.zero, m), ', #0'],
  ['vcge.f32', '01', '1001', (l, m) => compared(l, 'le', l.zero, m), ', #0'],
  ['vceq.f32', '01', '1010', (l, m) => compared(l, 'eq', m, l.zero), ', #0'],
  ['vcle.f32', '01', '1011', (l, m) => compared(l, 'le', m, l.zero), ', #0'],
  ['vclt.f32', '01', '1100', (l, m) => compared(l, 'lt', m, l.zero), ', #0'],
  ['vabs.f32', '01', '1110', (l, m) => l.magnitude(m)],
  ['vneg.f32', '01', '1111', (l, m) => l.negated(m)],
  ['vrintn.f32', '10', '1000', rounded(NEAREST)],
  ['vrintx.f32', '10', '1001', (l, m) => l.fp('roundx', l.mode, m)],
  ['vrinta.f32', '10', '1010', rounded(AWAY)],
  ['vrintz.f32', '10', '1011', rounded(TO_ZERO)],
  ['vrintm.f32', '10', '1101', rounded(DOWN)],
  ['vrintp.f32', '10', '1111', rounded(UP)],
  ...(
    [
      ['a', '00', AWAY],
      ['n', '01', NEAREST],
      ['p', '10', UP],
      ['m', '11', DOWN],
    ] as const
  ).flatMap(([letter, bits, rounding]): One[] => [
    [`vcvt${letter}.s32.f32`, '11', `0${bits}0`, (l, m) => toIntegers(l, 's', rounding, m)],
    [`vcvt${letter}.u32.f32`, '11', `0${bits}1`, (l, m) => toIntegers(l, 'u', rounding, m)],
  ]),
  ['vrecpe.f32', '11', '1010', estimate('recpe')],
  ['vrsqrte.f32', '11', '1011', estimate('rsqrte')],
  ['vcvt.f32.s32', '11', '1100', (l, m) => fromIntegers(l, 's', m)],
  ['vcvt.f32.u32', '11', '1101', (l, m) => fromIntegers(l, 'u', m)],
  ['vcvt.s32.f32', '11', '1110', (l, m) => toIntegers(l, 's', TO_ZERO, m)],
  ['vcvt.u32.f32', '11', '1111', (l, m) => toIntegers(l, 'u', TO_ZERO, m)],
];
for (const shape of BOTH) {
  for (const [name, opc1, opc2, compute, more] of ONE) {
    two(
      `${name}.${shape.name}${more === undefined ? '' : '.zero'}`,
      '10',
      opc1,
      opc2,
      [shape, shape],
      shape.q,
      (b, o) => {
        const lanes = new Lanes(b, 32, shape.width);
        put(b, o, shape, 'd', compute(lanes, get(b, o, shape, 'm'), get(b, o, shape, 'd')));
      },
      { mnemonic: name, more },
    );
  }
}

// With a binary point.
const FIXED: readonly (readonly [string, string, string, (l: Lanes, m: Value, bits: Value) => Value])[] = [
  ['vcvt.f32.s32', '0', '1110', (l, m, bits) => fromIntegers(l, 's', m, bits)],
  ['vcvt.f32.u32', '1', '1110', (l, m, bits) => fromIntegers(l, 'u', m, bits)],
  ['vcvt.s32.f32', '0', '1111', (l, m, bits) => toIntegers(l, 's', TO_ZERO, m, bits)],
  ['vcvt.u32.f32', '1', '1111', (l, m, bits) => toIntegers(l, 'u', TO_ZERO, m, bits)],
];
for (const shape of BOTH) {
  for (const [mnemonic, u, opcode, compute] of FIXED) {
    shiftField({
      name: `${mnemonic}.${shape.name}.fixed`,
      mnemonic,
      u,
      opcode,
      bits: 32,
      q: shape.q,
      shapes: [shape, shape],
      isRight: true,
      compute: (l, m, count) => compute(l, m, count),
    });
  }
}

// Between formats. AHP is the program's.
for (const [name, opc2, to, from] of [
  ['vcvt.f16.f32', '1100', D, Q],
  ['vcvt.f32.f16', '1110', Q, D],
] as const satisfies readonly (readonly [string, string, Shape, Shape])[]) {
  two(name, '01', '10', opc2, [to, from], '0', (b, o) => {
    const [narrow, wide] = [new Lanes(b, 16, 64), new Lanes(b, 32, 128)];
    const source = get(b, o, from, 'm');
    const [lanes, target] = to === D ? [wide, narrow] : [narrow, wide];
    const op = `to${target.bits}` as 'to16';
    const values = [0, 1, 2, 3].map((i) => b.fp(op, lanes.format, b.halfMode(), lanes.lane(source, i)));
    put(b, o, to, 'd', target.join(values));
  });
}
