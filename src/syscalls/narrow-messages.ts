/** Messages of sockets of 32-bit arm: see narrow-calls.ts. The header, its buffers, and control messages, whose header has a size_t. */
import type { Int } from '../host/host.ts';
import { EINVAL } from './errno.ts';
import { IOVEC, type Narrow, type Narrowing, type Pair, pairOf, TIMESPEC, TIMESPEC64, to } from './narrow.ts';

const MSGHDR = pairOf(
  'name:u32 namelen:u32 iov:u32 iovlen:u32 control:u32 controllen:u32 flags:i32',
  'name:u64 namelen:u32 iov:u64 iovlen:u64 control:u64 controllen:u64 flags:i32',
);

const CMSG_HEADER = { narrow: 12, wide: 16 } as const;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
/** SO_TIMESTAMP, SO_TIMESTAMPNS and SO_TIMESTAMPING by their old numbers: one or more pairs of longs. */
const SCM_TIMES = [29, 35, 37];

/** Control messages to be sent; undefined for what the kernel does not take (EINVAL). */
function widenControl(bytes: Uint8Array): Uint8Array | undefined {
  const out: number[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + CMSG_HEADER.narrow <= bytes.length; ) {
    const length = view.getUint32(at, true);
    if (length < CMSG_HEADER.narrow || at + length > bytes.length) return undefined;
    const header = new DataView(new ArrayBuffer(CMSG_HEADER.wide));
    header.setBigUint64(0, BigInt(length - CMSG_HEADER.narrow + CMSG_HEADER.wide), true);
    header.setUint32(8, view.getUint32(at + 4, true), true);
    header.setUint32(12, view.getUint32(at + 8, true), true);
    out.push(...new Uint8Array(header.buffer), ...bytes.subarray(at + CMSG_HEADER.narrow, at + length));
    while (out.length % 8 !== 0) out.push(0);
    at += (length + 3) & ~3;
  }
  return out.length === 0 ? undefined : Uint8Array.from(out);
}

/** Received ones, as far as there is room: the last one is cut, and descriptors for which there is none are closed. */
function narrowControl(c: Narrowing, bytes: Uint8Array, room: number): { bytes: Uint8Array; isCut: boolean } {
  const out = new Uint8Array(room);
  const target = new DataView(out.buffer);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let [used, isCut] = [0, false];
  for (let at = 0; at + CMSG_HEADER.wide <= bytes.length; ) {
    const length = Number(view.getBigUint64(at, true));
    if (length < CMSG_HEADER.wide || at + length > bytes.length) break;
    const [level, type] = [view.getUint32(at + 8, true), view.getUint32(at + 12, true)];
    const data = narrowData(level, type, bytes.slice(at + CMSG_HEADER.wide, at + length));
    at += (length + 7) & ~7;
    const left = room - used - CMSG_HEADER.narrow;
    let taken = Math.min(data.length, Math.max(left, 0));
    if (level === SOL_SOCKET && type === SCM_RIGHTS) {
      taken &= ~3;
      const descriptors = new Int32Array(data.buffer);
      for (const descriptor of descriptors.subarray(taken / 4)) c.task.host.syscall('close', descriptor);
    }
    isCut ||= taken < data.length;
    if (left < 0 || (taken === 0 && data.length > 0 && type === SCM_RIGHTS)) continue;
    target.setUint32(used, CMSG_HEADER.narrow + taken, true);
    target.setUint32(used + 4, level, true);
    target.setUint32(used + 8, type, true);
    out.set(data.subarray(0, taken), used + CMSG_HEADER.narrow);
    used = Math.min(room, used + ((CMSG_HEADER.narrow + taken + 3) & ~3));
  }
  return { bytes: out.subarray(0, used), isCut };
}

function narrowData(level: number, type: number, data: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (level !== SOL_SOCKET || !SCM_TIMES.includes(type)) return data;
  return new Uint8Array(Int32Array.from(new BigInt64Array(data.buffer), Number).buffer);
}

const MSG_CTRUNC = 8;

/** A struct msghdr with everything that it leads to, and what brings back what has been received. */
interface Message {
  header: Uint8Array;
  back(header: Uint8Array): boolean;
}

