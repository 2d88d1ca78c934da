/**
 * `tsemu chroot` with Debian: package tools, interpreters and a small test suite in roots that
 * scripts/debian-root.ts makes, run by a user who owns neither them nor anything else.
 *
 *     npm run test:programs                 TSEMU_DEBIAN_ROOTS names the directory of roots made before
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { debianName, debianRoot } from '../scripts/debian-root.ts';
import { type Outcome, root, run, testEnvironment } from './support/run.ts';

const USER = 65534;
const isRoot = process.getuid?.() === 0;
const asUser = isRoot ? ['setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--clear-groups'] : [];
/** Python cannot keep what it has compiled in a directory of somebody else's. */
const env = testEnvironment({ PATH: '/usr/bin:/bin', HOME: '/', PYTHONPYCACHEPREFIX: '/tmp/python' });
const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'tsemu-chroot-')));
chmodSync(scratch, 0o755);
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function give(directory: string): void {
  if (!isRoot) return;
  const below = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  for (const path of ['', ...below]) lchownSync(join(directory, path), USER, USER);
}

const succeeds = (stdout: unknown): unknown => ({ stdout, stderr: '', status: 0 });

/** The archive of a package among those that a root was made of. */
const archiveOf = (archives: string, name: string): string | undefined =>
  readdirSync(archives).find((file) => file.startsWith(`${name}_`));

/** What the package is, as dpkg has it in its database. */
const fieldsOf = (archive: string): string => execFileSync('dpkg-deb', ['-f', archive], { encoding: 'utf8' });

const fieldOf = (fields: string, name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(fields)?.[1] ?? '';

/** Names in Depends and Pre-Depends, alternatives too. */
const dependenciesOf = (fields: string): string[] =>
  `${fieldOf(fields, 'Depends')}, ${fieldOf(fields, 'Pre-Depends')}`.match(/(?<=^|[,|]\s*)[a-z0-9][a-z0-9.+-]+/g) ?? [];

/** Makes a root of the packages called `wanted` and what they depend on, all of them installed as far as dpkg knows. */
function makeRoot(directory: string, archives: string, wanted: readonly string[]): void {
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(directory, 'usr', name), { recursive: true });
    symlinkSync(`usr/${name}`, join(directory, name));
  }
  const info = join(directory, 'var/lib/dpkg/info');
  mkdirSync(info, { recursive: true });
  const seen = new Set<string>();
  let status = '';
  for (const names = [...wanted]; names.length > 0; ) {
    const name = names.pop() as string;
    const file = archiveOf(archives, name);
    if (file === undefined || seen.has(name)) continue;
    seen.add(name);
    const fields = fieldsOf(join(archives, file));
    names.push(...dependenciesOf(fields));
    const files = execFileSync('dpkg-deb', ['-X', join(archives, file), directory], { encoding: 'utf8' });
    const list = files
      .replace(/^\./gm, '')
      .replace(/^\/$/m, '/.')
      .replace(/(?<=.)\/$/gm, '');
    const isSame = fieldOf(fields, 'Multi-Arch') === 'same';
    writeFileSync(join(info, `${name}${isSame ? `:${fieldOf(fields, 'Architecture')}` : ''}.list`), list);
    status += `${fields.replace('\n', '\nStatus: install ok installed\n')}\n`;
  }
  writeFileSync(join(directory, 'var/lib/dpkg/status'), status);
  // dpkg insists on one; of libc-bin, which nothing here depends on.
  symlinkSync('../bin/true', join(directory, 'usr/sbin/ldconfig'));
}

