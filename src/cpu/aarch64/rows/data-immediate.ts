/** Data processing (immediate): Arm ARM, C4.1.92. */
import type { Operand } from '../../row.ts';
import { rowsOf } from '../../row.ts';
import type { Aarch64Builder, Size } from '../builder.ts';

const { row, rows } = rowsOf<Aarch64Builder>('Base');
export const immediateRows = rows;

// PC-relative addressing.
row('adr', '0 imm:s[1:0] 10000 imm:s[20:2] rd:5', '{rd:x}, {imm:pc}', (b, o) =>
  b.setX(o.rd, b.add(b.pc(), b.operand(o.imm))),
);
row('adrp', '1 imm:s[1:0] 10000 imm:s[20:2] rd:5', '{rd:x}, {imm:page}', (b, o) =>
  b.setX(o.rd, b.add(b.and(b.pc(), b.const(-4096n)), b.shl(b.operand(o.imm), 12))),
);

/** Both sizes of a family. */
const SIZES = [
  ['w', '0', 32],
  ['x', '1', 64],
] as const satisfies readonly (readonly [string, string, Size])[];

for (const [r, sf, size] of SIZES) {
  // Add/subtract (immediate).
  const [plain, flagged] = [
    `{rd:${r}sp}, {rn:${r}sp}, {imm:hash}{sh:lsl12}`,
    `{rd:${r}}, {rn:${r}sp}, {imm:hash}{sh:lsl12}`,
  ] as const;
  row(
    `add.${r}.imm`,
    `${sf}0010001 0 sh:1 imm:12 rn:5 rd:5`,
    plain,
    (b, o) => b.setR(o.rd, size, b.add(b.reg(o.rn), b.shiftedImmediate(o.imm, o.sh))),
    { mnemonic: 'add' },
  );
  row(
    `sub.${r}.imm`,
    `${sf}1010001 0 sh:1 imm:12 rn:5 rd:5`,
    plain,
    (b, o) => b.setR(o.rd, size, b.sub(b.reg(o.rn), b.shiftedImmediate(o.imm, o.sh))),
    { mnemonic: 'sub' },
  );
  row(
    `adds.${r}.imm`,
    `${sf}0110001 0 sh:1 imm:12 rn:5 rd:5`,
    flagged,
    (b, o) => {
      const [a, c] = [b.r(o.rn, size), b.shiftedImmediate(o.imm, o.sh)];
      b.setR(o.rd, size, b.add(a, c));
      b.setFlags(b.addFlags(a, c, size));
    },
    { mnemonic: 'adds' },
  );
  row(
    `subs.${r}.imm`,
    `${sf}1110001 0 sh:1 imm:12 rn:5 rd:5`,
    flagged,
    (b, o) => {
      const [a, c] = [b.r(o.rn, size), b.shiftedImmediate(o.imm, o.sh)];
      b.setR(o.rd, size, b.sub(a, c));
      b.setFlags(b.subFlags(a, c, size));
    },
    { mnemonic: 'subs' },
  );

  // Logical (immediate). Reserved are elements of one bit and those that are all ones.
  const masks = size === 64 ? ([0, 1] as const) : ([0] as const);
  for (const n of masks) {
    const reserved = n === 1 ? 'imms!=63' : 'imms!=31,47,55,59,61,62,63';
    const kind = size === 32 ? 'mask32' : n === 0 ? 'mask64' : 'mask64n';
    const when = { when: reserved } as const;
    const suffix = n === 1 ? '.n' : '';
    const fields = `${n} mask:u[11:6] mask&imms:u[5:0] rn:5 rd:5` as const;
    row(
      `and.${r}.imm${suffix}`,
      `${sf}00100100 ${fields}`,
      `{rd:${r}sp}, {rn:${r}}, {mask:${kind}}`,
      (b, o) => b.setR(o.rd, size, b.and(b.reg(o.rn), b.bitMask(o.mask, n))),
      { ...when, mnemonic: 'and' },
    );
    row(
      `orr.${r}.imm${suffix}`,
      `${sf}01100100 ${fields}`,
      `{rd:${r}sp}, {rn:${r}}, {mask:${kind}}`,
      (b, o) => b.setR(o.rd, size, b.or(b.reg(o.rn), b.bitMask(o.mask, n))),
      { ...when, mnemonic: 'orr' },
    );
    row(
      `eor.${r}.imm${suffix}`,
      `${sf}10100100 ${fields}`,
      `{rd:${r}sp}, {rn:${r}}, {mask:${kind}}`,
      (b, o) => b.setR(o.rd, size, b.xor(b.reg(o.rn), b.bitMask(o.mask, n))),
      { ...when, mnemonic: 'eor' },
    );
    row(
      `ands.${r}.imm${suffix}`,
      `${sf}11100100 ${fields}`,
      `{rd:${r}}, {rn:${r}}, {mask:${kind}}`,
      (b, o) => {
        const result = b.low(b.and(b.reg(o.rn), b.bitMask(o.mask, n)), size);
        b.setX(o.rd, result);
        b.setFlags(b.logicalFlags(result, size));
      },
      { ...when, mnemonic: 'ands' },
    );
  }

  // Move wide (immediate): hw gives multiples of 16 bits.
  const positions = size === 64 ? (['0', '1'] as const) : (['0'] as const);
  for (const top of positions) {
    const suffix = top === '1' ? '.high' : '';
    const fields = `${top} hw:u[4] imm:16 rd:5` as const;
    const base = top === '1' ? 32 : 0;
    const shiftKind = top === '1' ? 'lslHigh' : 'lsl';
    const syntax = `{rd:${r}}, {imm:hash}{hw:${shiftKind}}` as const;
    row(
      `movn.${r}${suffix}`,
      `${sf}00100101 ${fields}`,
      syntax,
      (b, o) => b.setR(o.rd, size, b.not(b.shl(b.operand(o.imm), b.add(b.operand(o.hw), b.const(base))))),
      { mnemonic: 'movn' },
    );
    row(
      `movz.${r}${suffix}`,
      `${sf}10100101 ${fields}`,
      syntax,
      (b, o) => b.setX(o.rd, b.shl(b.operand(o.imm), b.add(b.operand(o.hw), b.const(base)))),
      { mnemonic: 'movz' },
    );
    row(
      `movk.${r}${suffix}`,
      `${sf}11100101 ${fields}`,
      syntax,
      (b, o) => {
        const at = b.add(b.operand(o.hw), b.const(base));
        const kept = b.and(b.r(o.rd, size), b.not(b.shl(b.const(0xffff), at)));
        b.setX(o.rd, b.or(kept, b.shl(b.operand(o.imm), at)));
      },
      { mnemonic: 'movk' },
    );
  }
}

