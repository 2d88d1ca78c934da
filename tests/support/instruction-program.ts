/**
 * A riscv64 program that runs test cases (instruction-cases.ts): for each it
 * loads the state from the record, executes the instruction, and stores the
 * state; at the end it writes all records to standard output. Written without a
 * compiler: machine code by our own encoder, and the ELF headers.
 */
import { encode } from '../../src/cpu/encode.ts';
import { riscvRows } from '../../src/cpu/riscv/index.ts';
import type { Runtime } from './fuzz-target.ts';
import {
  type Case,
  CODE_BASE,
  CODE_SIZE,
  F,
  FAULT_ADDRESS,
  FCSR,
  PROLOGUE,
  pcOf,
  RECORD,
  RECORDS_BASE,
  RESERVABLE,
  SIGNAL,
  X,
} from './instruction-cases.ts';

const TEXT_BASE = 0x10_0000;
/** Here lie the addresses of the current record, of the end, and of the first record, 8 bytes each. */
const CURSOR = RECORDS_BASE - 0x8000;
/** Arguments of sigaltstack and sigaction, after the cursor. */
const STACK_ARGUMENT = 32;
const ACTION_ARGUMENT = 64;
const SIGNAL_STACK = 0x1000;
const SIGNAL_STACK_SIZE = 0x7000;
/** Offset of the registers in ucontext_t, of the floating-point state behind them, and of si_addr in siginfo_t. */
const CONTEXT_REGISTERS = 176;
const CONTEXT_FLOATS = CONTEXT_REGISTERS + 256;
const SI_ADDR = 16;
/** SA_SIGINFO, SA_ONSTACK, SA_NODEFER. */
const SA_FLAGS = 0x4800_0004n;
const SIGNALS = [4, 5, 7, 8, 11];
const EHDR = 64;
const PHDR = 56;

const rowsByName = new Map(riscvRows.map((row) => [row.name, row]));

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
    this.emit('jal', { rd: 0, off: target - this.here });
  }
  /** register = the current record's address. */
  loadCursor(register: number): void {
    this.emit('lui', { rd: register, imm: CURSOR });
    this.emit('ld', { rd: register, rs1: register, imm: 0 });
  }
}

let runtime: Runtime | undefined;

