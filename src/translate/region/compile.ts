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
 * `sites` tells the guest address of a fault from the trap's offset in the
 * module. With `precise` the state is exact there: what is dirty is written back
 * before every instruction that can fault. That costs up to a third of the
 * speed, so it is done only if somebody can see the state.
 */
import type { Architecture } from '../../cpu/arch.ts';
import type { Statement, Value } from '../../cpu/ir.ts';
import type { Operand } from '../../cpu/row.ts';
import {
  JUMP_CACHE,
  PAGE_SIZE,
  PROCESS_MEMORY_PAGES,
  STUB,
  THREAD_MEMORY_PAGES,
  TRANSLATOR,
  WINDOW_PAGES,
} from '../../host/layout.ts';
import { EXIT } from '../exit.ts';
import { Code, F32, F64, I32, I64, ModuleEncoder, type ValType } from '../wasm/encoder.ts';
import { access, f32, get, i32, i64, set } from '../wasm/expr.ts';
import { type Helpers, ImportedHelpers, jumpCacheEntry } from '../wasm/helpers.ts';
import { type FpValue, Lowering, type Read, type Terminator, THREAD, WINDOW, type Write } from '../wasm/lower.ts';
import { LEAVING, REGION_PARAMETERS, REGION_TABLE_SIZE } from '../wasm/region-type.ts';
import { FloatLowering, modeOf } from './float.ts';
import { type Block, type Instruction, isReturn, type Region, successors, type Target } from './graph.ts';
import { type Order, orderOf } from './order.ts';
import { isFloat, registerAt, registerOf, writeOf } from './register-numbers.ts';
import { canFault, planRegisters, type RegisterPlan } from './registers.ts';
import { BOX, Words } from './words.ts';

/**
 * Region calls deeper than this return to the cold tier first: each is a frame on the host's stack, of which V8 uses
 * 984 KB. A frame is counted with its return address, what V8 keeps there, and one word for each register in it.
 */
const DEPTH_LIMIT = 50_000;
const FRAME_LEAST = 24;

/** Indices in a region's module of the thread memory, the window and the process memory. */
const MEMORIES = [1, 0, 2];

/** The parameter that counts the depth. */
const DEPTH = 0;

/** A compiled region, not yet instantiated. */
export interface CompiledRegion {
  bytes: Uint8Array<ArrayBuffer>;
  /** Offsets in the module of what can trap, ascending, and the guest address of each. */
  sites: { offset: number; pc: number }[];
}

/** What to put into a module's name section. */
export interface RegionNames {
  function?: string;
  /** Guest registers by their names. */
  locals?: boolean;
}

/** What the code depends on. */
export interface CodeOptions {
  /** The state must be exact at faults. */
  precise: boolean;
  /** The host's relaxed multiply-add rounds once. */
  fused: boolean;
  /**
   * By bank, the registers that may be assumed to hold words at the entry; if one does not, the region leaves with
   * EXIT.assumption.
   */
  assumable: Int32Array;
}

/**
 * @param slotOf index in the table of regions for the region at an address, existing or to come
 * @param names for readers and profilers
 */
