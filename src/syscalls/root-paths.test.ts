import { expect, test } from 'vitest';
import { mountTable } from '../host/guest-root.ts';
import { EINVAL, EPERM } from './errno.ts';
import { createFakeTask } from './fake-task.ts';

const A = 0x10000;
const B = 0x11000;
const AT_FDCWD = -100;

/** A guest whose root directory is the host's /r, and the paths that the host is asked for. */
function rooted() {
  const asked: string[] = [];
  const t = createFakeTask((name, args, fake) => {
    if (name === 'readlinkat') return -EINVAL;
    if (name === 'getcwd') {
      fake.at(args[0], 7).set([...'/r/etc\0'].map((char) => char.charCodeAt(0)));
      return 7;
    }
    asked.push(`${name} ${fake.textAt(args[name === 'chdir' ? 0 : 1])}`);
    return 0;
  });
  t.task.process.options.mounts = mountTable('/r', [{ guest: '/proc', host: '/proc' }]);
  return { t, asked };
}

test('the host is asked for its own paths', () => {
  const { t, asked } = rooted();
  for (const path of ['/etc/passwd', 'passwd', '../usr', '/proc/1/stat', '/proc/../etc/']) {
    t.put(A, `${path}\0`);
    t.call('mkdirat', AT_FDCWD, A, 0);
  }
  t.put(A, '/etc\0');
  t.call('chdir', A);
  expect(asked).toEqual([
    'mkdirat /r/etc/passwd',
    'mkdirat passwd',
    'mkdirat /r/usr',
    'mkdirat /proc/1/stat',
    'mkdirat /r/etc/',
    'chdir /r/etc',
  ]);
});

test('getcwd gives the path in the tree', () => {
  const { t } = rooted();
  expect(t.call('getcwd', A, 5)).toBe(5);
  expect(t.textAt(t.task.host.guestPointer(A))).toBe('/etc');
  expect(t.call('getcwd', A, 4)).toBe(-34);
});

test("what changes the host's mounts or root is refused, whoever asks", () => {
  const { t, asked } = rooted();
  t.put(A, '/etc\0');
  t.put(B, '/tmp\0');
  expect(t.call('mount', A, B, 0, 0x1000, 0)).toBe(-EPERM);
  expect(t.call('pivot_root', A, B)).toBe(-EPERM);
  expect(t.call('chroot', A)).toBe(-EPERM);
  expect(asked).toEqual([]);
});
