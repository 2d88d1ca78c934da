/**
 * seccomp(2): filters that the guest puts on its own system calls. They see the guest's numbers and arguments, and the host
 * knows nothing of them, so they are run here, before a call is looked at in any other way.
 *
 * Filters lie in the process memory: a record each, which never changes, with the one that was there before as its parent.
 * Each thread's slot says which is its newest, 0 for none. A new thread and a new process have their parent's; execve keeps
 * them.
 */
import type { Int } from '../host/host.ts';
import { PROCESS, SLOT, SLOT_STATE, slotField } from '../host/layout.ts';
import { type BpfProgram, DATA, isValid, LONGEST_PROGRAM, run } from './bpf.ts';
import { steadyCall } from './call.ts';
import { toAddress } from './codec.ts';
import { EACCES, EFAULT, EINVAL, ENOMEM, ENOSYS, EOPNOTSUPP, ESRCH } from './errno.ts';
import { fetch, stage, stagedUint64, view } from './staging.ts';
import { NO_RESULT, type SyscallResult, type Task } from './task.ts';

const OPERATION = { strict: 0, filter: 1, isAvailable: 2 } as const;
const FLAG = { sync: 1, log: 2, allowSpeculation: 4, syncEsrch: 16 } as const;
/** SECCOMP_FILTER_FLAG_NEW_LISTENER and WAIT_KILLABLE_RECV are of user notification, which is not there. */
const FLAGS = FLAG.sync | FLAG.log | FLAG.allowSpeculation | FLAG.syncEsrch;

const ACTION = {
  killProcess: 0x8000_0000,
  killThread: 0,
  trap: 0x3_0000,
  errno: 0x5_0000,
  trace: 0x7ff0_0000,
  log: 0x7ffc_0000,
  allow: 0x7fff_0000,
} as const;
const ACTIONS: readonly number[] = Object.values(ACTION);
const ACTION_MASK = 0xffff_0000;
const USER_NOTIFICATION = 0x7fc0_0000;
const DATA_MASK = 0xffff;
const MAX_ERRNO = 4095;

/** SECCOMP_MODE_...; what prctl says. */
const MODE = { none: 0, strict: 1, filter: 2 } as const;
/** In place of a filter in a thread's slot. */
const STRICT = -1;
const STRICT_CALLS = ['read', 'write', 'exit', 'rt_sigreturn'];

/** MAX_INSNS_PER_PATH of the kernel, for which each filter counts as four more. It counts those that it has made of them. */
const MOST_INSTRUCTIONS = 32768;
const FILTER_COST = 4;
/** A filter's record: offset of the parent, number of instructions, and these. */
const RECORD = { parent: 0, count: 4, instructions: 8 } as const;
const INSTRUCTION = 8;

const [SIGKILL, SIGSYS] = [9, 31];
const SYS_SECCOMP = 1;
const PR_GET_NO_NEW_PRIVS = 39;
const CAP_SYS_ADMIN = 21;
const CAPABILITY_VERSION_3 = 0x20080522;

const cellsOf = (task: Task): Int32Array => new Int32Array(task.host.processMemory.buffer);
const cellOf = (slot: number): number => slotField(slot, SLOT.filter) >> 2;

/** The newest filter of the calling thread: an offset, {@link STRICT}, or 0 for none. */
export const filterOf = (task: Task): number => cellsOf(task)[cellOf(task.slot)];
export const setFilter = (task: Task, filter: number): void => void (cellsOf(task)[cellOf(task.slot)] = filter);

/** The fields of /proc/PID/status, and PR_GET_SECCOMP. */
export function seccompState(task: Task): { mode: number; filters: number } {
  const newest = filterOf(task);
  if (newest <= 0) return { mode: newest === STRICT ? MODE.strict : MODE.none, filters: 0 };
  return { mode: MODE.filter, filters: chain(task, newest).length };
}

/** A filter and those before it. */
function chain(task: Task, newest: number): number[] {
  const cells = cellsOf(task);
  const found: number[] = [];
  for (let at = newest; at > 0; at = cells[(at + RECORD.parent) >> 2]) found.push(at);
  return found;
}

function programAt(task: Task, at: number): BpfProgram {
  const count = cellsOf(task)[(at + RECORD.count) >> 2];
  return { count, words: new Uint32Array(task.host.processMemory.buffer, at + RECORD.instructions, 2 * count) };
}

// What has been found out about calls whose filters look at nothing but the number.
let allowedFilter = 0;
const allowed = new Set<number>();

