/**
 * Fuzzing instructions of A32 and T32, the latter outside of IT blocks and
 * inside: random words and machine states in which executing them is defined.
 *
 * What holds here: the same seed gives the same cases. What the Arm ARM calls
 * UNPREDICTABLE is left out.
 */
import { arm } from '../../src/cpu/arm/arch.ts';
import { decodeArm, disassembleArm } from '../../src/cpu/arm/disassembly.ts';
import { armSets } from '../../src/cpu/arm/index.ts';
import { encode, randomWord } from '../../src/cpu/encode.ts';
import type { Statement } from '../../src/cpu/ir.ts';
import { operandValue, type Row } from '../../src/cpu/row.ts';
import {
  APSR,
  D,
  FAULT_ADDRESS,
  FPSCR,
  LANDING,
  MEMORY,
  makeProgram,
  PC,
  pcOf,
  R,
  RECORD,
  RECORDS_BASE,
  RESERVABLE,
  SIGNAL,
  setOf,
  startOf,
} from './arm-program.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import { type Case, type CaseOptions, type Random, randomFloat, randomInteger } from './instruction-cases.ts';

const KINDS = ['integer', 'memory', 'float', 'simd', 'structure'] as const;
const GROUPS = ['a32', 't32', 'it'].flatMap((set) => KINDS.map((kind) => `${set}-${kind}`));

/** Rows that leave the program, change the set, write the PC with what is computed, or read what differs. */
const EXCLUDED =
  /svc|bkpt|udf|mrc|mcr|^(blx\.imm|t\.blx|mrs|t\.mrs|it)$|^it\.(t\.blx|t\.mrs)$|(high|imm|reg)\.pc$|hint|bxj/;
/** Loads of the PC from where the program's code is. */
const LITERAL_PC = /literal.*\.pc$/;

const effects = new Map<Row<never>, readonly Statement[]>();
function effectOf(row: Row<never>): readonly Statement[] {
  let effect = effects.get(row);
  if (!effect) effects.set(row, (effect = arm.effect(row)));
  return effect;
}
const isAccess = (statement: Statement): boolean =>
  statement.kind === 'store' || (statement.kind === 'evaluate' && /^(load|sc)$/.test(statement.value.kind));

/** Advanced SIMD, but for what A32 has with a condition: data processing, and loads and stores. */
const isSimd = ({ name, value }: Row<never>): boolean => {
  const first = value >>> 24;
  return /^(it\.)?t\./.test(name) ? [0xef, 0xff].includes(first) : [0xf2, 0xf3].includes(first);
};
const isStructure = ({ name, value }: Row<never>): boolean =>
  value >>> 24 === (/^(it\.)?t\./.test(name) ? 0xf9 : 0xf4) && /v(ld|st)/.test(name);

function kindOf(row: Row<never>): (typeof KINDS)[number] {
  if (isSimd(row)) return 'simd';
  if (isStructure(row)) return 'structure';
  const effect = effectOf(row);
  if (effect.some(isAccess)) return 'memory';
  return /(^|\.)v[a-z]/.test(row.name) ? 'float' : 'integer';
}

function rowsOfGroup(group: string, known: (row: Row<never>) => boolean): readonly Row<never>[] {
  const [set, kind] = group.split('-');
  const rows = armSets[['a32', 't32', 'it'].indexOf(set)] as readonly Row<never>[];
  return rows.filter(
    (row) =>
      (!EXCLUDED.test(row.name) || /^ldr.*\.pc$|^it\.ldr.*\.pc$/.test(row.name)) &&
      !LITERAL_PC.test(row.name) &&
      kindOf(row) === kind &&
      known(row),
  );
}

const pick = <T>(random: Random, from: readonly T[]): T => from[random() % from.length];

function namedRegisters(row: Row<never>, word: number): number[] {
  const registers: number[] = /bl|push|\.lr/.test(row.name) ? [14] : [];
  for (const info of row.operands) {
    const value = operandValue(info, word);
    if (/^(r|lo|index)$/.test(info.kind)) registers.push(value);
    if (info.kind === 'rnext') registers.push(value + 1);
    if (/^registers/.test(info.kind)) for (let i = 0; i < 16; i++) if ((value >> i) & 1) registers.push(i);
  }
  if (/sp|push|pop/.test(row.name)) registers.push(13);
  return registers;
}

/** What the instruction adds to its base register; undefined where that depends on the carry. */
function offsetOf(row: Row<never>, word: number, register: (n: number) => number): number | undefined {
  if (/post/.test(row.name)) return 0;
  const value = (name: string): number | undefined => {
    const info = row.operands.find((operand) => operand.name === name);
    return info && operandValue(info, word);
  };
  const imm = row.operands.find(({ name }) => name === 'imm');
  if (imm) {
    const scale = /4/.test(imm.kind) ? 4 : 1;
    const isDown = /^offset4?0$/.test(imm.kind) || /minus|pre\.0/.test(row.name);
    return (isDown ? -1 : 1) * scale * operandValue(imm, word);
  }
  const rm = value('rm');
  if (rm === undefined) return 0;
  const sign = /\.0(\.pc)?$/.test(row.name) ? -1 : 1;
  const sa = value('sa');
  const shiftInfo = row.operands.find(({ name }) => name === 'sa');
  const base = register(rm);
  if (sa === undefined) {
    if (/^(it\.)?tbh/.test(row.name)) return 2 * base;
    return sign * base;
  }
  if (shiftInfo?.kind === 'lslShift') return base << sa;
  const [type, amount] = [sa & 3, sa >> 2];
  if (type === 3 && amount === 0) return undefined;
  const shifted = [
    base << amount,
    amount === 0 ? 0 : base >>> amount,
    base >> (amount === 0 ? 31 : amount),
    (base >>> amount) | (base << (32 - amount)),
  ][type];
  return sign * (shifted | 0);
}

