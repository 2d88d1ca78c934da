/**
 * Lowers the IR to WebAssembly: values become stack code, statements become
 * writes. Where registers, operands and the PC come from is up to the tier that
 * derives from {@link Lowering}: the cold tier reads them from decoded
 * instructions, region code has constants and locals.
 *
 * Every value is computed once, at its first use or, if it reads state that a
 * statement is about to change, just before that statement.
 */
import type { Architecture } from '../../cpu/arch.ts';
import type { OpName, Statement, Type, Value } from '../../cpu/ir.ts';
import type { Operand } from '../../cpu/row.ts';
import { isVectorOp, type VectorOpName } from '../../cpu/vector-ops.ts';
import { EXIT } from '../exit.ts';
import { Counts } from '../walk.ts';
import { type AtomicOperands, type AtomicValue, emitAtomic, emitVersion } from './atomics.ts';
import { type Code, I32, I64, V128, type ValType, VOID } from './encoder.ts';
import { get, set } from './expr.ts';
import { emitLaneByLane } from './fp-lanes.ts';
import type { HelperName, Helpers } from './helpers.ts';
import { type Access, indexOf, LOAD, LOAD_VECTOR, LOAD32, STORE, STORE_VECTOR, THREAD, WINDOW } from './memories.ts';
import { emitVectorConstant, emitVectorOp } from './vector.ts';

/** Each pure operation: an opcode, or a helper function that does it. */
const PURE = {
  add: 0x7c,
  sub: 0x7d,
  mul: 0x7e,
  and: 0x83,
  or: 0x84,
  xor: 0x85,
  shl: 0x86,
  shr_s: 0x87,
  shr_u: 0x88,
  rotl: 0x89,
  rotr: 0x8a,
  clz: 0x79,
  ctz: 0x7a,
  popcnt: 0x7b,
  extend8_s: 0xc2,
  extend16_s: 0xc3,
  extend32_s: 0xc4,
  div_s: 0x7f,
  div_u: 0x80,
  rem_s: 0x81,
  rem_u: 0x82,
  mulh_s: 'mulh_s',
  mulh_u: 'mulh_u',
  mulh_su: 'mulh_su',
  clmul: 'clmul',
  clmulh: 'clmulh',
  xperm4: 'xperm4',
  xperm8: 'xperm8',
  eqz: 0x50,
  eq: 0x51,
  ne: 0x52,
  lt_s: 0x53,
  lt_u: 0x54,
  ge_s: 0x59,
  ge_u: 0x5a,
  extend: 0xad,
  select: 0x1b,
  condition: 'condition',
} as const satisfies Record<Exclude<OpName, VectorOpName | 'rotr32'>, number | HelperName>;

/** Operations of which the low 32 bits of the result depend on those of the operands alone, or shifts of such. */
const WORD: Partial<Record<OpName, number>> = {
  add: 0x6a,
  sub: 0x6b,
  mul: 0x6c,
  and: 0x71,
  or: 0x72,
  xor: 0x73,
  shl: 0x74,
  shr_s: 0x75,
  shr_u: 0x76,
  div_s: 0x6d,
  div_u: 0x6e,
  rem_s: 0x6f,
  rem_u: 0x70,
  rotr32: 0x78,
};

/** Comparisons of i32. Sign extension keeps the order of unsigned numbers too. */
const COMPARE: Partial<Record<OpName, number>> = {
  eqz: 0x45,
  eq: 0x46,
  ne: 0x47,
  lt_s: 0x48,
  lt_u: 0x49,
  ge_s: 0x4e,
  ge_u: 0x4f,
};

/** x & 0xffffffff. */
export const isLow32 = (value: Value): boolean =>
  value.kind === 'op' && value.op === 'and' && value.args[1].kind === 'const' && value.args[1].value === 0xffff_ffffn;

