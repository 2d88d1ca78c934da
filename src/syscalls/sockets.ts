/**
 * Sockets. Addresses, options and ancillary data have the same layout on every 64-bit Linux, so most calls are only
 * passed on; messages carry pointers, which have to be translated. socket(2), send(2), recv(2), unix(7).
 */
import type { LastLink } from '../host/guest-root.ts';
import type { Int } from '../host/host.ts';
import { hostCall, ptr } from './call.ts';
import { BAD_ADDRESS, bytes, choice, fd, flags, int, out, outInts, pointer, size, uint } from './codec.ts';
import { EFAULT, EMSGSIZE } from './errno.ts';
import { setPointer } from './iovec.ts';
import { type Row, refused, restarts, syscall } from './row.ts';
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
import { beginCall, deliver, fetch, stage, view } from './staging.ts';
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
  MSG_FASTOPEN: 0x2000_0000,
  MSG_CMSG_CLOEXEC: 0x4000_0000,
};
const LEVELS = { SOL_IP: 0, SOL_SOCKET: 1, SOL_TCP: 6, SOL_UDP: 17, SOL_IPV6: 41 };

/** struct msghdr: offsets of its fields, and its size. */
const MSGHDR = { name: 0, nameLength: 8, vector: 16, count: 24, control: 32, controlLength: 40, flags: 48, size: 56 };
/** struct iovec: pointer and length. */
const IOVEC = 16;
/** UIO_MAXIOV of the kernel. */
const MAX_VECTORS = 1024;

const pair = { domain: choice(DOMAINS), type: socketType, protocol: socketProtocol } as const;
const address = (last: LastLink) => ({ sockfd: fd, addr: sockaddr(2, last), addrlen: addressLength }) as const;
const outAddress = { sockfd: fd, addr: outSockaddr(2), addrlen: outLength } as const;
const option = { sockfd: fd, level: choice(LEVELS), optname: int, optval: pointer } as const;
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
  syscall('setsockopt', { ...option, optlen: int }),
  syscall('getsockopt', { ...option, optlen: pointer }),
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
  refused('recvmmsg', { ...messages, timeout: pointer }, 'libraries fall back to recvmsg'),
];

/** sendmsg and recvmsg: the header and its vector are copied, with host pointers in place of the guest's. */
function transfer(task: Task, name: 'sendmsg' | 'recvmsg', sockfd: number, msg: number, flags: number): Int {
  const header = stage(MSGHDR.size);
  if (!fetch(task, header, msg, MSGHDR.size)) return -EFAULT;
  const count = readSize(header + MSGHDR.count);
  if (count > MAX_VECTORS) return -EMSGSIZE;
  const vector = stage(count * IOVEC);
  if (!fetch(task, vector, readSize(header + MSGHDR.vector), count * IOVEC)) return -EFAULT;
  for (let at = vector; at < vector + count * IOVEC; at += IOVEC) setPointer(at, ptr(task, readSize(at)));
  for (const field of [MSGHDR.name, MSGHDR.control]) setPointer(header + field, ptr(task, readSize(header + field)));
  setPointer(header + MSGHDR.vector, task.host.stagingPointer(vector));
  const address = stageName(task, name, msg, header);
  if (address < 0) return address;
  const result = hostCall(task, name, sockfd, task.host.stagingPointer(header), flags);
  if (name === 'sendmsg' || Number(result) < 0) return result;
  if (address !== 0 && !deliverName(task, msg, header, address)) return -EFAULT;
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
  for (let done = 0; done < Math.min(count, MAX_VECTORS); done++) {
    // What was staged for the message before is not needed any more.
    beginCall(task);
    const message = vector + done * MMSGHDR.size;
    const sent = transfer(task, 'sendmsg', sockfd, message, flags);
    if (sent < 0) return done > 0 ? done : sent;
    if (!task.space.writeU32(message + MMSGHDR.length, Number(sent))) return done > 0 ? done : -EFAULT;
  }
  return Math.min(count, MAX_VECTORS);
}

/**
 * The name of a message of a guest with a root directory of its own is copied and converted: where to, 0 if there is
 * nothing to do, or a negative errno.
 */
function stageName(task: Task, call: 'sendmsg' | 'recvmsg', msg: number, header: number): number {
  const length = view.getInt32(header + MSGHDR.nameLength, true);
  if (task.process.options.mounts === undefined || length <= 0) return 0;
  const name = nameOf(task, msg);
  if (name === 0) return 0;
  const at = stage(ADDRESS_MAX);
  let made = ADDRESS_MAX;
  if (call === 'sendmsg') {
    if (length > ADDRESS_MAX) return 0;
    if (!fetch(task, at, name, length)) return -EFAULT;
    made = addressToHost(task, at, length, 'follow');
    if (made < 0) return made;
  }
  setPointer(header + MSGHDR.name, task.host.stagingPointer(at));
  view.setInt32(header + MSGHDR.nameLength, made, true);
  return at;
}

/** The sender's name, as the guest has room for it. */
function deliverName(task: Task, msg: number, header: number, at: number): boolean {
  const made = addressToGuest(task, at, view.getInt32(header + MSGHDR.nameLength, true));
  view.setInt32(header + MSGHDR.nameLength, made, true);
  const room = task.space.readU32(msg + MSGHDR.nameLength) ?? 0;
  return deliver(task, nameOf(task, msg), at, Math.min(made, room));
}

/** Guest address of a message's name: the header that was staged has the host's. */
function nameOf(task: Task, msg: number): number {
  const at = stage(8);
  return fetch(task, at, msg + MSGHDR.name, 8) ? readSize(at) : BAD_ADDRESS;
}

/** A 64-bit size or address as a number; one that is none is an address that faults. */
function readSize(at: number): number {
  const value = view.getUint32(at, true) + view.getUint32(at + 4, true) * 0x1_0000_0000;
  return Number.isSafeInteger(value) ? value : BAD_ADDRESS;
}
