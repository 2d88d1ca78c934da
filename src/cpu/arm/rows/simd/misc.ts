/** Advanced SIMD two registers, miscellaneous, of integers; permutations, duplication, table lookup: Arm ARM, F4.1.19. */
import { Lanes } from '../../../arm-lanes.ts';
import { clamp, reciprocalEstimate, reciprocalRootEstimate } from '../../../arm-vectors.ts';
import type { Value } from '../../../ir.ts';
import type { A32Builder } from '../../builder.ts';
import { BOTH, type ComputeOne, D, field, get, put, Q, type Shape, SMALL, simd, two } from './shapes.ts';

const SIGNS = [
  ['s', '0'],
  ['u', '1'],
] as const;

/** Of both shapes. */
function one(
  name: string,
  bits: 8 | 16 | 32,
  size: string,
  opc1: string,
  opc2: string,
  compute: ComputeOne,
  more?: string,
): void {
  for (const shape of BOTH) {
    two(
      `${name}.${shape.name}${more === undefined ? '' : '.zero'}`,
      size,
      opc1,
      opc2,
      [shape, shape],
      shape.q,
      (b, o) => {
        const lanes = new Lanes(b, bits, shape.width);
        put(b, o, shape, 'd', compute(lanes, get(b, o, shape, 'm'), get(b, o, shape, 'd')));
      },
      { mnemonic: name, more },
    );
  }
}

for (const [bits, size] of SMALL) {
  one(`vrev64.${bits}`, bits, size, '00', '0000', (l, m) => l.reversed(m, 64));
  if (bits < 32) one(`vrev32.${bits}`, bits, size, '00', '0001', (l, m) => l.reversed(m, 32));
  for (const [sign, u] of SIGNS) {
    one(`vpaddl.${sign}${bits}`, bits, size, '00', `010${u}`, (l, m) => l.addPairsLong(sign, m));
    one(`vpadal.${sign}${bits}`, bits, size, '00', `110${u}`, (l, m, d) =>
      l.of(2 * bits).add(d, l.addPairsLong(sign, m)),
    );
  }
  one(`vcls.s${bits}`, bits, size, '00', '1000', (l, m) => l.leadingSigns(m));
  one(`vclz.i${bits}`, bits, size, '00', '1001', (l, m) => l.leadingZeros(m));
  one(`vqabs.s${bits}`, bits, size, '00', '1110', (l, m) => l.absSaturating(m));
  one(`vqneg.s${bits}`, bits, size, '00', '1111', (l, m) => l.subSaturating('s', l.zero, m));
  one(`vcgt.s${bits}`, bits, size, '01', '0000', (l, m) => l.gt('s', m, l.zero), ', #0');
  one(`vcge.s${bits}`, bits, size, '01', '0001', (l, m) => l.ge('s', m, l.zero), ', #0');
  one(`vceq.i${bits}`, bits, size, '01', '0010', (l, m) => l.eq(m, l.zero), ', #0');
  one(`vcle.s${bits}`, bits, size, '01', '0011', (l, m) => l.ge('s', l.zero, m), ', #0');
  one(`vclt.s${bits}`, bits, size, '01', '0100', (l, m) => l.gt('s', l.zero, m), ', #0');
  one(`vabs.s${bits}`, bits, size, '01', '0110', (l, m) => l.abs(m));
  one(`vneg.s${bits}`, bits, size, '01', '0111', (l, m) => l.neg(m));
}
one('vrev16.8', 8, '00', '00', '0010', (l, m) => l.reversed(m, 16));
one('vcnt.8', 8, '00', '00', '1010', (l, m) => l.b.op('i8x16.popcnt', m));
one('vmvn', 8, '00', '00', '1011', (l, m) => l.not(m));
one('vrecpe.u32', 32, '10', '11', '1000', reciprocalEstimate);
one('vrsqrte.u32', 32, '10', '11', '1001', reciprocalRootEstimate);

// Narrowing, of lanes of twice the bits; and VSHLL by all of a lane.
const NARROW: readonly (readonly [name: string, type: string, opc2: string, q: string, compute: ComputeOne])[] = [
  ['vmovn', 'i', '0100', '0', (_, m) => m],
  ['vqmovun', 's', '0100', '1', clamp('s', 'u')],
  ['vqmovn', 's', '0101', '0', clamp('s', 's')],
  ['vqmovn', 'u', '0101', '1', clamp('u', 'u')],
];
for (const [bits, size] of SMALL) {
  for (const [name, type, opc2, q, compute] of NARROW) {
    two(`${name}.${type}${2 * bits}`, size, '10', opc2, [D, Q], q, (b, o) => {
      const { wide } = new Lanes(b, bits, 128);
      put(b, o, D, 'd', wide.halves('low', compute(wide, get(b, o, Q, 'm'), wide.zero)));
    });
  }
  const shift = { mnemonic: `vshll.i${bits}`, more: `, #${bits}` };
  const shiftAll = (b: A32Builder, m: Value): Value => {
    const l = new Lanes(b, bits, 128);
    return l.wide.shl(l.extended('u', 'low', m), bits);
  };
  two(
    `vshll.i${bits}`,
    size,
    '10',
    '0110',
    [Q, D],
    '0',
    (b, o) => put(b, o, Q, 'd', shiftAll(b, get(b, o, D, 'm'))),
    shift,
  );
}