/** A shift count below 32: a constant, or masked. */
function isWordCount(count: Value): boolean {
  if (count.kind === 'const') return count.value >= 0n && count.value < 32n;
  if (count.kind === 'operand') return count.operand.info.width <= 5 && !count.operand.info.signed;
  return count.kind === 'op' && count.op === 'and' && count.args[1].kind === 'const' && count.args[1].value === 31n;
}

/** A count without the mask that shifts and rotations of i32 apply themselves. */
const wordCount = (op: OpName, arg: Value): Value =>
  (op.startsWith('sh') || op === 'rotr32') && arg.kind === 'op' && arg.op === 'and' && isWordCount(arg)
    ? arg.args[0]
    : arg;

/** Whether a value equals its low 32 bits, zero-extended. */
function isZeroExtended(value: Value): boolean {
  if (value.kind === 'const') return value.value >= 0n && value.value <= 0xffff_ffffn;
  if (value.kind !== 'op') return false;
  if (value.op === 'rotr32') return true;
  return isLow32(value) || (value.op === 'select' && isZeroExtended(value.args[1]) && isZeroExtended(value.args[2]));
}

/** A value shifted up and down again, which extends its sign; and the opcode that does so. */
function signExtended(value: Value & { kind: 'op' }): { value: Value; opcode: number } | undefined {
  const [shifted, down] = value.args;
  if (value.op !== 'shr_s' || shifted.kind !== 'op' || shifted.op !== 'shl' || down.kind !== 'const') return undefined;
  const [inner, up] = shifted.args;
  const opcode = { 32: 0xc4, 48: 0xc3, 56: 0xc2 }[Number(down.value)];
  return up.kind === 'const' && up.value === down.value && opcode !== undefined ? { value: inner, opcode } : undefined;
}

const AT_INDEX = { memory: WINDOW, offset: 0, align: 0 };

/** Accesses to parts of vectors by their bytes: the load, which repeats what it loads, and the store, of lane 0. */
const PARTS = [
  [16, 0x00, 0x0b],
  [8, 0x0a, 0x5b],
  [4, 0x09, 0x5a],
  [2, 0x08, 0x59],
  [1, 0x07, 0x58],
] as const;

const LOCAL_TYPE: Record<Type, ValType> = { i32: I32, i64: I64, v128: V128 };

/** Regions lower the same statements wherever the same instruction stands. */
const COUNTS = new WeakMap<readonly Statement[], Counts>();

type Addressing = Pick<Architecture, 'addressMask' | 'isNarrow'>;

export abstract class Lowering {
  readonly code: Code;
  readonly helpers: Helpers;
  /** See {@link Architecture.addressMask}. */
  protected readonly addressMask: bigint | undefined;
  /** See {@link Architecture.isNarrow}. */
  readonly isNarrow: boolean;
  protected readonly computed = new Map<Value, number>();
  /** The same of words, in locals of 32 bits. */
  private readonly computed32 = new Map<Value, number>();
  /** How many blocks of statements that may be left out are open. */
  protected depth = 0;
  private uses: ReadonlyMap<Value, number> = new Map();
  private lastUse: ReadonlyMap<Value, number> = new Map();

  constructor(code: Code, helpers: Helpers, { addressMask, isNarrow = false }: Addressing) {
    this.code = code;
    this.helpers = helpers;
    this.addressMask = addressMask;
    this.isNarrow = isNarrow;
  }

  protected abstract newLocal(type: ValType): number;
  protected abstract emitOperand(operand: Operand): void;
  protected abstract emitReg(operand: Operand, type: Type): void;
  protected abstract emitSetReg(operand: Operand, emitValue: () => void, value: Value): void;
  protected abstract emitPc(next: boolean): void;
  protected abstract emitInstructions(): void;
  /** What has to be known if the access at the address in the local faults. */
  protected abstract emitBeforeAccess(addressLocal: number): void;
  protected abstract emitTerminator(statement: Terminator): void;
  /** Whether a write may change what a read gives. */
  protected abstract mayChange(write: Write, read: Read): boolean;
  /** Leaves if the condition on the stack is 0. */
  protected abstract emitRequire(otherwise: 'illegal' | 'contended'): void;
  /** Leaves with the trap of an atomic access: the non-zero exit code is on the stack if there is one. */
  protected abstract emitAtomicCheck(): void;

