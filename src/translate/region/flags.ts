/**
 * Arm's flags in a region: nobody computes them until somebody asks. What set them is kept instead, in locals, and tells
 * what is asked for: mostly a condition, which is one comparison then; the flags themselves (as the IR's `condition` has
 * them, ir.ts) where they are read otherwise, where they are written back, and where ways meet of which one needs them.
 *
 *     subs wzr, w0, w1;  b.lt      i32.lt_s(a, b), a and b being locals that keep w0 and w1
 *     ands xzr, x0, #1;  b.eq      i64.eqz(result)
 *     ccmp x0, x1, #4, le          as subs if the condition holds, else known
 *
 * V8 would compute them where they are set, also for the sake of an exit that is taken once.
 */
import type { Architecture } from '../../cpu/arch.ts';
import type { Statement, Value } from '../../cpu/ir.ts';
import { type Code, I32, I64, type ValType } from '../wasm/encoder.ts';
import {
  FLAG_NAMES,
  type FlagName,
  type Flags,
  HELD_NAMES,
  type HeldName,
  resultSetting,
  type SetBy,
  type Setting,
  type Shape,
  settingOf,
} from './flag-shapes.ts';

type Source = SetBy<number>;
type Sum = Source & { kind: 'difference' | 'sum' };

/** What is needed of a region's lowering. */
export interface FlagHost {
  readonly arch: Architecture;
  readonly code: Code;
  emit(value: Value): void;
  emit32(value: Value): void;
  isWord(value: Value): boolean;
  addLocal(type: ValType): number;
}

