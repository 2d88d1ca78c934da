/**
 * The words in which the effects of A32's and T32's instructions are written.
 * General registers are read and written sign-extended.
 *
 * An instruction with a condition, and one in an IT block, is done or not: the
 * rest of the effect is skipped, or in compiled code what it writes is chosen;
 * what leaves compiled code in its middle is left to the cold tier.
 */
import { ArmBuilder, type Flags } from '../arm-builder.ts';
import type { Statement, Value, Width } from '../ir.ts';
import type { Operand, OperandInfo } from '../row.ts';
import { Deviation } from '../softfloat.ts';
import { SET, ARM_STATE as STATE } from './state.ts';

const ALWAYS = 14;
const STANDARD = Deviation.flush | Deviation.defaultNaN;

/** A shifted operand, and the carry out of the shifter. */
export interface Shifted {
  value: Value;
  carry: Value;
}

export class A32Builder extends ArmBuilder {
  protected readonly at = STATE;
  /** Which rows the effect is of: one of {@link SET}. */
  readonly set: number;
  /** The operands' values are known. */
  readonly isKnown: boolean;
  private hasR15 = false;
  /** PSTATE.IT before the instruction, if that is known. */
  readonly it: number | undefined;
  /** Under what condition what is recorded takes place, where the operands' values are known. */
  private guard: Value | undefined;

  constructor(set: number, isKnown: boolean, it?: number) {
    super();
    this.set = set;
    this.isKnown = isKnown;
    this.it = it;
  }

  // Words.

  /** The low 32 bits, sign-extended. */
  word(value: Value): Value {
    if (value.kind === 'op' && value.op === 'extend32_s') return value;
    if (value.kind === 'const') return this.const(BigInt.asIntN(32, value.value));
    if (value.kind === 'load' && value.width === 32 && value.signed) return value;
    return this.op('extend32_s', value);
  }
  unsigned(value: Value): Value {
    return this.low(value, 32);
  }
  /** Bits of a value, zero-extended. */
  bits(value: Value, low: number, width: number): Value {
    return this.low(this.shr(value, low), width);
  }
  bit(value: Value, index: Value | number): Value {
    return this.and(this.shr(value, index), this.const(1));
  }
  negative(value: Value): Value {
    return this.sub(this.const(0), value);
  }
  now2(value: Value): Value {
    this.statements.push({ kind: 'evaluate', value });
    return value;
  }

  // Registers.

  /** What r15 reads as: 8 or 4 bytes ahead. */
  pcValue(): Value {
    return this.word(this.add(this.pc(), this.const(this.set === SET.a32 ? 8 : 4)));
  }
  /** Align(PC, 4), for literals. */
  pcAligned(): Value {
    return this.and(this.pcValue(), this.const(-4));
  }
  r(operand: Operand): Value {
    if (operand.info.kind !== 'r' || operand.value !== undefined) {
      return operand.value === 15 ? this.pcValue() : this.reg(operand);
    }
    if (!this.hasR15) {
      this.hasR15 = true;
      this.setCell(STATE.r15, 8, this.pcValue());
    }
    return this.reg(operand);
  }
  setR(operand: Operand, value: Value): void {
    this.setReg(operand, this.word(value));
  }
  /** Of a register of 64 bits the number, in the cold tier, where its operand is the offset of its cell. */
  registerNumber(operand: Operand): Value {
    return this.shr(this.sub(this.operand(operand), this.const(STATE.d)), 3);
  }
  /** The same of a general register, anywhere. */
  generalNumber(operand: Operand): Value {
    const value = this.operand(operand);
    return this.isKnown ? value : this.shr(this.sub(value, this.const(STATE.r)), 3);
  }
  numbered(register: number): Value {
    return register === 15 ? this.pcValue() : this.cell(STATE.r + 8 * register, 8);
  }
  setNumbered(register: number, value: Value): void {
    this.setCell(STATE.r + 8 * register, 8, this.word(value));
  }

  // Conditions.

