/**
 * Executes a test case by interpreting the row's effect with BigInt: slow, but
 * the plainest reading of the intermediate representation. It tells a wrong row
 * from a wrong back end.
 */
import { registerCell } from '../../src/cpu/arch.ts';
import type { OpName, Statement, Value } from '../../src/cpu/ir.ts';
import { decodeRiscv } from '../../src/cpu/riscv/disassembly.ts';
import { registerFile } from '../../src/cpu/riscv/registers.ts';
import { RISCV_STATE } from '../../src/cpu/riscv/state.ts';
import { type Operand, operandValue, type Row } from '../../src/cpu/row.ts';
import { riscvArithmetic } from '../../src/cpu/softfloat.ts';
import { evaluateVector, shuffle } from '../../src/cpu/vector.ts';
import { isVectorOp, type VectorOpName } from '../../src/cpu/vector-ops.ts';
import { SlowFloat } from '../../src/translate/slow-float.ts';
import {
  type Case,
  effectOf,
  F,
  FAULT_ADDRESS,
  FCSR,
  LANDING,
  pcOf,
  RECORD,
  RECORDS_BASE,
  SIGBUS,
  SIGILL,
  SIGNAL,
  SIGSEGV,
  X,
} from './instruction-cases.ts';

const u64 = (value: bigint) => BigInt.asUintN(64, value);
const s64 = (value: bigint) => BigInt.asIntN(64, value);
const flag = (condition: boolean) => (condition ? 1n : 0n);

function carryless(a: bigint, b: bigint): bigint {
  let product = 0n;
  for (let i = 0n; i < 64n; i++) if ((b >> i) & 1n) product ^= a << i;
  return product;
}

function permute(a: bigint, b: bigint, width: bigint): bigint {
  const mask = (1n << width) - 1n;
  let result = 0n;
  for (let i = 0n; i < 64n; i += width) {
    const index = ((b >> i) & mask) * width;
    if (index < 64n) result |= ((a >> index) & mask) << i;
  }
  return result;
}

/** Arguments are unsigned; results are truncated to 64 bits by the caller. */
const OPERATIONS: Record<
  Exclude<OpName, VectorOpName>,
  (...args: [bigint, bigint, bigint, bigint, bigint]) => bigint
> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b) => a << (b & 63n),
  shr_s: (a, b) => s64(a) >> (b & 63n),
  shr_u: (a, b) => a >> (b & 63n),
  rotl: (a, b) => (a << (b & 63n)) | (a >> (64n - (b & 63n))),
  rotr: (a, b) => (a >> (b & 63n)) | (a << (64n - (b & 63n))),
  rotr32: (a, b) => BigInt.asUintN(32, ((a & 0xffff_ffffn) * 0x1_0000_0001n) >> (b & 31n)),
  clz: (a) => BigInt(64 - (a === 0n ? 0 : a.toString(2).length)),
  ctz: (a) => (a === 0n ? 64n : BigInt((a & -a).toString(2).length - 1)),
  popcnt: (a) => BigInt(a.toString(2).replaceAll('0', '').length),
  extend8_s: (a) => BigInt.asIntN(8, a),
  extend16_s: (a) => BigInt.asIntN(16, a),
  extend32_s: (a) => BigInt.asIntN(32, a),
  div_s: (a, b) => s64(a) / s64(b),
  div_u: (a, b) => a / b,
  rem_s: (a, b) => s64(a) % s64(b),
  rem_u: (a, b) => a % b,
  mulh_s: (a, b) => (s64(a) * s64(b)) >> 64n,
  mulh_u: (a, b) => (a * b) >> 64n,
  mulh_su: (a, b) => (s64(a) * b) >> 64n,
  clmul: carryless,
  clmulh: (a, b) => carryless(a, b) >> 64n,
  xperm4: (a, b) => permute(a, b, 4n),
  xperm8: (a, b) => permute(a, b, 8n),
  eqz: (a) => flag(a === 0n),
  eq: (a, b) => flag(a === b),
  ne: (a, b) => flag(a !== b),
  lt_s: (a, b) => flag(s64(a) < s64(b)),
  lt_u: (a, b) => flag(a < b),
  ge_s: (a, b) => flag(s64(a) >= s64(b)),
  ge_u: (a, b) => flag(a >= b),
  extend: (a) => a,
  select: (condition, a, b) => (condition !== 0n ? a : b),
  condition: (code, n, z, c, v) => {
    const [N, Z, C, V] = [s64(n) < 0n, z === 0n, c !== 0n, s64(v) < 0n];
    const tests = [Z, C, N, V, C && !Z, N === V, N === V && !Z, true];
    return flag(tests[Number(code) >> 1] !== (Number(code) % 2 === 1 && code !== 15n));
  },
};

const slow = new SlowFloat(riscvArithmetic);

/** A signal, as an exception of this file's own. */
class Fault {
  readonly signal: number;
  readonly address: bigint;

  constructor(signal: number, address: bigint) {
    this.signal = signal;
    this.address = address;
  }
}

