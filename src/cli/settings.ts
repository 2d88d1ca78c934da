/**
 * What a command can be told, and the environment variables that say the same.
 * Options are in options.ts, which is loaded only when there is one.
 *
 * Each variable exists as TSEMU_NAME and as QEMU_NAME; ours wins. Options win
 * over variables.
 */
import type { HookOptions } from '../syscalls/hooks.ts';

/** The items of `-d`, with what `-d help` says of them. */
export const LOG_ITEMS = {
  in_asm: 'show each guest instruction when it is first translated',
  op: 'show the intermediate representation of each region that is compiled',
  out_wasm: 'show the WebAssembly of each region',
  out_js: 'show the JavaScript of each region (with -backend js)',
  exec: 'show each instruction before it is executed; nothing is compiled then',
  cpu: 'show the registers before each instruction; nothing is compiled then',
  fpu: 'show the floating-point registers as well (with cpu)',
  fault: 'show each access of the program that faults',
  stats: 'show what the translator did when the program ends',
  strace: 'log every system call, its arguments and its result',
  unimp: 'log system calls and requests that are not implemented',
} as const;
export type LogItem = keyof typeof LOG_ITEMS;

/** The command whose program is a directory; what is to be run there stands behind it. */
export const CHROOT = 'tsemu chroot';

/** What a sandbox can allow. */
export type Permission = 'read' | 'write' | 'net' | 'run' | 'env';

export type AddressRange = readonly [first: bigint, last: bigint];

export interface Settings {
  /** `-L`: where absolute guest paths are looked up first; '' for none. */
  sysroot: string;
  /** `-root`: the guest's root directory; '' for the host's. */
  root: string;
  /** `-b`: what else of the host is in it, `HOST[:GUEST]`. */
  binds: readonly string[];
  /** `-root-id`: the guest is told that it runs as root. */
  rootId: boolean;
  /** `-w`: where in its root directory the guest starts; '' for here if that is in it, else `/`. */
  workingDirectory: string;
  /** `-r`: release that uname(2) reports; '' for the host's. */
  release: string;
  /** `-0`: the guest's argv[0]. */
  argv0: string | undefined;
  /** `-s`: soft limit of the stack in bytes. */
  stackSize: number | undefined;
  /** `-E NAME=VALUE` and `-U NAME` in order: a value, or undefined to unset. */
  environment: [name: string, value: string | undefined][];
  log: Set<LogItem>;
  /** `-quiet`: a fault that kills the guest is not reported. */
  quiet: boolean;
  /** `-D`: file for what is logged; '' for stderr. */
  logFile: string;
  /** `-dfilter`: addresses that logs of code are limited to, both ends included; empty for no limit. */
  logFilter: readonly AddressRange[];
  /** `-cpu`: the model of the processor; '' for the usual one. */
  cpu: string;
  host: 'linux' | 'node';
  /** `--exec guest-only`: the guest cannot execute programs of the host. */
  guestOnly: boolean;
  /** `-sandbox`: the guest may do only what the lists allow. */
  sandbox: boolean;
  /** The words of `-allow-read` and so on; undefined: everything. */
  allow: Record<Permission, string[] | undefined>;
  /** `-sandbox-report`. */
  sandboxReport: boolean;
  /** What hot code is compiled to. */
  backend: 'wasm' | 'js';
  /** `-one-insn-per-tb`. */
  oneInstruction: boolean;
  /** `-tb-size`: bytes of compiled code kept at once. */
  codeLimit: number;
  /** `-perfmap`: compiled code has the names of the program's functions. */
  perfMap: boolean;
  /** How often code is jumped to before it is compiled; 0: never. */
  threshold: number;
  /** `-insn-limit`: instructions that each thread may execute, which are counted in the cold tier; undefined: no limit. */
  instructionLimit: number | undefined;
  /** `-hook`: a socket, and the calls that are asked about there. */
  hook: HookOptions | undefined;
  /** Directory where translations are kept for later runs; '' for none. */
  cache: string;
}

