/**
 * Compiles a region to one WebAssembly function: guest registers in locals,
 * control flow structured after the dominator tree (Ramsey, "Beyond Relooper",
 * 2022).
 *
 * The function takes the depth of region calls and an address that only
 * `missing` regions look at, and returns the guest address to go on at. Then the
 * state is in the cells again. TRANSLATOR.exit is not 0 if JavaScript must see
 * to something first.
 *
 * State is exact at every instruction that can fault: what is dirty is written
 * back before it, and `sites` tells the guest address from the trap's offset in
 * the module.
 */
import type { Architecture } from '../../cpu/arch.ts';
import type { Value } from '../../cpu/ir.ts';
import type { Operand } from '../../cpu/row.ts';
import { PROCESS_MEMORY_PAGES, STUB, THREAD_MEMORY_PAGES, TRANSLATOR, WINDOW_PAGES } from '../../host/layout.ts';
import { EXIT } from '../exit.ts';
import { Code, I64, ModuleEncoder, type ValType } from '../wasm/encoder.ts';
import { access, get, i32, i64 } from '../wasm/expr.ts';
import { type Helpers, ImportedHelpers } from '../wasm/helpers.ts';
import { Lowering, type Read, type Terminator, THREAD, type Write } from '../wasm/lower.ts';
import { REGION_PARAMETERS } from '../wasm/region-type.ts';
import { type Block, type Instruction, type Region, successors, type Target } from './graph.ts';
import { type Order, orderOf } from './order.ts';
import { canFault, planRegisters, type RegisterPlan, registerAt, registerOf, writeOf } from './registers.ts';

/** Region calls deeper than this return to the cold tier first: each is a frame on the host's stack. */
const DEPTH_LIMIT = 500;

/** The parameter that counts the depth. */
const DEPTH = 0;

/** A compiled region, not yet instantiated. */
export interface CompiledRegion {
  bytes: Uint8Array<ArrayBuffer>;
  /** Offsets in the module of what can trap, ascending, and the guest address of each. */
  sites: { offset: number; pc: number }[];
}

/** @param slotOf index in the table of regions for the region at an address, existing or to come */
export function compileRegion(
  arch: Architecture,
  region: Region,
  name: string,
  slotOf: (pc: number) => number,
): CompiledRegion {
  const order = orderRegion(region);
  const module = new ModuleEncoder();
  module.setName(name);
  module.importMemory('thread', { shared: false, address: 'i32', pages: THREAD_MEMORY_PAGES });
  module.importMemory('window', { shared: true, address: 'i64', pages: WINDOW_PAGES, atMost: true });
  module.importMemory('process', { shared: true, address: 'i32', pages: PROCESS_MEMORY_PAGES });
  module.importTable('regions');
  const helpers = new ImportedHelpers(module);
  const type = module.type(REGION_PARAMETERS, [I64]);
  const lowering = new RegionLowering(helpers, arch, region, order, planRegisters(arch, region), slotOf, type);
  lowering.compile();
  const index = module.addFunction(type, lowering.locals, lowering.code);
  module.exportFunction('region', index);
  const bytes = module.finish();
  const start = module.codeOffset(index);
  return { bytes, sites: lowering.sites.map(({ offset, pc }) => ({ offset: start + offset, pc })) };
}

/** Orders the blocks; an edge that makes a loop irreducible becomes an exit. */
function orderRegion(region: Region): Order {
  for (;;) {
    const order = orderOf(region.blocks.map(successors), switchTargets(region));
    if (!('irreducible' in order)) return order;
    const { from, to } = order.irreducible;
    const cut = (target: Target): Target =>
      'block' in target && target.block === to ? { pc: region.blocks[to].pc } : target;
    const { ending } = region.blocks[from];
    if (ending.kind === 'goto') ending.target = cut(ending.target);
    else if (ending.kind === 'call') ending.next = cut(ending.next);
    else if (ending.kind === 'branch') {
      ending.taken = cut(ending.taken);
      ending.next = cut(ending.next);
    } else if (ending.kind === 'indirect') ending.known = ending.known.filter(({ block }) => block !== to);
  }
}

/** Blocks that a switch jumps to: they need a label. */
const switchTargets = ({ blocks }: Region): number[] =>
  blocks.flatMap(({ ending }) => (ending.kind === 'indirect' ? ending.known.map(({ block }) => block) : []));

class RegionLowering extends Lowering {
  readonly locals: ValType[] = [];
  readonly sites: { offset: number; pc: number }[] = [];
  private readonly arch: Architecture;
  private readonly region: Region;
  private readonly order: Order;
  private readonly plan: RegisterPlan;
  private readonly slotOf: (pc: number) => number;
  private readonly type: number;
  private readonly registers = new Map<number, number>();
  /** Labels around the place of emission, innermost last: the block a branch to it leads to. */
  private readonly labels: { block: number; loop: boolean }[] = [];
  private freeTemps: Record<number, number[]> = {};
  private usedTemps: { type: ValType; local: number }[] = [];
  private dirty = 0n;
  private instruction: Instruction = { pc: 0, length: 0, statements: [] };

