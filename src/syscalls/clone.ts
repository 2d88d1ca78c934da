/**
 * New processes, threads and programs: clone(2), execve(2). Arguments are read
 * and checked here; the process layer does the rest (Task.clone, Task.execute).
 */
import type { Int } from '../host/host.ts';
import { ptr, steadyCall } from './call.ts';
import {
  addressText,
  BAD_ADDRESS,
  type Codec,
  dirfd,
  flags,
  hexLong,
  type Printing,
  pointer,
  size,
  toAddress,
} from './codec.ts';
import { E2BIG, EACCES, EBADF, EFAULT, EINVAL, ELOOP, ENAMETOOLONG, ENOENT, EOPNOTSUPP, EPERM } from './errno.ts';
import { AT_FLAGS } from './files-flags.ts';
import { guestPath, hostPath, path, pathAt, translatePath } from './paths.ts';
import { peek } from './peek.ts';
import { partial, prints, type Row, syscall } from './row.ts';
import { deny } from './sandbox/denials.ts';
import { find } from './sandbox/resolve.ts';
import { signalName } from './sigset.ts';
import { stage, stageString } from './staging.ts';
import type { CloneRequest, SyscallResult, Task } from './task.ts';
import { argvText, flagNames, hexText, SHOWN, variablesText } from './text.ts';

/** linux/sched.h. */
export const CLONE = {
  CLONE_VM: 0x100,
  CLONE_FS: 0x200,
  CLONE_FILES: 0x400,
  CLONE_SIGHAND: 0x800,
  CLONE_PIDFD: 0x1000,
  CLONE_PTRACE: 0x2000,
  CLONE_VFORK: 0x4000,
  CLONE_PARENT: 0x8000,
  CLONE_THREAD: 0x1_0000,
  CLONE_NEWNS: 0x2_0000,
  CLONE_SYSVSEM: 0x4_0000,
  CLONE_SETTLS: 0x8_0000,
  CLONE_PARENT_SETTID: 0x10_0000,
  CLONE_CHILD_CLEARTID: 0x20_0000,
  CLONE_DETACHED: 0x40_0000,
  CLONE_UNTRACED: 0x80_0000,
  CLONE_CHILD_SETTID: 0x100_0000,
  CLONE_NEWCGROUP: 0x200_0000,
  CLONE_NEWUTS: 0x400_0000,
  CLONE_NEWIPC: 0x800_0000,
  CLONE_NEWUSER: 0x1000_0000,
  CLONE_NEWPID: 0x2000_0000,
  CLONE_NEWNET: 0x4000_0000,
  CLONE_IO: 0x8000_0000,
} as const;

/** Flags that only clone3 has, above 2^32. */
const CLEAR_SIGHAND = 1n;
const INTO_CGROUP = 2n;
/** The exit signal in clone's flags. */
const CSIGNAL = 0xff;
/** CLONE_NEWTIME, in those bits for clone3. */
const NEWTIME = 0x80;

/** struct clone_args: its first version, and all that we know. */
const ARGS_SIZE_FIRST = 64;
const ARGS_SIZE = 88;
const PAGE_SIZE = 4096;

/** MAX_ARG_STRLEN: one string with its NUL. */
const STRING_MAX = 131072;
/** What all strings together may have at most, whatever the stack's limit: three quarters of _STK_LIM. */
const TOTAL_MAX = 6 << 20;

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_EMPTY_PATH = 0x1000;
const F_GETFD = 1;

const cloneFlags: Codec<Int> = {
  ...hexLong,
  print: (p, raw) => {
    const low = Number(BigInt.asUintN(32, BigInt(raw)));
    const signal = low & CSIGNAL;
    const names = flagNames(CLONE, (low & ~CSIGNAL) >>> 0, '');
    const all = [names, signal === 0 ? '' : signalName(signal)].filter((text) => text !== '').join('|');
    // strace(1) has the stack first, whatever the architecture's order.
    return `child_stack=${addressText(p.argument('stack'))}, flags=${all || '0'}`;
  },
};
const stackShownBefore: Codec<number> = { ...pointer, print: () => undefined };