describe.each(['riscv64', 'aarch64'])('%s', { timeout: 900_000 }, (arch) => {
  let debian: string;
  /** Paths are nothing to architectures; what takes long is tried on one of them. */
  const on = (wanted: string) => test.runIf(arch === wanted);
  const work = join(scratch, arch);
  /** In the root that belongs to somebody else, with a /tmp of one's own. */
  const chroot = (...args: string[]): Promise<Outcome> =>
    run([...asUser, join(root, 'dist/tsemu'), 'chroot', '-b', `${work}:/tmp`, '-w', '/tmp', ...args], { env });

  beforeAll(() => {
    debian = debianRoot({ architecture: debianName(arch), packages: ['programs'], progress: () => {} });
    mkdirSync(work);
    give(work);
  }, 900_000);

  on('riscv64')('apt-get, perl and python3 run', async () => {
    const name = debianName(arch);
    expect(await chroot(debian, 'apt-get', '--version')).toEqual(
      succeeds(expect.stringMatching(new RegExp(`^apt [\\d.]+ \\(${name}\\)\n`))),
    );
    expect(await chroot(debian, 'perl', '-V')).toEqual(
      succeeds(expect.stringMatching(/^Summary of my perl5 [\s\S]*@INC:\n/)),
    );
    // As `python3 -m venv` makes it, in a tenth of the time.
    mkdirSync(join(work, 'venv/bin'), { recursive: true });
    symlinkSync('/usr/bin/python3', join(work, 'venv/bin/python3'));
    writeFileSync(join(work, 'venv/pyvenv.cfg'), 'home = /usr/bin\n');
    give(work);
    expect(await chroot(debian, 'venv/bin/python3', '-c', 'import sys; print(sys.prefix, sys.executable)')).toEqual(
      succeeds('/tmp/venv /tmp/venv/bin/python3\n'),
    );
  });

  on('riscv64')('apt-get reads an index and says what it would install', async () => {
    const archives = `${debian}.apt/cache/archives`;
    const own = join(work, 'apt');
    mkdirSync(join(own, 'lists/partial'), { recursive: true });
    mkdirSync(join(own, 'cache/archives/partial'), { recursive: true });
    const file = archiveOf(archives, 'gawk') as string;
    const fields = fieldsOf(join(archives, file)).replace(/^(Pre-)?Depends: .*\n/gm, '');
    writeFileSync(join(own, 'Packages'), `${fields}Filename: ${file}\nSize: 1\n`);
    writeFileSync(join(own, 'status'), '');
    writeFileSync(join(own, 'sources.list'), 'deb [trusted=yes] file:/tmp/apt ./\n');
    const paths = { State: '', 'State::status': '/status', Cache: '/cache', 'Etc::SourceList': '/sources.list' };
    const options = Object.entries(paths).map(([name, path]) => `-oDir::${name}=/tmp/apt${path}`);
    options.push('-oDir::Etc::SourceParts=/tmp/none', '-oAPT::Sandbox::User=', '-oAPT::Install-Recommends=false');
    give(own);
    expect(await chroot(debian, 'apt-get', ...options, '-q', 'update')).toMatchObject({ status: 0 });
    expect(await chroot(debian, 'apt-get', ...options, '--simulate', 'install', 'gawk')).toEqual(
      succeeds(expect.stringMatching(/^Inst gawk \(.* \[riscv64\]\)\nConf gawk \(/m)),
    );
  });

  test('bash has pipes, here documents, substitutions and jobs', async () => {
    const script = `cat <<<text | tr a-z A-Z; echo $(pwd) {1..3} | tr / -; cat <(echo sub) /etc/debian_version | wc -l
      (exit 3) & wait $!; echo $?; echo *; exec -a name bash -c '[ /proc/self/exe -ef /bin/bash ]; echo $? $0'`;
    const { stdout, stderr, status } = await chroot('-w', '/var', debian, 'bash', '-c', script);
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    expect(stdout).toMatch(/^TEXT\n-var 1 2 3\n2\n3\n.*\blib\b.*\n0 name\n$/);
  });

  on('riscv64')('tar restores a thousand files', async () => {
    for (let i = 0; i < 1000; i++) {
      const directory = join(work, `files/${i % 10}`);
      if (i < 10) mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, `f${i}`), `contents ${i}\n`);
    }
    symlinkSync('/etc/passwd', join(work, 'files/link'));
    give(join(work, 'files'));
    // Not before, for a change of the owner takes the set-user-ID bit.
    for (let i = 0; i < 1000; i++) chmodSync(join(work, `files/${i % 10}/f${i}`), [0o600, 0o644, 0o755, 0o4711][i % 4]);
    // As root in name: tar restores permissions and owners then.
    const script =
      'tar cf - files | tar xf - -C copies && diff -r --no-dereference files copies/files && find copies -type f | wc -l';
    mkdirSync(join(work, 'copies'));
    give(join(work, 'copies'));
    expect(await chroot('-0', debian, 'sh', '-c', script)).toEqual(succeeds('1000\n'));
    expect(readlinkSync(join(work, 'copies/files/link'))).toBe('/etc/passwd');
    const modes = [0, 1, 2, 3].map((i) => lstatSync(join(work, `copies/files/${i}/f${i}`)).mode & 0o7777);
    expect(modes).toEqual([0o600, 0o644, 0o755, 0o4711]);
  });

  on('riscv64')('make check', async () => {
    const suite = join(work, 'suite');
    mkdirSync(suite);
    writeFileSync(
      join(suite, 'Makefile'),
      `TESTS = one two three
check: $(TESTS:%=%.log)
	@! grep -L PASS *.log | grep . ; cat *.log
%.log: %.test
	@./$< > $@ 2>&1 && echo PASS: $* >> $@ || echo FAIL: $* >> $@
`,
    );
    const scripts = {
      one: '#!/bin/sh\ntest "$(cd /etc/../tmp/suite && pwd -P)" = /tmp/suite\n',
      two: '#!/usr/bin/perl\nopen my $f, "<", "/proc/self/cmdline"; exit(<$f> =~ /perl/ ? 0 : 1);\n',
      three: '#!/usr/bin/env bash\n[[ $(sort -r <(printf "%s\\n" {a..c}) | paste -sd,) == c,b,a ]]\n',
    };
    for (const [name, text] of Object.entries(scripts))
      writeFileSync(join(suite, `${name}.test`), text, { mode: 0o755 });
    give(suite);
    expect(await chroot(debian, 'make', '-s', '-j2', '-C', 'suite', 'check')).toEqual(
      succeeds('PASS: one\nPASS: three\nPASS: two\n'),
    );
  });

  on('aarch64')('dpkg installs a package', async () => {
    const tree = join(work, 'root');
    const archives = `${debian}.apt/cache/archives`;
    const gawk = join(archives, archiveOf(archives, 'gawk') as string);
    const needed = ['dpkg', 'tar', 'dash', 'coreutils', 'sed', 'grep', 'diffutils', 'base-files'];
    makeRoot(tree, archives, [...needed, ...dependenciesOf(fieldsOf(gawk))]);
    copyFileSync(gawk, join(tree, 'gawk.deb'));
    give(tree);
    const own = (...args: string[]) =>
      run([...asUser, join(root, 'dist/tsemu'), 'chroot', '-0', tree, ...args], { env });
    expect(await own('dpkg', '-l', 'dpkg', 'gawk')).toMatchObject({
      stdout: expect.stringMatching(/^ii {2}dpkg /m),
      status: 1,
    });
    const installed = await own('dpkg', '-i', 'gawk.deb');
    expect(installed).toEqual(succeeds(expect.stringMatching(/^Setting up gawk \(.*\n/m)));
    // What its maintainer script has done, in the tree and for its awk.
    expect(readlinkSync(join(tree, 'etc/alternatives/awk'))).toBe('/usr/bin/gawk');
    const script = "dpkg -l gawk | grep ^ii; awk 'BEGIN { print 6 * 7 }'; stat -c %u:%g /usr/bin/gawk";
    expect(await own('sh', '-c', script)).toEqual(succeeds(expect.stringMatching(/^ii {2}gawk .*\n42\n0:0\n$/)));
  });
});
