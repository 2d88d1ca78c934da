/**
 * The notation of a system call: one row says its name, the types of its
 * arguments, how it is carried out, and how well.
 *
 *     syscall('fsync', { fd })                                   passed on to the host
 *     syscall('getrandom', { buf: out('buflen'), buflen: size, flags: flags(GRND) },
 *       (task, { buf, buflen, flags }) => ...)                   ours
 *     syscall('ioctl', { ... }, handler, partial('no block devices'), restarts('never'))
 *     refused('rseq', { ... }, 'why')                            -ENOSYS
 *
 * Argument names are those of the manual page's synopsis, in the order of the
 * kernel's arguments. A handler returns the result or a negative errno.
 */
import type { Int } from '../host/host.ts';
import { type Codec, dirfd, type Printing } from './codec.ts';
import { ENOSYS } from './errno.ts';
import type { AARCH64_SYSCALLS } from './numbers/aarch64.ts';
import type { RISCV64_SYSCALLS } from './numbers/riscv64.ts';
import type { SyscallResult, Task } from './task.ts';

/** A system call that some architecture has a number for. */
export type SyscallName =
  | (typeof RISCV64_SYSCALLS)[keyof typeof RISCV64_SYSCALLS]
  | (typeof AARCH64_SYSCALLS)[keyof typeof AARCH64_SYSCALLS]
  /** Of 32-bit arm alone; its others are made as those of 64-bit programs, see narrow.ts. */
  | 'cacheflush'
  | 'set_tls'
  | 'get_tls';

export type Arguments = Readonly<Record<string, Codec<unknown>>>;
export type Values<A extends Arguments> = { readonly [K in keyof A]: A[K] extends Codec<infer T> ? T : never };
export type Handler<A extends Arguments> = (task: Task, values: Values<A>) => SyscallResult;

/**
 * What happens when the host's call comes back with EINTR, signal(7) "Interruption of system calls":
 * `sa`: made again if the handler has SA_RESTART, else EINTR; `never`: always EINTR; `always`, which is the default:
 * made again, because the kernel does not interrupt this call (a signal was waiting before it was made).
 */
export type RestartClass = 'sa' | 'never' | 'always';

/**
 * How a result that is no error is printed by -strace; `none`: the call does not return; `restored`: what the call left
 * in the register.
 */
export type ResultFormat = 'decimal' | 'hex' | 'octal' | 'none' | 'restored' | ((p: Printing, result: Int) => string);

/** What a row says beyond name, arguments and handler. */
export interface Marks {
  /** What is missing, for docs/syscalls.md; undefined when complete. */
  partial?: string;
  restart?: RestartClass;
  /** Not carried out: -ENOSYS. */
  refused?: true;
  /** The host makes the call at once where no codec of its arguments wants its handler to see them. */
  mostlyPassed?: true;
  /** For docs/syscalls.md. */
  note?: string;
  prints?: ResultFormat;
}

export interface Row {
  readonly name: SyscallName;
  readonly names: readonly string[];
  readonly codecs: readonly Codec<unknown>[];
  readonly handler: Handler<Arguments> | undefined;
  readonly marks: Marks;
}

/** Declares a system call. Without a handler its arguments are converted in order and the host makes the call. */
export function syscall<A extends Arguments>(
  name: SyscallName,
  args: A,
  handler?: Handler<A> | Marks,
  ...marks: Marks[]
): Row {
  const own = typeof handler === 'function' ? (handler as unknown as Handler<Arguments>) : undefined;
  if (handler !== undefined && own === undefined) marks.unshift(handler as Marks);
  return {
    name,
    names: Object.keys(args),
    codecs: relativePaths(Object.values(args)),
    handler: own,
    marks: marks.length === 0 ? NO_MARKS : Object.assign({}, ...marks),
  };
}

/** A path is relative to the directory whose descriptor stands before it, as in all *at calls. */
const relativePaths = (codecs: readonly Codec<unknown>[]): readonly Codec<unknown>[] =>
  codecs.map((codec, i) => (codecs[i - 1] === dirfd ? (codec.behindDirectory?.(i - 1) ?? codec) : codec));

const NO_MARKS: Marks = {};

/** The call works but for what `missing` says. */
export const partial = (missing: string): Marks => ({ partial: missing });
export const restarts = (restart: RestartClass): Marks => ({ restart });
export const mostlyPassed: Marks = { mostlyPassed: true };
export const note = (text: string): Marks => ({ note: text });
export const prints = (format: ResultFormat): Marks => ({ prints: format });

/** A call that we refuse on purpose, as a kernel built without it does: -ENOSYS. */
export function refused(name: SyscallName, args: Arguments, text: string): Row {
  return syscall(name, args, () => -ENOSYS, { refused: true, note: text });
}
