/** System V and POSIX IPC of 32-bit arm: see narrow-calls.ts. Structures are those of asm-generic, msgbuf.h and the like. */
import { EINVAL, ENOSYS } from './errno.ts';
import { type Narrow, type Narrowing, type Pair, pairOf, SIGEVENT, TIMESPEC, TIMESPEC64, to } from './narrow.ts';

/** struct ipc64_perm; mode_t is a short on arm. */
const NARROW_PERM =
  'key:i32 uid:u32 gid:u32 cuid:u32 cgid:u32 mode:u16 p1:u16 seq:u16 p2:u16 reserved1:u32 reserved2:u32';
const WIDE_PERM = 'key:i32 uid:u32 gid:u32 cuid:u32 cgid:u32 mode:u32 seq:u16 reserved1:u64 reserved2:u64';
/** Times have a second word here, for after 2106, and then 64 bits. */
const narrowTimes = (names: readonly string[]): string => names.map((name) => `${name}:u32 ${name}_high:u32`).join(' ');
const wideTimes = (names: readonly string[]): string => names.map((name) => `${name}:i64`).join(' ');
const longs = (type: string, ...names: readonly string[]): string => names.map((name) => `${name}:${type}`).join(' ');

const SEM_TIMES = ['otime', 'ctime'];
const SEMID_DS = pairOf(
  `${NARROW_PERM} ${narrowTimes(SEM_TIMES)} nsems:u32 r3:u32 r4:u32`,
  `${WIDE_PERM} ${wideTimes(SEM_TIMES)} nsems:u64 r3:u64 r4:u64`,
);
const MSG_TIMES = ['stime', 'rtime', 'ctime'];
const MSG_COUNTS = ['cbytes', 'qnum', 'qbytes'];
const MSQID_DS = pairOf(
  `${NARROW_PERM} ${narrowTimes(MSG_TIMES)} ${longs('u32', ...MSG_COUNTS)} lspid:i32 lrpid:i32 r4:u32 r5:u32`,
  `${WIDE_PERM} ${wideTimes(MSG_TIMES)} ${longs('u64', ...MSG_COUNTS)} lspid:i32 lrpid:i32 r4:u64 r5:u64`,
);
const SHM_TIMES = ['atime', 'dtime', 'ctime'];
const SHMID_DS = pairOf(
  `${NARROW_PERM} segsz:u32 ${narrowTimes(SHM_TIMES)} cpid:i32 lpid:i32 nattch:u32 r4:u32 r5:u32`,
  `${WIDE_PERM} segsz:u64 ${wideTimes(SHM_TIMES)} cpid:i32 lpid:i32 nattch:u64 r4:u64 r5:u64`,
);
const SHM_LIMITS = ['max', 'min', 'mni', 'seg', 'all', 'r1', 'r2', 'r3', 'r4'];
const SHMINFO = pairOf(longs('u32', ...SHM_LIMITS), longs('u64', ...SHM_LIMITS));
const SHM_USE = ['tot', 'rss', 'swp', 'attempts', 'successes'];
const SHM_INFO = pairOf(`used:i32 ${longs('u32', ...SHM_USE)}`, `used:i32 ${longs('u64', ...SHM_USE)}`);
const MQ_FIELDS = ['flags', 'maxmsg', 'msgsize', 'curmsgs'];
const MQ_ATTR = pairOf(`${longs('i32', ...MQ_FIELDS)} r:u8[16]`, `${longs('i64', ...MQ_FIELDS)} r:u8[32]`);

/** Stands in the command for the structures above; without it they are those of Linux 2.0. */
const IPC_64 = 0x100;
const [IPC_SET, IPC_STAT, IPC_INFO] = [1, 2, 3];
/** SEM_STAT and SEM_STAT_ANY, likewise the others'. */
const STATS = { sem: [IPC_STAT, 18, 20], msg: [IPC_STAT, 11, 13], shm: [IPC_STAT, 13, 15] } as const;
const SHM_INFO_COMMAND = 14;

