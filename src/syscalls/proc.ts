/**
 * The files of /proc that show the guest instead of the emulator. An open of
 * one of them makes its text and gives the guest a descriptor of a memfd with
 * it; fields that are not ours to change are the host's.
 */
import type { Int } from '../host/host.ts';
import { PAGE_SIZE } from '../host/layout.ts';
import { PageFlag } from '../memory/page-table.ts';
import { steadyCall, writeText } from './call.ts';
import { ENOENT } from './errno.ts';
import { hostFile, statFields } from './host-proc.ts';
import { identityLines } from './identity.ts';
import { kinAuxv, kinExecutable, kinRanges, kinThreadCount } from './kin.ts';
import { mountTableText } from './mount-table.ts';
import { entryPath } from './proc-names.ts';
import { traceState } from './ptrace.ts';
import { shownPath } from './root-paths.ts';
import { seccompState } from './seccomp.ts';
import { stageString } from './staging.ts';
import type { Task } from './task.ts';

const AT_FDCWD = -100;
const O_CLOEXEC = 0o2000000;
const MFD_CLOEXEC = 1;

/** Opens a generated entry (see procEntry) with the flags of open(2). A descriptor, or a negative errno. */
export function openProc(task: Task, entry: string, flags: number): Int {
  const text = procText(task, entry);
  if (text === undefined) return -ENOENT;
  const name = stageString(entry.slice(entry.indexOf('/') + 1));
  const memory = steadyCall(task, 'memfd_create', task.host.stagingPointer(name), MFD_CLOEXEC);
  if (memory < 0) return memory;
  writeText(task, text, (pointer, count) => steadyCall(task, 'write', memory, pointer, count));
  // A descriptor of its own with the guest's flags, at the file's start.
  const again = stageString(`/proc/self/fd/${memory}`);
  const opened = steadyCall(task, 'openat', AT_FDCWD, task.host.stagingPointer(again), flags, 0);
  // The lowest free number is the guest's: give it the one that the memfd took.
  if (opened < 0) {
    steadyCall(task, 'close', memory);
    return opened;
  }
  steadyCall(task, 'dup3', opened, memory, flags & O_CLOEXEC);
  steadyCall(task, 'close', opened);
  return memory;
}

/** /proc/cpuinfo: as many processors as the host has. */
function cpuinfo(task: Task): string {
  const count = hostFile(task, '/proc/cpuinfo').split(/^processor\b/m).length - 1;
  return Array.from({ length: Math.max(1, count) }, (_, processor) => task.process.abi.cpuinfo(processor)).join('');
}

/** The host's processor; a kernel without CONFIG_GENERIC_CPU_AUTOPROBE has no such line. */
const MODALIAS = /^MODALIAS=.*\n/m;

/** The text of a generated entry, latin1; undefined if the entry is none. */
export function procText(task: Task, entry: string): string | undefined {
  switch (entry) {
    case 'cpuinfo':
      return cpuinfo(task);
    case 'self/auxv':
      return latin1(task.process.auxv);
    case 'self/cmdline':
      return strings(task, task.process.layout.argStart, task.process.layout.argEnd, task.process.argv);
    case 'self/environ':
      return strings(task, task.process.layout.envStart, task.process.layout.envEnd, task.process.env);
    case 'self/limits':
      return limits(task);
    case 'self/statm':
      return statm(task);
    case 'self/maps':
      return shownRanges(task).map(mapsLine).join('');
    case 'self/mountinfo':
    case 'self/mounts':
    case 'self/mountstats':
      return mountText(task, entry);
    case 'self/smaps':
      return smaps(task, shownRanges(task), hostFile(task, '/proc/self/smaps'));
    case 'self/smaps_rollup':
      return smapsRollup(task, shownRanges(task), hostFile(task, '/proc/self/smaps'));
    case 'self/stat':
      return stat(task);
    case 'self/status':
      return status(task);
    default: {
      if (entry.endsWith('/uevent')) return hostFile(task, entryPath(entry)).replace(MODALIAS, '');
      const [, pid, name] = /^(\d+)\/(\w+)$/.exec(entry) ?? [];
      return pid === undefined ? undefined : kinText(task, Number(pid), name);
    }
  }
}

