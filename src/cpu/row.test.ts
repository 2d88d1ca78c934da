import { describe, expect, test } from 'vitest';
import { conditionsHold, operandValue, type Row, rowsOf } from './row.ts';

interface NoBuilder {
  nothing(): void;
}

const oneRow = (make: (row: ReturnType<typeof rowsOf<NoBuilder>>['row']) => void): Row<NoBuilder> => {
  const { row, rows } = rowsOf<NoBuilder>('T');
  make(row);
  return rows[0];
};
const operands = (row: Row<NoBuilder>, word: number) =>
  Object.fromEntries(row.operands.map((info) => [info.name, operandValue(info, word)]));

describe('the row notation', () => {
  test('gathers scattered bits, the highest of each field first', () => {
    const beq = oneRow((row) =>
      row('beq', 'off:s[12|10:5] rs2:5 rs1:5 000 off:s[4:1|11] 1100011', '{rs1:x}, {rs2:x}, {off:pc}', () => {}),
    );
    expect([beq.mask, beq.value, beq.length]).toEqual([0x707f, 0x63, 4]);
    // beq a0, a1, -2 and +2 and +2048
    expect(operands(beq, 0xfeb5_0fe3)).toEqual({ off: -2, rs2: 11, rs1: 10 });
    expect(operands(beq, 0x00b5_0163)).toEqual({ off: 2, rs2: 11, rs1: 10 });
    expect(operands(beq, 0x00b5_00e3)).toEqual({ off: 2048, rs2: 11, rs1: 10 });
  });

  test('leaves the bits that no field gives zero', () => {
    const lui = oneRow((row) => row('lui', 'imm:s[31:12] rd:5 0110111', '{rd:x}, {imm}', () => {}));
    expect(operands(lui, 0xffff_f537)).toEqual({ imm: -4096, rd: 10 });
    expect(operands(lui, 0x7fff_f537)).toEqual({ imm: 0x7fff_f000, rd: 10 });
  });

  test('ignores bits named _ and gives the bits of a&b to both', () => {
    const made = oneRow((row) => row('t', '_:12 a&b:u[4:1] 0 000 _:5 0001111', '{a:x}{b:xodd}', () => {}));
    expect(made.mask).toBe(0x0000_f07f);
    expect(operands(made, 0xfff7_0f8f)).toEqual({ a: 14, b: 14 });
  });

  test('has conditions on operands', () => {
    const made = oneRow((row) =>
      row('t', '000 imm:s[5] rd:5 imm:s[4:0] 01', '{rd:x}, {imm}', () => {}, { when: 'imm!=0; rd=2,4' }),
    );
    const word = (rd: number, imm: number) => (rd << 7) | ((imm & 31) << 2) | (((imm >> 5) & 1) << 12) | 1;
    expect(conditionsHold(made, word(2, 1))).toBe(true);
    expect(conditionsHold(made, word(4, -1))).toBe(true);
    expect(conditionsHold(made, word(3, 1))).toBe(false);
    expect(conditionsHold(made, word(2, 0))).toBe(false);
  });

  test('is checked by types, and again when read', () => {
    expect(() =>
      // @ts-expect-error 31 bits
      oneRow((row) => row('t', 'imm:s[11:0] rs1:5 000 rd:5 000001', '{rd:x}', () => {})),
    ).toThrow('t: encoding has 31 bits');
    expect(() =>
      // @ts-expect-error an operand that the encoding does not have
      oneRow((row) => row('t', 'imm:s[11:0] rs1:5 000 rd:5 0000011', '{rs2:x}', () => {})),
    ).toThrow('t: no operand rs2');
    // @ts-expect-error the effect misspells an operand
    oneRow((row) => row('t', 'imm:s[11:0] rs1:5 000 rd:5 0000011', '{rd:x}', (_, o) => o.rs2));
    // @ts-expect-error a condition on an operand that the encoding does not have
    oneRow((row) => row('t', 'imm:s[11:0] rs1:5 000 rd:5 0000011', '{rd:x}', () => {}, { when: 'rs3!=0' }));
  });
});