/** Whether a list of registers goes on behind d31, which is unpredictable. */
export const listWraps = (row: Row<never>, word: number): boolean =>
  row.operands.some((info) => operandValue(info, word) + Number(/^dafter(\d)$/.exec(info.kind)?.[1] ?? -99) > 31);

/** As the Arm ARM leaves it open what happens. */
function isUnpredictable(row: Row<never>, word: number): boolean {
  const value = (name: string): number | undefined => {
    const info = row.operands.find((operand) => operand.name === name);
    return info && operandValue(info, word);
  };
  const [rn, rd, rm, list, lsb, msb, width] = ['rn', 'rd', 'rm', 'list', 'lsb', 'msb', 'width'].map(value);
  const { name } = row;
  if (listWraps(row, word)) return true;
  // What becomes of a register that is exchanged with itself.
  if (/v(swp|trn|uzp|zip)/.test(name) && value('vd') === value('vm')) return true;
  if (/vcvt.*16.*fixed/.test(name) && (value('imm') ?? 0) > 16) return true;
  if (lsb !== undefined && msb !== undefined && msb < lsb) return true;
  if (lsb !== undefined && width !== undefined && lsb + width > 31) return true;
  if (list !== undefined && rn !== undefined) {
    if (/^(it\.)?(t\.)?(ldm|stm)/.test(name) && (list >> rn) & 1) return true;
    if (/^(it\.)?t\.(ldm|stm)/.test(name) && (list & (list - 1)) === 0) return true;
    if ((list >> 13) & 1) return true;
  }
  if (/^(it\.)?v(ld|st)m/.test(name) || /^(it\.)?t\.v(ld|st)m/.test(name)) {
    const count = value('count') ?? 0;
    const first = value('sd') ?? value('vd') ?? 0;
    if (first + count > 32 || (value('sd') === undefined && count > 16)) return true;
  }
  // A shifted store of the PC, or one of a register that is written back.
  if (/pre|post/.test(name) && rm !== undefined && rm === rn) return true;
  if (/thumbModified/.test(row.syntax)) {
    const imm = value('imm') ?? 0;
    if (imm < 0x400 && imm > 0xff && (imm & 255) === 0) return true;
  }
  if (/high/.test(name) && rn !== undefined && rm !== undefined && rn < 8 && rm < 8) return /cmp/.test(name);
  const [rt, mask] = ['rt', 'mask'].map(value);
  if (/^(ld|st)rd\.(pre|post)/.test(name) && rn === (rt ?? 0) + 1) return true;
  if (/^ldrd.*\.reg/.test(name) && rm === (rt ?? 0) + 1) return true;
  if (/^(strexd|stlexd)$/.test(name) && rd === (rt ?? 0) + 1) return true;
  // CPSR.E: data are little-endian, whatever a program says.
  return /msr/.test(name) && ((mask ?? 0) & 2) !== 0;
}

function randomCase(rows: readonly Row<never>[], slot: number, random: Random, _options: CaseOptions = {}): Case {
  for (;;) {
    const made = tryCase(pick(random, rows), slot, random);
    if (made) return made;
  }
}

