/** What 32-bit arm's system calls are as those of 64-bit programs, where they differ: see narrow.ts. */
import type { Int } from '../host/host.ts';
import { EBADF, EFAULT, EINVAL, ENOMEM, EOVERFLOW } from './errno.ts';
import { type Narrow, type Narrowing, pairOf, plain, SIGEVENT, TIMESPEC, TIMESPEC64, to } from './narrow.ts';
import { DIRECTORY_CALLS, directoryOffset, directoryPosition, narrowInode } from './narrow-directories.ts';
import { narrowIoctl } from './narrow-ioctl.ts';
import { IPC_CALLS } from './narrow-ipc.ts';
import { MESSAGE_CALLS } from './narrow-messages.ts';

const AT_FDCWD = -100;
const AT_REMOVEDIR = 0x200;
const AT_SYMLINK_NOFOLLOW = 0x100;
const SIGCHLD = 17;
const [CLONE_VM, CLONE_VFORK] = [0x100, 0x4000];

// Structures, in the layout of the 32-bit ABI and in that of the rows.
const TIMEVAL = pairOf('sec:i32 usec:i32', 'sec:i64 usec:i64');
const ITIMERVAL = pairOf('a:i32 b:i32 c:i32 d:i32', 'a:i64 b:i64 c:i64 d:i64');
const ITIMERSPEC64 = pairOf('a:i64 b:i32 pb:u32 c:i64 d:i32 pd:u32', 'a:i64 b:i64 c:i64 d:i64');
/** struct timex: ints and longs. */
const timex = (long: string): string =>
  `modes:u32 offset:${long} freq:${long} maxerror:${long} esterror:${long} status:i32 constant:${long} precision:${long} ` +
  `tolerance:${long} sec:${long} usec:${long} tick:${long} ppsfreq:${long} jitter:${long} shift:i32 stabil:${long} ` +
  `jitcnt:${long} calcnt:${long} errcnt:${long} stbcnt:${long} tai:i32 rest:u8[44]`;
const TIMEX = pairOf(timex('i32'), timex('i64'));
const RLIMIT = pairOf('soft:u32 hard:u32', 'soft:u64 hard:u64');
const TMS = pairOf('a:i32 b:i32 c:i32 d:i32', 'a:i64 b:i64 c:i64 d:i64');
const USAGE_LONGS =
  'maxrss ixrss idrss isrss minflt majflt nswap inblock oublock msgsnd msgrcv nsignals nvcsw nivcsw'.split(' ');
const fields = (names: readonly string[], type: string): string => names.map((name) => `${name}:${type}`).join(' ');
const usage = (type: string): string => fields(['usec', 'uusec', 'ssec', 'susec', ...USAGE_LONGS], type);
const RUSAGE = pairOf(usage('i32'), usage('i64'));
const STAT64 = pairOf(
  'st_dev:u64 pad0:u32 short_ino:u32 st_mode:u32 st_nlink:u32 st_uid:u32 st_gid:u32 st_rdev:u64 pad3:u32 st_size:i64 ' +
    'st_blksize:u32 st_blocks:u64 st_atime:i32 st_atime_nsec:u32 st_mtime:i32 st_mtime_nsec:u32 st_ctime:i32 ' +
    'st_ctime_nsec:u32 st_ino:u64',
  'st_dev:u64 st_ino:u64 st_mode:u32 st_nlink:u32 st_uid:u32 st_gid:u32 st_rdev:u64 pad1:u64 st_size:i64 st_blksize:i32 ' +
    'pad2:i32 st_blocks:i64 st_atime:i64 st_atime_nsec:u64 st_mtime:i64 st_mtime_nsec:u64 st_ctime:i64 st_ctime_nsec:u64 ' +
    'unused:u8[8]',
);
const STATX_INO = 32;
/** An inode number of 64 bits in the program's memory, as directories have it. */
function foldInode(c: Narrowing, at: number): boolean {
  const inode = c.task.space.readU64(at);
  return inode !== undefined && (inode <= 0xffff_ffffn || c.task.space.writeU64(at, narrowInode(inode)));
}
function outStat(c: Narrowing, index: number): number {
  const there = c.out(index, STAT64);
  const [short, long] = ['short_ino', 'st_ino'].map((wanted) =>
    STAT64.narrow.fields.find(({ name }) => name === wanted),
  );
  c.after(() => {
    const at = c.u(index) + (long?.offset ?? 0);
    return foldInode(c, at) && c.task.space.writeU32(c.u(index) + (short?.offset ?? 0), c.task.space.readU32(at) ?? 0);
  });
  return there;
}
const STATFS_NAMES = 'type bsize blocks bfree bavail files ffree fsid0 fsid1 namelen frsize flags'.split(' ');
const statfs = (counts: string, others: string): string =>
  STATFS_NAMES.map((name) => {
    if (name.startsWith('fsid')) return `${name}:i32`;
    return `${name}:${['blocks', 'bfree', 'bavail', 'files', 'ffree'].includes(name) ? counts : others}`;
  }).join(' ');
