/* seccomp(2): what filters see and do, who has them, and which programs the kernel takes. */
#include "suite.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#if defined __riscv
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#elif defined __aarch64__
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined __arm__
#define ARCHITECTURE AUDIT_ARCH_ARM
#else
#define ARCHITECTURE AUDIT_ARCH_X86_64
#endif

#define FIELD(name) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, name))
#define ARGUMENT(n) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + 8 * (n))
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, value)
/* Ends with `value` if the accumulator is not `k`. */
#define UNLESS(k, value) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, 1, 0), RETURN(value)
#define COUNT(array) ((unsigned short)(sizeof(array) / sizeof *(array)))
/* A filter that gives `value` for one call. */
#define ON(call, value) \
  { FIELD(nr), UNLESS(call, SECCOMP_RET_ALLOW), RETURN(value) }

static long install(unsigned flags, struct sock_filter *filter, unsigned short count) {
  struct sock_fprog program = {count, filter};
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}
#define INSTALL(flags, ...) \
  ({ \
    struct sock_filter filter_[] = __VA_ARGS__; \
    install(flags, filter_, COUNT(filter_)); \
  })
/* 0 if the kernel takes the program, in a child that has it then. */
#define TAKEN(...) \
  ({ \
    struct sock_filter filter_[] = __VA_ARGS__; \
    taken(filter_, COUNT(filter_)); \
  })

static int in_child(int (*run)(void)) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    _exit(run());
  }
  int status;
  return waitpid(child, &status, 0) == child ? status : -1;
}

static struct sock_filter *tried;
static unsigned short tried_count;
static int try(void) { return install(0, tried, tried_count) ? errno : 0; }
static int taken(struct sock_filter *filter, unsigned short count) {
  tried = filter, tried_count = count;
  return WEXITSTATUS(in_child(try));
}

static void programs(void) {
  CHECK(TAKEN({RETURN(SECCOMP_RET_ALLOW)}) == 0);
  CHECK(taken(NULL, 0) == EINVAL && taken(NULL, 1) == EINVAL && taken((void *)8, 1) == EFAULT && taken(NULL, 5000) == EINVAL);
  CHECK(TAKEN({FIELD(nr)}) == EINVAL);                                                        /* no end */
  CHECK(TAKEN({BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64), RETURN(0)}) == EINVAL);                /* outside */
  CHECK(TAKEN({BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2), RETURN(0)}) == EINVAL);                 /* not aligned */
  CHECK(TAKEN({BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), RETURN(0)}) == EINVAL);
  CHECK(TAKEN({BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0), RETURN(0)}) == EINVAL);
  CHECK(TAKEN({BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), RETURN(0)}) == EINVAL);
  CHECK(TAKEN({BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 3), RETURN(0)}) == EINVAL);
  CHECK(TAKEN({BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32), RETURN(0)}) == EINVAL);
  CHECK(TAKEN({BPF_STMT(BPF_LD | BPF_MEM, 3), RETURN(SECCOMP_RET_ALLOW)}) == EINVAL);         /* never stored */
  CHECK(TAKEN({BPF_STMT(BPF_ST, 3), BPF_STMT(BPF_LDX | BPF_MEM, 3), RETURN(SECCOMP_RET_ALLOW)}) == 0);
  CHECK(TAKEN({BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), BPF_STMT(BPF_ST, 3), BPF_STMT(BPF_LD | BPF_MEM, 3), RETURN(SECCOMP_RET_ALLOW)}) == EINVAL);
  CHECK(TAKEN({BPF_STMT(BPF_ST, 16), RETURN(SECCOMP_RET_ALLOW)}) == EINVAL);
  CHECK(TAKEN({BPF_STMT(BPF_JMP | BPF_JA, 1), RETURN(0)}) == EINVAL && TAKEN({BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0, 0, 7), RETURN(0)}) == EINVAL);
  CHECK(TAKEN({BPF_STMT(BPF_RET | BPF_X, 0)}) == EINVAL && TAKEN({{0xffff, 0, 0, 0}, RETURN(0)}) == EINVAL);
  CHECK(TAKEN({BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0), UNLESS(sizeof(struct seccomp_data), SECCOMP_RET_KILL_PROCESS), RETURN(SECCOMP_RET_ALLOW)}) == 0);
}

static void refusals(void) {
  unsigned action = SECCOMP_RET_TRAP, unknown = 0x12340000;
  CHECK(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0);
  CHECK(FAILS(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &unknown), EOPNOTSUPP));
  CHECK(FAILS(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 1, &action), EINVAL) && FAILS(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, NULL), EFAULT));
  CHECK(FAILS(syscall(SYS_seccomp, 99, 0, NULL), EINVAL) && FAILS(syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 1, NULL), EINVAL));
  CHECK(FAILS(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 1 << 20, NULL), EINVAL) && FAILS(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL), EFAULT));
  CHECK(FAILS(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, NULL), EFAULT));
  CHECK(prctl(PR_GET_SECCOMP) == 0 && FAILS(prctl(PR_SET_SECCOMP, 7, 0), EINVAL));
}

