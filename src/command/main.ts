/**
 * The command `tsemu`, an ordinary program of Node that the launcher starts.
 * `tsemu run` and `tsemu chroot` never come here: the launcher starts the
 * emulator for them.
 */
import { writeFileSync } from 'node:fs';
import yargs from 'yargs';
import { ACTIONS, binfmt, defaultFlags } from './binfmt.ts';
import { completionScript, SHELLS } from './completion.ts';
import { doctor } from './doctor.ts';
import { Failure } from './failure.ts';
import { thisInstallation } from './installation.ts';

/** package.json's version: scripts/build.ts puts it in. */
declare const VERSION: string;

const STDOUT = 1;
const BINFMT_MISC = '/proc/sys/fs/binfmt_misc';

const EXAMPLES: readonly [command: string, about: string][] = [
  ['$0 run ./hello one two', 'run a program, for whichever processor it is'],
  ['$0 run -L /usr/riscv64-linux-gnu ./hello', 'one that is linked dynamically: its libraries are there'],
  ['$0 run -strace ./hello', 'show its system calls'],
  ['$0 chroot ./debian-arm64 bash', "a shell in another system's files"],
  ['sudo $0 binfmt register', 'from now on ./hello is enough'],
];

/** An argument that is no command, but might be a program to run. */
const isProgram = (word: string | undefined): boolean => word?.includes('/') === true;

const installation = thisInstallation();

/** Prints and ends; what has been thrown is a line on stderr. */
function finish(action: () => { text: string; status: number }): never {
  try {
    const { text, status } = action();
    writeFileSync(STDOUT, text);
    process.exit(status);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    console.error(`tsemu: ${error.message}`);
    process.exit(1);
  }
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
    if (message === '' || message === null) console.error(usage.help());
    else if (isProgram(first)) console.error(`tsemu: unknown command ${first}; to run it: tsemu run ${first}`);
    else console.error(`tsemu: ${message}`);
    process.exit(1);
  });
void parser.parseAsync();
