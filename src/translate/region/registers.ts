/**
 * Which guest registers a region keeps in locals, and when they are loaded and
 * written back.
 *
 * Registers are numbered by their cells (offset / 8) and come in banks of 32, a
 * set of one bank's registers being an i32. A register is *dirty* where its
 * local may be newer than its cell. Dirty registers are written back where
 * control leaves, and, if the state must be exact at faults, before every
 * instruction that can fault. Writing back counts as a use, so a register that
 * is dirty on one way to a place is loaded on the others.
 */
import type { Architecture } from '../../cpu/arch.ts';
import type { Statement, Value } from '../../cpu/ir.ts';
import type { Operand } from '../../cpu/row.ts';
import { operandsOf, partsOf } from '../wasm/lower.ts';
import { type Instruction, type Region, successors } from './graph.ts';

/** Sets of registers, by block and bank. */
export interface RegisterPlan {
  banks: number;
  /** Registers that may be dirty at the block's start; at `block * banks + bank`. */
  dirtyIn: Int32Array;
  /** Registers whose values it or a later block needs: what has to be loaded before entering it afresh. */
  liveIn: Int32Array;
}

/** The number of the register an operand names; undefined for the register that is always zero. */
export function registerOf(arch: Architecture, operand: Operand): number | undefined {
  const file = arch.registerFile(operand.info);
  if (!file || operand.value === undefined) throw new Error(`operand ${operand.info.name} is no known register`);
  const offset = file.first + 8 * operand.value;
  return offset === arch.zeroRegister?.cell ? undefined : offset / 8;
}

/** The register a cell holds, if it is one. */
export function registerAt(arch: Architecture, offset: number): number | undefined {
  return offset < 8 * arch.registerCount ? offset / 8 : undefined;
}

/** True if an instruction can fault, by a load or store. (Other traps are taken where they are tested for.) */
export function canFault({ statements }: Instruction): boolean {
  return statements.some((s) => s.kind === 'store' || (s.kind === 'evaluate' && ACCESSES.has(s.value.kind)));
}
const ACCESSES: ReadonlySet<Value['kind']> = new Set(['load', 'amo', 'cas', 'cas_if']);

/** The register that a statement writes. */
export function writeOf(arch: Architecture, statement: Statement): number | undefined {
  if (statement.kind === 'setReg') return registerOf(arch, statement.operand);
  if (statement.kind === 'setCell') return registerAt(arch, statement.offset);
  return undefined;
}

/** Sets of one block while they are made: by bank, registers read before they are written, and written. */
class Summary {
  readonly used: Int32Array;
  readonly defined: Int32Array;
  private readonly arch: Architecture;

  constructor(arch: Architecture, banks: number) {
    this.arch = arch;
    this.used = new Int32Array(banks);
    this.defined = new Int32Array(banks);
  }

  /** All reads first: a value may have been read before the write that its use comes after (`jalr ra, 0(ra)`). */
  add(statements: readonly Statement[]): void {
    for (const statement of statements) for (const value of operandsOf(statement)) this.read(value);
    for (const statement of statements) {
      const written = writeOf(this.arch, statement);
      if (written !== undefined) this.defined[written >> 5] |= 1 << written;
    }
  }

  private read(value: Value): void {
    if (value.kind === 'const') return;
    if (value.kind === 'reg' || value.kind === 'cell') {
      const { arch } = this;
      const register = value.kind === 'reg' ? registerOf(arch, value.operand) : registerAt(arch, value.offset);
      if (register !== undefined) this.used[register >> 5] |= (1 << register) & ~this.defined[register >> 5];
      return;
    }
    for (const part of partsOf(value)) this.read(part);
  }
}

/** @param precise write back before what can fault */
export function planRegisters(arch: Architecture, region: Region, precise: boolean): RegisterPlan {
  const { blocks } = region;
  const banks = Math.ceil(arch.registerCount / 32);
  const count = blocks.length * banks;
  const [used, defined, dirtyAtEnd, flushed] = [0, 1, 2, 3].map(() => new Int32Array(count));
  for (const [block, { instructions }] of blocks.entries()) {
    const summary = new Summary(arch, banks);
    // Registers written since the last write-back, and whether there was any.
    const recent = new Int32Array(banks);
    let flushes = false;
    for (const instruction of instructions) {
      if (precise && canFault(instruction)) {
        flushes = true;
        recent.fill(0);
      }
      summary.add(instruction.statements);
      for (const statement of instruction.statements) {
        const written = writeOf(arch, statement);
        if (written !== undefined) recent[written >> 5] |= 1 << written;
      }
    }
    const base = block * banks;
    used.set(summary.used, base);
    defined.set(summary.defined, base);
    dirtyAtEnd.set(recent, base);
    flushed.fill(flushes ? -1 : 0, base, base + banks);
  }
  const next = blocks.map(successors);
  // After a call everything is in the cells.
  const isCall = blocks.map(({ ending }) => ending.kind === 'call');

  const dirtyIn = new Int32Array(count);
  for (let changed = true; changed; ) {
    changed = false;
    for (let block = 0; block < blocks.length; block++) {
      if (isCall[block]) continue;
      for (const successor of next[block]) {
        for (let bank = 0; bank < banks; bank++) {
          const at = block * banks + bank;
          const to = successor * banks + bank;
          const merged = dirtyIn[to] | dirtyAtEnd[at] | (dirtyIn[at] & ~flushed[at]);
          if (merged !== dirtyIn[to]) {
            dirtyIn[to] = merged;
            changed = true;
          }
        }
      }
    }
  }
  // What is dirty at the start is written back somewhere before the block's end is left.
  const liveIn = new Int32Array(count);
  for (let at = 0; at < count; at++) liveIn[at] = used[at] | dirtyIn[at];
  for (let changed = true; changed; ) {
    changed = false;
    for (let block = blocks.length - 1; block >= 0; block--) {
      if (isCall[block]) continue;
      for (let bank = 0; bank < banks; bank++) {
        const at = block * banks + bank;
        let out = 0;
        for (const successor of next[block]) out |= liveIn[successor * banks + bank];
        const live = liveIn[at] | (out & ~defined[at]);
        if (live !== liveIn[at]) {
          liveIn[at] = live;
          changed = true;
        }
      }
    }
  }
  return { banks, dirtyIn, liveIn };
}
