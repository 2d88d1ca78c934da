/**
 * Sockets. Addresses, options and ancillary data have the same layout on every 64-bit Linux, so most calls are only
 * passed on; messages carry pointers, which have to be translated. socket(2), send(2), recv(2), unix(7).
 */
import type { LastLink } from '../host/guest-root.ts';
import type { Int } from '../host/host.ts';
import { hostCall, ptr, steadyCall } from './call.ts';
import { BAD_ADDRESS, bytes, choice, fd, flags, int, out, outInts, pointer, size, uint } from './codec.ts';
import { EFAULT, EINVAL, ENOBUFS } from './errno.ts';
import { setPointer, stageVector } from './iovec.ts';
import { type Row, restarts, syscall } from './row.ts';
import { releaseAll } from './sandbox/held.ts';
import { judgeAddress, judgeAncillary } from './sandbox/network.ts';
import {
  addressLength,
  DOMAINS,
  outLength,
  outSockaddr,
  SOCKET_FLAGS,
  sockaddr,
  socketProtocol,
  socketType,
} from './sockaddr.ts';
import { beginCall, deliver, fetch, stage, stagingLeft, view } from './staging.ts';
import type { Task } from './task.ts';
import { ADDRESS_MAX, addressToGuest, addressToHost } from './unix-paths.ts';

const SHUTDOWN = { SHUT_RD: 0, SHUT_WR: 1, SHUT_RDWR: 2 };
const MSG = {
  MSG_OOB: 1,
  MSG_PEEK: 2,
  MSG_DONTROUTE: 4,
  MSG_CTRUNC: 8,
  MSG_TRUNC: 0x20,
  MSG_DONTWAIT: 0x40,
  MSG_EOR: 0x80,
  MSG_WAITALL: 0x100,
  MSG_CONFIRM: 0x800,
  MSG_ERRQUEUE: 0x2000,
  MSG_NOSIGNAL: 0x4000,
  MSG_MORE: 0x8000,
  MSG_WAITFORONE: 0x1_0000,
  MSG_FASTOPEN: 0x2000_0000,
  MSG_CMSG_CLOEXEC: 0x4000_0000,
};

/** struct msghdr: offsets of its fields, and its size. */
const MSGHDR = { name: 0, nameLength: 8, vector: 16, count: 24, control: 32, controlLength: 40, flags: 48, size: 56 };
/** UIO_MAXIOV of the kernel. */
const MAX_VECTORS = 1024;

const pair = { domain: choice(DOMAINS), type: socketType, protocol: socketProtocol } as const;
const address = (last: LastLink) => ({ sockfd: fd, addr: sockaddr(2, last), addrlen: addressLength }) as const;
const outAddress = { sockfd: fd, addr: outSockaddr(2), addrlen: outLength } as const;
const message = { sockfd: fd, msg: pointer, flags: flags(MSG) } as const;
const messages = { sockfd: fd, msgvec: pointer, vlen: uint, flags: flags(MSG) } as const;

export const socketRows = (): Row[] => [
  syscall('socket', pair),
  syscall('socketpair', { ...pair, sv: outInts(2) }),
  syscall('bind', address('entry')),
  syscall('listen', { sockfd: fd, backlog: int }),
  syscall('accept', outAddress, restarts('sa')),
  syscall('accept4', { ...outAddress, flags: flags(SOCKET_FLAGS) }, restarts('sa')),
  syscall('connect', address('follow'), restarts('sa')),
  syscall('getsockname', outAddress),
  syscall('getpeername', outAddress),
  syscall(
    'sendto',
    {
      sockfd: fd,
      buf: bytes('len'),
      len: size,
      flags: flags(MSG),
      dest_addr: sockaddr(5, 'follow'),
      addrlen: addressLength,
    },
    restarts('sa'),
  ),
  syscall(
    'recvfrom',
    { sockfd: fd, buf: out('len'), len: size, flags: flags(MSG), src_addr: outSockaddr(5), addrlen: outLength },
    restarts('sa'),
  ),
  syscall('shutdown', { sockfd: fd, how: choice(SHUTDOWN) }),
  syscall(
    'sendmsg',
    message,
    (task, { sockfd, msg, flags }) => transfer(task, 'sendmsg', sockfd, msg, flags),
    restarts('sa'),
  ),
  syscall(
    'recvmsg',
    message,
    (task, { sockfd, msg, flags }) => transfer(task, 'recvmsg', sockfd, msg, flags),
    restarts('sa'),
  ),
  syscall(
    'sendmmsg',
    messages,
    (task, { sockfd, msgvec, vlen, flags }) => sendMessages(task, sockfd, msgvec, vlen, flags),
    restarts('sa'),
  ),
  syscall(
    'recvmmsg',
    { ...messages, timeout: pointer },
    (task, { sockfd, msgvec, vlen, flags, timeout }) => receiveMessages(task, sockfd, msgvec, vlen, flags, timeout),
    restarts('sa'),
  ),
];

