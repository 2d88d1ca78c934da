/**
 * Forms a region: the control-flow graph of the hot code around an entry.
 *
 * Blocks are found from the entry along branches, jumps and fall-throughs, as
 * far as the code has been executed: what never was is an exit. A call ends a
 * block, which goes on behind the call when the callee has returned. Small
 * functions that are called often are inlined: their blocks are there once for
 * each call, and what leaves them is a call itself.
 *
 * What always holds: block 0 is the entry, no two blocks of a function overlap,
 * and a target is a block of the region or an address outside of it.
 */
import type { Architecture, CodeEffect } from '../../cpu/arch.ts';
import type { Value } from '../../cpu/ir.ts';
import { PAGE_SIZE } from '../../host/layout.ts';
import { type Flow, factsOf } from './facts.ts';
import type { Order } from './order.ts';
import { registerOf } from './register-numbers.ts';
import { structure } from './structure.ts';

/** One guest instruction with its effect, operands as constants. */
export interface Instruction extends CodeEffect {
  pc: number;
}

/** Where it goes on behind an instruction. */
const nextOf = ({ pc, length, step = length }: Instruction): number => pc + step;

/** Decodes the instruction at an address; undefined if it was never executed or is not to be compiled. */
export type Fetch = (pc: number) => Instruction | undefined;
/** Addresses that the indirect jump at `pc` has gone to, the most frequent first. */
export type TargetsOf = (pc: number) => readonly number[];

/** Whether a jump to this address returns from a function: it comes from a link register, or where that is kept. */
export function isReturn(arch: Architecture, address: Value): boolean {
  const [cell, load] = [originOf(arch, address), loadOf(address)];
  if (cell !== undefined) return arch.linkRegisters.includes(cell);
  return load !== undefined && arch.returnStack !== undefined && originOf(arch, load.address) === arch.returnStack;
}

/** The cell of the register that a value is made of, with something done to it. */
function originOf(arch: Architecture, value: Value): number | undefined {
  if (value.kind === 'reg') return 8 * (registerOf(arch, value.operand) ?? -1);
  if (value.kind === 'cell') return value.offset;
  return value.kind === 'op' ? originOf(arch, value.args[0]) : undefined;
}

function loadOf(value: Value): (Value & { kind: 'load' }) | undefined {
  if (value.kind === 'load') return value;
  return value.kind === 'op' ? loadOf(value.args[0]) : undefined;
}

/** A block by its index, the dispatcher (structure.ts) with the address to go on at, or an address outside the region. */
export type Target = { block: number; at?: number } | { pc: number };

/** Addresses that a jump is likely to go to, with their blocks. */
export type Known = readonly { pc: number; block: number }[];

/** How a block ends. Values belong to the last instruction's statements. */
export type Ending =
  | { kind: 'goto'; target: Target }
  | { kind: 'branch'; condition: Value; taken: Target; next: Target }
  /** Goes on at `next` if the callee, a function or the kernel, returns there; at once with those that are `known`. */
  | { kind: 'call'; callee: Callee; returnPc: number; next: Target }
  /** To an address known at run time, through the dispatcher or not. */
  | { kind: 'indirect'; address: Value; known: Known; isDispatched?: boolean }
  /** The dispatcher: to the address that the region was entered with, or that who jumps here says. */
  | { kind: 'dispatch'; known: Known }
  /** Leaves to the cold tier before the instruction at `pc`. */
  | { kind: 'leave'; pc: number };

export type Callee = { pc: number } | { address: Value; known: Known } | 'kernel';

export interface Block {
  pc: number;
  instructions: Instruction[];
  ending: Ending;
  /** Of a function that is inlined: where it returns to. */
  returns?: Returns;
}

export interface Returns {
  pc: number;
  next: Target;
}

export interface Region {
  blocks: Block[];
  /** How the blocks follow each other; every loop has one entry. */
  order: Order;
  /** Addresses that it can be entered at, first the one it was formed for. */
  entries: number[];
  /** Guest addresses covered, [start, end) of each run of instructions. */
  ranges: { start: number; end: number }[];
  /** Number of guest instructions, those of inlined functions as often as they are inlined. */
  size: number;
}

/** Regions stop growing at this many instructions. */
const SIZE_LIMIT = 1000;
/** A region may have so many instructions of others in it: small loops are to be in one piece. */
const OWN_SIZE = 60;
/** An indirect jump with more targets than this is not worth a switch. */
const TARGET_LIMIT = 256;

