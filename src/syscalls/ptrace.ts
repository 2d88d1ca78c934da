/**
 * ptrace(2), as the tracer makes it. Whom it traces is a thread of a process of the same tree, which waits, when stopped,
 * for letters (tracing.ts; src/process/tracee.ts). Its registers and what the stop is about are read and written in its
 * memory, which is at the same place of the host's; guest memory goes through the host's /proc/PID/mem, which overlooks
 * protection as ptrace does. What the kernel of an architecture does not have gives EIO, as there.
 */

import type { GuestCpu } from '../cpu/guest-cpu.ts';
import { NT, type RegisterSet } from '../cpu/register-sets.ts';
import { narrowSiginfo, widenSiginfo } from '../cpu/siginfo-32.ts';
import type { Int } from '../host/host.ts';
import { PAGE_SIZE, PROCESS, SLOT, SLOT_STATE, slotField, TRACEE, TRACEE_STATE } from '../host/layout.ts';
import { PageFlag } from '../memory/page-table.ts';
import { steadyCall } from './call.ts';
import { choice, hexLong, pid, toAddress, toInt32 } from './codec.ts';
import { EAGAIN, EFAULT, EINVAL, EIO, EPERM, ESRCH } from './errno.ts';
import { hostFile, processOf } from './host-proc.ts';
import { KinMemory } from './kin.ts';
import { note, type Row, syscall } from './row.ts';
import { auditArchitecture } from './seccomp.ts';
import { bytes, deliver, fetch, stage, stageString, view } from './staging.ts';
import type { SyscallResult, Task } from './task.ts';
import { addTracee, type TraceeEntry, traceeOf } from './tracees.ts';
import { ALL_OPTIONS, EVENT, LETTER, RESUME, sendLetter, type Thread } from './tracing.ts';

const REQUEST = {
  PTRACE_TRACEME: 0,
  PTRACE_PEEKTEXT: 1,
  PTRACE_PEEKDATA: 2,
  PTRACE_PEEKUSER: 3,
  PTRACE_POKETEXT: 4,
  PTRACE_POKEDATA: 5,
  PTRACE_POKEUSER: 6,
  PTRACE_CONT: 7,
  PTRACE_KILL: 8,
  PTRACE_SINGLESTEP: 9,
  PTRACE_GETREGS: 12,
  PTRACE_SETREGS: 13,
  PTRACE_ATTACH: 16,
  PTRACE_DETACH: 17,
  PTRACE_GET_THREAD_AREA: 22,
  PTRACE_SET_SYSCALL: 23,
  PTRACE_SYSCALL: 24,
  PTRACE_GETVFPREGS: 27,
  PTRACE_SETVFPREGS: 28,
  PTRACE_SETOPTIONS: 0x4200,
  PTRACE_GETEVENTMSG: 0x4201,
  PTRACE_GETSIGINFO: 0x4202,
  PTRACE_SETSIGINFO: 0x4203,
  PTRACE_GETREGSET: 0x4204,
  PTRACE_SETREGSET: 0x4205,
  PTRACE_SEIZE: 0x4206,
  PTRACE_INTERRUPT: 0x4207,
  PTRACE_LISTEN: 0x4208,
  PTRACE_GETSIGMASK: 0x420a,
  PTRACE_SETSIGMASK: 0x420b,
  PTRACE_GET_SYSCALL_INFO: 0x420e,
} as const;

/** `op` of struct ptrace_syscall_info. */
export const SYSCALL_INFO = { none: 0, entry: 1, exit: 2, seccomp: 3 } as const;

const SIGINFO_SIZE = 128;
const SIGSET_SIZE = 8;
const [SIGKILL, SIGCONT] = [9, 18];
const LAST_SIGNAL = 64;
/** Milliseconds. */
const [ATTACHMENT_STEP, ATTACHMENT_LIMIT] = [0.2, 5000];
const [SI_USER, SI_TKILL] = [0, -6];
const EM_ARM = 40;
const EM_AARCH64 = 183;
const MAX_ERRNO = 4095;
const O_RDWR_CLOEXEC = 0o2000002;
const AT_FDCWD = -100;

