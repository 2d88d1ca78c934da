/**
 * The two memories beside the guest's window, and what lies where in them.
 *
 * Each guest thread has one *thread memory*: a private 32-bit WebAssembly
 * memory that holds its CPU state, the block through which it talks to the
 * host stub, its staging buffer and its decoded code. All threads share one
 * *process memory*, which holds the page table. Neither is reachable from the
 * guest. Offsets are bytes; the host stub's C header must agree with the
 * `STUB` part (a test compares them).
 *
 *     thread memory   0x0000  CPU state, laid out by src/cpu/<arch>/state.ts
 *                     0x1000  STUB: system call arguments, fault, interrupts
 *                     0x2000  ring of siginfo_t
 *                     0x8000  translator's own cells
 *                    0x10000  staging buffer: guest data JavaScript looks at
 *                    0x50000  scratch of src/memory and the host
 *                   0x100000  decoded code (cold tier)
 */

/** Cells shared with the host stub (src/host/linux/stub.c), absolute in the thread memory. */
export const STUB = {
  /** i64: host system call number; then six i64 arguments; then the i64 result (negative errno on failure). */
  nr: 0x1000,
  args: 0x1008,
  result: 0x1038,
  /** i32 si_signo of the last synchronous fault, 0 if none since cleared; i32 si_code; i64 si_addr (host address). */
  faultSigno: 0x1040,
  faultCode: 0x1044,
  faultAddress: 0x1048,
  /** i64: translated code leaves when its instruction count reaches this. The signal handler stores 0. */
  limit: 0x1050,
  /** i32: the ring is not empty; a blocking system call then returns -EINTR without being made. */
  pending: 0x1058,
  /** i32 each: the ring's write index (the handler's) and read index (ours), both counting up without wrapping. */
  ringHead: 0x105c,
  ringTail: 0x1060,
  /** i32: host thread ID that owns this memory. */
  tid: 0x1064,
  /** i64 each: first and one-past-last host address of the guest's window. */
  windowStart: 0x1068,
  windowEnd: 0x1070,
  /** i32: the ring was full, so the handler blocked all signals; i64: the mask to restore once it is empty. */
  overflow: 0x1078,
  overflowMask: 0x1080,
  /** i32: the thread is inside a system call or waits at the stub's gate, so it holds no lock of the emulator. */
  inside: 0x1088,
  /** i32: another thread wants this one at the gate (HostProcesses.park). */
  stop: 0x108c,
  /** i64 each, of a worker without a kernel thread: stack pointer, TLS base, and where glibc keeps the thread's ID. */
  sleepStack: 0x1090,
  sleepTls: 0x1098,
  sleepTid: 0x10a0,
  /** i32: the thread runs no guest code, so only who forks or makes workers waits for it. */
  helper: 0x10a8,
  /** siginfo_t entries of 128 bytes, `ringEntries` of them. */
  ring: 0x2000,
  ringEntries: 64,
} as const;

/** The staging buffer: system call structures are built and read here, so that JavaScript never touches guest pages. */
export const STAGING = { start: 0x10000, size: 0x40000 } as const;

/**
 * A second buffer, directly behind the first, for what must not disturb that: src/memory passes guest data through it.
 * Host.copyIn and copyOut reach it with offsets from STAGING.size on.
 */
export const SCRATCH = { start: 0x50000, size: 0x10000 } as const;

