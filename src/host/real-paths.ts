/** Files as the command line names them, before there is a guest. Paths are latin1: one character a byte. */
import { lookup } from 'node:dns/promises';
import { accessSync, constants, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

const bytes = (path: string): Buffer => Buffer.from(path, 'latin1');

/** The absolute path without symbolic links, also of what does not exist yet. */
export function realPathOf(path: string): string {
  const rest: string[] = [];
  const cwd = Buffer.from(process.cwd()).toString('latin1');
  for (let current = resolve(cwd, path); ; current = dirname(current)) {
    try {
      return join(realpathSync(bytes(current), 'latin1'), ...rest);
    } catch (error) {
      if (current === '/') throw error;
      rest.unshift(basename(current));
    }
  }
}

/** Where a program is that a shell would run for `name`; undefined if there is none. */
export function programPath(name: string, searchPath: string): string | undefined {
  const candidates = name.includes('/') ? [name] : searchPath.split(':').map((directory) => join(directory, name));
  return candidates.find((candidate) => {
    try {
      accessSync(bytes(candidate), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** The addresses of a host's name. Rejects if it has none. */
export const addressesOf = async (name: string): Promise<string[]> =>
  (await lookup(name, { all: true })).map(({ address }) => address);
