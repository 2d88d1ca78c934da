/** The files of a guest's root directory before there is a guest whose system calls could ask. Paths are latin1. */
import { accessSync, constants, readlinkSync, realpathSync, type Stats, statSync } from 'node:fs';
import { constants as system } from 'node:os';

const bytes = (path: string): Buffer => Buffer.from(path, 'latin1');

/** What `action` gives, or the negative errno of what node:fs throws. */
function attempt<T>(action: () => T): T | number {
  try {
    return action();
  } catch (error) {
    const { code = '' } = error as { code?: string };
    return -(system.errno[code as keyof typeof system.errno] ?? system.errno.EIO);
  }
}

/** The text of a symbolic link, or a negative errno. */
export const readHostLink = (path: string): string | number => attempt(() => readlinkSync(bytes(path), 'latin1'));

/** The absolute path of a file without links, or a negative errno. */
export const realHostPath = (path: string): string | number =>
  attempt(() => realpathSync.native(bytes(path), 'latin1'));

/** What a file is, or a negative errno. */
export function hostFileKind(path: string): 'directory' | 'file' | number {
  const stat = attempt<Stats>(() => statSync(bytes(path)));
  return typeof stat === 'number' ? stat : stat.isDirectory() ? 'directory' : 'file';
}

/** True for a file that this process may execute. */
export const isExecutableFile = (path: string): boolean =>
  hostFileKind(path) === 'file' && typeof attempt(() => accessSync(bytes(path), constants.X_OK)) !== 'number';

/** The working directory, or a negative errno. */
export const workingDirectory = (): string | number => realHostPath('.');
