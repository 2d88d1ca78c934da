/** Waiting for descriptors: ppoll(2), pselect6(2), epoll(7). */
import type { Int } from '../host/host.ts';
import { hostCall, ptr } from './call.ts';
import {
  addressText,
  type Codec,
  choice,
  type FlagTable,
  fd,
  flags,
  int,
  Pass,
  type Printing,
  size,
  toAddress,
  toInt32,
  toSize,
} from './codec.ts';
import { EFAULT, EINVAL } from './errno.ts';
import { O_CLOEXEC } from './files-flags.ts';
import { peek } from './peek.ts';
import { prints, type Row, restarts, syscall } from './row.ts';
import { inSigset, sigsetAt } from './sigset.ts';
import { deliver, fetch, stage, stagedUint64, view } from './staging.ts';
import { convertStruct, fieldsText, inStruct, struct, structText } from './struct.ts';
import { TIMESPEC } from './structs.ts';
import type { Task } from './task.ts';
import { flagNames } from './text.ts';

const SIGSET_SIZE = 8;

/**
 * Sets the signal mask for the duration of the call. The host's call runs without a mask of its own: what waits when it
 * starts ends it with EINTR, as if it had been set atomically. Negative errno, or 0.
 */
function setTemporaryMask(task: Task, address: number, sigsetsize: number): number {
  if (address === 0) return 0;
  if (sigsetsize !== SIGSET_SIZE) return -EINVAL;
  const at = stage(SIGSET_SIZE);
  if (!fetch(task, at, address, SIGSET_SIZE)) return -EFAULT;
  const before = task.signals.mask;
  task.signals.setMask(view.getBigUint64(at, true));
  task.signals.restoreMaskOnReturn(before);
  return 0;
}

const POLL_EVENTS: FlagTable = {
  POLLIN: 1,
  POLLPRI: 2,
  POLLOUT: 4,
  POLLERR: 8,
  POLLHUP: 0x10,
  POLLNVAL: 0x20,
  POLLRDNORM: 0x40,
  POLLRDBAND: 0x80,
  POLLWRNORM: 0x100,
  POLLWRBAND: 0x200,
  POLLMSG: 0x400,
  POLLRDHUP: 0x2000,
};

/** Size of struct pollfd: int fd, short events, short revents. */
const POLLFD_SIZE = 8;
const SHOWN = 32;

function pollEntries(p: Printing, field: 'events' | 'revents'): string | undefined {
  const count = toSize(p.argument('nfds'));
  const data = peek(p.task, p.argument('fds'), Math.min(count, 1024) * POLLFD_SIZE);
  if (data === undefined) return undefined;
  const words = new DataView(data.buffer);
  const parts: string[] = [];
  for (let at = 0; at < data.length; at += POLLFD_SIZE) {
    const bits = words.getUint16(at + (field === 'events' ? 4 : 6), true);
    if (field === 'revents' && bits === 0) continue;
    parts.push(`{fd=${words.getInt32(at, true)}, ${field}=${flagNames(POLL_EVENTS, bits)}}`);
  }
  return `[${parts.slice(0, SHOWN).join(', ')}${parts.length > SHOWN ? ', ...' : ''}]`;
}

const pollfds: Codec<number> = {
  pass: Pass.pointer,
  refersTo: ['nfds'],
  decode: (_task, raw) => toAddress(raw),
  print: (p, raw) => (raw === 0 ? 'NULL' : (pollEntries(p, 'events') ?? addressText(raw))),
};

/** `, left {tv_sec=...}` after the result of a call that updates its timeout. */
function leftText(p: Printing, name: string): string {
  const raw = p.argument(name);
  return raw === 0 ? '' : `, left ${structText(p, TIMESPEC, raw)}`;
}

function pollResult(p: Printing, result: Int): string {
  if (result === 0) return '0 (Timeout)';
  return `${result} (${pollEntries(p, 'revents')}${leftText(p, 'tmo_p')})`;
}

const SET_WORD = 8;

