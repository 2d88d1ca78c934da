/**
 * A program of 32-bit arm that runs test cases (arm-target.ts): for each it loads
 * the state from the record, executes the instruction, of A32 or T32, and stores
 * the state; at the end it writes all records to standard output. A record:
 *
 *     0     r0–r14, 8 bytes each
 *     128   d0–d31
 *     384   APSR, FPSCR, 8 bytes each
 *     400   address of the case's code, odd for T32; where a signal was raised
 *     408   address of the routine that loads the state
 *     416   the signal that the instruction raised, or 0, and its si_addr
 *     448   memory for the instruction to work on
 */
import { armSets } from '../../src/cpu/arm/index.ts';
import { encode } from '../../src/cpu/encode.ts';
import { writeElf } from '../../src/loader/elf-writer.ts';
import type { Runtime } from './fuzz-target.ts';
import type { Case } from './instruction-cases.ts';

export const RECORD = 768;
export const R = 0;
export const D = 128;
export const APSR = 384;
export const FPSCR = 392;
export const PC = 400;
export const PROLOGUE = 408;
export const SIGNAL = 416;
export const FAULT_ADDRESS = 424;
export const MEMORY = 448;
export const RECORDS_BASE = 0x40_1000;
export const CODE_BASE = 0x10_8000;
/** Bytes of code for a case: words before; the word; a jump; where a taken branch lands; a jump; a literal. */
export const CODE_SIZE = 64;
export const BEFORE = 24;
/** Where a taken branch lands, from its instruction. */
export const LANDING = 16;
const LITERAL = 32;
export const pcOf = (slot: number): number => CODE_BASE + CODE_SIZE * slot + BEFORE;

/** Registers that may be reserved. */
export const RESERVABLE = [10, 11, 12, 9, 8, 4, 5, 6, 7, 3, 2];

const TEXT_BASE = 0x10_0000;
/** Here lie the addresses of the current record, of the end, and of the first record. */
const CURSOR = RECORDS_BASE - 0x8000;
const STACK_ARGUMENT = 32;
const ACTION_ARGUMENT = 64;
const SIGNAL_STACK = 0x1000;
const SIGNAL_STACK_SIZE = 0x6000;
/** Offsets in ucontext: r0, CPSR, and the floating-point registers and FPSCR in uc_regspace. */
const CONTEXT = { r0: 32, cpsr: 96, d: 240, fpscr: 240 + 256 };
const SI_ADDR = 12;
const SA_FLAGS = 0x4800_0004;
const SIGNALS = [4, 5, 7, 8, 11];
const EM_ARM = 40;
const AL = 14;

const rowsByName = new Map(armSets[0].map((row) => [row.name, row]));

class Assembler {
  readonly words: number[] = [];
  get here(): number {
    return TEXT_BASE + 4 * this.words.length;
  }
  emit(name: string, values: Record<string, number> = {}): void {
    const row = rowsByName.get(name);
    if (!row) throw new Error(`no instruction ${name}`);
    const all = Object.fromEntries(row.operands.map((info) => [info.name, info.name === 'cond' ? AL : 0]));
    this.words.push(encode(row, { ...all, ...values }));
  }
  jump(target: number, cond = AL): void {
    this.emit('b', { cond, off: target - this.here - 8 });
  }
  set(rd: number, value: number): void {
    this.emit('movw', { rd, imm: value & 0xffff });
    if (value >>> 16 !== 0) this.emit('movt', { rd, imm: value >>> 16 });
  }
  load(rt: number, rn: number, imm: number): void {
    this.emit(rt === 15 ? 'ldr.offset.imm.1.pc' : 'ldr.offset.imm.1', { rt, rn, imm });
  }
  store(rt: number, rn: number, imm: number): void {
    this.emit('str.offset.imm.1', { rt, rn, imm });
  }
  call(number: number): void {
    this.set(7, number);
    this.emit('svc');
  }
  loadCursor(register: number): void {
    this.set(register, CURSOR);
    this.load(register, register, 0);
  }
}

let runtime: Runtime | undefined;

