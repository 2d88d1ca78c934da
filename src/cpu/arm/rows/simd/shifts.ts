/** Advanced SIMD two registers and a shift amount: Arm ARM, F4.1.19. */
import { Lanes, type Sign } from '../../../arm-lanes.ts';
import type { Value } from '../../../ir.ts';
import { BOTH, D, field, get, put, Q, type Shape, simd } from './shapes.ts';

type Bits = 8 | 16 | 32 | 64;
/** The fields imm6 and L: their first one tells the lanes' size, what follows is the count, to the right counted down. */
const COUNT = {
  8: ['001 count:3', '0'],
  16: ['01 count:4', '0'],
  32: ['1 count:5', '0'],
  64: ['count:6', '1'],
} as const;

type Compute = (l: Lanes, m: Value, count: Value, d: Value) => Value;

interface Definition {
  name: string;
  mnemonic: string;
  u: string;
  opcode: string;
  /** Of the lanes that tell the count's range, which are the narrow ones. */
  bits: Bits;
  /** The bit that is Q, or part of the opcode. */
  q: string;
  shapes: readonly [to: Shape, from: Shape];
  isRight: boolean;
  compute: Compute;
  when?: string;
}

/** A row; `l` has lanes of `bits` in the source's width, or 128 bits if shapes differ. */
export function shiftField({ name, mnemonic, u, opcode, bits, q, shapes, isRight, compute, when }: Definition): void {
  const [to, from] = shapes;
  const [d, m] = [field(to, 'd'), field(from, 'm')];
  const [imm6, l] = COUNT[bits];
  simd(
    name,
    u,
    `1 ${d.one} ${imm6} ${d.four} ${opcode} ${l} ${q} ${m.one} 1 ${m.four}`,
    `${d.text}, ${m.text}, {count:${isRight ? `from${bits}` : 'hash'}}`,
    (b, o) => {
      const lanes = new Lanes(b, bits, to === from ? to.width : 128);
      const count = isRight ? b.sub(b.const(bits), b.operand(o.count)) : b.operand(o.count);
      put(b, o, to, 'd', compute(lanes, get(b, o, from, 'm'), count, get(b, o, to, 'd')));
    },
    { mnemonic, when },
  );
}

const SIGNS = [
  ['s', '0'],
  ['u', '1'],
] as const;
const ALL = [8, 16, 32, 64] as const;

function same(
  name: string,
  type: string,
  u: string,
  opcode: string,
  isRight: boolean,
  compute: (l: Lanes, m: Value, count: Value, d: Value) => Value,
): void {
  for (const shape of BOTH) {
    for (const bits of ALL) {
      const mnemonic = `${name}.${type}${bits}`;
      const shapes = [shape, shape] as const;
      shiftField({
        name: `${mnemonic}.${shape.name}.imm`,
        mnemonic,
        u,
        opcode,
        bits,
        q: shape.q,
        shapes,
        isRight,
        compute,
      });
    }
  }
}
for (const [sign, u] of SIGNS) {
  same('vshr', sign, u, '0000', true, (l, m, count) => l.shiftRight(sign, m, count, false));
  same('vsra', sign, u, '0001', true, (l, m, count, d) => l.add(d, l.shiftRight(sign, m, count, false)));
  same('vrshr', sign, u, '0010', true, (l, m, count) => l.shiftRight(sign, m, count, true));
  same('vrsra', sign, u, '0011', true, (l, m, count, d) => l.add(d, l.shiftRight(sign, m, count, true)));
  same('vqshl', sign, u, '0111', false, (l, m, count) => l.shiftLeftSaturating(sign, m, count));
}
// The bits that nothing is shifted to stay.
same('vsri', '', '1', '0100', true, (l, m, count, d) =>
  l.choose(l.shiftRight('u', l.every(-1), count, false), l.shiftRight('u', m, count, false), d),
);
same('vshl', 'i', '0', '0101', false, (l, m, count) => l.shl(m, count));
same('vsli', '', '1', '0101', false, (l, m, count, d) => l.choose(l.shl(l.every(-1), count), l.shl(m, count), d));
same('vqshlu', 's', '1', '0110', false, (l, m, count) => l.shiftLeftUnsigned(m, count));

// To the right and narrow.
const NARROW: readonly (readonly [
  name: string,
  type: string,
  u: string,
  opcode: string,
  q: string,
  from: Sign,
  to?: Sign,
])[] = [
  ['vshrn', 'i', '0', '1000', '0', 'u'],
  ['vrshrn', 'i', '0', '1000', '1', 'u'],
  ['vqshrun', 's', '1', '1000', '0', 's', 'u'],
  ['vqrshrun', 's', '1', '1000', '1', 's', 'u'],
  ['vqshrn', 's', '0', '1001', '0', 's', 's'],
  ['vqshrn', 'u', '1', '1001', '0', 'u', 'u'],
  ['vqrshrn', 's', '0', '1001', '1', 's', 's'],
  ['vqrshrn', 'u', '1', '1001', '1', 'u', 'u'],
];
for (const [name, type, u, opcode, q, from, to] of NARROW) {
  for (const bits of [8, 16, 32] as const) {
    const mnemonic = `${name}.${type}${2 * bits}`;
    shiftField({
      name: mnemonic,
      mnemonic,
      u,
      opcode,
      bits,
      q,
      shapes: [D, Q],
      isRight: true,
      compute: ({ wide }, m, count) => {
        const shifted = wide.shiftRight(from, m, count, name.includes('rsh'));
        const narrowed = to === undefined ? shifted : wide.saturated(wide.clamped(from, to, shifted), shifted);
        return wide.halves('low', narrowed);
      },
    });
  }
}

// To the left and wide; by 0 it is VMOVL.
for (const [sign, u] of SIGNS) {
  for (const bits of [8, 16, 32] as const) {
    shiftField({
      name: `vshll.${sign}${bits}`,
      mnemonic: `vshll.${sign}${bits}`,
      u,
      opcode: '1010',
      bits,
      q: '0',
      shapes: [Q, D],
      isRight: false,
      when: 'count!=0',
      compute: (l, m, count) => l.wide.shl(l.extended(sign, 'low', m), count),
    });
    const [d, m] = [field(Q, 'd'), field(D, 'm')];
    const imm6 = (bits / 8).toString(2).padStart(3, '0');
    simd(
      `vmovl.${sign}${bits}`,
      u,
      `1 ${d.one} ${imm6} 000 ${d.four} 1010 0 0 ${m.one} 1 ${m.four}`,
      `${d.text}, ${m.text}`,
      (b, o) => put(b, o, Q, 'd', new Lanes(b, bits, 128).extended(sign, 'low', get(b, o, D, 'm'))),
    );
  }
}
