/**
 * Random test cases for single instructions: the word, and a machine state in
 * which executing it is defined (addresses in memory, jumps that land).
 *
 * What holds here: the same seed gives the same cases. A case's state lies in a
 * record of RECORD bytes, which the test program loads, and stores again after
 * the instruction:
 *
 *     0     x0–x31, 8 bytes each; in x0's place the address of the case's code
 *     256   f0–f31
 *     512   fcsr
 *     520   address of the routine that loads the state
 *     528   the signal that the instruction raised, or 0, and its si_addr; in place of x0 is then the PC
 *     576   memory for the instruction to work on
 */
import { encode, randomWord } from '../../src/cpu/encode.ts';
import type { Statement, Value } from '../../src/cpu/ir.ts';
import { decodeRiscv } from '../../src/cpu/riscv/disassembly.ts';
import { makeBuilder, riscvRows } from '../../src/cpu/riscv/index.ts';
import { operandValue, type Row } from '../../src/cpu/row.ts';

export type Random = () => number;

export const RECORD = 1024;
export const X = 0;
export const F = 256;
export const FCSR = 512;
export const PROLOGUE = 520;
export const SIGNAL = 528;
export const FAULT_ADDRESS = 536;
export const MEMORY = 576;
/** Addresses of the first record and of the first case's code in the test program. */
export const RECORDS_BASE = 0x40_1000;
export const CODE_BASE = 0x10_4000;
/** Bytes of code for a case: up to 4 words before; the word; a jump; where a taken branch lands; a jump. */
export const CODE_SIZE = 32;
export const WORDS_BEFORE = 4;
/** How far from a branch its target is. */
export const LANDING = 8;

/** Address of a case's instruction, behind those before it. */
export const pcOf = (slot: number): number => CODE_BASE + CODE_SIZE * slot + 4 * WORDS_BEFORE;

/** The signals that instructions raise (signal(7)). */
export const SIGILL = 4;
export const SIGBUS = 7;
export const SIGSEGV = 11;
/** Where neither the program nor the emulators map anything. */
const UNMAPPED = [0x10, 0x8000, 0x7fff_f000, 0x1_2345_6780, 0x7_0000_0000, 0x3f_ffff_fff0].map(BigInt);

export interface Case {
  /** Its place in the program: addresses in the state depend on it. */
  slot: number;
  row: Row<never>;
  word: number;
  /** Instructions executed before it. */
  before: readonly number[];
  /** The register the program needs for itself; the instruction does not use it. */
  reserved: number;
  record: Uint8Array;
}

/** Extensions that qemu-user 7.2 does not know. */
export const NOT_IN_QEMU = new Set('Zfa Zicond Zcb Zawrs Zacas Zabha Zimop Zcmop Zicbom Zicboz'.split(' '));

/** Rows that qemu-user 7.2 gets wrong: its ctzw counts in all 64 bits. */
export const WRONG_IN_QEMU = new Set(['ctzw']);

export type Group = 'integer' | 'memory' | 'atomic' | 'float' | 'compressed' | 'bits' | 'csr' | 'illegal';
export const GROUPS: readonly Group[] = [
  'integer',
  'memory',
  'atomic',
  'float',
  'compressed',
  'bits',
  'csr',
  'illegal',
];

/** Rows that are not for this: they leave the program, or give what is not to be compared. */
const EXCLUDED = /^(ecall|ebreak|c\.ebreak|csrr\w*\.(cycle|time|instret))$/;

export function effectOf(row: Row<never>): readonly Statement[] {
  const builder = makeBuilder();
  const operands = Object.fromEntries(row.operands.map((info) => [info.name, { info }]));
  (row.effect as (b: typeof builder, o: typeof operands) => void)(builder, operands);
  return builder.statements;
}

const isAccess = (statement: Statement): boolean =>
  statement.kind === 'store' ||
  (statement.kind === 'evaluate' && /^(load|amo|cas|cas_if|sc)$/.test(statement.value.kind));

export function groupOf(row: Row<never>): Group | undefined {
  if (EXCLUDED.test(row.name)) return undefined;
  const { extension } = row;
  if (/^(A|Zacas|Zabha)$/.test(extension)) return 'atomic';
  if (row.length === 2) return 'compressed';
  if (/^(F|D|Zf.*)$/.test(extension)) return 'float';
  if (/^Zb/.test(extension)) return 'bits';
  if (extension === 'Zicsr') return 'csr';
  return effectOf(row).some(isAccess) ? 'memory' : 'integer';
}

