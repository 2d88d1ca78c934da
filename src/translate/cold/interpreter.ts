/**
 * The cold tier: a WebAssembly interpreter generated from an architecture's
 * rows when the project is built. It runs code that is executed too rarely to
 * be worth compiling, single-steps, and takes over after faults.
 *
 * What always holds while it runs: `rec` is the record of the instruction,
 * `base` the first record of its page, `page` the page's guest address, so that
 * the PC is page + (rec - base) / 8 and need not be kept. `base` and `page` are
 * also in the thread memory, and `rec` is stored there before every access that
 * can fault, so the PC of a fault is known.
 *
 * Short rows are inlined into the dispatch loop, the others are functions of
 * their own. Taken jumps compare the instruction count with STUB.limit, which a
 * signal handler sets to 0: that is how the guest is interrupted.
 *
 *     run()   executes until something needs JavaScript; returns EXIT
 *     step()  the same for one instruction
 */
import type { Architecture } from '../../cpu/arch.ts';
import type { Statement, Trap, Type, Value } from '../../cpu/ir.ts';
import type { Operand, Row } from '../../cpu/row.ts';
import {
  COUNTERS,
  DECODED,
  JUMP_LOG,
  PAGE_SIZE,
  PROCESS_MEMORY_PAGES,
  STUB,
  THREAD_MEMORY_PAGES,
  TRANSLATOR,
  WINDOW_PAGES,
} from '../../host/layout.ts';
import { PageFlag } from '../../memory/page-table.ts';
import { EXIT } from '../exit.ts';
import { Code, I32, I64, ModuleEncoder, type ValType, VOID } from '../wasm/encoder.ts';
import { access, type Expr, get, i32, i64, seq, set, tee } from '../wasm/expr.ts';
import { DefinedHelpers } from '../wasm/helpers.ts';
import { Lowering, type Terminator } from '../wasm/lower.ts';
import { PROCESS_MEMORY, THREAD, windowType } from '../wasm/memories.ts';
import { LEAVING, REGION_PARAMETERS, REGION_TABLE_LEAST, REGION_TABLE_MOST } from '../wasm/region-type.ts';
import { addDecoder } from './decoder.ts';
import {
  DECODED_PAGE_SIZE,
  FIRST_ROW,
  ILLEGAL,
  NOT_DECODED,
  PAGE_END,
  PAGE_RECORDS,
  RECORD_SHIFT,
  RECORD_SIZE,
  REGION,
  recordLayout,
  type Slot,
} from './record.ts';

/** Traps that leave the PC at the instruction. */
const FAILS: ReadonlySet<Trap> = new Set(['breakpoint', 'illegal']);

const I32_LOAD = 0x28;
const I32_LOAD8 = 0x2d;
const I32_LOAD16 = 0x2f;
const I64_LOAD = 0x29;
const I32_STORE = 0x36;
const I32_STORE16 = 0x3b;
const I64_STORE = 0x37;
const V128_LOAD = 0xfd00;
const V128_STORE = 0xfd0b;

/** What the function of a row returns that has jumped. */
const OUTLINED_JUMP = -1;

/** Rows whose code is longer than this many bytes become functions. */
const INLINE_LIMIT = 120;

const zero = i32.const(0);
const cell = {
  get: (offset: number) => access(I32_LOAD, THREAD, offset, zero),
  get64: (offset: number) => access(I64_LOAD, THREAD, offset, zero),
  set: (offset: number, value: Expr) => access(I32_STORE, THREAD, offset, zero, value),
  set64: (offset: number, value: Expr) => access(I64_STORE, THREAD, offset, zero, value),
};

/** Locals of the dispatch loop; temporaries of rows follow. */
const REC = 0;
const BASE = 1;
const REASON = 2;
const OFFSET = 3;
const PAGE = 4;
const COUNT = 5;
const TARGET = 6;
const FIRST_TEMP = 7;
const LOOP_LOCALS: readonly ValType[] = [I32, I32, I32, I32, I64, I64, I64];

/** Lowers one row; where it stands decides how it leaves and where the PC comes from. */
abstract class RowLowering extends Lowering {
  protected readonly arch: Architecture;
  readonly row: Row<never>;
  private readonly slots: Map<string, Slot>;