/** Cells of the translator that no host code reads. */
export const TRANSLATOR = {
  /** i32 address of the decoded instruction being executed, stored before anything that can fault. */
  record: 0x8000,
  /** i32 address of the decoded page it lies in. */
  pageRecords: 0x8004,
  /** i64 guest address of that page. */
  pageAddress: 0x8008,
  /** i64 guest address of the last data access, stored before the access. */
  accessAddress: 0x8010,
  /** i64 count of guest instructions executed. */
  instructions: 0x8018,
  /** i32 bump pointer of decoded pages. */
  nextDecodedPage: 0x8020,
  /** i32 head of the list of decoded pages to be used again, 0 if empty; linked through `DECODED.link`. */
  freeDecodedPages: 0x8024,
  /** i64 each: operands and result of a floating-point operation done in JavaScript. */
  fpOperands: 0x8028,
  fpResult: 0x8040,
  /** i32: why the cold tier could not enter a page (EXIT). */
  exit: 0x804c,
  /** i32: number plus 1 of the page whose code may be decoded although it is writable and not protected, or 0. */
  unprotected: 0x8050,
  /** i64 each, unsigned: code that has changed since EXIT.invalidate last said so: its start, and what is behind it. */
  changedStart: 0x8088,
  changedEnd: 0x8090,
  /** i32: not 0 when every instruction decoded is to be reported (-d in_asm). */
  reportDecoded: 0x8054,
  /** i32: a jump target becomes hot when it has been jumped to this often (0: never, 65535 at most). */
  hotThreshold: 0x8058,
  /** i32: not 0 when every page that begins to be decoded is to be reported. */
  reportPages: 0x8074,
  /** i64: extensions that the model of the processor lacks, a bit for each (see src/cpu/cpu-model.ts). */
  lacking: 0x8078,
  /** i32: the version that a store-conditional is changing, its offset plus 1; 0 if none. */
  heldVersion: 0x8070,
  /** i32: 1 if the host's relaxed multiply-add is fused, 2 if not, 0 before it was tried. */
  fusedMultiplyAdd: 0x8048,
  /** i32 for each bank of 32 registers: those whose cells are out of date after EXIT.interrupt. */
  stale: 0x8060,
  staleBanks: 4,
} as const;

/** How often the cold tier jumped to a record: u16 counters, by the record's address modulo their number. */
export const COUNTERS = { start: 0x60000, count: 0x10000 } as const;

/**
 * The last indirect jumps of the cold tier: pairs of i32 record address of the jump and i32 low half of the target's
 * address, `entries` of them, used in a circle from the i32 at `next`.
 */
export const JUMP_LOG = { next: 0x805c, start: 0x80000, entries: 0x2000 } as const;

/**
 * Where indirect jumps of compiled code go: by the target's address modulo their number, entries of i64 address and i32
 * index of its region. They stay right for good, since an index belongs to an address for good.
 */
export const JUMP_CACHE = { start: 0x90000, entries: 0x400 } as const;

/**
 * Where a guest thread and the compiler thread leave each other messages: i32 `state`, one of MAILBOX_STATE, then the
 * message (see src/translate/region/mailbox.ts).
 */
export const MAILBOX = { state: 0xa0000, start: 0xa0008, end: 0x200000 } as const;
export const MAILBOX_STATE = { empty: 0, order: 1, result: 2 } as const;

/** Decoded code: a table with one i32 a guest page (0: not decoded), then the decoded pages. */
export const DECODED = {
  table: 0x200000,
  pages: 0x1200000,
  /** Within a decoded page: records behind the last, so free for the number of the guest page, or the list's link. */
  link: 0x8008,
  /** Bytes of thread memory, the pool's end. */
  end: 0x10000000,
} as const;

/** Pages of 64 KiB of the thread memory. */
export const THREAD_MEMORY_PAGES = DECODED.end / 0x10000;

export const PAGE_SIZE = 4096;
/** The host's. */
export const HUGE_PAGE_SIZE = 2 << 20;

/** Pages of 64 KiB of the largest window: 16 GiB, the most that WebAssembly's memory64 has in V8. */
export const WINDOW_PAGES = 0x40000;
/** The same of 32-bit guests, whose indices are words: V8 reserves what they can reach, and checks none. */
export const NARROW_WINDOW_PAGES = 0x10000;

/**
 * Process memory, which all threads share: one byte a guest page (see `PageFlag` in src/memory/page-table.ts); one byte
 * for each `chunkPages` of those, not 0 if any of them may be mapped; then what else belongs to the process.
 */
