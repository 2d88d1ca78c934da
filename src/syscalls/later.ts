/** Calls whose time has not come: they say so, and fail with ENOSYS. */
import { hex, hexLong, int, long, pid, pointer } from './codec.ts';
import { type Row, unsupported } from './row.ts';

const vectors = { pid, local_iov: pointer, liovcnt: long, remote_iov: pointer, riovcnt: long, flags: hex } as const;

export const laterRows = (): Row[] => [
  unsupported('ptrace', { request: int, pid, addr: hexLong, data: hexLong }, 'tracing'),
  unsupported('process_vm_readv', vectors, 'memory of other processes'),
  unsupported('process_vm_writev', vectors, 'memory of other processes'),
];
