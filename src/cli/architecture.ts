/** For `tsemu run`: which architecture a program is for, by its ELF header or that of a script's interpreter. */
import { mountTable, resolve } from '../host/guest-root.ts';
import { readHead } from '../host/program-head.ts';
import { readHostLink } from '../host/root-files.ts';
import { ENOENT, ENOEXEC, type LoadError, loadError } from '../loader/load-error.ts';
import { EI_DATA, ELFDATA2LSB, guestArchitectureOf, isElf, machineOf, otherMachine } from '../loader/machine.ts';
import { MAX_SCRIPT_DEPTH, parseScriptLine, SCRIPT_HEAD } from '../loader/script.ts';

/** How messages begin: the command of an architecture is not known yet. */
const COMMAND = 'tsemu';

/**
 * The guest architecture of a program, or why it is none of `known`. Interpreters of scripts are looked for below
 * `sysroot` first, '' for none. `locate` gives the host path of all of them, or a negative errno, where the guest has a
 * root directory of its own.
 */
export function architectureOf(
  program: string,
  sysroot: string,
  known: readonly string[],
  locate?: (path: string) => string | number,
): { architecture: string } | LoadError {
  let path = program;
  for (let depth = 0; ; depth++) {
    const head =
      locate !== undefined
        ? readLocated(locate(path))
        : depth === 0
          ? readHead(path, SCRIPT_HEAD)
          : readInterpreter(path, sysroot);
    const where = depth === 0 ? '' : `its interpreter ${path}: `;
    if (typeof head === 'number') {
      return loadError(COMMAND, program, head, depth > 0 && head === ENOENT ? `${where}not found` : undefined);
    }
    const refuse = (reason: string): LoadError => loadError(COMMAND, program, ENOEXEC, where + reason);
    if (isElf(head)) {
      const architecture = guestArchitectureOf(head);
      if (architecture !== undefined && known.includes(architecture)) return { architecture };
      return refuse(otherMachine(head) ?? `${unknownMachine(head)}, which tsemu does not run`);
    }
    const line = parseScriptLine(String.fromCharCode(...head));
    const isScript = head[0] === 0x23 && head[1] === 0x21;
    if (!isScript) return refuse(head.length === 0 ? 'the file is empty' : 'neither an ELF program nor a #! script');
    if (line === undefined) return refuse('its #! line names no interpreter');
    if (depth === MAX_SCRIPT_DEPTH) return refuse('too many scripts that interpret each other');
    path = line.interpreter;
  }
}

const unknownMachine = (head: Uint8Array): string =>
  head[EI_DATA] === ELFDATA2LSB ? `a program for machine ${machineOf(head)}` : 'a big-endian program';

function readInterpreter(path: string, sysroot: string): Uint8Array | number {
  const below = sysroot !== '' && path[0] === '/' ? readLocated(locateBelow(sysroot, path)) : ENOENT;
  return typeof below === 'number' ? readHead(path, SCRIPT_HEAD) : below;
}

function locateBelow(root: string, path: string): string | number {
  const place = resolve(mountTable(root, []), '/', path, 'follow', readHostLink);
  return typeof place === 'number' ? place : place.host;
}

const readLocated = (host: string | number): Uint8Array | number =>
  typeof host === 'number' ? -host : readHead(host, SCRIPT_HEAD);
