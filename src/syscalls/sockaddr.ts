/** Socket addresses, how -strace writes them, and what sockets are made of: socket(2), unix(7), ip(7), ipv6(7), netlink(7). */

import type { LastLink } from '../host/guest-root.ts';
import type { Int } from '../host/host.ts';
import { fail, onReturn, ptr } from './call.ts';
import { addressText, type Codec, choiceName, int, type Printing, pointer, toAddress, toInt32 } from './codec.ts';
import { EFAULT, EINVAL } from './errno.ts';
import { peek } from './peek.ts';
import { deliver, fetch, stage, view } from './staging.ts';
import { flagNames, hexText, quoted } from './text.ts';
import { ADDRESS_MAX, addressToGuest, addressToHost } from './unix-paths.ts';

export const DOMAINS = {
  AF_UNSPEC: 0,
  AF_UNIX: 1,
  AF_INET: 2,
  AF_INET6: 10,
  AF_NETLINK: 16,
  AF_PACKET: 17,
  AF_ALG: 38,
  AF_VSOCK: 40,
} as const;
const TYPES = {
  SOCK_STREAM: 1,
  SOCK_DGRAM: 2,
  SOCK_RAW: 3,
  SOCK_RDM: 4,
  SOCK_SEQPACKET: 5,
  SOCK_DCCP: 6,
  SOCK_PACKET: 10,
} as const;
const TYPE_MASK = 0xf;
export const SOCKET_FLAGS = { SOCK_CLOEXEC: 0o2000000, SOCK_NONBLOCK: 0o4000 } as const;
const PROTOCOLS = {
  IPPROTO_IP: 0,
  IPPROTO_ICMP: 1,
  IPPROTO_TCP: 6,
  IPPROTO_UDP: 17,
  IPPROTO_IPV6: 41,
  IPPROTO_ICMPV6: 58,
  IPPROTO_RAW: 255,
} as const;

/** `SOCK_STREAM|SOCK_CLOEXEC`. */
export const socketType: Codec<number> = {
  ...int,
  print: (_p, raw) => {
    const value = toInt32(raw);
    const type = choiceName(TYPES, value & TYPE_MASK) ?? hexText(value & TYPE_MASK);
    const flags = flagNames(SOCKET_FLAGS, (value & ~TYPE_MASK) >>> 0, '');
    return flags === '' ? type : `${type}|${flags}`;
  },
};

/** A protocol, which has a name where the domain is the Internet's. */
export const socketProtocol: Codec<number> = {
  ...int,
  print: (p, raw) => {
    const domain = toInt32(p.argument('domain'));
    const named = domain === DOMAINS.AF_INET || domain === DOMAINS.AF_INET6;
    return (named ? choiceName(PROTOCOLS, toInt32(raw)) : undefined) ?? String(toInt32(raw));
  },
};

/** `{sa_family=AF_UNIX, sun_path="/run/socket"}` for the `length` bytes at `raw`. */
function sockaddrText(p: Printing, raw: Int, length: number): string {
  const data = length < 2 ? undefined : peek(p.task, raw, Math.min(length, ADDRESS_MAX));
  if (raw === 0 || data === undefined) return addressText(raw);
  const view = new DataView(data.buffer);
  const family = view.getUint16(0, true);
  const port = (): string => `htons(${view.getUint16(2)})`;
  const rest = data.subarray(2);
  let fields = `sa_data=${quoted(rest)}`;
  if (family === DOMAINS.AF_UNIX && rest.length === 0) fields = '';
  else if (family === DOMAINS.AF_UNIX) fields = `sun_path=${unixPath(rest)}`;
  else if (family === DOMAINS.AF_INET && length >= 16)
    fields = `sin_port=${port()}, sin_addr=inet_addr("${data.subarray(4, 8).join('.')}")`;
  else if (family === DOMAINS.AF_INET6 && length >= 28) {
    fields =
      `sin6_port=${port()}, sin6_flowinfo=htonl(${view.getUint32(4)}), ` +
      `inet_pton(AF_INET6, "${ipv6Text(view, 8)}", &sin6_addr), sin6_scope_id=${view.getUint32(24, true)}`;
  } else if (family === DOMAINS.AF_NETLINK && length >= 12) {
    const groups = view.getUint32(8, true).toString(16).padStart(8, '0');
    fields = `nl_pid=${view.getUint32(4, true)}, nl_groups=${groups}`;
  }
  const name = choiceName(DOMAINS, family) ?? hexText(family);
  return `{sa_family=${name}${fields === '' ? '' : `, ${fields}`}}`;
}

