/*
 * The host stub: the little that must be machine code. It is linked as a
 * shared object without any library and called through node:ffi.
 *
 *  - System calls that can be interrupted without losing a wake-up.
 *  - Copies between the guest's window and the thread memory that survive
 *    a fault.
 *  - The signal handlers: asynchronous signals go into the ring of the guest
 *    thread, synchronous faults are noted down and handed to V8, which turns
 *    them into WebAssembly traps.
 *
 * All exported functions take and return doubles: V8 calls such functions
 * directly (about 10 ns) and every address of user space is exact in one.
 *
 * The offsets STUB_* and friends are those of src/host/layout.ts; the build
 * passes them with -D, so there is nothing to keep in step by hand.
 *
 * Always true: a thread that has called tsemu_init has `block` pointing at its
 * thread memory; on every other thread (V8's helpers) it is null.
 */

typedef unsigned int u32;
typedef long i64;
typedef unsigned long u64;

/* Linux system call numbers, signals and codes of x86-64 that the stub itself needs. */
enum {
  NR_RT_SIGACTION = 13,
  NR_RT_SIGPROCMASK = 14,
  NR_SCHED_YIELD = 24,
  NR_GETPID = 39,
  NR_GETTID = 186,
  NR_TGKILL = 234,
  NR_EXIT_GROUP = 231,
  NR_RT_TGSIGQUEUEINFO = 297,
  SIGBUS_NR = 7,
  SIGSEGV_NR = 11,
  ENOMEM_NR = 12,
  EINVAL_NR = 22,
};

#define SA_NOCLDSTOP_ 1ul
#define SA_NOCLDWAIT_ 2ul
#define SA_SIGINFO_ 4ul
#define SA_RESTORER_ 0x04000000ul
#define SA_ONSTACK_ 0x08000000ul
#define SA_RESTART_ 0x10000000ul
#define SIG_DFL_ 0ul
#define SIG_IGN_ 1ul
#define SI_TKILL_ -6
#define ALL_SIGNALS (~0ul)

/* struct kernel_sigaction of x86-64, signal.h of the kernel's uapi. */
struct action {
  u64 handler;
  u64 flags;
  u64 restorer;
  u64 mask;
};

/* The head of siginfo_t; 128 bytes in all. */
struct info {
  int signo, error, code, pad;
  u64 address;
  u64 rest[13];
};

/* struct ucontext of x86-64: flags, link, uc_stack, 23 registers, fpstate, 8 reserved words, signal mask. */
struct context {
  u64 flags, link, stack[3];
  u64 gregs[23];
  u64 fpstate, reserved[8];
  u64 mask;
};
#define CONTEXT_RIP 16

/* setSignalAction's argument; see src/host/linux/stub.ts. */
enum { ACTION_DEFAULT = 0, ACTION_IGNORE = 1, ACTION_RECORD = 2 };

static __thread char *block __attribute__((tls_model("initial-exec")));
/* Not 0 in a worker that starts: nobody waits for it at the gate, but whoever has closed the gate waits for it to come. */
static __thread int starting __attribute__((tls_model("initial-exec")));

/*
 * The signal that makes helper threads block all signals: glibc's SIGCANCEL, which Node never uses, so that nothing
 * else can have been meant by it before the guest runs.
 */
#define QUIET_SIGNAL 32
static int helpers_asked;
static volatile int helpers_quiet;

/* The guest's main thread: gets the signals that arrive on threads without a block. */
static int main_tid;
/* V8's handler for SIGSEGV, or SIG_DFL if it has none. */
static u64 v8_fault_handler;
/* What to do with SIGSEGV and SIGBUS that were sent by someone: their handler stays ours. */
static int sent_segv_action, sent_bus_action;
static int handlers_installed;

#define CELL32(offset) (*(volatile u32 *)(block + (offset)))
#define CELL64(offset) (*(volatile i64 *)(block + (offset)))

static i64 sys4(i64 nr, i64 a, i64 b, i64 c, i64 d) {
  register i64 r10 __asm__("r10") = d;
  i64 result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
  return result;
}

#define LOCAL __attribute__((visibility("hidden")))
static int register_thread(void);
static void stop_at_gate(void);
/* Thread ID of the guest thread for whom all others stand still, or 0; see fork.c. */
static volatile u32 gate;

LOCAL i64 safe_syscall(volatile u32 *pending, i64 nr, volatile i64 *args);
LOCAL i64 raw_syscall(i64 nr, volatile i64 *args);
LOCAL i64 fault_copy(void *to, const void *from, u64 length);
LOCAL i64 fault_strnlen(const void *string, u64 max);
LOCAL void restore_frame(void);
LOCAL extern const char safe_start[], safe_end[], safe_interrupted[];
LOCAL extern const char copy_start[], copy_end[], copy_fault[];

