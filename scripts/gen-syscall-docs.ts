/**
 * Writes docs/syscalls.md from the rows of the system call table.
 *
 *     node scripts/gen-syscall-docs.ts          writes the file
 *     syscallDocs()                             gives its text
 */
import { writeFileSync } from 'node:fs';
import { ARM_CALLS } from '../src/syscalls/narrow-calls.ts';
import { AARCH64_SYSCALLS } from '../src/syscalls/numbers/aarch64.ts';
import { ARM_SYSCALLS } from '../src/syscalls/numbers/arm.ts';
import { GENERIC_SYSCALLS } from '../src/syscalls/numbers/generic.ts';
import { RISCV64_SYSCALLS } from '../src/syscalls/numbers/riscv64.ts';
import type { Row } from '../src/syscalls/row.ts';
import { allRows } from '../src/syscalls/table.ts';

export const SYSCALL_DOCS = new URL('../docs/syscalls.md', import.meta.url);

/**
 * Those that qemu-riscv64 7.2 of Debian 12 does not know: each number called with arguments that are all -1, and `-d unimp`
 * says `Unsupported syscall`. exit, exit_group and rt_sigreturn were left out; it has them.
 */
const UNKNOWN_TO_QEMU = new Set(
  (
    'io_setup io_destroy io_submit io_cancel io_getevents lookup_dcookie nfsservctl quotactl ' +
    'kexec_load init_module delete_module ptrace restart_syscall mq_notify add_key ' +
    'request_key keyctl remap_file_pages mbind get_mempolicy set_mempolicy migrate_pages move_pages ' +
    'perf_event_open riscv_hwprobe fanotify_init fanotify_mark process_vm_readv process_vm_writev ' +
    'finit_module seccomp bpf execveat userfaultfd mlock2 preadv2 pwritev2 pkey_mprotect pkey_alloc ' +
    'pkey_free io_pgetevents rseq kexec_file_load io_uring_setup io_uring_enter io_uring_register open_tree ' +
    'move_mount fsopen fsconfig fsmount fspick clone3 openat2 process_madvise epoll_pwait2 mount_setattr ' +
    'quotactl_fd landlock_create_ruleset landlock_add_rule landlock_restrict_self memfd_secret ' +
    'process_mrelease futex_waitv set_mempolicy_home_node cachestat fchmodat2 map_shadow_stack futex_wake ' +
    'futex_wait futex_requeue statmount listmount lsm_get_self_attr lsm_set_self_attr lsm_list_modules mseal ' +
    'setxattrat getxattrat listxattrat removexattrat'
  ).split(' '),
);

/** Those of 32-bit arm that qemu-arm does not know either, found in the same way; fork, vfork, clone, pause and kill were left out. */
const UNKNOWN_TO_QEMU_ARM = new Set(
  (
    'ustat uselib bdflush sysfs _sysctl pciconfig_iobase pciconfig_read pciconfig_write vserver io_pgetevents_time64 ' +
    'recvmmsg_time64'
  ).split(' '),
);

function support({ marks }: Row): string {
  if (marks.refused === true) return 'no';
  return marks.partial === undefined ? 'yes' : 'partly';
}

const noted = ({ marks }: Row): string =>
  [marks.partial, marks.note]
    .filter((text) => text !== undefined)
    .join('; ')
    .replaceAll('|', '\\|');

/** The first of arm's own numbers. */
const PRIVATE = 0xf0000;

const inQemu = (name: string): string => (UNKNOWN_TO_QEMU.has(name) || UNKNOWN_TO_QEMU_ARM.has(name) ? 'no' : 'yes');

/** A Markdown table with its columns aligned, as Biome formats it; the first column to the right. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => (i === 0 ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join(' | ')} |`;
  const rule = widths.map((width, i) => (i === 0 ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  return [line(rows[0]), `| ${rule.join(' | ')} |`, ...rows.slice(1).map(line)].join('\n');
}

/** The page, generated from the rows. */
export function syscallDocs(): string {
  const byName = new Map(allRows().map((row) => [row.name as string, row]));
  const cells = ([number, name]: [string, string]): string[] => {
    const row = byName.get(name);
    return row === undefined
      ? [number, name, 'no', inQemu(name), '']
      : [number, name, support(row), inQemu(name), noted(row)];
  };
  const calls = Object.entries(GENERIC_SYSCALLS).map(cells);
  const own = Object.entries({ riscv64: RISCV64_SYSCALLS, aarch64: AARCH64_SYSCALLS }).flatMap(([arch, numbers]) =>
    Object.entries(numbers)
      .filter(([number]) => !(number in GENERIC_SYSCALLS))
      .map((entry) => [...cells(entry).slice(0, 2), arch, ...cells(entry).slice(2)]),
  );
  const arm = Object.entries(ARM_SYSCALLS).map(([number, name]: [string, string]): string[] => {
    const call = ARM_CALLS[name];
    const target = call === undefined || call === 'refused' ? name : call.target;
    const row = call === 'refused' ? undefined : byName.get(target);
    const shown = Number(number) < PRIVATE ? number : `0x${Number(number).toString(16)}`;
    const madeAs = row === undefined || target === name ? '' : target;
    return [shown, name, madeAs, row === undefined ? 'no' : support(row), inQemu(name), row ? noted(row) : ''];
  });
  const count = (word: string): number =>
    calls.filter((call) => call[2] === word).length + own.filter((call) => call[3] === word).length;
  return `# System calls of guests

Generated by \`node scripts/gen-syscall-docs.ts\` from the rows in \`src/syscalls\`; a test compares them. The numbers are
those of Linux 6.13. Calls that are not supported fail with \`ENOSYS\`, as on a kernel built without them; those that wait
for a later version of tsemu also say so on stderr, once.

The column of qemu says whether qemu-riscv64 7.2 knows the call at all (qemu-arm in the last table).

Supported: ${count('yes')}, partly: ${count('partly')}, not yet: ${count('not yet')}, no: ${count('no')}.

${table([['number', 'call', 'supported', 'qemu', 'what to know'], ...calls])}

What single architectures have besides:

${table([['number', 'call', 'architecture', 'supported', 'qemu', 'what to know'], ...own])}

32-bit arm has numbers of its own. \`made as\`: the call that it is carried out as, with its structures converted.

${table([['number', 'call', 'made as', 'supported', 'qemu', 'what to know'], ...arm])}
`;
}

if (import.meta.main) writeFileSync(SYSCALL_DOCS, syscallDocs());