/** Functions of at most so many instructions are inlined, */
const INLINE_SIZE = 60;
/** so deep within each other, */
const INLINE_DEPTH = 4;
/** and so many instructions in all. */
const INLINE_LIMIT = 250;
/** Of the functions that an indirect call has called so many are inlined. */
const INLINE_TARGETS = 2;

/** The code that regions are formed of. */
export interface CodeSource {
  arch: Architecture;
  fetch: Fetch;
  targetsOf: TargetsOf;
  /** Whether a region is there that begins at an address. */
  isEntry(pc: number): boolean;
  /** Whether the function at an address is called often. */
  isHot(pc: number): boolean;
}

export interface FormOptions {
  /** The region makes system calls itself, else it leaves them to the cold tier. */
  callsKernel: boolean;
  sizeLimit?: number;
}

/**
 * The region around `entry`; undefined if not even its first instruction can be compiled. A large one leaves what is the
 * entry of another to that: or programs would be compiled several times over.
 */
export function formRegion(entry: number, source: CodeSource, options: FormOptions): Region | undefined {
  const former = new RegionFormer(source, options);
  return former.collect(entry) ? former.region(entry) : undefined;
}

/** The function that the region begins in, or one that it calls and that is inlined, as far as it is in the region. */
interface Frame {
  code: Map<number, { instruction: Instruction; flow: Flow }>;
  leaders: Set<number>;
  /** The function it is called from, and where it returns to there. */
  caller?: { frame: Frame; pc: number };
  depth: number;
  /** What is inlined into it, by the addresses of the calls and of the functions. */
  inlined: Map<number, Map<number, Frame>>;
  /** Its blocks by their addresses. */
  blocks: Map<number, number>;
  returns?: Returns;
}

class RegionFormer {
  private readonly source: CodeSource;
  private readonly callsKernel: boolean;
  private readonly sizeLimit: number;
  /** In the order in which they were called. */
  private readonly frames: Frame[] = [];
  private readonly work: { frame: Frame; pc: number }[] = [];
  private size = 0;
  /** Instructions of functions that are inlined, collected or to come. */
  private inlinedSize = 0;
  private readonly blocks: Block[] = [];

  constructor(source: CodeSource, { callsKernel, sizeLimit = SIZE_LIMIT }: FormOptions) {
    this.source = source;
    this.callsKernel = callsKernel;
    this.sizeLimit = sizeLimit;
  }

  /** Finds the code from the entry on; false if there is none that can be compiled. */
  collect(entry: number): boolean {
    const root = this.addFrame();
    this.reach(root, entry);
    // Breadth first: what is near the entry is in the region when the limit is reached.
    for (let at = 0; at < this.work.length; at++) this.follow(this.work[at].frame, this.work[at].pc, entry);
    const first = root.code.get(entry);
    return first !== undefined && first.flow.kind !== 'trap';
  }

  private addFrame(caller?: Frame['caller']): Frame {
    const depth = caller === undefined ? 0 : caller.frame.depth + 1;
    const frame: Frame = { code: new Map(), leaders: new Set(), caller, depth, inlined: new Map(), blocks: new Map() };
    this.frames.push(frame);
    return frame;
  }

  private reach(frame: Frame, pc: number): void {
    frame.leaders.add(pc);
    this.work.push({ frame, pc });
  }

  /** Collects a function's code from an address to the next jump, and what is reached by that. */
  private follow(frame: Frame, start: number, entry: number): void {
    const { code } = frame;
    for (let pc = start; !code.has(pc); ) {
      const isOthers = frame.depth === 0 && pc !== entry && this.size >= OWN_SIZE && this.source.isEntry(pc);
      if (this.size >= this.sizeLimit || isOthers) return;
      const instruction = this.source.fetch(pc);
      if (!instruction) return;
      const flow = this.flowOf(instruction);
      code.set(pc, { instruction, flow });
      this.size++;
      const next = nextOf(instruction);
      if (flow.kind !== 'next') {
        for (const target of this.targetsOf(flow, pc, next)) this.reach(frame, target);
        this.inline(frame, flow, pc, next);
        return;
      }
      pc = next;
    }
  }

  private flowOf({ statements }: Instruction): Flow {
    const { flow } = factsOf(this.source.arch, statements);
    return flow.kind === 'syscall' && !this.callsKernel ? { kind: 'trap' } : flow;
  }

  /** Where a jump leads within its function. */
  private targetsOf(flow: Flow, pc: number, next: number): readonly number[] {
    switch (flow.kind) {
      case 'branch':
        return [next, pc + flow.offset];
      case 'syscall':
      case 'next':
        return [next];
      case 'jump':
        return [flow.link ? next : pc + flow.offset];
      case 'indirect':
        return flow.link ? [next] : this.seen(flow.address, pc);
      case 'trap':
        return [];
    }
  }

