/**
 * Compiles a region to one WebAssembly function: guest registers in locals,
 * control flow as flow.ts has it.
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
import { type Architecture, isAlwaysWord, isFloat, isVector } from '../../cpu/arch.ts';
import type { Statement, Value } from '../../cpu/ir.ts';
import type { Operand } from '../../cpu/row.ts';
import { isVectorOp } from '../../cpu/vector-ops.ts';
import { PAGE_SIZE, TRANSLATOR } from '../../host/layout.ts';
import { EXIT } from '../exit.ts';
import { constantOf } from '../walk.ts';
import { F32, F64, I32, I64, V128, type ValType } from '../wasm/encoder.ts';
import { access, type Expr, f32, i32, i64, set } from '../wasm/expr.ts';
import type { FpLanesValue, FpValue, Read, Write } from '../wasm/lower.ts';
import {
  type Access,
  LOAD_DOUBLE,
  LOAD_LOW_32,
  LOAD_LOW_64,
  LOAD_SINGLE,
  STORE_DOUBLE,
  STORE_SINGLE,
  THREAD,
  WINDOW,
} from '../wasm/memories.ts';
import { emitClearAbove, emitVectorConstant, emitVectorOp, isZeroVector, readsLowHalf } from '../wasm/vector.ts';
import { type Facts, factsOf, isEasyCell } from './facts.ts';
import { FlagLowering } from './flags.ts';
import { FloatLowering } from './float.ts';
import { type CompiledRegion, DEPTH, FlowLowering, type FlowParts, PC, regionModule } from './flow.ts';
import type { Instruction, Region, Target } from './graph.ts';
import { LowLanes, lane0Of } from './low-lanes.ts';
import { registerAt, registerOf } from './register-numbers.ts';
import { planRegisters, type RegisterPlan } from './registers.ts';
import { emitEitherWay } from './top-byte.ts';
import { BOX, SkippedWrites, Words } from './words.ts';

/** Opcodes that load and store a register's cell. */
const LOAD: Readonly<Record<number, number>> = { [I64]: 0x29, [F64]: 0x2b, [V128]: 0xfd00 };
const STORE: Readonly<Record<number, number>> = { [I64]: 0x37, [F64]: 0x39, [V128]: 0xfd0b };

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
  const { module, ...parts } = regionModule(arch, name);
  const facts = region.blocks.flatMap(({ instructions }) => instructions.map((i) => factsOf(arch, i.statements)));
  const mode = dynamicModeOf(facts);
  const plan = planRegisters(arch, region, {
    precise: options.precise,
    assumable: options.assumable,
    canLeave: ({ canLeave, modeTest }) => canLeave || (modeTest !== undefined && mode?.changes === true),
  });
  const usesFloat = facts.some((one) => one.usesFloat);
  const isNamed = names?.locals === true;
  const lowering = new RegionLowering({
    ...parts,
    arch,
    region,
    plan,
    slotOf,
    options,
    mode,
    usesFloat,
    isNamed,
  });
  return lowering.compile(module, names?.function);
}

interface Parts extends FlowParts {
  plan: RegisterPlan;
  options: CodeOptions;
  mode: DynamicMode | undefined;
  usesFloat: boolean;
  /** Guest registers are to be known by their names. */
  isNamed: boolean;
}

class RegionLowering extends FlowLowering {
  private readonly plan: RegisterPlan;
  private readonly precise: boolean;
  private readonly isNamed: boolean;
  private readonly float: FloatLowering | undefined;
  private readonly flags: FlagLowering | undefined;
  /** Locals of registers, as i64 or f64, and as i32 or f32 of those that are words. */
  private readonly registers: number[] = [];
  private readonly words32: number[] = [];
  /** Registers that are dirty here, by bank. */
  private readonly dirty: Int32Array;
  /** Registers that are words here: their value is in their i32 local. */
  private readonly words: Words;
  private readonly low: LowLanes;
  private readonly mode: DynamicMode | undefined;
  private skipped: SkippedWrites | undefined;

