/**
 * Instructions as text, from the rows' syntax: the mnemonic, a space, the
 * operands. What an operand looks like is up to the architecture, by its kind.
 *
 *     disassemble(addRow, 0x00a50533, 0x1000n, format) // 'add a0, a0, a0'
 *
 * An operand at the very start of a syntax belongs to the mnemonic, if its kind
 * is one of the architecture's suffixes: `{order:order} {rd:x}, ({rs1:x})` is
 * `lr.w.aq a0, (a1)`.
 */
import { type OperandInfo, operandValue, type Row } from './row.ts';

/** Prints an operand's value; `pc` is the address of its instruction. */
export type OperandFormat = (info: OperandInfo, value: number, pc: bigint) => string;

/** Whether a kind of operand is written as part of the mnemonic. */
const isSuffix = (kind: string): boolean => kind === 'order' || kind.startsWith('suffix');

export function disassemble(row: Row<never>, word: number, pc: bigint, format: OperandFormat): string {
  let suffix = '';
  let isCondition = false;
  const operands = row.syntax.replace(/\{(\w+):?\w*\}/g, (_, name: string) => {
    const info = row.operands.find((operand) => operand.name === name);
    if (!info) throw new Error(`${row.name}: no operand ${name}`);
    const text = format(info, operandValue(info, word), pc);
    if (!isSuffix(info.kind)) return text;
    suffix = text;
    isCondition = info.kind === 'suffixCond';
    return '';
  });
  // Arm's conditions stand before what says the types.
  const [, name, types] = isCondition ? /^([^.]*)(.*)$/.exec(row.mnemonic)! : [row.mnemonic, row.mnemonic, ''];
  return `${name}${suffix}${types} ${operands.trim()}`.trim();
}
