/*
 * The cost of single operations of the kernel: makes COUNT of one kind and prints how long one took, in nanoseconds.
 *
 *     operations NAME COUNT [PROGRAM ARGUMENT…]        fork-exec executes PROGRAM
 */
#define _GNU_SOURCE
#include "bench.h"
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long count;
static char **program;
extern char **environ;

static void check(int right, const char *what) {
  if (right) return;
  perror(what);
  _exit(1);
}

static void wait_for(pid_t pid) {
  int status;
  check(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0, "child");
}

static void do_getppid(void) {
  for (long i = 0; i < count; i++) syscall(SYS_getppid);
}

static void do_read(void) {
  int fd = open("/dev/zero", O_RDONLY);
  char byte;
  for (long i = 0; i < count; i++) check(read(fd, &byte, 1) == 1, "read");
  close(fd);
}

static void do_fork(void) {
  for (long i = 0; i < count; i++) {
    pid_t pid = fork();
    if (pid == 0) _exit(0);
    wait_for(pid);
  }
}

/* The child's output goes nowhere. */
static void do_fork_exec(void) {
  for (long i = 0; i < count; i++) {
    pid_t pid = fork();
    if (pid == 0) {
      dup2(open("/dev/null", O_WRONLY), 1);
      execv(program[0], program);
      _exit(127);
    }
    wait_for(pid);
  }
}

static void do_spawn(void) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  for (long i = 0; i < count; i++) {
    pid_t pid;
    check(posix_spawn(&pid, program[0], &actions, 0, program, environ) == 0, "posix_spawn");
    wait_for(pid);
  }
}

static void *nothing(void *argument) { return argument; }
static void do_thread(void) {
  for (long i = 0; i < count; i++) {
    pthread_t thread;
    check(pthread_create(&thread, 0, nothing, 0) == 0 && pthread_join(thread, 0) == 0, "thread");
  }
}

/* Turns are passed with a futex each way. */
static uint32_t turns[2];
static void pass(int me) {
  for (long i = 0; i < count; i++) {
    while (!__atomic_load_n(&turns[me], __ATOMIC_ACQUIRE)) syscall(SYS_futex, &turns[me], FUTEX_WAIT_PRIVATE, 0, 0, 0, 0);
    turns[me] = 0;
    __atomic_store_n(&turns[!me], 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, &turns[!me], FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
  }
}
static void *passer(void *argument) {
  pass(1);
  return argument;
}
static void do_futex(void) {
  pthread_t thread;
  turns[0] = 1;
  check(pthread_create(&thread, 0, passer, 0) == 0, "thread");
  pass(0);
  pthread_join(thread, 0);
}

static void do_pipe(void) {
  int there[2], back[2];
  check(pipe(there) == 0 && pipe(back) == 0, "pipe");
  char byte = 0;
  pid_t pid = fork();
  if (pid == 0) {
    for (long i = 0; i < count; i++) check(read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1, "pipe");
    _exit(0);
  }
  for (long i = 0; i < count; i++) check(write(there[1], &byte, 1) == 1 && read(back[0], &byte, 1) == 1, "pipe");
  wait_for(pid);
}

static volatile sig_atomic_t hit;
static void on_signal(int signo) {
  (void)signo;
  hit = 1;
}
static void do_signal(void) {
  sigset_t set, waiting;
  signal(SIGUSR1, on_signal);
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, &waiting);
  sigdelset(&waiting, SIGUSR1);
  pid_t parent = getpid(), pid = fork();
  for (long i = 0; i < count; i++) {
    if (pid == 0) {
      while (!hit) sigsuspend(&waiting);
      hit = 0;
      kill(parent, SIGUSR1);
    } else {
      kill(pid, SIGUSR1);
      while (!hit) sigsuspend(&waiting);
      hit = 0;
    }
  }
  if (pid == 0) _exit(0);
  wait_for(pid);
}

static const struct {
  const char *name;
  void (*run)(void);
} operations[] = {
    {"getppid", do_getppid}, {"read-byte", do_read}, {"fork", do_fork},     {"fork-exec", do_fork_exec}, {"spawn", do_spawn},
    {"thread", do_thread},   {"futex", do_futex},    {"pipe", do_pipe},     {"signal", do_signal},
};

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  program = argv + 3;
  for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
    if (strcmp(operations[i].name, argv[1])) continue;
    /* The first ones are not like those that follow. */
    long all = atol(argv[2]);
    count = all / 10 + 1;
    operations[i].run();
    count = all;
    double start = now();
    operations[i].run();
    printf("%.0f\n", (now() - start) / (double)all);
    return 0;
  }
  return 2;
}
