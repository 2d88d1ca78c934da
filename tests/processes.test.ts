/**
 * Programs that are more than one process: shells and interpreters of Debian's riscv64 root, compared with what the same
 * commands print by definition. The C programs fork, spawn and threads of the suite are in programs.test.ts.
 */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: shell variables look like that
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root, run, testEnvironment, tsemu } from './support/run.ts';

const debian = process.env.TSEMU_DEBIAN_ROOT ?? join(root, '.cache/debian-riscv64');
/** No start-up files: a shell whose standard input is a socket, as here, would read them. */
const env = testEnvironment({ PATH: '/usr/bin:/bin', HOME: '/' });
const LIMIT = 300_000;

const guest = (program: string, ...args: string[]) =>
  run([...tsemu(), '-L', debian, join(debian, 'usr/bin', program), ...args], { env, timeout: LIMIT });

const SHELL: [name: string, script: string, stdout: string, status?: number][] = [
  ['a pipeline', 'seq 5 | sort -r | head -n 2', '5\n4\n'],
  ['command substitution', 'echo "$(echo one; echo two)" $(uname -m)', 'one\ntwo riscv64\n'],
  ['a here-document', 'cat <<X\n$((6 * 7)) lines\nX', '42 lines\n'],
  ['exit status and pipefail', '(exit 3); echo $?; set -o pipefail; false | true; echo $?', '3\n1\n'],
  ['a command that is missing', 'nosuch 2>/dev/null; echo $?', '127\n'],
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

describe.skipIf(!existsSync(debian))('processes', { timeout: LIMIT }, () => {
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
});
