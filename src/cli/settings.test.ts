import { expect, test } from 'vitest';
import { defaultSettings, environmentSettings, guestEnvironment } from './settings.ts';

test('variables of both names are read, ours first', () => {
  const settings = environmentSettings([
    'QEMU_LD_PREFIX=/q',
    'TSEMU_LD_PREFIX=/t',
    'QEMU_UNAME=6.1',
    'QEMU_GDB=1',
    'A=b',
  ]);
  expect(settings).toEqual({ ...defaultSettings(), sysroot: '/t', release: '6.1' });
});

test('a switch is on whatever its variable says', () => {
  expect([...environmentSettings(['QEMU_STRACE=', 'TSEMU_LOG=unimp,in_asm']).log].sort()).toEqual([
    'in_asm',
    'strace',
    'unimp',
  ]);
});

test.each([
  ['8388608', 8388608],
  ['0x1000', 4096],
  ['64k', 65536],
  ['8M', 8 << 20],
])('stack size %s', (text, size) => {
  expect(environmentSettings([`TSEMU_STACK_SIZE=${text}`]).stackSize).toBe(size);
});

test.each([
  'STACK_SIZE=',
  'STACK_SIZE=0',
  'STACK_SIZE=x',
  'STACK_SIZE=M',
  'LOG=out_asm',
  'SET_ENV=A',
  'UNSET_ENV=A=b',
  'TIER=hot',
])('TSEMU_%s is refused', (assignment) => {
  expect(() => environmentSettings([`TSEMU_${assignment}`])).toThrow(expect.objectContaining({ name: 'UsageError' }));
});

test('the environment is changed in order', () => {
  const settings = environmentSettings(['TSEMU_SET_ENV=A=1,B=2=3', 'TSEMU_UNSET_ENV=C,A']);
  expect(guestEnvironment(['A=0', 'AA=x', 'C=0', 'D=0'], settings)).toEqual(['AA=x', 'D=0', 'B=2=3']);
  const untouched = ['A=0'];
  expect(guestEnvironment(untouched, defaultSettings())).toBe(untouched);
});
