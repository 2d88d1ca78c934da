/**
 * The first bytes of a program, before there is a guest whose system calls
 * could read them. Paths are latin1: one character a byte.
 */
import { closeSync, constants, fstatSync, openSync, readlinkSync, readSync } from 'node:fs';
import { constants as system } from 'node:os';

/** As Linux follows (path_resolution(7)). */
const MAX_LINKS = 40;

const bytes = (path: string): Buffer => Buffer.from(path, 'latin1');

/** Positive errno of an error that node:fs has thrown. */
function errno(error: unknown): number {
  const { code = '' } = error as { code?: string };
  return system.errno[code as keyof typeof system.errno] ?? system.errno.EIO;
}

/** Up to `length` bytes of the regular file `path`, or a positive errno. */
export function readHead(path: string, length: number): Uint8Array | number {
  let fd: number;
  try {
    fd = openSync(bytes(path), constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    return errno(error);
  }
  try {
    const stat = fstatSync(fd);
    if (stat.isDirectory()) return system.errno.EISDIR;
    if (!stat.isFile()) return system.errno.EACCES;
    const head = new Uint8Array(length);
    return head.subarray(0, readSync(fd, head, 0, length, 0));
  } catch (error) {
    return errno(error);
  } finally {
    closeSync(fd);
  }
}

/** Where the absolute `path` leads if `root` is the root directory, for symbolic links too; need not exist. */
export function resolveBelow(root: string, path: string): string {
  const rest = path.split('/');
  const found: string[] = [];
  for (let links = 0; rest.length > 0; ) {
    const name = rest.shift() as string;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      found.pop();
      continue;
    }
    const link = links < MAX_LINKS ? readLink([root, ...found, name].join('/')) : undefined;
    if (link === undefined) found.push(name);
    else {
      links++;
      if (link[0] === '/') found.length = 0;
      rest.unshift(...link.split('/'));
    }
  }
  return [root, ...found].join('/');
}

/** The target of a symbolic link; undefined if `path` is none. */
function readLink(path: string): string | undefined {
  try {
    return readlinkSync(bytes(path), 'latin1');
  } catch {
    return undefined;
  }
}
