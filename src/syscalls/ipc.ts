/** System V and POSIX message queues, semaphores; shared memory segments. Structures agree on all 64-bit ports. */
import { hostCall, ptr } from './call.ts';
import {
  bytes,
  choice,
  cstring,
  type FlagTable,
  fd,
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
import { type Row, refused, restarts, syscall } from './row.ts';
import { inStruct } from './struct.ts';
import { TIMESPEC } from './structs.ts';

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
/** The commands of semctl whose fourth argument is a pointer: the others take a value or nothing. */
const SEMCTL_POINTER = ['IPC_SET', 'IPC_STAT', 'IPC_INFO', 'GETALL', 'SETALL', 'SEM_STAT', 'SEM_INFO', 'SEM_STAT_ANY'];

const never = restarts('never');
const sa = restarts('sa');
const SEGMENTS = 'segments that the host attaches would lie outside the window; programs fall back to mmap';

export const ipcRows = (): Row[] => [
  syscall('semget', { key: hex, nsems: int, semflg: hex }),
  syscall(
    'semctl',
    { semid: int, semnum: int, cmd: choice(SEMCTL), arg: long },
    (task, { semid, semnum, cmd, arg }) => {
      const isPointer = SEMCTL_POINTER.some((name) => SEMCTL[name] === (cmd & ~0x100));
      return hostCall(task, 'semctl', semid, semnum, cmd, isPointer ? ptr(task, toAddress(arg)) : arg);
    },
  ),
  syscall('semop', { semid: int, sops: pointer, nsops: size }, never),
  syscall('semtimedop', { semid: int, sops: pointer, nsops: size, timeout: inStruct(TIMESPEC) }, never),
  syscall('msgget', { key: hex, msgflg: hex }),
  syscall('msgctl', { msqid: int, cmd: choice(MSGCTL), buf: pointer }),
  syscall('msgsnd', { msqid: int, msgp: pointer, msgsz: size, msgflg: hex }, never),
  syscall('msgrcv', { msqid: int, msgp: pointer, msgsz: size, msgtyp: long, msgflg: hex }, never),
  refused('shmget', { key: hex, size, shmflg: hex }, SEGMENTS),
  refused('shmctl', { shmid: int, cmd: int, buf: pointer }, SEGMENTS),
  refused('shmat', { shmid: int, shmaddr: pointer, shmflg: hex }, SEGMENTS),
  refused('shmdt', { shmaddr: pointer }, SEGMENTS),
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
  syscall('mq_notify', { mqdes: fd, sevp: pointer }),
  syscall('mq_getsetattr', { mqdes: fd, newattr: pointer, oldattr: pointer }),
];
