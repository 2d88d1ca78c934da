/**
 * Random RISC-V programs for differential tests of the translator: functions, large and small, with loops (also such that
 * are entered in the middle), branches, calls, calls through a table, jump tables, interpreters whose operations jump to
 * each other, loads and stores, atomics, floating point in several
 * rounding modes, compressed instructions, and, if asked for, accesses that fault and a timer that interrupts.
 *
 * A program ends by itself and writes its registers, its memory and a digest of everything that the handler of its
 * faults has seen: PC, integer and floating-point registers, address. The same seed gives the same program.
 */
import { encode, makeRandom } from '../../src/cpu/encode.ts';
import { riscvRows } from '../../src/cpu/riscv/index.ts';
import type { Row } from '../../src/cpu/row.ts';
import { writeElf } from '../../src/loader/elf-writer.ts';

const rows = new Map<string, Row<never>>(riscvRows.map((row) => [row.name, row as Row<never>]));

const CODE = 0x10000;
const DATA = 0x200000;
/** Within the data: scratch memory that programs work on, digest, what is written at the end, tables, the stack. */
const SCRATCH = 4096;
const DIGEST = DATA + SCRATCH;
const TICKS = DIGEST + 8;
const RESULT = DIGEST + 16;
const RESULT_SIZE = 64 * 8 + 8;
const TABLE = RESULT + 1024;
const ACTION = TABLE + 4096;
const STACK_TOP = DATA + 0x20000;
const BAD_ADDRESS = 0x70000000;

/** Functions cost no more, though the last construct may go beyond it. */
const COST_LIMIT = 20_000;

const [RA, SP, BASE, BAD, COUNTER, SECOND_COUNTER] = [1, 2, 18, 19, 8, 9];
/** Registers that programs compute in. */
const POOL = [5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 28, 29, 30, 31];
const COMPRESSED = [10, 11, 12, 13, 14, 15];

export interface ProgramOptions {
  /** A handler for SIGSEGV, and accesses that fault. */
  faults: boolean;
  /** A timer's signals at whatever time. */
  timer: boolean;
}

/** Instructions and labels; branches are resolved at the end. */
class Assembler {
  private readonly items: {
    word: number;
    length: number;
    target?: number;
    row?: string;
    values?: Record<string, number>;
  }[] = [];
  private readonly labels: number[] = [];
  private size = 0;

  newLabel(): number {
    return this.labels.push(-1) - 1;
  }
  place(label: number): void {
    this.labels[label] = this.size;
  }
  insn(name: string, values: Record<string, number> = {}): void {
    const row = rows.get(name);
    if (!row) throw new Error(`no row ${name}`);
    this.add(encode(row, values), row.length);
  }
  add(word: number, length = 4): void {
    this.items.push({ word, length });
    this.size += length;
  }
  /** A branch or jal with a label in place of its offset. */
  to(label: number, name: string, values: Record<string, number>): void {
    this.items.push({ word: 0, length: 4, target: label, row: name, values });
    this.size += 4;
  }
  addressOf(label: number): number {
    return CODE + this.labels[label];
  }
  /** lui and addi. */
  constant(rd: number, value: number): void {
    const low = (value << 20) >> 20;
    this.insn('lui', { rd, imm: (value - low) | 0 });
    this.insn('addi', { rd, rs1: rd, imm: low });
  }
  finish(): Uint8Array {
    const out = new Uint8Array(this.size);
    const view = new DataView(out.buffer);
    let at = 0;
    for (const { word, length, target, row, values } of this.items) {
      const encoded =
        target === undefined
          ? word
          : encode(rows.get(row ?? '') as Row<never>, { ...values, off: this.labels[target] - at });
      if (length === 2) view.setUint16(at, encoded, true);
      else view.setUint32(at, encoded, true);
      at += length;
    }
    return out;
  }
}

const THREE = `add sub xor or and sll srl sra slt sltu addw subw sllw srlw sraw mul mulh mulhu mulhsu mulw
  div divu rem remu divw divuw remw remuw`.split(/\s+/);