export const PROCESS = {
  pageTable: 0,
  pageTableSize: 0x400000,
  chunks: 0x400000,
  chunkPages: 1024,
  /** i32: 0 or 1, see ProcessLock. */
  lock: 0x401000,
  /** i32: guest threads that have not ended; and exit status of the first one, which becomes the process's. */
  running: 0x401004,
  mainStatus: 0x401008,
  /** i32: workers that have come to wait for their first thread. */
  ready: 0x40100c,
  /** i32: code changes announced so far; the last of them are in codeLog, pairs of f64 start and end address. */
  codeChanges: 0x401010,
  /** i32: pages with PageFlag.code. */
  codePages: 0x401014,
  /** i32: how often a page has lost PageFlag.code to be written to. */
  codeOpenings: 0x401044,
  /** i32: not 0 if a shared mapping has been executable since execve. */
  sharedCode: 0x401048,
  /** i32: not 0 if a page with code has been left open to writing since execve. */
  openCode: 0x401054,
  /** i32: descriptor of the directory of -L or -root plus 1, 0 if not yet opened, or a negative errno. */
  sysroot: 0x401018,
  /**
   * i32: not 0 while a thread executes another program: all threads but the first one end. The first one runs the
   * program; if the request is not its own, this is the descriptor of a file with it plus 1.
   */
  executing: 0x40101c,
  /** i32: slots that have ever been used are below this one. */
  usedSlots: 0x401040,
  /** f64 each: of AddressSpace. */
  searchTop: 0x401020,
  mappedPages: 0x401028,
  brkStart: 0x401030,
  brkEnd: 0x401038,
  codeLog: 0x610000,
  codeLogEntries: 0x1000,
  /** u32 each: the guest's user and group IDs if they are not the host's, see src/syscalls/identity.ts. All 0: root's. */
  identity: 0x401100,
  identitySize: 0x300,
  /** Pairs of u64, soft and hard, by RLIMIT_* number. */
  rlimits: 0x401400,
  /** Four u64 a signal: handler, flags, mask, restorer. */
  actions: 0x402000,
  /** A bit for each descriptor of the emulator. */
  hidden: 0x404000,
  hiddenBytes: 0x2000,
  /** i32: one of COMPILER_STATE; and orders that have been left for the compiler thread, a futex. */
  compiler: 0x40104c,
  compilerOrders: 0x401050,
  /**
   * f64 host addresses of the thread memories with mailboxes that the compiler thread looks into, 0 where there is none;
   * negative: to be forgotten.
   */
  mailboxes: 0x406000,
  mailboxCount: 1024,
  /** u32 each: how often something was stored conditionally at addresses of the same hash, times 2; odd meanwhile. */
  versions: 0x408000,
  versionsSize: 0x8000,
  /** A slot for each thread, see `SLOT`. */
  slots: 0x410000,
  slotSize: 0x800,
  slotCount: 1024,
  /** Filters of seccomp(2): i32, where the next one is put (0: at the beginning); and their records, see seccomp.ts. */
  filtersEnd: 0x401058,
  filters: 0x620000,
  filtersSize: 0x80000,
  /** i32: what mlockall(2) has said of later mappings, see src/syscalls/memory-lock.ts. */
  lockFuture: 0x40105c,
  /** Random bytes that all processes of a tree have, and the host path of the program with a NUL: see src/syscalls/kin.ts. */
  token: 0x401060,
  tokenSize: 16,
  executable: 0x403000,
  executableSize: 0x1000,
  /** Of ptrace(2), see src/syscalls/tracing.ts. i32: threads of this process that are traced. */
  traced: 0x6a0000,
  /** i32: how often a tracer has written to memory; where is in `pokes`, pairs of f64 start and end address, in a circle. */
  pokeCount: 0x6a0004,
  /** i32: of those, how many have been acted on. */
  pokesSeen: 0x6a0008,
  /** i32: ID of the thread that made this process, and of its process. */
  maker: 0x6a000c,
  makerProcess: 0x6a0010,
  /** i32: entries of `tracees` that have ever been used are below this one. */
  traceeEnd: 0x6a0014,
  pokes: 0x6a0100,
  pokeEntries: 64,
  /** The auxiliary vector, for other processes of the tree, and how long it is, an i32. */
  auxvLength: 0x6a0018,
  auxv: 0x6a0800,
  auxvSize: 0x800,
  /** i32 each: IDs of threads that wait for children or tracees, 0 where there is none. */
  waiters: 0x6a0600,
  waiterCount: 64,
  /** Those whom threads of this process trace, see `TRACEE`. */
  tracees: 0x6a1000,
  traceeSize: 0x20,
  traceeCount: 512,
  /** Bytes of process memory. */
  end: 0x6b0000,
} as const;
/** Whether there is a compiler thread; `refused`: there cannot be one. */
export const COMPILER_STATE = { none: 0, starting: 1, running: 2, refused: 3 } as const;
export const PROCESS_MEMORY_PAGES = PROCESS.end / 0x10000;

