/**
 * How AArch64's operands are written: as `objdump -M no-aliases` writes them,
 * which the tests compare with.
 *
 * Kinds besides the registers of registers.ts:
 *
 *     hash        immediate, `#0x10`; dec in decimal, decHigh the same plus 32
 *     lsl12, lsl, lslHigh   the shift of an immediate, with its comma; nothing if 0
 *     mask32, mask64, mask64n   a bit mask
 *     shift, extend, index0–4   how a register is shifted or extended, with its comma
 *     offset      an offset from a base, with its comma; nothing if 0
 *     pc, page    an offset from the instruction's address or page, printed as the address
 *     cond, suffixCond   a condition, an operand or a part of the mnemonic
 *     suffixCopy, suffixSet   how memory copies and sets access memory, a part of the mnemonic
 *     lane        the number of a lane
 *     from8, from16, from32, from64   a number that is counted down from the one named
 *     barrier, isb, prefetch   what is to be ordered, prefetched
 */
import { type CpuModel, rowsOfModel } from '../cpu-model.ts';
import { type Decoded, makeDecoder } from '../decoder.ts';
import { disassemble, type OperandFormat } from '../disassembler.ts';
import type { Row } from '../row.ts';
import type { Aarch64Builder } from './builder.ts';
import { aarch64Rows } from './index.ts';

const CONDITIONS = 'eq ne cs cc mi pl vs vc hi ls ge lt gt le al nv'.split(' ');
const SHIFTS = ['lsl', 'lsr', 'asr', 'ror'];
const EXTENDS = 'uxtb uxth uxtw uxtx sxtb sxth sxtw sxtx'.split(' ');
const BARRIERS = '#0x00 oshld oshst osh #0x04 nshld nshst nsh #0x08 ishld ishst ish #0x0c ld st sy'.split(' ');

/** Unprivileged, non-temporal, of writes, reads or both. */
const COPY_OPTIONS = ',wt,rt,t,wn,wtwn,rtwn,twn,rn,wtrn,rtrn,trn,n,wtn,rtn,tn'.split(',');
const SET_OPTIONS = ',t,n,tn'.split(',');

const hex = (value: number | bigint) => `0x${value.toString(16)}`;
const hash = (value: number) => `#${value < 0 ? value : hex(value)}`;

/** DecodeBitMasks: see Aarch64Builder.bitMask. */
function bitMask(value: number, n: 0 | 1, size: 32 | 64): bigint {
  const immr = BigInt(value >> 6);
  const imms = value & 63;
  const bits = n === 1 ? 64 : 1 << (31 - Math.clz32(imms ^ 63));
  const ones = (1n << BigInt((imms & (bits - 1)) + 1)) - 1n;
  let mask = 0n;
  for (let at = 0; at < 64; at += bits) mask |= ones << BigInt(at);
  return BigInt.asUintN(size, (mask >> immr) | (mask << (64n - immr)));
}

const general = (letter: string, value: number, stackPointer: boolean): string => {
  if (value !== 31) return letter + value;
  if (stackPointer) return letter === 'x' ? 'sp' : 'wsp';
  return `${letter}zr`;
};

/** VFPExpandImm's value. */
function floatImmediate(value: number): number {
  const exponent = ((value >> 4) & 3) - (value & 64 ? 3 : -1);
  return (value & 128 ? -1 : 1) * (1 + (value & 15) / 16) * 2 ** exponent;
}

const PREFETCH = ['pld', 'pli', 'pst'];
function prefetch(value: number): string {
  const [type, level, policy] = [value >> 3, (value >> 1) & 3, value & 1];
  if (type === 3 || level === 3) return `#0x${value.toString(16).padStart(2, '0')}`;
  return `${PREFETCH[type]}l${level + 1}${policy ? 'strm' : 'keep'}`;
}

