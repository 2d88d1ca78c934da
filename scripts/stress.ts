/**
 * Runs the stress programs (test-binaries/stress) natively and under tsemu: each has to end in time, with the right
 * output and status, and leave no process behind.
 *
 *     node scripts/stress.ts [--arch riscv64]… [--scale N] [--only NAME]… [--soak SECONDS]
 *
 * `--scale` divides the sizes (default 1, or TSEMU_STRESS_SCALE). `--soak` runs all of them, small, over and over for
 * that long, two at a time and in all modes of execution. Otherwise those of all architectures run at the same time. What
 * does not end is shown thread by thread, and killed.
 * It does so for riscv64 and aarch64 unless told otherwise. TSEMU_RISCV64 replaces dist/tsemu-riscv64, as in the tests.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { testEnvironment, tsemu } from '../tests/support/run.ts';
import { stressBinary, stressPrograms } from './build-test-binaries.ts';

/** How many operations of each kind (see the programs). */
const PROGRAMS: Record<string, number> = {
  atomics: 100_000,
  connections: 70_000,
  execs: 5000,
  forks: 20_000,
  locks: 20_000,
  pipes: 1024,
  semaphores: 100_000,
  signals: 20_000,
  spawns: 1000,
  stack: 200_000,
  threads: 10_000,
};
/** Options and divisor of the sizes in a soak. With everything compiled each program executed takes a second. */
const MODES: readonly { options: readonly string[]; scale: number; mayGrow?: number }[] = [
  { options: [], scale: 200 },
  // Each thread, and each worker that waits for one, has loaded the compiler by the end: that tells nothing of leaks.
  { options: ['-threshold', '1'], scale: 2000, mayGrow: Number.POSITIVE_INFINITY },
  { options: ['-tier', 'cold'], scale: 200 },
];
/** MiB that a process may grow by while it has as many threads as it has most of the time, if it has them long enough to tell. */
const MAY_GROW = 48;
const SAMPLES = 20;
/** Seconds for a program at full size, and at least. */
const LIMIT = 7200;
const LEAST_LIMIT = 300;

const { values } = parseArgs({
  options: {
    arch: { type: 'string', multiple: true, default: ['riscv64', 'aarch64'] },
    scale: { type: 'string', default: process.env.TSEMU_STRESS_SCALE ?? '1' },
    only: { type: 'string', multiple: true },
    soak: { type: 'string' },
  },
});
const unknown = values.only?.filter((name) => !(name in PROGRAMS)) ?? [];
if (unknown.length > 0) throw new Error(`no stress program ${unknown.join(', ')}`);
for (const name of stressPrograms())
  if (!(name in PROGRAMS)) throw new Error(`${name} has no size in scripts/stress.ts`);
const names = Object.keys(PROGRAMS).filter((name) => !values.only || values.only.includes(name));

/** Processes of a process group (proc_pid_stat(5): the fifth field, behind a name that may hold anything). */
function processesOf(group: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
        const [state, , pgrp] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return Number(pgrp) === group && state !== 'Z';
      } catch {
        return false;
      }
    });
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1').trim();
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}

/** What a process has in memory, in MiB, by its number of threads: the emulator's part is here too, and its threads. */
class MemorySamples {
  private readonly byThreads = new Map<number, number[]>();

  take(pid: number): void {
    const [, resident, threads] = /VmRSS:\s+(\d+).*Threads:\s+(\d+)/s.exec(read(`/proc/${pid}/status`)) ?? [];
    if (threads === undefined) return;
    const samples = this.byThreads.get(Number(threads)) ?? [];
    samples.push(Number(resident) / 1024);
    this.byThreads.set(Number(threads), samples);
  }

  /** MiB from the middle to the end of the time with the most usual number of threads; 0 if that was short. */
  get growth(): number {
    const samples = [...this.byThreads.values()].sort((a, b) => b.length - a.length)[0] ?? [];
    return samples.length > SAMPLES ? samples.at(-1)! - samples[samples.length >> 1] : 0;
  }
}