/** sendmsg and recvmsg: the header and its vector are copied, with host pointers in place of the guest's. */
function transfer(task: Task, call: 'sendmsg' | 'recvmsg', sockfd: number, msg: number, flags: number): Int {
  const header = stage(MSGHDR.size);
  // The host looks at the descriptor first: it says what is wrong with what cannot be read.
  if (!fetch(task, header, msg, MSGHDR.size)) return hostCall(task, call, sockfd, ptr(task, BAD_ADDRESS), flags);
  const [base, count] = [readSize(header + MSGHDR.vector), readSize(header + MSGHDR.count)];
  setPointer(header + MSGHDR.vector, stageVector(task, base, count));
  const [address, room] = [readSize(header + MSGHDR.name), view.getInt32(header + MSGHDR.nameLength, true)];
  const name = stageName(task, call, header);
  if (name < 0) return name;
  const refusal = stageControl(task, call, header);
  if (refusal < 0) return refusal;
  const result = hostCall(task, call, sockfd, task.host.stagingPointer(header), flags);
  if (call === 'sendmsg' || Number(result) < 0) return result;
  if (name !== 0 && !deliverName(task, header, name, address, room)) return -EFAULT;
  // What the kernel says of the message received: lengths of address and ancillary data, flags.
  const given = [
    [MSGHDR.nameLength, 4],
    [MSGHDR.controlLength, 8],
    [MSGHDR.flags, 4],
  ];
  for (const [field, length] of given) if (!deliver(task, msg + field, header + field, length)) return -EFAULT;
  return result;
}

/** struct mmsghdr: a struct msghdr, and behind it how many bytes of the message were sent. */
const MMSGHDR = { length: MSGHDR.size, size: 64 };

/** One sendmsg for each message, as the kernel makes them; how many could be sent, or why the first could not. */
function sendMessages(task: Task, sockfd: number, vector: number, count: number, flags: number): Int {
  if (count === 0) return hostCall(task, 'sendmmsg', sockfd, 0, 0, flags);
  for (let done = 0; done < Math.min(count, MAX_VECTORS); done++) {
    // What was staged and held for the message before is not needed any more.
    beginCall(task);
    releaseAll(task);
    const message = vector + done * MMSGHDR.size;
    const sent = transfer(task, 'sendmsg', sockfd, message, flags);
    if (sent < 0) return done > 0 ? done : sent;
    if (!task.space.writeU32(message + MMSGHDR.length, Number(sent))) return done > 0 ? done : -EFAULT;
  }
  return Math.min(count, MAX_VECTORS);
}

const CLOCK_MONOTONIC = 1;
const SECOND = 1_000_000_000n;

/** The time of a clock that only goes on, in nanoseconds. */
function now(task: Task): bigint {
  const at = stage(16);
  steadyCall(task, 'clock_gettime', CLOCK_MONOTONIC, task.host.stagingPointer(at));
  return view.getBigInt64(at, true) * SECOND + view.getBigInt64(at + 8, true);
}

/**
 * One recvmsg for each message, as the kernel makes them: how many came, or why the first did not. As in the kernel, the
 * timeout is looked at between messages only, and holds what was left of it afterwards.
 */
function receiveMessages(
  task: Task,
  sockfd: number,
  vector: number,
  count: number,
  flags: number,
  timeout: number,
): Int {
  let left = timeout === 0 ? undefined : readTimeout(task, timeout);
  if (typeof left === 'number') return left;
  if (count === 0) return hostCall(task, 'recvmmsg', sockfd, 0, 0, flags, 0);
  const end = left === undefined ? undefined : now(task) + left;
  let use = (flags & ~MSG.MSG_WAITFORONE) >>> 0;
  let done = 0;
  let result: Int = 0;
  while (done < count) {
    beginCall(task);
    const message = vector + done * MMSGHDR.size;
    result = transfer(task, 'recvmsg', sockfd, message, use);
    if (result < 0) break;
    if (!task.space.writeU32(message + MMSGHDR.length, Number(result))) {
      result = -EFAULT;
      break;
    }
    done++;
    if ((flags & MSG.MSG_WAITFORONE) !== 0) use = (use | MSG.MSG_DONTWAIT) >>> 0;
    if (end !== undefined) left = end - now(task);
    const isOutOfBand = ((task.space.readU32(message + MSGHDR.flags) ?? 0) & MSG.MSG_OOB) !== 0;
    if (isOutOfBand || (left !== undefined && left <= 0n)) break;
  }
  if (done === 0) return result;
  if (left !== undefined && !writeTimeout(task, timeout, left)) return -EFAULT;
  return done;
}

