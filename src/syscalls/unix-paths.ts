/**
 * Paths in socket addresses, unix(7), of a guest with a root directory of its
 * own. An address has room for 108 bytes. If the host's path is longer, it is
 * made to begin at a descriptor of the root directory, which all processes of
 * the guest have under the same number; read back, it is the guest's again.
 */
import type { LastLink, Mounts } from '../host/guest-root.ts';
import { ENAMETOOLONG } from './errno.ts';
import { AT_FDCWD } from './links.ts';
import { rootDescriptor } from './paths.ts';
import { placeOf, shownPath } from './root-paths.ts';
import { bytes, putString, stagedText, view } from './staging.ts';
import type { Task } from './task.ts';

const AF_UNIX = 1;
/** Offset of sun_path in struct sockaddr_un, and the bytes that it has. */
export const SUN_PATH = 2;
const SUN_PATH_SIZE = 108;
/** Room for any address: struct sockaddr_storage. */
export const ADDRESS_MAX = 128;
const BY_DESCRIPTOR = /^\/proc\/self\/fd\/(\d+)(\/.*)$/;

/** The path in a staged address, up to its NUL; undefined if there is none: other families, abstract names. */
function pathAt(at: number, length: number): string | undefined {
  if (length <= SUN_PATH || view.getUint16(at, true) !== AF_UNIX || bytes[at + SUN_PATH] === 0) return undefined;
  const text = stagedText(at + SUN_PATH, Math.min(length - SUN_PATH, SUN_PATH_SIZE));
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

/** Puts a path into a staged address; the address's length. */
export function setUnixPath(at: number, path: string): number {
  putString(at + SUN_PATH, path);
  return SUN_PATH + path.length + 1;
}

/** Makes a staged address, with room for {@link ADDRESS_MAX} bytes, the host's: its length, or a negative errno. */
export function addressToHost(task: Task, at: number, length: number, last: LastLink): number {
  const { mounts } = task.process.options;
  const path = pathAt(at, length);
  if (path === undefined || mounts === undefined) return length;
  const place = placeOf(task, mounts, AT_FDCWD, path, last);
  if (typeof place === 'number') return place;
  if (place.asIs) return length;
  const short = place.host.length < SUN_PATH_SIZE ? place.host : fromRoot(task, mounts, place.host);
  return short.length < SUN_PATH_SIZE ? setUnixPath(at, short) : -ENAMETOOLONG;
}

/** A path below the root directory, from its descriptor; other paths stay as they are. */
function fromRoot(task: Task, mounts: Mounts, host: string): string {
  const root = mounts[mounts.length - 1].host;
  const descriptor = host.startsWith(`${root}/`) ? rootDescriptor(task, root) : -1;
  return descriptor < 0 ? host : `/proc/self/fd/${descriptor}${host.slice(root.length)}`;
}

/** Makes a staged address of the host's the guest's: its length. */
export function addressToGuest(task: Task, at: number, length: number): number {
  const path = pathAt(at, length);
  if (path === undefined) return length;
  const [, descriptor, rest] = BY_DESCRIPTOR.exec(path) ?? [];
  const root = task.process.options.mounts?.at(-1)?.host;
  const isFromRoot = root !== undefined && descriptor === String(rootDescriptor(task, root));
  return setUnixPath(at, isFromRoot ? rest : shownPath(task, path));
}
