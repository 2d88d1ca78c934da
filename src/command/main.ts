/**
 * The command `tsemu`, an ordinary program of Node that the launcher starts.
 * `tsemu run` never comes here: the launcher starts the emulator for it.
 */
import yargs from 'yargs';

/** package.json's version: scripts/build.ts puts it in. */
declare const VERSION: string;

const EXAMPLES: readonly [command: string, about: string][] = [
  ['$0 run ./hello one two', 'run a program, for whichever processor it is'],
  ['$0 run -L /usr/riscv64-linux-gnu ./hello', 'one that is linked dynamically: its libraries are there'],
  ['$0 run -strace ./hello', 'show its system calls'],
];

/** An argument that is no command, but might be a program to run. */
const isProgram = (word: string | undefined): boolean => word?.includes('/') === true;

const [first] = process.argv.slice(2);
const parser = yargs(process.argv.slice(2))
  .scriptName('tsemu')
  .usage('Runs Linux programs built for riscv64 and aarch64 on x86-64 Linux.\n\nUsage: $0 <command>')
  .command('run [options] <program> [arguments..]', 'run a program (run -help lists the options)')
  .example([...EXAMPLES])
  .strict()
  .recommendCommands()
  .demandCommand(1, '')
  .version(VERSION)
  .alias({ help: 'h', version: 'V' })
  .wrap(100)
  .fail((message, error, usage) => {
    if (error !== undefined) console.error(`tsemu: ${error.message}`);
    else if (message === '' || message === null) console.error(usage.help());
    else if (isProgram(first)) console.error(`tsemu: unknown command ${first}; to run it: tsemu run ${first}`);
    else console.error(`tsemu: ${message}`);
    process.exit(1);
  });
void parser.parseAsync();