  constructor(parts: Parts) {
    super(parts);
    const { arch, plan, options, mode, usesFloat, isNamed } = parts;
    this.isNamed = isNamed;
    this.plan = plan;
    this.precise = options.precise;
    this.dirty = new Int32Array(plan.banks);
    this.words = new Words(arch, new Int32Array(plan.banks), plan.singles);
    this.low = new LowLanes(this);
    this.mode = mode;
    if (arch.flags !== undefined) this.flags = new FlagLowering(this);
    if (usesFloat) this.float = new FloatLowering(this, options.fused);
  }

  protected emitEntry(): void {
    const { plan, region } = this;
    this.reloadFloat(region.blocks[0].pc);
    this.testAssumptions();
    this.loadRegisters(0, plan.assumed);
  }

  protected startBlock(block: number): void {
    if (this.forgetsFlags(block)) this.flags?.forget();
    const { banks, dirtyIn, wordIn } = this.plan;
    this.dirty.set(dirtyIn.subarray(block * banks, (block + 1) * banks));
    this.words.startBlock(wordIn.subarray(block * banks, (block + 1) * banks));
  }

  /** Whether ways meet at a block, so that what has set the flags is not known. */
  private forgetsFlags(block: number): boolean {
    return this.order.isMerge[block] || this.order.isLoopHeader[block];
  }

  protected emitInstruction({ statements }: Instruction): void {
    this.words.startInstruction();
    this.float?.startInstruction();
    const { canFault, simplified, flags, isPartlySkipped } = factsOf(this.arch, statements);
    if (this.precise && canFault) this.writeBack();
    // On the way around, the flags stay what they were: so they have to be in their registers on both.
    const isConditional = flags.length > 0 && isPartlySkipped;
    if (isConditional) this.settleFlags();
    this.flags?.startInstruction(isConditional ? [] : statements);
    this.lower(simplified);
    this.flags?.endInstruction(flags);
  }

  private settleFlags(): void {
    for (const cell of Object.values(this.arch.flags ?? {})) {
      if (!this.flags?.isMissing(cell)) continue;
      this.emitHeld(cell / 8);
      this.code.localSet(this.local(cell / 8));
    }
    this.flags?.forget();
  }

  /** The 64-bit locals are right on the way around the statements, too. */
  protected override beginSkip(statements: readonly Statement[]): void {
    this.skipped = new SkippedWrites(this.words, this.arch, statements);
    for (const register of this.skipped.registers) {
      if (this.words.has(register) && !isAlwaysWord(this.arch, register)) this.widen(register);
    }
  }
  protected override endSkip(): void {
    this.skipped?.settle((register) => this.widen(register));
  }
  private widen(register: number): void {
    this.emitLocal(register);
    this.code.localSet(this.local(register));
  }

  protected snapshot(): () => void {
    const dirty = this.dirty.slice();
    const restoreWords = this.words.snapshot();
    const restoreFlags = this.flags?.snapshot();
    return () => {
      this.dirty.set(dirty);
      restoreWords();
      restoreFlags?.();
    };
  }

  protected emitReturned(returnPc: number, next: Target): void {
    this.words.startBlock(new Int32Array(this.plan.banks));
    this.flags?.forget();
    if (!('block' in next)) return;
    this.reloadFloat(returnPc);
    this.loadRegisters(next.block);
  }

  protected get frameWords(): number {
    return this.registers.length;
  }

  /** Gives the i64 local of each register its value that the block takes it from. */
  protected prepareEdge(block: number): void {
    const { banks, neededIn, wordIn } = this.plan;
    const isMet = this.forgetsFlags(block);
    for (let bank = 0; bank < banks; bank++) {
      const at = block * banks + bank;
      const isIncomplete = (register: number) =>
        this.words.has(register) || (isMet && this.flags?.isMissing(8 * register) === true);
      this.forEachRegister(bank, neededIn[at] & ~wordIn[at], (register) => {
        if (!isIncomplete(register)) return;
        this.emitLocal(register);
        this.code.localSet(this.local(register));
      });
    }
  }

