/* Signals to oneself: handlers, siginfo, masks, queues, alternate stacks, waiting, restarting, resetting. */
#include "suite.h"
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>

static volatile int count, last_signo, last_code, last_value, on_alternate, nested_mask;
static volatile pid_t last_pid;
static volatile uid_t last_uid;
static char order[64];
static char alternate[65536] __attribute__((aligned(16)));

static void plain(int signo) {
  count++;
  last_signo = signo;
}
static void detailed(int signo, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  char local;
  count++;
  last_signo = signo;
  last_code = info->si_code;
  last_value = info->si_value.sival_int;
  last_pid = info->si_pid;
  last_uid = info->si_uid;
  on_alternate = &local >= alternate && &local < alternate + sizeof alternate;
  sigset_t mask;
  sigprocmask(SIG_SETMASK, NULL, &mask);
  nested_mask = sigismember(&mask, SIGUSR1) | sigismember(&mask, SIGUSR2) << 1 | sigismember(&mask, SIGTERM) << 2 |
                sigismember(&uc->uc_sigmask, SIGUSR1) << 3;
}
static void ordered(int signo, siginfo_t *info, void *context) {
  (void)context;
  char text[16];
  snprintf(text, sizeof text, "%d:%d ", signo < SIGRTMIN ? signo : signo - SIGRTMIN + 100, info->si_value.sival_int);
  strcat(order, text);
}
static void nesting(int signo) {
  char text[16];
  snprintf(text, sizeof text, "<%d", signo);
  strcat(order, text);
  if (signo == SIGUSR1) raise(SIGUSR2);
  snprintf(text, sizeof text, "%d>", signo);
  strcat(order, text);
}
static void unblock_in_context(int signo, siginfo_t *info, void *context) {
  (void)info;
  count++;
  sigaddset(&((ucontext_t *)context)->uc_sigmask, signo);
}

static void handle(int signo, void (*handler)(int, siginfo_t *, void *), int flags) {
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = flags | SA_SIGINFO};
  EXPECT(sigaction(signo, &action, NULL) == 0);
}
/* Long enough that the program waits by then, also where its code is compiled first. */
static void after(int milliseconds) {
  struct itimerval timer = {.it_value = {milliseconds / 1000, milliseconds % 1000 * 1000}};
  EXPECT(setitimer(ITIMER_REAL, &timer, NULL) == 0);
}