  constructor(helpers: DefinedHelpers, arch: Architecture, row: Row<never>) {
    super(new Code(), helpers, arch);
    this.arch = arch;
    this.row = row;
    this.slots = recordLayout(row, (info) => arch.registerFile(info) !== undefined);
  }

  private slot(operand: Operand): Slot {
    const slot = this.slots.get(operand.info.name);
    if (!slot) throw new Error(`${this.row.name}: no operand ${operand.info.name}`);
    return slot;
  }
  protected emitOperand(operand: Operand): void {
    const { offset, wide } = this.slot(operand);
    this.code.localGet(REC).access(wide ? 0x34 : 0x33, { memory: THREAD, offset, align: wide ? 2 : 1 });
  }
  private emitRegisterOffset(operand: Operand): void {
    this.code.localGet(REC).access(I32_LOAD16, { memory: THREAD, offset: this.slot(operand).offset, align: 1 });
  }
  protected emitReg(operand: Operand, type: Type): void {
    this.emitRegisterOffset(operand);
    this.code.access(type === 'v128' ? V128_LOAD : I64_LOAD, { memory: THREAD, offset: 0, align: 3 });
  }
  protected emitSetReg(operand: Operand, emitValue: () => void, { type }: Value): void {
    this.emitRegisterOffset(operand);
    emitValue();
    this.code.access(type === 'v128' ? V128_STORE : I64_STORE, { memory: THREAD, offset: 0, align: 3 });
  }
  /** Which register an operand names is only known at run time. */
  protected mayChange(): boolean {
    return true;
  }
  protected emitBeforeAccess(addressLocal: number): void {
    cell.set(TRANSLATOR.record, get(REC))(this.code);
    cell.set64(TRANSLATOR.accessAddress, get(addressLocal))(this.code);
  }
}

/** Depths of the labels around an inlined row, seen from its outermost level. */
interface Labels {
  /** Goes on with the next instruction. */
  next: number;
  jumpOffset: number;
  jumpTo: number;
  exit: number;
}

class InlineRow extends RowLowering {
  private readonly pool: TempPool;
  readonly labels: Labels;
  /** Set by a terminator: control never reaches the row's end. */
  ended = false;

  constructor(helpers: DefinedHelpers, arch: Architecture, row: Row<never>, pool: TempPool, labels: Labels) {
    super(helpers, arch, row);
    this.pool = pool;
    this.labels = labels;
    pool.restart();
  }

  protected newLocal(type: ValType): number {
    return FIRST_TEMP + this.pool.take(type);
  }
  protected emitPc(next: boolean): void {
    pcOf(get(REC), get(BASE), get(PAGE))(this.code);
    if (next) this.code.i64(BigInt(this.row.length)).op(0x7c);
  }
  protected emitInstructions(): void {
    this.code.localGet(COUNT);
  }
  private leave(reason: number, depth: number): void {
    this.code
      .i32(reason)
      .localSet(REASON)
      .br(this.labels.exit + depth + this.depth);
  }
  protected emitRequire(otherwise: 'illegal' | 'contended'): void {
    this.code.op(0x45).if();
    this.leave(EXIT[otherwise], 1);
    this.code.end();
  }
  protected emitAtomicCheck(): void {
    this.code
      .localTee(REASON)
      .if()
      .br(this.labels.exit + 1 + this.depth)
      .end();
  }
  emitAdvance(): void {
    this.code
      .localGet(REC)
      .i32(this.row.length << RECORD_SHIFT)
      .op(0x6a)
      .localSet(REC);
  }
  protected emitTerminator(statement: Terminator): void {
    const { code, labels } = this;
    switch (statement.kind) {
      case 'branch':
        this.emit(statement.condition);
        code.if();
        this.emitJumpOffset(statement.offset, 1, statement.from);
        code.end();
        return;
      case 'jump':
        this.emitJumpOffset(statement.offset, 0);
        break;
      case 'jumpTo':
        this.emit(statement.address);
        code.localSet(TARGET).br(labels.jumpTo + this.depth);
        break;
      case 'trap':
        if (!FAILS.has(statement.trap)) this.emitAdvance();
        if (statement.trap === 'syscall') {
          code.call(this.helpers.index('syscall')).localTee(REASON).op(0x45);
          code.brIf(labels.next + this.depth).br(labels.exit + this.depth);
        } else this.leave(EXIT[statement.trap], 0);
        break;
    }
    this.ended = this.depth === 0;
  }
  private emitJumpOffset(offset: Operand, depth: number, from = 0): void {
    this.emitOperand(offset);
    this.code.op(0xa7);
    if (from !== 0) this.code.i32(from).op(0x6a);
    this.code.localSet(OFFSET).br(this.labels.jumpOffset + depth + this.depth);
  }
}

