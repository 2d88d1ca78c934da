/**
 * `tsemu chroot`: what a guest sees of its root directory, and that it sees nothing else, as a user without rights. The
 * guest is test-binaries/chroot/tool.c; programs of Debian are in chroot.slow.test.ts.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TOOLCHAINS } from '../scripts/build-test-binaries.ts';
import { root, run, testEnvironment } from './support/run.ts';

/** Longer than an address of a socket has room for, so that no host path fits. */
const NAME = 'root-directory-with-a-name-that-is-so-long-that-the-address-of-a-socket-has-no-room-for-it-'.padEnd(
  120,
  'x',
);
const USER = 65534;

const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'tsemu-chroot-')));
const tree = join(scratch, NAME);
const isRoot = process.getuid?.() === 0;
/** A user who may do nothing special. */
const asUser = isRoot ? ['setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--clear-groups'] : [];
const ids = isRoot ? USER : (process.getuid?.() as number);
const env = testEnvironment({ PATH: '/nowhere:/bin', HOME: '/' });

const chroot = (...args: string[]) =>
  run([...asUser, join(root, 'dist/tsemu'), 'chroot', ...args], { env, cwd: scratch });

/** The lines that the tool prints in the tree. */
async function ask(requests: string, options: readonly string[] = []): Promise<string[]> {
  const { stdout, stderr, status } = await chroot(...options, tree, '/bin/tool', ...requests.split(' '));
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return stdout.trimEnd().split('\n');
}

function compile(arch: string, output: string, ...flags: string[]): void {
  const { gcc, flags: own } = TOOLCHAINS[arch];
  execFileSync(gcc, [...own, ...flags, '-O1', '-o', output, join(root, 'test-binaries/chroot/tool.c')], {
    stdio: 'inherit',
  });
}