function makeRuntime(): Runtime {
  const asm = new Assembler();
  const prologues = new Map<number, number>();
  const epilogues = new Map<number, number>();
  asm.set(0, CURSOR + STACK_ARGUMENT);
  asm.set(1, 0);
  asm.call(186);
  for (const signal of SIGNALS) {
    asm.set(0, signal);
    asm.set(1, CURSOR + ACTION_ARGUMENT);
    asm.set(2, 0);
    asm.set(3, 8);
    asm.call(174);
  }
  const next = asm.here;
  asm.set(0, CURSOR);
  asm.load(1, 0, 0);
  asm.load(2, 0, 4);
  asm.emit('cmp.reg', { rn: 1, rm: 2 });
  asm.jump(asm.here + 12, 0);
  asm.load(15, 1, PROLOGUE);
  asm.emit('hint');
  writeAll(asm);

  const transferDoubles = (name: 'vldmia.d.1' | 'vstmia.d.1', base: number): void => {
    asm.emit(name, { rn: base, vd: 0, count: 16 });
    asm.emit(name, { rn: base, vd: 16, count: 16 });
  };
  const advance = (): void => {
    asm.set(0, CURSOR);
    asm.load(1, 0, 0);
    asm.set(2, RECORD);
    asm.emit('add.reg', { rd: 1, rn: 1, rm: 2 });
    asm.store(1, 0, 0);
    asm.jump(next);
  };
  for (const reserved of RESERVABLE) {
    const others = Array.from({ length: 15 }, (_, i) => i).filter((register) => register !== reserved);
    prologues.set(reserved, asm.here);
    asm.loadCursor(reserved);
    asm.load(0, reserved, APSR);
    asm.emit('msr', { mask: 12, rn: 0 });
    asm.load(0, reserved, FPSCR);
    asm.emit('vmsr', { rt: 0 });
    asm.emit('add.imm', { rd: 0, rn: reserved, imm: D });
    transferDoubles('vldmia.d.1', 0);
    for (const i of others) asm.load(i, reserved, R + 8 * i);
    asm.load(15, reserved, PC);

    epilogues.set(reserved, asm.here);
    asm.loadCursor(reserved);
    for (const i of others) asm.store(i, reserved, R + 8 * i);
    asm.emit('mrs', { rd: 0 });
    asm.store(0, reserved, APSR);
    asm.emit('vmrs', { rt: 0 });
    asm.store(0, reserved, FPSCR);
    asm.emit('add.imm', { rd: 0, rn: reserved, imm: D });
    transferDoubles('vstmia.d.1', 0);
    advance();
  }

  // The signal handler: the state of the interrupted instruction into the record, then the next case; it never returns.
  const handler = asm.here;
  asm.loadCursor(3);
  asm.store(0, 3, SIGNAL);
  asm.load(4, 1, SI_ADDR);
  asm.store(4, 3, FAULT_ADDRESS);
  const copy = (from: number, to: number): void => {
    asm.load(4, 2, from);
    asm.store(4, 3, to);
  };
  for (let i = 0; i < 15; i++) copy(CONTEXT.r0 + 4 * i, R + 8 * i);
  copy(CONTEXT.r0 + 60, PC);
  copy(CONTEXT.cpsr, APSR);
  copy(CONTEXT.fpscr, FPSCR);
  for (let i = 0; i < 64; i++) copy(CONTEXT.d + 4 * i, D + 4 * i);
  advance();
  if (asm.here > CODE_BASE) throw new Error('the runtime is larger than the space before the cases');
  return { words: asm.words, handler, prologues, epilogues };
}

/** write(1, records, end - records) until all is written; exit(0). The end is in r2. */
function writeAll(asm: Assembler): void {
  asm.set(4, CURSOR);
  asm.load(4, 4, 8);
  asm.emit('sub.reg', { rd: 5, rn: 2, rm: 4 });
  const loop = asm.here;
  asm.set(0, 1);
  asm.emit('mov.reg', { rd: 1, rm: 4 });
  asm.emit('mov.reg', { rd: 2, rm: 5 });
  asm.call(4);
  asm.emit('cmp.imm', { rn: 0, imm: 0 });
  asm.jump(asm.here + 20, 13);
  asm.emit('add.reg', { rd: 4, rn: 4, rm: 0 });
  asm.emit('subs.reg', { rd: 5, rn: 5, rm: 0 });
  asm.jump(loop, 1);
  asm.emit('hint');
  asm.set(0, 0);
  asm.call(248);
}

