/**
 * prctl(2). Operations that change only what a process may do or is called are
 * passed on; those that would change how the emulator itself runs, or that
 * belong to another architecture, fail with EINVAL as on a kernel without them.
 */
import type { PointerKeys } from '../cpu/guest-cpu.ts';
import type { Int } from '../host/host.ts';
import { hostCall, ptr } from './call.ts';
import { type Codec, choiceName, Pass, type Printing, stringText, toAddress, toInt32 } from './codec.ts';
import { EFAULT, EINVAL } from './errno.ts';
import { reportUnimplemented } from './report.ts';
import { seccompState, setSeccomp } from './seccomp.ts';
import { bytes, deliver, stage } from './staging.ts';
import type { SyscallResult, Task } from './task.ts';
import { hexText } from './text.ts';

const PR = {
  PR_SET_PDEATHSIG: 1,
  PR_GET_PDEATHSIG: 2,
  PR_GET_DUMPABLE: 3,
  PR_SET_DUMPABLE: 4,
  PR_GET_KEEPCAPS: 7,
  PR_SET_KEEPCAPS: 8,
  PR_GET_TIMING: 13,
  PR_SET_TIMING: 14,
  PR_SET_NAME: 15,
  PR_GET_NAME: 16,
  PR_GET_SECCOMP: 21,
  PR_SET_SECCOMP: 22,
  PR_CAPBSET_READ: 23,
  PR_CAPBSET_DROP: 24,
  PR_GET_SECUREBITS: 27,
  PR_SET_SECUREBITS: 28,
  PR_SET_TIMERSLACK: 29,
  PR_GET_TIMERSLACK: 30,
  PR_MCE_KILL: 33,
  PR_MCE_KILL_GET: 34,
  PR_SET_MM: 35,
  PR_SET_CHILD_SUBREAPER: 36,
  PR_GET_CHILD_SUBREAPER: 37,
  PR_SET_NO_NEW_PRIVS: 38,
  PR_GET_NO_NEW_PRIVS: 39,
  PR_GET_TID_ADDRESS: 40,
  PR_SET_THP_DISABLE: 41,
  PR_GET_THP_DISABLE: 42,
  PR_CAP_AMBIENT: 47,
  PR_GET_SPECULATION_CTRL: 52,
  PR_SET_SPECULATION_CTRL: 53,
  PR_PAC_RESET_KEYS: 54,
  PR_SET_IO_FLUSHER: 57,
  PR_GET_IO_FLUSHER: 58,
  PR_PAC_SET_ENABLED_KEYS: 60,
  PR_PAC_GET_ENABLED_KEYS: 61,
  PR_SET_VMA: 0x53564d41,
  PR_GET_AUXV: 0x41555856,
} as const;

/** Capabilities by number: capabilities(7). */
const CAPABILITIES = (
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE ' +
  'NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN ' +
  'SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE ' +
  'MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'
).split(' ');

/** How arguments 2–5 go to the host: all as values, or the first as a pointer to guest memory. */
const VALUES = new Set<number>([
  PR.PR_SET_PDEATHSIG,
  PR.PR_GET_DUMPABLE,
  PR.PR_SET_DUMPABLE,
  PR.PR_GET_KEEPCAPS,
  PR.PR_SET_KEEPCAPS,
  PR.PR_GET_TIMING,
  PR.PR_SET_TIMING,
  PR.PR_CAPBSET_READ,
  PR.PR_CAPBSET_DROP,
  PR.PR_GET_SECUREBITS,
  PR.PR_SET_SECUREBITS,
  PR.PR_SET_TIMERSLACK,
  PR.PR_GET_TIMERSLACK,
  PR.PR_MCE_KILL,
  PR.PR_MCE_KILL_GET,
  PR.PR_SET_CHILD_SUBREAPER,
  PR.PR_SET_NO_NEW_PRIVS,
  PR.PR_GET_NO_NEW_PRIVS,
  PR.PR_SET_THP_DISABLE,
  PR.PR_GET_THP_DISABLE,
  PR.PR_CAP_AMBIENT,
  PR.PR_GET_SPECULATION_CTRL,
  PR.PR_SET_SPECULATION_CTRL,
  PR.PR_SET_IO_FLUSHER,
  PR.PR_GET_IO_FLUSHER,
]);
const POINTER = new Set<number>([PR.PR_GET_PDEATHSIG, PR.PR_SET_NAME, PR.PR_GET_NAME, PR.PR_GET_CHILD_SUBREAPER]);

/** PR_SET_VMA's only operation: names anonymous memory. The kernel keeps the names. */
const PR_SET_VMA_ANON_NAME = 0;

type Args = { option: number; arg2: Int; arg3: Int; arg4: Int; arg5: Int };

