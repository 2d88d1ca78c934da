/**
 * What each system call may do in a sandbox. The compiler sees to it that every
 * call has its place here: among those that reach nothing but what the guest
 * has, among those that do not exist for any guest, or with a rule of its own.
 */
import { hostCall, ptr } from '../call.ts';
import { toAddress } from '../codec.ts';
import { EACCES, ENOSYS, EPERM } from '../errno.ts';
import { AT_EMPTY_PATH, AT_SYMLINK_FOLLOW, AT_SYMLINK_NOFOLLOW, exchangeOpenFlags, O_ACCMODE } from '../files-flags.ts';
import { deliverLink } from '../files-tree.ts';
import { ALLOWED_IN_SANDBOX, requestText } from '../ioctl.ts';
import { guestPath } from '../paths.ts';
import { shownLink, shownPath } from '../root-paths.ts';
import type { SyscallName } from '../row.ts';
import type { SyscallResult } from '../task.ts';
import type { GuardedCall, PathUse } from './guard.ts';
import { withDescriptors } from './held.ts';
import { guardedKill, ofOneProcess, ofPidfd, ofProcess } from './members.ts';
import { judgeListen, judgeOption, judgeSocket, judgeSocketPair, ofAddress } from './network.ts';
import { guardedOpen, guardedOpen2 } from './open.ts';
import type { Need } from './policy.ts';
import { ownEntry } from './proc.ts';
import { denyPath, type Found, type Last, mayDo } from './resolve.ts';

export interface Rule {
  /** Arguments that are paths, which {@link judge} looks at. */
  paths?: readonly PathUse[];
  /** 0, or the negative errno with which the call fails. */
  judge?: (call: GuardedCall) => number;
  /** Makes the call; by default as without a sandbox. */
  carryOut?: (call: GuardedCall, go: () => SyscallResult) => SyscallResult;
}

/** They act on the process itself, or on descriptors that it has. */
const FREE = [
  // Data and positions.
  ...(['read', 'write', 'pread64', 'pwrite64', 'readv', 'writev', 'preadv', 'pwritev', 'preadv2', 'pwritev2'] as const),
  ...(['lseek', 'readahead', 'fadvise64', 'fallocate', 'ftruncate', 'copy_file_range', 'sendfile', 'splice'] as const),
  ...(['tee', 'vmsplice', 'fsync', 'fdatasync', 'sync', 'syncfs', 'sync_file_range', 'cachestat'] as const),
  // Descriptors.
  ...(['fstat', 'fstatfs', 'getdents64', 'fchdir', 'fgetxattr', 'flistxattr', 'dup', 'pipe2', 'memfd_create'] as const),
  ...(['flock', 'eventfd2', 'signalfd4', 'timerfd_create', 'timerfd_settime', 'timerfd_gettime'] as const),
  ...(['inotify_init1', 'inotify_rm_watch', 'epoll_create1', 'epoll_ctl', 'epoll_pwait', 'epoll_pwait2'] as const),
  ...(['ppoll', 'pselect6', 'mq_timedsend', 'mq_timedreceive', 'mq_notify', 'mq_getsetattr'] as const),
  ...(['getsockname', 'getpeername', 'recvfrom', 'recvmsg', 'recvmmsg', 'shutdown', 'accept', 'accept4'] as const),
  // Their flags are looked at where they are read from memory: clone.ts.
  ...(['clone', 'clone3'] as const),
  // The program is looked at where it is opened, perhaps by another thread: process/exec.ts.
  ...(['execve', 'execveat'] as const),
  // The process: memory, identity, signals to itself.
  ...(['mmap', 'munmap', 'mprotect', 'mremap', 'brk', 'madvise', 'msync', 'mincore', 'mlock', 'mlock2'] as const),
  ...(['munlock', 'mlockall', 'munlockall', 'membarrier', 'set_mempolicy', 'get_mempolicy'] as const),
  ...(['exit', 'exit_group', 'wait4', 'waitid', 'getpid', 'getppid', 'gettid', 'getuid', 'geteuid', 'getgid'] as const),
  ...(['getegid', 'setuid', 'setgid', 'setreuid', 'setregid', 'setresuid', 'setresgid', 'getresuid'] as const),
  ...(['getresgid', 'setfsuid', 'setfsgid', 'getgroups', 'setgroups', 'getpgid', 'setpgid', 'getsid'] as const),
  ...(['setsid', 'capget', 'capset', 'getrlimit', 'setrlimit', 'getrusage', 'getpriority', 'ioprio_get'] as const),
  ...(['prctl', 'seccomp', 'personality', 'uname', 'sysinfo', 'getrandom', 'getcpu', 'riscv_hwprobe'] as const),
  ...(['cacheflush', 'set_tls', 'get_tls'] as const),
  ...(['riscv_flush_icache', 'sched_yield', 'sched_getaffinity', 'sched_getscheduler', 'sched_getparam'] as const),
  ...(['sched_get_priority_max', 'sched_get_priority_min', 'sched_rr_get_interval', 'sched_getattr'] as const),
  ...([
    'set_tid_address',
    'set_robust_list',
    'get_robust_list',
    'futex',
    'futex_waitv',
    'futex_wake',
    'futex_wait',
    'futex_requeue',
    'umask',
    'getcwd',
  ] as const),
  ...(['rt_sigaction', 'rt_sigprocmask', 'rt_sigpending', 'rt_sigsuspend', 'rt_sigtimedwait'] as const),
  ...(['rt_sigreturn', 'sigaltstack', 'restart_syscall', 'lsm_get_self_attr', 'lsm_list_modules'] as const),
  // Time.
  ...(['clock_gettime', 'clock_getres', 'clock_nanosleep', 'nanosleep', 'gettimeofday', 'getitimer'] as const),
  ...(['setitimer', 'timer_create', 'timer_settime', 'timer_gettime', 'timer_getoverrun', 'timer_delete'] as const),
  'times',
] as const satisfies readonly SyscallName[];

