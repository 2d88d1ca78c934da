/**
 * Functions that translated code calls for what takes more than a few
 * instructions. Each is made when it is first asked for.
 */
import { FP_FORMATS, FP_OP_NAMES, FP_OPS, type FpFormat, type FpOpName } from '../../cpu/ir.ts';
import { DECODED, JUMP_CACHE, PAGE_SIZE, PROCESS } from '../../host/layout.ts';
import { PageFlag } from '../../memory/page-table.ts';
import { RECORD_SHIFT, REGION } from '../cold/record.ts';
import { EXIT } from '../exit.ts';
import { Code, I32, I64, type ModuleEncoder, type ValType } from './encoder.ts';
import { access, call, choose, type Expr, get, i32, i64, seq, set, when } from './expr.ts';
import { FpFunctions } from './fp.ts';
import { PROCESS_MEMORY, THREAD } from './memories.ts';

/** Each helper: its parameters' types, its result's, and how it is made. */
const HELPERS = {
  mulh_u: { params: [I64, I64], result: I64, make: mulhUnsigned },
  mulh_s: { params: [I64, I64], result: I64, make: mulhSigned },
  mulh_su: { params: [I64, I64], result: I64, make: mulhMixed },
  clmul: { params: [I64, I64], result: I64, make: carrylessLow },
  clmulh: { params: [I64, I64], result: I64, make: carrylessHigh },
  xperm4: { params: [I64, I64], result: I64, make: (h: DefinedHelpers) => permute(h, 4) },
  xperm8: { params: [I64, I64], result: I64, make: (h: DefinedHelpers) => permute(h, 8) },
  condition: { params: [I64, I64, I64, I64, I64], result: I32, make: condition },
  atomic_check: { params: [I64], result: I32, make: atomicCheck },
  region_at: { params: [I64], result: I32, make: regionAt },
} as const satisfies Record<string, { params: ValType[]; result: ValType; make: (h: DefinedHelpers) => number }>;
/**
 * Functions of the embedder: the host's clock, a report of an instruction decoded (address, word), and the system call in
 * the registers (EXIT.syscall: it has not been made, or there is more to do).
 */
export type HelperName = keyof typeof HELPERS | 'time' | 'random' | 'decoded' | 'syscall';

/** Where translated code finds the functions it calls. */
export interface Helpers {
  readonly module: ModuleEncoder;
  /** Function index of a helper. */
  index(name: HelperName): number;
  /** Function index of a floating-point operation; see {@link FpFunctions}. */
  fpIndex(op: FpOpName, format: FpFormat): number;
}

const names = Object.keys(HELPERS) as (keyof typeof HELPERS)[];

/** The helpers as functions of the module itself. */
export class DefinedHelpers implements Helpers {
  readonly module: ModuleEncoder;
  /** Bytes of the guest's window. */
  readonly windowSize: number;
  private readonly fp: FpFunctions;
  private readonly functions = new Map<HelperName, number>();

  /** @param fpFlags offset of the i32 cell that accrues floating-point flags */
  constructor(module: ModuleEncoder, fpFlags: number, windowSize: number) {
    this.module = module;
    this.windowSize = windowSize;
    this.fp = new FpFunctions(module, fpFlags);
    this.functions.set('time', module.importFunction('time', module.type([], [I64])));
    this.functions.set('random', module.importFunction('random', module.type([], [I64])));
    this.functions.set('decoded', module.importFunction('decoded', module.type([I64, I32], [])));
    this.functions.set('syscall', module.importFunction('syscall', module.type([], [I32])));
  }

  index(name: HelperName): number {
    let index = this.functions.get(name);
    if (index === undefined) this.functions.set(name, (index = HELPERS[name as keyof typeof HELPERS].make(this)));
    return index;
  }

  fpIndex(op: FpOpName, format: FpFormat): number {
    return this.fp.index(op, format);
  }

  /** Exports every helper, for {@link ImportedHelpers}. */
  exportAll(): void {
    for (const name of names) this.module.exportFunction(name, this.index(name));
    for (const op of FP_OP_NAMES) {
      for (const format of FP_FORMATS) this.module.exportFunction(op + format, this.fpIndex(op, format));
    }
  }

  /** Adds a function whose body is an expression that leaves the result. */
  add(params: readonly ValType[], results: readonly ValType[], locals: readonly ValType[], body: Expr): number {
    const code = new Code();
    body(code);
    return this.module.addFunction(this.module.type(params, results), locals, code);
  }
}

