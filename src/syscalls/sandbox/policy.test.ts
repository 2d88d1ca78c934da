import { expect, test } from 'vitest';
import { allows, allowsDevice, hasRightsOf, isAnchor, leadsToRule, type SandboxPolicy } from './policy.ts';

const policy = (read: string[], write: string[] = [], kept: string[] = []): SandboxPolicy => ({
  read,
  write,
  run: [],
  net: [],
  kept,
  report: false,
});

test('a directory stands for what is below it, not for what only begins like it', () => {
  const some = policy(['/a/b'], ['/w']);
  for (const path of ['/a/b', '/a/b/c', '/a/b/c/d']) expect(allows(some, 'read', path), path).toBe(true);
  for (const path of ['/a', '/a/bc', '/', '/w/x', '/b']) expect(allows(some, 'read', path), path).toBe(false);
  expect(allows(some, 'write', '/w/x')).toBe(true);
  expect(allows(some, 'write', '/a/b')).toBe(false);
});

test('directories on the way may be looked at, and are not to be moved', () => {
  const some = policy(['/a/b/c']);
  expect(['/', '/a', '/a/b', '/a/b/c', '/a/x'].map((path) => allows(some, 'look', path))).toEqual([
    true,
    true,
    true,
    true,
    false,
  ]);
  expect(['/', '/a', '/a/b/c'].map((path) => leadsToRule(some, path))).toEqual([true, true, false]);
});

test('everything is not what concerns the machine', () => {
  const all = policy(['/'], ['/']);
  expect(allows(all, 'write', '/etc/passwd')).toBe(true);
  expect(allows(all, 'write', '/proc/sys/kernel/core_pattern')).toBe(false);
  expect(allows(all, 'read', '/proc/kcore')).toBe(false);
  expect(allowsDevice(all, 'read', '/dev/sda')).toBe(false);
  expect(allows(policy([], ['/proc/sys/vm']), 'write', '/proc/sys/vm/swappiness')).toBe(true);
  expect(allowsDevice(policy(['/dev/fuse']), 'read', '/dev/fuse')).toBe(true);
  expect(allowsDevice(policy(['/srv']), 'read', '/srv/sda')).toBe(false);
});

test('what later runs execute is not written to', () => {
  const all = policy([], ['/'], ['/home/u/.cache/tsemu']);
  expect(allows(all, 'write', '/home/u/.cache/tsemu/x')).toBe(false);
  expect(['/home/u/.cache', '/home/u/other'].map((path) => isAnchor(all, path))).toEqual([true, false]);
});

test('a file is moved only where no more is allowed', () => {
  const some = policy(['/r', '/rw'], ['/w', '/rw']);
  expect(hasRightsOf(some, '/rw/x', '/w/x')).toBe(true);
  expect(hasRightsOf(some, '/w/x', '/rw/x')).toBe(false);
  expect(hasRightsOf(some, '/r/x', '/rw/x')).toBe(false);
});