  /** @param before called before each statement */
  lower(statements: readonly Statement[], before?: (statement: Statement) => void): void {
    this.computed.clear();
    this.computed32.clear();
    let counts = COUNTS.get(statements);
    if (!counts) COUNTS.set(statements, (counts = new Counts(statements)));
    this.uses = counts.uses;
    this.lastUse = counts.lastUse;
    /** Ends of the statements that may be left out, and what had been computed before them. */
    const skips: { end: number; known: ReadonlySet<Value> }[] = [];
    statements.forEach((statement, index) => {
      const isLast = index === statements.length - 1;
      if (!isLast && (statement.kind === 'setReg' || statement.kind === 'setCell')) this.saveReads(index, statement);
      before?.(statement);
      if (statement.kind === 'skip') {
        const left = statements.slice(index + 1, index + 1 + statement.count);
        this.beginSkip(left);
        this.emit(statement.unless);
        this.code.if();
        this.depth++;
        skips.push({
          end: index + statement.count,
          known: new Set([...this.computed.keys(), ...this.computed32.keys()]),
        });
      } else this.lowerStatement(statement);
      while (skips.length > 0 && skips[skips.length - 1].end === index) {
        const { known } = skips.pop()!;
        for (const computed of [this.computed, this.computed32]) {
          for (const value of [...computed.keys()]) if (!known.has(value)) computed.delete(value);
        }
        this.endSkip();
        this.code.end();
        this.depth--;
      }
    });
  }

  /** Around statements that may be left out: what is known of registers behind them must be so either way. */
  protected beginSkip(_statements: readonly Statement[]): void {}
  protected endSkip(): void {}

  /** Computes the reads that were recorded before statement `index`, are needed after it, and would see its write. */
  private saveReads(index: number, write: Write): void {
    for (const [value, last] of this.lastUse) {
      if (value.kind !== 'reg' && value.kind !== 'cell') continue;
      if (value.at > index || last <= index || this.isComputed(value) || !this.mayChange(write, value)) continue;
      this.compute(value);
    }
  }

  /** Pops the value into a local of its own and pushes it again. */
  private keep(value: Value): void {
    const local = this.newLocal(LOCAL_TYPE[value.type]);
    this.code.localTee(local);
    this.computed.set(value, local);
  }

  /** Computes a word into a local of 32 bits of its own and pushes that. */
  private keep32(value: Value): void {
    this.emitUncached32(value);
    const local = this.newLocal(I32);
    this.code.localTee(local);
    this.computed32.set(value, local);
  }

  /** Computes a value into a local of its own, where it is not in one; nothing is left on the stack. */
  private compute(value: Value): void {
    if (this.isComputed(value)) return;
    if (this.isWordLocal(value)) this.keep32(value);
    else {
      this.emitUncached(value);
      this.keep(value);
    }
    this.code.op(0x1a);
  }
  isComputed(value: Value): boolean {
    return this.computed.has(value) || this.computed32.has(value);
  }
  /** Whether a value that is kept is kept in 32 bits. */
  private isWordLocal(value: Value): boolean {
    return value.kind !== 'operand' && this.isWord(value);
  }
  /** Whether a value is used again after this. */
  protected isShared(value: Value): boolean {
    return value.kind !== 'const' && value.kind !== 'vector' && (this.uses.get(value) ?? 0) > 1;
  }

  emit(value: Value): void {
    const local = this.computed.get(value);
    if (local !== undefined) {
      this.code.localGet(local);
      return;
    }
    const word = this.computed32.get(value);
    const isShared = this.isShared(value);
    if (word !== undefined || (isShared && this.isWordLocal(value))) {
      if (word === undefined) this.keep32(value);
      else this.code.localGet(word);
      this.code.op(this.isPositive(value) ? 0xad : 0xac);
      return;
    }
    this.emitUncached(value);
    if (isShared) this.keep(value);
  }

