/**
 * System calls of 32-bit programs, as those of 64-bit ones: each has a row
 * already, which is given other arguments. What a pointer leads to is converted
 * in memory of the thread's own above the 4 GiB that the program can address,
 * and back when the call has returned.
 *
 *     clock_gettime: to('clock_gettime', (c) => [c.u(0), c.out(1, TIMESPEC)])
 *
 * A call that is not named in the tables (narrow-calls.ts) has no pointers but
 * to bytes and to what is the same for both; its arguments are unsigned words.
 */

import { narrowSiginfo, widenSiginfo } from '../cpu/siginfo-32.ts';
import type { Int } from '../host/host.ts';
import { EFAULT } from './errno.ts';
import type { SyscallName } from './row.ts';
import { getField, type Layout, parseLayout, setField } from './struct.ts';
import type { SyscallResult, Task } from './task.ts';

const UIO_MAXIOV = 1024;
/** Bytes of each thread's memory for what is converted. */
const ROOM = 1 << 20;
/** Behind what an index of 32 bits reaches with an offset, and a guard. */
const START = 0x1_0001_0000;

const [PROT_READ_WRITE, MAP_FIXED_PRIVATE_ANONYMOUS] = [3, 0x32];

/** A structure in both layouts; fields of the same names correspond. */
export interface Pair {
  narrow: Layout;
  wide: Layout;
}
export const pairOf = (narrow: string, wide: string): Pair => ({
  narrow: parseLayout(narrow),
  wide: parseLayout(wide),
});

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function convert(bytes: Uint8Array, from: Layout, to: Layout): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(to.size);
  const [source, target] = [viewOf(bytes), viewOf(result)];
  for (const field of to.fields) {
    const origin = from.fields.find(({ name }) => name === field.name);
    if (origin === undefined) continue;
    if (field.count > 1 || origin.count > 1)
      result.set(bytes.subarray(origin.offset, origin.offset + Math.min(origin.size, field.size)), field.offset);
    else setField(target, 0, field, getField(source, 0, origin));
  }
  return result;
}

/** One call's arguments on their way. */
export class Narrowing {
  readonly task: Task;
  private readonly base: number;
  private top = 0;
  private error = 0;
  private readonly back: ((result: number) => boolean)[] = [];

  constructor(task: Task) {
    this.task = task;
    this.base = START + task.slot * ROOM;
  }

  /** A word, unsigned: an int of the kernel takes the low 32 bits of it. */
  u(index: number): number {
    return Number(this.task.cpu.argument(index)) >>> 0;
  }
  /** A long with its sign. */
  s(index: number): number {
    return this.u(index) | 0;
  }
  /** 64 bits in two registers, the low word first. */
  long(index: number): Int {
    return BigInt.asIntN(64, (BigInt(this.u(index + 1)) << 32n) | BigInt(this.u(index)));
  }

  /** The result once everything is back where the program wants it, or the error. */
  finish(result: SyscallResult): SyscallResult {
    if (typeof result === 'symbol') return result;
    for (const step of this.back) if (!step(Number(result))) return -EFAULT;
    return result;
  }
  get failure(): number {
    return this.error;
  }
  fail(errno: number): 0 {
    this.error ||= -errno;
    return 0;
  }

  read(address: number, length: number): Uint8Array {
    const bytes = length === 0 ? new Uint8Array(0) : this.task.space.read(address, length);
    if (bytes === undefined) this.fail(EFAULT);
    return bytes ?? new Uint8Array(length);
  }
  /** Puts bytes where only the call sees them; their address. */
  put(bytes: Uint8Array): number {
    const address = this.base + this.top;
    this.top += (bytes.length + 15) & ~15;
    if (this.top > ROOM) return this.fail(EFAULT);
    if (!this.task.space.write(address, bytes)) {
      const { host } = this.task;
      host.syscall('mmap', host.guestPointer(this.base), ROOM, PROT_READ_WRITE, MAP_FIXED_PRIVATE_ANONYMOUS, -1, 0);
      this.task.space.write(address, bytes);
    }
    return address;
  }
  /** When the call has been made: changes the program's memory if the result is none of an error. */
  after(step: (result: number) => boolean): void {
    this.back.push((result) => result < 0 || step(result));
  }
  wideBytes(address: number, length: number): Uint8Array {
    return this.task.space.read(address, length) ?? new Uint8Array(length);
  }

