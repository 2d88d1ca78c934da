/**
 * What happens to a computation, a shell script whose commands are programs of the guest too, and a server: the
 * benchmark's third table. `timer` and `threads` are ratios that the program itself measures
 * (test-binaries/bench/situations.c), `configure` is seconds of wall time, with the emulator registered in a binfmt_misc
 * of its own, `redis` is throughput: Debian's redis-server and redis-benchmark, both under the same emulator, on loopback.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { benchBinary, root } from '../scripts/build-test-binaries.ts';
import { debianName, debianRoot, defaultRoot } from '../scripts/debian-root.ts';
import { inNamespace, obstacle } from '../tests/support/namespace.ts';
import { median } from './statistics.ts';

/** Situations by name: the size of their work, for `--quick` too unless that leaves them out, and what their figure is. */
export const SITUATIONS: Record<string, { size: number; quick?: number; meaning: string }> = {
  timer: { size: 200_000_000, quick: 20_000, meaning: 'times as long with a timer signal each millisecond' },
  threads: { size: 200_000_000, quick: 20_000, meaning: 'times as fast by two threads' },
  configure: { size: 400, quick: 2, meaning: 's for five programs as often as that' },
  redis: { size: 200_000, meaning: 'thousand SETs per second' },
  'redis-first': { size: 200_000, meaning: 'the same, without what is kept of earlier runs' },
};

export interface Emulators {
  arch: string;
  /** Commands: dist/tsemu-ARCH, and qemu-user's path if it is there. */
  tsemu: readonly string[];
  qemu?: string;
  /** Standard output of a command that must succeed. */
  outputOf: (command: readonly string[]) => string;
  rounds: number;
  quick: boolean;
  /** Writable, and has what tsemu keeps. */
  scratch: string;
}

/** Medians of the rounds by who runs it, NaN for what failed; a string is the reason why it cannot be measured here. */
export function situation(name: string, emulators: Emulators): Promise<Record<string, number> | string> {
  if (name === 'configure') return configure(emulators);
  return name.startsWith('redis') ? redis(name, emulators) : ratio(name, emulators);
}

/** Medians of what each gives, in turns. */
export async function inTurns(
  rounds: number,
  who: readonly string[],
  measure: (who: string) => Promise<number> | number,
): Promise<Record<string, number>> {
  const times: Record<string, number[]> = Object.fromEntries(who.map((one) => [one, []]));
  for (let round = 0; round < rounds; round++) for (const one of who) times[one].push(await measure(one));
  return Object.fromEntries(who.map((one) => [one, median(times[one])]));
}

function ratio(name: string, { arch, tsemu, qemu, outputOf, rounds, quick }: Emulators) {
  const { size, quick: quickSize = size } = SITUATIONS[name];
  const order = [name, String(quick ? quickSize : size)];
  const guest = [benchBinary(arch, 'situations'), ...order];
  const commands: Record<string, string[]> = { native: [benchBinary('native', 'situations'), ...order] };
  if (qemu) commands.qemu = [qemu, ...guest];
  commands.tsemu = [...tsemu, ...guest];
  return inTurns(rounds, Object.keys(commands), (who) => {
    try {
      return Number(outputOf(commands[who]));
    } catch {
      return Number.NaN;
    }
  });
}

async function configure({ arch, tsemu, qemu, rounds, quick, scratch }: Emulators) {
  const reason = await obstacle();
  if (reason !== undefined) return reason;
  const { size, quick: quickSize = size } = SITUATIONS.configure;
  const debian = debianRoot({ architecture: debianName(arch), packages: ['dash', 'coreutils', 'sed', 'grep'] });
  const printed = execFileSync(join(root, 'dist/tsemu'), ['binfmt', 'print', arch, '--flags', 'P'], {
    encoding: 'utf8',
  });
  const fields =
    printed
      .split('\n')
      .find((one) => one.startsWith(':'))
      ?.split(':') ?? [];
  const line = (interpreter: string): string => fields.with(-2, interpreter).join(':');
  const interpreters: Record<string, string | undefined> = {
    native: '',
    qemu,
    tsemu: tsemu.length === 1 ? tsemu[0] : undefined,
  };
  const who = Object.keys(interpreters).filter((one) => interpreters[one] !== undefined);
  // What the machine's own programs write.
  let reference: string | undefined;
  return inTurns(rounds, who, async (one) => {
    const directory = mkdtempSync(join(scratch, 'configure-'));
    const register =
      one === 'native'
        ? ''
        : `echo '${line(interpreters[one] as string)}' >/proc/sys/fs/binfmt_misc/register || exit 97
export PATH=${debian}/usr/bin:${debian}/bin TSEMU_LD_PREFIX=${debian} QEMU_LD_PREFIX=${debian}`;
    const shell = one === 'native' ? '/bin/sh' : `${debian}/usr/bin/dash`;
    const script = join(root, 'test-binaries/bench/scripts/configure.sh');
    const { stdout, status } = await inNamespace(
      `cd ${directory} || exit 96
${register}
start=$EPOCHREALTIME
${shell} ${script} ${quick ? quickSize : size} >log || exit 95
echo $start $EPOCHREALTIME; cat log config.log`,
      { TSEMU_CACHE: join(scratch, 'cache') },
    );
    rmSync(directory, { recursive: true });
    const [times, ...log] = stdout.split('\n');
    reference ??= log.join('\n');
    const [start, end] = times.split(' ').map(Number);
    return status === 0 && log.join('\n') === reference ? end - start : Number.NaN;
  });
}

async function redis(name: string, { arch, tsemu, qemu, outputOf, rounds, scratch }: Emulators) {
  const architecture = debianName(arch);
  const packages = ['redis-server', 'redis-tools'];
  const debian = debianRoot({ architecture, packages, root: `${defaultRoot(architecture)}-redis` });
  const guest = (program: string): string[] => ['-L', debian, join(debian, 'usr/bin', program)];
  const cache = name === 'redis-first' ? 'off' : join(scratch, 'cache');
  const commands: Record<string, (program: string) => string[]> = {
    tsemu: (program) => ['env', `TSEMU_CACHE=${cache}`, ...tsemu, ...guest(program)],
  };
  if (qemu) commands.qemu = (program) => [qemu, ...guest(program)];
  const installed = ['redis-server', 'redis-benchmark'].every((one) => spawnSync(one, ['--version']).status === 0);
  if (installed) commands.native = (program) => [program];
  const throughput = async (who: string): Promise<number> => {
    const port = await freePort();
    const options = ['--port', String(port), '--save', '', '--dir', scratch];
    const [server, ...rest] = [...commands[who]('redis-server'), ...options];
    const child = spawn(server, rest, { stdio: ['ignore', 'pipe', 'ignore'] });
    const exited = once(child, 'exit');
    try {
      for await (const line of createInterface({ input: child.stdout })) if (line.includes('Ready to accept')) break;
      const order = ['-p', String(port), '-n', String(SITUATIONS[name].size), '-t', 'set', '--csv'];
      const lines = outputOf([...commands[who]('redis-benchmark'), ...order]);
      return Number(/^"SET","([\d.]+)"/m.exec(lines)?.[1]) / 1000;
    } catch {
      return Number.NaN;
    } finally {
      child.kill();
      await exited;
    }
  };
  // Something to keep is there from the first round on.
  if (name === 'redis' && rounds > 1) await throughput('tsemu');
  return inTurns(rounds, Object.keys(commands), throughput);
}

/** A TCP port of the loopback address that nobody listens at now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
