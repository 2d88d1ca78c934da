/** Every system call, by topic. */
import { adminRows } from './admin.ts';
import { cloneRows } from './clone.ts';
import { eventRows } from './events.ts';
import { fcntlRows } from './fcntl.ts';
import { ioRows } from './files-io.ts';
import { openRows } from './files-open.ts';
import { treeRows } from './files-tree.ts';
import { futex2Rows } from './futex2.ts';
import { identityRows } from './identity.ts';
import { ioctlRows } from './ioctl.ts';
import { ipcRows } from './ipc.ts';
import { keyRows } from './keys.ts';
import { memoryRows } from './memory.ts';
import { pollRows } from './poll.ts';
import { processRows } from './process.ts';
import { processVmRows } from './process-vm.ts';
import { ptraceRows } from './ptrace.ts';
import type { Row } from './row.ts';
import { signalRows } from './signals.ts';
import { socketOptionRows } from './socket-options.ts';
import { socketRows } from './sockets.ts';
import { timeRows } from './time.ts';
import { xattrRows } from './xattr.ts';

/** The rows of one topic, made when first needed: a small program uses few topics. */
export type Topic = () => readonly Row[];

/** All topics, those that every program uses first. */
export const TOPICS: readonly Topic[] = [
  memoryRows,
  ioRows,
  processRows,
  identityRows,
  treeRows,
  openRows,
  signalRows,
  ioctlRows,
  fcntlRows,
  timeRows,
  pollRows,
  eventRows,
  xattrRows,
  ipcRows,
  socketRows,
  socketOptionRows,
  cloneRows,
  keyRows,
  futex2Rows,
  processVmRows,
  ptraceRows,
  adminRows,
];

/** All rows, for tests and documentation. */
export const allRows = (): Row[] => TOPICS.flatMap((topic) => topic());
