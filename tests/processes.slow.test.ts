/**
 * Programs that are more than one process: shells and interpreters of Debian's riscv64 root, compared with what the same
 * commands print by definition. The C programs fork, spawn and threads of the suite are in programs.test.ts.
 */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: shell variables look like that
import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { defaultRoot } from '../scripts/debian-root.ts';
import { root, run, testEnvironment, tsemu } from './support/run.ts';
import { Terminal } from './support/terminal.ts';

const debian = defaultRoot('riscv64');
/** No start-up files: a shell whose standard input is a socket, as here, would read them. */
const scratch = mkdtempSync(join(tmpdir(), 'tsemu-processes-'));
afterAll(() => rmSync(scratch, { recursive: true }));
const env = testEnvironment({ PATH: '/usr/bin:/bin', HOME: '/', D: scratch });
const LIMIT = 300_000;

const guest = (program: string, ...args: string[]) =>
  run([...tsemu(), '-L', debian, join(debian, 'usr/bin', program), ...args], { env, timeout: LIMIT });

/** Each part of a pipeline in turn is killed by another process. */
const KILLS_PARTS = `part() { [ $1 = $v ] && sh -c "kill -9 $BASHPID"; cat; }
{ for v in 1 2 3; do part 1 </dev/null | part 2 | part 3; echo \${PIPESTATUS[@]}; done; } 2>/dev/null`;

const SHELL: [name: string, script: string, stdout: string, status?: number][] = [
  ['a pipeline', 'seq 5 | sort -r | head -n 2', '5\n4\n'],
  ['command substitution', 'echo "$(echo one; echo two)" $(uname -m)', 'one\ntwo riscv64\n'],
  ['a here-document', 'cat <<X\n$((6 * 7)) lines\nX', '42 lines\n'],
  ['exit status and pipefail', '(exit 3); echo $?; set -o pipefail; false | true; echo $?', '3\n1\n'],
  ['a command that is missing', 'nosuch 2>/dev/null; echo $?', '127\n'],
  ['any part of a pipeline killed', KILLS_PARTS, '137 0 0\n0 137 0\n0 0 137\n'],
  ['death by a signal', "(bash -c 'kill -9 $$'; echo $?) 2>/dev/null", '137\n'],
  [
    'background jobs',
    'for i in 3 1 2; do (exit $i) & done; n=0; for i in 1 2 3; do wait -n; n=$((n + $?)); done; echo $n',
    '6\n',
  ],
  ['a trap', "trap 'echo caught' USR1; kill -USR1 $$; trap 'echo bye' EXIT; echo last", 'caught\nlast\nbye\n'],
  ['a trap for a child', "trap 'echo child' CHLD; /usr/bin/true; echo end", 'child\nend\n'],
  ['an ignored signal in a child', "trap '' TERM; bash -c 'kill -TERM $$; echo alive'", 'alive\n'],
  ['redirection', 'exec 5>&1; { echo out; echo err >&2; } 2>&1 >&5 | sed s/^/piped:/', 'out\npiped:err\n'],
  ['process substitution', 'paste <(seq 2) <(seq 3 4)', '1\t3\n2\t4\n'],
  ['many forks', 'n=0; for ((i = 0; i < 60; i++)); do n=$((n + $(echo $i))); done; echo $n', '1770\n'],
  ['xargs', 'seq 6 | xargs -P 3 -n 1 echo | sort', '1\n2\n3\n4\n5\n6\n'],
  [
    'make -j4',
    'printf "all: a b c d e f; @cat \\$^; rm \\$^\\na b c d e f: ; @echo \\$@ > \\$@\\n" > $D/Makefile; make -s -C $D -j4; ls $D',
    'a\nb\nc\nd\ne\nf\nMakefile\n',
  ],
  ['xz with threads', 'seq 30000 | xz -0 -T3 --block-size=40000 | xz -dc -T3 | tail -n 1', '30000\n'],
  ['find -exec', "find /etc/passwd -exec echo found '{}' ';'", 'found /etc/passwd\n'],
  ['exec', 'exec -a name bash -c "echo \\$0; exit 4"', 'name\n', 4],
];

const PYTHON: [name: string, script: string, stdout: string][] = [
  [
    'subprocess',
    `import subprocess
print(subprocess.run(['cat'], input=b'through', capture_output=True).stdout)
try: subprocess.run(['/nonexistent'])
except FileNotFoundError as error: print(error.errno)
print(subprocess.run('exit 7', shell=True).returncode)`,
    "b'through'\n2\n7\n",
  ],
  [
    'threading',
    `import threading, queue
q, out = queue.Queue(), []
def work():
  while (n := q.get()) is not None: out.append(n * n)
threads = [threading.Thread(target=work) for _ in range(3)]
for t in threads: t.start()
for n in range(50): q.put(n)
for t in threads: q.put(None)
for t in threads: t.join()
print(sum(out))`,
    '40425\n',
  ],
  [
    'multiprocessing',
    `import multiprocessing
multiprocessing.set_start_method('fork')
with multiprocessing.Pool(2) as pool: print(pool.map(abs, range(-5, 0)))`,
    '[5, 4, 3, 2, 1]\n',
  ],
];

