/**
 * Fuzzing instructions of aarch64: random words and machine states in which
 * executing them is defined (addresses in memory, jumps that land).
 *
 * What holds here: the same seed gives the same cases. What the Arm ARM calls
 * CONSTRAINED UNPREDICTABLE (write-back to a register that is transferred, a
 * pair loaded into one register) is left out.
 */
import { aarch64 } from '../../src/cpu/aarch64/arch.ts';
import { decodeAarch64, disassembleAarch64 } from '../../src/cpu/aarch64/disassembly.ts';
import { encode, randomWord } from '../../src/cpu/encode.ts';
import type { Statement, Value } from '../../src/cpu/ir.ts';
import { operandValue, type Row } from '../../src/cpu/row.ts';
import { isOnSignalStack, makeProgram } from './aarch64-program.ts';
import {
  FAULT_ADDRESS,
  FPCR,
  FPSR,
  LANDING,
  MEMORY,
  NZCV,
  PC,
  pcOf,
  RECORD,
  RECORDS_BASE,
  RESERVABLE,
  SIGNAL,
  SP,
  VECTORS,
  WORDS_BEFORE,
  X,
} from './aarch64-record.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import { type Case, type CaseOptions, type Random, randomFloat, randomInteger } from './instruction-cases.ts';

const GROUPS = ['integer', 'memory', 'atomic', 'float', 'simd', 'crypto', 'system', 'illegal'] as const;
type Group = (typeof GROUPS)[number];

/** Rows that are not for this: they leave the program, or give what is not to be compared. */
const EXCLUDED = /^(svc|brk|isb|mrs\.(ctr|dczid|cnt|midr|mpidr|revidr|rndr|id_|tpidr).*|msr\.tpidr.*)$/;
/**
 * It keeps bits of FPCR and FPSR that exist in AArch32 only; `dc zva` clears 512 bytes there, which DCZID_EL0 says, and
 * 64 here; user mode has no `dc cvap`; `fjcvtzs` calls the conversion of a denormal exact that FPCR.FZ makes zero; and it
 * does not clear the bits above a negative result of 16 bits.
 */
const OTHERWISE_IN_QEMU = new Set('msr.fpcr msr.fpsr dc.zva dc.cvap dc.cvadp fjcvtzs fcvtzs.h.fixed'.split(' '));
/** It is older than these. */
const NOT_IN_QEMU = new Set(['MOPS']);
const CRYPTO = /^(AES|PMULL|SHA.*|SM.*)$/;

const effects = new Map<Row<never>, readonly Statement[]>();
function effectOf(row: Row<never>): readonly Statement[] {
  let effect = effects.get(row);
  if (!effect) effects.set(row, (effect = row.name === 'illegal' ? [] : aarch64.effect(row)));
  return effect;
}

const isAccess = (statement: Statement): boolean =>
  /^store/.test(statement.kind) ||
  (statement.kind === 'evaluate' && /^(load|load128|amo|cas|cas_if|sc)$/.test(statement.value.kind));

function groupOf(row: Row<never>): Group | undefined {
  if (EXCLUDED.test(row.name)) return undefined;
  const { extension } = row;
  // Codes are those of a key that nobody knows.
  if (extension === 'PAuth') return undefined;
  if (CRYPTO.test(extension)) return 'crypto';
  if (/^(mrs|msr)\./.test(row.name)) return 'system';
  const effect = effectOf(row);
  if (extension === 'LSE' || effect.some(({ kind }) => kind === 'aligned')) return 'atomic';
  if (effect.some(isAccess)) return 'memory';
  if (/^(FP|FP16|FRINTTS|JSCVT)$/.test(extension)) return 'float';
  if (/^(Base|CRC32|FlagM2?|SB)$/.test(extension)) return 'integer';
  return 'simd';
}

const ILLEGAL: Row<never> = {
  name: 'illegal',
  mnemonic: 'illegal',
  encoding: '',
  syntax: '',
  length: 4,
  mask: 0,
  value: 0,
  operands: [],
  when: [],
  extension: '',
  effect: () => {},
};

function rowsOfGroup(group: string, known: (row: Row<never>) => boolean): readonly Row<never>[] {
  if (group === 'illegal') return [ILLEGAL];
  return aarch64.rows.filter((row) => groupOf(row) === group && known(row));
}

const isGeneral = (kind: string): boolean => /^([xw](sp|next)?)$/.test(kind);

/** General registers that an instruction names or implies; 31 may be sp. */
function namedRegisters(word: number): number[] {
  const row = decodeAarch64(word)?.row;
  const registers = row?.name === 'bl' || row?.name === 'blr' ? [30] : [];
  for (const info of row?.operands ?? []) {
    const value = operandValue(info, word);
    if (isGeneral(info.kind)) registers.push(value);
    if (info.kind.endsWith('next')) registers.push(value + 1);
  }
  return registers;
}