/* Each ends with its number of what went wrong, or is killed. */
static int answers(void) {
  if (INSTALL(0, ON(SYS_getppid, SECCOMP_RET_ERRNO | 77)) || syscall(SYS_getppid) != -1 || errno != 77) return 1;
  if (prctl(PR_GET_SECCOMP) != SECCOMP_MODE_FILTER) return 2;
  /* The strictest counts, whichever is newer. */
  if (INSTALL(0, ON(SYS_getppid, SECCOMP_RET_TRACE)) || syscall(SYS_getppid) != -1 || errno != 77) return 3;
  if (INSTALL(0, ON(SYS_umask, SECCOMP_RET_TRACE)) || syscall(SYS_umask, 0) != -1 || errno != ENOSYS) return 4;
  if (INSTALL(0, ON(SYS_getpgid, SECCOMP_RET_ERRNO | 0xffff)) || syscall(SYS_getpgid, 0) != -1 || errno != 4095) return 5;
  if (INSTALL(0, ON(SYS_getuid, SECCOMP_RET_ERRNO)) || syscall(SYS_getuid) != 0) return 6;
  if (INSTALL(0, ON(SYS_getgid, SECCOMP_RET_LOG)) || syscall(SYS_getgid) < 0) return 7;
  /* Only for one value of an argument, in a call that had another answer before. */
  if (syscall(SYS_getsid, 0) < 0) return 8;
  if (INSTALL(0, {FIELD(nr), UNLESS(SYS_getsid, SECCOMP_RET_ALLOW), ARGUMENT(0), UNLESS(12345, SECCOMP_RET_ALLOW), RETURN(SECCOMP_RET_ERRNO | 9)})) return 9;
  if (syscall(SYS_getsid, 0) < 0 || syscall(SYS_getsid, 12345) != -1 || errno != 9) return 10;
  if (INSTALL(0, {FIELD(arch), UNLESS(ARCHITECTURE, SECCOMP_RET_KILL_PROCESS), FIELD(instruction_pointer), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), RETURN(SECCOMP_RET_KILL_PROCESS), RETURN(SECCOMP_RET_ALLOW)})) return 11;
  FILE *status = fopen("/proc/self/status", "r");
  char line[256];
  int seen = 0;
  while (status && fgets(line, sizeof line, status)) seen += !strcmp(line, "Seccomp:\t2\n") + 2 * !strcmp(line, "Seccomp_filters:\t8\n");
  return seen == 3 ? 0 : 12;
}

/* The whole of the machine: arithmetic on an argument, with a result that is known. */
static int arithmetic(void) {
  if (INSTALL(0, {FIELD(nr), UNLESS(SYS_getpgid, SECCOMP_RET_ALLOW), ARGUMENT(0),
                  BPF_STMT(BPF_ST, 2), BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 10), BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, 6),
                  BPF_STMT(BPF_MISC | BPF_TAX, 0), BPF_STMT(BPF_LD | BPF_MEM, 2), BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0),
                  BPF_STMT(BPF_ALU | BPF_SUB | BPF_K, 3), BPF_STMT(BPF_ALU | BPF_NEG, 0), BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 2),
                  BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xfff), BPF_STMT(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO | 1),
                  BPF_STMT(BPF_RET | BPF_A, 0)})) return 1;
  for (unsigned value = 0; value < 4000; value += 37) {
    unsigned x = (value + 10) * 6, a = value ^ x;
    a = (-(a - 3) >> 2 & 0xfff) | 1;
    if (syscall(SYS_getpgid, value) != -1 || (unsigned)errno != (a > 4095 ? 4095 : a)) return 2;
  }
  if (INSTALL(0, {FIELD(nr), UNLESS(SYS_getpgid, SECCOMP_RET_ALLOW), BPF_STMT(BPF_LDX | BPF_IMM, 0), BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0), RETURN(SECCOMP_RET_ALLOW)})) return 3;
  syscall(SYS_getpgid, 0); /* a division by zero returns 0: kill */
  return 4;
}

static volatile int trapped;
static int yes;
static siginfo_t trap_info;
static void on_trap(int signo, siginfo_t *info, void *context) {
  (void)signo, (void)context;
  trapped++;
  trap_info = *info;
}
static int traps(void) {
  struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
  sigaction(SIGSYS, &action, NULL);
  if (INSTALL(0, ON(SYS_getppid, SECCOMP_RET_TRAP | 5))) return 1;
  syscall(SYS_getppid);
  if (trapped != 1 || trap_info.si_code != 1 || trap_info.si_errno != 5 || trap_info.si_syscall != SYS_getppid) return 2;
  if (trap_info.si_arch != ARCHITECTURE || !trap_info.si_call_addr || trap_info.si_signo != SIGSYS) return 3;
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, NULL);
  syscall(SYS_getppid); /* blocked: kills */
  return 4;
}

