/** Advanced SIMD three registers of different lengths, and two registers and a scalar: Arm ARM, F4.1.19. */
import { Lanes, type Sign } from '../../../arm-lanes.ts';
import { doubledHigh, doubledProduct, highOf, polynomialProduct } from '../../../arm-vectors.ts';
import type { Value } from '../../../ir.ts';
import type { A32Builder } from '../../builder.ts';
import type { Operands } from '../define.ts';
import { BOTH, type Compute, D, field, get, put, Q, type Shape, SMALL, simd } from './shapes.ts';

const SIGNS = [
  ['s', '0'],
  ['u', '1'],
] as const;

/** The shapes of the destination and the two sources. */
type Shapes = readonly [d: Shape, n: Shape, m: Shape];
const LONG: Shapes = [Q, D, D];
const WIDE: Shapes = [Q, Q, D];
const NARROW: Shapes = [D, Q, Q];

/** `l` has the narrow lanes. */
function different(
  name: string,
  u: string,
  bits: 8 | 16 | 32,
  size: string,
  opcode: string,
  shapes: Shapes,
  compute: Compute,
): void {
  const [d, n, m] = ['d', 'n', 'm'].map((v, i) => field(shapes[i], v));
  simd(
    name,
    u,
    `1 ${d.one} ${size} ${n.four} ${d.four} ${opcode} ${n.one} 0 ${m.one} 0 ${m.four}`,
    `${d.text}, ${n.text}, ${m.text}`,
    (b, o) => {
      const lanes = new Lanes(b, bits, 128);
      const [vd, vn, vm] = ['d', 'n', 'm'].map((v, i) => get(b, o, shapes[i], v));
      put(b, o, shapes[0], 'd', compute(lanes, vn, vm, vd));
    },
  );
}

const extended =
  (sign: Sign, combine: (wide: Lanes, n: Value, m: Value, d: Value) => Value): Compute =>
  (l, n, m, d) =>
    combine(l.wide, l.extended(sign, 'low', n), l.extended(sign, 'low', m), d);
const withWide =
  (sign: Sign, combine: (wide: Lanes, n: Value, m: Value) => Value): Compute =>
  (l, n, m) =>
    combine(l.wide, n, l.extended(sign, 'low', m));
const high =
  (combine: (wide: Lanes, n: Value, m: Value) => Value, rounds: boolean): Compute =>
  (l, n, m) =>
    l.wide.halves('high', highOf(l, combine(l.wide, n, m), rounds));
const product =
  (sign: Sign): Compute =>
  (l, n, m) =>
    l.product(sign, 'low', n, m);
const productAdded =
  (sign: Sign): Compute =>
  (l, n, m, d) =>
    l.wide.add(d, l.product(sign, 'low', n, m));
const productSubtracted =
  (sign: Sign): Compute =>
  (l, n, m, d) =>
    l.wide.sub(d, l.product(sign, 'low', n, m));
const doubled: Compute = (l, n, m) => doubledProduct(l, 'low', n, m);
const doubledAdded: Compute = (l, n, m, d) => l.wide.addSaturating('s', d, doubledProduct(l, 'low', n, m));
const doubledSubtracted: Compute = (l, n, m, d) => l.wide.subSaturating('s', d, doubledProduct(l, 'low', n, m));

for (const [bits, size] of SMALL) {
  for (const [sign, u] of SIGNS) {
    const row = (name: string, opcode: string, shapes: Shapes, compute: Compute): void =>
      different(`${name}.${sign}${bits}`, u, bits, size, opcode, shapes, compute);
    row(
      'vaddl',
      '0000',
      LONG,
      extended(sign, (l, n, m) => l.add(n, m)),
    );
    row(
      'vaddw',
      '0001',
      WIDE,
      withWide(sign, (l, n, m) => l.add(n, m)),
    );
    row(
      'vsubl',
      '0010',
      LONG,
      extended(sign, (l, n, m) => l.sub(n, m)),
    );
    row(
      'vsubw',
      '0011',
      WIDE,
      withWide(sign, (l, n, m) => l.sub(n, m)),
    );
    row(
      'vabal',
      '0101',
      LONG,
      extended(sign, (l, n, m, d) => l.add(d, l.absoluteDifference('s', n, m))),
    );
    row(
      'vabdl',
      '0111',
      LONG,
      extended(sign, (l, n, m) => l.absoluteDifference('s', n, m)),
    );
    row('vmlal', '1000', LONG, productAdded(sign));
    row('vmlsl', '1010', LONG, productSubtracted(sign));
    row('vmull', '1100', LONG, product(sign));
  }
  for (const [prefix, u, rounds] of [
    ['v', '0', false],
    ['vr', '1', true],
  ] as const) {
    const type = `i${2 * bits}`;
    const add = high((l, n, m) => l.add(n, m), rounds);
    different(`${prefix}addhn.${type}`, u, bits, size, '0100', NARROW, add);
    const sub = high((l, n, m) => l.sub(n, m), rounds);
    different(`${prefix}subhn.${type}`, u, bits, size, '0110', NARROW, sub);
  }
}
for (const [bits, size] of SMALL.slice(1)) {
  different(`vqdmlal.s${bits}`, '0', bits, size, '1001', LONG, doubledAdded);
  different(`vqdmlsl.s${bits}`, '0', bits, size, '1011', LONG, doubledSubtracted);
  different(`vqdmull.s${bits}`, '0', bits, size, '1101', LONG, doubled);
}
different('vmull.p8', '0', 8, '00', '1110', LONG, (l, n, m) => polynomialProduct(l, 'low', n, m));
different('vmull.p64', '0', 32, '10', '1110', LONG, ({ b }, n, m) => {
  const [x, y] = [n, m].map((vector) => b.op('i64x2.extract_lane', vector, b.const(0)));
  const low = b.op('v128.from_i64', b.op('clmul', x, y));
  return b.op('i64x2.replace_lane', low, b.const(1), b.op('clmulh', x, y));
});

