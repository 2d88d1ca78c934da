/** The options of the commands, for the command line, the help text, the man page and completion. */
import type { VariableName } from './settings.ts';

export interface Option {
  /** Name of the value in the help text; undefined for a switch. */
  value?: string;
  /** The value may be left out; if not, it follows an equals sign. */
  isOptional?: true;
  /** The setting, also the variable's name without prefix. */
  sets?: VariableName;
  about: string;
  /** Stands in the short help. */
  isCommon?: true;
}

/** Every option; keys are the names that qemu uses. */
export const OPTIONS: Record<string, Option> = {
  L: {
    value: 'path',
    sets: 'LD_PREFIX',
    about: "look for interpreter and absolute paths below 'path' first",
    isCommon: true,
  },
  root: { value: 'dir', sets: 'ROOT', about: "make 'dir' the program's root directory (see tsemu chroot)" },
  b: { value: 'host[:guest]', sets: 'BIND', about: "with -root: show the host's file or directory there, too" },
  w: { value: 'dir', sets: 'WORKING_DIRECTORY', about: "with -root: start in 'dir' of it" },
  overlay: {
    value: 'dir[:upper]',
    about: "what is written below 'dir' goes to 'upper', or is gone at the end; must be the first option",
  },
  'root-id': { sets: 'ROOT_ID', about: 'tell the program that it runs as root' },
  s: { value: 'size', sets: 'STACK_SIZE', about: "set the stack size to 'size' bytes (suffixes k, M)", isCommon: true },
  cpu: { value: 'model', sets: 'CPU', about: 'the model of the processor (-cpu help for a list)' },
  E: {
    value: 'var=value',
    sets: 'SET_ENV',
    about: 'set environment variables, separated by commas',
    isCommon: true,
  },
  U: { value: 'var', sets: 'UNSET_ENV', about: 'unset environment variables of the program', isCommon: true },
  0: { value: 'argv0', sets: 'ARGV0', about: "give the program 'argv0' as its argv[0]", isCommon: true },
  r: { value: 'uname', sets: 'UNAME', about: 'set the release that uname reports' },
  d: { value: 'item[,...]', sets: 'LOG', about: 'log these items (-d help for a list)', isCommon: true },
  D: { value: 'logfile', sets: 'LOG_FILENAME', about: "write logs to 'logfile' (default stderr)", isCommon: true },
  dfilter: { value: 'range[,...]', sets: 'DFILTER', about: 'limit -d in_asm, op, out_*, exec, cpu to these addresses' },
  strace: { sets: 'STRACE', about: 'log system calls', isCommon: true },
  quiet: { sets: 'QUIET', about: 'say nothing of a fault that kills the program', isCommon: true },
  stats: { sets: 'STATS', about: 'show what the translator did when the program ends' },
  exec: {
    value: 'any|guest-only',
    sets: 'EXEC',
    about: 'which programs the guest may execute (default any)',
  },
  sandbox: {
    sets: 'SANDBOX',
    about: 'deny it all that no -allow-... allows (see -help-all)',
    isCommon: true,
  },
  'allow-read': {
    value: 'paths',
    isOptional: true,
    sets: 'ALLOW_READ',
    about: 'let it read these files and directories',
  },
  'allow-write': {
    value: 'paths',
    isOptional: true,
    sets: 'ALLOW_WRITE',
    about: 'let it make, change, remove files there',
  },
  'allow-net': { value: 'hosts', isOptional: true, sets: 'ALLOW_NET', about: 'let it connect and bind sockets there' },
  'allow-run': {
    value: 'programs',
    isOptional: true,
    sets: 'ALLOW_RUN',
    about: 'let it execute these programs of the host',
  },
  'allow-env': { value: 'names', isOptional: true, sets: 'ALLOW_ENV', about: 'give it these environment variables' },
  'sandbox-report': { sets: 'SANDBOX_REPORT', about: 'list the calls that were denied when the program ends' },
  host: { value: 'linux|node', sets: 'HOST', about: 'how system calls are made (default linux)' },
  tier: { value: 'cold|all', sets: 'TIER', about: 'cold: never compile code (default: all)' },
  'insn-limit': {
    value: 'N',
    sets: 'INSN_LIMIT',
    about: 'SIGXCPU for a thread that executes N instructions; compiles no code',
  },
  hook: {
    value: 'socket:name,...',
    sets: 'HOOK',
    about: 'ask there before these system calls are made (the library does)',
  },
  backend: { value: 'wasm|js', sets: 'BACKEND', about: 'what code is compiled to (default wasm)' },
  'one-insn-per-tb': { sets: 'ONE_INSN_PER_TB', about: 'compile each instruction by itself' },
  'tb-size': { value: 'size', sets: 'TB_SIZE', about: 'drop all compiled code when it has this many MiB (default 32)' },
  cache: { value: 'dir|off', sets: 'CACHE', about: 'keep translations for later runs there (default ~/.cache/tsemu)' },
  perfmap: { sets: 'PERFMAP', about: 'write /tmp/perf-PID.map for perf(1); must be the first option' },
  threshold: { value: 'N', sets: 'THRESHOLD', about: 'compile code that was jumped to N times (default: 16000)' },
  version: { about: 'print the version and exit', isCommon: true },
  help: { about: 'print the most common options and exit' },
  'help-all': { about: 'print all options and exit', isCommon: true },
};
/** Other names. */
export const SHORT: Record<string, string> = { h: 'help' };
/** Names that mean something else in `tsemu chroot`. */
export const CHROOT_SHORT: Record<string, string> = { ...SHORT, 0: 'root-id' };

/** How an option is written with its value: `-L path`, `-allow-read[=paths]`. */
export function synopsis(name: string, { value, isOptional }: Option): string {
  if (value === undefined) return `-${name}`;
  return isOptional ? `-${name}[=${value}]` : `-${name} ${value}`;
}
