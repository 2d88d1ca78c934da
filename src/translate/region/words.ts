/**
 * Which guest registers hold words: values that equal their low 32 bits,
 * sign-extended. A region keeps such a register in an i32 local, so that chains
 * of word instructions, around loops too, have no extensions between their links.
 * Of a floating-point register "word" means that it holds a boxed binary32; it is in an f32 local then. Of a vector
 * register it means that only its low lanes count, 32 or 64 bits as is usual for it in the region (`singles`): the
 * register has zeros above them, and its local anything (low-lanes.ts).
 *
 * The planning of registers and the emission of code follow the same rule, so
 * they agree at every place: a register is a word after an instruction if the
 * value that it writes is one. The general registers of an architecture of 32 bits are words everywhere.
 */
import { type Architecture, isAlwaysWord, isFloat, isVector, type RegisterRange } from '../../cpu/arch.ts';
import type { OpName, Statement, Value } from '../../cpu/ir.ts';
import { constantOf } from '../walk.ts';
import { isLow32 } from '../wasm/lower.ts';
import { isZeroVector, lowHalfOf } from '../wasm/vector.ts';
import { resultFormat } from './float.ts';
import type { Instruction } from './graph.ts';
import { registerOf, writeOf } from './register-numbers.ts';

export class Words {
  /** Registers that hold words, by bank of 32. */
  set: Int32Array;
  private readonly arch: Architecture;
  /** Registers written by the present instruction: a read of one may be older than the write. */
  private readonly written: Int32Array;
  /** Words that are known not to be negative: to extend one costs nothing. Known within a block. */
  private readonly positive: Int32Array;

  /** By bank, vector registers whose words are of 32 bits. */
  private readonly singles: Int32Array;

  constructor(arch: Architecture, set: Int32Array, singles: Int32Array) {
    this.arch = arch;
    this.set = withAlwaysWords(arch, set);
    this.singles = singles;
    this.written = new Int32Array(set.length);
    this.positive = new Int32Array(set.length);
  }

  /** Goes on where these are words, and nothing else is known. */
  startBlock(set: Int32Array): void {
    this.set.set(withAlwaysWords(this.arch, set));
    this.positive.fill(0);
  }

  /** What is known here; the result makes it so again. */
  snapshot(): () => void {
    const set = this.set.slice();
    const positive = this.positive.slice();
    return () => {
      this.set.set(set);
      this.positive.set(positive);
    };
  }

  startInstruction(): void {
    this.written.fill(0);
  }

  /** A register has been written; what it holds now. */
  note(register: number, isWord: boolean, isPositive = false): void {
    const bank = register >> 5;
    this.written[bank] |= 1 << register;
    if (isWord) this.set[bank] |= 1 << register;
    else this.set[bank] &= ~(1 << register);
    if (isPositive) this.positive[bank] |= 1 << register;
    else this.positive[bank] &= ~(1 << register);
  }

  hasPositive(register: number): boolean {
    return (this.positive[register >> 5] & (1 << register)) !== 0;
  }

  has(register: number): boolean {
    return (this.set[register >> 5] & (1 << register)) !== 0;
  }

  /** Follows an instruction. */
  follow({ statements }: Instruction): void {
    this.startInstruction();
    let skip: { end: number; action: SkippedWrites } | undefined;
    for (const [index, statement] of statements.entries()) {
      if (statement.kind === 'skip') {
        const end = index + statement.count;
        skip = { end, action: new SkippedWrites(this, this.arch, statements.slice(index + 1, end + 1)) };
      }
      const register = writeOf(this.arch, statement);
      if (register !== undefined) this.note(register, this.isWordWrite(register, statement));
      if (index === skip?.end) skip.action.settle();
    }
  }

  /** Whether a register is a word when a statement has written it. */
  isWordWrite(register: number, statement: Statement): boolean {
    if (isAlwaysWord(this.arch, register)) return true;
    if (statement.kind !== 'setReg') return false;
    const { value } = statement;
    if (isVector(this.arch, register)) return this.isLowWrite(register, value);
    if (isFloat(this.arch, register)) return value.kind === 'op' && value.op === 'or' && isBox(value.args[1]);
    return this.isWord(value);
  }