// With a scalar: of 16 bits one of d0–d7, of 32 one of d0–d15.
const SCALARS = {
  16: ['lane:u[1]', 'lane:u[0] vm:u[2:0]'],
  32: ['lane:u[0]', 'vm:4'],
} as const;
const scalarOf = (b: A32Builder, o: Operands, bits: 16 | 32): Value =>
  new Lanes(b, bits, 64).broadcast(get(b, o, D, 'm'), b.operand(o.lane));

function byScalar(
  name: string,
  q: string,
  bits: 16 | 32,
  opcode: string,
  [to, from]: readonly [Shape, Shape],
  compute: Compute,
): void {
  const [d, n] = [field(to, 'd'), field(from, 'n')];
  const [m, vm] = SCALARS[bits];
  simd(
    `${name}.${to.name}.lane`,
    q,
    `1 ${d.one} ${bits === 16 ? '01' : '10'} ${n.four} ${d.four} ${opcode} ${n.one} 1 ${m} 0 ${vm}`,
    `${d.text}, ${n.text}, {vm:d}{lane:lane}`,
    (b, o) => {
      const lanes = new Lanes(b, bits, to.width);
      const [vn, vm, vd] = [get(b, o, from, 'n'), scalarOf(b, o, bits), get(b, o, to, 'd')];
      put(b, o, to, 'd', compute(lanes, vn, vm, vd));
    },
    { mnemonic: name },
  );
}

const multiplied: Compute = (l, n, m) => l.fp('mul', l.mode, n, m);
for (const shape of BOTH) {
  const same = (name: string, bits: 16 | 32, opcode: string, compute: Compute): void =>
    byScalar(name, shape.q, bits, opcode, [shape, shape], compute);
  for (const bits of [16, 32] as const) {
    same(`vmla.i${bits}`, bits, '0000', (l, n, m, d) => l.add(d, l.mul(n, m)));
    same(`vmls.i${bits}`, bits, '0100', (l, n, m, d) => l.sub(d, l.mul(n, m)));
    same(`vmul.i${bits}`, bits, '1000', (l, n, m) => l.mul(n, m));
    same(`vqdmulh.s${bits}`, bits, '1100', (l, n, m) => doubledHigh(l, n, m, false));
    same(`vqrdmulh.s${bits}`, bits, '1101', (l, n, m) => doubledHigh(l, n, m, true));
  }
  same('vmla.f32', 32, '0001', (l, n, m, d) => l.fp('add', l.mode, d, multiplied(l, n, m, d)));
  same('vmls.f32', 32, '0101', (l, n, m, d) => l.fp('add', l.mode, d, l.negated(multiplied(l, n, m, d))));
  same('vmul.f32', 32, '1001', multiplied);
}
for (const bits of [16, 32] as const) {
  const long = (name: string, q: string, opcode: string, compute: Compute): void =>
    byScalar(`${name}${bits}`, q, bits, opcode, [Q, D], compute);
  for (const [sign, u] of SIGNS) {
    long(`vmlal.${sign}`, u, '0010', productAdded(sign));
    long(`vmlsl.${sign}`, u, '0110', productSubtracted(sign));
    long(`vmull.${sign}`, u, '1010', product(sign));
  }
  long('vqdmlal.s', '0', '0011', doubledAdded);
  long('vqdmlsl.s', '0', '0111', doubledSubtracted);
  long('vqdmull.s', '0', '1011', doubled);
}
