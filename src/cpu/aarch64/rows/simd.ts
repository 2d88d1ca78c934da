/** Advanced SIMD, what a C library needs at once: Arm ARM, C4.1.96. */
import type { Value } from '../../ir.ts';
import { type Operand, rowsOf } from '../../row.ts';
import type { Aarch64Builder } from '../builder.ts';

const { row, rows } = rowsOf<Aarch64Builder>('AdvSIMD');
export const simdRows = rows;

/** Whether the upper half takes part: Q. Without, it is cleared. */
const HALVES = [
  ['8b', '0'],
  ['16b', '1'],
] as const;

// Copies.
for (const [size, imm, shape, lanes, bits] of [
  ['b', 'index:u[3:0] 1', 'i8x16', 16, 8],
  ['h', 'index:u[2:0] 10', 'i16x8', 8, 16],
  ['s', 'index:u[1:0] 100', 'i32x4', 4, 32],
  ['d', 'index:u[0] 1000', 'i64x2', 2, 64],
] as const) {
  const r = size === 'd' ? 'x' : 'w';
  const lane = `{rn:v${size}}{index:lane}` as const;
  for (const [q, count] of [
    ['0', lanes / 2],
    ['1', lanes],
  ] as const) {
    if (count === 1) continue;
    const general = { b: '0000 1', h: '000 10', s: '00 100', d: '0 1000' }[size];
    row(
      `dup.${count}${size}.gen`,
      `0 ${q} 0 01110000 ${general} 0 0001 1 rn:5 rd:5` as '0 0 0 01110000 00001 0 0001 1 rn:5 rd:5',
      `{rd:v${count}${size}}, {rn:${r}}` as '{rd:v16b}, {rn:w}',
      (b, o) => b.setV(o.rd, b.half(q, b.op(`${shape}.splat`, b.x(o.rn)))),
      { mnemonic: 'dup' },
    );
    row(
      `dup.${count}${size}`,
      `0 ${q} 0 01110000 ${imm} 0 0000 1 rn:5 rd:5` as '0 0 0 01110000 index:u[3:0] 1 0 0000 1 rn:5 rd:5',
      `{rd:v${count}${size}}, ${lane}` as '{rd:v16b}, {rn:vb}{index:lane}',
      (b, o) => b.setV(o.rd, b.half(q, b.op(`${shape}.splat`, b.lane(o.rn, bits, b.operand(o.index))))),
      { mnemonic: 'dup' },
    );
  }
  row(
    `umov.${size}`,
    `0 ${size === 'd' ? 1 : 0} 0 01110000 ${imm} 0 0111 1 rn:5 rd:5` as '0 0 0 01110000 index:u[3:0] 1 0 0111 1 rn:5 rd:5',
    `{rd:${r}}, ${lane}` as '{rd:w}, {rn:vb}{index:lane}',
    (b, o) => b.setX(o.rd, b.lane(o.rn, bits, b.operand(o.index))),
    { mnemonic: 'umov' },
  );
  row(
    `ins.${size}.gen`,
    `0 1 0 01110000 ${imm} 0 0011 1 rn:5 rd:5` as '0 1 0 01110000 index:u[3:0] 1 0 0011 1 rn:5 rd:5',
    `{rd:v${size}}{index:lane}, {rn:${r}}` as '{rd:vb}{index:lane}, {rn:w}',
    (b, o) => b.setV(o.rd, b.op(`${shape}.replace_lane`, b.v(o.rd), b.operand(o.index), b.x(o.rn))),
    { mnemonic: 'ins' },
  );
}

