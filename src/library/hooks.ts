/** Answers for the system calls that a guest's emulator asks about; src/syscalls/hook-protocol.ts says how. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PAGE_SIZE } from '../host/layout.ts';
import { type MemoryAnswer, MOST_MEMORY, type Question, type Reply } from '../syscalls/hook-protocol.ts';
import { AARCH64_SYSCALLS } from '../syscalls/numbers/aarch64.ts';
import { RISCV64_SYSCALLS } from '../syscalls/numbers/riscv64.ts';
import type * as api from './api.ts';

const NAMES: ReadonlySet<string> = new Set(Object.values({ ...AARCH64_SYSCALLS, ...RISCV64_SYSCALLS }));

/** Throws a TypeError for what is no system call. */
export function checkHooks(hooks: api.Hooks = {}): void {
  const bad = Object.keys(hooks).find((name) => !NAMES.has(name));
  if (bad !== undefined) throw new TypeError(`hooks: there is no system call ${bad}`);
}

/** Where one guest's hooks are asked. */
export interface HookServer {
  readonly switches: readonly string[];
  /** What a hook has thrown; the guest is killed then. */
  failure?: { error: unknown };
  close(): void;
}

/** Bytes of an address of unix(7), less the zero at its end. */
const ADDRESS_SIZE = 107;
const RANDOM = 'XXXXXX';

/** Where sockets can be: the directory for temporary files, if that has no longer name than an address can have. */
function makeDirectory(): string {
  const prefixes = [tmpdir(), '/tmp'].map((parent) => join(parent, 'tsemu-hooks-'));
  const prefix = prefixes.find((start) => Buffer.byteLength(join(start + RANDOM, SOCKET)) <= ADDRESS_SIZE);
  return mkdtempSync(prefix!);
}
const SOCKET = 'socket';

export function serveHooks(hooks: api.Hooks): HookServer {
  const directory = makeDirectory();
  const socket = join(directory, SOCKET);
  const connections = new Set<Socket>();
  const server = createServer((connection) => {
    connections.add(connection);
    connection.on('error', () => {});
    connection.on('close', () => connections.delete(connection));
    answerAll(connection, hooks).catch((error: unknown) => {
      hookServer.failure ??= { error };
      connection.destroy();
    });
  });
  server.on('error', (error) => {
    hookServer.failure ??= { error };
  });
  server.listen(socket);
  const hookServer: HookServer = {
    switches: ['-hook', `${socket}:${Object.keys(hooks).join(',')}`],
    close() {
      for (const connection of connections) connection.destroy();
      server.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  return hookServer;
}

/** The thread has gone while its hook was asking. */
class Gone extends Error {}

type Message = Question | (MemoryAnswer & { call?: undefined });

async function answerAll(connection: Socket, hooks: api.Hooks): Promise<void> {
  const lines = createInterface({ input: connection })[Symbol.asyncIterator]();
  const next = async (): Promise<Message | undefined> => {
    const { value, done } = await lines.next();
    return done ? undefined : (JSON.parse(value) as Message);
  };
  const say = (reply: Reply) => connection.write(`${JSON.stringify(reply)}\n`);
  const ask = async (request: Reply): Promise<MemoryAnswer> => {
    say(request);
    const answer = await next();
    if (answer === undefined || answer.call !== undefined) throw new Gone();
    const { errno } = answer;
    if (errno !== undefined)
      throw Object.assign(new Error('EFAULT: bad address in guest memory'), { errno, code: 'EFAULT' });
    return answer;
  };
  for (let message = await next(); message?.call !== undefined; message = await next()) {
    const { call, pid, tid, args } = message;
    try {
      const result = await hooks[call]({ name: call, pid, tid, args: args.map(BigInt), ...memoryOf(ask) });
      say(result === undefined ? {} : { result: String(result) });
    } catch (error) {
      if (!(error instanceof Gone)) throw error;
      return;
    }
  }
}

/** Guest memory, piece by piece. */
function memoryOf(
  ask: (request: Reply) => Promise<MemoryAnswer>,
): Pick<api.SystemCall, 'read' | 'readString' | 'write'> {
  const read = async (address: bigint, length: number): Promise<Uint8Array> => {
    const parts: Buffer[] = [];
    for (let done = 0; done < length; done += MOST_MEMORY) {
      const { bytes } = await ask({ read: [String(address + BigInt(done)), Math.min(length - done, MOST_MEMORY)] });
      parts.push(Buffer.from(bytes!, 'base64'));
    }
    return Buffer.concat(parts);
  };
  return {
    read,
    async readString(address) {
      const parts: Uint8Array[] = [];
      for (let at = address; ; ) {
        // What comes behind the string may not be there.
        const part = await read(at, PAGE_SIZE - Number(at % BigInt(PAGE_SIZE)));
        const end = part.indexOf(0);
        parts.push(end < 0 ? part : part.subarray(0, end));
        if (end >= 0) return Buffer.concat(parts).toString();
        at += BigInt(part.length);
      }
    },
    async write(address, data) {
      for (let done = 0; done < data.length; done += MOST_MEMORY) {
        const part = data.subarray(done, done + MOST_MEMORY);
        await ask({ write: [String(address + BigInt(done)), Buffer.from(part).toString('base64')] });
      }
    },
  };
}