/** What stands for words of each length that no row has. */
const ILLEGAL: readonly Row<never>[] = ([2, 4] as const).map((length) => ({
  name: 'illegal',
  mnemonic: 'illegal',
  encoding: '',
  syntax: '',
  length,
  mask: 0,
  value: 0,
  operands: [],
  when: [],
  extension: '',
  effect: (b) => (b as { trap(trap: 'illegal'): void }).trap('illegal'),
}));

export function rowsOfGroup(group: Group, known: (row: Row<never>) => boolean): readonly Row<never>[] {
  if (group === 'illegal') return ILLEGAL;
  return riscvRows.filter((row) => groupOf(row) === group && known(row));
}

/** Registers that may be reserved: one more than any instruction names. */
export const RESERVABLE = [31, 5, 9, 14, 20, 27];

/** Register numbers among x0–x31 that an instruction names or implies. */
function namedRegisters(word: number): number[] {
  const registers = [1, 2];
  for (const info of decodeRiscv(word)?.row.operands ?? []) {
    const value = operandValue(info, word);
    if (info.kind === 'x') registers.push(value);
    if (info.kind === 'xc') registers.push(value + 8);
    if (info.kind === 'xodd') registers.push(value + 1);
  }
  return registers;
}

const pick = <T>(random: Random, from: readonly T[]): T => from[random() % from.length];

const INTEGERS: readonly bigint[] = [
  0n,
  1n,
  2n,
  -1n,
  -2n,
  7n,
  31n,
  32n,
  63n,
  64n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0x8000n,
  0xffffn,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  -0x8000_0000n,
  0x1_0000_0000n,
  0x7fff_ffff_ffff_ffffn,
  -0x8000_0000_0000_0000n,
  0x5555_5555_5555_5555n,
  0x0102_0408_1020_4080n,
];

const random64 = (random: Random) => (BigInt(random()) << 32n) | BigInt(random());

/** Integers with the edge cases more often than chance has them. */
export function randomInteger(random: Random): bigint {
  switch (random() % 8) {
    case 0:
    case 1:
      return pick(random, INTEGERS);
    case 2:
      return 1n << BigInt(random() % 64);
    case 3:
      return BigInt(random() | 0);
    case 4:
      return random64(random) >> BigInt(random() % 64);
    case 5:
      return BigInt(random() % 256) - 128n;
    default:
      return random64(random);
  }
}

const FORMATS = {
  16: { fraction: 10n, exponents: 0x1fn },
  32: { fraction: 23n, exponents: 0xffn },
  64: { fraction: 52n, exponents: 0x7ffn },
} as const;

/** A bit pattern of a format: zeros, subnormals, infinities, NaNs of both kinds, numbers near 1, integers, anything. */
export function randomFloat(random: Random, format: 16 | 32 | 64): bigint {
  const { fraction, exponents } = FORMATS[format];
  const fractionMask = (1n << fraction) - 1n;
  const sign = BigInt(random() & 1) << BigInt(format - 1);
  const bits = random64(random) & fractionMask;
  // Few significant bits make exact results, long runs of ones results next to a rounding boundary.
  const shaped = pick(random, [
    bits,
    bits,
    0n,
    fractionMask,
    1n,
    fractionMask ^ 1n,
    bits & (bits << 7n),
    1n << (fraction - 1n),
  ]);
  const bias = exponents >> 1n;
  const near = BigInt(random() % 6) - 3n;
  const exponent = [
    0n,
    0n,
    1n,
    exponents - 1n,
    exponents,
    bias,
    bias + near,
    bias + near,
    bias + fraction + near,
    bias + BigInt(random() % 70),
    bias - (bias >> 1n) + near,
    BigInt(random()) % (exponents + 1n),
    BigInt(random()) % (exponents + 1n),
    BigInt(random()) % (exponents + 1n),
  ][random() % 14];
  const clamped = exponent > exponents ? exponents : exponent;
  return sign | (clamped << fraction) | (shaped & fractionMask);
}

/** A floating-point register: mostly properly boxed values of the formats the row computes with. */
function randomRegister(random: Random, formats: readonly (16 | 32 | 64)[]): bigint {
  const format = pick(random, formats);
  const value = randomFloat(random, format);
  if (format === 64) return value;
  const box = 0xffff_ffff_ffff_ffffn ^ ((1n << BigInt(format)) - 1n);
  if (random() % 16 !== 0) return value | box;
  return value | (pick(random, [0n, box ^ (1n << 63n), box ^ (1n << BigInt(format)), random64(random)]) & box);
}

