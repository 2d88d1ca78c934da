/**
 * What happens to a computation, and a shell script whose commands are programs of the guest too: the benchmark's third
 * table. `timer` and `threads` are ratios that the program itself measures (test-binaries/bench/situations.c),
 * `configure` is seconds of wall time, with the emulator registered in a binfmt_misc of its own.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { benchBinary, root } from '../scripts/build-test-binaries.ts';
import { debianName, debianRoot } from '../scripts/debian-root.ts';
import { inNamespace, obstacle } from '../tests/support/namespace.ts';
import { median } from './statistics.ts';

/** Situations by name: the size of their work, and what their figure is. */
export const SITUATIONS: Record<string, { size: number; quick: number; meaning: string }> = {
  timer: { size: 200_000_000, quick: 20_000, meaning: 'times as long with a timer signal each millisecond' },
  threads: { size: 200_000_000, quick: 20_000, meaning: 'times as fast by two threads' },
  configure: { size: 400, quick: 2, meaning: 's for five programs as often as that' },
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
  return name === 'configure' ? configure(emulators) : ratio(name, emulators);
}

/** Medians of what each gives, in turns. */
export async function inTurns(
  rounds: number,
  who: readonly string[],
  once: (who: string) => Promise<number> | number,
): Promise<Record<string, number>> {
  const times: Record<string, number[]> = Object.fromEntries(who.map((one) => [one, []]));
  for (let round = 0; round < rounds; round++) for (const one of who) times[one].push(await once(one));
  return Object.fromEntries(who.map((one) => [one, median(times[one])]));
}

function ratio(name: string, { arch, tsemu, qemu, outputOf, rounds, quick }: Emulators) {
  const { size, quick: quickSize } = SITUATIONS[name];
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
  const { size, quick: quickSize } = SITUATIONS.configure;
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
