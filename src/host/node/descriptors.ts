/**
 * File descriptors of the node adapter. The guest's numbers are our own: Node
 * has no dup, and its descriptors on other systems are no small integers.
 */
import { closeSync, fstatSync, readFileSync } from 'node:fs';
import { EBADF } from './errors.ts';

/** An open file description, shared by the descriptors that were made from one another. */
export interface OpenFile {
  /** Node's descriptor; -1 for directories and O_PATH. */
  readonly fd: number;
  /** Absolute path as latin1, '' for the standard streams. */
  readonly path: string;
  readonly directory: boolean;
  /** Whether there is a position: a file, not a terminal or pipe. */
  readonly seekable: boolean;
  /** The O_* status flags that fcntl shows. */
  flags: number;
  position: number;
  /** The position differs from the one that the host's descriptor has, since the guest has moved it. */
  moved: boolean;
  references: number;
}

interface Descriptor {
  file: OpenFile;
  closeOnExec: boolean;
}

export class DescriptorTable {
  private readonly descriptors: (Descriptor | undefined)[] = [];

  /** Takes over the standard streams but for those in the bitmap `closed`, for which Node has opened something else. */
  constructor(closed: number) {
    for (let fd = 0; fd < 3; fd++) {
      if ((closed & (1 << fd)) !== 0) continue;
      try {
        const stat = fstatSync(fd);
        this.add(openFile(fd, '', fd === 0 ? 0 : 1, stat.isFile(), initialPosition(fd)), fd, false);
      } catch {
        // Closed.
      }
    }
  }

  get(fd: number): OpenFile | undefined {
    return this.descriptors[fd]?.file;
  }

  /** Gives the file the lowest free number from `lowest` on. */
  add(file: OpenFile, lowest: number, closeOnExec: boolean): number {
    let fd = lowest;
    while (this.descriptors[fd] !== undefined) fd++;
    this.put(fd, file, closeOnExec);
    return fd;
  }

  /** Makes `fd` refer to the file, closing what it was. */
  replace(fd: number, file: OpenFile, closeOnExec: boolean): void {
    file.references++;
    this.close(fd);
    file.references--;
    this.put(fd, file, closeOnExec);
  }

  private put(fd: number, file: OpenFile, closeOnExec: boolean): void {
    file.references++;
    this.descriptors[fd] = { file, closeOnExec };
  }

  close(fd: number): number {
    const descriptor = this.descriptors[fd];
    if (descriptor === undefined) return EBADF;
    this.descriptors[fd] = undefined;
    if (--descriptor.file.references === 0 && descriptor.file.fd >= 0) closeSync(descriptor.file.fd);
    return 0;
  }

  /** Open numbers from `first` to `last`. */
  list(first: number, last: number): number[] {
    const fds: number[] = [];
    for (let fd = first; fd <= last && fd < this.descriptors.length; fd++) if (this.descriptors[fd]) fds.push(fd);
    return fds;
  }

  getCloseOnExec(fd: number): number {
    const descriptor = this.descriptors[fd];
    return descriptor === undefined ? EBADF : Number(descriptor.closeOnExec);
  }

  setCloseOnExec(fd: number, value: boolean): number {
    const descriptor = this.descriptors[fd];
    if (descriptor === undefined) return EBADF;
    descriptor.closeOnExec = value;
    return 0;
  }
}

export function openFile(fd: number, path: string, flags: number, seekable: boolean, position = 0): OpenFile {
  return { fd, path, directory: false, seekable, flags, position, moved: false, references: 0 };
}

/** Position of an inherited file; Node has no call for it, Linux shows it in /proc. Elsewhere the start is a guess. */
function initialPosition(fd: number): number {
  try {
    return Number(/^pos:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