function tryCase(row: Row<never>, slot: number, random: Random): Case | undefined {
  const set = setOf(row);
  let word = randomWord(row, random);
  const offset = row.operands.find(({ kind }) => /^(pc[48]|far)$/.test(kind));
  const values = Object.fromEntries(row.operands.map((info) => [info.name, operandValue(info, word)]));
  if (offset) {
    const off = LANDING - (set === 0 ? 8 : 4);
    word = encode(row, { ...values, [offset.name]: offset.kind === 'far' ? off ^ (3 << 22) : off });
  }
  if (decodeArm(word, set)?.row !== (row as unknown) || isUnpredictable(row, word)) return undefined;
  const named = namedRegisters(row, word);
  const reserved = RESERVABLE.find((register) => !named.includes(register));
  if (reserved === undefined) return undefined;

  const record = new Uint8Array(RECORD);
  const view = new DataView(record.buffer);
  const register = (n: number): number =>
    n === 15 ? pcOf(slot) + (set === 0 ? 8 : 4) : view.getInt32(R + 8 * n, true);
  const setRegister = (n: number, value: number): void => view.setInt32(R + 8 * n, value, true);
  for (let i = 0; i < 15; i++) setRegister(i, Number(BigInt.asIntN(32, randomInteger(random))));
  if (random() % 4 === 0) for (let i = 0; i < 14; i += 2) setRegister(i + 1, register(i));
  for (let i = 0; i < 32; i++) {
    const single = (): bigint => randomFloat(random, 32);
    const half = (): bigint => randomFloat(random, 16) | (randomFloat(random, 16) << 16n);
    const value = [() => randomFloat(random, 64), () => single() | (single() << 32n), () => half() | (half() << 32n)][
      random() % 3
    ]();
    view.setBigUint64(D + 8 * i, value, true);
  }
  const q = (random() % 2) << 27;
  view.setUint32(APSR, (((random() % 16) << 28) | q | ((random() % 16) << 16)) >>> 0, true);
  const mode = random() % 2 === 0 ? 0 : (random() % 4) << 22;
  const extras = random() % 4 === 0 ? random() & 0x0700_0000 : 0;
  const flags = random() % 3 === 0 ? random() & 0xf000_009f : 0x10;
  view.setUint32(FPSCR, (mode | extras | flags) >>> 0, true);
  for (let i = MEMORY; i < RECORD; i += 8) view.setBigUint64(i, BigInt.asUintN(64, randomInteger(random)), true);

  const isMemory = /memory|structure/.test(kindOf(row));
  const landing = pcOf(slot) + LANDING + (set === 0 ? 0 : 1);
  if (/pc$/.test(row.name)) for (let i = MEMORY; i < RECORD; i += 4) view.setUint32(i, landing, true);
  if (/tbb/.test(row.name)) record.fill((LANDING - 4) / 2, MEMORY);
  if (/tbh/.test(row.name)) for (let i = MEMORY; i < RECORD; i += 2) view.setUint16(i, (LANDING - 4) / 2, true);
  if (isMemory && !/literal/.test(row.name)) {
    const rn = row.operands.find(({ name }) => name === 'rn');
    const base = rn ? operandValue(rn, word) : 13;
    const rm = row.operands.find(({ name }) => name === 'rm');
    if (base === 15) return undefined;
    if (rm) {
      const index = operandValue(rm, word);
      if (index === base || index === 15) return undefined;
      setRegister(index, (random() % 64) - (/tb/.test(row.name) ? 0 : 32));
    }
    const distance = offsetOf(row, word, register);
    if (distance === undefined || Math.abs(distance) > 2 ** 30) return undefined;
    const isAligned = effectOf(row).some(({ kind }) => kind === 'aligned');
    const isStrict =
      isAligned || /ldm|stm|push|pop|ldrd|strd|v(ld|st)|\.pc|lda|stl/.test(row.name) || /tbh/.test(row.name);
    let place = MEMORY + 130 + (random() % 60);
    // Qemu takes an alignment of 256 bits for one of 128: of addresses that are no multiple of 32 none is one of 16.
    if (isStructure(row)) place = (place & -32) + pick(random, [0, 0, 0, 0, 1, 2, 4, 8]);
    else if (isStrict) place &= -8;
    setRegister(base, (RECORDS_BASE + RECORD * slot + place - distance) | 0);
  } else if (!isMemory && /bx/.test(row.name)) {
    const rm = row.operands.find(({ name }) => name === 'rm');
    if (rm) {
      if (operandValue(rm, word) === 15) return undefined;
      setRegister(operandValue(rm, word), landing);
    }
  }
  const test: Case = { slot, row, word, before: [], reserved, record };
  view.setUint32(PC, startOf(test) + (set === 0 ? 0 : 1), true);
  return test;
}

const eights = (name: string, start: number, end: number) =>
  Array.from({ length: (end - start) / 8 }, (_, i) => ({ name: `${name}+${8 * i}`, offset: start + 8 * i }));

export const armTarget: FuzzTarget = {
  name: 'arm',
  qemu: ['qemu-arm-static', '-cpu', 'max'],
  lesserQemu: ['qemu-arm-static', '-cpu', 'cortex-a15'],
  groups: GROUPS,
  rowsOfGroup,
  // It keeps bits of FPSCR that are for short vectors, and are zero here.
  inQemu: ({ name }) => !/vmsr$/.test(name),
  computingRows: () => [],
  randomCase,
  makeProgram,
  disassemble: (word, pc) => disassembleArm(word, pc),
  record: {
    size: RECORD,
    fields: [
      ...Array.from({ length: 15 }, (_, i) => ({ name: `r${i}`, offset: R + 8 * i })),
      ...Array.from({ length: 32 }, (_, i) => ({ name: `d${i}`, offset: D + 8 * i })),
      { name: 'apsr', offset: APSR },
      { name: 'fpscr', offset: FPSCR },
      { name: 'pc', offset: PC },
      { name: 'signal', offset: SIGNAL },
      { name: 'si_addr', offset: FAULT_ADDRESS },
      ...eights('memory', MEMORY, RECORD),
    ],
    reserved: ({ reserved }) => R + 8 * reserved,
    start: PC,
    pcOf,
    ranges: [
      [D, APSR],
      [MEMORY, RECORD],
      [R, D],
    ],
  },
};
