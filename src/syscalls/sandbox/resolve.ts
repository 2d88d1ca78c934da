/**
 * What a path of the guest's means, step by step, and whether the sandbox
 * allows it: the one place that all calls with paths go through.
 *
 *     const found = find(task, call, AT_FDCWD, '/tmp/link', { need: 'read', last: 'follow' });
 *     if (typeof found === 'number') return found;       // a negative errno, denials included
 *     holdPath(task, found.path)
 *
 * The kernel is never asked for more than a step: a symbolic link is read and
 * followed here, and nothing is looked up in a directory that no option names
 * or leads to, so that not even the existence of other files shows. The path
 * that results has no links; whoever opens it has the kernel check that
 * (RESOLVE_NO_SYMLINKS), and begins again if somebody has made one meanwhile.
 *
 * If the guest has a root directory of its own, the steps are those in that
 * directory; what is asked for, judged and found are the host's paths.
 */
import { resolve } from 'node:path/posix';
import { guestPathOf, hostPathOf } from '../../host/guest-root.ts';
import { isAbsent } from '../absent.ts';
import { EACCES, EBADF, EINVAL, ELOOP, ENOENT, ENOTDIR } from '../errno.ts';
import { AT_FDCWD } from '../files-flags.ts';
import { descriptorPath, directoryPath, linkText } from '../links.ts';
import { inSysroot } from '../paths.ts';
import { shownPath } from '../root-paths.ts';
import type { Task } from '../task.ts';
import { deny, pathText } from './denials.ts';
import { holdPath } from './held.ts';
import { allows, isBelow, isHarmlessPath, leadsToRule, type Need, type SandboxPolicy } from './policy.ts';
import { ownEntry, procAllows } from './proc.ts';

/** path_resolution(7). */
const MOST_LINKS = 40;

/**
 * What happens with a last component that is a symbolic link: followed; or not, as in lstat; or the name is what the call
 * is about, as in unlink, whatever is there.
 */
export type Last = 'follow' | 'nofollow' | 'name';

export interface Found {
  /** Absolute, the host's, without symbolic links. The last component need not exist. */
  path: string;
  /** The path ended with a slash or a dot: it has to be a directory. */
  isDirectory: boolean;
  /** There is no name that the path ended with: it ended with a dot, or is the root directory. */
  isNameless?: boolean;
  /** Nobody has looked for links yet: if there is one on the way, the path has to be walked. */
  isGuess?: boolean;
  /** A descriptor of the guest's that the path stands for (/proc/self/fd/N, /dev/stdin). */
  descriptor?: number;
}

export const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/';
export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

export const policyOf = (task: Task): SandboxPolicy => task.process.options.sandbox!;

/** Where the host has an absolute path of the guest's. */
function hostOf(task: Task, path: string): string {
  const { mounts } = task.process.options;
  return (mounts === undefined ? path : hostPathOf(mounts, path === '/' ? '' : path)) || '/';
}

/** The guest's path for one of the host's; undefined if there is none. */
function guestOf(task: Task, host: string): string | undefined {
  const { mounts } = task.process.options;
  return mounts === undefined ? host : guestPathOf(mounts, host);
}

/** May the guest do that to a path without links? Devices are found out when they are opened. */
export function mayDo(task: Task, need: Need, path: string): boolean {
  const policy = policyOf(task);
  return procAllows(task, policy, need, path) ?? (isHarmlessPath(path) || allows(policy, need, path));
}

/** What a call wants of a path. */
interface Wanted {
  need: Need;
  last: Last;
  /** A directory of the host's comes before one below -L. */
  prefersHost?: boolean;
  /** What the report says is needed, if it is more. */
  wants?: Need;
  /** The caller comes back without this if it meets a link in a path that is a guess. */
  mayGuess?: boolean;
}

/** The file that `text` names for a call with the directory `dir`, if the guest may have what the call needs of it. */
export function find(
  task: Task,
  call: string,
  dir: number,
  text: string,
  { need, last, prefersHost, wants = need, mayGuess = false }: Wanted,
): Found | number {
  const found = (prefersHost && onHost(task, text)) || locate(task, dir, text, last, mayGuess ? need : undefined);
  if (found === -EACCES) return denyPath(task, call, hostOf(task, resolve(stoppedAt)), wants);
  if (typeof found === 'number' || found.descriptor !== undefined) return found;
  if (isAbsent(found.path)) return -ENOENT;
  if (mayDo(task, need, found.path)) return found;
  if (need === 'look' && last !== 'follow' && leadsSomewhere(task, found.path)) return found;
  return denyPath(task, call, found.path, wants);
}

export function denyPath(task: Task, call: string, path: string, need: Need, errno = EACCES): number {
  const option = need === 'write' ? 'write' : 'read';
  const isOfProcess = /^\/proc\/(self|thread-self|\d+)(\/|$)/.test(path);
  const isProgram = call === 'execve' && need === 'read';
  const shown = shownPath(task, path);
  const mayBeOfHost = isProgram && task.process.options.mounts === undefined;
  const remedy = `--allow-${option}=${shown}${mayBeOfHost ? ', or --allow-run if it is one of the host' : ''}`;
  return deny(task, call, pathText(shown), errno, isOfProcess ? undefined : remedy);
}

/** A link that may be followed may be looked at. */
function leadsSomewhere(task: Task, path: string): boolean {
  const found = locate(task, AT_FDCWD, shownPath(task, path), 'follow');
  return typeof found !== 'number' && found.path !== path && mayDo(task, 'look', found.path);
}