int main(void) {
  sigset_t set, old, pending;
  struct sigaction action = {.sa_handler = plain}, previous;
  CHECK(sigaction(SIGUSR1, NULL, &previous) == 0 && previous.sa_handler == SIG_DFL);
  sigemptyset(&action.sa_mask);
  sigaddset(&action.sa_mask, SIGTERM);
  CHECK(sigaction(SIGUSR1, &action, NULL) == 0 && sigaction(SIGUSR1, NULL, &previous) == 0);
  CHECK(previous.sa_handler == plain && sigismember(&previous.sa_mask, SIGTERM) && !sigismember(&previous.sa_mask, SIGHUP));
  CHECK(FAILS(sigaction(SIGKILL, &action, NULL), EINVAL) && FAILS(sigaction(SIGSTOP, &action, NULL), EINVAL));
  CHECK(FAILS(sigaction(65, &action, NULL), EINVAL) && FAILS(sigaction(0, &action, NULL), EINVAL));
  CHECK(raise(SIGUSR1) == 0 && count == 1 && last_signo == SIGUSR1);
  CHECK(kill(getpid(), SIGUSR1) == 0 && count == 2);
  CHECK(kill(getpid(), 0) == 0 && FAILS(kill(getpid(), 65), EINVAL) && FAILS(kill(0x3ffffffe, 0), ESRCH));
  CHECK(signal(SIGUSR1, SIG_IGN) == plain && raise(SIGUSR1) == 0 && count == 2 && signal(SIGUSR1, SIG_DFL) == SIG_IGN);

  handle(SIGUSR1, detailed, 0);
  CHECK(raise(SIGUSR1) == 0 && last_code == SI_TKILL && last_pid == getpid() && last_uid == getuid());
  CHECK(nested_mask == 1);
  CHECK(kill(getpid(), SIGUSR1) == 0 && last_code == SI_USER && last_pid == getpid());
  CHECK(sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 1234}) == 0 && last_code == SI_QUEUE && last_value == 1234);
  CHECK(syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR1) == 0 && last_code == SI_TKILL);
  handle(SIGUSR1, detailed, SA_NODEFER);
  CHECK(raise(SIGUSR1) == 0 && nested_mask == 0);
  handle(SIGUSR1, detailed, SA_RESETHAND);
  CHECK(raise(SIGUSR1) == 0 && sigaction(SIGUSR1, NULL, &previous) == 0 && previous.sa_handler == SIG_DFL);

  /* Blocking, pending, order, queues. */
  handle(SIGUSR1, ordered, 0);
  handle(SIGUSR2, ordered, 0);
  for (int i = 0; i < 4; i++) handle(SIGRTMIN + i, ordered, 0);
  sigfillset(&set);
  CHECK(sigprocmask(SIG_BLOCK, &set, &old) == 0 && !sigismember(&old, SIGUSR1));
  CHECK(sigprocmask(SIG_SETMASK, NULL, &pending) == 0 && sigismember(&pending, SIGUSR1) && !sigismember(&pending, SIGKILL));
  sigqueue(getpid(), SIGRTMIN + 2, (union sigval){.sival_int = 1});
  sigqueue(getpid(), SIGRTMIN + 2, (union sigval){.sival_int = 2});
  sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = 3});
  sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 4});
  sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 5});
  sigqueue(getpid(), SIGRTMIN + 2, (union sigval){.sival_int = 6});
  CHECK(sigpending(&pending) == 0 && sigismember(&pending, SIGUSR1) && sigismember(&pending, SIGRTMIN + 2));
  CHECK(!sigismember(&pending, SIGUSR2));
  CHECK(order[0] == 0);
  siginfo_t info;
  struct timespec zero = {0, 0}, brief = {0, 20000000};
  sigemptyset(&pending);
  sigaddset(&pending, SIGRTMIN + 1);
  CHECK(sigtimedwait(&pending, &info, &zero) == SIGRTMIN + 1 && info.si_value.sival_int == 3 && info.si_code == SI_QUEUE);
  CHECK(FAILS(sigtimedwait(&pending, &info, &brief), EAGAIN));
  int fd = signalfd(-1, (sigaddset(&pending, SIGUSR2), &pending), SFD_NONBLOCK | SFD_CLOEXEC);
  struct signalfd_siginfo from_fd;
  CHECK(fd >= 0 && FAILS(read(fd, &from_fd, sizeof from_fd), EAGAIN));
  CHECK(kill(getpid(), SIGUSR2) == 0 && read(fd, &from_fd, sizeof from_fd) == sizeof from_fd);
  CHECK(from_fd.ssi_signo == SIGUSR2 && from_fd.ssi_pid == (uint32_t)getpid() && from_fd.ssi_code == SI_USER);
  close(fd);
  CHECK(sigprocmask(SIG_SETMASK, &old, NULL) == 0);
  /* Handlers are stacked when several signals are let in at once: the last delivered runs first. */
  int ones = 0;
  for (char *p = order; *p; p++) ones += *p == ':';
  printf("%d delivered, first in of 102: %s\n", ones, strstr(order, "102:1") ? "1" : "none");
  CHECK(strstr(order, "102:1 102:2 102:6") || strstr(order, "102:6 102:2 102:1"));
  CHECK(strstr(order, "10:4") && !strstr(order, "10:5"));
  CHECK(FAILS(sigprocmask(77, &set, NULL), EINVAL));

  order[0] = 0;
  action = (struct sigaction){.sa_handler = nesting};
  sigemptyset(&action.sa_mask);
  sigaction(SIGUSR1, &action, NULL);
  sigaction(SIGUSR2, &action, NULL);
  raise(SIGUSR1);
  strcat(order, " ");
  sigaddset(&action.sa_mask, SIGUSR2);
  sigaction(SIGUSR1, &action, NULL);
  raise(SIGUSR1);
  printf("nesting %s\n", order);

  /* The mask in the frame is what sigreturn restores. */
  handle(SIGUSR2, unblock_in_context, 0);
  count = 0;
  raise(SIGUSR2);
  raise(SIGUSR2);
  CHECK(count == 1 && sigpending(&pending) == 0 && sigismember(&pending, SIGUSR2));
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
  CHECK(count == 2);
  sigprocmask(SIG_UNBLOCK, &set, NULL);

  /* The alternate stack. */
  stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate}, old_stack;
  CHECK(sigaltstack(&stack, &old_stack) == 0 && (old_stack.ss_flags & SS_DISABLE));
  handle(SIGUSR1, detailed, SA_ONSTACK);
  raise(SIGUSR1);
  CHECK(on_alternate);
  handle(SIGUSR1, detailed, 0);
  raise(SIGUSR1);
  CHECK(!on_alternate);
  stack.ss_size = 100;
  CHECK(FAILS(sigaltstack(&stack, NULL), ENOMEM));
  stack.ss_flags = SS_DISABLE;
  CHECK(sigaltstack(&stack, &old_stack) == 0 && old_stack.ss_sp == alternate && old_stack.ss_size == sizeof alternate);

  /* Waiting, interrupting, restarting. */
  handle(SIGALRM, detailed, 0);
  sigemptyset(&set);
  count = 0;
  after(250);
  CHECK(FAILS(pause(), EINTR) && count == 1 && last_signo == SIGALRM && last_code == SI_KERNEL);
  sigaddset(&set, SIGALRM);
  sigprocmask(SIG_BLOCK, &set, &old);
  after(250);
  sigset_t none;
  sigemptyset(&none);
  CHECK(FAILS(sigsuspend(&none), EINTR) && count == 2);
  sigprocmask(SIG_SETMASK, NULL, &pending);
  CHECK(sigismember(&pending, SIGALRM));
  after(250);
  CHECK(sigwaitinfo(&set, &info) == SIGALRM && count == 2);
  after(250);
  int waited;
  CHECK(sigwait(&set, &waited) == 0 && waited == SIGALRM);
  sigprocmask(SIG_SETMASK, &old, NULL);
  int ends[2];
  char c;
  EXPECT(pipe(ends) == 0);
  after(250);
  CHECK(FAILS(read(ends[0], &c, 1), EINTR) && count == 3);
  struct timespec long_time = {5, 0}, rest = {0, 0};
  after(250);
  CHECK(FAILS(nanosleep(&long_time, &rest), EINTR) && rest.tv_sec == 4);
  after(250);
  CHECK(clock_nanosleep(CLOCK_MONOTONIC, 0, &long_time, &rest) == EINTR && rest.tv_sec == 4);
  CHECK(alarm(100) == 0 && alarm(0) >= 99);
  /* With SA_RESTART the read goes on; the byte is written by the handler of the second alarm. */
  handle(SIGALRM, detailed, SA_RESTART);
  count = 0;
  struct itimerval repeated = {{0, 20000}, {0, 20000}}, off = {{0, 0}, {0, 0}};
  setitimer(ITIMER_REAL, &repeated, NULL);
  while (count < 3) {
    struct timespec tick = {0, 1000000};
    nanosleep(&tick, NULL);
  }
  CHECK(count >= 3);
  setitimer(ITIMER_REAL, &off, &repeated);
  CHECK(repeated.it_interval.tv_usec == 20000);
  /* A handler in the middle of a computation leaves all registers as they were. */
  handle(SIGALRM, detailed, 0);
  repeated = (struct itimerval){{0, 1000}, {0, 1000}};
  setitimer(ITIMER_REAL, &repeated, NULL);
  double x = 0;
  uint64_t n = 0;
  count = 0;
  while (count < 20) {
    double y = 1;
    uint64_t h = 0;
    for (int i = 1; i <= 2000; i++) {
      y = y * 1.000001 + 1.0 / i;
      h = h * 6364136223846793005ull + (uint64_t)i;
    }
    if (n == 0 && x == 0) n = h, x = y;
    EXPECT(n == h && x == y);
  }
  setitimer(ITIMER_REAL, &off, NULL);
  printf("%a %016lx\n", x, (unsigned long)n);
  return finish();
}
