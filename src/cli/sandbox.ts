/** What the options of a sandbox come to: real paths, addresses of names. Loaded only for a sandbox. */
import { addressesOf, programPath, realPathOf } from '../host/real-paths.ts';
import { ANYWHERE, type NetRule, parseNetRule, splitPort } from '../syscalls/sandbox/address.ts';
import type { SandboxPolicy } from '../syscalls/sandbox/policy.ts';
import { type Settings, UsageError } from './settings.ts';

const EVERYTHING = '/';

/** The policy for a program. `directory` is the emulator's, `searchPath` the PATH of its caller. Rejects with {@link UsageError}. */
export async function policyOf(
  { allow, sysroot, cache, sandboxReport }: Settings,
  program: string,
  directory: string,
  searchPath: string,
): Promise<SandboxPolicy> {
  const paths = (words: string[] | undefined): string[] => words?.map(realPathOf) ?? [EVERYTHING];
  const run = allow.run?.map((name) => programOf(name, searchPath)) ?? [EVERYTHING];
  const rules = allow.net === undefined ? [[ANYWHERE]] : await Promise.all(allow.net.map(netRules));
  return {
    // A program that may be executed may be read.
    read: [...paths(allow.read), ...run, realPathOf(program), ...(sysroot === '' ? [] : [realPathOf(sysroot)])],
    write: paths(allow.write),
    run,
    net: rules.flat(),
    // A self-contained executable has no directory.
    kept: [directory || '/proc/self/exe', ...(cache === '' ? [] : [cache])].map(realPathOf),
    report: sandboxReport,
  };
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
