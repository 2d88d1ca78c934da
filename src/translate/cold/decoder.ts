/**
 * The cold tier's decoder, generated from the rows: a WebAssembly function that
 * reads the instruction at an address and fills its record.
 *
 * The rows are split by the bits they all fix, most telling first, into a tree
 * of switches; what a switch cannot tell apart is tested one row after the
 * other, the row with more fixed bits first. Each branch of the root and each
 * large one is a function of its own, so that V8 compiles only the groups a
 * program uses.
 */
import type { Architecture } from '../../cpu/arch.ts';
import { bitCount } from '../../cpu/decoder.ts';
import { type Condition, conditionOperand, type OperandInfo, type Row } from '../../cpu/row.ts';
import { TRANSLATOR } from '../../host/layout.ts';
import { PageFlag } from '../../memory/page-table.ts';
import { EXIT } from '../exit.ts';
import { Code, I32, I64 } from '../wasm/encoder.ts';
import { access, type Expr, get, i32, i64, seq, set } from '../wasm/expr.ts';
import type { DefinedHelpers } from '../wasm/helpers.ts';
import { indexOf, PROCESS_MEMORY, THREAD, WINDOW } from '../wasm/memories.ts';
import { ILLEGAL, recordLayout } from './record.ts';

const I32_STORE = 0x36;
const I32_STORE16 = 0x3b;
const I64_STORE = 0x37;

/** Locals of the decoding functions: record address, instruction word. */
const RECORD = 0;
const WORD = 1;

/** Halfwords from here on begin instructions of four bytes. */
const FIRST_WIDE_THUMB = 0xe800;

/** Branches with more rows become functions. */
const BRANCH_LIMIT = 20;

/** What the decoder tests: a row, and its number in records. */
interface Candidate {
  row: Row<never>;
  operation: number;
}

export function addDecoder(
  helpers: DefinedHelpers,
  arch: Architecture,
  operations: ReadonlyMap<Row<never>, number>,
  setOperands: ReadonlyMap<Row<never>, ReadonlySet<string>>,
): number {
  const candidates = [...operations].map(([row, operation]) => ({ row, operation }));
  const { module } = helpers;
  const groupType = module.type([I32, I32], []);
  const leaf = (candidate: Candidate, known: number): Expr => {
    const { row, operation } = candidate;
    const unknown = row.mask & ~known;
    const layout = recordLayout(row, (info) => arch.registerFile(info) !== undefined);
    const stores = row.operands.map((info): Expr => {
      const slot = layout.get(info.name);
      if (!slot) throw new Error(`${row.name}: no slot for ${info.name}`);
      return access(slot.wide ? I32_STORE : I32_STORE16, THREAD, slot.offset, get(RECORD), operandExpr(info, row));
    });
    return (c) => {
      const tests = row.when.map((condition) => conditionExpr(row, condition));
      const optional = arch.optional.indexOf(row.extension);
      if (optional >= 0) tests.push(isPresent(optional));
      if (unknown !== 0) {
        tests.unshift(i32.eq(i32.and(get(WORD), i32.const(row.mask)), i32.const(row.value)));
      }
      for (const test of tests) {
        test(c);
        c.if();
      }
      for (const store of stores) store(c);
      access(I32_STORE16, THREAD, 0, get(RECORD), i32.const(operation))(c);
      c.return();
      for (const _ of tests) c.end();
    };
  };

  const operandExpr = (info: OperandInfo, row: Row<never>): Expr => {
    const value = extract(info);
    const file = arch.registerFile(info);
    if (!file) return value;
    const { first, stride, other, after } = file;
    const elsewhere = (at: Expr, special: number, cell: number): Expr => {
      return (c) => {
        i32.const(cell)(c);
        at(c);
        i32.eq(value, i32.const(special))(c);
        c.op(0x1b);
      };
    };
    const number = after === undefined ? value : i32.and(i32.add(value, i32.const(after)), i32.const(31));
    let cell = i32.add(i32.shl(number, i32.const(Math.log2(stride))), i32.const(first));
    if (other) cell = elsewhere(cell, other.value, other.cell);
    const zero = arch.zeroRegister;
    if (!zero || !setOperands.get(row)?.has(info.name)) return cell;
    const zeroValue = (zero.cell - first) / stride;
    const isNamed = zeroValue >= 0 && zeroValue < 2 ** info.width && zeroValue !== other?.value;
    return isNamed ? elsewhere(cell, zeroValue, zero.sink) : cell;
  };

  /** Code that decodes among the candidates and returns, or falls through if none fits. */
  const tree = (rows: readonly Candidate[], known: number, atRoot: boolean): Expr => {
    const common = rows.reduce((mask, { row }) => mask & row.mask, -1) & ~known;
    const field = rows.length > 2 ? bestField(rows, common) : undefined;
    if (!field) {
      const sorted = [...rows].sort((p, q) => bitCount(q.row.mask) - bitCount(p.row.mask));
      return seq(...sorted.map((candidate) => leaf(candidate, known)));
    }
    const fieldMask = ((1 << field.width) - 1) << field.low;
    const groups = new Map<number, Candidate[]>();
    for (const candidate of rows) {
      const value = (candidate.row.value & fieldMask) >>> field.low;
      const group = groups.get(value);
      if (group) group.push(candidate);
      else groups.set(value, [candidate]);
    }
    const values = [...groups.keys()].sort((p, q) => p - q);
    const arms = values.map((value) => {
      const group = groups.get(value) as Candidate[];
      const arm = tree(group, known | fieldMask, false);
      if (!atRoot && group.length <= BRANCH_LIMIT) return arm;
      const code = new Code();
      arm(code);
      access(I32_STORE16, THREAD, 0, get(RECORD), i32.const(ILLEGAL))(code);
      const index = module.addFunction(groupType, [], code);
      return (c: Code) => {
        c.localGet(RECORD).localGet(WORD).call(index).return();
      };
    });
    return (c) => {
      const depths = Array.from({ length: 1 << field.width }, (_, v) => {
        const arm = values.indexOf(v);
        return arm < 0 ? arms.length : arm;
      });
      c.block();
      for (const _ of arms) c.block();
      i32.and(i32.shr_u(get(WORD), i32.const(field.low)), i32.const((1 << field.width) - 1))(c);
      c.brTable(depths, arms.length);
      arms.forEach((arm, index) => {
        c.end();
        arm(c);
        c.br(arms.length - 1 - index);
      });
      c.end();
    };
  };

  const illegal = access(I32_STORE16, THREAD, 0, get(RECORD), i32.const(ILLEGAL));
  const decodeFunction = (rows: readonly Candidate[], known: number): number => {
    const code = new Code();
    seq(tree(rows, known, true), illegal)(code);
    return module.addFunction(groupType, [], code);
  };
  if (arch.sets !== undefined) {
    const sets = arch.sets.map(({ rows, isThumb }) => {
      const members = new Set(rows);
      const ofLength = (length: 2 | 4): number =>
        decodeFunction(
          candidates.filter(({ row }) => members.has(row) && row.length === length),
          0,
        );
      return { wide: ofLength(4), narrow: isThumb ? ofLength(2) : undefined };
    });
    return addFetchOfSets(helpers, arch, sets);
  }
  const wide = decodeFunction(
    candidates.filter(({ row }) => row.length === 4),
    arch.compressed ? 3 : 0,
  );
  const narrow = arch.compressed
    ? decodeFunction(
        candidates.filter(({ row }) => row.length === 2),
        0,
      )
    : wide;
  return addFetch(helpers, arch, wide, narrow);
}

