/** Registers by the numbers of their cells in the thread memory: offset / 8. */
import { type Architecture, registerCell } from '../../cpu/arch.ts';
import type { Statement } from '../../cpu/ir.ts';
import type { Operand } from '../../cpu/row.ts';

/** The number of the register an operand names; undefined for the register that is always zero. */
export function registerOf(arch: Architecture, operand: Operand): number | undefined {
  const file = arch.registerFile(operand.info);
  if (!file || operand.value === undefined) throw new Error(`operand ${operand.info.name} is no known register`);
  const offset = registerCell(file, operand.value);
  return offset === arch.zeroRegister?.cell ? undefined : offset / 8;
}

/** The register a cell holds, if it is one. */
export function registerAt(arch: Architecture, offset: number): number | undefined {
  return offset < 8 * arch.registerCount ? offset / 8 : undefined;
}

/** The register that a statement writes. */
export function writeOf(arch: Architecture, statement: Statement): number | undefined {
  if (statement.kind === 'setReg') return registerOf(arch, statement.operand);
  if (statement.kind === 'setCell') return registerAt(arch, statement.offset);
  return undefined;
}
