/**
 * The registers that operands name, by the kinds that RISC-V's rows give them:
 *
 *     x, f     a 5-bit register number
 *     xc, fc   a 3-bit number, of x8–x15 or f8–f15 (compressed instructions)
 *     xodd     the register after the even-numbered one the field names (the second of a pair)
 *
 * The kinds of other operands, which say how the disassembler prints them, are
 * in disassembly.ts.
 */
import type { RegisterFile } from '../arch.ts';
import type { OperandInfo } from '../row.ts';
import { RISCV_STATE } from './state.ts';

/** Names of x0–x31 and f0–f31 in the psABI ("Register Convention"). */
export const X_NAMES =
  'zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6'.split(' ');
export const F_NAMES =
  'ft0 ft1 ft2 ft3 ft4 ft5 ft6 ft7 fs0 fs1 fa0 fa1 fa2 fa3 fa4 fa5 fa6 fa7 fs2 fs3 fs4 fs5 fs6 fs7 fs8 fs9 fs10 fs11 ft8 ft9 ft10 ft11'.split(
    ' ',
  );

const FIRST: Readonly<Record<string, number>> = {
  x: RISCV_STATE.x,
  xc: RISCV_STATE.x + 8 * 8,
  xodd: RISCV_STATE.x + 8,
  f: RISCV_STATE.f,
  fc: RISCV_STATE.f + 8 * 8,
};

/** The cell that value 0 of a register operand stands for; undefined if the operand is no register. */
export function registerFile({ kind }: OperandInfo): RegisterFile | undefined {
  const first = FIRST[kind];
  return first === undefined ? undefined : { first, stride: 8 };
}
