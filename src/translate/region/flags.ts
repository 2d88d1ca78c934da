/**
 * Conditions of Arm in a region. The flags are kept as IR values say (`condition`
 * in ir.ts), but what asks for a condition mostly stands right behind what set
 * the flags: then it becomes one comparison of what was compared, and nobody
 * reads the flags; V8 computes them where the region is left, if at all.
 *
 *     subs wzr, w0, w1;  b.lt      i32.lt_s(a, b), a and b being locals that keep w0 and w1
 *     ands xzr, x0, #1;  b.eq      i64.eqz(a)
 *     ccmp x0, x1, #4, le          as subs if the condition holds, else known
 *
 * What set the flags is known up to where control flow meets.
 */
import type { Architecture } from '../../cpu/arch.ts';
import type { OpName, Statement, Value } from '../../cpu/ir.ts';
import { type Code, I32, I64, type ValType } from '../wasm/encoder.ts';

type Flags = { n: Value; z: Value; c: Value; v: Value };

/** What flags were set by, as values. */
type Shape =
  /** a - b, of 32 bits (operands zero-extended) or 64. */
  | { kind: 'difference'; a: Value; b: Value; isWord: boolean }
  /** A result, C and V being clear. */
  | { kind: 'result'; value: Value }
  /** Whether a floating-point number is less than, equal to, greater than another. */
  | { kind: 'order'; less: Value; equal: Value; greater: Value }
  /** By a comparison if a condition holds, else the four bits NZCV. */
  | { kind: 'select'; holds: Value; compared: Shape; nzcv: number };

/** The same, with its values in locals. */
type Source =
  | { kind: 'difference'; a: number; b: number; isWord: boolean }
  | { kind: 'result'; value: number }
  | { kind: 'order'; less: number; equal: number; greater: number }
  | { kind: 'select'; holds: number; compared: Source; nzcv: number };

const shapes = new WeakMap<readonly Statement[], Shape | null>();

/** What the flags are set by that an instruction sets; undefined if that is nothing of the above. */
function shapeOf({ flags }: Architecture, statements: readonly Statement[]): Shape | undefined {
  if (flags === undefined) return undefined;
  let shape = shapes.get(statements);
  if (shape === undefined) {
    const valueAt = (offset: number) => statements.find((s) => s.kind === 'setCell' && s.offset === offset);
    const [n, z, c, v] = [flags.n, flags.z, flags.c, flags.v].map((offset) => {
      const statement = valueAt(offset);
      return statement?.kind === 'setCell' ? statement.value : undefined;
    });
    shape = n && z && c && v ? (shapeOfFlags({ n, z, c, v }) ?? null) : null;
    shapes.set(statements, shape);
  }
  return shape ?? undefined;
}

const argsOf = (value: Value, op: OpName): readonly Value[] | undefined =>
  value.kind === 'op' && value.op === op ? value.args : undefined;
const isConst = (value: Value, wanted: bigint): boolean => value.kind === 'const' && value.value === wanted;

function shapeOfFlags({ n, z, c, v }: Flags): Shape | undefined {
  if (n === z && isConst(c, 0n) && isConst(v, 0n)) return { kind: 'result', value: n };
  return selectShape({ n, z, c, v }) ?? differenceShape({ n, z, c }) ?? orderShape({ n, z, c, v });
}

function differenceShape({ n, z, c }: Omit<Flags, 'v'>): Shape | undefined {
  const compared = argsOf(argsOf(c, 'extend')?.[0] ?? c, 'ge_u');
  if (compared === undefined || n !== z) return undefined;
  const [a, b] = compared;
  const word = argsOf(n, 'extend32_s');
  const difference = argsOf(word?.[0] ?? n, 'sub');
  if (difference === undefined || difference[0] !== a || difference[1] !== b) return undefined;
  return { kind: 'difference', a, b, isWord: word !== undefined };
}

function orderShape({ n, z, c, v }: Flags): Shape | undefined {
  const less = argsOf(n, 'sub')?.[1];
  const equal = argsOf(z, 'xor')?.[0];
  const [either, greater] = argsOf(argsOf(v, 'sub')?.[0] ?? v, 'or') ?? [];
  const [first, second] = (either && argsOf(either, 'or')) ?? [];
  const fits = less !== undefined && less === first && less === argsOf(c, 'xor')?.[0] && equal === second;
  if (!fits || less.kind !== 'fp' || equal === undefined || greater === undefined) return undefined;
  return { kind: 'order', less, equal, greater };
}

