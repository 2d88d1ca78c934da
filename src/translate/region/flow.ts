/**
 * The part of a region's compiler that knows no registers: control flow,
 * structured after the dominator tree (Ramsey, "Beyond Relooper", 2022), and
 * the ways out of a region.
 */
import type { Architecture } from '../../cpu/arch.ts';
import type { Operand } from '../../cpu/row.ts';
import { JUMP_CACHE, PROCESS_MEMORY_PAGES, STUB, THREAD_MEMORY_PAGES, TRANSLATOR } from '../../host/layout.ts';
import { EXIT } from '../exit.ts';
import { Code, I32, I64, ModuleEncoder, type ValType } from '../wasm/encoder.ts';
import { access, type Expr, get, i32, i64, set } from '../wasm/expr.ts';
import { type Helpers, ImportedHelpers, jumpCacheEntry } from '../wasm/helpers.ts';
import { Lowering, type Read, type Terminator, type Write } from '../wasm/lower.ts';
import { THREAD, windowType } from '../wasm/memories.ts';
import { LEAVING, REGION_PARAMETERS, REGION_TABLE_LEAST, REGION_TABLE_MOST } from '../wasm/region-type.ts';
import { factsOf } from './facts.ts';
import { type Block, type Instruction, isReturn, type Known, type Region, type Target } from './graph.ts';
import type { Order } from './order.ts';
import { registerAt, registerOf, writeOf } from './register-numbers.ts';
import { spread } from './spread.ts';

/**
 * Region calls deeper than this return to the cold tier first: each is a frame on the host's stack, of which V8 uses
 * 984 KB. A frame is counted with its return address, what V8 keeps there, and one word for each register in it.
 */
const DEPTH_LIMIT = 50_000;
const FRAME_LEAST = 24;

/** Indices in a region's module of the thread memory, the window and the process memory. */
const MEMORIES = [1, 0, 2];

/** The parameter that counts the depth, and the one that the dispatcher goes by. */
export const DEPTH = 0;
export const PC = 1;

/** Bytes of code that a jump table may span. */
const SWITCH_RANGE = 8192;

export type Sites = Float64Array;

/** A compiled region, not yet instantiated. */
export interface CompiledRegion {
  bytes: Uint8Array<ArrayBuffer>;
  /** Offsets in the module of what can trap, ascending, each followed by the guest address there. */
  sites: Sites;
}

/** A module for one region: what it imports. */
export interface RegionModule {
  module: ModuleEncoder;
  /** Of a region's function. */
  type: number;
  helpers: Helpers;
}

export function regionModule(arch: Architecture, name: string): RegionModule {
  const module = new ModuleEncoder();
  module.setName(name);
  // Memory 0 is the one whose start V8 keeps in a register.
  module.importMemory('window', windowType(arch));
  module.importMemory('thread', { shared: false, address: 'i32', pages: THREAD_MEMORY_PAGES });
  module.importMemory('process', { shared: true, address: 'i32', pages: PROCESS_MEMORY_PAGES });
  const type = module.type(REGION_PARAMETERS, [I64]);
  module.importTable('regions', type, REGION_TABLE_LEAST, REGION_TABLE_MOST);
  return { module, type, helpers: new ImportedHelpers(module) };
}

export interface FlowParts extends Omit<RegionModule, 'module'> {
  arch: Architecture;
  region: Region;
  /** Index in the table of regions for the region at an address, existing or to come. */
  slotOf: (pc: number) => number;
}

export abstract class FlowLowering extends Lowering {
  readonly locals: ValType[] = [];
  private readonly sites: number[] = [];
  readonly arch: Architecture;
  protected readonly region: Region;
  protected readonly order: Order;
  private readonly slotOf: (pc: number) => number;
  private readonly type: number;
  /** Labels around the place of emission, innermost last: the block a branch to it leads to. */
  private readonly labels: { block: number; loop: boolean }[] = [];
  private freeTemps: Record<number, number[]> = {};
  private usedTemps: { type: ValType; local: number }[] = [];
  protected instruction: Instruction = { pc: 0, length: 0, statements: [] };

