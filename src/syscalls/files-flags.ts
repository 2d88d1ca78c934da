/**
 * Flags of the file calls, as the manual pages spell them; values of the asm-generic ABI, which x86-64 shares. Guests may
 * have other values of some that open(2) takes: handlers see the generic ones.
 */
import { type Codec, type FlagTable, Pass, toUint32 } from './codec.ts';
import type { Task } from './task.ts';
import { flagNames } from './text.ts';

export const O_CREAT = 0o100;
export const O_NOFOLLOW = 0o400000;
export const O_CLOEXEC = 0o2000000;
export const O_PATH = 0o10000000;
export const O_DIRECTORY = 0o200000;
export const O_ACCMODE = 3;
export const O_TMPFILE = 0o20200000;

export const OPEN_FLAGS: FlagTable = {
  O_CREAT,
  O_EXCL: 0o200,
  O_NOCTTY: 0o400,
  O_TRUNC: 0o1000,
  O_APPEND: 0o2000,
  O_NONBLOCK: 0o4000,
  O_SYNC: 0o4010000,
  O_DSYNC: 0o10000,
  O_ASYNC: 0o20000,
  O_DIRECT: 0o40000,
  O_LARGEFILE: 0o100000,
  O_NOFOLLOW,
  O_NOATIME: 0o1000000,
  O_CLOEXEC,
  O_PATH,
  O_TMPFILE,
  O_DIRECTORY: 0o200000,
};

/** `O_RDWR|O_CREAT`: the access mode is a number, the rest are flags. */
export function openFlagsText(flags: number): string {
  const access = ['O_RDONLY', 'O_WRONLY', 'O_RDWR', 'O_ACCMODE'][flags & O_ACCMODE];
  const rest = flagNames(OPEN_FLAGS, flags & ~O_ACCMODE, '');
  return rest === '' ? access : `${access}|${rest}`;
}

/** O_DIRECT and O_LARGEFILE here, O_DIRECTORY and O_NOFOLLOW on arm; two bits higher it is the other way round. */
const LOWER_PAIR = 0o140000;
const UPPER_PAIR = 0o600000;

/** The guest's flags of open(2) with the generic values, or generic ones with the guest's: it is the same exchange. */
export function exchangeOpenFlags(task: Task, flags: number): number {
  if (!task.process.abi.armOpenFlags) return flags;
  const others = flags & ~(LOWER_PAIR | UPPER_PAIR);
  return (others | ((flags & LOWER_PAIR) << 2) | ((flags & UPPER_PAIR) >> 2)) >>> 0;
}

/** The flags of open(2), fcntl(F_SETFL) and pipe2(2). */
export const openFlags: Codec<number> = {
  pass: Pass.convert,
  decode: (task, raw) => exchangeOpenFlags(task, toUint32(raw)),
  toHost: (task, raw) => exchangeOpenFlags(task, toUint32(raw)),
  print: (p, raw) => openFlagsText(exchangeOpenFlags(p.task, toUint32(raw))),
};

export const AT_FDCWD = -100;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_SYMLINK_FOLLOW = 0x400;
export const AT_EMPTY_PATH = 0x1000;

export const AT_FLAGS: FlagTable = {
  AT_SYMLINK_NOFOLLOW,
  AT_SYMLINK_FOLLOW,
  AT_NO_AUTOMOUNT: 0x800,
  AT_EMPTY_PATH,
  AT_STATX_FORCE_SYNC: 0x2000,
  AT_STATX_DONT_SYNC: 0x4000,
  AT_RECURSIVE: 0x8000,
};
export const FACCESSAT_FLAGS: FlagTable = { AT_EACCESS: 0x200, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH };
export const UNLINK_FLAGS: FlagTable = { AT_REMOVEDIR: 0x200 };
export const ACCESS_MODES: FlagTable = { R_OK: 4, W_OK: 2, X_OK: 1 };
export const WHENCE: FlagTable = { SEEK_SET: 0, SEEK_CUR: 1, SEEK_END: 2, SEEK_DATA: 3, SEEK_HOLE: 4 };
export const RENAME_FLAGS: FlagTable = { RENAME_NOREPLACE: 1, RENAME_EXCHANGE: 2, RENAME_WHITEOUT: 4 };
export const FALLOC_FLAGS: FlagTable = {
  FALLOC_FL_KEEP_SIZE: 1,
  FALLOC_FL_PUNCH_HOLE: 2,
  FALLOC_FL_NO_HIDE_STALE: 4,
  FALLOC_FL_COLLAPSE_RANGE: 8,
  FALLOC_FL_ZERO_RANGE: 0x10,
  FALLOC_FL_INSERT_RANGE: 0x20,
  FALLOC_FL_UNSHARE_RANGE: 0x40,
};
export const FADVICE: FlagTable = {
  POSIX_FADV_NORMAL: 0,
  POSIX_FADV_RANDOM: 1,
  POSIX_FADV_SEQUENTIAL: 2,
  POSIX_FADV_WILLNEED: 3,
  POSIX_FADV_DONTNEED: 4,
  POSIX_FADV_NOREUSE: 5,
};
export const RWF_FLAGS: FlagTable = {
  RWF_HIPRI: 1,
  RWF_DSYNC: 2,
  RWF_SYNC: 4,
  RWF_NOWAIT: 8,
  RWF_APPEND: 0x10,
  RWF_NOAPPEND: 0x20,
  RWF_ATOMIC: 0x40,
};
export const SPLICE_FLAGS: FlagTable = {
  SPLICE_F_MOVE: 1,
  SPLICE_F_NONBLOCK: 2,
  SPLICE_F_MORE: 4,
  SPLICE_F_GIFT: 8,
};
export const SYNC_FILE_RANGE_FLAGS: FlagTable = {
  SYNC_FILE_RANGE_WAIT_BEFORE: 1,
  SYNC_FILE_RANGE_WRITE: 2,
  SYNC_FILE_RANGE_WAIT_AFTER: 4,
};
export const XATTR_FLAGS: FlagTable = { XATTR_CREATE: 1, XATTR_REPLACE: 2 };
export const LOCK_FLAGS: FlagTable = { LOCK_SH: 1, LOCK_EX: 2, LOCK_NB: 4, LOCK_UN: 8, LOCK_MAND: 32 };
export const MEMFD_FLAGS: FlagTable = {
  MFD_CLOEXEC: 1,
  MFD_ALLOW_SEALING: 2,
  MFD_HUGETLB: 4,
  MFD_NOEXEC_SEAL: 8,
  MFD_EXEC: 0x10,
};
export const CLOSE_RANGE_FLAGS: FlagTable = { CLOSE_RANGE_UNSHARE: 2, CLOSE_RANGE_CLOEXEC: 4 };
export const CLOEXEC_FLAG: FlagTable = { O_CLOEXEC };
const PIPE_FLAGS: FlagTable = { O_NONBLOCK: 0o4000, O_CLOEXEC, O_DIRECT: 0o40000, O_EXCL: 0o200 };
/** pipe2's, of which O_DIRECT is one of those. */
export const pipeFlags: Codec<number> = {
  ...openFlags,
  print: (p, raw) => flagNames(PIPE_FLAGS, exchangeOpenFlags(p.task, toUint32(raw))),
};
