/**
 * Structures that the guest and the host lay out differently, or that handlers
 * and -strace look into. A layout is a list of fields with C types; offsets
 * follow from natural alignment, as in both psABIs.
 *
 *     const TIMESPEC = struct('timespec', 'tv_sec:i64 tv_nsec:i64');
 *     const STAT = struct('stat', GENERIC, X86_64);          // guest layout, host layout
 *
 *     { tp: inStruct(TIMESPEC) }   { statbuf: outStruct(STAT) }
 *
 * Layouts are worked out when first used. Guests with 32-bit words will bring a
 * layout of their own for the structures that contain longs.
 */
import type { Int } from '../host/host.ts';
import { onReturn, ptr } from './call.ts';
import { addressText, BAD_ADDRESS, type Codec, Pass, type Printing, toAddress } from './codec.ts';
import { EFAULT } from './errno.ts';
import { peek } from './peek.ts';
import { bytes, deliver, fetch, stage, view } from './staging.ts';
import type { Task } from './task.ts';

/** Field types and their sizes; alignment is the size. `u8[n]` is bytes. */
type FieldType = 'i8' | 'u8' | 'i16' | 'u16' | 'i32' | 'u32' | 'i64' | 'u64';

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  /** More than 1 for an array; only `u8` arrays and padding use it. */
  readonly count: number;
  readonly offset: number;
  readonly size: number;
}

export interface Layout {
  readonly fields: readonly Field[];
  readonly size: number;
}

/** Field values by name, as numbers where exact. */
export type Fields = Record<string, Int>;

export class Struct {
  readonly name: string;
  /** Prints the braces; by default every field in decimal. */
  readonly format: ((fields: Fields, data: DataView) => string) | undefined;
  private readonly guestText: string;
  private readonly hostText: string;
  private guestLayout: Layout | undefined;
  private hostLayout: Layout | undefined;
  private toHost: [Field, Field][] | undefined;
  private toGuest: [Field, Field][] | undefined;

  constructor(name: string, guest: string, host: string, format: Struct['format']) {
    this.name = name;
    this.guestText = guest;
    this.hostText = host;
    this.format = format;
  }

  /** Guest and host agree, so pointers are passed on. */
  get same(): boolean {
    return this.guestText === this.hostText;
  }
  get guest(): Layout {
    return (this.guestLayout ??= parseLayout(this.guestText));
  }
  get host(): Layout {
    return (this.hostLayout ??= parseLayout(this.hostText));
  }
  /** Fields that both layouts have, as pairs of the source's and the target's. */
  common(source: Layout, target: Layout): readonly (readonly [Field, Field])[] {
    const toHost = target === this.hostLayout;
    const known = toHost ? this.toHost : this.toGuest;
    if (known !== undefined) return known;
    const pairs: [Field, Field][] = [];
    for (const field of target.fields) {
      const origin = source.fields.find((other) => other.name === field.name);
      if (origin !== undefined) pairs.push([origin, field]);
    }
    if (toHost) this.toHost = pairs;
    else this.toGuest = pairs;
    return pairs;
  }
}

/**
 * Declares a structure. `fields` is the guest's layout, `name:type` separated by blanks; `host` the x86-64 host's
 * where it differs.
 */
export function struct(name: string, fields: string, host = fields, format?: Struct['format']): Struct {
  return new Struct(name, fields, host, format);
}

export function parseLayout(text: string): Layout {
  const fields: Field[] = [];
  let offset = 0;
  let alignment = 1;
  for (const word of text.split(' ')) {
    const [name, typeText] = word.split(':');
    const bracket = typeText.indexOf('[');
    const type = (bracket < 0 ? typeText : typeText.slice(0, bracket)) as FieldType;
    const count = bracket < 0 ? 1 : Number.parseInt(typeText.slice(bracket + 1), 10);
    const unit = Number(type.slice(1)) / 8;
    offset = (offset + unit - 1) & -unit;
    alignment = Math.max(alignment, unit);
    fields.push({ name, type, count, offset, size: unit * count });
    offset += unit * count;
  }
  return { fields, size: (offset + alignment - 1) & -alignment };
}

/** Reads one field from a view that starts at the structure. */
export function getField(data: DataView, base: number, field: Field): Int {
  const at = base + field.offset;
  switch (field.type) {
    case 'i8':
      return data.getInt8(at);
    case 'u8':
      return data.getUint8(at);
    case 'i16':
      return data.getInt16(at, true);
    case 'u16':
      return data.getUint16(at, true);
    case 'i32':
      return data.getInt32(at, true);
    case 'u32':
      return data.getUint32(at, true);
    case 'i64':
    case 'u64': {
      const high = field.type === 'i64' ? data.getInt32(at + 4, true) : data.getUint32(at + 4, true);
      if (high >= -0x200000 && high < 0x200000) return high * 0x1_0000_0000 + data.getUint32(at, true);
      return field.type === 'i64' ? data.getBigInt64(at, true) : data.getBigUint64(at, true);
    }
  }
}

