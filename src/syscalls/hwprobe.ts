/**
 * riscv_hwprobe(2): what the emulated processor can do
 * (Documentation/arch/riscv/hwprobe.rst). All CPUs are alike, so a set of CPUs
 * only has to be valid.
 */
import { EFAULT, EINVAL } from './errno.ts';
import { bytes, deliver, fetch, stage, stagingLeft, view } from './staging.ts';
import type { SyscallResult, Task } from './task.ts';

/** Bits of key IMA_EXT_0 of the extensions that src/cpu/riscv implements. */
const EXTENSIONS = {
  FD: 0,
  C: 1,
  Zba: 3,
  Zbb: 4,
  Zbs: 5,
  Zicboz: 6,
  Zbc: 7,
  Zbkb: 8,
  Zbkc: 9,
  Zbkx: 10,
  Zfh: 27,
  Zfhmin: 28,
  Zihintntl: 29,
  Zfa: 32,
  Zacas: 34,
  Zicond: 35,
  Zihintpause: 36,
  Zimop: 42,
  Zca: 43,
  Zcb: 44,
  Zcd: 45,
  Zcmop: 47,
  Zawrs: 48,
  Zicntr: 50,
  Zicbom: 55,
  Zaamo: 56,
  Zalrsc: 57,
  Zabha: 58,
} as const;

const BASE_BEHAVIOR_IMA = 1n;
/** Misaligned scalar accesses are as fast as aligned ones. */
const MISALIGNED_FAST = 3n;
/** Bytes that cbo.zero and the other cache block operations work on. */
const CACHE_BLOCK = 64n;
/** Ticks a second of the time CSR (src/translate/engine.ts). */
const TIME_FREQUENCY = 10_000_000n;
const WHICH_CPUS = 1;
const PAIR_SIZE = 16;

const extensionBits = (): bigint => Object.values(EXTENSIONS).reduce((bits, bit) => bits | (1n << BigInt(bit)), 0n);

/** The value of a key; undefined for one that this kernel does not know. */
function probe(task: Task, key: bigint): bigint | undefined {
  switch (key) {
    case 0n: // MVENDORID, MARCHID, MIMPID: not a commercial implementation
    case 1n:
    case 2n:
      return 0n;
    case 3n:
      return BASE_BEHAVIOR_IMA;
    case 4n:
      return extensionBits();
    case 5n: // CPUPERF_0, the older form of key 9
    case 9n:
      return MISALIGNED_FAST;
    case 6n: // ZICBOZ_BLOCK_SIZE
    case 12n: // ZICBOM_BLOCK_SIZE
      return CACHE_BLOCK;
    case 7n: // HIGHEST_VIRT_ADDRESS
      return BigInt(task.host.windowSize - 1);
    case 10n: // MISALIGNED_VECTOR_PERF: unsupported, there are no vectors
      return 4n;
    case 8n: // TIME_CSR_FREQ
      return TIME_FREQUENCY;
    default:
      return undefined;
  }
}

/** Keys whose value is a set of bits: a CPU matches when it has all that are asked for. */
const isBitmask = (key: bigint): boolean => key === 3n || key === 4n || key === 5n;

type Args = { pairs: number; pair_count: number; cpusetsize: number; cpus: number; flags: number };

export function hwprobe(task: Task, args: Args): SyscallResult {
  if ((args.flags & ~WHICH_CPUS) !== 0) return -EINVAL;
  return args.flags === WHICH_CPUS ? whichCpus(task, args) : values(task, args);
}

function values(task: Task, { pairs, pair_count, cpusetsize, cpus }: Args): SyscallResult {
  const error = checkCpus(task, cpusetsize, cpus);
  if (error !== 0) return error;
  const at = stage(PAIR_SIZE);
  for (let i = 0; i < pair_count; i++) {
    if (!fetch(task, at, pairs + i * PAIR_SIZE, PAIR_SIZE)) return -EFAULT;
    const value = probe(task, view.getBigInt64(at, true));
    if (value === undefined) view.setBigInt64(at, -1n, true);
    view.setBigUint64(at + 8, value ?? 0n, true);
    if (!deliver(task, pairs + i * PAIR_SIZE, at, PAIR_SIZE)) return -EFAULT;
  }
  return 0;
}

/** A CPU set, if there is one, has to name a CPU that is online. */
function checkCpus(task: Task, cpusetsize: number, cpus: number): number {
  if (cpusetsize === 0 && cpus === 0) return 0;
  const set = readCpus(task, cpusetsize, cpus);
  if (set === undefined) return -EFAULT;
  return isEmpty(set) ? -EINVAL : 0;
}

interface CpuSet {
  at: number;
  size: number;
}

/** Reads a CPU set and drops the CPUs that are not online. */
function readCpus(task: Task, cpusetsize: number, cpus: number): CpuSet | undefined {
  const size = Math.min(cpusetsize, stagingLeft() >> 2);
  const at = stage(size);
  if (!fetch(task, at, cpus, size)) return undefined;
  const online = onlineCpus(task, size);
  for (let i = 0; i < size; i++) bytes[at + i] &= bytes[online + i];
  return { at, size };
}

/** Staging offset of the set of CPUs that the process may run on. */
function onlineCpus(task: Task, size: number): number {
  const room = Math.max(128, (size + 7) & ~7);
  const at = stage(room);
  bytes.fill(0, at, at + room);
  task.host.syscall('sched_getaffinity', 0, room, task.host.stagingPointer(at));
  return at;
}

const isEmpty = ({ at, size }: CpuSet): boolean => bytes.subarray(at, at + size).every((byte) => byte === 0);

/** The other direction: which CPUs of the set have the values given. */
function whichCpus(task: Task, { pairs, pair_count, cpusetsize, cpus }: Args): SyscallResult {
  if (cpusetsize === 0 || cpus === 0) return -EINVAL;
  const set = readCpus(task, cpusetsize, cpus);
  if (set === undefined) return -EFAULT;
  if (isEmpty(set)) {
    const online = onlineCpus(task, set.size);
    bytes.copyWithin(set.at, online, online + set.size);
  }
  let match = true;
  const at = stage(PAIR_SIZE);
  for (let i = 0; i < pair_count; i++) {
    if (!fetch(task, at, pairs + i * PAIR_SIZE, PAIR_SIZE)) return -EFAULT;
    const key = view.getBigInt64(at, true);
    const wanted = view.getBigUint64(at + 8, true);
    const value = probe(task, key);
    if (value === undefined) {
      view.setBigInt64(at, -1n, true);
      view.setBigUint64(at + 8, 0n, true);
      if (!deliver(task, pairs + i * PAIR_SIZE, at, PAIR_SIZE)) return -EFAULT;
    }
    match &&= value !== undefined && (isBitmask(key) ? (value & wanted) === wanted : value === wanted);
  }
  if (!match) bytes.fill(0, set.at, set.at + set.size);
  return deliver(task, cpus, set.at, set.size) ? 0 : -EFAULT;
}