const IMMEDIATE = 'addi xori ori andi slti sltiu addiw'.split(' ');
const SHIFTS = 'slli srli srai slliw srliw sraiw'.split(' ');
const LOADS: [string, number][] = [
  ['lb', 1],
  ['lbu', 1],
  ['lh', 2],
  ['lhu', 2],
  ['lw', 4],
  ['lwu', 4],
  ['ld', 8],
];
const STORES: [string, number][] = [
  ['sb', 1],
  ['sh', 2],
  ['sw', 4],
  ['sd', 8],
];
const BRANCHES = 'beq bne blt bge bltu bgeu'.split(' ');
const FLOATS = 'fadd fsub fmul fdiv'.split(' ');
const FUSED = 'fmadd fmsub fnmadd fnmsub'.split(' ');
const AMOS = 'amoadd amoxor amoand amoor amoswap amomax amominu'.split(' ');

class Generator {
  private readonly a = new Assembler();
  private readonly random: () => number;
  private readonly options: ProgramOptions;
  private readonly functions: number[] = [];
  /** Instructions that a call of the function being made executes, roughly; and of those made before. */
  private cost = 0;
  private readonly costs: number[] = [];
  private readonly tables: { at: number; labels: number[] }[] = [];
  private tableEnd = TABLE;

  constructor(seed: number, options: ProgramOptions) {
    this.random = makeRandom(seed);
    this.options = options;
  }