/**
 * The helpers as imports from the module that exports them. Regions cannot have their own: compiled without Liftoff, a
 * direct call within the module makes V8 look for call counts that only Liftoff's code collects, and abort.
 */
export class ImportedHelpers implements Helpers {
  readonly module: ModuleEncoder;
  private readonly functions = new Map<string, number>();

  constructor(module: ModuleEncoder) {
    this.module = module;
  }

  index(name: HelperName): number {
    if (name === 'time' || name === 'random') return this.import(name, [], I64);
    if (name === 'syscall') return this.import(name, [], I32);
    if (name === 'decoded') throw new Error('regions decode nothing');
    const { params, result } = HELPERS[name];
    return this.import(name, params, result);
  }

  fpIndex(op: FpOpName, format: FpFormat): number {
    return this.import(op + format, Array(FP_OPS[op] + 1).fill(I64), I64);
  }

  private import(name: string, params: readonly ValType[], result: ValType): number {
    let index = this.functions.get(name);
    if (index === undefined) {
      index = this.module.importFunction(name, this.module.type(params, [result]));
      this.functions.set(name, index);
    }
    return index;
  }
}

const [A, B] = [0, 1];
const [a, b] = [get(A), get(B)];
const low32 = (v: Expr) => i64.and(v, i64.const(0xffffffffn));
const high32 = (v: Expr) => i64.shr_u(v, i64.const(32));

/** Schoolbook on 32-bit halves: with t = lo·hi + carry(lo·lo) and u = hi·lo + low(t), high = hi·hi + high(t) + high(u). */
function mulhUnsigned(h: DefinedHelpers): number {
  const [T, U] = [2, 3];
  return h.add(
    [I64, I64],
    [I64],
    [I64, I64],
    seq(
      set(T, i64.add(i64.mul(low32(a), high32(b)), high32(i64.mul(low32(a), low32(b))))),
      set(U, i64.add(i64.mul(high32(a), low32(b)), low32(get(T)))),
      i64.add(i64.mul(high32(a), high32(b)), i64.add(high32(get(T)), high32(get(U)))),
    ),
  );
}

const sign = (v: Expr) => i64.shr_s(v, i64.const(63));

function mulhSigned(h: DefinedHelpers): number {
  const unsigned = call(h.index('mulh_u'), a, b);
  return h.add([I64, I64], [I64], [], i64.sub(i64.sub(unsigned, i64.and(sign(a), b)), i64.and(sign(b), a)));
}

function mulhMixed(h: DefinedHelpers): number {
  return h.add([I64, I64], [I64], [], i64.sub(call(h.index('mulh_u'), a, b), i64.and(sign(a), b)));
}

/** Runs `step` while local `counter` is not zero. */
const whileNotZero =
  (counter: number, step: Expr): Expr =>
  (c) => {
    c.block().loop();
    c.localGet(counter).op(0x50).brIf(1);
    step(c);
    c.br(0).end().end();
  };

const isOdd = (v: Expr) => i32.wrap(i64.and(v, i64.const(1)));

function carrylessLow(h: DefinedHelpers): number {
  const SUM = 2;
  return h.add(
    [I64, I64],
    [I64],
    [I64],
    seq(
      whileNotZero(
        B,
        seq(
          when(isOdd(b), set(SUM, i64.xor(get(SUM), a))),
          set(A, i64.shl(a, i64.const(1))),
          set(B, i64.shr_u(b, i64.const(1))),
        ),
      ),
      get(SUM),
    ),
  );
}

/** Bit i of b contributes the bits of a that a shift by i pushes out at the top: a >> (64 - i). */
function carrylessHigh(h: DefinedHelpers): number {
  const [SUM, SHIFT] = [2, 3];
  return h.add(
    [I64, I64],
    [I64],
    [I64, I64],
    seq(
      set(SHIFT, i64.const(63)),
      set(B, i64.shr_u(b, i64.const(1))),
      whileNotZero(
        B,
        seq(
          when(isOdd(b), set(SUM, i64.xor(get(SUM), i64.shr_u(a, get(SHIFT))))),
          set(SHIFT, i64.sub(get(SHIFT), i64.const(1))),
          set(B, i64.shr_u(b, i64.const(1))),
        ),
      ),
      get(SUM),
    ),
  );
}

