/** Calls whose time has not come: they say so, and fail with ENOSYS. */
import { dirfd, fd, flags, hex, hexLong, int, long, pid, pointer, size } from './codec.ts';
import { ENOSYS } from './errno.ts';
import { AT_FLAGS } from './files-flags.ts';
import { path, pathAt } from './paths.ts';
import { type Arguments, notYet, type Row, type SyscallName, syscall, unsupported } from './row.ts';

const PROCESSES = 'threads, fork and exec';
const SOCKETS = 'sockets';
const AF_UNIX = 1;
/** SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK. */
const NSCD_TYPE = 0x80801;
const message = { sockfd: fd, msg: pointer, flags: hex } as const;
const messages = { sockfd: fd, msgvec: pointer, vlen: int, flags: hex } as const;
const address = { sockfd: fd, addr: pointer, addrlen: pointer } as const;
const option = { sockfd: fd, level: int, optname: int, optval: pointer } as const;
const vectors = { pid, local_iov: pointer, liovcnt: long, remote_iov: pointer, riovcnt: long, flags: hex } as const;

const socket = (name: SyscallName, args: Arguments): Row => unsupported(name, args, SOCKETS);

export const laterRows = (): Row[] => [
  unsupported(
    'clone',
    { flags: hexLong, stack: pointer, parent_tid: pointer, tls: hexLong, child_tid: pointer },
    PROCESSES,
  ),
  unsupported('clone3', { cl_args: pointer, size }, PROCESSES),
  unsupported('execve', { pathname: path, argv: pointer, envp: pointer }, PROCESSES),
  unsupported(
    'execveat',
    { dirfd, pathname: pathAt(4), argv: pointer, envp: pointer, flags: flags(AT_FLAGS) },
    PROCESSES,
  ),
  unsupported('ptrace', { request: int, pid, addr: hexLong, data: hexLong }, 'tracing'),
  unsupported('process_vm_readv', vectors, 'memory of other processes'),
  unsupported('process_vm_writev', vectors, 'memory of other processes'),
  syscall(
    'socket',
    { domain: int, type: hex, protocol: int },
    // glibc asks whether a name service cache daemon runs, in `ls -l` for instance: ENOSYS is answer enough.
    (_task, { domain, type }) => (domain === AF_UNIX && type === NSCD_TYPE ? -ENOSYS : notYet('socket')),
    { refused: 'announced', note: SOCKETS },
  ),
  socket('socketpair', { domain: int, type: hex, protocol: int, sv: pointer }),
  socket('bind', { sockfd: fd, addr: pointer, addrlen: int }),
  socket('listen', { sockfd: fd, backlog: int }),
  socket('accept', address),
  socket('accept4', { ...address, flags: hex }),
  socket('connect', { sockfd: fd, addr: pointer, addrlen: int }),
  socket('getsockname', address),
  socket('getpeername', address),
  socket('sendto', { sockfd: fd, buf: pointer, len: size, flags: hex, dest_addr: pointer, addrlen: int }),
  socket('recvfrom', { sockfd: fd, buf: pointer, len: size, flags: hex, src_addr: pointer, addrlen: pointer }),
  socket('setsockopt', { ...option, optlen: int }),
  socket('getsockopt', { ...option, optlen: pointer }),
  socket('shutdown', { sockfd: fd, how: int }),
  socket('sendmsg', message),
  socket('recvmsg', message),
  socket('sendmmsg', messages),
  socket('recvmmsg', { ...messages, timeout: pointer }),
];
