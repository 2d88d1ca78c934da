/**
 * What the instructions that qemu-user 7.2 does not know should do, written a
 * second time from the manual, with BigInt and exact arithmetic: the oracle for
 * Zicond, Zcb, Zfa, Zacas, Zabha, Zimop, Zcmop, Zawrs, Zicbom and Zicboz.
 */
import { decodeRiscv } from '../../src/cpu/riscv/disassembly.ts';
import { type Case, F, FCSR, RECORD, RECORDS_BASE, X } from './instruction-cases.ts';

const u64 = (value: bigint) => BigInt.asUintN(64, value);

/** A case's record as registers and memory. */
class Machine {
  readonly view: DataView;
  readonly slot: number;

  constructor(record: Uint8Array, slot: number) {
    this.view = new DataView(record.buffer, record.byteOffset);
    this.slot = slot;
  }
  x(register: number): bigint {
    return register === 0 ? 0n : this.view.getBigUint64(X + 8 * register, true);
  }
  setX(register: number, value: bigint): void {
    if (register !== 0) this.view.setBigUint64(X + 8 * register, u64(value), true);
  }
  /** A boxed value's pattern; of one that is not properly boxed the canonical NaN. */
  f(register: number, format: FormatName): bigint {
    const { width, nan } = FORMATS[format];
    const bits = this.view.getBigUint64(F + 8 * register, true);
    const box = (1n << (64n - width)) - 1n;
    return bits >> width === box ? BigInt.asUintN(Number(width), bits) : nan;
  }
  setF(register: number, format: FormatName, pattern: bigint): void {
    const { width } = FORMATS[format];
    const box = ((1n << (64n - width)) - 1n) << width;
    this.view.setBigUint64(F + 8 * register, box | pattern, true);
  }
  get frm(): number {
    return this.view.getUint32(FCSR, true) >> 5;
  }
  raise(flags: number): void {
    this.view.setUint32(FCSR, this.view.getUint32(FCSR, true) | flags, true);
  }
  place(address: bigint): number {
    return Number(address) - RECORDS_BASE - RECORD * this.slot;
  }
  load(address: bigint, bytes: number): bigint {
    let value = 0n;
    for (let i = 0; i < bytes; i++) value |= BigInt(this.view.getUint8(this.place(address) + i)) << BigInt(8 * i);
    return value;
  }
  store(address: bigint, bytes: number, value: bigint): void {
    for (let i = 0; i < bytes; i++)
      this.view.setUint8(this.place(address) + i, Number((value >> BigInt(8 * i)) & 255n));
  }
}

type FormatName = 'h' | 's' | 'd';
const FORMATS = {
  h: { width: 16n, fraction: 10n, nan: 0x7e00n, smallest: -24n },
  s: { width: 32n, fraction: 23n, nan: 0x7fc0_0000n, smallest: -149n },
  d: { width: 64n, fraction: 52n, nan: 0x7ff8_0000_0000_0000n, smallest: -1074n },
} as const;

/** fli's single-precision constants in the order of the table; the other formats' follow from these but for a few. */
const FLI_S: readonly number[] = [
  0xbf80_0000, 0x0080_0000, 0x3780_0000, 0x3800_0000, 0x3b80_0000, 0x3c00_0000, 0x3d80_0000, 0x3e00_0000, 0x3e80_0000,
  0x3ea0_0000, 0x3ec0_0000, 0x3ee0_0000, 0x3f00_0000, 0x3f20_0000, 0x3f40_0000, 0x3f60_0000, 0x3f80_0000, 0x3fa0_0000,
  0x3fc0_0000, 0x3fe0_0000, 0x4000_0000, 0x4020_0000, 0x4040_0000, 0x4080_0000, 0x4100_0000, 0x4180_0000, 0x4300_0000,
  0x4380_0000, 0x4700_0000, 0x4780_0000, 0x7f80_0000, 0x7fc0_0000,
];
const FLI_EXCEPTIONS: Record<FormatName, Record<number, bigint>> = {
  h: { 1: 0x0400n, 2: 0x0100n, 3: 0x0200n, 29: 0x7c00n, 30: 0x7c00n, 31: 0x7e00n },
  s: {},
  d: { 1: 0x0010_0000_0000_0000n, 30: 0x7ff0_0000_0000_0000n, 31: 0x7ff8_0000_0000_0000n },
};