export function ptrace(
  task: Task,
  { request, pid: tid, addr, data }: { request: number; pid: number; addr: Int; data: Int },
): SyscallResult {
  if (task.host.processes === undefined) return -EPERM;
  if (request === REQUEST.PTRACE_TRACEME) return traceMe(task);
  if (request === REQUEST.PTRACE_ATTACH) return attach(task, tid, false, 0);
  if (request === REQUEST.PTRACE_SEIZE) return addr === 0 ? attach(task, tid, true, toInt32(data)) : -EIO;
  task.signals.poll();
  const entry = traceeOf(task, tid);
  if (entry === undefined || entry.isDead || entry.get(TRACEE.tracer) !== task.host.syscall('gettid')) return -ESRCH;
  if (request === REQUEST.PTRACE_KILL) return steadyCall(task, 'tgkill', entry.process, tid, SIGKILL) < 0 ? -ESRCH : 0;
  if (request === REQUEST.PTRACE_INTERRUPT) return interrupt(task, entry);
  if (!entry.isStopped) return -ESRCH;
  return new Stopped(task, entry).request(request, addr, data);
}

function traceMe(task: Task): SyscallResult {
  if (task.isTraced === true) return -EPERM;
  const cells = new Int32Array(task.host.processMemory.buffer);
  const process = Number(task.host.syscall('getppid'));
  if (!new KinMemory(task, process).isKin) return -EPERM;
  const tid = cells[PROCESS.makerProcess >> 2] === process ? cells[PROCESS.maker >> 2] : process;
  return task.traceMe?.({ tid, process }) ?? -EPERM;
}

/** The number of a thread's slot in its process; -1 if there is none. */
function slotOf(memory: KinMemory, { tid, process }: Thread): number {
  const count = memory.int(PROCESS.usedSlots) ?? 0;
  if (tid === process) return 0;
  for (let slot = 1; slot < count; slot++) {
    const [state, id] = [SLOT.state, SLOT.tid].map((field) => memory.int(slotField(slot, field)));
    if (state === SLOT_STATE.running && id === tid) return slot;
  }
  return -1;
}

/** The process that traces the thread of a slot, 0 if none does; undefined if there is no such thread, or it cannot be read. */
const tracerOf = (memory: KinMemory, slot: number): number | undefined =>
  slot < 0 ? undefined : memory.int(slotField(slot, SLOT.tracerProcess));

/** Of a thread of the tree, for /proc: the process that traces it, or 0, and whether it is stopped for that. */
export function traceState(task: Task, tid: number): { tracer: number; isStopped: boolean } {
  const process = processOf(task, tid);
  const memory = process === undefined ? undefined : new KinMemory(task, process);
  if (process === undefined || memory?.isKin !== true) return { tracer: 0, isStopped: false };
  const slot = Math.max(0, slotOf(memory, { tid, process }));
  const tracer = tracerOf(memory, slot) ?? 0;
  return { tracer, isStopped: tracer !== 0 && (memory.int(slotField(slot, SLOT.stopped)) ?? 0) !== 0 };
}

/** PTRACE_ATTACH and PTRACE_SEIZE. */
function attach(task: Task, tid: number, seizes: boolean, options: number): SyscallResult {
  if (seizes && (options & ~ALL_OPTIONS) !== 0) return -EIO;
  const process = tid > 0 ? processOf(task, tid) : undefined;
  if (process === undefined) return -ESRCH;
  const memory = new KinMemory(task, process);
  if (process === task.host.syscall('getpid') || !memory.isKin) return -EPERM;
  const slot = slotOf(memory, { tid, process });
  if (tracerOf(memory, slot) !== 0) return -EPERM;
  const tracer = Number(task.host.syscall('gettid'));
  const entry = addTracee(task, { tid, process, slot, tracer, seized: seizes });
  if (entry === undefined) return -EAGAIN;
  const wasStopped = /^State:\tT/m.test(hostFile(task, `/proc/${tid}/status`));
  const sent = sendLetter(task, { tid, process }, LETTER.attach, seizes ? 1 : 0, options, wasStopped ? 1 : 0);
  if (sent !== 0) {
    entry.free();
    return sent;
  }
  // A stop of the host's would keep it from reading letters.
  if (wasStopped) steadyCall(task, 'kill', process, SIGCONT);
  awaitAttachment(task, memory, slot);
  return 0;
}