const pick = <T>(random: Random, from: readonly T[]): T => from[random() % from.length];
/** Where neither the program nor the emulators map anything. */
const UNMAPPED = [0x10, 0x8000, 0x7fff_f000, 0x1_2345_6780, 0x7_0000_0000].map(BigInt);

/** Half of a vector register: integers, or floating-point values of one or more formats side by side. */
function randomHalf(random: Random, formats: readonly (16 | 32 | 64)[]): bigint {
  if (random() % 4 === 0) return BigInt.asUintN(64, randomInteger(random));
  const format = pick(random, formats);
  let half = 0n;
  for (let at = 0; at < 64; at += format) half |= randomFloat(random, format) << BigInt(at);
  return half;
}

/** Formats that occur in an effect's floating-point operations. */
function formatsIn(statements: readonly Statement[]): (16 | 32 | 64)[] {
  const formats = new Set<16 | 32 | 64>();
  const walk = (node: Statement | Value): void => {
    if (node.kind === 'fp' || node.kind === 'fp_lanes') {
      formats.add(node.format);
      if (node.op === 'fma_half') formats.add(16);
      if (/^to(16|32|64)$/.test(node.op)) formats.add(Number(node.op.slice(2)) as 16 | 32 | 64);
    }
    for (const part of Object.values(node).flat())
      if (part !== null && typeof part === 'object' && 'kind' in part) walk(part);
  };
  for (const statement of statements) if (statement.kind === 'evaluate') walk(statement);
  return formats.size > 0 ? [...formats] : [16, 32, 64];
}

interface Plan {
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
      formats: formatsIn(statements),
      accesses: statements.some(isAccess),
      alignment: aligned?.kind === 'aligned' ? aligned.bytes : 1,
      jumps: statements.some(({ kind }) => kind === 'jumpTo'),
    };
    plans.set(row, plan);
  }
  return plan;
}

/** What an access or jump is relative to: the base register, an offset, and an index register with its extension. */
interface Address {
  base: number;
  offset: bigint;
  index?: { register: number; option: number; shift: number };
}

function addressOf(row: Row<never>, word: number): Address | undefined {
  const find = (name: string) => row.operands.find((info) => info.name === name);
  const value = (name: string): number => {
    const info = find(name);
    return info ? operandValue(info, word) : 0;
  };
  const base = find('rn') ?? (row.name.startsWith('dc.') ? find('rt') : undefined);
  if (!base) return undefined;
  const offset =
    /\.post/.test(row.name) || row.operands.every(({ name }) => name !== 'off') ? 0n : BigInt(value('off'));
  const ext = find('ext');
  if (!ext) return { base: operandValue(base, word), offset };
  const scale = Number(/\d/.exec(ext.kind)?.[0] ?? 0);
  const bits = value('ext');
  return {
    base: operandValue(base, word),
    offset,
    index: { register: value('rm'), option: bits >> 1, shift: (bits & 1) * scale },
  };
}

/** What the index register adds. */
function indexValue(x: bigint, { option, shift }: NonNullable<Address['index']>): bigint {
  const wide = option & 1 ? x : (option & 4 ? BigInt.asIntN : BigInt.asUintN)(32, x);
  return wide << BigInt(shift);
}

/** Whether the Arm ARM leaves the instruction's behaviour open. */
function isUnpredictable(row: Row<never>, word: number): boolean {
  const value = (name: string): number | undefined => {
    const info = row.operands.find((operand) => operand.name === name);
    return info && operandValue(info, word);
  };
  const [rt, rt2, rn, rs] = ['rt', 'rt2', 'rn', 'rs'].map(value);
  const isVector = row.operands.some(({ name, kind }) => name === 'rt' && !isGeneral(kind));
  if (/^(ldn?p|ldxp|ldaxp)/.test(row.mnemonic) && rt === rt2) return true;
  if (/^st(l?)x/.test(row.mnemonic) && (rs === rt || rs === rt2 || (rs === rn && rn !== 31))) return true;
  if (/\.(post|pre)/.test(row.name) && !isVector && rn !== 31 && (rn === rt || rn === rt2)) return true;
  return false;
}

/**
 * What qemu takes for instructions on half-precision numbers: reductions with a size that is none, an opcode too many,
 * scalar fabs, on which it aborts, and fneg, and a vector fmov with op and o2 set.
 */
const TAKEN_BY_QEMU: readonly (readonly [mask: number, value: number])[] = [
  [0xbf7f_cc00, 0x0e70_c800],
  [0xff7f_cc00, 0x5e70_c800],
  [0xbfff_fc00, 0x0ef9_f800],
  [0xdffe_fc00, 0x5ef8_f800],
  [0xbff8_fc00, 0x2f00_fc00],
];

