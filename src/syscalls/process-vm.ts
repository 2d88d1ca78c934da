/**
 * process_vm_readv(2) and process_vm_writev(2). Guests that descend from each other, by whatever they have executed
 * meanwhile, have their memory at the same place of the host's, so the host's call does it for these and for the caller
 * itself. Other processes have nothing at the guest's addresses: EPERM, as for a process that may not be traced.
 */
import type { Int } from '../host/host.ts';
import { hostCall, steadyCall } from './call.ts';
import { hex, Pass, pid, pointer, ulong } from './codec.ts';
import { EPERM, ESRCH } from './errno.ts';
import { iovec, stageVector } from './iovec.ts';
import { isKin } from './kin.ts';
import { note, type Row, syscall } from './row.ts';
import type { Task } from './task.ts';

type Call = 'process_vm_readv' | 'process_vm_writev';

const transfer =
  (call: Call) =>
  (
    task: Task,
    v: { pid: number; local_iov: number; liovcnt: Int; remote_iov: number; riovcnt: Int; flags: number },
  ): Int => {
    if (!isKin(task, v.pid)) return steadyCall(task, 'kill', v.pid, 0) === -ESRCH ? -ESRCH : -EPERM;
    const local = stageVector(task, v.local_iov, v.liovcnt);
    const remote = stageVector(task, v.remote_iov, v.riovcnt);
    const failure = [local, remote].find((at) => at < 0);
    return failure ?? hostCall(task, call, v.pid, local, v.liovcnt, remote, v.riovcnt, v.flags);
  };

export const processVmRows = (): Row[] =>
  (['process_vm_readv', 'process_vm_writev'] as const).map((name) => {
    const local = { ...iovec('liovcnt', 2, name === 'process_vm_readv'), pass: Pass.pointer };
    return syscall(
      name,
      { pid, local_iov: local, liovcnt: ulong, remote_iov: pointer, riovcnt: ulong, flags: hex },
      transfer(name),
      note('of the calling process and of those that descend from the same tsemu; others give EPERM'),
    );
  });