/** Until it has read the letter, the host acts on what it is sent; it reads it soon unless the host does not let it. */
function awaitAttachment(task: Task, memory: KinMemory, slot: number): void {
  const time = stage(16);
  view.setBigInt64(time, 0n, true);
  view.setBigInt64(time + 8, BigInt(ATTACHMENT_STEP * 1e6), true);
  for (let waited = 0; waited < ATTACHMENT_LIMIT; waited += ATTACHMENT_STEP) {
    if (tracerOf(memory, slot) !== 0) return;
    steadyCall(task, 'nanosleep', task.host.stagingPointer(time), 0);
  }
}

const interrupt = (task: Task, entry: TraceeEntry): SyscallResult =>
  entry.get(TRACEE.seized) === 0 ? -EIO : sendLetter(task, entry, LETTER.interrupt);

/** Register state that is a copy, of whatever thread. */
interface Copy {
  cpu: GuestCpu;
  sets: readonly RegisterSet[];
  state: Uint8Array;
}

/** A traced thread that is stopped. */
class Stopped {
  private readonly task: Task;
  private readonly entry: TraceeEntry;
  private readonly memory: KinMemory;
  private readonly slot: number;
  private readonly wordSize: 4 | 8;

  constructor(task: Task, entry: TraceeEntry) {
    this.task = task;
    this.entry = entry;
    this.memory = new KinMemory(task, entry.process);
    this.slot = slotField(entry.get(TRACEE.slot), 0);
    this.wordSize = task.process.abi.wordSize;
  }

  request(request: number, addr: Int, data: Int): SyscallResult {
    const to = toAddress(data);
    switch (request) {
      case REQUEST.PTRACE_PEEKTEXT:
      case REQUEST.PTRACE_PEEKDATA:
        return this.peek(toAddress(addr), to);
      case REQUEST.PTRACE_POKETEXT:
      case REQUEST.PTRACE_POKEDATA:
        return this.poke(toAddress(addr), data);
      case REQUEST.PTRACE_CONT:
        return this.resume(RESUME.cont, toInt32(data));
      case REQUEST.PTRACE_SYSCALL:
        return this.resume(RESUME.syscall, toInt32(data));
      case REQUEST.PTRACE_SINGLESTEP:
        // The kernels of the others have none: debuggers set breakpoints.
        return this.machine === EM_AARCH64 ? this.resume(RESUME.step, toInt32(data)) : -EIO;
      case REQUEST.PTRACE_DETACH:
        return this.detach(toInt32(data));
      case REQUEST.PTRACE_LISTEN:
        return this.listen();
      case REQUEST.PTRACE_SETOPTIONS:
        if ((Number(data) & ~ALL_OPTIONS) !== 0) return -EINVAL;
        return this.putField(SLOT.traceOptions, new Uint8Array(new Int32Array([toInt32(data)]).buffer));
      case REQUEST.PTRACE_GETEVENTMSG:
        return this.give(to, this.field(SLOT.stopMessage, 8)?.subarray(0, this.wordSize));
      case REQUEST.PTRACE_GETSIGINFO: {
        const info = this.info();
        return typeof info === 'number' ? info : this.give(to, this.wordSize === 4 ? narrowSiginfo(info) : info);
      }
      case REQUEST.PTRACE_SETSIGINFO: {
        const info = this.take(to, SIGINFO_SIZE);
        if (info === undefined || typeof this.info() === 'number') return info === undefined ? -EFAULT : -EINVAL;
        return this.putField(SLOT.stopInfo, this.wordSize === 4 ? widenSiginfo(info) : info);
      }
      case REQUEST.PTRACE_GETSIGMASK:
        return addr === SIGSET_SIZE ? this.give(to, this.field(SLOT.mask, SIGSET_SIZE)) : -EINVAL;
      case REQUEST.PTRACE_SETSIGMASK: {
        const mask = this.take(to, SIGSET_SIZE);
        if (addr !== SIGSET_SIZE || mask === undefined) return mask === undefined ? -EFAULT : -EINVAL;
        return this.putField(SLOT.mask, mask);
      }
      case REQUEST.PTRACE_GETREGSET:
        return this.getSet(toInt32(addr), to);
      case REQUEST.PTRACE_SETREGSET:
        return this.setSet(toInt32(addr), to);
      case REQUEST.PTRACE_GET_SYSCALL_INFO:
        return this.syscallInfo(Number(addr), to);
      default:
        return this.machine === EM_ARM ? this.armRequest(request, toAddress(addr), data) : -EIO;
    }
  }