/** A file of another guest process of the same tree (see kin.ts). What only that process knows is 0, or the host's. */
function kinText(task: Task, pid: number, name: string): string | undefined {
  const text = hostFile(task, `/proc/${pid}/${name}`);
  const ranges = kinRanges(task, pid)?.map((range) => ({ ...range, name: shownPath(task, range.name) }));
  if (ranges === undefined) return text === '' ? undefined : text;
  switch (name) {
    case 'auxv':
      return latin1(kinAuxv(task, pid));
    case 'maps':
      return ranges.map(mapsLine).join('');
    case 'smaps':
      return smaps(task, ranges, text);
    case 'smaps_rollup':
      return smapsRollup(task, ranges, hostFile(task, `/proc/${pid}/smaps`));
    case 'statm':
      return statmText(ranges, text);
    case 'stat': {
      const start = task.host.guestPointer(PAGE_SIZE) - PAGE_SIZE;
      const inWindow = (value: string): string => String(Math.max(0, Number(value) - start));
      const fields = statFields(text);
      fields.values[20 - 3] = String(kinThreadCount(task, pid) ?? 1);
      for (const number of [26, 27, 28, 29, 30, 45, 46, 47]) fields.values[number - 3] = '0';
      // The kernel has been told where arguments and environment are: appearance.ts.
      for (const number of [48, 49, 50, 51]) fields.values[number - 3] = inWindow(fields.values[number - 3]);
      fields.values[23 - 3] = String(totalSize(ranges));
      fields.values[24 - 3] = String(Math.min(Number(fields.values[24 - 3]), totalSize(ranges) / PAGE_SIZE));
      if (traceState(task, pid).isStopped) fields.values[0] = 't';
      return `${fields.start}${fields.values.join(' ')}\n`;
    }
    default: {
      const program = shownPath(task, kinExecutable(task, pid) ?? '');
      const trace = traceState(task, pid);
      return withFields(residentWithin(text, totalSize(ranges)), {
        ...sizeFields(ranges, (range) => range.name === program),
        Threads: String(kinThreadCount(task, pid) ?? 1),
        TracerPid: String(trace.tracer),
        ...(trace.isStopped ? { State: 't (tracing stop)' } : {}),
      });
    }
  }
}

function latin1(data: Uint8Array): string {
  let text = '';
  for (const byte of data) text += String.fromCharCode(byte);
  return text;
}

/** The mounts that the guest has: see mount-table.ts. */
const mountText = (task: Task, entry: string): string =>
  mountTableText(entry, task.process.options.mounts ?? [], hostFile(task, '/proc/self/mountinfo'));

/** argv and environment as they are in memory now, for programs that set their title by overwriting them. */
function strings(task: Task, start: number, end: number, initial: readonly string[]): string {
  const now = end > start ? task.space.read(start, end - start) : undefined;
  return now === undefined ? initial.map((text) => `${text}\0`).join('') : latin1(now);
}

type Range = ReturnType<Task['space']['ranges']>[number];

/** The ranges with the guest's names of files. */
const shownRanges = (task: Task): Range[] =>
  task.space.ranges().map((range) => ({ ...range, name: shownPath(task, range.name) }));

const hexAddress = (n: number): string => n.toString(16).padStart(8, '0');

/** Column of the path in /proc/PID/maps on 64-bit kernels (fs/proc/task_mmu.c). */
const NAME_COLUMN = 73;

/** A line of /proc/PID/maps. */
export function mapsLine(range: Range): string {
  const { flags } = range;
  const permissions =
    (flags & PageFlag.read ? 'r' : '-') +
    (flags & PageFlag.write ? 'w' : '-') +
    (flags & PageFlag.exec ? 'x' : '-') +
    (flags & PageFlag.shared ? 's' : 'p');
  const line = `${hexAddress(range.start)}-${hexAddress(range.end)} ${permissions} ${hexAddress(range.offset)} ${range.device} ${range.inode} `;
  return range.name === '' ? `${line}\n` : `${line.padEnd(NAME_COLUMN)}${range.name}\n`;
}

interface HostRange {
  start: number;
  end: number;
  /** Lines in kB. */
  sizes: Map<string, number>;
}

/** `Rss:                 123 kB`, as in smaps. */
const sizeLine = (name: string, kilobytes: number): string =>
  `${`${name}:`.padEnd(15)}${String(Math.round(kilobytes)).padStart(9)} kB\n`;

/**
 * The host's counts of each of a guest's ranges, shared out by overlap where the host's ranges are not the guest's; `host` is
 * what the host's smaps says of the process.
 */
function pageCounts(task: Task, ranges: readonly Range[], host: string): [Range, Map<string, number>][] {
  const hostRanges = parseSmaps(host, task.host.guestPointer(PAGE_SIZE) - PAGE_SIZE);
  return ranges.map((range) => {
    const sums = new Map<string, number>();
    for (const host of hostRanges) {
      const overlap = Math.min(host.end, range.end) - Math.max(host.start, range.start);
      if (overlap <= 0) continue;
      const share = overlap / (host.end - host.start);
      for (const [name, size] of host.sizes) sums.set(name, (sums.get(name) ?? 0) + size * share);
    }
    return [range, sums];
  });
}