/** A program to run. */
export interface RunCommand {
  run: Settings;
  program: string;
  args: readonly string[];
}

/** What to do: run a program, or print something and end. */
export type Command = RunCommand | { print: string; status: number; stream: 'stdout' | 'stderr' };

/** An option or variable that cannot be obeyed; the message has no prefix. */
export class UsageError extends Error {
  /** `instanceof` does not hold across bundles; the name does. */
  static readonly NAME = 'UsageError';
  override readonly name = UsageError.NAME;
}

/**
 * Compiling an instruction takes 25 to 40 µs, in which the cold tier executes some 25,000: code that is jumped to less
 * often than this does not earn it back. (The import of python3's unittest: 8.0 s of CPU with 2,000, 5.2 s with 16,000.)
 */
const DEFAULT_THRESHOLD = 16_000;

/** V8 keeps about ten times as much machine code and bookkeeping as a module has bytes. */
const DEFAULT_CODE_LIMIT = 32 << 20;

export const defaultSettings = (): Settings => ({
  sysroot: '',
  root: '',
  binds: [],
  rootId: false,
  workingDirectory: '',
  release: '',
  argv0: undefined,
  stackSize: undefined,
  environment: [],
  log: new Set(),
  quiet: false,
  logFile: '',
  logFilter: [],
  cpu: '',
  host: 'linux',
  guestOnly: false,
  sandbox: false,
  allow: { read: [], write: [], net: [], run: [], env: [] },
  sandboxReport: false,
  backend: 'wasm',
  oneInstruction: false,
  codeLimit: DEFAULT_CODE_LIMIT,
  perfMap: false,
  threshold: DEFAULT_THRESHOLD,
  instructionLimit: undefined,
  hook: undefined,
  cache: '',
});

