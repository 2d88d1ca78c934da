/**
 * Sockets in a sandbox: unix(7) by path as files, the Internet by --allow-net,
 * nothing else. An address is copied first, so that what is checked is what the
 * host gets.
 */
import { steadyCall } from '../call.ts';
import { toAddress } from '../codec.ts';
import { EACCES, EBADF, EFAULT, EINVAL, ELOOP, ENAMETOOLONG, EPERM } from '../errno.ts';
import { AT_FDCWD, O_DIRECTORY } from '../files-flags.ts';
import { DOMAINS } from '../sockaddr.ts';
import { bytes, fetch, stage, stagedString, view } from '../staging.ts';
import type { Task } from '../task.ts';
import { setUnixPath } from '../unix-paths.ts';
import { destinationOf, destinationText, isAllowedDestination } from './address.ts';
import { deny } from './denials.ts';
import type { GuardedCall } from './guard.ts';
import { heldPath, holdPath } from './held.ts';
import { denyPath, type Found, find, mayDo, nameOf, parentOf, policyOf } from './resolve.ts';

const ATTEMPTS = 16;
const TYPE_MASK = 0xf;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
/** Default, ICMP, TCP, UDP, ICMPv6, MPTCP: those whose peers connect, send and bind name. */
const PROTOCOLS = [0, 1, 6, 17, 58, 262];
/** struct sockaddr_storage, and sun_path in struct sockaddr_un. */
const ADDRESS_MAX = 128;
const SUN_PATH = { at: 2, size: 108 };
/** struct cmsghdr: cmsg_len, cmsg_level, cmsg_type. */
const CMSG = { level: 8, type: 12, size: 16 };
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;

/** Options that point to memory the kernel would take for the host's, or that lead packets elsewhere; by level. */
const REFUSED_OPTIONS: Record<number, (option: number) => boolean> = {
  // SO_ATTACH_FILTER and SO_GET_FILTER, SO_ATTACH_BPF, SO_ATTACH_REUSEPORT_*.
  [SOL_SOCKET]: (option) => [26, 50, 51, 52].includes(option),
  // IP_OPTIONS, IP_IPSEC_POLICY, IP_XFRM_POLICY, the tables of the packet filter.
  0: (option) => [4, 16, 17].includes(option) || option >= 64,
  // TCP_ZEROCOPY_RECEIVE.
  6: (option) => option === 35,
  17: () => false,
  // IPV6_2292PKTOPTIONS, policies, routing and option headers, the packet filter.
  41: (option) => [6, 34, 35, 54, 55, 57, 59].includes(option) || (option >= 64 && option < 66) || option > 80,
};
/** Ancillary data of the Internet that only says which interface, type of service or hop limit: by level. */
const ANCILLARY: Record<number, readonly number[]> = { 0: [1, 2, 8], 17: [103], 41: [50, 52, 67] };

export function judgeSocket(call: GuardedCall): number {
  const [domain, type, protocol] = [call.int(0), call.int(1) & TYPE_MASK, call.int(2)];
  if (domain === DOMAINS.AF_UNIX) return 0;
  const isInternet = domain === DOMAINS.AF_INET || domain === DOMAINS.AF_INET6;
  const isOrdinary = [SOCK_STREAM, SOCK_DGRAM].includes(type) && PROTOCOLS.includes(protocol);
  if (!isInternet || !isOrdinary) return call.deny(EACCES, `${domain}, ${type}, ${protocol}`);
  return policyOf(call.task).net.length > 0 ? 0 : call.deny(EACCES, 'of the Internet', '--allow-net');
}

export const judgeSocketPair = (call: GuardedCall): number =>
  call.int(0) === DOMAINS.AF_UNIX ? 0 : call.deny(EACCES, String(call.int(0)));

export function judgeOption(call: GuardedCall): number {
  const [level, option] = [call.int(1), call.int(2)];
  const isRefused = REFUSED_OPTIONS[level]?.(option) ?? true;
  return isRefused ? call.deny(EPERM, `${level}, ${option}`) : 0;
}

/** A socket that has no address listens on one of the kernel's choice, at all interfaces. */
export function judgeListen(call: GuardedCall): number {
  const { task } = call;
  const address = stage(ADDRESS_MAX);
  const length = stage(4);
  view.setUint32(length, ADDRESS_MAX, true);
  const [at, lengthAt] = [address, length].map((offset) => task.host.stagingPointer(offset));
  const result = Number(steadyCall(task, 'getsockname', call.int(0), at, lengthAt));
  const destination = result < 0 ? undefined : destinationOf(viewOf(address, ADDRESS_MAX));
  if (destination === undefined || destination.port !== 0) return 0;
  return judgeDestination(task, 'listen', address, ADDRESS_MAX);
}

