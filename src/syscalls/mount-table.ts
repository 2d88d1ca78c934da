/**
 * /proc/self/{mounts,mountinfo,mountstats} of a guest with a root directory of
 * its own: the host's mounts as far as the guest sees them, at its own paths.
 * Formats: proc_pid_mountinfo(5), fstab(5).
 */
import { guestPathOf, hostPathOf, type Mounts } from '../host/guest-root.ts';

/** A line of the host's mountinfo. */
interface HostMount {
  id: string;
  device: string;
  /** Which directory of the file system, and where it is mounted; without escapes. */
  root: string;
  point: string;
  options: string;
  type: string;
  source: string;
  superOptions: string;
}

/** A mount of the guest's. */
interface GuestMount extends HostMount {
  parent: string;
}

const withoutEscapes = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
const withEscapes = (text: string): string =>
  text.replace(/[ \t\n\\]/g, (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`);

function parse(mountinfo: string): HostMount[] {
  return mountinfo
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [mount, fileSystem] = line.split(' - ');
      const [id, , device, root, point, options] = mount.split(' ');
      const [type, source, superOptions] = fileSystem.split(' ');
      return {
        id,
        device,
        root: withoutEscapes(root),
        point: withoutEscapes(point),
        options,
        type,
        source,
        superOptions,
      };
    });
}

const isBelow = (directory: string, path: string): boolean =>
  directory === '/' || path === directory || path.startsWith(`${directory}/`);

/** The guest's mounts, the root first: its own, then those of the host's that lie below them. */
function guestMounts(mounts: Mounts, host: readonly HostMount[]): GuestMount[] {
  const found: GuestMount[] = [];
  for (const { guest, host: path } of [...mounts].reverse()) {
    // The last of those that lie deepest is on top.
    const under = host
      .filter(({ point }) => isBelow(point, path || '/'))
      .sort((a, b) => a.point.length - b.point.length)
      .at(-1);
    if (under === undefined) continue;
    const inside = path.slice(under.point === '/' ? 0 : under.point.length);
    const root = under.root === '/' ? inside || '/' : under.root + inside;
    found.push({ ...under, root, point: guest || '/', parent: '' });
    for (const mount of host) {
      const point = mount.point === path ? undefined : guestPathOf(mounts, mount.point);
      if (point === undefined || !isBelow(path || '/', mount.point) || hostPathOf(mounts, point) !== mount.point)
        continue;
      found.push({ ...mount, point, parent: '' });
    }
  }
  const unique = [...new Map(found.map((mount) => [mount.point, mount])).values()];
  return unique.map((mount, i) => {
    const parent = unique.findLastIndex(({ point }, j) => j !== i && isBelow(point, mount.point));
    return { ...mount, id: String(i + 1), parent: String(Math.max(parent, 0) + 1) };
  });
}

/** The text of `self/mounts`, `self/mountinfo` or `self/mountstats`, from the host's mountinfo. */
export function mountTableText(entry: string, mounts: Mounts, hostMountinfo: string): string {
  const lines = guestMounts(mounts, parse(hostMountinfo)).map((mount) => {
    const { id, parent, device, type, source, options } = mount;
    const [root, point] = [withEscapes(mount.root), withEscapes(mount.point)];
    switch (entry) {
      case 'self/mountinfo':
        return `${id} ${parent} ${device} ${root} ${point} ${options} - ${type} ${source} ${mount.superOptions}`;
      case 'self/mountstats':
        return `device ${source} mounted on ${point} with fstype ${type}`;
      default:
        return `${source} ${point} ${type} ${options} 0 0`;
    }
  });
  return lines.map((line) => `${line}\n`).join('');
}
