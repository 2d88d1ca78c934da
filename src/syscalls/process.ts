/**
 * Processes: limits, scheduling, prctl. Guest processes and threads
 * are host processes and threads, so most of it is passed on.
 */
import type { Int } from '../host/host.ts';
import { hostCall, ptr, steadyCall } from './call.ts';
import {
  addressText,
  type Codec,
  choice,
  fd,
  flags,
  hex,
  bytes as inBytes,
  int,
  long,
  out,
  outHex,
  Pass,
  type Printing,
  pid,
  pointer,
  size,
  toAddress,
  toInt32,
  uint,
  ulong,
} from './codec.ts';
import { EFAULT, EINVAL, EPERM, ESRCH } from './errno.ts';
import { hwprobe } from './hwprobe.ts';
import { peek } from './peek.ts';
import { PRCTL_OPTIONS, prctl, prctlArgument, prctlRest } from './prctl.ts';
import { prlimit, RLIMIT, RLIMITS } from './rlimits.ts';
import { note, prints, type Row, refused, restarts, syscall } from './row.ts';
import { SIGINFO } from './siginfo.ts';
import { signal, signalName } from './sigset.ts';
import { bytes, deliver, stage, stageString } from './staging.ts';
import { inOutStruct, inStruct, outStruct, struct } from './struct.ts';
import { TIMESPEC } from './structs.ts';
import type { SyscallResult, Task } from './task.ts';
import { quoted } from './text.ts';
import { wait4, waitid } from './wait.ts';

/** C int (or uid_t) that the call writes: `[1000]`. */
const outInt: Codec<number> = {
  pass: Pass.pointer,
  late: true,
  decode: (_task, raw) => toAddress(raw),
  print: (p: Printing, raw) => {
    const failed = p.result === undefined || p.result < 0;
    const data = failed ? undefined : peek(p.task, raw, 4);
    return data === undefined ? addressText(raw) : `[${new DataView(data.buffer).getInt32(0, true)}]`;
  },
};

/** wait(2)'s status, by its macros: `[{WIFEXITED(s) && WEXITSTATUS(s) == 0}]`. */
const outStatus: Codec<number> = {
  ...outInt,
  print: (p, raw) => {
    // Nothing is written when no child was there to tell of.
    const data = p.result === undefined || p.result <= 0 ? undefined : peek(p.task, raw, 4);
    if (data === undefined) return addressText(raw);
    const status = new DataView(data.buffer).getInt32(0, true);
    const [signo, code] = [status & 0x7f, (status >> 8) & 0xff];
    if (status === 0xffff) return '[{WIFCONTINUED(s)}]';
    if (signo === 0x7f) return `[{WIFSTOPPED(s) && WSTOPSIG(s) == ${signalName(code)}}]`;
    if (signo === 0) return `[{WIFEXITED(s) && WEXITSTATUS(s) == ${code}}]`;
    const dumped = (status & 0x80) === 0 ? '' : ' && WCOREDUMP(s)';
    return `[{WIFSIGNALED(s) && WTERMSIG(s) == ${signalName(signo)}${dumped}}]`;
  },
};

const resource = choice(RLIMITS);
const who = choice({ RUSAGE_SELF: 0, RUSAGE_CHILDREN: -1, RUSAGE_THREAD: 1 });
const priorityWhich = choice({ PRIO_PROCESS: 0, PRIO_PGRP: 1, PRIO_USER: 2 });
const ioprioWhich = choice({ IOPRIO_WHO_PROCESS: 1, IOPRIO_WHO_PGRP: 2, IOPRIO_WHO_USER: 3 });
const policy = choice({
  SCHED_OTHER: 0,
  SCHED_FIFO: 1,
  SCHED_RR: 2,
  SCHED_BATCH: 3,
  SCHED_IDLE: 5,
  SCHED_DEADLINE: 6,
  SCHED_EXT: 7,
});
const WAIT = {
  WNOHANG: 1,
  WUNTRACED: 2,
  WCONTINUED: 8,
  WEXITED: 4,
  WNOWAIT: 0x0100_0000,
  __WNOTHREAD: 0x2000_0000,
  __WALL: 0x4000_0000,
  __WCLONE: 0x8000_0000,
} as const;

