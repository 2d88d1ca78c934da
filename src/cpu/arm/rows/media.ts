/** Media instructions: parallel sums, packing, extension, saturation (Arm ARM, F4.1.3 "Media instructions"). */
import type { Value } from '../../ir.ts';
import type { A32Builder } from '../builder.ts';
import { both, type Operands } from './define.ts';

const three = '{rd:r}, {rn:r}, {rm:r}';
const plain = { when: 'rd!=15; rn!=15; rm!=15', t32When: 'rd!=13; rn!=13; rm!=13' };

/** A lane of a register, with its sign or zeros. */
const lane = (b: A32Builder, value: Value, width: 8 | 16, index: number, isSigned: boolean): Value => {
  const low = b.shr(value, width * index);
  return isSigned ? b.signed(low, width) : b.low(low, width);
};
const joined = (b: A32Builder, lanes: readonly Value[], width: number): Value =>
  lanes.map((value, index) => b.shl(b.low(value, width), width * index)).reduce((all, part) => b.or(all, part));

/** Which lanes are paired, and whether they are added: by lane of Rn, the lane of Rm and the sign. */
const SHAPES = [
  [
    'add16',
    '000',
    '001',
    16,
    [
      [0, 1],
      [1, 1],
    ],
  ],
  [
    'asx',
    '001',
    '010',
    16,
    [
      [1, -1],
      [0, 1],
    ],
  ],
  [
    'sax',
    '010',
    '110',
    16,
    [
      [1, 1],
      [0, -1],
    ],
  ],
  [
    'sub16',
    '011',
    '101',
    16,
    [
      [0, -1],
      [1, -1],
    ],
  ],
  [
    'add8',
    '100',
    '000',
    8,
    [
      [0, 1],
      [1, 1],
      [2, 1],
      [3, 1],
    ],
  ],
  [
    'sub8',
    '111',
    '100',
    8,
    [
      [0, -1],
      [1, -1],
      [2, -1],
      [3, -1],
    ],
  ],
] as const;
const KINDS = [
  ['s', '001', '0000'],
  ['q', '010', '0001'],
  ['sh', '011', '0010'],
  ['u', '101', '0100'],
  ['uq', '110', '0101'],
  ['uh', '111', '0110'],
] as const;
for (const [kind, op1, t2] of KINDS) {
  for (const [shape, op2, t1, width, lanes] of SHAPES) {
    const isSigned = !kind.startsWith('u');
    both(
      kind + shape,
      `01100${op1} rn:4 rd:4 1111 ${op2} 1 rm:4`,
      `11111010 1${t1} rn:4 1111 rd:4 ${t2} rm:4`,
      three,
      (b, o) => {
        const [n, m] = [b.r(o.rn), b.r(o.rm)];
        const sums = lanes.map(([other, sign], index) => {
          const [x, y] = [lane(b, n, width, index, isSigned), lane(b, m, width, other, isSigned)];
          return b.now2(sign === 1 ? b.add(x, y) : b.sub(x, y));
        });
        const results = sums.map((sum) => {
          if (kind.endsWith('h')) return b.sar(sum, 1);
          if (kind.endsWith('q')) return b.saturated(sum, b.const(width), isSigned).result;
          return sum;
        });
        b.setR(o.rd, joined(b, results, width));
        if (kind !== 's' && kind !== 'u') return;
        // GE: not negative, or of an unsigned sum the carry.
        const bits = sums.map((sum, index) => {
          const isSum = lanes[index][1] === 1;
          const set = !isSigned && isSum ? b.bit(sum, width) : b.op('extend', b.op('ge_s', sum, b.const(0)));
          return b.shl(b.op('mul', set, b.const(width === 8 ? 1 : 3)), (index * width) / 8);
        });
        b.setGe(bits.reduce((all, part) => b.or(all, part)));
      },
      plain,
    );
  }
}

both(
  'sel',
  '01101000 rn:4 rd:4 1111 1011 rm:4',
  '11111010 1010 rn:4 1111 rd:4 1000 rm:4',
  three,
  (b, o) => {
    // Bit i of GE becomes byte i.
    const spread = [0, 1, 2, 3].map((bit) => b.shl(b.op('mul', b.bit(b.ge(), bit), b.const(255)), 8 * bit));
    const mask = spread.reduce((all, part) => b.or(all, part));
    b.setR(o.rd, b.or(b.and(b.r(o.rn), mask), b.and(b.r(o.rm), b.not(mask))));
  },
  plain,
);

const differences = (b: A32Builder, o: Operands): Value =>
  [0, 1, 2, 3]
    .map((index) => {
      const difference = b.sub(lane(b, b.r(o.rn), 8, index, false), lane(b, b.r(o.rm), 8, index, false));
      const sign = b.sar(difference, 63);
      return b.sub(b.xor(difference, sign), sign);
    })
    .reduce((sum, part) => b.add(sum, part));
both(
  'usad8',
  '01111000 rd:4 1111 rm:4 0001 rn:4',
  '11111011 0111 rn:4 1111 rd:4 0000 rm:4',
  three,
  (b, o) => b.setR(o.rd, differences(b, o)),
  plain,
);
both(
  'usada8',
  '01111000 rd:4 ra:4 rm:4 0001 rn:4',
  '11111011 0111 rn:4 ra:4 rd:4 0000 rm:4',
  `${three}, {ra:r}`,
  (b, o) => b.setR(o.rd, b.add(b.r(o.ra), differences(b, o))),
  { when: 'rd!=15; rn!=15; rm!=15; ra!=15', t32When: 'rd!=13; rn!=13; rm!=13; ra!=13' },
);

