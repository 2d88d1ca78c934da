import { expect, test } from 'vitest';
import { checkMachine, type Machine } from './machine-checks.ts';

const FILES: Record<string, string> = {
  '/proc/self/maps': '',
  '/proc/self/limits':
    'Max data size             unlimited            unlimited            bytes\n' +
    'Max open files            1024                 524288               files\n' +
    'Max address space         unlimited            unlimited            bytes\n',
  '/proc/self/status': 'Name:\tnode\nSeccomp:\t0\nSeccomp_filters:\t0\n',
  '/proc/sys/vm/overcommit_memory': '0\n',
  '/proc/sys/vm/max_map_count': '65530\n',
  '/proc/self/pagemap': '',
  '/proc/cpuinfo': 'processor\t: 0\nflags\t\t: fpu fma avx2\n',
};

/** The levels that are not ok, by subject, of a good machine with some files and properties changed. */
function findings(files: Record<string, string | undefined>, properties: Partial<Machine> = {}) {
  const all: Record<string, string | undefined> = { ...FILES, ...files };
  const machine: Machine = {
    architecture: 'x86_64',
    kernel: '6.1.0-13-amd64',
    node: '26.1.0',
    hasFfi: true,
    exists: (path) => all[path] !== undefined,
    read: (path) => all[path],
    ...properties,
  };
  const found = checkMachine(machine).filter(({ level }) => level !== 'ok');
  return Object.fromEntries(found.map(({ subject, level }) => [subject, level]));
}

const limits = (name: string, value: string) => ({ '/proc/self/limits': `${name}   ${value}   ${value}   x\n` });

test('a good machine', () => {
  expect(findings({})).toEqual({});
});

test.each<[string, Record<string, string>, Partial<Machine>]>([
  ['an old Node', { node: 'failed' }, { node: '24.9.0' }],
  ['no FFI', { ffi: 'failed' }, { hasFfi: false }],
  ['an old kernel', { kernel: 'failed' }, { kernel: '5.4.0' }],
  ['another processor', { machine: 'failed' }, { architecture: 'aarch64' }],
])('%s', (_, expected, properties) => {
  expect(findings({}, properties)).toEqual(expected);
});

test.each<[string, Record<string, string>, Record<string, string | undefined>]>([
  ['no /proc', { '/proc': 'failed' }, { '/proc/self/maps': undefined }],
  ['little address space', { 'address space': 'note' }, limits('Max address space', '10240000000')],
  ['far too little', { 'address space': 'failed' }, limits('Max address space', '4000000000')],
  ['too little data', { data: 'failed' }, limits('Max data size', '4000000000')],
  ['few descriptors', { descriptors: 'note' }, limits('Max open files', '64')],
  ['too few descriptors', { descriptors: 'failed' }, limits('Max open files', '47')],
  ['no namespaces', { 'user namespaces': 'note' }, { '/proc/sys/user/max_user_namespaces': '0\n' }],
  [
    'namespaces for a chosen few',
    { 'user namespaces': 'note' },
    { '/proc/sys/kernel/apparmor_restrict_unprivileged_userns': '1\n' },
  ],
  ['strict overcommit', { overcommit: 'note' }, { '/proc/sys/vm/overcommit_memory': '2\n' }],
  ['few mappings', { mappings: 'note' }, { '/proc/sys/vm/max_map_count': '1000\n' }],
  ['no page map', { pagemap: 'note' }, { '/proc/self/pagemap': undefined }],
  ['a container', { seccomp: 'note' }, { '/proc/self/status': 'Seccomp:\t2\n' }],
  ['no FMA', { processor: 'note' }, { '/proc/cpuinfo': 'flags\t\t: fpu fma4\n' }],
])('%s', (_, expected, files) => {
  expect(findings(files)).toMatchObject(expected);
});