function makeRuntime(): Runtime {
  const asm = new Assembler(TEXT_BASE);
  const prologues = new Map<number, number>();
  const epilogues = new Map<number, number>();

  const [t0, t1, t2] = [5, 6, 7];
  installHandler(asm);
  const next = asm.here;
  asm.emit('lui', { rd: t0, imm: CURSOR });
  asm.emit('ld', { rd: t1, rs1: t0, imm: 0 });
  asm.emit('ld', { rd: t2, rs1: t0, imm: 8 });
  asm.emit('beq', { rs1: t1, rs2: t2, off: 12 });
  asm.emit('ld', { rd: t1, rs1: t1, imm: PROLOGUE });
  asm.emit('jalr', { rd: 0, rs1: t1, imm: 0 });
  writeAll(asm, t2);

  for (const reserved of RESERVABLE) {
    const scratch = reserved === t0 ? t1 : t0;
    const others = Array.from({ length: 31 }, (_, i) => i + 1).filter((register) => register !== reserved);
    prologues.set(reserved, asm.here);
    asm.loadCursor(reserved);
    asm.emit('ld', { rd: scratch, rs1: reserved, imm: FCSR });
    asm.emit('csrrw.fcsr', { rd: 0, rs1: scratch });
    for (let i = 0; i < 32; i++) asm.emit('fld', { rd: i, rs1: reserved, imm: F + 8 * i });
    for (const i of others) asm.emit('ld', { rd: i, rs1: reserved, imm: X + 8 * i });
    asm.emit('ld', { rd: reserved, rs1: reserved, imm: X });
    asm.emit('jalr', { rd: 0, rs1: reserved, imm: 0 });

    epilogues.set(reserved, asm.here);
    asm.loadCursor(reserved);
    for (const i of others) asm.emit('sd', { rs2: i, rs1: reserved, imm: X + 8 * i });
    for (let i = 0; i < 32; i++) asm.emit('fsd', { rs2: i, rs1: reserved, imm: F + 8 * i });
    asm.emit('csrrs.fcsr', { rd: scratch, rs1: 0 });
    asm.emit('sd', { rs2: scratch, rs1: reserved, imm: FCSR });
    advance();
  }

  // The signal handler: the state of the interrupted instruction into the record, then the next case; it never returns.
  const handler = asm.here;
  const [a0, a1, a2] = [10, 11, 12];
  asm.loadCursor(t1);
  asm.emit('sd', { rs2: a0, rs1: t1, imm: SIGNAL });
  asm.emit('ld', { rd: t0, rs1: a1, imm: SI_ADDR });
  asm.emit('sd', { rs2: t0, rs1: t1, imm: FAULT_ADDRESS });
  for (let i = 0; i < 32; i++) copy(CONTEXT_REGISTERS + 8 * i, X + 8 * i, 'ld');
  for (let i = 0; i < 32; i++) copy(CONTEXT_FLOATS + 8 * i, F + 8 * i, 'ld');
  copy(CONTEXT_FLOATS + 256, FCSR, 'lwu');
  advance();

  function copy(from: number, to: number, load: 'ld' | 'lwu'): void {
    asm.emit(load, { rd: t0, rs1: a2, imm: from });
    asm.emit('sd', { rs2: t0, rs1: t1, imm: to });
  }
  function advance(): void {
    asm.emit('lui', { rd: t0, imm: CURSOR });
    asm.emit('ld', { rd: t1, rs1: t0, imm: 0 });
    asm.emit('addi', { rd: t1, rs1: t1, imm: RECORD });
    asm.emit('sd', { rs2: t1, rs1: t0, imm: 0 });
    asm.jump(next);
  }
  if (asm.here > CODE_BASE) throw new Error('the runtime is larger than the space before the cases');
  return { words: asm.words, handler, prologues, epilogues };
}

/** sigaltstack(stack, 0); sigaction(signal, action, 0) for each signal. */
function installHandler(asm: Assembler): void {
  const [a0, a1, a2, a3, a7, s0] = [10, 11, 12, 13, 17, 8];
  asm.emit('lui', { rd: s0, imm: CURSOR });
  asm.emit('addi', { rd: a0, rs1: s0, imm: STACK_ARGUMENT });
  asm.emit('addi', { rd: a1, rs1: 0, imm: 0 });
  asm.emit('addi', { rd: a7, rs1: 0, imm: 132 });
  asm.emit('ecall');
  for (const signal of SIGNALS) {
    asm.emit('addi', { rd: a0, rs1: 0, imm: signal });
    asm.emit('addi', { rd: a1, rs1: s0, imm: ACTION_ARGUMENT });
    asm.emit('addi', { rd: a2, rs1: 0, imm: 0 });
    asm.emit('addi', { rd: a3, rs1: 0, imm: 8 });
    asm.emit('addi', { rd: a7, rs1: 0, imm: 134 });
    asm.emit('ecall');
  }
}

/** write(1, records, end - records) until all is written; exit(0), or exit(1) on an error. */
function writeAll(asm: Assembler, end: number): void {
  const [a0, a1, a2, a7] = [10, 11, 12, 17];
  asm.emit('lui', { rd: a1, imm: CURSOR });
  asm.emit('ld', { rd: a1, rs1: a1, imm: 16 });
  asm.emit('sub', { rd: a2, rs1: end, rs2: a1 });
  const loop = asm.here;
  asm.emit('addi', { rd: a0, rs1: 0, imm: 1 });
  asm.emit('addi', { rd: a7, rs1: 0, imm: 64 });
  asm.emit('ecall');
  asm.emit('bge', { rs1: 0, rs2: a0, off: 16 });
  asm.emit('add', { rd: a1, rs1: a1, rs2: a0 });
  asm.emit('sub', { rd: a2, rs1: a2, rs2: a0 });
  asm.emit('bne', { rs1: a2, rs2: 0, off: loop - asm.here });
  asm.emit('sltu', { rd: a0, rs1: 0, rs2: a2 });
  asm.emit('addi', { rd: a7, rs1: 0, imm: 94 });
  asm.emit('ecall');
}

