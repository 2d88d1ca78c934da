/** What the linux adapter reads about its own process from /proc. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { HostMapping } from '../host.ts';

/**
 * The part of /proc/self/maps that lies in the window at host address `start`, in guest addresses; see proc(5). Empty if
 * it cannot be read, because the guest has used up all descriptors for instance.
 */
export function readMappings(pid: number | 'self', start: number, size: number): HostMapping[] {
  let maps = '';
  try {
    maps = readFileSync(`/proc/${pid}/maps`, 'latin1');
  } catch {
    return [];
  }
  const mappings: HostMapping[] = [];
  for (const line of maps.split('\n')) {
    const dash = line.indexOf('-');
    const first = Number.parseInt(line.slice(0, dash), 16) - start;
    const space = line.indexOf(' ', dash);
    const end = Number.parseInt(line.slice(dash + 1, space), 16) - start;
    if (!(end > 0 && first < size)) continue;
    const [permissions, offset, device, inode] = line.slice(space + 1).split(' ', 4);
    mappings.push({
      start: Math.max(first, 0),
      end: Math.min(end, size),
      readable: permissions[0] === 'r',
      writable: permissions[1] === 'w',
      offset: Number.parseInt(offset, 16),
      device,
      inode: Number(inode),
      // Anonymous memory has a name only where one was given it (PR_SET_VMA_ANON_NAME).
      path: inode === '0' && !line.startsWith('[anon', 73) ? '' : line.slice(73),
    });
  }
  return mappings;
}

/** Where the kernel has this process's own code, data and stack; undefined without /proc. See proc_pid_stat(5). */
export function memoryLayout(): { beforeBrk: number[]; startStack: number } | undefined {
  try {
    const text = readFileSync('/proc/self/stat', 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const field = (number: number): number => Number(fields[number - 3]);
    // startcode, endcode, start_data, end_data, start_brk; startstack.
    return { beforeBrk: [26, 27, 45, 46, 47].map(field), startStack: field(28) };
  } catch {
    return undefined;
  }
}

/**
 * Descriptors of Node itself: those from `from` on that were not `inherited`. Without a launcher they are mixed with the
 * guest's; then all but the standard ones count as Node's.
 */
export function listOwnDescriptors(from = 3, inherited: readonly number[] = []): Set<number> {
  const own = new Set<number>();
  for (const name of readdirSync('/proc/self/fd')) {
    const fd = Number(name);
    if (fd >= from && !inherited.includes(fd) && linkOf(name) !== '') own.add(fd);
  }
  return own;
}

function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    // The descriptor that listed the directory is gone by now.
    return '';
  }
}

/** Command line and environment of this process as the kernel has them, without what names Node and its flags. */
export function inheritedArguments(): { argv: string[]; env: string[] } {
  const strings = (file: string): string[] => readFileSync(file, 'latin1').split('\0').slice(0, -1);
  const skip = process.execArgv.length + 2;
  return { argv: strings('/proc/self/cmdline').slice(skip - 1), env: strings('/proc/self/environ') };
}