function randomIllegal(random: Random): number {
  for (;;) {
    // Mostly a bit or two away from an instruction.
    const near = pick(random, aarch64.rows);
    const flips = (1 << (random() % 32)) | (random() % 2 === 0 ? 1 << (random() % 32) : 0);
    const word = (random() % 4 === 0 ? random() : randomWord(near, random) ^ flips) >>> 0;
    const isTaken = TAKEN_BY_QEMU.some(([mask, value]) => (word & mask) >>> 0 === value);
    if (!decodeAarch64(word) && !isTaken) return word;
  }
}

function randomCase(
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
  let word = row.name === 'illegal' ? randomIllegal(random) : randomWord(row, random);
  const offset = row.operands.find(({ kind }) => kind === 'pc');
  if (offset) {
    const values = Object.fromEntries(row.operands.map((info) => [info.name, operandValue(info, word)]));
    word = encode(row, { ...values, [offset.name]: LANDING });
  }
  // A special case of this row has its own turn.
  const decoded = decodeAarch64(word)?.row;
  if (decoded ? decoded !== row : row.name !== 'illegal') return undefined;
  if (isUnpredictable(row, word)) return undefined;

  const address = (accesses || jumps) && !offset ? addressOf(row, word) : undefined;
  if ((accesses || jumps) && !offset && !address) return undefined;
  if (address?.index && address.index.register === address.base) return undefined;
  const before = wordsBefore(row, word, address, run, random);
  const named = [word, ...before].flatMap(namedRegisters);
  const reserved = RESERVABLE.find((register) => !named.includes(register));
  if (reserved === undefined) return undefined;

  const record = new Uint8Array(RECORD);
  const view = new DataView(record.buffer);
  const set = (at: number, value: bigint) => view.setBigUint64(at, BigInt.asUintN(64, value), true);
  for (let i = 0; i < 31; i++) set(X + 8 * i, randomInteger(random));
  set(SP, randomInteger(random));
  for (let i = 0; i < 64; i++) set(VECTORS + 8 * i, randomHalf(random, formats));
  // Now and then two operands are equal or nearly so, for cancellation and ties.
  if (random() % 4 === 0) {
    for (let i = 0; i < 31; i += 2) {
      if (i < 30) set(X + 8 * (i + 1), view.getBigUint64(X + 8 * i, true));
      for (const half of [0, 8]) {
        const other = view.getBigUint64(VECTORS + 16 * i + half, true);
        set(VECTORS + 16 * (i + 1) + half, other ^ pick(random, [0n, 1n, 1n << 31n, 1n << 63n, 1n << 15n]));
      }
    }
  }
  set(NZCV, BigInt(random() % 16) << 28n);
  // Mostly the usual mode; else any rounding, FZ, DN, FZ16 and AHP.
  const mode = random() % 2 === 0 ? 0 : (random() % 4) << 22;
  const extras = random() % 4 === 0 ? random() & 0x0708_0000 : 0;
  set(FPCR, BigInt(mode | extras));
  set(FPSR, BigInt(random() % 3 === 0 ? random() & 0x0800_009f : random() % 2 === 0 ? 0x10 : 0));
  set(PC, BigInt(pcOf(slot) - 4 * before.length));
  for (let i = MEMORY; i < RECORD; i += 8) set(i, randomInteger(random));

  if (address) {
    let target = BigInt(pcOf(slot) + LANDING);
    if (accesses) target = BigInt(RECORDS_BASE + RECORD * slot + MEMORY + 128 + ((random() % 320) & -alignment));
    // qemu's ldapr takes any address.
    const misaligned = alignment > 1 && !row.mnemonic.startsWith('ldapr') ? [target + 1n] : [];
    const wrong = pick(random, [...UNMAPPED, ...misaligned]);
    // Whether a store-exclusive without a mark looks at its address is up to the implementation, and so is what address
    // of its block cache maintenance reports; qemu's does not look at it at all.
    const isWrong = fault && accesses && !/^(stl?x|dc)/.test(row.mnemonic);
    let base = (isWrong ? wrong : target) - address.offset;
    if (address.index) {
      const { register } = address.index;
      const small = BigInt(random() % 64) - 32n;
      if (register !== 31)
        set(
          X + 8 * register,
          address.index.option & 1 ? small : BigInt.asUintN(32, small) | (randomInteger(random) << 32n),
        );
      base -=
        register === 31 ? 0n : indexValue(BigInt.asIntN(64, view.getBigUint64(X + 8 * register, true)), address.index);
    }
    // The top byte of an address does not count.
    if (accesses && random() % 4 === 0 && !isWrong)
      base = (base & 0x00ff_ffff_ffff_ffffn) | (BigInt(random() % 256) << 56n);
    const isStackPointer = row.operands.some(({ name, kind }) => name === 'rn' && kind === 'xsp');
    if (address.base === 31 && !isStackPointer) return undefined;
    set(address.base === 31 ? SP : X + 8 * address.base, base);
    if (/^cas/.test(row.mnemonic) && random() % 2 === 0 && !isWrong) {
      for (const info of row.operands) {
        if (info.name !== 'rs') continue;
        const register = operandValue(info, word);
        if (register === address.base || register > 29) continue;
        const place = Number(target) - RECORDS_BASE - RECORD * slot;
        set(X + 8 * register, view.getBigUint64(place, true));
        if (row.mnemonic.startsWith('casp') && register + 1 !== address.base) {
          const isWide = row.operands.some(({ name, kind }) => name === 'rs' && kind === 'x');
          if (!isWide) set(X + 8 * (register + 1), view.getBigUint64(place, true) >> 32n);
          else set(X + 8 * (register + 1), view.getBigUint64(place + 8, true));
        }
      }
    }
  }
  if (isOnSignalStack(view.getBigUint64(SP, true))) return undefined;
  return { slot, row, word, before, reserved, record };
}

