import { describe, expect, test } from 'vitest';
import { errnoMessage, errnoName } from './errno.ts';
import { signalName, sigsetText } from './sigset.ts';
import { deviceText, modeText } from './structs.ts';
import { flagNames, hexText, octalText, quoted, quotedHex } from './text.ts';

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));

describe('values as strace(1) writes them', () => {
  test('numbers', () => {
    expect([0, 255, -1, 0n, 2n ** 63n].map(hexText)).toEqual([
      '0',
      '0xff',
      '0xffffffffffffffff',
      '0',
      '0x8000000000000000',
    ]);
    expect([0, 2, 0o22, 0o644, 0o4755].map(octalText)).toEqual(['000', '002', '022', '0644', '04755']);
  });

  test('strings: escapes are as short as the next character allows', () => {
    expect(quoted(bytes('a"\\\n\t\r\v\f'))).toBe('"a\\"\\\\\\n\\t\\r\\v\\f"');
    expect(quoted(bytes('\0x\x001\x7f\xff'))).toBe('"\\0x\\0001\\177\\377"');
    expect(quoted(bytes('ab'), true)).toBe('"ab"...');
    expect(quotedHex(bytes('\0\xff'))).toBe('"\\x00\\xff"');
  });

  test('flags: a name of several bits before its parts, and what is left in hexadecimal', () => {
    const table = { AB: 3, A: 1, B: 2, TOP: 1 << 31 };
    expect(flagNames(table, 3)).toBe('AB');
    expect(flagNames(table, 2)).toBe('B');
    expect(flagNames(table, 0x80000011)).toBe('A|TOP|0x10');
    expect(flagNames(table, 0)).toBe('0');
    expect(flagNames(table, 0, 'NONE')).toBe('NONE');
  });

  test('modes and devices', () => {
    expect([0o100644, 0o041777, 0o020620, 0o107755, 0o644].map(modeText)).toEqual([
      'S_IFREG|0644',
      'S_IFDIR|S_ISVTX|0777',
      'S_IFCHR|0620',
      'S_IFREG|S_ISUID|S_ISGID|S_ISVTX|0755',
      '0644',
    ]);
    expect([deviceText(0x103), deviceText(0x8801), deviceText(0x12345678)]).toEqual([
      'makedev(0x1, 0x3)',
      'makedev(0x88, 0x1)',
      'makedev(0x456, 0x12378)',
    ]);
  });

  test('signals and errno', () => {
    expect([1, 31, 32, 34, 64, 65, 0].map(signalName)).toEqual([
      'SIGHUP',
      'SIGSYS',
      'SIGRTMIN',
      'SIGRT_2',
      'SIGRT_32',
      '65',
      '0',
    ]);
    expect([sigsetText(0n), sigsetText(2n ** 64n - 1n), sigsetText(5n)]).toEqual(['[]', '~[]', '[HUP QUIT]']);
    expect([errnoName(2), errnoMessage(2), errnoName(600), errnoMessage(600)]).toEqual([
      'ENOENT',
      'No such file or directory',
      'ERRNO_600',
      'Unknown error 600',
    ]);
  });
});
