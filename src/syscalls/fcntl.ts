/** fcntl(2) and flock(2). */
import type { Int } from '../host/host.ts';
import { hostCall, ptr } from './call.ts';
import {
  addressText,
  type Codec,
  choice,
  type FlagTable,
  fd,
  flags,
  Pass,
  type Printing,
  toAddress,
  toInt32,
  toUint32,
} from './codec.ts';
import { EBADF, EINVAL } from './errno.ts';
import { exchangeOpenFlags, LOCK_FLAGS, openFlagsText } from './files-flags.ts';
import { copied } from './files-open.ts';
import { isOpen } from './links.ts';
import { reportUnimplemented } from './report.ts';
import { prints, type Row, restarts, syscall } from './row.ts';
import { signalName } from './sigset.ts';
import { struct, structText } from './struct.ts';
import { FLOCK, FLOCK_WITH_PID } from './structs.ts';
import type { Task } from './task.ts';
import { flagNames, hexText } from './text.ts';

const COMMANDS = {
  F_DUPFD: 0,
  F_GETFD: 1,
  F_SETFD: 2,
  F_GETFL: 3,
  F_SETFL: 4,
  F_GETLK: 5,
  F_SETLK: 6,
  F_SETLKW: 7,
  F_SETOWN: 8,
  F_GETOWN: 9,
  F_SETSIG: 10,
  F_GETSIG: 11,
  F_SETOWN_EX: 15,
  F_GETOWN_EX: 16,
  F_GETOWNER_UIDS: 17,
  F_OFD_GETLK: 36,
  F_OFD_SETLK: 37,
  F_OFD_SETLKW: 38,
  F_SETLEASE: 1024,
  F_GETLEASE: 1025,
  F_NOTIFY: 1026,
  F_DUPFD_QUERY: 1027,
  F_CREATED_QUERY: 1028,
  F_CANCELLK: 1029,
  F_DUPFD_CLOEXEC: 1030,
  F_SETPIPE_SZ: 1031,
  F_GETPIPE_SZ: 1032,
  F_ADD_SEALS: 1033,
  F_GET_SEALS: 1034,
  F_GET_RW_HINT: 1035,
  F_SET_RW_HINT: 1036,
  F_GET_FILE_RW_HINT: 1037,
  F_SET_FILE_RW_HINT: 1038,
} as const satisfies FlagTable;
const C = COMMANDS;

const OWNER = struct('f_owner_ex', 'type:i32 pid:i32', undefined, (f) => {
  const types = ['F_OWNER_TID', 'F_OWNER_PID', 'F_OWNER_PGRP'];
  return `{type=${types[Number(f.type)] ?? f.type}, pid=${f.pid}}`;
});
const OWNER_UIDS = struct('owner_uids', 'uid:u32 euid:u32');
const HINT = struct('rw_hint', 'hint:u64', undefined, (f) => `[${f.hint}]`);

const SEALS: FlagTable = {
  F_SEAL_SEAL: 1,
  F_SEAL_SHRINK: 2,
  F_SEAL_GROW: 4,
  F_SEAL_WRITE: 8,
  F_SEAL_FUTURE_WRITE: 0x10,
  F_SEAL_EXEC: 0x20,
};
const LEASES = ['F_RDLCK', 'F_WRLCK', 'F_UNLCK'];
const NO_ARGUMENT: readonly number[] = [
  C.F_GETFD,
  C.F_GETFL,
  C.F_GETOWN,
  C.F_GETSIG,
  C.F_GETLEASE,
  C.F_GETPIPE_SZ,
  C.F_GET_SEALS,
];

/** The structure that a command's argument points to; undefined where the argument is a value. */
function pointed(command: number): typeof FLOCK | undefined {
  switch (command) {
    case C.F_GETLK:
    case C.F_SETLK:
    case C.F_SETLKW:
    case C.F_OFD_GETLK:
    case C.F_OFD_SETLK:
    case C.F_OFD_SETLKW:
    case C.F_CANCELLK:
      return FLOCK;
    case C.F_SETOWN_EX:
    case C.F_GETOWN_EX:
      return OWNER;
    case C.F_GETOWNER_UIDS:
      return OWNER_UIDS;
    case C.F_GET_RW_HINT:
    case C.F_SET_RW_HINT:
    case C.F_GET_FILE_RW_HINT:
    case C.F_SET_FILE_RW_HINT:
      return HINT;
    default:
      return undefined;
  }
}