const RUSAGE = struct(
  'rusage',
  'utime_sec:i64 utime_usec:i64 stime_sec:i64 stime_usec:i64 maxrss:i64 rest:u8[104]',
  undefined,
  (f) =>
    `{ru_utime={tv_sec=${f.utime_sec}, tv_usec=${f.utime_usec}}, ru_stime={tv_sec=${f.stime_sec}, tv_usec=${f.stime_usec}}, ...}`,
);
const SYSINFO = struct(
  'sysinfo',
  'uptime:i64 load0:u64 load1:u64 load2:u64 totalram:u64 freeram:u64 sharedram:u64 bufferram:u64 totalswap:u64 ' +
    'freeswap:u64 procs:u16 pad:u16 pad2:u32 totalhigh:u64 freehigh:u64 mem_unit:u32 pad3:u32',
  undefined,
  (f) =>
    `{uptime=${f.uptime}, loads=[${f.load0}, ${f.load1}, ${f.load2}], totalram=${f.totalram}, freeram=${f.freeram}, ` +
    `sharedram=${f.sharedram}, bufferram=${f.bufferram}, totalswap=${f.totalswap}, freeswap=${f.freeswap}, ` +
    `procs=${f.procs}, totalhigh=${f.totalhigh}, freehigh=${f.freehigh}, mem_unit=${f.mem_unit}}`,
);
const SCHED_PARAM = struct('sched_param', 'priority:i32', undefined, (f) => `[${f.priority}]`);
const CAP_HEADER = struct('user_cap_header', 'version:u32 pid:i32');

/** Bytes of a string in struct utsname (new_utsname). */
const UTS_LENGTH = 65;
const UTS = { sysname: 0, nodename: 1, release: 2, version: 3, machine: 4, domainname: 5 } as const;

const outUname: Codec<number> = {
  pass: Pass.pointer,
  late: true,
  decode: (_task, raw) => toAddress(raw),
  print: (p: Printing, raw) => {
    const data = p.result === 0 ? peek(p.task, raw, 6 * UTS_LENGTH) : undefined;
    if (data === undefined) return addressText(raw);
    const text = (index: number): string => {
      const field = data.subarray(index * UTS_LENGTH, (index + 1) * UTS_LENGTH);
      return quoted(field.subarray(0, field.indexOf(0)));
    };
    return `{sysname=${text(UTS.sysname)}, nodename=${text(UTS.nodename)}, ...}`;
  },
};

function uname(task: Task, { buf }: { buf: number }): SyscallResult {
  const at = stage(6 * UTS_LENGTH);
  const result = task.host.syscall('uname', task.host.stagingPointer(at));
  if (result !== 0) return result;
  setUtsField(at, UTS.machine, task.process.abi.machine ?? task.process.abi.name);
  if (task.process.options.release !== '') setUtsField(at, UTS.release, task.process.options.release);
  return deliver(task, buf, at, 6 * UTS_LENGTH) ? 0 : -EFAULT;
}

function setUtsField(at: number, index: number, text: string): void {
  const field = bytes.subarray(at + index * UTS_LENGTH, at + (index + 1) * UTS_LENGTH).fill(0);
  for (let i = 0; i < Math.min(text.length, UTS_LENGTH - 1); i++) field[i] = text.charCodeAt(i);
}

/** ADDR_NO_RANDOMIZE, which changes nothing that runs; and the argument that only asks. */
const PERSONALITY_HARMLESS = 0x0004_0000;
const PERSONALITY_QUERY = 0xffff_ffff;

/** Execution domains that change how memory is mapped would do so to the emulator: refused. */
function personality(task: Task, { persona }: { persona: number }): SyscallResult {
  if (persona !== PERSONALITY_QUERY && (persona & ~PERSONALITY_HARMLESS) !== 0) return -EINVAL;
  return task.host.syscall('personality', persona);
}

const SYS_FLUSH_ICACHE_LOCAL = 1n;

function flushIcache(task: Task, { start, end, flags: how }: { start: Int; end: Int; flags: Int }): SyscallResult {
  if ((BigInt(how) & ~SYS_FLUSH_ICACHE_LOCAL) !== 0n) return -EINVAL;
  // Linux flushes everything, whatever the range; here the range is what is dropped.
  task.space.codeChanged(Number(BigInt.asUintN(64, BigInt(start))), Number(BigInt.asUintN(64, BigInt(end))));
  return 0;
}

