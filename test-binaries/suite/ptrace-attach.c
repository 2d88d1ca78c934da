/* ptrace(2) of what runs already: PTRACE_ATTACH, SEIZE, INTERRUPT, LISTEN, DETACH; threads; single steps; filters. */
#include "traces.h"
#include <elf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static volatile struct {
  int ready, go, leave, usr1;
  volatile long count;
  pid_t tid;
} *shared;

static void on_usr1(int signo) { shared->usr1 = signo; }

/* Counts until it is told to end. */
static void *busy(void *unused) {
  shared->tid = (pid_t)syscall(SYS_gettid);
  shared->ready = 1;
  while (!shared->go) shared->count++;
  return unused;
}
static pid_t start(int threads) {
  fflush(stdout);
  memset((void *)shared, 0, sizeof *shared);
  pid_t pid = fork();
  if (pid) {
    while (!shared->ready) usleep(1000);
    return pid;
  }
  signal(SIGUSR1, on_usr1);
  if (threads) {
    pthread_t thread;
    pthread_create(&thread, NULL, busy, NULL);
    pthread_join(thread, NULL);
    /* Once the process ends, its status is that of the thread too, for those who have not asked yet. */
    while (!shared->leave) usleep(1000);
  } else busy(NULL);
  _exit(shared->usr1 ? 20 : 10);
}
/* Whether it counts; stands: whether it does not, for a while. */
static int counts(void) {
  long before = shared->count;
  for (int i = 0; i < 2000 && shared->count == before; i++) usleep(5000);
  return shared->count != before;
}
static int stands(void) {
  long before = shared->count;
  usleep(30000);
  return shared->count == before;
}

static void attaching(void) {
  printf("-- attach\n");
  pid_t pid = start(0);
  CHECK(ptrace(PTRACE_ATTACH, pid, 0, 0) == 0);
  next(pid);
  CHECK(stands());
  CHECK(FAILS(ptrace(PTRACE_INTERRUPT, pid, 0, 0), EIO) && FAILS(ptrace(PTRACE_LISTEN, pid, 0, 0), EIO));
  CHECK(FAILS(ptrace(PTRACE_ATTACH, pid, 0, 0), EPERM));
  CHECK(ptrace(PTRACE_CONT, pid, 0, 0) == 0 && counts());
  CHECK(FAILS(ptrace(PTRACE_CONT, pid, 0, 0), ESRCH) && FAILS(ptrace(PTRACE_DETACH, pid, 0, 0), ESRCH));
  kill(pid, SIGSTOP);
  next(pid);
  CHECK(ptrace(PTRACE_DETACH, pid, 0, SIGUSR1) == 0 && counts());
  CHECK(waitpid(pid, NULL, WNOHANG) == 0);
  shared->go = 1;
  next(pid);
}

static void seizing(void) {
  printf("-- seize\n");
  pid_t pid = start(0);
  siginfo_t info;
  CHECK(FAILS(ptrace(PTRACE_SEIZE, pid, 1, 0), EIO) && FAILS(ptrace(PTRACE_SEIZE, pid, 0, 0x40000000), EIO));
  CHECK(ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACESYSGOOD) == 0 && counts());
  CHECK(waitpid(pid, NULL, WNOHANG) == 0);
  CHECK(ptrace(PTRACE_INTERRUPT, pid, 0, 0) == 0);
  next(pid);
  CHECK(stands());
  CHECK(ptrace(PTRACE_CONT, pid, 0, 0) == 0 && counts());
  kill(pid, SIGSTOP); /* first the signal, then the group-stop */
  next(pid);
  CHECK(ptrace(PTRACE_CONT, pid, 0, SIGSTOP) == 0);
  next(pid);
  CHECK(FAILS(ptrace(PTRACE_GETSIGINFO, pid, 0, &info), EINVAL) || info.si_code >> 8 == PTRACE_EVENT_STOP);
  CHECK(ptrace(PTRACE_LISTEN, pid, 0, 0) == 0 && stands());
  kill(pid, SIGCONT);
  next(pid);
  CHECK(ptrace(PTRACE_CONT, pid, 0, 0) == 0);
  next(pid);
  CHECK(ptrace(PTRACE_CONT, pid, 0, SIGCONT) == 0 && counts());
  kill(pid, SIGUSR1);
  next(pid);
  CHECK(ptrace(PTRACE_CONT, pid, 0, SIGUSR1) == 0);
  shared->go = 1;
  next(pid);
}