const PROMPT = 'P> ';
/** What is typed into an interactive bash, and what the terminal then shows. */
const JOBS: [keys: string, shown: RegExp][] = [
  ['', /P> /],
  ['echo $-\n', /\r\n\w*m\w*\r\nP> /],
  ["sh -c 'echo up; exec sleep 100'\n", /\r\nup\r\n/],
  ['\x03', /\^C\r\nP> /],
  ['echo =$?\n', /=130\r\nP> /],
  ["sh -c 'echo up; exec sleep 100'\n", /\r\nup\r\n/],
  ['\x1a', /\^Z\r\n\[1\]\+ {2}Stopped .*\r\nP> /],
  ['echo =$?\n', /=148\r\nP> /],
  ['bg; jobs\n', /\[1\]\+ {2}Running .*\r\nP> /],
  ['fg; echo =$?\n', /exec sleep 100'\r\n/],
  ['\x1c', /\^\\Quit\r\n=131\r\nP> /],
  // A background job that reads from the terminal is stopped, and gets its input in the foreground.
  ['cat & sleep 0.3; jobs\n', /\[1\]\+ {2}Stopped .*cat\r\nP> /],
  ['fg\n', /fg\r\ncat\r\n/],
  ['line\n', /line\r\nline\r\n/],
  ['\x04', /P> /],
  // A pipeline is one job.
  ["sh -c 'echo up >&2; exec sleep 100' | cat\n", /\r\nup\r\n/],
  ['\x1a', /\[1\]\+ {2}Stopped .*\r\nP> /],
  ['kill %1; fg\n', /Terminated[^\r]*\r\nP> /],
  // What is killed gives the terminal back.
  ['sh -c "kill -9 \\$\\$"; echo =$?\n', /Killed\r\n=137\r\nP> /],
  [
    'python3.13 -c "import os, tty; tty.setraw(0); os.kill(os.getpid(), 9)"; stty -a | grep -c " icanon"\n',
    /Killed\s+1\r\nP> /,
  ],
  // A size that is set tells the processes in the foreground.
  ["trap 'echo size $(stty size)' WINCH\n", /P> /],
  ['(sleep 0.3; stty rows 33 cols 99) & wait\n', /size 33 99\r\n(.*Done.*\r\n)?P> /],
];

const PYTHON_KILLS = `import os, subprocess, sys
code = '''import threading, time, os
for i in range(3): threading.Thread(target=time.sleep, args=(100,)).start()
child = os.fork() or time.sleep(100)
print(child, len(os.listdir("/proc/self/task")), flush=True)'''
victim = subprocess.Popen([sys.executable, '-W', 'ignore', '-c', code], stdout=subprocess.PIPE, text=True)
child, threads = map(int, victim.stdout.readline().split())
os.kill(child, 9)
os.kill(victim.pid, 9)
print(threads, victim.wait(), os.path.exists(f'/proc/{victim.pid}'))`;

const PYTHON_THREADS = `import sys, threading
barrier = threading.Barrier(17)
def work():
  sum(range(100000))
  barrier.wait()
  barrier.wait()
threads = [threading.Thread(target=work) for _ in range(16)]
for t in threads: t.start()
barrier.wait()
print('all there', flush=True)
sys.stdin.read()
barrier.wait()
for t in threads: t.join()`;

describe('processes', { timeout: LIMIT }, () => {
  for (const [name, script, stdout, status = 0] of SHELL) {
    test(`bash: ${name}`, async () => {
      expect(await guest('bash', '-c', script)).toEqual({ stdout, stderr: '', status });
    });
  }
  for (const [name, script, stdout] of PYTHON) {
    test(`python: ${name}`, async () => {
      expect(await guest('python3.13', '-c', script)).toEqual({ stdout, stderr: '', status: 0 });
    });
  }

  test('job control in a terminal: ^C, ^Z, ^\\, fg, bg, SIGTTIN, SIGWINCH', async () => {
    const bash = [...tsemu(), '-L', debian, join(debian, 'usr/bin/bash'), '--norc', '--noediting', '-i'];
    const terminal = new Terminal(bash, { ...env, PS1: PROMPT, TERM: 'dumb', HISTFILE: '' });
    for (const [keys, shown] of JOBS) {
      await terminal.type(keys, shown);
      // bash says what it brings to the foreground before it does.
      if (keys.startsWith('fg')) await setTimeout(1000);
    }
    await terminal.type('exit 5\n', /exit\r\n/);
    expect(await terminal.status()).toBe(5);
  });

  test('a process with threads and children, killed, leaves nothing behind', async () => {
    expect(await guest('python3.13', '-c', PYTHON_KILLS)).toEqual({ stdout: '4 -9 False\n', stderr: '', status: 0 });
  });

  test('the emulator killed: the right status, and the children go on, as those of any process', async () => {
    const script = 'sleep 100 & echo $!; wait';
    const child = spawn(tsemu()[0], [...tsemu().slice(1), '-L', debian, join(debian, 'usr/bin/bash'), '-c', script], {
      env,
    });
    const ended = new Promise((resolve) => {
      child.on('exit', (code, signal) => resolve(signal ?? code));
    });
    const sleeper = await new Promise<number>((resolve) => {
      child.stdout.once('data', (text: Buffer) => resolve(Number(text)));
    });
    child.kill('SIGKILL');
    expect(await ended).toBe('SIGKILL');
    expect(existsSync(`/proc/${child.pid}`)).toBe(false);
    expect(readdirSync(`/proc/${sleeper}/task`)).toEqual([String(sleeper)]);
    process.kill(sleeper, 'SIGKILL');
  });

  test('a shell in a terminal, killed from outside', async () => {
    const bash = [...tsemu(), '-L', debian, join(debian, 'usr/bin/bash'), '--norc', '--noediting', '-i'];
    const terminal = new Terminal(bash, { ...env, PS1: PROMPT, TERM: 'dumb', HISTFILE: '' });
    const shown = await terminal.type('sleep 100 & echo =$$=$!=\n', /=\d+=\d+=\r\n/);
    const [shell, sleeper] = [...shown.matchAll(/=(\d+)=(\d+)=/g)][0].slice(1).map(Number);
    process.kill(shell, 'SIGKILL');
    expect(await terminal.status()).toBe(137);
    expect(existsSync(`/proc/${shell}`)).toBe(false);
    // The terminal has gone, and with it its session's processes.
    for (let i = 0; i < 100 && existsSync(`/proc/${sleeper}`); i++) await setTimeout(100);
    if (existsSync(`/proc/${sleeper}`)) process.kill(sleeper, 'SIGKILL');
  });

  // It takes 465 MB.
  test('a process with 16 threads has room in 512 MB', async () => {
    const child = spawn(
      tsemu()[0],
      [...tsemu().slice(1), '-L', debian, join(debian, 'usr/bin/python3.13'), '-c', PYTHON_THREADS],
      { env },
    );
    const ended = new Promise((resolve) => {
      child.on('exit', (code, signal) => resolve(signal ?? code));
    });
    await new Promise((resolve) => {
      child.stdout.once('data', resolve);
    });
    const peak = Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'latin1'))?.[1]);
    child.stdin.end();
    expect(await ended).toBe(0);
    expect(peak).toBeLessThan(512_000_000 / 1024);
  });

  test('others see the command line, environment and name of the guest', async () => {
    const look =
      'sleep 5 & p=$!; sleep 0.5; tr "\\0" "|" </proc/$p/cmdline; grep -az ^HOME /proc/$p/environ; cat /proc/$p/comm; kill $p';
    const outcome = await guest('bash', '-c', look);
    expect(outcome).toEqual({ stdout: 'sleep|5|HOME=/\0sleep\n', stderr: '', status: 0 });
  });

  test('a program of another architecture runs with the command beside ours', async () => {
    const other = mkdtempSync(join(tmpdir(), 'tsemu-sibling-'));
    afterAll(() => rmSync(other, { recursive: true }));
    const dist = join(root, 'dist');
    for (const name of readdirSync(dist)) symlinkSync(join(dist, name), join(other, name));
    for (const name of ['tsemu-riscv64', 'tsemu-aarch64']) rmSync(join(other, name));
    copyFileSync(join(dist, 'tsemu-riscv64'), join(other, 'tsemu-riscv64'));
    const header = Buffer.alloc(64);
    header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
    header.writeUInt16LE(2, 16);
    header.writeUInt16LE(183, 18);
    const program = join(other, 'program');
    writeFileSync(program, header, { mode: 0o755 });
    const bash = (...options: string[]) =>
      run(
        [
          join(other, 'tsemu-riscv64'),
          '-L',
          debian,
          ...options,
          join(debian, 'usr/bin/bash'),
          '-c',
          `exec -a me ${program} x`,
        ],
        { env },
      );
    const log = join(other, 'log');
    expect(await bash('-d', 'unimp', '-D', log)).toMatchObject({
      status: 126,
      stderr: expect.stringMatching(/Exec format error/),
    });
    expect(readFileSync(log, 'latin1')).toBe(
      `${program} needs ${join(other, 'tsemu-aarch64')}, which is not installed\n`,
    );
    writeFileSync(join(other, 'tsemu-aarch64'), '#!/bin/sh\necho "$@"\n', { mode: 0o755 });
    const stdout = `-L ${debian} -exec guest-only -0 me ${program} x\n`;
    expect(await bash('-exec', 'guest-only')).toEqual({ stdout, stderr: '', status: 0 });
  });

  test('-exec guest-only keeps programs of the host from being executed', async () => {
    const command = [...tsemu(), '-L', debian, '-exec', 'guest-only', join(debian, 'usr/bin/bash'), '-c'];
    const outcome = await run([...command, `${process.execPath} --version; echo $?; true`], { env });
    expect(outcome).toMatchObject({ stdout: '126\n', stderr: expect.stringMatching(/Exec format error/), status: 0 });
  });
});