  constructor({ helpers, arch, region, slotOf, type }: FlowParts) {
    super(new Code(MEMORIES), helpers, arch);
    this.arch = arch;
    this.region = region;
    this.order = region.order;
    this.slotOf = slotOf;
    this.type = type;
  }

  /** Compiles the region, as the function `region` of the module, with a name for profilers. */
  compile(module: ModuleEncoder, name?: string): CompiledRegion {
    this.emitEntry();
    this.emitTree(0);
    this.code.op(0x00);
    const index = module.addFunction(this.type, this.locals, this.code);
    module.exportFunction('region', index);
    if (name !== undefined) module.nameFunction(index, name);
    const locals = this.localNames?.();
    if (locals) module.nameLocals(index, locals);
    const bytes = module.finish();
    const start = module.codeOffset(index);
    return { bytes, sites: Float64Array.from(this.sites, (value, i) => (i % 2 === 0 ? start + value : value)) };
  }

  /** Names of locals for readers of the module; undefined: there are no readers. */
  protected localNames?(): Map<number, string> | undefined;

  protected abstract emitEntry(): void;
  protected abstract startBlock(block: number): void;
  protected abstract emitInstruction(instruction: Instruction): void;
  /** What is known of registers here; the result makes it so again. */
  protected abstract snapshot(): () => void;
  /** Brings the cells up to date. */
  protected abstract writeBack(): void;
  /** Before an edge to a block of the region. */
  protected abstract prepareEdge(block: number): void;
  /** After a call has returned where it should: nothing is known of registers. */
  protected abstract emitReturned(returnPc: number, next: Target): void;
  /** Leaves if there is a reason to, to go on at `pc`, which may be the start of a block of the region. */
  protected abstract emitPoll(pc: number, block?: number): void;
  /** The same for the address of a switch. */
  protected abstract emitSwitchPoll(pc: Expr): void;
  /** Words of the host's stack that the function may need for its locals. */
  protected abstract readonly frameWords: number;

  protected startInstruction(instruction: Instruction): void {
    this.instruction = instruction;
    for (const { type, local } of this.usedTemps) (this.freeTemps[type] ??= []).push(local);
    this.usedTemps = [];
  }

  addLocal(type: ValType): number {
    return REGION_PARAMETERS.length + this.locals.push(type) - 1;
  }
  newLocal(type: ValType): number {
    const local = this.freeTemps[type]?.pop() ?? this.addLocal(type);
    this.usedTemps.push({ type, local });
    return local;
  }

  // Structure: each block's code, then, nested in blocks so that they can be branched to, what it dominates.

  private emitTree(block: number): void {
    const merges = this.order.children[block].filter((child) => this.order.isMerge[child]).reverse();
    const isLoop = this.order.isLoopHeader[block];
    if (isLoop) {
      this.code.loop();
      this.labels.push({ block, loop: true });
    }
    for (const merge of merges) {
      this.code.block();
      this.labels.push({ block: merge, loop: false });
    }
    this.startBlock(block);
    this.emitBlock(block);
    for (const merge of merges.reverse()) {
      this.code.end();
      this.labels.pop();
      this.emitTree(merge);
    }
    if (isLoop) {
      this.code.end();
      this.labels.pop();
    }
  }

  private emitBlock(index: number): void {
    const block = this.region.blocks[index];
    for (const instruction of block.instructions) {
      this.startInstruction(instruction);
      this.emitInstruction(instruction);
    }
    this.emitEnding(index, block);
  }

  private emitEnding(index: number, { ending }: Block): void {
    const { code } = this;
    switch (ending.kind) {
      case 'goto':
        this.emitGoto(index, ending.target);
        return;
      case 'branch': {
        // The condition was lowered as the last statement and is on the stack.
        const restore = this.snapshot();
        code.if();
        this.labels.push({ block: -1, loop: false });
        this.emitGoto(index, ending.taken);
        code.end();
        this.labels.pop();
        restore();
        this.emitGoto(index, ending.next);
        return;
      }
      case 'call':
        this.emitCall(index, ending);
        return;
      case 'indirect':
        this.emitIndirect(index, ending);
        return;
      case 'dispatch':
        this.emitSwitch(index, PC, ending.known);
        this.writeBack();
        this.emitTailCallTo(PC);
        return;
      case 'leave':
        this.writeBack();
        code.i64(BigInt(ending.pc)).return();
        return;
    }
  }