  /** Where an indirect jump has gone to; nowhere for a return. */
  private seen(address: Value, pc: number): readonly number[] {
    const { arch, targetsOf } = this.source;
    return isReturn(arch, address) ? [] : targetsOf(pc).slice(0, TARGET_LIMIT);
  }

  /** Inlines what is called at `pc`, if it is worth it. */
  private inline(frame: Frame, flow: Flow, pc: number, next: number): void {
    if ((flow.kind !== 'jump' && flow.kind !== 'indirect') || !flow.link || frame.depth >= INLINE_DEPTH) return;
    const callees = flow.kind === 'jump' ? [pc + flow.offset] : this.source.targetsOf(pc).slice(0, INLINE_TARGETS);
    for (const callee of callees) {
      const size = this.source.isHot(callee) ? this.sizeOf(callee) : undefined;
      if (size === undefined || this.inlinedSize + size > INLINE_LIMIT) continue;
      this.inlinedSize += size;
      const inlined = this.addFrame({ frame, pc: next });
      const there = frame.inlined.get(pc);
      if (there) there.set(callee, inlined);
      else frame.inlined.set(pc, new Map([[callee, inlined]]));
      this.reach(inlined, callee);
    }
  }

  /** How many instructions a function has; undefined if it is too large to be inlined, or does not return. */
  private sizeOf(callee: number): number | undefined {
    const seen = new Set<number>();
    let returns = false;
    const work = [callee];
    for (let pc = work.pop(); pc !== undefined; pc = work.pop()) {
      if (seen.has(pc)) continue;
      const instruction = this.source.fetch(pc);
      // What was never executed is not in the way.
      if (!instruction) continue;
      seen.add(pc);
      if (seen.size > INLINE_SIZE) return undefined;
      const flow = this.flowOf(instruction);
      if (flow.kind === 'indirect' && isReturn(this.source.arch, flow.address)) returns = true;
      work.push(...this.targetsOf(flow, pc, nextOf(instruction)));
    }
    return returns ? seen.size : undefined;
  }

  /** What was collected, as blocks. */
  region(entry: number): Region {
    // The numbers of all blocks first: their endings name them.
    let count = 0;
    for (const { leaders, code, blocks } of this.frames) {
      for (const pc of leaders) if (code.has(pc)) blocks.set(pc, count++);
    }
    this.blocks.length = count;
    for (const frame of this.frames) {
      const { caller } = frame;
      if (caller) frame.returns = { pc: caller.pc, next: this.targetAt(caller.frame, caller.pc) };
      for (const [pc, block] of frame.blocks) this.blocks[block] = this.blockAt(frame, pc);
    }
    const code = new Map<number, Instruction>();
    for (const frame of this.frames) for (const [pc, { instruction }] of frame.code) code.set(pc, instruction);
    const { blocks, size } = this;
    const order = structure(blocks);
    const others = blocks[0].ending.kind === 'dispatch' ? blocks[0].ending.known.map(({ pc }) => pc) : [];
    return { blocks, order, entries: [...new Set([entry, ...others])], ranges: rangesOf([...code.values()]), size };
  }

  private targetAt(frame: Frame, pc: number): Target {
    const block = frame.blocks.get(pc);
    return block === undefined ? exitTo(pc, frame.returns, this.blocks) : { block };
  }

  private blockAt(frame: Frame, start: number): Block {
    const { code, blocks, returns } = frame;
    const instructions: Instruction[] = [];
    const block = (ending: Ending): Block => ({ pc: start, instructions, ending, returns });
    for (let pc = start; ; ) {
      const found = code.get(pc);
      if (!found || (pc !== start && blocks.has(pc))) {
        return block({ kind: 'goto', target: this.targetAt(frame, pc) });
      }
      const { instruction, flow } = found;
      if (flow.kind === 'trap') return block({ kind: 'leave', pc });
      instructions.push(instruction);
      const next = nextOf(instruction);
      if (flow.kind !== 'next') return block(this.endingOf(frame, flow, pc, next));
      pc = next;
    }
  }