// Modified immediates: MOVI of bytes, and of 64 bits.
for (const [count, q] of HALVES) {
  row(
    `movi.${count}`,
    `0 ${q} 0 0111100000 imm:u[7:5] 1110 01 imm:u[4:0] rd:5`,
    `{rd:v${count}}, {imm:hash}`,
    (b, o) => b.setV(o.rd, b.half(q, b.op('i8x16.splat', b.operand(o.imm)))),
    { mnemonic: 'movi' },
  );
}
// Of words and halfwords, shifted by bytes, or with ones shifted in (MSL): set, set inverted, or combined.
const SHIFTED = [
  ['s', 0, '000', 'i32x4.splat'],
  ['s', 8, '001', 'i32x4.splat'],
  ['s', 16, '010', 'i32x4.splat'],
  ['s', 24, '011', 'i32x4.splat'],
  ['h', 0, '100', 'i16x8.splat'],
  ['h', 8, '101', 'i16x8.splat'],
] as const;
for (const [, q] of HALVES) {
  const lanes = { s: q === '1' ? '4s' : '2s', h: q === '1' ? '8h' : '4h' };
  type Syntax = '{rd:v4s}, {imm:hash}';
  for (const [size, shift, cmode, splat] of SHIFTED) {
    const syntax = `{rd:v${lanes[size]}}, {imm:hash}${shift === 0 ? '' : `, lsl #${shift}`}` as Syntax;
    const immediate = (b: Aarch64Builder, imm: Operand) => b.op(splat, b.shl(b.operand(imm), shift));
    const name = `${lanes[size]}.${shift}`;
    row(
      `movi.${name}`,
      `0 ${q} 0 0111100000 imm:u[7:5] ${cmode}0 01 imm:u[4:0] rd:5`,
      syntax,
      (b, o) => b.setV(o.rd, b.half(q, immediate(b, o.imm))),
      { mnemonic: 'movi' },
    );
    row(
      `mvni.${name}`,
      `0 ${q} 1 0111100000 imm:u[7:5] ${cmode}0 01 imm:u[4:0] rd:5`,
      syntax,
      (b, o) => b.setV(o.rd, b.half(q, b.op('v128.not', immediate(b, o.imm)))),
      { mnemonic: 'mvni' },
    );
    row(
      `orr.${name}`,
      `0 ${q} 0 0111100000 imm:u[7:5] ${cmode}1 01 imm:u[4:0] rd:5`,
      syntax,
      (b, o) => b.setV(o.rd, b.half(q, b.op('v128.or', b.v(o.rd), immediate(b, o.imm)))),
      { mnemonic: 'orr' },
    );
    row(
      `bic.${name}`,
      `0 ${q} 1 0111100000 imm:u[7:5] ${cmode}1 01 imm:u[4:0] rd:5`,
      syntax,
      (b, o) => b.setV(o.rd, b.half(q, b.op('v128.andnot', b.v(o.rd), immediate(b, o.imm)))),
      { mnemonic: 'bic' },
    );
  }
  for (const [cmode, shift] of [
    ['1100', 8],
    ['1101', 16],
  ] as const) {
    const syntax = `{rd:v${lanes.s}}, {imm:hash}, msl #${shift}` as Syntax;
    const immediate = (b: Aarch64Builder, imm: Operand) =>
      b.op('i32x4.splat', b.or(b.shl(b.operand(imm), shift), b.const(2 ** shift - 1)));
    row(
      `movi.${lanes.s}.msl${shift}`,
      `0 ${q} 0 0111100000 imm:u[7:5] ${cmode} 01 imm:u[4:0] rd:5`,
      syntax,
      (b, o) => b.setV(o.rd, b.half(q, immediate(b, o.imm))),
      { mnemonic: 'movi' },
    );
    row(
      `mvni.${lanes.s}.msl${shift}`,
      `0 ${q} 1 0111100000 imm:u[7:5] ${cmode} 01 imm:u[4:0] rd:5`,
      syntax,
      (b, o) => b.setV(o.rd, b.half(q, b.op('v128.not', immediate(b, o.imm)))),
      { mnemonic: 'mvni' },
    );
  }
}
for (const [kind, q] of [
  ['d', '0'],
  ['v2d', '1'],
] as const) {
  row(
    `movi.${kind}`,
    `0 ${q} 1 0111100000 imm:u[7:5] 1110 01 imm:u[4:0] rd:5`,
    `{rd:${kind}}, {imm:bytes}`,
    (b, o) => {
      // Each bit becomes a byte.
      const bits = b.op('i8x16.splat', b.operand(o.imm));
      const each = b.vector(0x8040_2010_0804_0201_8040_2010_0804_0201n);
      b.setV(o.rd, b.half(q, b.op('i8x16.eq', b.op('v128.and', bits, each), each)));
    },
    { mnemonic: 'movi' },
  );
}

