/**
 * Small WebAssembly functions through which JavaScript code accesses guest
 * memory: only WebAssembly turns a fault of the host into an error that can be
 * caught, and has atomic operations on all of guest memory.
 *
 *     load32_s(pc, address)    store8(pc, address, value)    amo_add64(pc, address, value)
 *
 * A vector is passed as its two halves: `load128` and `load_part` give [low, high].
 * Each stores `pc` in the PC's cell first, so that after a fault it is known. An
 * atomic access that is not allowed traps as well.
 */
import type { Architecture } from '../../cpu/arch.ts';
import { type AmoOp, Builder, type Statement, type Value, type Width } from '../../cpu/ir.ts';
import type { Operand } from '../../cpu/row.ts';
import { PROCESS_MEMORY_PAGES, THREAD_MEMORY_PAGES } from '../../host/layout.ts';
import { Code, I64, ModuleEncoder, type ValType } from '../wasm/encoder.ts';
import { ImportedHelpers } from '../wasm/helpers.ts';
import { Lowering } from '../wasm/lower.ts';
import { THREAD, windowType } from '../wasm/memories.ts';

const WIDTHS: readonly Width[] = [8, 16, 32, 64];
const AMOS: readonly AmoOp[] = ['swap', 'add', 'and', 'or', 'xor', 'min_s', 'max_s', 'min_u', 'max_u'];

/** What an access is called: `load16_u`, `store32`, `amo_min_s64`, `cas8`. */
export const accessName = {
  load: (width: Width, signed: boolean): string => `load${width}${width === 64 ? '' : signed ? '_s' : '_u'}`,
  store: (width: Width): string => `store${width}`,
  amo: (op: AmoOp, width: Width): string => `amo_${op}${width}`,
  cas: (width: Width): string => `cas${width}`,
  sc: (width: Width): string => `sc${width}`,
};

/** Parameters of an access are operands whose value is the parameter's number. */
const parameter = (value: number): Value => {
  const info = { name: `${value}`, signed: true, width: 64, slices: [], kind: 'imm' };
  return { type: 'i64', kind: 'operand', operand: { info, value } };
};
const PC = 0;
const [address, first, second, third] = [1, 2, 3, 4].map(parameter);
const TRUE: Value = { type: 'i32', kind: 'op', op: 'eqz', args: [{ type: 'i64', kind: 'const', value: 0n }] };

class AccessLowering extends Lowering {
  readonly locals: ValType[] = [];
  private readonly parameters: number;

  constructor(helpers: ImportedHelpers, arch: Architecture, parameters: number) {
    super(new Code(), helpers, arch);
    this.parameters = parameters;
  }

  /** Makes the access; leaves the results on the stack. */
  access(statements: readonly Statement[], results: readonly Value[]): void {
    this.lower(statements);
    for (const value of results) this.emit(value);
  }
  storePc(cell: number): void {
    this.code.i32(0).localGet(PC).access(0x37, { memory: THREAD, offset: cell, align: 3 });
  }

  protected newLocal(type: ValType): number {
    return this.parameters + this.locals.push(type) - 1;
  }
  protected emitOperand({ value = 0 }: Operand): void {
    this.code.localGet(value);
  }
  protected emitBeforeAccess(): void {}
  /** The cold tier makes the access again and says what is wrong with it. */
  protected emitAtomicCheck(): void {
    this.code.if().op(0x00).end();
  }
  protected emitReg = unused;
  protected emitSetReg = unused;
  protected emitPc = unused;
  protected emitInstructions = unused;
  protected emitTerminator = unused;
  protected emitRequire = unused;
  protected mayChange = unused;
}

function unused(): never {
  throw new Error('an access has no state');
}

/** The functions' module; its imports are those of every region. */
export function generateAccesses(arch: Architecture): Uint8Array<ArrayBuffer> {
  const module = new ModuleEncoder();
  module.setName('accesses');
  module.importMemory('thread', { shared: false, address: 'i32', pages: THREAD_MEMORY_PAGES });
  module.importMemory('window', windowType(arch));
  module.importMemory('process', { shared: true, address: 'i32', pages: PROCESS_MEMORY_PAGES });
  const helpers = new ImportedHelpers(module);
  // Imports come before functions.
  helpers.index('atomic_check');
  const add = (name: string, parameters: number, statements: readonly Statement[], ...results: Value[]) => {
    const lowering = new AccessLowering(helpers, arch, parameters);
    lowering.storePc(arch.state.pc);
    lowering.access(statements, results);
    const type = module.type(Array<ValType>(parameters).fill(I64), Array<ValType>(results.length).fill(I64));
    module.exportFunction(name, module.addFunction(type, lowering.locals, lowering.code));
  };
  const addRead = (name: string, parameters: number, value: Value) =>
    add(name, parameters, [{ kind: 'evaluate', value }], value);
  for (const width of WIDTHS) {
    for (const signed of width === 64 ? [true] : [true, false]) {
      addRead(accessName.load(width, signed), 2, { type: 'i64', kind: 'load', address, width, signed });
    }
    add(accessName.store(width), 3, [{ kind: 'store', address, value: first, width }]);
    for (const op of AMOS) {
      addRead(accessName.amo(op, width), 3, { type: 'i64', kind: 'amo', op, address, value: first, width });
    }
    addRead(accessName.cas(width), 4, { type: 'i64', kind: 'cas', address, expected: first, value: second, width });
    addRead(accessName.sc(width), 5, {
      type: 'i64',
      kind: 'sc',
      condition: TRUE,
      address,
      version: first,
      expected: second,
      value: third,
      width,
    });
  }
  addRead('version', 2, { type: 'i64', kind: 'version', address });
  const b = new Builder();
  const loaded = b.load128(address);
  add('load128', 2, b.statements, ...[0, 1].map((lane) => b.op('i64x2.extract_lane', loaded, b.const(lane))));
  const vector = b.op('i64x2.replace_lane', b.op('v128.from_i64', first), b.const(1), second);
  add('store128', 4, [{ kind: 'store128', address, value: vector }]);
  const part = b.loadPart(address, first);
  add('load_part', 3, b.statements.slice(-1), ...[0, 1].map((lane) => b.op('i64x2.extract_lane', part, b.const(lane))));
  add('store_part', 5, [{ kind: 'store_part', address, value: vector, count: third }]);
  const fence = new Code();
  fence.byte(0xfe).byte(0x03).byte(0x00);
  module.exportFunction('fence', module.addFunction(module.type([], []), [], fence));
  return module.finish();
}
