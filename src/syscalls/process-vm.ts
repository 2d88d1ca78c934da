/**
 * process_vm_readv(2), process_vm_writev(2) and process_madvise(2). Guests that descend from each other, by whatever they have executed
 * meanwhile, have their memory at the same place of the host's, so the host's call does it for these and for the caller
 * itself. Other processes have nothing at the guest's addresses: EPERM, as for a process that may not be traced.
 */
import type { Int } from '../host/host.ts';
import { hostCall, steadyCall } from './call.ts';
import { choice, fd, hex, Pass, pid, pointer, ulong } from './codec.ts';
import { EINVAL, EPERM, ESRCH } from './errno.ts';
import { processOfDescriptor } from './host-proc.ts';
import { iovec, stageVector } from './iovec.ts';
import { isKin } from './kin.ts';
import { note, type Row, syscall } from './row.ts';
import type { Task } from './task.ts';

const KIN = 'of the calling process and of those that descend from the same tsemu; others give EPERM';

const NO_PROCESS = -1;

type Call = 'process_vm_readv' | 'process_vm_writev';

const transfer =
  (call: Call) =>
  (
    task: Task,
    v: { pid: number; local_iov: number; liovcnt: Int; remote_iov: number; riovcnt: Int; flags: number },
  ): Int => {
    const vectors = [
      stageVector(task, v.local_iov, v.liovcnt),
      v.liovcnt,
      stageVector(task, v.remote_iov, v.riovcnt),
      v.riovcnt,
      v.flags,
    ];
    if (isKin(task, v.pid)) return hostCall(task, call, v.pid, ...vectors);
    // The process comes last: what else there is to say the host says of one that there never is.
    const result = hostCall(task, call, NO_PROCESS, ...vectors);
    return result === -ESRCH && steadyCall(task, 'kill', v.pid, 0) !== -ESRCH ? -EPERM : result;
  };

/** Advice that changes nothing that a program sees: all that process_madvise(2) takes for other processes. */
const ADVICE = { MADV_WILLNEED: 3, MADV_COLD: 20, MADV_PAGEOUT: 21, MADV_COLLAPSE: 25 };

function processMadvise(task: Task, v: { pidfd: number; vec: number; vlen: Int; advice: number; flags: number }): Int {
  if (!Object.values(ADVICE).includes(v.advice)) return -EINVAL;
  // For what is no pidfd the host says what it is.
  const pid = processOfDescriptor(task, v.pidfd) ?? NO_PROCESS;
  if (pid !== NO_PROCESS && !isKin(task, pid)) return -EPERM;
  return hostCall(task, 'process_madvise', v.pidfd, stageVector(task, v.vec, v.vlen), v.vlen, v.advice, v.flags);
}

export const processVmRows = (): Row[] => [
  ...(['process_vm_readv', 'process_vm_writev'] as const).map((name) => {
    const local = { ...iovec('liovcnt', 2, name === 'process_vm_readv'), pass: Pass.pointer };
    return syscall(
      name,
      { pid, local_iov: local, liovcnt: ulong, remote_iov: pointer, riovcnt: ulong, flags: hex },
      transfer(name),
      note(KIN),
    );
  }),
  syscall(
    'process_madvise',
    { pidfd: fd, vec: iovec('vlen', 2, false), vlen: ulong, advice: choice(ADVICE), flags: hex },
    processMadvise,
    note(KIN),
  ),
];