/** Members of an fd_set: `[0 3]`. */
function fdSetText(p: Printing, raw: Int): string {
  const count = Math.min(Math.max(toInt32(p.argument('nfds')), 0), 65536);
  const data = peek(p.task, raw, Math.ceil(count / 64) * SET_WORD);
  if (raw === 0 || data === undefined) return addressText(raw);
  const members: number[] = [];
  for (let n = 0; n < count; n++) if ((data[n >> 3] & (1 << (n & 7))) !== 0) members.push(n);
  return `[${members.join(' ')}]`;
}

const fdSet: Codec<number> = {
  pass: Pass.pointer,
  refersTo: ['nfds'],
  decode: (_task, raw) => toAddress(raw),
  print: fdSetText,
};

/** pselect6's last argument: pointer to a signal set and its size. */
const maskArgument: Codec<number> = {
  pass: Pass.pointer,
  decode: (_task, raw) => toAddress(raw),
  print: (p, raw) => {
    const data = raw === 0 ? undefined : peek(p.task, raw, 16);
    if (data === undefined) return addressText(raw);
    const words = new DataView(data.buffer);
    return `{sigmask=${sigsetAt(p, Number(words.getBigUint64(0, true)))}, sigsetsize=${words.getBigUint64(8, true)}}`;
  },
};

function selectResult(p: Printing, result: Int): string {
  if (result === 0) return '0 (Timeout)';
  const sets = (['in', 'out', 'except'] as const).map((label, i) => {
    const raw = p.argument(['readfds', 'writefds', 'exceptfds'][i]);
    const text = raw === 0 ? '[]' : fdSetText(p, raw);
    return text === '[]' ? '' : `${label} ${text}`;
  });
  return `${result} (${sets.filter((text) => text !== '').join(', ')}${leftText(p, 'timeout')})`;
}

interface SelectArguments {
  nfds: number;
  readfds: number;
  writefds: number;
  exceptfds: number;
  timeout: number;
  sigmask: number;
}

function pselect6(task: Task, args: SelectArguments): Int {
  if (args.sigmask !== 0) {
    const at = stage(16);
    if (!fetch(task, at, args.sigmask, 16)) return -EFAULT;
    const error = setTemporaryMask(task, stagedUint64(at), stagedUint64(at + 8));
    if (error < 0) return error;
  }
  const sets = [args.readfds, args.writefds, args.exceptfds].map((address) => ptr(task, address));
  return hostCall(task, 'pselect6', args.nfds, sets[0], sets[1], sets[2], ptr(task, args.timeout), 0);
}

const EPOLL_EVENTS: FlagTable = {
  EPOLLIN: 1,
  EPOLLPRI: 2,
  EPOLLOUT: 4,
  EPOLLERR: 8,
  EPOLLHUP: 0x10,
  EPOLLRDNORM: 0x40,
  EPOLLRDBAND: 0x80,
  EPOLLWRNORM: 0x100,
  EPOLLWRBAND: 0x200,
  EPOLLMSG: 0x400,
  EPOLLRDHUP: 0x2000,
  EPOLLEXCLUSIVE: 1 << 28,
  EPOLLWAKEUP: 1 << 29,
  EPOLLONESHOT: 1 << 30,
  EPOLLET: 1 << 31,
};

/** x86-64 packs it, nobody else does (include/uapi/linux/eventpoll.h). */
const EPOLL_EVENT = struct('epoll_event', 'events:u32 data:u64', 'events:u32 data:u32[2]', (f) => {
  const data = BigInt.asUintN(64, BigInt(f.data));
  return `{events=${flagNames(EPOLL_EVENTS, Number(f.events))}, data={u32=${data & 0xffffffffn}, u64=${data}}}`;
});

const EPOLL_OPS = { EPOLL_CTL_ADD: 1, EPOLL_CTL_DEL: 2, EPOLL_CTL_MOD: 3 } as const;

/** Events asked of the host at once; fewer than maxevents is always allowed. */
const EVENTS_MAX = 2048;

