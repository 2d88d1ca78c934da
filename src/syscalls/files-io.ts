/** Reading, writing, moving data between descriptors, positions and space. */
import {
  addressText,
  bytes,
  type Codec,
  choice,
  fd,
  flags,
  int,
  long,
  out,
  Pass,
  size,
  toAddress,
  uint,
} from './codec.ts';
import { FADVICE, FALLOC_FLAGS, RWF_FLAGS, SPLICE_FLAGS, SYNC_FILE_RANGE_FLAGS, WHENCE } from './files-flags.ts';
import { iovec } from './iovec.ts';
import { peek } from './peek.ts';
import { type Row, restarts, syscall } from './row.ts';

/** A file position that the call reads and moves on; NULL for the descriptor's own. */
const position: Codec<number> = {
  pass: Pass.pointer,
  decode: (_task, raw) => toAddress(raw),
  print: (p, raw) => {
    if (raw === 0) return 'NULL';
    const data = peek(p.task, raw, 8);
    return data === undefined ? addressText(raw) : `[${new DataView(data.buffer).getBigInt64(0, true)}]`;
  },
};

const sa = restarts('sa');

export const ioRows = (): Row[] => [
  syscall('read', { fd, buf: out('count'), count: size }, sa),
  syscall('write', { fd, buf: bytes('count'), count: size }, sa),
  syscall('pread64', { fd, buf: out('count'), count: size, offset: long }, sa),
  syscall('pwrite64', { fd, buf: bytes('count'), count: size, offset: long }, sa),
  syscall('readv', { fd, iov: iovec('iovcnt', 2, true), iovcnt: int }, sa),
  syscall('writev', { fd, iov: iovec('iovcnt', 2, false), iovcnt: int }, sa),
  // pos_h counts only where a long has 32 bits; the kernel takes pos_l alone on 64-bit machines.
  syscall('preadv', { fd, iov: iovec('iovcnt', 2, true), iovcnt: int, offset: long, pos_h: hidden() }, sa),
  syscall('pwritev', { fd, iov: iovec('iovcnt', 2, false), iovcnt: int, offset: long, pos_h: hidden() }, sa),
  syscall(
    'preadv2',
    { fd, iov: iovec('iovcnt', 2, true), iovcnt: int, offset: long, pos_h: hidden(), flags: flags(RWF_FLAGS) },
    sa,
  ),
  syscall(
    'pwritev2',
    { fd, iov: iovec('iovcnt', 2, false), iovcnt: int, offset: long, pos_h: hidden(), flags: flags(RWF_FLAGS) },
    sa,
  ),
  syscall('lseek', { fd, offset: long, whence: choice(WHENCE) }),
  syscall('readahead', { fd, offset: long, count: size }),
  syscall('fadvise64', { fd, offset: long, len: long, advice: choice(FADVICE) }),
  syscall('fallocate', { fd, mode: flags(FALLOC_FLAGS), offset: long, len: long }),
  syscall('ftruncate', { fd, length: long }),
  syscall(
    'copy_file_range',
    { fd_in: fd, off_in: position, fd_out: fd, off_out: position, len: size, flags: uint },
    sa,
  ),
  syscall('sendfile', { out_fd: fd, in_fd: fd, offset: position, count: size }, sa),
  syscall(
    'splice',
    { fd_in: fd, off_in: position, fd_out: fd, off_out: position, len: size, flags: flags(SPLICE_FLAGS) },
    sa,
  ),
  syscall('tee', { fd_in: fd, fd_out: fd, len: size, flags: flags(SPLICE_FLAGS) }, sa),
  syscall('vmsplice', { fd, iov: iovec('nr_segs', 2, false), nr_segs: size, flags: flags(SPLICE_FLAGS) }, sa),
  syscall('fsync', { fd }),
  syscall('fdatasync', { fd }),
  syscall('sync', {}),
  syscall('syncfs', { fd }),
  syscall('sync_file_range', { fd, offset: long, nbytes: long, flags: flags(SYNC_FILE_RANGE_FLAGS) }),
];

/** An argument that strace does not show. */
function hidden(): Codec<unknown> {
  return { ...long, print: () => undefined };
}
