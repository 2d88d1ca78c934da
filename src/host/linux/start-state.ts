/**
 * What the launcher (native/launcher.c) recorded before it started Node, read
 * from the memory file that it left open.
 *
 * The file: little-endian 64-bit words as {@link StateWord} says, then argc
 * strings of the command line, envc of the environment, and one that lists the
 * inherited descriptors with high numbers (decimal, a space behind each), all
 * of them ended by NUL.
 */
import { closeSync, fstatSync, readSync } from 'node:fs';
import type { StartState } from '../host.ts';

/** First word of the file: "tsemu1" and the version of this layout. */
export const STATE_MAGIC = 0x0002_7573_6d65_7374n;

/** Word numbers in the file. The build passes them to the launcher. */
export const StateWord = {
  magic: 0,
  ignored: 1,
  blocked: 2,
  /** Bit n set: descriptor n (0–2) was closed. */
  closed: 3,
  argc: 4,
  envc: 5,
  /** Descriptors from here on are Node's, unless listed as inherited. */
  fillerLimit: 6,
  /** 16 times soft and hard limit, by RLIMIT_* number. */
  rlimits: 7,
  /** Bitmap of the descriptors below that limit (at most 1,024) that the launcher occupied while Node starts. */
  fillers: 39,
  /** AT_FLAGS: bit 0 says that binfmt_misc left the program's argv[0] in place (its flag P). */
  flags: 55,
  /** AT_SECURE. */
  secure: 56,
  /** AT_EXECFD moved up, all bits set for none: binfmt_misc has opened the program (its flag O). */
  program: 57,
  /** Where the strings start. */
  strings: 58,
} as const;

const AT_FLAGS_PRESERVE_ARGV0 = 1n;
const NO_DESCRIPTOR = 2n ** 64n - 1n;

export const RLIMIT_COUNT = 16;

/** {@link StartState} with what only the linux adapter needs. */
export interface LauncherState extends StartState {
  /** Bit n set: descriptor n (0–2) was closed. */
  closedDescriptors: number;
  /** Ranges [first, last] of descriptors that only keep a place and are to be closed. */
  fillers: readonly (readonly [first: number, last: number])[];
  /** Descriptors from this on are Node's, but for the inherited ones. */
  ownFrom: number;
  inherited: readonly number[];
  /** Set if the kernel's binfmt_misc has started this process and said so. */
  registered?: {
    /** The program's argv[0] is in argv, behind the program's path. */
    keepsArgv0: boolean;
    /** Descriptor of the program, open for reading even if its file is not readable. */
    descriptor?: number;
  };
}

/** Reads the state from the launcher's descriptor and closes that. Throws if it is not the launcher's. */
export function readLauncherState(fd: number): LauncherState {
  const { size } = fstatSync(fd);
  const file = Buffer.allocUnsafe(size > 0 ? size : 0x100000);
  let length = 0;
  for (let count = 1; count > 0 && length < file.length; length += count) {
    // A memory file is read from its start whatever the launcher left the offset at; a pipe has no offset.
    count = readSync(fd, file, length, file.length - length, size > 0 ? length : null);
  }
  closeSync(fd);
  return parseLauncherState(file.subarray(0, length));
}

/** Decodes the launcher's file. Throws if it is damaged. */
export function parseLauncherState(file: Buffer): LauncherState {
  const word = (index: number): bigint => file.readBigUInt64LE(index * 8);
  if (file.length < StateWord.strings * 8 || word(StateWord.magic) !== STATE_MAGIC) {
    throw new Error('not the state file of a tsemu launcher of this version');
  }
  const strings = file.toString('latin1', StateWord.strings * 8).split('\0');
  const argc = Number(word(StateWord.argc));
  const envc = Number(word(StateWord.envc));
  if (strings.length !== argc + envc + 2) throw new Error('damaged state file');
  const ownFrom = Number(word(StateWord.fillerLimit));
  const [flags, program] = [word(StateWord.flags), word(StateWord.program)];
  const keepsArgv0 = (flags & AT_FLAGS_PRESERVE_ARGV0) !== 0n;
  const descriptor = program === NO_DESCRIPTOR ? undefined : Number(program);
  const rlimits: { soft: bigint; hard: bigint }[] = [];
  for (let i = 0; i < RLIMIT_COUNT; i++) {
    rlimits.push({ soft: word(StateWord.rlimits + 2 * i), hard: word(StateWord.rlimits + 2 * i + 1) });
  }
  return {
    ignoredSignals: word(StateWord.ignored),
    blockedSignals: word(StateWord.blocked),
    rlimits,
    argv: strings.slice(0, argc),
    env: strings.slice(argc, argc + envc),
    closedDescriptors: Number(word(StateWord.closed)),
    fillers: bitRanges(file.subarray(StateWord.fillers * 8), ownFrom),
    ownFrom,
    inherited: strings[argc + envc].split(' ').slice(0, -1).map(Number),
    isSecure: word(StateWord.secure) !== 0n,
    registered: keepsArgv0 || descriptor !== undefined ? { keepsArgv0, descriptor } : undefined,
  };
}

/** Runs of set bits below `limit`, first and last bit each. */
function bitRanges(bitmap: Uint8Array, limit: number): [number, number][] {
  const ranges: [number, number][] = [];
  let last: [number, number] | undefined;
  for (let bit = 0; bit < limit; bit++) {
    if ((bitmap[bit >> 3] & (1 << (bit & 7))) === 0) last = undefined;
    else if (last === undefined) ranges.push((last = [bit, bit]));
    else last[1] = bit;
  }
  return ranges;
}
