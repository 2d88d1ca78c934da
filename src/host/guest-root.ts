/**
 * A root directory of the guest's own (`tsemu chroot`): which file of the host
 * a path of the guest names, and the other way round. The host's kernel knows
 * nothing of it, so `..` and symbolic links are followed here, one component
 * after the other, and the host gets a path without any.
 *
 *     const mounts = mountTable('/srv/arm64', [{ guest: '/proc', host: '/proc' }]);
 *     resolve(mounts, '/home', '../etc/passwd', 'follow', readLink)  // { guest: '/etc/passwd', host: '/srv/arm64/etc/passwd', … }
 *     guestPathOf(mounts, '/srv/arm64/etc')                         // '/etc'
 *
 * Paths are latin1: one character a byte.
 */

/** A directory or file of the host that stands at a path of the guest. Both are absolute, without links and without a slash at the end: '' is the root. */
export interface Mount {
  readonly guest: string;
  readonly host: string;
}

/** Those that lie deepest come first; the last one is the root directory. */
export type Mounts = readonly Mount[];

/**
 * What a call does with a symbolic link that its path ends in: `follow` it; `keep` it, unless a slash comes behind;
 * or it makes an `entry` of a directory, or one that is there is to be `removed` or renamed, which are never followed.
 */
export type LastLink = 'follow' | 'keep' | 'entry' | 'removed';

/** Where a path leads. The last component need not exist. */
export interface Place {
  readonly guest: string;
  /** Has the slash or `/.` at the end that the path had. */
  readonly host: string;
  /** The path is relative and the host, from the same directory, comes to the same place by it. */
  readonly asIs: boolean;
}

/**
 * The text of the symbolic link at a host path, in terms of the guest, or a negative errno: -EINVAL for what is none.
 * `isLast`: it is what the path names.
 */
export type ReadLink = (host: string, isLast: boolean) => string | number;

const EBUSY = 16;
const ENAMETOOLONG = 36;
const EINVAL = 22;
const ELOOP = 40;
/** As many links as Linux follows (path_resolution(7)). */
const MAX_LINKS = 40;
const PATH_MAX = 4096;

const isBelow = (directory: string, path: string): boolean =>
  path.startsWith(directory) && (path.length === directory.length || path[directory.length] === '/');

/** Puts mounts into order. `root` is the host's directory that is the guest's `/`. */
export function mountTable(root: string, binds: readonly Mount[]): Mounts {
  const last = new Map(binds.map((bind) => [bind.guest, bind]));
  last.set('', { guest: '', host: root === '/' ? '' : root });
  return [...last.values()].sort((a, b) => b.guest.length - a.guest.length);
}

/** The host path of an absolute guest path without links, `..` and the like. */
export function hostPathOf(mounts: Mounts, guest: string): string {
  for (const mount of mounts) if (isBelow(mount.guest, guest)) return mount.host + guest.slice(mount.guest.length);
  return guest;
}

/** The guest path of an absolute host path without links; undefined if the guest cannot see that file. */
export function guestPathOf(mounts: Mounts, host: string): string | undefined {
  let nearest: Mount | undefined;
  for (const mount of mounts) {
    if (!isBelow(mount.host, host) || (nearest !== undefined && nearest.host.length >= mount.host.length)) continue;
    // Something else may be mounted over it.
    if (hostPathOf(mounts, mount.guest + host.slice(mount.host.length)) === host) nearest = mount;
  }
  return nearest === undefined ? undefined : nearest.guest + host.slice(nearest.host.length) || '/';
}

/** True for the root and whatever else has been mounted. */
export const isMountPoint = (mounts: Mounts, guest: string): boolean =>
  mounts.some((mount) => mount.guest === (guest === '/' ? '' : guest));

const endOf = (path: string): string => (/(?:^|\/)\.$/.exec(path) !== null ? '/.' : path.endsWith('/') ? '/' : '');

/**
 * Follows a path, which is not empty. `base` is the guest path of the directory that a relative one counts from. Gives a
 * negative errno as the kernel would; what the last component is, if anything, is left to the call that is made with it.
 */
export function resolve(
  mounts: Mounts,
  base: string,
  path: string,
  last: LastLink,
  readLink: ReadLink,
): Place | number {
  let guest = path[0] === '/' || base === '/' ? '' : base;
  let asIs = path[0] !== '/';
  let end = endOf(path);
  let links = 0;
  // A directory, so that `..` behind it means something.
  let isDirectory = true;
  const rest = path.split('/').reverse();
  for (let name = rest.pop(); name !== undefined; name = rest.pop()) {
    if (name === '' || name === '.') continue;
    if (name === '..') {
      const error = isDirectory ? -EINVAL : readLink(`${hostPathOf(mounts, guest)}/.`, false);
      if (error !== -EINVAL) return Number(error);
      guest = guest.slice(0, Math.max(guest.lastIndexOf('/'), 0));
      asIs = false;
      isDirectory = true;
      continue;
    }
    const next = `${guest}/${name}`;
    isDirectory = false;
    const isLast = rest.every((component) => component === '' || component === '.');
    if (isMountPoint(mounts, next)) {
      if (isLast && last === 'removed') return -EBUSY;
      guest = next;
      asIs = false;
      continue;
    }
    const isEntry = last === 'entry' || last === 'removed';
    if (isLast && (isEntry ? end !== '/.' : last === 'keep' && end === '')) {
      guest = next;
      break;
    }
    const target = readLink(hostPathOf(mounts, next), isLast && end === '');
    if (typeof target === 'number') {
      if (target !== -EINVAL && !isLast) return target;
      guest = next;
      continue;
    }
    if (++links > MAX_LINKS) return -ELOOP;
    if (isLast) end ||= endOf(target);
    if (target[0] === '/') guest = '';
    rest.push(...target.split('/').reverse());
    asIs = false;
  }
  const host = hostPathOf(mounts, guest) + end || '/';
  if (!asIs && host.length >= PATH_MAX) return -ENAMETOOLONG;
  return { guest: guest || '/', host, asIs };
}
