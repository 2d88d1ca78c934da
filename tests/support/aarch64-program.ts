/**
 * An aarch64 program that runs test cases (aarch64-target.ts): for each it loads
 * the state from the record, executes the instruction, and stores the state; at
 * the end it writes all records to standard output. Written without a compiler,
 * as instruction-program.ts is.
 */
import { aarch64Rows } from '../../src/cpu/aarch64/index.ts';
import { encode } from '../../src/cpu/encode.ts';
import { writeElf } from '../../src/loader/elf-writer.ts';
import {
  CODE_BASE,
  CODE_SIZE,
  FAULT_ADDRESS,
  FPCR,
  FPSR,
  NZCV,
  PC,
  PROLOGUE,
  pcOf,
  RECORD,
  RECORDS_BASE,
  RESERVABLE,
  SIGNAL,
  SP,
  VECTORS,
  X,
} from './aarch64-record.ts';
import type { Runtime } from './fuzz-target.ts';
import type { Case } from './instruction-cases.ts';

const TEXT_BASE = 0x10_0000;
/** Here lie the addresses of the current record, of the end, and of the first record, 8 bytes each. */
const CURSOR = RECORDS_BASE - 0x8000;
/** Arguments of sigaltstack and sigaction, after the cursor. */
const STACK_ARGUMENT = 32;
const ACTION_ARGUMENT = 64;
const SIGNAL_STACK = 0x1000;
const SIGNAL_STACK_SIZE = 0x7000;
/** Whether a stack pointer is on the signal stack: then a signal's frame goes below it, and may not fit. */
export const isOnSignalStack = (sp: bigint): boolean =>
  sp > CURSOR + SIGNAL_STACK && sp <= CURSOR + SIGNAL_STACK + SIGNAL_STACK_SIZE;
/** Offsets in ucontext_t: registers, sp, pc, pstate, and fpsimd_context with FPSR, FPCR and the vectors. */
const CONTEXT = { x: 184, sp: 432, pc: 440, pstate: 448, fpsr: 472, fpcr: 476, vectors: 480 };
const SI_ADDR = 16;
/** SA_SIGINFO, SA_ONSTACK, SA_NODEFER. */
const SA_FLAGS = 0x4800_0004n;
const SIGNALS = [4, 5, 7, 8, 11];
const EM_AARCH64 = 183;

const rowsByName = new Map(aarch64Rows.map((row) => [row.name, row]));

class Assembler {
  readonly words: number[] = [];
  readonly base: number;

  constructor(base: number) {
    this.base = base;
  }
  get here(): number {
    return this.base + 4 * this.words.length;
  }
  emit(name: string, values: Record<string, number> = {}): void {
    const row = rowsByName.get(name);
    if (!row) throw new Error(`no instruction ${name}`);
    const all = Object.fromEntries(row.operands.map((info) => [info.name, 0]));
    this.words.push(encode(row, { ...all, ...values }));
  }
  jump(target: number): void {
    this.emit('b', { off: target - this.here });
  }
  /** A register gets a number below 2^32. */
  set(rd: number, value: number): void {
    this.emit('movz.x', { rd, imm: value & 0xffff });
    if (value > 0xffff) this.emit('movk.x', { rd, imm: value >>> 16, hw: 16 });
  }
  load(rt: number, rn: number, off: number): void {
    this.emit('ldr.x.imm', { rt, rn, off });
  }
  store(rt: number, rn: number, off: number): void {
    this.emit('str.x.imm', { rt, rn, off });
  }
  call(number: number): void {
    this.set(8, number);
    this.emit('svc');
  }
  /** register = the current record's address. */
  loadCursor(register: number): void {
    this.set(register, CURSOR);
    this.load(register, register, 0);
  }
}

let runtime: Runtime | undefined;