const WIDE_STATFS = `${statfs('i64', 'i64')} spare:u8[32]`;
const STATFS = pairOf(`${statfs('u32', 'u32')} spare:u8[16]`, WIDE_STATFS);
/** struct statfs64 is packed: its 64-bit members are at multiples of 4. */
const STATFS64_NAMES = 'blocks bfree bavail files ffree'.split(' ');
const SIGACTION = pairOf(
  'handler:u32 flags:u32 restorer:u32 mask0:u32 mask1:u32',
  'handler:u64 flags:u64 restorer:u64 mask0:u32 mask1:u32',
);
const STACK = pairOf('sp:u32 flags:i32 size:u32', 'sp:u64 flags:i32 pad:u32 size:u64');
const SYSINFO = pairOf(
  'uptime:i32 load1:u32 load2:u32 load3:u32 totalram:u32 freeram:u32 sharedram:u32 bufferram:u32 totalswap:u32 freeswap:u32 ' +
    'procs:u16 pad:u16 totalhigh:u32 freehigh:u32 unit:u32 rest:u8[8]',
  'uptime:i64 load1:u64 load2:u64 load3:u64 totalram:u64 freeram:u64 sharedram:u64 bufferram:u64 totalswap:u64 freeswap:u64 ' +
    'procs:u16 pad:u16 totalhigh:u64 freehigh:u64 unit:u32',
);
const FLOCK = pairOf('type:i16 whence:i16 start:i32 len:i32 pid:i32', 'type:i16 whence:i16 start:i64 len:i64 pid:i32');
const FLOCK64 = pairOf(
  'type:i16 whence:i16 start:i64 len:i64 pid:i32',
  'type:i16 whence:i16 start:i64 len:i64 pid:i32',
);

/** The set of a pselect6 or ppoll: a pointer and a size. */
const SIGSET_ARGUMENT = pairOf('pointer:u32 size:u32', 'pointer:u64 size:u64');

/** dup2 of a descriptor onto itself, which dup3 refuses. */
function sameDescriptor(c: Narrowing): number {
  const fd = c.s(0);
  const { host, process } = c.task;
  return process.hiddenDescriptors.has(fd) || host.syscall('fcntl', fd, F_GETFD, 0) < 0 ? -EBADF : fd;
}
const F_GETFD = 1;

const fits = (_c: Narrowing, result: number): number => (result > 0x7fff_ffff ? -EOVERFLOW : result);

/** off_t of the old calls is 32 bits, with a sign. */
const fcntl = (c: Narrowing): Int[] => {
  const command = c.u(1);
  // F_GETLK and the like, of 32 bits and of 64: the latter have numbers of their own, which are those of 64-bit programs here.
  if (command >= 5 && command <= 7) return [c.u(0), command, c.inOut(2, FLOCK)];
  if (command >= 12 && command <= 14) return [c.u(0), command - 7, c.inOut(2, FLOCK64)];
  if (command >= 36 && command <= 38) return [c.u(0), command, c.inOut(2, FLOCK64)];
  return plain(c);
};

const FUTEX_WAITS = [0, 6, 9, 11, 13];
const futex =
  (type: typeof TIMESPEC) =>
  (c: Narrowing): Int[] => [
    c.u(0),
    c.u(1),
    c.u(2),
    FUTEX_WAITS.includes(c.u(1) & 127) ? c.in(3, type) : c.u(3),
    c.u(4),
    c.u(5),
  ];

