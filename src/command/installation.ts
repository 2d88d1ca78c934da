/** Where tsemu's commands are: beside this program's file, or all in the one program that runs it. */
import { type SpawnSyncOptionsWithStringEncoding, type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';

/** What the launcher of the self-contained executable gives in place of a script's path. */
const OWN_PROGRAM = '/proc/self/exe';

export interface Installation {
  /** Of the commands. */
  directory: string;
  /** One program is all of the commands, by what it is called. */
  isSelfContained: boolean;
}

/** This program's. */
export function thisInstallation(): Installation {
  const [, script] = process.argv;
  const isSelfContained = script === OWN_PROGRAM;
  return { directory: dirname(isSelfContained ? process.execPath : script), isSelfContained };
}

/** Runs the command for an architecture. */
export function runCommand(
  { directory, isSelfContained }: Installation,
  architecture: string,
  args: readonly string[],
  options: SpawnSyncOptionsWithStringEncoding,
): SpawnSyncReturns<string> {
  const name = `tsemu-${architecture}`;
  return isSelfContained
    ? spawnSync(OWN_PROGRAM, args, { ...options, argv0: name })
    : spawnSync(join(directory, name), args, options);
}
