/**
 * Internet addresses: as --allow-net names them, and as socket calls give them.
 *
 *     parseNetRule('127.0.0.1:8080')     also 10.0.0.0/8, [::1]:443, 192.0.2.1, *:53
 *
 * An address is 16 bytes, one of IPv4 mapped into IPv6.
 */

/** Destinations: those that agree with `address` in the first `bits` bits. Without `port`, all ports. */
export interface NetRule {
  address: readonly number[];
  bits: number;
  port?: number;
}

const ALL_BITS = 128;
const IPV4_BITS = 32;
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** Every destination. */
export const ANYWHERE: NetRule = { address: Array<number>(16).fill(0), bits: 0 };

/** The bytes of an address in text; undefined if it is none (a name, for instance). */
export function parseAddress(text: string): readonly number[] | undefined {
  const decimal = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (decimal !== null) {
    const bytes = decimal.slice(1).map(Number);
    return bytes.every((byte) => byte < 256) ? [...MAPPED, ...bytes] : undefined;
  }
  if (!text.includes(':') || !URL.canParse(`http://[${text}]/`)) return undefined;
  // What it gives has no dotted part left, and each group without leading zeros.
  const [start, end] = new URL(`http://[${text}]/`).hostname.slice(1, -1).split('::');
  const groups = (part: string | undefined): number[] =>
    part === undefined || part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const [first, last] = [groups(start), groups(end)];
  const middle = Array<number>(8 - first.length - last.length).fill(0);
  return [...first, ...middle, ...last].flatMap((group) => [group >> 8, group & 0xff]);
}

/** What is left of an option's word when its port is taken off; undefined if it is no host and port. */
export function splitPort(word: string): { host: string; port?: number } | undefined {
  const [, host, bracketed, text] = /^(?:([^:[\]]+)|\[([^[\]]+)\])(?::(\d{1,5}))?$/.exec(word) ?? [];
  if (host === undefined && bracketed === undefined) {
    return parseAddress(word) === undefined ? undefined : { host: word };
  }
  const port = text === undefined ? undefined : Number(text);
  return port !== undefined && port > 65535
    ? undefined
    : { host: host ?? bracketed, ...(port !== undefined && { port }) };
}

/** The rule that a word of --allow-net makes; undefined if its host is a name, which has to be looked up. */
export function parseNetRule(word: string): NetRule | undefined {
  const [address, prefix] = word.split('/');
  const split = splitPort(address);
  if (split === undefined) return undefined;
  const { host, port } = split;
  if (host === '*') return prefix === undefined ? { ...ANYWHERE, port } : undefined;
  const bytes = parseAddress(host);
  if (bytes === undefined) return undefined;
  const width = host.includes(':') ? ALL_BITS : IPV4_BITS;
  const bits = prefix === undefined ? width : Number(prefix);
  if (!/^\d*$/.test(prefix ?? '') || bits > width) return undefined;
  return { address: bytes, bits: bits + ALL_BITS - width, port };
}

export interface Destination {
  address: readonly number[];
  port: number;
}

const AF_UNSPEC = 0;
const AF_INET = 2;
const AF_INET6 = 10;

/** The Internet address in a struct sockaddr; undefined if it has none. */
export function destinationOf(sockaddr: DataView): Destination | undefined {
  if (sockaddr.byteLength < 8) return undefined;
  const family = sockaddr.getUint16(0, true);
  const bytes = (at: number, count: number): number[] =>
    Array.from({ length: count }, (_, i) => sockaddr.getUint8(at + i));
  // A datagram socket of IPv4 takes AF_UNSPEC for AF_INET.
  if (family === AF_INET || family === AF_UNSPEC) {
    return { address: [...MAPPED, ...bytes(4, 4)], port: sockaddr.getUint16(2) };
  }
  if (family !== AF_INET6 || sockaddr.byteLength < 24) return undefined;
  return { address: bytes(8, 16), port: sockaddr.getUint16(2) };
}

export const isAllowedDestination = (rules: readonly NetRule[], { address, port }: Destination): boolean =>
  rules.some((rule) => {
    if (rule.port !== undefined && rule.port !== port) return false;
    return address.every((byte, i) => {
      const bits = Math.min(Math.max(rule.bits - 8 * i, 0), 8);
      return ((byte ^ rule.address[i]) & (0xff00 >> bits) & 0xff) === 0;
    });
  });

/** `127.0.0.1:80`, `[::1]:80`. */
export function destinationText({ address, port }: Destination): string {
  if (MAPPED.every((byte, i) => byte === address[i])) return `${address.slice(12).join('.')}:${port}`;
  const groups = Array.from({ length: 8 }, (_, i) => ((address[2 * i] << 8) | address[2 * i + 1]).toString(16));
  return `${new URL(`http://[${groups.join(':')}]/`).hostname}:${port}`;
}