/** A tracer has seen the call, and may have changed it: it is to be judged again. */
export const TRACED: unique symbol = Symbol('traced');

/** What becomes of the call in the CPU's registers: its result if it is not to be made, undefined if it is. */
export function judgeCall(
  task: Task,
  name: string | undefined,
  traced = false,
): SyscallResult | typeof TRACED | undefined {
  const newest = filterOf(task);
  if (newest === STRICT) return STRICT_CALLS.includes(name ?? '') ? undefined : killThread(task, SIGKILL);
  const { syscallNumber } = task.cpu;
  if (newest !== allowedFilter) {
    allowedFilter = newest;
    allowed.clear();
  }
  if (allowed.has(syscallNumber)) return undefined;
  const data = callData(task);
  const seen = { details: false };
  // The first of those that forbid most, the newest filter's first.
  let verdict: number = ACTION.allow;
  for (const filter of chain(task, newest)) {
    const result = run(programAt(task, filter), data, seen);
    if (rank(result) < rank(verdict)) verdict = result;
  }
  const action = (verdict & ACTION_MASK) >>> 0;
  if (action === ACTION.allow && !seen.details) allowed.add(syscallNumber);
  // After its tracer has seen the call.
  if (traced && action === ACTION.trace) return undefined;
  return act(task, action, verdict & DATA_MASK, data);
}

/** Actions are compared as signed numbers. */
const rank = (result: number): number => (result & ACTION_MASK) | 0;

/** AUDIT_ARCH_...: of 64 bits, and with the low byte first. */
export const auditArchitecture = ({ elfMachine, elfClass }: Task['process']['abi']): number =>
  ((elfClass === 2 ? 0x8000_0000 : 0) | 0x4000_0000 | elfMachine) >>> 0;

function callData({ cpu, process }: Task): Uint32Array {
  const data = new Uint32Array(DATA.words);
  data[DATA.number] = cpu.syscallNumber;
  data[DATA.architecture] = auditArchitecture(process.abi);
  const put = (at: number, value: Int): void => {
    const wide = BigInt.asUintN(64, BigInt(value));
    data[at] = Number(wide & 0xffff_ffffn);
    data[at + 1] = process.abi.elfClass === 2 ? Number(wide >> 32n) : 0;
  };
  put(DATA.pointer, cpu.pc);
  for (let i = 0; i < 6; i++) put(DATA.arguments + 2 * i, cpu.argument(i));
  return data;
}

function act(task: Task, action: number, value: number, data: Uint32Array): SyscallResult | typeof TRACED | undefined {
  switch (action) {
    case ACTION.allow:
    case ACTION.log:
      return undefined;
    case ACTION.errno:
      return -Math.min(value, MAX_ERRNO) + 0;
    case ACTION.trap:
      task.signals.force(sigsysInfo(value, data));
      return NO_RESULT;
    case ACTION.trace:
      return task.stopForFilter?.(value) === true ? TRACED : -ENOSYS;
    case USER_NOTIFICATION:
      // Nobody listens.
      return -ENOSYS;
    case ACTION.killThread:
      return killThread(task, SIGSYS);
    default:
      return task.signals.kill(SIGSYS);
  }
}

/** The siginfo_t of SYS_SECCOMP: sigaction(2). */
function sigsysInfo(value: number, data: Uint32Array): Uint8Array {
  const info = new DataView(new ArrayBuffer(128));
  info.setInt32(0, SIGSYS, true);
  info.setInt32(4, value, true);
  info.setInt32(8, SYS_SECCOMP, true);
  info.setUint32(16, data[DATA.pointer], true);
  info.setUint32(20, data[DATA.pointer + 1], true);
  info.setUint32(24, data[DATA.number], true);
  info.setUint32(28, data[DATA.architecture], true);
  return new Uint8Array(info.buffer);
}

/** The last thread takes the process with it. */
function killThread(task: Task, signo: number): never {
  return (task.process.threads?.size ?? 1) > 1 ? task.exitThread(signo) : task.signals.kill(signo);
}

/** seccomp(2). */
export function seccomp(task: Task, operation: number, flags: number, args: Int): SyscallResult {
  switch (operation) {
    case OPERATION.strict:
      return flags !== 0 || args !== 0 ? -EINVAL : setStrict(task);
    case OPERATION.filter:
      return installFilter(task, flags, toAddress(args));
    case OPERATION.isAvailable: {
      const at = stage(4);
      if (flags !== 0) return -EINVAL;
      if (!fetch(task, at, toAddress(args), 4)) return -EFAULT;
      return ACTIONS.includes(view.getUint32(at, true)) ? 0 : -EOPNOTSUPP;
    }
    default:
      return -EINVAL;
  }
}

