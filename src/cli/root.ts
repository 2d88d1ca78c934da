/**
 * `-root DIR` and `tsemu chroot DIR`: checks what is to be the guest's file
 * system before it starts, and finds the command in it. A bundle of its own.
 */
import { guestPathOf, type Mount, type Mounts, mountTable, resolve } from '../host/guest-root.ts';
import { hostFileKind, isExecutableFile, readHostLink, realHostPath, workingDirectory } from '../host/root-files.ts';
import { ENOENT, errnoText } from '../loader/load-error.ts';
import { guestEnvironment, type RunCommand, type Settings, UsageError } from './settings.ts';

/** Directories of the host that a system cannot do without; mounted even where the root has no directory for them. */
const ALWAYS_MOUNTED = ['/dev', '/proc', '/sys'];

/** As su(1) sets it for root. */
const ROOT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const DEFAULT_SHELL = '/bin/sh';

/** What the emulator needs to know of a guest's root directory. */
export interface Root {
  mounts: Mounts;
  /** Where the guest starts, as the host has it. */
  directory: string;
  /** The host path of a path of the guest as it starts, or a negative errno. */
  locate(path: string): string | number;
}

type RootSettings = Pick<Settings, 'root' | 'binds' | 'sysroot' | 'workingDirectory'>;

const refuse = (what: string, errno: number): never => {
  throw new UsageError(`${what}: ${errnoText(errno)}`);
};

function existing(path: string): string {
  const real = realHostPath(path);
  return typeof real === 'number' ? refuse(path, -real) : real;
}

function locateIn(mounts: Mounts, base: string, path: string): string | number {
  if (path === '') return -ENOENT;
  const place = resolve(mounts, base, path, 'follow', readHostLink);
  return typeof place === 'number' ? place : place.host;
}

/** `-b host[:guest]`, whose place in the tree has to be there, as mount(8) wants it. */
function bindOf(mounts: Mounts, root: string, text: string): Mount {
  const colon = text.indexOf(':');
  const host = existing(colon < 0 ? text : text.slice(0, colon));
  const wanted = colon < 0 ? host : text.slice(colon + 1);
  if (wanted[0] !== '/') throw new UsageError(`-b ${text}: '${wanted}' is no absolute path in ${root}`);
  const place = resolve(mounts, '/', wanted, 'follow', readHostLink);
  if (typeof place === 'number') return refuse(`-b ${text}: ${wanted} in ${root}`, -place);
  const guest = place.guest === '/' ? '' : place.guest;
  if (guest === '') throw new UsageError(`-b ${text}: the root directory is ${root} already`);
  if (!ALWAYS_MOUNTED.includes(guest)) {
    const [kind, wantedKind] = [hostFileKind(place.host), hostFileKind(host)];
    if (typeof kind === 'number') refuse(`-b ${text}: ${wanted} in ${root}`, -kind);
    if (kind !== wantedKind) throw new UsageError(`-b ${text}: one is a directory, the other is not`);
  }
  return { guest, host: host === '/' ? '' : host };
}

/** Checks the directories that settings name; `here` is the host's working directory. Throws {@link UsageError}. */
export function openRoot(
  { root, binds, sysroot, workingDirectory: wanted }: RootSettings,
  here: string | number = workingDirectory(),
): Root {
  if (sysroot !== '') throw new UsageError('-L and -root are two answers to the same question; give one of them');
  const directory = existing(root);
  if (hostFileKind(directory) !== 'directory') throw new UsageError(`${root}: Not a directory`);
  const mounted: Mount[] = ALWAYS_MOUNTED.filter((path) => hostFileKind(path) === 'directory').map((path) => ({
    guest: path,
    host: path,
  }));
  for (const text of binds) mounted.push(bindOf(mountTable(directory, mounted), root, text));
  const mounts = mountTable(directory, mounted);
  const base = wanted || (typeof here === 'number' ? undefined : guestPathOf(mounts, here)) || '/';
  const start = locateIn(mounts, '/', base);
  if (typeof start === 'number') return refuse(`${base} in ${root}`, -start);
  const kind = hostFileKind(start);
  if (typeof kind === 'number') refuse(`${base} in ${root}`, -kind);
  if (kind !== 'directory') throw new UsageError(`${base} in ${root}: Not a directory`);
  const guestBase = guestPathOf(mounts, existing(start)) ?? '/';
  return { mounts, directory: start, locate: (path) => locateIn(mounts, guestBase, path) };
}

/** What a `tsemu chroot` runs, or the name of a command that is not there. */
export type ChrootOrder = { order: RunCommand; root: Root } | { missing: string };

/** `tsemu chroot [options] DIR [command [arguments...]]`, whose program is the directory so far. Throws {@link UsageError}. */
export function chrootOrder({ run, program: directory, args }: RunCommand, env: readonly string[]): ChrootOrder {
  run.root = directory;
  run.workingDirectory ||= '/';
  if (run.rootId) run.environment.unshift(['HOME', '/root'], ['PATH', ROOT_PATH]);
  const root = openRoot(run);
  const variables = guestEnvironment(env, run);
  const [name, ...rest] = args.length > 0 ? args : [shellOf(root, variables)];
  const program = name.includes('/') ? name : inPath(root, name, variables);
  if (program === undefined) return { missing: name };
  run.argv0 ??= name;
  return { order: { run, program, args: rest }, root };
}

const isCommand = ({ locate }: Root, path: string): boolean => {
  const host = locate(path);
  return typeof host === 'string' && isExecutableFile(host);
};

/** The user's shell, if the root directory has it. */
function shellOf(root: Root, env: readonly string[]): string {
  const shell = variable(env, 'SHELL');
  return shell !== undefined && isCommand(root, shell) ? shell : DEFAULT_SHELL;
}

const inPath = (root: Root, name: string, env: readonly string[]): string | undefined =>
  (variable(env, 'PATH') ?? ROOT_PATH)
    .split(':')
    .map((directory) => `${directory || '.'}/${name}`)
    .find((candidate) => isCommand(root, candidate));

function variable(env: readonly string[], name: string): string | undefined {
  return env.find((assignment) => assignment.startsWith(`${name}=`))?.slice(name.length + 1);
}
