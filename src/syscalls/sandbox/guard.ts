/**
 * Carries out the system calls of a sandboxed guest: a rule (rules.ts) says of
 * each what it may do, and nothing is done that has no rule.
 *
 * A path is checked, and in its place the host gets one that leads through a
 * held descriptor to what was checked; see resolve.ts and held.ts.
 */
import type { Int } from '../../host/host.ts';
import { toInt32, toUint32 } from '../codec.ts';
import { EACCES, EBUSY, ELOOP, ENOENT, EPERM, EXDEV } from '../errno.ts';
import { AT_EMPTY_PATH, AT_FDCWD, O_DIRECTORY } from '../files-flags.ts';
import { directoryPath } from '../links.ts';
import { guestPath } from '../paths.ts';
import type { Row } from '../row.ts';
import { stageString } from '../staging.ts';
import type { SyscallResult, Task } from '../task.ts';
import { deny, pathText } from './denials.ts';
import { filePath, mayReopen } from './given.ts';
import { heldPath, holdDescriptor, holdPath, releaseAll } from './held.ts';
import { hasRightsOf, isAnchor, type Need } from './policy.ts';
import { ownEntry } from './proc.ts';
import { denyPath, type Found, find, type Last, mayDo, nameOf, parentOf, policyOf } from './resolve.ts';
import { ruleOf } from './rules.ts';

/** How often a path is looked up anew because somebody has put a link into it. */
const ATTEMPTS = 16;

/** A path among a call's arguments. */
export interface PathUse {
  arg: number;
  /** Argument with the directory; the working directory if there is none. */
  dir?: number;
  need: Need | ((call: GuardedCall) => Need);
  last: Last | ((call: GuardedCall) => Last);
  /** A directory of the host's comes before one below -L: chdir. */
  prefersHost?: true;
  /** Argument for AT_EMPTY_PATH: the call can be made on a descriptor alone, which is quicker than by /proc/self/fd. */
  flags?: number;
}

/** A call that is being judged. */
export class GuardedCall {
  readonly task: Task;
  readonly row: Row;
  /** Host's arguments that take the place of the guest's. */
  readonly replaced: (Int | undefined)[] = [];

  constructor(task: Task, row: Row) {
    this.task = task;
    this.row = row;
  }

  raw(index: number): Int {
    return this.task.cpu.argument(index);
  }
  int(index: number): number {
    return toInt32(this.raw(index));
  }
  uint(index: number): number {
    return toUint32(this.raw(index));
  }

  deny(errno: number, what = '', remedy?: string): number {
    return deny(this.task, this.row.name, what, errno, remedy);
  }

  /** Puts the host's pointer to a string in an argument's place. */
  replace(index: number, text: string): void {
    this.replaced[index] = this.task.host.stagingPointer(stageString(text));
  }

