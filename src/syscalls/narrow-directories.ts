/**
 * Directories as programs of 32 bits see them. File systems have positions of
 * 64 bits (ext4: a hash), and some inode numbers, where a 32-bit kernel has none
 * above 32 bits and its programs' libraries say EOVERFLOW.
 *
 * A position that is not small becomes 2^30 plus its place among the
 * directory's; places of a descriptor are remembered, and found by reading the
 * directory anew where they are not (another thread did the reading, or a
 * duplicate of the descriptor). An inode number's halves are combined.
 */
import type { Int } from '../host/host.ts';
import { EFAULT, EINVAL } from './errno.ts';
import { type Narrow, type Narrowing, to } from './narrow.ts';

/** struct linux_dirent64: d_ino, d_off, d_reclen, d_type, d_name. */
const WIDE = { ino: 0, off: 8, length: 16, type: 18, name: 19 } as const;
/** struct linux_dirent: d_ino, d_off, d_reclen, d_name; d_type is the last byte. */
const OLD = { ino: 0, off: 4, length: 8, name: 10 } as const;
/** Below are the file system's own positions. */
const FIRST_PLACE = 2 ** 30;
const [SEEK_SET, SEEK_CUR] = [0, 1];
/** Bytes that are read at once to find places. */
const CHUNK = 0x8000;

/** By descriptor: the positions that are not small, in the directory's order. */
const tables = new Map<number, bigint[]>();