// Packing.
both(
  'pkhbt',
  '01101000 rn:4 rd:4 sa:5 001 rm:4',
  '11101010 1100 rn:4 0 sa:u[4:2] rd:4 sa:u[1:0] 00 rm:4',
  `${three}{sa:lslShift}`,
  (b, o) => b.setR(o.rd, b.or(b.low(b.r(o.rn), 16), b.and(b.shl(b.r(o.rm), b.operand(o.sa)), b.const(0xffff_0000n)))),
  plain,
);
both(
  'pkhtb',
  '01101000 rn:4 rd:4 sa:5 101 rm:4',
  '11101010 1100 rn:4 0 sa:u[4:2] rd:4 sa:u[1:0] 10 rm:4',
  `${three}{sa:asrShift}`,
  (b, o) => {
    const amount = b.operand(o.sa);
    const shifted = b.sar(b.r(o.rm), b.select(b.op('eqz', amount), b.const(32), amount));
    b.setR(o.rd, b.or(b.low(shifted, 16), b.and(b.r(o.rn), b.const(0xffff_0000n))));
  },
  plain,
);

// Extension, and addition to what is extended.
for (const [name, a, t, isSigned, width] of [
  ['sxtb16', '000', '010', true, 0],
  ['sxtb', '010', '100', true, 8],
  ['sxth', '011', '000', true, 16],
  ['uxtb16', '100', '011', false, 0],
  ['uxtb', '110', '101', false, 8],
  ['uxth', '111', '001', false, 16],
] as const) {
  const extended = (b: A32Builder, o: Operands): Value => {
    const rotated = b.rotatedRight(b.unsigned(b.r(o.rm)), b.shl(b.operand(o.rot), 3), 32);
    if (width !== 0) return isSigned ? b.signed(rotated, width) : b.low(rotated, width);
    const at = (low: number): Value => lane(b, b.shr(rotated, low), 8, 0, isSigned);
    return b.or(b.low(at(0), 16), b.shl(at(16), 16));
  };
  both(
    name,
    `01101${a} 1111 rd:4 rot:2 00 0111 rm:4`,
    `11111010 0${t} 1111 1111 rd:4 10 rot:2 rm:4`,
    '{rd:r}, {rm:r}{rot:ror8}',
    (b, o) => b.setR(o.rd, extended(b, o)),
    { when: 'rd!=15; rm!=15', t32When: 'rd!=13; rm!=13', mnemonic: name },
  );
  const adding = name.replace('xt', 'xta');
  both(
    adding,
    `01101${a} rn:4 rd:4 rot:2 00 0111 rm:4`,
    `11111010 0${t} rn:4 1111 rd:4 10 rot:2 rm:4`,
    `${three}{rot:ror8}`,
    (b, o) => {
      const [n, m] = [b.r(o.rn), extended(b, o)];
      if (width !== 0) b.setR(o.rd, b.add(n, m));
      else b.setR(o.rd, b.or(b.low(b.add(n, m), 16), b.shl(b.add(b.shr(n, 16), b.shr(m, 16)), 16)));
    },
    plain,
  );
}

// Saturation.
for (const [name, t, isSigned] of [
  ['ssat', '00', true],
  ['usat', '10', false],
] as const) {
  const op = isSigned ? '0110101' : '0110111';
  for (const [shift, bit] of [
    ['lsl', '0'],
    ['asr', '1'],
  ] as const) {
    both(
      `${name}.${shift}`,
      `${op} sat:5 rd:4 sa:5 ${bit}01 rn:4`,
      `11110 0 1 1${t}${bit}0 rn:4 0 sa:u[4:2] rd:4 sa:u[1:0] 0 sat:5`,
      `{rd:r}, {sat:${isSigned ? 'hashNext' : 'hash'}}, {rn:r}{sa:${shift}Shift}`,
      (b, o) => {
        const amount = b.operand(o.sa);
        const value =
          bit === '0'
            ? b.word(b.shl(b.r(o.rn), amount))
            : b.sar(b.r(o.rn), b.select(b.op('eqz', amount), b.const(32), amount));
        const bits = isSigned ? b.add(b.operand(o.sat), b.const(1)) : b.operand(o.sat);
        const { result, changed } = b.saturated(b.now2(value), bits, isSigned);
        b.now2(result);
        b.setQ(changed);
        b.setR(o.rd, result);
      },
      // In T32 an ASR by 0 is the instruction on halves.
      { mnemonic: name, when: 'rd!=15; rn!=15', t32When: bit === '1' ? 'rd!=13; rn!=13; sa!=0' : 'rd!=13; rn!=13' },
    );
  }
  both(
    `${name}16`,
    `${op}0 sat:4 rd:4 1111 0011 rn:4`,
    `11110 0 1 1${t}10 rn:4 0 000 rd:4 00 0 0 sat:4`,
    `{rd:r}, {sat:${isSigned ? 'hashNext' : 'hash'}}, {rn:r}`,
    (b, o) => {
      const bits = isSigned ? b.add(b.operand(o.sat), b.const(1)) : b.operand(o.sat);
      const n = b.r(o.rn);
      const parts = [0, 1].map((index) => b.saturated(lane(b, n, 16, index, true), bits, isSigned));
      for (const { result, changed } of parts) {
        b.now2(result);
        b.setQ(changed);
      }
      b.setR(
        o.rd,
        joined(
          b,
          parts.map(({ result }) => result),
          16,
        ),
      );
    },
    { when: 'rd!=15; rn!=15', t32When: 'rd!=13; rn!=13' },
  );
}