static void threads(void) {
  printf("-- threads\n");
  pid_t pid = start(1), tid = shared->tid;
  CHECK(tid != pid && ptrace(PTRACE_SEIZE, tid, 0, 0) == 0 && ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACECLONE) == 0);
  CHECK(ptrace(PTRACE_INTERRUPT, tid, 0, 0) == 0);
  next(tid);
  CHECK(stands());
  CHECK(ptrace(PTRACE_CONT, tid, 0, 0) == 0 && counts());
  syscall(SYS_tgkill, pid, tid, SIGUSR1);
  next(tid);
  CHECK(ptrace(PTRACE_CONT, tid, 0, SIGUSR1) == 0);
  shared->go = 1;
  next(tid);
  shared->leave = 1;
  next(pid);
  pid = start(1), tid = shared->tid;
  CHECK(ptrace(PTRACE_SEIZE, tid, 0, 0) == 0 && ptrace(PTRACE_SEIZE, pid, 0, 0) == 0);
  kill(pid, SIGKILL);
  next(tid);
  next(pid);
  CHECK(FAILS(waitpid(-1, NULL, __WALL), ECHILD));
}

/* A child of somebody else. */
static void strangers(void) {
  printf("-- no child of the tracer\n");
  memset((void *)shared, 0, sizeof *shared);
  fflush(stdout);
  int ends[2];
  if (pipe(ends)) return;
  pid_t parent = fork();
  if (parent == 0) {
    pid_t pid = start(0);
    EXPECT(write(ends[1], &pid, sizeof pid) == sizeof pid);
    int status;
    waitpid(pid, &status, 0);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 99);
  }
  pid_t pid = 0;
  CHECK(read(ends[0], &pid, sizeof pid) == sizeof pid);
  CHECK(ptrace(PTRACE_SEIZE, pid, 0, 0) == 0 && ptrace(PTRACE_INTERRUPT, pid, 0, 0) == 0);
  next(pid);
  CHECK(ptrace(PTRACE_CONT, pid, 0, 0) == 0);
  shared->go = 1;
  next(pid);
  next(parent);
}

/* Where the processor's kernel can: others say EIO. */
static void steps(void) {
  printf("-- steps\n");
  pid_t pid = start(0);
  CHECK(ptrace(PTRACE_SEIZE, pid, 0, 0) == 0 && ptrace(PTRACE_INTERRUPT, pid, 0, 0) == 0);
  next(pid);
  long before = shared->count;
  int stepped = 0, status = 0;
  while (stepped < 1000 && ptrace(PTRACE_SINGLESTEP, pid, 0, 0) == 0) {
    stepped++;
    if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP) break;
  }
  int refused = errno == EIO;
  long counted = shared->count - before;
  CHECK(stepped == 1000 ? counted > 20 && counted < 500 : stepped == 0 && refused);
  CHECK(ptrace(PTRACE_KILL, pid, 0, 0) == 0);
  next(pid);
}

static void filters(void) {
  printf("-- PTRACE_EVENT_SECCOMP\n");
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | 77),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) _exit(50);
    int refused = syscall(SYS_getppid) == -1 && errno == ENOSYS;
    raise(SIGSTOP);
    _exit(refused + 2 * (syscall(SYS_getppid) > 0));
  }
  next(pid);
  unsigned long message = 0;
  CHECK(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESECCOMP) == 0 && ptrace(PTRACE_CONT, pid, 0, 0) == 0);
  next(pid);
  CHECK(ptrace(PTRACE_GETEVENTMSG, pid, 0, &message) == 0 && message == 77);
  CHECK(ptrace(PTRACE_CONT, pid, 0, 0) == 0);
  next(pid);
}

int main(void) {
  shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  attaching();
  seizing();
  threads();
  strangers();
  steps();
  filters();
  return finish();
}
