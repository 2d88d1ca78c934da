/**
 * Descriptors that are not what they look like: directories whose listing must
 * leave out the emulator's own descriptors, and /proc/self/mem. Both are rare,
 * so the common case is one look at an undefined variable.
 */

/** An open /proc/self/mem: the guest's file position. */
export interface MemoryFile {
  position: number;
}

/** Open /proc/self/mem descriptors; undefined as long as there never was one. */
export let memoryFiles: Map<number, MemoryFile> | undefined;

/** Open /proc/self/fd and /proc/self/fdinfo directories. */
let descriptorDirectories: Set<number> | undefined;

export function addMemoryFile(fd: number): void {
  memoryFiles ??= new Map();
  memoryFiles.set(fd, { position: 0 });
}

export function addDescriptorDirectory(fd: number): void {
  descriptorDirectories ??= new Set();
  descriptorDirectories.add(fd);
}

export const isDescriptorDirectory = (fd: number): boolean => descriptorDirectories?.has(fd) === true;

/** `copy` now refers to what `fd` does: dup. */
export function copyDescriptor(fd: number, copy: number): void {
  forgetDescriptor(copy);
  const file = memoryFiles?.get(fd);
  if (file !== undefined) memoryFiles?.set(copy, file);
  if (isDescriptorDirectory(fd)) addDescriptorDirectory(copy);
}

/** The number was closed, or stands for something new. */
export function forgetDescriptor(fd: number): void {
  memoryFiles?.delete(fd);
  descriptorDirectories?.delete(fd);
}

/** Forgets the descriptors from `first` to `last`; all of them by default, as the process layer does after execve. */
export function forgetDescriptors(first = 0, last = Number.POSITIVE_INFINITY): void {
  for (const fd of [...(memoryFiles?.keys() ?? []), ...(descriptorDirectories ?? [])]) {
    if (fd >= first && fd <= last) forgetDescriptor(fd);
  }
}
