/**
 * How RISC-V's operands are written: as `objdump -M no-aliases` writes them,
 * which the tests compare with, but for a space after each comma.
 *
 * Kinds besides the registers of registers.ts:
 *
 *     imm      decimal
 *     hex      hexadecimal
 *     upper    the 20 bits of a lui or auipc, hexadecimal
 *     pc       an offset from the instruction's address, printed as the address
 *     rm       rounding mode, with its comma; nothing if dynamic
 *     rmExact  the same of a conversion that never rounds; nothing if to nearest, as assemblers encode it
 *     fence    a set of accesses: i, o, r, w
 *     order    acquire and release bits, part of the mnemonic
 *     suffix   a number that is part of the mnemonic
 */
import { type Decoded, makeDecoder } from '../decoder.ts';
import { disassemble, type OperandFormat } from '../disassembler.ts';
import type { Row } from '../row.ts';
import type { RiscvBuilder } from './builder.ts';
import { riscvRows } from './index.ts';
import { F_NAMES, X_NAMES } from './registers.ts';

const ROUNDINGS = ['rne', 'rtz', 'rdn', 'rup', 'rmm', '', '', 'dyn'];
const ORDERS = ['', '.rl', '.aq', '.aqrl'];

const hex = (value: number) => `0x${value.toString(16)}`;

export const riscvFormat: OperandFormat = (info, value, pc) => {
  switch (info.kind) {
    case 'x':
      return X_NAMES[value];
    case 'xc':
      return X_NAMES[value + 8];
    case 'f':
      return F_NAMES[value];
    case 'fc':
      return F_NAMES[value + 8];
    case 'xodd':
      return '';
    case 'pc':
      return `0x${BigInt.asUintN(64, pc + BigInt(value)).toString(16)}`;
    case 'hex':
      return hex(value);
    case 'upper':
      return hex(value >>> 12);
    case 'rm':
      return value === 7 ? '' : `, ${ROUNDINGS[value]}`;
    case 'rmExact':
      return value === 0 ? '' : `, ${ROUNDINGS[value]}`;
    case 'fence':
      return [...'iorw'].filter((_, bit) => (value >> (3 - bit)) & 1).join('') || 'unknown';
    case 'order':
      return ORDERS[value];
    case 'suffix':
      return `.${value}`;
    default:
      return String(value);
  }
};

let decoder: ((word: number) => Decoded<Row<RiscvBuilder>> | undefined) | undefined;

/** The row and operands of a RISC-V instruction word (16 or 32 bits); undefined if it is none. */
export function decodeRiscv(word: number): Decoded<Row<RiscvBuilder>> | undefined {
  decoder ??= makeDecoder(riscvRows);
  return decoder(word);
}

/** A RISC-V instruction as text; a word that is no instruction as data. */
export function disassembleRiscv(word: number, pc: bigint): string {
  const decoded = decodeRiscv(word);
  if (decoded) return disassemble(decoded.row, word, pc, riscvFormat);
  return (word & 3) === 3 ? `.4byte ${hex(word >>> 0)}` : `.2byte ${hex(word & 0xffff)}`;
}