  /** The value in a local, computed if need be; nothing is left on the stack. */
  protected inLocal(value: Value): number {
    if (!this.computed.has(value)) {
      if (this.computed32.has(value)) this.emit(value);
      else this.emitUncached(value);
      this.keep(value);
      this.code.op(0x1a);
    }
    return this.computed.get(value) as number;
  }

  private emitUncached(value: Value): void {
    const { code } = this;
    switch (value.kind) {
      case 'const':
        code.i64(value.value);
        return;
      case 'operand':
        this.emitOperand(value.operand);
        return;
      case 'reg':
        this.emitReg(value.operand, value.type);
        return;
      case 'vector':
        emitVectorConstant(code, value.value);
        return;
      case 'cell':
        this.emitCell(value.offset, value.bytes);
        return;
      case 'pc':
      case 'next':
        this.emitPc(value.kind === 'next');
        return;
      case 'instructions':
        this.emitInstructions();
        return;
      case 'time':
        code.call(this.helpers.index('time'));
        return;
      case 'random':
        code.call(this.helpers.index('random'));
        return;
      case 'op':
        this.emitOp(value);
        return;
      case 'fp':
        this.emitFp(value);
        return;
      case 'fp_lanes':
        this.emitFpLanes(value);
        return;
      case 'load': {
        const opcode = LOAD[value.width][value.signed ? 'signed' : 'unsigned'];
        this.emitLoad(value.address, { opcode, bytes: value.width / 8, type: I64 });
        return;
      }
      case 'load128':
        this.emitLoad(value.address, LOAD_VECTOR);
        return;
      case 'load_part':
        this.emitPart(value.address, value.count);
        return;
      case 'shuffle':
        for (const arg of value.args) this.emit(arg);
        code.simd(0x0d).bytes(value.lanes);
        return;
      case 'amo':
      case 'cas':
      case 'cas_if':
      case 'sc':
        this.emitAtomic(value);
        return;
      case 'version':
        emitVersion(code, this.inLocal(value.address));
        return;
    }
  }

  /** Leaves the result's bits, or the integer. */
  protected emitFp(value: FpValue): void {
    for (const arg of value.args) this.emit(arg);
    this.emit(value.rounding);
    this.code.call(this.helpers.fpIndex(value.op, value.format));
  }

  protected emitFpLanes(value: FpLanesValue): void {
    const operands = value.args.map((arg) => this.inLocal(arg));
    const mode = this.inLocal(value.rounding);
    emitLaneByLane(this.code, this.helpers, value, operands, get(mode));
  }

  /** Pushes what is loaded from an address. */
  protected emitLoad(address: Value, { opcode }: Access): void {
    this.emitMasked(address);
    this.code.access(opcode, AT_INDEX);
  }

  /** Stores what `emitValue` pushes. */
  protected emitStore(address: Value, { opcode }: Access, emitValue: () => void): void {
    this.emitMasked(address);
    emitValue();
    this.code.access(opcode, AT_INDEX);
  }

  private emitMasked(address: Value): void {
    const local = this.addressLocal(address);
    this.emitBeforeAccess(local);
    indexOf(this, get(local))(this.code);
  }

  /** The index in the window of the address in a local. */
  private indexLocal(address: number): number {
    if (!this.isNarrow) return address;
    const index = this.newLocal(I32);
    set(index, indexOf(this, get(address)))(this.code);
    return index;
  }

  /** The address of an access in a local, without the bits that the architecture ignores. */
  private addressLocal(address: Value): number {
    const local = this.inLocal(address);
    if (this.addressMask === undefined) return local;
    const masked = this.newLocal(I64);
    this.code.localGet(local).i64(this.addressMask).op(0x83).localSet(masked);
    return masked;
  }