export function compileRegion(
  arch: Architecture,
  region: Region,
  name: string,
  slotOf: (pc: number) => number,
  options: CodeOptions,
  names?: RegionNames,
): CompiledRegion {
  const order = orderRegion(region);
  const module = new ModuleEncoder();
  module.setName(name);
  // Memory 0 is the one whose start V8 keeps in a register.
  module.importMemory('window', { shared: true, address: 'i64', pages: WINDOW_PAGES, atMost: true });
  module.importMemory('thread', { shared: false, address: 'i32', pages: THREAD_MEMORY_PAGES });
  module.importMemory('process', { shared: true, address: 'i32', pages: PROCESS_MEMORY_PAGES });
  const type = module.type(REGION_PARAMETERS, [I64]);
  module.importTable('regions', type, REGION_TABLE_SIZE);
  const helpers = new ImportedHelpers(module);
  const plan = planRegisters(arch, region, order.position, {
    precise: options.precise,
    assumable: options.assumable,
    canLeave: sideExits(arch, region),
  });
  const lowering = new RegionLowering({ helpers, arch, region, order, plan, slotOf, type, options });
  lowering.compile();
  const index = module.addFunction(type, lowering.locals, lowering.code);
  module.exportFunction('region', index);
  if (names?.function !== undefined) module.nameFunction(index, names.function);
  if (names?.locals) module.nameLocals(index, lowering.localNames());
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

interface Parts {
  helpers: Helpers;
  arch: Architecture;
  region: Region;
  order: Order;
  plan: RegisterPlan;
  slotOf: (pc: number) => number;
  /** Of a region's function. */
  type: number;
  options: CodeOptions;
}

class RegionLowering extends Lowering {
  readonly locals: ValType[] = [];
  readonly sites: { offset: number; pc: number }[] = [];
  readonly arch: Architecture;
  private readonly region: Region;
  private readonly order: Order;
  private readonly plan: RegisterPlan;
  private readonly slotOf: (pc: number) => number;
  private readonly type: number;
  private readonly precise: boolean;
  private readonly float: FloatLowering | undefined;
  /** Locals of registers, as i64 or f64, and as i32 or f32 of those that are words. */
  private readonly registers: number[] = [];
  private readonly words32: number[] = [];
  /** Labels around the place of emission, innermost last: the block a branch to it leads to. */
  private readonly labels: { block: number; loop: boolean }[] = [];
  private freeTemps: Record<number, number[]> = {};
  private usedTemps: { type: ValType; local: number }[] = [];
  /** Registers that are dirty here, by bank. */
  private readonly dirty: Int32Array;
  /** Registers that are words here: their value is in their i32 local. */
  private readonly words: Words;
  private readonly mode: DynamicMode | undefined;
  private instruction: Instruction = { pc: 0, length: 0, statements: [] };

  constructor({ helpers, arch, region, order, plan, slotOf, type, options }: Parts) {
    super(new Code(MEMORIES), helpers);
    this.arch = arch;
    this.region = region;
    this.order = order;
    this.plan = plan;
    this.slotOf = slotOf;
    this.type = type;
    this.precise = options.precise;
    this.dirty = new Int32Array(plan.banks);
    this.words = new Words(arch, new Int32Array(plan.banks));
    this.mode = dynamicModeOf(arch, region);
    if (usesFloat(region)) this.float = new FloatLowering(this, this.addLocal(I32), options.fused);
  }

  compile(): void {
    const { plan, region } = this;
    this.reloadFloat(region.blocks[0].pc);
    this.testAssumptions();
    this.loadRegisters(0, plan.assumed);
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

  private startBlock(block: number): void {
    const { banks, dirtyIn, wordIn } = this.plan;
    this.dirty.set(dirtyIn.subarray(block * banks, (block + 1) * banks));
    this.words.set.set(wordIn.subarray(block * banks, (block + 1) * banks));
  }

  private emitBlock(index: number): void {
    const block = this.region.blocks[index];
    for (const instruction of block.instructions) {
      this.instruction = instruction;
      for (const { type, local } of this.usedTemps) (this.freeTemps[type] ??= []).push(local);
      this.usedTemps = [];
      this.words.startInstruction();
      if (this.precise && canFault(instruction)) this.writeBack();
      this.lower(simplifiedOf(instruction.statements));
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
        const dirty = this.dirty.slice();
        const words = this.words.set.slice();
        code.if();
        this.labels.push({ block: -1, loop: false });
        this.emitGoto(index, ending.taken);
        code.end();
        this.labels.pop();
        this.dirty.set(dirty);
        this.words.set.set(words);
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
    if (backward) this.emitPoll(this.region.blocks[block].pc, block);
    this.widenFor(block);
    if (backward || isMerge[block]) this.code.br(this.depthOf(block, backward));
    else this.emitTree(block);
  }

  /** Before an edge to a block: gives the i64 local of each register its value that the block takes it from. */
  private widenFor(block: number): void {
    const { banks, neededIn, wordIn } = this.plan;
    for (let bank = 0; bank < banks; bank++) {
      const at = block * banks + bank;
      this.forEachRegister(bank, neededIn[at] & this.words.set[bank] & ~wordIn[at], (register) => {
        this.emitLocal(register);
        this.code.localSet(this.local(register));
      });
    }
  }

  private forEachRegister(bank: number, set: number, action: (register: number) => void): void {
    for (let rest = set; rest !== 0; rest &= rest - 1) action(32 * bank + (31 - Math.clz32(rest & -rest)));
  }

  private depthOf(block: number, loop: boolean): number {
    for (let depth = 0; ; depth++) {
      const label = this.labels[this.labels.length - 1 - depth];
      if (!label) throw new Error(`no label for block ${block}`);
      if (label.block === block && label.loop === loop) return depth;
    }
  }

  /**
   * Leaves for a signal, to go on at `pc` after it. If that is the start of a block of the region, what is done with there
   * may be stale: TRANSLATOR.stale says so.
   */
  private emitPoll(pc: number, block?: number): void {
    const { code } = this;
    const { banks, doneIn, written } = this.plan;
    access(0x29, THREAD, STUB.limit, i32.const(0))(code);
    code.op(0x50).unlikelyIf();
    for (let bank = 0; bank < banks; bank++) {
      const done = block === undefined ? 0 : doneIn[block * banks + bank];
      this.emitWriteBackOf(bank, this.dirty[bank] & ~done);
      const stale = written[bank] & done;
      if (stale !== 0) access(0x36, THREAD, TRANSLATOR.stale + 4 * bank, i32.const(0), i32.const(stale))(code);
    }
    this.emitLeave(EXIT.interrupt, pc);
    code.end();
  }

  private emitLeave(reason: number, pc: number): void {
    access(0x36, THREAD, TRANSLATOR.exit, i32.const(0), i32.const(reason))(this.code);
    this.code.i64(BigInt(pc) ^ LEAVING).return();
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
    code.unlikelyIf().localGet(target).return().end();
    code
      .localGet(DEPTH)
      .i32(FRAME_LEAST + this.registers.length)
      .op(0x6a)
      .localGet(target);
    if ('pc' in callee) code.i32(this.slotOf(callee.pc));
    else this.emitLookup(target);
    code.callIndirect(this.type).localTee(target).i64(BigInt(returnPc)).op(0x52);
    code.unlikelyIf().localGet(target).return().end();
    this.words.set.fill(0);
    if ('block' in next) {
      this.reloadFloat(returnPc);
      this.loadRegisters(next.block);
    }
    this.emitGoto(index, next);
  }

  private emitIndirect(index: number, ending: Block['ending'] & { kind: 'indirect' }): void {
    const { code } = this;
    const target = this.temp(I64);
    code.localSet(target);
    const { known } = ending;
    for (const { block } of known) this.widenFor(block);
    if (known.length > 0) this.emitSwitch(index, target, known);
    this.writeBack();
    if (isReturn(this.arch, ending.address)) {
      code.localGet(target).return();
      return;
    }
    code.localGet(DEPTH).localGet(target);
    this.emitLookup(target);
    code.returnCallIndirect(this.type);
  }

  /** A jump table over the addresses seen, which lie close together; falls through for others. */
  private emitSwitch(index: number, target: number, known: readonly { pc: number; block: number }[]): void {
    const { code } = this;
    // Backward targets poll once for all, before the switch.
    if (known.some(({ block }) => this.order.position[block] <= this.order.position[index])) {
      access(0x29, THREAD, STUB.limit, i32.const(0))(code);
      code.op(0x50).unlikelyIf();
      this.emitWriteBack();
      access(0x36, THREAD, TRANSLATOR.exit, i32.const(0), i32.const(EXIT.interrupt))(code);
      code.localGet(target).i64(LEAVING).op(0x85).return().end();
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

  /** Pushes the table index of the region at the address in a local, of the one that is always missing if none is there. */
  private emitLookup(target: number): void {
    const entry = this.temp(I32);
    set(entry, jumpCacheEntry(get(target)))(this.code);
    i64.eq(access(0x29, THREAD, JUMP_CACHE.start, get(entry)), get(target))(this.code);
    this.code.if(I32);
    access(0x28, THREAD, JUMP_CACHE.start + 8, get(entry))(this.code);
    this.code.else().localGet(target).call(this.helpers.index('region_at')).end();
  }

  // Registers.

  localNames(): Map<number, string> {
    const names = new Map([[DEPTH, 'depth']]);
    this.registers.forEach((local, register) => {
      names.set(local, this.arch.registerNames[register]);
    });
    this.words32.forEach((local, register) => {
      names.set(local, `${this.arch.registerNames[register]}.w`);
    });
    return names;
  }
  private local(register: number): number {
    const type = isFloat(this.arch, register) ? F64 : I64;
    return (this.registers[register] ??= this.addLocal(type));
  }
  private word(register: number): number {
    return (this.words32[register] ??= this.addLocal(isFloat(this.arch, register) ? F32 : I32));
  }
  private addLocal(type: ValType): number {
    return REGION_PARAMETERS.length + this.locals.push(type) - 1;
  }
  private temp(type: ValType): number {
    return this.newLocal(type);
  }
  newLocal(type: ValType): number {
    const local = this.freeTemps[type]?.pop() ?? this.addLocal(type);
    this.usedTemps.push({ type, local });
    return local;
  }
  /** Loads what is needed at a block's start, all but what is in `except`, by bank. */
  private loadRegisters(block: number, except?: Int32Array): void {
    const { banks, neededIn } = this.plan;
    for (let bank = 0; bank < banks; bank++) {
      this.forEachRegister(bank, neededIn[block * banks + bank] & ~(except?.[bank] ?? 0), (register) => {
        access(isFloat(this.arch, register) ? 0x2b : 0x29, THREAD, 8 * register, i32.const(0))(this.code);
        this.code.localSet(this.local(register));
      });
    }
  }
  /** Loads the registers that are taken for words, and leaves if one is none. */
  private testAssumptions(): void {
    const { code, plan, region } = this;
    let none = true;
    for (let bank = 0; bank < plan.banks; bank++) {
      this.forEachRegister(bank, plan.assumed[bank], (register) => {
        const cell = access(0x29, THREAD, 8 * register, i32.const(0));
        const word = isFloat(this.arch, register) ? f32.reinterpret(i32.wrap(cell)) : i32.wrap(cell);
        set(this.word(register), word)(code);
        i64.xor(cell, () => this.emitWord(register))(code);
        if (!none) code.op(0x84);
        none = false;
      });
    }
    if (none) return;
    code.op(0x50).op(0x45).unlikelyIf();
    this.emitLeave(EXIT.assumption, region.blocks[0].pc);
    code.end();
  }
  /** Writes the dirty registers to their cells. */
  private writeBack(): void {
    this.emitWriteBack();
    this.dirty.fill(0);
  }
  /** The same on a side way: they stay dirty on the main one. */
  private emitWriteBack(): void {
    for (let bank = 0; bank < this.dirty.length; bank++) this.emitWriteBackOf(bank, this.dirty[bank]);
  }
  private emitWriteBackOf(bank: number, registers: number): void {
    this.forEachRegister(bank, registers, (register) => {
      if (this.words.has(register)) {
        access(0x37, THREAD, 8 * register, i32.const(0), () => this.emitWord(register))(this.code);
      } else {
        const opcode = isFloat(this.arch, register) ? 0x39 : 0x37;
        access(opcode, THREAD, 8 * register, i32.const(0), get(this.local(register)))(this.code);
      }
    });
  }
  private note(register: number, isWord: boolean): void {
    this.dirty[register >> 5] |= 1 << register;
    this.words.note(register, isWord);
  }

  // What the base class asks for.

  protected emitOperand({ value }: Operand): void {
    if (value === undefined) throw new Error('an operand without a value in a region');
    this.code.i64(BigInt(value));
  }
  protected emitReg(operand: Operand): void {
    const register = registerOf(this.arch, operand);
    if (register === undefined) this.code.i64(0n);
    else this.emitRegister(register);
  }
  private emitRegister(register: number): void {
    if (this.words.has(register)) {
      this.emitWord(register);
      return;
    }
    this.code.localGet(this.local(register));
    if (isFloat(this.arch, register)) this.code.op(0xbd);
  }
  /** Pushes a register's value as its local has it, i64 or f64. */
  private emitLocal(register: number): void {
    this.emitRegister(register);
    if (isFloat(this.arch, register)) this.code.op(0xbf);
  }
  /** Pushes the 64 bits of a register that is a word. */
  private emitWord(register: number): void {
    this.emitWordBits(register);
    if (isFloat(this.arch, register)) this.code.op(0xad).i64(BOX).op(0x84);
    else this.code.op(0xac);
  }
  /** Pushes its low 32 bits as i32. */
  private emitWordBits(register: number): void {
    this.code.localGet(this.word(register));
    if (isFloat(this.arch, register)) this.code.op(0xbc);
  }
  protected override emitReg32(operand: Operand): void {
    const register = registerOf(this.arch, operand);
    if (register === undefined) this.code.i32(0);
    else if (this.words.has(register)) this.emitWordBits(register);
    else super.emitReg32(operand);
  }
  protected override lowerStatement(statement: Statement): void {
    const { code, float } = this;
    if (statement.kind === 'setReg') {
      const register = registerOf(this.arch, statement.operand);
      const { value } = statement;
      if (register !== undefined && isFloat(this.arch, register)) {
        const boxed = this.words.isWordWrite(register, statement);
        if (boxed && value.kind === 'op') {
          this.emitUnboxed(value.args[0]);
          code.localSet(this.word(register));
          this.note(register, true);
          return;
        }
        if (float) float.emitDouble(value);
        else if (value.kind === 'load' && value.width === 64 && !this.isComputed(value)) this.emitLoadDouble(value);
        else {
          this.emit(value);
          code.op(0xbf);
        }
        code.localSet(this.local(register));
        this.note(register, false);
        return;
      }
    } else if (statement.kind === 'store' && statement.width >= 32) {
      const isWide = statement.width === 64;
      const local = isWide ? this.floatLocal(statement.value) : this.singleLocal(statement.value);
      if (local !== undefined) {
        const offset = this.emitAddress(statement.address);
        code.localGet(local).access(isWide ? 0x39 : 0x38, { memory: WINDOW, offset, align: 0 });
        return;
      }
    }
    super.lowerStatement(statement);
  }
  protected emitSetReg(operand: Operand, emitValue: () => void, value: Value): void {
    const register = registerOf(this.arch, operand);
    if (register === undefined) {
      emitValue();
      this.code.op(0x1a);
      return;
    }
    const isWord = this.isWord(value);
    if (isWord) {
      this.emit32(value);
      this.code.localSet(this.word(register));
    } else {
      emitValue();
      this.code.localSet(this.local(register));
    }
    this.note(register, isWord);
  }
  protected override emitCell(offset: number, bytes: 4 | 8): void {
    const register = registerAt(this.arch, offset);
    if (register === undefined) super.emitCell(offset, bytes);
    else this.emitRegister(register);
  }
  protected override emitSetCell(offset: number, bytes: 4 | 8, emitValue: () => void): void {
    const register = registerAt(this.arch, offset);
    if (register === undefined) {
      super.emitSetCell(offset, bytes, emitValue);
      if (isEasyCell(this.arch, offset)) this.float?.reload();
      return;
    }
    emitValue();
    if (isFloat(this.arch, register)) this.code.op(0xbf);
    this.code.localSet(this.local(register));
    this.note(register, false);
  }
  /**
   * Register plus constant becomes index plus static offset: V8 then checks only the index, once for all accesses through
   * an unchanged register. Where the sum wraps at 2^64 to the first page WebAssembly traps; that page being mapped is
   * one more reason for precise code.
   */
  protected override emitAddress(address: Value): number {
    this.emitBeforeAccess();
    if (address.kind === 'op' && address.op === 'add' && !this.isComputed(address)) {
      const [base, displacement] = address.args;
      const offset = displacement.kind === 'operand' ? displacement.operand.value : undefined;
      if (offset !== undefined && offset >= 0 && offset < PAGE_SIZE) {
        this.emit(base);
        return offset;
      }
    }
    this.emit(address);
    return 0;
  }
  protected override isWord(value: Value): boolean {
    return this.words.isWord(value);
  }

  // Floating point.

  protected override emitFp(value: FpValue): void {
    this.float?.emit(value);
  }
  isComputed(value: Value): boolean {
    return this.computed.has(value);
  }
  floatLocal(value: Value): number | undefined {
    if (value.kind !== 'reg' || this.isComputed(value)) return undefined;
    const register = registerOf(this.arch, value.operand);
    if (register === undefined || !isFloat(this.arch, register) || this.words.has(register)) return undefined;
    return this.local(register);
  }
  /** The f32 local of the register that a value reads; undefined if it reads no boxed binary32. */
  private singleLocal(value: Value): number | undefined {
    if (value.kind !== 'reg' || this.isComputed(value)) return undefined;
    const register = registerOf(this.arch, value.operand);
    if (register === undefined || !isFloat(this.arch, register) || !this.words.has(register)) return undefined;
    return this.word(register);
  }
  /** The register that a value unboxes, if that is boxed: the rows unbox by a select. */
  private unboxedLocal(value: Value): number | undefined {
    const source = value.kind === 'op' && value.op === 'select' ? value.args[1] : undefined;
    if (source?.kind !== 'op' || source.op !== 'and') return undefined;
    const [inner, mask] = source.args;
    return mask.kind === 'const' && mask.value === 0xffff_ffffn ? this.singleLocal(inner) : undefined;
  }
  protected override emitKnown(value: Value): boolean {
    const local = this.unboxedLocal(value);
    if (local === undefined) return false;
    this.code.localGet(local).op(0xbc).op(0xad);
    return true;
  }
  /** Pushes a binary32 pattern, as i64 in the IR, as f32. */
  private emitUnboxed(value: Value): void {
    const { code } = this;
    if (!this.isComputed(value)) {
      if (value.kind === 'load' && value.width === 32) {
        const offset = this.emitAddress(value.address);
        code.access(0x2a, { memory: WINDOW, offset, align: 0 });
        return;
      }
      if (value.kind === 'fp' && this.float?.emitSingleResult(value)) return;
    }
    this.emitSingle(value);
  }
  emitLoadDouble({ address }: Value & { kind: 'load' }): void {
    const offset = this.emitAddress(address);
    this.code.access(0x2b, { memory: WINDOW, offset, align: 0 });
  }
  emitSingle(value: Value): void {
    const { code } = this;
    const local = this.isComputed(value) ? undefined : this.unboxedLocal(value);
    if (local !== undefined) {
      code.localGet(local);
      return;
    }
    this.emit(value);
    code.op(0xa7).op(0xbe);
  }
  emitCheckMode(): void {
    if (this.mode?.changes) this.emitLeaveUnlessMode(this.instruction.pc);
  }
  /** Leaves the instruction at `pc` to the cold tier, as it may be illegal, if the dynamic rounding mode is none. */
  private emitLeaveUnlessMode(pc: number): void {
    if (!this.mode) return;
    const { code } = this;
    this.emit(this.mode.condition);
    code.op(0x45).unlikelyIf();
    this.emitWriteBack();
    this.emitLeave(EXIT.again, pc);
    code.end();
  }
  /** Where flags and rounding mode may be new, nothing being dirty: at the region's entry and after a call. */
  private reloadFloat(pc: number): void {
    const { code, float } = this;
    if (!float) return;
    float.reload();
    if (!this.mode) return;
    float.isHard(code);
    code.unlikelyIf();
    this.emitLeaveUnlessMode(pc);
    code.end();
  }

  protected mayChange(write: Write, read: Read): boolean {
    const written = writeOf(this.arch, write);
    const readRegister = read.kind === 'reg' ? registerOf(this.arch, read.operand) : registerAt(this.arch, read.offset);
    if (written !== undefined) return readRegister === written;
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
    this.code.op(0x45).unlikelyIf();
    this.emitWriteBack();
    this.emitLeave(EXIT.again, this.instruction.pc);
    this.code.end();
  }
  protected emitAtomicCheck(): void {
    this.code.unlikelyIf();
    this.emitWriteBack();
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

/** How a region depends on the dynamic rounding mode. */
interface DynamicMode {
  /** The condition under which it is one. */
  condition: Value;
  /** The region itself may change it: then each operation looks at it, else it is looked at where the region is entered. */
  changes: boolean;
}

/** Undefined if no operation of the region depends on the mode. */
function dynamicModeOf(arch: Architecture, region: Region): DynamicMode | undefined {
  let condition: Value | undefined;
  let changes = false;
  for (const { instructions } of region.blocks) {
    for (const { statements } of instructions) {
      condition ??= modeTestOf(statements);
      changes ||= statements.some((s) => s.kind === 'setCell' && isEasyCell(arch, s.offset));
    }
  }
  return condition && { condition, changes };
}

/** The test of the dynamic mode that an operation makes first, if it depends on that. */
function modeTestOf(statements: readonly Statement[]): Value | undefined {
  for (const [index, statement] of statements.entries()) {
    const next = statements[index + 1];
    if (statement.kind !== 'require' || !isModeTest(statement, next)) continue;
    if (next.kind === 'evaluate' && next.value.kind === 'fp' && modeOf(next.value.rounding) === undefined) {
      return statement.condition;
    }
  }
  return undefined;
}

function isModeTest({ condition }: Statement & { kind: 'require' }, next: Statement | undefined): boolean {
  const mode = condition.kind === 'op' ? condition.args[0] : undefined;
  return next?.kind === 'evaluate' && next.value.kind === 'fp' && next.value.rounding === mode;
}

/** Whether a cell decides if floating point is easy. */
function isEasyCell({ floats }: Architecture, offset: number): boolean {
  return floats !== undefined && offset >= floats.easy.offset && offset < floats.easy.offset + floats.easy.bytes;
}

/** Which instructions can leave the region in their middle, with the state as it is before them. */
function sideExits(arch: Architecture, region: Region): (instruction: Instruction) => boolean {
  const changesMode = dynamicModeOf(arch, region)?.changes ?? false;
  return ({ statements }) =>
    simplifiedOf(statements).some(({ kind }) => kind === 'require' || kind === 'aligned') ||
    statements.some((s) => s.kind === 'evaluate' && ATOMIC.has(s.value.kind)) ||
    (changesMode && modeTestOf(statements) !== undefined);
}
const ATOMIC: ReadonlySet<Value['kind']> = new Set(['amo', 'cas', 'cas_if']);

const usesFloat = ({ blocks }: Region): boolean =>
  blocks.some(({ instructions }) =>
    instructions.some(({ statements }) => statements.some((s) => s.kind === 'evaluate' && s.value.kind === 'fp')),
  );

const SIMPLIFIED = new WeakMap<readonly Statement[], readonly Statement[]>();
function simplifiedOf(statements: readonly Statement[]): readonly Statement[] {
  if (statements.length < 2) return statements;
  let simple = SIMPLIFIED.get(statements);
  if (!simple) SIMPLIFIED.set(statements, (simple = simplified(statements)));
  return simple;
}

/**
 * Statements with less to keep: a value that is pinned just before the register write that uses it is computed there.
 * Floating-point operations check the rounding mode themselves.
 */
function simplified(statements: readonly Statement[]): readonly Statement[] {
  return statements.filter((statement, index) => {
    const next = statements[index + 1];
    if (statement.kind === 'require') return !isModeTest(statement, next);
    return !(statement.kind === 'evaluate' && next?.kind === 'setReg' && isOnlyPart(next.value, statement.value));
  });
}

/** Whether a value is another, or made of it (once) and constants. */
function isOnlyPart(value: Value, part: Value): boolean {
  if (value === part) return true;
  if (value.kind !== 'op') return false;
  const others = value.args.filter((arg) => arg.kind !== 'const');
  return others.length === 1 && isOnlyPart(others[0], part);
}
