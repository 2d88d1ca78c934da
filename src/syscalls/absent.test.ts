import { expect, test } from 'vitest';
import { isAbsent, isAbsentName, listsAbsent } from './absent.ts';

test('what shows the host is absent under every name of a process', () => {
  for (const path of [
    '/proc/self/pagemap',
    '/proc/thread-self/syscall',
    '//proc/12/map_files/400000-401000',
    '/proc/12/task/13/stack',
    '/sys/devices/system/cpu/vulnerabilities',
    '/sys/devices/system/cpu/vulnerabilities/meltdown',
  ]) {
    expect(isAbsent(path), path).toBe(true);
  }
  for (const path of [
    '/proc/self/maps',
    '/proc/stack',
    '/proc/self/stackx',
    '/sys/devices/system/cpu/online',
    'stack',
  ]) {
    expect(isAbsent(path), path).toBe(false);
  }
});

test('directories that list it are known', () => {
  for (const path of ['/proc/self', '/proc/1/', '/proc/1/task/2', '/sys/devices/system/cpu/']) {
    expect(listsAbsent(path), path).toBe(true);
  }
  for (const path of ['/proc', '/proc/self/fd', '/proc/1/task', '/sys']) expect(listsAbsent(path), path).toBe(false);
  expect(isAbsentName('numa_maps')).toBe(true);
  expect(isAbsentName('maps')).toBe(false);
});