  /**
   * The effect if a condition holds: the operand of A32, or PSTATE.IT.
   *
   * @param jumps whether it ends with a jump, which links nothing: in compiled code a branch to one without the condition
   */
  conditionally(condition: Operand | undefined, body: () => void, jumps = false): void {
    if (condition?.value === ALWAYS) {
      body();
      return;
    }
    const holds = this.condition(condition ? this.operand(condition) : this.currentCondition());
    if (!this.isKnown) this.skipUnless(holds, body);
    else if (jumps) this.branch(holds, WITHOUT_CONDITION);
    else this.choose(holds, this.recorded(holds, body), body);
  }
  /** In an IT block, where PSTATE.IT is known. What jumps, which is the last, is made outside of the block. */
  conditionallyInBlock(it: number, body: () => void): void {
    const next = itAdvanced(it);
    if (it >> 4 === ALWAYS) body();
    else {
      const holds = this.condition(this.const(it >> 4));
      const done = this.recorded(holds, body);
      if (next === 0 && done.some(isJump)) {
        this.leaveIt();
        this.branch(holds, OUT_OF_BLOCK);
        return;
      }
      this.choose(holds, done, body);
    }
    if (!this.statements.some(isJump)) this.setCell(STATE.it, 8, this.const(next));
  }
  private condition(condition: Value): Value {
    const { n, z, c, v } = this.flags();
    return this.op('condition', condition, n, z, c, v);
  }
  /** What `body` records, which is not there then. */
  private recorded(holds: Value, body: () => void): Statement[] {
    const start = this.statements.length;
    this.hasR15 = true;
    this.guard = holds;
    body();
    this.guard = undefined;
    return this.statements.splice(start);
  }
  /** The effect of `body`, which is `done`, if a condition holds. */
  private choose(holds: Value, done: readonly Statement[], body: () => void): void {
    if (done.every((statement) => isPure(statement) || isGuarded(statement))) {
      for (const statement of done) this.chooseOne(holds, statement);
    } else if (done.some(mayLeave)) {
      // The cold tier has it all.
      this.require(this.op('eqz', this.op('extend', holds)));
    } else {
      this.hasR15 = true;
      this.skipUnless(holds, body);
    }
  }
  // A store-exclusive is not made where its condition does not hold, nor is its address tested: gcc's compare-and-swap has one
  // in an IT block.

  override storeIf(
    condition: Value,
    address: Value,
    version: Value,
    expected: Value,
    value: Value,
    width: Width,
  ): Value {
    const made =
      this.guard === undefined
        ? condition
        : this.op('ne', this.and(this.op('extend', this.guard), this.op('extend', condition)), this.const(0));
    return super.storeIf(made, address, version, expected, value, width);
  }
  override aligned(address: Value, bytes: number): void {
    super.aligned(this.guard === undefined ? address : this.select(this.guard, address, this.const(0)), bytes);
  }
  private chooseOne(holds: Value, statement: Statement): void {
    if (statement.kind === 'setReg') {
      this.setReg(statement.operand, this.select(holds, statement.value, this.reg(statement.operand)));
    } else if (statement.kind === 'setCell') {
      const { offset, bytes, value } = statement;
      this.setCell(offset, bytes, this.select(holds, value, this.cell(offset, bytes)));
    } else this.statements.push(statement);
  }
  /** AL outside of an IT block. */
  private currentCondition(): Value {
    const it = this.cell(STATE.it, 8);
    return this.select(this.op('eqz', it), this.const(ALWAYS), this.shr(it, 4));
  }
  /** What `body` records is left out unless the condition holds. Values that it computes are not to be used after it. */
  skipUnless(condition: Value, body: () => void): void {
    const skip: Statement & { kind: 'skip' } = { kind: 'skip', unless: condition, count: 0 };
    this.statements.push(skip);
    const start = this.statements.length;
    body();
    skip.count = this.statements.length - start;
  }
  /** ITAdvance, and back to T32 outside of a block behind its last instruction. */
  advanceIt(): Value {
    const it = this.cell(STATE.it, 8);
    const rest = this.and(this.shl(it, 1), this.const(31));
    const isLast = this.op('eqz', this.and(it, this.const(7)));
    return this.select(isLast, this.const(0), this.or(this.and(it, this.const(0xe0)), rest));
  }

  /** The address behind the last instruction of an IT block. */
  itEnd(): Value {
    return this.or(this.unsigned(this.next()), this.const(BigInt(SET.t32) << 32n));
  }

  // Jumps.

