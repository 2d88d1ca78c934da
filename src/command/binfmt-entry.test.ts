import { expect, test } from 'vitest';
import { entryFor, overlap, parseEntry, registrationLine, takes } from './binfmt-entry.ts';

const entry = entryFor('aarch64', '/opt/tsemu-aarch64', 'PO');
/** As Debian's qemu-user-static registers it. */
const QEMU = `enabled
interpreter /usr/bin/qemu-aarch64-static
flags: POCF
offset 0
magic 7f454c460201010000000000000000000200b700
mask ffffffffffffff00fffffffffffffffffeffffff
`;

/** The first bytes of an ELF file. */
function header({ type = 2, machine = 183, elfClass = 2, osabi = 0 }): Uint8Array {
  const head = new Uint8Array(64);
  head.set([0x7f, 0x45, 0x4c, 0x46, elfClass, 1, 1, osabi]);
  head.set([type, 0, machine & 255, machine >> 8], 16);
  return head;
}

test('executables of the machine are taken, of whatever OS ABI', () => {
  expect(takes(entry, header({}))).toBe(true);
  expect(takes(entry, header({ type: 3, osabi: 3 }))).toBe(true);
  expect(takes(entry, header({ type: 1 }))).toBe(false);
  expect(takes(entry, header({ machine: 62 }))).toBe(false);
  expect(takes(entry, header({ elfClass: 1 }))).toBe(false);
  expect(takes(entry, header({}).subarray(0, 19))).toBe(false);
});

test('the line for the kernel', () => {
  expect(registrationLine(entry)).toMatch(
    /^:tsemu-aarch64:M::\\x7f\\x45.*\\xb7\\x00:(\\xff){7}.*:\/opt\/tsemu-aarch64:PO$/,
  );
  expect(registrationLine(entryFor('riscv64', '/a:b|c', ''))).toMatch(/^;tsemu-riscv64;M;;.*;\/a:b\|c;$/);
  expect(() => registrationLine(entryFor('riscv64', '/a:|;,', ''))).toThrow('cannot be registered');
});

test("the kernel's text", () => {
  const qemu = parseEntry('qemu-aarch64', QEMU);
  expect(qemu).toMatchObject({ interpreter: '/usr/bin/qemu-aarch64-static', flags: 'POCF', enabled: true });
  expect(parseEntry('jar', 'enabled\ninterpreter /usr/bin/jexec\nflags: \nextension .jar\n')).toBeUndefined();
  const shifted = parseEntry('x', 'disabled\ninterpreter /x\nflags: \noffset 2\nmagic 4c46\n');
  expect(shifted).toMatchObject({ enabled: false, flags: '', magic: Uint8Array.of(0, 0, 0x4c, 0x46) });
  expect(shifted?.mask).toEqual(Uint8Array.of(0, 0, 255, 255));
});

test('entries overlap if some file suits both', () => {
  const qemu = parseEntry('qemu-aarch64', QEMU);
  if (qemu === undefined) throw new Error('not parsed');
  expect(overlap(entry, qemu)).toBe(true);
  expect(overlap(entryFor('riscv64', '/x', ''), qemu)).toBe(false);
  expect(overlap({ magic: Uint8Array.of(0x7f), mask: Uint8Array.of(255) }, entry)).toBe(true);
  expect(overlap(entry, { magic: Uint8Array.of(0x23, 0x21), mask: Uint8Array.of(255, 255) })).toBe(false);
});