/** A row as a function of its record: gives an exit code, 0 to go on with the next instruction. */
class OutlinedRow extends RowLowering {
  /** Types of the locals behind the parameter. */
  readonly temps: ValType[] = [];

  protected newLocal(type: ValType): number {
    return this.temps.push(type);
  }
  protected emitPc(next: boolean): void {
    pcOf(get(REC), cell.get(TRANSLATOR.pageRecords), cell.get64(TRANSLATOR.pageAddress))(this.code);
    if (next) this.code.i64(BigInt(this.row.length)).op(0x7c);
  }
  protected emitInstructions(): void {
    throw new Error(`${this.row.name}: reads the instruction count but is not inlined`);
  }
  protected emitRequire(otherwise: 'illegal' | 'contended'): void {
    this.code.op(0x45).if().i32(EXIT[otherwise]).return().end();
  }
  protected emitAtomicCheck(): void {
    const reason = this.newLocal(I32);
    this.code.localTee(reason).if().localGet(reason).return().end();
  }
  /** The dispatch loop goes on at the address in the PC's cell. */
  protected emitTerminator(statement: Terminator): void {
    if (statement.kind !== 'jumpTo') throw new Error(`${this.row.name}: jumps but is not inlined`);
    const { code } = this;
    code.i32(0);
    this.emit(statement.address);
    code.access(I64_STORE, { memory: THREAD, offset: this.arch.state.pc, align: 3 });
    code.i32(OUTLINED_JUMP).return();
  }
}

/** Temporaries shared by all inlined rows. */
class TempPool {
  readonly types: ValType[] = [];
  private used = new Set<number>();

  restart(): void {
    this.used = new Set();
  }
  take(type: ValType): number {
    let index = this.types.findIndex((t, i) => t === type && !this.used.has(i));
    if (index < 0) index = this.types.push(type) - 1;
    this.used.add(index);
    return index;
  }
}

const pcOf = (rec: Expr, base: Expr, page: Expr): Expr =>
  i64.add(page, i64.extend_u(i32.shr_u(i32.sub(rec, base), i32.const(RECORD_SHIFT))));

/** Where rows are many, those that jump somewhere are functions like others. */
function mustBeInlined({ sets }: Architecture, statements: readonly Statement[]): boolean {
  const terminators = sets === undefined ? ['branch', 'jump', 'jumpTo', 'trap'] : ['branch', 'jump', 'trap'];
  return statements.some(
    (s) =>
      terminators.includes(s.kind) ||
      ((s.kind === 'setReg' || s.kind === 'evaluate') && s.value.kind === 'instructions'),
  );
}

/** Rows with vectors are many, and seldom what a program does most. */
function mayBeInlined(arch: Architecture, row: Row<never>, statements: readonly Statement[]): boolean {
  if (row.operands.some((info) => arch.registerFile(info)?.stride === 16)) return false;
  return !statements.some((s) => s.kind === 'evaluate' && ['fp', 'amo', 'cas', 'cas_if', 'sc'].includes(s.value.kind));
}

