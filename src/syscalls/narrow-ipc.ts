/** System V's and POSIX's interprocess communication, the kernel's clock, and ioctl, of 32-bit programs: see narrow.ts. */
import type { Int } from '../host/host.ts';
import { EFAULT, EINVAL } from './errno.ts';
import { type Narrow, type Narrowing, type Pair, pairOf, plain, to } from './narrow.ts';

const named = (names: string, type: string): string =>
  names
    .split(' ')
    .map((name) => `${name}:${type}`)
    .join(' ');

// Of each time the high word is another field, and 0 here until 2106.
const IDS = 'key:i32 uid:u32 gid:u32 cuid:u32 cgid:u32';
const PERM = `${IDS} mode:u16 pad1:u16 seq:u16 pad2:u16 reserved1:u32 reserved2:u32`;
const WIDE_PERM = `${IDS} mode:u32 seq:u16 reserved1:u64 reserved2:u64`;
const times = (names: string): string =>
  names
    .split(' ')
    .map((name) => `${name}:u32 ${name}_high:u32`)
    .join(' ');
const SEMID_DS = pairOf(
  `${PERM} ${times('otime ctime')} ${named('nsems unused3 unused4', 'u32')}`,
  `${WIDE_PERM} ${named('otime ctime', 'i64')} ${named('nsems unused3 unused4', 'u64')}`,
);
const MSQID_DS = pairOf(
  `${PERM} ${times('stime rtime ctime')} ${named('cbytes qnum qbytes', 'u32')} lspid:i32 lrpid:i32 unused4:u32 unused5:u32`,
  `${WIDE_PERM} ${named('stime rtime ctime', 'i64')} ${named('cbytes qnum qbytes', 'u64')} lspid:i32 lrpid:i32 ` +
    'unused4:u64 unused5:u64',
);
const SHMID_DS = pairOf(
  `${PERM} segsz:u32 ${times('atime dtime ctime')} cpid:i32 lpid:i32 ${named('nattch unused4 unused5', 'u32')}`,
  `${WIDE_PERM} segsz:u64 ${named('atime dtime ctime', 'i64')} cpid:i32 lpid:i32 ${named('nattch unused4 unused5', 'u64')}`,
);
const SHM_LIMITS = 'shmmax shmmin shmmni shmseg shmall unused1 unused2 unused3 unused4';
const SHMINFO = pairOf(named(SHM_LIMITS, 'u32'), named(SHM_LIMITS, 'u64'));
const SHM_USE = 'shm_tot shm_rss shm_swp attempts successes';
const SHM_INFO = pairOf(`used_ids:i32 ${named(SHM_USE, 'u32')}`, `used_ids:i32 ${named(SHM_USE, 'u64')}`);
const MQ_ATTR = pairOf(
  `${named('flags maxmsg msgsize curmsgs', 'i32')} reserved:u8[16]`,
  `${named('flags maxmsg msgsize curmsgs', 'i64')} reserved:u8[32]`,
);
const timex = (long: string): string =>
  `modes:u32 ${named('offset freq maxerror esterror', long)} status:i32 ` +
  `${named('constant precision tolerance sec usec tick ppsfreq jitter', long)} shift:i32 ` +
  `${named('stabil jitcnt calcnt errcnt stbcnt', long)} tai:i32 pad:u8[44]`;
const TIMEX = pairOf(timex('i32'), timex('i64'));

/** The bit of commands whose structures have IDs of 32 bits, which all of the EABI's have. The 64-bit call does without. */
const IPC_64 = 0x100;
const [IPC_SET, IPC_STAT, IPC_INFO] = [1, 2, 3];
/** What becomes of a command's pointer, by its number. */
type Uses = Readonly<Record<number, { in?: Pair; out?: Pair }>>;
const SEM_USES: Uses = Object.fromEntries([IPC_STAT, 18, 20].map((command) => [command, { out: SEMID_DS }]));
const MSG_USES: Uses = Object.fromEntries([IPC_STAT, 11, 13].map((command) => [command, { out: MSQID_DS }]));
const SHM_USES: Uses = {
  ...Object.fromEntries([IPC_STAT, 13, 15].map((command) => [command, { out: SHMID_DS }])),
  [IPC_INFO]: { out: SHMINFO },
  14: { out: SHM_INFO },
};
/** @param index of the structure's address; the command is before it */
function control(c: Narrowing, index: number, uses: Uses, set: Pair): Int[] {
  const command = c.u(index - 1) & ~IPC_64;
  const use = command === IPC_SET ? { in: set } : uses[command];
  const isOld = use !== undefined && (c.u(index - 1) & IPC_64) === 0;
  // Without the bit they are those of Linux 2.2.
  if (isOld) c.fail(EINVAL);
  let argument = c.u(index);
  if (use?.in !== undefined) argument = argument === 0 ? c.fail(EFAULT) : c.in(index, use.in);
  else if (use?.out !== undefined) argument = argument === 0 ? c.fail(EFAULT) : c.out(index, use.out);
  return [...Array.from({ length: index - 1 }, (_, i) => c.u(i)), command, argument];
}

