/**
 * Clocks and timers: the host's. struct sigevent, timex and tms are the same on
 * riscv64 and x86-64, thread IDs in a sigevent are the host's own, and an
 * expired timer's siginfo carries the host's timer ID, which is the guest's.
 */
import { type Codec, choice, flags, int, Pass, type Printing, toAddress } from './codec.ts';
import { peek } from './peek.ts';
import { type Row, restarts, syscall } from './row.ts';
import { signalName } from './sigset.ts';
import { inOutStruct, inStruct, outStruct, struct } from './struct.ts';
import { ITIMERSPEC, ITIMERVAL, TIMESPEC, TIMEVAL } from './structs.ts';
import { hexText } from './text.ts';

const CLOCKS = {
  CLOCK_REALTIME: 0,
  CLOCK_MONOTONIC: 1,
  CLOCK_PROCESS_CPUTIME_ID: 2,
  CLOCK_THREAD_CPUTIME_ID: 3,
  CLOCK_MONOTONIC_RAW: 4,
  CLOCK_REALTIME_COARSE: 5,
  CLOCK_MONOTONIC_COARSE: 6,
  CLOCK_BOOTTIME: 7,
  CLOCK_REALTIME_ALARM: 8,
  CLOCK_BOOTTIME_ALARM: 9,
  CLOCK_TAI: 11,
} as const;
const clock = choice(CLOCKS);
const timerFlags = flags({ TIMER_ABSTIME: 1 });
const which = choice({ ITIMER_REAL: 0, ITIMER_VIRTUAL: 1, ITIMER_PROF: 2 });

const TIMEZONE = struct('timezone', 'tz_minuteswest:i32 tz_dsttime:i32');
const TMS = struct('tms', 'tms_utime:i64 tms_stime:i64 tms_cutime:i64 tms_cstime:i64');

const NOTIFY: Record<number, string> = { 0: 'SIGEV_SIGNAL', 1: 'SIGEV_NONE', 2: 'SIGEV_THREAD', 4: 'SIGEV_THREAD_ID' };
const SIGEVENT = struct('sigevent', 'value:u64 signo:i32 notify:i32 tid:i32 rest:u8[44]', undefined, (f) => {
  const notify = Number(f.notify);
  const value = `sigev_value={sival_int=${Number(f.value) | 0}, sival_ptr=${f.value === 0 ? 'NULL' : hexText(f.value)}}`;
  const thread = notify === 4 ? `, sigev_notify_thread_id=${f.tid}` : '';
  return `{${value}, sigev_signo=${signalName(Number(f.signo))}, sigev_notify=${NOTIFY[notify] ?? notify}${thread}}`;
});

/** struct timex: the fields that strace shows first; the rest is passed on unseen. */
const TIMEX = struct(
  'timex',
  'modes:u32 pad0:u32 offset:i64 freq:i64 maxerror:i64 esterror:i64 status:i32 pad1:u32 constant:i64 rest:u8[152]',
  undefined,
  (f) =>
    `{modes=${f.modes}, offset=${f.offset}, freq=${f.freq}, maxerror=${f.maxerror}, esterror=${f.esterror}, ` +
    `status=${f.status}, constant=${f.constant}, ...}`,
);

/** The timer ID that timer_create writes: `[0]`. */
const outTimer: Codec<number> = {
  pass: Pass.pointer,
  late: true,
  decode: (_task, raw) => toAddress(raw),
  print: (p: Printing, raw) => {
    const data = p.result === 0 ? peek(p.task, raw, 4) : undefined;
    return data === undefined ? hexText(raw) : `[${new DataView(data.buffer).getInt32(0, true)}]`;
  },
};

export const timeRows = (): Row[] => [
  syscall('clock_gettime', { clockid: clock, tp: outStruct(TIMESPEC) }),
  syscall('clock_settime', { clockid: clock, tp: inStruct(TIMESPEC) }),
  syscall('clock_getres', { clockid: clock, res: outStruct(TIMESPEC) }),
  syscall(
    'clock_nanosleep',
    { clockid: clock, flags: timerFlags, request: inStruct(TIMESPEC), remain: inOutStruct(TIMESPEC) },
    restarts('never'),
  ),
  syscall('clock_adjtime', { clockid: clock, buf: inOutStruct(TIMEX) }),
  syscall('adjtimex', { buf: inOutStruct(TIMEX) }),
  syscall('nanosleep', { req: inStruct(TIMESPEC), rem: inOutStruct(TIMESPEC) }, restarts('never')),
  syscall('gettimeofday', { tv: outStruct(TIMEVAL), tz: outStruct(TIMEZONE) }),
  syscall('settimeofday', { tv: inStruct(TIMEVAL), tz: inStruct(TIMEZONE) }),
  syscall('getitimer', { which, curr_value: outStruct(ITIMERVAL) }),
  syscall('setitimer', { which, new_value: inStruct(ITIMERVAL), old_value: outStruct(ITIMERVAL) }),
  syscall('timer_create', { clockid: clock, sevp: inStruct(SIGEVENT), timerid: outTimer }),
  syscall('timer_settime', {
    timerid: int,
    flags: timerFlags,
    new_value: inStruct(ITIMERSPEC),
    old_value: outStruct(ITIMERSPEC),
  }),
  syscall('timer_gettime', { timerid: int, curr_value: outStruct(ITIMERSPEC) }),
  syscall('timer_getoverrun', { timerid: int }),
  syscall('timer_delete', { timerid: int }),
  syscall('times', { buf: outStruct(TMS) }),
];