/** A path up to its NUL; an abstract name, which begins with one, after an @. */
function unixPath(name: Uint8Array): string {
  if (name[0] === 0) return `@${quoted(name.subarray(1))}`;
  const end = name.indexOf(0);
  return quoted(end < 0 ? name : name.subarray(0, end));
}

/** inet_ntop(3): the longest run of two or more zero groups is left out. */
function ipv6Text(view: DataView, at: number): string {
  const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(at + 2 * i));
  const text = groups.map((group) => group.toString(16)).join(':');
  let longest = '';
  for (const run of text.match(/\b0(:0)+\b/g) ?? []) if (run.length > longest.length) longest = run;
  return longest === '' ? text : text.replace(new RegExp(`(^|:)${longest}(:|$)`), '::');
}

/** What the address's codec leaves to that of its length, if the guest has a root directory of its own. */
let hostLength: Int = 0;

/**
 * An address that the call reads; `addrlen`, argument number `lengthIndex`, has its length. `last` says what is done with
 * a link that a path in it ends in.
 */
export const sockaddr = (lengthIndex: number, last: LastLink): Codec<number> => ({
  ...pointer,
  inRoot: true,
  refersTo: ['addrlen'],
  toHost: (task, raw) => {
    const length = toInt32(task.cpu.argument(lengthIndex));
    hostLength = length;
    if (raw === 0 || length <= 0 || length > ADDRESS_MAX) return ptr(task, toAddress(raw));
    const at = stage(ADDRESS_MAX);
    if (!fetch(task, at, toAddress(raw), length)) return fail(EFAULT);
    const made = addressToHost(task, at, length, last);
    if (made < 0) return fail(-made);
    hostLength = made;
    return task.host.stagingPointer(at);
  },
  print: (p, raw) => sockaddrText(p, raw, toInt32(p.argument('addrlen'))),
});

/** The length of a {@link sockaddr}. */
export const addressLength: Codec<number> = { ...int, inRoot: true, toHost: () => hostLength };

/** An int behind a pointer, for lengths that calls update. */
const lengthAt = (p: Printing, raw: Int): number | undefined => {
  const data = raw === 0 ? undefined : peek(p.task, raw, 4);
  return data === undefined ? undefined : new DataView(data.buffer).getInt32(0, true);
};

/** An address that the call writes; `addrlen`, argument number `lengthIndex`, points at the room, then its length. */
export const outSockaddr = (lengthIndex: number): Codec<number> => ({
  ...pointer,
  inRoot: true,
  late: true,
  refersTo: ['addrlen'],
  toHost: (task, raw) => {
    const lengthAddress = toAddress(task.cpu.argument(lengthIndex));
    hostLength = ptr(task, lengthAddress);
    if (raw === 0) return 0;
    const room = task.space.readU32(lengthAddress);
    if (room === undefined) return fail(EFAULT);
    if (room > 0x7fff_ffff) return fail(EINVAL);
    const at = stage(ADDRESS_MAX);
    const length = stage(4);
    view.setUint32(length, ADDRESS_MAX, true);
    hostLength = task.host.stagingPointer(length);
    onReturn((result) => {
      if (result < 0) return result;
      const made = addressToGuest(task, at, view.getUint32(length, true));
      const isThere =
        deliver(task, toAddress(raw), at, Math.min(made, room)) && task.space.writeU32(lengthAddress, made);
      return isThere ? result : -EFAULT;
    });
    return task.host.stagingPointer(at);
  },
  print: (p, raw) => {
    const failed = p.result === undefined || p.result < 0;
    return failed ? addressText(raw) : sockaddrText(p, raw, lengthAt(p, p.argument('addrlen')) ?? 0);
  },
});

/** The length after the call: `[16]`. */
export const outLength: Codec<number> = {
  ...pointer,
  inRoot: true,
  late: true,
  toHost: () => hostLength,
  print: (p, raw) => {
    const length = Number(p.result ?? -1) < 0 ? undefined : lengthAt(p, raw);
    return length === undefined ? addressText(raw) : `[${length}]`;
  },
};
