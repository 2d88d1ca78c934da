/** Advanced SIMD modified immediate: Arm ARM, C4.1.96. */
import { type Operand, rowsOf } from '../../../row.ts';
import type { Aarch64Builder } from '../../builder.ts';
import { arrangements, lanesOf } from './arrangements.ts';

const { row, rows } = rowsOf<Aarch64Builder>('AdvSIMD');
const fp16 = rowsOf<Aarch64Builder>('FP16');
export const immediateVectorRows = rows;
export const immediateVectorFp16Rows = fp16.rows;

/** Whether the upper half takes part: Q. Without, it is cleared. */
const HALVES = [
  ['8b', '0'],
  ['16b', '1'],
] as const;

// MOVI of bytes.
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
// MOVI of 64 bits.
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

// FMOV.
for (const [a, op, o2, maker] of [
  ...arrangements('2s 4s').map((a) => [a, '0', '0', row] as const),
  ...arrangements('2d').map((a) => [a, '1', '0', row] as const),
  ...arrangements('4h 8h').map((a) => [a, '0', '1', fp16.row] as const),
]) {
  maker(
    `fmov.${a.name}.imm`,
    `0 ${a.q} ${op} 0111100000 imm:u[7:5] 1111 ${o2}1 imm:u[4:0] rd:5`,
    `{rd:${a.kind}}, {imm:float}` as '{rd:v4s}, {imm:float}',
    (b, o) => {
      const lanes = lanesOf(b, a);
      b.setV(o.rd, lanes.kept(lanes.splat(b.floatImmediate(o.imm, lanes.format))));
    },
    { mnemonic: 'fmov' },
  );
}
