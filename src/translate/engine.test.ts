/** The engine on small hand-assembled programs: where it stops, and the exact state there. No real host is needed. */

import { beforeEach, describe, expect, it } from 'vitest';
import { encode } from '../cpu/encode.ts';
import { riscv64 } from '../cpu/riscv/arch.ts';
import { RISCV_MODELS } from '../cpu/riscv/models.ts';
import { RISCV_REGISTERS, RISCV_STATE } from '../cpu/riscv/state.ts';
import { riscvArithmetic } from '../cpu/softfloat.ts';
import type { Host } from '../host/host.ts';
import { PROCESS, PROCESS_MEMORY_PAGES, STUB, THREAD_MEMORY_PAGES, TRANSLATOR } from '../host/layout.ts';
import type { AddressSpace } from '../memory/address-space.ts';
import { PageFlag } from '../memory/page-table.ts';
import { generateColdTier } from './cold/interpreter.ts';
import { Engine } from './engine.ts';

const WINDOW_PAGES = 0x100;
const CODE = 0x10000;
const DATA = 0x80000;
const module = new WebAssembly.Module(generateColdTier(riscv64));
const { read, write, exec, mapped, code } = PageFlag;

/** An instruction by its row's name and operand values. */
function insn(name: string, values: Record<string, number> = {}): number[] {
  const row = riscv64.rows.find((r) => r.name === name);
  if (!row) throw new Error(`no row ${name}`);
  const word = encode(row, values);
  return Array.from({ length: row.length }, (_, i) => (word >>> (8 * i)) & 255);
}

function machine() {
  const window = new WebAssembly.Memory({
    address: 'i64',
    initial: BigInt(WINDOW_PAGES),
    maximum: BigInt(WINDOW_PAGES),
    shared: true,
  } as never);
  const threadMemory = new WebAssembly.Memory({ initial: THREAD_MEMORY_PAGES, maximum: THREAD_MEMORY_PAGES });
  const processMemory = new WebAssembly.Memory({
    initial: PROCESS_MEMORY_PAGES,
    maximum: PROCESS_MEMORY_PAGES,
    shared: true,
  });
  const table = new Uint8Array(processMemory.buffer);
  const memory = new Uint8Array(window.buffer);
  const versions = new Int32Array(processMemory.buffer, PROCESS.versions, PROCESS.versionsSize >> 2);
  const yields = { count: 0, onYield: () => {} };
  const host = {
    syscall: () => {
      yields.count++;
      yields.onYield();
      return 0;
    },
    window,
    threadMemory,
    processMemory,
    windowSize: WINDOW_PAGES * 0x10000,
    takeFault: () => undefined,
    clearThreadMemory: (start: number, end: number) => void new Uint8Array(threadMemory.buffer).fill(0, start, end),
  };
  const space = {
    hasSharedCode: false,
    openCode: [] as number[],
    table,
    onCodeChange: (_start: number, _end: number) => {},
    protectCode: (address: number) => {
      if (space.openCode.includes(address >>> 12)) return false;
      table[address >>> 12] |= code;
      return true;
    },
    unprotectCode: (address: number) => {
      if ((table[address >>> 12] & code) === 0) return false;
      table[address >>> 12] &= ~code;
      space.onCodeChange(address & ~4095, (address & ~4095) + 4096);
      return true;
    },
  };
  const state = { pc: RISCV_STATE.pc, arithmetic: riscvArithmetic, registers: RISCV_REGISTERS, model: RISCV_MODELS[0] };
  const engine = new Engine(host as unknown as Host, space as unknown as AddressSpace, state, module);
  const x = new BigUint64Array(threadMemory.buffer, RISCV_STATE.x, 32);
  const words = new Int32Array(threadMemory.buffer);
  const doublewords = new BigUint64Array(threadMemory.buffer);
  const map = (address: number, flags: number) => {
    table[address >>> 12] = flags | mapped;
  };
  map(CODE, read | exec);
  map(CODE + 4096, read | exec);
  map(DATA, read | write);
  return {
    engine,
    space,
    x,
    words,
    doublewords,
    memory,
    versions,
    yields,
    map,
    get pc() {
      return doublewords[RISCV_STATE.pc >> 3];
    },
    set pc(value: bigint) {
      doublewords[RISCV_STATE.pc >> 3] = value;
    },
    /** Puts a program at an address and the PC on it. */
    load(address: number, ...instructions: number[][]) {
      memory.set(instructions.flat(), address);
      doublewords[RISCV_STATE.pc >> 3] = BigInt(address);
    },
  };
}