/** A struct timespec in nanoseconds, or a negative errno. */
function readTimeout(task: Task, address: number): bigint | number {
  const at = stage(16);
  if (!fetch(task, at, address, 16)) return -EFAULT;
  const [seconds, nanoseconds] = [view.getBigInt64(at, true), view.getBigInt64(at + 8, true)];
  return seconds < 0n || nanoseconds < 0n || nanoseconds >= SECOND ? -EINVAL : seconds * SECOND + nanoseconds;
}

function writeTimeout(task: Task, address: number, left: bigint): boolean {
  const at = stage(16);
  view.setBigInt64(at, left < 0n ? 0n : left / SECOND, true);
  view.setBigInt64(at + 8, left < 0n ? 0n : left % SECOND, true);
  return deliver(task, address, at, 16);
}

/**
 * Puts the host's address of the name into a message's staged header. It is that of a copy, whose offset is returned,
 * where the name has to be looked at (a sandbox) or converted (a root directory of the guest's own); else 0, or a
 * negative errno.
 */
function stageName(task: Task, call: 'sendmsg' | 'recvmsg', header: number): number {
  const [name, length] = [readSize(header + MSGHDR.name), view.getInt32(header + MSGHDR.nameLength, true)];
  const isSent = call === 'sendmsg';
  const { mounts, sandbox } = task.process.options;
  setPointer(header + MSGHDR.name, ptr(task, name));
  if (name === 0 || length === 0) return 0;
  if (isSent && sandbox !== undefined) {
    const judged = judgeAddress(task, call, name, length >>> 0);
    return typeof judged === 'number' ? judged : setName(task, header, judged.at, judged.length);
  }
  // The host says what is wrong with other lengths.
  if (mounts === undefined || length < 0 || (isSent && length > ADDRESS_MAX)) return 0;
  const at = stage(ADDRESS_MAX);
  if (!isSent) return setName(task, header, at, ADDRESS_MAX);
  if (!fetch(task, at, name, length)) return -EFAULT;
  const made = addressToHost(task, at, length, 'follow');
  return made < 0 ? made : setName(task, header, at, made);
}

function setName(task: Task, header: number, at: number, length: number): number {
  setPointer(header + MSGHDR.name, task.host.stagingPointer(at));
  view.setInt32(header + MSGHDR.nameLength, length, true);
  return at;
}

/** The same for ancillary data, of which a sandbox has a copy looked at. 0, or a negative errno. */
function stageControl(task: Task, call: 'sendmsg' | 'recvmsg', header: number): number {
  const [control, length] = [readSize(header + MSGHDR.control), readSize(header + MSGHDR.controlLength)];
  setPointer(header + MSGHDR.control, ptr(task, control));
  if (task.process.options.sandbox === undefined || call !== 'sendmsg' || control === 0 || length === 0) return 0;
  // net.core.optmem_max, which is less, limits it.
  if (length < 0 || length > stagingLeft() / 2) return -ENOBUFS;
  const copy = stage(length);
  if (!fetch(task, copy, control, length)) return -EFAULT;
  setPointer(header + MSGHDR.control, task.host.stagingPointer(copy));
  return judgeAncillary(task, copy, length);
}

/** Gives the guest the sender's name, staged at `at`, in the `room` that it has at `address`. */
function deliverName(task: Task, header: number, at: number, address: number, room: number): boolean {
  const made = addressToGuest(task, at, view.getInt32(header + MSGHDR.nameLength, true));
  view.setInt32(header + MSGHDR.nameLength, made, true);
  return deliver(task, address, at, Math.min(made, room));
}

/** A 64-bit size or address as a number; one that is none is an address that faults. */
function readSize(at: number): number {
  const value = view.getUint32(at, true) + view.getUint32(at + 4, true) * 0x1_0000_0000;
  return Number.isSafeInteger(value) ? value : BAD_ADDRESS;
}
