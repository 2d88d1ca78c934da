/** Advanced SIMD load/store of multiple structures and of single ones: Arm ARM, C4.1.94. */

import { Lanes } from '../../../arm-lanes.ts';
import type { Value, Width } from '../../../ir.ts';
import { type Operand, rowsOf } from '../../../row.ts';
import type { Aarch64Builder } from '../../builder.ts';
import { arrangements, lanesOf } from './arrangements.ts';

const { row, rows } = rowsOf<Aarch64Builder>('AdvSIMD');
export const structureRows = rows;

type Operands = { rt: Operand; rt1: Operand; rt2: Operand; rt3: Operand; rn: Operand; lane: Operand };
type Fields = '0 0 0011000 0 00 rm:5 lane:2 0 00 rn:5 rt&rt1&rt2&rt3:5';
type Syntax = '{rt:v16b}{lane:lane}, [{rn:xsp}]';

/** The further registers of a list are the field of the first again. */
const namesOf = (count: number) => ['rt', 'rt1', 'rt2', 'rt3'].slice(0, count).join('&');
const listOf = (count: number, arrangement: string) =>
  `{rt:list${count}x${arrangement}}${['{rt1:after1}', '{rt2:after2}', '{rt3:after3}'].slice(0, count - 1).join('')}`;
const registersOf = (o: Operands, count: number) => [o.rt, o.rt1, o.rt2, o.rt3].slice(0, count);

/** Does the accesses at an address; writes to registers come last. */
type Access = (b: Aarch64Builder, at: Value, o: Operands) => void;

/**
 * The three forms: without an offset, and with one that is added to the base afterwards, the bytes transferred or a
 * register.
 *
 * @param encoding the bits before Rm, with P where a form has a 1 that adds to the base, and those behind it
 */
function forms(
  name: string,
  mnemonic: string,
  encoding: readonly [string, string],
  registers: string,
  list: string,
  bytes: number,
  access: Access,
): void {
  const [start, end] = encoding;
  const run = (b: Aarch64Builder, o: Operands): Value => {
    const base = b.x(o.rn);
    access(b, base, o);
    return base;
  };
  const [plain, post] = ['0', '1'].map((bit) => start.replace('P', bit));
  const tail = `${end} rn:5 ${registers}:5`;
  row(
    name,
    `${plain} 00000 ${tail}` as Fields,
    `${list}, [{rn:xsp}]` as Syntax,
    (b, o) => {
      run(b, o);
    },
    { mnemonic },
  );
  row(
    `${name}.post`,
    `${post} 11111 ${tail}` as Fields,
    `${list}, [{rn:xsp}], #${bytes}` as Syntax,
    (b, o) => b.setX(o.rn, b.add(run(b, o), b.const(bytes))),
    { mnemonic },
  );
  row(
    `${name}.postx`,
    `${post} rm:5 ${tail}` as Fields,
    `${list}, [{rn:xsp}], {rm:x}` as '{rt:v16b}, [{rn:xsp}], {rm:x}',
    (b, o) => b.setX(o.rn, b.add(run(b, o), b.x(o.rm))),
    { mnemonic },
  );
}

/** Loads so many bytes, a multiple of 8, as vectors one after the other. */
function loadAll(b: Aarch64Builder, at: Value, bytes: number): Value[] {
  const vectors: Value[] = [];
  for (let offset = 0; offset < bytes; offset += 16) {
    const address = b.add(at, b.const(offset));
    vectors.push(bytes - offset >= 16 ? b.load128(address) : b.op('v128.from_i64', b.load(address, 64, false)));
  }
  return vectors;
}
function storeAll(b: Aarch64Builder, at: Value, vectors: readonly Value[], bytes: number): void {
  vectors.forEach((vector, i) => {
    const address = b.add(at, b.const(16 * i));
    if (bytes - 16 * i >= 16) b.store128(address, vector);
    else b.store(address, b.op('i64x2.extract_lane', vector, b.const(0)), 64);
  });
}