/** Bytes of a message, above which the call says so itself. */
const MOST = 0x4_0000;
/** struct msgbuf: a long, and the text. */
function sent(c: Narrowing): Int[] {
  const [queue, at, size] = [c.u(0), c.u(1), c.u(2)];
  if (size > MOST) return [queue, at, size, c.u(3)];
  const bytes = c.read(at, 4 + size);
  const wide = new Uint8Array(8 + size);
  const type = new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
  new DataView(wide.buffer).setBigInt64(0, BigInt(type), true);
  wide.set(bytes.subarray(4), 8);
  return [queue, c.put(wide), size, c.u(3)];
}
function received(c: Narrowing): Int[] {
  const size = Math.min(c.u(2), MOST);
  if (c.s(2) < 0) c.fail(EINVAL);
  const room = c.put(new Uint8Array(8 + size));
  c.after((length) => {
    const wide = c.wideBytes(room, 8 + length);
    const bytes = new Uint8Array(4 + length);
    bytes.set(wide.subarray(0, 4));
    bytes.set(wide.subarray(8), 4);
    return c.task.space.write(c.u(1), bytes);
  });
  return [c.u(0), room, size, c.s(3), c.u(4)];
}

/** With times of 32 bits, and of 64. */
export const ipcCalls = (timespec: Pair, timespec64: Pair, sigevent: Pair): Readonly<Record<string, Narrow>> => ({
  semctl: to('semctl', (c) => control(c, 3, SEM_USES, SEMID_DS)),
  msgctl: to('msgctl', (c) => control(c, 2, MSG_USES, MSQID_DS)),
  shmctl: to('shmctl', (c) => control(c, 2, SHM_USES, SHMID_DS)),
  semtimedop: to('semtimedop', (c) => [c.u(0), c.u(1), c.u(2), c.in(3, timespec)]),
  semtimedop_time64: to('semtimedop', (c) => [c.u(0), c.u(1), c.u(2), c.in(3, timespec64)]),
  msgsnd: to('msgsnd', sent),
  msgrcv: to('msgrcv', received),
  mq_open: to('mq_open', (c) => [c.u(0), c.u(1), c.u(2), c.in(3, MQ_ATTR)]),
  mq_timedsend: to('mq_timedsend', (c) => [c.u(0), c.u(1), c.u(2), c.u(3), c.in(4, timespec)]),
  mq_timedsend_time64: to('mq_timedsend', (c) => [c.u(0), c.u(1), c.u(2), c.u(3), c.in(4, timespec64)]),
  mq_timedreceive: to('mq_timedreceive', (c) => [c.u(0), c.u(1), c.u(2), c.u(3), c.in(4, timespec)]),
  mq_timedreceive_time64: to('mq_timedreceive', (c) => [c.u(0), c.u(1), c.u(2), c.u(3), c.in(4, timespec64)]),
  mq_notify: to('mq_notify', (c) => [c.u(0), c.in(1, sigevent)]),
  mq_getsetattr: to('mq_getsetattr', (c) => [c.u(0), c.in(1, MQ_ATTR), c.out(2, MQ_ATTR)]),
  adjtimex: to('adjtimex', (c) => [c.inOut(0, TIMEX)]),
  clock_adjtime: to('clock_adjtime', (c) => [c.u(0), c.inOut(1, TIMEX)]),
  clock_adjtime64: to('clock_adjtime', plain),
  ioctl: to('ioctl', ioctl),
});

/** Requests whose number has the size of a long in it, or that arm has a number of its own for: those of 64-bit programs. */
const REQUESTS: Readonly<Record<number, number>> = {
  /** FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, FS_IOC_GETVERSION, FS_IOC_SETVERSION. */
  0x80046601: 0x80086601,
  0x40046602: 0x40086602,
  0x80047601: 0x80087601,
  0x40047602: 0x40087602,
  /** BLKBSZGET, BLKBSZSET, BLKGETSIZE64. */
  0x80041270: 0x80081270,
  0x40041271: 0x40081271,
  0x80041272: 0x80081272,
  /** FIOQSIZE. */
  0x545e: 0x5460,
};
const LONG = pairOf('value:u32', 'value:u64');
const SERIAL_START =
  'type:i32 line:i32 port:u32 irq:i32 flags:i32 fifo:i32 divisor:i32 base:i32 delay:u16 io:u8 char:u8 hub6:i32 wait:u16 wait2:u16';
const SERIAL = pairOf(
  `${SERIAL_START} memory:u32 shift:u16 high:u32 map:u32`,
  `${SERIAL_START} memory:u64 shift:u16 high:u32 map:u64`,
);
/** BLKGETSIZE, BLKRAGET and TIOCGSERIAL. */
const ANSWERS: Readonly<Record<number, Pair>> = { 0x1260: LONG, 0x1263: LONG, 0x541e: SERIAL };

function ioctl(c: Narrowing): Int[] {
  const request = REQUESTS[c.u(1)] ?? c.u(1);
  const answer = ANSWERS[request];
  return [c.u(0), request, answer === undefined ? c.u(2) : c.out(2, answer)];
}