  private forEachRegister(bank: number, set: number, action: (register: number) => void): void {
    for (let rest = set; rest !== 0; rest &= rest - 1) action(32 * bank + (31 - Math.clz32(rest & -rest)));
  }

  /**
   * Leaves for a signal, to go on at `pc` after it. If that is the start of a block of the region, what is done with there
   * may be stale: TRANSLATOR.stale says so.
   */
  protected emitPoll(pc: number, block?: number): void {
    const { code } = this;
    const { banks, doneIn, written } = this.plan;
    this.emitInterruptTest();
    for (let bank = 0; bank < banks; bank++) {
      const done = block === undefined ? 0 : doneIn[block * banks + bank];
      this.emitWriteBackOf(bank, this.dirty[bank] & ~done);
      const stale = written[bank] & done;
      if (stale !== 0) access(0x36, THREAD, TRANSLATOR.stale + 4 * bank, i32.const(0), i32.const(stale))(code);
    }
    this.emitLeave(EXIT.interrupt, pc);
    code.end();
  }

  protected emitSwitchPoll(pc: Expr): void {
    this.emitInterruptTest();
    this.emitWriteBack();
    this.emitLeave(EXIT.interrupt, pc);
    this.code.end();
  }

  // Registers.

  protected override localNames(): Map<number, string> | undefined {
    if (!this.isNamed) return undefined;
    const names = new Map([
      [DEPTH, 'depth'],
      [PC, 'pc'],
    ]);
    this.registers.forEach((local, register) => {
      names.set(local, this.arch.registerNames[register]);
    });
    this.words32.forEach((local, register) => {
      names.set(local, `${this.arch.registerNames[register]}.w`);
    });
    return names;
  }
  private local(register: number): number {
    return (this.registers[register] ??= this.addLocal(this.typeOf(register)));
  }
  private typeOf(register: number): ValType {
    if (isVector(this.arch, register)) return V128;
    return isFloat(this.arch, register) ? F64 : I64;
  }
  private word(register: number): number {
    if (isVector(this.arch, register)) return this.local(register);
    return (this.words32[register] ??= this.addLocal(isFloat(this.arch, register) ? F32 : I32));
  }
  /** Loads what is needed at a block's start, all but what is in `except`, by bank. */
  private loadRegisters(block: number, except?: Int32Array): void {
    const { banks, neededIn } = this.plan;
    for (let bank = 0; bank < banks; bank++) {
      this.forEachRegister(bank, neededIn[block * banks + bank] & ~(except?.[bank] ?? 0), (register) => {
        const isWord = isAlwaysWord(this.arch, register);
        access(isWord ? 0x28 : LOAD[this.typeOf(register)], THREAD, 8 * register, i32.const(0))(this.code);
        this.code.localSet(isWord ? this.word(register) : this.local(register));
      });
    }
  }
  /** Loads the registers that are taken for words, and leaves if one is none. */
  private testAssumptions(): void {
    const { code, plan, region } = this;
    let none = true;
    for (let bank = 0; bank < plan.banks; bank++) {
      this.forEachRegister(bank, plan.assumed[bank], (register) => {
        this.emitAssumption(register);
        if (!none) code.op(0x84);
        none = false;
      });
    }
    if (none) return;
    code.op(0x50).op(0x45).unlikelyIf();
    this.emitLeave(EXIT.assumption, region.blocks[0].pc);
    code.end();
  }
  /** Loads such a register, and pushes an i64 that is 0 if it is a word. */
  private emitAssumption(register: number): void {
    const cell = access(0x29, THREAD, 8 * register, i32.const(0));
    if (isVector(this.arch, register)) {
      set(this.word(register), access(LOAD[V128], THREAD, 8 * register, i32.const(0)))(this.code);
      const high = access(0x29, THREAD, 8 * register + 8, i32.const(0));
      const above = this.words.lowBits(register) === 64 ? high : i64.or(high, i64.shr_u(cell, i64.const(32)));
      above(this.code);
      return;
    }
    const word = isFloat(this.arch, register) ? f32.reinterpret(i32.wrap(cell)) : i32.wrap(cell);
    set(this.word(register), word)(this.code);
    i64.xor(cell, () => this.emitWord(register))(this.code);
  }
  /** Writes the dirty registers to their cells. */
  protected writeBack(): void {
    this.emitWriteBack();
    this.dirty.fill(0);
  }
  /** The same on a side way: they stay dirty on the main one. */
  private emitWriteBack(): void {
    for (let bank = 0; bank < this.dirty.length; bank++) this.emitWriteBackOf(bank, this.dirty[bank]);
  }
  private emitWriteBackOf(bank: number, registers: number): void {
    this.forEachRegister(bank, registers, (register) => {
      const isWord = this.words.has(register);
      const value = () => (isWord ? this.emitWord(register) : this.emitHeld(register));
      const type = this.typeOf(register);
      access(STORE[isWord && type === F64 ? I64 : type], THREAD, 8 * register, i32.const(0), value)(this.code);
    });
  }
  private note(register: number, isWord: boolean, isPositive?: boolean): void {
    this.dirty[register >> 5] |= 1 << register;
    this.words.note(register, isWord, isPositive);
  }