/** The module's bytes; imports `e.thread`, `e.window`, `e.process`, `e.fp`, `e.time`, `e.random`. */
export function generateColdTier(arch: Architecture): Uint8Array<ArrayBuffer> {
  const module = new ModuleEncoder();
  module.importMemory('thread', { shared: false, address: 'i32', pages: THREAD_MEMORY_PAGES });
  module.importMemory('window', windowType(arch));
  module.importMemory('process', { shared: true, address: 'i32', pages: PROCESS_MEMORY_PAGES });
  module.exportTable('regions', module.type(REGION_PARAMETERS, [I64]), REGION_TABLE_LEAST, REGION_TABLE_MOST);
  const helpers = new DefinedHelpers(module, arch.state.fpFlags, WINDOW_PAGES * 0x10000);

  const rows = arch.rows.map((row) => ({ row, statements: arch.effect(row) }));
  const pool = new TempPool();
  const noLabels = { next: 0, jumpOffset: 0, jumpTo: 0, exit: 0 };
  const lengthInlined = (row: Row<never>, statements: readonly Statement[]): number => {
    const lowering = new InlineRow(helpers, arch, row, new TempPool(), noLabels);
    lowering.lower(statements);
    return lowering.code.length;
  };
  const isInlined = new Map(
    rows.map(({ row, statements }) => [
      row,
      mustBeInlined(arch, statements) ||
        (mayBeInlined(arch, row, statements) && lengthInlined(row, statements) <= INLINE_LIMIT),
    ]),
  );
  const inlined = rows.filter(({ row }) => isInlined.get(row));
  const outlined = rows.filter(({ row }) => !isInlined.get(row)).sort((a, b) => b.row.length - a.row.length);

  const operations = new Map([...inlined, ...outlined].map(({ row }, i) => [row, FIRST_ROW + i]));
  const setOperands = new Map(
    rows.map(({ row, statements }) => [
      row,
      new Set(statements.flatMap((s) => (s.kind === 'setReg' ? [s.operand.info.name] : []))),
    ]),
  );
  const decode = addDecoder(helpers, arch, operations, setOperands);
  const enter = addEnter(helpers, arch);

  const functionType = module.type([I32], [I32]);
  const functions = outlined.map(({ row, statements }) => {
    const lowering = new OutlinedRow(helpers, arch, row);
    lowering.lower(statements);
    lowering.code.i32(EXIT.none);
    return module.addFunction(functionType, lowering.temps, lowering.code);
  });
  const rowTable = module.setTable(functions);

  const parts: LoopParts = { arch, helpers, pool, inlined, outlined, functionType, rowTable, decode, enter };
  for (const [name, once] of [
    ['run', false],
    ['step', true],
  ] as const) {
    const code = dispatchLoop(parts, once);
    const type = module.type([], [I32]);
    module.exportFunction(name, module.addFunction(type, [...LOOP_LOCALS, ...pool.types], code));
  }
  module.exportFunction('fma', addFmaProbe(helpers));
  helpers.exportAll();
  module.exportFunction('missing', addMissing(helpers));
  return module.finish();
}

interface LoopParts {
  arch: Architecture;
  helpers: DefinedHelpers;
  pool: TempPool;
  inlined: { row: Row<never>; statements: readonly Statement[] }[];
  outlined: { row: Row<never> }[];
  functionType: number;
  rowTable: number;
  decode: number;
  enter: number;
}

/**
 * The dispatch loop. Its labels, from the inside: one a record operation, then
 * `outlined`, `jumpOffset`, `jumpTo`, `exit`, `poll` (after every jump), and the loop itself.
 *
 * @param once leave after one instruction with EXIT.interrupt
 */
