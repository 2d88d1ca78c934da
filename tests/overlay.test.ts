/**
 * `-overlay`: what a guest writes below a directory is seen by it and by nobody else. The guest is
 * test-binaries/chroot/tool.c. As root, and as a user without rights if root runs the tests.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { TOOLCHAINS } from '../scripts/build-test-binaries.ts';
import { createEmulator } from '../src/library/index.ts';
import { inNamespace, obstacle as namespaceObstacle } from './support/namespace.ts';
import { root, run, testEnvironment } from './support/run.ts';

const USER = 65534;
const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'tsemu-overlay-')));
afterAll(() => rmSync(scratch, { recursive: true }));
const at = (path: string): string => join(scratch, path);
const isRoot = process.getuid?.() === 0;
const env = testEnvironment();
const command = join(root, 'dist/tsemu-riscv64');

/** Why that cannot be tried here; undefined if it can. */
async function obstacle(user: readonly string[]): Promise<string | undefined> {
  const { stderr } = await run([...user, command, '-overlay', scratch, '/nowhere'], { env });
  return /namespaces are not allowed/.test(stderr) ? stderr.trim() : undefined;
}

beforeAll(() => {
  chmodSync(scratch, 0o755);
  const { gcc, flags } = TOOLCHAINS.riscv64;
  const source = join(root, 'test-binaries/chroot/tool.c');
  execFileSync(gcc, [...flags, '-static', '-O1', '-o', at('tool'), source], { stdio: 'inherit' });
});

const REQUESTS = [
  ...['write', 'new', 'text', 'cat', 'new', 'append', 'file', '-more', 'cat', 'file', 'rm', 'gone', 'cat', 'gone'],
  ...['rename', 'other', 'moved', 'cat', 'moved', 'truncate', 'long', '2', 'cat', 'long', 'mkdir', 'made'],
  ...['symlink', 'moved', 'link', 'cat', 'link', 'write', 'directory/inner', 'x', 'rm', 'directory/old'],
  ...['list', 'directory', 'at', 'directory', 'inner', 'chmod', 'plain', '600'],
];
const ANSWERS = [
  ...['written', 'text', 'appended', 'file-more', 'removed', 'ENOENT', 'renamed', 'other', 'truncated', 'lo', 'made'],
  ...['linked', 'other', 'written', 'removed', 'inner ', 'x', 'changed'],
];
const FILES = { file: 'file', gone: 'gone', other: 'other', long: 'long', plain: 'plain', 'directory/old': 'old' };

/** All that is in the directory, with modes. */
const contents = () =>
  readdirSync(at('dir'), { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const { mode } = statSync(at(`dir/${name}`));
      return [name, mode.toString(8), name === 'directory' ? '' : readFileSync(at(`dir/${name}`), 'utf8')];
    });

describe.each([
  ['root', [], isRoot ? 0 : -1],
  ['a user', isRoot ? ['setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--clear-groups'] : [], isRoot ? USER : -2],
])('%s', async (_name, user, id) => {
  const reason = id === -1 ? 'not root' : await obstacle(user);
  const tool = (...args: string[]) => run([...user, command, ...args], { env, cwd: at('dir') });

  beforeEach(() => {
    for (const path of ['dir', 'upper']) rmSync(at(path), { recursive: true, force: true });
    for (const path of ['dir', 'dir/directory', 'upper']) mkdirSync(at(path));
    for (const [name, text] of Object.entries(FILES)) writeFileSync(at(`dir/${name}`), text);
    if (id >= 0)
      for (const name of ['dir', 'dir/directory', 'upper', ...Object.keys(FILES).map((file) => `dir/${file}`)])
        lchownSync(at(name), id, id);
  });

  test.skipIf(reason)('what is written is seen by the guest only, and is gone at the end', async () => {
    const before = contents();
    const { stdout, stderr, status } = await tool('-overlay', '.', at('tool'), ...REQUESTS);
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    expect(stdout.trimEnd().split('\n')).toEqual(ANSWERS);
    expect(contents()).toEqual(before);
    expect((await tool('-overlay', '.', at('tool'), 'cat', 'new', 'cat', 'file')).stdout).toBe('ENOENT\nfile\n');
  });

  test.skipIf(reason)('with a directory for it, the next guest that is given that sees it', async () => {
    const before = contents();
    const covered = `--overlay=${at('dir')}:${at('upper')}`;
    await tool(covered, at('tool'), ...REQUESTS);
    expect(contents()).toEqual(before);
    const { stdout } = await tool(
      covered,
      at('tool'),
      'cat',
      'file',
      'cat',
      'gone',
      'cat',
      'link',
      'list',
      'directory',
    );
    expect(stdout).toBe('file-more\nENOENT\nother\ninner \n');
    expect(readFileSync(at('upper/upper/new'), 'utf8')).toBe('text');
  });

  test.skipIf(reason)('together with a sandbox, which forbids what it forbids without', async () => {
    const words = ['-overlay', '.', '-sandbox', '-allow-read=.', '-allow-write=directory', at('tool')];
    const { stdout } = await tool(...words, 'write', 'new', 'x', 'write', 'directory/new', 'x', 'cat', 'directory/new');
    expect(stdout).toBe('EACCES\nwritten\nx\n');
    expect(readdirSync(at('dir/directory'))).toEqual(['old']);
  });

  test.skipIf(reason)('what cannot be covered is said, and nothing starts', async () => {
    const missing = await tool('-overlay', 'missing', at('tool'), 'write', 'new', 'x');
    expect(missing).toMatchObject({
      stderr: 'tsemu-riscv64: -overlay: missing: No such file or directory\n',
      status: 127,
    });
    const late = await tool('-strace', '-overlay', '.', at('tool'), 'write', 'new', 'x');
    expect(late.stderr).toContain("option 'overlay' must be the first one");
    expect(readdirSync(at('dir'))).not.toContain('new');
  });

  test.skipIf(reason ?? (id > 0 ? 'the library starts guests as this user' : undefined))('in the library', async () => {
    const emulator = createEmulator({ installation: join(root, 'dist'), overlay: { [at('dir')]: true } });
    const { stdout } = await emulator.run(at('tool'), ['write', 'new', 'x', 'cat', 'new'], { env, cwd: at('dir') });
    expect(stdout.toString()).toBe('written\nx\n');
    expect(readdirSync(at('dir'))).not.toContain('new');
    expect(() => createEmulator({ overlay: { 'a:b': true } })).toThrow("overlay cannot have 'a:b'");
  });
});

test.skipIf(isRoot ? await namespaceObstacle() : 'not root')(
  'where user namespaces are forbidden it says so',
  async () => {
    const words = `setpriv --reuid=${USER} --clear-groups "$COMMAND" -overlay "$DIRECTORY" "$DIRECTORY/tool" write new x`;
    const script = `sh -c 'echo 0 > /proc/sys/user/max_user_namespaces'; ${words}`;
    expect(await inNamespace(script, { COMMAND: command, DIRECTORY: scratch })).toEqual({
      stdout: '',
      stderr: 'tsemu-riscv64: -overlay: user namespaces are not allowed here, and this is not root: error 028\n',
      status: 126,
    });
  },
);
