/** System V and POSIX message queues, semaphores; shared memory segments. Structures but semid_ds agree on all 64-bit ports. */
import type { Int } from '../host/host.ts';
import { SHM } from '../memory/constants.ts';
import { failed, hostCall, ptr } from './call.ts';
import {
  address,
  bytes,
  choice,
  cstring,
  type FlagTable,
  fd,
  flags,
  hex,
  int,
  long,
  out,
  pointer,
  size,
  toAddress,
  uint,
} from './codec.ts';
import { openFlags } from './files-flags.ts';
import { setPointer } from './iovec.ts';
import { prints, type Row, restarts, syscall } from './row.ts';
import { stage, stagedUint64, stageFrom, view } from './staging.ts';
import { inStruct, outStruct, struct } from './struct.ts';
import { TIMESPEC } from './structs.ts';
import type { SyscallResult, Task } from './task.ts';

const SEMCTL: FlagTable = {
  IPC_RMID: 0,
  IPC_SET: 1,
  IPC_STAT: 2,
  IPC_INFO: 3,
  GETPID: 11,
  GETVAL: 12,
  GETALL: 13,
  GETNCNT: 14,
  GETZCNT: 15,
  SETVAL: 16,
  SETALL: 17,
  SEM_STAT: 18,
  SEM_INFO: 19,
  SEM_STAT_ANY: 20,
};
const MSGCTL: FlagTable = {
  IPC_RMID: 0,
  IPC_SET: 1,
  IPC_STAT: 2,
  IPC_INFO: 3,
  MSG_STAT: 11,
  MSG_INFO: 12,
  MSG_STAT_ANY: 13,
};
const SHMCTL: FlagTable = {
  IPC_RMID: 0,
  IPC_SET: 1,
  IPC_STAT: 2,
  IPC_INFO: 3,
  SHM_LOCK: 11,
  SHM_UNLOCK: 12,
  SHM_STAT: 13,
  SHM_INFO: 14,
  SHM_STAT_ANY: 15,
};
const SHMAT: FlagTable = { SHM_RDONLY: SHM.readOnly, SHM_RND: SHM.round, SHM_REMAP: SHM.remap, SHM_EXEC: SHM.exec };

const never = restarts('never');
const sa = restarts('sa');

/** struct semid64_ds. On x86-64 each time has a word behind it. */
const IPC_PERM = 'key:i32 uid:u32 gid:u32 cuid:u32 cgid:u32 mode:u32 seq:u16 reserved1:u64 reserved2:u64';
const SEMID_DS = struct(
  'semid_ds',
  `${IPC_PERM} sem_otime:i64 sem_ctime:i64 sem_nsems:u64 reserved3:u64 reserved4:u64`,
  `${IPC_PERM} sem_otime:i64 high1:u64 sem_ctime:i64 high2:u64 sem_nsems:u64 reserved3:u64 reserved4:u64`,
);
/** The commands of semctl that write it, and those whose pointer is to something else: others take a value or nothing. */
const SEMCTL_STAT = ['IPC_STAT', 'SEM_STAT', 'SEM_STAT_ANY'];
const SEMCTL_POINTER = ['IPC_INFO', 'GETALL', 'SETALL', 'SEM_INFO'];
/** A command may have it in addition; today it means nothing. */
const IPC_64 = 0x100;

/** The fourth argument of semctl for the host. */
function semctlArgument(task: Task, cmd: number, arg: Int): Int {
  const isOneOf = (names: readonly string[]) => names.some((name) => SEMCTL[name] === (cmd & ~IPC_64));
  if (isOneOf(['IPC_SET'])) return inStruct(SEMID_DS).toHost!(task, arg);
  if (isOneOf(SEMCTL_STAT)) return outStruct(SEMID_DS).toHost!(task, arg);
  return isOneOf(SEMCTL_POINTER) ? ptr(task, toAddress(arg)) : arg;
}

