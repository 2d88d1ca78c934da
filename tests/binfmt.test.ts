/**
 * `tsemu binfmt`: its words, against a directory that stands in for the kernel's file system; and what the kernel does
 * then, in a user namespace with a binfmt_misc of its own (Linux 6.7), so that nothing is left on the machine.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { prebuiltDirectory, suiteBinary } from '../scripts/build-test-binaries.ts';
import { inNamespace, obstacle } from './support/namespace.ts';
import { type Outcome, root, run } from './support/run.ts';

const scratch = mkdtempSync(join(tmpdir(), 'tsemu-binfmt-'));
afterAll(() => rmSync(scratch, { recursive: true }));
const dist = realpathSync(join(root, 'dist'));
const tsemu = join(dist, 'tsemu');
const program = (name: string): string => join(prebuiltDirectory, 'riscv64', name);

const QEMU = `enabled
interpreter /usr/bin/qemu-riscv64-static
flags: POCF
offset 0
magic 7f454c460201010000000000000000000200f300
mask ffffffffffffff00fffffffffffffffffeffffff
`;

describe('the command', () => {
  /** A directory like binfmt_misc, with entries, and what the command says of it. */
  const commandAt = (name: string, entries: Record<string, string>) => {
    const mount = join(scratch, name);
    mkdirSync(mount);
    for (const [file, text] of Object.entries({ register: '', status: 'enabled\n', ...entries })) {
      writeFileSync(join(mount, file), text);
    }
    return {
      read: (file: string) => readFileSync(join(mount, file), 'utf8'),
      binfmt: (...args: string[]) => run([tsemu, 'binfmt', ...args, '--mount', mount]),
    };
  };

  test('registers', async () => {
    const { binfmt, read } = commandAt('free', {});
    expect(await binfmt('status', 'riscv64')).toEqual({ stdout: 'riscv64: not registered\n', stderr: '', status: 1 });
    expect(await binfmt('register', 'riscv64')).toEqual({
      stdout: `riscv64: registered as tsemu-riscv64 (${dist}/tsemu-riscv64), flags POC\n`,
      stderr: '',
      status: 0,
    });
    const line = read('register');
    expect(line).toMatch(/^:tsemu-riscv64:M::/);
    expect((await binfmt('print', 'riscv64')).stdout.split('\n')[1]).toBe(line);
    expect((await binfmt('print')).stdout.split('\n')).toHaveLength(5);
  });

  test('leaves programs to qemu unless told otherwise', async () => {
    const { binfmt, read } = commandAt('taken', { 'qemu-riscv64': QEMU });
    const qemu = 'qemu-riscv64 (/usr/bin/qemu-riscv64-static)';
    expect(await binfmt('status')).toMatchObject({
      stdout: `riscv64: not registered; ${qemu} is registered\naarch64: not registered\narm: not registered\n`,
      status: 1,
    });
    const refused = await binfmt('register', 'riscv64');
    expect(refused).toMatchObject({ stderr: '', status: 1 });
    expect(refused.stdout).toContain(`left to ${qemu}`);
    expect(read('register')).toBe('');
    expect(await binfmt('register', '--force', 'riscv64')).toMatchObject({
      stdout: expect.stringContaining(`in front of ${qemu}`),
      status: 0,
    });
    expect(read('qemu-riscv64')).toBe(QEMU);
  });

  test('says what cannot be', async () => {
    const { binfmt } = commandAt('odd', {});
    expect(await binfmt('register', 'm68k')).toMatchObject({ stderr: expect.stringContaining('m68k'), status: 1 });
    expect(await binfmt('register', '--flags', 'X')).toMatchObject({ stderr: expect.stringContaining('X'), status: 1 });
    expect(await run([tsemu, 'binfmt', 'status', '--mount', '/nowhere'])).toEqual({
      stdout: '',
      stderr: 'tsemu: binfmt_misc is not mounted; as root: mount -t binfmt_misc binfmt_misc /nowhere\n',
      status: 1,
    });
  });
});

