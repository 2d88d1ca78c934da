/** Extended attributes, xattr(7). */
import { hostCall, ptr } from './call.ts';
import { bytes, type Codec, cstring, dirfd, fd, flags, out, Pass, pointer, size, toAddress } from './codec.ts';
import { EFAULT, EINVAL } from './errno.ts';
import { AT_FLAGS, XATTR_FLAGS } from './files-flags.ts';
import { setPointer } from './iovec.ts';
import { path, pathAt, pathNoFollow } from './paths.ts';
import { type Row, syscall } from './row.ts';
import { fetch, stage, stagedUint64 } from './staging.ts';
import type { Task } from './task.ts';

const name = cstring;
const value = { value: bytes('size'), size, flags: flags(XATTR_FLAGS) } as const;
const result = { value: out('size'), size } as const;
const list = { list: out('size'), size } as const;

/** struct xattr_args of setxattrat(2): pointer to the value, its size, flags. */
const ARGS_SIZE = 16;
const xattrArgs: Codec<number> = { ...pointer, pass: Pass.value, decode: (_task, raw) => toAddress(raw) };

/** setxattrat and getxattrat take a structure with a pointer in it. */
function withArgs(
  task: Task,
  call: 'setxattrat' | 'getxattrat',
  args: { dirfd: number; path: number; at_flags: number; name: number; args: number; size: number },
): number | bigint {
  if (args.size < ARGS_SIZE) return -EINVAL;
  const at = stage(ARGS_SIZE);
  if (!fetch(task, at, args.args, ARGS_SIZE)) return -EFAULT;
  setPointer(at, ptr(task, stagedUint64(at)));
  const { host } = task;
  return hostCall(
    task,
    call,
    args.dirfd,
    args.path,
    args.at_flags,
    ptr(task, args.name),
    host.stagingPointer(at),
    ARGS_SIZE,
  );
}

/** A path whose host pointer the handler gets. */
const translated = (codec: Codec<number>): Codec<number> => ({
  ...codec,
  decode: (task, raw) => Number(codec.toHost!(task, raw)),
  behindDirectory: (index) => translated(codec.behindDirectory!(index)),
});

export const xattrRows = (): Row[] => [
  syscall('setxattr', { path, name, ...value }),
  syscall('lsetxattr', { path: pathNoFollow, name, ...value }),
  syscall('fsetxattr', { fd, name, ...value }),
  syscall('getxattr', { path, name, ...result }),
  syscall('lgetxattr', { path: pathNoFollow, name, ...result }),
  syscall('fgetxattr', { fd, name, ...result }),
  syscall('listxattr', { path, ...list }),
  syscall('llistxattr', { path: pathNoFollow, ...list }),
  syscall('flistxattr', { fd, ...list }),
  syscall('removexattr', { path, name }),
  syscall('lremovexattr', { path: pathNoFollow, name }),
  syscall('fremovexattr', { fd, name }),
  syscall(
    'setxattrat',
    { dirfd, path: translated(pathAt(2)), at_flags: flags(AT_FLAGS), name, args: xattrArgs, size },
    (task, args) => withArgs(task, 'setxattrat', args),
  ),
  syscall(
    'getxattrat',
    { dirfd, path: translated(pathAt(2)), at_flags: flags(AT_FLAGS), name, args: xattrArgs, size },
    (task, args) => withArgs(task, 'getxattrat', args),
  ),
  syscall('listxattrat', { dirfd, path: pathAt(2), at_flags: flags(AT_FLAGS), ...list }),
  syscall('removexattrat', { dirfd, path: pathAt(2), at_flags: flags(AT_FLAGS), name }),
];
