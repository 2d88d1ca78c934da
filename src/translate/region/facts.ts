/**
 * What forming and compiling regions ask of an instruction again and again,
 * found out once for each instruction word: its statements are the same objects
 * wherever it stands.
 */
import type { Architecture } from '../../cpu/arch.ts';
import type { Statement, Value } from '../../cpu/ir.ts';
import type { Operand } from '../../cpu/row.ts';
import { valuesOf } from '../walk.ts';
import { modeOf } from './float.ts';
import { registerAt, registerOf, writeOf } from './register-numbers.ts';

/** How an instruction moves control, from its statements; offsets count from its address. */
export type Flow =
  | { kind: 'next' }
  | { kind: 'branch'; condition: Value; offset: number }
  | { kind: 'jump'; offset: number; link: boolean }
  | { kind: 'indirect'; address: Value; link: boolean }
  | { kind: 'syscall' }
  | { kind: 'trap' };

export interface Facts {
  flow: Flow;
  /** Registers, by bank, that are read before they are written, and that are written. */
  used: Int32Array;
  defined: Int32Array;
  /** It can fault, by a load or store. (Other traps are taken where they are tested for.) */
  canFault: boolean;
  /** It can leave the region in its middle, with the state as it is before it. */
  canLeave: boolean;
  usesFloat: boolean;
  /** The test of the dynamic rounding mode that it makes first, if it depends on that. */
  modeTest: Value | undefined;
  /** It decides whether floating point is easy. */
  changesMode: boolean;
  /** Some of its statements may be left out. */
  isPartlySkipped: boolean;
  /** Cells of those of Arm's flags that it sets. */
  flags: readonly number[];
  /**
   * The statements with less to keep: a value that is pinned just before the register write that uses it is computed
   * there. Floating-point operations check the rounding mode themselves.
   */
  simplified: readonly Statement[];
}

const FACTS = new WeakMap<readonly Statement[], Facts>();

export function factsOf(arch: Architecture, statements: readonly Statement[]): Facts {
  let facts = FACTS.get(statements);
  if (!facts) FACTS.set(statements, (facts = findOut(arch, statements)));
  return facts;
}

function findOut(arch: Architecture, statements: readonly Statement[]): Facts {
  const evaluated = new Set(statements.flatMap((s) => (s.kind === 'evaluate' ? [s.value.kind] : [])));
  const has = (kinds: ReadonlySet<Value['kind']>) => [...kinds].some((kind) => evaluated.has(kind));
  const simplified = statements.length < 2 || isPartlySkipped(statements) ? statements : simplify(statements);
  return {
    flow: flowOf(arch, statements),
    ...registersOf(arch, statements),
    canFault: has(ACCESSES) || statements.some(({ kind }) => kind.startsWith('store')),
    canLeave: has(ATOMIC) || simplified.some(({ kind }) => kind === 'require' || kind === 'aligned'),
    usesFloat: evaluated.has('fp') || evaluated.has('fp_lanes'),
    modeTest: modeTestOf(statements),
    changesMode: statements.some((s) => s.kind === 'setCell' && isEasyCell(arch, s.offset)),
    isPartlySkipped: isPartlySkipped(statements),
    flags: flagsOf(arch, statements),
    simplified,
  };
}

function flagsOf({ flags }: Architecture, statements: readonly Statement[]): readonly number[] {
  const cells = Object.values(flags ?? {});
  return statements.flatMap((s) => (s.kind === 'setCell' && cells.includes(s.offset) ? [s.offset] : []));
}

const ATOMIC: ReadonlySet<Value['kind']> = new Set(['amo', 'cas', 'cas_if', 'sc']);
const ACCESSES: ReadonlySet<Value['kind']> = new Set(['load', 'load128', 'load_part', ...ATOMIC]);