/** What each thread of the processes is doing. */
function describeProcesses(pids: readonly number[]): string {
  return pids
    .flatMap((pid) => {
      const tasks = existsSync(`/proc/${pid}/task`) ? readdirSync(`/proc/${pid}/task`) : [];
      return tasks.map((tid) => {
        const at = `/proc/${pid}/task/${tid}`;
        const state = /State:\s+(\S)/.exec(read(`${at}/status`))?.[1];
        return `  ${pid}/${tid} ${read(`${at}/comm`)} ${state} ${read(`${at}/wchan`)} ${read(`${at}/syscall`)}`;
      });
    })
    .join('\n');
}

interface Result {
  seconds: number;
  failure?: string;
}

/** Runs a command in a process group of its own, for so many seconds at most. */
async function run(command: readonly string[], limit: number, mayGrow = MAY_GROW): Promise<Result> {
  const start = performance.now();
  const child = spawn(command[0], command.slice(1), {
    detached: true,
    env: testEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const pid = child.pid!;
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data));
  let hang: string | undefined;
  let end = 'still runs';
  child.on('exit', (code, signal) => (end = `has ended, status ${code ?? signal}`));
  const timer = setTimeout(() => {
    hang = `not finished after ${limit} s; the first process ${end}\n${output}${describeProcesses(processesOf(pid))}`;
    process.kill(-pid, 'SIGKILL');
  }, 1000 * limit);
  const memory = new MemorySamples();
  const sampler = setInterval(() => memory.take(pid), 500);
  const status = await new Promise<number | string | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? signal));
  });
  clearTimeout(timer);
  clearInterval(sampler);
  const seconds = (performance.now() - start) / 1000;
  if (hang !== undefined) return { seconds, failure: hang };
  if (status !== 0 || output !== 'done\n') return { seconds, failure: `status ${status}\n${output}` };
  if (memory.growth > mayGrow) return { seconds, failure: `grew by ${memory.growth.toFixed(0)} MiB` };
  // What was killed may still be on its way out.
  for (let i = 0; i < 20 && processesOf(pid).length > 0; i++) await sleep(50);
  const left = processesOf(pid);
  if (left.length === 0) return { seconds };
  const failure = `processes are left\n${describeProcesses(left)}`;
  process.kill(-pid, 'SIGKILL');
  return { seconds, failure };
}

let failures = 0;
function report(title: string, { seconds, failure }: Result): void {
  if (failure !== undefined) failures++;
  const end = failure === undefined ? 'done' : `FAILED: ${failure}`;
  process.stdout.write(`${title.padEnd(32)} ${seconds.toFixed(1).padStart(8)} s  ${end}\n`);
}

async function once(scale: number): Promise<void> {
  const limit = Math.max(LEAST_LIMIT, LIMIT / scale);
  for (const name of names) {
    const size = String(Math.max(1, Math.round(PROGRAMS[name] / scale)));
    const subjects = ['native', ...values.arch];
    const one = async (arch: string): Promise<void> => {
      const emulator = arch === 'native' ? [] : tsemu(arch);
      report(`${name} ${size} ${arch}`, await run([...emulator, stressBinary(arch, name), size], limit));
    };
    await Promise.all(subjects.map(one));
  }
}

async function soak(duration: number): Promise<void> {
  const end = performance.now() + 1000 * duration;
  const kinds = values.arch.flatMap((arch) => MODES.flatMap((mode) => names.map((name) => ({ arch, name, ...mode }))));
  let runs = 0;
  const work = async () => {
    while (performance.now() < end) {
      const { arch, name, options, scale, mayGrow } = kinds[runs % kinds.length];
      runs++;
      const size = String(Math.ceil(PROGRAMS[name] / scale));
      const result = await run([...tsemu(arch), ...options, stressBinary(arch, name), size], LEAST_LIMIT, mayGrow);
      if (result.failure !== undefined) report(`${name} ${size} ${arch} ${options.join(' ')}`, result);
    }
  };
  await Promise.all([work(), work()]);
  process.stdout.write(`soak: ${runs} runs in ${duration} s, ${failures} failed\n`);
}

if (values.soak === undefined) await once(Math.max(1, Number(values.scale)));
else await soak(Number(values.soak));
process.exitCode = failures > 0 ? 1 : 0;