export function prctl(task: Task, { option, arg2, arg3, arg4, arg5 }: Args): SyscallResult {
  if (VALUES.has(option)) return task.host.syscall('prctl', option, arg2, arg3, arg4, arg5);
  if (POINTER.has(option)) return hostCall(task, 'prctl', option, ptr(task, toAddress(arg2)), arg3, arg4, arg5);
  if (option === PR.PR_SET_VMA && arg2 === PR_SET_VMA_ANON_NAME) {
    return hostCall(task, 'prctl', option, arg2, ptr(task, toAddress(arg3)), arg4, ptr(task, toAddress(arg5)));
  }
  if (option === PR.PR_GET_TID_ADDRESS) return getTidAddress(task, toAddress(arg2));
  if (option === PR.PR_GET_AUXV) return getAuxv(task, toAddress(arg2), arg3);
  if (option === PR.PR_GET_SECCOMP) return seccompState(task).mode;
  if (option === PR.PR_SET_SECCOMP) return setSeccomp(task, arg2, arg3);
  const { pointerKeys } = task.cpu;
  if (pointerKeys !== undefined) {
    const result = pacOption(pointerKeys, option, [arg2, arg3, arg4, arg5]);
    if (result !== undefined) return result;
  }
  reportUnimplemented(`prctl option ${choiceName(PR, option) ?? option} is not implemented`);
  return -EINVAL;
}

/** Keys of pointer authentication by which addresses are signed, and all of them, as PR_PAC_* has them. */
const PAC_ADDRESS_KEYS = 15n;
const PAC_KEYS = 31n;

/** Options about pointer authentication, as Linux's arch/arm64/kernel/pointer_auth.c; undefined for any other option. */
function pacOption(keys: PointerKeys, option: number, args: readonly Int[]): SyscallResult | undefined {
  const [first, second, ...rest] = args.map((arg) => BigInt.asUintN(64, BigInt(arg)));
  const isZero = (arg: bigint): boolean => arg === 0n;
  switch (option) {
    case PR.PR_PAC_RESET_KEYS:
      if (![second, ...rest].every(isZero) || (first & ~PAC_KEYS) !== 0n) return -EINVAL;
      keys.renew(Number(first === 0n ? PAC_KEYS : first));
      return 0;
    case PR.PR_PAC_SET_ENABLED_KEYS:
      if (!rest.every(isZero) || (first & ~PAC_ADDRESS_KEYS) !== 0n || (second & ~first) !== 0n) return -EINVAL;
      keys.enabled = (keys.enabled & ~Number(first)) | Number(second);
      return 0;
    case PR.PR_PAC_GET_ENABLED_KEYS:
      return [first, second, ...rest].every(isZero) ? keys.enabled : -EINVAL;
    default:
      return undefined;
  }
}

function getTidAddress({ space, clearChildTid, process }: Task, address: number): SyscallResult {
  const written =
    process.abi.wordSize === 8
      ? space.writeU64(address, BigInt(clearChildTid))
      : space.writeU32(address, clearChildTid);
  return written ? 0 : -EFAULT;
}

/** The whole vector's size is the result, however much of it fits. */
function getAuxv(task: Task, address: number, length: Int): SyscallResult {
  const { auxv } = task.process;
  const room = Math.min(Number(length), auxv.length);
  const at = stage(auxv.length);
  bytes.set(auxv, at);
  return room <= 0 || deliver(task, address, at, room) ? auxv.length : -EFAULT;
}

/** prctl's second argument: a name for the options that take one. */
export const prctlArgument: Codec<Int> = {
  pass: Pass.value,
  late: true,
  decode: (_task, raw) => raw,
  print: (p: Printing, raw) => {
    const option = toInt32(p.argument('option'));
    if (option === PR.PR_SET_NAME || option === PR.PR_GET_NAME) return stringText(p, raw, 16);
    if (option !== PR.PR_CAPBSET_READ && option !== PR.PR_CAPBSET_DROP) return hexText(raw);
    const name = CAPABILITIES[Number(raw)];
    return name === undefined ? `${hexText(raw)} /* CAP_??? */` : `CAP_${name}`;
  },
};

/** The arguments that an option does not use are not printed. */
export const prctlRest: Codec<Int> = {
  pass: Pass.value,
  late: true,
  decode: (_task, raw) => raw,
  print: (p, raw) => {
    const option = toInt32(p.argument('option'));
    const { PR_SET_VMA, PR_GET_AUXV, PR_CAP_AMBIENT, PR_PAC_SET_ENABLED_KEYS } = PR;
    const uses = ([PR_SET_VMA, PR_GET_AUXV, PR_CAP_AMBIENT, PR_PAC_SET_ENABLED_KEYS] as number[]).includes(option);
    return uses ? hexText(raw) : undefined;
  },
};

export const PRCTL_OPTIONS = PR;
