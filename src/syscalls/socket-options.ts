/** setsockopt(2) and getsockopt(2): options by name, and those whose values have pointers. socket(7), ip(7), ipv6(7), tcp(7). */
import type { Int } from '../host/host.ts';
import { hostCall, ptr } from './call.ts';
import {
  addressText,
  type Codec,
  choice,
  choiceName,
  type FlagTable,
  fd,
  int,
  type Printing,
  pointer,
  toInt32,
} from './codec.ts';
import { EFAULT, EINVAL, ENOPROTOOPT } from './errno.ts';
import { setPointer } from './iovec.ts';
import { peek } from './peek.ts';
import { reportUnimplemented } from './report.ts';
import { type Row, syscall } from './row.ts';
import { fetch, stage, stagedUint64, view } from './staging.ts';
import { structText } from './struct.ts';
import { TIMEVAL } from './structs.ts';
import type { Task } from './task.ts';

const LEVELS = {
  SOL_IP: 0,
  SOL_SOCKET: 1,
  SOL_TCP: 6,
  SOL_UDP: 17,
  SOL_IPV6: 41,
  SOL_RAW: 255,
  SOL_PACKET: 263,
  SOL_NETLINK: 270,
  SOL_ALG: 279,
} as const;

/** Names in the order of their numbers, the first of which is 1; `-` for a number without. */
const numbered = (text: string, prefix: string, first = 1): FlagTable =>
  Object.fromEntries(
    text
      .split(' ')
      .map((name, i) => [`${prefix}${name}`, first + i] as const)
      .filter(([name]) => !name.endsWith('_-')),
  );

const SOCKET = numbered(
  'DEBUG REUSEADDR TYPE ERROR DONTROUTE BROADCAST SNDBUF RCVBUF KEEPALIVE OOBINLINE NO_CHECK PRIORITY LINGER BSDCOMPAT ' +
    'REUSEPORT PASSCRED PEERCRED RCVLOWAT SNDLOWAT RCVTIMEO SNDTIMEO - - - BINDTODEVICE ATTACH_FILTER DETACH_FILTER ' +
    'PEERNAME TIMESTAMP ACCEPTCONN PEERSEC SNDBUFFORCE RCVBUFFORCE PASSSEC TIMESTAMPNS MARK TIMESTAMPING PROTOCOL DOMAIN ' +
    'RXQ_OVFL WIFI_STATUS PEEK_OFF NOFCS LOCK_FILTER SELECT_ERR_QUEUE BUSY_POLL MAX_PACING_RATE BPF_EXTENSIONS ' +
    'INCOMING_CPU ATTACH_BPF ATTACH_REUSEPORT_CBPF ATTACH_REUSEPORT_EBPF CNX_ADVICE - MEMINFO INCOMING_NAPI_ID COOKIE - ' +
    'PEERGROUPS ZEROCOPY TXTIME BINDTOIFINDEX',
  'SO_',
);
const OPTIONS: Readonly<Record<number, FlagTable>> = {
  [LEVELS.SOL_SOCKET]: SOCKET,
  [LEVELS.SOL_IP]: {
    ...numbered(
      'TOS TTL HDRINCL OPTIONS ROUTER_ALERT RECVOPTS RETOPTS PKTINFO PKTOPTIONS MTU_DISCOVER RECVERR RECVTTL RECVTOS MTU ' +
        'FREEBIND - - PASSSEC TRANSPARENT ORIGDSTADDR MINTTL NODEFRAG CHECKSUM BIND_ADDRESS_NO_PORT RECVFRAGSIZE',
      'IP_',
    ),
    ...numbered('MULTICAST_IF MULTICAST_TTL MULTICAST_LOOP ADD_MEMBERSHIP DROP_MEMBERSHIP', 'IP_', 32),
  },
  [LEVELS.SOL_TCP]: numbered(
    'NODELAY MAXSEG CORK KEEPIDLE KEEPINTVL KEEPCNT SYNCNT LINGER2 DEFER_ACCEPT WINDOW_CLAMP INFO QUICKACK CONGESTION ' +
      'MD5SIG - THIN_LINEAR_TIMEOUTS THIN_DUPACK USER_TIMEOUT REPAIR REPAIR_QUEUE QUEUE_SEQ REPAIR_OPTIONS FASTOPEN ' +
      'TIMESTAMP NOTSENT_LOWAT CC_INFO SAVE_SYN SAVED_SYN REPAIR_WINDOW FASTOPEN_CONNECT ULP MD5SIG_EXT FASTOPEN_KEY ' +
      'FASTOPEN_NO_COOKIE ZEROCOPY_RECEIVE INQ TX_DELAY',
    'TCP_',
  ),
  [LEVELS.SOL_UDP]: { UDP_CORK: 1, UDP_ENCAP: 100, UDP_SEGMENT: 103, UDP_GRO: 104 },
  [LEVELS.SOL_IPV6]: {
    ...numbered('UNICAST_HOPS MULTICAST_IF MULTICAST_HOPS MULTICAST_LOOP ADD_MEMBERSHIP DROP_MEMBERSHIP', 'IPV6_', 16),
    ...numbered('MTU_DISCOVER MTU RECVERR V6ONLY', 'IPV6_', 23),
    ...numbered('RECVPKTINFO PKTINFO RECVHOPLIMIT HOPLIMIT', 'IPV6_', 49),
    ...numbered('RECVTCLASS TCLASS', 'IPV6_', 66),
  },
  [LEVELS.SOL_NETLINK]: numbered(
    'ADD_MEMBERSHIP DROP_MEMBERSHIP PKTINFO BROADCAST_ERROR NO_ENOBUFS - - LISTEN_ALL_NSID LIST_MEMBERSHIPS CAP_ACK EXT_ACK ' +
      'GET_STRICT_CHK',
    'NETLINK_',
  ),
};

