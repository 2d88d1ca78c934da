import { describe, expect, test } from 'vitest';
import { guestPathOf, type LastLink, mountTable, resolve } from './guest-root.ts';

const [ENOENT, EINVAL, ENOTDIR, ELOOP] = [2, 22, 20, 40];

const LINKS: Record<string, string> = {
  '/r/bin': 'usr/bin',
  '/r/etc/alternatives/vi': '/usr/bin/vim',
  '/r/up': '../../../etc/passwd',
  '/r/loop': 'loop',
  '/r/etc/mtab': '/proc/mounts',
  '/r/home/dir': '/etc/',
};
const FILES = ['/r/etc/passwd', '/r/usr/bin/vim'];
const DIRECTORIES = [
  '/r',
  '/r/etc',
  '/r/etc/alternatives',
  '/r/usr',
  '/r/usr/bin',
  '/r/home',
  '/r/srv',
  '/proc',
  '/data/x',
];

const mounts = mountTable('/r', [
  { guest: '/proc', host: '/proc' },
  { guest: '/srv/data', host: '/data/x' },
]);

function readLink(host: string): string | number {
  const path = host.replace(/\/\.$/, '');
  if (path === host && path in LINKS) return LINKS[path];
  if (FILES.includes(path)) return path === host ? -EINVAL : -ENOTDIR;
  return DIRECTORIES.includes(path) ? -EINVAL : -ENOENT;
}

const hostOf = (path: string, last: LastLink = 'follow', base = '/'): string | number => {
  const place = resolve(mounts, base, path, last, readLink);
  return typeof place === 'number' ? place : place.host;
};

describe('resolve', () => {
  test('links and .. stay in the root', () => {
    expect(hostOf('/etc/passwd')).toBe('/r/etc/passwd');
    expect(hostOf('/etc/alternatives/vi')).toBe('/r/usr/bin/vim');
    expect(hostOf('/bin/vim')).toBe('/r/usr/bin/vim');
    expect(hostOf('/../../etc/../../etc/passwd')).toBe('/r/etc/passwd');
    expect(hostOf('/up')).toBe('/r/etc/passwd');
    expect(hostOf('..', 'follow', '/etc')).toBe('/r');
    expect(hostOf('/')).toBe('/r/');
  });

  test('what is mounted is found, also through links', () => {
    expect(hostOf('/etc/mtab')).toBe('/proc/mounts');
    expect(hostOf('/srv/data/file')).toBe('/data/x/file');
    expect(hostOf('/srv/data/../data/file')).toBe('/data/x/file');
    expect(hostOf('data/file', 'follow', '/srv')).toBe('/data/x/file');
  });

  test('the last link is followed as the call wants it', () => {
    expect(hostOf('/up', 'keep')).toBe('/r/up');
    expect(hostOf('/home/dir/', 'keep')).toBe('/r/etc/');
    expect(hostOf('/home/dir/', 'entry')).toBe('/r/home/dir/');
    expect(hostOf('/home/dir')).toBe('/r/etc/');
    expect(hostOf('/home/new', 'entry')).toBe('/r/home/new');
    expect(hostOf('/home/.')).toBe('/r/home/.');
  });

  test('errors are those of the kernel', () => {
    expect(hostOf('/none/file')).toBe(-ENOENT);
    expect(hostOf('/none/..')).toBe(-ENOENT);
    expect(hostOf('/etc/passwd/..')).toBe(-ENOTDIR);
    expect(hostOf('/loop')).toBe(-ELOOP);
    expect(hostOf('/none')).toBe('/r/none');
  });

  test('a relative path that means the same to the host is left as it is', () => {
    const asIs = (path: string, base: string): boolean | undefined => {
      const place = resolve(mounts, base, path, 'follow', readLink);
      return typeof place === 'number' ? undefined : place.asIs;
    };
    expect(asIs('passwd', '/etc')).toBe(true);
    expect(asIs('alternatives/vi', '/etc')).toBe(false);
    expect(asIs('../etc/passwd', '/etc')).toBe(false);
    expect(asIs('proc', '/')).toBe(false);
  });
});

test('guestPathOf finds the nearest mount that is not covered', () => {
  expect(guestPathOf(mounts, '/r')).toBe('/');
  expect(guestPathOf(mounts, '/r/etc')).toBe('/etc');
  expect(guestPathOf(mounts, '/data/x/y')).toBe('/srv/data/y');
  expect(guestPathOf(mounts, '/r/proc/x')).toBeUndefined();
  expect(guestPathOf(mounts, '/root')).toBeUndefined();
});
