/**
 * The command line's options, parsed with yargs. Loaded only when the first
 * argument is an option (see cli.ts), as a bundle of its own.
 *
 * As with qemu: `-x` and `--x` are the same, a value is the next argument
 * whatever it looks like, and parsing ends at the program's name.
 */
import yargs, { type Options } from 'yargs';
import { APPLY, type Command, LOG_ITEMS, type Settings, UsageError, type VariableName } from './settings.ts';

interface Option {
  /** Name of the value in the help text; undefined for a switch. */
  value?: string;
  /** The setting, also the variable's name without prefix. */
  sets?: VariableName;
  about: string;
}

/** Every option; keys are the names that qemu uses. */
const OPTIONS: Record<string, Option> = {
  L: { value: 'path', sets: 'LD_PREFIX', about: "look for the program's interpreter and absolute paths below 'path'" },
  s: { value: 'size', sets: 'STACK_SIZE', about: "set the stack size to 'size' bytes (suffixes k, M)" },
  cpu: { value: 'model', sets: 'CPU', about: 'select the CPU: max (-cpu help for a list)' },
  E: { value: 'var=value', sets: 'SET_ENV', about: 'set environment variables of the program, separated by commas' },
  U: { value: 'var', sets: 'UNSET_ENV', about: 'unset environment variables of the program' },
  0: { value: 'argv0', sets: 'ARGV0', about: "give the program 'argv0' as its argv[0]" },
  r: { value: 'uname', sets: 'UNAME', about: 'set the release that uname reports' },
  d: { value: 'item[,...]', sets: 'LOG', about: 'log these items (-d help for a list)' },
  D: { value: 'logfile', sets: 'LOG_FILENAME', about: "write logs to 'logfile' (default stderr)" },
  dfilter: { value: 'range[,...]', sets: 'DFILTER', about: 'limit -d in_asm, op, out_*, exec, cpu to these addresses' },
  strace: { sets: 'STRACE', about: 'log system calls' },
  quiet: { sets: 'QUIET', about: 'say nothing of a fault that kills the program' },
  stats: { sets: 'STATS', about: 'show what the translator did when the program ends' },
  exec: { value: 'any|guest-only', sets: 'EXEC', about: 'which programs the guest may execute (default any)' },
  host: { value: 'linux|node', sets: 'HOST', about: 'how system calls are made (default linux)' },
  tier: { value: 'cold|all', sets: 'TIER', about: 'cold: never compile code (default: all)' },
  backend: { value: 'wasm|js', sets: 'BACKEND', about: 'what code is compiled to (default wasm)' },
  'one-insn-per-tb': { sets: 'ONE_INSN_PER_TB', about: 'compile each instruction by itself' },
  'tb-size': { value: 'size', sets: 'TB_SIZE', about: 'drop all compiled code when it has this many MiB (default 32)' },
  cache: { value: 'dir|off', sets: 'CACHE', about: 'keep translations for later runs there (default ~/.cache/tsemu)' },
  perfmap: { sets: 'PERFMAP', about: 'write /tmp/perf-PID.map for perf(1); must be the first option' },
  threshold: { value: 'N', sets: 'THRESHOLD', about: 'compile code that was jumped to N times (default: 16000)' },
  version: { about: 'print the version and exit' },
  help: { about: 'print this help and exit' },
};
const SHORT: Record<string, string> = { h: 'help' };

/** The options in front of the program's name, as yargs wants them: each is one word, `--name` or `--name=value`. */
function normalize(args: readonly string[]): { words: string[]; used: number } {
  const words: string[] = [];
  let i = 0;
  for (; i < args.length && args[i].length > 1 && args[i][0] === '-'; i++) {
    if (args[i] === '--') return { words, used: i + 1 };
    const text = args[i].slice(args[i][1] === '-' ? 2 : 1);
    const equals = text.indexOf('=');
    const written = equals < 0 ? text : text.slice(0, equals);
    const name = SHORT[written] ?? written;
    const option = Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined;
    if (option === undefined) throw new UsageError(`unknown option '${written}'`);
    if (option.value === undefined) {
      if (equals >= 0) throw new UsageError(`option '${written}' takes no value`);
      words.push(`--${name}`);
    } else if (equals >= 0) words.push(`--${name}=${text.slice(equals + 1)}`);
    else if (i + 1 === args.length) throw new UsageError(`missing argument for option '${written}'`);
    else words.push(`--${name}=${args[++i]}`);
  }
  return { words, used: i };
}

/** yargs's own description of an option. */
const describe = ({ value }: Option): Options =>
  value === undefined ? { type: 'boolean' } : { type: 'string', array: true };

/**
 * Reads `args` (without the command's name), changing `settings`, which come from the environment.
 * Throws {@link UsageError}.
 */
export function parseOptions(args: readonly string[], settings: Settings, command: string, version: string): Command {
  const { words, used } = normalize(args);
  const parser = yargs(words)
    .scriptName(command)
    .help(false)
    .version(false)
    .exitProcess(false)
    .strictOptions()
    .parserConfiguration({
      'short-option-groups': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'dot-notation': false,
      'camel-case-expansion': false,
      'boolean-negation': false,
      'greedy-arrays': false,
    })
    .fail((message, error) => {
      throw error ?? new UsageError(message);
    });
  for (const name in OPTIONS) parser.option(name, describe(OPTIONS[name]));
  const parsed = parser.parseSync() as Record<string, unknown>;

  if (parsed.help === true) return { print: help(command), status: 0, stream: 'stdout' };
  if (parsed.version === true) return { print: `${command} version ${version}\n`, status: 0, stream: 'stdout' };
  // In the order given, since the last word on a variable counts whether it was -E or -U.
  for (const word of words) {
    const equals = word.indexOf('=');
    const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
    const text = equals < 0 ? '' : word.slice(equals + 1);
    const { sets } = OPTIONS[name];
    if (sets === 'LOG' && text === 'help') return { print: logHelp(), status: 0, stream: 'stdout' };
    if (sets === 'CPU' && text === 'help') return { print: 'max\nrv64\n', status: 0, stream: 'stdout' };
    if (sets !== undefined) APPLY[sets](settings, text);
  }
  const [program, ...rest] = args.slice(used);
  if (program === undefined) return { print: help(command), status: 1, stream: 'stderr' };
  return { run: settings, program, args: rest };
}

function help(command: string): string {
  const lines = Object.entries(OPTIONS).map(([name, { value, sets, about }]) => {
    const left = `-${name}${value === undefined ? '' : ` ${value}`}`;
    return `${left.padEnd(20)} ${(sets === undefined ? '' : `TSEMU_${sets}`).padEnd(20)} ${about}`;
  });
  return `usage: ${command} [options] program [arguments...]
Runs a Linux program built for another processor.

Options and associated environment variables (also read as QEMU_...):

${'Argument'.padEnd(20)} ${'Variable'.padEnd(20)} Description
${lines.join('\n')}

Options may be written with one or two dashes; -h is -help. They end at the program's name.
`;
}

const logHelp = (): string =>
  `Log items (comma separated):\n${Object.entries(LOG_ITEMS)
    .map(([name, about]) => `${name.padEnd(10)} ${about}\n`)
    .join('')}`;
