/**
 * Memory: mmap(2) and its family. The guest's address space is ours (Task.space),
 * see src/memory; what the kernel alone can do is passed on with the guest's
 * range as host pointers.
 */

import type { Int } from '../host/host.ts';
import {
  address,
  addressText,
  type Codec,
  choice,
  fd,
  flags,
  hex,
  hexLong,
  int,
  pid,
  pointer,
  toInt32,
  ulong,
} from './codec.ts';
import { lockedBreak, lockedMapping, MCL, mlockall, munlockall } from './memory-lock.ts';
import { prints, type Row, refused, syscall } from './row.ts';

const PROT = { PROT_READ: 1, PROT_WRITE: 2, PROT_EXEC: 4, PROT_SEM: 8, PROT_GROWSDOWN: 0x0100_0000 } as const;
const MAP = {
  MAP_SHARED_VALIDATE: 3,
  MAP_SHARED: 1,
  MAP_PRIVATE: 2,
  MAP_FIXED_NOREPLACE: 0x10_0000,
  MAP_FIXED: 0x10,
  MAP_ANONYMOUS: 0x20,
  MAP_GROWSDOWN: 0x100,
  MAP_DENYWRITE: 0x800,
  MAP_EXECUTABLE: 0x1000,
  MAP_LOCKED: 0x2000,
  MAP_NORESERVE: 0x4000,
  MAP_POPULATE: 0x8000,
  MAP_NONBLOCK: 0x1_0000,
  MAP_STACK: 0x2_0000,
  MAP_HUGETLB: 0x4_0000,
  MAP_SYNC: 0x8_0000,
} as const;
const MREMAP = { MREMAP_MAYMOVE: 1, MREMAP_FIXED: 2, MREMAP_DONTUNMAP: 4 } as const;
const MADV = {
  MADV_NORMAL: 0,
  MADV_RANDOM: 1,
  MADV_SEQUENTIAL: 2,
  MADV_WILLNEED: 3,
  MADV_DONTNEED: 4,
  MADV_FREE: 8,
  MADV_REMOVE: 9,
  MADV_DONTFORK: 10,
  MADV_DOFORK: 11,
  MADV_MERGEABLE: 12,
  MADV_UNMERGEABLE: 13,
  MADV_HUGEPAGE: 14,
  MADV_NOHUGEPAGE: 15,
  MADV_DONTDUMP: 16,
  MADV_DODUMP: 17,
  MADV_WIPEONFORK: 18,
  MADV_KEEPONFORK: 19,
  MADV_COLD: 20,
  MADV_PAGEOUT: 21,
  MADV_POPULATE_READ: 22,
  MADV_POPULATE_WRITE: 23,
  MADV_DONTNEED_LOCKED: 24,
  MADV_COLLAPSE: 25,
} as const;
const MS = { MS_ASYNC: 1, MS_INVALIDATE: 2, MS_SYNC: 4 } as const;

/** mremap's last argument, which only MREMAP_FIXED and MREMAP_DONTUNMAP use. */
const newAddress: Codec<Int> = {
  ...address,
  print: (p, raw) =>
    (toInt32(p.argument('flags')) & (MREMAP.MREMAP_FIXED | MREMAP.MREMAP_DONTUNMAP)) === 0
      ? undefined
      : addressText(raw),
};

export const memoryRows = (): Row[] => [
  syscall(
    'mmap',
    { addr: address, length: ulong, prot: flags(PROT, 'PROT_NONE'), flags: flags(MAP), fd, offset: hexLong },
    (task, v) => lockedMapping(task, task.space.mmap(v.addr, v.length, v.prot, v.flags, v.fd, v.offset), v.length),
    prints('hex'),
  ),
  syscall('munmap', { addr: address, length: ulong }, (task, v) => task.space.munmap(v.addr, v.length)),
  syscall('mprotect', { addr: address, length: ulong, prot: flags(PROT, 'PROT_NONE') }, (task, v) =>
    task.space.mprotect(v.addr, v.length, v.prot),
  ),
  syscall(
    'mremap',
    {
      old_address: address,
      old_size: ulong,
      new_size: ulong,
      flags: flags(MREMAP),
      new_address: newAddress,
    },
    (task, v) => task.space.mremap(v.old_address, v.old_size, v.new_size, v.flags, v.new_address),
    prints('hex'),
  ),
  syscall('brk', { addr: address }, (task, v) => lockedBreak(task, v.addr), prints('hex')),
  syscall('madvise', { addr: address, length: ulong, advice: choice(MADV) }, (task, v) =>
    task.space.madvise(v.addr, v.length, v.advice),
  ),
  syscall('msync', { addr: address, length: ulong, flags: flags(MS) }, (task, v) =>
    task.space.msync(v.addr, v.length, v.flags),
  ),
  syscall('mincore', { addr: address, length: ulong, vec: pointer }, (task, v) =>
    task.space.mincore(v.addr, v.length, v.vec),
  ),
  syscall('mlock', { addr: address, length: ulong }, (task, v) => task.space.mlock(v.addr, v.length)),
  syscall('mlock2', { addr: address, length: ulong, flags: flags({ MLOCK_ONFAULT: 1 }) }, (task, v) =>
    task.space.mlock(v.addr, v.length, v.flags),
  ),
  syscall('munlock', { addr: address, length: ulong }, (task, v) => task.space.munlock(v.addr, v.length)),
  syscall('mlockall', { flags: flags(MCL) }, mlockall),
  syscall('munlockall', {}, munlockall),
  syscall('membarrier', { cmd: int, flags: hex, cpu_id: int }),
  // NUMA placement: pages and nodes are the host's.
  syscall('mbind', { addr: pointer, length: ulong, mode: int, nodemask: pointer, maxnode: ulong, flags: hex }),
  syscall('set_mempolicy', { mode: int, nodemask: pointer, maxnode: ulong }),
  syscall('get_mempolicy', { mode: pointer, nodemask: pointer, maxnode: ulong, addr: pointer, flags: hex }),
  syscall('migrate_pages', { pid, maxnode: ulong, old_nodes: pointer, new_nodes: pointer }),
  refused('move_pages', { pid, count: ulong }, 'takes an array of addresses'),
  refused('remap_file_pages', { addr: pointer, size: ulong }, 'deprecated; mmap does the same'),
  refused('pkey_mprotect', { addr: pointer, length: ulong, prot: int, pkey: int }, 'riscv64 has no protection keys'),
  refused('pkey_alloc', { flags: hex, access_rights: hex }, 'riscv64 has no protection keys'),
  refused('pkey_free', { pkey: int }, 'riscv64 has no protection keys'),
  refused('userfaultfd', { flags: hex }, 'faults are handled by the emulator'),
];