export const aarch64Format: OperandFormat = (info, value, pc) => {
  const { kind } = info;
  switch (kind) {
    case 'x':
    case 'w':
      return general(kind, value, false);
    case 'xsp':
    case 'wsp':
      return general(kind[0], value, true);
    case 'xnext':
    case 'wnext':
      return general(kind[0], (value + 1) & 31, false);
    case 'b':
    case 'h':
    case 's':
    case 'd':
    case 'q':
      return kind + value;
    case 'hash':
      return hash(value);
    case 'dec':
      return `#${value}`;
    case 'decHigh':
      return `#${value + 32}`;
    case 'pc':
      return hex(BigInt.asUintN(64, pc + BigInt(value)));
    case 'page':
      return hex(BigInt.asUintN(64, (pc & ~4095n) + 4096n * BigInt(value)));
    case 'lsl12':
      return value === 0 ? '' : ', lsl #12';
    case 'lsl':
      return value === 0 ? '' : `, lsl #${value}`;
    case 'lslHigh':
      return `, lsl #${value + 32}`;
    case 'mask32':
      return `#${hex(bitMask(value, 0, 32))}`;
    case 'mask64':
      return `#${hex(bitMask(value, 0, 64))}`;
    case 'mask64n':
      return `#${hex(bitMask(value, 1, 64))}`;
    case 'shift':
      return value === 0 ? '' : `, ${SHIFTS[value >> 6]} #${value & 63}`;
    case 'extend':
      return `, ${EXTENDS[value >> 3]}${(value & 7) === 0 ? '' : ` #${value & 7}`}`;
    case 'offset':
      return value === 0 ? '' : `, #${value}`;
    case 'cond':
      return CONDITIONS[value];
    case 'suffixCopy':
      return COPY_OPTIONS[value];
    case 'suffixSet':
      return SET_OPTIONS[value];
    case 'suffixCond':
      return `.${CONDITIONS[value]}`;
    case 'lane':
      return `[${value}]`;
    case 'barrier':
      return BARRIERS[value];
    case 'isb':
      return value === 15 ? '' : hash(value);
    case 'prefetch':
      return prefetch(value);
    case 'from8':
    case 'from16':
    case 'from32':
    case 'from64':
      return `#${Number(kind.slice(4)) - value}`;
    case 'float':
      return `#${floatImmediate(value)
        .toExponential(18)
        .replace(/([+-])(\d)$/, '$10$2')}`;
    case 'bytes': {
      let all = 0n;
      for (let bit = 0; bit < 8; bit++) if ((value >> bit) & 1) all |= 0xffn << BigInt(8 * bit);
      return `#${hex(all)}`;
    }
  }
  const index = /^index(\d)$/.exec(kind);
  if (index) {
    const [option, isScaled] = [value >> 1, value & 1];
    if (option === 3) return isScaled ? `, lsl #${index[1]}` : '';
    return `, ${EXTENDS[option]}${isScaled ? ` #${index[1]}` : ''}`;
  }
  const list = /^list(\d)x(.*)$/.exec(kind);
  if (list) {
    const names = Array.from({ length: Number(list[1]) }, (_, i) => `v${(value + i) % 32}.${list[2]}`);
    return `{${names.length > 2 && value + names.length <= 32 ? `${names[0]}-${names[names.length - 1]}` : names.join(', ')}}`;
  }
  if (kind.startsWith('after')) return '';
  if (kind.startsWith('v')) return `v${value}.${kind.slice(1)}`;
  return String(value);
};

type Decoder = (word: number) => Decoded<Row<Aarch64Builder>> | undefined;
let decoder: Decoder | undefined;

/** The row and operands of an instruction word; undefined if it is none. */
export function decodeAarch64(word: number): Decoded<Row<Aarch64Builder>> | undefined {
  decoder ??= makeDecoder(aarch64Rows);
  return decoder(word);
}

function text(decode: Decoder, word: number, pc: bigint): string {
  const decoded = decode(word);
  if (decoded) return disassemble(decoded.row, word, pc, aarch64Format);
  return `.inst 0x${(word >>> 0).toString(16).padStart(8, '0')}`;
}

/** An instruction as text; a word that is no instruction as data. */
export const disassembleAarch64 = (word: number, pc: bigint): string => text(decodeAarch64, word, pc);

/** The same for a model of the processor. */
export function aarch64Disassembler(model: CpuModel): typeof disassembleAarch64 {
  const decode = makeDecoder(rowsOfModel(aarch64Rows, model));
  return (word, pc) => text(decode, word, pc);
}