const environment = {
  T: tsemu,
  P: program('echo-args'),
  HELLO: program('hello'),
  HELLO64: suiteBinary('aarch64', 'hello'),
  IDENTITY: suiteBinary('riscv64', 'identity'),
  SCRATCH: scratch,
};

/** Why another user cannot run the emulator here. */
function unreachable(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root has the IDs of another user';
  for (let path = realpathSync(join(dist, 'node')); path !== '/'; path = dirname(path)) {
    if ((statSync(path).mode & 1) === 0) return `${path} is closed to other users`;
  }
  return undefined;
}

const reason = await obstacle();

describe('registered with the kernel', () => {
  const kernelTest = (name: string, script: string, check: (outcome: Outcome) => void, also?: string): void => {
    test(name, async ({ skip }) => {
      if (reason !== undefined) skip(reason);
      if (also !== undefined) skip(also);
      check(await inNamespace(script, environment));
    });
  };
  const native = spawnSync(suiteBinary('native', 'hello'), { encoding: 'utf8' }).stdout;

  kernelTest(
    'programs run by their name, with their arguments, and nothing is left',
    `before=$(ls /proc/sys/fs/binfmt_misc)
$T binfmt register >/dev/null && $T binfmt status >/dev/null && $HELLO && $HELLO64
(exec -a own-name $P -L --help "")
echo "#!$P -x y" > $SCRATCH/script; chmod +x $SCRATCH/script; $SCRATCH/script z
$T binfmt unregister >/dev/null && [ "$before" = "$(ls /proc/sys/fs/binfmt_misc)" ] && $HELLO 2>/dev/null; echo $?`,
    ({ stdout, stderr }) => {
      expect(stderr).toBe('');
      const script = `${program('echo-args')}\n-x y\n${scratch}/script\nz\n`;
      expect(stdout).toBe(`Hello from riscv64\n${native}own-name\n-L\n--help\n\n${script}126\n`);
    },
  );

  kernelTest(
    'what is printed for binfmt.d(5) registers the same',
    `$T binfmt print > $SCRATCH/tsemu.conf && /usr/lib/systemd/systemd-binfmt $SCRATCH/tsemu.conf && $T binfmt status >/dev/null && $HELLO`,
    (outcome) => expect(outcome).toEqual({ stdout: 'Hello from riscv64\n', stderr: '', status: 0 }),
  );

  kernelTest(
    'another emulator is passed by with --force only, and has its programs back afterwards',
    `line=$($T binfmt print riscv64 --flags P | tail -n 1); line=\${line//tsemu-riscv64/other}; line=\${line//$(dirname $T)/$SCRATCH}
printf '#!/bin/sh\\necho other\\n' > $SCRATCH/other; chmod +x $SCRATCH/other
echo "$line" > /proc/sys/fs/binfmt_misc/register
$T binfmt register riscv64 >/dev/null; echo $?; $HELLO
$T binfmt register riscv64 --force >/dev/null; $HELLO
$T binfmt unregister riscv64; $HELLO`,
    ({ stdout, stderr }) => {
      expect(stderr).toBe('');
      const note = `riscv64: unregistered; other (${scratch}/other) is registered`;
      expect(stdout).toBe(`1\nother\nHello from riscv64\n${note}\nother\n`);
    },
  );

  kernelTest(
    'programs that only can be executed do, and set-user-ID ones have their rights',
    `$T binfmt register >/dev/null
export TSEMU_STRACE=1
cp $IDENTITY $SCRATCH/secret; chmod 711 $SCRATCH/secret $SCRATCH
cp $IDENTITY $SCRATCH/privileged; chmod 4755 $SCRATCH/privileged
as_user() { setpriv --reuid 1000 --regid 1000 --clear-groups "$@"; }
as_user $SCRATCH/secret 2>/dev/null; as_user $SCRATCH/privileged`,
    ({ stdout, stderr }) => {
      expect(stdout).toBe('uid 1000 1000, gid 1000 1000\nsecure 0 no\nuid 1000 0, gid 1000 1000\nsecure 1 yes\n');
      // TSEMU_STRACE has no say then.
      expect(stderr).toBe('');
    },
    unreachable(),
  );
});