function fli(index: number, format: FormatName): bigint {
  const exception = FLI_EXCEPTIONS[format][index];
  if (exception !== undefined) return exception;
  const single = BigInt(FLI_S[index]);
  if (format === 's') return single;
  const [width, fraction, bias] = format === 'h' ? [16n, 10n, 15n] : [64n, 52n, 1023n];
  const exponent = ((single >> 23n) & 0xffn) - 127n + bias;
  const leading = (single & 0x7f_ffffn) >> 21n;
  return ((single >> 31n) << (width - 1n)) | (exponent << fraction) | (leading << (fraction - 2n));
}

type Number_ = {
  nan: boolean;
  signaling: boolean;
  infinite: boolean;
  negative: boolean /** Times 2^1074. */;
  scaled: bigint;
};
const SCALE = 1074n;

function parse(pattern: bigint, format: FormatName): Number_ {
  const { width, fraction, smallest } = FORMATS[format];
  const negative = pattern >> (width - 1n) === 1n;
  const bits = pattern & ((1n << fraction) - 1n);
  const exponents = (1n << (width - 1n - fraction)) - 1n;
  const exponent = (pattern >> fraction) & exponents;
  const special = exponent === exponents;
  const significand = exponent === 0n ? bits : bits | (1n << fraction);
  const shift = smallest + (exponent === 0n ? 0n : exponent - 1n) + SCALE;
  const magnitude = special ? 0n : significand << shift;
  return {
    nan: special && bits !== 0n,
    signaling: special && bits !== 0n && bits >> (fraction - 1n) === 0n,
    infinite: special && bits === 0n,
    negative,
    scaled: negative ? -magnitude : magnitude,
  };
}

const INVALID = 16;
const INEXACT = 1;

/** A number as an integer, rounded: 0 to nearest even, 1 to zero, 2 down, 3 up, 4 to nearest away. */
function toInteger({ scaled }: Number_, rounding: number): bigint {
  const one = 1n << SCALE;
  let floor = scaled / one;
  if (floor * one > scaled) floor -= 1n;
  const rest = scaled - floor * one;
  if (rest === 0n) return floor;
  switch (rounding) {
    case 1:
      return scaled < 0n ? floor + 1n : floor;
    case 2:
      return floor;
    case 3:
      return floor + 1n;
    default: {
      if (rest * 2n !== one) return rest * 2n > one ? floor + 1n : floor;
      if (rounding === 4) return scaled < 0n ? floor : floor + 1n;
      return floor % 2n === 0n ? floor : floor + 1n;
    }
  }
}

/** An integer that the format has, as a pattern. */
function fromInteger(value: bigint, negative: boolean, format: FormatName): bigint {
  const { width, fraction } = FORMATS[format];
  const sign = negative ? 1n << (width - 1n) : 0n;
  const magnitude = value < 0n ? -value : value;
  if (magnitude === 0n) return sign;
  const top = BigInt(magnitude.toString(2).length - 1);
  const bias = (1n << (width - 2n - fraction)) - 1n;
  const bits = top > fraction ? magnitude >> (top - fraction) : magnitude << (fraction - top);
  return sign | (((top + bias) << fraction) + (bits - (1n << fraction)));
}

function round(machine: Machine, pattern: bigint, format: FormatName, rm: number, exact: boolean): bigint {
  const value = parse(pattern, format);
  if (value.signaling) machine.raise(INVALID);
  if (value.nan) return FORMATS[format].nan;
  if (value.infinite) return pattern;
  const integer = toInteger(value, rm === 7 ? machine.frm : rm);
  if (exact && integer << SCALE !== value.scaled) machine.raise(INEXACT);
  // A number with no fraction stays as it is, -0 too.
  return fromInteger(integer, value.negative, format);
}