function selectShape({ n, z, c, v }: Flags): Shape | undefined {
  const picks = [n, z, c, v].map((flag) => argsOf(flag, 'select'));
  const [holds] = picks[0] ?? [];
  if (holds === undefined || picks.some((pick) => pick === undefined || pick[0] !== holds)) return undefined;
  const [thenN, thenZ, thenC, thenV] = picks.map((pick) => pick![1]);
  const otherwise = picks.map((pick) => (pick![2].kind === 'const' ? BigInt.asIntN(64, pick![2].value) : undefined));
  const compared = shapeOfFlags({ n: thenN, z: thenZ, c: thenC, v: thenV });
  if (compared === undefined || compared.kind === 'select' || otherwise.includes(undefined)) return undefined;
  const [elseN, elseZ, elseC, elseV] = otherwise as bigint[];
  const nzcv = [elseN < 0n, elseZ === 0n, elseC !== 0n, elseV < 0n].reduce((all, bit) => 2 * all + Number(bit), 0);
  return { kind: 'select', holds, compared, nzcv };
}

/** What is needed of a region's lowering. */
export interface FlagHost {
  readonly arch: Architecture;
  readonly code: Code;
  emit(value: Value): void;
  emit32(value: Value): void;
  addLocal(type: ValType): number;
}

const [EQZ, EQ, NE, LT_S, LT_U, GT_S, GT_U, LE_S, LE_U, GE_S, GE_U] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
/** Opcodes of comparisons: of i32 from here on, of i64 from there. */
const [COMPARE_32, COMPARE_64] = [0x45, 0x50];
/** Of a difference, by condition code; nothing for those that ask for N or V alone. */
const COMPARISONS = [
  EQ,
  NE,
  GE_U,
  LT_U,
  undefined,
  undefined,
  undefined,
  undefined,
  GT_U,
  LE_U,
  GE_S,
  LT_S,
  GT_S,
  LE_S,
];

export class FlagLowering {
  private readonly host: FlagHost;
  private source: Source | undefined;
  /** What the instruction sets the flags by. */
  private next: Source | undefined;
  private readonly locals = new Map<string, number>();

  constructor(host: FlagHost) {
    this.host = host;
  }

  /** Control flow meets here: nothing is known. */
  forget(): void {
    this.source = undefined;
  }

  snapshot(): () => void {
    const { source } = this;
    return () => {
      this.source = source;
    };
  }

  startInstruction(): void {
    this.next = undefined;
  }

  /** Before a statement: keeps what the flags are set by, when what they are computed from is still there. */
  beforeStatement(statement: Statement, instruction: readonly Statement[]): void {
    const { flags } = this.host.arch;
    if (statement.kind !== 'setCell' || statement.offset !== flags?.c) return;
    const shape = shapeOf(this.host.arch, instruction);
    this.next = shape && this.keep(shape);
  }

  /** @param written some flag */
  endInstruction(written: boolean): void {
    if (written) this.source = this.next;
  }

  private keep(shape: Shape): Source {
    switch (shape.kind) {
      case 'difference': {
        const { isWord } = shape;
        return {
          kind: 'difference',
          a: this.keepIn('a', shape.a, isWord),
          b: this.keepIn('b', shape.b, isWord),
          isWord,
        };
      }
      case 'result':
        return { kind: 'result', value: this.keepIn('result', shape.value, false) };
      case 'order': {
        const [less, equal, greater] = [
          this.keepIn('less', shape.less, true),
          this.keepIn('equal', shape.equal, true),
          this.keepIn('greater', shape.greater, true),
        ];
        return { kind: 'order', less, equal, greater };
      }
      case 'select': {
        this.host.emit(shape.holds);
        const holds = this.local('holds', I32);
        this.host.code.localSet(holds);
        return { kind: 'select', holds, compared: this.keep(shape.compared), nzcv: shape.nzcv };
      }
    }
  }

  private keepIn(name: string, value: Value, isWord: boolean): number {
    const local = this.local(isWord ? `${name}.w` : name, isWord ? I32 : I64);
    if (isWord) this.host.emit32(value);
    else this.host.emit(value);
    this.host.code.localSet(local);
    return local;
  }

  private local(name: string, type: ValType): number {
    let local = this.locals.get(name);
    if (local === undefined) this.locals.set(name, (local = this.host.addLocal(type)));
    return local;
  }

  /** Pushes whether a condition holds, as i32; false if its code is not known. */
  emitCondition({ args }: Value & { kind: 'op' }): boolean {
    const [codeValue, n, z, c, v] = args;
    if (codeValue.kind !== 'const') return false;
    const code = Number(codeValue.value);
    if (this.source === undefined || !this.emitBy(this.source, code)) this.emitGeneric(code, { n, z, c, v });
    return true;
  }

