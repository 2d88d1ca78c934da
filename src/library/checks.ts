/** What the compiler sees to in TypeScript, for programs without types: a misspelt `sandbox` would be none. */
import { statSync } from 'node:fs';
import { constants } from 'node:os';
import type * as api from './api.ts';

/** Less memory holds no program at all. */
const LEAST_MEMORY = 1 << 20;

/** Tells names that there are; `satisfies` has the compiler see to it that none is missing. */
type Names<T> = Readonly<Record<keyof T, true>>;

const EMULATOR = {
  architecture: true,
  sysroot: true,
  root: true,
  binds: true,
  rootId: true,
  overlay: true,
  sandbox: true,
  hooks: true,
  options: true,
  installation: true,
} satisfies Names<api.EmulatorOptions>;
const START = { cwd: true, env: true, argv0: true, limits: true, signal: true } satisfies Names<api.StartOptions>;
const RUN = { ...START, stdin: true, onOutput: true } satisfies Names<api.RunOptions>;
const SANDBOX = { read: true, write: true, net: true, run: true, env: true } satisfies Names<api.Sandbox>;
const LIMITS = { time: true, memory: true, instructions: true, output: true } satisfies Names<api.Limits>;

/** Throws a TypeError for a name that `given` should not have. */
function checkNames(what: string, given: object, known: Readonly<Record<string, true>>): void {
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(known, name));
  if (unknown !== undefined)
    throw new TypeError(`${what} has no option '${unknown}': there are ${Object.keys(known).join(', ')}`);
}

export function checkEmulator(options: api.EmulatorOptions): void {
  checkNames('createEmulator', options, EMULATOR);
  const { sandbox = {} } = options;
  checkNames('sandbox', sandbox, SANDBOX);
  for (const [permission, allowed] of Object.entries(sandbox)) {
    if (allowed !== undefined && allowed !== true && !Array.isArray(allowed))
      throw new TypeError(`sandbox.${permission} is ${String(allowed)}, neither a list nor true`);
  }
}

export const checkRun = (options: api.RunOptions): void => checkNames('run', options, RUN);
export const checkStart = (options: api.StartOptions): void => checkNames('start', options, START);

export function checkLimits(limits: api.Limits = {}): void {
  checkNames('limits', limits, LIMITS);
  const check = (name: keyof api.Limits, least: number): void => {
    const value = limits[name];
    if (value !== undefined && !(value >= least)) throw new TypeError(`limits.${name} is ${value}, less than ${least}`);
  };
  check('time', 0);
  check('memory', LEAST_MEMORY);
  check('instructions', 1);
  check('output', 0);
}

/** Throws an Error with the code of chdir(2): that of spawning would name the command as what is missing. */
export function checkDirectory(cwd: string): void {
  if (statSync(cwd).isDirectory()) return;
  const { ENOTDIR: errno } = constants.errno;
  throw Object.assign(new Error(`ENOTDIR: not a directory, chdir '${cwd}'`), { code: 'ENOTDIR', errno: -errno });
}