/** Command and structure of a ctl call. Commands without structures have their arguments as they are. */
function control(
  c: Narrowing,
  commandIndex: number,
  { stats, type }: { stats: readonly number[]; type: Pair },
): [command: number, argument: number] {
  const command = c.u(commandIndex) & ~IPC_64;
  const index = commandIndex + 1;
  const has = command === IPC_SET || stats.includes(command);
  if (has && (c.u(commandIndex) & IPC_64) === 0) c.fail(ENOSYS);
  if (command === IPC_SET) return [command, c.in(index, type)];
  return [command, stats.includes(command) ? c.out(index, type) : c.u(index)];
}

function shmctl(c: Narrowing): number[] {
  const command = c.u(1) & ~IPC_64;
  if (command === IPC_INFO) return [c.u(0), command, c.out(2, SHMINFO)];
  if (command === SHM_INFO_COMMAND) return [c.u(0), command, c.out(2, SHM_INFO)];
  return [c.u(0), ...control(c, 1, { stats: STATS.shm, type: SHMID_DS })];
}

/** No message is longer, whatever kernel.msgmax says: what is converted has to have room. */
const MOST = 1 << 19;
const TYPE = { narrow: 4, wide: 8 } as const;

/** struct msgbuf: a long and the text. */
function sentMessage(c: Narrowing): number {
  const [at, size] = [c.u(1), c.u(2)];
  if (size > MOST) return c.fail(EINVAL);
  const bytes = c.read(at, TYPE.narrow + size);
  const wide = new Uint8Array(TYPE.wide + size);
  const type = new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
  new DataView(wide.buffer).setBigInt64(0, BigInt(type), true);
  wide.set(bytes.subarray(TYPE.narrow), TYPE.wide);
  return c.put(wide);
}

function receive(c: Narrowing): number[] {
  const [at, size] = [c.u(1), Math.min(c.u(2), MOST)];
  if (c.s(2) < 0) c.fail(EINVAL);
  const there = c.put(new Uint8Array(TYPE.wide + size));
  c.after((length) => {
    const wide = c.wideBytes(there, TYPE.wide + length);
    const text = wide.subarray(TYPE.wide);
    return c.task.space.write(at, wide.subarray(0, TYPE.narrow)) && c.task.space.write(at + TYPE.narrow, text);
  });
  return [c.u(0), there, size, c.s(3), c.u(4)];
}

const timedSemop =
  (type: Pair) =>
  (c: Narrowing): number[] => [c.u(0), c.u(1), c.u(2), c.in(3, type)];
const timedQueue =
  (type: Pair) =>
  (c: Narrowing): number[] => [c.u(0), c.u(1), c.u(2), c.u(3), c.in(4, type)];

export const IPC_CALLS: Readonly<Record<string, Narrow>> = {
  semctl: to('semctl', (c) => [c.u(0), c.u(1), ...control(c, 2, { stats: STATS.sem, type: SEMID_DS })]),
  semtimedop: to('semtimedop', timedSemop(TIMESPEC)),
  semtimedop_time64: to('semtimedop', timedSemop(TIMESPEC64)),
  msgctl: to('msgctl', (c) => [c.u(0), ...control(c, 1, { stats: STATS.msg, type: MSQID_DS })]),
  msgsnd: to('msgsnd', (c) => [c.u(0), sentMessage(c), c.u(2), c.u(3)]),
  msgrcv: to('msgrcv', receive),
  shmctl: to('shmctl', shmctl),
  mq_open: to('mq_open', (c) => [c.u(0), c.u(1), c.u(2), c.in(3, MQ_ATTR)]),
  mq_timedsend: to('mq_timedsend', timedQueue(TIMESPEC)),
  mq_timedsend_time64: to('mq_timedsend', timedQueue(TIMESPEC64)),
  mq_timedreceive: to('mq_timedreceive', timedQueue(TIMESPEC)),
  mq_timedreceive_time64: to('mq_timedreceive', timedQueue(TIMESPEC64)),
  mq_notify: to('mq_notify', (c) => [c.u(0), c.in(1, SIGEVENT)]),
  mq_getsetattr: to('mq_getsetattr', (c) => [c.u(0), c.in(1, MQ_ATTR), c.out(2, MQ_ATTR)]),
};