/** An argument of clone that counts only with some flags, printed with its name. */
const withFlags = <T>(codec: Codec<T>, bits: number, label: string): Codec<T> => ({
  ...codec,
  print: (p, raw) => {
    const low = Number(BigInt.asUintN(32, BigInt(p.argument('flags'))));
    return (low & bits) === 0 ? undefined : `${label}=${codec.print(p, raw)}`;
  },
});
/** Where the call puts the new thread's ID. */
const outTid: Codec<number> = {
  ...pointer,
  late: true,
  print: (p, raw) => {
    const data = p.result === undefined || p.result < 0 ? undefined : peek(p.task, raw, 4);
    return data === undefined ? addressText(raw) : `[${new DataView(data.buffer).getInt32(0, true)}]`;
  },
};

/** struct clone_args, as far as it is given and used, and what the call puts into it. */
const cloneArgs: Codec<number> = {
  ...pointer,
  late: true,
  print: (p, raw) => {
    const data = peek(p.task, raw, ARGS_SIZE_FIRST);
    if (data === undefined) return addressText(raw);
    const [all, pidfd, childTid, parentTid, exitSignal, stack, stackSize, tls] = new BigUint64Array(data.buffer);
    const low = Number(BigInt.asUintN(32, all));
    const has = (bits: number): boolean => (low & bits) !== 0;
    const fields = [`flags=${flagNames(CLONE, low)}`];
    if (has(CLONE.CLONE_PIDFD)) fields.push(`pidfd=${hexText(pidfd)}`);
    if (has(CLONE.CLONE_CHILD_SETTID | CLONE.CLONE_CHILD_CLEARTID)) fields.push(`child_tid=${hexText(childTid)}`);
    if (has(CLONE.CLONE_PARENT_SETTID)) fields.push(`parent_tid=${hexText(parentTid)}`);
    fields.push(`exit_signal=${exitSignal === 0n ? 0 : signalName(Number(exitSignal))}`);
    fields.push(`stack=${addressText(stack)}`, `stack_size=${hexText(stackSize)}`);
    if (has(CLONE.CLONE_SETTLS)) fields.push(`tls=${hexText(tls)}`);
    const written = [];
    if (has(CLONE.CLONE_PIDFD)) written.push(`pidfd=${outTid.print(p, Number(pidfd))}`);
    if (has(CLONE.CLONE_PARENT_SETTID)) written.push(`parent_tid=${outTid.print(p, Number(parentTid))}`);
    const changes = Number(p.result ?? -1) < 0 || written.length === 0 ? '' : ` => {${written.join(', ')}}`;
    return `{${fields.join(', ')}}${changes}`;
  },
};

type CloneArgs = { flags: Int; stack: number; parent_tid: number; tls: Int; child_tid: number };

function clone(task: Task, v: CloneArgs): SyscallResult {
  const low = Number(BigInt.asUintN(32, BigInt(v.flags)));
  return checkedClone(task, {
    flags: (low & ~CSIGNAL) >>> 0,
    exitSignal: low & CSIGNAL,
    stack: v.stack,
    parentTid: v.parent_tid,
    childTid: v.child_tid,
    pidfd: v.parent_tid,
    tls: BigInt.asUintN(64, BigInt(v.tls)),
    clearHandlers: false,
  });
}

function clone3(task: Task, v: { cl_args: number; size: number }): SyscallResult {
  if (v.size > PAGE_SIZE) return -E2BIG;
  if (v.size < ARGS_SIZE_FIRST) return -EINVAL;
  const given = task.space.read(v.cl_args, v.size);
  if (given === undefined) return -EFAULT;
  if (given.subarray(ARGS_SIZE).some((byte) => byte !== 0)) return -E2BIG;
  const bytes = new Uint8Array(ARGS_SIZE);
  bytes.set(given.subarray(0, ARGS_SIZE));
  const [all, pidfd, childTid, parentTid, exitSignal, stack, stackSize, tls, setTid, setTidSize] = new BigUint64Array(
    bytes.buffer,
  );
  const low = Number(BigInt.asUintN(32, all));
  const high = all >> 32n;
  if ((high & ~(CLEAR_SIGHAND | INTO_CGROUP)) !== 0n || (low & (CSIGNAL & ~NEWTIME)) !== 0) return -EINVAL;
  if ((low & CLONE.CLONE_DETACHED) !== 0 || exitSignal > 64n || (stack === 0n) !== (stackSize === 0n)) return -EINVAL;
  if ((low & (CLONE.CLONE_THREAD | CLONE.CLONE_PARENT)) !== 0 && exitSignal !== 0n) return -EINVAL;
  const clearHandlers = (high & CLEAR_SIGHAND) !== 0n;
  if (clearHandlers && (low & CLONE.CLONE_SIGHAND) !== 0) return -EINVAL;
  if ((high & INTO_CGROUP) !== 0n || (low & NEWTIME) !== 0) return -EOPNOTSUPP;
  // Choosing process IDs takes CAP_CHECKPOINT_RESTORE.
  if (setTid !== 0n || setTidSize !== 0n) return setTid === 0n || setTidSize === 0n ? -EINVAL : -EPERM;
  return checkedClone(task, {
    flags: low,
    exitSignal: Number(exitSignal),
    stack: Number(stack + stackSize),
    parentTid: Number(parentTid),
    childTid: Number(childTid),
    pidfd: Number(pidfd),
    tls,
    clearHandlers,
  });
}