/** Refused to every guest, in a sandbox or not: ENOSYS. table.test.ts compares. */
const REFUSED = [
  ...(['memfd_secret', 'lookup_dcookie', 'nfsservctl', 'kexec_load'] as const),
  ...(['kexec_file_load', 'init_module', 'finit_module', 'delete_module', 'bpf', 'perf_event_open'] as const),
  ...(['landlock_create_ruleset', 'landlock_add_rule'] as const),
  ...(['landlock_restrict_self'] as const),
  ...(['mseal', 'set_mempolicy_home_node', 'map_shadow_stack', 'move_pages'] as const),
  ...(['remap_file_pages', 'pkey_mprotect', 'pkey_alloc', 'pkey_free'] as const),
  ...(['userfaultfd', 'io_setup', 'io_destroy'] as const),
  ...(['io_submit', 'io_cancel', 'io_getevents', 'io_pgetevents', 'io_uring_setup', 'io_uring_enter'] as const),
  ...(['io_uring_register', 'rseq'] as const),
] as const satisfies readonly SyscallName[];

/** They concern the machine, or other processes' memory and descriptors. */
const denied: Rule = { judge: (call) => call.deny(EPERM) };
/** System V objects have no place in the tree, and IDs that can be guessed. */
const deniedObject: Rule = { judge: (call) => call.deny(EACCES) };
/** Fails as on an older kernel, upon which programs do without it. */
const absent: Rule = { carryOut: () => -ENOSYS };

/** Addresses and ancillary data are looked at where messages are copied: sockets.ts. */
const judgedInside: Rule = {};

/** A call with paths, all of which have to be allowed; `then` judges further when they are. */
function paths(uses: readonly PathUse[], then?: (call: GuardedCall, found: readonly Found[]) => number): Rule {
  const judge = (call: GuardedCall): number => {
    const found: Found[] = [];
    for (const use of uses) {
      const refusal = call.path(use, (where) => found.push(where));
      if (refusal < 0) return refusal;
    }
    return found.length === uses.length ? (then?.(call, found) ?? 0) : 0;
  };
  return { paths: uses, judge };
}