  // What the base class asks for.

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
    this.emitHeld(register);
    if (isFloat(this.arch, register)) this.code.op(0xbd);
  }
  /** Pushes a register that is no word, as its local has it. */
  private emitHeld(register: number): void {
    if (this.flags?.isMissing(8 * register)) this.flags.emitMissing(8 * register);
    else this.code.localGet(this.local(register));
  }
  /** Pushes a register's value as its local has it, i64 or f64. */
  private emitLocal(register: number): void {
    this.emitRegister(register);
    if (isFloat(this.arch, register)) this.code.op(0xbf);
  }
  /** Pushes the 64 bits of a register that is a word, or the 128 of a vector. */
  private emitWord(register: number): void {
    if (isVector(this.arch, register)) {
      this.code.localGet(this.local(register));
      emitClearAbove(this.code, this.words.lowBits(register));
      return;
    }
    this.emitWordBits(register);
    if (isFloat(this.arch, register)) this.code.op(0xad).i64(BOX).op(0x84);
    else this.code.op(this.words.hasPositive(register) ? 0xad : 0xac);
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
  protected override emitCell32(offset: number, bytes: 4 | 8): void {
    const register = registerAt(this.arch, offset);
    if (register !== undefined && this.words.has(register)) this.emitWordBits(register);
    else super.emitCell32(offset, bytes);
  }
  protected override lowerStatement(statement: Statement): void {
    const { code, float } = this;
    if (statement.kind === 'setCell' && this.flags?.defers(statement)) {
      this.flags.keepSource();
      this.note(statement.offset / 8, false);
      return;
    }
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
      const { value } = statement;
      const vector = this.isComputed(value) ? undefined : lane0Of(value, isWide ? 64 : 32);
      if (vector !== undefined) {
        this.emitStore(statement.address, isWide ? STORE_DOUBLE : STORE_SINGLE, () => {
          this.low.emitLane0(vector, isWide ? 64 : 32);
          code.simd(isWide ? 0x21 : 0x1f).byte(0);
        });
        return;
      }
      const local = isWide ? this.floatLocal(statement.value) : this.singleLocal(statement.value);
      if (local !== undefined) {
        this.emitStore(statement.address, isWide ? STORE_DOUBLE : STORE_SINGLE, () => code.localGet(local));
        return;
      }
    }
    super.lowerStatement(statement);
  }
  protected emitSetReg(operand: Operand, emitValue: () => void, value: Value): void {
    const register = registerOf(this.arch, operand);
    if (register === undefined) {
      if (value.kind === 'const') return;
      emitValue();
      this.code.op(0x1a);
      return;
    }
    this.setRegister(register, value, emitValue);
  }
  private setRegister(register: number, value: Value, emitValue: () => void): void {
    if (isVector(this.arch, register)) {
      const isLow = this.words.isLowWrite(register, value);
      if (isLow) this.emitLowVector(value);
      else emitValue();
      this.code.localSet(this.local(register));
      this.note(register, isLow);
      return;
    }
    const isWord = isAlwaysWord(this.arch, register) || this.isWord(value);
    const isPositive = isWord && this.isPositive(value);
    if (isWord) {
      this.emit32(value);
      this.code.localSet(this.word(register));
    } else {
      emitValue();
      this.code.localSet(this.local(register));
    }
    this.note(register, isWord, isPositive);
  }
  protected override emitCell(offset: number, bytes: 4 | 8): void {
    const register = registerAt(this.arch, offset);
    if (register === undefined) super.emitCell(offset, bytes);
    else this.emitRegister(register);
  }
  protected override emitSetCell(offset: number, bytes: 4 | 8, emitValue: () => void, value: Value): void {
    const register = registerAt(this.arch, offset);
    if (register === undefined) {
      super.emitSetCell(offset, bytes, emitValue, value);
      if (isEasyCell(this.arch, offset)) this.float?.reload();
      return;
    }
    if (isAlwaysWord(this.arch, register)) {
      this.setRegister(register, value, emitValue);
      return;
    }
    emitValue();
    if (isFloat(this.arch, register)) this.code.op(0xbf);
    this.code.localSet(this.local(register));
    this.note(register, false);
  }
  protected override emitLoad(address: Value, access: Access): void {
    this.emitAccess(address, access);
  }
  protected override emitStore(address: Value, access: Access, emitValue: () => void): void {
    this.emitAccess(address, access, emitValue);
  }
  private emitAccess(address: Value, access: Access, emitValue?: () => void): void {
    const { code } = this;
    const offset = this.emitIndex(address);
    if (this.addressMask === undefined || this.isNarrow) {
      emitValue?.();
      code.access(access.opcode, { memory: WINDOW, offset, align: 0 });
      return;
    }
    const index = this.newLocal(I64);
    code.localSet(index);
    const value = emitValue && this.newLocal(access.type);
    emitValue?.();
    if (value !== undefined) code.localSet(value);
    emitEitherWay(code, access, { index, offset, mask: this.addressMask, value });
  }
  /**
   * Pushes the index of an access, less the static offset that is returned. Register plus constant becomes index plus static
   * offset: V8 then checks only the index, once for all accesses through an unchanged register. Where the sum wraps at 2^64
   * to the first page WebAssembly traps; that page being mapped is one more reason for precise code.
   */
  private emitIndex(address: Value): number {
    this.emitBeforeAccess();
    if (address.kind === 'op' && address.op === 'add' && !this.isComputed(address)) {
      const [base, displacement] = address.args;
      const offset = constantOf(displacement);
      if (offset !== undefined && offset >= 0 && offset < PAGE_SIZE) {
        this.emitAddress(base);
        return offset;
      }
    }
    this.emitAddress(address);
    return 0;
  }
  private emitAddress(address: Value): void {
    if (this.isNarrow) this.emit32(address);
    else this.emit(address);
  }
  protected override mayChange(write: Write, read: Read): boolean {
    return !(write.kind === 'setCell' && this.flags?.defers(write)) && super.mayChange(write, read);
  }
  protected override isZero(operand: Operand): boolean {
    return registerOf(this.arch, operand) === undefined;
  }
  override isWord(value: Value): boolean {
    return this.words.isWord(value);
  }
  protected override isPositive(value: Value): boolean {
    return this.words.isPositive(value);
  }

  // Floating point.

  protected override emitFp(value: FpValue): void {
    this.float?.emit(value);
  }
  protected override emitFpLanes(value: FpLanesValue): void {
    this.float?.emitLanes(value);
  }
  /** As {@link Lowering}'s, for floating point. */
  override inLocal(value: Value): number {
    return super.inLocal(value);
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
    if (value.kind === 'op' && value.op === 'v128.from_i64') return this.emitToVector(value.args[0]);
    if (value.kind === 'op' && isVectorOp(value.op) && readsLowHalf(value.op, value.args)) {
      emitVectorOp(this.low, value.op, value.args);
      return true;
    }
    if (value.kind === 'op' && value.op === 'condition') return this.flags?.emitCondition(value) === true;
    const local = this.unboxedLocal(value);
    if (local === undefined) return false;
    this.code.localGet(local).op(0xbc).op(0xad);
    return true;
  }
  /** Pushes a vector with a scalar in its low lane and zeros above, if that takes a way that is short. */
  private emitToVector(scalar: Value): boolean {
    if (scalar.kind === 'load' && scalar.width >= 32 && !this.isComputed(scalar)) {
      this.emitLoad(scalar.address, scalar.width === 64 ? LOAD_LOW_64 : LOAD_LOW_32);
      return true;
    }
    return false;
  }
  /** Pushes a vector of whose bits only those count which {@link Words} says. */
  private emitLowVector(value: Value): void {
    if (isZeroVector(value)) {
      emitVectorConstant(this.code, 0n);
      return;
    }
    const scalar = value.kind === 'op' && value.op === 'v128.from_i64' ? value.args[0] : undefined;
    if (scalar === undefined || !this.float?.emitScalarVector(scalar)) this.low.emit(value);
  }
  lowLocal(value: Value, bits: number): number | undefined {
    if (value.kind !== 'reg' || value.type !== 'v128') return undefined;
    const register = registerOf(this.arch, value.operand);
    if (register === undefined) return undefined;
    return this.words.has(register) && this.words.lowBits(register) < bits ? undefined : this.local(register);
  }
  emitLane0(vector: Value, bits: 32 | 64): void {
    this.low.emitLane0(vector, bits);
  }
  isKept(value: Value): boolean {
    return this.isComputed(value) || this.isShared(value);
  }
  /** Pushes a binary32 pattern, as i64 in the IR, as f32. */
  private emitUnboxed(value: Value): void {
    if (!this.isComputed(value)) {
      if (value.kind === 'load' && value.width === 32) {
        this.emitLoad(value.address, LOAD_SINGLE);
        return;
      }
      if (value.kind === 'fp' && this.float?.emitSingleResult(value)) return;
    }
    this.emitSingle(value);
  }
  emitLoadDouble({ address }: Value & { kind: 'load' }): void {
    this.emitLoad(address, LOAD_DOUBLE);
  }
  emitSingle(value: Value): void {
    const { code } = this;
    const vector = this.isComputed(value) ? undefined : lane0Of(value, 32);
    if (vector !== undefined) {
      this.low.emitLane0(vector, 32);
      code.simd(0x1f).byte(0);
      return;
    }
    if (!this.isComputed(value) && value.kind === 'fp' && this.float?.emitSingleResult(value)) return;
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
}

/** How a region depends on the dynamic rounding mode. */
interface DynamicMode {
  /** The condition under which it is one. */
  condition: Value;
  /** The region itself may change it: then each operation looks at it, else it is looked at where the region is entered. */
  changes: boolean;
}

/** Undefined if no operation of the region depends on the mode. */
function dynamicModeOf(facts: readonly Facts[]): DynamicMode | undefined {
  const condition = facts.find(({ modeTest }) => modeTest !== undefined)?.modeTest;
  return condition && { condition, changes: facts.some(({ changesMode }) => changesMode) };
}