/** How each setting is read from its text; shared by variables and options. Throws {@link UsageError}. */
export const APPLY = {
  LD_PREFIX: (s: Settings, text: string) => void (s.sysroot = text),
  ROOT: (s: Settings, text: string) => void (s.root = text),
  BIND: (s: Settings, text: string) => void (s.binds = [...s.binds, ...text.split(',')]),
  ROOT_ID: (s: Settings) => void (s.rootId = true),
  WORKING_DIRECTORY: (s: Settings, text: string) => void (s.workingDirectory = text),
  UNAME: (s: Settings, text: string) => void (s.release = text),
  ARGV0: (s: Settings, text: string) => void (s.argv0 = text),
  STACK_SIZE: (s: Settings, text: string) => void (s.stackSize = parseSize(text)),
  SET_ENV: (s: Settings, text: string) => setEnvironment(s, text),
  UNSET_ENV: (s: Settings, text: string) => {
    for (const name of text.split(',')) {
      if (name === '' || name.includes('=')) throw new UsageError(`'${name}' is not the name of a variable`);
      s.environment.push([name, undefined]);
    }
  },
  STRACE: (s: Settings) => void s.log.add('strace'),
  STATS: (s: Settings) => void s.log.add('stats'),
  QUIET: (s: Settings) => void (s.quiet = true),
  LOG: (s: Settings, text: string) => addLogItems(s, text),
  LOG_FILENAME: (s: Settings, text: string) => void (s.logFile = text),
  DFILTER: (s: Settings, text: string) => void (s.logFilter = text.split(',').map(parseRange)),
  CPU: (s: Settings, text: string) => void (s.cpu = text),
  EXEC: (s: Settings, text: string) => {
    if (text !== 'any' && text !== 'guest-only')
      throw new UsageError(`unknown kind of programs '${text}': any or guest-only`);
    s.guestOnly = text === 'guest-only';
  },
  HOST: (s: Settings, text: string) => {
    if (text !== 'linux' && text !== 'node') throw new UsageError(`unknown host '${text}': linux or node`);
    s.host = text;
  },
  SANDBOX: (s: Settings) => void (s.sandbox = true),
  ALLOW_READ: (s: Settings, text: string) => allow(s, 'read', text),
  ALLOW_WRITE: (s: Settings, text: string) => allow(s, 'write', text),
  ALLOW_NET: (s: Settings, text: string) => allow(s, 'net', text),
  ALLOW_RUN: (s: Settings, text: string) => allow(s, 'run', text),
  ALLOW_ENV: (s: Settings, text: string) => allow(s, 'env', text),
  SANDBOX_REPORT: (s: Settings) => void (s.sandboxReport = true),
  BACKEND: (s: Settings, text: string) => {
    if (text !== 'wasm' && text !== 'js') throw new UsageError(`unknown back end '${text}': wasm or js`);
    s.backend = text;
  },
  ONE_INSN_PER_TB: (s: Settings) => void (s.oneInstruction = true),
  TB_SIZE: (s: Settings, text: string) => {
    const size = Number(text);
    if (!Number.isInteger(size) || size < 1 || size > 4096) throw new UsageError(`'${text}' is not a size: 1 to 4096`);
    s.codeLimit = size << 20;
  },
  CACHE: (s: Settings, text: string) => {
    if (text !== 'off' && text[0] !== '/') throw new UsageError(`'${text}' is no absolute path, nor off`);
    s.cache = text === 'off' ? '' : text;
  },
  PERFMAP: (s: Settings) => void (s.perfMap = true),
  INSN_LIMIT: (s: Settings, text: string) => {
    const limit = Number(text);
    if (!/^[0-9]+$/.test(text) || limit < 1 || !Number.isSafeInteger(limit))
      throw new UsageError(`'${text}' is not a number of instructions`);
    s.instructionLimit = limit;
  },
  HOOK: (s: Settings, text: string) => {
    const colon = text.lastIndexOf(':');
    if (text[0] !== '/' || colon < 0) throw new UsageError(`'${text}' is not SOCKET:NAME,…`);
    s.hook = { socket: text.slice(0, colon), names: new Set(text.slice(colon + 1).split(',')) };
  },
  TIER: (s: Settings, text: string) => {
    if (text !== 'cold' && text !== 'all') throw new UsageError(`unknown tier '${text}': cold or all`);
    s.threshold = text === 'cold' ? 0 : DEFAULT_THRESHOLD;
  },
  THRESHOLD: (s: Settings, text: string) => {
    const threshold = Number(text);
    const isValid = Number.isInteger(threshold) && threshold >= 1 && threshold <= 65535;
    if (!isValid) throw new UsageError(`'${text}' is not a threshold: 1 to 65535`);
    s.threshold = threshold;
  },
} as const;
export type VariableName = keyof typeof APPLY;

/** Adds to what a sandbox allows: the words of a list, or everything if there is none. */
function allow(settings: Settings, permission: Permission, text: string): void {
  const words = text.split(',');
  const { allow: allowed } = settings;
  if (text === '') allowed[permission] = undefined;
  else if (words.includes('')) throw new UsageError(`'${text}' is no list: something is missing between its commas`);
  else allowed[permission]?.push(...words);
}

/**
 * Throws {@link UsageError} where something is allowed that is not forbidden, or nobody would hold the guest to it or ask
 * about its calls.
 */
export function checkTogether({ sandbox, allow: allowed, sandboxReport, host, hook }: Settings): void {
  const given = Object.entries(allowed).find(([, words]) => words === undefined || words.length > 0);
  const name = given === undefined ? 'sandbox-report' : `allow-${given[0]}`;
  if (!sandbox && (given !== undefined || sandboxReport)) throw new UsageError(`option '${name}' needs -sandbox`);
  if (host === 'linux') return;
  if (sandbox) throw new UsageError("option 'sandbox' needs -host linux");
  if (hook !== undefined) throw new UsageError("option 'hook' needs -host linux");
}

