/** Signal numbers and sets as arguments. Numbers are the generic ABI's, which x86-64, riscv64, aarch64 and arm share. */
import type { Int } from '../host/host.ts';
import { addressText, type Codec, Pass, type Printing, toAddress, toInt32, toSize } from './codec.ts';
import { peek } from './peek.ts';

const NAMES =
  'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU ' +
  'XFSZ VTALRM PROF WINCH IO PWR SYS RTMIN';

let names: string[] | undefined;

/** `INT` for 2, `RTMIN` for 32, `RT_2` for 34, as strace abbreviates. */
export function signalShortName(signo: number): string {
  names ??= NAMES.split(' ');
  return names[signo - 1] ?? `RT_${signo - 32}`;
}

/** `SIGINT` for 2; a number that is no signal stays one. */
export const signalName = (signo: number): string =>
  signo >= 1 && signo <= 64 ? `SIG${signalShortName(signo)}` : String(signo);

/** A signal number. */
export const signal: Codec<number> = {
  pass: Pass.value,
  decode: (_task, raw) => toInt32(raw),
  print: (_p, raw) => signalName(toInt32(raw)),
};

/** `[INT TERM]`, or `~[KILL STOP]` when most are in the set. */
export function sigsetText(set: bigint): string {
  const members: string[] = [];
  const others: string[] = [];
  for (let signo = 1; signo <= 64; signo++) {
    const inSet = (set >> BigInt(signo - 1)) & 1n;
    (inSet === 1n ? members : others).push(signalShortName(signo));
  }
  return others.length < members.length / 2 ? `~[${others.join(' ')}]` : `[${members.join(' ')}]`;
}

/** Text of the set of 8 bytes at a guest address. */
export function sigsetAt(p: Printing, raw: Int): string {
  if (raw === 0) return 'NULL';
  const data = peek(p.task, raw, 8);
  return data === undefined ? addressText(raw) : sigsetText(new DataView(data.buffer).getBigUint64(0, true));
}

/** A signal set that the call reads; the handler gets its address. `sizeName` names the argument with its size. */
export const inSigset = (sizeName: string): Codec<number> => ({
  pass: Pass.pointer,
  refersTo: [sizeName],
  decode: (_task, raw) => toAddress(raw),
  print: (p, raw) => (toSize(p.argument(sizeName)) === 8 ? sigsetAt(p, raw) : addressText(raw)),
});

/** A signal set that the call writes. */
export const outSigset = (sizeName: string): Codec<number> => ({
  ...inSigset(sizeName),
  late: true,
  print: (p, raw) => (p.result !== undefined && p.result < 0 ? addressText(raw) : sigsetAt(p, raw)),
});