/** Whole registers: `interleaved` in memory or one after the other. */
const MULTIPLE = [
  [1, '0111', false],
  [2, '1010', false],
  [3, '0110', false],
  [4, '0010', false],
  [2, '1000', true],
  [3, '0100', true],
  [4, '0000', true],
] as const;
for (const a of arrangements('8b 16b 4h 8h 2s 4s 1d 2d')) {
  const bytes = a.width / 8;
  const perVector = 128 / a.bits;
  for (const [count, opcode, interleaved] of MULTIPLE) {
    if (interleaved && a.name === '1d') continue;
    const perRegister = a.width / a.bits;
    /** Where lane i of register r lies in memory, counted in lanes. */
    const placeOf = (r: number, i: number) => (interleaved ? i * count + r : r * perRegister + i);
    const load: Access = (b, at, o) => {
      const memory = loadAll(b, at, count * bytes);
      const lanes = lanesOf(b, a);
      registersOf(o, count).forEach((register, r) => {
        const picked = Array.from({ length: perVector }, (_, i) => (i < perRegister ? placeOf(r, i) : -1));
        b.setV(register, lanes.lanes(memory, picked));
      });
    };
    const store: Access = (b, at, o) => {
      const lanes = lanesOf(b, a);
      const vectors = registersOf(o, count).map((register) => b.v(register));
      const picked: number[] = Array(Math.ceil((count * bytes) / 16) * perVector).fill(-1);
      for (let r = 0; r < count; r++) for (let i = 0; i < perRegister; i++) picked[placeOf(r, i)] = r * perVector + i;
      const memory = Array.from({ length: Math.ceil((count * bytes) / 16) }, (_, part) =>
        lanes.lanes(vectors, picked.slice(part * perVector, (part + 1) * perVector)),
      );
      storeAll(b, at, memory, count * bytes);
    };
    for (const [kind, l, access] of [
      ['ld', '1', load],
      ['st', '0', store],
    ] as const) {
      const mnemonic = `${kind}${interleaved ? count : 1}`;
      forms(
        `${mnemonic}.${count}.${a.name}`,
        mnemonic,
        [`0 ${a.q} 001100P ${l} 0`, `${opcode} ${a.size}`],
        namesOf(count),
        listOf(count, a.name),
        count * bytes,
        access,
      );
    }
  }
}

/** One lane of each register: the number takes Q, S and size, as many as it needs. */
const SINGLE = [
  ['b', 8, '00', 'lane:u[3]', 'lane:u[2] lane:u[1:0]'],
  ['h', 16, '01', 'lane:u[2]', 'lane:u[1] lane:u[0] 0'],
  ['s', 32, '10', 'lane:u[1]', 'lane:u[0] 00'],
  ['d', 64, '10', 'lane:u[0]', '0 01'],
] as const satisfies readonly (readonly [string, Width, string, string, string])[];
for (const count of [1, 2, 3, 4]) {
  const [r, high] = [count % 2 === 0 ? '1' : '0', count > 2 ? '1' : '0'];
  for (const [letter, bits, opcode, q, rest] of SINGLE) {
    const addressOf = (b: Aarch64Builder, at: Value, i: number) => b.add(at, b.const((i * bits) / 8));
    const load: Access = (b, at, o) => {
      const values = registersOf(o, count).map((_, i) => b.load(addressOf(b, at, i), bits, false));
      registersOf(o, count).forEach((register, i) => {
        const replace = `i${bits}x${128 / bits}.replace_lane` as 'i8x16.replace_lane';
        b.setV(register, b.op(replace, b.v(register), b.operand(o.lane), values[i]));
      });
    };
    const store: Access = (b, at, o) =>
      registersOf(o, count).forEach((register, i) => {
        b.store(addressOf(b, at, i), b.lane(register, bits, b.operand(o.lane)), bits);
      });
    for (const [kind, l, access] of [
      ['ld', '1', load],
      ['st', '0', store],
    ] as const) {
      forms(
        `${kind}${count}.${letter}.lane`,
        `${kind}${count}`,
        [`0 ${q} 001101P ${l} ${r}`, `${opcode}${high} ${rest}`],
        namesOf(count),
        `${listOf(count, letter)}{lane:lane}`,
        (count * bits) / 8,
        access,
      );
    }
  }
  // LD1R and so on: an element to all lanes of each register.
  for (const a of arrangements('8b 16b 4h 8h 2s 4s 1d 2d')) {
    forms(
      `ld${count}r.${a.name}`,
      `ld${count}r`,
      [`0 ${a.q} 001101P 1 ${r}`, `11${high} 0 ${a.size}`],
      namesOf(count),
      listOf(count, a.name),
      (count * a.bits) / 8,
      (b, at, o) => {
        const lanes = new Lanes(b, a.bits, a.width);
        const values = registersOf(o, count).map((_, i) => b.load(b.add(at, b.const((i * a.bits) / 8)), a.bits, false));
        registersOf(o, count).forEach((register, i) => {
          b.setV(register, lanes.kept(lanes.splat(values[i])));
        });
      },
    );
  }
}
