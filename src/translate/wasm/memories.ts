/** The memories of the translator's modules, and the opcodes of plain accesses to them. */
import type { Architecture } from '../../cpu/arch.ts';
import type { Width } from '../../cpu/ir.ts';
import { NARROW_WINDOW_PAGES, WINDOW_PAGES } from '../../host/layout.ts';
import { F32, F64, type Limits, V128, type ValType } from './encoder.ts';
import { type Expr, i32 } from './expr.ts';

/** Indices of the thread memory, of the guest's window and of the process memory, in every module of the translator. */
export const THREAD = 0;
export const WINDOW = 1;
export const PROCESS_MEMORY = 2;

/** A plain access to the guest's memory: its opcode, how many bytes it takes, of what type they are in WebAssembly. */
export interface Access {
  opcode: number;
  bytes: number;
  type: ValType;
}
export const LOAD_DOUBLE: Access = { opcode: 0x2b, bytes: 8, type: F64 };
export const LOAD_SINGLE: Access = { opcode: 0x2a, bytes: 4, type: F32 };
export const STORE_DOUBLE: Access = { opcode: 0x39, bytes: 8, type: F64 };
export const STORE_SINGLE: Access = { opcode: 0x38, bytes: 4, type: F32 };
export const LOAD_VECTOR: Access = { opcode: 0xfd00, bytes: 16, type: V128 };
export const STORE_VECTOR: Access = { opcode: 0xfd0b, bytes: 16, type: V128 };
/** To the low lane of a vector, zeros above. */
export const LOAD_LOW_64: Access = { opcode: 0xfd5d, bytes: 8, type: V128 };
export const LOAD_LOW_32: Access = { opcode: 0xfd5c, bytes: 4, type: V128 };

/** The type of the guest's window. */
export const windowType = ({ isNarrow }: Pick<Architecture, 'isNarrow'>): Limits =>
  isNarrow
    ? { shared: true, address: 'i32', pages: NARROW_WINDOW_PAGES, atMost: true }
    : { shared: true, address: 'i64', pages: WINDOW_PAGES, atMost: true };

/** The index of a guest address in it. */
export const indexOf = ({ isNarrow }: Pick<Architecture, 'isNarrow'>, address: Expr): Expr =>
  isNarrow ? i32.wrap(address) : address;

/** Loads to i64. */
export const LOAD: Record<Width, { signed: number; unsigned: number }> = {
  8: { signed: 0x30, unsigned: 0x31 },
  16: { signed: 0x32, unsigned: 0x33 },
  32: { signed: 0x34, unsigned: 0x35 },
  64: { signed: 0x29, unsigned: 0x29 },
};
/** The same to i32: the low 32 bits of what is loaded. */
export const LOAD32: Partial<typeof LOAD> = {
  8: { signed: 0x2c, unsigned: 0x2d },
  16: { signed: 0x2e, unsigned: 0x2f },
  32: { signed: 0x28, unsigned: 0x28 },
};
/** Of i32, but for 64 bits. */
export const STORE: Record<Width, number> = { 8: 0x3a, 16: 0x3b, 32: 0x36, 64: 0x37 };