  /** To an address in the present instruction set. */
  jumpToSame(address: Value): void {
    const set = this.set === SET.a32 ? SET.a32 : SET.t32;
    const mask = set === SET.a32 ? 0xffff_fffcn : 0xffff_fffen;
    this.leaveIt();
    this.jumpTo(this.or(this.and(address, this.const(mask)), this.const(BigInt(set) << 32n)));
  }
  /** BXWritePC. */
  interwork(address: Value): void {
    const thumb = this.and(address, this.const(1));
    this.leaveIt();
    const target = this.and(address, this.const(0xffff_fffen));
    this.jumpTo(this.or(target, this.shl(thumb, 32)));
  }
  private leaveIt(): void {
    if (this.set === SET.it) this.setCell(STATE.it, 8, this.const(0));
  }
  /** So many bytes from what r15 reads as, in the same instruction set. */
  jumpBy(offset: Value): void {
    this.leaveIt();
    if (this.set === SET.it) {
      this.jumpToSame(this.add(this.pcValue(), offset));
      return;
    }
    this.jumpTo(this.add(this.pc(), this.add(offset, this.const(this.set === SET.a32 ? 8 : 4))));
  }
  /** LR = the address behind the instruction, odd in T32. */
  setLink(): void {
    const next = this.word(this.next());
    this.setCell(STATE.r + 8 * 14, 8, this.set === SET.a32 ? next : this.or(next, this.const(1)));
  }

  // The shifter.

  /** Shift_C: by 0 LSL, 1 LSR, 2 ASR, 3 ROR; by 0 nothing, and the carry stays. Amounts up to 255. */
  shift(value: Value, type: Value, amount: Value): Shifted {
    const zero = this.unsigned(value);
    const count = this.select(this.op('lt_u', amount, this.const(63)), amount, this.const(63));
    const before = this.sub(count, this.const(1));
    const isNone = this.op('eqz', amount);
    const left = this.shl(zero, count);
    const rotated = this.rotatedRight(zero, amount, 32);
    const pick = (lsl: Value, lsr: Value, asr: Value, ror: Value): Value =>
      this.select(this.is(type, 0), lsl, this.select(this.is(type, 1), lsr, this.select(this.is(type, 2), asr, ror)));
    const result = pick(left, this.shr(zero, count), this.sar(value, count), rotated);
    const carriedLeft = amount.kind === 'const' ? this.shr(zero, this.sub(this.const(32), amount)) : this.shr(left, 32);
    const carry = this.and(
      pick(carriedLeft, this.shr(zero, before), this.sar(value, before), this.shr(rotated, 31)),
      this.const(1),
    );
    return { value: this.word(result), carry: this.select(isNone, this.carry(), carry) };
  }
  /** By an immediate: 0 means 32 of LSR and ASR, and RRX of ROR. */
  shiftImmediate(value: Value, type: Value, amount: Value): Shifted {
    const isZero = this.op('eqz', amount);
    const isRight = this.op('ne', this.and(this.or(type, this.shr(type, 1)), this.const(1)), this.const(0));
    const count = this.select(isZero, this.select(isRight, this.const(32), this.const(0)), amount);
    const shifted = this.shift(value, type, count);
    const zero = this.unsigned(value);
    const isExtended = this.op('eqz', this.or(this.xor(type, this.const(3)), amount));
    const extended = this.word(this.or(this.shl(this.carry(), 31), this.shr(zero, 1)));
    return {
      value: this.select(isExtended, extended, shifted.value),
      carry: this.select(isExtended, this.and(zero, this.const(1)), shifted.carry),
    };
  }
  /** ARMExpandImm_C. */
  armImmediate(imm12: Value): Shifted {
    const amount = this.shl(this.bits(imm12, 8, 4), 1);
    const value = this.rotatedRight(this.and(imm12, this.const(255)), amount, 32);
    const word = this.word(value);
    return { value: word, carry: this.select(this.op('eqz', amount), this.carry(), this.bits(word, 31, 1)) };
  }
  /** ThumbExpandImm_C. */
  thumbImmediate(imm12: Value): Shifted {
    const byte = this.and(imm12, this.const(255));
    const kind = this.bits(imm12, 8, 2);
    const times = (factor: number): Value => this.op('mul', byte, this.const(factor));
    const spread = this.select(
      this.is(kind, 0),
      byte,
      this.select(
        this.is(kind, 1),
        times(0x0001_0001),
        this.select(this.is(kind, 2), times(0x0100_0100), times(0x0101_0101)),
      ),
    );
    const rotated = this.rotatedRight(
      this.or(this.and(imm12, this.const(127)), this.const(128)),
      this.bits(imm12, 7, 5),
      32,
    );
    const isSpread = this.op('lt_u', imm12, this.const(0x400));
    const value = this.word(this.select(isSpread, spread, rotated));
    return { value, carry: this.select(isSpread, this.carry(), this.bits(value, 31, 1)) };
  }

  /** A flag that stays what it is is not written. */
  override setCell(offset: number, bytes: 4 | 8, value: Value): void {
    const writes = (statement: Statement): boolean => statement.kind === 'setCell' && statement.offset === offset;
    const isKept = value.kind === 'cell' && value.offset === offset && !this.statements.slice(value.at).some(writes);
    if (!isKept) super.setCell(offset, bytes, value);
  }