/** A timeout that the call may change: the time that is left. */
const selectArguments =
  (type: typeof TIMESPEC) =>
  (c: Narrowing): Int[] => [c.u(0), ...fdSets(c), c.inOut(4, type), c.in(5, SIGSET_ARGUMENT)];
/** fd_set is made of longs, which are the same bits in both; its length is rounded up to one. */
function fdSets(c: Narrowing): Int[] {
  const bytes = Math.ceil(Math.max(c.s(0), 0) / 64) * 8;
  const own = Math.ceil(Math.max(c.s(0), 0) / 32) * 4;
  return [1, 2, 3].map((index) => {
    const at = c.u(index);
    if (at === 0 || own === bytes || own > 0x10000) return at;
    const set = new Uint8Array(bytes);
    set.set(c.read(at, own));
    const there = c.put(set);
    c.after(() => c.task.space.write(at, c.wideBytes(there, own)));
    return there;
  });
}
const pollArguments =
  (type: typeof TIMESPEC) =>
  (c: Narrowing): Int[] => [c.u(0), c.u(1), c.inOut(2, type), c.u(3), c.u(4)];

// Options of sockets that are struct timeval: SO_RCVTIMEO, SO_SNDTIMEO, by their old numbers and with 64-bit times.
const SOL_SOCKET = 1;
const OLD_TIMEOUTS = [20, 21];
const NEW_TIMEOUTS: Record<number, number> = { 66: 20, 67: 21 };
function setOption(c: Narrowing): Int[] {
  const [fd, level, option, , length] = [0, 1, 2, 3, 4].map((index) => c.u(index));
  if (level === SOL_SOCKET && OLD_TIMEOUTS.includes(option)) return [fd, level, option, c.in(3, TIMEVAL), 16];
  if (level === SOL_SOCKET && option in NEW_TIMEOUTS) return [fd, level, NEW_TIMEOUTS[option], c.u(3), length];
  return plain(c);
}
function getOption(c: Narrowing): Int[] {
  const [fd, level, option, , lengthAt] = [0, 1, 2, 3, 4].map((index) => c.u(index));
  if (level !== SOL_SOCKET || !OLD_TIMEOUTS.includes(option)) return plain(c);
  const there = c.out(3, TIMEVAL);
  const length = c.put(Uint8Array.of(16, 0, 0, 0));
  c.after(() => c.task.space.writeU32(lengthAt, 8));
  return [fd, level, option, there, length];
}

/** struct statfs64: the 64-bit members stand at multiples of 4. */
function outStatfs64(c: Narrowing, index: number): number {
  const at = c.u(index);
  const { wide } = STATFS;
  const there = c.put(new Uint8Array(wide.size));
  c.after(() => {
    const from = new DataView(c.wideBytes(there, wide.size).buffer);
    const result = new DataView(new ArrayBuffer(84));
    let next = 0;
    for (const { name, offset } of wide.fields) {
      if (name === 'spare') continue;
      const isLong = STATFS64_NAMES.includes(name);
      if (isLong) result.setBigUint64(next, from.getBigUint64(offset, true), true);
      else result.setUint32(next, from.getUint32(offset, true), true);
      next += isLong ? 8 : 4;
    }
    return c.task.space.write(at, new Uint8Array(result.buffer));
  });
  return there;
}
const INFINITY_32 = 0xffff_ffff;
/** RLIM_INFINITY of 32 bits is that of 64. */
function inLimit(c: Narrowing, index: number): number {
  const at = c.u(index);
  if (at === 0) return 0;
  const bytes = c.read(at, 8);
  const words = [0, 4].map((offset) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset, true));
  const wide = words.map((word) => (word === INFINITY_32 ? 2n ** 64n - 1n : BigInt(word)));
  return c.put(new Uint8Array(BigUint64Array.from(wide).buffer));
}
function outLimit(c: Narrowing, index: number): number {
  const at = c.u(index);
  if (at === 0) return 0;
  const there = c.put(new Uint8Array(RLIMIT.wide.size));
  c.after(() => {
    const limits = new BigUint64Array(c.wideBytes(there, 16).slice().buffer);
    const words = Array.from(limits, (limit) => (limit > BigInt(INFINITY_32) ? INFINITY_32 : Number(limit)));
    return c.task.space.write(at, new Uint8Array(Uint32Array.from(words).buffer));
  });
  return there;
}