/** What an absolute path names without -L, if the guest may look at it. */
function onHost(task: Task, text: string): Found | undefined {
  const found = text[0] === '/' ? walk(task, '/', text, 'follow') : -ENOENT;
  if (typeof found === 'number' || !mayDo(task, 'look', found.path)) return undefined;
  return holdPath(task, found.path) < 0 ? undefined : found;
}

/** The same without a judgement on the last component. -EACCES: it is somewhere that the guest may not look. */
function locate(task: Task, dir: number, text: string, last: Last, guessFor?: Need): Found | number {
  if (text === '') return -ENOENT;
  const go = (start: string, path: string): Found | number =>
    (guessFor && guess(task, start, path, last, guessFor)) || walk(task, start, path, last);
  if (text[0] === '/') return go('/', inSysroot(task, text, last === 'follow') ?? text);
  if (dir !== AT_FDCWD && task.process.hiddenDescriptors.has(dir)) return -EBADF;
  const start = directoryPath(task, dir);
  if (start === undefined) return dir === AT_FDCWD ? -ENOENT : -EBADF;
  if (start[0] !== '/') return -ENOTDIR;
  const inTree = guestOf(task, start);
  if (inTree !== undefined) return go(inTree, text);
  // Of a directory that was inherited from outside.
  stoppedAt = `${start}/${text}`;
  return -EACCES;
}

/** The path as it is written, if the guest may have it should there be no link in it, which is the common case. */
function guess(task: Task, start: string, text: string, last: Last, need: Need): Found | undefined {
  if (/(^|\/)\.{1,2}(\/|$)/.test(text) || (last === 'nofollow' && text.endsWith('/'))) return undefined;
  const written = resolve(start, text);
  const path = hostOf(task, written);
  const isUsual = written !== '/' && !isBelow(path, '/proc');
  return isUsual && mayDo(task, need, path) ? { path, isDirectory: text.endsWith('/'), isGuess: true } : undefined;
}

/** Where the guest's path would have led whose walk has ended with -EACCES, for the report. */
let stoppedAt = '';

/** The text of a symbolic link at a host path, in terms of the guest; `entry`: what it is of the own process. */
function readLink(task: Task, host: string, entry: string | undefined): string | number {
  const link = entry === 'exe' ? task.process.executable : linkText(task, host);
  if (typeof link === 'number' || !['exe', 'cwd', 'root'].includes(entry ?? '')) return link;
  return entry === 'root' && task.process.options.mounts !== undefined ? '/' : (guestOf(task, link) ?? -EACCES);
}

function walk(task: Task, start: string, text: string, last: Last): Found | number {
  const rest = text.split('/');
  // The guest's path so far, '' for its root directory.
  let done = text[0] === '/' || start === '/' ? '' : start;
  let links = 0;
  let isDirectory = false;
  const follow = (target: string): void => {
    rest.unshift(...target.split('/'));
    if (target[0] === '/') done = '';
  };
  while (rest.length > 0) {
    const name = rest.shift() as string;
    isDirectory = name === '' || name === '.' || name === '..';
    if (name === '' || name === '.') continue;
    if (name === '..') {
      const directory = hostOf(task, done);
      const kind = mayDo(task, 'look', directory) ? linkText(task, `${directory}/.`) : -EINVAL;
      if (typeof kind === 'number' && kind !== -EINVAL) return kind;
      done = done.slice(0, done.lastIndexOf('/'));
      continue;
    }
    const next = `${done}/${name}`;
    const host = hostOf(task, next);
    stoppedAt = [next, ...rest].join('/');
    const isEnd = rest.every((part) => part === '');
    const isName = isEnd && (last === 'name' || (last === 'nofollow' && rest.length === 0));
    const entry = ownEntry(task, host);
    const [, inDirectory, descriptor] = /^fd(info)?\/(\d+)$/.exec(entry ?? '') ?? [];
    if (descriptor !== undefined && task.process.hiddenDescriptors.has(Number(descriptor))) return -ENOENT;
    if (isName) {
      const mayBeNamed = mayDo(task, 'look', host) || mayReadLinks(task, done);
      return mayBeNamed ? { path: host, isDirectory: rest.length > 0 } : -EACCES;
    }
    if (entry !== undefined && !mayDo(task, 'look', host)) return -EACCES;
    if (descriptor !== undefined && inDirectory === undefined) {
      const path = descriptorPath(task, Number(descriptor));
      if (path === undefined) return -ENOENT;
      if (isEnd && rest.length === 0) return { path, isDirectory: false, descriptor: Number(descriptor) };
      if (path[0] !== '/') return -ENOTDIR;
      const inTree = guestOf(task, path);
      if (inTree === undefined) return -EACCES;
      done = inTree === '/' ? '' : inTree;
      continue;
    }
    const mayLook = mayDo(task, 'look', host);
    if (!mayLook && !mayReadLinks(task, done)) return -EACCES;
    const link = readLink(task, host, entry);
    if (typeof link !== 'number') {
      if (++links > MOST_LINKS) return -ELOOP;
      follow(link);
    } else if (!mayLook) return -EACCES;
    else if (link === -EINVAL || (link === -ENOENT && isEnd)) done = next;
    else return link;
  }
  return { path: hostOf(task, done), isDirectory, isNameless: true };
}

/** Links beside the way to what is allowed may be followed: /bin, where /usr/bin is allowed; /dev/stdin. */
const mayReadLinks = (task: Task, directory: string): boolean =>
  directory === '' || directory === '/dev' || leadsToRule(policyOf(task), hostOf(task, directory));
