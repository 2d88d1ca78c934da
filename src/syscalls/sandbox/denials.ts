/**
 * The calls that the sandbox has denied, for --sandbox-report: all processes
 * and threads write them to one file, a line each, which is listed when the first
 * process ends (src/process/sandbox-report.ts).
 */
import { fileText, steadyCall, writeText } from '../call.ts';
import { EACCES, EPERM } from '../errno.ts';
import { stage, stageString, view } from '../staging.ts';
import type { Task } from '../task.ts';
import { quoted } from '../text.ts';
import type { SandboxState } from './policy.ts';

/** A guest that is denied again and again must not fill the machine's memory. */
const FILE_MOST = 1 << 20;
/** Of struct stat of x86-64. */
const STAT_SIZE = { at: 48, all: 144 };

const ERROR_NAMES: Record<number, string> = { [EACCES]: 'EACCES', [EPERM]: 'EPERM' };

/** What would allow a call: `--allow-read=/etc/passwd`; nothing does if there is none. */
export type Remedy = string | undefined;

/** Notes that a call is denied. The negative errno. */
export function deny(task: Task, call: string, what: string, errno: number, remedy?: Remedy): number {
  const state = task.process.options.sandbox?.state;
  if (state !== undefined && state.denials >= 0) {
    const rest = remedy === undefined ? 'never allowed' : `allowed by ${remedy}`;
    write(task, state.denials, `${call}${what === '' ? '' : ` ${what}`}: ${ERROR_NAMES[errno] ?? errno}, ${rest}\n`);
  }
  return -errno;
}

/** A path as the report shows it. */
export const pathText = (path: string): string => quoted(Uint8Array.from(path, (char) => char.charCodeAt(0)));

/** A file is opened for appending, so lines of several threads do not mix. */
function write(task: Task, file: number, line: string): void {
  const stat = stage(STAT_SIZE.all);
  if (steadyCall(task, 'fstat', file, task.host.stagingPointer(stat)) < 0) return;
  if (Number(view.getBigUint64(stat + STAT_SIZE.at, true)) > FILE_MOST) return;
  steadyCall(task, 'write', file, task.host.stagingPointer(stageString(line)), line.length);
}

/** Writes what was denied to a descriptor. */
export function listDenials(task: Task, { denials }: SandboxState, output: number): void {
  const counts = new Map<string, number>();
  const lines = fileText(task, denials).split('\n');
  for (const line of lines) if (line !== '') counts.set(line, (counts.get(line) ?? 0) + 1);
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const list = [...counts].map(([line, count]) => `  ${line}${count === 1 ? '' : ` (${count} times)`}\n`);
  const heading = `${task.process.abi.command}: the sandbox has denied ${total === 1 ? '1 call' : `${total} calls`}`;
  const text = `${heading}${total === 0 ? '' : ':'}\n${list.join('')}`;
  writeText(task, text, (pointer, count) => steadyCall(task, 'write', output, pointer, count));
}
