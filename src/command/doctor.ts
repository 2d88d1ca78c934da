/** `tsemu doctor`: whether guests can run here, and if not, why; made to be pasted into a bug report. */
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { homedir, machine as machineName, release, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { GUEST_ARCHITECTURES } from '../loader/machine.ts';
import { binfmt, defaultFlags } from './binfmt.ts';
import { Failure } from './failure.ts';
import type { Installation } from './installation.ts';
import { checkMachine, type Finding, type Machine } from './machine-checks.ts';
import { selfTest } from './self-test.ts';

export interface DoctorRequest {
  installation: Installation;
  version: string;
  /** Where binfmt_misc is mounted. */
  mount: string;
}

const thisMachine: Machine = {
  architecture: machineName(),
  kernel: release(),
  node: process.versions.node,
  hasFfi: isBuiltin('node:ffi'),
  exists: existsSync,
  read(path) {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
  },
};

/** The report, and exit status 1 if something has failed. */
export function doctor(request: DoctorRequest): { text: string; status: number } {
  const { installation, version } = request;
  const findings = [...checkMachine(thisMachine), checkCache(), ...binfmtState(request), ...tryGuests(installation)];
  const count = findings.filter(({ level }) => level === 'failed').length;
  const verdict = count === 0 ? 'Guests run here.' : `${count} of ${findings.length} checks failed.`;
  return {
    text: `tsemu ${version} in ${installation.directory}, V8 ${process.versions.v8}, ${process.execPath}\n${table(findings)}${verdict}\n`,
    status: count === 0 ? 0 : 1,
  };
}

/** Runs a guest of each architecture, in the first directory for temporary files that lets programs be executed. */
function tryGuests(installation: Installation): Finding[] {
  const findings: Finding[] = [];
  const subject = 'temporary files';
  for (const parent of new Set([tmpdir(), '/tmp', '/var/tmp', homedir()])) {
    let scratch: string | undefined;
    try {
      scratch = mkdtempSync(join(parent, 'tsemu-doctor-'));
      const file = join(scratch, 'executable');
      writeFileSync(file, '', { mode: 0o755 });
      accessSync(file, constants.X_OK);
      findings.push({ level: 'ok', subject, text: parent });
      for (const architecture of GUEST_ARCHITECTURES) {
        const problem = selfTest(architecture, installation, scratch);
        const level = problem === undefined ? 'ok' : 'failed';
        findings.push({ level, subject: `${architecture} guest`, text: problem ?? 'runs' });
      }
      return findings;
    } catch (error) {
      const { code, syscall } = error as NodeJS.ErrnoException;
      const why = syscall === 'access' ? 'is mounted noexec: guests there are not executed' : `takes no file: ${code}`;
      findings.push({ level: 'note', subject, text: `${parent} ${why}` });
    } finally {
      if (scratch !== undefined) rmSync(scratch, { recursive: true });
    }
  }
  return [...findings, { level: 'failed', subject: 'guests', text: 'not tried: there is no place for their files' }];
}

const table = (findings: readonly Finding[]): string =>
  findings
    .map(
      ({ level, subject, text }) =>
        `${level.padEnd(7)} ${subject.padEnd(15)} ${text.replaceAll('\n', '\n'.padEnd(25))}\n`,
    )
    .join('');

/** Where translations are kept; a guest runs without them, slower at its second start. */
function checkCache(): Finding {
  const { XDG_CACHE_HOME = '' } = process.env;
  const directory = join(XDG_CACHE_HOME[0] === '/' ? XDG_CACHE_HOME : join(homedir(), '.cache'), 'tsemu');
  const subject = 'cache';
  let path = directory;
  while (!existsSync(path)) path = dirname(path);
  try {
    accessSync(path, constants.W_OK);
    return { level: 'ok', subject, text: directory };
  } catch {
    return { level: 'note', subject, text: `${path} is not writable: code is translated anew at each start` };
  }
}

/** Registered or not, guests run. */
function binfmtState({ installation, mount }: DoctorRequest): Finding[] {
  try {
    const request = {
      action: 'status',
      architectures: [],
      flags: defaultFlags(installation),
      force: false,
      mount,
      installation,
    } as const;
    const lines = binfmt(request).text.trimEnd().split('\n');
    return lines.map((text) => ({ level: 'ok', subject: 'binfmt_misc', text }));
  } catch (error) {
    if (error instanceof Failure) return [{ level: 'ok', subject: 'binfmt_misc', text: 'not mounted' }];
    throw error;
  }
}