const nameOf = (p: Printing): string | undefined =>
  choiceName(OPTIONS[toInt32(p.argument('level'))] ?? {}, toInt32(p.argument('optname')));

const optionName: Codec<number> = {
  ...int,
  refersTo: ['level'],
  print: (p, raw) => nameOf(p) ?? String(toInt32(raw)),
};

/** A value of `length` bytes. */
function valueText(p: Printing, raw: Int, length: number): string {
  const name = nameOf(p);
  if (name === 'SO_RCVTIMEO' || name === 'SO_SNDTIMEO') return structText(p, TIMEVAL, raw);
  const data = peek(p.task, raw, Math.min(Math.max(length, 0), 8));
  if (data === undefined) return addressText(raw);
  const words = new DataView(data.buffer, data.byteOffset);
  if (name === 'SO_LINGER' && data.length === 8)
    return `{l_onoff=${words.getInt32(0, true)}, l_linger=${words.getInt32(4, true)}}`;
  return length === 4 ? `[${words.getInt32(0, true)}]` : addressText(raw);
}

/** Where the length is an int, or one that the call changes. */
const value: Codec<number> = { ...pointer, print: (p, raw) => valueText(p, raw, toInt32(p.argument('optlen'))) };
const outValue: Codec<number> = {
  ...pointer,
  late: true,
  print: (p, raw) => {
    const data = p.result === 0 ? peek(p.task, p.argument('optlen'), 4) : undefined;
    return data === undefined
      ? addressText(raw)
      : valueText(p, raw, new DataView(data.buffer, data.byteOffset).getInt32(0, true));
  },
};
const outLength: Codec<number> = {
  ...pointer,
  late: true,
  print: (p, raw) => {
    const data = peek(p.task, raw, 4);
    return data === undefined ? addressText(raw) : `[${new DataView(data.buffer, data.byteOffset).getInt32(0, true)}]`;
  },
};

/** Values that are a struct sock_fprog: a program of classic BPF, which is the same everywhere, and where it is. */
const PROGRAMS = [SOCKET.SO_ATTACH_FILTER, SOCKET.SO_ATTACH_REUSEPORT_CBPF];
/** Tables of netfilter, with pointers to counters: {IPT,IP6T,ARPT,EBT}_SO_SET_ENTRIES. */
const TABLES = [64, 96, 128];

interface Option {
  sockfd: number;
  level: number;
  optname: number;
  optval: number;
  optlen: number;
}

function setOption(task: Task, { sockfd, level, optname, optval, optlen }: Option): Int {
  const [isSocket, isInternet] = [level === LEVELS.SOL_SOCKET, level === LEVELS.SOL_IP || level === LEVELS.SOL_IPV6];
  if (isSocket && PROGRAMS.includes(optname)) return attachProgram(task, { sockfd, level, optname, optval, optlen });
  if (isInternet && TABLES.includes(optname)) return noOption(level, optname);
  return hostCall(task, 'setsockopt', sockfd, level, optname, ptr(task, optval), optlen);
}

function attachProgram(task: Task, { sockfd, level, optname, optval, optlen }: Option): Int {
  const { wordSize } = task.process.abi;
  if (optlen !== 2 * wordSize) return -EINVAL;
  const at = stage(16);
  if (!fetch(task, at, optval, optlen)) return -EFAULT;
  setPointer(at + 8, ptr(task, wordSize === 8 ? stagedUint64(at + 8) : view.getUint32(at + 4, true)));
  return hostCall(task, 'setsockopt', sockfd, level, optname, task.host.stagingPointer(at), 16);
}

/** As in a kernel without it. */
function noOption(level: number, option: number): number {
  reportUnimplemented(`socket option ${option} of level ${level} is not implemented`);
  return -ENOPROTOOPT;
}

const TCP_ZEROCOPY_RECEIVE = 35;

function getOption(task: Task, { sockfd, level, optname, optval, optlen }: Option): Int {
  // Its value says where in memory.
  if (level === LEVELS.SOL_TCP && optname === TCP_ZEROCOPY_RECEIVE) return noOption(level, optname);
  return hostCall(task, 'getsockopt', sockfd, level, optname, ptr(task, optval), ptr(task, optlen));
}

const option = { sockfd: fd, level: choice(LEVELS), optname: optionName } as const;

export const socketOptionRows = (): Row[] => [
  syscall('setsockopt', { ...option, optval: value, optlen: int }, setOption),
  syscall('getsockopt', { ...option, optval: outValue, optlen: outLength }, getOption),
];