/**
 * Instructions for before a word, which leave the registers of its address
 * alone: for a store-exclusive mostly the load-exclusive, else any of a run.
 */
function wordsBefore(
  row: Row<never>,
  word: number,
  address: Address | undefined,
  run: readonly Row<never>[],
  random: Random,
): number[] {
  if (/^st(l?)x/.test(row.mnemonic)) {
    if (random() % 4 === 0 || address === undefined) return [];
    const load = aarch64.rows.find(({ name }) => name === row.name.replace(/^stl?x/, 'ldx'));
    if (!load) return [];
    const rt = pick(random, [5, 9, 14]);
    const values = Object.fromEntries(load.operands.map((info) => [info.name, 0]));
    const pair: Record<string, number> = load.operands.some(({ name }) => name === 'rt2') ? { rt2: rt + 1 } : {};
    const loaded = encode(load, { ...values, rn: address.base, rt, ...pair });
    return namedRegisters(loaded).filter((register) => namedRegisters(word).includes(register)).length > 1
      ? []
      : [loaded];
  }
  if (run.length === 0) return [];
  const kept = address === undefined ? [] : [address.base, address.index?.register ?? -1];
  return Array.from({ length: random() % (WORDS_BEFORE + 1) }, () => {
    for (;;) {
      const before = randomWord(pick(random, run), random);
      const decoded = decodeAarch64(before)?.row;
      // It may be a special case that is not among them.
      if (decoded && run.includes(decoded) && !namedRegisters(before).some((register) => kept.includes(register)))
        return before;
    }
  });
}

/** Rows that a run may be made of: no accesses and no jumps. */
function computingRows(rows: readonly Row<never>[]): readonly Row<never>[] {
  return rows.filter(
    (row) =>
      row.name !== 'illegal' &&
      effectOf(row).every((statement) => /^(setReg|setCell|evaluate)$/.test(statement.kind) && !isAccess(statement)),
  );
}

const eights = (name: string, start: number, end: number) =>
  Array.from({ length: (end - start) / 8 }, (_, i) => ({ name: `${name}+${8 * i}`, offset: start + 8 * i }));

export const aarch64Target: FuzzTarget = {
  name: 'aarch64',
  qemu: ['qemu-aarch64-static', '-cpu', 'max,pauth=off'],
  lesserQemu: ['qemu-aarch64-static', '-cpu', 'neoverse-n1'],
  groups: GROUPS,
  rowsOfGroup,
  inQemu: ({ name, extension }) => !OTHERWISE_IN_QEMU.has(name) && !NOT_IN_QEMU.has(extension),
  computingRows,
  randomCase,
  makeProgram,
  disassemble: disassembleAarch64,
  record: {
    size: RECORD,
    fields: [
      ...Array.from({ length: 31 }, (_, i) => ({ name: `x${i}`, offset: X + 8 * i })),
      { name: 'sp', offset: SP },
      ...Array.from({ length: 64 }, (_, i) => ({
        name: `v${i >> 1}.${i % 2 === 0 ? 'low' : 'high'}`,
        offset: VECTORS + 8 * i,
      })),
      { name: 'nzcv', offset: NZCV },
      { name: 'fpcr', offset: FPCR },
      { name: 'fpsr', offset: FPSR },
      { name: 'pc', offset: PC },
      { name: 'signal', offset: SIGNAL },
      { name: 'si_addr', offset: FAULT_ADDRESS },
      ...eights('memory', MEMORY, RECORD),
    ],
    reserved: ({ reserved }) => X + 8 * reserved,
    start: PC,
    pcOf,
    ranges: [
      [VECTORS, NZCV],
      [MEMORY, RECORD],
      [X, VECTORS],
      [NZCV, PC],
    ],
  },
};