// Bitfield: up to the top, then down to where the field belongs. The count of the second shift is taken modulo the size.
const bitfields = '{rd:x}, {rn:x}, {immr:dec}, {imms:dec}';
const down = (b: Aarch64Builder, immr: Parameters<Aarch64Builder['operand']>[0], imms: typeof immr) =>
  b.sub(b.sub(b.operand(immr), b.operand(imms)), b.const(1));
const up = (b: Aarch64Builder, imms: Parameters<Aarch64Builder['operand']>[0], size: Size) =>
  b.sub(b.const(size - 1), b.operand(imms));
row(
  'sbfm.x',
  '1 00 100110 1 immr:6 imms:6 rn:5 rd:5',
  bitfields,
  (b, o) => b.setX(o.rd, b.sar(b.shl(b.x(o.rn), up(b, o.imms, 64)), b.and(down(b, o.immr, o.imms), b.const(63)))),
  { mnemonic: 'sbfm' },
);
row(
  'ubfm.x',
  '1 10 100110 1 immr:6 imms:6 rn:5 rd:5',
  bitfields,
  (b, o) => b.setX(o.rd, b.shr(b.shl(b.x(o.rn), up(b, o.imms, 64)), b.and(down(b, o.immr, o.imms), b.const(63)))),
  { mnemonic: 'ubfm' },
);
row(
  'bfm.x',
  '1 01 100110 1 immr:6 imms:6 rn:5 rd:5',
  bitfields,
  (b, o) => {
    const move = (value: ReturnType<Aarch64Builder['x']>) =>
      b.shr(b.shl(value, up(b, o.imms, 64)), b.and(down(b, o.immr, o.imms), b.const(63)));
    const mask = move(b.const(-1n));
    b.setX(o.rd, b.or(b.and(b.x(o.rd), b.not(mask)), b.and(move(b.x(o.rn)), mask)));
  },
  { mnemonic: 'bfm' },
);
const bitfields32 = '{rd:w}, {rn:w}, {immr:dec}, {imms:dec}';
row(
  'sbfm.w',
  '0 00 100110 0 0 immr:5 0 imms:5 rn:5 rd:5',
  bitfields32,
  (b, o) =>
    b.setR(
      o.rd,
      32,
      b.sar(b.signed(b.shl(b.x(o.rn), up(b, o.imms, 32)), 32), b.and(down(b, o.immr, o.imms), b.const(31))),
    ),
  { mnemonic: 'sbfm' },
);
row(
  'ubfm.w',
  '0 10 100110 0 0 immr:5 0 imms:5 rn:5 rd:5',
  bitfields32,
  (b, o) =>
    b.setX(o.rd, b.shr(b.low(b.shl(b.x(o.rn), up(b, o.imms, 32)), 32), b.and(down(b, o.immr, o.imms), b.const(31)))),
  { mnemonic: 'ubfm' },
);
row(
  'bfm.w',
  '0 01 100110 0 0 immr:5 0 imms:5 rn:5 rd:5',
  bitfields32,
  (b, o) => {
    const move = (value: ReturnType<Aarch64Builder['x']>) =>
      b.shr(b.low(b.shl(value, up(b, o.imms, 32)), 32), b.and(down(b, o.immr, o.imms), b.const(31)));
    const mask = move(b.const(-1n));
    b.setX(o.rd, b.or(b.and(b.r(o.rd, 32), b.not(mask)), b.and(move(b.x(o.rn)), mask)));
  },
  { mnemonic: 'bfm' },
);

