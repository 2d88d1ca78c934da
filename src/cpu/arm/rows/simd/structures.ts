/** Advanced SIMD element or structure load/store: Arm ARM, F4.1.21. */
import { Lanes } from '../../../arm-lanes.ts';
import type { Value } from '../../../ir.ts';
import type { Operand } from '../../../row.ts';
import type { A32Builder } from '../../builder.ts';
import type { Operands } from '../define.ts';
import { simdMemory } from './shapes.ts';

const LOADS = [
  ['vld', '1'],
  ['vst', '0'],
] as const;
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** The registers of a list: the field of the first again, which the others come after. */
const namesOf = (count: number): string[] => ['vd', 'vd1', 'vd2', 'vd3'].slice(0, count);
const fieldOf = (count: number): { four: string; one: string } => {
  const names = namesOf(count).join('&');
  return { four: `${names}:u[3:0]`, one: `${names}:u[4]` };
};
/** As text; `lane` is what stands behind each. */
const listOf = (count: number, distance: number, lane = ''): string =>
  `{${namesOf(count)
    .map((name, i) => `{${name}:${i === 0 ? 'd' : `dafter${i * distance}`}}${lane}`)
    .join(', ')}}`;

/** Does the accesses at an address; writes to registers come last. */
type Access = (b: A32Builder, at: Value, o: Operands) => void;

/** Requires that an address be a multiple of the number that an operand stands for. */
function requireAlignment(b: A32Builder, base: Value, align: Operand | undefined, multiples: readonly number[]): void {
  multiples.forEach((multiple, value) => {
    if (multiple === 0) return;
    if (align === undefined || align.value === value) b.aligned(base, multiple);
    else if (align.value === undefined) b.skipUnless(b.is(b.operand(align), value), () => b.aligned(base, multiple));
  });
}

/**
 * A row with all forms of the address: the base is left alone, or what was transferred is added to it, or a register.
 *
 * @param encoding what stands before the field of Rm, with the fields of Rn and the list in it
 * @param alignment what the address must be a multiple of, by the operand `align`: 0 for any, and for values that are
 *   none. Where there are too many operands for the cold tier, each has a row of its own.
 */
function structure(
  name: string,
  mnemonic: string,
  encoding: string,
  list: string,
  bytes: number,
  alignment: readonly number[],
  access: Access,
): void {
  const row = (name: string, encoding: string, text: string, when: string, multiples: readonly number[]): void =>
    simdMemory(
      name,
      `${encoding} index:4`,
      `${list}, [{rn:r}${text}]{index:index}`,
      (b, o) => {
        const base = b.now2(b.r(o.rn));
        requireAlignment(b, base, o.align, multiples);
        const form = b.generalNumber(o.index);
        const added = b.select(b.is(form, 13), b.const(bytes), b.reg(o.index));
        const moved = b.now2(b.select(b.is(form, 15), base, b.word(b.add(base, added))));
        access(b, base, o);
        if (o.index.value !== 15) b.setR(o.rn, moved);
      },
      { mnemonic, when },
    );
  const ALWAYS = 'rn!=15';
  const field = /align:(\d)/.exec(encoding);
  if (field !== null && /vd3.*(lane|size:)/.test(encoding)) {
    alignment.forEach((multiple, value) => {
      if (multiple === 0 && value > 0) return;
      const fixed = encoding.replace(field[0], value.toString(2).padStart(Number(field[1]), '0'));
      row(`${name}.${8 * multiple}`, fixed, multiple === 0 ? '' : `:${8 * multiple}`, ALWAYS, [multiple]);
    });
    return;
  }
  const text = alignment.length === 0 ? '' : `{align:alignBy${alignment.map((multiple) => 8 * multiple).join('x')}}`;
  const unused = alignment.flatMap((multiple, value) => (multiple === 0 && value > 0 ? [`; align!=${value}`] : []));
  row(name, encoding, text, ALWAYS + unused.join(''), alignment);
}
const at = (b: A32Builder, base: Value, offset: number): Value =>
  offset === 0 ? base : b.unsigned(b.add(base, b.const(offset)));

/** Loads so many bytes, a multiple of 8, as vectors one after the other. */
const loadAll = (b: A32Builder, base: Value, bytes: number): Value[] =>
  upTo(Math.ceil(bytes / 16)).map((i) => {
    const address = at(b, base, 16 * i);
    return bytes - 16 * i >= 16 ? b.load128(address) : b.op('v128.from_i64', b.load(address, 64, false));
  });

