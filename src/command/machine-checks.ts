/** What tsemu needs of the machine, checked against files of /proc: each check gives one line of `tsemu doctor`. */

/** `failed`: guests do not run. `note`: something is slower, or missing for some guests. */
export type Level = 'ok' | 'note' | 'failed';

export interface Finding {
  level: Level;
  subject: string;
  text: string;
}

/** What the checks look at. */
export interface Machine {
  /** As uname -m. */
  architecture: string;
  /** As uname -r. */
  kernel: string;
  node: string;
  hasFfi: boolean;
  exists(path: string): boolean;
  /** A file's text; undefined if it cannot be read. */
  read(path: string): string | undefined;
}

const NODE_NEEDED = 26;
/** close_range(2). */
const KERNEL_NEEDED = [5, 9] as const;
const GIB = 2 ** 30;
/** Bytes of address space: see src/host/linux/native/launcher.c. */
const ADDRESS_SPACE_FULL = 18.5 * GIB;
const ADDRESS_SPACE_LEAST = 5.75 * GIB;
const DESCRIPTORS_LEAST = 48;
const DESCRIPTORS_ENOUGH = 256;
const MAPPINGS_USUAL = 65530;

/** Settings by which who is not root may make none: of all kernels, of Debian's, of Ubuntu's. */
const NAMESPACES_FORBIDDEN = [
  ['user/max_user_namespaces', 0],
  ['kernel/unprivileged_userns_clone', 0],
  ['kernel/apparmor_restrict_unprivileged_userns', 1],
] as const;

type Check = (machine: Machine) => Omit<Finding, 'subject'>;
const ok = (text: string) => ({ level: 'ok', text }) as const;
const note = (text: string) => ({ level: 'note', text }) as const;
const failed = (text: string) => ({ level: 'failed', text }) as const;

/** Soft and hard limit of a row of /proc/self/limits, Infinity for none; undefined without /proc. */
function limit(machine: Machine, name: string): { soft: number; hard: number } | undefined {
  const [, ...values] = new RegExp(`^${name} +(\\S+) +(\\S+)`, 'm').exec(machine.read('/proc/self/limits') ?? '') ?? [];
  if (values.length < 2) return undefined;
  const [soft, hard] = values.map((value) => (value === 'unlimited' ? Number.POSITIVE_INFINITY : Number(value)));
  return { soft, hard };
}

const sysctl = (machine: Machine, name: string): number | undefined => {
  const text = machine.read(`/proc/sys/${name}`);
  return text === undefined ? undefined : Number(text);
};

const gib = (bytes: number): string =>
  bytes === Number.POSITIVE_INFINITY ? 'unlimited' : `${(bytes / GIB).toFixed(1)} GiB`;

const CHECKS: Readonly<Record<string, Check>> = {
  machine: ({ architecture }) =>
    architecture === 'x86_64' ? ok(architecture) : failed(`${architecture}: this version runs on x86_64 only`),
  kernel: ({ kernel }) => {
    const [major, minor] = kernel.split('.').map(Number);
    const isNew = major > KERNEL_NEEDED[0] || (major === KERNEL_NEEDED[0] && minor >= KERNEL_NEEDED[1]);
    return isNew ? ok(`Linux ${kernel}`) : failed(`Linux ${kernel}: ${KERNEL_NEEDED.join('.')} or newer is needed`);
  },
  node: ({ node }) =>
    Number.parseInt(node, 10) >= NODE_NEEDED ? ok(`v${node}`) : failed(`v${node}: ${NODE_NEEDED} or newer is needed`),
  ffi: ({ hasFfi }) =>
    hasFfi ? ok('node:ffi is there') : failed('this Node was built without node:ffi: only -host node works'),
  '/proc': ({ read }) =>
    read('/proc/self/maps') === undefined
      ? failed('/proc/self/maps cannot be read: mount -t proc proc /proc')
      : ok('mounted'),
  'address space': (machine) => {
    const found = limit(machine, 'Max address space');
    if (found === undefined) return note('the limit is not known');
    // The launcher raises the soft limit for itself.
    if (found.hard >= ADDRESS_SPACE_FULL) return ok(gib(found.soft));
    if (found.hard < ADDRESS_SPACE_LEAST) return failed(`${gib(found.hard)} (ulimit -v): 5.75 GiB are needed`);
    return note(`${gib(found.hard)} (ulimit -v): programs get 4 GiB instead of 16, and run slower`);
  },
  data: (machine) => {
    const found = limit(machine, 'Max data size');
    if (found === undefined) return note('the limit is not known');
    return found.hard < ADDRESS_SPACE_LEAST
      ? failed(`${gib(found.hard)} (ulimit -d): 5.75 GiB are needed`)
      : ok(gib(found.soft));
  },
  descriptors: (machine) => {
    const found = limit(machine, 'Max open files');
    if (found === undefined) return note('the limit is not known');
    if (found.hard < DESCRIPTORS_LEAST) return failed(`${found.hard} (ulimit -n): ${DESCRIPTORS_LEAST} are needed`);
    return found.hard >= DESCRIPTORS_ENOUGH ? ok(`${found.soft}`) : note(`${found.hard} (ulimit -n) leave guests few`);
  },
  overcommit: (machine) =>
    sysctl(machine, 'vm/overcommit_memory') === 2
      ? note('vm.overcommit_memory is 2: guests may be refused memory that they would not use')
      : ok('allowed'),
  mappings: (machine) => {
    const count = sysctl(machine, 'vm/max_map_count') ?? MAPPINGS_USUAL;
    return count >= MAPPINGS_USUAL ? ok(`${count}`) : note(`vm.max_map_count is ${count}: large guests may need more`);
  },
  pagemap: ({ exists }) =>
    exists('/proc/self/pagemap')
      ? ok('there')
      : note('there is no /proc/self/pagemap: a guest may not learn that posix_spawn has failed'),
  'user namespaces': (machine) => {
    const forbidding = NAMESPACES_FORBIDDEN.find(([name, value]) => sysctl(machine, name) === value);
    if (forbidding === undefined) return ok('allowed, as far as sysctl says');
    const [name, value] = forbidding;
    return note(`${name.replace('/', '.')} is ${value}: -overlay is for root only`);
  },
  seccomp: ({ read }) =>
    /^Seccomp:\s*2$/m.test(read('/proc/self/status') ?? '')
      ? note('a filter is active (as in containers): calls that it forbids fail for guests too')
      : ok('no filter'),
  processor: ({ read }) =>
    /^flags\b.*\bfma\b/m.test(read('/proc/cpuinfo') ?? '')
      ? ok('has fused multiply-add')
      : note('has no fused multiply-add: floating point of guests is slower'),
};

/** All checks, in order. */
export const checkMachine = (machine: Machine): Finding[] =>
  Object.entries(CHECKS).map(([subject, check]) => ({ subject, ...check(machine) }));
