/**
 * WebAssembly binaries as text (`-d out_wasm`): the module as the text format
 * writes it, with expressions folded where the stack allows it.
 *
 *     moduleText(bytes) // (module $region0 … (local.set $a0 (i64.add (local.get $a0) (i64.const 8)))
 *
 * Reads what our encoder writes. An instruction that is not in the tables stops
 * the printing of its function with its number, since its length is unknown.
 */
import { VECTOR_OPS, type VectorOpName } from '../../cpu/vector-ops.ts';
import { VECTOR } from './vector.ts';

const words = (text: string): string[] => text.split(' ');
const prefixed = (type: string, names: string): string[] => words(names).map((name) => `${type}.${name}`);

const INTEGER_COMPARE = 'eqz eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u';
const FLOAT_COMPARE = 'eq ne lt gt le ge';
const INTEGER = 'clz ctz popcnt add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr';
const FLOAT = 'abs neg ceil floor trunc nearest sqrt add sub mul div min max copysign';

/** Opcodes from 0x45 on, without immediates (core specification 5.4.6). */
const NUMERIC: readonly string[] = [
  ...prefixed('i32', INTEGER_COMPARE),
  ...prefixed('i64', INTEGER_COMPARE),
  ...prefixed('f32', FLOAT_COMPARE),
  ...prefixed('f64', FLOAT_COMPARE),
  ...prefixed('i32', INTEGER),
  ...prefixed('i64', INTEGER),
  ...prefixed('f32', FLOAT),
  ...prefixed('f64', FLOAT),
  ...prefixed('i32', 'wrap_i64 trunc_f32_s trunc_f32_u trunc_f64_s trunc_f64_u'),
  ...prefixed('i64', 'extend_i32_s extend_i32_u trunc_f32_s trunc_f32_u trunc_f64_s trunc_f64_u'),
  ...prefixed('f32', 'convert_i32_s convert_i32_u convert_i64_s convert_i64_u demote_f64'),
  ...prefixed('f64', 'convert_i32_s convert_i32_u convert_i64_s convert_i64_u promote_f32'),
  ...words('i32.reinterpret_f32 i64.reinterpret_f64 f32.reinterpret_i32 f64.reinterpret_i64'),
  ...words('i32.extend8_s i32.extend16_s i64.extend8_s i64.extend16_s i64.extend32_s'),
];
const UNARY =
  /\.(eqz|clz|ctz|popcnt|abs|neg|ceil|floor|trunc|nearest|sqrt|splat|extract_lane|.*_[if]\d\d.*|extend\d+_s)$/;

/** Loads and stores from 0x28 on; the first 14 are loads. */
const ACCESS: readonly string[] = [
  ...words('i32.load i64.load f32.load f64.load i32.load8_s i32.load8_u i32.load16_s i32.load16_u'),
  ...words('i64.load8_s i64.load8_u i64.load16_s i64.load16_u i64.load32_s i64.load32_u'),
  ...words('i32.store i64.store f32.store f64.store i32.store8 i32.store16 i64.store8 i64.store16 i64.store32'),
];
const LOADS = 14;

/** 0xfc. */
const SATURATING = ['i32', 'i64'].flatMap((type) =>
  words('f32_s f32_u f64_s f64_u').map((from) => `${type}.trunc_sat_${from}`),
);