beforeAll(() => {
  chmodSync(scratch, 0o755);
  for (const path of ['bin', 'etc', 'tmp', 'lib', 'mnt', 'dev', 'proc'])
    mkdirSync(join(tree, path), { recursive: true });
  compile('riscv64', join(tree, 'bin/tool'), '-static');
  compile('aarch64', join(tree, 'bin/arm-tool'), '-static');
  compile('riscv64', join(tree, 'bin/dynamic'));
  for (const name of ['ld-linux-riscv64-lp64d.so.1', 'libc.so.6']) {
    copyFileSync(join('/usr/riscv64-linux-gnu/lib', name), join(tree, 'lib', name));
  }
  copyFileSync('/bin/true', join(tree, 'bin/native'));
  writeFileSync(join(tree, 'etc/motd'), 'in the tree\n');
  writeFileSync(join(tree, 'bin/script'), '#!/bin/tool cat\nthis script\n', { mode: 0o755 });
  writeFileSync(join(tree, 'bin/lost'), '#!/bin/nothing\n', { mode: 0o755 });
  symlinkSync('/etc/motd', join(tree, 'absolute'));
  symlinkSync('../../../../../../../../etc/motd', join(tree, 'etc/upwards'));
  symlinkSync('loop', join(tree, 'loop'));
  mkdirSync(join(scratch, 'outside'));
  writeFileSync(join(scratch, 'outside/secret'), 'outside\n');
  if (!isRoot) return;
  for (const path of ['', ...readdirSync(scratch, { recursive: true, encoding: 'utf8' })])
    lchownSync(join(scratch, path), USER, USER);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Paths are followed by other code there. */
const WAYS = [
  { way: '', sandbox: [] },
  { way: ', in a sandbox too', sandbox: ['-sandbox', '-allow-read', '-allow-write'] },
];

test.each(WAYS)('paths, links and .. stay in the tree$way', async ({ sandbox }) => {
  symlinkSync('/tmp/new', join(tree, 'dangling'));
  if (isRoot) lchownSync(join(tree, 'dangling'), USER, USER);
  const requests = {
    'cat /absolute': 'in the tree',
    'cat /etc/upwards': 'in the tree',
    'cat /../../etc/motd': 'in the tree',
    'cat /loop': 'ELOOP',
    'cat /etc/motd/': 'ENOTDIR',
    [`cat ${scratch}/outside/secret`]: 'ENOENT',
    'link /absolute': '/etc/motd',
    'cd /etc': '/etc',
    'cat ../absolute': 'in the tree',
    'cat motd': 'in the tree',
    'cd ../../..': '/',
    'at /etc ../../../etc/motd': 'in the tree',
    'at /etc motd': 'in the tree',
    'write /dangling text': 'EEXIST',
    'write tmp/new text': 'written',
    'cat /dangling': 'text',
    'rename /dangling /tmp/link': 'renamed',
    'link tmp/link': '/tmp/new',
    'rm tmp/link': 'removed',
    'rm tmp/new': 'removed',
    'mkdir tmp/one/': 'made',
    'rm tmp/one/': 'removed',
    'watch tmp/.': 'watched',
  };
  expect(await ask(Object.keys(requests).join(' '), sandbox)).toEqual(Object.values(requests));
});

test.each(WAYS)('/proc shows the guest$way', async ({ sandbox }) => {
  const [exe, cwd, top, opened, through, mounts, mountinfo] = await ask(
    'link /proc/self/exe link /proc/self/cwd link /proc/thread-self/root cat /proc/self/root/etc/motd ' +
      'cat /proc/self/cwd/../etc/motd cat /proc/mounts cat /proc/self/mountinfo',
    sandbox,
  ).then((lines) => {
    // The tables have several lines each.
    const at = lines.findIndex((line) => line.startsWith('1 '));
    return [...lines.slice(0, 5), lines.slice(5, at), lines.slice(at)];
  });
  expect([exe, cwd, top]).toEqual(['/bin/tool', '/', '/']);
  expect([opened, through]).toEqual(['in the tree', 'in the tree']);
  const points = (table: string[], column: number) => table.map((line) => line.split(' ')[column]);
  expect(points(mounts as string[], 1)[0]).toBe('/');
  expect(points(mounts as string[], 1)).toEqual(expect.arrayContaining(['/dev', '/proc']));
  expect(points(mountinfo as string[], 4)).toEqual(points(mounts as string[], 1));
});

test("what shows the host's addresses and processor is absent", async () => {
  const files = ['/proc/self/pagemap', '/proc/self/map_files/1', '/sys/devices/system/cpu/vulnerabilities/meltdown'];
  expect(await ask(files.map((file) => `cat ${file}`).join(' '))).toEqual(['ENOENT', 'ENOENT', 'ENOENT']);
  const listed = await ask('list /proc/self list /sys/devices/system/cpu');
  const events = await ask('cat /sys/devices/system/cpu/cpu0/uevent cd /sys/devices/system/cpu cat cpu0/uevent');
  expect(events.join()).not.toContain('MODALIAS');
  const names = listed.join(' ').split(' ');
  expect(names).toContain('maps');
  expect(names).toContain('online');
  for (const name of ['pagemap', 'numa_maps', 'syscall', 'vulnerabilities']) expect(names).not.toContain(name);
});

test('programs of the tree are executed in it, those of the host are not', async () => {
  expect(await ask('exec /bin/script')).toEqual(['#!/bin/tool cat', 'this script', 'status 0']);
  expect(await ask('exec /bin/dynamic link /proc/self/exe')).toEqual(['/bin/dynamic', 'status 0']);
  expect(await ask('cd /etc exec ../bin/arm-tool link /proc/self/exe cd . cat upwards cat /tmp/none')).toEqual([
    '/etc',
    '/bin/arm-tool',
    '/etc',
    'in the tree',
    'ENOENT',
    'status 0',
  ]);
  expect(await ask('exec /bin/native')).toEqual(['ENOEXEC', 'status 99']);
  expect(await ask('exec /usr/bin/true')).toEqual(['ENOENT', 'status 99']);
  expect(await ask('exec /bin/lost')).toEqual(['ENOENT', 'status 99']);
});

test('addresses of sockets are paths of the tree, however long its own is', async () => {
  const name = '/tmp/socket';
  const lines = await ask(`sockets ${name} cd /tmp sockets socket list /proc/self/fd`);
  expect(lines).toEqual([
    `bound ${name} peer ${name} sent 2 from /tmp/sender`,
    '/tmp',
    'bound socket peer socket sent 2 from /tmp/sender',
    expect.stringMatching(/^0 1 2 \S/),
  ]);
  // Nor is the descriptor seen that stands for the tree in them.
  expect(
    lines
      .at(-1)
      ?.split(' ')
      .filter((descriptor) => Number(descriptor) >= 900),
  ).toEqual([]);
  expect(readdirSync(join(tree, 'tmp'))).toEqual([]);
});

test.each(WAYS)('-b shows a directory or file of the host$way', async ({ sandbox }) => {
  const bind = [...sandbox, '-b', `${join(scratch, 'outside')}:/mnt`, '-w', '/mnt'];
  expect(await ask('cat secret cat /mnt/secret cat ../etc/motd link /proc/self/cwd rm /mnt', bind)).toEqual([
    'outside',
    'outside',
    'in the tree',
    '/mnt',
    'EBUSY',
  ]);
  expect(
    await ask('cat /etc/motd rm /etc/motd', [...sandbox, '-b', `${join(scratch, 'outside/secret')}:/etc/motd`]),
  ).toEqual(['outside', 'EBUSY']);
  expect(readFileSync(join(scratch, 'outside/secret'), 'utf8')).toBe('outside\n');
});

test('a sandbox allows paths of the tree', async () => {
  const bind = ['-b', `${join(scratch, 'outside')}:/mnt`];
  const sandbox = (...options: string[]) => [...bind, '-sandbox', ...options];
  const all = 'cat /etc/motd cat /absolute cat /mnt/secret write /tmp/new x rm /tmp/new exec /bin/tool cat /etc/motd';
  const denied = ['EACCES', 'EACCES', 'EACCES', 'EACCES', 'EACCES', 'EACCES', 'status 0'];
  expect(await ask(all, sandbox())).toEqual(denied);
  const etc = denied.with(0, 'in the tree').with(1, 'in the tree').with(5, 'in the tree');
  expect(await ask(all, sandbox('-allow-read=/etc', '-allow-write=/nothing/yet'))).toEqual(etc);
  // What the host has under that path is another file.
  expect(await ask(all, sandbox(`-allow-read=${tree}/etc`, `-allow-read=${scratch}/outside`))).toEqual(denied);
  expect(await ask(all, sandbox('-allow-read=/mnt', '-allow-write=tmp'))).toEqual(
    denied.with(2, 'outside').with(3, 'written').with(4, 'removed'),
  );
  expect(await ask('cat /mnt/secret cat /etc/motd', sandbox('-allow-read=/'))).toEqual(['outside', 'in the tree']);
  expect(await ask('cat /proc/self/root/etc/motd cat /proc/self/cwd/../etc/motd', sandbox())).toEqual([
    'EACCES',
    'EACCES',
  ]);
  expect(await ask('exec /bin/dynamic link /proc/self/exe', sandbox('-allow-read=/bin,/lib'))).toEqual([
    '/bin/dynamic',
    'status 0',
  ]);
  expect(await ask('exec /bin/native', sandbox('-allow-read=/bin'))).toEqual(['ENOEXEC', 'status 99']);
  const report = await chroot(...sandbox('-sandbox-report'), tree, 'tool', 'cat', '/absolute');
  expect(report.stderr).toContain('openat "/etc/motd": EACCES, allowed by --allow-read=/etc/motd\n');
});

test('-0 lets the guest be root in name', async () => {
  expect(await ask('ids owner /etc/motd')).toEqual([
    `${ids} ${ids} ${ids}, ${ids} ${ids} ${ids}, 0 groups`,
    expect.stringMatching(new RegExp(`^${ids}:\\d+ ${ids}:`)),
  ]);
  const lines = await ask(
    'ids owner /etc/motd write /tmp/mine x chown /tmp/mine 7 owner /tmp/mine chown /tmp/none 7 setuid 33 ids chown /tmp/mine 0 setuid 0 rm /tmp/mine exec /bin/tool ids',
    ['-0'],
  );
  expect(lines).toEqual([
    '0 0 0, 0 0 0, 0 groups',
    '0:0 0:0 644',
    'written',
    'owned',
    '0:0 0:0 640',
    'ENOENT',
    'set',
    '33 33 33, 0 0 0, 0 groups',
    'EPERM',
    'EPERM',
    'removed',
    '33 33 33, 0 0 0, 0 groups',
    'status 0',
  ]);
});

test('says why a command cannot be started', async () => {
  const outcomes: [args: string[], stderr: RegExp, status: number][] = [
    [['none'], /^tsemu chroot: none: No such file or directory\n$/, 1],
    [[join(tree, 'etc/motd')], /^tsemu chroot: .*motd: Not a directory\n$/, 1],
    [[tree, 'nothing'], /^tsemu chroot: nothing: command not found\n$/, 127],
    [[tree, '/bin/nothing'], /^tsemu: \/bin\/nothing: No such file or directory\n$/, 127],
    [[tree, 'native'], /^tsemu: \/bin\/native: Exec format error: /, 126],
    [[tree, '/etc/motd'], /^tsemu: \/etc\/motd: Exec format error: /, 126],
    [['-b', '/none:/mnt', tree, 'tool'], /^tsemu chroot: \/none: No such file or directory\n$/, 1],
    [['-b', `${scratch}:/none`, tree, 'tool'], /^tsemu chroot: -b .*: \/none in .*: No such file or directory\n$/, 1],
    [['-b', `${scratch}:/etc/motd`, tree, 'tool'], /^tsemu chroot: -b .*: one is a directory, the other is not\n$/, 1],
    [['-w', '/none', tree, 'tool'], /^tsemu chroot: \/none in .*: No such file or directory\n$/, 1],
    [['-L', '/', tree, 'tool'], /^tsemu chroot: -L and -root /, 1],
    [[], /^usage: tsemu chroot /, 1],
  ];
  for (const [args, stderr, status] of outcomes) {
    expect(await chroot(...args)).toEqual({ stdout: '', stderr: expect.stringMatching(stderr), status });
  }
});

test('the command of an architecture has the root directory as an option', async () => {
  const command = join(root, 'dist/tsemu-riscv64');
  const inTree = (...args: string[]) =>
    run([...asUser, command, '-root', tree, ...args], { env, cwd: join(tree, 'etc') });
  expect(await inTree('../bin/tool', 'cat', 'motd')).toEqual({ stdout: 'in the tree\n', stderr: '', status: 0 });
  const outside = join(tree, 'bin/tool');
  expect(await inTree(outside)).toEqual({
    stdout: '',
    stderr: `tsemu-riscv64: ${outside}: No such file or directory\n`,
    status: 127,
  });
  expect(await run([command, '-w', '/', outside])).toMatchObject({
    stderr: 'tsemu-riscv64: -b and -w go with -root only\n',
    status: 1,
  });
});

test('a command is found in PATH, and gets its words', async () => {
  expect(await chroot(tree, 'tool', 'cat', 'etc/motd')).toEqual({ stdout: 'in the tree\n', stderr: '', status: 0 });
  expect((await chroot('-help')).stdout).toContain('usage: tsemu chroot [options] directory');
  expect(statSync(join(tree, 'tmp')).isDirectory() && !existsSync(join(scratch, 'tmp'))).toBe(true);
});

test('a relative -L is counted from where the emulator started', async () => {
  const words = [join(root, 'dist/tsemu-riscv64'), '-L', NAME, join(tree, 'bin/tool'), 'cd', '/'];
  const outcome = await run([...words, 'cat', '/etc/motd', 'exec', '/bin/script'], { env, cwd: scratch });
  expect(outcome).toEqual({
    status: 0,
    stderr: '',
    stdout: '/\nin the tree\n#!/bin/tool cat\nthis script\nstatus 0\n',
  });
});
