/** System calls about the process and the machine. */
import { freemem, hostname, loadavg, machine, release, totalmem, type, uptime, version } from 'node:os';
import type { StartState } from '../host.ts';
import { EFAULT, EINVAL, EPERM, ESRCH } from './errors.ts';
import type { Calls } from './file-calls.ts';
import type { GuestMemory } from './guest-memory.ts';

const UTSNAME_FIELD = 65;
const SYSINFO_SIZE = 112;

export function processCalls(memory: GuestMemory, state: StartState): Calls {
  // Users exist on POSIX systems only; elsewhere everyone is root.
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  const euid = process.geteuid?.() ?? 0;
  const egid = process.getegid?.() ?? 0;

  const three = (values: number[], pointers: number[]): number => {
    for (let i = 0; i < 3; i++) {
      const view = memory.view(pointers[i], 4);
      if (view === undefined) return EFAULT;
      view.setUint32(0, values[i], true);
    }
    return 0;
  };

  return {
    getpid: () => process.pid,
    gettid: () => process.pid,
    getppid: () => process.ppid,
    getuid: () => uid,
    geteuid: () => euid,
    getgid: () => gid,
    getegid: () => egid,
    getresuid: (...pointers) => three([uid, euid, euid], pointers),
    getresgid: (...pointers) => three([gid, egid, egid], pointers),
    getgroups: (size, pointer) => {
      const groups = process.getgroups?.() ?? [gid];
      if (size === 0) return groups.length;
      if (size < groups.length) return EINVAL;
      const view = memory.view(pointer, 4 * groups.length);
      if (view === undefined) return EFAULT;
      for (const [i, group] of groups.entries()) view.setUint32(4 * i, group, true);
      return groups.length;
    },
    sched_yield: () => 0,
    getcpu: (...pointers) => {
      for (const pointer of pointers.slice(0, 2)) {
        if (pointer === 0) continue;
        const view = memory.view(pointer, 4);
        if (view === undefined) return EFAULT;
        view.setUint32(0, 0, true);
      }
      return 0;
    },
    getrandom: (buffer, length, flags) => {
      if ((flags & ~7) !== 0) return EINVAL;
      const bytes = memory.at(buffer, length);
      if (bytes === undefined) return EFAULT;
      // Loaded only now: it is large.
      bytes.set(process.getBuiltinModule('node:crypto').randomBytes(length));
      return length;
    },
    uname: (buffer) => {
      const bytes = memory.at(buffer, 6 * UTSNAME_FIELD);
      if (bytes === undefined) return EFAULT;
      bytes.fill(0);
      const fields = ['Linux', hostname(), type() === 'Linux' ? release() : '6.1.0', version(), machine(), '(none)'];
      fields.forEach((text, i) => {
        bytes.set(Buffer.from(text, 'latin1').subarray(0, UTSNAME_FIELD - 1), i * UTSNAME_FIELD);
      });
      return 0;
    },
    sysinfo: (buffer) => {
      const view = memory.view(buffer, SYSINFO_SIZE);
      if (view === undefined) return EFAULT;
      for (let at = 0; at < SYSINFO_SIZE; at += 8) view.setBigUint64(at, 0n, true);
      const loads = loadavg().map((load) => Math.round(load * 65536));
      [Math.floor(uptime()), ...loads, totalmem(), freemem()].forEach((word, i) => {
        view.setBigUint64(8 * i, BigInt(word), true);
      });
      view.setUint16(80, 1, true); // procs
      view.setUint32(104, 1, true); // mem_unit
      return 0;
    },
    prlimit64: (pid, resource, newLimit, oldLimit) => {
      if (pid !== 0 && pid !== process.pid) return ESRCH;
      const limit = state.rlimits[resource];
      if (limit === undefined) return EINVAL;
      if (oldLimit !== 0) {
        const view = memory.view(oldLimit, 16);
        if (view === undefined) return EFAULT;
        view.setBigUint64(0, limit.soft, true);
        view.setBigUint64(8, limit.hard, true);
      }
      return newLimit === 0 ? 0 : EPERM;
    },
    sched_getaffinity: (_pid, size, buffer) => {
      if (size < 8 || size % 8 !== 0) return EINVAL;
      const view = memory.view(buffer, 8);
      if (view === undefined) return EFAULT;
      view.setBigUint64(0, 1n, true);
      return 8;
    },
  };
}