/** LR's reservation, from one instruction of a case to the next. */
interface Reservation {
  address: bigint;
  value: bigint;
}

class Evaluation {
  private readonly slot: number;
  private readonly word: number;
  private readonly length: number;
  private readonly reservation: Reservation;
  private readonly view: DataView;
  private readonly statements: readonly Statement[];
  private readonly values = new Map<Value, bigint>();
  private readonly pc: bigint;
  /** Set by the statement that ends the instruction. */
  target: bigint;

  constructor(slot: number, row: Row<never>, word: number, pc: number, reservation: Reservation, view: DataView) {
    this.slot = slot;
    this.word = word;
    this.length = row.length;
    this.reservation = reservation;
    this.view = view;
    this.statements = effectOf(row);
    this.pc = BigInt(pc);
    this.target = this.pc + BigInt(row.length);
  }

  run(): void {
    this.statements.forEach((statement, position) => {
      // Reads recorded before this statement do not see its writes.
      if (/^(set|store|evaluate)/.test(statement.kind)) this.readUpTo(position);
      this.execute(statement);
    });
  }

  private readUpTo(position: number): void {
    const walk = (node: Statement | Value): void => {
      if ((node.kind === 'reg' || node.kind === 'cell') && node.at <= position) this.value(node);
      for (const part of Object.values(node).flat()) if (typeof part === 'object' && 'kind' in part) walk(part);
    };
    for (const statement of this.statements) walk(statement);
  }

  private execute(statement: Statement): void {
    switch (statement.kind) {
      case 'setReg':
        this.writeCell(this.registerCell(statement.operand), 8, this.value(statement.value));
        return;
      case 'setCell':
        this.writeCell(statement.offset, statement.bytes, this.value(statement.value));
        return;
      case 'store':
        this.write(this.value(statement.address), statement.width, this.value(statement.value));
        return;
      case 'evaluate':
        this.value(statement.value);
        return;
      case 'require':
        if (this.value(statement.condition) === 0n) throw new Fault(SIGILL, this.pc);
        return;
      case 'aligned':
        if (this.value(statement.address) % BigInt(statement.bytes) !== 0n) {
          throw new Fault(SIGBUS, this.value(statement.address));
        }
        return;
      case 'branch':
        if (this.value(statement.condition) !== 0n) this.target = this.pc + this.operand(statement.offset);
        return;
      case 'jump':
        this.target = this.pc + this.operand(statement.offset);
        return;
      case 'jumpTo':
        this.target = this.value(statement.address);
        return;
      case 'fence':
        return;
      case 'trap':
        if (statement.trap === 'illegal') throw new Fault(SIGILL, this.pc);
        if (statement.trap !== 'fence_i') throw new Error(`trap ${statement.trap}`);
    }
  }

  private operand(operand: Operand): bigint {
    return BigInt(operandValue(operand.info, this.word));
  }

  private registerCell(operand: Operand): number {
    const file = registerFile(operand.info);
    if (!file) throw new Error(`${operand.info.name} is no register`);
    return registerCell(file, operandValue(operand.info, this.word));
  }

  private value(value: Value): bigint {
    let result = this.values.get(value);
    if (result === undefined) {
      result = BigInt.asUintN(value.type === 'v128' ? 128 : 64, this.compute(value));
      this.values.set(value, result);
    }
    return result;
  }

  private compute(value: Value): bigint {
    switch (value.kind) {
      case 'const':
        return value.value;
      case 'operand':
        return this.operand(value.operand);
      case 'reg':
        return this.readCell(this.registerCell(value.operand), 8);
      case 'cell':
        return this.readCell(value.offset, value.bytes);
      case 'pc':
        return this.pc;
      case 'next':
        return this.pc + BigInt(this.length);
      case 'op': {
        const { op } = value;
        const args = value.args.map((arg) => this.value(arg));
        if (isVectorOp(op)) return evaluateVector(op, ...args);
        const [a, b = 0n, c = 0n, d = 0n, e = 0n] = args;
        return OPERATIONS[op](a, b, c, d, e);
      }
      case 'vector':
        return value.value;
      case 'shuffle': {
        const [a, b] = value.args.map((arg) => this.value(arg));
        return shuffle(a, b, value.lanes);
      }
      case 'load':
        return this.read(this.value(value.address), value.width, value.signed);
      case 'amo':
        return this.amo(value);
      // There are no other threads.
      case 'version':
        return 0n;
      case 'cas':
      case 'cas_if':
      case 'sc':
        return this.compareAndSwap(value);
      case 'fp': {
        const [a, b = 0n, c = 0n] = value.args.map((arg) => this.value(arg));
        const result = slow.run(value.op, value.format, Number(this.value(value.rounding)), a, b, c);
        const fcsr = this.view.getUint32(FCSR, true);
        this.view.setUint32(FCSR, fcsr | slow.takeFlags(), true);
        return result;
      }
      default:
        throw new Error(`${value.kind} is not for comparison`);
    }
  }