/** struct shmid64_ds, the same on all 64-bit ports: its size, and where it has the segment's (shm_segsz). */
const SHMID_DS = { size: 112, segmentSize: 48 };

/** The host is told where to attach a segment, and for that its size has to be known. */
function shmat(task: Task, v: { shmid: number; shmaddr: Int; shmflg: number }): SyscallResult {
  const at = stage(SHMID_DS.size);
  const result = task.host.syscall('shmctl', v.shmid, SHMCTL.IPC_STAT, task.host.stagingPointer(at));
  if (result < 0) return result;
  return task.space.shmat(v.shmid, v.shmaddr, v.shmflg, view.getBigUint64(at + SHMID_DS.segmentSize, true));
}

/** struct sigevent: its size, and what of it is looked at. */
const SIGEVENT = { size: 64, value: 0, notify: 12 };
const SIGEV_THREAD = 2;

/** With SIGEV_THREAD, which mq_notify(3) makes a thread of, the value is the address of a message for a netlink socket. */
function notify(task: Task, mqdes: number, address: number): SyscallResult {
  if (address === 0) return hostCall(task, 'mq_notify', mqdes, 0);
  const at = stageFrom(task, address, SIGEVENT.size);
  if (at < 0) return at;
  if (view.getInt32(at + SIGEVENT.notify, true) === SIGEV_THREAD)
    setPointer(at + SIGEVENT.value, ptr(task, stagedUint64(at + SIGEVENT.value)));
  return hostCall(task, 'mq_notify', mqdes, task.host.stagingPointer(at));
}

export const ipcRows = (): Row[] => [
  syscall('semget', { key: hex, nsems: int, semflg: hex }),
  syscall(
    'semctl',
    { semid: int, semnum: int, cmd: choice(SEMCTL), arg: long },
    (task, { semid, semnum, cmd, arg }) => {
      const argument = semctlArgument(task, cmd, arg);
      return failed() || hostCall(task, 'semctl', semid, semnum, cmd, argument);
    },
  ),
  syscall('semop', { semid: int, sops: pointer, nsops: size }, never),
  syscall('semtimedop', { semid: int, sops: pointer, nsops: size, timeout: inStruct(TIMESPEC) }, never),
  syscall('msgget', { key: hex, msgflg: hex }),
  syscall('msgctl', { msqid: int, cmd: choice(MSGCTL), buf: pointer }),
  syscall('msgsnd', { msqid: int, msgp: pointer, msgsz: size, msgflg: hex }, never),
  syscall('msgrcv', { msqid: int, msgp: pointer, msgsz: size, msgtyp: long, msgflg: hex }, never),
  syscall('shmget', { key: hex, size, shmflg: hex }),
  syscall('shmctl', { shmid: int, cmd: choice(SHMCTL), buf: pointer }),
  syscall('shmat', { shmid: int, shmaddr: address, shmflg: flags(SHMAT) }, shmat, prints('hex')),
  syscall('shmdt', { shmaddr: address }, (task, { shmaddr }) => task.space.shmdt(shmaddr)),
  syscall('mq_open', { name: cstring, oflag: openFlags, mode: hex, attr: pointer }),
  syscall('mq_unlink', { name: cstring }),
  syscall(
    'mq_timedsend',
    { mqdes: fd, msg_ptr: bytes('msg_len'), msg_len: size, msg_prio: uint, abs_timeout: inStruct(TIMESPEC) },
    sa,
  ),
  syscall(
    'mq_timedreceive',
    { mqdes: fd, msg_ptr: out('msg_len'), msg_len: size, msg_prio: pointer, abs_timeout: inStruct(TIMESPEC) },
    sa,
  ),
  syscall('mq_notify', { mqdes: fd, sevp: pointer }, (task, { mqdes, sevp }) => notify(task, mqdes, sevp)),
  syscall('mq_getsetattr', { mqdes: fd, newattr: pointer, oldattr: pointer }),
];
