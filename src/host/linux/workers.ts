/**
 * Workers for guest threads. A worker opens descriptors for its event loop at
 * the lowest free numbers, which are the guest's; so those are occupied while
 * workers start, as the launcher does for Node itself.
 */
import { readdirSync, readlinkSync } from 'node:fs';
import type { Worker as NodeWorker } from 'node:worker_threads';
import type { Host, WorkerOrder } from '../host.ts';
import { SCRATCH, STAGING } from '../layout.ts';

const F_GETFD = 1;
const F_DUPFD_CLOEXEC = 1030;
const RLIMIT_NOFILE = 7;
/** Where the emulator's descriptors start, if the limits allow that many. */
const OWN_FROM = 1024;
/**
 * Milliseconds without this process having used the processor after which a worker that has not come is taken for dead:
 * all other threads stand still, so whatever is used is workers starting, however long they have to wait for their turn.
 */
const PATIENCE = 20_000;
/** Microseconds of the processor that count for that: waiting takes some, too. */
const LEAST_USE = 10_000;
/** What a worker's event loop opens, as /proc/self/fd shows it. */
const OF_EVENT_LOOP = /^(anon_inode:\[(eventpoll|eventfd|io_uring)\]|pipe:.*)$/;
/** Descriptors of a worker's event loop, and one for what Node reads while it starts (/proc/self/cgroup, maps). */
const WORKER_DESCRIPTORS = 5 + 1;
/** Bytes that a worker needs, and that are left for the others. */
const WORKER_MEMORY = 12 << 20;
const SPARE_MEMORY = 32 << 20;

/** Of a worker's JavaScript. */
const LIMITS = { maxOldGenerationSizeMb: 65536, stackSizeMb: 4 };

/** Workers live as long as the process; without a reference they would be collected. */
const workers: NodeWorker[] = [];

/**
 * Makes workers and waits until `ready` has counted them; the descriptors they use. Throws if there is not memory for
 * even one, or if one does not come. There may be fewer than asked for.
 */
export function makeWorkers(host: Host, order: WorkerOrder, ready: Int32Array): number[] {
  const { data, young } = order;
  const { Worker } = process.getBuiltinModule('node:worker_threads');
  const room = Math.floor((process.availableMemory() - SPARE_MEMORY) / WORKER_MEMORY);
  if (room < 1) throw new Error('no memory for a worker');
  const before = new Set(openDescriptors());
  const limits = raiseLimit(host);
  const fillers = occupy(host, before);
  // Where the limit is low, they get the highest numbers that it allows.
  const isFull = fillers.length > 0 && fillers[fillers.length - 1] < OWN_FROM;
  const count = Math.min(order.count, room, isFull ? Math.floor(fillers.length / WORKER_DESCRIPTORS) : room);
  for (let i = 0; isFull && i < count * WORKER_DESCRIPTORS; i++) host.syscall('close', fillers.pop() as number);
  const wanted = Atomics.load(ready, 0) + count;
  try {
    if (count < 1) throw new Error('no descriptors for a worker');
    const { text, args } = order.script();
    for (let i = 0; i < count; i++) {
      workers.push(
        new Worker(text, {
          eval: true,
          argv: [...args],
          workerData: data[i],
          execArgv: [],
          env: {},
          // Otherwise the pipes behind the standard descriptors would become non-blocking.
          stdout: true,
          stderr: true,
          trackUnmanagedFds: false,
          resourceLimits: { ...LIMITS, maxYoungGenerationSizeMb: young },
        }),
      );
    }
    let [used, since] = [cpuTime(), performance.now()];
    for (let now = Atomics.load(ready, 0); now < wanted; now = Atomics.load(ready, 0)) {
      if (cpuTime() - used > LEAST_USE) [used, since] = [cpuTime(), performance.now()];
      if (performance.now() - since > PATIENCE) throw new Error('a worker did not start');
      Atomics.wait(ready, 0, now, 1000);
    }
  } finally {
    for (const fd of fillers) host.syscall('close', fd);
    limits();
  }
  // What a system call opens that a guest thread was in has a lower number, or is something else.
  const last = fillers.at(-1) ?? 0;
  return openDescriptors().filter((fd) => fd > last && !before.has(fd) && isOfEventLoop(fd));
}

function isOfEventLoop(fd: number): boolean {
  try {
    return OF_EVENT_LOOP.test(readlinkSync(`/proc/self/fd/${fd}`));
  } catch {
    // It was closed meanwhile.
    return false;
  }
}

/** In a new process: the workers were the parent's. */
export function forgetWorkers(): void {
  workers.length = 0;
}

/** Microseconds this process has computed. */
function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function openDescriptors(): number[] {
  return readdirSync('/proc/self/fd').map(Number);
}

/** Occupies the free numbers below {@link OWN_FROM}; those taken. */
function occupy(host: Host, open: ReadonlySet<number>): number[] {
  // The lowest number may be that of the directory in which the others were found.
  const source = [...open].find((fd) => host.syscall('fcntl', fd, F_GETFD, 0) >= 0) ?? -1;
  const taken: number[] = [];
  for (;;) {
    const fd = Number(host.syscall('fcntl', source, F_DUPFD_CLOEXEC, 0));
    if (fd < 0) return taken;
    taken.push(fd);
    if (fd >= OWN_FROM) return taken;
  }
}

/** Raises the soft limit on descriptors to the hard one; a function that takes it back. */
function raiseLimit(host: Host): () => void {
  const cells = new BigUint64Array(host.threadMemory.buffer, SCRATCH.start, 2);
  const pointer = host.stagingPointer(SCRATCH.start - STAGING.start);
  host.syscall('prlimit64', 0, RLIMIT_NOFILE, 0, pointer);
  const soft = cells[0];
  cells[0] = cells[1];
  host.syscall('prlimit64', 0, RLIMIT_NOFILE, pointer, 0);
  return () => {
    cells[0] = soft;
    host.syscall('prlimit64', 0, RLIMIT_NOFILE, pointer, 0);
  };
}
