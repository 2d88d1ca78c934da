import type { Architecture } from '../../cpu/arch.ts';
import type { Statement, Value } from '../../cpu/ir.ts';
import { registerAt, registerOf } from './register-numbers.ts';

/** Whether a statement writes what a value, if it is a read of state, reads. */
export function overwrites(arch: Architecture, statement: Statement, value: Value): boolean {
  const read = cellOf(arch, value);
  return read !== undefined && read === writtenCell(arch, statement);
}

const offsetOf = (register: number | undefined): number | undefined =>
  register === undefined ? undefined : 8 * register;

function cellOf(arch: Architecture, value: Value): number | undefined {
  if (value.kind === 'reg') return offsetOf(registerOf(arch, value.operand));
  return value.kind === 'cell' ? cellAt(arch, value.offset) : undefined;
}

function writtenCell(arch: Architecture, statement: Statement): number | undefined {
  if (statement.kind === 'setReg') return offsetOf(registerOf(arch, statement.operand));
  return statement.kind === 'setCell' ? cellAt(arch, statement.offset) : undefined;
}

const cellAt = (arch: Architecture, offset: number): number => offsetOf(registerAt(arch, offset)) ?? offset;