/*
 * safe_syscall: between safe_start and safe_end the call has not been made, so the handler may send the thread to
 * safe_interrupted instead. That also holds when the kernel itself backs up to restart a call (ERESTARTNOINTR).
 * -513 is the kernel's ERESTARTNOINTR: "not made, make it again".
 *
 * The copy routines: any fault between copy_start and copy_end continues at copy_fault, which returns -1.
 */
__asm__(
    ".text\n"
    ".hidden safe_syscall, raw_syscall, fault_copy, fault_strnlen, restore_frame\n"
    ".hidden safe_start, safe_end, safe_interrupted, copy_start, copy_end, copy_fault\n"
    ".globl safe_syscall, raw_syscall, fault_copy, fault_strnlen, restore_frame\n"
    ".globl safe_start, safe_end, safe_interrupted, copy_start, copy_end, copy_fault\n"

    "safe_syscall:\n"
    "  mov %rdi, %r11\n"
    "  mov %rsi, %rax\n"
    "  mov %rdx, %rcx\n"
    "  mov (%rcx), %rdi\n"
    "  mov 8(%rcx), %rsi\n"
    "  mov 16(%rcx), %rdx\n"
    "  mov 24(%rcx), %r10\n"
    "  mov 32(%rcx), %r8\n"
    "  mov 40(%rcx), %r9\n"
    "safe_start:\n"
    "  cmpl $0, (%r11)\n"
    "  jne safe_interrupted\n"
    "  syscall\n"
    "safe_end:\n"
    "  ret\n"
    "safe_interrupted:\n"
    "  mov $-513, %rax\n"
    "  ret\n"

    "raw_syscall:\n"
    "  mov %rdi, %rax\n"
    "  mov %rsi, %rcx\n"
    "  mov (%rcx), %rdi\n"
    "  mov 8(%rcx), %rsi\n"
    "  mov 16(%rcx), %rdx\n"
    "  mov 24(%rcx), %r10\n"
    "  mov 32(%rcx), %r8\n"
    "  mov 40(%rcx), %r9\n"
    "  syscall\n"
    "  ret\n"

    "copy_start:\n"
    "fault_copy:\n"
    "  mov %rdx, %rcx\n"
    "  cmp $64, %rdx\n"
    "  ja 2f\n"
    "  shr $3, %rcx\n"
    "  jz 1f\n"
    "0: mov (%rsi), %rax\n"
    "  mov %rax, (%rdi)\n"
    "  add $8, %rsi\n"
    "  add $8, %rdi\n"
    "  dec %rcx\n"
    "  jnz 0b\n"
    "1: mov %rdx, %rcx\n"
    "  and $7, %rcx\n"
    "  jz 3f\n"
    "4: mov (%rsi), %al\n"
    "  mov %al, (%rdi)\n"
    "  inc %rsi\n"
    "  inc %rdi\n"
    "  dec %rcx\n"
    "  jnz 4b\n"
    "  jmp 3f\n"
    "2: rep movsb\n"
    "3: xor %eax, %eax\n"
    "  ret\n"
    "fault_strnlen:\n"
    "  xor %eax, %eax\n"
    "5: cmp %rsi, %rax\n"
    "  je 6f\n"
    "  cmpb $0, (%rdi,%rax)\n"
    "  je 6f\n"
    "  inc %rax\n"
    "  jmp 5b\n"
    "6: ret\n"
    "copy_end:\n"
    "copy_fault:\n"
    "  mov $-1, %rax\n"
    "  ret\n"

    "restore_frame:\n"
    "  mov $15, %eax\n" /* rt_sigreturn */
    "  syscall\n");

static i64 set_action(int signo, u64 handler, u64 flags) {
  struct action act = {handler, flags | SA_RESTORER_, (u64)restore_frame, ALL_SIGNALS};
  return sys4(NR_RT_SIGACTION, signo, (i64)&act, 0, 8);
}

/* Ends the process by a signal's default action. Returns only if that action does not end it. */
static void raise_default(int signo) {
  u64 mask = 1ul << (signo - 1);
  set_action(signo, SIG_DFL_, 0);
  i64 pid = sys4(NR_GETPID, 0, 0, 0, 0), tid = sys4(NR_GETTID, 0, 0, 0, 0);
  sys4(NR_TGKILL, pid, tid, signo, 0);
  sys4(NR_RT_SIGPROCMASK, 1 /* SIG_UNBLOCK */, (i64)&mask, 0, 8);
}

/* To the first guest thread, from a thread that runs no guest code. */
static void pass_on(int signo, struct info *info) {
  sys4(NR_RT_TGSIGQUEUEINFO, sys4(NR_GETPID, 0, 0, 0, 0), main_tid, signo, (i64)info);
}

