/**
 * The first bytes of a program, before there is a guest whose system calls
 * could read them. Paths are latin1: one character a byte.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { constants as system } from 'node:os';

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