describe('Engine', () => {
  let m: ReturnType<typeof machine>;
  beforeEach(() => {
    m = machine();
  });

  it('stops behind an ecall with its registers set', () => {
    m.load(CODE, insn('addi', { rd: 10, rs1: 0, imm: 42 }), insn('c.addi', { rd: 10, imm: -2 }), insn('ecall'));
    expect(m.engine.run()).toEqual({ kind: 'syscall' });
    expect(m.x[10]).toBe(40n);
    expect(m.pc).toBe(BigInt(CODE + 10));
    expect(m.doublewords[TRANSLATOR.instructions >> 3]).toBe(3n);
  });

  it('stops at an ebreak and at an illegal instruction', () => {
    m.load(CODE, insn('c.nop', { imm: 0 }), insn('ebreak'));
    expect(m.engine.run()).toEqual({ kind: 'breakpoint' });
    expect(m.pc).toBe(BigInt(CODE + 2));
    m.load(CODE + 0x100, [0, 0]);
    expect(m.engine.run()).toEqual({ kind: 'illegal' });
    expect(m.pc).toBe(BigInt(CODE + 0x100));
  });

  it('never changes x0', () => {
    m.load(CODE, insn('addi', { rd: 0, rs1: 0, imm: 1 }), insn('add', { rd: 10, rs1: 0, rs2: 0 }), insn('ecall'));
    m.engine.run();
    expect([m.x[0], m.x[10]]).toEqual([0n, 0n]);
  });

  it('runs from page to page, also in an instruction that lies on both', () => {
    const start = CODE + 4096 - 6;
    m.load(start, insn('addi', { rd: 5, rs1: 0, imm: 1 }), insn('addi', { rd: 6, rs1: 5, imm: 1 }), insn('ecall'));
    expect(m.engine.run()).toEqual({ kind: 'syscall' });
    expect([m.x[5], m.x[6]]).toEqual([1n, 2n]);
    expect(m.pc).toBe(BigInt(start + 12));
  });

  it('faults at the second half of an instruction whose second page is not executable', () => {
    m.map(CODE + 4096, read);
    m.load(CODE + 4096 - 2, insn('addi', { rd: 5, rs1: 0, imm: 1 }));
    expect(m.engine.run()).toEqual({ kind: 'fault', signo: 11, code: 2, address: BigInt(CODE + 4096) });
    expect(m.pc).toBe(BigInt(CODE + 4096 - 2));
  });

  it('faults on a jump to memory that is not executable, not mapped, or outside the window', () => {
    for (const [target, siCode] of [
      [DATA, 2],
      [0x40000, 1],
      [2 ** 40, 1],
    ]) {
      m.load(CODE, insn('jalr', { rd: 1, rs1: 5, imm: 0 }));
      m.x[5] = BigInt(target);
      expect(m.engine.run()).toEqual({ kind: 'fault', signo: 11, code: siCode, address: BigInt(target) });
      expect(m.pc).toBe(BigInt(target));
      expect(m.x[1]).toBe(BigInt(CODE + 4));
    }
  });

  it('reports the PC and address of a load outside the window, before any register changes', () => {
    m.load(CODE, insn('c.nop', { imm: 0 }), insn('ld', { rd: 5, rs1: 5, imm: 8 }));
    m.x[5] = 0xffff_ffff_0000_0000n;
    expect(m.engine.run()).toEqual({ kind: 'fault', signo: 11, code: 1, address: 0xffff_ffff_0000_0008n });
    expect(m.pc).toBe(BigInt(CODE + 2));
    expect(m.x[5]).toBe(0xffff_ffff_0000_0000n);
  });

  it('leaves a loop when a signal is pending', () => {
    m.load(CODE, insn('jal', { rd: 0, off: 0 }));
    m.words[STUB.pending >> 2] = 1;
    expect(m.engine.run()).toEqual({ kind: 'interrupt' });
    expect(m.pc).toBe(BigInt(CODE));
  });

  it('steps one instruction at a time, jumps too', () => {
    m.load(CODE, insn('addi', { rd: 5, rs1: 0, imm: 1 }), insn('jal', { rd: 0, off: 8 }));
    expect(m.engine.step()).toEqual({ kind: 'interrupt' });
    expect([m.pc, m.x[5]]).toEqual([BigInt(CODE + 4), 1n]);
    expect(m.engine.step()).toEqual({ kind: 'interrupt' });
    expect(m.pc).toBe(BigInt(CODE + 12));
  });

  it('executes new code after flush, and after fence.i where code changes without its page being written to', () => {
    const program = (imm: number) => [insn('addi', { rd: 5, rs1: 0, imm }), insn('ecall')];
    m.load(CODE, ...program(1));
    m.engine.run();
    m.load(CODE, ...program(2));
    m.engine.flush(CODE, CODE + 4);
    m.engine.run();
    expect(m.x[5]).toBe(2n);
    m.space.hasSharedCode = true;
    m.load(CODE, ...program(3));
    m.load(CODE + 0x40, insn('fence.i'), insn('jal', { rd: 0, off: -0x44 }));
    m.engine.run();
    expect(m.x[5]).toBe(3n);
  });

  it('forgets no more than what has changed', () => {
    m.load(CODE, insn('addi', { rd: 5, rs1: 0, imm: 1 }), insn('addi', { rd: 6, rs1: 0, imm: 1 }), insn('ecall'));
    m.engine.run();
    m.load(CODE, insn('addi', { rd: 5, rs1: 0, imm: 2 }), insn('addi', { rd: 6, rs1: 0, imm: 2 }));
    m.engine.flush(CODE + 4, CODE + 8);
    m.engine.run();
    expect([m.x[5], m.x[6]]).toEqual([1n, 2n]);
  });

  it('decodes an instruction anew when the page of its second half changes', () => {
    const start = CODE + 4096 - 2;
    m.load(start, insn('addi', { rd: 5, rs1: 0, imm: 1 }), insn('ecall'));
    m.engine.run();
    m.load(start, insn('addi', { rd: 5, rs1: 0, imm: 2 }));
    m.engine.flush(CODE + 4096, CODE + 8192);
    m.engine.run();
    expect(m.x[5]).toBe(2n);
  });

  it('protects writable code before decoding it', () => {
    m.map(CODE, read | write | exec);
    m.load(CODE, insn('ecall'));
    expect(m.engine.run()).toEqual({ kind: 'syscall' });
    expect(m.space.table[CODE >>> 12] & code).toBe(code);
  });

  it('executes what is on a page that is left open, until fence.i', () => {
    m.map(CODE, read | write | exec);
    m.space.openCode.push(CODE >>> 12);
    m.load(
      CODE,
      insn('addi', { rd: 5, rs1: 0, imm: 1 }),
      insn('ecall'),
      insn('fence.i'),
      insn('jal', { rd: 0, off: -12 }),
    );
    expect(m.engine.run()).toEqual({ kind: 'syscall' });
    expect(m.space.table[CODE >>> 12] & code).toBe(0);
    m.load(CODE, insn('addi', { rd: 5, rs1: 0, imm: 2 }));
    m.pc = BigInt(CODE + 8);
    m.engine.run();
    expect(m.x[5]).toBe(2n);
  });

  it('lets an atomic store to its own code page through, then runs the new code', () => {
    m.map(CODE, read | write | exec);
    const [replacement] = new Uint32Array(new Uint8Array(insn('addi', { rd: 5, rs1: 0, imm: 7 })).buffer);
    m.load(
      CODE,
      insn('amoswap.w', { rd: 0, rs1: 10, rs2: 11, aq: 0, rl: 0 }),
      insn('addi', { rd: 5, rs1: 0, imm: 1 }),
      insn('ecall'),
    );
    m.x[10] = BigInt(CODE + 4);
    m.x[11] = BigInt(replacement);
    expect(m.engine.run()).toEqual({ kind: 'syscall' });
    expect(m.x[5]).toBe(7n);
  });

  it('refuses atomics that are misaligned or on memory that cannot be written', () => {
    m.load(CODE, insn('amoadd.d', { rd: 5, rs1: 10, rs2: 11, aq: 0, rl: 0 }));
    m.x[10] = BigInt(DATA + 4);
    expect(m.engine.run()).toEqual({ kind: 'fault', signo: 7, code: 1, address: BigInt(DATA + 4) });
    m.x[10] = BigInt(CODE);
    expect(m.engine.run()).toEqual({ kind: 'fault', signo: 11, code: 2, address: BigInt(CODE) });
    m.x[10] = 2n ** 50n;
    expect(m.engine.run()).toEqual({ kind: 'fault', signo: 11, code: 1, address: 2n ** 50n });
  });

  it('stores conditionally only with a reservation for the address', () => {
    const lr = insn('lr.d', { rd: 5, rs1: 10, aq: 0, rl: 0 });
    const sc = insn('sc.d', { rd: 6, rs1: 10, rs2: 11, aq: 0, rl: 0 });
    m.x[10] = BigInt(DATA);
    m.x[11] = 9n;
    m.load(CODE, lr, sc, insn('ecall'));
    m.engine.run();
    expect([m.x[6], m.memory[DATA]]).toEqual([0n, 9]);
    m.x[11] = 10n;
    m.load(CODE + 0x100, sc, insn('ecall'));
    m.engine.run();
    expect([m.x[6], m.memory[DATA]]).toEqual([1n, 9]);
  });

  it('counts conditional stores, and makes none whose reservation is out of date', () => {
    const lr = insn('lr.d', { rd: 5, rs1: 10, aq: 0, rl: 0 });
    const sc = insn('sc.d', { rd: 6, rs1: 10, rs2: 11, aq: 0, rl: 0 });
    m.x[10] = BigInt(DATA);
    m.x[11] = 9n;
    m.load(CODE, lr, insn('ebreak'), sc, insn('ecall'));
    m.engine.run();
    m.pc = BigInt(CODE + 8);
    m.engine.run();
    expect([m.x[6], m.memory[DATA], m.versions.filter((version) => version !== 0)]).toEqual([0n, 9, Int32Array.of(2)]);
    // Another thread, meanwhile.
    m.pc = BigInt(CODE);
    m.engine.run();
    m.versions[m.versions.indexOf(2)] = 6;
    m.x[11] = 10n;
    m.pc = BigInt(CODE + 8);
    m.engine.run();
    expect([m.x[6], m.memory[DATA], m.versions.filter((version) => version !== 0)]).toEqual([1n, 9, Int32Array.of(6)]);
  });

  it('waits with a load-reserved until another thread has stored', () => {
    const lr = insn('lr.d', { rd: 5, rs1: 10, aq: 0, rl: 0 });
    const sc = insn('sc.d', { rd: 6, rs1: 10, rs2: 11, aq: 0, rl: 0 });
    m.x[10] = BigInt(DATA);
    m.load(CODE, lr, sc, insn('ecall'));
    m.engine.run();
    const at = m.versions.indexOf(2);
    m.versions[at] = 3;
    m.yields.onYield = () => {
      if (m.yields.count === 3) m.versions[at] = 4;
    };
    m.pc = BigInt(CODE);
    m.engine.run();
    expect([m.yields.count, m.x[6], m.versions[at]]).toEqual([3, 0n, 6]);
  });

  it('makes a system call without leaving if it is asked to', () => {
    const asked: bigint[] = [];
    m.engine.onSyscall = () => {
      m.x[10] += 1n;
      return asked.push(m.x[17]) < 3;
    };
    const call = [insn('addi', { rd: 17, rs1: 17, imm: 1 }), insn('ecall')];
    m.load(CODE, ...call, ...call, ...call);
    expect(m.engine.run()).toEqual({ kind: 'syscall' });
    expect([asked, m.x[10], m.pc]).toEqual([[1n, 2n, 3n], 3n, BigInt(CODE + 24)]);
  });

  it('reports each instruction once when it is decoded', () => {
    const seen: string[] = [];
    m.engine.reportDecoded((pc, word) => seen.push(`${pc.toString(16)}: ${word.toString(16)}`));
    m.load(CODE, insn('c.nop', { imm: 0 }), insn('ecall'));
    m.engine.run();
    m.pc = BigInt(CODE);
    m.engine.run();
    expect(seen).toEqual(['10000: 1', '10002: 73']);
  });
});