/*
 * Any asynchronous signal. All signals are blocked while it runs, so the ring needs no lock.
 *
 * When the ring is full, every signal is blocked in the interrupted context: the kernel then queues what comes, and
 * JavaScript restores the mask that is kept in STUB_OVERFLOW_MASK after it has emptied the ring.
 *
 * A helper thread that gets a signal passes it on and blocks all signals for itself from then on. Helpers must not
 * take process-wide signals: with a default action they would end the process although the guest blocks the signal.
 */
static void on_signal(int signo, struct info *info, struct context *context) {
  if (!block) {
    if (main_tid) {
      if (signo == QUIET_SIGNAL && info->code == SI_TKILL_)
        __atomic_add_fetch(&helpers_quiet, 1, __ATOMIC_SEQ_CST);
      else
        pass_on(signo, info);
      context->mask = ALL_SIGNALS;
    }
    return;
  }
  u32 head = CELL32(STUB_RING_HEAD);
  u64 *entry = (u64 *)(block + STUB_RING + (head % STUB_RING_ENTRIES) * 128);
  for (int i = 0; i < 16; i++) entry[i] = ((u64 *)info)[i];
  CELL32(STUB_RING_HEAD) = head + 1;
  if (head + 1 - CELL32(STUB_RING_TAIL) >= STUB_RING_ENTRIES) {
    CELL64(STUB_OVERFLOW_MASK) = context->mask;
    CELL32(STUB_OVERFLOW) = 1;
    context->mask = ALL_SIGNALS;
  }
  CELL32(STUB_PENDING) = 1;
  CELL64(STUB_LIMIT) = 0;
  u64 rip = context->gregs[CONTEXT_RIP];
  if (rip >= (u64)safe_start && rip < (u64)safe_end) context->gregs[CONTEXT_RIP] = (u64)safe_interrupted;
}

/* SIGSEGV and SIGBUS: of our own copy routines, of translated code (V8 continues), or sent by somebody. */
static void on_fault(int signo, struct info *info, struct context *context) {
  if (info->code <= 0) {
    int action = signo == SIGBUS_NR ? sent_bus_action : sent_segv_action;
    if (block && CELL32(STUB_HELPER)) {
      pass_on(signo, info);
      return;
    }
    if (action == ACTION_RECORD || !block) on_signal(signo, info, context);
    else if (action == ACTION_DEFAULT) raise_default(signo);
    return;
  }
  u64 rip = context->gregs[CONTEXT_RIP];
  if (rip >= (u64)copy_start && rip < (u64)copy_end) {
    context->gregs[CONTEXT_RIP] = (u64)copy_fault;
    return;
  }
  if (block) {
    CELL32(STUB_FAULT_CODE) = info->code;
    CELL64(STUB_FAULT_ADDRESS) = info->address;
    CELL32(STUB_FAULT_SIGNO) = signo;
  }
  if (v8_fault_handler > SIG_IGN_) {
    /* V8 knows SIGSEGV only. A SIGBUS (access past a mapped file's end) reaches its landing pads just as well. */
    struct info copy = *info;
    copy.signo = SIGSEGV_NR;
    ((void (*)(int, struct info *, struct context *))v8_fault_handler)(SIGSEGV_NR, &copy, context);
  } else {
    /* No trap handler (node --disable-wasm-trap-handler): the access is repeated and ends the process. */
    set_action(signo, SIG_DFL_, 0);
  }
}

#define HANDLER_FLAGS (SA_SIGINFO_ | SA_ONSTACK_)

static i64 number(double value) { return value < 9223372036854775808.0 ? (i64)value : (i64)(u64)value; }

/* Exact, or NaN: the caller then reads STUB_RESULT. */
static double result(i64 value) {
  CELL64(STUB_RESULT) = value;
  if (value >= -(1l << 53) && value <= (1l << 53)) return (double)value;
  return __builtin_nan("");
}

/* Makes this thread a guest thread with its thread memory; the first one installs the fault handlers. */
double tsemu_init(double memory) {
  block = (char *)number(memory);
  CELL32(STUB_TID) = (u32)sys4(NR_GETTID, 0, 0, 0, 0);
  if (!register_thread()) return -ENOMEM_NR;
  if (handlers_installed) {
    starting = 1;
    return 0;
  }
  handlers_installed = 1;
  main_tid = (int)CELL32(STUB_TID);
  struct action old;
  sys4(NR_RT_SIGACTION, SIGSEGV_NR, 0, (i64)&old, 8);
  v8_fault_handler = old.handler;
  i64 error = set_action(SIGSEGV_NR, (u64)on_fault, HANDLER_FLAGS);
  if (!error) error = set_action(SIGBUS_NR, (u64)on_fault, HANDLER_FLAGS);
  return (double)error;
}