  private amo(value: Value & { kind: 'amo' }): bigint {
    const { width } = value;
    const address = this.value(value.address);
    const old = this.read(address, width, true);
    const operand = BigInt.asIntN(width, this.value(value.value));
    const unsigned = (x: bigint) => BigInt.asUintN(width, x);
    const result = {
      swap: () => operand,
      add: () => old + operand,
      and: () => old & operand,
      or: () => old | operand,
      xor: () => old ^ operand,
      min_s: () => (old < operand ? old : operand),
      max_s: () => (old > operand ? old : operand),
      min_u: () => (unsigned(old) < unsigned(operand) ? old : operand),
      max_u: () => (unsigned(old) > unsigned(operand) ? old : operand),
    }[value.op]();
    this.write(address, width, result);
    return old;
  }

  private compareAndSwap(value: Value & { kind: 'cas' | 'cas_if' | 'sc' }): bigint {
    const { width } = value;
    if (value.kind !== 'cas' && this.value(value.condition) === 0n) return 0n;
    const address = this.value(value.address);
    const old = this.read(address, width, true);
    const equal = old === BigInt.asIntN(width, this.value(value.expected));
    if (equal) this.write(address, width, this.value(value.value));
    return value.kind === 'cas' ? old : flag(equal);
  }

  /** Where in the record a CPU state cell lies. The reservation is none of a single instruction's business. */
  private readCell(offset: number, bytes: number): bigint {
    if (offset === RISCV_STATE.x) return 0n;
    if (offset === RISCV_STATE.fflags) return BigInt(this.view.getUint32(FCSR, true) & 31);
    if (offset === RISCV_STATE.frm) return BigInt((this.view.getUint32(FCSR, true) >> 5) & 7);
    if (offset === RISCV_STATE.reservation) return this.reservation.address;
    if (offset === RISCV_STATE.reservedValue) return this.reservation.value;
    if (offset === RISCV_STATE.reservedVersion) return 0n;
    if (bytes !== 8 || offset >= RISCV_STATE.pc) throw new Error(`read of cell ${offset}`);
    return this.view.getBigUint64(this.inRecord(offset), true);
  }

  private writeCell(offset: number, bytes: number, value: bigint): void {
    const fcsr = this.view.getUint32(FCSR, true);
    if (offset === RISCV_STATE.x) return;
    if (offset === RISCV_STATE.reservation) this.reservation.address = value;
    else if (offset === RISCV_STATE.reservedValue) this.reservation.value = value;
    else if (offset === RISCV_STATE.reservedVersion) return;
    else if (offset === RISCV_STATE.fflags) this.view.setUint32(FCSR, (fcsr & ~31) | Number(value), true);
    else if (offset === RISCV_STATE.frm) this.view.setUint32(FCSR, (fcsr & 31) | (Number(value) << 5), true);
    else if (bytes !== 8 || offset >= RISCV_STATE.pc) throw new Error(`write of cell ${offset}`);
    else this.view.setBigUint64(this.inRecord(offset), value, true);
  }

  private inRecord(offset: number): number {
    return offset >= RISCV_STATE.f ? F + offset - RISCV_STATE.f : X + offset - RISCV_STATE.x;
  }

  private place(address: bigint, bytes: number): number {
    const place = Number(address) - RECORDS_BASE - RECORD * this.slot;
    if (place < 0 || place + bytes > RECORD) throw new Fault(SIGSEGV, address);
    return place;
  }

  private read(address: bigint, width: number, signed: boolean): bigint {
    let value = 0n;
    const place = this.place(address, width / 8);
    for (let i = width / 8 - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.view.getUint8(place + i));
    return signed ? BigInt.asIntN(width, value) : value;
  }

  private write(address: bigint, width: number, value: bigint): void {
    const place = this.place(address, width / 8);
    for (let i = 0; i < width / 8; i++) this.view.setUint8(place + i, Number((value >> BigInt(8 * i)) & 0xffn));
  }
}

/** The records as the test program would write them. */
export function evaluateCases(cases: readonly Case[]): Uint8Array {
  const output = new Uint8Array(RECORD * cases.length);
  cases.forEach((test, index) => {
    const record = output.subarray(RECORD * index, RECORD * (index + 1));
    record.set(test.record);
    const view = new DataView(record.buffer, record.byteOffset);
    const reservation = { address: u64(-1n), value: 0n };
    let pc = pcOf(test.slot) - 4 * test.before.length;
    try {
      for (const word of test.before) {
        const row = decodeRiscv(word)?.row;
        if (!row) throw new Error(`no instruction ${word}`);
        new Evaluation(test.slot, row, word, pc, reservation, view).run();
        pc += 4;
      }
      const last = new Evaluation(test.slot, test.row, test.word, pc, reservation, view);
      last.run();
      if (last.target === BigInt(pc + LANDING)) view.setUint32(FCSR, view.getUint32(FCSR, true) | 31, true);
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      view.setBigUint64(X, BigInt(pc), true);
      view.setBigUint64(SIGNAL, BigInt(fault.signal), true);
      view.setBigUint64(FAULT_ADDRESS, fault.address, true);
    }
  });
  return output;
}