const path = (need: PathUse['need'], last: PathUse['last'] = 'follow', arg = 0): PathUse => ({ arg, need, last });
const pathAt = (dir: number, need: PathUse['need'], last: PathUse['last'] = 'follow'): PathUse => ({
  arg: dir + 1,
  dir,
  need,
  last,
});
/** A link at the end is followed but for AT_SYMLINK_NOFOLLOW in argument `flags`; or only with AT_SYMLINK_FOLLOW. */
const unless =
  (flags: number) =>
  (call: GuardedCall): Last =>
    (call.uint(flags) & AT_SYMLINK_NOFOLLOW) === 0 ? 'follow' : 'nofollow';
const ifFollow =
  (flags: number) =>
  (call: GuardedCall): Last =>
    (call.uint(flags) & AT_SYMLINK_FOLLOW) === 0 ? 'nofollow' : 'follow';

/** What access(2) asks about has to be allowed, as well as permitted by the file's mode. */
function judgeAccess(call: GuardedCall, [{ path: text, descriptor }]: readonly Found[]): number {
  const mode = call.uint(2);
  const asked: Need[] = [
    ...((mode & R_OK) === 0 ? [] : (['read'] as const)),
    ...((mode & W_OK) === 0 ? [] : (['write'] as const)),
  ];
  const missing = descriptor === undefined ? asked.find((need) => !mayDo(call.task, need, text)) : undefined;
  return missing === undefined ? 0 : denyPath(call.task, call.row.name, text, missing);
}

const R_OK = 4;
const W_OK = 2;
const S_IFMT = 0o170000;
const DEVICES = [0o020000, 0o060000];
const RENAME_EXCHANGE = 2;
const IN_DONT_FOLLOW = 0x2000000;
const F_SETOWN = 8;
const F_SETOWN_EX = 15;
const PRIO_PROCESS = 0;
const IOPRIO_WHO_PROCESS = 1;
const O_CREAT = 0o100;
const renames = paths([pathAt(0, 'write', 'name'), pathAt(2, 'write', 'name')], (call, [from, to]) => {
  const isExchange = call.row.name === 'renameat2' && (call.uint(4) & RENAME_EXCHANGE) !== 0;
  return (
    call.mayMove(from) || call.mayMove(to) || call.mayBecome(from, to) || (isExchange ? call.mayBecome(to, from) : 0)
  );
});

/** A file may have another name only with the same rights. By descriptor it is linked through /proc/self/fd. */
const links: Rule = paths([pathAt(0, 'look', ifFollow(4)), pathAt(2, 'write', 'name')], (call, [from, to]) =>
  call.mayBecome(from, to),
);

/** For calls that change the file of the descriptor in argument 0, for which one to read it is enough. */
const changesFile: Rule = { judge: (call) => call.ofArgument(0, 'write') };
const choosesNumber: Rule = { carryOut: (call, go) => withDescriptors(call.task, go) };

function readsLink(call: GuardedCall): SyscallResult {
  let found: Found | undefined;
  const refusal = call.path(READLINK, (where) => {
    found = where;
  });
  if (refusal < 0) return refusal;
  const { task, replaced } = call;
  const [buffer, size] = [toAddress(call.raw(2)), call.int(3)];
  const { mounts } = task.process.options;
  if (found !== undefined && ownEntry(task, found.path) === 'exe') {
    return deliverLink(task, shownPath(task, task.process.executable), buffer, size);
  }
  const shown = found && mounts && shownLink(task, mounts, found.path);
  if (shown !== undefined) return typeof shown === 'number' ? shown : deliverLink(task, shown, buffer, size);
  const name = replaced[1] ?? ptr(task, toAddress(call.raw(1)));
  return hostCall(task, 'readlinkat', call.int(0), name, ptr(task, buffer), size);
}
const READLINK = pathAt(0, 'look', 'nofollow');