/**
 * Not for a sandboxed guest: new namespaces, in which paths mean something else, a child that is not the caller's, and a
 * process that could change the descriptors which the emulator has for a moment in this one, taken to be alone.
 */
const DENIED_IN_SANDBOX =
  CLONE.CLONE_NEWNS |
  CLONE.CLONE_NEWCGROUP |
  CLONE.CLONE_NEWUTS |
  CLONE.CLONE_NEWIPC |
  CLONE.CLONE_NEWUSER |
  CLONE.CLONE_NEWPID |
  CLONE.CLONE_NEWNET |
  CLONE.CLONE_PARENT |
  CLONE.CLONE_PTRACE;

/** What the kernel checks first (copy_process), and the sandbox. */
function checkedClone(task: Task, request: CloneRequest): SyscallResult {
  const has = (bits: number): boolean => (request.flags & bits) === bits;
  if (has(CLONE.CLONE_NEWNS | CLONE.CLONE_FS) || has(CLONE.CLONE_NEWUSER | CLONE.CLONE_FS)) return -EINVAL;
  if (has(CLONE.CLONE_THREAD) && !has(CLONE.CLONE_SIGHAND)) return -EINVAL;
  if (has(CLONE.CLONE_SIGHAND) && !has(CLONE.CLONE_VM)) return -EINVAL;
  if (has(CLONE.CLONE_PIDFD | CLONE.CLONE_DETACHED)) return -EINVAL;
  const isDenied = DENIED_IN_SANDBOX | (has(CLONE.CLONE_THREAD) ? 0 : CLONE.CLONE_FILES);
  const denied = task.process.options.sandbox === undefined ? 0 : request.flags & isDenied;
  return denied === 0 ? task.clone(request) : deny(task, 'clone', flagNames(CLONE, denied >>> 0), EPERM);
}

/** An array of string pointers, NULL at its end: the strings, or a negative errno. */
function readStrings(task: Task, address: number): string[] | number {
  const texts: string[] = [];
  if (address === 0) return texts;
  let total = 0;
  for (let at = address; ; at += 8) {
    const pointed = task.space.readU64(at);
    if (pointed === undefined) return -EFAULT;
    if (pointed === 0n) return texts;
    const text = task.space.readString(Number(pointed), STRING_MAX);
    if (text === -ENAMETOOLONG) return -E2BIG;
    if (typeof text === 'number') return text;
    total += text.length + 9;
    if (total > TOTAL_MAX) return -E2BIG;
    texts.push(text);
  }
}

type Strings = { argv: number; envp: number };

function execute(task: Task, program: string, hostPath: string, v: Strings): SyscallResult {
  const argv = readStrings(task, v.argv);
  const env = readStrings(task, v.envp);
  if (typeof argv === 'number') return isProgram(task, hostPath) || argv;
  if (typeof env === 'number') return isProgram(task, hostPath) || env;
  // Linux 5.18: a program always has an argv[0].
  if (argv.length === 0) argv.push('');
  return task.execute({ path: program, hostPath, argv, env });
}

/** Linux opens the program before it looks at its arguments: 0, or why that fails. */
function isProgram(task: Task, hostPath: string): Int {
  const { mounts, sandbox } = task.process.options;
  if (mounts !== undefined || sandbox !== undefined) return 0;
  // With arguments that cannot be read it is never executed.
  const nothing = ptr(task, BAD_ADDRESS);
  const name = task.host.stagingPointer(stageString(hostPath));
  const result = task.host.syscall('execve', name, nothing, nothing);
  return result === -EFAULT ? 0 : result;
}

function execve(task: Task, v: { pathname: number; argv: number; envp: number }): SyscallResult {
  const program = guestPath(task, v.pathname);
  if (typeof program === 'number') return program;
  if (program === '') return -ENOENT;
  return execute(task, program, programPath(task, AT_FDCWD, program), v);
}

