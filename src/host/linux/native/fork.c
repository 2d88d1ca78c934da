/*
 * fork(2) of a process in which V8 runs. Part of stub.c, which includes it.
 *
 * The child has one thread, the caller's. Whatever lock another thread held at
 * that moment would stay locked in the child for ever, so before the fork every
 * other thread has to be where it holds none:
 *
 *  - Guest threads inside a system call (STUB_INSIDE): the call is made between
 *    two points of this file's sight, with no lock held. They stop at the gate
 *    when it returns. Those that run guest code or JavaScript come to a system
 *    call or to tsemu_park before long.
 *  - V8's and Node's helpers asleep, waiting for work on a condition variable
 *    or in epoll. Nobody gives them work while all guest threads stand still.
 *
 * Always true: only one thread forks at a time (the caller holds the process
 * memory's lock), and a thread past the gate's check has STUB_INSIDE clear.
 */

enum {
  NR_READ = 0,
  NR_CLOSE = 3,
  NR_MADVISE = 28,
  NR_NANOSLEEP = 35,
  NR_CLONE = 56,
  NR_PRCTL = 157,
  NR_FUTEX = 202,
  NR_GETDENTS64 = 217,
  NR_SET_TID_ADDRESS = 218,
  NR_EPOLL_WAIT = 232,
  NR_OPENAT = 257,
  NR_EPOLL_PWAIT = 281,
  EAGAIN_NR = 11,
  MADV_DOFORK_NR = 11,
  PR_GET_TID_ADDRESS_ = 40,
  FUTEX_WAKE_PRIVATE_ = 129,
  /* What glibc's condition variables, semaphores and our gate wait with; a locked mutex is waited for with another. */
  FUTEX_WAIT_BITSET_PRIVATE_ = 137,
};

#define MAX_THREADS 1024
/* Thread memories of all guest threads, with holes. */
static char *volatile threads[MAX_THREADS];
/* The host address of the main thread's stack, when it called tsemu_init. */
static u64 main_stack;