/** decode(record, pc): fetches the instruction, decodes it; an exit code, 0 if there is a record now. */
function addFetch(helpers: DefinedHelpers, arch: Architecture, wide: number, narrow: number): number {
  const PC = 1;
  const LOCAL_WORD = 2;
  const code = new Code();
  const halfword = (address: Expr) => access(0x2f, WINDOW, 0, indexOf(arch, address));
  const zero = i32.const(0);
  const report = (): void => {
    access(0x28, THREAD, TRANSLATOR.reportDecoded, zero)(code);
    code.if().localGet(PC).localGet(LOCAL_WORD).call(helpers.index('decoded')).end();
  };
  access(I64_STORE, THREAD, TRANSLATOR.accessAddress, zero, get(PC))(code);
  access(I32_STORE, THREAD, TRANSLATOR.record, zero, get(RECORD))(code);
  const second = i64.add(get(PC), i64.const(2));
  set(LOCAL_WORD, halfword(get(PC)))(code);
  if (arch.compressed) {
    i32.ne(i32.and(get(LOCAL_WORD), i32.const(3)), i32.const(3))(code);
    code.if();
    report();
    code.localGet(RECORD).localGet(LOCAL_WORD).call(narrow).i32(EXIT.none).return().end();
    // The second half may lie on a page that is not executable.
    const next = access(0x2d, PROCESS_MEMORY, 0, i32.wrap(i64.shr_u(second, i64.const(12))));
    i32.eqz(i32.and(next, i32.const(PageFlag.exec)))(code);
    code.if();
    access(I64_STORE, THREAD, TRANSLATOR.accessAddress, zero, second)(code);
    access(I64_STORE, THREAD, arch.state.pc, zero, get(PC))(code);
    code.i32(EXIT.fetch).return().end();
  }
  set(LOCAL_WORD, i32.or(get(LOCAL_WORD), i32.shl(halfword(second), i32.const(16))))(code);
  report();
  code.localGet(RECORD).localGet(LOCAL_WORD).call(wide).i32(EXIT.none);
  return helpers.module.addFunction(helpers.module.type([I32, I64], [I32]), [I32], code);
}

