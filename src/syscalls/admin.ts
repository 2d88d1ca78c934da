/** Calls of system administration, and other processes by descriptor. The host decides who may; what would need its structures translated is refused. */
import {
  bytes,
  choice,
  cstring,
  dirfd,
  fd,
  flags,
  hex,
  hexLong,
  int,
  long,
  pid,
  pointer,
  size,
  uint,
} from './codec.ts';
import { path, pathAt } from './paths.ts';
import { note, partial, type Row, refused, syscall } from './row.ts';
import { seccomp } from './seccomp.ts';

const LANDLOCK = 'rules would bind the emulator too';

const SECCOMP = {
  SECCOMP_SET_MODE_STRICT: 0,
  SECCOMP_SET_MODE_FILTER: 1,
  SECCOMP_GET_ACTION_AVAIL: 2,
  SECCOMP_GET_NOTIF_SIZES: 3,
};
const SECCOMP_FLAGS = {
  SECCOMP_FILTER_FLAG_TSYNC: 1,
  SECCOMP_FILTER_FLAG_LOG: 2,
  SECCOMP_FILTER_FLAG_SPEC_ALLOW: 4,
  SECCOMP_FILTER_FLAG_NEW_LISTENER: 8,
  SECCOMP_FILTER_FLAG_TSYNC_ESRCH: 16,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: 32,
};

export const adminRows = (): Row[] => [
  syscall('sethostname', { name: bytes('len'), len: size }),
  syscall('setdomainname', { name: bytes('len'), len: size }),
  syscall('syslog', { type: int, bufp: pointer, len: int }),
  syscall('reboot', { magic: hex, magic2: hex, op: hex, arg: pointer }),
  syscall('pidfd_getfd', { pidfd: fd, targetfd: int, flags: hex }),
  syscall('kcmp', { pid1: pid, pid2: pid, type: int, idx1: long, idx2: long }),
  syscall('cachestat', { fd, cstat_range: pointer, cstat: pointer, flags: hex }),
  syscall('open_tree', { dirfd, pathname: pathAt(2), flags: hex }),
  syscall('move_mount', { from_dirfd: dirfd, from_pathname: path, to_dirfd: dirfd, to_pathname: path, flags: hex }),
  syscall('fsopen', { fsname: cstring, flags: hex }),
  syscall('fsconfig', { fd, cmd: int, key: cstring, value: pointer, aux: int }),
  syscall('fsmount', { fd, flags: hex, attr_flags: hex }),
  syscall('fspick', { dirfd, pathname: path, flags: hex }),
  syscall('mount_setattr', { dirfd, pathname: pathAt(2), flags: hex, attr: pointer, size }),
  syscall('statmount', { req: pointer, buf: pointer, bufsize: size, flags: hex }),
  syscall('listmount', { req: pointer, mnt_ids: pointer, nr_mnt_ids: size, flags: hex }),
  syscall('lsm_get_self_attr', { attr: uint, ctx: pointer, size: pointer, flags: hex }),
  syscall('lsm_set_self_attr', { attr: uint, ctx: pointer, size: uint, flags: hex }),
  syscall('lsm_list_modules', { ids: pointer, size: pointer, flags: hex }),
  refused('kexec_load', { entry: hexLong, nr_segments: long, segments: pointer, flags: hexLong }, 'loading kernels'),
  refused(
    'kexec_file_load',
    { kernel_fd: fd, initrd_fd: fd, len: size, cmdline: pointer, flags: hex },
    'loading kernels',
  ),
  refused('init_module', { module_image: pointer, len: size, param_values: pointer }, "kernel modules are the host's"),
  refused('finit_module', { fd, param_values: pointer, flags: hex }, "kernel modules are the host's"),
  refused('delete_module', { name: cstring, flags: hex }, "kernel modules are the host's"),
  refused(
    'bpf',
    { cmd: int, attr: pointer, size: uint },
    'attributes hold addresses that the host would have to translate',
  ),
  refused(
    'perf_event_open',
    { attr: pointer, pid, cpu: int, group_fd: int, flags: hexLong },
    'would count the emulator',
  ),
  refused('landlock_create_ruleset', { attr: pointer, size, flags: hex }, LANDLOCK),
  refused('landlock_add_rule', { ruleset_fd: fd, rule_type: int, rule_attr: pointer, flags: hex }, LANDLOCK),
  refused('landlock_restrict_self', { ruleset_fd: fd, flags: hex }, LANDLOCK),
  syscall('unshare', { flags: hex }),
  syscall('setns', { fd, nstype: hex }),
  syscall(
    'seccomp',
    { operation: choice(SECCOMP), flags: flags(SECCOMP_FLAGS), args: long },
    (task, { operation, flags, args }) => seccomp(task, operation, flags, args),
    partial(
      'no user notification; nothing is logged, and SECCOMP_FILTER_FLAG_TSYNC sets no_new_privs of no other thread',
    ),
    note('programs of the host and of other architectures are not executed under a filter (ENOEXEC)'),
  ),
  refused('mseal', { addr: hexLong, len: size, flags: hex }, 'mappings cannot be sealed'),
  refused(
    'set_mempolicy_home_node',
    { start: hexLong, len: size, home_node: hexLong, flags: hex },
    'memory policies of nodes',
  ),
  refused('map_shadow_stack', { addr: hexLong, size, flags: hex }, 'no shadow stacks'),
  syscall('process_mrelease', { pidfd: fd, flags: hex }),
];
