/** Facts that hold for the table of instructions as a whole. */
import { describe, expect, test } from 'vitest';
import { testRowTable } from '../../../tests/support/row-table.ts';
import { makeDecoder } from '../decoder.ts';
import { makeRandom, randomWord } from '../encode.ts';
import type { Builder, Statement, Value } from '../ir.ts';
import type { OperandInfo, Row } from '../row.ts';
import { disassembleRiscv } from './disassembly.ts';
import { makeBuilder, riscvRows } from './index.ts';
import { registerFile } from './registers.ts';

const random = makeRandom(20_240_607);
const decode = makeDecoder(riscvRows);

const effectOf = (row: Row<never>): readonly Statement[] => {
  const builder = makeBuilder();
  const operands = Object.fromEntries(row.operands.map((info) => [info.name, { info }]));
  (row.effect as (b: Builder, o: typeof operands) => void)(builder, operands);
  return builder.statements;
};

/** Operands that an effect names, as registers or as integers. */
function operandsIn(statements: readonly Statement[]): { registers: Set<OperandInfo>; integers: Set<OperandInfo> } {
  const registers = new Set<OperandInfo>();
  const integers = new Set<OperandInfo>();
  const walk = (node: Statement | Value): void => {
    if (node.kind === 'reg' || node.kind === 'setReg') registers.add(node.operand.info);
    if (node.kind === 'operand') integers.add(node.operand.info);
    if (node.kind === 'branch' || node.kind === 'jump') integers.add(node.offset.info);
    for (const part of Object.values(node).flat()) if (typeof part === 'object' && 'kind' in part) walk(part);
  };
  for (const statement of statements) walk(statement);
  return { registers, integers };
}

describe('the table of RISC-V instructions', () => {
  testRowTable(riscvRows, random, { pair: 100, row: 50 });

  test('has the length of each instruction in its two lowest bits', () => {
    for (const { name, value, mask, length } of riscvRows) {
      expect([name, mask & 3]).toEqual([name, 3]);
      expect([name, (value & 3) === 3]).toEqual([name, length === 4]);
    }
  });

  test('uses each operand in its effect or shows it in its syntax', () => {
    for (const row of riscvRows) {
      const { registers, integers } = operandsIn(effectOf(row));
      for (const info of row.operands) {
        const used = registers.has(info) || integers.has(info) || info.kind !== '';
        expect([row.name, info.name, used]).toEqual([row.name, info.name, true]);
      }
    }
  });

  test('uses operands of register kinds as registers and no others', () => {
    for (const row of riscvRows) {
      const { registers, integers } = operandsIn(effectOf(row));
      for (const info of registers)
        expect([row.name, info.name, !!registerFile(info)]).toEqual([row.name, info.name, true]);
      for (const info of integers)
        expect([row.name, info.name, !!registerFile(info)]).toEqual([row.name, info.name, false]);
    }
  });

  test('is printed without gaps', () => {
    for (const row of riscvRows) {
      const word = randomWord(row, random);
      expect(disassembleRiscv(word, 0n)).not.toMatch(/undefined|NaN|[{}]|^\./);
    }
  });
});

describe('reserved encodings', () => {
  test.each([
    ['the all-zero word', 0x0000_0000],
    ['the all-ones word', 0xffff_ffff],
    ['c.addi4spn with a zero immediate', 0x0004],
    ['c.addiw of x0', 0x2005],
    ['c.addi16sp with a zero immediate', 0x6101],
    ['c.lui with a zero immediate', 0x6a01],
    ['c.lwsp to x0', 0x4002],
    ['c.ldsp to x0', 0x6002],
    ['c.jr of x0', 0x8002],
    ['fadd.s with rounding mode 5', 0x0020_d053],
    ['fadd.s with rounding mode 6', 0x0020_e053],
    ['csrrw to the read-only register cycle', 0xc000_1073],
    ['csrrs of x1 to the read-only register time', 0xc010_a073],
    ['a read of vlenb', 0xc220_2573],
    ['a read of sstatus', 0x1000_2573],
    ['lr.w with rs2 not x0', 0x1010_202f],
    ['slliw by 32', 0x0200_101b],
    ['an unused load', 0x0000_7003],
    ['amocas.q of an odd register', 0x2820_40af | 0x80],
    ['mret', 0x3020_0073],
    ['sret', 0x1020_0073],
    ['wfi', 0x1050_0073],
  ])('have no row: %s', (_, word) => {
    expect(decode(word)?.row.name).toBeUndefined();
  });

  test.each([
    ['c.nop', 0x0001],
    ['c.addi', 0x0005],
    ['c.addi', 0x0081],
    ['c.li', 0x4005],
    ['c.lui', 0x6005],
    ['c.slli', 0x0002],
    ['c.slli', 0x0006],
    ['c.mv', 0x8006],
    ['c.add', 0x9006],
    ['c.mop', 0x6081],
    ['c.ntl.p1', 0x900a],
    ['fence', 0x0000_000f],
    ['pause', 0x0100_000f],
    ['fence.tso', 0x8330_000f],
    ['prefetch.w', 0x0035_6013],
    ['ori', 0x0045_6013],
    ['auipc', 0x0000_0017],
  ])('are HINTs or ignored fields where the manual says so: %s', (name, word) => {
    expect(decode(word)?.row.name).toBe(name);
  });
});
