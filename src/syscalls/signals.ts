/**
 * Signals: sigaction(2), sigprocmask(2), sigaltstack(2) and their relatives.
 * Actions, mask and delivery are the process layer's (Task.signals); sending
 * and queueing are the host kernel's, since guest and host share process and
 * thread IDs. siginfo_t is the same on all 64-bit generic ABIs.
 */
import type { Int } from '../host/host.ts';
import { altStackStatus, changeAltStack } from './alt-stack.ts';
import { hostCall, steadyCall } from './call.ts';
import { addressText, type Codec, choice, Pass, type Printing, pid, size, toAddress } from './codec.ts';
import { EFAULT, EINTR, EINVAL } from './errno.ts';
import { stopTraced } from './ptrace.ts';
import { mostlyPassed, prints, type Row, restarts, syscall } from './row.ts';
import { SIGINFO } from './siginfo.ts';
import { inSigset, outSigset, signal, sigsetText } from './sigset.ts';
import { bytes, deliver, fetch, stage, stageFrom, view } from './staging.ts';
import { type Fields, inStruct, outStruct, readStruct, struct, structText, writeStruct } from './struct.ts';
import { TIMESPEC } from './structs.ts';
import { NO_RESULT, type SyscallResult, type Task } from './task.ts';
import { flagNames, hexText } from './text.ts';

/** Bytes of a signal set of the kernel. */
const SIGSET_SIZE = 8;
export const SIGKILL = 9;
const SIGSTOP = 19;

const SA_FLAGS = {
  SA_NOCLDSTOP: 1,
  SA_NOCLDWAIT: 2,
  SA_SIGINFO: 4,
  SA_EXPOSE_TAGBITS: 0x800,
  SA_ONSTACK: 0x0800_0000,
  SA_RESTART: 0x1000_0000,
  SA_NODEFER: 0x4000_0000,
  SA_RESETHAND: 0x8000_0000,
} as const;
/** Flags that the kernel keeps: it clears those it does not know. */
const KNOWN_FLAGS = BigInt(Object.values(SA_FLAGS).reduce((all, flag) => all + flag, 0));

const handlerText = (handler: Fields[string]): string =>
  handler === 0 ? 'SIG_DFL' : handler === 1 ? 'SIG_IGN' : hexText(handler);

const actionText = (f: Fields): string => {
  const flags = flagNames(SA_FLAGS, Number(BigInt.asUintN(32, BigInt(f.flags))));
  return `{sa_handler=${handlerText(f.handler)}, sa_mask=${sigsetText(BigInt(f.mask))}, sa_flags=${flags}}`;
};
/** struct sigaction of the kernel (asm-generic/signal.h), without SA_RESTORER and with it. */
const SIGACTION = struct('sigaction', 'handler:u64 flags:u64 mask:u64', undefined, actionText);
const SIGACTION_RESTORER = struct('sigaction', 'handler:u64 flags:u64 restorer:u64 mask:u64', undefined, actionText);
const SA_RESTORER = 0x0400_0000n;
const actionOf = (task: Task): typeof SIGACTION => (task.process.abi.hasRestorer ? SIGACTION_RESTORER : SIGACTION);

const inAction: Codec<number> = {
  ...inStruct(SIGACTION),
  print: (p, raw) => inStruct(actionOf(p.task)).print(p, raw),
};
const outAction: Codec<number> = {
  ...outStruct(SIGACTION),
  print: (p, raw) => outStruct(actionOf(p.task)).print(p, raw),
};

const SS_FLAGS = { SS_AUTODISARM: 0x8000_0000, SS_ONSTACK: 1, SS_DISABLE: 2 } as const;
const STACK = struct(
  'stack',
  'sp:u64 flags:i32 pad:u32 size:u64',
  undefined,
  (f) =>
    `{ss_sp=${f.sp === 0 ? 'NULL' : hexText(f.sp)}, ss_flags=${flagNames(SS_FLAGS, Number(f.flags) >>> 0)}, ss_size=${f.size}}`,
);