/** Opcodes of i32, and how far those of i64 are from them. */
const [ADD, SUB, AND, OR, XOR] = [0x6a, 0x6b, 0x71, 0x72, 0x73];
const WIDE = 0x12;
const [EQZ, EQ, NE, LT_S, LT_U, GT_S, GT_U, LE_S, LE_U, GE_S, GE_U] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
/** Opcodes of comparisons: of i32 from here on, of i64 from there. */
const [COMPARE_32, COMPARE_64] = [0x45, 0x50];
/** The flags that a condition asks for, by its code without the lowest bit. */
const ASKED: readonly (readonly FlagName[])[] = [
  ['z'],
  ['c'],
  ['n'],
  ['v'],
  ['c', 'z'],
  ['n', 'v'],
  ['n', 'z', 'v'],
  [],
];
/** Of a result: comparisons with 0, by condition code. */
const SIGNS: Readonly<Record<number, number>> = { 4: LT_S, 5: GE_S };
const ZEROS: Readonly<Record<number, number>> = { 0: EQ, 1: NE };
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
  /** What set the flags that have not been computed; the others are in their registers. */
  private sources: Partial<Record<HeldName, Source>> = {};
  /** What the present instruction sets flags by. */
  private setting: Setting | undefined;
  private next: Partial<Record<HeldName, Source>> | undefined;
  private readonly locals = new Map<string, number>();

  constructor(host: FlagHost) {
    this.host = host;
  }

  /** Nothing is known but the flags' registers. */
  forget(): void {
    this.sources = {};
  }

  snapshot(): () => void {
    const { sources } = this;
    return () => {
      this.sources = sources;
    };
  }

  startInstruction(statements: readonly Statement[]): void {
    this.next = undefined;
    const setting = settingOf(this.host.arch, statements);
    const isLost = setting?.shape.kind === 'copied' && this.sources.compared?.kind !== 'order';
    this.setting = isLost ? undefined : setting;
    if (setting?.shape.kind !== 'carried' || this.borrowed() !== undefined) return;
    const { result } = setting.shape;
    this.setting = resultSetting({ n: result, z: result });
  }

  /** @param written the flags' cells that the instruction has written */
  endInstruction(written: readonly number[]): void {
    if (written.length === 0) return;
    const sources = { ...this.sources };
    for (const cell of written) {
      const name = this.nameOf(cell);
      if (name !== undefined) sources[name] = this.defers({ offset: cell }) ? this.next?.[name] : undefined;
    }
    this.sources = sources;
  }

  /** Whether the present instruction's write of a cell is not to be made, since it is one of a flag. */
  defers({ offset }: { offset: number }): boolean {
    const name = this.setting && this.nameOf(offset);
    return name !== undefined && this.setting?.names.includes(name) === true;
  }

  /** Keeps what the flags are set by, once an instruction, when what they are computed from is still there. */
  keepSource(): void {
    if (this.setting === undefined || this.next !== undefined) return;
    const { shape } = this.setting;
    if (shape.kind === 'carried') this.next = this.keepWide(shape);
    else if (shape.kind === 'copied') this.next = ofAll(this.copyCompared());
    else if (this.setting.names.includes('compared')) this.next = { compared: this.keep(shape, 'compared.') };
    else this.next = ofAll(this.keep(shape));
  }

  /** What the last comparison of floating-point numbers said, where the next one does not change it. */
  private copyCompared(): Source {
    const source = this.sources.compared;
    if (source?.kind !== 'order') throw new Error('no comparison of floating-point numbers');
    const copy = (name: 'less' | 'equal' | 'greater'): number => {
      const local = this.local(`${name}.w`, I32);
      this.host.code.localGet(source[name]).localSet(local);
      return local;
    };
    return { kind: 'order', less: copy('less'), equal: copy('equal'), greater: copy('greater') };
  }

  /** The difference of words that C is of, if it is of one. */
  private borrowed(): Sum | undefined {
    const source = this.sources.c;
    return source?.kind === 'difference' && source.isWord ? source : undefined;
  }

  /** The difference of numbers of 64 bits whose low words have been compared; Z is of the high words' alone. */
  private keepWide({ a, b, result }: Shape & { kind: 'carried' }): Partial<Record<FlagName, Source>> {
    const { code } = this.host;
    const low = this.borrowed();
    if (low === undefined) throw new Error('no difference of the low words');
    const join = (name: string, lowWord: number, emitHigh: () => void): number => {
      emitHigh();
      code.op(0xad).i64(32n).op(0x86).localGet(lowWord).op(0xad).op(0x84);
      const local = this.local(name, I64);
      code.localSet(local);
      return local;
    };
    const wide: Source = {
      kind: 'difference',
      a: join('a', low.a, () => this.host.emit32(a)),
      b: join('b', low.b, () => {
        this.host.emit32(b);
        code.i32(-1).op(XOR);
      }),
      isWord: false,
    };
    const z: Source = { kind: 'result', value: this.keepIn('result', result, true), isWord: true };
    return { n: wide, z, c: wide, v: wide };
  }

  private nameOf(cell: number): HeldName | undefined {
    const { flags } = this.host.arch;
    return flags && HELD_NAMES.find((name) => flags[name] === cell);
  }
  private sourceOf(cell: number): { name: HeldName; source: Source } | undefined {
    const name = this.nameOf(cell);
    const source = name && this.sources[name];
    return name && source && { name, source };
  }

  /** Whether a flag's register does not hold it. */
  isMissing(cell: number): boolean {
    return this.sourceOf(cell) !== undefined;
  }

  /** Pushes a flag that is missing. The cell is the flag's. */
  emitMissing(cell: number): void {
    const found = this.sourceOf(cell);
    if (found === undefined) throw new Error(`no flag is missing at ${cell}`);
    const { source, name } = found;
    if (name !== 'compared') this.emitFlag(source, name);
    else if (source.kind === 'order') this.emitBits(source);
  }

  private emitFlag(source: Source, name: FlagName): void {
    const { code } = this.host;
    switch (source.kind) {
      case 'difference':
      case 'sum':
        this.emitOfSum(source, name);
        return;
      case 'result':
        if (name === 'n' || name === 'z') {
          code.localGet(source.value);
          if (source.isWord) code.op(0xac);
        } else code.i64(0n);
        return;
      case 'order':
        this.emitOfOrder(source, name);
        return;
      case 'select':
        this.emitFlag(source.compared, name);
        code.i64(KNOWN[name][(source.nzcv >> (3 - FLAG_NAMES.indexOf(name))) & 1]);
        code.localGet(source.holds).op(0x1b);
    }
  }

  private emitOfSum({ kind, a, b, isWord }: Sum, name: FlagName): void {
    const { code } = this.host;
    const wide = isWord ? 0 : WIDE;
    const result = () => this.emitResult({ kind, a, b, isWord });
    if (name === 'c') {
      if (kind === 'sum') result();
      else code.localGet(a);
      code
        .localGet(kind === 'sum' ? a : b)
        .op((isWord ? COMPARE_32 : COMPARE_64) + (kind === 'sum' ? LT_U : GE_U))
        .op(0xad);
      return;
    }
    if (name === 'v') {
      // Of operands alike (of a sum) or unlike (of a difference) in sign: the result has another than the first.
      code
        .localGet(a)
        .localGet(b)
        .op(XOR + wide);
      if (kind === 'sum') {
        if (isWord) code.i32(-1);
        else code.i64(-1n);
        code.op(XOR + wide);
      }
      code.localGet(a);
      result();
      code.op(XOR + wide).op(AND + wide);
    } else result();
    if (isWord) code.op(0xac);
  }

  /** Pushes four bits NZCV. */
  private emitBits({ less, equal, greater }: Source & { kind: 'order' }): void {
    const { code } = this.host;
    code.localGet(less).i32(3).op(0x74).localGet(equal).i32(2).op(0x74).op(0x72);
    code.localGet(less).op(COMPARE_32 + EQZ);
    code.i32(1).op(0x74).op(0x72);
    code.localGet(less).localGet(equal).op(0x72).localGet(greater).op(0x72);
    code
      .op(COMPARE_32 + EQZ)
      .op(0x72)
      .op(0xad);
  }

  /** Pushes a sum or difference, as i32 of words. */
  private emitResult({ kind, a, b, isWord }: Sum): void {
    const opcode = kind === 'sum' ? ADD : SUB;
    this.host.code
      .localGet(a)
      .localGet(b)
      .op(isWord ? opcode : opcode + WIDE);
  }

  private emitOfOrder({ less, equal, greater }: Source & { kind: 'order' }, name: FlagName): void {
    const { code } = this.host;
    switch (name) {
      case 'n':
        code.i64(0n).localGet(less).op(0xad);
        code.op(SUB + WIDE);
        return;
      case 'z':
        code
          .localGet(equal)
          .op(COMPARE_32 + EQZ)
          .op(0xad);
        return;
      case 'c':
        code
          .localGet(less)
          .op(COMPARE_32 + EQZ)
          .op(0xad);
        return;
      case 'v':
        code.localGet(less).localGet(equal).op(0x72).localGet(greater).op(0x72).op(0xad).i64(1n);
        code.op(SUB + WIDE);
    }
  }

  private keep(shape: SetBy<Value>, prefix = ''): Source {
    switch (shape.kind) {
      case 'difference':
      case 'sum': {
        const { kind, isWord } = shape;
        return { kind, a: this.keepIn('a', shape.a, isWord), b: this.keepIn('b', shape.b, isWord), isWord };
      }
      case 'result': {
        const isWord = shape.isWord || this.host.isWord(shape.value);
        return { kind: 'result', value: this.keepIn('result', shape.value, isWord), isWord };
      }
      case 'order': {
        const [less, equal, greater] = [
          this.keepIn(`${prefix}less`, shape.less, true),
          this.keepIn(`${prefix}equal`, shape.equal, true),
          this.keepIn(`${prefix}greater`, shape.greater, true),
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
    const values: Flags = { n, z, c, v };
    const source = this.sourceFor(code);
    if (source === undefined) this.emitGeneric(code, (name) => this.host.emit(values[name]));
    else this.emitBy(source, code);
    return true;
  }

  /** What has set all flags that a condition asks for. */
  private sourceFor(condition: number): Source | undefined {
    const [first, ...others] = ASKED[condition >> 1].map((name) => this.sources[name]);
    return others.every((other) => other === first) ? first : undefined;
  }

  private emitBy(source: Source, condition: number): void {
    const { code } = this.host;
    switch (source.kind) {
      case 'difference':
      case 'sum': {
        const sign = SIGNS[condition] ?? (source.kind === 'sum' ? ZEROS[condition] : undefined);
        if (sign !== undefined) {
          this.emitResult(source);
          if (source.isWord) code.i32(0);
          else code.i64(0n);
          code.op((source.isWord ? COMPARE_32 : COMPARE_64) + sign);
          return;
        }
        const comparison = source.kind === 'difference' ? COMPARISONS[condition] : undefined;
        if (comparison === undefined) {
          this.emitGeneric(condition, (name) => this.emitOfSum(source, name));
          return;
        }
        code.localGet(source.a).localGet(source.b);
        code.op((source.isWord ? COMPARE_32 : COMPARE_64) + comparison);
        return;
      }
      case 'result':
        this.emitByResult(source, condition);
        return;
      case 'order':
        this.emitByOrder(source, condition);
        return;
      case 'select':
        this.emitBy(source.compared, condition);
        code.localGet(source.holds);
        if (holdsFor(source.nzcv, condition)) code.op(COMPARE_32 + EQZ).op(OR);
        else code.op(AND);
    }
  }

  private emitByResult({ value, isWord }: Source & { kind: 'result' }, condition: number): void {
    const { code } = this.host;
    const comparisons = isWord ? COMPARE_32 : COMPARE_64;
    const compare = (comparison: number) => {
      code.localGet(value);
      if (isWord) code.i32(0);
      else code.i64(0n);
      code.op(comparisons + comparison);
    };
    switch (condition) {
      case 0:
        code.localGet(value).op(comparisons + EQZ);
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

  /** By the flags themselves, which `emit` pushes (Arm ARM, ConditionHolds). */
  private emitGeneric(condition: number, emit: (name: FlagName) => void): void {
    const { code } = this.host;
    const sign = (comparison: number) => code.i64(0n).op(COMPARE_64 + comparison);
    const inverse = (condition & 1) === 1;
    const isNegative = (name: FlagName, not: boolean) => {
      emit(name);
      sign(not ? GE_S : LT_S);
    };
    const isZero = (not: boolean) => {
      emit('z');
      code.op(COMPARE_64 + EQZ);
      if (not) code.op(COMPARE_32 + EQZ);
    };
    const isEqual = (not: boolean) => {
      emit('n');
      emit('v');
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
        emit('c');
        sign(inverse ? EQ : NE);
        return;
      case 2:
        isNegative('n', inverse);
        return;
      case 3:
        isNegative('v', inverse);
        return;
      case 4:
        emit('c');
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

const ofAll = (source: Source): Record<FlagName, Source> => ({ n: source, z: source, c: source, v: source });

/** A flag that is clear, and one that is set. */
const KNOWN: Record<FlagName, readonly [bigint, bigint]> = { n: [0n, -1n], z: [1n, 0n], c: [0n, 1n], v: [0n, -1n] };

/** Whether a condition holds for the four bits NZCV. */
function holdsFor(nzcv: number, condition: number): boolean {
  const [n, z, c, v] = [8, 4, 2, 1].map((bit) => (nzcv & bit) !== 0);
  const base = [z, c, n, v, c && !z, n === v, n === v && !z, true][condition >> 1];
  return condition < 14 && (condition & 1) === 1 ? !base : base;
}
