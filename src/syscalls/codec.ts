/**
 * Codecs: the types of system call arguments. A codec turns a register into
 * what a handler wants, into what the host's system call wants, and into what
 * -strace shows. Structures are in struct.ts, paths in paths.ts, vectors of
 * buffers in iovec.ts.
 *
 *     { fd, buf: out('count'), count: size }
 *
 * A pointer is a guest address as a number; an address that no number holds
 * becomes BAD_ADDRESS, which faults.
 */
import type { Int } from '../host/host.ts';
import { fail } from './call.ts';
import { EBADF } from './errno.ts';
import { peek } from './peek.ts';
import type { Task } from './task.ts';
import { flagNames, hexText, octalText, quoted, quotedHex, SHOWN } from './text.ts';

/** What a codec may ask while it prints. */
export interface Printing {
  readonly task: Task;
  /** The call's result; undefined while it has not returned. */
  readonly result: Int | undefined;
  /** Register value of the argument called `name`. */
  argument(name: string): Int;
}

/**
 * How the dispatcher turns a register into the host's argument without asking the codec. `stop`: a value which, if it is
 * SIGSTOP, the row's handler is to see.
 */
export const Pass = { value: 0, pointer: 1, fd: 2, convert: 3, stop: 4 } as const;

export interface Codec<T> {
  readonly pass: 0 | 1 | 2 | 3 | 4;
  /** If the guest has a root directory of its own, the codec is asked all the same. */
  readonly inRoot?: true;
  /** What a handler gets. May {@link fail}. */
  decode(task: Task, raw: Int): T;
  /** The host's argument, only for `Pass.convert` and `inRoot`. May {@link fail}, and ask for more with onReturn. */
  toHost?(task: Task, raw: Int): Int;
  /** Text for -strace; undefined leaves the argument out (openat's mode without O_CREAT). */
  print(p: Printing, raw: Int): string | undefined;
  /** Printed after the call (an output). */
  readonly late?: boolean;
  /** The argument names a file: a sandbox has to have looked at it. */
  readonly isPath?: true;
  /** Names of other arguments that this one refers to. */
  readonly refersTo?: readonly string[];
  /** For a path: the same, relative to the directory whose descriptor is argument number `index`. */
  readonly behindDirectory?: (index: number) => Codec<T>;
}

/** An address that faults: never mapped in any guest. */
export const BAD_ADDRESS = -1;

export const toInt32 = (raw: Int): number => (typeof raw === 'number' ? raw | 0 : Number(BigInt.asIntN(32, raw)));
export const toUint32 = (raw: Int): number => toInt32(raw) >>> 0;
/** The greatest number below 2^64. */
const GREATEST = 2 ** 64 - 2 ** 11;
/** Unsigned 64 bits, rounded above 2^53 to what has 64 bits, too. */
export const toSize = (raw: Int): number =>
  typeof raw === 'number' && raw >= 0 ? raw : Math.min(Number(BigInt.asUintN(64, BigInt(raw))), GREATEST);
export const toAddress = (raw: Int): number => (typeof raw === 'number' && raw >= 0 ? raw : BAD_ADDRESS);

const value = <T>(decode: (raw: Int) => T, print: (raw: Int) => string): Codec<T> => ({
  pass: Pass.value,
  decode: (_task, raw) => decode(raw),
  print: (_p, raw) => print(raw),
});

/** C int. */
export const int = value(toInt32, (raw) => String(toInt32(raw)));
/** C unsigned int. */
export const uint = value(toUint32, (raw) => String(toUint32(raw)));
/** C long, loff_t: signed 64 bits. */
export const long = value(
  (raw) => raw,
  (raw) => String(raw),
);
/** size_t, as a number (rounded above 2^53). */
export const size = value(toSize, (raw) => String(BigInt.asUintN(64, BigInt(raw))));
/** unsigned long, as it lies in the register (negative above 2^63). */
export const ulong = value(
  (raw) => raw,
  (raw) => String(BigInt.asUintN(64, BigInt(raw))),
);
/** unsigned int in hexadecimal. */
export const hex = value(toUint32, (raw) => hexText(toUint32(raw)));
/** unsigned long in hexadecimal. */
export const hexLong = value((raw) => raw, hexText);
/** mode_t. */
export const mode = value(toUint32, (raw) => octalText(toUint32(raw)));
/** pid_t. */
export const pid = value(toInt32, (raw) => String(toInt32(raw)));
/** uid_t and gid_t; -1 means no change. */
export const uid = value(toUint32, (raw) => String(toInt32(raw) === -1 ? -1 : toUint32(raw)));

const fdText = (raw: Int): string => {
  const n = toInt32(raw);
  return n === -100 ? 'AT_FDCWD' : String(n);
};