const C_NOP = 0x0001_0000;

/** The program as an ELF file, for cases in consecutive places. */
export function makeProgram(cases: readonly Case[]): Uint8Array {
  runtime ??= makeRuntime();
  const { words, handler, prologues, epilogues } = runtime;
  const [first, end] = [cases[0].slot, cases[0].slot + cases.length];
  const textSize = CODE_BASE - TEXT_BASE + CODE_SIZE * end;
  const dataSize = RECORDS_BASE - CURSOR + RECORD * end;
  const textOffset = 0x1000;
  const dataOffset = (textOffset + textSize + 0xfff) & -0x1000;
  const file = new Uint8Array(dataOffset + dataSize);
  const view = new DataView(file.buffer);
  writeHeaders(view, textOffset, textSize, dataOffset, dataSize);

  words.forEach((word, i) => {
    view.setUint32(textOffset + 4 * i, word, true);
  });
  for (const { slot, row, word, before, reserved, record } of cases) {
    const asm = new Assembler(pcOf(slot) - 4 * before.length);
    asm.words.push(...before, row.length === 2 ? word | C_NOP : word);
    asm.jump(epilogues.get(reserved) as number);
    // A branch that is taken shows by the flags.
    asm.emit('csrrwi.fflags', { rd: 0, imm: 31 });
    asm.jump(epilogues.get(reserved) as number);
    asm.words.forEach((code, i) => {
      view.setUint32(textOffset + asm.base - TEXT_BASE + 4 * i, code, true);
    });
    const out = dataOffset + RECORDS_BASE - CURSOR + RECORD * slot;
    file.set(record, out);
    view.setBigUint64(out + PROLOGUE, BigInt(prologues.get(reserved) as number), true);
  }
  view.setBigUint64(dataOffset, BigInt(RECORDS_BASE + RECORD * first), true);
  view.setBigUint64(dataOffset + 8, BigInt(RECORDS_BASE + RECORD * end), true);
  view.setBigUint64(dataOffset + 16, BigInt(RECORDS_BASE + RECORD * first), true);
  view.setBigUint64(dataOffset + STACK_ARGUMENT, BigInt(CURSOR + SIGNAL_STACK), true);
  view.setBigUint64(dataOffset + STACK_ARGUMENT + 16, BigInt(SIGNAL_STACK_SIZE), true);
  view.setBigUint64(dataOffset + ACTION_ARGUMENT, BigInt(handler), true);
  view.setBigUint64(dataOffset + ACTION_ARGUMENT + 8, SA_FLAGS, true);
  return file;
}

/** ELF header and two program headers: code at TEXT_BASE, data at CURSOR (System V ABI, chapters 4 and 5). */
function writeHeaders(
  view: DataView,
  textOffset: number,
  textSize: number,
  dataOffset: number,
  dataSize: number,
): void {
  new Uint8Array(view.buffer).set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true); // ET_EXEC
  view.setUint16(18, 243, true); // EM_RISCV
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(TEXT_BASE), true);
  view.setBigUint64(32, BigInt(EHDR), true);
  view.setUint32(48, 0x5, true); // EF_RISCV_RVC, double-float ABI
  view.setUint16(52, EHDR, true);
  view.setUint16(54, PHDR, true);
  view.setUint16(56, 2, true);
  view.setUint16(58, 64, true);
  const segment = (index: number, flags: number, offset: number, address: number, size: number) => {
    const at = EHDR + PHDR * index;
    view.setUint32(at, 1, true); // PT_LOAD
    view.setUint32(at + 4, flags, true);
    view.setBigUint64(at + 8, BigInt(offset), true);
    view.setBigUint64(at + 16, BigInt(address), true);
    view.setBigUint64(at + 24, BigInt(address), true);
    view.setBigUint64(at + 32, BigInt(size), true);
    view.setBigUint64(at + 40, BigInt(size), true);
    view.setBigUint64(at + 48, 0x1000n, true);
  };
  segment(0, 5, textOffset, TEXT_BASE, textSize);
  segment(1, 6, dataOffset, CURSOR, dataSize);
}