function makeRuntime(): Runtime {
  const asm = new Assembler(TEXT_BASE);
  const prologues = new Map<number, number>();
  const epilogues = new Map<number, number>();

  installHandler(asm);
  const next = asm.here;
  asm.set(0, CURSOR);
  asm.load(1, 0, 0);
  asm.load(2, 0, 8);
  asm.emit('subs.x', { rd: 31, rn: 1, rm: 2 });
  asm.emit('b.cond', { cond: 0, off: 12 });
  asm.load(1, 1, PROLOGUE);
  asm.emit('br', { rn: 1 });
  writeAll(asm);

  for (const reserved of RESERVABLE) {
    const scratch = reserved === 0 ? 1 : 0;
    const others = Array.from({ length: 31 }, (_, i) => i).filter((register) => register !== reserved);
    prologues.set(reserved, asm.here);
    asm.loadCursor(reserved);
    for (const [register, offset] of [
      ['nzcv', NZCV],
      ['fpcr', FPCR],
      ['fpsr', FPSR],
    ] as const) {
      asm.load(scratch, reserved, offset);
      asm.emit(`msr.${register}`, { rt: scratch });
    }
    asm.load(scratch, reserved, SP);
    asm.emit('add.x.imm', { rd: 31, rn: scratch });
    for (let i = 0; i < 32; i++) asm.emit('ldr.q.imm', { rt: i, rn: reserved, off: VECTORS + 16 * i });
    for (const i of others) asm.load(i, reserved, X + 8 * i);
    asm.load(reserved, reserved, PC);
    asm.emit('br', { rn: reserved });

    epilogues.set(reserved, asm.here);
    asm.loadCursor(reserved);
    for (const i of others) asm.store(i, reserved, X + 8 * i);
    for (let i = 0; i < 32; i++) asm.emit('str.q.imm', { rt: i, rn: reserved, off: VECTORS + 16 * i });
    asm.emit('add.x.imm', { rd: scratch, rn: 31 });
    asm.store(scratch, reserved, SP);
    for (const [register, offset] of [
      ['nzcv', NZCV],
      ['fpcr', FPCR],
      ['fpsr', FPSR],
    ] as const) {
      asm.emit(`mrs.${register}`, { rt: scratch });
      asm.store(scratch, reserved, offset);
    }
    advance();
  }

  // The signal handler: the state of the interrupted instruction into the record, then the next case; it never returns.
  const handler = asm.here;
  asm.loadCursor(3);
  asm.store(0, 3, SIGNAL);
  asm.load(4, 1, SI_ADDR);
  asm.store(4, 3, FAULT_ADDRESS);
  const copy = (from: number, to: number, load: 'ldr.x.imm' | 'ldr.w.imm'): void => {
    asm.emit(load, { rt: 4, rn: 2, off: from });
    asm.store(4, 3, to);
  };
  for (let i = 0; i < 31; i++) copy(CONTEXT.x + 8 * i, X + 8 * i, 'ldr.x.imm');
  copy(CONTEXT.sp, SP, 'ldr.x.imm');
  copy(CONTEXT.pc, PC, 'ldr.x.imm');
  copy(CONTEXT.fpsr, FPSR, 'ldr.w.imm');
  copy(CONTEXT.fpcr, FPCR, 'ldr.w.imm');
  for (let i = 0; i < 64; i++) copy(CONTEXT.vectors + 8 * i, VECTORS + 8 * i, 'ldr.x.imm');
  asm.load(4, 2, CONTEXT.pstate);
  asm.emit('and.x.imm.n', { rd: 4, rn: 4, mask: (36 << 6) | 3, imms: 3 });
  asm.store(4, 3, NZCV);
  advance();

  function advance(): void {
    asm.set(0, CURSOR);
    asm.load(1, 0, 0);
    asm.emit('add.x.imm', { rd: 1, rn: 1, imm: RECORD });
    asm.store(1, 0, 0);
    asm.jump(next);
  }
  if (asm.here > CODE_BASE) throw new Error('the runtime is larger than the space before the cases');
  return { words: asm.words, handler, prologues, epilogues };
}