function sigaction(
  task: Task,
  { sig, act, oldact, sigsetsize }: { sig: number; act: number; oldact: number; sigsetsize: number },
): SyscallResult {
  if (sigsetsize !== SIGSET_SIZE) return -EINVAL;
  const type = actionOf(task);
  const { hasRestorer } = task.process.abi;
  const wanted = act === 0 ? undefined : readStruct(task, type, act);
  if (act !== 0 && wanted === undefined) return -EFAULT;
  if (sig < 1 || sig > 64 || (wanted !== undefined && (sig === SIGKILL || sig === SIGSTOP))) return -EINVAL;
  const old = task.signals.getAction(sig);
  if (wanted !== undefined) {
    const flags = BigInt(wanted.flags) & (hasRestorer ? KNOWN_FLAGS | SA_RESTORER : KNOWN_FLAGS);
    task.signals.setAction(sig, {
      handler: BigInt(wanted.handler),
      flags,
      mask: BigInt(wanted.mask),
      restorer: (flags & SA_RESTORER) !== 0n ? BigInt(wanted.restorer) : 0n,
    });
  }
  const { handler, flags, mask, restorer } = old;
  const fields: Fields = hasRestorer ? { handler, flags, restorer, mask } : { handler, flags, mask };
  return oldact === 0 || writeStruct(task, type, oldact, fields) ? 0 : -EFAULT;
}

/** Reads a signal set, or undefined (EFAULT). */
function readSet(task: Task, address: number): bigint | undefined {
  const at = stage(SIGSET_SIZE);
  return fetch(task, at, address, SIGSET_SIZE) ? view.getBigUint64(at, true) : undefined;
}

function writeSet(task: Task, address: number, set: bigint, length = SIGSET_SIZE): boolean {
  const at = stage(SIGSET_SIZE);
  view.setBigUint64(at, set, true);
  return deliver(task, address, at, length);
}

const HOW = { SIG_BLOCK: 0, SIG_UNBLOCK: 1, SIG_SETMASK: 2 } as const;

function sigprocmask(
  task: Task,
  { how, set, oldset, sigsetsize }: { how: number; set: number; oldset: number; sigsetsize: number },
): SyscallResult {
  if (sigsetsize !== SIGSET_SIZE) return -EINVAL;
  const old = task.signals.mask;
  if (set !== 0) {
    const change = readSet(task, set);
    if (change === undefined) return -EFAULT;
    if (how === HOW.SIG_BLOCK) task.signals.setMask(old | change);
    else if (how === HOW.SIG_UNBLOCK) task.signals.setMask(old & ~change);
    else if (how === HOW.SIG_SETMASK) task.signals.setMask(change);
    else return -EINVAL;
  }
  return oldset === 0 || writeSet(task, oldset, old) ? 0 : -EFAULT;
}

function sigpending(task: Task, { set, sigsetsize }: { set: number; sigsetsize: number }): SyscallResult {
  if (sigsetsize > SIGSET_SIZE) return -EINVAL;
  const at = stage(SIGSET_SIZE);
  const result = steadyCall(task, 'rt_sigpending', task.host.stagingPointer(at), SIGSET_SIZE);
  if (result < 0) return result;
  const pending = view.getBigUint64(at, true) | (task.signals.undelivered & task.signals.mask);
  return writeSet(task, set, pending, sigsetsize) ? 0 : -EFAULT;
}

function sigsuspend(task: Task, { mask, sigsetsize }: { mask: number; sigsetsize: number }): SyscallResult {
  if (sigsetsize !== SIGSET_SIZE) return -EINVAL;
  const set = readSet(task, mask);
  if (set === undefined) return -EFAULT;
  const { signals } = task;
  signals.restoreMaskOnReturn(signals.mask);
  signals.setMask(set);
  // What the new mask lets in makes the host's call return without being made, so nothing is lost in between.
  return task.host.syscall('pause');
}

function sigtimedwait(
  task: Task,
  v: { set: number; info: number; timeout: number; sigsetsize: number },
): SyscallResult {
  if (v.sigsetsize !== SIGSET_SIZE) return -EINVAL;
  const wanted = readSet(task, v.set);
  if (wanted === undefined) return -EFAULT;
  const { host } = task;
  const set = stageFrom(task, v.set, SIGSET_SIZE);
  const timeout = v.timeout === 0 ? 0 : stageFrom(task, v.timeout, TIMESPEC.guest.size);
  if (set < 0 || timeout < 0) return -EFAULT;
  const info = stage(SIGINFO.guest.size);
  let result: SyscallResult = 0;
  let waiting = task.signals.take(wanted);
  if (waiting === undefined) {
    const at = v.timeout === 0 ? 0 : host.stagingPointer(timeout);
    result = host.syscall('rt_sigtimedwait', host.stagingPointer(set), host.stagingPointer(info), at, SIGSET_SIZE);
    // One of the set may have come by way of the stub.
    if (result === -EINTR) waiting = task.signals.take(wanted);
  }
  if (waiting !== undefined) {
    bytes.set(waiting, info);
    result = waiting[0];
  }
  if (result < 0 || v.info === 0) return result;
  return deliver(task, v.info, info, SIGINFO.guest.size) ? result : -EFAULT;
}

