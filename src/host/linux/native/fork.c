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
/* There are none from this index on. */
static volatile int threads_end;
/* How many threads look at the memories of others, which stay as long. */
static volatile int visitors;

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
  for (int i = 0; i < threads_end; i++)
    if (threads[i] == block) return 1;
  for (int i = 0; i < MAX_THREADS; i++) {
    char *none = 0;
    if (!__atomic_compare_exchange_n(&threads[i], &none, block, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) continue;
    int end = threads_end;
    while (end < i + 1 && !__atomic_compare_exchange_n(&threads_end, &end, i + 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {}
    return 1;
  }
  return 0;
}

/* Waits while somebody forks. What else the thread has been asked to stop for, changed code, it has still to see to. */
static void stop_at_gate(void) {
  if (starting || gate == CELL32(STUB_TID)) return;
  do {
    __atomic_store_n(&CELL32(STUB_INSIDE), 1, __ATOMIC_SEQ_CST);
    u32 owner;
    while ((owner = __atomic_load_n(&gate, __ATOMIC_SEQ_CST))) sys6(NR_FUTEX, (i64)&gate, FUTEX_WAIT_BITSET_PRIVATE_, owner, 0, 0, -1);
    __atomic_store_n(&CELL32(STUB_INSIDE), 0, __ATOMIC_SEQ_CST);
  } while (__atomic_load_n(&gate, __ATOMIC_SEQ_CST));
}

/* For a thread that was interrupted without having a reason for a system call. */
double tsemu_park(double unused) {
  /* Seen before the thread looks for changed code: whoever has changed some goes on then. */
  __atomic_store_n(&CELL32(STUB_STOP), 0, __ATOMIC_SEQ_CST);
  if (__atomic_load_n(&gate, __ATOMIC_SEQ_CST)) stop_at_gate();
  return unused;
}

static void pause_ns(i64 ns) {
  i64 time[2] = {0, ns};
  sys4(NR_NANOSLEEP, (i64)time, 0, 0, 0);
}

/* Between two looks at a thread that is waited for. */
#define PATIENCE_NS 20000

/* Makes a thread leave translated code, which it does at its next jump. */
static void ask(char *other) {
  __atomic_store_n((u32 *)(other + STUB_STOP), 1, __ATOMIC_SEQ_CST);
  *(volatile i64 *)(other + STUB_LIMIT) = 0;
}

static void ask_others(void) {
  for (int i = 0; i < threads_end; i++) {
    char *other = threads[i];
    if (other && other != block) ask(other);
  }
}

static void begin_visit(void) { __atomic_add_fetch(&visitors, 1, __ATOMIC_SEQ_CST); }
static void end_visit(void) { __atomic_sub_fetch(&visitors, 1, __ATOMIC_SEQ_CST); }

/* Closes the gate and waits until every other guest thread is inside a system call. */
static void stop_threads(void) {
  begin_visit();
  __atomic_store_n(&gate, CELL32(STUB_TID), __ATOMIC_SEQ_CST);
  /* All are asked before any is waited for: where there are more threads than processors, each waits for its turn. */
  ask_others();
  for (int i = 0; i < threads_end; i++) {
    char *other = threads[i];
    if (!other || other == block) continue;
    while (!__atomic_load_n((u32 *)(other + STUB_INSIDE), __ATOMIC_SEQ_CST)) {
      pause_ns(PATIENCE_NS);
      ask(other);
    }
  }
  end_visit();
}

static void release_threads(void) {
  __atomic_store_n(&gate, 0, __ATOMIC_SEQ_CST);
  sys6(NR_FUTEX, (i64)&gate, FUTEX_WAKE_PRIVATE_, 1 << 30, 0, 0, 0);
}

/* For HostProcesses.stopOthers and letOthersGo. */
double tsemu_gate(double closed) {
  if (closed != 0) stop_threads();
  else release_threads();
  return 0;
}

/* Lets every other thread know of something before it runs more guest code: see HostProcesses.interruptOthers. */
double tsemu_interrupt_others(double unused) {
  begin_visit();
  ask_others();
  for (int i = 0; i < threads_end; i++) {
    char *other = threads[i];
    if (!other || other == block || *(volatile u32 *)(other + STUB_HELPER)) continue;
    while (__atomic_load_n((u32 *)(other + STUB_STOP), __ATOMIC_SEQ_CST) &&
           !__atomic_load_n((u32 *)(other + STUB_INSIDE), __ATOMIC_SEQ_CST)) {
      pause_ns(PATIENCE_NS);
      *(volatile i64 *)(other + STUB_LIMIT) = 0;
    }
  }
  end_visit();
  return unused;
}

/*
 * A robust mutex at a guest address that the caller knows to be writable, whose owner has ended (futex(2), robust_list):
 * marks it if `tid` has it. 1 if somebody waits for it.
 */
double tsemu_owner_died(double address, double tid) {
  u32 *word = (u32 *)(CELL64(STUB_WINDOW_START) + number(address)), value = *word;
  while ((value & 0x3fffffffu) == (u32)tid) {
    if (__atomic_compare_exchange_n(word, &value, (value & 0x80000000u) | 0x40000000u, 0, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST))
      return (value & 0x80000000u) != 0;
  }
  return 0;
}

/*
 * The calling thread runs no guest code: see HostProcesses.becomeHelper. From now on it stops at the gate. It was made with
 * all signals blocked, but it reads guest memory, which may be unmapped meanwhile: a fault that is blocked ends the process.
 */
double tsemu_become_helper(double unused) {
  u64 mask = ALL_SIGNALS & ~(1ul << (SIGSEGV_NR - 1) | 1ul << (SIGBUS_NR - 1));
  sys4(NR_RT_SIGPROCMASK, 2 /* SIG_SETMASK */, (i64)&mask, 0, 8);
  CELL32(STUB_HELPER) = 1;
  starting = 0;
  return unused;
}

/* The calling thread ends. Its memory will be unmapped: not before those who have found it have looked. */
double tsemu_leave(double unused) {
  for (int i = 0; i < threads_end; i++)
    if (threads[i] == block) __atomic_store_n(&threads[i], (char *)0, __ATOMIC_SEQ_CST);
  __atomic_store_n(&CELL32(STUB_INSIDE), 1, __ATOMIC_SEQ_CST);
  while (__atomic_load_n(&visitors, __ATOMIC_SEQ_CST)) pause_ns(PATIENCE_NS);
  block = 0;
  return unused;
}

static int is_guest_thread(i64 tid) {
  int found = 0;
  begin_visit();
  for (int i = 0; i < threads_end && !found; i++) {
    char *other = threads[i];
    found = other && *(volatile u32 *)(other + STUB_TID) == (u32)tid;
  }
  end_visit();
  return found;
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
 * V8 marks parts of its memory as not to be inherited (MADV_DONTFORK): this takes it back. One call does for all of the
 * address space, but for what must be left out: the guest's window, where such marks are the guest's own, and the
 * kernel's special mappings (vvar, the rings of io_uring), at which the call ends with EINVAL.
 */
#define MAX_SPECIAL 64
#define USER_END 0x7ffffffff000ul
static struct range {
  u64 start, end;
} special[MAX_SPECIAL];
static int specials;

static i64 inherit(u64 start, u64 end) {
  return start < end ? sys4(NR_MADVISE, (i64)start, (i64)(end - start), MADV_DOFORK_NR, 0) : 0;
}

static int inherit_around_specials(void) {
  u64 at = 0;
  int refused = 0;
  for (int i = 0; i < specials; i++) {
    refused |= inherit(at, special[i].start) == -EINVAL_NR;
    at = special[i].end;
  }
  return refused | (inherit(at, USER_END) == -EINVAL_NR);
}

static void add_special(u64 start, u64 end) {
  if (specials > 0 && special[specials - 1].end == start) special[specials - 1].end = end;
  else if (specials < MAX_SPECIAL) special[specials++] = (struct range){start, end};
}

/* Marks mapping by mapping, and notes which refuse. */
static void inherit_each(void) {
  static char text[8192];
  i64 fd = sys4(NR_OPENAT, -100, (i64) "/proc/self/maps", 02000000 /* O_CLOEXEC */, 0);
  if (fd < 0) return;
  specials = 0;
  u64 window = (u64)CELL64(STUB_WINDOW_START), window_end = (u64)CELL64(STUB_WINDOW_END);
  i64 have = 0, count;
  while ((count = sys4(NR_READ, fd, (i64)(text + have), (i64)sizeof text - 1 - have, 0)) > 0) {
    have += count;
    i64 at = 0;
    for (;;) {
      i64 end = at;
      while (end < have && text[end] != '\n') end++;
      if (end == have) break;
      u64 first = 0, last = 0, *value = &first;
      for (const char *digit = text + at; *digit != ' '; digit++) {
        if (*digit == '-') value = &last;
        else *value = *value * 16 + (u64)(*digit <= '9' ? *digit - '0' : *digit - 'a' + 10);
      }
      if (first < window_end && last > window) add_special(first, last);
      else if (last <= USER_END && inherit(first, last) == -EINVAL_NR) add_special(first, last);
      at = end + 1;
    }
    for (i64 i = at; i < have; i++) text[i - at] = text[i];
    have -= at;
  }
  sys4(NR_CLOSE, fd, 0, 0, 0);
}

static void inherit_memory(void) {
  if (!specials || inherit_around_specials()) inherit_each();
}

/* What the child must not share with its parent. */
static void become_child(void) {
  CELL32(STUB_TID) = (u32)sys4(NR_GETTID, 0, 0, 0, 0);
  main_tid = (int)CELL32(STUB_TID);
  for (int i = 0; i < threads_end; i++)
    if (threads[i] != block) threads[i] = 0;
  gate = 0;
  visitors = 0;
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