  private get machine(): number {
    return this.task.process.abi.elfMachine;
  }

  /** Requests of 32-bit arm, from before there were register sets. */
  private armRequest(request: number, addr: number, data: Int): SyscallResult {
    const to = toAddress(data);
    switch (request) {
      case REQUEST.PTRACE_GETREGS:
        return this.give(to, this.copySet(NT.PRSTATUS));
      case REQUEST.PTRACE_SETREGS:
        return this.putSet(NT.PRSTATUS, to);
      case REQUEST.PTRACE_GETVFPREGS:
        return this.give(to, this.copySet(NT.ARM_VFP)?.subarray(0, VFP_REGISTERS));
      case REQUEST.PTRACE_SETVFPREGS:
        return this.putSet(NT.ARM_VFP, to);
      case REQUEST.PTRACE_GET_THREAD_AREA:
        return this.give(to, this.copySet(NT.ARM_TLS));
      case REQUEST.PTRACE_SET_SYSCALL:
        return this.changeSet(NT.ARM_SYSTEM_CALL, new Uint8Array(new Int32Array([toInt32(data)]).buffer));
      case REQUEST.PTRACE_PEEKUSER: {
        // struct user begins with the registers; what is behind them is zero, as the kernel has it.
        const registers = this.copySet(NT.PRSTATUS);
        if (addr % 4 !== 0 || addr < 0 || addr >= USER_SIZE) return -EIO;
        return this.give(
          to,
          registers && (addr < registers.length ? registers.slice(addr, addr + 4) : new Uint8Array(4)),
        );
      }
      case REQUEST.PTRACE_POKEUSER: {
        const registers = this.copySet(NT.PRSTATUS);
        if (addr % 4 !== 0 || addr < 0 || addr >= USER_SIZE || registers === undefined) return -EIO;
        if (addr >= registers.length) return 0;
        new DataView(registers.buffer).setInt32(addr, toInt32(data), true);
        return this.changeSet(NT.PRSTATUS, registers);
      }
      default:
        return -EIO;
    }
  }

  private field(field: number, length: number): Uint8Array<ArrayBuffer> | undefined {
    return this.memory.copy(this.slot + field, length);
  }
  private int(field: number): number {
    return this.memory.int(this.slot + field) ?? 0;
  }
  private putField(field: number, data: Uint8Array): number {
    return this.memory.put(this.slot + field, data) ? 0 : -ESRCH;
  }
  /** Gives the tracer bytes; undefined: the traced thread has gone. */
  private give(address: number, data: Uint8Array | undefined): number {
    if (data === undefined) return -ESRCH;
    const at = stage(data.length);
    bytes.set(data, at);
    return deliver(this.task, address, at, data.length) ? 0 : -EFAULT;
  }
  private take(address: number, length: number): Uint8Array<ArrayBuffer> | undefined {
    const at = stage(length);
    return fetch(this.task, at, address, length) ? Uint8Array.from(bytes.subarray(at, at + length)) : undefined;
  }

  /** The stop's siginfo_t, or -EINVAL in a group-stop, which has none. */
  private info(): Uint8Array<ArrayBuffer> | number {
    if (this.int(SLOT.hasInfo) === 0) return -EINVAL;
    return this.field(SLOT.stopInfo, SIGINFO_SIZE) ?? -ESRCH;
  }

  private resume(how: number, signo: number): SyscallResult {
    if (signo < 0 || signo > LAST_SIGNAL) return -EIO;
    this.leave();
    return sendLetter(this.task, this.entry, LETTER.resume, how, signo);
  }

  private detach(signo: number): SyscallResult {
    if (signo < 0 || signo > LAST_SIGNAL) return -EIO;
    const result = sendLetter(this.task, this.entry, LETTER.detach, 0, signo);
    this.entry.free();
    return result;
  }

  private listen(): SyscallResult {
    if (this.entry.get(TRACEE.seized) === 0 || this.int(SLOT.stopCode) >> 8 !== EVENT.stop) return -EIO;
    this.leave();
    return sendLetter(this.task, this.entry, LETTER.listen);
  }

  private leave(): void {
    this.entry.set(TRACEE.report, 0);
    this.entry.set(TRACEE.state, TRACEE_STATE.running);
  }