/** minimum (least true) or maximum of IEEE 754-2019, 9.6: NaNs win, -0 is less than +0. */
function extreme(machine: Machine, a: bigint, b: bigint, format: FormatName, least: boolean): bigint {
  const [p, q] = [parse(a, format), parse(b, format)];
  if (p.signaling || q.signaling) machine.raise(INVALID);
  if (p.nan || q.nan) return FORMATS[format].nan;
  return precedes(p, q) === least ? a : b;
}

function precedes(p: Number_, q: Number_): boolean {
  const rank = ({ infinite, negative, scaled }: Number_) =>
    infinite ? (negative ? -(1n << 4000n) : 1n << 4000n) : scaled * 2n - (negative ? 1n : 0n);
  return rank(p) < rank(q);
}

/** Quiet a < b or a <= b. */
function quietLess(machine: Machine, a: bigint, b: bigint, format: FormatName, orEqual: boolean): boolean {
  const [p, q] = [parse(a, format), parse(b, format)];
  if (p.signaling || q.signaling) machine.raise(INVALID);
  if (p.nan || q.nan) return false;
  const infinity = 1n << 4000n;
  const value = (n: Number_) => (n.infinite ? (n.negative ? -infinity : infinity) : n.scaled);
  return orEqual ? value(p) <= value(q) : value(p) < value(q);
}

function convertModular(machine: Machine, pattern: bigint): bigint {
  const value = parse(pattern, 'd');
  if (value.nan || value.infinite) {
    machine.raise(INVALID);
    return 0n;
  }
  const integer = toInteger(value, 1);
  if (integer !== BigInt.asIntN(32, integer)) machine.raise(INVALID);
  else if (integer << SCALE !== value.scaled) machine.raise(INEXACT);
  return BigInt.asIntN(32, integer);
}

function atomic(machine: Machine, name: string, bytes: number, rd: number, rs1: number, rs2: number): void {
  const width = 8 * bytes;
  const address = machine.x(rs1);
  const old = machine.load(address, bytes);
  const operand = BigInt.asUintN(width, machine.x(rs2));
  const signed = (value: bigint) => BigInt.asIntN(width, value);
  const results: Record<string, () => bigint> = {
    amoswap: () => operand,
    amoadd: () => old + operand,
    amoand: () => old & operand,
    amoor: () => old | operand,
    amoxor: () => old ^ operand,
    amomin: () => (signed(old) < signed(operand) ? old : operand),
    amomax: () => (signed(old) > signed(operand) ? old : operand),
    amominu: () => (old < operand ? old : operand),
    amomaxu: () => (old > operand ? old : operand),
    amocas: () => (old === BigInt.asUintN(width, machine.x(rd)) ? operand : old),
  };
  machine.store(address, bytes, results[name]());
  machine.setX(rd, signed(old));
}

function compareAndSwapPair(machine: Machine, rd: number, rs1: number, rs2: number): void {
  const address = machine.x(rs1);
  const pair = (register: number) => (register === 0 ? [0n, 0n] : [machine.x(register), machine.x(register + 1)]);
  const [old, expected, value] = [[machine.load(address, 8), machine.load(address + 8n, 8)], pair(rd), pair(rs2)];
  if (old[0] === expected[0] && old[1] === expected[1]) {
    machine.store(address, 8, value[0]);
    machine.store(address + 8n, 8, value[1]);
  }
  if (rd === 0) return;
  machine.setX(rd, old[0]);
  machine.setX(rd + 1, old[1]);
}

const BYTES: Record<string, number> = { b: 1, h: 2, w: 4, d: 8 };