/** A guest thread's slot in the process memory. The first thread has slot 0; every other slot has a worker of its own. */
export const SLOT = {
  /** i32, one of SLOT_STATE; a futex. */
  state: 0,
  /** i32: host thread ID. */
  tid: 4,
  /** What a new thread starts with: f64 address for CLONE_CHILD_CLEARTID and CLONE_CHILD_SETTID, u64 signal mask. */
  clearTid: 8,
  setTid: 16,
  mask: 24,
  /** f64 host address of the worker's thread memory. */
  memory: 32,
  /** i32: descriptor plus 1 from which the thread reads what its vfork child sends, or 0. */
  vforkReader: 40,
  /** i32: the thread's newest filter of seccomp(2), see src/syscalls/seccomp.ts; 0 for none. */
  filter: 44,
  /** The CPU state, as it lies in the thread memory. */
  cpu: 64,
  cpuSize: 0x4a0,
  /** i32 each, of a traced thread: IDs of the tracer's process (0: not traced) and thread; PTRACE_O_*; not 0 if seized. */
  tracerProcess: 0x500,
  tracer: 0x504,
  traceOptions: 0x508,
  seized: 0x50c,
  /** i32: not 0 as long as it is stopped for its tracer, who may then write here; the stop's code (signal, event << 8). */
  stopped: 0x510,
  stopCode: 0x514,
  /** i32: what the stop has of a system call (PTRACE_SYSCALL_INFO_*); not 0 if `stopInfo` is a siginfo_t. */
  stopCall: 0x518,
  hasInfo: 0x51c,
  /** u64: of PTRACE_GETEVENTMSG. */
  stopMessage: 0x520,
  stopInfo: 0x540,
  stopInfoSize: 128,
  /** The thread's own place for what it sends and waits for: siginfo_t, struct timespec, signal set. */
  letter: 0x5c0,
  letterSize: 160,
} as const;

/** Where the process memory has a field of a thread's slot. */
export const slotField = (slot: number, field: number): number => PROCESS.slots + slot * PROCESS.slotSize + field;

/** One whom a thread of the process traces, at PROCESS.tracees. i32 each. */
export const TRACEE = {
  /** IDs of the traced thread (0: the entry is free) and of its process; of the thread that traces it. */
  tid: 0,
  process: 4,
  tracer: 8,
  /** Its slot in its own process. */
  slot: 12,
  /** One of TRACEE_STATE. */
  state: 16,
  /** What wait(2) is still to report: a status plus 1, or 0. */
  report: 20,
  /** Not 0 if it was attached to by PTRACE_SEIZE, or is a child of such a one. */
  seized: 24,
} as const;
/** `dead`: has ended, and wait(2) is to report that. */
export const TRACEE_STATE = { running: 0, stopped: 1, dead: 2 } as const;

/** `settling`: about to be idle, which a worker is when it has given up its kernel thread. */
export const SLOT_STATE = { none: 0, idle: 1, running: 2, quit: 3, settling: 4 } as const;
