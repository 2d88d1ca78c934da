/**
 * Zacas, atomic compare-and-swap, and Zabha, byte and halfword atomics:
 * unprivileged ISA, chapters 16 and 17.
 *
 * rd is read and written. Since writes to x0 go elsewhere, x0 has rows of its own.
 */
import type { Value, Width } from '../../ir.ts';
import { type Operand, rowsOf } from '../../row.ts';
import type { RiscvBuilder } from '../builder.ts';

const zacas = rowsOf<RiscvBuilder>('Zacas');
const zabha = rowsOf<RiscvBuilder>('Zabha');

export const zacasRows = zacas.rows;
export const zabhaRows = zabha.rows;

/** amocas of up to 64 bits. */
function compareAndSwapRows(
  { row }: typeof zacas,
  letter: 'b' | 'h' | 'w' | 'd',
  funct3: '000' | '001' | '010' | '011',
  width: Width,
): void {
  row(
    `amocas.${letter}`,
    `00101 order:2 rs2:5 rs1:5 ${funct3} rd:5 0101111`,
    '{order:order} {rd:x}, {rs2:x}, ({rs1:x})',
    (b, o) => b.setX(o.rd, b.compareAndSwap(width, b.x(o.rd), o.rs1, o.rs2)),
  );
  row(
    `amocas.${letter}.x0`,
    `00101 order:2 rs2:5 rs1:5 ${funct3} 00000 0101111`,
    '{order:order} zero, {rs2:x}, ({rs1:x})',
    (b, o) => {
      b.compareAndSwap(width, b.const(0), o.rs1, o.rs2);
    },
    { mnemonic: `amocas.${letter}` },
  );
}

compareAndSwapRows(zacas, 'w', '010', 32);
compareAndSwapRows(zacas, 'd', '011', 64);

/**
 * amocas.q: two swaps of 64 bits, so that another thread can see, or make, a change of one half in between. A pair
 * that starts with x0 reads as zero and is not written, whence four rows.
 */
function compareAndSwapQuad(
  b: RiscvBuilder,
  rs1: Operand,
  expected: [Value, Value],
  value: [Value, Value],
): [Value, Value] {
  const address = b.x(rs1);
  b.aligned(address, 16);
  const high = b.add(address, b.const(8));
  const old: [Value, Value] = [b.load(address, 64, false), b.load(high, 64, false)];
  const differences = b.or(b.xor(old[0], expected[0]), b.xor(old[1], expected[1]));
  const stored = b.casIf(b.op('eqz', differences), high, expected[1], value[1], 64);
  b.casIf(b.op('ne', stored, b.const(0)), address, expected[0], value[0], 64);
  return old;
}

zacas.row(
  'amocas.q',
  '00101 order:2 rs2&rs2Odd:u[4:1] 0 rs1:5 100 rd&rdOdd:u[4:1] 0 0101111',
  '{order:order} {rd:x}{rdOdd:xodd}, {rs2:x}{rs2Odd:xodd}, ({rs1:x})',
  (b, o) => {
    const old = compareAndSwapQuad(b, o.rs1, [b.x(o.rd), b.x(o.rdOdd)], [b.x(o.rs2), b.x(o.rs2Odd)]);
    b.setX(o.rd, old[0]);
    b.setX(o.rdOdd, old[1]);
  },
);
zacas.row(
  'amocas.q.0',
  '00101 order:2 00000 rs1:5 100 rd&rdOdd:u[4:1] 0 0101111',
  '{order:order} {rd:x}{rdOdd:xodd}, zero, ({rs1:x})',
  (b, o) => {
    const old = compareAndSwapQuad(b, o.rs1, [b.x(o.rd), b.x(o.rdOdd)], [b.const(0), b.const(0)]);
    b.setX(o.rd, old[0]);
    b.setX(o.rdOdd, old[1]);
  },
  { mnemonic: 'amocas.q' },
);
zacas.row(
  'amocas.q.x0',
  '00101 order:2 rs2&rs2Odd:u[4:1] 0 rs1:5 100 00000 0101111',
  '{order:order} zero, {rs2:x}{rs2Odd:xodd}, ({rs1:x})',
  (b, o) => {
    compareAndSwapQuad(b, o.rs1, [b.const(0), b.const(0)], [b.x(o.rs2), b.x(o.rs2Odd)]);
  },
  { mnemonic: 'amocas.q' },
);
zacas.row(
  'amocas.q.x0.0',
  '00101 order:2 00000 rs1:5 100 00000 0101111',
  '{order:order} zero, zero, ({rs1:x})',
  (b, o) => {
    compareAndSwapQuad(b, o.rs1, [b.const(0), b.const(0)], [b.const(0), b.const(0)]);
  },
  { mnemonic: 'amocas.q' },
);

/** Zabha has the operations of A, and amocas where Zacas is. */
function narrowRows(letter: 'b' | 'h', funct3: '000' | '001', width: 8 | 16): void {
  const operations = [
    ['amoswap', '00001', 'swap'],
    ['amoadd', '00000', 'add'],
    ['amoxor', '00100', 'xor'],
    ['amoand', '01100', 'and'],
    ['amoor', '01000', 'or'],
    ['amomin', '10000', 'min_s'],
    ['amomax', '10100', 'max_s'],
    ['amominu', '11000', 'min_u'],
    ['amomaxu', '11100', 'max_u'],
  ] as const;
  for (const [name, funct5, op] of operations) {
    zabha.row(
      `${name}.${letter}`,
      `${funct5} order:2 rs2:5 rs1:5 ${funct3} rd:5 0101111`,
      '{order:order} {rd:x}, {rs2:x}, ({rs1:x})',
      (b, o) => b.atomic(op, width, o.rd, o.rs1, o.rs2),
    );
  }
  compareAndSwapRows(zabha, letter, funct3, width);
}

narrowRows('b', '000', 8);
narrowRows('h', '001', 16);
