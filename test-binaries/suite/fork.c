/* Processes: fork, wait, what a child inherits and what it does not, shared and private memory, signals between them. */
#include "suite.h"
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>

static int wait_status(pid_t pid) {
  int status = -1;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

static volatile sig_atomic_t children, alarms;
static volatile pid_t child_of_signal;
static void on_child(int signo, siginfo_t *info, void *context) {
  (void)context;
  children += signo == SIGCHLD && info->si_code == CLD_EXITED && info->si_status == 7;
  child_of_signal = info->si_pid;
}
static void on_alarm(int signo) { alarms += signo == SIGALRM; }

static void statuses(void) {
  for (int i = 0; i < 40; i++) {
    pid_t pid = fork();
    if (pid == 0) _exit(i * 6);
    EXPECT(pid > 0 && wait_status(pid) == (i * 6 & 255) << 8);
  }
  pid_t killed = fork();
  if (killed == 0) {
    for (;;) pause();
  }
  CHECK(kill(killed, SIGTERM) == 0);
  int status = wait_status(killed);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
  int gate[2];
  EXPECT(pipe(gate) == 0);
  pid_t stopped = fork();
  if (stopped == 0) {
    char c;
    close(gate[1]);
    raise(SIGSTOP);
    /* It must not have ended before its parent asks whether it goes on. */
    _exit(read(gate[0], &c, 1) == 0 ? 3 : 4);
  }
  CHECK(waitpid(stopped, &status, WUNTRACED) == stopped && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
  CHECK(kill(stopped, SIGCONT) == 0);
  CHECK(waitpid(stopped, &status, WCONTINUED) == stopped && WIFCONTINUED(status));
  close(gate[1]);
  CHECK(WEXITSTATUS(wait_status(stopped)) == 3);
  CHECK(FAILS(waitpid(-1, &status, 0), ECHILD));
  siginfo_t info;
  pid_t waited = fork();
  if (waited == 0) _exit(9);
  CHECK(waitid(P_PID, (id_t)waited, &info, WEXITED | WNOWAIT) == 0 && info.si_status == 9 && info.si_pid == waited);
  CHECK(WEXITSTATUS(wait_status(waited)) == 9);
}

static void memory(void) {
  static volatile int data = 1;
  volatile int local = 2;
  volatile int *heap = malloc(100000 * sizeof *heap);
  volatile int *shared = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  volatile int *mapped = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  heap[99999] = 3;
  mapped[5] = 4;
  pid_t pid = fork();
  if (pid == 0) {
    int sum = data + local + heap[99999] + mapped[5];
    data = local = heap[99999] = mapped[5] = 100;
    shared[7] = sum;
    /* More memory, and less. */
    int *more = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    more[1000] = 1;
    munmap((void *)mapped, 4096);
    _exit(more[1000] + data == 101 ? 0 : 1);
  }
  CHECK(wait_status(pid) == 0);
  CHECK(shared[7] == 10);
  CHECK(data == 1 && local == 2 && heap[99999] == 3 && mapped[5] == 4);
}

static void signals(void) {
  struct sigaction action = {.sa_sigaction = on_child, .sa_flags = SA_SIGINFO | SA_RESTART};
  sigaction(SIGCHLD, &action, 0);
  sigset_t set, old;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, &old);
  pid_t pid = fork();
  if (pid == 0) _exit(7);
  while (!children) sigsuspend(&old);
  CHECK(children == 1 && child_of_signal == pid);
  sigprocmask(SIG_SETMASK, &old, 0);
  CHECK(WEXITSTATUS(wait_status(pid)) == 7);
  signal(SIGCHLD, SIG_DFL);

  /* Pending signals, timers and alarms stay behind; mask, actions and the alternate stack come along. */
  struct itimerval soon = {.it_value = {.tv_usec = 200000}};
  struct sigaction alarmed = {.sa_handler = on_alarm};
  sigaction(SIGALRM, &alarmed, 0);
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, 0);
  raise(SIGUSR1);
  setitimer(ITIMER_REAL, &soon, 0);
  pid = fork();
  if (pid == 0) {
    sigset_t pending, mask;
    struct itimerval left;
    sigpending(&pending);
    sigprocmask(SIG_BLOCK, 0, &mask);
    getitimer(ITIMER_REAL, &left);
    int bad = sigismember(&pending, SIGUSR1) + 2 * !sigismember(&mask, SIGUSR1) + 4 * (left.it_value.tv_usec != 0);
    raise(SIGALRM);
    _exit(bad + 8 * (alarms != 1));
  }
  CHECK(wait_status(pid) == 0);
  while (!alarms) usleep(10000);
  CHECK(alarms == 1);
  sigset_t pending;
  CHECK(sigpending(&pending) == 0 && sigismember(&pending, SIGUSR1));
  siginfo_t info;
  CHECK(sigwaitinfo(&set, &info) == SIGUSR1);

  /* A ping-pong of signals with a child. */
  pid = fork();
  if (pid == 0) {
    for (int i = 0; i < 200; i++) {
      union sigval value = {.sival_int = i};
      sigqueue(getppid(), SIGUSR1, value);
      if (sigwaitinfo(&set, &info) != SIGUSR1 || info.si_value.sival_int != -i) _exit(1);
    }
    _exit(0);
  }
  for (int i = 0; i < 200; i++) {
    union sigval value = {.sival_int = -i};
    EXPECT(sigwaitinfo(&set, &info) == SIGUSR1 && info.si_value.sival_int == i && info.si_pid == pid);
    sigqueue(pid, SIGUSR1, value);
  }
  CHECK(wait_status(pid) == 0);
}

/* Bytes through three processes. */
static void pipes(void) {
  int in[2], out[2];
  CHECK(pipe(in) == 0 && pipe(out) == 0);
  pid_t source = fork();
  if (source == 0) {
    char block[5000];
    for (int i = 0; i < 400; i++) {
      memset(block, i, sizeof block);
      for (size_t done = 0; done < sizeof block;) {
        ssize_t count = write(in[1], block + done, sizeof block - done);
        if (count <= 0) _exit(1);
        done += (size_t)count;
      }
    }
    _exit(0);
  }
  pid_t filter = fork();
  if (filter == 0) {
    char block[4096];
    close(in[1]);
    close(out[0]);
    for (ssize_t count; (count = read(in[0], block, sizeof block)) > 0;) {
      for (ssize_t i = 0; i < count; i++) block[i] ^= 0x55;
      for (ssize_t done = 0; done < count;) done += write(out[1], block + done, (size_t)(count - done));
    }
    _exit(0);
  }
  close(in[0]), close(in[1]), close(out[1]);
  uint32_t sum = 0;
  long total = 0;
  unsigned char block[3000];
  for (ssize_t count; (count = read(out[0], block, sizeof block)) > 0; total += count)
    for (ssize_t i = 0; i < count; i++) sum = sum * 31 + block[i];
  close(out[0]);
  CHECK(total == 2000000);
  printf("%08x\n", sum);
  CHECK(wait_status(source) == 0 && wait_status(filter) == 0);
}

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  statuses();
  memory();
  signals();
  pipes();
  return finish();
}