  /** Stores the first bytes of a vector, or loads them and leaves them on the stack. */
  private emitPart(address: Value, count: Value, value?: Value): void {
    const { code } = this;
    const [at, bytes] = [this.addressLocal(address), this.inLocal(count)];
    const vector = value && this.inLocal(value);
    this.emitBeforeAccess(at);
    const index = this.indexLocal(at);
    const type = vector === undefined ? V128 : VOID;
    for (const [size, load, store] of PARTS) {
      code.localGet(bytes).i64(BigInt(size)).op(0x51).if(type).localGet(index);
      if (vector !== undefined) code.localGet(vector);
      code.simd(vector === undefined ? load : store).memarg(AT_INDEX);
      if (vector !== undefined && size < 16) code.byte(0);
      code.else();
    }
    if (vector === undefined) emitVectorConstant(code, 0n);
    for (const _ of PARTS) code.end();
  }

  /** Whether a value is known to equal its low 32 bits, sign-extended. */
  isWord(value: Value): boolean {
    return value.kind === 'op' && value.op === 'extend32_s';
  }

  /** Whether such a value is known not to be negative. */
  protected isPositive(_value: Value): boolean {
    return false;
  }

  /** Pushes a value of which more is known here than its row says; false if nothing is. */
  protected emitKnown(_value: Value): boolean {
    return false;
  }

  protected emitCell(offset: number, bytes: 4 | 8): void {
    this.code.i32(0).access(bytes === 4 ? 0x35 : 0x29, { memory: THREAD, offset, align: 2 });
  }

  protected emitSetCell(offset: number, bytes: 4 | 8, emitValue: () => void, _value: Value): void {
    this.code.i32(0);
    emitValue();
    this.code.access(bytes === 4 ? 0x3e : 0x37, { memory: THREAD, offset, align: 2 });
  }

  private emitOp(value: Value & { kind: 'op' }): void {
    const { code } = this;
    const { op, args } = value;
    if (this.emitKnown(value)) return;
    if (isVectorOp(op)) {
      emitVectorOp(this, op, args);
      return;
    }
    if (op === 'rotr32') {
      this.emitOp32(value);
      code.op(0xad);
      return;
    }
    if (op === 'extend32_s' && this.isWord(args[0])) {
      this.emit(args[0]);
      return;
    }
    if (op === 'extend32_s' && this.isWordOp(args[0]) && !this.isComputed(args[0])) {
      this.emit32(args[0]);
      code.op(this.isPositive(value) ? 0xad : 0xac);
      return;
    }
    if (this.isWord(value) && this.isWordOp(value)) {
      this.emitOp32(value);
      code.op(this.isPositive(value) ? 0xad : 0xac);
      return;
    }
    if (isLow32(value) && !this.computed.has(args[0])) {
      const [inner] = args;
      if (isZeroExtended(inner)) {
        this.emit(inner);
        return;
      }
      if (inner.kind === 'reg' || inner.kind === 'cell' || this.isWordOp(inner) || this.computed32.has(inner)) {
        this.emit32(inner);
        code.op(0xad);
        return;
      }
    }
    const narrow = signExtended(value);
    if (narrow !== undefined && !this.isComputed(args[0])) {
      this.emit(narrow.value);
      code.op(narrow.opcode);
      return;
    }
    const compare = COMPARE[op];
    const isUnsigned = !op.endsWith('_s') && args.every(isZeroExtended);
    if (compare !== undefined && (isUnsigned || args.every((arg) => this.isWord(arg)))) {
      for (const arg of args) this.emit32(arg);
      code.op(compare);
      return;
    }
    if (op === 'select' && this.emitChoiceOfBits(args)) {
      code.op(0xad);
      return;
    }
    const lowered = PURE[op];
    // WebAssembly's select has its condition last.
    const ordered = op === 'select' ? [args[1], args[2], args[0]] : args;
    for (const arg of ordered) this.emit(arg);
    if (typeof lowered === 'number') code.op(lowered);
    else code.call(this.helpers.index(lowered));
  }

