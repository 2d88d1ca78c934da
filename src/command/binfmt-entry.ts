/**
 * Entries of the kernel's binfmt_misc: which files an entry takes, the line that
 * registers it, and the text in which the kernel shows it
 * (Documentation/admin-guide/binfmt-misc.rst).
 *
 *     registrationLine(entryFor('riscv64', '/opt/tsemu/tsemu-riscv64', 'POC'))
 *     // :tsemu-riscv64:M::\x7f\x45\x4c\x46…:/opt/tsemu/tsemu-riscv64:POC
 */
import { GUEST_CLASSES, GUEST_MACHINES } from '../loader/machine.ts';

/** What a file has to begin with, from offset 0 on: `(byte & mask) === (magic & mask)`. */
export interface Pattern {
  magic: Uint8Array;
  mask: Uint8Array;
}

export interface Entry extends Pattern {
  /** The name of its file in the file system binfmt_misc. */
  name: string;
  interpreter: string;
  flags: string;
  enabled: boolean;
}

const ET_EXEC = 2;
/** e_type 2 is an executable, 3 a position-independent one. */
const EXEC_OR_DYN = 0xfe;

/**
 * The ELF header's beginning, gABI "ELF Header": a little-endian 64-bit file of version 1 for the machine, which can be
 * executed. The rest of e_ident is not looked at, as Linux does not: EI_OSABI has several values in use, and AppImages
 * have a mark of their own behind it.
 */
function patternFor(architecture: string): Pattern {
  const machine = GUEST_MACHINES[architecture];
  const magic = new Uint8Array(20);
  magic.set([0x7f, 0x45, 0x4c, 0x46, GUEST_CLASSES[architecture] ?? 2, 1, 1]);
  magic.set([ET_EXEC, 0, machine & 255, machine >> 8], 16);
  const mask = new Uint8Array(20);
  mask.fill(0xff, 0, 7);
  mask.set([EXEC_OR_DYN, 0xff, 0xff, 0xff], 16);
  return { magic, mask };
}

/** tsemu's entry for an architecture. */
export const entryFor = (architecture: string, interpreter: string, flags: string): Entry => ({
  name: `tsemu-${architecture}`,
  interpreter,
  flags,
  enabled: true,
  ...patternFor(architecture),
});

const escaped = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');

/** What is written to `register`. Throws if the interpreter's path has every character that could divide the fields. */
export function registrationLine({ name, magic, mask, interpreter, flags }: Entry): string {
  const divider = [':', '|', ';', ','].find((character) => !interpreter.includes(character));
  if (divider === undefined) throw new Error(`${interpreter}: a path like this cannot be registered`);
  return ['', name, 'M', '', escaped(magic), escaped(mask), interpreter, flags].join(divider);
}

const fromHex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

/** Reads the kernel's text for the entry `name`; undefined if it goes by a file name's extension. */
export function parseEntry(name: string, text: string): Entry | undefined {
  const lines = text.split('\n');
  const value = (key: string): string | undefined =>
    lines.find((line) => line.startsWith(`${key} `))?.slice(key.length + 1);
  const magic = value('magic');
  if (magic === undefined) return undefined;
  const offset = Number(value('offset') ?? 0);
  const mask = value('mask') ?? 'ff'.repeat(magic.length / 2);
  const padding = '00'.repeat(offset);
  return {
    name,
    interpreter: value('interpreter') ?? '',
    flags: value('flags:') ?? '',
    enabled: lines[0] === 'enabled',
    magic: fromHex(padding + magic),
    mask: fromHex(padding + mask),
  };
}

/** True if there are files that both patterns take. */
export const overlap = (a: Pattern, b: Pattern): boolean =>
  a.magic.every((byte, i) => ((byte ^ (b.magic[i] ?? byte)) & a.mask[i] & (b.mask[i] ?? 0)) === 0);

/** True if a file that begins with `head` is taken. */
export const takes = ({ magic, mask }: Pattern, head: Uint8Array): boolean =>
  head.length >= magic.length && magic.every((byte, i) => ((byte ^ head[i]) & mask[i]) === 0);
