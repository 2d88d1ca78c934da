/** Files of ours that are wanted as they are, whatever is put in their place while the guest runs. */
import type { Host } from '../host/host.ts';
import { PROT_READ } from './elf.ts';
import { openAsIs, steadyCall } from './program-file.ts';

const SEEK_END = 2;
const MAP_PRIVATE = 2;

/** Where a file lies in the host's memory. */
export interface Place {
  address: number;
  size: number;
}

/** Maps a part of an open file; its address, or a negative errno. */
export const mapPart = (host: Host, fd: number, start: number, length: number): number =>
  Number(steadyCall(host, 'mmap', 0, length, PROT_READ, MAP_PRIVATE, fd, start));

/** Maps a file, which takes no descriptor of the guest's; undefined if that is not possible. */
export function mapFile(host: Host, path: string): Place | undefined {
  const fd = openAsIs(host, path);
  if (fd < 0) return undefined;
  const size = Number(steadyCall(host, 'lseek', fd, 0, SEEK_END));
  const address = mapPart(host, fd, 0, size);
  steadyCall(host, 'close', fd);
  return size > 0 && address > 0 ? { address, size } : undefined;
}