// Whole registers: one after the other in memory, which is the same for all sizes of lanes.
const [BY_8, BY_16, BY_32] = [
  ['0 align:1', [0, 8]],
  ['align:2', [0, 8, 16, 0]],
  ['align:2', [0, 8, 16, 32]],
] as const;
for (const [count, type, [align, multiples]] of [
  [1, '0111', BY_8],
  [2, '1010', BY_16],
  [3, '0110', BY_8],
  [4, '0010', BY_32],
] as const) {
  const { one, four } = fieldOf(count);
  for (const [kind, l] of LOADS) {
    structure(
      `${kind}1.${count}`,
      `${kind}1`,
      `0 ${one} ${l} 0 rn:4 ${four} ${type} size:2 ${align}`,
      `{size:suffixSize}${listOf(count, 1)}`,
      8 * count,
      multiples ?? [],
      (b, base, o) => {
        const registers = namesOf(count).map((name) => o[name]);
        if (l === '0') {
          registers.forEach((register, i) => {
            b.store(at(b, base, 8 * i), b.reg(register), 64);
          });
          return;
        }
        const values = registers.map((_, i) => b.load(at(b, base, 8 * i), 64, false));
        registers.forEach((register, i) => {
          b.setReg(register, values[i]);
        });
      },
    );
  }
}

// Interleaved: structures of `parts` elements, one of each register; with four registers and two parts, of two pairs.
const INTERLEAVED = [
  [2, 2, 1, '1000'],
  [2, 2, 2, '1001'],
  [2, 4, 2, '0011'],
  [3, 3, 1, '0100'],
  [3, 3, 2, '0101'],
  [4, 4, 1, '0000'],
  [4, 4, 2, '0001'],
] as const;
for (const [parts, count, distance, type] of INTERLEAVED) {
  // VLD2 of two pairs has them one after the other, the second elements' registers behind the first ones'.
  const step = count === 4 && parts === 2 ? 1 : distance;
  const { one, four } = fieldOf(count);
  const [align, multiples] = parts === 3 ? BY_8 : count === 2 ? BY_16 : BY_32;
  for (const [bits, size] of [
    [8, '00'],
    [16, '01'],
    [32, '10'],
  ] as const) {
    const perRegister = 64 / bits;
    const perVector = 128 / bits;
    const bytes = 8 * count;
    /** Where lane i of register r lies in memory, counted in lanes. */
    const placeOf = (r: number, i: number): number => {
      if (parts === count) return i * parts + r;
      return (r % 2) * parts * perRegister + i * parts + (r >> 1);
    };
    for (const [kind, l] of LOADS) {
      structure(
        `${kind}${parts}.${bits}.${count}.${distance}`,
        `${kind}${parts}.${bits}`,
        `0 ${one} ${l} 0 rn:4 ${four} ${type} ${size} ${align}`,
        listOf(count, step),
        bytes,
        multiples,
        (b, base, o) => {
          const lanes = new Lanes(b, bits, 64);
          const registers = namesOf(count).map((name) => o[name]);
          const low = (vector: Value): Value => b.op('i64x2.extract_lane', vector, b.const(0));
          if (l === '1') {
            const memory = loadAll(b, base, bytes);
            registers.forEach((register, r) => {
              const picked = upTo(perVector).map((i) => (i < perRegister ? placeOf(r, i) : -1));
              b.setReg(register, low(lanes.lanes(memory, picked)));
            });
            return;
          }
          const vectors = registers.map((register) => b.op('v128.from_i64', b.reg(register)));
          const picked: number[] = Array(2 * perVector).fill(-1);
          registers.forEach((_, r) => {
            for (const i of upTo(perRegister)) picked[placeOf(r, i)] = r * perVector + i;
          });
          upTo(Math.ceil(bytes / 16)).forEach((part) => {
            const vector = lanes.lanes(vectors, picked.slice(part * perVector, (part + 1) * perVector));
            if (bytes - 16 * part >= 16) b.store128(at(b, base, 16 * part), vector);
            else b.store(at(b, base, 16 * part), low(vector), 64);
          });
        },
      );
    }
  }
}

/**
 * One lane of each register: the field index_align has the lane's number, the registers' distance and the alignment, which
 * is that of all elements.
 */