// Both registers are written.
type Exchange = (l: Lanes, d: Value, m: Value) => readonly [d: Value, m: Value];
function exchange(
  name: string,
  bits: 8 | 16 | 32,
  size: string,
  opc2: string,
  shapes: readonly Shape[],
  compute: Exchange,
) {
  for (const shape of shapes) {
    two(
      `${name}.${shape.name}`,
      size,
      '10',
      opc2,
      [shape, shape],
      shape.q,
      (b, o) => {
        const [d, m] = compute(new Lanes(b, bits, shape.width), get(b, o, shape, 'd'), get(b, o, shape, 'm')).map(
          (value) => b.now2(value),
        );
        put(b, o, shape, 'd', d);
        put(b, o, shape, 'm', m);
      },
      { mnemonic: name },
    );
  }
}
exchange('vswp', 8, '00', '0000', BOTH, (_, d, m) => [m, d]);
for (const [bits, size] of SMALL) {
  // Of two lanes, VTRN does it all.
  const shapes = bits === 32 ? [Q] : BOTH;
  exchange(`vtrn.${bits}`, bits, size, '0001', BOTH, (l, d, m) => [l.transposed(d, m, 0), l.transposed(d, m, 1)]);
  exchange(`vuzp.${bits}`, bits, size, '0010', shapes, (l, d, m) => [l.unzipped(d, m, 0), l.unzipped(d, m, 1)]);
  exchange(`vzip.${bits}`, bits, size, '0011', shapes, (l, d, m) => [l.zipped(d, m, 0), l.zipped(d, m, 1)]);
}

/** The numbers of bytes, from one on. */
const bytesFrom = (b: A32Builder, number: Value): Value =>
  b.op('i8x16.add', b.vector(0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100n), b.op('i8x16.splat', number));

// VEXT: the bytes of two registers from the one with a number on.
for (const shape of BOTH) {
  const [d, n, m] = ['d', 'n', 'm'].map((v) => field(shape, v));
  simd(
    `vext.8.${shape.name}`,
    '0',
    `1 ${d.one} 11 ${n.four} ${d.four} ${shape === D ? '0 index:3' : 'index:4'} ${n.one} ${shape.q} ${m.one} 0 ${m.four}`,
    `${d.text}, ${n.text}, ${m.text}, {index:hash}`,
    (b, o) => {
      const [low, high] = [get(b, o, shape, 'n'), get(b, o, shape, 'm')];
      const index = b.operand(o.index);
      if (shape === D) {
        const all = new Lanes(b, 64, 64).lanes([low, high], [0, 2]);
        put(b, o, shape, 'd', b.op('i8x16.swizzle', all, bytesFrom(b, index)));
        return;
      }
      const first = b.op('i8x16.swizzle', low, bytesFrom(b, index));
      const rest = b.op('i8x16.swizzle', high, bytesFrom(b, b.sub(index, b.const(16))));
      put(b, o, shape, 'd', b.op('v128.or', first, rest));
    },
    { mnemonic: 'vext.8' },
  );
}

// VTBL, VTBX: bytes of one to four registers, picked by number. Out of range VTBL gives 0, VTBX what was there.
for (const count of [1, 2, 3, 4]) {
  const [d, m] = [field(D, 'd'), field(D, 'm')];
  const names = ['vn', 'vn1', 'vn2', 'vn3'].slice(0, count);
  const list = names.map((name, i) => `{${name}:${i === 0 ? 'd' : `dafter${i}`}}`).join(', ');
  for (const [name, op] of [
    ['vtbl', '0'],
    ['vtbx', '1'],
  ] as const) {
    simd(
      `${name}.8.${count}`,
      '1',
      `1 ${d.one} 11 ${names.join('&')}:u[3:0] ${d.four} 10 ${(count - 1).toString(2).padStart(2, '0')} ` +
        `${names.join('&')}:u[4] ${op} ${m.one} 0 ${m.four}`,
      `${d.text}, {${list}}, ${m.text}`,
      (b, o) => {
        const l = new Lanes(b, 8, 64);
        const numbers = get(b, o, D, 'm');
        const registers = names.map((register) => b.op('v128.from_i64', b.reg(o[register])));
        // Below the register's first number there is none: what is subtracted wraps around.
        const picked = registers
          .map((register, i) => b.op('i8x16.swizzle', register, i === 0 ? numbers : l.sub(numbers, l.every(8 * i))))
          .reduce((all, part) => l.or(all, part));
        const isInside = l.gt('u', l.every(8 * count), numbers);
        put(b, o, D, 'd', name === 'vtbl' ? picked : l.choose(isInside, picked, get(b, o, D, 'd')));
      },
      { mnemonic: `${name}.8` },
    );
  }
}

// VDUP of a lane.
for (const [bits, imm4] of [
  [8, 'lane:3 1'],
  [16, 'lane:2 10'],
  [32, 'lane:1 100'],
] as const) {
  for (const shape of BOTH) {
    const [d, m] = [field(shape, 'd'), field(D, 'm')];
    simd(
      `vdup.${bits}.${shape.name}.lane`,
      '1',
      `1 ${d.one} 11 ${imm4} ${d.four} 1100 0 ${shape.q} ${m.one} 0 ${m.four}`,
      `${d.text}, ${m.text}{lane:lane}`,
      (b, o) => put(b, o, shape, 'd', new Lanes(b, bits, shape.width).broadcast(get(b, o, D, 'm'), b.operand(o.lane))),
      { mnemonic: `vdup.${bits}` },
    );
  }
}