  /** False if it cannot be told by that. */
  private emitBy(source: Source, condition: number): boolean {
    const { code } = this.host;
    switch (source.kind) {
      case 'difference': {
        const comparison = COMPARISONS[condition];
        if (comparison === undefined) return false;
        code.localGet(source.a).localGet(source.b);
        code.op((source.isWord ? COMPARE_32 : COMPARE_64) + comparison);
        return true;
      }
      case 'result':
        this.emitByResult(source.value, condition);
        return true;
      case 'order':
        this.emitByOrder(source, condition);
        return true;
      case 'select': {
        if (!this.emitBy(source.compared, condition)) return false;
        code
          .i32(Number(holdsFor(source.nzcv, condition)))
          .localGet(source.holds)
          .op(0x1b);
        return true;
      }
    }
  }

  private emitByResult(value: number, condition: number): void {
    const { code } = this.host;
    const compare = (comparison: number) =>
      code
        .localGet(value)
        .i64(0n)
        .op(COMPARE_64 + comparison);
    switch (condition) {
      case 0:
        code.localGet(value).op(COMPARE_64 + EQZ);
        return;
      case 1:
        compare(NE);
        return;
      case 4:
      case 11:
        compare(LT_S);
        return;
      case 5:
      case 10:
        compare(GE_S);
        return;
      case 12:
        compare(GT_S);
        return;
      case 13:
        compare(LE_S);
        return;
      // C and V are clear: CC, VC, LS and both forms of AL hold, CS, VS and HI do not.
      default:
        code.i32(Number([3, 7, 9, 14, 15].includes(condition)));
    }
  }

  private emitByOrder({ less, equal, greater }: Source & { kind: 'order' }, condition: number): void {
    const { code } = this.host;
    // By condition code without its lowest bit, which inverts: what has to be, or must not be.
    const tests: readonly (readonly [isInverse: boolean, locals: readonly number[]])[] = [
      [false, [equal]],
      [true, [less]],
      [false, [less]],
      [true, [less, equal, greater]],
      [true, [less, equal]],
      [false, [equal, greater]],
      [false, [greater]],
    ];
    const test = tests[condition >> 1];
    if (test === undefined) {
      code.i32(1);
      return;
    }
    const [isInverse, locals] = test;
    for (const [index, local] of locals.entries()) {
      code.localGet(local);
      if (index > 0) code.op(0x72);
    }
    if (isInverse !== ((condition & 1) === 1)) code.op(COMPARE_32 + EQZ);
  }

  /** By the flags themselves (Arm ARM, ConditionHolds). */
  private emitGeneric(condition: number, { n, z, c, v }: Flags): void {
    const { host } = this;
    const { code } = host;
    const sign = (comparison: number) => code.i64(0n).op(COMPARE_64 + comparison);
    const inverse = (condition & 1) === 1;
    const isNegative = (flag: Flags['n'], not: boolean) => {
      host.emit(flag);
      sign(not ? GE_S : LT_S);
    };
    const isZero = (not: boolean) => {
      host.emit(z);
      code.op(COMPARE_64 + EQZ);
      if (not) code.op(COMPARE_32 + EQZ);
    };
    const isEqual = (not: boolean) => {
      host.emit(n);
      host.emit(v);
      code.op(0x85);
      sign(not ? LT_S : GE_S);
    };
    const and = () => {
      code.op(0x71);
      if (inverse) code.op(COMPARE_32 + EQZ);
    };
    switch (condition >> 1) {
      case 0:
        isZero(inverse);
        return;
      case 1:
        host.emit(c);
        sign(inverse ? EQ : NE);
        return;
      case 2:
        isNegative(n, inverse);
        return;
      case 3:
        isNegative(v, inverse);
        return;
      case 4:
        host.emit(c);
        sign(NE);
        isZero(true);
        and();
        return;
      case 5:
        isEqual(inverse);
        return;
      case 6:
        isEqual(false);
        isZero(true);
        and();
        return;
      default:
        code.i32(1);
    }
  }
}

/** Whether a condition holds for the four bits NZCV. */
function holdsFor(nzcv: number, condition: number): boolean {
  const [n, z, c, v] = [8, 4, 2, 1].map((bit) => (nzcv & bit) !== 0);
  const base = [z, c, n, v, c && !z, n === v, n === v && !z, true][condition >> 1];
  return condition < 14 && (condition & 1) === 1 ? !base : base;
}