const SINGLE: readonly (readonly [
  parts: number,
  bits: 8 | 16 | 32,
  size: string,
  indexAlign: string,
  distance: number,
  multiples?: readonly number[],
])[] = [
  [1, 8, '00', 'lane:3 0', 1],
  [1, 16, '01', 'lane:2 0 align:1', 1, [0, 2]],
  [1, 32, '10', 'lane:1 0 align:2', 1, [0, 0, 0, 4]],
  [2, 8, '00', 'lane:3 align:1', 1, [0, 2]],
  [2, 16, '01', 'lane:2 0 align:1', 1, [0, 4]],
  [2, 16, '01', 'lane:2 1 align:1', 2, [0, 4]],
  [2, 32, '10', 'lane:1 0 0 align:1', 1, [0, 8]],
  [2, 32, '10', 'lane:1 1 0 align:1', 2, [0, 8]],
  [3, 8, '00', 'lane:3 0', 1],
  [3, 16, '01', 'lane:2 0 0', 1],
  [3, 16, '01', 'lane:2 1 0', 2],
  [3, 32, '10', 'lane:1 0 00', 1],
  [3, 32, '10', 'lane:1 1 00', 2],
  [4, 8, '00', 'lane:3 align:1', 1, [0, 4]],
  [4, 16, '01', 'lane:2 0 align:1', 1, [0, 8]],
  [4, 16, '01', 'lane:2 1 align:1', 2, [0, 8]],
  [4, 32, '10', 'lane:1 0 align:2', 1, [0, 8, 16, 0]],
  [4, 32, '10', 'lane:1 1 align:2', 2, [0, 8, 16, 0]],
];
for (const [parts, bits, size, indexAlign, distance, multiples] of SINGLE) {
  const { one, four } = fieldOf(parts);
  const fields = `${size}${(parts - 1).toString(2).padStart(2, '0')} ${indexAlign}`;
  const bytes = bits / 8;
  for (const [kind, l] of LOADS) {
    structure(
      `${kind}${parts}.${bits}.lane.${distance}`,
      `${kind}${parts}.${bits}`,
      `1 ${one} ${l} 0 rn:4 ${four} ${fields}`,
      listOf(parts, distance, '{lane:lane}'),
      parts * bytes,
      multiples ?? [],
      (b, base, o) => {
        const registers = namesOf(parts).map((name) => o[name]);
        const shift = b.op('mul', b.operand(o.lane), b.const(bits));
        if (l === '0') {
          registers.forEach((register, i) => {
            b.store(at(b, base, i * bytes), b.shr(b.reg(register), shift), bits);
          });
          return;
        }
        const values = registers.map((_, i) => b.load(at(b, base, i * bytes), bits, false));
        const others = b.not(b.shl(b.const(2 ** bits - 1), shift));
        registers.forEach((register, i) => {
          b.setReg(register, b.or(b.and(b.reg(register), others), b.shl(values[i], shift)));
        });
      },
    );
  }
}

/** An element to all lanes of each register; T says how far apart these are, or of one that there are two. */
const ALL: readonly (readonly [parts: number, bits: 8 | 16 | 32, size: string, align: string, number[]?])[] = [
  [1, 8, '00', '0'],
  [1, 16, '01', 'align:1', [0, 2]],
  [1, 32, '10', 'align:1', [0, 4]],
  [2, 8, '00', 'align:1', [0, 2]],
  [2, 16, '01', 'align:1', [0, 4]],
  [2, 32, '10', 'align:1', [0, 8]],
  [3, 8, '00', '0'],
  [3, 16, '01', '0'],
  [3, 32, '10', '0'],
  [4, 8, '00', 'align:1', [0, 4]],
  [4, 16, '01', 'align:1', [0, 8]],
  // The size is 10, or 11 with an alignment of 128 bits.
  [4, 32, '1 align:u[1]', 'align:u[0]', [0, 8, 0, 16]],
];
for (const [parts, bits, size, align, multiples] of ALL) {
  for (const t of ['0', '1']) {
    const isPair = parts === 1 && t === '1';
    const count = isPair ? 2 : parts;
    const distance = !isPair && t === '1' ? 2 : 1;
    const { one, four } = fieldOf(count);
    structure(
      `vld${parts}.${bits}.all.${t}`,
      `vld${parts}.${bits}`,
      `1 ${one} 1 0 rn:4 ${four} 11${(parts - 1).toString(2).padStart(2, '0')} ${size} ${t} ${align}`,
      listOf(count, distance, '[]'),
      (parts * bits) / 8,
      multiples ?? [],
      (b, base, o) => {
        const values = upTo(parts).map((i) => b.load(at(b, base, (i * bits) / 8), bits, false));
        const ones = b.const({ 8: 0x0101_0101_0101_0101n, 16: 0x0001_0001_0001_0001n, 32: 0x1_0000_0001n }[bits]);
        namesOf(count).forEach((name, i) => {
          b.setReg(o[name], b.op('mul', values[isPair ? 0 : i], ones));
        });
      },
    );
  }
}