function flowOf(arch: Architecture, statements: readonly Statement[]): Flow {
  const last = statements.at(-1);
  // A return address in a link register is what makes a jump a call. (In another it tells a PLT where it was come from.)
  const link = statements.some(
    (s) =>
      (s.kind === 'setReg' || s.kind === 'setCell') &&
      isNext(s.value) &&
      arch.linkRegisters.includes(8 * (writeOf(arch, s) ?? -1)),
  );
  switch (last?.kind) {
    case 'branch':
      return { kind: 'branch', condition: last.condition, offset: constant(last.offset) + (last.from ?? 0) };
    case 'jump':
      return { kind: 'jump', offset: constant(last.offset), link };
    case 'jumpTo':
      return directJump(last.address, link) ?? { kind: 'indirect', address: last.address, link };
    case 'trap':
      return { kind: last.trap === 'syscall' ? 'syscall' : 'trap' };
    default:
      return { kind: 'next' };
  }
}

/** A jump to the PC plus a constant. */
function directJump(address: Value, link: boolean): Flow | undefined {
  if (address.kind !== 'op' || address.op !== 'add') return undefined;
  const [base, offset] = address.args;
  if (base.kind !== 'pc' || offset.kind !== 'const') return undefined;
  return { kind: 'jump', offset: Number(BigInt.asIntN(64, offset.value)), link };
}

/** Whether a value is made of the address behind the instruction, and constants. */
const isNext = (value: Value): boolean =>
  value.kind === 'next' ||
  (value.kind === 'op' && isNext(value.args[0]) && value.args.slice(1).every(({ kind }) => kind === 'const'));

function constant({ value }: Operand): number {
  if (value === undefined) throw new Error('an operand without a value in a region');
  return value;
}

const isPartlySkipped = (statements: readonly Statement[]): boolean => statements.some(({ kind }) => kind === 'skip');

/** All reads first: a value may have been read before the write that its use comes after (`jalr ra, 0(ra)`). */
function registersOf(arch: Architecture, statements: readonly Statement[]): Pick<Facts, 'used' | 'defined'> {
  const banks = banksOf(arch);
  const used = new Int32Array(banks);
  const defined = new Int32Array(banks);
  for (const value of valuesOf(statements)) {
    if (value.kind !== 'reg' && value.kind !== 'cell') continue;
    const register = value.kind === 'reg' ? registerOf(arch, value.operand) : registerAt(arch, value.offset);
    if (register !== undefined) used[register >> 5] |= 1 << register;
  }
  for (const statement of statements) {
    const written = writeOf(arch, statement);
    if (written !== undefined) defined[written >> 5] |= 1 << written;
  }
  // What may be left out may leave the old value.
  if (isPartlySkipped(statements)) for (let bank = 0; bank < banks; bank++) used[bank] |= defined[bank];
  return { used, defined };
}

/** Sets of registers are in banks of 32. */
export const banksOf = ({ registerCount }: Architecture): number => Math.ceil(registerCount / 32);

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
export function isEasyCell({ floats }: Architecture, offset: number): boolean {
  return floats !== undefined && offset >= floats.easy.offset && offset < floats.easy.offset + floats.easy.bytes;
}

function simplify(statements: readonly Statement[]): readonly Statement[] {
  const needed = statements.filter((statement, index) => {
    const next = statements[index + 1];
    if (statement.kind === 'require') return !isModeTest(statement, next);
    return !(statement.kind === 'evaluate' && next?.kind === 'setReg' && isOnlyPart(next.value, statement.value));
  });
  return needed.map((statement) => {
    const value = statement.kind === 'evaluate' && statement.value.kind === 'load' && vectorOf(statement.value, needed);
    return value ? { kind: 'evaluate', value } : statement;
  });
}

/** The vector that a register gets, of a load that is used for nothing else: then it is loaded as one. */
function vectorOf(load: Value, statements: readonly Statement[]): Value | undefined {
  const [evaluation, write, ...others] = statements.filter((statement) => valuesOf([statement]).has(load));
  if (evaluation?.kind !== 'evaluate' || write?.kind !== 'setReg' || others.length > 0) return undefined;
  const { value } = write;
  return value.kind === 'op' && value.op === 'v128.from_i64' && value.args[0] === load ? value : undefined;
}

/** Whether a value is another, or made of it (once) and constants. */
function isOnlyPart(value: Value, part: Value): boolean {
  if (value === part) return true;
  if (value.kind !== 'op') return false;
  const others = value.args.filter((arg) => arg.kind !== 'const');
  return others.length === 1 && isOnlyPart(others[0], part);
}