  /** Whether a vector register is a word when it has this value. */
  isLowWrite(register: number, value: Value): boolean {
    return isZeroVector(value) || lowBitsOf(value) === this.lowBits(register);
  }

  /** How many bits count of a vector register that is a word. */
  lowBits(register: number): 32 | 64 {
    return (this.singles[register >> 5] & (1 << register)) !== 0 ? 32 : 64;
  }

  isWord(value: Value): boolean {
    switch (value.kind) {
      case 'const':
        return BigInt.asIntN(32, value.value) === value.value;
      case 'operand':
        return true;
      case 'load':
        return value.width < 32 || (value.width === 32 && value.signed);
      case 'cell':
        return isAlwaysWord(this.arch, value.offset / 8);
      case 'reg': {
        const register = registerOf(this.arch, value.operand);
        if (register === undefined || isAlwaysWord(this.arch, register)) return true;
        return this.isReadable(register) && this.has(register);
      }
      case 'op':
        return this.isWordResult(value.op, value.args);
      default:
        return false;
    }
  }

  /** Whether a read of a register in the present instruction gives what is known of it. */
  private isReadable(register: number): boolean {
    return (
      !isFloat(this.arch, register) &&
      !isVector(this.arch, register) &&
      (this.written[register >> 5] & (1 << register)) === 0
    );
  }

  /** Whether a value is a word and not negative, so that to extend it with zeros will do. */
  isPositive(value: Value): boolean {
    switch (value.kind) {
      case 'const':
        return value.value >= 0n && value.value <= 0x7fff_ffffn;
      case 'operand':
        return (value.operand.value ?? -1) >= 0;
      case 'load':
        return value.width < 32 && !value.signed;
      case 'reg': {
        const register = registerOf(this.arch, value.operand);
        return register === undefined || (this.isReadable(register) && this.hasPositive(register));
      }
      case 'op':
        return this.isPositiveResult(value.op, value.args);
      default:
        return false;
    }
  }

  private isPositiveResult(op: OpName, args: readonly Value[]): boolean {
    const [first, second] = args;
    switch (op) {
      case 'extend':
      case 'clz':
      case 'ctz':
      case 'popcnt':
        return true;
      case 'and':
        return this.isPositive(first) || this.isPositive(second);
      case 'or':
      case 'xor':
        return this.isPositive(first) && this.isPositive(second);
      case 'extend32_s':
        return this.isPositive(first) || isShiftedDown(first);
      case 'shr_s':
        return this.isPositive(first);
      case 'add':
        return isZero(second) && this.isPositive(first);
      case 'select':
        return this.isPositive(second) && this.isPositive(args[2]);
      default:
        return false;
    }
  }

  private isWordResult(op: OpName, args: readonly Value[]): boolean {
    const second = args[1];
    switch (op) {
      case 'extend8_s':
      case 'extend16_s':
      case 'extend32_s':
      case 'extend':
      case 'clz':
      case 'ctz':
      case 'popcnt':
        return true;
      case 'and':
        if (second.kind === 'const' && second.value >= 0n && second.value <= 0x7fff_ffffn) return true;
        if (second.kind === 'operand' && (second.operand.value ?? -1) >= 0) return true;
        return this.isWord(args[0]) && this.isWord(second);
      case 'or':
      case 'xor':
        return this.isWord(args[0]) && this.isWord(second);
      case 'shr_s':
        return this.isWord(args[0]);
      case 'add':
        return isZero(second) && this.isWord(args[0]);
      case 'select':
        return this.isWord(second) && this.isWord(args[2]);
      default:
        return false;
    }
  }
}

/** A set of registers, by bank, and those that always hold words. */
export function withAlwaysWords(arch: Architecture, set: Int32Array): Int32Array {
  const { wordRegisters } = arch;
  return wordRegisters === undefined ? set : set.map((bits, bank) => bits | inBank(wordRegisters, bank));
}
/** Those registers of a range that are in a bank. */
const inBank = ({ first, end }: RegisterRange, bank: number): number =>
  bitsBelow(end - 32 * bank) & ~bitsBelow(first - 32 * bank);