const FUTEX_OPS = [
  'FUTEX_WAIT',
  'FUTEX_WAKE',
  'FUTEX_FD',
  'FUTEX_REQUEUE',
  'FUTEX_CMP_REQUEUE',
  'FUTEX_WAKE_OP',
  'FUTEX_LOCK_PI',
  'FUTEX_UNLOCK_PI',
  'FUTEX_TRYLOCK_PI',
  'FUTEX_WAIT_BITSET',
  'FUTEX_WAKE_BITSET',
  'FUTEX_WAIT_REQUEUE_PI',
  'FUTEX_CMP_REQUEUE_PI',
  'FUTEX_LOCK_PI2',
] as const;
const FUTEX_PRIVATE = 128;
const FUTEX_REALTIME = 256;
/** Operations whose fourth argument is a timeout, not a count. */
const TIMED = new Set<string | undefined>([
  'FUTEX_WAIT',
  'FUTEX_LOCK_PI',
  'FUTEX_WAIT_BITSET',
  'FUTEX_WAIT_REQUEUE_PI',
  'FUTEX_LOCK_PI2',
]);

const futexName = (op: number): string | undefined => FUTEX_OPS[op & ~(FUTEX_PRIVATE | FUTEX_REALTIME)];

const futexOp: Codec<number> = {
  pass: Pass.value,
  decode: (_task, raw) => toInt32(raw),
  print: (_p, raw) => {
    const op = toInt32(raw);
    const isPrivate = (op & FUTEX_PRIVATE) === 0 ? '' : '_PRIVATE';
    return `${futexName(op) ?? op}${isPrivate}${(op & FUTEX_REALTIME) === 0 ? '' : '|FUTEX_CLOCK_REALTIME'}`;
  },
};

const futexTimeout: Codec<Int> = {
  pass: Pass.value,
  decode: (_task, raw) => raw,
  print: (p, raw) => (TIMED.has(futexName(toInt32(p.argument('op')))) ? inStruct(TIMESPEC).print(p, raw) : String(raw)),
};

/** Which operations take the arguments from the fourth on; -strace leaves out what the kernel does not look at. */
const FUTEX_COUNTS = ['FUTEX_REQUEUE', 'FUTEX_CMP_REQUEUE', 'FUTEX_WAKE_OP', 'FUTEX_CMP_REQUEUE_PI'];
const FUTEX_TAKES: Record<string, readonly string[]> = {
  timeout: [
    ...FUTEX_COUNTS,
    'FUTEX_WAIT',
    'FUTEX_LOCK_PI',
    'FUTEX_LOCK_PI2',
    'FUTEX_WAIT_BITSET',
    'FUTEX_WAIT_REQUEUE_PI',
  ],
  uaddr2: [...FUTEX_COUNTS, 'FUTEX_WAIT_REQUEUE_PI'],
  val3: ['FUTEX_CMP_REQUEUE', 'FUTEX_WAKE_OP', 'FUTEX_CMP_REQUEUE_PI', 'FUTEX_WAIT_BITSET', 'FUTEX_WAKE_BITSET'],
};

/** An argument that only some operations have. */
const ifFutexTakes = <T>(name: keyof typeof FUTEX_TAKES, codec: Codec<T>): Codec<T> => ({
  ...codec,
  print: (p, raw) => {
    const op = futexName(toInt32(p.argument('op')));
    return op !== undefined && FUTEX_TAKES[name].includes(op) ? codec.print(p, raw) : undefined;
  },
});

/** The bit set of the operations that have one; FUTEX_WAKE_OP's operation and FUTEX_CMP_REQUEUE's value are numbers. */
const futexVal3: Codec<number> = {
  ...hex,
  print: (p, raw) =>
    toInt32(raw) === -1 && futexName(toInt32(p.argument('op')))?.endsWith('BITSET')
      ? 'FUTEX_BITSET_MATCH_ANY'
      : hex.print(p, raw),
};

type FutexArgs = { uaddr: number; op: number; val: number; timeout: Int; uaddr2: number; val3: number };