static i64 sys6(i64 nr, i64 a, i64 b, i64 c, i64 d, i64 e, i64 f) {
  register i64 r10 __asm__("r10") = d;
  register i64 r8 __asm__("r8") = e;
  register i64 r9 __asm__("r9") = f;
  i64 value;
  __asm__ volatile("syscall"
                   : "=a"(value)
                   : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return value;
}

static int register_thread(void) {
  if (!main_stack) main_stack = (u64)__builtin_frame_address(0);
  for (int i = 0; i < MAX_THREADS; i++)
    if (threads[i] == block) return 1;
  for (int i = 0; i < MAX_THREADS; i++) {
    char *none = 0;
    if (__atomic_compare_exchange_n(&threads[i], &none, block, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) return 1;
  }
  return 0;
}

/* Waits while somebody forks. */
static void stop_at_gate(void) {
  CELL32(STUB_STOP) = 0;
  do {
    __atomic_store_n(&CELL32(STUB_INSIDE), 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&gate, __ATOMIC_SEQ_CST)) sys6(NR_FUTEX, (i64)&gate, FUTEX_WAIT_BITSET_PRIVATE_, 1, 0, 0, -1);
    __atomic_store_n(&CELL32(STUB_INSIDE), 0, __ATOMIC_SEQ_CST);
  } while (__atomic_load_n(&gate, __ATOMIC_SEQ_CST));
}

/* For a thread that was interrupted without having a reason for a system call. */
double tsemu_park(double unused) {
  if (__atomic_load_n(&gate, __ATOMIC_SEQ_CST)) stop_at_gate();
  return unused;
}

static void pause_ns(i64 ns) {
  i64 time[2] = {0, ns};
  sys4(NR_NANOSLEEP, (i64)time, 0, 0, 0);
}

/* Closes the gate and waits until every other guest thread is inside a system call. */
static void stop_threads(void) {
  __atomic_store_n(&gate, 1, __ATOMIC_SEQ_CST);
  for (int i = 0; i < MAX_THREADS; i++) {
    char *other = threads[i];
    if (!other || other == block) continue;
    /* Translated code comes out at its next jump. */
    while (!__atomic_load_n((u32 *)(other + STUB_INSIDE), __ATOMIC_SEQ_CST)) {
      *(volatile u32 *)(other + STUB_STOP) = 1;
      *(volatile i64 *)(other + STUB_LIMIT) = 0;
      pause_ns(20000);
    }
  }
}

static void release_threads(void) {
  __atomic_store_n(&gate, 0, __ATOMIC_SEQ_CST);
  sys6(NR_FUTEX, (i64)&gate, FUTEX_WAKE_PRIVATE_, 1 << 30, 0, 0, 0);
}

static int is_guest_thread(i64 tid) {
  for (int i = 0; i < MAX_THREADS; i++)
    if (threads[i] && *(volatile u32 *)(threads[i] + STUB_TID) == (u32)tid) return 1;
  return 0;
}

/* Reads a decimal or 0x number; stops at what is none. */
static const char *parse(const char *text, i64 *value) {
  int base = 10;
  if (text[0] == '0' && text[1] == 'x') {
    base = 16;
    text += 2;
  }
  for (*value = 0;; text++) {
    int digit = *text >= '0' && *text <= '9' ? *text - '0' : *text >= 'a' && *text <= 'f' ? *text - 'a' + 10 : 99;
    if (digit >= base) return text;
    *value = *value * base + digit;
  }
}

/* Whether the thread waits for work: 1, 0 if not, -1 if the kernel does not say. */
static int is_waiting(const char *tid) {
  char path[64] = "/proc/self/task/", line[256];
  int at = 16;
  while (*tid && at < 40) path[at++] = *tid++;
  for (const char *rest = "/syscall"; (path[at++] = *rest); rest++) {}
  i64 fd = sys4(NR_OPENAT, -100, (i64)path, 02000000 /* O_CLOEXEC */, 0);
  if (fd < 0) return -1;
  i64 length = sys4(NR_READ, fd, (i64)line, sizeof line - 1, 0);
  sys4(NR_CLOSE, fd, 0, 0, 0);
  if (length <= 0) return -1;
  line[length] = 0;
  if (line[0] < '0' || line[0] > '9') return 0; /* running */
  i64 nr, address, operation;
  const char *rest = parse(line, &nr);
  if (nr == NR_EPOLL_WAIT || nr == NR_EPOLL_PWAIT) return 1;
  if (nr != NR_FUTEX || *rest != ' ') return 0;
  rest = parse(rest + 1, &address);
  if (*rest != ' ') return 0;
  parse(rest + 1, &operation);
  return (operation & 0xff) == FUTEX_WAIT_BITSET_PRIVATE_;
}

/* Whether every helper thread is asleep: as is_waiting. */
static int helpers_wait(void) {
  char names[2048];
  i64 own = CELL32(STUB_TID);
  i64 fd = sys4(NR_OPENAT, -100, (i64) "/proc/self/task", 02200000 /* O_DIRECTORY | O_CLOEXEC */, 0);
  if (fd < 0) return -1;
  int all = 1;
  i64 size;
  while (all == 1 && (size = sys4(NR_GETDENTS64, fd, (i64)names, sizeof names, 0)) > 0) {
    for (i64 at = 0; at < size && all == 1; at += *(unsigned short *)(names + at + 16)) {
      const char *name = names + at + 19;
      i64 tid;
      parse(name, &tid);
      if (name[0] == '.' || tid == own || is_guest_thread(tid)) continue;
      all = is_waiting(name);
    }
  }
  sys4(NR_CLOSE, fd, 0, 0, 0);
  return all;
}

/* A limit on waiting for the helpers, in steps of 50 us: they have at most a garbage collection to finish. */
#define HELPER_STEPS 4000

static void await_helpers(void) {
  for (int i = 0; i < HELPER_STEPS; i++) {
    int state = helpers_wait();
    if (state < 0) {
      /* Without /proc a pause has to do. */
      pause_ns(1000000);
      return;
    }
    if (state) return;
    pause_ns(50000);
  }
}

/*
 * V8 marks parts of its memory as not to be inherited: takes that back. The walk ends at the main thread's stack, above
 * which lies only what the kernel maps (vvar, which would end it with EINVAL).
 */
static void inherit_memory(void) { sys4(NR_MADVISE, 0, (i64)(main_stack & -4096ul), MADV_DOFORK_NR, 0); }

/* What the child must not share with its parent. */
static void become_child(void) {
  CELL32(STUB_TID) = (u32)sys4(NR_GETTID, 0, 0, 0, 0);
  main_tid = (int)CELL32(STUB_TID);
  for (int i = 0; i < MAX_THREADS; i++)
    if (threads[i] != block) threads[i] = 0;
  gate = 0;
  helpers_asked = helpers_quiet = 0;
  CELL32(STUB_RING_HEAD) = CELL32(STUB_RING_TAIL) = 0;
  CELL32(STUB_PENDING) = 0;
  CELL32(STUB_FAULT_SIGNO) = 0;
}

/*
 * fork: clone(2) without CLONE_VM. `flags` with the exit signal; addresses are host pointers. Returns the child's ID, 0
 * in the child, or -errno. Signals are blocked meanwhile, so that the child's ring holds none of the parent's.
 */
double tsemu_fork(double flags, double parent_tid, double child_tid) {
  u64 all = ALL_SIGNALS, mask;
  sys4(NR_RT_SIGPROCMASK, 2 /* SIG_SETMASK */, (i64)&all, (i64)&mask, 8);
  stop_threads();
  await_helpers();
  inherit_memory();
  /* Where glibc keeps the thread's ID and the kernel clears it when the thread ends. */
  u32 *tid_address = 0;
  sys4(NR_PRCTL, PR_GET_TID_ADDRESS_, (i64)&tid_address, 0, 0);
  i64 pid = sys6(NR_CLONE, number(flags), 0, number(parent_tid), number(child_tid), 0, 0);
  if (pid == 0) {
    become_child();
    if (tid_address) {
      *tid_address = CELL32(STUB_TID);
      sys4(NR_SET_TID_ADDRESS, (i64)tid_address, 0, 0, 0);
    }
    if (CELL32(STUB_OVERFLOW)) {
      CELL32(STUB_OVERFLOW) = 0;
      mask = (u64)CELL64(STUB_OVERFLOW_MASK);
    }
  } else {
    release_threads();
  }
  sys4(NR_RT_SIGPROCMASK, 2, (i64)&mask, 0, 8);
  return (double)pid;
}