/** An inode number as a 32-bit kernel might have it; never 0, which marks what is deleted. */
export function narrowInode(inode: bigint): bigint {
  if (inode <= 0xffff_ffffn) return inode;
  return (inode ^ (inode >> 32n)) & 0xffff_ffffn || 1n;
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const seek = (c: Narrowing, fd: number, offset: Int, whence: number): bigint =>
  BigInt(c.task.host.syscall('lseek', fd, offset, whence));

/** Offsets of the entries in what getdents64 has written. */
function* entriesOf(view: DataView): Generator<number> {
  for (let at = 0; at + WIDE.name < view.byteLength; at += view.getUint16(at + WIDE.length, true)) yield at;
}

/** Reads the directory from its beginning until `isEnough`; the position is left as it was. */
function readPlaces(c: Narrowing, fd: number, isEnough: (table: readonly bigint[]) => boolean): bigint[] {
  const { host } = c.task;
  const position = seek(c, fd, 0, SEEK_CUR);
  const buffer = c.put(new Uint8Array(CHUNK));
  const table: bigint[] = [];
  seek(c, fd, 0, SEEK_SET);
  while (!isEnough(table)) {
    const length = Number(host.syscall('getdents64', fd, host.guestPointer(buffer), CHUNK));
    if (length <= 0) break;
    const view = viewOf(c.wideBytes(buffer, length));
    for (const at of entriesOf(view)) note(table, view.getBigInt64(at + WIDE.off, true));
  }
  seek(c, fd, position, SEEK_SET);
  tables.set(fd, table);
  return table;
}
const isSmall = (position: bigint): boolean => position >= 0n && position < BigInt(FIRST_PLACE);
/** The position as the program has it; it is the table's next if it is not small. */
function note(table: bigint[], position: bigint): number {
  return isSmall(position) ? Number(position) : FIRST_PLACE + table.push(position) - 1;
}

/** The places up to the descriptor's position, which what is read next continues. */
function placesBefore(c: Narrowing, fd: number): bigint[] {
  const position = seek(c, fd, 0, SEEK_CUR);
  if (position <= 0n) {
    const table: bigint[] = [];
    tables.set(fd, table);
    return table;
  }
  const known = tables.get(fd);
  if (known !== undefined && isSmall(position)) return known;
  let place = known?.lastIndexOf(position) ?? -1;
  let table = known ?? [];
  if (place < 0) {
    table = readPlaces(c, fd, (found) => found.includes(position));
    place = table.lastIndexOf(position);
  }
  table.length = place + 1;
  return table;
}

const isDirectory = (c: Narrowing, fd: number): boolean =>
  // A buffer of no bytes is too small for an entry of a directory, and nothing else has any.
  Number(c.task.host.syscall('getdents64', fd, c.task.host.guestPointer(c.put(new Uint8Array(16))), 0)) !== -ENOTDIR;
const ENOTDIR = 20;

/** The position for lseek that a program's stands for. */
export function directoryOffset(c: Narrowing, fd: number, offset: Int, whence: number): Int {
  const place = Number(offset) - FIRST_PLACE;
  if (whence !== SEEK_SET || place < 0 || place >= FIRST_PLACE || !isDirectory(c, fd)) return offset;
  let position = tables.get(fd)?.[place];
  position ??= readPlaces(c, fd, (table) => table.length > place)[place];
  return position ?? c.fail(EINVAL);
}
/** What lseek has returned, as the program is to see it. */
export function directoryPosition(c: Narrowing, fd: number, result: number): number {
  if (result < FIRST_PLACE || !isDirectory(c, fd)) return result;
  // Numbers of JavaScript are too short for it.
  const place = placesBefore(c, fd).length - 1;
  return FIRST_PLACE + place;
}

/** What a call reads: where to, and the places that it continues. */
const reads = new WeakMap<Narrowing, { room: number; table: bigint[] }>();

/** @param room where the host writes entries to */
function reading(c: Narrowing, room: number, size: number): Int[] {
  reads.set(c, { room, table: placesBefore(c, c.u(0)) });
  return [c.u(0), room, size];
}
/** What becomes of the entries; their size then, or an error. */
function converted(
  convert: (entries: Uint8Array, table: bigint[]) => Uint8Array,
): (c: Narrowing, result: number) => number {
  return (c, result) => {
    const read = reads.get(c);
    if (result <= 0 || read === undefined) return result;
    const bytes = convert(c.wideBytes(read.room, result), read.table);
    return c.task.space.write(c.u(1), bytes) ? bytes.length : -EFAULT;
  };
}

export const DIRECTORY_CALLS: Readonly<Record<string, Narrow>> = {
  getdents64: to('getdents64', (c) => reading(c, c.u(1), c.u(2)), converted(newEntries)),
  // Entries are shorter in the old layout, so that what there is room for in the new one fits.
  getdents: to(
    'getdents64',
    (c) => {
      const size = Math.min(c.u(2), MOST);
      return reading(c, c.put(new Uint8Array(size)), size);
    },
    converted(oldEntries),
  ),
};
/** Bytes of entries in the old layout that are read at once. */
const MOST = 0x4_0000;

function newEntries(bytes: Uint8Array, table: bigint[]): Uint8Array {
  const view = viewOf(bytes);
  for (const at of entriesOf(view)) {
    view.setBigUint64(at + WIDE.ino, narrowInode(view.getBigUint64(at + WIDE.ino, true)), true);
    view.setBigInt64(at + WIDE.off, BigInt(note(table, view.getBigInt64(at + WIDE.off, true))), true);
  }
  return bytes;
}

function oldEntries(wide: Uint8Array, table: bigint[]): Uint8Array {
  const from = viewOf(wide);
  const out = new Uint8Array(wide.length);
  const target = viewOf(out);
  let end = 0;
  for (const at of entriesOf(from)) {
    const bytes = wide.subarray(at + WIDE.name, at + from.getUint16(at + WIDE.length, true));
    const name = bytes.subarray(0, bytes.indexOf(0));
    const length = (OLD.name + name.length + 2 + 3) & ~3;
    target.setUint32(end + OLD.ino, Number(narrowInode(from.getBigUint64(at + WIDE.ino, true))), true);
    target.setUint32(end + OLD.off, note(table, from.getBigInt64(at + WIDE.off, true)), true);
    target.setUint16(end + OLD.length, length, true);
    out.set(name, end + OLD.name);
    out[end + length - 1] = wide[at + WIDE.type];
    end += length;
  }
  return out.subarray(0, end);
}
