/**
 * Forms a region: the control-flow graph of the hot code around an entry.
 *
 * Blocks are found from the entry along branches, jumps and fall-throughs, as
 * far as the code has been executed: what never was is an exit. A call ends a
 * block, which goes on behind the call when the callee has returned.
 *
 * What always holds: block 0 is the entry, every block is reachable from it, no
 * two blocks overlap, and a target is a block of the region or an address
 * outside of it.
 */
import type { Architecture } from '../../cpu/arch.ts';
import type { Statement, Value } from '../../cpu/ir.ts';
import { PAGE_SIZE } from '../../host/layout.ts';
import { type Flow, factsOf } from './facts.ts';
import { registerOf } from './register-numbers.ts';

/** One guest instruction with its effect, operands as constants. */
export interface Instruction {
  pc: number;
  length: number;
  statements: readonly Statement[];
}

/** Decodes the instruction at an address; undefined if it was never executed or is not to be compiled. */
export type Fetch = (pc: number) => Instruction | undefined;
/** Addresses that the indirect jump at `pc` has gone to, the most frequent first; none of a return. */
export type TargetsOf = (pc: number, address: Value) => readonly number[];

/** Whether a jump to this address returns from a function: it comes from a link register. */
export function isReturn(arch: Architecture, address: Value): boolean {
  if (address.kind === 'reg') return arch.linkRegisters.includes(8 * (registerOf(arch, address.operand) ?? -1));
  if (address.kind === 'cell') return arch.linkRegisters.includes(address.offset);
  return address.kind === 'op' && isReturn(arch, address.args[0]);
}

/** A block by its index, or an address outside the region. */
export type Target = { block: number } | { pc: number };

/** How a block ends. Values belong to the last instruction's statements. */
export type Ending =
  | { kind: 'goto'; target: Target }
  | { kind: 'branch'; condition: Value; taken: Target; next: Target }
  /** Goes on at `next` if the callee, a function or the kernel, returns there. */
  | { kind: 'call'; callee: { pc: number } | { address: Value } | 'kernel'; returnPc: number; next: Target }
  /** To an address known at run time; `known` are the blocks it is likely to be, with their addresses. */
  | { kind: 'indirect'; address: Value; known: readonly { pc: number; block: number }[] }
  /** Leaves to the cold tier before the instruction at `pc`. */
  | { kind: 'leave'; pc: number };

export interface Block {
  pc: number;
  instructions: Instruction[];
  ending: Ending;
}

export interface Region {
  blocks: Block[];
  /** Guest addresses covered, [start, end) of each run of instructions. */
  ranges: { start: number; end: number }[];
  /** Number of guest instructions. */
  size: number;
}

/** Regions stop growing at this many instructions. */
const SIZE_LIMIT = 1000;
/** A region may have so many instructions of others in it: small loops are to be in one piece. */
const OWN_SIZE = 60;
/** An indirect jump with more targets than this is not worth a switch. */
const TARGET_LIMIT = 256;

/**
 * The region around `entry`; undefined if not even its first instruction can be compiled. A large one leaves what
 * `isEntry` says is the entry of another to that: or programs would be compiled several times over.
 *
 * @param callsKernel the region makes system calls itself, else it leaves them to the cold tier
 */