/** Formats that occur in an effect's floating-point operations. */
function formatsIn(statements: readonly Statement[]): (16 | 32 | 64)[] {
  const formats = new Set<16 | 32 | 64>();
  const walk = (node: Statement | Value): void => {
    if (node.kind === 'fp') {
      formats.add(node.format);
      if (/^to(16|32|64)$/.test(node.op)) formats.add(Number(node.op.slice(2)) as 16 | 32 | 64);
    }
    for (const part of Object.values(node).flat()) if (typeof part === 'object' && 'kind' in part) walk(part);
  };
  for (const statement of statements) walk(statement);
  return formats.size > 0 ? [...formats] : [16, 32, 64];
}

/** The register that a memory access or an indirect jump is relative to, and its offset; undefined if there is none. */
function baseOf(row: Row<never>, word: number): { register: number; offset: number } | undefined {
  const find = (name: string) => row.operands.find((info) => info.name === name);
  const rs1 = find('rs1');
  const imm = find('imm');
  const offset = imm ? operandValue(imm, word) : 0;
  if (rs1) return { register: operandValue(rs1, word) + (rs1.kind === 'xc' ? 8 : 0), offset };
  return row.syntax.includes('(sp)') ? { register: 2, offset } : undefined;
}

interface Plan {
  statements: readonly Statement[];
  formats: (16 | 32 | 64)[];
  accesses: boolean;
  alignment: number;
  jumps: boolean;
}
const plans = new Map<Row<never>, Plan>();

function planOf(row: Row<never>): Plan {
  let plan = plans.get(row);
  if (!plan) {
    const statements = effectOf(row);
    const aligned = statements.find((statement) => statement.kind === 'aligned');
    plan = {
      statements,
      formats: formatsIn(statements),
      accesses: statements.some(isAccess),
      alignment: aligned?.kind === 'aligned' ? aligned.bytes : 1,
      jumps: statements.some(({ kind }) => kind === 'jumpTo'),
    };
    plans.set(row, plan);
  }
  return plan;
}

export interface CaseOptions {
  /** Some access what is not there or have no rounding mode. */
  faults?: boolean;
  /** Before the instruction others that only compute: these rows. */
  run?: readonly Row<never>[];
}

/** A case for one of the rows, for a place in the program. */
export function randomCase(
  rows: readonly Row<never>[],
  slot: number,
  random: Random,
  { faults = false, run = [] }: CaseOptions = {},
): Case {
  for (;;) {
    const made = tryCase(pick(random, rows), slot, random, faults && random() % 4 === 0, run);
    if (made) return made;
  }
}

