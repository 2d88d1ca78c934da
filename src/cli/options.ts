/**
 * The command line's options, parsed with yargs. Loaded only when the first
 * argument is an option (see cli.ts), as a bundle of its own.
 *
 * As with qemu: `-x` and `--x` are the same, a value is the next argument
 * whatever it looks like, and parsing ends at the program's name.
 */
import yargs, { type Options } from 'yargs';
import { suggestion } from './nearest.ts';
import { CHROOT_SHORT, OPTIONS, type Option, SHORT, synopsis } from './option-table.ts';
import { APPLY, CHROOT, type Command, LOG_ITEMS, type Settings, UsageError } from './settings.ts';

interface Normalized {
  words: string[];
  /** How many arguments they are. */
  used: number;
  /** The option whose value the last argument of all is. */
  taker?: string;
}

/** The options in front of the program's name, as yargs wants them: each is one word, `--name` or `--name=value`. */
function normalize(args: readonly string[], short: Record<string, string>): Normalized {
  const words: string[] = [];
  let taker: string | undefined;
  let i = 0;
  for (; i < args.length && args[i].length > 1 && args[i][0] === '-'; i++) {
    if (args[i] === '--') return { words, used: i + 1 };
    const text = args[i].slice(args[i][1] === '-' ? 2 : 1);
    const equals = text.indexOf('=');
    const written = equals < 0 ? text : text.slice(0, equals);
    const name = short[written] ?? written;
    const option = Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined;
    if (option === undefined)
      throw new UsageError(`unknown option '${written}'${suggestion(written, Object.keys(OPTIONS))}`);
    if (option.value === undefined) {
      if (equals >= 0) throw new UsageError(`option '${written}' takes no value`);
      words.push(`--${name}`);
    } else if (equals < 0 && option.isOptional) words.push(`--${name}`);
    else if (equals >= 0) words.push(`--${name}=${text.slice(equals + 1)}`);
    else if (i + 1 === args.length) throw new UsageError(`missing argument for option '${written}'`);
    else {
      words.push(`--${name}=${args[++i]}`);
      if (i === args.length - 1) taker = written;
    }
  }
  return { words, used: i, taker };
}

/** yargs's own description of an option. */
const describe = ({ value }: Option): Options =>
  value === undefined ? { type: 'boolean' } : { type: 'string', array: true };

/** What the options are about. */
export interface CommandInfo {
  /** The command's name. */
  command: string;
  version: string;
  /** What `-cpu` can name. */
  models: readonly string[];
}

/**
 * Reads `args` (without the command's name), changing `settings`, which come from the environment.
 * Throws {@link UsageError}.
 */
export function parseOptions(
  args: readonly string[],
  settings: Settings,
  { command, version, models }: CommandInfo,
): Command {
  const { words, used, taker } = normalize(args, command === CHROOT ? CHROOT_SHORT : SHORT);
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
  if (parsed['help-all'] === true) return { print: fullHelp(command), status: 0, stream: 'stdout' };
  if (parsed.version === true) return { print: `${command} version ${version}\n`, status: 0, stream: 'stdout' };
  // In the order given, since the last word on a variable counts whether it was -E or -U.
  for (const word of words) {
    const equals = word.indexOf('=');
    const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
    const text = equals < 0 ? '' : word.slice(equals + 1);
    const { sets } = OPTIONS[name];
    if (name === 'overlay' && word !== words[0])
      throw new UsageError("option 'overlay' must be the first one: directories are covered before Node starts");
    if (sets === 'LOG' && text === 'help') return { print: logHelp(), status: 0, stream: 'stdout' };
    if (sets === 'CPU' && text === 'help') return { print: `${models.join('\n')}\n`, status: 0, stream: 'stdout' };
    if (sets !== undefined) APPLY[sets](settings, text);
  }
  const [program, ...rest] = args.slice(used);
  if (program === undefined) {
    const wanted = command === CHROOT ? 'directory' : 'program';
    if (taker !== undefined) throw new UsageError(`no ${wanted}: '${args.at(-1)}' is the value of option '${taker}'`);
    if (args.length > 0) throw new UsageError(`no ${wanted} behind the options`);
    return { print: help(command), status: 1, stream: 'stderr' };
  }
  return { run: settings, program, args: rest };
}

const NAME_COLUMN = 17;
const FULL_COLUMN = 22;

const CHROOT_OPTIONS = ['b', 'root-id', 'w', 'E', 'U', 'strace', 'help-all'];

function chrootHelp(): string {
  const lines = CHROOT_OPTIONS.map((name) => {
    const names = [name, ...Object.keys(CHROOT_SHORT).filter((short) => CHROOT_SHORT[short] === name)];
    const text = `${names.length > 1 ? `-${names[1]}, ` : ''}${synopsis(name, OPTIONS[name])}`;
    return `  ${text.padEnd(NAME_COLUMN)} ${OPTIONS[name].about}`;
  });
  return `usage: ${CHROOT} [options] directory [command [arguments...]]
Runs a command in a directory that has the files of another system, for
riscv64, aarch64 or arm, as its root directory; no privileges are needed.
Without a command: the shell that SHELL names if it is there, or /bin/sh.

${lines.join('\n')}

Examples:
  ${CHROOT} ./debian-arm64 bash
  ${CHROOT} -0 ./debian-arm64 dpkg -i /tmp/package.deb
  ${CHROOT} -b $PWD:/mnt ./debian-arm64 make -C /mnt

The host's /dev, /proc and /sys are always there. All options of tsemu run can
be used but -0 and -L. They end at the directory's name.
`;
}

/** Fits a screen of 24 lines, 80 columns. */
function help(command: string): string {
  if (command === CHROOT) return chrootHelp();
  const lines = Object.entries(OPTIONS)
    .filter(([, { isCommon }]) => isCommon)
    .map(([name, option]) => `  ${synopsis(name, option).padEnd(NAME_COLUMN)} ${option.about}`);
  const example = command === 'tsemu run' ? 'riscv64' : command.slice(command.indexOf('-') + 1);
  return `usage: ${command} [options] program [arguments...]
Runs a Linux program built for another processor.

${lines.join('\n')}

Examples:
  ${command} ./hello one two
  ${command} -L /usr/${example}-linux-gnu ./hello     # dynamically linked
  ${command} -strace -D log ./hello

Options may be written with one or two dashes. They end at the program's name.
`;
}

function fullHelp(command: string): string {
  const lines = Object.entries(OPTIONS).map(([name, option]) => {
    const { sets, about } = option;
    const variable = sets === undefined ? '' : `TSEMU_${sets}`;
    return `${synopsis(name, option).padEnd(FULL_COLUMN)} ${variable.padEnd(21)} ${about}`;
  });
  return `usage: ${command} [options] program [arguments...]

Options and associated environment variables (also read as QEMU_...):

${'Argument'.padEnd(FULL_COLUMN)} ${'Variable'.padEnd(21)} Description
${lines.join('\n')}

Options may be written with one or two dashes; -h is -help. They end at the program's name.
`;
}

const logHelp = (): string =>
  `Log items (comma separated):\n${Object.entries(LOG_ITEMS)
    .map(([name, about]) => `${name.padEnd(10)} ${about}\n`)
    .join('')}`;
