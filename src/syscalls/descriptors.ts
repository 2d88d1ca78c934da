/**
 * Descriptors that are not what they look like: directories whose listing must
 * leave out the emulator's own descriptors or threads, and /proc/self/mem. Both
 * are rare, so the common case is one look at an undefined variable.
 */

/** An open /proc/PID/mem: the guest's file position, and whose memory it is; undefined: the calling process's. */
export interface MemoryFile {
  position: number;
  readonly process: number | undefined;
}

/** Open /proc/self/mem descriptors; undefined as long as there never was one. */
export let memoryFiles: Map<number, MemoryFile> | undefined;

/**
 * Directories whose entries are descriptors (/proc/self/fd, /proc/self/fdinfo) or threads (/proc/self/task), or some of
 * whose entries are absent for the guest (absent.ts); or another process's descriptors, of which these are its emulator's.
 */
export type FilteredDirectory = 'descriptors' | 'threads' | 'absent' | ReadonlySet<number>;

let directories: Map<number, FilteredDirectory> | undefined;

export function addMemoryFile(fd: number, process?: number): void {
  memoryFiles ??= new Map();
  memoryFiles.set(fd, { position: 0, process });
}

export function addFilteredDirectory(fd: number, kind: FilteredDirectory): void {
  directories ??= new Map();
  directories.set(fd, kind);
}

export const filteredDirectory = (fd: number): FilteredDirectory | undefined => directories?.get(fd);

/** `copy` now refers to what `fd` does: dup. */
export function copyDescriptor(fd: number, copy: number): void {
  forgetDescriptor(copy);
  const file = memoryFiles?.get(fd);
  if (file !== undefined) memoryFiles?.set(copy, file);
  const kind = filteredDirectory(fd);
  if (kind !== undefined) addFilteredDirectory(copy, kind);
}

/** The number was closed, or stands for something new. */
export function forgetDescriptor(fd: number): void {
  memoryFiles?.delete(fd);
  directories?.delete(fd);
}

/** Forgets the descriptors from `first` to `last`; all of them by default, as the process layer does after execve. */
export function forgetDescriptors(first = 0, last = Number.POSITIVE_INFINITY): void {
  for (const fd of [...(memoryFiles?.keys() ?? []), ...(directories?.keys() ?? [])]) {
    if (fd >= first && fd <= last) forgetDescriptor(fd);
  }
}