/** The 0xfd instructions: how many operands, and whether a lane follows. */
const SIMD: Record<number, [name: string, pops: number, lane?: true]> = {
  0x13: ['f32x4.splat', 1],
  0x14: ['f64x2.splat', 1],
  0x1f: ['f32x4.extract_lane', 1, true],
  0x20: ['f32x4.replace_lane', 2, true],
  0x21: ['f64x2.extract_lane', 1, true],
  0x22: ['f64x2.replace_lane', 2, true],
  0x41: ['f32x4.eq', 2],
  0x47: ['f64x2.eq', 2],
  0x105: ['f32x4.relaxed_madd', 3],
  0x106: ['f32x4.relaxed_nmadd', 3],
  0x107: ['f64x2.relaxed_madd', 3],
  0x108: ['f64x2.relaxed_nmadd', 3],
};
/** Accesses to less than a vector. */
const PARTS: Record<number, string> = {};
[8, 16, 32, 64].forEach((width, i) => {
  PARTS[0x07 + i] = `v128.load${width}_splat`;
  PARTS[0x58 + i] = `v128.store${width}_lane`;
});
for (const [first, type, operations] of [
  [0x67, 'f32x4', 'ceil floor trunc nearest'],
  [0x74, 'f64x2', 'ceil floor'],
  [0x7a, 'f64x2', 'trunc'],
  [0x94, 'f64x2', 'nearest'],
  [0xe3, 'f32x4', 'sqrt'],
  [0xe4, 'f32x4', 'add sub mul div min max'],
  [0xef, 'f64x2', 'sqrt'],
  [0xf0, 'f64x2', 'add sub mul div min max'],
] as const) {
  words(operations).forEach((operation, i) => {
    const isBinary = first === 0xe4 || first === 0xf0;
    SIMD[first + i] = [`${type}.${operation}`, isBinary ? 2 : 1];
  });
}
for (const [name, lowered] of Object.entries(VECTOR)) {
  if (lowered.form === 'fromInteger') continue;
  const { form, opcode } = lowered;
  const hasLane = form === 'extract' || form === 'replace';
  const pops = form === 'extract' ? 1 : form === 'replace' ? 2 : VECTOR_OPS[name as VectorOpName][0].length;
  SIMD[opcode] = hasLane ? [name.replace(/^(i32x4.*lane)_.$/, '$1'), pops, true] : [name, pops];
}

/** 0xfe: seven widths of each operation (threads proposal). */
const WIDTHS = words('i32: i64: i32:8_u i32:16_u i64:8_u i64:16_u i64:32_u');
const STORE_WIDTHS = words('i32: i64: i32:8 i32:16 i64:8 i64:16 i64:32');
const RMW = words('add sub and or xor xchg cmpxchg');

function atomic(opcode: number): [name: string, pops: number, pushes: number] | undefined {
  const pick = (list: readonly string[], at: number) => list[at].split(':');
  if (opcode >= 0x10 && opcode < 0x17) {
    const [type, width] = pick(WIDTHS, opcode - 0x10);
    return [`${type}.atomic.load${width}`, 1, 1];
  }
  if (opcode >= 0x17 && opcode < 0x1e) {
    const [type, width] = pick(STORE_WIDTHS, opcode - 0x17);
    return [`${type}.atomic.store${width}`, 2, 0];
  }
  if (opcode < 0x1e || opcode > 0x4e) return undefined;
  const [type, suffix] = pick(WIDTHS, (opcode - 0x1e) % 7);
  const [width, sign] = suffix === '' ? ['', ''] : suffix.split('_');
  const name = RMW[Math.floor((opcode - 0x1e) / 7)];
  return [`${type}.atomic.rmw${width}.${name}${sign === '' ? '' : `_${sign}`}`, name === 'cmpxchg' ? 3 : 2, 1];
}

const TYPES: Readonly<Record<number, string>> = {
  0x7f: 'i32',
  0x7e: 'i64',
  0x7d: 'f32',
  0x7c: 'f64',
  0x7b: 'v128',
  0x70: 'funcref',
};

class Reader {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;
  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }
  byte(): number {
    return this.bytes[this.at++];
  }
  u(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }
  s(): bigint {
    let value = 0n;
    for (let shift = 0n; ; ) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      shift += 7n;
      if (byte < 0x80) return BigInt.asIntN(Number(shift), value);
    }
  }
  name(): string {
    const length = this.u();
    this.at += length;
    return new TextDecoder().decode(this.bytes.subarray(this.at - length, this.at));
  }
  sub(length: number): Reader {
    this.at += length;
    return new Reader(this.bytes, this.at - length, this.at);
  }
  list<T>(read: (reader: Reader) => T): T[] {
    return Array.from({ length: this.u() }, () => read(this));
  }
  float(bytes: 4 | 8): string {
    const view = new DataView(this.bytes.buffer, this.bytes.byteOffset + this.at, bytes);
    this.at += bytes;
    return `${bytes === 4 ? view.getFloat32(0, true) : view.getFloat64(0, true)}`;
  }
}