function setEnvironment(settings: Settings, text: string): void {
  for (const assignment of text.split(',')) {
    const equals = assignment.indexOf('=');
    if (equals <= 0) throw new UsageError(`'${assignment}' is not NAME=VALUE`);
    settings.environment.push([assignment.slice(0, equals), assignment.slice(equals + 1)]);
  }
}

function addLogItems(settings: Settings, text: string): void {
  for (const item of text.split(',')) {
    if (!Object.hasOwn(LOG_ITEMS, item)) throw new UsageError(`unknown log item '${item}'; -d help lists them`);
    settings.log.add(item as LogItem);
  }
}

/** `START+LENGTH`, `START-LENGTH` (the LENGTH bytes that end at START) or `START..END`, as qemu has them. */
function parseRange(text: string): AddressRange {
  const [, start, operator, other] = /^(0x[0-9a-f]+|\d+)(\+|-|\.\.)(0x[0-9a-f]+|\d+)$/i.exec(text) ?? [];
  if (operator === undefined) throw new UsageError(`'${text}' is not START+LENGTH, START-LENGTH or START..END`);
  const [a, b] = [BigInt(start), BigInt(other)];
  const range: AddressRange = operator === '+' ? [a, a + b - 1n] : operator === '-' ? [a - b + 1n, a] : [a, b];
  if (range[0] > range[1]) throw new UsageError(`no address is in '${text}'`);
  return range;
}

const UNITS: Record<string, number> = { '': 1, k: 1024, K: 1024, M: 1024 * 1024 };

/** `8388608`, `0x800000`, `8192k`, `8M`. */
function parseSize(text: string): number {
  const unit = 'kKM'.includes(text.slice(-1)) ? text.slice(-1) : '';
  const size = Number(text.slice(0, text.length - unit.length) || Number.NaN) * UNITS[unit];
  if (!Number.isSafeInteger(size) || size <= 0) throw new UsageError(`'${text}' is not a stack size`);
  return size;
}

/** The settings that the environment asks for. `env` has `NAME=VALUE` strings. Throws {@link UsageError}. */
export function environmentSettings(env: readonly string[]): Settings {
  const settings = defaultSettings();
  settings.cache = cacheDirectory(env);
  const ours = new Map<string, string>();
  const theirs = new Map<string, string>();
  for (const assignment of env) {
    const found = assignment.startsWith('TSEMU_') ? ours : assignment.startsWith('QEMU_') ? theirs : undefined;
    if (found === undefined) continue;
    const equals = assignment.indexOf('=');
    found.set(assignment.slice(assignment.indexOf('_') + 1, equals), assignment.slice(equals + 1));
  }
  if (ours.size === 0 && theirs.size === 0) return settings;
  for (const name of Object.keys(APPLY) as VariableName[]) {
    const text = ours.get(name) ?? theirs.get(name);
    if (text !== undefined) APPLY[name](settings, text);
  }
  return settings;
}

/** Where the user keeps what can be made anew (XDG Base Directory Specification); '' without a home. */
function cacheDirectory(env: readonly string[]): string {
  const value = (name: string) => env.find((assignment) => assignment.startsWith(`${name}=`))?.slice(name.length + 1);
  const [cache = '', home = ''] = [value('XDG_CACHE_HOME'), value('HOME')];
  if (cache[0] === '/') return `${cache}/tsemu`;
  return home[0] === '/' ? `${home}/.cache/tsemu` : '';
}

/** The guest's environment: the launcher's, or what a sandbox allows of it, changed as `-E` and `-U` say. */
export function guestEnvironment(env: readonly string[], settings: Settings): readonly string[] {
  const names = settings.sandbox ? settings.allow.env : undefined;
  if (settings.environment.length === 0 && names === undefined) return env;
  let result = env.filter((assignment) => names?.includes(assignment.slice(0, assignment.indexOf('='))) ?? true);
  for (const [name, value] of settings.environment) {
    result = result.filter((assignment) => !assignment.startsWith(`${name}=`));
    if (value !== undefined) result.push(`${name}=${value}`);
  }
  return result;
}
