/**
 * What a sandboxed guest may do (docs/sandbox.md). Paths are the host's,
 * absolute, without symbolic links, as latin1; `/` in a list stands for all.
 *
 *     allows(policy, 'write', '/tmp/work/file')
 */
import type { NetRule } from './address.ts';

export interface SandboxPolicy {
  /** Files, and directories with all below them. */
  read: string[];
  write: readonly string[];
  /** Programs of the host that may be executed. */
  run: readonly string[];
  /** Where sockets may be bound and connected; see address.ts. */
  net: readonly NetRule[];
  /** Never written to, whatever `write` has: what later runs of the emulator execute. */
  kept: readonly string[];
  report: boolean;
  /** Set when the process starts. */
  state?: SandboxState;
}

/** What the first process has of the one that lists what was denied: descriptors. */
export interface Reporter {
  /** An eventfd that becomes readable when it is to do so at once. */
  order: number;
  /** Its pidfd. */
  process: number;
}

/** What the processes of a sandbox share: descriptors that are hidden from the guest. */
export interface SandboxState {
  /** A file with the processes that belong to the sandbox; see members.ts. */
  members: number;
  /** A file with the calls that were denied; -1: they are not listed. */
  denials: number;
  /** ID of the first process, whose end the report waits for. */
  first: number;
  /** The process that lists them, if that was asked for. */
  reporter?: Reporter;
}

/** `look`: what stat tells, and that the file exists. */
export type Need = 'look' | 'read' | 'write';

export const isBelow = (path: string, directory: string): boolean =>
  directory === '/' || path === directory || path.startsWith(`${directory}/`);

const isIn = (path: string, list: readonly string[]): boolean => list.some((directory) => isBelow(path, directory));

function leadsTo(path: string, targets: readonly string[]): boolean {
  const start = path === '/' ? '/' : `${path}/`;
  return targets.some((target) => target.startsWith(start) && target !== path);
}

/** True of a directory on the way to something that an option names; not of that itself. */
export const leadsToRule = ({ read, write }: SandboxPolicy, path: string): boolean =>
  leadsTo(path, [...read, ...write]);

/** Something that the policy is about would be elsewhere if the name stood for another file. */
export const isAnchor = (policy: SandboxPolicy, path: string): boolean =>
  leadsToRule(policy, path) || leadsTo(path, policy.kept);

/** File systems that are settings of the kernel: what is written there concerns the whole machine. */
const KERNEL_SETTINGS = ['/proc', '/sys'];
const isKernelSetting = (path: string): boolean => isIn(path, KERNEL_SETTINGS);

/** Files of /proc with the machine's memory and keys, or that take orders. */
const NEVER = ['kcore', 'kmsg', 'kpagecgroup', 'kpagecount', 'kpageflags', 'keys', 'sysrq-trigger'].map(
  (name) => `/proc/${name}`,
);

/** May the guest do that to a file that is no device and none of a process's in /proc? See also procAllows. */
export function allows(policy: SandboxPolicy, need: Need, path: string): boolean {
  if (isIn(path, NEVER)) return false;
  switch (need) {
    case 'read':
      return isIn(path, policy.read);
    case 'write': {
      if (isIn(path, policy.kept)) return false;
      const rules = isKernelSetting(path) ? policy.write.filter(isKernelSetting) : policy.write;
      return isIn(path, rules);
    }
    case 'look':
      return isIn(path, policy.read) || isIn(path, policy.write) || leadsToRule(policy, path);
  }
}

/** linux/kdev_t.h as stat has it, for the numbers below. */
const device = (major: number, minor: number): number => (major << 8) | minor;

/** null, zero, full, random, urandom: they have nothing of anybody's. */
const HARMLESS_DEVICES = [3, 5, 7, 8, 9].map((minor) => device(1, minor));
const HARMLESS_PATHS = ['null', 'zero', 'full', 'random', 'urandom'].map((name) => `/dev/${name}`);

/** Where a harmless device usually is: to be found there without an option. */
export const isHarmlessPath = (path: string): boolean => path === '/dev' || HARMLESS_PATHS.includes(path);
export const isHarmlessDevice = (number: number): boolean => HARMLESS_DEVICES.includes(number);

/** A device has to be named, or a directory in /dev around it: rules about everything do not mean the machine's disks. */
export function allowsDevice(policy: SandboxPolicy, need: 'read' | 'write', path: string): boolean {
  return isIn(
    path,
    policy[need].filter((rule) => rule === path || isBelow(rule, '/dev')),
  );
}

/** Does everything that is allowed at `to` go for `from` as well? Else moving a file would be a way to more rights. */
export function hasRightsOf(policy: SandboxPolicy, from: string, to: string): boolean {
  return (['read', 'write'] as const).every((need) => allows(policy, need, from) || !allows(policy, need, to));
}