const remoteVectors = (c: Narrowing): Int[] => [c.s(0), c.iovec(1, c.u(2)), c.u(2), c.iovec(3, c.u(4)), c.u(4), c.u(5)];

/** mmap's length and place must be within what 32 bits address. */
const PAGE = 4096;
const mmapArguments =
  (offset: (c: Narrowing) => Int) =>
  (c: Narrowing): Int[] => {
    if (c.u(0) + c.u(1) > 0xffff_f000 && (c.u(3) & 0x10) !== 0) c.fail(ENOMEM);
    return [c.u(0), c.u(1), c.u(2), c.u(3), c.u(4), offset(c)];
  };

export const ARM_CALLS: Readonly<Record<string, Narrow | 'refused'>> = {
  // Calls that have been replaced by more general ones.
  open: to('openat', (c) => [AT_FDCWD, c.u(0), c.u(1), c.u(2)]),
  creat: to('openat', (c) => [AT_FDCWD, c.u(0), 0o1101, c.u(1)]),
  link: to('linkat', (c) => [AT_FDCWD, c.u(0), AT_FDCWD, c.u(1), 0]),
  unlink: to('unlinkat', (c) => [AT_FDCWD, c.u(0), 0]),
  rmdir: to('unlinkat', (c) => [AT_FDCWD, c.u(0), AT_REMOVEDIR]),
  mkdir: to('mkdirat', (c) => [AT_FDCWD, c.u(0), c.u(1)]),
  mknod: to('mknodat', (c) => [AT_FDCWD, c.u(0), c.u(1), c.u(2)]),
  chmod: to('fchmodat', (c) => [AT_FDCWD, c.u(0), c.u(1)]),
  access: to('faccessat', (c) => [AT_FDCWD, c.u(0), c.u(1)]),
  rename: to('renameat2', (c) => [AT_FDCWD, c.u(0), AT_FDCWD, c.u(1), 0]),
  symlink: to('symlinkat', (c) => [c.u(0), AT_FDCWD, c.u(1)]),
  readlink: to('readlinkat', (c) => [AT_FDCWD, c.u(0), c.u(1), c.u(2)]),
  dup2: to(
    'dup3',
    (c) => [c.u(0), c.u(1), 0],
    (c, result) => (c.u(0) === c.u(1) ? sameDescriptor(c) : result),
  ),
  pipe: to('pipe2', (c) => [c.u(0), 0]),
  fork: to('clone', () => [SIGCHLD, 0, 0, 0, 0]),
  vfork: to('clone', () => [CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0]),
  getpgrp: to('getpgid', () => [0]),
  epoll_create: to('epoll_create1', (c) => (c.s(0) > 0 ? [0] : [c.fail(EINVAL)])),
  epoll_wait: to('epoll_pwait', (c) => [c.u(0), c.u(1), c.u(2), c.s(3), 0, 8]),
  inotify_init: to('inotify_init1', () => [0]),
  eventfd: to('eventfd2', (c) => [c.u(0), 0]),
  signalfd: to('signalfd4', (c) => [c.u(0), c.u(1), c.u(2), 0]),
  chown32: to('fchownat', (c) => [AT_FDCWD, c.u(0), c.u(1), c.u(2), 0]),
  lchown32: to('fchownat', (c) => [AT_FDCWD, c.u(0), c.u(1), c.u(2), AT_SYMLINK_NOFOLLOW]),
  pause: to('ppoll', () => [0, 0, 0, 0, 0]),

  // User and group IDs of 32 bits.
  ...Object.fromEntries(
    'getuid getgid geteuid getegid setreuid setregid getgroups setgroups setresuid getresuid setresgid getresgid setuid setgid setfsuid setfsgid fchown'
      .split(' ')
      .map((name) => [`${name}32`, to(name as 'getuid', plain)]),
  ),

  // Files.
  ...DIRECTORY_CALLS,
  lseek: to(
    'lseek',
    (c) => [c.u(0), directoryOffset(c, c.u(0), c.s(1), c.u(2)), c.u(2)],
    (c, result) => fits(c, directoryPosition(c, c.u(0), result)),
  ),
  _llseek: to(
    'lseek',
    (c) => {
      const offset = BigInt.asIntN(64, (BigInt(c.u(1)) << 32n) | BigInt(c.u(2)));
      return [c.u(0), directoryOffset(c, c.u(0), offset, c.u(4)), c.u(4)];
    },
    (c, result) => {
      if (result < 0) return result;
      const position = directoryPosition(c, c.u(0), result);
      return c.task.space.writeU64(c.u(3), BigInt(position)) ? 0 : -EFAULT;
    },
  ),
  pread64: to('pread64', (c) => [c.u(0), c.u(1), c.u(2), c.long(4)]),
  pwrite64: to('pwrite64', (c) => [c.u(0), c.u(1), c.u(2), c.long(4)]),
  truncate64: to('truncate', (c) => [c.u(0), c.long(2)]),
  ftruncate64: to('ftruncate', (c) => [c.u(0), c.long(2)]),
  truncate: to('truncate', (c) => [c.u(0), c.s(1)]),
  ftruncate: to('ftruncate', (c) => [c.u(0), c.s(1)]),
  arm_fadvise64_64: to('fadvise64', (c) => [c.u(0), c.long(2), c.long(4), c.u(1)]),
  fallocate: to('fallocate', (c) => [c.u(0), c.u(1), c.long(2), c.long(4)]),
  readahead: to('readahead', (c) => [c.u(0), c.long(2), c.u(4)]),
  arm_sync_file_range: to('sync_file_range', (c) => [c.u(0), c.long(2), c.long(4), c.u(1)]),
  sendfile64: to('sendfile', plain),
  sendfile: to('sendfile', (c) => {
    const at = c.u(2);
    if (at === 0) return plain(c);
    const there = c.put(new Uint8Array(BigUint64Array.of(BigInt(c.task.space.readU32(at) ?? 0)).buffer));
    c.after(() => c.task.space.write(at, c.wideBytes(there, 4)));
    return [c.u(0), c.u(1), there, c.u(3)];
  }),
  readv: to('readv', (c) => [c.u(0), c.iovec(1, c.u(2)), c.u(2)]),
  writev: to('writev', (c) => [c.u(0), c.iovec(1, c.u(2)), c.u(2)]),
  preadv: to('preadv', (c) => [c.u(0), c.iovec(1, c.u(2)), c.u(2), c.long(3), 0]),
  pwritev: to('pwritev', (c) => [c.u(0), c.iovec(1, c.u(2)), c.u(2), c.long(3), 0]),
  preadv2: to('preadv2', (c) => [c.u(0), c.iovec(1, c.u(2)), c.u(2), c.long(3), 0, c.u(5)]),
  pwritev2: to('pwritev2', (c) => [c.u(0), c.iovec(1, c.u(2)), c.u(2), c.long(3), 0, c.u(5)]),
  process_vm_readv: to('process_vm_readv', remoteVectors),
  process_vm_writev: to('process_vm_writev', remoteVectors),
  process_madvise: to('process_madvise', (c) => [c.u(0), c.iovec(1, c.u(2)), c.u(2), c.s(3), c.u(4)]),
  vmsplice: to('vmsplice', (c) => [c.u(0), c.iovec(1, c.u(2)), c.u(2), c.u(3)]),
  stat64: to('newfstatat', (c) => [AT_FDCWD, c.u(0), outStat(c, 1), 0]),
  lstat64: to('newfstatat', (c) => [AT_FDCWD, c.u(0), outStat(c, 1), AT_SYMLINK_NOFOLLOW]),
  fstat64: to('fstat', (c) => [c.u(0), outStat(c, 1)]),
  fstatat64: to('newfstatat', (c) => [c.u(0), c.u(1), outStat(c, 2), c.u(3)]),
  statx: to('statx', (c) => {
    const at = c.u(4) + STATX_INO;
    c.after(() => foldInode(c, at));
    return plain(c);
  }),
  statfs: to('statfs', (c) => [c.u(0), c.out(1, STATFS)]),
  fstatfs: to('fstatfs', (c) => [c.u(0), c.out(1, STATFS)]),
  statfs64: to('statfs', (c) => [c.u(0), outStatfs64(c, 2)]),
  fstatfs64: to('fstatfs', (c) => [c.u(0), outStatfs64(c, 2)]),
  fcntl: to('fcntl', fcntl),
  fcntl64: to('fcntl', fcntl),
  utimensat: to('utimensat', (c) => [c.u(0), c.u(1), c.inArray(c.u(2), 2, TIMESPEC), c.u(3)]),
  utimensat_time64: to('utimensat', (c) => [c.u(0), c.u(1), c.inArray(c.u(2), 2, TIMESPEC64), c.u(3)]),
  _newselect: to('pselect6', (c) => {
    const time = c.in(4, TIMEVAL);
    if (time !== 0) {
      const micro = new BigUint64Array(c.wideBytes(time, 16).slice().buffer);
      c.put(new Uint8Array(0));
      c.task.space.write(time + 8, new Uint8Array(BigUint64Array.of(micro[1] * 1000n).buffer));
    }
    return [c.u(0), ...fdSets(c), time, 0];
  }),
  pselect6: to('pselect6', selectArguments(TIMESPEC)),
  pselect6_time64: to('pselect6', selectArguments(TIMESPEC64)),
  poll: to('ppoll', (c) => {
    const milliseconds = c.s(2);
    const time = BigUint64Array.of(BigInt(Math.floor(milliseconds / 1000)), BigInt((milliseconds % 1000) * 1_000_000));
    return [c.u(0), c.u(1), milliseconds < 0 ? 0 : c.put(new Uint8Array(time.buffer)), 0, 0];
  }),
  ppoll: to('ppoll', pollArguments(TIMESPEC)),
  ppoll_time64: to('ppoll', pollArguments(TIMESPEC64)),

  // Memory.
  fanotify_mark: to('fanotify_mark', (c) => [c.u(0), c.u(1), c.long(2), c.s(4), c.u(5)]),
  mmap2: to(
    'mmap',
    mmapArguments((c) => c.u(5) * PAGE),
  ),

  // Processes.
  execve: to('execve', (c) => [c.u(0), c.pointers(1), c.pointers(2)]),
  execveat: to('execveat', (c) => [c.u(0), c.u(1), c.pointers(2), c.pointers(3), c.u(4)]),
  wait4: to('wait4', (c) => [c.u(0), c.u(1), c.u(2), c.out(3, RUSAGE)]),
  waitid: to('waitid', (c) => [c.u(0), c.u(1), c.outSiginfo(2), c.u(3), c.out(4, RUSAGE)]),
  getrusage: to('getrusage', (c) => [c.u(0), c.out(1, RUSAGE)]),
  ugetrlimit: to('getrlimit', (c) => [c.u(0), outLimit(c, 1)]),
  setrlimit: to('setrlimit', (c) => [c.u(0), inLimit(c, 1)]),
  sysinfo: to('sysinfo', (c) => [c.out(0, SYSINFO)]),
  rseq: 'refused',
  set_robust_list: to('set_robust_list', (c) => [c.u(0), c.u(1) === 12 ? 24 : 0]),

  // Time.
  clock_gettime: to('clock_gettime', (c) => [c.u(0), c.out(1, TIMESPEC)]),
  clock_gettime64: to('clock_gettime', plain),
  clock_settime: to('clock_settime', (c) => [c.u(0), c.in(1, TIMESPEC)]),
  clock_settime64: to('clock_settime', (c) => [c.u(0), c.in(1, TIMESPEC64)]),
  clock_getres: to('clock_getres', (c) => [c.u(0), c.out(1, TIMESPEC)]),
  clock_getres_time64: to('clock_getres', plain),
  clock_nanosleep: to('clock_nanosleep', (c) => [c.u(0), c.u(1), c.in(2, TIMESPEC), c.outAlways(3, TIMESPEC)]),
  clock_nanosleep_time64: to('clock_nanosleep', (c) => [c.u(0), c.u(1), c.in(2, TIMESPEC64), c.u(3)]),
  nanosleep: to('nanosleep', (c) => [c.in(0, TIMESPEC), c.outAlways(1, TIMESPEC)]),
  gettimeofday: to('gettimeofday', (c) => [c.out(0, TIMEVAL), c.u(1)]),
  settimeofday: to('settimeofday', (c) => [c.in(0, TIMEVAL), c.u(1)]),
  getitimer: to('getitimer', (c) => [c.u(0), c.out(1, ITIMERVAL)]),
  setitimer: to('setitimer', (c) => [c.u(0), c.in(1, ITIMERVAL), c.out(2, ITIMERVAL)]),
  times: to('times', (c) => [c.out(0, TMS)]),
  timer_create: to('timer_create', (c) => [c.u(0), c.in(1, SIGEVENT), c.u(2)]),
  timer_settime: to('timer_settime', (c) => [c.u(0), c.u(1), c.in(2, ITIMERVAL), c.out(3, ITIMERVAL)]),
  timer_gettime: to('timer_gettime', (c) => [c.u(0), c.out(1, ITIMERVAL)]),
  timer_settime64: to('timer_settime', (c) => [c.u(0), c.u(1), c.in(2, ITIMERSPEC64), c.u(3)]),
  timer_gettime64: to('timer_gettime', plain),
  timerfd_settime: to('timerfd_settime', (c) => [c.u(0), c.u(1), c.in(2, ITIMERVAL), c.out(3, ITIMERVAL)]),
  timerfd_gettime: to('timerfd_gettime', (c) => [c.u(0), c.out(1, ITIMERVAL)]),
  timerfd_settime64: to('timerfd_settime', (c) => [c.u(0), c.u(1), c.in(2, ITIMERSPEC64), c.u(3)]),
  timerfd_gettime64: to('timerfd_gettime', plain),
  sched_rr_get_interval: to('sched_rr_get_interval', (c) => [c.u(0), c.out(1, TIMESPEC)]),
  sched_rr_get_interval_time64: to('sched_rr_get_interval', plain),
  futex: to('futex', futex(TIMESPEC)),
  futex_time64: to('futex', futex(TIMESPEC64)),

  // Signals.
  rt_sigaction: to('rt_sigaction', (c) => [c.u(0), c.in(1, SIGACTION), c.out(2, SIGACTION), c.u(3)]),
  sigaltstack: to('sigaltstack', (c) => [c.in(0, STACK), c.out(1, STACK)]),
  rt_sigtimedwait: to('rt_sigtimedwait', (c) => [c.u(0), c.outSiginfo(1), c.in(2, TIMESPEC), c.u(3)]),
  rt_sigtimedwait_time64: to('rt_sigtimedwait', (c) => [c.u(0), c.outSiginfo(1), c.in(2, TIMESPEC64), c.u(3)]),
  rt_sigqueueinfo: to('rt_sigqueueinfo', (c) => [c.u(0), c.u(1), c.inSiginfo(2)]),
  rt_tgsigqueueinfo: to('rt_tgsigqueueinfo', (c) => [c.u(0), c.u(1), c.u(2), c.inSiginfo(3)]),
  // Of a handler without SA_SIGINFO: its frame has no siginfo_t in front.
  sigreturn: to('rt_sigreturn', (c) => {
    c.task.cpu.sp -= 128n;
    return [];
  }),

  // Its structures are converted there, for they are those of the one who is traced.
  ptrace: to('ptrace', (c) => [c.u(0), c.u(1), c.u(2), c.u(3)]),

  // Sockets.
  ...MESSAGE_CALLS,
  setsockopt: to('setsockopt', setOption),
  getsockopt: to('getsockopt', getOption),
  send: to('sendto', (c) => [c.u(0), c.u(1), c.u(2), c.u(3), 0, 0]),
  recv: to('recvfrom', (c) => [c.u(0), c.u(1), c.u(2), c.u(3), 0, 0]),

  ...IPC_CALLS,
  adjtimex: to('adjtimex', (c) => [c.inOut(0, TIMEX)]),
  clock_adjtime: to('clock_adjtime', (c) => [c.u(0), c.inOut(1, TIMEX)]),
  clock_adjtime64: to('clock_adjtime', plain),
  ioctl: to('ioctl', narrowIoctl),

  // Those of the old ABI with IDs of 16 bits, and others whose structures have longs: not yet.
  ...Object.fromEntries(
    'getgroups setgroups getresuid getresgid io_setup io_submit io_getevents io_cancel io_destroy kexec_load get_robust_list move_pages mbind set_mempolicy get_mempolicy migrate_pages'
      .split(' ')
      .map((name) => [name, 'refused' as const]),
  ),
};