function futex(task: Task, v: FutexArgs): SyscallResult {
  const timed = TIMED.has(futexName(v.op));
  const fourth = timed && v.timeout !== 0 ? ptr(task, toAddress(v.timeout)) : v.timeout;
  return hostCall(task, 'futex', ptr(task, v.uaddr), v.op, v.val, fourth, ptr(task, v.uaddr2), v.val3);
}

/** struct robust_list_head: the list, futex_offset, list_op_pending. */
const ROBUST_LIST_SIZE = 24;

function getRobustList(task: Task, v: { pid: number; head_ptr: number; len_ptr: number }): SyscallResult {
  const own = v.pid === 0 || v.pid === task.host.syscall('gettid');
  if (!own) return v.pid < 0 || steadyCall(task, 'kill', v.pid, 0) === -ESRCH ? -ESRCH : -EPERM;
  const { space } = task;
  const written = space.writeU64(v.len_ptr, BigInt(ROBUST_LIST_SIZE)) && space.writeU64(v.head_ptr, task.robustList);
  return written ? 0 : -EFAULT;
}

const EXIT_STATUS = 0xff;
const noArgs = {};
const ids = { pid };
/** Text of an affinity mask: `[0 1]`. */
function cpuSetText(p: Printing, raw: Int, length: number): string {
  const data = peek(p.task, raw, length);
  if (data === undefined) return addressText(raw);
  const cpus: number[] = [];
  for (let cpu = 0; cpu < 8 * data.length; cpu++) if ((data[cpu >> 3] & (1 << (cpu & 7))) !== 0) cpus.push(cpu);
  return `[${cpus.join(' ')}]`;
}
const inCpuSet: Codec<number> = {
  ...inBytes('cpusetsize'),
  print: (p, raw) => cpuSetText(p, raw, Math.min(toInt32(p.argument('cpusetsize')), 1024)),
};
const outCpuSet: Codec<number> = {
  ...out('cpusetsize'),
  print: (p, raw) => (Number(p.result ?? -1) < 0 ? addressText(raw) : cpuSetText(p, raw, Number(p.result))),
};
const cpuMask = { pid, cpusetsize: uint };

/** The host's name of the task follows what the guest asks for; see PR_SET_NAME in the process layer. */
export function setTaskName(task: Task, name: string): void {
  const at = stageString(name.slice(0, 15));
  task.host.syscall('prctl', PRCTL_OPTIONS.PR_SET_NAME, task.host.stagingPointer(at), 0, 0, 0);
}