// Extract. ROR (immediate) is an extract from one register twice.
const isKnownSame = (a: Operand, b: Operand): boolean => a.value !== undefined && a.value === b.value;
row(
  'extr.x',
  '1 00 100111 1 0 rm:5 imms:6 rn:5 rd:5',
  '{rd:x}, {rn:x}, {rm:x}, {imms:dec}',
  (b, o) => {
    const lsb = b.operand(o.imms);
    const high = b.shl(b.shl(b.x(o.rn), 1), b.sub(b.const(63), lsb));
    const rotates = isKnownSame(o.rn, o.rm);
    b.setX(o.rd, rotates ? b.rotatedRight(b.x(o.rm), lsb, 64) : b.or(high, b.shr(b.x(o.rm), lsb)));
  },
  { mnemonic: 'extr' },
);
row(
  'extr.w',
  '0 00 100111 0 0 rm:5 0 imms:5 rn:5 rd:5',
  '{rd:w}, {rn:w}, {rm:w}, {imms:dec}',
  (b, o) => {
    const lsb = b.operand(o.imms);
    const both = b.or(b.shl(b.x(o.rn), 32), b.r(o.rm, 32));
    b.setR(o.rd, 32, isKnownSame(o.rn, o.rm) ? b.rotatedRight(b.x(o.rm), lsb, 32) : b.shr(both, lsb));
  },
  { mnemonic: 'extr' },
);
