/** Between general registers and lanes: Arm ARM, F4.1.7, "Advanced SIMD and floating-point 8, 16 and 32-bit element move". */
import { Lanes } from '../../../arm-lanes.ts';
import { both } from '../define.ts';
import { BOTH, D, field, put } from './shapes.ts';

/** The fields that have a lane's size and number. */
const LANES = [
  [8, '1 lane:u[2]', 'lane:u[1:0]'],
  [16, '0 lane:u[1]', 'lane:u[0] 1'],
] as const;
const USUAL = { when: 'rt!=15' };
for (const [bits, opc1, opc2] of LANES) {
  const v = field(D, 'n');
  const set = `1110 0 ${opc1} 0 ${v.four} rt:4 1011 ${v.one} ${opc2} 1 0000`;
  both(
    `vmov.${bits}.lane.r`,
    set,
    `1110 ${set}`,
    `${v.text}{lane:lane}, {rt:r}`,
    (b, o) => {
      const shift = b.op('mul', b.operand(o.lane), b.const(bits));
      const others = b.not(b.shl(b.const(2 ** bits - 1), shift));
      b.setReg(o.vn, b.or(b.and(b.reg(o.vn), others), b.shl(b.low(b.r(o.rt), bits), shift)));
    },
    { mnemonic: `vmov.${bits}`, ...USUAL },
  );
  for (const [sign, u] of [
    ['s', '0'],
    ['u', '1'],
  ] as const) {
    const read = `1110 ${u} ${opc1} 1 ${v.four} rt:4 1011 ${v.one} ${opc2} 1 0000`;
    both(
      `vmov.${sign}${bits}.r.lane`,
      read,
      `1110 ${read}`,
      `{rt:r}, ${v.text}{lane:lane}`,
      (b, o) => {
        const lane = b.low(b.shr(b.reg(o.vn), b.op('mul', b.operand(o.lane), b.const(bits))), bits);
        b.setR(o.rt, sign === 's' ? b.signed(lane, bits) : lane);
      },
      { mnemonic: `vmov.${sign}${bits}`, ...USUAL },
    );
  }
}

// VDUP.
for (const shape of BOTH) {
  for (const [bits, high, low] of [
    [8, '1', '0'],
    [16, '0', '1'],
    [32, '0', '0'],
  ] as const) {
    const d = field(shape, 'd');
    const encoding = `1110 1 ${high} ${shape.q} 0 ${d.four} rt:4 1011 ${d.one} 0 ${low} 1 0000`;
    both(
      `vdup.${bits}.${shape.name}.r`,
      encoding,
      `1110 ${encoding}`,
      `${d.text}, {rt:r}`,
      (b, o) => put(b, o, shape, 'd', new Lanes(b, bits, shape.width).splat(b.r(o.rt))),
      { mnemonic: `vdup.${bits}`, ...USUAL },
    );
  }
}