function tryCase(
  row: Row<never>,
  slot: number,
  random: Random,
  fault: boolean,
  run: readonly Row<never>[],
): Case | undefined {
  const { formats, accesses, alignment, jumps } = planOf(row);
  let word = row.name === 'illegal' ? randomIllegal(row.length, random) : randomWord(row, random);
  const offset = row.operands.find(({ kind }) => kind === 'pc');
  if (offset) {
    const values = Object.fromEntries(row.operands.map((info) => [info.name, operandValue(info, word)]));
    word = encode(row, { ...values, [offset.name]: LANDING });
  }
  // A special case of this row has its own turn.
  const decoded = decodeRiscv(word)?.row;
  if (decoded ? decoded !== row : row.name !== 'illegal') return undefined;

  const base = accesses || jumps ? baseOf(row, word) : undefined;
  const before = wordsBefore(row, base?.register, run, random);
  const named = [word, ...before].flatMap(namedRegisters);
  const reserved = RESERVABLE.find((register) => !named.includes(register));
  if (reserved === undefined) return undefined;

  const record = new Uint8Array(RECORD);
  const view = new DataView(record.buffer);
  const setX = (register: number, value: bigint) =>
    view.setBigUint64(X + 8 * register, BigInt.asUintN(64, value), true);
  for (let i = 1; i < 32; i++) setX(i, randomInteger(random));
  for (let i = 0; i < 32; i++) view.setBigUint64(F + 8 * i, randomRegister(random, formats), true);
  // Now and then two operands are equal or nearly so, for cancellation and ties.
  if (random() % 4 === 0) {
    for (let i = 0; i < 32; i += 2) {
      const other = view.getBigUint64(F + 8 * i, true) ^ pick(random, [0n, 1n, 1n << 31n, 1n << 63n, 1n << 15n]);
      view.setBigUint64(F + 8 * (i + 1), other, true);
      setX(i + 1, view.getBigUint64(X + 8 * i, true));
    }
  }
  setX(0, BigInt(pcOf(slot) - 4 * before.length));
  const frm = fault && !accesses ? 5 + (random() % 3) : random() % 5;
  view.setBigUint64(FCSR, BigInt((frm << 5) | (random() % 3 === 0 ? random() % 32 : 0)), true);
  for (let i = MEMORY; i < RECORD; i += 8) view.setBigUint64(i, randomInteger(random) & 0xffff_ffff_ffff_ffffn, true);

  if (base) {
    if (base.register === 0) return undefined;
    let target = pcOf(slot) + LANDING + (random() & 1);
    if (accesses) {
      const place = MEMORY + 128 + ((random() % 192) & -alignment);
      target = RECORDS_BASE + RECORD * slot + place;
      if (row.mnemonic.startsWith('amocas') && random() % 2 === 0) expectMemory(row, word, view, place, setX);
    }
    const wrong = pick(random, [...UNMAPPED, ...(alignment > 1 ? [BigInt(target + 1)] : [])]);
    // Whether a store-conditional without reservation looks at its address is up to the implementation.
    const faults = fault && accesses && !row.name.startsWith('sc.');
    setX(base.register, (faults ? wrong : BigInt(target)) - BigInt(base.offset));
  } else if (accesses || jumps) {
    return undefined;
  }
  return { slot, row, word, before, reserved, record };
}

/**
 * Instructions for before a word, which leave the base of its address alone: for
 * a store-conditional now and then the load-reserved, else any of a run.
 */
function wordsBefore(row: Row<never>, base: number | undefined, run: readonly Row<never>[], random: Random): number[] {
  if (row.name.startsWith('sc.') && random() % 2 === 0) {
    const lr = riscvRows.find(({ name }) => name === row.name.replace('sc', 'lr'));
    const rd = RESERVABLE[random() % 2];
    if (!lr || rd === base || base === undefined) return [];
    return [encode(lr, { order: random() % 3, rs1: base, rd })];
  }
  if (run.length === 0) return [];
  return Array.from({ length: random() % (WORDS_BEFORE + 1) }, () => {
    for (;;) {
      const before = randomWord(pick(random, run), random);
      if (
        !namedRegisters(before)
          .slice(2)
          .includes(base ?? -1)
      )
        return before;
    }
  });
}

/** Rows that a run may be made of: no accesses, jumps or branches, and no implied registers. */
export function computingRows(rows: readonly Row<never>[]): readonly Row<never>[] {
  return rows.filter(
    (row) =>
      row.name !== 'illegal' &&
      row.length === 4 &&
      effectOf(row).every((statement) => /^(setReg|evaluate|require)$/.test(statement.kind) && !isAccess(statement)),
  );
}

/** A word that no row has. */
function randomIllegal(length: 2 | 4, random: Random): number {
  for (;;) {
    // Mostly a bit or two away from an instruction.
    const near = pick(
      random,
      riscvRows.filter((row) => row.length === length),
    );
    const flips = (1 << (random() % 32)) | (random() % 2 === 0 ? 1 << (random() % 32) : 0);
    const word = random() % 4 === 0 ? random() : randomWord(near, random) ^ flips;
    const whole = length === 2 ? word & 0xffff : word >>> 0;
    if (((whole & 3) === 3) !== (length === 4) || decodeRiscv(whole)) continue;
    // qemu takes csrrs and csrrc of a read-only counter for reads whenever rs1 is zero, not only if it is x0.
    if ((whole & 0x7f) === 0x73 && whole >>> 22 === 0xc00 >> 2) continue;
    return whole;
  }
}

/** Makes a compare-and-swap succeed: rd has what memory has, and other bits above an operand narrower than it. */
function expectMemory(
  row: Row<never>,
  word: number,
  view: DataView,
  place: number,
  setX: (register: number, value: bigint) => void,
): void {
  for (const info of row.operands) {
    if (info.name === 'rd') setX(operandValue(info, word), view.getBigUint64(place, true));
    if (info.name === 'rdOdd') setX(operandValue(info, word) + 1, view.getBigUint64(place + 8, true));
  }
}
