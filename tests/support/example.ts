/**
 * Runs commands in a copy of a folder of examples/, with tsemu on PATH.
 *
 *     const inCopy = example('make');
 *     expect(await inCopy('make', 'check')).toMatchObject({ status: 0 });
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { type Outcome, root, run, testEnvironment } from './run.ts';

/** Removed when the tests of the file have ended. */
export const scratch: string = mkdtempSync(join(tmpdir(), 'tsemu-examples-'));
afterAll(() => rmSync(scratch, { recursive: true }));

export function example(
  name: string,
  variables: Record<string, string> = {},
): (...command: string[]) => Promise<Outcome> {
  const cwd = join(scratch, name);
  cpSync(join(root, 'examples', name), cwd, { recursive: true });
  const PATH = `${join(root, 'dist')}:${process.env.PATH}`;
  // A bash of level 1 whose standard input is a socket, as Node's pipes are, takes itself for rshd's and reads ~/.bashrc.
  const env = testEnvironment({ PATH, SHLVL: '1', ...variables });
  return (...command) => run(command, { cwd, env });
}
