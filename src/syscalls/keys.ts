/** The kernel's keys: keyrings(7). Those of a process are its credentials', so the host's calls are right. */
import type { Int } from '../host/host.ts';
import { hostCall, ptr } from './call.ts';
import { bytes, choice, cstring, hexLong, int, size, toAddress } from './codec.ts';
import { EOPNOTSUPP } from './errno.ts';
import { reportUnimplemented } from './report.ts';
import { partial, type Row, syscall } from './row.ts';
import type { Task } from './task.ts';

/** Operations of keyctl(2) by name: their number, and for each argument behind it whether it is a pointer. */
const OPERATIONS = {
  KEYCTL_GET_KEYRING_ID: [0, 'vv'],
  KEYCTL_JOIN_SESSION_KEYRING: [1, 'p'],
  KEYCTL_UPDATE: [2, 'vpv'],
  KEYCTL_REVOKE: [3, 'v'],
  KEYCTL_CHOWN: [4, 'vvv'],
  KEYCTL_SETPERM: [5, 'vv'],
  KEYCTL_DESCRIBE: [6, 'vpv'],
  KEYCTL_CLEAR: [7, 'v'],
  KEYCTL_LINK: [8, 'vv'],
  KEYCTL_UNLINK: [9, 'vv'],
  KEYCTL_SEARCH: [10, 'vppv'],
  KEYCTL_READ: [11, 'vpv'],
  KEYCTL_INSTANTIATE: [12, 'vpvv'],
  KEYCTL_NEGATE: [13, 'vvv'],
  KEYCTL_SET_REQKEY_KEYRING: [14, 'v'],
  KEYCTL_SET_TIMEOUT: [15, 'vv'],
  KEYCTL_ASSUME_AUTHORITY: [16, 'v'],
  KEYCTL_GET_SECURITY: [17, 'vpv'],
  KEYCTL_SESSION_TO_PARENT: [18, ''],
  KEYCTL_REJECT: [19, 'vvvv'],
  KEYCTL_INVALIDATE: [21, 'v'],
  KEYCTL_GET_PERSISTENT: [22, 'vv'],
  KEYCTL_RESTRICT_KEYRING: [29, 'vpp'],
  KEYCTL_MOVE: [30, 'vvvv'],
  KEYCTL_CAPABILITIES: [31, 'pv'],
  KEYCTL_WATCH_KEY: [32, 'vvv'],
} as const satisfies Record<string, readonly [number: number, kinds: string]>;

const NAMES = Object.fromEntries(Object.entries(OPERATIONS).map(([name, [number]]) => [name, number]));

function keyctl(task: Task, operation: number, args: readonly Int[]): Int {
  const [, kinds] = Object.values(OPERATIONS).find(([number]) => number === operation) ?? [];
  if (kinds === undefined) {
    reportUnimplemented(`keyctl operation ${operation} is not implemented`);
    return -EOPNOTSUPP;
  }
  const converted = args.map((arg, i) => (kinds[i] === 'p' ? ptr(task, toAddress(arg)) : arg));
  return hostCall(task, 'keyctl', operation, ...converted);
}

export const keyRows = (): Row[] => [
  syscall('add_key', { type: cstring, description: cstring, payload: bytes('plen'), plen: size, keyring: int }),
  syscall('request_key', { type: cstring, description: cstring, callout_info: cstring, keyring: int }),
  syscall(
    'keyctl',
    { operation: choice(NAMES), arg2: hexLong, arg3: hexLong, arg4: hexLong, arg5: hexLong },
    (task, { operation, arg2, arg3, arg4, arg5 }) => keyctl(task, operation, [arg2, arg3, arg4, arg5]),
    partial('no Diffie-Hellman, no public keys, and no KEYCTL_INSTANTIATE_IOV: EOPNOTSUPP'),
  ),
];
