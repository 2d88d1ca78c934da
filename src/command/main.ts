/**
 * The command `tsemu`, an ordinary program of Node that the launcher starts.
 * `tsemu run` and `tsemu chroot` never come here: the launcher starts the
 * emulator for them.
 */
import { existsSync, writeFileSync } from 'node:fs';
import yargs from 'yargs';
import { suggestion } from '../cli/nearest.ts';
import { ACTIONS, binfmt, defaultFlags } from './binfmt.ts';
import { completionScript, SHELLS } from './completion.ts';
import { doctor } from './doctor.ts';
import { Failure } from './failure.ts';
import { thisInstallation } from './installation.ts';

/** package.json's version: scripts/build.ts puts it in. */
declare const VERSION: string;

const STDOUT = 1;
/** EX_SOFTWARE of sysexits.h. */
const INTERNAL_ERROR = 70;
const BINFMT_MISC = '/proc/sys/fs/binfmt_misc';

const EXAMPLES: readonly [command: string, about: string][] = [
  ['$0 run ./hello one two', 'run a program, for whichever processor it is'],
  ['$0 run -L /usr/riscv64-linux-gnu ./hello', 'one that is linked dynamically: its libraries are there'],
  ['$0 run -strace ./hello', 'show its system calls'],
  ['$0 chroot ./debian-arm64 bash', "a shell in another system's files"],
  ['sudo $0 binfmt register', 'from now on ./hello is enough'],
];

/** Those that the launcher leaves to this program. */
const COMMANDS = ['binfmt', 'doctor', 'completion'];

/** The options of those, for who has mistyped one. */
const OPTIONS = ['force', 'flags', 'mount', 'help', 'version'];

const installation = thisInstallation();

// Node would show the bundle's line, which has all of it.
process.once('uncaughtException', ({ stack }) => {
  console.error(`tsemu: error in the command: ${stack}`);
  process.exit(INTERNAL_ERROR);
});

function fail(message: string): never {
  console.error(`tsemu: ${message}`);
  process.exit(1);
}

/** Prints and ends; what has been thrown is a line on stderr. */
function finish(action: () => { text: string; status: number }): never {
  let outcome: ReturnType<typeof action>;
  try {
    outcome = action();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    fail(error.message);
  }
  try {
    writeFileSync(STDOUT, outcome.text);
  } catch (error) {
    fail(`cannot write: ${(error as NodeJS.ErrnoException).code}`);
  }
  process.exit(outcome.status);
}

/** What to say of a first word that is no command; `nearest` is yargs's opinion. */
function unknownCommand(word: string, nearest: string | undefined): string {
  if (word.startsWith('-'))
    return `unknown option ${word}; options of a program go behind the command: tsemu run ${word} …`;
  if (word.includes('/') || existsSync(word)) return `unknown command ${word}; to run it: tsemu run ${word}`;
  return `unknown command ${word}${nearest === undefined ? '' : `; did you mean ${nearest}?`}`;
}

const [first] = process.argv.slice(2);
const parser = yargs(process.argv.slice(2))
  .scriptName('tsemu')
  .usage('Runs Linux programs built for riscv64, aarch64 and 32-bit arm on x86-64 Linux.\n\nUsage: $0 <command>')
  .command('run [options] <program> [arguments..]', 'run a program (run -help lists the options)')
  .command(
    'chroot [options] <directory> [command..]',
    'run a command with a directory as its root, without privileges (chroot -help)',
  )
  .command(
    'binfmt <action> [arch..]',
    'have the kernel run programs with tsemu',
    (y) =>
      y
        .positional('action', { choices: ACTIONS, demandOption: true })
        .positional('arch', { type: 'string', array: true, default: [] as string[], describe: 'all by default' })
        .option('force', { type: 'boolean', default: false, describe: 'register in front of other emulators' })
        .option('flags', { type: 'string', default: defaultFlags(installation), describe: 'as in docs/binfmt.md' })
        .option('mount', { type: 'string', default: BINFMT_MISC, describe: 'where binfmt_misc is mounted' }),
    ({ action, arch: architectures, force, flags, mount }) =>
      finish(() => binfmt({ action, architectures, force, flags, mount, installation })),
  )
  .command(
    'doctor',
    'check whether guests can run here, and say why not',
    (y) => y.option('mount', { type: 'string', default: BINFMT_MISC, describe: 'where binfmt_misc is mounted' }),
    ({ mount }) => finish(() => doctor({ installation, version: VERSION, mount })),
  )
  .command(
    'completion <shell>',
    'print completions for a shell',
    (y) => y.positional('shell', { choices: SHELLS, demandOption: true }),
    ({ shell }) => finish(() => ({ text: completionScript(shell), status: 0 })),
  )
  .example([...EXAMPLES])
  .strict()
  .strictCommands()
  .recommendCommands()
  .demandCommand(1, '')
  .version(VERSION)
  .alias({ help: 'h', version: 'V' })
  .wrap(100)
  .fail((message, error, usage) => {
    if (error !== undefined) throw error;
    const [, nearest] = /^Did you mean (.*)\?$/.exec(message ?? '') ?? [];
    if (first !== undefined && !COMMANDS.includes(first)) fail(unknownCommand(first, nearest));
    const [, unknown = ''] = /^Unknown arguments?: ([\w-]+)/.exec(message ?? '') ?? [];
    // Words are missing.
    if (!message || message.startsWith('Not enough')) console.error(usage.help());
    else console.error(`tsemu: ${message}${suggestion(unknown, OPTIONS, '--')}`);
    process.exit(1);
  });
void parser.parseAsync();