const epollEvents: Codec<number> = {
  pass: Pass.pointer,
  late: true,
  refersTo: ['maxevents'],
  decode: (_task, raw) => toAddress(raw),
  print: (p, raw) => {
    const { size } = EPOLL_EVENT.guest;
    const count = Number(p.result ?? 0);
    const data = count < 0 ? undefined : peek(p.task, raw, Math.min(count, SHOWN) * size);
    if (data === undefined) return addressText(raw);
    const parts: string[] = [];
    for (let at = 0; at < data.length; at += size)
      parts.push(fieldsText(EPOLL_EVENT, new DataView(data.buffer, at, size)));
    return `[${parts.join(', ')}${count > SHOWN ? ', ...' : ''}]`;
  },
};

interface EpollArguments {
  epfd: number;
  events: number;
  maxevents: number;
  sigmask: number;
  sigsetsize: number;
}

function epollWait(task: Task, name: 'epoll_pwait' | 'epoll_pwait2', args: EpollArguments, timeout: number): Int {
  const { guest, host } = EPOLL_EVENT;
  const error = setTemporaryMask(task, args.sigmask, args.sigsetsize);
  if (error < 0) return error;
  const count = Math.min(args.maxevents, EVENTS_MAX);
  const room = Math.max(count, 1);
  const from = stage(room * host.size);
  const to = stage(room * guest.size);
  const result = hostCall(task, name, args.epfd, task.host.stagingPointer(from), count, timeout, 0, SIGSET_SIZE);
  if (result <= 0) return result;
  const ready = Number(result);
  for (let i = 0; i < ready; i++) convertStruct(EPOLL_EVENT, from + i * host.size, to + i * guest.size, 'toGuest');
  return deliver(task, args.events, to, ready * guest.size) ? ready : -EFAULT;
}

const epollSets = {
  epfd: fd,
  events: epollEvents,
  maxevents: int,
} as const;
const mask = { sigmask: inSigset('sigsetsize'), sigsetsize: size } as const;
const never = restarts('never');

export const pollRows = (): Row[] => [
  syscall(
    'ppoll',
    { fds: pollfds, nfds: size, tmo_p: inStruct(TIMESPEC), ...mask },
    (task, { fds, nfds, tmo_p, sigmask, sigsetsize }) => {
      const isSet = setTemporaryMask(task, sigmask, sigsetsize) === 0;
      // Of a mask that cannot be used the host complains after it has looked at the time.
      const mask = isSet ? [0, SIGSET_SIZE] : [ptr(task, sigmask), sigsetsize];
      return hostCall(task, 'ppoll', ptr(task, fds), nfds, ptr(task, tmo_p), ...mask);
    },
    never,
    prints(pollResult),
  ),
  syscall(
    'pselect6',
    {
      nfds: int,
      readfds: fdSet,
      writefds: fdSet,
      exceptfds: fdSet,
      timeout: inStruct(TIMESPEC),
      sigmask: maskArgument,
    },
    pselect6,
    never,
    prints(selectResult),
  ),
  syscall('epoll_create1', { flags: flags({ EPOLL_CLOEXEC: O_CLOEXEC }) }),
  syscall(
    'epoll_ctl',
    { epfd: fd, op: choice(EPOLL_OPS), fd, event: inStruct(EPOLL_EVENT) },
    (task, { epfd, op, fd, event }) => {
      if (op === EPOLL_OPS.EPOLL_CTL_DEL) return hostCall(task, 'epoll_ctl', epfd, op, fd, 0);
      const { guest, host } = EPOLL_EVENT;
      const from = stage(guest.size);
      const to = stage(host.size);
      if (!fetch(task, from, event, guest.size)) return -EFAULT;
      convertStruct(EPOLL_EVENT, from, to, 'toHost');
      return hostCall(task, 'epoll_ctl', epfd, op, fd, task.host.stagingPointer(to));
    },
  ),
  syscall(
    'epoll_pwait',
    { ...epollSets, timeout: int, ...mask },
    (task, args) => epollWait(task, 'epoll_pwait', args, args.timeout),
    never,
  ),
  syscall(
    'epoll_pwait2',
    { ...epollSets, timeout: inStruct(TIMESPEC), ...mask },
    (task, args) => epollWait(task, 'epoll_pwait2', args, ptr(task, args.timeout)),
    never,
  ),
];
