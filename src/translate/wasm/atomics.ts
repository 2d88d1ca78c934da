/** Lowers atomic accesses to WebAssembly's (threads proposal), and store-conditionals to those and versions of addresses. */
import type { AmoOp, Value, Width } from '../../cpu/ir.ts';
import { PROCESS, TRANSLATOR } from '../../host/layout.ts';
import { type Code, I32, I64, type ValType } from './encoder.ts';
import { access, type Expr, get, i32, i64, set } from './expr.ts';
import { LOAD, PROCESS_MEMORY, THREAD, WINDOW } from './memories.ts';

export type AtomicValue = Value & { kind: 'amo' | 'cas' | 'cas_if' | 'sc' };

/** Locals, of type i64 (the index in the window may be i32); 0 where the value has no such operand. */
export interface AtomicOperands {
  readonly address: number;
  readonly index: number;
  readonly operand: number;
  readonly expected: number;
  readonly condition: number;
  readonly version: number;
}

/** i64.atomic.rmw…: the opcodes of width 64; 8, 16 and 32 follow at +3, +4, +5 (threads proposal). */
const RMW: Partial<Record<AmoOp | 'cmpxchg', number>> = {
  add: 0x1f,
  and: 0x2d,
  or: 0x34,
  xor: 0x3b,
  swap: 0x42,
  cmpxchg: 0x49,
};
const RMW_WIDTH: Record<Width, number> = { 64: 0, 8: 3, 16: 4, 32: 5 };

/**
 * Offset of an address's version among PROCESS.versions. Neighbours have one of their own, as far as possible, so that
 * stores to them do not make store-conditionals fail.
 */
function versionOf(address: number): Expr {
  const [near, far] = [1, 15].map((count) => i32.wrap(i64.shr_u(get(address), i64.const(count))));
  return i32.and(i32.xor(near, far), i32.const(PROCESS.versionsSize - 4));
}

const alignment: Record<Width, number> = { 8: 0, 16: 1, 32: 2, 64: 3 };

/** Pushes the version of the address in a local. */
export function emitVersion(code: Code, address: number): void {
  versionOf(address)(code);
  code.op(0xfe10);
  code.memarg({ memory: PROCESS_MEMORY, offset: PROCESS.versions, align: 2 });
  code.op(0xad);
}

/** Sign-extends the zero-extended result of a narrow atomic access. */
function emitExtend(code: Code, width: Width): void {
  if (width !== 64) code.op({ 8: 0xc2, 16: 0xc3, 32: 0xc4 }[width]);
}

/** Pushes what an access to an address that has passed `atomic_check` gives: old value, or whether it was stored to. */
export function emitAtomic(
  code: Code,
  value: AtomicValue,
  operands: AtomicOperands,
  newLocal: (type: ValType) => number,
): void {
  const { width } = value;
  const { address, index, operand, expected, condition, version } = operands;
  const memory = { memory: WINDOW, offset: 0, align: alignment[width] };
  // Beyond the end of a file nothing but an access tells, and only plain accesses always trap.
  code.localGet(index).access(LOAD[8].unsigned, { memory: WINDOW, offset: 0, align: 0 }).op(0x1a);
  const cmpxchg = (expectedLocal: number, wanted: number) => {
    code.localGet(index);
    for (const local of [expectedLocal, wanted]) {
      code.localGet(local);
      if (width !== 64) code.i64((1n << BigInt(width)) - 1n).op(0x83);
    }
    code.op(0xfe00 + (RMW.cmpxchg as number) + RMW_WIDTH[width]);
    code.memarg(memory);
  };
  const isStored = () => {
    cmpxchg(expected, operand);
    emitExtend(code, width);
    code.localGet(expected);
    emitExtend(code, width);
    code.op(0x51);
  };
  switch (value.kind) {
    case 'cas':
      cmpxchg(expected, operand);
      emitExtend(code, width);
      return;
    case 'cas_if':
      code.localGet(condition).if(I64);
      isStored();
      code.op(0xad).else().i64(0n).end();
      return;
    case 'sc':
      code.localGet(condition).if(I64);
      emitHolding(code, address, version, newLocal, isStored);
      code.else().i64(0n).end();
      return;
    case 'amo': {
      const opcode = RMW[value.op];
      if (opcode === undefined) {
        emitExtremum(code, value.op, width, operands, newLocal, cmpxchg);
        return;
      }
      code.localGet(index).localGet(operand);
      code.op(0xfe00 + opcode + RMW_WIDTH[width]);
      code.memarg(memory);
      emitExtend(code, width);
    }
  }
}

/** Minimum and maximum: compare-and-swap until nobody else wrote in between. */
function emitExtremum(
  code: Code,
  op: AmoOp,
  width: Width,
  { index, operand }: AtomicOperands,
  newLocal: (type: ValType) => number,
  cmpxchg: (expectedLocal: number, wanted: number) => void,
): void {
  const old = newLocal(I64);
  const next = newLocal(I64);
  const isSigned = op.endsWith('_s');
  const extend = () => {
    if (width === 64) return;
    if (isSigned) emitExtend(code, width);
    else code.i64((1n << BigInt(width)) - 1n).op(0x83);
  };
  const lessThan = isSigned ? 0x53 : 0x54;
  code.localGet(index);
  code.access(LOAD[width].unsigned, { memory: WINDOW, offset: 0, align: 0 });
  code.localSet(old).loop();
  const pair = op.startsWith('min') ? [operand, old] : [old, operand];
  code.localGet(operand).localGet(old);
  for (const local of pair) {
    code.localGet(local);
    extend();
  }
  code.op(lessThan).op(0x1b).localSet(next);
  cmpxchg(old, next);
  code.localTee(next).localGet(old).localGet(next).localSet(old).op(0x52).brIf(0).end();
  code.localGet(old);
  emitExtend(code, width);
}

/**
 * Makes the version of an address odd, which it stays while `action` leaves whether it has stored something; then
 * makes it a new one, or what it was. Leaves what `action` left, or 0 if the version is not the one in the local. If
 * the access faults, the engine finds heldVersion.
 */
function emitHolding(
  code: Code,
  address: number,
  version: number,
  newLocal: (type: ValType) => number,
  action: () => void,
): void {
  const memory = { memory: PROCESS_MEMORY, offset: PROCESS.versions, align: 2 };
  const cell = newLocal(I32);
  const isStored = newLocal(I32);
  set(cell, versionOf(address))(code);
  code.localGet(cell);
  i32.wrap(get(version))(code);
  i32.add(i32.wrap(get(version)), i32.const(1))(code);
  code.op(0xfe48);
  code.memarg(memory);
  i32.wrap(get(version))(code);
  code.op(0x46).if(I64);
  access(0x36, THREAD, TRANSLATOR.heldVersion, i32.const(0), i32.add(get(cell), i32.const(1)))(code);
  action();
  code.localSet(isStored);
  // On x86-64 a plain store is seen after what was stored before it.
  const next = i32.add(i32.wrap(get(version)), i32.shl(get(isStored), i32.const(1)));
  access(0x36, PROCESS_MEMORY, PROCESS.versions, get(cell), next)(code);
  access(0x36, THREAD, TRANSLATOR.heldVersion, i32.const(0), i32.const(0))(code);
  code.localGet(isStored).op(0xad).else().i64(0n).end();
}
