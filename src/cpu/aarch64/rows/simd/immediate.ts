/** Advanced SIMD modified immediate: Arm ARM, C4.1.96. */
import { bytesOfBits } from '../../../arm-vectors.ts';
import type { Value } from '../../../ir.ts';
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
// Of words and halfwords, shifted by bytes, or with ones shifted in (MSL).
const SHIFTED = [
  ['s', 0, '000', 'i32x4.splat'],
  ['s', 8, '001', 'i32x4.splat'],
  ['s', 16, '010', 'i32x4.splat'],
  ['s', 24, '011', 'i32x4.splat'],
  ['h', 0, '100', 'i16x8.splat'],
  ['h', 8, '101', 'i16x8.splat'],
] as const;
const SHIFTED_ONES = [
  ['1100', 8],
  ['1101', 16],
] as const;

/** What is done with an immediate: op, and the lowest bit of cmode where it is not the shift's. */
type Use = readonly [
  name: string,
  op: string,
  low: string,
  result: (b: Aarch64Builder, rd: Operand, imm: Value) => Value,
];
const SETS: readonly Use[] = [
  ['movi', '0', '0', (_, __, imm) => imm],
  ['mvni', '1', '0', (b, _, imm) => b.op('v128.not', imm)],
];
const COMBINES: readonly Use[] = [
  ['orr', '0', '1', (b, rd, imm) => b.op('v128.or', b.v(rd), imm)],
  ['bic', '1', '1', (b, rd, imm) => b.op('v128.andnot', b.v(rd), imm)],
];

for (const [, q] of HALVES) {
  const lanes = { s: q === '1' ? '4s' : '2s', h: q === '1' ? '8h' : '4h' };
  const use = (
    [mnemonic, op, , result]: Use,
    name: string,
    cmode: string,
    shift: string,
    immediate: (b: Aarch64Builder, imm: Operand) => Value,
  ): void =>
    row(
      `${mnemonic}.${name}`,
      `0 ${q} ${op} 0111100000 imm:u[7:5] ${cmode} 01 imm:u[4:0] rd:5` as '0 0 0 0111100000 imm:u[7:5] 0000 01 imm:u[4:0] rd:5',
      `{rd:v${name.split('.')[0]}}, {imm:hash}${shift}` as '{rd:v4s}, {imm:hash}',
      (b, o) => b.setV(o.rd, b.half(q, result(b, o.rd, immediate(b, o.imm)))),
      { mnemonic },
    );
  for (const [size, shift, cmode, splat] of SHIFTED) {
    for (const one of [...SETS, ...COMBINES]) {
      use(one, `${lanes[size]}.${shift}`, `${cmode}${one[2]}`, shift === 0 ? '' : `, lsl #${shift}`, (b, imm) =>
        b.op(splat, b.shl(b.operand(imm), shift)),
      );
    }
  }
  for (const [cmode, shift] of SHIFTED_ONES) {
    for (const one of SETS) {
      use(one, `${lanes.s}.msl${shift}`, cmode, `, msl #${shift}`, (b, imm) =>
        b.op('i32x4.splat', b.or(b.shl(b.operand(imm), shift), b.const(2 ** shift - 1))),
      );
    }
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
    (b, o) => b.setV(o.rd, b.half(q, bytesOfBits(b, b.operand(o.imm)))),
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
