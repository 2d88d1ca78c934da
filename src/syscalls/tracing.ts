/**
 * What tracers and traced threads tell each other (ptrace(2)): letters, which are host signals with a siginfo_t of our own
 * kind. Both are guest processes of one tree; see docs/adr/0014-tracing-by-letters.md.
 *
 * A letter goes to one thread. The host queues it like any real-time signal, so letters arrive in order and none is lost,
 * and it gets that thread out of guest code and blocking calls. The guest sees nothing of it: `Signals` takes letters out
 * of what comes in. All processes of a tree have a token, which nobody else knows: what has not got it is no letter.
 */
import type { Host, Int } from '../host/host.ts';
import { PROCESS, SLOT, slotField } from '../host/layout.ts';
import type { Task } from './task.ts';

/**
 * The host signal that letters come by. It is always recorded and never blocked; it is also glibc's SIGSETXID, and stays
 * the guest's own when it is no letter.
 */
export const LETTER_SIGNAL = 33;
/** si_code of a letter: less than that of any signal that a program sends. */
const LETTER_CODE = -0x7473;
const SIGINFO_SIZE = 128;

/** Where a letter has what: the first half of the token, i32 each: kind, sender's thread and process, three values. */
const AT = { token: 16, kind: 24, tid: 28, process: 32, a: 36, b: 40, c: 44 } as const;
const TOKEN_PART = 8;

export const LETTER = {
  // To a thread that is, or is to be, traced.
  /** a: not 0 for PTRACE_SEIZE; b: options; c: not 0 if the host had stopped it. */
  attach: 1,
  interrupt: 2,
  /** Goes on after a stop. a: one of RESUME; b: the signal that it gets, or 0. */
  resume: 3,
  /** b: as above. */
  detach: 4,
  listen: 5,
  /** Memory has been written: PROCESS.pokes. */
  poked: 6,
  /** SIGSTOP, which the host would not let anybody see. a: si_code. */
  stop: 7,
  /** Another thread of the process has brought all of them to a group-stop. a: its signal. */
  groupStop: 8,
  /** The tracer ends. */
  abandon: 9,
  // To a thread that traces. a is the traced thread's slot.
  /** The sender is traced by the receiver from now on. b: not 0 if seized. */
  traced: 10,
  /** The sender has made a thread (b: not 0) or process with the ID c, which is traced, too. a: not 0 if seized. */
  bears: 11,
  /** b: the stop's code; c: not 0 if it is a group-stop. */
  stopped: 12,
  /** a: the ID of the thread that has ended, of the process c; b: a status of wait(2). */
  ended: 13,
  /** From another thread of the tracer's process: somebody has something to report. */
  look: 14,
} as const;

export const RESUME = { cont: 0, syscall: 1, step: 2 } as const;

export const EVENT = {
  fork: 1,
  vfork: 2,
  clone: 3,
  exec: 4,
  vforkDone: 5,
  exit: 6,
  seccomp: 7,
  stop: 128,
} as const;

export const OPTION = {
  sysgood: 1,
  traceFork: 1 << EVENT.fork,
  traceVfork: 1 << EVENT.vfork,
  traceClone: 1 << EVENT.clone,
  traceExec: 1 << EVENT.exec,
  traceVforkDone: 1 << EVENT.vforkDone,
  traceExit: 1 << EVENT.exit,
  traceSeccomp: 1 << EVENT.seccomp,
  exitKill: 1 << 20,
} as const;
export const ALL_OPTIONS = Object.values(OPTION).reduce((all: number, bit) => all | bit, 0);

/** Whether a system call's number is the one by which a tracer has none made. */
export const isNoCall = (number: number): boolean => (number | 0) === -1;

export interface Thread {
  tid: number;
  process: number;
}

export interface Letter extends Thread {
  kind: number;
  a: number;
  b: number;
  c: number;
}

/** Writes a siginfo_t into the calling thread's place for that, and gives its offset in the process memory. */
function putLetter(host: Host, slot: number, bytes: Uint8Array): number {
  const at = slotField(slot, SLOT.letter);
  new Uint8Array(host.processMemory.buffer).set(bytes, at);
  return at;
}

/** Makes a call that no waiting signal keeps from being made, without the staging buffer. */
export function queueSignal(task: Pick<Task, 'host' | 'slot'>, to: Thread, info: Uint8Array): Int {
  const { host } = task;
  const at = putLetter(host, task.slot, info);
  const pointer = host.processes!.processPointer(at);
  return host.syscall('rt_tgsigqueueinfo', to.process, to.tid, info[0], pointer);
}

/** Sends a letter: 0, or a negative errno (ESRCH: there is no such thread any more). */
export function sendLetter(task: Pick<Task, 'host' | 'slot'>, to: Thread, kind: number, a = 0, b = 0, c = 0): Int {
  const { host } = task;
  const info = new Uint8Array(SIGINFO_SIZE);
  const fields = new DataView(info.buffer);
  fields.setInt32(0, LETTER_SIGNAL, true);
  fields.setInt32(8, LETTER_CODE, true);
  info.set(new Uint8Array(host.processMemory.buffer, PROCESS.token, TOKEN_PART), AT.token);
  fields.setInt32(AT.kind, kind, true);
  fields.setInt32(AT.tid, Number(host.syscall('gettid')), true);
  fields.setInt32(AT.process, Number(host.syscall('getpid')), true);
  fields.setInt32(AT.a, a, true);
  fields.setInt32(AT.b, b, true);
  fields.setInt32(AT.c, c, true);
  return queueSignal(task, to, info);
}

/** What a signal says that is a letter; undefined for all others. */
export function readLetter(host: Host, info: Uint8Array): Letter | undefined {
  const fields = new DataView(info.buffer, info.byteOffset, info.byteLength);
  if (info[0] !== LETTER_SIGNAL || fields.getInt32(8, true) !== LETTER_CODE) return undefined;
  const token = new Uint8Array(host.processMemory.buffer, PROCESS.token, TOKEN_PART);
  if (!token.every((byte, i) => info[AT.token + i] === byte)) return undefined;
  const at = (offset: number): number => fields.getInt32(offset, true);
  return { kind: at(AT.kind), tid: at(AT.tid), process: at(AT.process), a: at(AT.a), b: at(AT.b), c: at(AT.c) };
}

/** A siginfo_t of SI_USER's kind. */
export function userInfo(signo: number, code: number, pid: number, uid: number): Uint8Array {
  const info = new Uint8Array(SIGINFO_SIZE);
  const fields = new DataView(info.buffer);
  fields.setInt32(0, signo, true);
  fields.setInt32(8, code, true);
  fields.setInt32(16, pid, true);
  fields.setInt32(20, uid, true);
  return info;
}