  /** Checks a path and has the host use what was checked. 0, or a negative errno; `found` hears what it was. */
  path(use: PathUse, found?: (found: Found) => void): number {
    const { task } = this;
    const need = typeof use.need === 'string' ? use.need : use.need(this);
    const last = typeof use.last === 'string' ? use.last : use.last(this);
    const dir = use.dir === undefined ? AT_FDCWD : this.int(use.dir);
    if (this.raw(use.arg) === 0) return this.ofArgument(use.dir, need);
    const text = guestPath(task, Number(this.raw(use.arg)));
    if (typeof text === 'number') return text;
    // With AT_EMPTY_PATH the directory itself; without, the host says ENOENT.
    if (text === '') {
      this.replace(use.arg, text);
      return this.ofArgument(use.dir, need);
    }
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const where = find(task, this.row.name, dir, text, {
        need,
        last,
        prefersHost: use.prefersHost,
        mayGuess: attempt === 0,
      });
      if (typeof where === 'number') return where;
      const held = this.hold(where, need, last, use);
      if (held === -ELOOP) continue;
      if (held < 0) return held;
      found?.(where);
      return 0;
    }
    return -ELOOP;
  }

  /** Has the host use what was found, under whatever name that is now. 0, or a negative errno. */
  private hold(where: Found, need: Need, last: Last, use: PathUse): number {
    const { task } = this;
    const { path, descriptor, isDirectory } = where;
    if (descriptor !== undefined) {
      const copy = holdDescriptor(task, descriptor);
      if (copy < 0) return copy;
      this.replace(use.arg, heldPath(copy));
      return this.ofDescriptor(copy, need);
    }
    if (last === 'follow' || where.isNameless) {
      const file = holdPath(task, path, isDirectory ? O_DIRECTORY : 0);
      if (file < 0) return file;
      if (use.dir === undefined || use.flags === undefined || isDirectory) {
        this.replace(use.arg, `${heldPath(file)}${isDirectory ? '/.' : ''}`);
      } else {
        this.replaced[use.dir] = file;
        this.replaced[use.flags] = this.uint(use.flags) | AT_EMPTY_PATH;
        this.replace(use.arg, '');
      }
      return 0;
    }
    const parent = holdPath(task, parentOf(path), O_DIRECTORY);
    if (parent < 0) return parent;
    // A descriptor that was not there until just now.
    if (nameOf(path) === String(parent) && ownEntry(task, path) !== undefined) return -ENOENT;
    this.replace(use.arg, `${heldPath(parent)}/${nameOf(path)}${isDirectory ? '/' : ''}`);
    return 0;
  }

  /** For a call without a path: what it does to the file of the descriptor in argument `index`, held if it is changed. */
  ofArgument(index: number | undefined, need: Need): number {
    if (index === undefined || need !== 'write') return 0;
    const { task } = this;
    const descriptor = this.int(index);
    const isCwd = descriptor === AT_FDCWD;
    const copy = isCwd ? holdPath(task, directoryPath(task, AT_FDCWD) ?? '') : holdDescriptor(task, descriptor);
    if (copy < 0) return copy;
    this.replaced[index] = copy;
    return this.ofDescriptor(copy, need);
  }

  /** What a call does to the file that a descriptor of the guest's stands for. 0, or a negative errno. */
  private ofDescriptor(descriptor: number, need: Need): number {
    // To look at what it has been given, and to read it if it can, is the guest's right.
    if (need === 'look' || (need === 'read' && mayReopen(this.task, descriptor, need))) return 0;
    const path = filePath(this.task, descriptor);
    if (path === undefined || mayDo(this.task, need, path)) return 0;
    return denyPath(this.task, this.row.name, path, need, EPERM);
  }

  /** For calls that move or remove a name: what the policy hangs on stays where it is. */
  mayMove({ path }: Found): number {
    if (this.task.process.options.mounts?.some(({ host }) => host === path)) return -EBUSY;
    return isAnchor(policyOf(this.task), path) ? this.deny(EACCES, pathText(path)) : 0;
  }

  /** For calls by which a file gets another name: EXDEV, upon which programs copy, if more would be allowed there. */
  mayBecome(from: Found, to: Found): number {
    if (hasRightsOf(policyOf(this.task), from.path, to.path)) return 0;
    this.deny(EACCES, `${pathText(from.path)} ${pathText(to.path)}`);
    return -EXDEV;
  }
}

/** Carries out a call as its rule says; `proceed` is what is done without a sandbox, with some of the host's arguments replaced. */
export function runGuarded(
  task: Task,
  row: Row,
  proceed: (task: Task, row: Row, replaced?: readonly (Int | undefined)[]) => SyscallResult,
): SyscallResult {
  const rule = ruleOf(row.name);
  if (rule === 'free') return proceed(task, row);
  const call = new GuardedCall(task, row);
  try {
    const { judge, carryOut } = rule;
    const refusal = judge?.(call) ?? 0;
    if (refusal < 0) return refusal;
    const go = (): SyscallResult => proceed(task, row, call.replaced);
    return carryOut === undefined ? go() : carryOut(call, go);
  } finally {
    releaseAll(task);
  }
}