/** Does to the machine what the instruction should; false if this file does not know it. */
function execute(machine: Machine, mnemonic: string, o: Record<string, number>, word: number): boolean {
  const [name, suffix] = mnemonic.split('.');
  const format = suffix as FormatName;
  const { rd, rs1, rs2 } = o;
  /** Registers of compressed instructions. */
  const [rdC, rs1C, rs2C] = [rd + 8, rs1 + 8, rs2 + 8];
  const address = () => machine.x(rs1C) + BigInt(o.imm);
  switch (mnemonic) {
    case 'czero.eqz':
      machine.setX(rd, machine.x(rs2) === 0n ? 0n : machine.x(rs1));
      return true;
    case 'czero.nez':
      machine.setX(rd, machine.x(rs2) === 0n ? machine.x(rs1) : 0n);
      return true;
    case 'c.lbu':
      machine.setX(rdC, machine.load(address(), 1));
      return true;
    case 'c.lhu':
      machine.setX(rdC, machine.load(address(), 2));
      return true;
    case 'c.lh':
      machine.setX(rdC, BigInt.asIntN(16, machine.load(address(), 2)));
      return true;
    case 'c.sb':
      machine.store(address(), 1, machine.x(rs2C));
      return true;
    case 'c.sh':
      machine.store(address(), 2, machine.x(rs2C));
      return true;
    case 'c.zext.b':
      machine.setX(rdC, machine.x(rdC) % 256n);
      return true;
    case 'c.sext.b':
      machine.setX(rdC, BigInt.asIntN(8, machine.x(rdC)));
      return true;
    case 'c.zext.h':
      machine.setX(rdC, machine.x(rdC) % 65536n);
      return true;
    case 'c.sext.h':
      machine.setX(rdC, BigInt.asIntN(16, machine.x(rdC)));
      return true;
    case 'c.zext.w':
      machine.setX(rdC, machine.x(rdC) % (1n << 32n));
      return true;
    case 'c.not':
      machine.setX(rdC, -1n - machine.x(rdC));
      return true;
    case 'c.mul':
      machine.setX(rdC, machine.x(rdC) * machine.x(rs2C));
      return true;
    case 'mop.r':
    case 'mop.rr':
      machine.setX(rd, 0n);
      return true;
    case 'c.mop':
    case 'wrs.nto':
    case 'wrs.sto':
    case 'cbo.inval':
    case 'cbo.clean':
    case 'cbo.flush':
      return true;
    case 'cbo.zero':
      machine.store((machine.x(rs1) / 64n) * 64n, 64, 0n);
      return true;
    case 'amocas.q': {
      const registers = [(word >>> 7) & 31, (word >>> 15) & 31, (word >>> 20) & 31];
      compareAndSwapPair(machine, registers[0], registers[1], registers[2]);
      return true;
    }
    case 'fcvtmod.w.d':
      machine.setX(rd, convertModular(machine, machine.f(rs1, 'd')));
      return true;
  }
  if (name.startsWith('amo')) {
    atomic(machine, name, BYTES[suffix], rd ?? 0, rs1, rs2);
    return true;
  }
  switch (name) {
    case 'fli':
      machine.setF(rd, format, fli((word >>> 15) & 31, format));
      return true;
    case 'fminm':
    case 'fmaxm':
      machine.setF(
        rd,
        format,
        extreme(machine, machine.f(rs1, format), machine.f(rs2, format), format, name === 'fminm'),
      );
      return true;
    case 'fround':
    case 'froundnx':
      machine.setF(rd, format, round(machine, machine.f(rs1, format), format, o.rm, name === 'froundnx'));
      return true;
    case 'fleq':
    case 'fltq': {
      const less = quietLess(machine, machine.f(rs1, format), machine.f(rs2, format), format, name === 'fleq');
      machine.setX(rd, less ? 1n : 0n);
      return true;
    }
  }
  return false;
}

/** The records as the manual would have them. */
export function modelCases(cases: readonly Case[]): Uint8Array {
  const output = new Uint8Array(RECORD * cases.length);
  cases.forEach(({ slot, word, record }, index) => {
    output.set(record, RECORD * index);
    const machine = new Machine(output.subarray(RECORD * index), slot);
    const decoded = decodeRiscv(word);
    if (!decoded || !execute(machine, decoded.row.mnemonic, decoded.values, word)) {
      throw new Error(`no model of ${decoded?.row.name}`);
    }
  });
  return output;
}