  private endingOf(frame: Frame, flow: Exclude<Flow, { kind: 'next' | 'trap' }>, pc: number, next: number): Ending {
    const to = (target: number) => this.targetAt(frame, target);
    switch (flow.kind) {
      case 'branch':
        return { kind: 'branch', condition: flow.condition, taken: to(pc + flow.offset), next: to(next) };
      case 'syscall':
        return { kind: 'call', callee: 'kernel', returnPc: next, next: to(next) };
      case 'jump': {
        const callee = pc + flow.offset;
        if (!flow.link) return { kind: 'goto', target: to(callee) };
        const [inlined] = this.inlinedAt(frame, pc);
        if (inlined) return { kind: 'goto', target: { block: inlined.block } };
        return { kind: 'call', callee: { pc: callee }, returnPc: next, next: to(next) };
      }
      case 'indirect': {
        const { address } = flow;
        if (flow.link) {
          const callee = { address, known: this.inlinedAt(frame, pc) };
          return { kind: 'call', callee, returnPc: next, next: to(next) };
        }
        return this.jump(frame, address, pc);
      }
    }
  }

  /** The functions that are inlined at a call. */
  private inlinedAt(frame: Frame, pc: number): Known {
    return this.knownOf([...(frame.inlined.get(pc) ?? [])].map(([callee, { blocks }]) => [callee, blocks.get(callee)]));
  }

  private knownOf(found: [pc: number, block: number | undefined][]): Known {
    return found.flatMap(([pc, block]) => (block === undefined ? [] : [{ pc, block }]));
  }

  /** An indirect jump, or a return. */
  private jump({ blocks, returns }: Frame, address: Value, pc: number): Ending {
    if (returns !== undefined && isReturn(this.source.arch, address)) {
      return { kind: 'indirect', address, known: [{ pc: returns.pc, block: blockOf(returns.next, this.blocks) }] };
    }
    const known = this.knownOf(this.seen(address, pc).map((to) => [to, blocks.get(to)]));
    if (returns === undefined) return { kind: 'indirect', address, known };
    return { kind: 'call', callee: { address, known }, returnPc: returns.pc, next: returns.next };
  }
}

/**
 * The way to an address that is not in the region. Out of a function that is inlined it is a call: whoever goes on there
 * returns to the region.
 *
 * @param blocks of the region; there may be one more afterwards
 */
export function exitTo(pc: number, returns: Returns | undefined, blocks: Block[]): Target {
  if (returns === undefined) return { pc };
  const ending: Ending = { kind: 'call', callee: { pc }, returnPc: returns.pc, next: returns.next };
  return { block: blocks.push({ pc, instructions: [], ending, returns }) - 1 };
}

/** A block for a target. */
function blockOf(target: Target, blocks: Block[]): number {
  if ('block' in target) return target.block;
  return blocks.push({ pc: target.pc, instructions: [], ending: { kind: 'goto', target } }) - 1;
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

const blocksOf = (...targets: Target[]): number[] => targets.flatMap((t) => ('block' in t ? [t.block] : []));

/** The blocks that a block jumps to by their addresses. */
export function knownOf({ ending }: Block): Known {
  if (ending.kind === 'indirect' || ending.kind === 'dispatch') return ending.known;
  return ending.kind === 'call' && ending.callee !== 'kernel' && 'known' in ending.callee ? ending.callee.known : [];
}

const knownBlocks = (block: Block): number[] => [...new Set(knownOf(block).map((known) => known.block))];

/** The blocks that a block jumps to within its region, without repetition: registers stay in their locals. */
export function jumpsOf(block: Block): number[] {
  const { ending } = block;
  switch (ending.kind) {
    case 'goto':
      return blocksOf(ending.target);
    case 'branch':
      return [...new Set(blocksOf(ending.taken, ending.next))];
    case 'indirect':
      if (ending.isDispatched) return [0];
      return knownBlocks(block);
    case 'call':
    case 'dispatch':
      return knownBlocks(block);
    case 'leave':
      return [];
  }
}

/** The blocks that control can go to from a block, without repetition: those it jumps to, and where its call returns to. */
export function successors(block: Block): number[] {
  const { ending } = block;
  return ending.kind === 'call' ? [...new Set([...jumpsOf(block), ...blocksOf(ending.next)])] : jumpsOf(block);
}

/** The numbers of the pages that a region has code in. */
export function pagesOf({ ranges }: { ranges: readonly { start: number; end: number }[] }): Set<number> {
  const pages = new Set<number>();
  for (const { start, end } of ranges) {
    for (let page = Math.floor(start / PAGE_SIZE); page * PAGE_SIZE < end; page++) pages.add(page);
  }
  return pages;
}

/** Changes where a block ends in going to. */
export function mapTargets(ending: Ending, map: (target: Target) => Target): void {
  if (ending.kind === 'goto') ending.target = map(ending.target);
  else if (ending.kind === 'call') ending.next = map(ending.next);
  else if (ending.kind === 'branch') {
    ending.taken = map(ending.taken);
    ending.next = map(ending.next);
  }
}