// Bitwise, three registers the same.
type Compute = (b: Aarch64Builder, n: Value, m: Value, d: Value) => Value;
const BITWISE = [
  ['and', '0', '00', (b, n, m) => b.op('v128.and', n, m)],
  ['bic', '0', '01', (b, n, m) => b.op('v128.andnot', n, m)],
  ['orr', '0', '10', (b, n, m) => b.op('v128.or', n, m)],
  ['orn', '0', '11', (b, n, m) => b.op('v128.or', n, b.op('v128.not', m))],
  ['eor', '1', '00', (b, n, m) => b.op('v128.xor', n, m)],
  ['bsl', '1', '01', (b, n, m, d) => b.op('v128.bitselect', n, m, d)],
  ['bit', '1', '10', (b, n, m, d) => b.op('v128.bitselect', n, d, m)],
  ['bif', '1', '11', (b, n, m, d) => b.op('v128.bitselect', d, n, m)],
] as const satisfies readonly (readonly [string, string, string, Compute])[];
for (const [count, q] of HALVES) {
  for (const [name, u, size, compute] of BITWISE) {
    row(
      `${name}.${count}`,
      `0 ${q} ${u} 01110 ${size} 1 rm:5 00011 1 rn:5 rd:5`,
      `{rd:v${count}}, {rn:v${count}}, {rm:v${count}}`,
      (b, o) => b.setV(o.rd, b.half(q, compute(b, b.v(o.rn), b.v(o.rm), b.v(o.rd)))),
      { mnemonic: name },
    );
  }
}

// Byte operations of the string functions.
const BYTES = [
  ['cmeq', '1', '10001', (b, n, m) => b.op('i8x16.eq', n, m)],
  ['cmhs', '1', '00111', (b, n, m) => b.op('i8x16.ge_u', n, m)],
  ['cmhi', '1', '00110', (b, n, m) => b.op('i8x16.gt_u', n, m)],
] as const satisfies readonly (readonly [string, string, string, (b: Aarch64Builder, n: Value, m: Value) => Value])[];
for (const [count, q] of HALVES) {
  const three = `{rd:v${count}}, {rn:v${count}}, {rm:v${count}}` as const;
  for (const [name, u, opcode, compute] of BYTES) {
    row(
      `${name}.${count}`,
      `0 ${q} ${u} 01110 00 1 rm:5 ${opcode} 1 rn:5 rd:5`,
      three,
      (b, o) => b.setV(o.rd, b.half(q, compute(b, b.v(o.rn), b.v(o.rm)))),
      { mnemonic: name },
    );
  }
  row(
    `cmeq.${count}.zero`,
    `0 ${q} 0 01110 00 10000 01001 10 rn:5 rd:5`,
    `{rd:v${count}}, {rn:v${count}}, #0`,
    (b, o) => b.setV(o.rd, b.half(q, b.op('i8x16.eq', b.v(o.rn), b.vector(0n)))),
    { mnemonic: 'cmeq' },
  );
  // Pairs: the even lanes of both registers against the odd ones.
  const even = Array.from({ length: 16 }, (_, i) => (q === '1' ? 2 * i : i < 8 ? (i < 4 ? 2 * i : 8 + 2 * i) : 0));
  const pairs = (b: Aarch64Builder, n: Value, m: Value): [Value, Value] => [
    b.shuffle(n, m, even),
    b.shuffle(
      n,
      m,
      even.map((lane) => lane + 1),
    ),
  ];
  for (const [name, u, opcode, op] of [
    ['umaxp', '1', '10100', 'i8x16.max_u'],
    ['uminp', '1', '10101', 'i8x16.min_u'],
    ['addp', '0', '10111', 'i8x16.add'],
  ] as const) {
    row(
      `${name}.${count}`,
      `0 ${q} ${u} 01110 00 1 rm:5 ${opcode} 1 rn:5 rd:5`,
      three,
      (b, o) => b.setV(o.rd, b.half(q, b.op(op, ...pairs(b, b.v(o.rn), b.v(o.rm))))),
      { mnemonic: name },
    );
  }
}
// Shift right and narrow, halves to bytes.
row(
  'shrn.8b',
  '0 0 0 011110 0001 sa:3 100001 rn:5 rd:5',
  '{rd:v8b}, {rn:v8h}, {sa:rshift16}',
  (b, o) => {
    const low = b.op('i16x8.shr_u', b.v(o.rn), b.sub(b.const(8), b.operand(o.sa)));
    b.setV(o.rd, b.shuffle(low, b.vector(0n), [0, 2, 4, 6, 8, 10, 12, 14, 16, 16, 16, 16, 16, 16, 16, 16]));
  },
  { mnemonic: 'shrn' },
);

// Extract: bytes of both registers from the one with a number on.
const COUNT_UP = 0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100n;
const bytesFrom = (b: Aarch64Builder, number: Value) =>
  b.op('i8x16.add', b.vector(COUNT_UP), b.op('i8x16.splat', number));