static int kills(void) {
  signal(SIGSYS, SIG_IGN);
  if (INSTALL(0, ON(SYS_getppid, SECCOMP_RET_KILL_PROCESS))) return 1;
  syscall(SYS_getppid);
  return 2;
}
static int unknown_kills(void) {
  if (INSTALL(0, ON(SYS_getppid, 0x12340000))) return 1;
  syscall(SYS_getppid);
  return 2;
}

static void *die(void *unused) {
  syscall(SYS_getppid);
  return unused;
}
static void *asks(void *unused) {
  return syscall(SYS_getppid) == -1 && errno == 66 ? &yes : unused;
}
static int threads(void) {
  pthread_t thread;
  void *answer = NULL;
  if (INSTALL(0, ON(SYS_getppid, SECCOMP_RET_ERRNO | 66)) || pthread_create(&thread, NULL, asks, NULL) || pthread_join(thread, &answer) || !answer) return 1;
  if (INSTALL(0, ON(SYS_getppid, SECCOMP_RET_KILL_THREAD)) || pthread_create(&thread, NULL, die, NULL) || pthread_join(thread, &answer)) return 2;
  return 0;
}

static pthread_barrier_t before, after;
static void *waits(void *unused) {
  pthread_barrier_wait(&before);
  pthread_barrier_wait(&after);
  return asks(unused);
}
static void *goes_own_way(void *unused) {
  INSTALL(0, ON(SYS_getuid, SECCOMP_RET_ERRNO | 1));
  return waits(unused);
}
static int all_threads(void) {
  pthread_t thread;
  void *answer = NULL;
  pthread_barrier_init(&before, NULL, 2), pthread_barrier_init(&after, NULL, 2);
  if (pthread_create(&thread, NULL, waits, NULL)) return 1;
  pthread_barrier_wait(&before);
  if (INSTALL(SECCOMP_FILTER_FLAG_TSYNC, ON(SYS_getppid, SECCOMP_RET_ERRNO | 66))) return 2;
  pthread_barrier_wait(&after);
  if (pthread_join(thread, &answer) || !answer) return 3;
  if (pthread_create(&thread, NULL, goes_own_way, NULL)) return 4;
  pthread_barrier_wait(&before);
  long other = INSTALL(SECCOMP_FILTER_FLAG_TSYNC, ON(SYS_getgid, SECCOMP_RET_ERRNO | 1));
  if (other <= 0 || other == getpid() || getgid() == (gid_t)-1) return 5;
  if (!FAILS(INSTALL(SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH, ON(SYS_getgid, SECCOMP_RET_ERRNO | 1)), ESRCH)) return 6;
  pthread_barrier_wait(&after);
  return pthread_join(thread, &answer) || !answer ? 7 : 0;
}

static int grandchild(void) { return asks(NULL) ? 0 : 1; }
static int inherits(void) {
  if (INSTALL(0, ON(SYS_getppid, SECCOMP_RET_ERRNO | 66)) || in_child(grandchild)) return 1;
  execl("/proc/self/exe", "seccomp", "after-exec", NULL);
  return 2;
}

static int strict(void) {
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT)) return 1;
  if (write(1, "ok: still writes\n", 17) != 17) return 2;
  syscall(SYS_getppid);
  return 3;
}
static int strict_exit(void) {
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT)) return 1;
  syscall(SYS_exit, 7);
  return 3;
}
static int unprivileged(void) {
  if (geteuid() == 0 && (setgid(65534) || setuid(65534))) return 1;
  return FAILS(INSTALL(0, {RETURN(SECCOMP_RET_ALLOW)}), EACCES) ? 0 : 2;
}
static int full(void) {
  static struct sock_filter long_one[4096];
  for (int i = 0; i < 4096; i++) long_one[i] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
  int count = 0;
  while (install(0, long_one, 4096) == 0) count++;
  return errno == ENOMEM && count >= 3 ? 0 : 1; /* how many depends on what the kernel makes of them */
}

int main(int argc, char **argv) {
  if (argc > 1 && !strcmp(argv[1], "after-exec")) return grandchild() || prctl(PR_GET_SECCOMP) != SECCOMP_MODE_FILTER;
  refusals();
  CHECK(in_child(unprivileged) == 0);
  CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  programs();
  CHECK(in_child(answers) == 0);
  int status = in_child(arithmetic);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
  status = in_child(traps);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
  status = in_child(kills);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
  status = in_child(unknown_kills);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
  CHECK(in_child(threads) == 0);
  CHECK(in_child(all_threads) == 0);
  CHECK(in_child(inherits) == 0);
  status = in_child(strict);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  CHECK(WEXITSTATUS(in_child(strict_exit)) == 7);
  CHECK(in_child(full) == 0);
  return finish();
}