  private emitGoto(from: number, target: Target): void {
    if (!('block' in target)) {
      this.writeBack();
      this.emitTailCall(target.pc);
      return;
    }
    const { block, at } = target;
    const { position, isMerge } = this.order;
    const backward = position[block] <= position[from];
    if (backward) this.emitPoll(at ?? this.region.blocks[block].pc, block);
    this.prepareEdge(block);
    if (at !== undefined) this.code.i64(BigInt(at)).localSet(PC);
    if (backward || isMerge[block]) this.code.br(this.depthOf(block, backward));
    else this.emitTree(block);
  }

  private depthOf(block: number, loop: boolean): number {
    for (let depth = 0; ; depth++) {
      const label = this.labels[this.labels.length - 1 - depth];
      if (!label) throw new Error(`no label for block ${block}`);
      if (label.block === block && label.loop === loop) return depth;
    }
  }

  protected emitLeave(reason: number, pc: number | Expr): void {
    const { code } = this;
    access(0x36, THREAD, TRANSLATOR.exit, i32.const(0), i32.const(reason))(code);
    if (typeof pc === 'number') code.i64(BigInt(pc) ^ LEAVING);
    else i64.xor(pc, (c) => c.i64(LEAVING))(code);
    code.return();
  }

  /** To the region at an address outside, if it exists and its time has not come to be interrupted. */
  private emitTailCall(pc: number): void {
    this.emitPoll(pc);
    this.code.localGet(DEPTH).i64(BigInt(pc)).i32(this.slotOf(pc)).returnCallIndirect(this.type);
  }

  private emitCall(index: number, ending: Block['ending'] & { kind: 'call' }): void {
    const { code } = this;
    const { callee, returnPc, next } = ending;
    if (callee === 'kernel') {
      this.writeBack();
      code.call(this.helpers.index('syscall')).unlikelyIf();
      this.emitLeave(EXIT.syscall, returnPc);
      code.end();
      this.emitReturned(returnPc, next);
      this.emitGoto(index, next);
      return;
    }
    const target = this.newLocal(I64);
    if ('address' in callee) {
      code.localSet(target);
      this.emitSwitch(index, target, callee.known);
    }
    this.writeBack();
    if ('pc' in callee) code.i64(BigInt(callee.pc)).localSet(target);
    i32.ge_u(get(DEPTH), i32.const(DEPTH_LIMIT))(code);
    code.unlikelyIf().localGet(target).return().end();
    code
      .localGet(DEPTH)
      .i32(FRAME_LEAST + this.frameWords)
      .op(0x6a)
      .localGet(target);
    if ('pc' in callee) code.i32(this.slotOf(callee.pc));
    else this.emitLookup(target);
    code.callIndirect(this.type).localTee(target).i64(BigInt(returnPc)).op(0x52);
    code.unlikelyIf().localGet(target).return().end();
    this.emitReturned(returnPc, next);
    this.emitGoto(index, next);
  }

  private emitIndirect(index: number, { address, known, isDispatched }: Block['ending'] & { kind: 'indirect' }): void {
    const { code } = this;
    if (isDispatched) {
      code.localSet(PC);
      this.emitSwitchPoll(get(PC));
      this.prepareEdge(0);
      code.br(this.depthOf(0, true));
      return;
    }
    const target = this.newLocal(I64);
    code.localSet(target);
    this.emitSwitch(index, target, known);
    this.writeBack();
    if (isReturn(this.arch, address)) code.localGet(target).return();
    else this.emitTailCallTo(target);
  }

  /** To the region at the address in a local. */
  private emitTailCallTo(target: number): void {
    this.code.localGet(DEPTH).localGet(target);
    this.emitLookup(target);
    this.code.returnCallIndirect(this.type);
  }

