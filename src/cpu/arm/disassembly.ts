/** How the operands of A32 and T32 are written: as UAL has them, and llvm-mc. */
import { type Decoded, makeDecoder } from '../decoder.ts';
import { disassemble, type OperandFormat } from '../disassembler.ts';
import type { Row } from '../row.ts';
import type { A32Builder } from './builder.ts';
import { armSets } from './index.ts';
import { GENERAL_NAMES } from './registers.ts';
import { isThumbSet } from './state.ts';

const CONDITIONS = ['eq', 'ne', 'hs', 'lo', 'mi', 'pl', 'vs', 'vc', 'hi', 'ls', 'ge', 'lt', 'gt', 'le', '', ''];
const SHIFTS = ['lsl', 'lsr', 'asr', 'ror'];

const hex = (value: number): string => `0x${value.toString(16)}`;
const rotated = (value: number, by: number): number => ((value >>> by) | (value << ((32 - by) & 31))) >>> 0;
const listed = (list: number, ...more: string[]): string =>
  `{${[...GENERAL_NAMES.filter((_, register) => (list >> register) & 1), ...more].join(', ')}}`;

function shiftText(type: number, amount: number): string {
  if (amount !== 0) return `, ${SHIFTS[type]} #${amount}`;
  return ['', ', lsr #32', ', asr #32', ', rrx'][type];
}

/** By the rotation that assemblers choose, the least, as the number; otherwise as it is encoded. */
function modified(value: number): string {
  const [byte, by] = [value & 255, (value >> 8) * 2];
  const number = rotated(byte, by);
  for (let least = 0; least < by; least += 2) if (rotated(number, 32 - least) < 256) return `#${byte}, #${by}`;
  return `#${number | 0}`;
}

/** VFPExpandImm. */
function floatImmediate(value: number): string {
  const exponent = ((value >> 4) & 7) ^ 4;
  const number = ((16 + (value & 15)) / 16) * 2 ** (exponent - 3) * (value & 128 ? -1 : 1);
  return `#${number.toExponential(6).replace(/e([+-])(\d)$/, 'e$10$2')}`;
}

const BARRIERS = '#0x0 oshld oshst osh #0x4 nshld nshst nsh #0x8 ishld ishst ish #0xc ld st sy'.split(' ');
const psr = (mask: number): string =>
  ({ 4: 'APSR_g', 8: 'APSR_nzcvq', 12: 'APSR_nzcvqg' })[mask] ??
  `CPSR_${[...'fsxc'].filter((_, bit) => (mask >> (3 - bit)) & 1).join('')}`;
/** A target of a branch, of 32 bits. */
const target = (pc: bigint, distance: number): string => hex((Number(pc & 0xffff_ffffn) + distance) >>> 0);

function thumbModified(value: number): number {
  const byte = value & 255;
  if (value >= 0x400) return rotated((value & 127) | 128, value >> 7);
  return [byte, byte * 0x0001_0001, byte * 0x0100_0100, byte * 0x0101_0101][(value >> 8) & 3];
}

export const armFormat: OperandFormat = (info, value, pc) => {
  switch (info.kind) {
    case 'r':
    case 'lo':
      return GENERAL_NAMES[value];
    case 'rnext':
      return GENERAL_NAMES[value + 1];
    case 'd':
      return `d${value}`;
    case 'q':
      return `q${value / 2}`;
    case 's':
    case 'qhigh':
      return '';
    case 'single':
      return `s${value}`;
    case 'suffixCond':
      return CONDITIONS[value];
    case 'cond':
      return CONDITIONS[value] || 'al';
    case 'modified':
      return modified(value);
    case 'thumbModified':
      return `#${thumbModified(value) | 0}`;
    case 'shift':
      return shiftText(value & 3, value >> 2);
    case 'shiftType':
      return SHIFTS[value];
    case 'lslShift':
      return shiftText(0, value);
    case 'asrShift':
      return shiftText(2, value);
    case 'ror8':
      return value === 0 ? '' : `, ror #${8 * value}`;
    case 'hash':
      return `#${value}`;
    case 'hashNext':
      return `#${value + 1}`;
    case 'hash32':
      return `#${value === 0 ? 32 : value}`;
    case 'hash4':
      return `#${4 * value}`;
    case 'offset0':
      return `#-${value}`;
    case 'offset1':
      return `#${value}`;
    case 'offset40':
      return `#-${4 * value}`;
    case 'offset41':
      return `#${4 * value}`;
    case 'registers':
      return listed(value);
    case 'registersPc':
      return listed(value, 'pc');
    case 'registersLr':
      return listed(value, 'lr');
    case 'pc4':
      return target(pc, value + 4);
    case 'pc8':
      return target(pc, value + 8);
    case 'far':
      return target(pc, (value ^ (value < 0 ? 0 : 3 << 22)) + 4);
    case 'lane':
      return `[${value}]`;
    case 'bytes':
      return hex64(value);
    case 'suffixSize':
      return `.${8 << value}`;
    case 'index':
      return value === 15 ? '' : value === 13 ? '!' : `, ${GENERAL_NAMES[value]}`;
    case 'float':
      return floatImmediate(value);
    case 'psr':
      return psr(value);
    case 'barrier':
      return BARRIERS[value];
    case 'isb':
      return value === 15 ? 'sy' : hex(value).replace('0x', '#0x');
    default:
      return numbered(info.kind, value) ?? String(value);
  }
};

/** Kinds that have a number in their name. */
function numbered(kind: string, value: number): string | undefined {
  const [, name, digits] = /^([a-zA-Z]+?)(\d[\dx]*)$/.exec(kind) ?? [];
  const number = Number(digits);
  switch (name) {
    case 'dafter':
      return `d${(value + number) % 32}`;
    case 'from':
      return `#${number - value}`;
    case 'shifted':
      return `#0x${(value * 2 ** number).toString(16)}`;
    case 'ones':
      return `#0x${((value << number) | (2 ** number - 1)).toString(16)}`;
    case 'alignBy':
      return value === 0 ? '' : `:${digits.split('x')[value]}`;
    default:
      return undefined;
  }
}
/** A byte for each bit. */
const hex64 = (bits: number): string =>
  `#0x${[7, 6, 5, 4, 3, 2, 1, 0]
    .map((i) => ((bits >> i) & 1 ? 'ff' : '00'))
    .join('')
    .replace(/^0+(?=.)/, '')}`;

type Decode = (word: number) => Decoded<Row<A32Builder>> | undefined;
const decoders: Decode[] = [];

/** The row and operands of a word, of T32 with its first half above, in an instruction set. */
export function decodeArm(word: number, set: number): Decoded<Row<A32Builder>> | undefined {
  decoders[set] ??= makeDecoder(armSets[set], isThumbSet(set));
  return decoders[set](word);
}

/** The instruction at the address of code `pc`, with its set above 32 bits, as text; `word` as {@link decodeArm} has it. */
export function disassembleArm(word: number, pc: bigint): string {
  const set = Number(pc >> 32n);
  const decoded = decodeArm(word, set);
  if (decoded) return disassemble(decoded.row, word, pc, armFormat);
  return word >>> 0 > 0xffff ? `.inst ${hex(word >>> 0)}` : `.inst.n ${hex(word)}`;
}