  /** A structure that the call reads. */
  in(index: number, type: Pair): number {
    const at = this.u(index);
    return at === 0 ? 0 : this.inAt(at, type);
  }
  inAt(at: number, { narrow, wide }: Pair): number {
    return this.put(convert(this.read(at, narrow.size), narrow, wide));
  }
  /** A structure that it writes. */
  out(index: number, type: Pair): number {
    const at = this.u(index);
    if (at === 0) return 0;
    const there = this.put(new Uint8Array(type.wide.size));
    this.writeBack(at, there, type);
    return there;
  }
  /** One that it reads and writes. */
  inOut(index: number, type: Pair): number {
    const at = this.u(index);
    if (at === 0) return 0;
    const there = this.inAt(at, type);
    this.writeBack(at, there, type);
    return there;
  }
  private writeBack(at: number, there: number, { narrow, wide }: Pair): void {
    this.after(() => this.task.space.write(at, convert(this.wideBytes(there, wide.size), wide, narrow)));
  }
  /** A structure that is written even if the call fails, as the time left of a sleep is. */
  outAlways(index: number, type: Pair): number {
    const at = this.u(index);
    if (at === 0) return 0;
    const there = this.inAt(at, type);
    this.back.push(() =>
      this.task.space.write(at, convert(this.wideBytes(there, type.wide.size), type.wide, type.narrow)),
    );
    return there;
  }

  /** An array of structures that the call reads. */
  inArray(at: number, count: number, { narrow, wide }: Pair): number {
    if (at === 0 || count <= 0 || count > 0x4000) return at;
    const bytes = this.read(at, narrow.size * count);
    const result = new Uint8Array(wide.size * count);
    for (let i = 0; i < count; i++) {
      result.set(convert(bytes.subarray(i * narrow.size, (i + 1) * narrow.size), narrow, wide), i * wide.size);
    }
    return this.put(result);
  }
  /** struct iovec. */
  iovec(index: number, count: number): number {
    // What there are too many of is not looked at.
    return count >>> 0 > UIO_MAXIOV ? this.u(index) : this.inArray(this.u(index), count, IOVEC);
  }
  /** A vector of pointers up to NULL: argv. */
  pointers(index: number): number {
    const at = this.u(index);
    if (at === 0) return 0;
    const found: bigint[] = [];
    for (;;) {
      const word = this.task.space.readU32(at + 4 * found.length);
      if (word === undefined) return this.fail(EFAULT);
      found.push(BigInt(word));
      if (word === 0 || found.length > ROOM / 16) break;
    }
    return this.put(new Uint8Array(BigUint64Array.from(found).buffer));
  }
  /** siginfo_t. */
  outSiginfo(index: number): number {
    const at = this.u(index);
    if (at === 0) return 0;
    const there = this.put(new Uint8Array(128));
    this.after(() => this.task.space.write(at, narrowSiginfo(this.wideBytes(there, 128))));
    return there;
  }
  inSiginfo(index: number): number {
    const at = this.u(index);
    return at === 0 ? 0 : this.put(widenSiginfo(this.read(at, 128)));
  }
}

const WIDE_TIMESPEC = 'sec:i64 nsec:i64';
export const TIMESPEC: Pair = pairOf('sec:i32 nsec:i32', WIDE_TIMESPEC);
/** Of the calls with 64-bit times; above tv_nsec is padding. */
export const TIMESPEC64: Pair = pairOf('sec:i64 nsec:i32 pad:u32', WIDE_TIMESPEC);
export const SIGEVENT: Pair = pairOf(
  'value:u32 signo:i32 notify:i32 tid:i32 rest:u8[48]',
  'value:u64 signo:i32 notify:i32 tid:i32 rest:u8[44]',
);
export const IOVEC = pairOf('base:u32 length:u32', 'base:u64 length:u64');

/** How a call is made: by which row, and with which arguments. */
export interface Narrow {
  readonly target: SyscallName;
  readonly args: (c: Narrowing) => Int[];
  /** What becomes of the result. */
  readonly result?: (c: Narrowing, result: number) => SyscallResult;
}
export const to = (target: SyscallName, args: Narrow['args'], result?: Narrow['result']): Narrow => ({
  target,
  args,
  result,
});

/** All six arguments as they are. */
export const plain = (c: Narrowing): Int[] => [0, 1, 2, 3, 4, 5].map((index) => c.u(index));