  // Flags of words: operands and results sign-extended, which keeps the order of unsigned numbers too.

  logical(result: Value, carry: Value): Flags {
    return { n: result, z: result, c: carry, v: this.cell(STATE.v, 8) };
  }
  sum(a: Value, c: Value): { result: Value; flags: Flags } {
    const result = this.word(this.add(a, c));
    const v = this.and(this.xor(a, result), this.xor(c, result));
    return { result, flags: { n: result, z: result, c: this.op('extend', this.op('lt_u', result, a)), v } };
  }
  difference(a: Value, c: Value): { result: Value; flags: Flags } {
    const result = this.word(this.sub(a, c));
    const v = this.and(this.xor(a, c), this.xor(a, result));
    return { result, flags: { n: result, z: result, c: this.op('extend', this.op('ge_u', a, c)), v } };
  }
  sumWithCarry(a: Value, c: Value): { result: Value; flags: Flags } {
    const wide = this.add(this.add(this.unsigned(a), this.unsigned(c)), this.carry());
    const result = this.word(wide);
    const v = this.and(this.xor(a, result), this.xor(c, result));
    return { result, flags: { n: result, z: result, c: this.shr(wide, 32), v } };
  }

  // Q and GE.

  setQ(condition: Value): void {
    this.setCell(STATE.q, 4, this.or(this.cell(STATE.q, 4), this.op('extend', condition)));
  }
  ge(): Value {
    return this.cell(STATE.ge, 4);
  }
  setGe(value: Value): void {
    this.setCell(STATE.ge, 4, value);
  }
  /** A value brought into the range of a signed or unsigned number of so many bits, and whether that changed it. */
  saturated(value: Value, bits: Value, isSigned: boolean): { result: Value; changed: Value } {
    const one = this.const(1);
    const top = this.sub(this.shl(one, isSigned ? this.sub(bits, one) : bits), one);
    const bottom = isSigned ? this.sub(this.const(-1), top) : this.const(0);
    const high = this.select(this.op('lt_s', top, value), top, value);
    const result = this.select(this.op('lt_s', high, bottom), bottom, high);
    return { result, changed: this.op('ne', result, value) };
  }

  // Advanced SIMD.

  /** The "standard FPSCR value": to nearest, subnormal numbers flushed, the default NaN. */
  override vectorMode(): Value {
    return this.const(STANDARD);
  }
  override vectorModeWith(rounding: number): Value {
    return this.const(STANDARD | rounding);
  }
  /** Of conversions from and to binary16: AHP is the program's there. */
  halfMode(): Value {
    return this.or(this.and(this.fpMode(), this.const(Deviation.alternativeHalf)), this.const(STANDARD));
  }

  // Memory.

  loadWord(address: Value): Value {
    return this.load(address, 32, true);
  }
  loadOf(address: Value, width: Width, signed: boolean): Value {
    return this.load(address, width, width === 32 || signed);
  }
}

/** ITAdvance. */
export const itAdvanced = (it: number): number => ((it & 7) === 0 ? 0 : (it & 0xe0) | ((it << 1) & 31));

const DISTANCE: OperandInfo = { name: '', signed: true, width: 35, slices: [], kind: '' };
/** Where an instruction in an IT block is one outside of it, and one of A32 one without its condition. */
const OUT_OF_BLOCK: Operand = { info: DISTANCE, value: (SET.t32 - SET.it) * 2 ** 32 };
const WITHOUT_CONDITION: Operand = { info: DISTANCE, value: (SET.taken - SET.a32) * 2 ** 32 };

const isJump = ({ kind }: Statement): boolean => /^(branch|jump|jumpTo|trap)$/.test(kind);

/** Whether a statement may leave compiled code, or is a jump. */
function mayLeave(statement: Statement): boolean {
  const { kind } = statement;
  if (kind === 'evaluate') return statement.value.kind === 'sc';
  return kind === 'require' || kind === 'aligned' || isJump(statement);
}

/** Whether a statement does nothing where the condition that it was recorded with does not hold. */
function isGuarded(statement: Statement): boolean {
  return statement.kind === 'aligned' || (statement.kind === 'evaluate' && statement.value.kind === 'sc');
}

/** Whether a statement can be undone by choosing what was there before. */
function isPure(statement: Statement): boolean {
  return statement.kind === 'setReg' || statement.kind === 'setCell';
}