row(
  'ext.8b',
  '0 0 101110 000 rm:5 0 0 index:3 0 rn:5 rd:5',
  '{rd:v8b}, {rn:v8b}, {rm:v8b}, {index:dec}',
  (b, o) => {
    const both = b.shuffle(b.v(o.rn), b.v(o.rm), [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]);
    b.setV(o.rd, b.half('0', b.op('i8x16.swizzle', both, bytesFrom(b, b.operand(o.index)))));
  },
  { mnemonic: 'ext' },
);
row(
  'ext.16b',
  '0 1 101110 000 rm:5 0 index:4 0 rn:5 rd:5',
  '{rd:v16b}, {rn:v16b}, {rm:v16b}, {index:dec}',
  (b, o) => {
    const index = b.operand(o.index);
    const low = b.op('i8x16.swizzle', b.v(o.rn), bytesFrom(b, index));
    const high = b.op('i8x16.swizzle', b.v(o.rm), bytesFrom(b, b.sub(index, b.const(16))));
    b.setV(o.rd, b.op('v128.or', low, high));
  },
  { mnemonic: 'ext' },
);

// Loads and stores of one to four registers without structure; post-index adds their size or a register.
const LISTS = [
  [1, '0111'],
  [2, '1010'],
  [3, '0110'],
  [4, '0010'],
] as const;
const ARRANGEMENTS = [
  ['8b', '00', '0'],
  ['16b', '00', '1'],
  ['4h', '01', '0'],
  ['8h', '01', '1'],
  ['2s', '10', '0'],
  ['4s', '10', '1'],
  ['1d', '11', '0'],
  ['2d', '11', '1'],
] as const;
for (const [arrangement, size, q] of ARRANGEMENTS) {
  const bytes = q === '1' ? 16 : 8;
  const load = (b: Aarch64Builder, at: Value) =>
    q === '1' ? b.load128(at) : b.op('v128.from_i64', b.load(at, 64, false));
  const store = (b: Aarch64Builder, at: Value, rt: Operand) => {
    if (q === '1') b.store128(at, b.v(rt));
    else b.store(at, b.scalar(rt, 64), 64);
  };
  for (const [count, opcode] of LISTS) {
    // The further registers are the same field again.
    const rt = ['rt', 'rt1', 'rt2', 'rt3'].slice(0, count).join('&');
    const others = ['{rt1:after1}', '{rt2:after2}', '{rt3:after3}'].slice(0, count - 1).join('');
    const list = `{rt:list${count}x${arrangement}}${others}`;
    type Operands = { rt: Operand; rt1: Operand; rt2: Operand; rt3: Operand; rn: Operand };
    const registers = (o: Operands) => [o.rt, o.rt1, o.rt2, o.rt3].slice(0, count);
    const move = (b: Aarch64Builder, isLoad: boolean, o: Operands): Value => {
      const base = b.x(o.rn);
      const places = registers(o).map((register, i) => [register, b.add(base, b.const(bytes * i))] as const);
      if (isLoad) {
        const values = places.map(([, at]) => load(b, at));
        places.forEach(([register], i) => {
          b.setV(register, values[i]);
        });
      } else for (const [register, at] of places) store(b, at, register);
      return base;
    };
    type Fields = '0 0 0011000 0 000000 0111 00 rn:5 rt&rt1&rt2&rt3:5';
    type PostFields = '0 0 0011001 0 0 rm:5 0111 00 rn:5 rt&rt1&rt2&rt3:5';
    type Syntax = '{rt:v16b}, [{rn:xsp}]';
    for (const [name, l] of [
      ['ld1', '1'],
      ['st1', '0'],
    ] as const) {
      const rowName = `${name}.${count}.${arrangement}`;
      row(
        rowName,
        `0 ${q} 0011000 ${l} 000000 ${opcode} ${size} rn:5 ${rt}:5` as Fields,
        `${list}, [{rn:xsp}]` as Syntax,
        (b, o) => {
          move(b, l === '1', o);
        },
        { mnemonic: name },
      );
      row(
        `${rowName}.post`,
        `0 ${q} 0011001 ${l} 0 11111 ${opcode} ${size} rn:5 ${rt}:5` as Fields,
        `${list}, [{rn:xsp}], #${count * bytes}` as Syntax,
        (b, o) => b.setX(o.rn, b.add(move(b, l === '1', o), b.const(count * bytes))),
        { mnemonic: name },
      );
      row(
        `${rowName}.postx`,
        `0 ${q} 0011001 ${l} 0 rm:5 ${opcode} ${size} rn:5 ${rt}:5` as PostFields,
        `${list}, [{rn:xsp}], {rm:x}` as '{rt:v16b}, [{rn:xsp}], {rm:x}',
        (b, o) => b.setX(o.rn, b.add(move(b, l === '1', o), b.x(o.rm))),
        { mnemonic: name },
      );
    }
  }
}
