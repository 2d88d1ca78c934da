/**
 * Debian's strace and gdb in tsemu, which trace and debug a guest program with threads: ptrace(2) as programs use it. What
 * one call of it does is in test-binaries/suite/ptrace*.c.
 */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { debianName, debianRoot, defaultRoot } from '../scripts/debian-root.ts';
import { root as project, run, tsemu } from './support/run.ts';

const PACKAGES = ['strace', 'gdb', 'dash', 'coreutils'];
/** gdb reads its own symbols and the libraries', which takes most of a minute on a slow machine. */
const LIMIT = 300_000;

for (const arch of ['riscv64', 'aarch64']) {
  describe(arch, () => {
    let root = '';
    const program = join(project, 'build/test-binaries', arch, 'traced-O0-dynamic');
    beforeAll(() => {
      const architecture = debianName(arch);
      root = debianRoot({ architecture, packages: PACKAGES, root: `${defaultRoot(architecture)}-debuggers` });
    }, LIMIT);
    const tool = (name: string, ...args: string[]) =>
      run([...tsemu(arch), '-L', root, join(root, 'usr/bin', name), ...args], { timeout: LIMIT });
    const gdb = (...commands: string[]) => {
      const settings = ['pagination off', 'confirm off', 'startup-with-shell off', `sysroot ${root}`];
      const all = [...settings.map((setting) => `set ${setting}`), ...commands];
      return tool('gdb', '-nx', '-q', '-batch', ...all.flatMap((command) => ['-ex', command]), program);
    };

    test(
      'strace -f shows the calls of all threads',
      async () => {
        const { stdout, stderr, status } = await tool('strace', '-f', program);
        expect({ stdout, status }).toEqual({ stdout: 'ok: counter == 6\ndone\n', status: 0 });
        expect(stderr).toMatch(/^execve\("[^"]*traced-O0-dynamic", \[.*\], 0x\w+ \/\* \d+ vars \*\/\) = 0$/m);
        expect(stderr.match(/^\[pid +\d+\] \+\+\+ exited with 0 \+\+\+$/gm)).toHaveLength(3);
        expect(stderr.match(/Process \d+ attached$/gm)).toHaveLength(3);
        expect(stderr).toMatch(/^write\(1, "ok: counter == 6\\n/m);
        expect(stderr).toMatch(/^exit_group\(0\) += \?\n\+\+\+ exited with 0 \+\+\+$/m);
      },
      LIMIT,
    );

    test(
      'strace shows and changes what a call gives',
      async () => {
        const traced = await tool(
          'strace',
          '-e',
          'trace=uname',
          '-e',
          'inject=uname:error=EPERM',
          join(root, 'usr/bin/uname'),
        );
        expect(traced.status).toBe(1);
        expect(traced.stderr).toMatch(/^uname\(0x\w+\) += -1 EPERM \(Operation not permitted\) \(INJECTED\)$/m);
      },
      LIMIT,
    );

    test(
      'gdb stops at a breakpoint, shows where, steps, watches, changes',
      async () => {
        const { stdout, status } = await gdb(
          'break add',
          'run',
          'backtrace 2',
          'info threads',
          'delete',
          'stepi',
          'watch *(long *)&counter',
          'continue',
          'print *(long *)&counter',
          'delete',
          'set var *(long *)&counter = 6 - 2 - 3',
          'continue',
        );
        expect(status).toBe(0);
        expect(stdout).toMatch(/hit Breakpoint 1, (?:0x\w+ in )?add \(\)/);
        expect(stdout).toMatch(/^#1 +0x\w+ in work \(\)$/m);
        expect(stdout).toMatch(/^\* 2 +.*\badd \(\)$/m);
        expect(stdout).toMatch(/atchpoint 2: .*\n\nOld value = 0\nNew value = 1\n/);
        expect(stdout).toMatch(/^\$1 = 1$/m);
        expect(stdout).toMatch(/^ok: counter == 6$/m);
        expect(stdout).toMatch(/exited normally\]$/m);
      },
      LIMIT,
    );
  });
}

describe('aarch64', () => {
  test(
    'gdb stops at a system call',
    async () => {
      const architecture = debianName('aarch64');
      const root = `${defaultRoot(architecture)}-debuggers`;
      const program = join(project, 'build/test-binaries/aarch64/traced-O0-dynamic');
      const commands = [
        `set sysroot ${root}`,
        'set startup-with-shell off',
        'catch syscall write',
        'run',
        'print $x8',
        'kill',
      ];
      const { stdout } = await run(
        [
          ...tsemu('aarch64'),
          '-L',
          root,
          join(root, 'usr/bin/gdb'),
          '-nx',
          '-q',
          '-batch',
          ...commands.flatMap((command) => ['-ex', command]),
          program,
        ],
        { timeout: LIMIT },
      );
      expect(stdout).toMatch(/hit Catchpoint 1 \(call to syscall write\)/);
      expect(stdout).toMatch(/^\$1 = 64$/m);
    },
    LIMIT,
  );
});