/** What names the program for whoever opens it: the guest's own path where that is looked at when it is opened. */
function programPath(task: Task, dir: number, name: string): string {
  const { mounts, sandbox } = task.process.options;
  if (name[0] !== '/') return dir === AT_FDCWD ? name : `/proc/self/fd/${dir}/${name}`;
  return mounts === undefined && sandbox === undefined ? translatePath(task, name, true) : name;
}

/** 0, or why AT_SYMLINK_NOFOLLOW keeps the program from being executed. */
function refuseLink(task: Task, { dirfd, pathname }: ExecveatArgs, name: string): number {
  const { sandbox } = task.process.options;
  const found = sandbox && find(task, 'execveat', dirfd, name, { need: 'read', last: 'nofollow' });
  if (typeof found === 'number') return found;
  const link = found ? task.host.stagingPointer(stageString(found.path)) : hostPath(task, pathname, 'keep', dirfd);
  const text = task.host.stagingPointer(stage(1));
  return steadyCall(task, 'readlinkat', dirfd, link, text, 1) < 0 ? 0 : -ELOOP;
}

type ExecveatArgs = { dirfd: number; pathname: number; argv: number; envp: number; flags: number };

function execveat(task: Task, v: ExecveatArgs): SyscallResult {
  const name = guestPath(task, v.pathname);
  if (typeof name === 'number') return name;
  if (name === '' && (v.flags & AT_EMPTY_PATH) === 0) return -ENOENT;
  if ((v.flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  const isRelative = name[0] !== '/' && v.dirfd !== AT_FDCWD;
  if (isRelative && steadyCall(task, 'fcntl', v.dirfd, F_GETFD, 0) < 0) return -EBADF;
  if (name === '') {
    // The working directory is no program.
    if (!isRelative) return -EACCES;
    return execute(task, `/dev/fd/${v.dirfd}`, `/proc/self/fd/${v.dirfd}`, v);
  }
  const refusal = (v.flags & AT_SYMLINK_NOFOLLOW) === 0 ? 0 : refuseLink(task, v, name);
  if (refusal < 0) return refusal;
  const shown = !isRelative ? name : `/dev/fd/${v.dirfd}/${name}`;
  return execute(task, shown, programPath(task, v.dirfd, name), v);
}

const argvCodec: Codec<number> = {
  ...pointer,
  print: (p: Printing, raw) => {
    const texts: Uint8Array[] = [];
    for (let at = toAddress(raw); texts.length <= SHOWN; at += 8) {
      const pointed = p.task.space.readU64(at);
      if (pointed === undefined) return addressText(raw);
      if (pointed === 0n) break;
      const length = p.task.host.stringLength(Number(pointed), SHOWN + 1);
      const data = length < 0 ? undefined : peek(p.task, Number(pointed), length);
      if (data === undefined) return addressText(raw);
      texts.push(data);
    }
    return argvText(texts);
  },
};

const envpCodec: Codec<number> = {
  ...pointer,
  print: (p, raw) => {
    let count = 0;
    for (let at = toAddress(raw); ; at += 8, count++) {
      const pointed = p.task.space.readU64(at);
      if (pointed === undefined) return addressText(raw);
      if (pointed === 0n) return `${addressText(raw)} ${variablesText(count)}`;
    }
  },
};

export const cloneRows = (): Row[] => [
  syscall(
    'clone',
    {
      flags: cloneFlags,
      stack: stackShownBefore,
      parent_tid: withFlags(outTid, CLONE.CLONE_PARENT_SETTID, 'parent_tid'),
      tls: withFlags(hexLong, CLONE.CLONE_SETTLS, 'tls'),
      child_tid: withFlags(pointer, CLONE.CLONE_CHILD_SETTID | CLONE.CLONE_CHILD_CLEARTID, 'child_tidptr'),
    },
    clone,
    partial('CLONE_VM without CLONE_VFORK or CLONE_THREAD fails with EINVAL'),
  ),
  syscall(
    'clone3',
    { cl_args: cloneArgs, size },
    clone3,
    partial('as clone; no time namespaces, cgroups or chosen process IDs'),
  ),
  syscall('execve', { pathname: path, argv: argvCodec, envp: envpCodec }, execve, prints('restored')),
  syscall(
    'execveat',
    { dirfd, pathname: pathAt(4), argv: argvCodec, envp: envpCodec, flags: flags(AT_FLAGS) },
    execveat,
    prints('restored'),
  ),
];
