/**
 * System calls that somebody else is asked about before they are made: whoever
 * listens at a socket, which is the library; hook-protocol.ts has what is said.
 *
 * A guest whose calls nobody answers for any more must not go on without: it is killed.
 */
import { startCall, steadyCall, writeText } from './call.ts';
import { EFAULT } from './errno.ts';
import type { MemoryAnswer, Question, Reply } from './hook-protocol.ts';
import { hideDescriptor } from './paths.ts';
import type { Row } from './row.ts';
import { SIGKILL } from './signals.ts';
import { DOMAINS, SOCKET_FLAGS } from './sockaddr.ts';
import { bytes, deliver, fetch, stage, stagedText, view } from './staging.ts';
import type { SyscallResult, Task } from './task.ts';
import { SUN_PATH, setUnixPath } from './unix-paths.ts';

/** `-hook`. */
export interface HookOptions {
  /** Path of the Unix socket, latin1. */
  socket: string;
  names: ReadonlySet<string>;
}

/** Bytes of a message that are read at a time. */
const CHUNK = 0x4000;

const SOCK_STREAM = 1;
const MSG_NOSIGNAL = 0x4000;

/** The thread's, and the process that has made it: a child that was forked has its parent's. */
let connection: { descriptor: number; pid: number } | undefined;

/** Asks about a system call that is hooked: its result, or undefined if it is to be made. */
export function askAbout(task: Task, { name, codecs }: Row): SyscallResult | undefined {
  const pid = Number(steadyCall(task, 'getpid'));
  const args = codecs.map((_codec, index) => String(BigInt.asUintN(64, BigInt(task.cpu.argument(index)))));
  let answer: Question | MemoryAnswer = { call: name, pid, tid: Number(steadyCall(task, 'gettid')), args };
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

function readMemory(task: Task, address: number, length: number): MemoryAnswer {
  const at = stage(length);
  if (!fetch(task, at, address, length)) return { errno: EFAULT };
  return { bytes: Buffer.from(bytes.slice(at, at + length)).toString('base64') };
}

function writeMemory(task: Task, address: number, data: Uint8Array): MemoryAnswer {
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
  const type = SOCK_STREAM | SOCKET_FLAGS.SOCK_CLOEXEC;
  const socket = Number(steadyCall(task, 'socket', DOMAINS.AF_UNIX, type, 0));
  const { socket: path } = process.options.hooks!;
  const at = stage(SUN_PATH + path.length + 1);
  view.setUint16(at, DOMAINS.AF_UNIX, true);
  const length = setUnixPath(at, path);
  const isConnected = socket >= 0 && steadyCall(task, 'connect', socket, host.stagingPointer(at), length) === 0;
  if (!isConnected) return host.die(SIGKILL);
  connection = { descriptor: hideDescriptor(task, socket), pid };
  return connection.descriptor;
}

/** Sends a message, and waits for the next one. */
function exchange(task: Task, descriptor: number, message: Question | MemoryAnswer): Reply {
  const { host } = task;
  startCall(task);
  const isSent = writeText(task, `${JSON.stringify(message)}\n`, (pointer, count) =>
    steadyCall(task, 'sendto', descriptor, pointer, count, MSG_NOSIGNAL, 0, 0),
  );
  if (!isSent) return host.die(SIGKILL);
  const at = stage(CHUNK);
  let line = '';
  while (!line.endsWith('\n')) {
    const count = Number(steadyCall(task, 'read', descriptor, host.stagingPointer(at), CHUNK));
    if (count <= 0) return host.die(SIGKILL);
    line += stagedText(at, count);
  }
  return JSON.parse(line) as Reply;
}
