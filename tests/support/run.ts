/**
 * Runs commands for tests that compare whole programs: a guest under tsemu and under qemu-user, and the native build.
 *
 *     const outcome = await run([...tsemu(), '-L', sysroot, binary, 'argument'], { stdin: 'text' });
 *     expect(outcome).toEqual(await run([...qemu(), '-L', sysroot, binary, 'argument'], { stdin: 'text' }));
 *
 * The environment variables TSEMU_RISCV64 and TSEMU_AARCH64 (a command with options, separated by blanks) replace what is
 * in dist: with `qemu-riscv64-static` the tests test themselves, with `dist/tsemu-riscv64 -tier cold` one tier.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root: string = fileURLToPath(new URL('../..', import.meta.url));

/** Milliseconds after which a program is taken for hung. Machines differ by a factor of ten; nothing is measured here. */
export const HANG = 200_000;

/** Everything a parent can see of a program. Bytes are read as latin1, so that nothing is lost. */
export interface Outcome {
  stdout: string;
  stderr: string;
  /** Exit status, or the signal's name if one killed it. */
  status: number | string;
}

export interface RunOptions {
  stdin?: string | Buffer;
  /** The whole environment; PATH, HOME and TMPDIR of the caller, LC_ALL=C and TZ=UTC unless given. */
  env?: Record<string, string>;
  cwd?: string;
  /** Milliseconds; a program that takes longer is killed and the promise rejected. */
  timeout?: number;
}

/** The environment of guest programs, the same for all runs. tsemu says nothing of faults in it. */
export function testEnvironment(extra: Record<string, string> = {}): Record<string, string> {
  const { PATH = '/usr/bin:/bin', HOME = '/', TMPDIR = '/tmp' } = process.env;
  return { PATH, HOME, TMPDIR, LC_ALL: 'C', TZ: 'UTC', TSEMU_CACHE: 'off', TSEMU_QUIET: '1', ...extra };
}

export function run(command: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const { stdin = '', env = testEnvironment(), cwd = root, timeout = HANG } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command[0], command.slice(1), { env, cwd, stdio: ['pipe', 'pipe', 'pipe'] });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, timeout);
    child.stdout.on('data', (data: Buffer) => stdout.push(data));
    child.stderr.on('data', (data: Buffer) => stderr.push(data));
    // A program need not read its input.
    child.stdin.on('error', () => {});
    child.stdin.end(stdin);
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const text = Buffer.concat(stdout).toString('latin1');
      const errors = Buffer.concat(stderr).toString('latin1');
      if (late) {
        const seen = `${text.slice(-500)}\n${errors.slice(-500)}`;
        reject(new Error(`not finished after ${timeout} ms: ${command.join(' ')}\n${seen}`));
      } else resolve({ stdout: text, stderr: errors, status: code ?? signal ?? 'unknown' });
    });
  });
}

function found(command: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', command]).status === 0;
}

/** The command under test. */
export function tsemu(arch = 'riscv64'): string[] {
  const given = process.env[`TSEMU_${arch.toUpperCase()}`]?.trim();
  if (given) return given.split(/\s+/);
  const command = join(root, 'dist', `tsemu-${arch}`);
  if (!existsSync(command)) throw new Error(`${command} is not there; run npm run build`);
  return [command];
}

const qemuNames = new Map<string, string | undefined>();
/** qemu-user, the oracle. It is a test's requirement, never a reason to skip. */
export function qemu(arch = 'riscv64'): string[] {
  if (!qemuNames.has(arch)) qemuNames.set(arch, [`qemu-${arch}-static`, `qemu-${arch}`].find(found));
  const name = qemuNames.get(arch);
  if (!name) throw new Error(`qemu-${arch} not found; run npm run setup`);
  return [name];
}

/** Where Debian's cross compilers keep the guest's C library. */
export function sysroot(arch = 'riscv64'): string {
  const triplets: Record<string, string> = {
    riscv64: 'riscv64-linux-gnu',
    aarch64: 'aarch64-linux-gnu',
    arm: 'arm-linux-gnueabihf',
  };
  return `/usr/${triplets[arch]}`;
}