  private peek(address: number, to: number): SyscallResult {
    const at = stage(8);
    const count = accessMemory(this.task, this.entry.process, 'pread64', address, at, this.wordSize);
    if (count !== this.wordSize) return -EIO;
    return deliver(this.task, to, at, this.wordSize) ? 0 : -EFAULT;
  }

  private poke(address: number, data: Int): SyscallResult {
    const at = stage(8);
    view.setBigInt64(at, BigInt.asIntN(64, BigInt(data)), true);
    const count = accessMemory(this.task, this.entry.process, 'pwrite64', address, at, this.wordSize);
    if (count !== this.wordSize) return -EIO;
    announcePoke(this.task, this.memory, this.entry.tid, address, this.wordSize);
    return 0;
  }

  /** The thread's registers, of which changes reach it by {@link store}. */
  private registers(): Copy | undefined {
    const at = this.field(SLOT.memory, 8);
    const state = at && this.memory.copyAt(new Float64Array(at.buffer)[0], SLOT.cpuSize);
    if (state === undefined) return undefined;
    const memory = new WebAssembly.Memory({ initial: 1 });
    const { cpu, sets } = this.task.registersIn!(memory);
    const bytes = new Uint8Array(memory.buffer, 0, SLOT.cpuSize);
    bytes.set(state);
    return { cpu, sets, state: bytes };
  }

  private store({ state }: Copy): number {
    const at = this.field(SLOT.memory, 8);
    return at !== undefined && this.memory.putAt(new Float64Array(at.buffer)[0], state) ? 0 : -ESRCH;
  }

  private copySet(type: number): Uint8Array<ArrayBuffer> | undefined {
    return this.registers()
      ?.sets.find((set) => set.type === type)
      ?.read();
  }
  private changeSet(type: number, data: Uint8Array<ArrayBuffer>): number {
    const copy = this.registers();
    if (copy === undefined) return -ESRCH;
    copy.sets.find((set) => set.type === type)!.write!(data);
    return this.store(copy);
  }
  private putSet(type: number, address: number): number {
    const data = this.take(address, this.copySet(type)?.length ?? 0);
    return data === undefined ? -EFAULT : this.changeSet(type, data);
  }

  /** struct iovec at `address`. */
  private vector(address: number): { base: number; length: number } | undefined {
    const data = this.take(address, 2 * this.wordSize);
    if (data === undefined) return undefined;
    const [base, length] = this.wordSize === 4 ? new Uint32Array(data.buffer) : new BigUint64Array(data.buffer);
    return { base: Number(base), length: Number(length) };
  }

  private getSet(type: number, address: number): SyscallResult {
    const vector = this.vector(address);
    if (vector === undefined) return -EFAULT;
    const copy = this.registers();
    if (copy === undefined) return -ESRCH;
    const set = copy.sets.find((other) => other.type === type);
    if (set === undefined || vector.length % set.unit !== 0) return -EINVAL;
    const data = set.read().subarray(0, vector.length);
    const failure = this.give(vector.base, data);
    if (failure !== 0) return failure;
    const length = new Uint8Array(8);
    new DataView(length.buffer).setUint32(0, data.length, true);
    return this.give(address + this.wordSize, length.subarray(0, this.wordSize));
  }

  private setSet(type: number, address: number): SyscallResult {
    const vector = this.vector(address);
    if (vector === undefined) return -EFAULT;
    const copy = this.registers();
    if (copy === undefined) return -ESRCH;
    const set = copy.sets.find((other) => other.type === type);
    if (set?.write === undefined || vector.length % set.unit !== 0) return -EINVAL;
    const data = set.read();
    const given = this.take(vector.base, Math.min(vector.length, data.length));
    if (given === undefined) return -EFAULT;
    data.set(given);
    set.write(data);
    return this.store(copy);
  }