  /** Pushes a choice between 0 and 1, as i32: it is the condition or its opposite (Arm's `cset`). False if it is another one. */
  private emitChoiceOfBits([condition, a, b]: readonly Value[]): boolean {
    const [holds, otherwise] = [this.bitOf(a), this.bitOf(b)];
    if (holds === undefined || otherwise === undefined || holds === otherwise) return false;
    this.emit(condition);
    if (otherwise === 1) this.code.op(0x45);
    return true;
  }
  /** A value that is known to be 0 or 1: a constant, or made of a register that is always 0. */
  private bitOf(value: Value): 0 | 1 | undefined {
    if (value.kind === 'reg') return this.isZero(value.operand) ? 0 : undefined;
    if (value.kind === 'const') return value.value === 0n ? 0 : value.value === 1n ? 1 : undefined;
    if (value.kind !== 'op') return undefined;
    if (isLow32(value)) return this.bitOf(value.args[0]);
    if (value.op !== 'add' || this.bitOf(value.args[0]) !== 0) return undefined;
    return this.bitOf(value.args[1]);
  }
  /** Whether a register is known to be 0. */
  protected isZero(_operand: Operand): boolean {
    return false;
  }

  /** Whether the low 32 bits of a value can be computed in 32 bits. */
  private isWordOp(value: Value): boolean {
    if (value.kind !== 'op') return false;
    const { op, args } = value;
    switch (op) {
      case 'extend8_s':
      case 'extend16_s':
        return true;
      case 'shl':
        return isWordCount(args[1]);
      // What a right shift moves down from above bit 31 has to be zeros or signs.
      case 'shr_u':
        return isWordCount(args[1]) && isLow32(args[0]);
      case 'shr_s':
        return isWordCount(args[1]) && this.isWord(args[0]);
      case 'div_u':
      case 'rem_u':
        return args.every(isZeroExtended);
      case 'div_s':
      case 'rem_s':
        return args.every((arg) => this.isWord(arg));
      case 'select':
      case 'extend':
        return true;
      default:
        return WORD[op] !== undefined;
    }
  }

  /** The low 32 bits, as i32, of an operation for which {@link isWordOp} says that they can be computed so. */
  private emitOp32({ op, args }: Value & { kind: 'op' }): void {
    const { code } = this;
    if (op === 'extend8_s' || op === 'extend16_s') {
      this.emit32(args[0]);
      code.op(op === 'extend8_s' ? 0xc0 : 0xc1);
      return;
    }
    if (op === 'extend') {
      this.emit(args[0]);
      return;
    }
    if (op === 'select') {
      if (this.emitChoiceOfBits(args)) return;
      this.emit32(args[1]);
      this.emit32(args[2]);
      this.emit(args[0]);
      code.op(PURE.select);
      return;
    }
    this.emit32(args[0]);
    this.emit32(wordCount(op, args[1]));
    code.op(WORD[op] as number);
  }

  /**
   * The low 32 bits of a value, as i32. Word operations are done in 32 bits throughout: a chain of them then has no
   * extensions between its links.
   */
  emit32(value: Value): void {
    const word = this.computed32.get(value);
    if (word !== undefined) {
      this.code.localGet(word);
      return;
    }
    const isRead = value.kind === 'reg' || value.kind === 'cell';
    if (this.computed.has(value) || (this.isShared(value) && !isRead)) {
      if (!this.computed.has(value) && this.isWordLocal(value)) {
        this.keep32(value);
        return;
      }
      this.emit(value);
      this.code.op(0xa7);
      return;
    }
    this.emitUncached32(value);
  }