function argumentText(p: Printing, raw: Int): string | undefined {
  const command = toInt32(p.argument('cmd'));
  if (NO_ARGUMENT.includes(command)) return undefined;
  const type = pointed(command);
  if (type !== undefined) {
    if (p.result !== undefined && p.result < 0 && writes(command)) return addressText(raw);
    return structText(p, writes(command) && type === FLOCK ? FLOCK_WITH_PID : type, raw);
  }
  switch (command) {
    case C.F_SETFD:
      return flagNames({ FD_CLOEXEC: 1 }, toUint32(raw));
    case C.F_SETFL:
      return openFlagsText(exchangeOpenFlags(p.task, toUint32(raw)));
    case C.F_ADD_SEALS:
      return flagNames(SEALS, toUint32(raw));
    case C.F_SETLEASE:
      return LEASES[toInt32(raw)] ?? hexText(raw);
    case C.F_SETSIG:
      return signalName(toInt32(raw));
    default:
      return String(toInt32(raw));
  }
}

const writes = (command: number): boolean =>
  [C.F_GETLK, C.F_OFD_GETLK, C.F_GETOWN_EX, C.F_GETOWNER_UIDS, C.F_GET_RW_HINT, C.F_GET_FILE_RW_HINT].includes(
    command as 5,
  );

const argument: Codec<Int> = {
  pass: Pass.value,
  late: true,
  decode: (_task, raw) => raw,
  print: argumentText,
};

function resultText(p: Printing, result: Int): string {
  const n = toUint32(result);
  switch (toInt32(p.argument('cmd'))) {
    case C.F_GETFL:
      return `${hexText(n)} (flags ${openFlagsText(exchangeOpenFlags(p.task, n))})`;
    case C.F_GETFD:
      return n === 0 ? '0' : `${hexText(n)} (flags ${flagNames({ FD_CLOEXEC: 1 }, n)})`;
    case C.F_GET_SEALS:
      return n === 0 ? '0' : `${hexText(n)} (seals ${flagNames(SEALS, n)})`;
    case C.F_GETLEASE:
      return `${hexText(n)} (${LEASES[n] ?? ''})`;
    case C.F_GETSIG:
      return n === 0 ? '0' : `${n} (${signalName(n)})`;
    default:
      return String(result);
  }
}

const isCommand = (n: number): boolean =>
  (n >= C.F_DUPFD && n <= C.F_GETSIG) || (n >= C.F_SETLEASE && n <= C.F_SET_FILE_RW_HINT);

function fcntl(task: Task, fd: number, command: number, arg: Int): Int {
  if (pointed(command) !== undefined) return hostCall(task, 'fcntl', fd, command, ptr(task, toAddress(arg)));
  if (!isCommand(command)) {
    if (!isOpen(task, fd)) return -EBADF;
    reportUnimplemented(`fcntl command ${command} is not implemented`);
    return -EINVAL;
  }
  const value = command === C.F_SETFL ? exchangeOpenFlags(task, toUint32(arg)) : arg;
  const result = task.host.syscall('fcntl', fd, command, value);
  if (command === C.F_GETFL && result >= 0) return exchangeOpenFlags(task, toUint32(result));
  return command === C.F_DUPFD || command === C.F_DUPFD_CLOEXEC ? copied(fd, result) : result;
}

export const fcntlRows = (): Row[] => [
  syscall(
    'fcntl',
    { fd, cmd: choice(COMMANDS), arg: argument },
    (task, { fd, cmd, arg }) => fcntl(task, fd, cmd, arg),
    restarts('sa'),
    prints(resultText),
  ),
  syscall('flock', { fd, operation: flags(LOCK_FLAGS) }, restarts('sa')),
];