/** Element i of the result is element index(i) of a, where the index is element i of b. */
function permute(h: DefinedHelpers, bits: 4 | 8): number {
  const [SUM, I, INDEX] = [2, 3, 4];
  const mask = i64.const(bits === 4 ? 15n : 255n);
  const element = i64.and(i64.shr_u(b, get(I)), mask);
  const inRange = i64.lt_u(get(INDEX), i64.const(64 / bits));
  const picked = i64.and(i64.shr_u(a, i64.mul(get(INDEX), i64.const(bits))), mask);
  return h.add(
    [I64, I64],
    [I64],
    [I64, I64, I64],
    seq(
      set(I, i64.const(64)),
      whileNotZero(
        I,
        seq(
          set(I, i64.sub(get(I), i64.const(bits))),
          set(INDEX, element),
          when(inRange, set(SUM, i64.or(get(SUM), i64.shl(picked, get(I))))),
        ),
      ),
      get(SUM),
    ),
  );
}

/**
 * Whether a condition code of Arm holds (Arm ARM, ConditionHolds): its upper three bits choose a test of the flags, which
 * the lowest one inverts, but for 15. The flags are kept as the IR's `condition` says.
 */
function condition(h: DefinedHelpers): number {
  const [code, n, z, c, v] = [0, 1, 2, 3, 4].map(get);
  const isNegative = i64.lt_s(n, i64.const(0));
  const isZero = i64.eqz(z);
  const isCarry = i64.ne(c, i64.const(0));
  const isOverflow = i64.lt_s(v, i64.const(0));
  const notLess = i64.ge_s(i64.xor(n, v), i64.const(0));
  const tests = [isZero, isCarry, isNegative, isOverflow, i32.and(isCarry, i32.eqz(isZero)), notLess];
  tests.push(i32.and(notLess, i32.eqz(isZero)));
  const invert = i32.wrap(i64.and(code, i64.const(1)));
  const body: Expr = (out) => {
    for (let i = 0; i <= tests.length; i++) out.block();
    i32.wrap(i64.shr_u(code, i64.const(1)))(out);
    out.brTable(
      tests.map((_, i) => i),
      tests.length,
    );
    for (const test of tests) {
      out.end();
      i32.xor(test, invert)(out);
      out.return();
    }
    out.end().i32(1);
  };
  return h.add([I64, I64, I64, I64, I64], [I32], [], body);
}

/**
 * Exit code for an atomic access at an address, 0 if the page is readable and writable. V8 cannot turn a fault of
 * an atomic instruction into a trap in all its compilers, so the page table is asked first.
 */
function atomicCheck(h: DefinedHelpers): number {
  const need = PageFlag.read | PageFlag.write;
  const flags = access(0x2d, PROCESS_MEMORY, PROCESS.pageTable, i32.wrap(i64.shr_u(a, i64.const(12))));
  const all = need | PageFlag.code;
  return h.add(
    [I64],
    [I32],
    [],
    choose(
      I32,
      i64.lt_u(a, i64.const(h.windowSize)),
      choose(I32, i32.eq(i32.and(flags, i32.const(all)), i32.const(need)), i32.const(0), i32.const(EXIT.atomic)),
      i32.const(EXIT.atomic),
    ),
  );
}

/** Offset of the entry of an address in the jump cache: instructions lie at even addresses. */
export const jumpCacheEntry = (address: Expr): Expr =>
  i32.and(i32.shl(i32.wrap(address), i32.const(3)), i32.const(16 * (JUMP_CACHE.entries - 1)));

/** Index in the table of regions of the one that starts at an address; 0, the missing one, if there is none. */
function regionAt(h: DefinedHelpers): number {
  const RECORDS = 1;
  const page = i32.wrap(i64.shr_u(a, i64.const(12)));
  const offset = i32.and(i32.wrap(a), i32.const(PAGE_SIZE - 1));
  const body: Expr = (c) => {
    const giveUpIf = (condition: Expr) => {
      condition(c);
      c.if().i32(0).return().end();
    };
    giveUpIf(i64.ge_u(a, i64.const(h.windowSize)));
    set(RECORDS, access(0x28, THREAD, DECODED.table, i32.shl(page, i32.const(2))))(c);
    giveUpIf(i32.eqz(get(RECORDS)));
    set(RECORDS, i32.add(get(RECORDS), i32.shl(offset, i32.const(RECORD_SHIFT))))(c);
    giveUpIf(i32.ne(access(0x2f, THREAD, 0, get(RECORDS)), i32.const(REGION)));
    set(RECORDS, access(0x28, THREAD, 8, get(RECORDS)))(c);
    const entry = jumpCacheEntry(a);
    access(0x37, THREAD, JUMP_CACHE.start, entry, a)(c);
    access(0x36, THREAD, JUMP_CACHE.start + 8, entry, get(RECORDS))(c);
    c.localGet(RECORDS);
  };
  return h.add([I64], [I32], [I32], body);
}
