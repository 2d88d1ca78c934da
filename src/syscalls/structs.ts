/**
 * Structures that several topics use. 64-bit guests of the generic ABI share
 * all of them with x86-64 but struct stat (include/uapi/asm-generic/stat.h
 * against arch/x86/include/uapi/asm/stat.h).
 */
import type { Int } from '../host/host.ts';
import { choiceName, type FlagTable } from './codec.ts';
import { type Fields, struct } from './struct.ts';
import { flagNames, hexText, octalText } from './text.ts';

export const TIMESPEC = struct('timespec', 'tv_sec:i64 tv_nsec:i64');
export const TIMEVAL = struct('timeval', 'tv_sec:i64 tv_usec:i64');

const pair = (f: Fields, outer: string, sec: string, fraction: string, unit: string): string =>
  `${outer}={tv_sec=${f[sec]}, ${unit}=${f[fraction]}}`;

export const ITIMERSPEC = struct(
  'itimerspec',
  'interval_sec:i64 interval_nsec:i64 value_sec:i64 value_nsec:i64',
  undefined,
  (f) =>
    `{${pair(f, 'it_interval', 'interval_sec', 'interval_nsec', 'tv_nsec')}, ${pair(f, 'it_value', 'value_sec', 'value_nsec', 'tv_nsec')}}`,
);
export const ITIMERVAL = struct(
  'itimerval',
  'interval_sec:i64 interval_usec:i64 value_sec:i64 value_usec:i64',
  undefined,
  (f) =>
    `{${pair(f, 'it_interval', 'interval_sec', 'interval_usec', 'tv_usec')}, ${pair(f, 'it_value', 'value_sec', 'value_usec', 'tv_usec')}}`,
);

/** By the top four bits of the mode. */
const FILE_TYPES: Record<number, string> = {
  1: 'S_IFIFO',
  2: 'S_IFCHR',
  4: 'S_IFDIR',
  6: 'S_IFBLK',
  8: 'S_IFREG',
  10: 'S_IFLNK',
  12: 'S_IFSOCK',
};
const SPECIAL_BITS = { S_ISUID: 0o4000, S_ISGID: 0o2000, S_ISVTX: 0o1000 } as const;

/** `S_IFREG|0644`. */
export function modeText(mode: number): string {
  const type = FILE_TYPES[(mode >> 12) & 15];
  const special = mode & 0o7000 ? `${flagNames(SPECIAL_BITS, mode & 0o7000)}|` : '';
  return `${type === undefined ? '' : `${type}|`}${special}${octalText(mode & (type === undefined ? ~0o7000 : 0o777))}`;
}

/** A device number as the C library's makedev takes it: `makedev(0x88, 0x1)`. */
export function deviceText(device: Int): string {
  const n = BigInt(device);
  const major = ((n >> 8n) & 0xfffn) | ((n >> 32n) & ~0xfffn & 0xffffffffn);
  const minor = (n & 0xffn) | ((n >> 12n) & ~0xffn & 0xffffffffn);
  return `makedev(${hexText(major)}, ${hexText(minor)})`;
}

const isDevice = (mode: Int): boolean => [0o020000, 0o060000].includes(Number(mode) & 0o170000);

const STAT_TIMES = 'st_atime:i64 st_atime_nsec:u64 st_mtime:i64 st_mtime_nsec:u64 st_ctime:i64 st_ctime_nsec:u64';

export const STAT = struct(
  'stat',
  'st_dev:u64 st_ino:u64 st_mode:u32 st_nlink:u32 st_uid:u32 st_gid:u32 st_rdev:u64 pad1:u64 st_size:i64 st_blksize:i32 ' +
    `pad2:i32 st_blocks:i64 ${STAT_TIMES} unused:u8[8]`,
  'st_dev:u64 st_ino:u64 st_nlink:u64 st_mode:u32 st_uid:u32 st_gid:u32 pad0:u32 st_rdev:u64 st_size:i64 st_blksize:i64 ' +
    `st_blocks:i64 ${STAT_TIMES} unused3:u8[24]`,
  (f) =>
    `{st_mode=${modeText(Number(f.st_mode))}, ${isDevice(f.st_mode) ? `st_rdev=${deviceText(f.st_rdev)}` : `st_size=${f.st_size}`}, ...}`,
);

export const STATX_MASK = {
  STATX_ALL: 0xfff,
  STATX_BASIC_STATS: 0x7ff,
  STATX_TYPE: 1,
  STATX_MODE: 2,
  STATX_NLINK: 4,
  STATX_UID: 8,
  STATX_GID: 0x10,
  STATX_ATIME: 0x20,
  STATX_MTIME: 0x40,
  STATX_CTIME: 0x80,
  STATX_INO: 0x100,
  STATX_SIZE: 0x200,
  STATX_BLOCKS: 0x400,
  STATX_BTIME: 0x800,
  STATX_MNT_ID: 0x1000,
  STATX_DIOALIGN: 0x2000,
  STATX_MNT_ID_UNIQUE: 0x4000,
  STATX_SUBVOL: 0x8000,
} as const;

