import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NativeDirectory } from '../../../tests/support/native.ts';

let native: NativeDirectory;
let scratch: string;
beforeAll(() => {
  native = new NativeDirectory();
  native.installProgram('start-state');
  scratch = mkdtempSync(join(tmpdir(), 'tsemu-launcher-'));
});
afterAll(() => {
  native.remove();
  rmSync(scratch, { recursive: true });
});

/** Closes what this process may have inherited itself. */
const CLOSE_INHERITED = 'for fd in $(ls /proc/$$/fd); do [ $fd -gt 2 ] && eval "exec $fd>&-"; done';

/** Runs a shell script in which `$T` is the launcher and whose descriptor 9 receives what start-state.ts prints. */
function shell(script: string, env: Record<string, string> = {}) {
  const output = join(scratch, 'output');
  const result = spawnSync(
    'bash',
    ['--norc', '-c', `${CLOSE_INHERITED}\nexec 9> ${output}\nT=${native.path}/tsemu-riscv64\n${script}`],
    {
      env: { PATH: process.env.PATH, ...env },
      encoding: 'utf8',
      timeout: 20_000,
      cwd: scratch,
    },
  );
  const text = readFileSync(output, 'latin1');
  return { ...result, state: text === '' ? undefined : JSON.parse(Buffer.from(text, 'latin1').toString()) };
}

const actualLimit = (state: { actualLimits: string }, name: string): string[] =>
  new RegExp(`^${name} +(\\S+) +(\\S+)`, 'm').exec(state.actualLimits)?.slice(1) ?? [];