function sigaltstack(task: Task, { ss, old_ss }: { ss: number; old_ss: number }): SyscallResult {
  const { signals, cpu } = task;
  const wanted = ss === 0 ? undefined : readStruct(task, STACK, ss);
  if (ss !== 0 && wanted === undefined) return -EFAULT;
  const { sp, size: length } = signals.altStack;
  const old = { sp, flags: altStackStatus(signals.altStack, cpu.sp), size: length };
  if (wanted !== undefined) {
    const stack = { sp: BigInt(wanted.sp), flags: Number(wanted.flags), size: BigInt(wanted.size) };
    const next = changeAltStack(signals.altStack, stack, cpu.sp);
    if (typeof next === 'number') return next;
    signals.altStack = next;
  }
  return old_ss === 0 || writeStruct(task, STACK, old_ss, old) ? 0 : -EFAULT;
}

/** SIGSTOP of a traced thread is its tracer's to see. */
const stopSignal: Codec<number> = { ...signal, pass: Pass.stop };

/** kill(2) and its relatives. `process`: undefined if only the thread is given. */
function send(task: Task, call: string, sig: number, process: number | undefined, tid: number): SyscallResult {
  const traced = sig === SIGSTOP ? stopTraced(task, process, tid) : undefined;
  if (traced !== undefined) return traced;
  return process === undefined || call === 'kill'
    ? hostCall(task, call, tid, sig)
    : hostCall(task, call, process, tid, sig);
}

/** A signal set that the call reads and then changes only by itself: printed like {@link inSigset}, NULL allowed. */
const maybeSet = inSigset('sigsetsize');

/** A siginfo_t that the call writes when it returns a signal number. */
const outInfo: Codec<number> = {
  pass: Pass.pointer,
  late: true,
  decode: (_task, raw) => toAddress(raw),
  print: (p: Printing, raw) =>
    p.result !== undefined && p.result > 0 ? structText(p, SIGINFO, raw) : addressText(raw),
};

/** Not an argument of rt_sigreturn: the frame at the stack pointer, of which -strace shows the mask when it is restored. */
const restoredMask: Codec<Int> = {
  pass: Pass.value,
  late: true,
  decode: (_task, raw) => raw,
  print: (p) => `{mask=${sigsetText(p.task.signals.mask)}}`,
};

export const signalRows = (): Row[] => [
  syscall('rt_sigaction', { sig: signal, act: inAction, oldact: outAction, sigsetsize: size }, sigaction),
  syscall(
    'rt_sigprocmask',
    { how: choice(HOW), set: maybeSet, oldset: outSigset('sigsetsize'), sigsetsize: size },
    sigprocmask,
  ),
  syscall('rt_sigpending', { set: outSigset('sigsetsize'), sigsetsize: size }, sigpending),
  syscall('rt_sigsuspend', { mask: inSigset('sigsetsize'), sigsetsize: size }, sigsuspend, restarts('never')),
  syscall(
    'rt_sigtimedwait',
    { set: inSigset('sigsetsize'), info: outInfo, timeout: inStruct(TIMESPEC), sigsetsize: size },
    sigtimedwait,
    restarts('never'),
  ),
  syscall('rt_sigqueueinfo', { tgid: pid, sig: signal, info: inStruct(SIGINFO) }),
  syscall('rt_tgsigqueueinfo', { tgid: pid, tid: pid, sig: signal, info: inStruct(SIGINFO) }),
  syscall(
    'rt_sigreturn',
    { frame: restoredMask },
    (task) => {
      task.signals.sigreturn();
      return NO_RESULT;
    },
    prints('restored'),
  ),
  syscall('sigaltstack', { ss: inStruct(STACK), old_ss: outStruct(STACK) }, sigaltstack),
  syscall('kill', { pid, sig: stopSignal }, (task, v) => send(task, 'kill', v.sig, v.pid, v.pid), mostlyPassed),
  syscall(
    'tkill',
    { tid: pid, sig: stopSignal },
    (task, v) => send(task, 'tkill', v.sig, undefined, v.tid),
    mostlyPassed,
  ),
  syscall(
    'tgkill',
    { tgid: pid, tid: pid, sig: stopSignal },
    (task, v) => send(task, 'tgkill', v.sig, v.tgid, v.tid),
    mostlyPassed,
  ),
  // Only the kernel itself has a call to restart; interrupted calls are made again from their own instruction here.
  syscall('restart_syscall', {}, () => -EINTR, restarts('never')),
];
