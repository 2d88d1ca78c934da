/**
 * The command in the surroundings that a shell can make: the guest must see and do what a native program does, though
 * Node has been there before it.
 */
import { describe, expect, test } from 'vitest';
import { suiteBinary } from '../scripts/build-test-binaries.ts';
import { run, testEnvironment, tsemu } from './support/run.ts';

const quote = (word: string): string => `'${word}'`;

/** Runs a bash script in which `$P` is the program. */
async function shell(script: string, program: readonly string[], env: Record<string, string>) {
  const text = `shopt -s expand_aliases\nalias P=${quote(program.join(' '))}\n${script}`;
  return run(['bash', '--norc', '-c', text], { env });
}

const CASES: Record<string, string> = {
  'as it comes': 'P',
  'ignored signals': "trap '' INT TERM QUIT USR1 CHLD; P",
  nohup: 'nohup $PROGRAM',
  'few descriptors': 'ulimit -n 64; P',
  'limited address space': 'ulimit -v 20000000; P',
  'other limits': 'ulimit -s 4096 -c 100 -f 1000 -u 5000; P',
  'an unlimited stack': 'ulimit -s unlimited; P',
  'hostile NODE_OPTIONS': 'NODE_OPTIONS="--bogus --inspect" NODE_PATH=/x P',
  'closed stdin': 'P <&-',
  'closed stdout': 'P >&-; echo $?',
  'all closed': '(P <&- >&- 2>&-); echo $?',
  'a full disk': 'P >/dev/full; echo $?',
  'a closed pipe': '{ sleep 0.5; P; echo $? >&2; } | true',
  'inherited descriptors': 'exec 5</dev/null 9>/dev/null 63</dev/null 1500</dev/null; P',
  'read-write stdin': 'P <>/dev/null',
};

describe.concurrent('a guest starts as a native program does', { timeout: 300_000 }, () => {
  for (const [name, script] of Object.entries(CASES)) {
    test(name, async () => {
      const env = testEnvironment({ SUITE: 'x' });
      const native = suiteBinary('native', 'start');
      const guest = [...tsemu(), suiteBinary('riscv64', 'start', 'O2', 'static')];
      const without = ({ stdout, stderr, status }: Awaited<ReturnType<typeof run>>) => ({
        // bash sets $_ to the command, and PROGRAM is the test's.
        stdout: stdout.replace(/^(_|PROGRAM)=.*\n/gm, ''),
        stderr,
        status,
      });
      const expected = await shell(script, [native], { ...env, PROGRAM: native });
      const actual = await shell(script, guest, { ...env, PROGRAM: guest.join(' ') });
      expect(without(actual)).toEqual(without(expected));
    });
  }
});

// The emulator makes workers for threads, which open descriptors: none of them is one of the guest's.
test.each([
  ['no standard input', '"$@" <&-'],
  ['a low limit on descriptors', 'ulimit -n 120; "$@"'],
])('a guest has threads with %s', async (_, script) => {
  const program = suiteBinary('riscv64', 'closed', 'O2', 'static');
  const outcome = await run(['sh', '-c', script, 'sh', ...tsemu(), program], { env: testEnvironment({}) });
  expect(outcome).toEqual(await run(['sh', '-c', script, 'sh', suiteBinary('native', 'closed')]));
});