/*
 * A system call. `nr` + 4096: it may block, so it is not made (-513) when a signal waits in the ring.
 * A NaN as `nr`: number and arguments are in STUB already, because one of them is no exact double.
 */
double tsemu_syscall(double nr, double a, double b, double c, double d, double e, double f) {
  volatile i64 *args = (volatile i64 *)(block + STUB_ARGS);
  i64 n;
  if (nr == nr) {
    n = (i64)nr;
    args[0] = number(a);
    args[1] = number(b);
    args[2] = number(c);
    args[3] = number(d);
    args[4] = number(e);
    args[5] = number(f);
  } else {
    n = CELL64(STUB_NR);
  }
  __atomic_store_n(&CELL32(STUB_INSIDE), 1, __ATOMIC_RELEASE);
  i64 value = n >= 4096 ? safe_syscall(&CELL32(STUB_PENDING), n - 4096, args) : raw_syscall(n, args);
  /* The store must be seen before the gate is looked at: see fork.c. */
  __atomic_store_n(&CELL32(STUB_INSIDE), 0, __ATOMIC_SEQ_CST);
  if (__atomic_load_n(&gate, __ATOMIC_SEQ_CST)) stop_at_gate();
  return result(value);
}

/* Whether [address, address + length) lies in the guest's window. */
static int in_window(i64 address, i64 length) {
  u64 size = (u64)(CELL64(STUB_WINDOW_END) - CELL64(STUB_WINDOW_START));
  return length >= 0 && (u64)address <= size && (u64)length <= size - (u64)address;
}

/* Guest memory to offset `to` of the thread memory: 0, or -1 for a fault. */
double tsemu_copy_in(double to, double address, double length) {
  i64 from = number(address), n = number(length);
  if (!in_window(from, n)) return -1;
  return (double)fault_copy(block + number(to), (char *)CELL64(STUB_WINDOW_START) + from, (u64)n);
}

double tsemu_copy_out(double address, double from, double length) {
  i64 to = number(address), n = number(length);
  if (!in_window(to, n)) return -1;
  return (double)fault_copy((char *)CELL64(STUB_WINDOW_START) + to, block + number(from), (u64)n);
}

/* Length of the guest's string, at most `max`; -1 if it faults first. */
double tsemu_strnlen(double address, double max) {
  i64 from = number(address), n = number(max), start = CELL64(STUB_WINDOW_START);
  if (!in_window(from, 1)) return -1;
  i64 room = CELL64(STUB_WINDOW_END) - start - from;
  i64 length = (i64)fault_strnlen((char *)start + from, (u64)(n < room ? n : room));
  return length == room && room < n ? -1 : (double)length;
}

/* Makes V8's helper thread `tid` block all signals. */
double tsemu_quiet_helper(double tid) {
  if (!helpers_asked) set_action(QUIET_SIGNAL, (u64)on_signal, HANDLER_FLAGS | SA_RESTART_);
  i64 error = sys4(NR_TGKILL, sys4(NR_GETPID, 0, 0, 0, 0), (i64)tid, QUIET_SIGNAL, 0);
  if (!error) helpers_asked++;
  return (double)error;
}

/* `action` is one of ACTION_*; `flags` are SA_* bits, of which the host gets those that change what it does. */
double tsemu_signal_action(double signo_, double action_, double flags) {
  int signo = (int)signo_, action = (int)action_;
  if (signo == SIGSEGV_NR || signo == SIGBUS_NR) {
    *(signo == SIGBUS_NR ? &sent_bus_action : &sent_segv_action) = action;
    return 0;
  }
  /* A helper that has not yet seen the quieting signal would die of it once its handler is gone. */
  if (signo == QUIET_SIGNAL)
    for (int i = 0; i < 1000 && helpers_quiet < helpers_asked; i++) sys4(NR_SCHED_YIELD, 0, 0, 0, 0);
  if (action == ACTION_DEFAULT) return (double)set_action(signo, SIG_DFL_, (u64)flags & SA_NOCLDWAIT_);
  if (action == ACTION_IGNORE) return (double)set_action(signo, SIG_IGN_, (u64)flags & SA_NOCLDWAIT_);
  if (action != ACTION_RECORD) return -EINVAL_NR;
  return (double)set_action(signo, (u64)on_signal,
                            HANDLER_FLAGS | ((u64)flags & (SA_NOCLDSTOP_ | SA_NOCLDWAIT_)));
}

double tsemu_die(double signo) {
  raise_default((int)signo);
  sys4(NR_EXIT_GROUP, 128 + (int)signo, 0, 0, 0);
  return 0;
}

#include "fork.c"
#include "threads.c"