const STATX_ATTRIBUTES = {
  STATX_ATTR_COMPRESSED: 4,
  STATX_ATTR_IMMUTABLE: 0x10,
  STATX_ATTR_APPEND: 0x20,
  STATX_ATTR_NODUMP: 0x40,
  STATX_ATTR_ENCRYPTED: 0x800,
  STATX_ATTR_AUTOMOUNT: 0x1000,
  STATX_ATTR_MOUNT_ROOT: 0x2000,
  STATX_ATTR_VERITY: 0x100000,
  STATX_ATTR_DAX: 0x200000,
} as const;

export const STATX = struct(
  'statx',
  'stx_mask:u32 stx_blksize:u32 stx_attributes:u64 stx_nlink:u32 stx_uid:u32 stx_gid:u32 stx_mode:u16 spare0:u16 ' +
    'stx_ino:u64 stx_size:u64 stx_blocks:u64 stx_attributes_mask:u64 times:u8[64] stx_rdev_major:u32 stx_rdev_minor:u32 ' +
    'stx_dev_major:u32 stx_dev_minor:u32 rest:u8[112]',
  undefined,
  (f) =>
    `{stx_mask=${flagNames(STATX_MASK, Number(f.stx_mask))}, stx_attributes=${flagNames(STATX_ATTRIBUTES, Number(f.stx_attributes))}, ` +
    `stx_mode=${modeText(Number(f.stx_mode))}, stx_size=${f.stx_size}, ...}`,
);

/** By name, as linux/magic.h has them. */
const FILE_SYSTEMS: FlagTable = {
  EXT2_SUPER_MAGIC: 0xef53,
  TMPFS_MAGIC: 0x01021994,
  OVERLAYFS_SUPER_MAGIC: 0x794c7630,
  PROC_SUPER_MAGIC: 0x9fa0,
  SYSFS_MAGIC: 0x62656572,
  XFS_SUPER_MAGIC: 0x58465342,
  BTRFS_SUPER_MAGIC: 0x9123683e,
  CGROUP_SUPER_MAGIC: 0x27e0eb,
  CGROUP2_SUPER_MAGIC: 0x63677270,
  DEVPTS_SUPER_MAGIC: 0x1cd1,
  PIPEFS_MAGIC: 0x50495045,
  SOCKFS_MAGIC: 0x534f434b,
  NFS_SUPER_MAGIC: 0x6969,
};
const MOUNT_FLAGS = {
  ST_VALID: 0x20,
  ST_RDONLY: 1,
  ST_NOSUID: 2,
  ST_NODEV: 4,
  ST_NOEXEC: 8,
  ST_SYNCHRONOUS: 0x10,
  ST_MANDLOCK: 0x40,
  ST_NOATIME: 0x400,
  ST_NODIRATIME: 0x800,
  ST_RELATIME: 0x1000,
} as const;

export const STATFS = struct(
  'statfs',
  'f_type:i64 f_bsize:i64 f_blocks:i64 f_bfree:i64 f_bavail:i64 f_files:i64 f_ffree:i64 fsid0:i32 fsid1:i32 f_namelen:i64 ' +
    'f_frsize:i64 f_flags:i64 spare:u8[32]',
  undefined,
  (f) =>
    `{f_type=${choiceName(FILE_SYSTEMS, Number(f.f_type)) ?? hexText(f.f_type)}, f_bsize=${f.f_bsize}, f_blocks=${f.f_blocks}, ` +
    `f_bfree=${f.f_bfree}, f_bavail=${f.f_bavail}, f_files=${f.f_files}, f_ffree=${f.f_ffree}, ` +
    `f_fsid={val=[${hexText(Number(f.fsid0) >>> 0)}, ${hexText(Number(f.fsid1) >>> 0)}]}, f_namelen=${f.f_namelen}, ` +
    `f_frsize=${f.f_frsize}, f_flags=${flagNames(MOUNT_FLAGS, Number(f.f_flags))}}`,
);

const LOCK_TYPES = ['F_RDLCK', 'F_WRLCK', 'F_UNLCK'];
const WHENCE = ['SEEK_SET', 'SEEK_CUR', 'SEEK_END', 'SEEK_DATA', 'SEEK_HOLE'];

const FLOCK_FIELDS = 'l_type:i16 l_whence:i16 l_start:i64 l_len:i64 l_pid:i32';
const lockText = (f: Fields): string =>
  `l_type=${LOCK_TYPES[Number(f.l_type)] ?? f.l_type}, l_whence=${WHENCE[Number(f.l_whence)] ?? f.l_whence}, ` +
  `l_start=${f.l_start}, l_len=${f.l_len}`;

export const FLOCK = struct('flock', FLOCK_FIELDS, undefined, (f) => `{${lockText(f)}}`);
/** As F_GETLK fills it. */
export const FLOCK_WITH_PID = struct('flock', FLOCK_FIELDS, undefined, (f) => `{${lockText(f)}, l_pid=${f.l_pid}}`);

export const WINSIZE = struct('winsize', 'ws_row:u16 ws_col:u16 ws_xpixel:u16 ws_ypixel:u16');
