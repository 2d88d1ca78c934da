/**
 * Files of the host's kernel that show the host's addresses or its architecture, and that a kernel need not have: for the
 * guest they are not there.
 */

/**
 * Of processes and threads, in fs/proc/base.c: only x86 has arch_status; the others need CONFIG_CHECKPOINT_RESTORE,
 * CONFIG_NUMA, CONFIG_PROC_PAGE_MONITOR, CONFIG_STACKTRACE and CONFIG_HAVE_ARCH_TRACEHOOK.
 */
const OF_PROCESSES = ['arch_status', 'map_files', 'numa_maps', 'pagemap', 'stack', 'syscall'];
const PROCESS = String.raw`/proc/+(?:self|thread-self|\d+)(?:/+task/+\d+)?`;
const PROCESSORS = '/sys/devices/system/cpu';
/** What is said of the host's processor: x86's own, CONFIG_GENERIC_CPU_AUTOPROBE and CONFIG_GENERIC_CPU_VULNERABILITIES. */
const OF_PROCESSORS = ['microcode', 'modalias', 'vulnerabilities'];

const ABSENT = new RegExp(
  `^/*(?:${PROCESS}/+(?:${OF_PROCESSES.join('|')})|${PROCESSORS}/+(?:${OF_PROCESSORS.join('|')}))(?:/|$)`,
);
const LISTING = new RegExp(`^/*(?:${PROCESS}|${PROCESSORS})(?:/+[.]?)*$`);
const NAMES = new Set([...OF_PROCESSES, ...OF_PROCESSORS]);

/** True for an absolute path that the guest's kernel would not have. */
export const isAbsent = (path: string): boolean => ABSENT.test(path);

/** True for a directory in which the host lists such names. */
export const listsAbsent = (path: string): boolean => LISTING.test(path);

/** True for one of the names, which are nobody else's in these directories. */
export const isAbsentName = (name: string): boolean => NAMES.has(name);
