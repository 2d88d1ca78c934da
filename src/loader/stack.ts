/**
 * The stack a program starts with: argument and environment strings, the
 * auxiliary vector, and the pointers to them, as execve(2) leaves them.
 *
 *     sp →  argc, argv[…], NULL, envp[…], NULL, auxv[…]      one word each, sp aligned to 16
 *           padding, 16 random bytes (aligned), platform string
 *           argv strings, envp strings, file name
 *           8 zero bytes                                     top
 *
 * Strings are latin1: one character a byte.
 */
import type { GuestAbi } from '../cpu/guest-abi.ts';

/** Types of auxiliary vector entries: elf.h, getauxval(3). */
export const AT = {
  NULL: 0,
  PHDR: 3,
  PHENT: 4,
  PHNUM: 5,
  PAGESZ: 6,
  BASE: 7,
  FLAGS: 8,
  ENTRY: 9,
  UID: 11,
  EUID: 12,
  GID: 13,
  EGID: 14,
  PLATFORM: 15,
  HWCAP: 16,
  CLKTCK: 17,
  SECURE: 23,
  RANDOM: 25,
  HWCAP2: 26,
  EXECFN: 31,
  SYSINFO_EHDR: 33,
  MINSIGSTKSZ: 51,
} as const;

/** One string may have this many bytes, its NUL included (MAX_ARG_STRLEN). */
const MAX_STRING = 131072;
/** What all strings and pointers may have at least (ARG_MAX) and at most (three quarters of the default stack). */
const MIN_TOTAL = 131072;
const MAX_TOTAL = 6 << 20;

export const RANDOM_SIZE = 16;

export interface StackContents {
  argv: readonly string[];
  env: readonly string[];
  /** AT_EXECFN. */
  execfn: string;
  /** AT_RANDOM's bytes. */
  random: Uint8Array;
  /** Entries that do not point into the stack, in their order; AT_NULL is added. */
  auxv: readonly (readonly [type: number, value: number | bigint])[];
}

export interface InitialStack {
  sp: number;
  /** What lies between sp and the top. */
  bytes: Uint8Array;
  /** The auxiliary vector, AT_NULL included. */
  auxv: Uint8Array;
  argStart: number;
  argEnd: number;
  envStart: number;
  envEnd: number;
}

/** True if execve(2) would fail with E2BIG under a stack limit (soft RLIMIT_STACK) of `stackLimit` bytes. */
export function tooManyArguments(
  contents: Pick<StackContents, 'argv' | 'env' | 'execfn'>,
  stackLimit: number,
  wordSize: number,
): boolean {
  const { argv, env, execfn } = contents;
  const limit = Math.max(Math.min(MAX_TOTAL, stackLimit / 4), MIN_TOTAL);
  let total = (Math.max(argv.length, 1) + env.length) * wordSize + execfn.length + 1;
  for (const strings of [argv, env]) {
    for (const string of strings) {
      if (string.length + 1 > MAX_STRING) return true;
      total += string.length + 1;
    }
  }
  return total > limit;
}

/** Lays the stack out below `top`, which is a multiple of 16. */
export function buildStack(abi: GuestAbi, top: number, contents: StackContents): InitialStack {
  const { env, execfn, random } = contents;
  const { wordSize } = abi;
  // Linux gives a program without arguments an empty one, since 5.18.
  const argv = contents.argv.length === 0 ? [''] : contents.argv;
  const platform = abi.platform;

  let stringsSize = execfn.length + 1;
  for (const string of argv) stringsSize += string.length + 1;
  for (const string of env) stringsSize += string.length + 1;
  const stringsStart = top - 8 - stringsSize;
  const platformStart = platform === undefined ? stringsStart : stringsStart - (platform.length + 1);
  const randomStart = Math.floor(platformStart / 16) * 16 - RANDOM_SIZE;

  const pairs = [...contents.auxv];
  const put = (type: number, value: number | bigint) => pairs.push([type, value]);
  put(AT.RANDOM, randomStart);
  if (abi.hwcap2 !== undefined) put(AT.HWCAP2, abi.hwcap2);
  put(AT.EXECFN, top - 8 - (execfn.length + 1));
  if (platform !== undefined) put(AT.PLATFORM, platformStart);
  put(AT.NULL, 0);

  const words = 1 + argv.length + 1 + env.length + 1 + 2 * pairs.length;
  const sp = Math.floor((randomStart - words * wordSize) / 16) * 16;
  const bytes = new Uint8Array(top - sp);
  const view = new DataView(bytes.buffer);
  let at = 0;
  const word = (value: number | bigint) => {
    if (wordSize === 8) view.setBigUint64(at, BigInt(value), true);
    else view.setUint32(at, Number(value), true);
    at += wordSize;
  };
  let next = stringsStart - sp;
  const buffer = Buffer.from(bytes.buffer);
  const string = (text: string) => {
    const start = next;
    next += buffer.write(text, start, 'latin1') + 1;
    return start + sp;
  };

  word(argv.length);
  for (const text of argv) word(string(text));
  word(0);
  const envStart = next + sp;
  for (const text of env) word(string(text));
  word(0);
  const envEnd = next + sp;
  string(execfn);
  const auxvStart = at;
  for (const [type, value] of pairs) {
    word(type);
    word(value);
  }
  bytes.set(random, randomStart - sp);
  if (platform !== undefined) {
    next = platformStart - sp;
    string(platform);
  }
  return {
    sp,
    bytes,
    auxv: bytes.slice(auxvStart, at),
    argStart: stringsStart,
    argEnd: envStart,
    envStart,
    envEnd,
  };
}
