/** What the options of a sandbox come to: real paths, addresses of names. Loaded only for a sandbox. */
import { basename, dirname, join, resolve } from 'node:path/posix';
import { guestPathOf } from '../host/guest-root.ts';
import { addressesOf, programPath, realPathOf } from '../host/real-paths.ts';
import { ANYWHERE, type NetRule, parseNetRule, splitPort } from '../syscalls/sandbox/address.ts';
import { isBelow, type SandboxPolicy } from '../syscalls/sandbox/policy.ts';
import type { Root } from './root.ts';
import { type Settings, UsageError } from './settings.ts';

const EVERYTHING = '/';

/**
 * The policy for a program. `directory` is the emulator's, `searchPath` the PATH of its caller; paths are those in `root` if the
 * guest has that. Rejects with {@link UsageError}.
 */
export async function policyOf(
  { allow, sysroot, cache, sandboxReport }: Settings,
  program: string,
  directory: string,
  searchPath: string,
  root: Root | undefined,
): Promise<SandboxPolicy> {
  if (root !== undefined && allow.run?.length !== 0)
    throw new UsageError("option 'allow-run' cannot be used with -root, where no program of the host runs");
  const hostPaths = (path: string): string[] => (root === undefined ? [realPathOf(path)] : inRoot(root, path));
  const paths = (words: string[] | undefined): string[] => words?.flatMap(hostPaths) ?? [EVERYTHING];
  const run = allow.run?.map((name) => programOf(name, searchPath)) ?? [EVERYTHING];
  const rules = allow.net === undefined ? [[ANYWHERE]] : await Promise.all(allow.net.map(netRules));
  return {
    // A program that may be executed may be read.
    read: [...paths(allow.read), ...run, hostPaths(program)[0], ...(sysroot === '' ? [] : [realPathOf(sysroot)])],
    write: paths(allow.write),
    run,
    net: rules.flat(),
    // A self-contained executable has no directory.
    kept: [directory || '/proc/self/exe', ...(cache === '' ? [] : [cache])].map(realPathOf),
    report: sandboxReport,
  };
}

/** Not meant by a rule for a directory around their mount point: see policy.ts. */
const SYSTEM = ['/dev', '/proc', '/sys'];

/** Where the host has what a path in the guest's root directory names, and then what has been mounted below that. */
function inRoot({ mounts, locate }: Root, path: string): string[] {
  const host = realPathIn(locate, path);
  const guest = guestPathOf(mounts, host);
  if (guest === '/') return [EVERYTHING];
  const below = mounts.filter((mount) => guest !== undefined && mount.guest !== guest && isBelow(mount.guest, guest));
  const meant = below.filter((mount) => !SYSTEM.some((directory) => isBelow(mount.host, directory)));
  return [host, ...meant.map((mount) => mount.host || '/')];
}

/** As realPathOf, in a root directory. */
function realPathIn(locate: Root['locate'], path: string): string {
  const rest: string[] = [];
  for (let current = path; ; current = dirname(current)) {
    const host = locate(current);
    if (typeof host === 'string') return join(resolve(host), ...rest);
    if (current === dirname(current)) throw new UsageError(`no '${path}' in the root directory`);
    rest.unshift(basename(current));
  }
}

function programOf(name: string, searchPath: string): string {
  const path = programPath(name, searchPath);
  if (path === undefined) throw new UsageError(`no program '${name}' (-allow-run)`);
  return realPathOf(path);
}

/** The rules for a word: an address, or a name, which stands for the addresses that it has now. */
async function netRules(word: string): Promise<NetRule[]> {
  const rule = parseNetRule(word);
  if (rule !== undefined) return [rule];
  const { host, port } = splitPort(word) ?? {};
  if (host === undefined || !/[a-z]/i.test(host) || host.includes('/'))
    throw new UsageError(`'${word}' is no address (-allow-net)`);
  const addresses = await addressesOf(host).catch(() => {
    throw new UsageError(`the name '${host}' has no address (-allow-net)`);
  });
  return addresses.map((address) => ({ ...(parseNetRule(address) as NetRule), port }));
}