const decodeFd = (task: Task, raw: Int): number => {
  const n = toInt32(raw);
  if (task.process.hiddenDescriptors.has(n)) fail(EBADF);
  return n;
};

/** A file descriptor; the emulator's own do not exist for the guest (EBADF). */
export const fd: Codec<number> = { pass: Pass.fd, decode: decodeFd, print: (_p, raw) => String(toInt32(raw)) };
/** The directory of an *at call, AT_FDCWD included. */
export const dirfd: Codec<number> = { pass: Pass.fd, decode: decodeFd, print: (_p, raw) => fdText(raw) };

/** Values by name; printed in this order, so list a name that covers several bits before its parts. */
export type FlagTable = Readonly<Record<string, number>>;

/** Or-ed flags of 32 bits. `none` is what 0 prints as. */
export const flags = (table: FlagTable, none = '0'): Codec<number> =>
  value(toUint32, (raw) => flagNames(table, toUint32(raw), none));

/** One of several values. */
export const choice = (table: FlagTable): Codec<number> =>
  value(toInt32, (raw) => choiceName(table, toInt32(raw)) ?? hexText(toUint32(raw)));

export function choiceName(table: FlagTable, n: number): string | undefined {
  for (const name in table) if (table[name] === n) return name;
  return undefined;
}

/** An address as it lies in the register: AddressSpace judges those that no number holds. */
export const address: Codec<Int> = {
  pass: Pass.value,
  decode: (_task, raw) => raw,
  print: (_p, raw) => addressText(raw),
};

/** A pointer that is not looked at. */
export const pointer: Codec<number> = {
  pass: Pass.pointer,
  decode: (_task, raw) => toAddress(raw),
  print: (_p, raw) => addressText(raw),
};

export const addressText = (raw: Int): string => (raw === 0 || raw === 0n ? 'NULL' : hexText(raw));

function bufferText(p: Printing, raw: Int, length: number): string {
  if (raw === 0) return 'NULL';
  const data = peek(p.task, raw, Math.min(length, SHOWN));
  return data === undefined ? addressText(raw) : quoted(data, length > SHOWN);
}

/** A buffer that the call fills with `result` bytes; `sizeName` is the argument with its size. */
export const out = (sizeName: string): Codec<number> => ({
  pass: Pass.pointer,
  late: true,
  refersTo: [sizeName],
  decode: (_task, raw) => toAddress(raw),
  print: (p, raw) => {
    if (p.result === undefined || p.result < 0) return addressText(raw);
    const room = toSize(p.argument(sizeName));
    return bufferText(p, raw, Math.min(Number(p.result), room));
  },
});

/** Like {@link out}, for random bytes: shown in hexadecimal. */
export const outHex = (sizeName: string): Codec<number> => ({
  ...out(sizeName),
  print: (p, raw) => {
    const filled = Number(p.result ?? -1);
    const data = filled < 0 ? undefined : peek(p.task, raw, Math.min(filled, SHOWN));
    return data === undefined ? addressText(raw) : quotedHex(data, filled > SHOWN);
  },
});

/** A buffer that the call reads; `sizeName` is the argument with its length. */
export const bytes = (sizeName: string): Codec<number> => ({
  pass: Pass.pointer,
  refersTo: [sizeName],
  decode: (_task, raw) => toAddress(raw),
  print: (p, raw) => bufferText(p, raw, toSize(p.argument(sizeName))),
});

/** Bytes read of a string at most when it is printed. */
const STRING_MAX = 4096;

export function stringText(p: Printing, raw: Int, max = STRING_MAX): string {
  if (raw === 0) return 'NULL';
  if (typeof raw !== 'number') return addressText(raw);
  const length = p.task.host.stringLength(raw, max);
  if (length < 0) return addressText(raw);
  const data = peek(p.task, raw, length);
  return data === undefined ? addressText(raw) : quoted(data, length === max);
}

/** A NUL-terminated string that is passed on as it is; not a path (see paths.ts). */
export const cstring: Codec<number> = {
  pass: Pass.pointer,
  decode: (_task, raw) => toAddress(raw),
  print: stringText,
};

/** `count` C ints that the call writes: pipe2. */
export const outInts = (count: number): Codec<number> => ({
  pass: Pass.pointer,
  late: true,
  decode: (_task, raw) => toAddress(raw),
  print: (p, raw) => {
    if (p.result === undefined || p.result < 0) return addressText(raw);
    const data = peek(p.task, raw, 4 * count);
    if (data === undefined) return addressText(raw);
    const view = new DataView(data.buffer, data.byteOffset);
    return `[${Array.from({ length: count }, (_, i) => view.getInt32(4 * i, true)).join(', ')}]`;
  },
});