function smaps(task: Task, ranges: readonly Range[], host: string): string {
  let text = '';
  for (const [range, sums] of pageCounts(task, ranges, host)) {
    sums.set('Size', (range.end - range.start) / 1024);
    sums.set('KernelPageSize', 4);
    sums.set('MMUPageSize', 4);
    text += mapsLine(range);
    for (const [name, size] of sums) text += sizeLine(name, size);
    const vmFlags = (range.flags & 1 ? 'rd ' : '') + (range.flags & 2 ? 'wr ' : '') + (range.flags & 4 ? 'ex ' : '');
    text += `VmFlags: ${vmFlags}${range.flags & PageFlag.shared ? 'sh ' : ''}mr mw me \n`;
  }
  return text;
}

/** Fields of smaps that are no sums of pages. */
const NOT_IN_ROLLUP = ['Size', 'KernelPageSize', 'MMUPageSize', 'THPeligible', 'ProtectionKey'];

/** The sums of all ranges, under a line with the first and the last address. */
function smapsRollup(task: Task, ranges: readonly Range[], host: string): string {
  const counts = pageCounts(task, ranges, host);
  const sums = new Map<string, number>();
  for (const [, sizes] of counts) {
    for (const [name, size] of sizes) if (!NOT_IN_ROLLUP.includes(name)) sums.set(name, (sums.get(name) ?? 0) + size);
  }
  const [first, last] = [counts[0][0].start, counts[counts.length - 1][0].end];
  const heading = `${hexAddress(first)}-${hexAddress(last)} ---p 00000000 00:00 0 `.padEnd(NAME_COLUMN);
  return `${heading}[rollup]\n${[...sums].map(([name, size]) => sizeLine(name, size)).join('')}`;
}

function parseSmaps(text: string, windowStart: number): HostRange[] {
  const ranges: HostRange[] = [];
  for (const line of text.split('\n')) {
    const header = /^([0-9a-f]+)-([0-9a-f]+) /.exec(line);
    if (header !== null) {
      const start = Number.parseInt(header[1], 16) - windowStart;
      ranges.push({ start, end: Number.parseInt(header[2], 16) - windowStart, sizes: new Map() });
      continue;
    }
    const size = /^(\w+): +(\d+) kB$/.exec(line);
    if (size !== null) ranges.at(-1)?.sizes.set(size[1], Number(size[2]));
  }
  return ranges;
}

/** The name that the kernel would show: the program's file name, 15 bytes. */
const commandName = (task: Task): string =>
  task.process.executable.slice(task.process.executable.lastIndexOf('/') + 1).slice(0, 15);

/** The name set by prctl(PR_SET_NAME) or the program's; the process layer mirrors it on the host's thread. */
function currentName(task: Task): string {
  const name = hostFile(task, '/proc/thread-self/comm').trimEnd();
  return name === '' || name === 'node' || name === 'MainThread' ? commandName(task) : name;
}

const totalSize = (ranges: readonly Range[]): number => ranges.reduce((sum, range) => sum + range.end - range.start, 0);

/** /proc/PID/stat, fields as numbered in proc_pid_stat(5). */
function stat(task: Task): string {
  const { start, values: fields } = statFields(hostFile(task, '/proc/self/stat'));
  const set = (number: number, value: Int): void => {
    fields[number - 3] = String(value);
  };
  const { layout } = task.process;
  const ranges = task.space.ranges();
  const heap = ranges.find((range) => range.name === '[heap]');
  const data = ranges.find((range) => range.start >= layout.endCode && (range.flags & PageFlag.write) !== 0);
  set(20, threadCount(task));
  set(23, totalSize(ranges));
  set(24, Math.min(Number(fields[24 - 3]), totalSize(ranges) / PAGE_SIZE));
  set(26, layout.startCode);
  set(27, layout.endCode);
  set(28, layout.stackPointer);
  set(29, 0);
  set(30, 0);
  set(45, data?.start ?? 0);
  set(46, data?.end ?? 0);
  set(47, heap?.start ?? 0);
  set(48, layout.argStart);
  set(49, layout.argEnd);
  set(50, layout.envStart);
  set(51, layout.envEnd);
  return `${start.slice(0, start.indexOf('('))}(${currentName(task)}) ${fields.join(' ')}\n`;
}

/** Sizes in pages: proc_pid_statm(5). What is resident is the emulator's, but never more than is mapped. */
const statm = (task: Task): string => statmText(task.space.ranges(), hostFile(task, '/proc/self/statm'));