/** For calls with an address in argument `index` and its length in the next one. */
export const ofAddress =
  (index: number) =>
  (call: GuardedCall): number => {
    const length = call.uint(index + 1);
    if (call.raw(index) === 0 || length === 0) return 0;
    const judged = judgeAddress(call.task, call.row.name, toAddress(call.raw(index)), length);
    if (typeof judged === 'number') return judged;
    call.replaced[index] = call.task.host.stagingPointer(judged.at);
    call.replaced[index + 1] = judged.length;
    return 0;
  };

const viewOf = (at: number, length: number): DataView => new DataView(view.buffer, view.byteOffset + at, length);

/** The staged copy of an address that a call may use, or a negative errno. */
export function judgeAddress(
  task: Task,
  call: string,
  address: number,
  length: number,
): { at: number; length: number } | number {
  if (length > ADDRESS_MAX || length < 2) return -EINVAL;
  const at = stage(ADDRESS_MAX);
  bytes.fill(0, at, at + ADDRESS_MAX);
  if (!fetch(task, at, address, length)) return -EFAULT;
  const family = view.getUint16(at, true);
  if (family === DOMAINS.AF_UNIX) return judgeUnix(task, call, at, length);
  // Dissolves a connection.
  if (family === DOMAINS.AF_UNSPEC && call === 'connect') return { at, length };
  const refusal = judgeDestination(task, call, at, length);
  return refusal < 0 ? refusal : { at, length };
}

function judgeDestination(task: Task, call: string, at: number, length: number): number {
  const destination = destinationOf(viewOf(at, length));
  if (destination === undefined) return deny(task, call, `family ${view.getUint16(at, true)}`, EACCES);
  if (isAllowedDestination(policyOf(task).net, destination)) return 0;
  const text = destinationText(destination);
  return deny(task, call, text, EACCES, `--allow-net=${text}`);
}

/** Whoever may connect to everything may to abstract names, which belong to no directory. */
const mayUseAbstract = (task: Task): boolean =>
  policyOf(task).net.some(({ bits, port }) => bits === 0 && port === undefined);

function judgeUnix(task: Task, call: string, at: number, length: number): { at: number; length: number } | number {
  if (length === SUN_PATH.at || bytes[at + SUN_PATH.at] === 0) {
    return mayUseAbstract(task) ? { at, length } : deny(task, call, 'abstract name', EACCES, '--allow-net');
  }
  const text = stagedString(at + SUN_PATH.at, Math.min(length - SUN_PATH.at, SUN_PATH.size));
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const isNew = call === 'bind';
    const found = find(task, call, AT_FDCWD, text, { need: 'write', last: isNew ? 'name' : 'follow' });
    if (typeof found === 'number') return found;
    // What listens there answers: a socket is read as well.
    if (!isNew && !mayDo(task, 'read', found.path)) return denyPath(task, call, found.path, 'read');
    const path = isNew ? newSocketPath(task, found) : socketPath(task, found);
    if (path === -ELOOP) continue;
    if (typeof path === 'number') return path;
    if (path.length >= SUN_PATH.size) return -ENAMETOOLONG;
    return { at, length: setUnixPath(at, path) };
  }
  return -ELOOP;
}

function socketPath(task: Task, { path, descriptor }: Found): string | number {
  if (descriptor !== undefined) return -EACCES;
  const file = holdPath(task, path);
  return file < 0 ? file : heldPath(file);
}

function newSocketPath(task: Task, { path }: Found): string | number {
  const parent = holdPath(task, parentOf(path), O_DIRECTORY);
  return parent < 0 ? parent : `${heldPath(parent)}/${nameOf(path)}`;
}

/** Ancillary data that is about to be sent, in the staging buffer; descriptors that the guest does not have are none. */
export function judgeAncillary(task: Task, at: number, length: number): number {
  for (let header = at; header + CMSG.size <= at + length; ) {
    const size = Number(view.getBigUint64(header, true));
    if (size < CMSG.size || header + size > at + length) return -EINVAL;
    const [level, type] = [view.getInt32(header + CMSG.level, true), view.getInt32(header + CMSG.type, true)];
    if (level === SOL_SOCKET && type === SCM_RIGHTS) {
      for (let fd = header + CMSG.size; fd + 4 <= header + size; fd += 4) {
        if (task.process.hiddenDescriptors.has(view.getInt32(fd, true))) return -EBADF;
      }
    } else if (level !== SOL_SOCKET && !ANCILLARY[level]?.includes(type)) {
      return deny(task, 'sendmsg', `ancillary data ${level}, ${type}`, EPERM);
    }
    header += (size + 7) & ~7;
  }
  return 0;
}
