/**
 * Classic BPF as seccomp(2) has it: which programs the kernel takes, and what one says of a system call. Programs are
 * struct sock_filter's of 8 bytes (linux/filter.h), data is struct seccomp_data (linux/seccomp.h).
 *
 *     const program = { words, count };                 // two 32-bit words an instruction
 *     if (isValid(program)) run(program, data, seen)    // SECCOMP_RET_...
 */

/** `words`: code in the low half of the first, with jt and jf above it, and k in the second. */
export interface BpfProgram {
  readonly words: Uint32Array;
  readonly count: number;
}

/** BPF_MAXINSNS. */
export const LONGEST_PROGRAM = 4096;
/** struct seccomp_data: number, architecture, instruction pointer, six arguments. */
export const DATA = { words: 16, number: 0, architecture: 1, pointer: 2, arguments: 4, size: 64 } as const;

const [LD, LDX, ST, STX, ALU, JMP, RET, MISC] = [0, 1, 2, 3, 4, 5, 6, 7];
const classOf = (code: number): number => code & 7;
const OPERATION = 0xf0;
/** The second operand is X, not k. */
const BY_X = 8;
const CELLS = 16;

const ABSOLUTE = LD | 0x20;
const LENGTH = 0x80;
const MEMORY = 0x60;
const [ADD, SUB, MUL, DIV, OR, AND, LSH, RSH, NEG] = [0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x80];
const XOR = 0xa0;
const [JA, JEQ, JGT, JGE, JSET] = [0x00, 0x10, 0x20, 0x30, 0x40];
const RETURN_A = RET | 0x10;
const TAX = MISC;
const TXA = MISC | 0x80;

const withOperands = (kind: number, operations: readonly number[]): number[] =>
  operations.flatMap((operation) => [kind | operation, kind | operation | BY_X]);

/** What seccomp_check_filter allows: no byte and halfword, nothing relative, no remainder. */
const CODES = new Set([
  ...[ABSOLUTE, LD | LENGTH, LDX | LENGTH, LD, LDX, LD | MEMORY, LDX | MEMORY, ST, STX, TAX, TXA, RET, RETURN_A],
  ...withOperands(ALU, [ADD, SUB, MUL, DIV, OR, AND, LSH, RSH, XOR]),
  ...withOperands(JMP, [JEQ, JGT, JGE, JSET]),
  ...[ALU | NEG, JMP | JA],
]);

const usesCell = (code: number): boolean => code === ST || code === STX || (code & ~1) === MEMORY;

/** Would the kernel take the program? bpf_check_classic, seccomp_check_filter, check_load_and_stores. */
export function isValid({ words, count }: BpfProgram): boolean {
  for (let at = 0; at < count; at++) {
    const [code, k] = [words[2 * at] & 0xffff, words[2 * at + 1]];
    if (!CODES.has(code)) return false;
    if (code === ABSOLUTE && (k >= DATA.size || (k & 3) !== 0)) return false;
    if (code === (ALU | DIV) && k === 0) return false;
    if ((code === (ALU | LSH) || code === (ALU | RSH)) && k >= 32) return false;
    if (usesCell(code) && k >= CELLS) return false;
    if (classOf(code) === JMP && targets(words, at).some((target) => target >= count)) return false;
  }
  const last = words[2 * count - 2] & 0xffff;
  return (last === RET || last === RETURN_A) && loadsWhatIsStored({ words, count });
}

function targets(words: Uint32Array, at: number): number[] {
  const word = words[2 * at];
  if ((word & OPERATION) === JA) return [at + 1 + words[2 * at + 1]];
  return [at + 1 + ((word >>> 16) & 0xff), at + 1 + (word >>> 24)];
}

/** On every way to a load of a cell something has been stored there. All jumps lead on. */
function loadsWhatIsStored({ words, count }: BpfProgram): boolean {
  const ALL = 0xffff;
  const reaching = new Uint16Array(count).fill(ALL);
  let stored = 0;
  for (let at = 0; at < count; at++) {
    stored &= reaching[at];
    const [code, k] = [words[2 * at] & 0xffff, words[2 * at + 1]];
    if (code === ST || code === STX) stored |= 1 << k;
    else if (usesCell(code) && (stored & (1 << k)) === 0) return false;
    else if (classOf(code) === JMP) {
      for (const target of targets(words, at)) reaching[target] &= stored;
      stored = ALL;
    }
  }
  return true;
}

/** What a run has looked at. */
export interface Seen {
  /** More than number and architecture: another call of the same number may get another answer. */
  details: boolean;
}

/** What a valid program returns. A division by zero ends it with 0. */
export function run({ words }: BpfProgram, data: Uint32Array, seen: Seen): number {
  const cells = new Uint32Array(CELLS);
  let [a, x] = [0, 0];
  for (let at = 0; ; at++) {
    const word = words[2 * at];
    const k = words[2 * at + 1];
    const code = word & 0xffff;
    switch (classOf(code)) {
      case LD:
      case LDX: {
        let value = k;
        if (code === ABSOLUTE) {
          value = data[k >> 2];
          if (k >> 2 > DATA.architecture) seen.details = true;
        } else if ((code & ~1) === LENGTH) value = DATA.size;
        else if ((code & ~1) === MEMORY) value = cells[k];
        if (classOf(code) === LD) a = value;
        else x = value;
        break;
      }
      case ST:
        cells[k] = a;
        break;
      case STX:
        cells[k] = x;
        break;
      case ALU: {
        const operand = (code & BY_X) !== 0 ? x : k;
        if ((code & OPERATION) === DIV && operand === 0) return 0;
        a = calculate(code & OPERATION, a, operand);
        break;
      }
      case JMP:
        at += jump(word, k, a, x);
        break;
      case RET:
        return code === RETURN_A ? a : k;
      default:
        if (code === TAX) x = a;
        else a = x;
    }
  }
}

function calculate(operation: number, a: number, operand: number): number {
  switch (operation) {
    case ADD:
      return (a + operand) >>> 0;
    case SUB:
      return (a - operand) >>> 0;
    case MUL:
      return Math.imul(a, operand) >>> 0;
    case DIV:
      return Math.floor(a / operand);
    case OR:
      return (a | operand) >>> 0;
    case AND:
      return (a & operand) >>> 0;
    case XOR:
      return (a ^ operand) >>> 0;
    case LSH:
      return (a << operand) >>> 0;
    case RSH:
      return a >>> operand;
    default:
      return -a >>> 0;
  }
}

/** How many instructions are left out. */
function jump(word: number, k: number, a: number, x: number): number {
  const operand = (word & BY_X) !== 0 ? x : k;
  let holds: boolean;
  switch (word & OPERATION) {
    case JA:
      return k;
    case JEQ:
      holds = a === operand;
      break;
    case JGT:
      holds = a > operand;
      break;
    case JGE:
      holds = a >= operand;
      break;
    default:
      holds = (a & operand) !== 0;
  }
  return holds ? (word >>> 16) & 0xff : word >>> 24;
}
