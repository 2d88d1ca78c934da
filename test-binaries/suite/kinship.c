/* Processes and who is told of their ends: pidfds, subreapers, parent-death signals, groups, sessions, stops. */
#include "suite.h"
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static int pidfd_open(pid_t pid, unsigned flags) { return (int)syscall(SYS_pidfd_open, pid, flags); }
static int pidfd_send_signal(int fd, int signo) { return (int)syscall(SYS_pidfd_send_signal, fd, signo, 0, 0); }

static pid_t sleeper(void) {
  pid_t pid = fork();
  if (pid == 0)
    for (;;) pause();
  return pid;
}

static void pidfds(void) {
  pid_t pid = sleeper();
  int fd = pidfd_open(pid, 0);
  CHECK(fd >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC));
  struct pollfd poller = {.fd = fd, .events = POLLIN};
  CHECK(poll(&poller, 1, 0) == 0);
  CHECK(pidfd_send_signal(fd, 0) == 0 && pidfd_send_signal(fd, SIGTERM) == 0);
  CHECK(poll(&poller, 1, -1) == 1 && poller.revents == POLLIN);
  siginfo_t info = {0};
  CHECK(waitid((idtype_t)P_PIDFD, (id_t)fd, &info, WEXITED) == 0);
  CHECK(info.si_pid == pid && info.si_code == CLD_KILLED && info.si_status == SIGTERM);
  CHECK(FAILS(pidfd_send_signal(fd, 0), ESRCH));
  close(fd);
  CHECK(FAILS(pidfd_open(pid, 0), ESRCH) && FAILS(pidfd_open(-1, 0), EINVAL) && FAILS(pidfd_open(getpid(), 1), EINVAL));
  int from_clone = -1;
  pid = (pid_t)syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, &from_clone, 0, 0);
  if (pid == 0) _exit(3);
  CHECK(pid > 0 && from_clone >= 0);
  CHECK(waitid((idtype_t)P_PIDFD, (id_t)from_clone, &info, WEXITED) == 0 && info.si_status == 3 && info.si_code == CLD_EXITED);
  close(from_clone);
  /* Another process's descriptor. */
  int ends[2];
  CHECK(pipe(ends) == 0);
  pid = sleeper();
  fd = pidfd_open(pid, 0);
  int copy = (int)syscall(SYS_pidfd_getfd, fd, ends[1], 0);
  char byte = 0;
  CHECK(copy >= 0 && write(copy, "x", 1) == 1 && read(ends[0], &byte, 1) == 1 && byte == 'x');
  kill(pid, SIGKILL);
  waitpid(pid, 0, 0);
  close(fd), close(copy), close(ends[0]), close(ends[1]);
}

/* An orphan comes to the nearest subreaper among its ancestors. */
static void subreaper(void) {
  int is = -1, ends[2];
  CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 && prctl(PR_GET_CHILD_SUBREAPER, &is, 0, 0, 0) == 0 && is == 1);
  CHECK(pipe(ends) == 0);
  pid_t child = fork();
  if (child == 0) {
    pid_t orphan = fork();
    if (orphan) _exit(write(ends[1], &orphan, sizeof orphan) != sizeof orphan);
    while (getppid() == child) usleep(1000);
    usleep(20000);
    _exit(9);
  }
  int status;
  pid_t orphan;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  CHECK(read(ends[0], &orphan, sizeof orphan) == sizeof orphan);
  CHECK(waitpid(orphan, &status, 0) == orphan && status == 9 << 8);
  prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
  close(ends[0]), close(ends[1]);
}

/* A child that is told when its parent dies. */
static void parent_death(void) {
  int ends[2], signo = -1;
  CHECK(pipe(ends) == 0);
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  pid_t child = fork();
  if (child == 0) {
    pid_t orphan = fork();
    if (orphan == 0) {
      prctl(PR_SET_PDEATHSIG, SIGUSR1);
      prctl(PR_GET_PDEATHSIG, &signo);
      if (write(ends[1], &signo, sizeof signo) != sizeof signo) _exit(1);
      for (;;) pause();
    }
    for (;;) pause();
  }
  CHECK(read(ends[0], &signo, sizeof signo) == sizeof signo && signo == SIGUSR1);
  int status;
  CHECK(kill(child, SIGKILL) == 0 && waitpid(child, &status, 0) == child && WTERMSIG(status) == SIGKILL);
  CHECK(wait(&status) > 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1);
  prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
  close(ends[0]), close(ends[1]);
}

static void groups(void) {
  pid_t pid = fork();
  if (pid == 0) {
    EXPECT(setsid() == getpid() && getsid(0) == getpid() && getpgrp() == getpid());
    EXPECT(FAILS(setsid(), EPERM) && FAILS(setpgid(0, 0), EPERM));
    pid_t member = sleeper();
    EXPECT(setpgid(member, member) == 0 && getpgid(member) == member);
    int status;
    EXPECT(kill(-member, SIGHUP) == 0 && waitpid(-member, &status, 0) == member && WTERMSIG(status) == SIGHUP);
    EXPECT(FAILS(waitpid(-member, &status, 0), ECHILD) && FAILS(kill(-member, 0), ESRCH));
    _exit(failures);
  }
  int status;
  CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static void stops(void) {
  pid_t pid = sleeper();
  int status;
  siginfo_t info = {0};
  CHECK(kill(pid, SIGSTOP) == 0 && waitpid(pid, &status, WUNTRACED) == pid);
  CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
  CHECK(kill(pid, SIGCONT) == 0 && waitid(P_PID, (id_t)pid, &info, WCONTINUED) == 0);
  CHECK(info.si_code == CLD_CONTINUED && info.si_status == SIGCONT);
  CHECK(kill(pid, SIGSTOP) == 0 && kill(pid, SIGTERM) == 0 && kill(pid, SIGCONT) == 0);
  CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  pidfds();
  subreaper();
  parent_death();
  groups();
  stops();
  return finish();
}
