/** Zfa, additional floating-point instructions for F, D and Zfh: unprivileged ISA, chapter 26. */
import { rowsOf } from '../../row.ts';
import type { RiscvBuilder } from '../builder.ts';
import { effectsIn, type FloatFormat, ROUNDED } from './float.ts';

const { row, rows } = rowsOf<RiscvBuilder>('Zfa');

export const zfaRows = rows;

/** What fli loads, by the value of its rs1 field (table "Immediate values loaded by the FLI.S instruction"). */
const CONSTANTS: readonly (number | 'min')[] = [
  ...([-1, 'min', 2 ** -16, 2 ** -15, 2 ** -8, 2 ** -7, 0.0625, 0.125] as const),
  ...[0.25, 0.3125, 0.375, 0.4375, 0.5, 0.625, 0.75, 0.875],
  ...[1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4],
  ...[8, 16, 128, 256, 2 ** 15, 2 ** 16, Number.POSITIVE_INFINITY, Number.NaN],
];
/** "min": the least positive normal number. */
const LEAST_NORMAL = { 16: 2 ** -14, 32: 2 ** -126, 64: 2 ** -1022 };

/** A number's bit pattern; 2^16 becomes infinity in the half-precision format. */
function bitPattern(value: number, format: FloatFormat['format']): bigint {
  const view = new DataView(new ArrayBuffer(8));
  if (format === 64) view.setFloat64(0, value);
  else if (format === 32) view.setFloat32(4, value);
  else view.setFloat16(6, value);
  return view.getBigUint64(0);
}

function rowsFor({ format, letter, fmt }: FloatFormat): void {
  const { unary, choice, comparison } = effectsIn(format);
  CONSTANTS.forEach((constant, index) => {
    const text = String(constant).toLowerCase().replace('infinity', 'inf');
    const value = bitPattern(constant === 'min' ? LEAST_NORMAL[format] : constant, format);
    const rs1 = index.toString(2).padStart(5, '0') as '00000';
    row(
      `fli.${letter}.${text}`,
      `11110${fmt} 00001 ${rs1} 000 rd:5 1010011`,
      `{rd:f}, ${text}`,
      (b, o) => b.setFloat(o.rd, format, b.const(value)),
      { mnemonic: `fli.${letter}` },
    );
  });
  row(`fminm.${letter}`, `00101${fmt} rs2:5 rs1:5 010 rd:5 1010011`, '{rd:f}, {rs1:f}, {rs2:f}', choice('minimum'));
  row(`fmaxm.${letter}`, `00101${fmt} rs2:5 rs1:5 011 rd:5 1010011`, '{rd:f}, {rs1:f}, {rs2:f}', choice('maximum'));
  row(`fleq.${letter}`, `10100${fmt} rs2:5 rs1:5 100 rd:5 1010011`, '{rd:x}, {rs1:f}, {rs2:f}', comparison('leq'));
  row(`fltq.${letter}`, `10100${fmt} rs2:5 rs1:5 101 rd:5 1010011`, '{rd:x}, {rs1:f}, {rs2:f}', comparison('ltq'));
  const rounded = '{rd:f}, {rs1:f}{rm:rm}';
  row(`fround.${letter}`, `01000${fmt} 00100 rs1:5 rm:3 rd:5 1010011`, rounded, unary('round'), ROUNDED);
  row(`froundnx.${letter}`, `01000${fmt} 00101 rs1:5 rm:3 rd:5 1010011`, rounded, unary('roundx'), ROUNDED);
}

rowsFor({ format: 32, letter: 's', fmt: '00' });
rowsFor({ format: 64, letter: 'd', fmt: '01' });
rowsFor({ format: 16, letter: 'h', fmt: '10' });

// Rounds towards zero, which its rm field must say.
row('fcvtmod.w.d', '1100001 01000 rs1:5 001 rd:5 1010011', '{rd:x}, {rs1:f}, rtz', (b, o) =>
  b.setX(o.rd, b.fp('to_i32_mod', 64, b.const(1), b.float(o.rs1, 64))),
);