export const processRows = (): Row[] => [
  syscall('exit', { status: int }, (task, v) => task.exitThread(v.status & EXIT_STATUS), prints('none')),
  syscall('exit_group', { status: int }, (task, v) => task.exit(v.status & EXIT_STATUS), prints('none')),
  syscall('wait4', { pid, wstatus: outStatus, options: flags(WAIT), rusage: outStruct(RUSAGE) }, wait4, restarts('sa')),
  syscall(
    'waitid',
    {
      which: choice({ P_ALL: 0, P_PID: 1, P_PGID: 2, P_PIDFD: 3 }),
      id: pid,
      infop: outStruct(SIGINFO),
      options: flags(WAIT),
      rusage: outStruct(RUSAGE),
    },
    waitid,
    restarts('sa'),
  ),
  syscall('pidfd_open', { pid, flags: flags({ PIDFD_NONBLOCK: 0o4000 }) }),
  syscall('pidfd_send_signal', { pidfd: fd, sig: signal, info: inStruct(SIGINFO), flags: hex }),

  syscall('getpid', noArgs),
  syscall('getppid', noArgs),
  syscall('gettid', noArgs),
  syscall('getpgid', ids),
  syscall('setpgid', { pid, pgid: pid }),
  syscall('getsid', ids),
  syscall('setsid', noArgs),
  syscall('capget', { hdrp: inOutStruct(CAP_HEADER), datap: pointer }),
  syscall('capset', { hdrp: inOutStruct(CAP_HEADER), datap: pointer }),

  syscall('getrlimit', { resource, rlim: outStruct(RLIMIT) }, (task, v) => prlimit(task, 0, v.resource, 0, v.rlim)),
  syscall('setrlimit', { resource, rlim: inStruct(RLIMIT) }, (task, v) => prlimit(task, 0, v.resource, v.rlim, 0)),
  syscall('prlimit64', { pid, resource, new_limit: inStruct(RLIMIT), old_limit: outStruct(RLIMIT) }, (task, v) =>
    prlimit(task, v.pid, v.resource, v.new_limit, v.old_limit),
  ),
  syscall('getrusage', { who, usage: outStruct(RUSAGE) }),
  syscall('getpriority', { which: priorityWhich, who: int }),
  syscall('setpriority', { which: priorityWhich, who: int, prio: int }),
  syscall('ioprio_get', { which: ioprioWhich, who: int }),
  syscall('ioprio_set', { which: ioprioWhich, who: int, ioprio: hex }),
  syscall(
    'prctl',
    { option: choice(PRCTL_OPTIONS), arg2: prctlArgument, arg3: prctlRest, arg4: prctlRest, arg5: prctlRest },
    prctl,
  ),
  syscall('personality', { persona: hex }, personality, prints('hex')),
  syscall('uname', { buf: outUname }, uname),
  syscall('sysinfo', { info: outStruct(SYSINFO) }),
  syscall(
    'getrandom',
    { buf: outHex('buflen'), buflen: size, flags: flags({ GRND_NONBLOCK: 1, GRND_RANDOM: 2, GRND_INSECURE: 4 }) },
    restarts('sa'),
  ),
  syscall('getcpu', { cpu: outInt, node: outInt, tcache: pointer }),
  syscall('riscv_hwprobe', { pairs: pointer, pair_count: size, cpusetsize: size, cpus: pointer, flags: hex }, hwprobe),
  // Of 32-bit arm: the end is exclusive.
  syscall('cacheflush', { start: pointer, end: pointer, flags: hex }, (task, { start, end }) => {
    if (end < start) return -EINVAL;
    task.space.codeChanged(start, end);
    return 0;
  }),
  syscall('set_tls', { tls: pointer }, (task, { tls }) => {
    task.cpu.tls = BigInt(tls);
    return 0;
  }),
  syscall('get_tls', {}, (task) => Number(task.cpu.tls)),
  syscall('riscv_flush_icache', { start: long, end: long, flags: ulong }, flushIcache),

  syscall('sched_yield', noArgs),
  syscall('sched_getaffinity', { ...cpuMask, mask: outCpuSet }),
  syscall('sched_setaffinity', { ...cpuMask, mask: inCpuSet }),
  syscall('sched_getscheduler', ids),
  syscall('sched_setscheduler', { pid, policy, param: inStruct(SCHED_PARAM) }),
  syscall('sched_getparam', { pid, param: outStruct(SCHED_PARAM) }),
  syscall('sched_setparam', { pid, param: inStruct(SCHED_PARAM) }),
  syscall('sched_get_priority_max', { policy }),
  syscall('sched_get_priority_min', { policy }),
  syscall('sched_rr_get_interval', { pid, tp: outStruct(TIMESPEC) }),
  syscall('sched_getattr', { pid, attr: pointer, size: uint, flags: hex }),
  syscall('sched_setattr', { pid, attr: pointer, flags: hex }),

  syscall('set_tid_address', { tidptr: pointer }, (task, v) => {
    task.clearChildTid = v.tidptr;
    return task.host.syscall('gettid');
  }),
  syscall(
    'set_robust_list',
    { head: pointer, len: size },
    (task, v) => {
      if (v.len !== ROBUST_LIST_SIZE) return -EINVAL;
      task.robustList = BigInt(v.head);
      return 0;
    },
    note('not walked when a signal kills the process'),
  ),
  syscall('get_robust_list', { pid, head_ptr: pointer, len_ptr: pointer }, getRobustList),
  syscall(
    'futex',
    {
      uaddr: pointer,
      op: futexOp,
      val: uint,
      timeout: ifFutexTakes('timeout', futexTimeout),
      uaddr2: ifFutexTakes('uaddr2', pointer),
      val3: ifFutexTakes('val3', futexVal3),
    },
    futex,
    restarts('sa'),
  ),
  refused(
    'rseq',
    { rseq: pointer, rseq_len: hex, flags: hex, sig: hex },
    'restartable sequences would need a view of every interrupt',
  ),
];