/** prctl(2), PR_SET_SECCOMP. */
export function setSeccomp(task: Task, mode: Int, filter: Int): SyscallResult {
  if (mode === MODE.strict) return setStrict(task);
  return mode === MODE.filter ? installFilter(task, 0, toAddress(filter)) : -EINVAL;
}

function setStrict(task: Task): number {
  if (filterOf(task) > 0) return -EINVAL;
  setFilter(task, STRICT);
  return 0;
}

function installFilter(task: Task, flags: number, address: number): number {
  if ((flags & ~FLAGS) !== 0 || ((flags & FLAG.syncEsrch) !== 0 && (flags & FLAG.sync) === 0)) return -EINVAL;
  const { wordSize } = task.process.abi;
  const header = stage(16);
  if (!fetch(task, header, address, 2 * wordSize)) return -EFAULT;
  const count = view.getUint16(header, true);
  const from = wordSize === 8 ? stagedUint64(header + 8) : view.getUint32(header + 4, true);
  if (count === 0 || count > LONGEST_PROGRAM) return -EINVAL;
  if (!mayFilter(task)) return -EACCES;
  if (from === 0) return -EINVAL;
  const bytes = task.space.read(from, count * INSTRUCTION);
  if (bytes === undefined) return -EFAULT;
  const words = new Uint32Array(bytes.slice().buffer);
  if (!isValid({ words, count })) return -EINVAL;
  const { lock } = task.space;
  lock.acquire();
  try {
    return attach(task, words, (flags & FLAG.sync) !== 0, (flags & FLAG.syncEsrch) !== 0);
  } finally {
    lock.release();
  }
}

/** Whoever may gain rights by execve may not decide what the program is to see. */
function mayFilter(task: Task): boolean {
  if (steadyCall(task, 'prctl', PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) === 1) return true;
  const header = stage(8);
  const sets = stage(24);
  view.setUint32(header, CAPABILITY_VERSION_3, true);
  view.setUint32(header + 4, 0, true);
  const { host } = task;
  const got = steadyCall(task, 'capget', host.stagingPointer(header), host.stagingPointer(sets));
  return got === 0 && (view.getUint32(sets, true) & (1 << CAP_SYS_ADMIN)) !== 0;
}

function attach(task: Task, words: Uint32Array, isForAll: boolean, saysEsrch: boolean): number {
  const before = filterOf(task);
  if (before === STRICT) return -EINVAL;
  const older = chain(task, before);
  const total = older.reduce((sum, at) => sum + programAt(task, at).count + FILTER_COST, words.length / 2);
  if (total > MOST_INSTRUCTIONS) return -ENOMEM;
  const cells = cellsOf(task);
  const others = isForAll ? otherThreads(task) : [];
  const stranger = others.find(({ filter }) => filter !== 0 && !older.includes(filter));
  if (stranger !== undefined) return saysEsrch ? -ESRCH : stranger.tid;
  const end = PROCESS.filtersEnd >> 2;
  const at = cells[end] || PROCESS.filters;
  const next = at + RECORD.instructions + 4 * words.length;
  if (next > PROCESS.filters + PROCESS.filtersSize) return -ENOMEM;
  cells[(at + RECORD.parent) >> 2] = before;
  cells[(at + RECORD.count) >> 2] = words.length / 2;
  new Uint32Array(cells.buffer, at + RECORD.instructions, words.length).set(words);
  cells[end] = next;
  for (const { slot } of others) Atomics.store(cells, cellOf(slot), at);
  setFilter(task, at);
  return 0;
}

function otherThreads(task: Task): { slot: number; tid: number; filter: number }[] {
  const cells = cellsOf(task);
  const found: { slot: number; tid: number; filter: number }[] = [];
  for (let slot = 0; slot < cells[PROCESS.usedSlots >> 2]; slot++) {
    const at = slotField(slot, 0) >> 2;
    if (slot === task.slot || cells[at + (SLOT.state >> 2)] !== SLOT_STATE.running) continue;
    found.push({ slot, tid: cells[at + (SLOT.tid >> 2)], filter: cells[cellOf(slot)] });
  }
  return found;
}