/** Which rows a case's row is among: 0 A32, 1 T32, 2 T32 in an IT block. */
export const setOf = (row: Case['row']): number =>
  Math.max(
    armSets.findIndex((rows) => (rows as readonly unknown[]).includes(row)),
    0,
  );

/** An IT for one instruction, by the case's place: any condition. */
const itFor = (slot: number): number => 0xbf08 | ((slot % 15) << 4);

/** The code of a case and where it is: the bytes from its instruction's address on, words before it among those. */
function codeOf({ slot, word, before }: Case, set: number): { start: number; halves: number[] } {
  const start = pcOf(slot);
  const halvesOf = (code: number): number[] => {
    if (set === 0) return [code & 0xffff, code >>> 16];
    return code >>> 0 > 0xffff ? [code >>> 16, code & 0xffff] : [code];
  };
  const head = before.flatMap(halvesOf);
  if (set === 2) head.push(itFor(slot));
  return { start: start - 2 * head.length, halves: [...head, ...halvesOf(word)] };
}
export const startOf = (test: Case): number => codeOf(test, setOf(test.row)).start;

export function makeProgram(cases: readonly Case[]): Uint8Array {
  runtime ??= makeRuntime();
  const { words, handler, prologues, epilogues } = runtime;
  const [first, end] = [cases[0].slot, cases[0].slot + cases.length];
  const text = new DataView(new ArrayBuffer(CODE_BASE - TEXT_BASE + CODE_SIZE * end + 64));
  const data = new DataView(new ArrayBuffer(RECORDS_BASE - CURSOR + RECORD * end + 0x2000));
  words.forEach((word, i) => {
    text.setUint32(4 * i, word, true);
  });
  for (const test of cases) {
    const { slot, reserved, record, row } = test;
    const set = setOf(row);
    const { start, halves } = codeOf(test, set);
    let at = start - TEXT_BASE;
    for (const half of halves) {
      text.setUint16(at, half, true);
      at += 2;
    }
    const literal = pcOf(slot) + LITERAL;
    const jump = (from: number): void => {
      const address = from + TEXT_BASE;
      if (set === 0) text.setUint32(from, 0xe59f_f000 | (literal - address - 8), true);
      else {
        text.setUint16(from, 0xf8df, true);
        text.setUint16(from + 2, 0xf000 | (literal - ((address + 4) & ~3)), true);
      }
    };
    jump(at);
    // The mark of a taken branch: vmov.f64 d31, #… shows in a register that no case names often.
    const landing = pcOf(slot) + LANDING - TEXT_BASE;
    const mark = 0xeef1_fb08;
    text.setUint16(landing, set === 0 ? mark & 0xffff : mark >>> 16, true);
    text.setUint16(landing + 2, set === 0 ? mark >>> 16 : mark & 0xffff, true);
    jump(landing + 4);
    text.setUint32(literal - TEXT_BASE, epilogues.get(reserved) as number, true);
    const out = RECORDS_BASE - CURSOR + RECORD * slot;
    new Uint8Array(data.buffer).set(record, out);
    data.setUint32(out + PROLOGUE, prologues.get(reserved) as number, true);
  }
  [first, end, first].forEach((slot, i) => {
    data.setUint32(4 * i, RECORDS_BASE + RECORD * slot, true);
  });
  data.setUint32(STACK_ARGUMENT, CURSOR + SIGNAL_STACK, true);
  data.setUint32(STACK_ARGUMENT + 8, SIGNAL_STACK_SIZE, true);
  data.setUint32(ACTION_ARGUMENT, handler, true);
  data.setUint32(ACTION_ARGUMENT + 4, SA_FLAGS, true);
  return writeElf({
    machine: EM_ARM,
    elfClass: 1,
    entry: TEXT_BASE,
    segments: [
      { vaddr: TEXT_BASE, bytes: new Uint8Array(text.buffer), flags: 5 },
      { vaddr: CURSOR, bytes: new Uint8Array(data.buffer), flags: 6 },
    ],
  });
}