function dispatchLoop(parts: LoopParts, once: boolean): Code {
  const { arch, helpers, pool, inlined, outlined, functionType, rowTable, decode, enter } = parts;
  const c = new Code();
  /** How many levels further out than `poll` an instruction that does not jump goes on. */
  const past = once ? 0 : 1;
  const leaveWith = (reason: Expr): Expr =>
    seq(cell.set64(TRANSLATOR.instructions, get(COUNT)), reason, (code) => code.return());

  /** Sets rec, base and page for the PC on the stack; leaves if there is no code. */
  const enterAt = (pc: Expr): Expr =>
    seq(
      (code) => {
        pc(code);
        code.call(enter).localTee(REC).op(0x45).if();
      },
      set(REASON, cell.get(TRANSLATOR.exit)),
      cell.set(TRANSLATOR.exit, zero),
      leaveWith(get(REASON)),
      (code) => code.end(),
      set(BASE, cell.get(TRANSLATOR.pageRecords)),
      set(PAGE, cell.get64(TRANSLATOR.pageAddress)),
    );

  set(COUNT, cell.get64(TRANSLATOR.instructions))(c);
  enterAt(cell.get64(arch.state.pc))(c);

  const special = FIRST_ROW;
  const arms = special + inlined.length;
  c.loop();
  c.block(); // poll
  c.block(); // exit
  c.block(); // jumpTo
  c.block(); // jumpOffset
  c.block(); // outlined
  for (let i = 0; i < arms; i++) c.block();
  set(COUNT, i64.add(get(COUNT), i64.const(1)))(c);
  c.localGet(REC).access(I32_LOAD16, { memory: THREAD, offset: 0, align: 1 });
  c.brTable(
    Array.from({ length: arms }, (_, i) => i),
    arms,
  );
  for (let i = 0; i < arms; i++) {
    c.end();
    // Blocks still open inside the loop: the later arms, then outlined, jumpOffset, jumpTo, exit, poll.
    const outer = arms - 1 - i;
    const labels = { jumpOffset: outer + 1, jumpTo: outer + 2, exit: outer + 3, next: outer + 4 + past };
    if (i === NOT_DECODED) {
      uncount(c);
      c.localGet(REC);
      pcOf(get(REC), get(BASE), get(PAGE))(c);
      c.call(decode).localTee(REASON).if();
      leaveWith(get(REASON))(c);
      c.end().br(outer + 5);
    } else if (i === PAGE_END) {
      uncount(c);
      set(TARGET, pcOf(get(REC), get(BASE), get(PAGE)))(c);
      c.br(labels.jumpTo);
    } else if (i === REGION && once) {
      c.op(0x00); // the engine puts the instruction back before it steps
    } else if (i === REGION) {
      uncount(c);
      c.i32(0);
      pcOf(get(REC), get(BASE), get(PAGE))(c);
      c.localGet(REC).access(I32_LOAD, { memory: THREAD, offset: 8, align: 2 });
      c.callIndirect(helpers.module.type(REGION_PARAMETERS, [I64])).localSet(TARGET);
      cell.get(TRANSLATOR.exit)(c);
      c.localTee(REASON).if();
      cell.set(TRANSLATOR.exit, zero)(c);
      cell.set64(arch.state.pc, i64.xor(get(TARGET), i64.const(LEAVING)))(c);
      leaveWith(get(REASON))(c);
      c.end().br(labels.jumpTo);
    } else if (i === ILLEGAL) {
      c.i32(EXIT.illegal).localSet(REASON).br(labels.exit);
    } else {
      const { row, statements } = inlined[i - special];
      const lowering = new InlineRow(helpers, arch, row, pool, labels);
      lowering.lower(statements);
      if (!lowering.ended) {
        lowering.emitAdvance();
        lowering.code.br(labels.next);
      }
      c.bytes(lowering.code.view());
    }
  }
  c.end(); // outlined: call the row's function, go on behind the instruction
  const operation = i32.sub(access(I32_LOAD16, THREAD, 0, get(REC)), i32.const(arms));
  c.localGet(REC);
  operation(c);
  c.callIndirect(functionType, rowTable).localTee(REASON);
  if (arch.sets === undefined) c.brIf(2);
  else {
    c.if();
    i32.ne(get(REASON), i32.const(OUTLINED_JUMP))(c);
    c.brIf(3);
    set(TARGET, cell.get64(arch.state.pc))(c);
    c.br(2).end();
  }
  // The short ones are the last.
  const long = outlined.filter(({ row }) => row.length === 4).length;
  const advance = (length: number): Expr => i32.const(length << RECORD_SHIFT);
  const distance: Expr =
    long === outlined.length
      ? advance(4)
      : seq(
          advance(2),
          advance(4),
          i32.ge_u(access(I32_LOAD16, THREAD, 0, get(REC)), i32.const(arms + long)),
          (code) => {
            code.op(0x1b);
          },
        );
  set(REC, i32.add(get(REC), distance))(c);
  c.br(3 + past);

  c.end(); // jumpOffset: OFFSET bytes from the instruction
  const near = tee(TARGET_REC, i32.add(get(REC), i32.shl(get(OFFSET), i32.const(RECORD_SHIFT))));
  i32.lt_u(i32.sub(near, get(BASE)), i32.const(PAGE_RECORDS))(c);
  c.if();
  set(REC, get(TARGET_REC))(c);
  c.br(3).end();
  set(TARGET, i64.add(pcOf(get(REC), get(BASE), get(PAGE)), i64.extend_s(get(OFFSET))))(c);

  c.end(); // jumpTo: to the address TARGET
  if (!once) logJump(c);
  i64.lt_u(i64.sub(get(TARGET), get(PAGE)), i64.const(PAGE_SIZE))(c);
  c.if();
  set(REC, i32.add(get(BASE), i32.shl(i32.wrap(i64.sub(get(TARGET), get(PAGE))), i32.const(RECORD_SHIFT))))(c);
  c.else();
  enterAt(get(TARGET))(c);
  c.end().br(1);

  c.end(); // exit: REASON, at the instruction of rec
  cell.set64(arch.state.pc, pcOf(get(REC), get(BASE), get(PAGE)))(c);
  leaveWith(get(REASON))(c);

  c.end(); // poll
  if (!once) {
    countJump(c);
    c.if().i32(EXIT.hot).localSet(REASON);
    cell.set64(arch.state.pc, pcOf(get(REC), get(BASE), get(PAGE)))(c);
    leaveWith(get(REASON))(c);
    c.end();
    // One comparison serves signals, time slices and the instruction limit.
    i64.lt_u(get(COUNT), cell.get64(STUB.limit))(c);
    c.brIf(0);
  }
  c.end();
  cell.set64(arch.state.pc, pcOf(get(REC), get(BASE), get(PAGE)))(c);
  leaveWith(i32.const(EXIT.interrupt))(c);
  c.op(0x00);
  return c;
}