/** POSIX message queues are files of /dev/mqueue. */
function judgeQueue(call: GuardedCall, needs: readonly Need[]): number {
  const name = guestPath(call.task, Number(call.raw(0)));
  if (typeof name === 'number') return name;
  const file = `/dev/mqueue/${name}`;
  const missing = name.includes('/') ? 'write' : needs.find((need) => !mayDo(call.task, need, file));
  if (missing !== undefined) return denyPath(call.task, call.row.name, file, missing);
  call.replace(0, name);
  return 0;
}

function needsOfQueue(call: GuardedCall): Need[] {
  const flags = exchangeOpenFlags(call.task, call.uint(1));
  const access = flags & O_ACCMODE;
  return [
    ...(access === 1 ? [] : (['read'] as const)),
    ...(access !== 0 || (flags & O_CREAT) !== 0 ? (['write'] as const) : []),
  ];
}

/** Signals that a descriptor sends go to the sandbox's processes only. */
function judgeFcntl(call: GuardedCall): number {
  const command = call.int(1);
  // Its argument lies in memory, where another thread could change it after it was looked at.
  if (command === F_SETOWN_EX) return call.deny(EPERM, 'F_SETOWN_EX');
  return command === F_SETOWN ? ofProcess(2)(call) : 0;
}

const RULES = {
  openat: { paths: [pathAt(0, 'look')], carryOut: guardedOpen },
  openat2: { paths: [pathAt(0, 'look')], carryOut: guardedOpen2 },
  close: choosesNumber,
  close_range: choosesNumber,
  dup3: choosesNumber,
  fcntl: { judge: judgeFcntl },
  ioctl: {
    judge: (call) => (ALLOWED_IN_SANDBOX.has(call.uint(1)) ? 0 : call.deny(EPERM, requestText(call.uint(1)))),
  },

  newfstatat: paths([{ ...pathAt(0, 'look', unless(3)), flags: 3 }]),
  statx: paths([{ ...pathAt(0, 'look', unless(2)), flags: 2 }]),
  statfs: paths([path('look')]),
  readlinkat: { paths: [READLINK], carryOut: readsLink },
  faccessat: paths([pathAt(0, 'look')], judgeAccess),
  faccessat2: paths([pathAt(0, 'look', unless(3))], judgeAccess),
  name_to_handle_at: paths([pathAt(0, 'look', ifFollow(4))]),
  chdir: {
    ...paths([{ ...path('look'), prefersHost: true }]),
    carryOut: (call) => hostCall(call.task, 'chdir', call.replaced[0] ?? ptr(call.task, toAddress(call.raw(0)))),
  },
  inotify_add_watch: paths([
    path('read', (call) => ((call.uint(2) & IN_DONT_FOLLOW) === 0 ? 'follow' : 'nofollow'), 1),
  ]),

  linkat: {
    paths: links.paths,
    judge: (call) => ((call.uint(4) & AT_EMPTY_PATH) === 0 ? links.judge!(call) : call.deny(EPERM, 'AT_EMPTY_PATH')),
  },
  symlinkat: paths([{ arg: 2, dir: 1, need: 'write', last: 'name' }], (call, [found]) => call.mayMove(found)),
  renameat: renames,
  renameat2: renames,
  unlinkat: paths([pathAt(0, 'write', 'name')], (call, [found]) => call.mayMove(found)),
  mkdirat: paths([pathAt(0, 'write', 'name')]),
  mknodat: paths([pathAt(0, 'write', 'name')], (call) =>
    DEVICES.includes(call.uint(2) & S_IFMT) ? call.deny(EPERM, 'a device') : 0,
  ),
  fchmod: changesFile,
  fchown: changesFile,
  fsetxattr: changesFile,
  fremovexattr: changesFile,
  fchmodat: paths([pathAt(0, 'write')]),
  fchmodat2: paths([pathAt(0, 'write', unless(3))]),
  fchownat: paths([pathAt(0, 'write', unless(4))]),
  truncate: paths([path('write')]),
  utimensat: paths([pathAt(0, 'write', unless(3))]),
  setxattr: paths([path('write')]),
  lsetxattr: paths([path('write', 'nofollow')]),
  removexattr: paths([path('write')]),
  lremovexattr: paths([path('write', 'nofollow')]),
  getxattr: paths([path('read')]),
  lgetxattr: paths([path('read', 'nofollow')]),
  listxattr: paths([path('read')]),
  llistxattr: paths([path('read', 'nofollow')]),
  setxattrat: absent,
  getxattrat: absent,
  listxattrat: absent,
  removexattrat: absent,

  socket: { judge: judgeSocket },
  socketpair: { judge: judgeSocketPair },
  bind: { judge: ofAddress(1) },
  connect: { judge: ofAddress(1) },
  listen: { judge: judgeListen },
  sendto: { judge: ofAddress(4) },
  sendmsg: judgedInside,
  sendmmsg: judgedInside,
  setsockopt: { judge: judgeOption },
  getsockopt: { judge: judgeOption },

  unshare: denied,
  setns: denied,
  kill: { carryOut: guardedKill },
  tkill: { judge: ofProcess(0) },
  tgkill: { judge: ofProcess(0) },
  rt_sigqueueinfo: { judge: ofProcess(0) },
  rt_tgsigqueueinfo: { judge: ofProcess(0) },
  pidfd_open: { judge: ofProcess(0) },
  pidfd_send_signal: { judge: ofPidfd },
  prlimit64: { judge: ofProcess(0) },
  sched_setaffinity: { judge: ofProcess(0) },
  sched_setscheduler: { judge: ofProcess(0) },
  sched_setparam: { judge: ofProcess(0) },
  sched_setattr: { judge: ofProcess(0) },
  setpriority: { judge: ofOneProcess(PRIO_PROCESS) },
  ioprio_set: { judge: ofOneProcess(IOPRIO_WHO_PROCESS) },
  pidfd_getfd: denied,
  kcmp: denied,
  ptrace: denied,
  process_vm_readv: denied,
  process_madvise: denied,
  process_vm_writev: denied,

  mq_open: { judge: (call) => judgeQueue(call, needsOfQueue(call)) },
  mq_unlink: { judge: (call) => judgeQueue(call, ['write']) },
  semget: deniedObject,
  semctl: deniedObject,
  semop: deniedObject,
  semtimedop: deniedObject,
  msgget: deniedObject,
  msgctl: deniedObject,
  msgsnd: deniedObject,
  msgrcv: deniedObject,
  shmget: deniedObject,
  shmctl: deniedObject,
  shmat: deniedObject,
  shmdt: deniedObject,

  open_by_handle_at: denied,
  quotactl: denied,
  quotactl_fd: denied,
  add_key: denied,
  request_key: denied,
  keyctl: denied,
  process_mrelease: denied,
  fanotify_init: denied,
  fanotify_mark: denied,
  mount: denied,
  umount2: denied,
  pivot_root: denied,
  chroot: denied,
  open_tree: denied,
  move_mount: denied,
  fsopen: denied,
  fsconfig: denied,
  fsmount: denied,
  fspick: denied,
  mount_setattr: denied,
  statmount: denied,
  listmount: denied,
  swapon: denied,
  swapoff: denied,
  acct: denied,
  vhangup: denied,
  reboot: denied,
  sethostname: denied,
  setdomainname: denied,
  syslog: denied,
  lsm_set_self_attr: denied,
  clock_settime: denied,
  clock_adjtime: denied,
  adjtimex: denied,
  settimeofday: denied,
  mbind: denied,
  migrate_pages: denied,
} satisfies Partial<Record<SyscallName, Rule>>;

/** No call is left over: whoever adds a row has to say what it may do. */
type LeftOver = Exclude<SyscallName, (typeof FREE)[number] | (typeof REFUSED)[number] | keyof typeof RULES>;
true satisfies [LeftOver] extends [never] ? true : LeftOver;

const rules = new Map<string, Rule | 'free'>(Object.entries(RULES));
for (const name of [...FREE, ...REFUSED]) rules.set(name, 'free');

/** The rule of a call; what has none is denied. */
export const ruleOf = (name: string): Rule | 'free' => rules.get(name) ?? denied;
