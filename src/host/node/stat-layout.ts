/** Node's stat results in the layouts of x86-64 Linux: struct stat (asm/stat.h), statx(2), struct statfs. */
import type { BigIntStats, StatsFsBase } from 'node:fs';

export const STAT_SIZE = 144;
export const STATX_SIZE = 256;
export const STATFS_SIZE = 120;

/** STATX_BASIC_STATS | STATX_BTIME. */
const STATX_MASK = 0xfff;

const NS = 1_000_000_000n;

function time(view: DataView, at: number, ns: bigint): void {
  const seconds = ns / NS - (ns % NS < 0n ? 1n : 0n);
  view.setBigInt64(at, seconds, true);
  view.setUint32(at + 8, Number(ns - seconds * NS), true);
}

export function writeStat(view: DataView, stat: BigIntStats): void {
  for (let at = 0; at < STAT_SIZE; at += 8) view.setBigUint64(at, 0n, true);
  view.setBigUint64(0, stat.dev, true);
  view.setBigUint64(8, stat.ino, true);
  view.setBigUint64(16, stat.nlink, true);
  view.setUint32(24, Number(stat.mode), true);
  view.setUint32(28, Number(stat.uid), true);
  view.setUint32(32, Number(stat.gid), true);
  view.setBigUint64(40, stat.rdev, true);
  view.setBigInt64(48, stat.size, true);
  view.setBigInt64(56, stat.blksize ?? 4096n, true);
  view.setBigInt64(64, stat.blocks ?? (stat.size + 511n) / 512n, true);
  time(view, 72, stat.atimeNs);
  time(view, 88, stat.mtimeNs);
  time(view, 104, stat.ctimeNs);
}

/** Major and minor number of a dev_t, as gnu_dev_major(3) takes them apart. */
const major = (dev: bigint): number => Number(((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xffff_f000n));
const minor = (dev: bigint): number => Number((dev & 0xffn) | ((dev >> 12n) & 0xffff_ff00n));

export function writeStatx(view: DataView, stat: BigIntStats): void {
  for (let at = 0; at < STATX_SIZE; at += 8) view.setBigUint64(at, 0n, true);
  view.setUint32(0, STATX_MASK, true);
  view.setUint32(4, Number(stat.blksize ?? 4096n), true);
  view.setUint32(16, Number(stat.nlink), true);
  view.setUint32(20, Number(stat.uid), true);
  view.setUint32(24, Number(stat.gid), true);
  view.setUint16(28, Number(stat.mode), true);
  view.setBigUint64(32, stat.ino, true);
  view.setBigUint64(40, stat.size, true);
  view.setBigUint64(48, stat.blocks ?? (stat.size + 511n) / 512n, true);
  time(view, 64, stat.atimeNs);
  time(view, 80, stat.birthtimeNs);
  time(view, 96, stat.ctimeNs);
  time(view, 112, stat.mtimeNs);
  view.setUint32(128, major(stat.rdev), true);
  view.setUint32(132, minor(stat.rdev), true);
  view.setUint32(136, major(stat.dev), true);
  view.setUint32(140, minor(stat.dev), true);
}

export function writeStatfs(view: DataView, stat: StatsFsBase<bigint>): void {
  for (let at = 0; at < STATFS_SIZE; at += 8) view.setBigUint64(at, 0n, true);
  const { type, bsize, blocks, bfree, bavail, files, ffree } = stat;
  [type, bsize, blocks, bfree, bavail, files, ffree].forEach((value, i) => {
    view.setBigUint64(8 * i, value, true);
  });
  view.setBigUint64(64, 255n, true); // f_namelen
  view.setBigUint64(72, bsize, true); // f_frsize
}
