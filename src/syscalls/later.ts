/** Calls whose time has not come: they say so, and fail with ENOSYS. */
import { hexLong, int, pid } from './codec.ts';
import { type Row, unsupported } from './row.ts';

export const laterRows = (): Row[] => [
  unsupported('ptrace', { request: int, pid, addr: hexLong, data: hexLong }, 'tracing'),
];
