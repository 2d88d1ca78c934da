/** The package's library; api.ts describes it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { constants as system } from 'node:os';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { architectureOf } from '../cli/architecture.ts';
import { openRoot, type Root } from '../cli/root.ts';
import { realHostPath } from '../host/root-files.ts';
import { isLoadError } from '../loader/load-error.ts';
import { GUEST_ARCHITECTURES } from '../loader/machine.ts';
import type * as api from './api.ts';
import { checkDirectory, checkEmulator, checkLimits, checkRun, checkStart } from './checks.ts';
import { checkHooks, type HookServer, serveHooks } from './hooks.ts';

/** In place of a process ID, where the host has no descriptor or process left; `ended` is rejected then. */
const NOT_STARTED = 0;

/** Bytes in a unit of `ulimit -v`. */
const KIB = 1024;

export const createEmulator: typeof api.createEmulator = (options = {}) => {
  const { architecture, sysroot = '', hooks, sandbox, overlay = {} } = options;
  checkEmulator(options);
  checkHooks(hooks);
  const root = rootOf(options);
  const installation = resolve(options.installation ?? fileURLToPath(new URL('.', import.meta.url)));
  if (architecture !== undefined && !GUEST_ARCHITECTURES.includes(architecture)) {
    throw new TypeError(`unknown architecture ${architecture}: ${GUEST_ARCHITECTURES.join(' or ')}`);
  }
  const switches = [
    // The first option, or the launcher does not see it.
    ...overlaySwitches(overlay),
    ...(sysroot === '' ? [] : ['-L', sysroot]),
    ...(root === undefined ? [] : ['-root', root.root, ...root.binds.flatMap((bind) => ['-b', bind])]),
    ...(options.rootId === true ? ['-root-id'] : []),
    ...sandboxSwitches(sandbox),
    ...(options.options ?? []),
  ];

  const start: api.Emulator['start'] = (program, args = [], startOptions = {}) => {
    checkLimits(startOptions.limits);
    startOptions.signal?.throwIfAborted();
    const cwd = resolve(startOptions.cwd ?? '.');
    checkDirectory(cwd);
    const path = root === undefined ? resolve(cwd, program) : program;
    const chosen = architecture ?? architectureFor(path, sysroot, root && locatorOf(root, cwd, sysroot));
    const { argv0 = program, limits } = startOptions;
    const counted = limits?.instructions === undefined ? [] : ['-insn-limit', String(Math.floor(limits.instructions))];
    const server = hooks && serveHooks(hooks);
    const asked = server?.switches ?? [];
    const command = [
      join(installation, `tsemu-${chosen}`),
      ...switches,
      ...counted,
      ...asked,
      '-0',
      argv0,
      path,
      ...args,
    ];
    return startGuest(command, startOptions, server);
  };
  return {
    start(program, args, startOptions = {}) {
      checkStart(startOptions);
      return start(program, args, startOptions);
    },
    async run(program, args, runOptions = {}) {
      checkRun(runOptions);
      return collect(start, program, args, runOptions);
    },
  };
};

interface GuestRoot {
  root: string;
  /** As `-b` has them. */
  binds: string[];
}

const latin1 = (text: string): string => Buffer.from(text).toString('latin1');

/** A root directory of the guest's own, if it is to have one. Throws a TypeError for what `-b` cannot say. */
function rootOf({ root, binds = {}, rootId }: api.EmulatorOptions): GuestRoot | undefined {
  if (root === undefined) {
    if (Object.keys(binds).length > 0 || rootId !== undefined)
      throw new TypeError('binds and rootId go with root only');
    return undefined;
  }
  checkListed('binds', Object.entries(binds).flat());
  return { root: resolve(root), binds: Object.entries(binds).map(([guest, host]) => `${resolve(host)}:${guest}`) };
}

/** Throws a TypeError for a path that an option with pairs of paths cannot have. */
function checkListed(name: string, paths: readonly string[]): void {
  const bad = paths.find((path) => path === '' || /[:,]/.test(path));
  if (bad !== undefined) throw new TypeError(`${name} cannot have '${bad}': it is empty or has a colon or comma`);
}

/** Throws a TypeError for what `-overlay` cannot say. */
function overlaySwitches(overlay: NonNullable<api.EmulatorOptions['overlay']>): string[] {
  const pairs = Object.entries(overlay).map(([lower, upper]) => (upper === true ? [lower] : [lower, upper]));
  checkListed('overlay', pairs.flat());
  if (pairs.length === 0) return [];
  return ['-overlay', pairs.map((pair) => pair.map((path) => resolve(path)).join(':')).join(',')];
}

/** What finds the files of a root directory for a guest that starts in `cwd`. Throws an Error if the directory is not fit. */
function locatorOf({ root, binds }: GuestRoot, cwd: string, sysroot: string): Root['locate'] {
  const settings = { root: latin1(root), binds: binds.map(latin1), sysroot, workingDirectory: '' };
  return openRoot(settings, realHostPath(latin1(cwd))).locate;
}

