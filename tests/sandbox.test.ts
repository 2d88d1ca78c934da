/**
 * The sandbox. test-binaries/sandbox has attempts to get out of it: none succeeds, and those that do no harm succeed
 * without one, so that they do attempt something.
 */
import { spawn } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { prebuiltDirectory, sandboxBinary, sandboxSources, suiteBinary } from '../scripts/build-test-binaries.ts';
import { createEmulator } from '../src/library/index.ts';
import { root, run, sysroot, testEnvironment, tsemu } from './support/run.ts';

const scratch = mkdtempSync(join(tmpdir(), 'tsemu-sandbox-'));
const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) server.close();
  rmSync(scratch, { recursive: true });
});

/** Every attempt's name, as the program's tables have them. */
const attempts = sandboxSources().flatMap((file) => {
  return Array.from(readFileSync(file, 'utf8').matchAll(/^ {4}\{"([a-z0-9-]+)", /gm), ([, name]) => name);
});

/** What an attempt fails with where it is neither EACCES nor EPERM. */
const OTHER_ERRORS: Record<string, string> = {
  // As rename and link between file systems, upon which programs copy.
  'hard-link-look': 'EXDEV',
  'link-inherited': 'EXDEV',
  'pass-hidden': 'EBADF',
  // The kernel's answers for addresses that no program has.
  'map-fixed': 'ENOMEM',
  protect: 'ENOMEM',
  move: 'EINVAL',
  unmap: 'EINVAL',
  'write-from': 'EFAULT',
  'read-into': 'EFAULT',
  'run-over': 'EFAULT',
  // Not there for any guest.
  ...Object.fromEntries(['io-uring', 'bpf', 'perf-event', 'userfaultfd'].map((name) => [name, 'ENOSYS'])),
};

/** Attempts that would harm the machine, or that need rights or devices which a machine for tests may lack. */
const NOT_WITHOUT_SANDBOX = [
  ...Object.keys(OTHER_ERRORS).filter((name) => !name.includes('link')),
  ...['mount', 'bind-mount', 'chroot', 'host-name', 'unshare', 'unshare-user', 'clone-namespace', 'clone-sibling'],
  ...['priority-parent', 'priority-user', 'affinity-parent', 'trace-parent', 'read-parent', 'type-for-user'],
  ...['open-device', 'open-terminal', 'mknod-device', 'handle', 'link-empty-path', 'message-queue', 'kill-init'],
  ...['proc-kcore', 'proc-setting', 'proc-score', 'proc-init', 'proc-parent-root', 'proc-map-files', 'kill-all'],
  ...['socket-raw', 'socket-packet', 'socket-crypto', 'socket-filter', 'pidfd-group', 'fsetxattr-inherited'],
  ...['setflags-inherited', 'keyctl', 'open-tmpfile', 'getxattr', 'rename-exchange', 'semaphores', 'compare-parent'],
  ...['open-root', 'race-descriptor', 'race-files', 'bind-memory', 'socket-internet6', 'send-path'],
];

/** Of memory far above a program's own: a 32-bit program cannot name it. */
const FAR_ADDRESSES = ['map-fixed', 'unmap', 'protect', 'move', 'write-from', 'read-into', 'run-over', 'bind-memory'];

const listenAt = (path: string): Promise<void> =>
  new Promise((resolve) => {
    const server = createServer();
    servers.push(server);
    server.listen(path, resolve);
  });

/** What the attempts are made in; its path. */
async function layOut(name: string, arch: string): Promise<string> {
  const directory = join(scratch, name);
  const at = (path: string): string => join(directory, path);
  for (const path of ['in/rule/inner', 'in/swap', 'look', 'out']) mkdirSync(at(path), { recursive: true });
  for (const path of ['out/secret', 'out/moved', 'out/removable', 'in/file', 'in/go', 'in/swap/secret'])
    writeFileSync(at(path), path);
  for (const path of ['look/file', 'look/truncated', 'look/moved']) writeFileSync(at(path), path);
  cpSync(join(prebuiltDirectory, 'riscv64/hello'), at('out/program'));
  cpSync(sandboxBinary(arch), at('in/attempts'));
  for (const [path, interpreter] of [
    ['in/script', at('out/program')],
    ['in/host-script', '/bin/true'],
    ['in/again', at('in/attempts')],
  ]) {
    writeFileSync(at(path), `#!${interpreter}\n`, { mode: 0o755 });
  }
  symlinkSync(at('out/secret'), at('in/link-out'));
  symlinkSync('../out', at('in/directory-out'));
  symlinkSync(at('out/new'), at('in/link-new'));
  symlinkSync(at('out'), at('in/swap-link'));
  symlinkSync('../out/socket', at('in/socket-out'));
  symlinkSync('../in/file', at('out/link-in'));
  await listenAt(at('out/socket'));
  await listenAt(at('look/socket'));
  return directory;
}

/** The attempts' outcomes by name. */
async function make(
  arch: string,
  directory: string,
  names: readonly string[],
  options: string[],
): Promise<Map<string, string>> {
  const [outDirectory, outFile] = ['out', 'out/secret'].map((path) => openSync(join(directory, path), 'r'));
  const command = [...tsemu(arch), ...options, join(directory, 'in/attempts'), directory, ...names];
  const child = spawn(command[0], command.slice(1), {
    env: testEnvironment(),
    stdio: ['ignore', 'pipe', 'inherit', outDirectory, outFile],
  });
  const lines = (await text(child.stdout!)).split('\n');
  const outcomes = new Map<string, string>();
  for (const line of lines) {
    const [, name, outcome] = /([a-z0-9-]+) ([A-Z0-9]+)$/.exec(line) ?? [];
    if (name !== undefined) outcomes.set(name, outcome);
  }
  return outcomes;
}

const sandboxOf = (directory: string): string[] => {
  const [inside, rule] = [join(directory, 'in'), join(directory, 'in/rule/inner')];
  return ['-sandbox', `-allow-read=${inside},${rule},${join(directory, 'look')}`, `-allow-write=${inside},${rule}`];
};

for (const [arch, ...root] of [['riscv64'], ['aarch64'], ['arm'], ['riscv64', '-root', '/']]) {
  describe(`no way out: ${[arch, ...root].join(' ')}`, () => {
    let outcomes: Map<string, string>;
    beforeAll(async () => {
      const directory = await layOut([arch, ...root].join('').replace('/', ''), arch);
      outcomes = await make(arch, directory, ['all'], [...root, ...sandboxOf(directory)]);
    });
    const made = arch === 'arm' ? attempts.filter((name) => !FAR_ADDRESSES.includes(name)) : attempts;
    test.each(made)('%s', (name) => {
      expect(outcomes.get(name)).toMatch(new RegExp(`^(${OTHER_ERRORS[name] ?? 'EACCES|EPERM'})$`));
    });
  });
}

// So no thread can put its own in their place.
test('no file of tsemu is read when there are two threads', async () => {
  const directory = await layOut('files', 'riscv64');
  rmSync(join(directory, 'in/go'));
  const installation = join(directory, 'installation');
  cpSync(join(root, 'dist'), installation, { recursive: true, verbatimSymlinks: true });
  rmSync(join(installation, 'node'));
  symlinkSync(process.execPath, join(installation, 'node'));
  const child = spawn(
    join(installation, 'tsemu-riscv64'),
    [...sandboxOf(directory), join(directory, 'in/attempts'), directory, 'race-files'],
    {
      env: { ...testEnvironment(), TSEMU_QUIET: undefined },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const errors = text(child.stderr);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  rmSync(installation, { recursive: true });
  writeFileSync(join(directory, 'in/go'), '');
  expect(await text(child.stdout)).toBe('race-files EACCES\n');
  expect(await errors).toMatch(/killed by SIGSEGV at address 0x8\b/);
});

describe('without a sandbox it is one', () => {
  const harmless = attempts.filter((name) => !NOT_WITHOUT_SANDBOX.includes(name));
  let outcomes: Map<string, string>;
  beforeAll(async () => {
    const directory = await layOut('free', 'riscv64');
    outcomes = await make('riscv64', directory, harmless, []);
  });
  test.each(harmless)('%s', (name) => {
    expect(outcomes.get(name)).toBe('ESCAPED');
  });
});

describe.concurrent('what is allowed works', () => {
  const free = ['-sandbox', '-allow-read', `-allow-write=${tmpdir()}`, '-allow-env', '-allow-net'];

  test.each(['files', 'directories', 'fork', 'exec-hot'])('%s of the suite, as without a sandbox', async (name) => {
    // What programs.test.ts has found it to print without a sandbox.
    const expected = await run([suiteBinary('native', name)]);
    const binary = suiteBinary('riscv64', name, 'O0', 'dynamic');
    expect(await run([...tsemu(), '-L', sysroot('riscv64'), ...free, binary])).toEqual(expected);
  });

  test('the program itself, its interpreter and libraries, and nothing else, need no option', async () => {
    const binary = suiteBinary('riscv64', 'printf-float', 'O0', 'dynamic');
    const options = ['-L', sysroot('riscv64')];
    const expected = await run([...tsemu(), ...options, binary]);
    expect(await run([...tsemu(), ...options, '-sandbox', binary])).toEqual(expected);
  });

  test('only the variables that are named are there, and those that -E sets', async () => {
    const echo = sandboxBinary('riscv64');
    const variables = async (...options: string[]) => {
      const env = testEnvironment({ SECRET: 'x', PUBLIC: 'y' });
      const { stdout } = await run([...tsemu(), '-sandbox', ...options, echo], { env });
      return ['SECRET=x', 'PUBLIC=y', 'OWN=z'].filter((variable) => stdout.includes(variable));
    };
    expect(await variables()).toEqual([]);
    expect(await variables('-allow-env=PUBLIC', '-E', 'OWN=z')).toEqual(['PUBLIC=y', 'OWN=z']);
    expect(await variables('-allow-env')).toEqual(['SECRET=x', 'PUBLIC=y']);
  });

  test('the report says what would have allowed each call', async () => {
    const directory = await layOut('report', 'riscv64');
    const names = [
      'open-read',
      'open-read',
      'symlink-write',
      'in-child',
      'in-thread',
      'after-exec',
      'socket-internet',
      'run-host',
      'mount',
    ];
    const command = [...sandboxOf(directory), '-sandbox-report', sandboxBinary('riscv64'), directory, ...names];
    const { stderr } = await run([...tsemu(), ...command]);
    const [secret, program] = [join(directory, 'out/secret'), realpathSync('/bin/true')];
    expect(stderr.split('\n')).toEqual([
      'tsemu-riscv64: the sandbox has denied 9 calls:',
      `  openat "${secret}": EACCES, allowed by --allow-read=${secret} (5 times)`,
      `  openat "${secret}": EACCES, allowed by --allow-write=${secret}`,
      '  mount: EPERM, never allowed',
      `  execve "${program}": EACCES, allowed by --allow-read=${program}, or --allow-run if it is one of the host`,
      '  socket of the Internet: EACCES, allowed by --allow-net',
      '',
    ]);
  });

  test('the report comes too if the first process is killed, or executes a program of the host', async () => {
    const directory = await layOut('killed', 'riscv64');
    const command = [...tsemu(), ...sandboxOf(directory), '-sandbox-report', '-allow-run=/bin/sh'];
    const reports = async (...names: string[]) => {
      const { stderr, stdout, status } = await run([
        ...command,
        sandboxBinary('riscv64'),
        directory,
        'open-read',
        ...names,
      ]);
      return { status, stdout, first: stderr.split('\n')[0] };
    };
    const first = 'tsemu-riscv64: the sandbox has denied 1 call:';
    expect(await reports('die')).toEqual({ status: 'SIGKILL', stdout: 'open-read EACCES\n', first });
    expect(await reports('become-sh')).toMatchObject({ status: 3, first });
    // Who waits for all children finds none that is not its own.
    expect(await reports('childless')).toMatchObject({ status: 0, stdout: 'open-read EACCES\nchildless ECHILD\n' });
  });

  test('programs of the host run if they are named', async () => {
    const directory = await layOut('run', 'riscv64');
    const outcome = async (...options: string[]) =>
      (await make('riscv64', directory, ['run-host', 'run-host-script'], [...sandboxOf(directory), ...options]))
        .values()
        .toArray();
    expect(await outcome('-allow-run=true')).toEqual(['ESCAPED', 'ESCAPED']);
    expect(await outcome('-allow-run=false')).toEqual(['EACCES', 'EACCES']);
  });

  test('the library has it too', async () => {
    const emulator = createEmulator({
      installation: join(root, 'dist'),
      sandbox: { read: [join(scratch, 'riscv64', 'in')], env: ['A'] },
    });
    const { stdout } = await emulator.run(sandboxBinary('riscv64'), [], { env: { A: '1', B: '2' } });
    expect(stdout.toString()).toContain('A=1');
    expect(stdout.toString()).not.toContain('B=2');
    const attempt = await emulator.run(sandboxBinary('riscv64'), [join(scratch, 'riscv64'), 'open-read', 'open-write']);
    expect(attempt.stdout.toString()).toBe('open-read EACCES\nopen-write EACCES\n');
  });
});

test.each([
  [['-allow-read=/x'], "option 'allow-read' needs -sandbox"],
  [['-sandbox-report'], "option 'sandbox-report' needs -sandbox"],
  [
    ['-sandbox', '-root', '/', '-allow-run=true'],
    "option 'allow-run' cannot be used with -root, where no program of the host runs",
  ],
  [['-sandbox', '-host', 'node'], "option 'sandbox' needs -host linux"],
  [['-hook', '/x:read', '-host', 'node'], "option 'hook' needs -host linux"],
  [['-sandbox', '-allow-read=/x,,/y'], "'/x,,/y' is no list: something is missing between its commas"],
  [['-sandbox', '-allow-run=no-such-program'], "no program 'no-such-program' (-allow-run)"],
  [['-sandbox', '-allow-net=1.2.3.4/40'], "'1.2.3.4/40' is no address (-allow-net)"],
])('%j is refused', async (options, message) => {
  const outcome = await run([...tsemu(), ...options, join(prebuiltDirectory, 'riscv64/hello')]);
  expect(outcome).toEqual({ stdout: '', stderr: `tsemu-riscv64: ${message}\n`, status: 1 });
});