/** The same where there are several instruction sets: which one stands above the address. */
function addFetchOfSets(
  helpers: DefinedHelpers,
  arch: Architecture,
  sets: readonly { wide: number; narrow: number | undefined }[],
): number {
  const [PC, LOCAL_WORD, ADDRESS] = [1, 2, 3];
  const code = new Code();
  const zero = i32.const(0);
  const halfword = (address: Expr) => access(0x2f, WINDOW, 0, indexOf(arch, address));
  const second = i64.add(get(ADDRESS), i64.const(2));
  const decode = (decoder: number): void => {
    access(0x28, THREAD, TRANSLATOR.reportDecoded, zero)(code);
    code.if().localGet(PC).localGet(LOCAL_WORD).call(helpers.index('decoded')).end();
    code.localGet(RECORD).localGet(LOCAL_WORD).call(decoder).i32(EXIT.none).return();
  };
  set(ADDRESS, i64.and(get(PC), i64.const(0xffff_ffff)))(code);
  access(I64_STORE, THREAD, TRANSLATOR.accessAddress, zero, get(ADDRESS))(code);
  access(I32_STORE, THREAD, TRANSLATOR.record, zero, get(RECORD))(code);
  set(LOCAL_WORD, halfword(get(ADDRESS)))(code);
  sets.forEach(({ wide, narrow }, set_) => {
    i64.eq(i64.shr_u(get(PC), i64.const(32)), i64.const(set_))(code);
    code.if();
    if (narrow === undefined) {
      set(LOCAL_WORD, i32.or(get(LOCAL_WORD), i32.shl(halfword(second), i32.const(16))))(code);
    } else {
      i32.lt_u(get(LOCAL_WORD), i32.const(FIRST_WIDE_THUMB))(code);
      code.if();
      decode(narrow);
      code.end();
      // The second half may lie on a page that is not executable.
      const next = access(0x2d, PROCESS_MEMORY, 0, i32.wrap(i64.shr_u(second, i64.const(12))));
      i32.eqz(i32.and(next, i32.const(PageFlag.exec)))(code);
      code.if();
      access(I64_STORE, THREAD, TRANSLATOR.accessAddress, zero, second)(code);
      access(I64_STORE, THREAD, arch.state.pc, zero, get(PC))(code);
      code.i32(EXIT.fetch).return().end();
      set(LOCAL_WORD, i32.or(i32.shl(get(LOCAL_WORD), i32.const(16)), halfword(second)))(code);
    }
    decode(wide);
    code.end();
  });
  code.op(0x00);
  return helpers.module.addFunction(helpers.module.type([I32, I64], [I32]), [I32, I64], code);
}

/** The operand's value from the instruction word. */
function extract(info: OperandInfo): Expr {
  const mask = (width: number) => (width === 32 ? -1 : (1 << width) - 1);
  const pieces = info.slices.map(({ word, operand, width }): Expr => {
    const top = info.signed && operand + width === info.width;
    const field = top
      ? i32.shr_s(i32.shl(get(WORD), i32.const(32 - word - width)), i32.const(32 - width))
      : i32.and(word === 0 ? get(WORD) : i32.shr_u(get(WORD), i32.const(word)), i32.const(mask(width)));
    return operand === 0 ? field : i32.shl(field, i32.const(operand));
  });
  return pieces.reduce((sum, piece) => i32.or(sum, piece));
}

function conditionExpr(row: Row<never>, { operand, test, values }: Condition): Expr {
  const value = extract(conditionOperand(row, operand));
  if (test === 'even') return i32.eqz(i32.and(value, i32.const(1)));
  const any = values
    .map((v) => i32.eq(value, typeof v === 'number' ? i32.const(v) : extract(conditionOperand(row, v))))
    .reduce((p, q) => i32.or(p, q));
  return test === 'ne' ? i32.eqz(any) : any;
}

/** Whether the model of the processor has one of the optional extensions. */
function isPresent(extension: number): Expr {
  const word = TRANSLATOR.lacking + 4 * (extension >> 5);
  return i32.eqz(i32.and(access(0x28, THREAD, word, i32.const(0)), i32.const(1 << (extension & 31))));
}

/** The run of up to 7 bits within `common` that splits the rows into most groups. */
function bestField(rows: readonly Candidate[], common: number): { low: number; width: number } | undefined {
  let best: { low: number; width: number } | undefined;
  let bestGroups = 1;
  for (let low = 0; low < 32; low++) {
    for (let width = 1; width <= 7 && low + width <= 32; width++) {
      if (((common >>> (low + width - 1)) & 1) === 0) break;
      const mask = (1 << width) - 1;
      const groups = new Set(rows.map(({ row }) => (row.value >>> low) & mask)).size;
      if (groups > bestGroups) {
        bestGroups = groups;
        best = { low, width };
      }
    }
  }
  return best;
}