  /** struct ptrace_syscall_info: as much of it as there is room for; its size is the result. */
  private syscallInfo(room: number, address: number): SyscallResult {
    const copy = this.registers();
    if (copy === undefined) return -ESRCH;
    const { cpu } = copy;
    const op = this.int(SLOT.stopCall);
    const fields = new DataView(new ArrayBuffer(96));
    fields.setUint8(0, op);
    fields.setUint32(4, auditArchitecture(this.task.process.abi), true);
    fields.setBigUint64(8, cpu.pc, true);
    fields.setBigUint64(16, cpu.sp, true);
    let size = 24;
    if (op === SYSCALL_INFO.entry || op === SYSCALL_INFO.seccomp) {
      fields.setBigInt64(24, BigInt(cpu.syscallNumber), true);
      for (let i = 0; i < 6; i++) fields.setBigInt64(32 + 8 * i, BigInt(cpu.argument(i)), true);
      size = 80;
      if (op === SYSCALL_INFO.seccomp) {
        const message = this.field(SLOT.stopMessage, 8);
        if (message !== undefined) fields.setUint32(80, new Uint32Array(message.buffer)[0], true);
        size = 84;
      }
    } else if (op === SYSCALL_INFO.exit) {
      const bits = 8 * this.wordSize;
      const value = BigInt.asIntN(bits, BigInt(cpu.argument(0)));
      fields.setBigInt64(24, value, true);
      fields.setUint8(32, value < 0n && value >= -BigInt(MAX_ERRNO) ? 1 : 0);
      size = 33;
    }
    const failure = this.give(address, new Uint8Array(fields.buffer, 0, Math.min(size, room)));
    return failure === 0 ? size : failure;
  }
}

/** struct user_vfp without the kernel's padding; bytes of struct user. */
const VFP_REGISTERS = 260;
const USER_SIZE = 296;

/** How many of `count` bytes from `address` on the guest of a process has mapped. */
export function kinMappedBytes(memory: KinMemory, address: number, count: number): number {
  for (let page = Math.floor(address / PAGE_SIZE); page * PAGE_SIZE < address + count; page++) {
    const flags = page < PROCESS.pageTableSize ? memory.copy(PROCESS.pageTable + page, 1) : undefined;
    if (flags === undefined || (flags[0] & PageFlag.mapped) === 0) return Math.max(0, page * PAGE_SIZE - address);
  }
  return count;
}

/** Moves bytes between another process's guest memory, whatever its protection, and the staging buffer: how many. */
function accessMemory(
  task: Task,
  process: number,
  name: 'pread64' | 'pwrite64',
  address: number,
  at: number,
  length: number,
): number {
  const { host } = task;
  const count = address < 0 ? 0 : kinMappedBytes(new KinMemory(task, process), address, length);
  if (count === 0) return 0;
  const path = host.stagingPointer(stageString(`/proc/${process}/mem`));
  const file = steadyCall(task, 'openat', AT_FDCWD, path, O_RDWR_CLOEXEC, 0);
  if (file < 0) return 0;
  const result = steadyCall(task, name, file, host.stagingPointer(at), count, host.guestPointer(address));
  steadyCall(task, 'close', file);
  return Math.max(0, Number(result));
}

/** Tells a traced process that its memory has changed, so that it drops what it has translated of it. */
export function announcePoke(task: Task, memory: KinMemory, tid: number, address: number, length: number): void {
  const count = memory.int(PROCESS.pokeCount);
  if (count === undefined) return;
  const entry = PROCESS.pokes + 16 * (count % PROCESS.pokeEntries);
  memory.put(entry, new Uint8Array(new Float64Array([address, address + length]).buffer));
  memory.put(PROCESS.pokeCount, new Uint8Array(new Int32Array([count + 1]).buffer));
  const process = processOf(task, tid);
  if (process !== undefined) sendLetter(task, { tid, process }, LETTER.poked);
}

/**
 * SIGSTOP, which the host would act on before anybody saw it, for a traced thread: to be seen by its tracer. Undefined if
 * it is for no traced thread.
 */
export function stopTraced(task: Task, ofProcess: number | undefined, tid: number): Int | undefined {
  if (tid <= 0 || task.host.processes === undefined) return undefined;
  const process = ofProcess ?? processOf(task, tid);
  if (process === undefined) return undefined;
  const own = Number(task.host.syscall('getpid'));
  const memory = new KinMemory(task, process);
  if (!memory.isKin) return undefined;
  if ((memory.int(PROCESS.traced) ?? 0) === 0) return undefined;
  if ((tracerOf(memory, slotOf(memory, { tid, process })) ?? 0) === 0) return undefined;
  return sendLetter(task, { tid, process }, LETTER.stop, ofProcess === tid ? SI_USER : SI_TKILL, own);
}

export const ptraceRows = (): Row[] => [
  syscall('ptrace', { request: choice(REQUEST), pid, addr: hexLong, data: hexLong }, ptrace, note('traces')),
];