const bitsBelow = (count: number): number => (count >= 32 ? -1 : (1 << Math.max(count, 0)) - 1);

/** Registers that statements write which may be left out: they are words behind them if they are so either way. */
export class SkippedWrites {
  private readonly words: Words;
  private readonly wereWords: ReadonlyMap<number, boolean>;

  constructor(words: Words, arch: Architecture, statements: readonly Statement[]) {
    this.words = words;
    const written = statements.flatMap((statement) => writeOf(arch, statement) ?? []);
    this.wereWords = new Map(written.map((register) => [register, words.has(register)]));
  }

  get registers(): Iterable<number> {
    return this.wereWords.keys();
  }

  /** @param widen has a register whose value is a word be one of 64 bits */
  settle(widen: (register: number) => void = () => {}): void {
    for (const [register, wasWord] of this.wereWords) {
      const isWord = this.words.has(register);
      if (isWord && !wasWord) widen(register);
      this.words.note(register, isWord && wasWord);
    }
  }
}

/** Whether the low 32 bits of a value are shifted down with zeros behind them, by 1 to 31. */
function isShiftedDown(value: Value): boolean {
  if (value.kind !== 'op' || value.op !== 'shr_u' || !isLow32(value.args[0])) return false;
  const by = constantOf(value.args[1]) ?? 0;
  return by > 0 && by < 32;
}

const isZero = (value: Value): boolean => constantOf(value) === 0;

/** The bits above a binary32 value in a register (RISC-V unprivileged ISA, section 21.2). */
export const BOX = 0xffff_ffff_0000_0000n;

const isBox = (value: Value): boolean => value.kind === 'const' && BigInt.asUintN(64, value.value) === BOX;

/** How many low bits a vector has, zeros being above them; undefined for all 128. */
function lowBitsOf(value: Value): 32 | 64 | undefined {
  if (lowHalfOf(value) !== undefined) return 64;
  if (value.kind !== 'op' || value.op !== 'v128.from_i64') return undefined;
  const [scalar] = value.args;
  const isSingle =
    (scalar.kind === 'load' && scalar.width === 32 && !scalar.signed) ||
    (scalar.kind === 'fp' && resultFormat(scalar) === 32) ||
    (scalar.kind === 'op' && scalar.op === 'i32x4.extract_lane_u');
  return isSingle ? 32 : 64;
}

/** By bank, vector registers that are written with 32 bits more often than with 64. */
export function singlesOf(arch: Architecture, instructions: Iterable<Instruction>, banks: number): Int32Array {
  const excess = new Map<number, number>();
  for (const { statements } of instructions) {
    for (const statement of statements) {
      if (statement.kind !== 'setReg' || statement.value.type !== 'v128') continue;
      const register = registerOf(arch, statement.operand);
      const bits = lowBitsOf(statement.value);
      if (register === undefined || bits === undefined || isZeroVector(statement.value)) continue;
      excess.set(register, (excess.get(register) ?? 0) + (bits === 32 ? 1 : -1));
    }
  }
  const singles = new Int32Array(banks);
  for (const [register, more] of excess) if (more > 0) singles[register >> 5] |= 1 << register;
  return singles;
}

/**
 * What may be assumed of registers, as {@link Words} has it. Of a vector register its own bit says that it has 32 bits
 * at most, and the next one 64.
 */
export function assumableOf(arch: Architecture, assumable: Int32Array, singles: Int32Array): Int32Array {
  const { vectors: range } = arch;
  if (range === undefined) return assumable;
  return assumable.map((set, bank) => {
    // Their first cells.
    const vectors = inBank(range, bank) & 0x5555_5555;
    const wide = (set >>> 1) & vectors & ~singles[bank];
    return (set & ~vectors & ~(vectors << 1)) | (set & vectors & singles[bank]) | wide;
  });
}
