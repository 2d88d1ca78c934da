/**
 * Sockets. Addresses, options and ancillary data have the same layout on every 64-bit Linux, so most calls are only
 * passed on; messages carry pointers, which have to be translated. socket(2), send(2), recv(2), unix(7).
 */
import type { Int } from '../host/host.ts';
import { hostCall, ptr } from './call.ts';
import { BAD_ADDRESS, bytes, choice, fd, flags, hex, int, out, outInts, pointer, size } from './codec.ts';
import { EFAULT, EMSGSIZE, ENOBUFS } from './errno.ts';
import { setPointer } from './iovec.ts';
import { type Row, refused, restarts, syscall } from './row.ts';
import { judgeAddress, judgeAncillary } from './sandbox/network.ts';
import { DOMAINS, outLength, outSockaddr, SOCKET_FLAGS, sockaddr, socketProtocol, socketType } from './sockaddr.ts';
import { deliver, fetch, stage, stagingLeft, view } from './staging.ts';
import type { Task } from './task.ts';

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
const address = { sockfd: fd, addr: sockaddr, addrlen: int } as const;
const outAddress = { sockfd: fd, addr: outSockaddr, addrlen: outLength } as const;
const option = { sockfd: fd, level: choice(LEVELS), optname: int, optval: pointer } as const;
const message = { sockfd: fd, msg: pointer, flags: flags(MSG) } as const;
const messages = { sockfd: fd, msgvec: pointer, vlen: int, flags: hex } as const;

export const socketRows = (): Row[] => [
  syscall('socket', pair),
  syscall('socketpair', { ...pair, sv: outInts(2) }),
  syscall('bind', address),
  syscall('listen', { sockfd: fd, backlog: int }),
  syscall('accept', outAddress, restarts('sa')),
  syscall('accept4', { ...outAddress, flags: flags(SOCKET_FLAGS) }, restarts('sa')),
  syscall('connect', address, restarts('sa')),
  syscall('getsockname', outAddress),
  syscall('getpeername', outAddress),
  syscall(
    'sendto',
    { sockfd: fd, buf: bytes('len'), len: size, flags: flags(MSG), dest_addr: sockaddr, addrlen: int },
    restarts('sa'),
  ),
  syscall(
    'recvfrom',
    { sockfd: fd, buf: out('len'), len: size, flags: flags(MSG), src_addr: outSockaddr, addrlen: outLength },
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
  refused('sendmmsg', messages, 'libraries fall back to sendmsg'),
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
  const refusal = name === 'sendmsg' ? prepareSent(task, header) : 0;
  if (refusal < 0) return refusal;
  if (name === 'recvmsg') {
    for (const field of [MSGHDR.name, MSGHDR.control]) setPointer(header + field, ptr(task, readSize(header + field)));
  }
  setPointer(header + MSGHDR.vector, task.host.stagingPointer(vector));
  const result = hostCall(task, name, sockfd, task.host.stagingPointer(header), flags);
  if (name === 'sendmsg' || Number(result) < 0) return result;
  // What the kernel says of the message received: lengths of address and ancillary data, flags.
  const given = [
    [MSGHDR.nameLength, 4],
    [MSGHDR.controlLength, 8],
    [MSGHDR.flags, 4],
  ];
  for (const [field, length] of given) if (!deliver(task, msg + field, header + field, length)) return -EFAULT;
  return result;
}

/** Address and ancillary data of a message that is sent, copied so that they stay what they are found to be. 0, or a negative errno. */
function prepareSent(task: Task, header: number): number {
  const [name, nameLength] = [readSize(header + MSGHDR.name), view.getUint32(header + MSGHDR.nameLength, true)];
  const { sandbox } = task.process.options;
  if (sandbox === undefined || name === 0 || nameLength === 0) setPointer(header + MSGHDR.name, ptr(task, name));
  else {
    const judged = judgeAddress(task, 'sendmsg', name, nameLength);
    if (typeof judged === 'number') return judged;
    setPointer(header + MSGHDR.name, task.host.stagingPointer(judged.at));
    view.setUint32(header + MSGHDR.nameLength, judged.length, true);
  }
  const [control, controlLength] = [readSize(header + MSGHDR.control), readSize(header + MSGHDR.controlLength)];
  if (sandbox === undefined || control === 0 || controlLength === 0) {
    setPointer(header + MSGHDR.control, ptr(task, control));
    return 0;
  }
  // net.core.optmem_max, which is less, limits it.
  if (controlLength < 0 || controlLength > stagingLeft() / 2) return -ENOBUFS;
  const copy = stage(controlLength);
  if (!fetch(task, copy, control, controlLength)) return -EFAULT;
  setPointer(header + MSGHDR.control, task.host.stagingPointer(copy));
  return judgeAncillary(task, copy, controlLength);
}

/** A 64-bit size or address as a number; one that is none is an address that faults. */
function readSize(at: number): number {
  const value = view.getUint32(at, true) + view.getUint32(at + 4, true) * 0x1_0000_0000;
  return Number.isSafeInteger(value) ? value : BAD_ADDRESS;
}