/** The options of a sandbox. Throws a TypeError for what they cannot say. */
function sandboxSwitches(sandbox: api.Sandbox | undefined): string[] {
  if (sandbox === undefined) return [];
  const switches = Object.entries(sandbox).flatMap(
    ([permission, allowed]: [string, true | readonly string[] | undefined]) => {
      if (allowed === undefined) return [];
      if (allowed === true) return [`-allow-${permission}`];
      const bad = allowed.find((word) => word === '' || word.includes(','));
      if (bad !== undefined)
        throw new TypeError(`sandbox.${permission} cannot have '${bad}': it is empty or has a comma`);
      return allowed.length === 0 ? [] : [`-allow-${permission}=${allowed.join(',')}`];
    },
  );
  return ['-sandbox', ...switches];
}

/** Throws an Error with the code of execve(2). */
function architectureFor(path: string, sysroot: string, locate: Root['locate'] | undefined): string {
  const found = architectureOf(latin1(path), latin1(sysroot), GUEST_ARCHITECTURES, locate);
  if (!isLoadError(found)) return found.architecture;
  const { message, errno } = found.error;
  const [code = 'EIO'] = Object.entries(system.errno).find(([, value]) => value === errno) ?? [];
  throw Object.assign(new Error(Buffer.from(message, 'latin1').toString()), { code, errno: -errno });
}

function startGuest(
  command: readonly string[],
  { cwd, env, limits = {}, signal }: api.StartOptions,
  hooks: HookServer | undefined,
): api.Guest {
  const { memory, time, instructions } = limits;
  // The launcher keeps the soft limit for the guest, and lifts it for itself.
  const words =
    memory === undefined
      ? command
      : ['/bin/sh', '-c', `ulimit -S -v ${Math.floor(memory / KIB)} && exec "$@"`, 'sh', ...command];
  const child = spawn(words[0], words.slice(1), { cwd, env, stdio: 'pipe', detached: true });
  let exceeded: api.Ending['exceeded'];
  const kill = (name: NodeJS.Signals = 'SIGTERM'): boolean => killGroup(child, name);
  const onAbort = (): void => void kill('SIGKILL');
  const timer =
    time === undefined
      ? undefined
      : setTimeout(() => {
          exceeded = 'time';
          kill('SIGKILL');
        }, time);
  signal?.addEventListener('abort', onAbort);
  const ended = new Promise<api.Ending>((onEnd, onError) => {
    const settle = (action: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      hooks?.close();
      action();
    };
    child.on('error', (error) => settle(() => onError(error)));
    child.on('close', (exitCode, name) =>
      settle(() => {
        if (signal?.aborted) return onError(signal.reason);
        if (hooks?.failure) return onError(hooks.failure.error);
        if (name === 'SIGXCPU' && instructions !== undefined) exceeded ??= 'instructions';
        onEnd({ exitCode, signal: name, ...(exceeded === undefined ? {} : { exceeded }) });
      }),
    );
  });
  // Whoever waits for it is told; nobody has to.
  ended.catch(() => {});
  const { stdin, stdout, stderr } = child;
  // A guest need not read what it is given. Without a process there may be no pipes either.
  stdin?.on('error', () => {});
  return { pid: child.pid ?? NOT_STARTED, stdin, stdout, stderr, ended, kill };
}

/** Signals a guest and its child processes. */
function killGroup({ pid, exitCode, signalCode }: ChildProcess, name: NodeJS.Signals): boolean {
  if (pid === undefined || exitCode !== null || signalCode !== null) return false;
  try {
    return process.kill(-pid, name);
  } catch {
    return false;
  }
}

async function collect(
  start: api.Emulator['start'],
  program: string,
  args: readonly string[] | undefined,
  options: api.RunOptions,
): Promise<api.RunResult> {
  const { stdin, onOutput, limits } = options;
  const guest = start(program, args, options);
  if (guest.pid === NOT_STARTED) await guest.ended;
  let room = limits?.output ?? Number.POSITIVE_INFINITY;
  let isFull = false;
  const gather = (stream: Readable, name: 'stdout' | 'stderr'): Buffer[] => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => {
      const part = chunk.length > room ? chunk.subarray(0, room) : chunk;
      room -= part.length;
      if (part.length < chunk.length && !isFull) isFull = guest.kill('SIGKILL');
      if (part.length === 0) return;
      chunks.push(part);
      onOutput?.(part, name);
    });
    return chunks;
  };
  const stdout = gather(guest.stdout, 'stdout');
  const stderr = gather(guest.stderr, 'stderr');
  if (stdin !== undefined && typeof stdin !== 'string' && !(stdin instanceof Uint8Array)) stdin.pipe(guest.stdin);
  else guest.stdin.end(stdin);
  const ending = await guest.ended;
  const exceeded = isFull ? ({ exceeded: 'output' } as const) : {};
  return { ...ending, ...exceeded, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) };
}