/** sigaltstack(stack, 0); sigaction(signal, action, 0) for each signal. */
function installHandler(asm: Assembler): void {
  asm.set(0, CURSOR + STACK_ARGUMENT);
  asm.set(1, 0);
  asm.call(132);
  for (const signal of SIGNALS) {
    asm.set(0, signal);
    asm.set(1, CURSOR + ACTION_ARGUMENT);
    asm.set(2, 0);
    asm.set(3, 8);
    asm.call(134);
  }
}

/** write(1, records, end - records) until all is written; exit(0), or exit(1) on an error. The end is in x2. */
function writeAll(asm: Assembler): void {
  asm.set(9, CURSOR);
  asm.load(9, 9, 16);
  asm.emit('sub.x', { rd: 10, rn: 2, rm: 9 });
  const loop = asm.here;
  asm.set(0, 1);
  asm.emit('add.x.imm', { rd: 1, rn: 9 });
  asm.emit('add.x.imm', { rd: 2, rn: 10 });
  asm.call(64);
  asm.emit('subs.x.imm', { rd: 31, rn: 0 });
  asm.emit('b.cond', { cond: 13, off: 16 });
  asm.emit('add.x', { rd: 9, rn: 9, rm: 0 });
  asm.emit('sub.x', { rd: 10, rn: 10, rm: 0 });
  asm.emit('cbnz.x', { rt: 10, off: loop - asm.here });
  asm.emit('subs.x.imm', { rd: 31, rn: 10 });
  asm.emit('csinc.x', { rd: 0, rn: 31, rm: 31, cond: 0 });
  asm.call(94);
}

/** What a branch that is taken executes: its mark shows in a vector register. */
const MARK = { rd: 31, imm: 0x5a };

/** The program as an ELF file, for cases in consecutive places. */
export function makeProgram(cases: readonly Case[]): Uint8Array {
  runtime ??= makeRuntime();
  const { words, handler, prologues, epilogues } = runtime;
  const [first, end] = [cases[0].slot, cases[0].slot + cases.length];
  const text = new DataView(new ArrayBuffer(CODE_BASE - TEXT_BASE + CODE_SIZE * end));
  const data = new DataView(new ArrayBuffer(RECORDS_BASE - CURSOR + RECORD * end));
  words.forEach((word, i) => {
    text.setUint32(4 * i, word, true);
  });
  for (const { slot, word, before, reserved, record } of cases) {
    const asm = new Assembler(pcOf(slot) - 4 * before.length);
    asm.words.push(...before, word);
    asm.jump(epilogues.get(reserved) as number);
    asm.emit('movi.16b', MARK);
    asm.jump(epilogues.get(reserved) as number);
    asm.words.forEach((code, i) => {
      text.setUint32(asm.base - TEXT_BASE + 4 * i, code, true);
    });
    const out = RECORDS_BASE - CURSOR + RECORD * slot;
    new Uint8Array(data.buffer).set(record, out);
    data.setBigUint64(out + PROLOGUE, BigInt(prologues.get(reserved) as number), true);
  }
  data.setBigUint64(0, BigInt(RECORDS_BASE + RECORD * first), true);
  data.setBigUint64(8, BigInt(RECORDS_BASE + RECORD * end), true);
  data.setBigUint64(16, BigInt(RECORDS_BASE + RECORD * first), true);
  data.setBigUint64(STACK_ARGUMENT, BigInt(CURSOR + SIGNAL_STACK), true);
  data.setBigUint64(STACK_ARGUMENT + 16, BigInt(SIGNAL_STACK_SIZE), true);
  data.setBigUint64(ACTION_ARGUMENT, BigInt(handler), true);
  data.setBigUint64(ACTION_ARGUMENT + 8, SA_FLAGS, true);
  return writeElf({
    machine: EM_AARCH64,
    segments: [
      { vaddr: TEXT_BASE, bytes: new Uint8Array(text.buffer), flags: 5 },
      { vaddr: CURSOR, bytes: new Uint8Array(data.buffer), flags: 6 },
    ],
  });
}
