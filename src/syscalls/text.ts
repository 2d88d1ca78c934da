/** How -strace writes values: strace(1)'s notation. */
import type { Int } from '../host/host.ts';

/** `0x7f`; 0 stays `0`. Negative values are two's complement of 64 bits. */
export function hexText(n: Int): string {
  if (n === 0 || n === 0n) return '0';
  return `0x${(n < 0 ? BigInt.asUintN(64, BigInt(n)) : n).toString(16)}`;
}

/** `0644`, `02`, `0`. */
export function octalText(n: number): string {
  const digits = n.toString(8);
  return n === 0 ? '000' : digits.length < 3 ? digits.padStart(3, '0') : `0${digits}`;
}

const ESCAPES: Record<number, string> = {
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
  34: '\\"',
  92: '\\\\',
};

/** A C string in quotes; other bytes than printable ASCII as octal escapes, as short as the next byte allows. */
export function quoted(data: Uint8Array, truncated = false): string {
  let text = '"';
  for (let i = 0; i < data.length; i++) {
    const byte = data[i];
    const next = data[i + 1];
    const escaped = ESCAPES[byte];
    if (escaped !== undefined) text += escaped;
    else if (byte >= 32 && byte < 127) text += String.fromCharCode(byte);
    else text += `\\${byte.toString(8).padStart(next >= 48 && next <= 57 ? 3 : 1, '0')}`;
  }
  return `${text}"${truncated ? '...' : ''}`;
}

/** Bytes shown of a string or buffer, as strace's default. */
export const SHOWN = 32;

/** An argument vector: `["ls", "-l"]`, each cut after {@link SHOWN} bytes. */
export function argvText(argv: readonly Uint8Array[]): string {
  const texts = argv.slice(0, SHOWN).map((text) => quoted(text.subarray(0, SHOWN), text.length > SHOWN));
  if (argv.length > SHOWN) texts.push('...');
  return `[${texts.join(', ')}]`;
}

/** What is said of an environment behind its address. */
export const variablesText = (count: number): string => `/* ${count} ${count === 1 ? 'var' : 'vars'} */`;

/** The same with every byte as `\\x7f`. */
export function quotedHex(data: Uint8Array, truncated = false): string {
  const text = Array.from(data, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
  return `"${text}"${truncated ? '...' : ''}`;
}

/** `O_RDWR|O_CREAT|0x40000000`; `none` for 0. */
export function flagNames(table: Readonly<Record<string, number>>, value: number, none = '0'): string {
  if (value === 0) return none;
  const names: string[] = [];
  let rest = value;
  for (const name in table) {
    const bits = table[name] >>> 0;
    if (bits !== 0 && (rest & bits) >>> 0 === bits) {
      names.push(name);
      rest = (rest & ~bits) >>> 0;
    }
  }
  if (rest !== 0) names.push(hexText(rest));
  return names.join('|');
}
