/**
 * /proc/PID/mem, of the calling process and of others of its tree: reads and
 * writes at guest addresses go to the host's file at the host's addresses, so pages without permission can be
 * read and written as on Linux, and nothing outside the window can.
 */
import type { Int } from '../host/host.ts';
import { PAGE_SIZE } from '../host/layout.ts';
import { PageFlag } from '../memory/page-table.ts';
import { hostCall, ptr } from './call.ts';
import { toAddress, toInt32, toSize } from './codec.ts';
import { type MemoryFile, memoryFiles } from './descriptors.ts';
import { EINVAL, EIO } from './errno.ts';
import { KinMemory } from './kin.ts';
import { announcePoke, kinMappedBytes } from './ptrace.ts';
import { reportUnimplemented } from './report.ts';
import type { Row } from './row.ts';
import type { Task } from './task.ts';

const SEEK_SET = 0;
const SEEK_CUR = 1;

/** Calls that have a file position or transfer data, so that they cannot be passed on. */
const OTHERS = ['readv', 'writev', 'preadv', 'pwritev', 'preadv2', 'pwritev2', 'sendfile', 'splice', 'copy_file_range'];

/** Carries out a call whose first argument is an open /proc/self/mem; undefined if it can be passed on. */
export function memoryFileCall(task: Task, row: Row): Int | undefined {
  const file = memoryFiles?.get(toInt32(task.cpu.argument(0)));
  if (file === undefined) return undefined;
  const { name } = row;
  switch (name) {
    case 'read':
    case 'write':
      return transfer(task, name === 'read' ? 'pread64' : 'pwrite64', file.position, file, true);
    case 'pread64':
    case 'pwrite64':
      return transfer(task, name, toSize(task.cpu.argument(3)), file, false);
    case 'lseek':
      return seek(file, task.cpu.argument(1), toInt32(task.cpu.argument(2)));
    default:
      if (!OTHERS.includes(name)) return undefined;
      reportUnimplemented(`${name} on /proc/self/mem is not implemented`);
      return -EINVAL;
  }
}

/** How many of `count` bytes lie in the guest's pages: the host's between them can be read through mem, and must not be. */
function mappedBytes(task: Task, address: number, count: number): number {
  const { table } = task.space;
  let page = Math.floor(address / PAGE_SIZE);
  while (page < table.length && page * PAGE_SIZE < address + count && (table[page] & PageFlag.mapped) !== 0) page++;
  return Math.max(0, Math.min(count, page * PAGE_SIZE - address));
}

function transfer(task: Task, name: 'pread64' | 'pwrite64', address: number, file: MemoryFile, moves: boolean): Int {
  const cpu = task.cpu;
  const asked = toSize(cpu.argument(2));
  const { process } = file;
  const memory = process === undefined ? undefined : new KinMemory(task, process);
  const count = memory === undefined ? mappedBytes(task, address, asked) : kinMappedBytes(memory, address, asked);
  if (count === 0) return asked === 0 ? 0 : -EIO;
  const at = ptr(task, address) || ptr(task, 1) - 1;
  if (name === 'pwrite64' && memory === undefined) task.flushCode(address, address + count);
  const result = hostCall(task, name, cpu.argument(0), ptr(task, toAddress(cpu.argument(1))), count, at);
  if (name === 'pwrite64' && process !== undefined && memory !== undefined && result > 0) {
    announcePoke(task, memory, process, address, count);
  }
  if (moves && result > 0) file.position += Number(result);
  return result;
}

function seek(file: MemoryFile, offset: Int, whence: number): Int {
  if (whence !== SEEK_SET && whence !== SEEK_CUR) return -EINVAL;
  const target = Number(offset) + (whence === SEEK_CUR ? file.position : 0);
  file.position = target;
  return target;
}