export function formRegion(
  entry: number,
  arch: Architecture,
  fetch: Fetch,
  targetsOf: TargetsOf,
  isEntry: (pc: number) => boolean,
  callsKernel: boolean,
  sizeLimit: number = SIZE_LIMIT,
): Region | undefined {
  const code = new Map<number, { instruction: Instruction; flow: Flow }>();
  const leaders = new Set<number>([entry]);
  const work = [entry];
  // Breadth first: what is near the entry is in the region when the limit is reached.
  for (let at = 0; at < work.length; at++) {
    for (let pc = work[at]; !code.has(pc); ) {
      if (code.size >= sizeLimit || (pc !== entry && code.size >= OWN_SIZE && isEntry(pc))) break;
      const instruction = fetch(pc);
      if (!instruction) break;
      let { flow } = factsOf(arch, instruction.statements);
      if (flow.kind === 'syscall' && !callsKernel) flow = { kind: 'trap' };
      code.set(pc, { instruction, flow });
      const next = pc + instruction.length;
      const reach = (target: number) => {
        leaders.add(target);
        work.push(target);
      };
      if (flow.kind === 'next') {
        pc = next;
        continue;
      }
      if (flow.kind === 'branch') {
        reach(next);
        reach(pc + flow.offset);
      } else if (flow.kind === 'syscall') reach(next);
      else if (flow.kind === 'jump') reach(flow.link ? next : pc + flow.offset);
      else if (flow.kind === 'indirect') {
        if (flow.link) reach(next);
        else for (const target of targetsOf(pc, flow.address).slice(0, TARGET_LIMIT)) reach(target);
      }
      break;
    }
  }
  if (!code.has(entry)) return undefined;

  const indices = new Map<number, number>();
  const starts = [entry, ...[...leaders].filter((pc) => pc !== entry && code.has(pc))];
  for (const [index, pc] of starts.entries()) indices.set(pc, index);
  const targetAt = (pc: number): Target => {
    const block = indices.get(pc);
    return block === undefined ? { pc } : { block };
  };
  const blocks = starts.map((start): Block => {
    const instructions: Instruction[] = [];
    for (let pc = start; ; ) {
      const found = code.get(pc);
      if (!found || (pc !== start && indices.has(pc))) {
        return { pc: start, instructions, ending: { kind: 'goto', target: targetAt(pc) } };
      }
      const { instruction, flow } = found;
      const next = pc + instruction.length;
      if (flow.kind === 'trap') return { pc: start, instructions, ending: { kind: 'leave', pc } };
      instructions.push(instruction);
      if (flow.kind !== 'next') return { pc: start, instructions, ending: endingOf(flow, pc, next) };
      pc = next;
    }
  });
  function endingOf(flow: Exclude<Flow, { kind: 'next' | 'trap' }>, pc: number, next: number): Ending {
    switch (flow.kind) {
      case 'branch':
        return { kind: 'branch', condition: flow.condition, taken: targetAt(pc + flow.offset), next: targetAt(next) };
      case 'syscall':
        return { kind: 'call', callee: 'kernel', returnPc: next, next: targetAt(next) };
      case 'jump':
        if (!flow.link) return { kind: 'goto', target: targetAt(pc + flow.offset) };
        return { kind: 'call', callee: { pc: pc + flow.offset }, returnPc: next, next: targetAt(next) };
      case 'indirect': {
        if (flow.link) return { kind: 'call', callee: { address: flow.address }, returnPc: next, next: targetAt(next) };
        const known = targetsOf(pc, flow.address)
          .slice(0, TARGET_LIMIT)
          .flatMap((target) => (indices.has(target) ? [{ pc: target, block: indices.get(target) as number }] : []));
        return { kind: 'indirect', address: flow.address, known };
      }
    }
  }
  return { blocks, ranges: rangesOf([...code.values()].map((c) => c.instruction)), size: code.size };
}

function rangesOf(instructions: Instruction[]): Region['ranges'] {
  const ranges: Region['ranges'] = [];
  for (const { pc, length } of instructions.sort((a, b) => a.pc - b.pc)) {
    const last = ranges.at(-1);
    if (last && last.end === pc) last.end = pc + length;
    else ranges.push({ start: pc, end: pc + length });
  }
  return ranges;
}

/** The blocks that control can go to from a block, without repetition. */
export function successors({ ending }: Block): number[] {
  const blocksOf = (...targets: Target[]) => targets.flatMap((t) => ('block' in t ? [t.block] : []));
  switch (ending.kind) {
    case 'goto':
      return blocksOf(ending.target);
    case 'branch':
      return [...new Set(blocksOf(ending.taken, ending.next))];
    case 'call':
      return blocksOf(ending.next);
    case 'indirect':
      return [...new Set(ending.known.map(({ block }) => block))];
    case 'leave':
      return [];
  }
}

/** The numbers of the pages that a region has code in. */
export function pagesOf({ ranges }: { ranges: readonly { start: number; end: number }[] }): Set<number> {
  const pages = new Set<number>();
  for (const { start, end } of ranges) {
    for (let page = Math.floor(start / PAGE_SIZE); page * PAGE_SIZE < end; page++) pages.add(page);
  }
  return pages;
}