  private below(n: number): number {
    return this.random() % n;
  }
  private pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)];
  }
  private chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  program(): Uint8Array {
    const { a, options } = this;
    const handler = a.newLabel();
    const ticker = a.newLabel();
    const count = 2 + this.below(4);
    for (let i = 0; i < count; i++) this.functions.push(a.newLabel());
    const fill = a.newLabel();
    a.to(fill, 'jal', { rd: 0 });
    this.handler(handler);
    this.ticker(ticker);
    // The last first: a function calls only later ones, whose costs must be known.
    for (let i = count - 1; i >= 0; i--) this.function(i);
    a.place(fill);
    this.registers();
    this.fillTables();
    if (options.faults) this.action(11, handler);
    if (options.timer) {
      this.action(14, ticker);
      this.interval(1000);
    }
    this.registers();
    const times = 1 + this.below(6);
    // The tables are filled by now.
    for (let i = 0; i < times; i++) a.to(this.functions[0], 'jal', { rd: RA });
    this.end();
    const code = a.finish();
    return writeElf({
      segments: [
        { vaddr: CODE, bytes: code, flags: 5 },
        { vaddr: DATA, bytes: this.scratch(), memsz: 0x20000, flags: 6 },
      ],
      entry: CODE,
    });
  }

  private scratch(): Uint8Array {
    const words = Uint32Array.from({ length: SCRATCH / 4 }, () => this.random());
    // Some doubles of ordinary size among the noise.
    const doubles = new Float64Array(words.buffer);
    for (let i = 0; i < 64; i++) doubles[i] = (this.below(2000) - 1000) / 8;
    return new Uint8Array(words.buffer);
  }

  private system(number: number): void {
    this.a.constant(17, number);
    this.a.insn('ecall');
  }

  /** rt_sigaction of the handler at a label that has been placed. */
  private action(signo: number, label: number): void {
    const { a } = this;
    a.constant(10, ACTION);
    a.constant(11, a.addressOf(label));
    a.insn('sd', { rs1: 10, rs2: 11, imm: 0 });
    a.insn('sd', { rs1: 10, rs2: 0, imm: 8 });
    a.insn('sd', { rs1: 10, rs2: 0, imm: 16 });
    a.constant(11, ACTION);
    a.constant(10, signo);
    a.constant(12, 0);
    a.constant(13, 8);
    this.system(134);
  }
  private interval(microseconds: number): void {
    const { a } = this;
    a.constant(11, ACTION + 64);
    a.constant(5, microseconds);
    a.insn('sd', { rs1: 11, rs2: 0, imm: 0 });
    a.insn('sd', { rs1: 11, rs2: 5, imm: 8 });
    a.insn('sd', { rs1: 11, rs2: 0, imm: 16 });
    a.insn('sd', { rs1: 11, rs2: 5, imm: 24 });
    a.constant(10, 0);
    a.constant(12, 0);
    this.system(103);
  }

  /** digest = digest * 33 ^ each word seen; then the instruction is skipped. The frame's layout is that of ucontext_t. */
  private handler(label: number): void {
    const { a } = this;
    const loop = a.newLabel();
    const GREGS = 176;
    a.place(label);
    a.constant(5, DIGEST);
    a.insn('ld', { rd: 6, rs1: 5, imm: 0 });
    a.insn('ld', { rd: 7, rs1: 11, imm: 16 });
    a.insn('xor', { rd: 6, rs1: 6, rs2: 7 });
    a.insn('addi', { rd: 28, rs1: 12, imm: GREGS });
    a.constant(29, 64);
    a.place(loop);
    a.insn('ld', { rd: 7, rs1: 28, imm: 0 });
    a.insn('slli', { rd: 30, rs1: 6, shamt: 5 });
    a.insn('add', { rd: 6, rs1: 6, rs2: 30 });
    a.insn('xor', { rd: 6, rs1: 6, rs2: 7 });
    a.insn('addi', { rd: 28, rs1: 28, imm: 8 });
    a.insn('addi', { rd: 29, rs1: 29, imm: -1 });
    a.to(loop, 'bne', { rs1: 29, rs2: 0 });
    a.insn('sd', { rs1: 5, rs2: 6, imm: 0 });
    a.insn('ld', { rd: 7, rs1: 12, imm: GREGS });
    a.insn('addi', { rd: 7, rs1: 7, imm: 4 });
    a.insn('sd', { rs1: 12, rs2: 7, imm: GREGS });
    a.insn('jalr', { rd: 0, rs1: RA, imm: 0 });
  }
  private ticker(label: number): void {
    const { a } = this;
    a.place(label);
    a.constant(5, TICKS);
    a.insn('ld', { rd: 6, rs1: 5, imm: 0 });
    a.insn('addi', { rd: 6, rs1: 6, imm: 1 });
    a.insn('sd', { rs1: 5, rs2: 6, imm: 0 });
    // What a handler does to registers must not matter.
    for (const register of POOL) a.constant(register, this.below(1 << 30));
    a.insn('fcvt.d.w', { rd: 1, rs1: 6, rm: 0 });
    a.insn('jalr', { rd: 0, rs1: RA, imm: 0 });
  }

  /** Known contents for every register. */
  private registers(): void {
    const { a } = this;
    a.constant(SP, STACK_TOP);
    a.constant(BASE, DATA);
    a.constant(BAD, BAD_ADDRESS);
    for (const register of [RA, 3, 4, COUNTER, SECOND_COUNTER, 20, 21, 22, 23, 24, 25, 26, 27, ...POOL]) {
      a.constant(register, register * 0x01234567);
    }
    for (let f = 0; f < 32; f++) a.insn('fld', { rd: f, rs1: BASE, imm: 8 * f });
  }

  private fillTables(): void {
    const { a } = this;
    for (const { at, labels } of this.tables) {
      labels.forEach((label, index) => {
        a.constant(5, at + 8 * index);
        a.constant(6, a.addressOf(label));
        a.insn('sd', { rs1: 5, rs2: 6, imm: 0 });
      });
    }
  }
  private newTable(labels: number[]): number {
    const at = this.tableEnd;
    this.tableEnd += 8 * labels.length;
    this.tables.push({ at, labels });
    return at;
  }

  private function(index: number): void {
    const { a } = this;
    a.place(this.functions[index]);
    this.cost = 10;
    const saved: [number, number][] = [
      [RA, 0],
      [COUNTER, 8],
      [SECOND_COUNTER, 16],
    ];
    a.insn('addi', { rd: SP, rs1: SP, imm: -32 });
    for (const [register, imm] of saved) a.insn('sd', { rs1: SP, rs2: register, imm });
    const isSmall = index > 0 && this.chance(30);
    this.statements(index, isSmall ? 1 + this.below(4) : 5 + this.below(25), 0, 1);
    for (const [register, imm] of saved) a.insn('ld', { rd: register, rs1: SP, imm });
    a.insn('addi', { rd: SP, rs1: SP, imm: 32 });
    this.costs[index] = this.cost;
    if (this.chance(50)) a.insn('c.jr', { rs1: RA });
    else a.insn('jalr', { rd: 0, rs1: RA, imm: 0 });
  }

  /** @param weight how often this place is executed for each call of the function */
  private statements(index: number, count: number, depth: number, weight: number): void {
    for (let i = 0; i < count; i++) this.statement(index, depth, weight);
  }

  private statement(index: number, depth: number, weight: number): void {
    this.cost += 2 * weight;
    const kind = this.below(100);
    if (kind < 40) this.integer();
    else if (kind < 52) this.memory();
    else if (kind < 66) this.float();
    else if (kind < 72) this.skip(index, depth, weight);
    else if (kind < 80 && depth < 2 && this.cost < COST_LIMIT) this.loop(index, depth, weight);
    else if (kind < 86 && index + 1 < this.functions.length) {
      const callee = index + 1 + this.below(this.functions.length - index - 1);
      if (this.cost + weight * this.costs[callee] > COST_LIMIT) return;
      this.cost += weight * this.costs[callee];
      this.call(callee);
    } else if (kind < 89) this.switch(index, depth, weight);
    else if (kind < 90 && depth < 2 && this.cost < COST_LIMIT) this.interpreter(index, depth, weight);
    else if (kind < 93) this.atomic();
    else if (kind < 97 && this.options.faults && weight < 50) this.fault();
    else this.compressed();
  }

  private integer(): void {
    const { a } = this;
    const [rd, rs1, rs2] = [
      this.chance(3) ? 0 : this.pick(POOL),
      this.pick(POOL),
      this.chance(5) ? 0 : this.pick(POOL),
    ];
    const kind = this.below(10);
    if (kind < 5) a.insn(this.pick(THREE), { rd, rs1, rs2 });
    else if (kind < 8) a.insn(this.pick(IMMEDIATE), { rd, rs1, imm: this.below(4096) - 2048 });
    else if (kind < 9) {
      const name = this.pick(SHIFTS);
      a.insn(name, { rd, rs1, shamt: this.below(name.endsWith('w') ? 32 : 64) });
    } else a.insn(this.chance(50) ? 'lui' : 'auipc', { rd, imm: (this.random() & -4096) | 0 });
  }

  private compressed(): void {
    const { a } = this;
    const [rd, rs2] = [this.pick(COMPRESSED), this.pick(COMPRESSED)];
    const kind = this.below(6);
    if (kind === 0) a.insn('c.addi', { rd, imm: 1 + this.below(31) });
    else if (kind === 1) a.insn('c.mv', { rd, rs2 });
    else if (kind === 2) a.insn('c.add', { rd, rs2 });
    else if (kind === 3)
      a.insn(this.pick(['c.sub', 'c.xor', 'c.or', 'c.and', 'c.subw', 'c.addw']), { rd: rd - 8, rs2: rs2 - 8 });
    else if (kind === 4) a.insn('c.li', { rd, imm: this.below(64) - 32 });
    else a.insn('c.slli', { rd, shamt: 1 + this.below(63) });
  }

  /** Within the scratch memory: at a constant, or at a masked register; mostly aligned. */
  private memory(): void {
    const { a } = this;
    const isStore = this.chance(45);
    const [name, size] = this.pick(isStore ? STORES : LOADS);
    let [base, imm] = [BASE, this.below(2048 - 8)];
    if (this.chance(40)) {
      const index = this.pick(POOL);
      base = this.pick(POOL);
      a.insn('andi', { rd: base, rs1: index, imm: 0x7f8 });
      a.insn('add', { rd: base, rs1: base, rs2: BASE });
      imm = this.below(1024);
    }
    if (this.chance(80)) imm -= imm % size;
    const register = this.pick(POOL);
    if (isStore) a.insn(name, { rs1: base, rs2: register, imm });
    else a.insn(name, { rd: register, rs1: base, imm });
  }

  private atomic(): void {
    const { a } = this;
    const base = this.pick(POOL);
    const [rd, rs2] = [this.pick(POOL), this.pick(POOL)];
    const suffix = this.chance(50) ? 'w' : 'd';
    a.insn('addi', { rd: base, rs1: BASE, imm: 8 * this.below(200) });
    if (this.chance(70)) a.insn(`${this.pick(AMOS)}.${suffix}`, { rd, rs1: base, rs2, aq: 0, rl: 0 });
    else {
      const to = this.pick(POOL.filter((r) => r !== base));
      const again = a.newLabel();
      a.place(again);
      a.insn(`lr.${suffix}`, { rd: to, rs1: base, aq: 0, rl: 0 });
      if (!this.options.timer) {
        a.insn(`sc.${suffix}`, { rd, rs1: base, rs2, aq: 0, rl: 0 });
        return;
      }
      // A signal between the two makes the second fail, rightly.
      const failed = this.pick(POOL.filter((r) => r !== base && r !== rs2));
      a.insn(`sc.${suffix}`, { rd: failed, rs1: base, rs2, aq: 0, rl: 0 });
      a.to(again, 'bne', { rs1: failed, rs2: 0 });
    }
  }

  /** A load or store, four bytes long, that faults. */
  private fault(): void {
    const [name] = this.pick([...LOADS, ...STORES]);
    const imm = this.below(4096) - 2048;
    const base = this.chance(80) ? BAD : 0;
    const register = this.pick(POOL);
    this.a.insn(name, { rd: register, rs2: register, rs1: base, imm });
  }

  private float(): void {
    const { a } = this;
    const f = () => this.below(8);
    const [rd, rs1, rs2, rs3] = [f(), f(), f(), f()];
    const suffix = this.chance(75) ? 'd' : 's';
    const rm = this.chance(85) ? 7 : this.below(5);
    const x = this.pick(POOL);
    const kind = this.below(100);
    if (kind < 35) a.insn(`${this.pick(FLOATS)}.${suffix}`, { rd, rs1, rs2, rm });
    else if (kind < 50) a.insn(`${this.pick(FUSED)}.${suffix}`, { rd, rs1, rs2, rs3, rm });
    else if (kind < 58)
      a.insn(`${this.pick(['fsgnj', 'fsgnjn', 'fsgnjx', 'fmin', 'fmax'])}.${suffix}`, {
        rd,
        rs1,
        rs2: this.chance(40) ? rs1 : rs2,
      });
    else if (kind < 66) a.insn(`${this.pick(['feq', 'flt', 'fle'])}.${suffix}`, { rd: x, rs1, rs2 });
    else if (kind < 72)
      a.insn(`fcvt.${this.pick(['w', 'wu', 'l', 'lu'])}.${suffix}`, { rd: x, rs1, rm: this.chance(60) ? 1 : rm });
    else if (kind < 78) a.insn(`fcvt.${suffix}.${this.pick(['w', 'wu', 'l', 'lu'])}`, { rd, rs1: x, rm });
    else if (kind < 82) a.insn(this.chance(50) ? 'fcvt.s.d' : 'fcvt.d.s', { rd, rs1, rm });
    else if (kind < 84) a.insn(`fsqrt.${suffix}`, { rd, rs1, rm });
    else if (kind < 89) a.insn(suffix === 'd' ? 'fld' : 'flw', { rd, rs1: BASE, imm: 8 * this.below(64) });
    else if (kind < 93) a.insn(suffix === 'd' ? 'fsd' : 'fsw', { rs1: BASE, rs2, imm: 8 * this.below(255) });
    else if (kind < 95) a.insn(suffix === 'd' ? 'fmv.x.d' : 'fmv.x.w', { rd: x, rs1 });
    else if (kind < 97) a.insn(`fclass.${suffix}`, { rd: x, rs1 });
    else if (kind < 98) this.csr(2, x, 1, 0);
    // Flags cleared or set; seldom a rounding mode, and then none for long.
    else if (kind < 99) this.csr(5, x, 1, this.below(32));
    else {
      this.csr(5, 0, 2, this.below(5));
      a.insn(`${this.pick(FLOATS)}.${suffix}`, { rd, rs1, rs2, rm: 7 });
      if (this.chance(90)) this.csr(5, 0, 2, 0);
    }
  }
  /** csrrs (2) or csrrwi (5) on fflags (1) or frm (2). */
  private csr(funct3: number, rd: number, csr: number, source: number): void {
    this.a.add((csr << 20) | (source << 15) | (funct3 << 12) | (rd << 7) | 0x73);
  }

  private condition(): { name: string; values: Record<string, number> } {
    return { name: this.pick(BRANCHES), values: { rs1: this.pick(POOL), rs2: this.chance(30) ? 0 : this.pick(POOL) } };
  }

  private skip(index: number, depth: number, weight: number): void {
    const { a } = this;
    const end = a.newLabel();
    const { name, values } = this.condition();
    a.to(end, name, values);
    this.statements(index, 1 + this.below(3), depth + 1, weight);
    if (this.chance(40)) {
      const done = a.newLabel();
      a.to(done, 'jal', { rd: 0 });
      a.place(end);
      this.statements(index, 1 + this.below(3), depth + 1, weight);
      a.place(done);
    } else a.place(end);
  }

  private loop(index: number, depth: number, weight: number): void {
    const { a } = this;
    const counter = depth === 0 ? COUNTER : SECOND_COUNTER;
    const times = 1 + this.below(weight > 100 ? 4 : 60);
    const [start, middle] = [a.newLabel(), a.newLabel()];
    a.insn('addi', { rd: counter, rs1: 0, imm: times });
    if (this.chance(15)) {
      const { name, values } = this.condition();
      a.to(middle, name, values);
    }
    a.place(start);
    this.statements(index, 1 + this.below(5), depth + 1, weight * times);
    a.place(middle);
    this.statements(index, 1 + this.below(4), depth + 1, weight * times);
    a.insn('addi', { rd: counter, rs1: counter, imm: -1 });
    a.to(start, 'bne', { rs1: counter, rs2: 0 });
  }
  private switch(index: number, depth: number, weight: number): void {
    const { a } = this;
    if (this.tables.length > 8) return;
    const labels = Array.from({ length: 4 }, () => a.newLabel());
    const end = a.newLabel();
    this.jumpTo(this.newTable(labels));
    for (const label of labels) {
      a.place(label);
      this.statements(index, 1 + this.below(2), 3 + depth, weight);
      a.to(end, 'jal', { rd: 0 });
    }
    a.place(end);
  }

  /** Operations that each jump to another, which a register chooses, until a counter says that it is enough. */
  private interpreter(index: number, depth: number, weight: number): void {
    const { a } = this;
    if (this.tables.length > 8) return;
    const counter = depth === 0 ? COUNTER : SECOND_COUNTER;
    const times = 1 + this.below(weight > 100 ? 8 : 200);
    const operations = Array.from({ length: 4 }, () => a.newLabel());
    const end = a.newLabel();
    const at = this.newTable(operations);
    a.insn('addi', { rd: counter, rs1: 0, imm: times });
    for (const operation of operations) {
      a.place(operation);
      this.statements(index, 1 + this.below(4), depth + 1, Math.ceil((weight * times) / 4));
      a.insn('addi', { rd: counter, rs1: counter, imm: -1 });
      a.to(end, 'beq', { rs1: counter, rs2: 0 });
      this.jumpTo(at);
    }
    a.place(end);
  }

  /** To one of four addresses in a table, by a register. */
  private jumpTo(table: number): void {
    this.loadFrom(table);
    this.a.insn('jalr', { rd: 0, rs1: 20, imm: 0 });
  }

  /** x20 = one of four words in a table, by a register. */
  private loadFrom(table: number): void {
    const { a } = this;
    a.insn('andi', { rd: 20, rs1: this.pick(POOL), imm: 3 });
    a.insn('slli', { rd: 20, rs1: 20, shamt: 3 });
    a.constant(21, table);
    a.insn('add', { rd: 20, rs1: 20, rs2: 21 });
    a.insn('ld', { rd: 20, rs1: 20, imm: 0 });
  }

  private call(index: number): void {
    const { a } = this;
    const label = this.functions[index];
    if (this.chance(70)) {
      a.to(label, 'jal', { rd: RA });
      return;
    }
    // One or the other, that costs no more.
    const last = this.functions.length - 1;
    const other = this.costs[last] <= this.costs[index] ? this.functions[last] : label;
    this.loadFrom(this.newTable([label, other, label, label]));
    a.insn('jalr', { rd: RA, rs1: 20, imm: 0 });
  }

  /** Writes registers, digest and memory, and ends. */
  private end(): void {
    const { a } = this;
    a.constant(20, RESULT);
    for (let x = 1; x < 32; x++) if (x !== 20) a.insn('sd', { rs1: 20, rs2: x, imm: 8 * x });
    for (let f = 0; f < 32; f++) a.insn('fsd', { rs1: 20, rs2: f, imm: 256 + 8 * f });
    this.a.add((3 << 20) | (2 << 12) | (5 << 7) | 0x73);
    a.insn('sd', { rs1: 20, rs2: 5, imm: 512 });
    if (this.options.timer) this.interval(0);
    const write = (address: number, size: number) => {
      a.constant(10, 1);
      a.constant(11, address);
      a.constant(12, size);
      this.system(64);
    };
    write(RESULT, RESULT_SIZE);
    write(DATA, SCRATCH + 8);
    a.constant(10, 0);
    this.system(94);
  }
}

/** An ELF executable. */
export function randomProgram(seed: number, options: ProgramOptions): Uint8Array {
  return new Generator(seed, options).program();
}