describe('the launcher', () => {
  it('hands over command line and environment byte for byte', () => {
    const { state, status, stderr } = shell(`exec -a odd-name $T 'a b' '' $'\\xff\\xfe' -e --version`, {
      EMPTY: '',
      NODE_OPTIONS: '--bogus-option',
      LD_LIBRARY_PATH: '/nowhere',
    });
    expect([stderr, status]).toEqual(['', 42]);
    expect(state.architecture).toBe('riscv64');
    expect(state.argv).toEqual(['odd-name', 'a b', '', '\xff\xfe', '-e', '--version']);
    expect(state.env).toEqual(
      expect.arrayContaining(['EMPTY=', 'NODE_OPTIONS=--bogus-option', 'LD_LIBRARY_PATH=/nowhere']),
    );
    expect(state.nodeOptions).toBe('');
  });

  it('works through a symbolic link, by a relative path and through PATH', () => {
    symlinkSync(join(native.path, 'tsemu-riscv64'), join(scratch, 'link'));
    expect(shell('./link').status).toBe(42);
    expect(shell(`cd ${native.path}; ./tsemu-riscv64`).status).toBe(42);
    expect(shell(`PATH=${native.path}:$PATH; tsemu-riscv64`).state.argv).toEqual(['tsemu-riscv64']);
  });

  it('passes a large environment', () => {
    const big = 'x'.repeat(100_000);
    const { state } = shell('$T', { A: big, B: big, C: big });
    expect(state.env).toEqual(expect.arrayContaining([`A=${big}`, `B=${big}`, `C=${big}`]));
  });

  it('restores ignored signals and defaults that Node changed', () => {
    const { state } = shell(`trap '' INT HUP USR1 RTMIN; $T`);
    const bits = (1n << 0n) | (1n << 1n) | (1n << 9n) | (1n << 33n);
    expect(BigInt(`0x${state.recorded.ignored}`)).toBe(bits);
    expect(BigInt(`0x${state.actual.ignored}`)).toBe(bits);
    // SIGBUS and SIGSEGV are ours, 32 has been used to quiet Node's helper threads.
    expect(BigInt(`0x${state.actual.caught}`)).toBe((1n << 6n) | (1n << 10n) | (1n << 31n));
  });

  it('restores the signal mask', () => {
    const command = `python3 -c 'import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGUSR1])
os.execv(sys.argv[1], sys.argv[1:])' $T`;
    const { state, status } = shell(`command -v python3 >/dev/null || exit 99; ${command}`);
    if (status === 99) return;
    expect(BigInt(`0x${state.recorded.blocked}`)).toBe((1n << 14n) | (1n << 9n));
    expect(BigInt(`0x${state.actual.blocked}`)).toBe((1n << 14n) | (1n << 9n));
  });

  it('keeps resource limits for the guest, also very low ones', () => {
    const { state } = shell('ulimit -n 64; ulimit -S -f 100; ulimit -v 20000000; $T');
    expect(state.limits.nofile).toEqual(['64', '64']);
    expect(actualLimit(state, 'Max open files')).toEqual(['64', '64']);
    expect(actualLimit(state, 'Max file size')[0]).toBe('102400');
    expect(state.limits.as[0]).toBe('20480000000');
    expect(state.windowSize).toBe(16 * 2 ** 30 - 0x10000);
    expect(state.flags).not.toContain('--disable-wasm-trap-handler');
  });

  it('starts with a smaller window when address space is short', () => {
    const { state } = shell('ulimit -v 10000000; $T');
    expect(state.windowSize).toBe(4 * 2 ** 30 - 0x10000);
    expect(shell('ulimit -v 6029312; $T').status).toBe(42);
    expect(shell('ulimit -v 6029311; $T')).toMatchObject({
      status: 126,
      stderr: expect.stringContaining('tsemu-riscv64: the address space limit is too low'),
    });
  });

  it.each([
    ['ulimit -n 47', 'the limit on open files is too low; 48 are needed (ulimit -n)'],
    ['ulimit -d 6029311', 'the limit on data is too low; 6029312 KiB are needed (ulimit -d)'],
    ['ulimit -s 255', 'the limit on the stack is too low; 256 KiB are needed (ulimit -s)'],
  ])('says after %s why Node would not start', (limit, message) => {
    expect(shell(`${limit}; $T`)).toMatchObject({ status: 126, stderr: `tsemu-riscv64: ${message}\n` });
    expect(shell(`${limit.replace(/\d+$/, (number) => String(Number(number) + 1))}; $T`).status).toBe(42);
  });

  it('starts although no file may be written', () => {
    // The result goes to a pipe: the file limit is real again by then.
    const { stdout } = shell('ulimit -f 0; exec 9>&1; $T | cat');
    expect(JSON.parse(stdout.slice(stdout.indexOf('{'))).limits.fsize).toEqual(['0', '0']);
  });

  it('leaves closed descriptors closed and low numbers free', () => {
    const { state } = shell('exec 5</dev/null 2000</dev/null; $T <&- 2>&-');
    expect(state.descriptors).toEqual([1, 5, 9, 2000]);
    expect(Math.min(...state.own)).toBeGreaterThanOrEqual(1024);
    expect(shell('exec 7</dev/null; $T').state.descriptors).toEqual([0, 1, 2, 7, 9]);
  });

  it('says what is missing', () => {
    const other = new NativeDirectory();
    try {
      const run = () => spawnSync(join(other.path, 'tsemu-riscv64'), { encoding: 'utf8', env: {} });
      const bundle = join(other.path, 'tsemu.cjs');
      expect(run()).toMatchObject({ status: 127, stderr: `tsemu-riscv64: ${bundle}: No such file or directory\n` });
      writeFileSync(bundle, '');
      unlinkSync(join(other.path, 'node'));
      const node = join(other.path, 'node');
      expect(run()).toMatchObject({ status: 127, stderr: expect.stringMatching(/there is none on PATH\n/) });
      writeFileSync(node, 'no program');
      expect(run()).toMatchObject({ status: 126, stderr: `tsemu-riscv64: ${node}: Permission denied\n` });
    } finally {
      other.remove();
    }
  });
});