/** Writes one field, truncated to its size. */
export function setField(data: DataView, base: number, field: Field, value: Int): void {
  const at = base + field.offset;
  switch (field.type) {
    case 'i8':
    case 'u8':
      data.setUint8(at, Number(BigInt.asUintN(8, BigInt(value))));
      break;
    case 'i16':
    case 'u16':
      data.setUint16(at, Number(BigInt.asUintN(16, BigInt(value))), true);
      break;
    case 'i32':
    case 'u32':
      data.setUint32(at, typeof value === 'number' ? value : Number(BigInt.asUintN(32, value)), true);
      break;
    case 'i64':
    case 'u64':
      data.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), true);
      break;
  }
}

function allFields(data: DataView, layout: Layout): Fields {
  const fields: Fields = {};
  for (const field of layout.fields) fields[field.name] = getField(data, 0, field);
  return fields;
}

/** The fields of a guest structure, or undefined (EFAULT). */
export function readStruct(task: Task, type: Struct, address: number): Fields | undefined {
  const at = stage(type.guest.size);
  if (!fetch(task, at, address, type.guest.size)) return undefined;
  return allFields(new DataView(view.buffer, view.byteOffset + at, type.guest.size), type.guest);
}

/** Writes a guest structure; fields not given are 0. False: EFAULT. */
export function writeStruct(task: Task, type: Struct, address: number, fields: Fields): boolean {
  const { size } = type.guest;
  const at = stage(size);
  bytes.fill(0, at, at + size);
  for (const field of type.guest.fields) if (field.name in fields) setField(view, at, field, fields[field.name]);
  return deliver(task, address, at, size);
}

/** Copies a staged structure from one layout to the other, field by field. */
export function convertStruct(type: Struct, from: number, to: number, direction: 'toHost' | 'toGuest'): void {
  const source = direction === 'toHost' ? type.guest : type.host;
  const target = direction === 'toHost' ? type.host : type.guest;
  bytes.fill(0, to, to + target.size);
  for (const [origin, field] of type.common(source, target)) {
    if (origin.size !== field.size) setField(view, to, field, getField(view, from, origin));
    else copyStaged(to + field.offset, from + origin.offset, field.size);
  }
}

/** Words by themselves, which nearly all fields are: for so few bytes copyWithin takes ten times as long. */
function copyStaged(to: number, from: number, size: number): void {
  if (size !== 4 && size !== 8) {
    bytes.copyWithin(to, from, from + size);
    return;
  }
  view.setInt32(to, view.getInt32(from, true), true);
  if (size === 8) view.setInt32(to + 4, view.getInt32(from + 4, true), true);
}

/** Text of a guest structure: braces, or the bare address where it cannot be read. */
export function structText(p: Printing, type: Struct, raw: Int): string {
  if (raw === 0) return 'NULL';
  const data = peek(p.task, raw, type.guest.size);
  if (data === undefined) return addressText(raw);
  return fieldsText(type, new DataView(data.buffer, data.byteOffset, data.byteLength));
}

/** Text of a structure whose bytes are in `data`, guest layout. */
export function fieldsText(type: Struct, data: DataView): string {
  const fields = allFields(data, type.guest);
  if (type.format !== undefined) return type.format(fields, data);
  return `{${Object.keys(fields)
    .map((name) => `${name}=${fields[name]}`)
    .join(', ')}}`;
}

/** A structure that the call reads. The handler gets its address. */
export const inStruct = (type: Struct): Codec<number> => ({
  pass: type.same ? Pass.pointer : Pass.convert,
  decode: (_task, raw) => toAddress(raw),
  toHost: (task, raw) => {
    if (raw === 0) return 0;
    const from = stage(type.guest.size);
    const to = stage(type.host.size);
    if (!fetch(task, from, toAddress(raw), type.guest.size)) return ptr(task, BAD_ADDRESS);
    convertStruct(type, from, to, 'toHost');
    return task.host.stagingPointer(to);
  },
  print: (p, raw) => structText(p, type, raw),
});

/** A structure that the call writes when it succeeds. The handler gets its address. */
export const outStruct = (type: Struct): Codec<number> => ({
  pass: type.same ? Pass.pointer : Pass.convert,
  late: true,
  decode: (_task, raw) => toAddress(raw),
  toHost: (task, raw) => {
    if (raw === 0) return 0;
    const from = stage(type.host.size);
    const to = stage(type.guest.size);
    onReturn((result) => {
      if (result < 0) return result;
      convertStruct(type, from, to, 'toGuest');
      return deliver(task, toAddress(raw), to, type.guest.size) ? result : -EFAULT;
    });
    return task.host.stagingPointer(from);
  },
  print: (p, raw) => (p.result !== undefined && p.result < 0 ? addressText(raw) : structText(p, type, raw)),
});

/** A structure with the same layout on both sides that the call reads and writes: printed after it. */
export const inOutStruct = (type: Struct): Codec<number> => ({
  pass: Pass.pointer,
  late: true,
  decode: (_task, raw) => toAddress(raw),
  print: (p, raw) => structText(p, type, raw),
});
