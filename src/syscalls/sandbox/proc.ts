/**
 * /proc in a sandbox. Of processes there is only the guest's own, and of that
 * only what shows the guest: /proc/self/mem, map_files and the like would show
 * the emulator, in which the sandbox is kept.
 */
import { isGenerated, procEntry } from '../proc-names.ts';
import type { Task } from '../task.ts';
import { isBelow, type Need, type SandboxPolicy } from './policy.ts';

/** Links, directories and small things of a process that anybody may look at. */
const OWN = ['exe', 'cwd', 'root', 'fd', 'fdinfo', 'comm', 'task'];
/** Those that tell of the machine: to be read with --allow-read of /proc. */
const OF_MACHINE = ['mounts', 'mountinfo', 'mountstats', 'cgroup', 'io', 'oom_score', 'oom_score_adj', 'loginuid'];

/** The entry of the own process that a path without symbolic links names: `fd/3`, '' for its directory; undefined for others. */
export function ownEntry(task: Task, path: string): string | undefined {
  const [, directory, rest = ''] = /^(\/proc\/\d+(?:\/task\/\d+)?)(?:\/(.*))?$/.exec(path) ?? [];
  if (directory === undefined || procEntry(task, `${directory}/comm`) === undefined) return undefined;
  return rest;
}

/** What the policy says of a path in /proc about a process; undefined if it is about none. */
export function procAllows(task: Task, policy: SandboxPolicy, need: Need, path: string): boolean | undefined {
  if (!isBelow(path, '/proc')) return undefined;
  if (need !== 'write' && ['/proc/self', '/proc/thread-self', '/proc/cpuinfo'].includes(path)) return true;
  if (need === 'look' && path === '/proc') return true;
  if (!/^\/proc\/\d/.test(path)) return undefined;
  const entry = ownEntry(task, path);
  if (entry === undefined) return false;
  if (need === 'write') return entry === 'comm';
  if (entry === '' || OWN.includes(entry) || /^fd(info)?\/\d+$/.test(entry)) return true;
  if (entry === 'mem') return false;
  const ofMachine = OF_MACHINE.includes(entry) || isBelow(entry, 'net');
  if (!ofMachine) return isGenerated(task, `self/${entry}`);
  return policy.read.some((rule) => isBelow('/proc', rule));
}