  /** A jump table over the addresses seen, which lie close together; falls through for others. */
  private emitSwitch(index: number, target: number, known: Known): void {
    if (known.length === 0) return;
    const { code } = this;
    for (const { block } of known) this.prepareEdge(block);
    // Backward targets poll once for all, before the switch.
    if (known.some(({ block }) => this.order.position[block] <= this.order.position[index])) {
      this.emitSwitchPoll(get(target));
    }
    const label = (block: number, extra: number): number =>
      this.depthOf(block, this.order.position[block] <= this.order.position[index]) + extra;
    if (known.length < 4) {
      for (const { pc, block } of known) {
        code.localGet(target).i64(BigInt(pc)).op(0x51).brIf(label(block, 0));
      }
      return;
    }
    const low = Math.min(...known.map(({ pc }) => pc));
    const high = Math.max(...known.map(({ pc }) => pc));
    code.block();
    if (high - low <= SWITCH_RANGE) {
      const byPc = new Map(known.map(({ pc, block }) => [pc, block]));
      const depths: number[] = [];
      for (let pc = low; pc <= high; pc += 2) {
        const block = byPc.get(pc);
        depths.push(block === undefined ? 0 : label(block, 1));
      }
      // A far target must not alias a near one when the index is cut to 32 bits.
      i64.ge_u(i64.sub(get(target), i64.const(low)), i64.const(high - low + 1))(code);
      code.brIf(0);
      i32.shr_u(i32.wrap(i64.sub(get(target), i64.const(low))), i32.const(1))(code);
      code.brTable(depths, 0);
    } else {
      const { factor, shift, places } = spread(known.map(({ pc }) => pc));
      for (const _ of known) code.block();
      i32.shr_u(i32.mul(i32.wrap(get(target)), i32.const(factor)), i32.const(shift))(code);
      code.brTable(
        places.map((place) => place ?? known.length),
        known.length,
      );
      for (const [place, { pc, block }] of known.entries()) {
        code.end();
        code
          .localGet(target)
          .i64(BigInt(pc))
          .op(0x52)
          .brIf(known.length - 1 - place);
        code.br(label(block, known.length - place));
      }
    }
    code.end();
  }

  /** Pushes the table index of the region at the address in a local, of the one that is always missing if none is there. */
  private emitLookup(target: number): void {
    const entry = this.newLocal(I32);
    set(entry, jumpCacheEntry(get(target)))(this.code);
    i64.eq(access(0x29, THREAD, JUMP_CACHE.start, get(entry)), get(target))(this.code);
    this.code.if(I32);
    access(0x28, THREAD, JUMP_CACHE.start + 8, get(entry))(this.code);
    this.code.else().localGet(target).call(this.helpers.index('region_at')).end();
  }

  /** Leaves if the time slice is over or a signal waits. */
  protected emitInterruptTest(): void {
    access(0x29, THREAD, STUB.limit, i32.const(0))(this.code);
    this.code.op(0x50).unlikelyIf();
  }

  // What the base class asks for.

  protected emitOperand({ value }: Operand): void {
    if (value === undefined) throw new Error('an operand without a value in a region');
    this.code.i64(BigInt(value));
  }
  protected emitBeforeAccess(): void {
    this.sites.push(this.code.length, this.instruction.pc);
  }
  protected mayChange(write: Write, read: Read): boolean {
    const written = writeOf(this.arch, write);
    const readRegister = read.kind === 'reg' ? registerOf(this.arch, read.operand) : registerAt(this.arch, read.offset);
    if (written !== undefined) return readRegister === written;
    return write.kind === 'setCell' && read.kind === 'cell' && write.offset === read.offset;
  }
  protected emitTerminator(statement: Terminator): void {
    // Endings are emitted with the block; what they depend on is computed here, at its place among the statements.
    if (statement.kind === 'branch') this.emit(statement.condition);
    else if (statement.kind === 'jumpTo' && factsOf(this.arch, this.instruction.statements).flow.kind === 'indirect') {
      this.emit(statement.address);
    }
  }
  protected emitPc(next: boolean): void {
    const { pc, length } = this.instruction;
    this.code.i64(BigInt(next ? pc + length : pc));
  }
  protected emitInstructions(): void {
    throw new Error('a region does not count instructions');
  }
}