/** Notes where the jump at `rec` goes; what region formation knows of jump tables. */
function logJump(c: Code): void {
  const next = cell.get(JUMP_LOG.next);
  set(OFFSET, next)(c);
  access(I32_STORE, THREAD, JUMP_LOG.start, get(OFFSET), get(REC))(c);
  access(I32_STORE, THREAD, JUMP_LOG.start + 4, get(OFFSET), i32.wrap(get(TARGET)))(c);
  const wrapped = i32.and(i32.add(get(OFFSET), i32.const(8)), i32.const(8 * JUMP_LOG.entries - 1));
  cell.set(JUMP_LOG.next, wrapped)(c);
}

/** Counts the jump to `rec`; true on the stack when that makes it hot. */
function countJump(c: Code): void {
  const counter = i32.and(i32.shr_u(get(REC), i32.const(3)), i32.const(2 * COUNTERS.count - 2));
  const count = i32.add(access(I32_LOAD16, THREAD, COUNTERS.start, get(OFFSET)), i32.const(1));
  set(OFFSET, counter)(c);
  access(I32_STORE16, THREAD, COUNTERS.start, get(OFFSET), tee(TARGET_REC, count))(c);
  i32.eq(get(TARGET_REC), cell.get(TRANSLATOR.hotThreshold))(c);
}

/** The numbers of pages without instruction sets above them. */
const BARE_PAGES = 0xfffff;

/** An i32 local that no arm uses while it is live. */
const TARGET_REC = REASON;

function uncount(c: Code): void {
  set(COUNT, i64.sub(get(COUNT), i64.const(1)))(c);
}

/**
 * enter(pc): the record of the instruction at `pc`, with the page's base and
 * address stored; 0 with TRANSLATOR.exit and the PC stored if there is no
 * executable code, no room, or the page must be protected first.
 */