  private emitUncached32(value: Value): void {
    const { code } = this;
    if (value.kind === 'const') {
      code.i32(Number(BigInt.asIntN(32, value.value)));
      return;
    }
    if (value.kind === 'reg') {
      this.emitReg32(value.operand);
      return;
    }
    if (value.kind === 'cell') {
      this.emitCell32(value.offset, value.bytes);
      return;
    }
    const load = value.kind === 'load' ? LOAD32[value.width] : undefined;
    if (value.kind === 'load' && load !== undefined) {
      const opcode = load[value.signed ? 'signed' : 'unsigned'];
      this.emitLoad(value.address, { opcode, bytes: value.width / 8, type: I32 });
      return;
    }
    if (value.kind === 'op') {
      if (value.op === 'extend32_s' || isLow32(value)) {
        this.emit32(value.args[0]);
        return;
      }
      if (this.isWordOp(value)) {
        this.emitOp32(value);
        return;
      }
    }
    this.emitUncached(value);
    code.op(0xa7);
  }

  /** The low 32 bits of a register, as i32. */
  protected emitReg32(operand: Operand): void {
    this.emitReg(operand, 'i64');
    this.code.op(0xa7);
  }

  /** The same of a cell. */
  protected emitCell32(offset: number, bytes: 4 | 8): void {
    this.emitCell(offset, bytes);
    this.code.op(0xa7);
  }

  private emitAtomic(value: AtomicValue): void {
    const { code } = this;
    const address = this.addressLocal(value.address);
    const operands: AtomicOperands = {
      address,
      index: this.indexLocal(address),
      operand: this.inLocal(value.value),
      expected: value.kind === 'amo' ? 0 : this.inLocal(value.expected),
      condition: 'condition' in value ? this.inLocal(value.condition) : 0,
      version: value.kind === 'sc' ? this.inLocal(value.version) : 0,
    };
    this.emitBeforeAccess(address);
    code.localGet(address).call(this.helpers.index('atomic_check'));
    this.emitAtomicCheck();
    emitAtomic(code, value, operands, (type) => this.newLocal(type));
  }

  protected lowerStatement(statement: Statement): void {
    const { code } = this;
    switch (statement.kind) {
      case 'setReg':
        this.emitSetReg(statement.operand, () => this.emit(statement.value), statement.value);
        return;
      case 'setCell':
        this.emitSetCell(statement.offset, statement.bytes, () => this.emit(statement.value), statement.value);
        return;
      case 'store': {
        const { width, value } = statement;
        const isWide = width === 64;
        const store: Access = { opcode: STORE[width], bytes: width / 8, type: isWide ? I64 : I32 };
        this.emitStore(statement.address, store, () => (isWide ? this.emit(value) : this.emit32(value)));
        return;
      }
      case 'store128':
        this.emitStore(statement.address, STORE_VECTOR, () => this.emit(statement.value));
        return;
      case 'store_part':
        this.emitPart(statement.address, statement.count, statement.value);
        return;
      case 'evaluate':
        this.compute(statement.value);
        return;
      case 'require':
        this.emit(statement.condition);
        this.emitRequire(statement.otherwise);
        return;
      case 'aligned': {
        const address = this.addressLocal(statement.address);
        this.emitBeforeAccess(address);
        code
          .localGet(address)
          .i64(BigInt(statement.bytes - 1))
          .op(0x83)
          .op(0x50)
          .op(0x45);
        code.if(I32).i32(EXIT.misaligned).else().i32(0).end();
        this.emitAtomicCheck();
        return;
      }
      case 'fence':
        code.byte(0xfe).byte(0x03).byte(0x00);
        return;
      case 'skip':
        throw new Error('a skip that lower() has not seen');
      default:
        this.emitTerminator(statement);
    }
  }
}

export type FpValue = Value & { kind: 'fp' };
export type FpLanesValue = Value & { kind: 'fp_lanes' };
export type Write = Statement & { kind: 'setReg' | 'setCell' };
export type Read = Value & { kind: 'reg' | 'cell' };
export type Terminator = Statement & { kind: 'branch' | 'jump' | 'jumpTo' | 'trap' };
