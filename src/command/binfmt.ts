/**
 * `tsemu binfmt`: has the kernel start tsemu for programs of other
 * architectures, whoever executes them. docs/binfmt.md explains flags and limits.
 */
import { existsSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GUEST_ARCHITECTURES } from '../loader/machine.ts';
import { type Entry, entryFor, overlap, parseEntry, registrationLine, takes } from './binfmt-entry.ts';
import { Failure } from './failure.ts';
import type { Installation } from './installation.ts';

export const ACTIONS = ['register', 'unregister', 'status', 'print'] as const;

export interface BinfmtRequest {
  action: (typeof ACTIONS)[number];
  architectures: readonly string[];
  /** Where binfmt_misc is mounted. */
  mount: string;
  installation: Installation;
  flags: string;
  /** Register in front of what others have registered. */
  force: boolean;
}

/**
 * P: argv[0] reaches the program. O: the kernel opens the program, which need not be readable. C: set-user-ID programs
 * get their rights. F, the kernel opens the command when it is registered, where the command is all that is needed then.
 */
export const defaultFlags = ({ isSelfContained }: Installation): string => (isSelfContained ? 'POCF' : 'POC');
const KNOWN_FLAGS = /^[POCF]*$/;

/** Does what was asked for. Gives what to print on stdout, and the exit status. Throws {@link Failure}. */
export function binfmt(request: BinfmtRequest): { text: string; status: number } {
  const { action, architectures, flags } = request;
  for (const name of architectures) {
    if (!GUEST_ARCHITECTURES.includes(name))
      throw new Failure(`unknown architecture ${name}: ${GUEST_ARCHITECTURES.join(' or ')}`);
  }
  if (!KNOWN_FLAGS.test(flags)) throw new Failure(`unknown flags ${flags}: P, O, C and F may be combined`);
  const chosen = architectures.length === 0 ? GUEST_ARCHITECTURES : architectures;
  if (action === 'print') return { text: configuration(request, chosen), status: 0 };
  const entries = readEntries(request.mount);
  const lines = chosen.map((architecture) => ACT[action](request, architecture, entries));
  return {
    text: lines.map(({ text }) => `${text}\n`).join(''),
    status: lines.every(({ holds }) => holds) ? 0 : 1,
  };
}

interface Result {
  text: string;
  /** Programs of the architecture are, or are not, run by tsemu, as was asked for. */
  holds: boolean;
}
type Act = (request: BinfmtRequest, architecture: string, entries: readonly Entry[]) => Result;

const ACT: Record<Exclude<BinfmtRequest['action'], 'print'>, Act> = { register, unregister, status };

const ownEntry = ({ installation, flags }: BinfmtRequest, architecture: string): Entry =>
  entryFor(architecture, join(realpathSync(installation.directory), `tsemu-${architecture}`), flags);

/** `qemu-riscv64 (/usr/bin/qemu-riscv64-static)`. */
const described = ({ name, interpreter }: Entry): string => `${name} (${interpreter})`;

/** Entries of others that take the same programs. */
const others = (own: Entry, entries: readonly Entry[]): Entry[] =>
  entries.filter((entry) => entry.enabled && entry.name !== own.name && overlap(entry, own));

function register(request: BinfmtRequest, architecture: string, entries: readonly Entry[]): Result {
  const own = ownEntry(request, architecture);
  const { interpreter } = own;
  if (!existsSync(interpreter)) {
    const remedy = request.installation.isSelfContained ? ': make it a link to tsemu' : '';
    throw new Failure(`${interpreter} is not there${remedy}`);
  }
  // The kernel would start the emulator for itself, until it gives up.
  if (takes(own, readFileSync(interpreter))) throw new Failure(`${interpreter} is no program of this machine`);
  const rivals = others(own, entries);
  const [rival] = rivals;
  if (rival !== undefined && !request.force) {
    const text = `${architecture}: left to ${described(rival)}, which is registered; --force puts tsemu in front of it`;
    return { text, holds: false };
  }
  const present = entries.find(({ name }) => name === own.name);
  if (present !== undefined) change(request, architecture, own.name, '-1');
  change(request, architecture, 'register', registrationLine(own));
  const behind = rivals.length === 0 ? '' : `, in front of ${rivals.map(described).join(', ')}`;
  return { text: `${architecture}: registered as ${described(own)}, flags ${own.flags}${behind}`, holds: true };
}

function unregister(request: BinfmtRequest, architecture: string, entries: readonly Entry[]): Result {
  const own = ownEntry(request, architecture);
  if (!entries.some(({ name }) => name === own.name)) return { text: `${architecture}: not registered`, holds: true };
  change(request, architecture, own.name, '-1');
  return { text: `${architecture}: unregistered${takenBy(others(own, entries))}`, holds: true };
}

const takenBy = (rivals: readonly Entry[]): string =>
  rivals.length === 0 ? '' : `; ${described(rivals[0])} is registered`;

function status(request: BinfmtRequest, architecture: string, entries: readonly Entry[]): Result {
  const own = ownEntry(request, architecture);
  const present = entries.find(({ name }) => name === own.name);
  const rivals = others(own, entries);
  if (present === undefined) return { text: `${architecture}: not registered${takenBy(rivals)}`, holds: false };
  const { interpreter, flags, enabled } = present;
  const notes = [
    enabled ? '' : ', disabled',
    existsSync(interpreter) ? '' : ', which is not there',
    interpreter === own.interpreter ? '' : ', another installation',
    rivals.length === 0 ? '' : `; ${described(rivals[0])} is registered too: the last one registered is taken`,
  ];
  const text = `${architecture}: registered as ${described(present)}, flags ${flags}${notes.join('')}`;
  return { text, holds: enabled && existsSync(interpreter) };
}

/** A file for systemd's binfmt.d(5). */
function configuration(request: BinfmtRequest, architectures: readonly string[]): string {
  const lines = architectures.map((architecture) => registrationLine(ownEntry(request, architecture)));
  return `# tsemu; to be kept as /etc/binfmt.d/tsemu.conf, read by: systemctl restart systemd-binfmt\n${lines.join('\n')}\n`;
}

function readEntries(mount: string): Entry[] {
  if (!existsSync(join(mount, 'register'))) {
    throw new Failure(`binfmt_misc is not mounted; as root: mount -t binfmt_misc binfmt_misc ${mount}`);
  }
  const names = readdirSync(mount).filter((name) => name !== 'register' && name !== 'status');
  return names
    .map((name) => parseEntry(name, readFileSync(join(mount, name), 'utf8')))
    .filter((entry) => entry !== undefined);
}

/** Writes to a file of binfmt_misc. */
function change(
  { action, installation, mount, force }: BinfmtRequest,
  architecture: string,
  file: string,
  text: string,
): void {
  try {
    writeFileSync(join(mount, file), text);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'EACCES' && code !== 'EPERM') throw new Failure(`${architecture}: ${message}`);
    const words = [
      join(installation.directory, 'tsemu'),
      'binfmt',
      action,
      ...(force ? ['--force'] : []),
      architecture,
    ];
    throw new Failure(`only root may do this: sudo ${words.join(' ')}`);
  }
}
