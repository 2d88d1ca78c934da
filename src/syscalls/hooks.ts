/**
 * System calls that somebody else is asked about before they are made: whoever
 * listens at a socket, which is the library (src/library/hooks.ts). Each thread
 * has a connection of its own. Both sides write JSON, a line a message:
 *
 *     → {"call": "openat", "pid": 7, "tid": 7, "args": ["4294967196", "65536", …]}
 *     ← {"read": ["65536", 16]}           as often as it likes
 *     → {"bytes": "L2V0Yw…"}              base64, or {"errno": 14}
 *     ← {"write": ["65536", "L2V0Yw=="]}
 *     → {}                                or {"errno": 14}
 *     ← {"result": "-13"}                 the call is not made, or {} if it is to be
 *
 * A guest whose calls nobody answers for any more must not go on without: it is killed.
 */
import { startCall, steadyCall } from './call.ts';
import { EFAULT } from './errno.ts';
import { hideDescriptor } from './paths.ts';
import type { Row } from './row.ts';
import { DOMAINS } from './sockaddr.ts';
import { bytes, deliver, fetch, stage, stagedText, view } from './staging.ts';
import type { SyscallResult, Task } from './task.ts';

/** `-hook`. */
export interface HookOptions {
  /** Path of the Unix socket, latin1. */
  socket: string;
  names: ReadonlySet<string>;
}

/** What the other side asks for, or its decision if it is none of the first two. */
interface Request {
  read?: [address: string, length: number];
  write?: [address: string, base64: string];
  result?: string;
}

/** Bytes of a message at a time, and the most of guest memory in one. */
const CHUNK = 0x4000;
export const MOST_MEMORY = 0x8000;

const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;
const SIGKILL = 9;

/** The thread's, and the process that has made it: a child that was forked has its parent's. */
let connection: { descriptor: number; pid: number } | undefined;

/** Asks about a system call that is hooked: its result, or undefined if it is to be made. */
export function askAbout(task: Task, { name, codecs }: Row): SyscallResult | undefined {
  const pid = Number(steadyCall(task, 'getpid'));
  const args = codecs.map((_codec, index) => String(BigInt.asUintN(64, BigInt(task.cpu.argument(index)))));
  let answer: object = { call: name, pid, tid: Number(steadyCall(task, 'gettid')), args };
  for (;;) {
    const { read, write, result } = exchange(task, connect(task, pid), answer);
    startCall(task);
    if (read !== undefined) answer = readMemory(task, Number(read[0]), read[1]);
    else if (write !== undefined) answer = writeMemory(task, Number(write[0]), Buffer.from(write[1], 'base64'));
    else return result === undefined ? undefined : numberOf(BigInt(result));
  }
}

const numberOf = (value: bigint): number | bigint => {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
};

function readMemory(task: Task, address: number, length: number): object {
  const at = stage(length);
  if (!fetch(task, at, address, length)) return { errno: EFAULT };
  return { bytes: Buffer.from(bytes.slice(at, at + length)).toString('base64') };
}

function writeMemory(task: Task, address: number, data: Uint8Array): object {
  const at = stage(data.length);
  bytes.set(data, at);
  return deliver(task, address, at, data.length) ? {} : { errno: EFAULT };
}

/** The connection's descriptor. */
function connect(task: Task, pid: number): number {
  const { host, process } = task;
  if (connection?.pid === pid) return connection.descriptor;
  startCall(task);
  if (connection !== undefined) {
    process.hiddenDescriptors.delete(connection.descriptor);
    steadyCall(task, 'close', connection.descriptor);
  }
  const socket = Number(steadyCall(task, 'socket', DOMAINS.AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const { socket: path } = process.options.hooks!;
  const at = stage(2 + path.length + 1);
  view.setUint16(at, DOMAINS.AF_UNIX, true);
  for (let i = 0; i < path.length; i++) bytes[at + 2 + i] = path.charCodeAt(i);
  bytes[at + 2 + path.length] = 0;
  const isConnected =
    socket >= 0 && steadyCall(task, 'connect', socket, host.stagingPointer(at), 3 + path.length) === 0;
  if (!isConnected) return host.die(SIGKILL);
  connection = { descriptor: hideDescriptor(task, socket), pid };
  return connection.descriptor;
}

/** Sends a message, and waits for the next one. */
function exchange(task: Task, descriptor: number, message: object): Request {
  const { host } = task;
  startCall(task);
  const at = stage(CHUNK);
  const pointer = host.stagingPointer(at);
  const text = `${JSON.stringify(message)}\n`;
  for (let done = 0; done < text.length; ) {
    const part = text.slice(done, done + CHUNK);
    for (let i = 0; i < part.length; i++) bytes[at + i] = part.charCodeAt(i);
    const sent = Number(steadyCall(task, 'sendto', descriptor, pointer, part.length, MSG_NOSIGNAL, 0, 0));
    if (sent <= 0) return host.die(SIGKILL);
    done += sent;
  }
  let line = '';
  while (!line.endsWith('\n')) {
    const count = Number(steadyCall(task, 'read', descriptor, pointer, CHUNK));
    if (count <= 0) return host.die(SIGKILL);
    line += stagedText(at, count);
  }
  return JSON.parse(line) as Request;
}
