/** Every system call, by topic. */
import { adminRows } from './admin.ts';
import { eventRows } from './events.ts';
import { fcntlRows } from './fcntl.ts';
import { ioRows } from './files-io.ts';
import { openRows } from './files-open.ts';
import { treeRows } from './files-tree.ts';
import { ioctlRows } from './ioctl.ts';
import { ipcRows } from './ipc.ts';
import { laterRows } from './later.ts';
import { memoryRows } from './memory.ts';
import { pollRows } from './poll.ts';
import { processRows } from './process.ts';
import type { Row } from './row.ts';
import { signalRows } from './signals.ts';
import { timeRows } from './time.ts';
import { xattrRows } from './xattr.ts';

/** All rows. Called once, when the first system call is made. */
export const allRows = (): Row[] => [
  ...openRows,
  ...ioRows,
  ...treeRows,
  ...xattrRows,
  ...fcntlRows,
  ...ioctlRows,
  ...pollRows,
  ...eventRows,
  ...signalRows,
  ...timeRows,
  ...memoryRows,
  ...processRows,
  ...ipcRows,
  ...adminRows,
  ...laterRows,
];