function addEnter(helpers: DefinedHelpers, arch: Architecture): number {
  const PC = 0;
  const TABLE = 1;
  const RECORDS = 2;
  const FLAGS = 3;
  const page = i32.wrap(i64.shr_u(get(PC), i64.const(12)));
  const fail = (reason: number): Expr =>
    seq(
      cell.set(TRANSLATOR.exit, i32.const(reason)),
      cell.set64(arch.state.pc, get(PC)),
      cell.set64(TRANSLATOR.accessAddress, get(PC)),
      zero,
      (c) => c.return(),
    );
  const failIf =
    (condition: Expr, reason: number): Expr =>
    (c) => {
      condition(c);
      c.if(VOID);
      fail(reason)(c);
      c.end();
    };
  const body: Expr = (c) => {
    failIf(i64.ge_u(get(PC), i64.const(helpers.windowSize)), EXIT.fetch)(c);
    set(TABLE, i32.shl(page, i32.const(2)))(c);
    i32.eqz(tee(RECORDS, access(I32_LOAD, THREAD, DECODED.table, get(TABLE))))(c);
    c.if();
    const bare = arch.sets === undefined ? page : i32.and(page, i32.const(BARE_PAGES));
    set(FLAGS, access(I32_LOAD8, PROCESS_MEMORY, 0, bare))(c);
    failIf(i32.eqz(i32.and(get(FLAGS), i32.const(PageFlag.exec))), EXIT.fetch)(c);
    const writable = i32.and(get(FLAGS), i32.const(PageFlag.write | PageFlag.code));
    const mustProtect = i32.ne(cell.get(TRANSLATOR.unprotected), i32.add(bare, i32.const(1)));
    failIf(i32.and(i32.eq(writable, i32.const(PageFlag.write)), mustProtect), EXIT.protect)(c);
    tee(RECORDS, cell.get(TRANSLATOR.freeDecodedPages))(c);
    c.if();
    cell.set(TRANSLATOR.freeDecodedPages, access(I32_LOAD, THREAD, DECODED.link, get(RECORDS)))(c);
    c.else();
    set(RECORDS, cell.get(TRANSLATOR.nextDecodedPage))(c);
    failIf(i32.gt_u(get(RECORDS), i32.const(DECODED.end - DECODED_PAGE_SIZE)), EXIT.full)(c);
    cell.set(TRANSLATOR.nextDecodedPage, i32.add(get(RECORDS), i32.const(DECODED_PAGE_SIZE)))(c);
    c.end();
    access(I32_STORE, THREAD, DECODED.table, get(TABLE), get(RECORDS))(c);
    access(I32_STORE, THREAD, DECODED.link, get(RECORDS), page)(c);
    for (const offset of [PAGE_RECORDS, PAGE_RECORDS + RECORD_SIZE]) {
      access(I32_STORE16, THREAD, offset, get(RECORDS), i32.const(PAGE_END))(c);
    }
    failIf(cell.get(TRANSLATOR.reportPages), EXIT.page)(c);
    c.end();
    cell.set(TRANSLATOR.pageRecords, get(RECORDS))(c);
    cell.set64(TRANSLATOR.pageAddress, i64.and(get(PC), i64.const(-PAGE_SIZE)))(c);
    const offset = i32.and(i32.wrap(get(PC)), i32.const(PAGE_SIZE - 1));
    i32.add(get(RECORDS), i32.shl(offset, i32.const(RECORD_SHIFT)))(c);
  };
  return helpers.add([I64], [I32], [I32, I32, I32], body);
}

/** missing(depth, pc): stands in the table for regions that do not exist: the cold tier goes on at the address. */
function addMissing(helpers: DefinedHelpers): number {
  return helpers.add(REGION_PARAMETERS, [I64], [], get(1));
}

/** fma(): 1 if the host's relaxed multiply-add rounds once. (1 + 2^-30)^2 - 1 - 2^-29 is 2^-60, or 0 rounded twice. */
function addFmaProbe(helpers: DefinedHelpers): number {
  const x = TRANSLATOR.fpOperands;
  const probe: Expr = (c) => {
    // Operands come from memory so that nothing is folded at compile time.
    c.i32(0)
      .f64(1 + 2 ** -30)
      .access(0x39, { memory: THREAD, offset: x, align: 3 });
    c.i32(0)
      .f64(-1 - 2 ** -29)
      .access(0x39, { memory: THREAD, offset: x + 8, align: 3 });
    const load = (offset: number): Expr => access(0x2b, THREAD, offset, zero);
    for (const offset of [x, x, x + 8]) {
      load(offset)(c);
      c.simd(0x14);
    }
    c.simd(0x107)
      .simd(0x21)
      .byte(0)
      .f64(2 ** -60)
      .op(0x61);
  };
  return helpers.add([], [I32], [], probe);
}