interface FunctionType {
  params: string[];
  results: string[];
}
interface Import {
  kind: number;
  name: string;
  /** Of functions. */
  type: number;
  text: string;
}
interface Names {
  module: string;
  functions: Map<number, string>;
  locals: Map<number, Map<number, string>>;
}

export function moduleText(bytes: Uint8Array): string {
  const sections = new Map<number, Reader>();
  const names: Names = { module: '', functions: new Map(), locals: new Map() };
  const reader = new Reader(bytes, 8, bytes.length);
  while (reader.at < reader.end) {
    const id = reader.byte();
    const section = reader.sub(reader.u());
    if (id !== 0) sections.set(id, section);
    else if (section.name() === 'name') readNames(section, names);
  }
  const valueType = (r: Reader) => TYPES[r.byte()] ?? '?';
  const types = (sections.get(1)?.list((r): FunctionType => {
    r.byte();
    return { params: r.list(valueType), results: r.list(valueType) };
  }) ?? []) as FunctionType[];
  const imports = sections.get(2)?.list(readImport) ?? [];
  const functions = imports.filter(({ kind }) => kind === 0);
  const memories = imports.filter(({ kind }) => kind === 2).map(({ name }) => name);
  const defined = sections.get(3)?.list((r) => r.u()) ?? [];
  const callees = [
    ...functions.map(({ name, type }) => ({ name, type: types[type] })),
    ...defined.map((type, i) => ({ name: names.functions.get(functions.length + i) ?? `${i}`, type: types[type] })),
  ];
  const lines = [`(module${names.module === '' ? '' : ` $${names.module}`}`];
  for (const { kind, name, type, text } of imports) {
    lines.push(`  (import "e" "${name}" ${kind === 0 ? `(func $${name}${signature(types[type])})` : text})`);
  }
  const bodies = sections.get(10)?.list((r) => r.sub(r.u())) ?? [];
  bodies.forEach((body, i) => {
    const index = functions.length + i;
    const { name, type } = callees[index];
    const locals = names.locals.get(index) ?? new Map<number, string>();
    lines.push(`  (func $${name}${signature(type)}`);
    lines.push(...bodyLines(body, { types, callees, memories, locals, params: type.params.length }));
    lines[lines.length - 1] += ')';
  });
  lines[lines.length - 1] += ')';
  return `${lines.join('\n')}\n`;
}

const clause = (word: string, parts: readonly string[]): string =>
  parts.length === 0 ? '' : ` (${word} ${parts.join(' ')})`;
const signature = ({ params, results }: FunctionType): string => clause('param', params) + clause('result', results);

function readImport(r: Reader): Import {
  r.name();
  const name = r.name();
  const kind = r.byte();
  if (kind === 0) return { kind, name, type: r.u(), text: '' };
  if (kind === 1) {
    const code = r.byte();
    const type = code === 0x63 ? `(ref null ${r.u()})` : TYPES[code];
    const flags = r.byte();
    const limits = [r.u(), ...((flags & 1) !== 0 ? [r.u()] : [])];
    return { kind, name, type: 0, text: `(table $${name} ${limits.join(' ')} ${type})` };
  }
  const flags = r.byte();
  const limits = [r.u(), ...((flags & 1) !== 0 ? [r.u()] : [])];
  const address = (flags & 4) !== 0 ? 'i64 ' : '';
  return {
    kind,
    name,
    type: 0,
    text: `(memory $${name} ${address}${limits.join(' ')}${(flags & 2) !== 0 ? ' shared' : ''})`,
  };
}