function message(c: Narrowing, at: number, receives: boolean): Message {
  const raw = c.read(at, MSGHDR.narrow.size);
  const view = new DataView(raw.buffer, raw.byteOffset);
  const word = (index: number): number => view.getUint32(4 * index, true);
  const [name, nameLength, iov, iovLength, control, controlLength, flags] = [0, 1, 2, 3, 4, 5, 6].map(word);
  const buffers = c.inArray(iov, iovLength, IOVEC);
  const room = Math.min(controlLength, 0x10000);
  let there = 0;
  let length = 0;
  if (control !== 0 && room !== 0) {
    // No message takes more than twice the room; what does not fit is cut afterwards, as the kernel would.
    const contents = receives ? new Uint8Array((room * 2 + 64) & ~7) : widenControl(c.read(control, room));
    if (contents === undefined) c.fail(EINVAL);
    else [length, there] = [contents.length, c.put(contents)];
  }
  const header = new Uint8Array(MSGHDR.wide.size);
  const target = new DataView(header.buffer);
  target.setBigUint64(0, BigInt(name), true);
  target.setUint32(8, nameLength, true);
  target.setBigUint64(16, BigInt(buffers), true);
  target.setBigUint64(24, BigInt(iovLength), true);
  target.setBigUint64(32, BigInt(there), true);
  target.setBigUint64(40, BigInt(length), true);
  target.setUint32(48, flags, true);
  return {
    header,
    back(received) {
      const from = new DataView(received.buffer, received.byteOffset);
      const got = there === 0 ? 0 : Number(from.getBigUint64(40, true));
      const { bytes, isCut } = narrowControl(c, there === 0 ? new Uint8Array(0) : c.wideBytes(there, got), room);
      view.setUint32(4, from.getUint32(8, true), true);
      view.setUint32(20, bytes.length, true);
      view.setUint32(24, from.getUint32(48, true) | (isCut ? MSG_CTRUNC : 0), true);
      return c.task.space.write(at, raw) && (bytes.length === 0 || c.task.space.write(control, bytes));
    },
  };
}

const sentMessage = (c: Narrowing, index: number): number => c.put(message(c, c.u(index), false).header);
function receivedMessage(c: Narrowing, index: number): number {
  const { header, back } = message(c, c.u(index), true);
  const there = c.put(header);
  c.after(() => back(c.wideBytes(there, header.length)));
  return there;
}

/** struct mmsghdr's: a message and its length each. */
function messages(c: Narrowing, receives: boolean): number {
  const [at, count] = [c.u(1), Math.min(c.u(2), 1024)];
  const [own, wide] = [MSGHDR.narrow.size + 4, MSGHDR.wide.size + 8];
  const all = new Uint8Array(wide * count);
  const parts = Array.from({ length: count }, (_, i) => message(c, at + own * i, receives));
  parts.forEach(({ header }, i) => {
    all.set(header, wide * i);
  });
  const there = c.put(all);
  c.after((result) => {
    for (let i = 0; i < result; i++) {
      const made = c.wideBytes(there + wide * i, wide);
      if (receives && !parts[i].back(made)) return false;
      if (!c.task.space.write(at + own * i + MSGHDR.narrow.size, made.subarray(MSGHDR.wide.size, wide - 4)))
        return false;
    }
    return true;
  });
  return there;
}
const receiveMessages =
  (type: Pair) =>
  (c: Narrowing): Int[] => [c.u(0), messages(c, true), Math.min(c.u(2), 1024), c.u(3), c.inOut(4, type)];

export const MESSAGE_CALLS: Readonly<Record<string, Narrow>> = {
  sendmsg: to('sendmsg', (c) => [c.u(0), sentMessage(c, 1), c.u(2)]),
  recvmsg: to('recvmsg', (c) => [c.u(0), receivedMessage(c, 1), c.u(2)]),
  sendmmsg: to('sendmmsg', (c) => [c.u(0), messages(c, false), c.u(2), c.u(3)]),
  recvmmsg: to('recvmmsg', receiveMessages(TIMESPEC)),
  recvmmsg_time64: to('recvmmsg', receiveMessages(TIMESPEC64)),
};