  constructor(
    helpers: Helpers,
    arch: Architecture,
    region: Region,
    order: Order,
    plan: RegisterPlan,
    slotOf: (pc: number) => number,
    type: number,
  ) {
    super(new Code(), helpers);
    this.arch = arch;
    this.region = region;
    this.order = order;
    this.plan = plan;
    this.slotOf = slotOf;
    this.type = type;
  }

  compile(): void {
    this.loadRegisters(this.plan.liveIn[0]);
    this.emitTree(0);
    this.code.op(0x00);
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
    this.dirty = this.plan.dirtyIn[index];
    for (const instruction of block.instructions) {
      this.instruction = instruction;
      for (const { type, local } of this.usedTemps) (this.freeTemps[type] ??= []).push(local);
      this.usedTemps = [];
      this.lower(instruction.statements, (statement) => {
        if (canFault(statement)) this.writeBack();
      });
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
        const { dirty } = this;
        code.if();
        this.labels.push({ block: -1, loop: false });
        this.emitGoto(index, ending.taken);
        code.end();
        this.labels.pop();
        this.dirty = dirty;
        this.emitGoto(index, ending.next);
        return;
      }
      case 'call':
        this.emitCall(index, ending);
        return;
      case 'indirect':
        this.emitIndirect(index, ending);
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
    const { block } = target;
    const { position, isMerge } = this.order;
    const backward = position[block] <= position[from];
    if (backward) this.emitPoll(this.region.blocks[block].pc);
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

  /** Leaves for a signal, to go on at `pc` after it. */
  private emitPoll(pc: number): void {
    const { code, dirty } = this;
    access(0x29, THREAD, STUB.limit, i32.const(0))(code);
    code.op(0x50).if();
    this.writeBack();
    this.emitLeave(EXIT.interrupt, pc);
    code.end();
    this.dirty = dirty;
  }

  private emitLeave(reason: number, pc: number): void {
    access(0x36, THREAD, TRANSLATOR.exit, i32.const(0), i32.const(reason))(this.code);
    this.code.i64(BigInt(pc)).return();
  }

  /** To the region at an address outside, if it exists and its time has not come to be interrupted. */
  private emitTailCall(pc: number): void {
    this.emitPoll(pc);
    this.code.localGet(DEPTH).i64(BigInt(pc)).i32(this.slotOf(pc)).returnCallIndirect(this.type);
  }

  private emitCall(index: number, ending: Block['ending'] & { kind: 'call' }): void {
    const { code } = this;
    const { callee, returnPc, next } = ending;
    const target = this.temp(I64);
    if ('address' in callee) code.localSet(target);
    this.writeBack();
    if ('pc' in callee) code.i64(BigInt(callee.pc)).localSet(target);
    i32.ge_u(get(DEPTH), i32.const(DEPTH_LIMIT))(code);
    code.if().localGet(target).return().end();
    code.localGet(DEPTH).i32(1).op(0x6a).localGet(target);
    if ('pc' in callee) code.i32(this.slotOf(callee.pc));
    else this.emitLookup(target);
    code.callIndirect(this.type).localTee(target).i64(BigInt(returnPc)).op(0x52);
    code.if().localGet(target).return().end();
    // A signal that came in meanwhile, or anything else, was noticed by the callee: it then returned early.
    access(0x28, THREAD, TRANSLATOR.exit, i32.const(0))(code);
    code.if().localGet(target).return().end();
    this.dirty = 0n;
    if ('block' in next) this.loadRegisters(this.plan.liveIn[next.block]);
    this.emitGoto(index, next);
  }

  private emitIndirect(index: number, ending: Block['ending'] & { kind: 'indirect' }): void {
    const { code } = this;
    const target = this.temp(I64);
    code.localSet(target);
    const { known } = ending;
    if (known.length > 0) this.emitSwitch(index, target, known);
    this.writeBack();
    if (this.isReturn(ending.address)) {
      code.localGet(target).return();
      return;
    }
    code.localGet(DEPTH).localGet(target);
    this.emitLookup(target);
    code.returnCallIndirect(this.type);
  }

  /** A jump table over the addresses seen, which lie close together; falls through for others. */
  private emitSwitch(index: number, target: number, known: readonly { pc: number; block: number }[]): void {
    const { code, dirty } = this;
    // Backward targets poll once for all, before the switch.
    if (known.some(({ block }) => this.order.position[block] <= this.order.position[index])) {
      access(0x29, THREAD, STUB.limit, i32.const(0))(code);
      code.op(0x50).if();
      this.writeBack();
      access(0x36, THREAD, TRANSLATOR.exit, i32.const(0), i32.const(EXIT.interrupt))(code);
      code.localGet(target).return().end();
      this.dirty = dirty;
    }
    const label = (block: number, extra: number): number =>
      this.depthOf(block, this.order.position[block] <= this.order.position[index]) + extra;
    const low = Math.min(...known.map(({ pc }) => pc));
    const high = Math.max(...known.map(({ pc }) => pc));
    if (known.length < 4 || high - low > SWITCH_RANGE) {
      for (const { pc, block } of known) {
        code.localGet(target).i64(BigInt(pc)).op(0x51).brIf(label(block, 0));
      }
      return;
    }
    code.block();
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
    code.brTable(depths, 0).end();
  }

  private isReturn(address: Value): boolean {
    if (address.kind === 'reg')
      return this.arch.linkRegisters.includes(8 * (registerOf(this.arch, address.operand) ?? -1));
    if (address.kind === 'cell') return this.arch.linkRegisters.includes(address.offset);
    return address.kind === 'op' && address.args.length > 0 && this.isReturn(address.args[0]);
  }

  /** Pushes the table index of the region at the address in a local, of the one that is always missing if none is there. */
  private emitLookup(target: number): void {
    this.code.localGet(target).call(this.helpers.index('region_at'));
  }

  // Registers.

  private local(register: number): number {
    let local = this.registers.get(register);
    if (local === undefined) this.registers.set(register, (local = this.addLocal(I64)));
    return local;
  }
  private addLocal(type: ValType): number {
    return REGION_PARAMETERS.length + this.locals.push(type) - 1;
  }
  private temp(type: ValType): number {
    return this.newLocal(type);
  }
  protected newLocal(type: ValType): number {
    const local = this.freeTemps[type]?.pop() ?? this.addLocal(type);
    this.usedTemps.push({ type, local });
    return local;
  }
  private loadRegisters(set: bigint): void {
    for (const register of members(set)) {
      access(0x29, THREAD, 8 * register, i32.const(0))(this.code);
      this.code.localSet(this.local(register));
    }
  }
  /** Writes the dirty registers to their cells. */
  private writeBack(): void {
    for (const register of members(this.dirty)) {
      access(0x37, THREAD, 8 * register, i32.const(0), get(this.local(register)))(this.code);
    }
    this.dirty = 0n;
  }

  // What the base class asks for.

  protected emitOperand({ value }: Operand): void {
    if (value === undefined) throw new Error('an operand without a value in a region');
    this.code.i64(BigInt(value));
  }
  protected emitReg(operand: Operand): void {
    const register = registerOf(this.arch, operand);
    if (register === undefined) this.code.i64(0n);
    else this.code.localGet(this.local(register));
  }
  protected emitSetReg(operand: Operand, emitValue: () => void): void {
    const register = registerOf(this.arch, operand);
    emitValue();
    if (register === undefined) {
      this.code.op(0x1a);
      return;
    }
    this.code.localSet(this.local(register));
    this.dirty |= 1n << BigInt(register);
  }
  protected override emitCell(offset: number, bytes: 4 | 8): void {
    const register = registerAt(this.arch, offset);
    if (register === undefined) super.emitCell(offset, bytes);
    else this.code.localGet(this.local(register));
  }
  protected override emitSetCell(offset: number, bytes: 4 | 8, emitValue: () => void): void {
    const register = registerAt(this.arch, offset);
    if (register === undefined) {
      super.emitSetCell(offset, bytes, emitValue);
      return;
    }
    emitValue();
    this.code.localSet(this.local(register));
    this.dirty |= 1n << BigInt(register);
  }
  protected mayChange(write: Write, read: Read): boolean {
    const written = writeOf(this.arch, write);
    const readRegister = read.kind === 'reg' ? registerOf(this.arch, read.operand) : registerAt(this.arch, read.offset);
    if (written !== 0n) return readRegister !== undefined && written === 1n << BigInt(readRegister);
    return write.kind === 'setCell' && read.kind === 'cell' && write.offset === read.offset;
  }
  protected emitPc(next: boolean): void {
    const { pc, length } = this.instruction;
    this.code.i64(BigInt(next ? pc + length : pc));
  }
  protected emitInstructions(): void {
    throw new Error('a region does not count instructions');
  }
  protected emitBeforeAccess(): void {
    this.sites.push({ offset: this.code.length, pc: this.instruction.pc });
  }
  protected emitRequire(): void {
    this.code.op(0x45).if();
    this.emitLeave(EXIT.again, this.instruction.pc);
    this.code.end();
  }
  protected emitAtomicCheck(): void {
    this.code.if();
    this.emitLeave(EXIT.again, this.instruction.pc);
    this.code.end();
  }
  protected emitTerminator(statement: Terminator): void {
    // Endings are emitted with the block; what they depend on is computed here, at its place among the statements.
    if (statement.kind === 'branch') this.emit(statement.condition);
    else if (statement.kind === 'jumpTo') this.emit(statement.address);
  }
}

/** Bytes of code that a jump table may span. */
const SWITCH_RANGE = 8192;

function* members(set: bigint): Generator<number> {
  for (let rest = set, register = 0; rest !== 0n; rest >>= 1n, register++) if ((rest & 1n) !== 0n) yield register;
}