function statmText(ranges: readonly Range[], host: string): string {
  const pages = (test: (range: Range) => boolean): number =>
    ranges.filter(test).reduce((sum, range) => sum + (range.end - range.start) / PAGE_SIZE, 0);
  const size = pages(() => true);
  const [, resident, shared] = host.split(' ').map(Number);
  const code = pages((range) => (range.flags & PageFlag.exec) !== 0);
  const data = pages((range) => (range.flags & (PageFlag.write | PageFlag.shared)) === PageFlag.write);
  return `${size} ${Math.min(resident, size)} ${Math.min(shared, size)} ${code} 0 ${data} 0\n`;
}

/** Rows of /proc/PID/limits whose limits are ours, by RLIMIT_* number. */
const LIMIT_NAMES: Record<number, string> = {
  2: 'Max data size',
  3: 'Max stack size',
  6: 'Max processes',
  9: 'Max address space',
};

function limits(task: Task): string {
  const WIDTH = { name: 26, value: 21 };
  const value = (n: bigint): string => (n === 2n ** 64n - 1n ? 'unlimited' : String(n)).padEnd(WIDTH.value);
  let text = hostFile(task, '/proc/self/limits');
  for (const [resource, { soft, hard }] of task.process.rlimits) {
    const name = LIMIT_NAMES[resource];
    if (name === undefined) continue;
    const row = new RegExp(`^${name} .{${WIDTH.name + 2 * WIDTH.value - name.length - 1}}`, 'm');
    text = text.replace(row, `${name.padEnd(WIDTH.name)}${value(soft)}${value(hard)}`);
  }
  return text;
}

const threadCount = (task: Task): number => task.process.threads?.size ?? 1;

const kilobytes = (n: number): string => `${String(n / 1024).padStart(8)} kB`;
const mask = (set: bigint): string => set.toString(16).padStart(16, '0');

/** Sizes of /proc/PID/status; `isProgram` tells the program's own code from libraries'. */
function sizeFields(ranges: readonly Range[], isProgram: (range: Range) => boolean): Record<string, string> {
  const sum = (test: (range: Range) => boolean): string => kilobytes(totalSize(ranges.filter(test)));
  const isCode = (range: Range): boolean => (range.flags & PageFlag.exec) !== 0;
  const isStack = (range: Range): boolean => (range.flags & PageFlag.stack) !== 0;
  return {
    VmPeak: sum(() => true),
    VmSize: sum(() => true),
    VmData: sum((range) => (range.flags & (PageFlag.write | PageFlag.shared)) === PageFlag.write && !isStack(range)),
    VmStk: sum(isStack),
    VmExe: sum((range) => isCode(range) && isProgram(range)),
    VmLib: sum((range) => isCode(range) && !isProgram(range)),
  };
}

/** What is resident is the emulator's, too: never shown as more than is mapped. */
const residentWithin = (text: string, size: number): string =>
  text.replace(
    /^(VmHWM|VmRSS|Rss\w+):\t *(\d+) kB$/gm,
    (_line, name: string, value: string) => `${name}:\t${kilobytes(Math.min(Number(value) * 1024, size))}`,
  );

/** The lines of a file like /proc/PID/status with other values for some fields. */
const withFields = (text: string, values: Record<string, string>): string =>
  text.replace(/^(\w+):\t.*$/gm, (line, name: string) => (name in values ? `${name}:\t${values[name]}` : line));

/** /proc/PID/status: names, sizes and signals are the guest's. */
function status(task: Task): string {
  let ignored = 0n;
  let caught = 0n;
  for (let signo = 1; signo <= 64; signo++) {
    const { handler } = task.signals.getAction(signo);
    const bit = 1n << BigInt(signo - 1);
    if (handler === 1n) ignored |= bit;
    else if (handler !== 0n) caught |= bit;
  }
  const seccomp = seccompState(task);
  const { startCode, endCode } = task.process.layout;
  const text = residentWithin(hostFile(task, '/proc/thread-self/status'), totalSize(task.space.ranges()));
  return withFields(text, {
    Name: currentName(task),
    ...sizeFields(task.space.ranges(), (range) => range.start < endCode && range.end > startCode),
    Threads: String(threadCount(task)),
    TracerPid: String(traceState(task, Number(task.host.syscall('gettid'))).tracer),
    Seccomp: String(seccomp.mode),
    Seccomp_filters: String(seccomp.filters),
    SigBlk: mask(task.signals.mask),
    SigIgn: mask(ignored),
    SigCgt: mask(caught),
    ...identityLines(task),
  });
}
