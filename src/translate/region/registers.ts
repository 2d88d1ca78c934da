/**
 * Which guest registers a region keeps in locals, and when they are loaded and
 * written back.
 *
 * Registers are numbered by their cells (offset / 8); a set of them is a bigint
 * with one bit each. A register is *dirty* where its local may be newer than its
 * cell. Dirty registers are written back before anything that can fault, and
 * where control leaves; that counts as a use, so a register that is dirty on one
 * way to a place is loaded on the others.
 */
import type { Architecture } from '../../cpu/arch.ts';
import type { Statement, Value } from '../../cpu/ir.ts';
import type { Operand } from '../../cpu/row.ts';
import { operandsOf, partsOf } from '../wasm/lower.ts';
import { type Region, successors } from './graph.ts';

export interface RegisterPlan {
  /** Per block: registers that may be dirty at its start. */
  dirtyIn: bigint[];
  /** Per block: registers whose values it or a later block needs; what has to be loaded before entering it afresh. */
  liveIn: bigint[];
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

/** True if the statement can fault, so that dirty registers are written back before it. */
export function canFault(statement: Statement): boolean {
  if (statement.kind === 'store' || statement.kind === 'aligned' || statement.kind === 'require') return true;
  return statement.kind === 'evaluate' && ['load', 'amo', 'cas', 'cas_if'].includes(statement.value.kind);
}

const bit = (register: number | undefined): bigint => (register === undefined ? 0n : 1n << BigInt(register));

function readsOf(arch: Architecture, value: Value): bigint {
  if (value.kind === 'reg') return bit(registerOf(arch, value.operand));
  if (value.kind === 'cell') return bit(registerAt(arch, value.offset));
  let reads = 0n;
  for (const part of partsOf(value)) reads |= readsOf(arch, part);
  return reads;
}

export function writeOf(arch: Architecture, statement: Statement): bigint {
  if (statement.kind === 'setReg') return bit(registerOf(arch, statement.operand));
  if (statement.kind === 'setCell') return bit(registerAt(arch, statement.offset));
  return 0n;
}

/** What a statement does to the sets, in order: a step a block's summary is made of. */
interface Step {
  reads: bigint;
  writes: bigint;
  flushes: boolean;
}

export function planRegisters(arch: Architecture, region: Region): RegisterPlan {
  const { blocks } = region;
  const steps = blocks.map(({ instructions }) =>
    instructions.flatMap(({ statements }) =>
      statements.map((statement): Step => {
        let reads = 0n;
        for (const value of operandsOf(statement)) reads |= readsOf(arch, value);
        return { reads, writes: writeOf(arch, statement), flushes: canFault(statement) };
      }),
    ),
  );
  const next = blocks.map(successors);
  // After a call everything is in the cells.
  const isCall = blocks.map(({ ending }) => ending.kind === 'call');

  const dirtyIn: bigint[] = blocks.map(() => 0n);
  const dirtyOut = blocks.map(() => 0n);
  for (let changed = true; changed; ) {
    changed = false;
    for (let block = 0; block < blocks.length; block++) {
      let dirty = dirtyIn[block];
      for (const { writes, flushes } of steps[block]) dirty = (flushes ? 0n : dirty) | writes;
      dirtyOut[block] = isCall[block] ? 0n : dirty;
      for (const successor of next[block]) {
        const merged = dirtyIn[successor] | dirtyOut[block];
        if (merged !== dirtyIn[successor]) {
          dirtyIn[successor] = merged;
          changed = true;
        }
      }
    }
  }

  // Any block may leave at its end (an exit, an interrupt at a back-edge), which writes back what is dirty.
  const uses: bigint[] = [];
  const definitions: bigint[] = [];
  for (let block = 0; block < blocks.length; block++) {
    let dirty = dirtyIn[block];
    let used = 0n;
    let defined = 0n;
    for (const { reads, writes, flushes } of steps[block]) {
      used |= reads & ~defined;
      if (flushes) {
        used |= dirty & ~defined;
        dirty = 0n;
      }
      dirty |= writes;
      defined |= writes;
    }
    used |= dirty & ~defined;
    uses.push(used);
    definitions.push(defined);
  }
  const liveIn = [...uses];
  for (let changed = true; changed; ) {
    changed = false;
    for (let block = blocks.length - 1; block >= 0; block--) {
      if (isCall[block]) continue;
      let out = 0n;
      for (const successor of next[block]) out |= liveIn[successor];
      const live = uses[block] | (out & ~definitions[block]);
      if (live !== liveIn[block]) {
        liveIn[block] = live;
        changed = true;
      }
    }
  }
  return { dirtyIn, liveIn };
}