function readNames(section: Reader, names: Names): void {
  const nameMap = (r: Reader): Map<number, string> => new Map(r.list((entry) => [entry.u(), entry.name()]));
  while (section.at < section.end) {
    const id = section.byte();
    const content = section.sub(section.u());
    if (id === 0) names.module = content.name();
    else if (id === 1) names.functions = nameMap(content);
    else if (id === 2) names.locals = new Map(content.list((entry) => [entry.u(), nameMap(entry)]));
  }
}

interface Context {
  types: readonly FunctionType[];
  callees: readonly { name: string; type: FunctionType }[];
  memories: readonly string[];
  locals: ReadonlyMap<number, string>;
  params: number;
}

function bodyLines(body: Reader, context: Context): string[] {
  const groups = body.list((r): [number, string] => [r.u(), TYPES[r.byte()]]);
  const lines: string[] = [];
  let local = context.params;
  const declared = groups.flatMap(([count, type]) =>
    Array.from({ length: count }, () => {
      const name = context.locals.get(local);
      local++;
      return name === undefined ? `(local ${type})` : `(local $${name} ${type})`;
    }),
  );
  if (declared.length > 0) lines.push(`    ${declared.join(' ')}`);
  let indent = '    ';
  /** Expressions whose values are on the stack, in order, none of them printed. */
  let pending: string[] = [];
  const flush = () => {
    for (const text of pending) lines.push(indent + text);
    pending = [];
  };
  const emit = (text: string, pops: number, pushes: number) => {
    if (pops === 0 && pushes === 1) {
      pending.push(`(${text})`);
      return;
    }
    // Operands that were left by a block, or printed because something had to be before them, are not written again.
    if (pending.length < pops) {
      flush();
      lines.push(indent + text);
      return;
    }
    const folded = `(${[text, ...pending.splice(pending.length - pops)].join(' ')})`;
    pending.push(folded);
    if (pushes !== 1) flush();
  };
  const localName = (index: number): string => {
    const name = context.locals.get(index);
    return name === undefined ? `${index}` : `$${name}`;
  };
  const memarg = (): string => {
    const flags = body.u();
    const memory = (flags & 0x40) !== 0 ? body.u() : 0;
    const offset = body.u();
    return ` $${context.memories[memory]}${offset === 0 ? '' : ` offset=0x${offset.toString(16)}`}`;
  };
  const blockType = (): string => {
    const type = body.byte();
    return type === 0x40 ? '' : ` (result ${TYPES[type] ?? '?'})`;
  };
  let labels = 0;
  while (body.at < body.end) {
    const opcode = body.byte();
    switch (opcode) {
      case 0x02:
      case 0x03:
        flush();
        lines.push(`${indent}${opcode === 2 ? 'block' : 'loop'}${blockType()} ;; ${labels++}`);
        indent += '  ';
        continue;
      case 0x04: {
        // The condition in parentheses, then `if`, is as good text format as the folded form, and has no second indent.
        const condition = pending.pop();
        flush();
        lines.push(`${indent}${condition === undefined ? '' : `${condition} `}if${blockType()} ;; ${labels++}`);
        indent += '  ';
        continue;
      }
      case 0x05:
        flush();
        lines.push(`${indent.slice(2)}else`);
        continue;
      case 0x0b:
        flush();
        if (body.at === body.end) return lines;
        indent = indent.slice(2);
        labels--;
        lines.push(`${indent}end`);
        continue;
      case 0x00:
        emit('unreachable', 0, 0);
        continue;
      case 0x01:
        emit('nop', 0, 0);
        continue;
      case 0x0c:
        emit(`br ${body.u()}`, 0, 0);
        continue;
      case 0x0d:
        emit(`br_if ${body.u()}`, 1, 0);
        continue;
      case 0x0e: {
        const depths = body.list((r) => r.u());
        emit(`br_table ${[...depths, body.u()].join(' ')}`, 1, 0);
        continue;
      }
      case 0x0f:
        emit('return', pending.length > 0 ? 1 : 0, 0);
        continue;
      case 0x10:
      case 0x12: {
        const { name, type } = context.callees[body.u()];
        emit(
          `${opcode === 0x10 ? '' : 'return_'}call $${name}`,
          type.params.length,
          opcode === 0x10 ? type.results.length : 0,
        );
        continue;
      }
      case 0x11:
      case 0x13: {
        const type = context.types[body.u()];
        body.u();
        const name = `${opcode === 0x11 ? '' : 'return_'}call_indirect $regions${signature(type)}`;
        emit(name, type.params.length + 1, opcode === 0x11 ? type.results.length : 0);
        continue;
      }
      case 0x1a:
        emit('drop', 1, 0);
        continue;
      case 0x1b:
        emit('select', 3, 1);
        continue;
      case 0x20:
        emit(`local.get ${localName(body.u())}`, 0, 1);
        continue;
      case 0x21:
        emit(`local.set ${localName(body.u())}`, 1, 0);
        continue;
      case 0x22:
        emit(`local.tee ${localName(body.u())}`, 1, 1);
        continue;
      case 0x41:
      case 0x42: {
        const value = body.s();
        const text =
          value > -4096n && value < 4096n
            ? `${value}`
            : `${value < 0n ? '-' : ''}0x${(value < 0n ? -value : value).toString(16)}`;
        emit(`${opcode === 0x41 ? 'i32' : 'i64'}.const ${text}`, 0, 1);
        continue;
      }
      case 0x43:
      case 0x44:
        emit(`${opcode === 0x43 ? 'f32' : 'f64'}.const ${body.float(opcode === 0x43 ? 4 : 8)}`, 0, 1);
        continue;
      case 0xfc: {
        const name = SATURATING[body.u()];
        if (name === undefined) break;
        emit(name, 1, 1);
        continue;
      }
      case 0xfd: {
        const number = body.u();
        if (number === 0x00 || number === 0x0b) {
          const isLoad = number === 0;
          emit(`v128.${isLoad ? 'load' : 'store'}${memarg()}`, isLoad ? 1 : 2, isLoad ? 1 : 0);
          continue;
        }
        const part = PARTS[number];
        if (part !== undefined) {
          const access = `${part}${memarg()}`;
          if (part.includes('store')) emit(`${access} ${body.byte()}`, 2, 0);
          else emit(access, 1, 1);
          continue;
        }
        if (number === 0x0c || number === 0x0d) {
          const bytes = Array.from({ length: 16 }, () => body.byte()).join(' ');
          emit(`${number === 0x0c ? 'v128.const i8x16' : 'i8x16.shuffle'} ${bytes}`, number === 0x0c ? 0 : 2, 1);
          continue;
        }
        const known = SIMD[number];
        if (known === undefined) break;
        const [name, pops, lane] = known;
        emit(lane ? `${name} ${body.byte()}` : name, pops, 1);
        continue;
      }
      case 0xfe: {
        const number = body.u();
        if (number === 3) {
          body.byte();
          emit('atomic.fence', 0, 0);
          continue;
        }
        const known = atomic(number);
        if (known === undefined) break;
        const [name, pops, pushes] = known;
        emit(name + memarg(), pops, pushes);
        continue;
      }
      default: {
        const access = ACCESS[opcode - 0x28];
        if (access !== undefined) {
          const isLoad = opcode - 0x28 < LOADS;
          emit(access + memarg(), isLoad ? 1 : 2, isLoad ? 1 : 0);
          continue;
        }
        const name = NUMERIC[opcode - 0x45];
        if (name === undefined) break;
        emit(name, UNARY.test(name) ? 1 : 2, 1);
        continue;
      }
    }
    flush();
    lines.push(`${indent};; opcode 0x${opcode.toString(16)} at 0x${(body.at - 1).toString(16)} is unknown`);
    return lines;
  }
  return lines;
}
