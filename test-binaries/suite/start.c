/* What a program finds when it starts: dispositions, mask, limits, descriptors, environment. */
#include "suite.h"
#include <signal.h>
#include <sys/resource.h>

extern char **environ;

int main(void) {
  for (int signo = 1; signo <= 64; signo++) {
    struct sigaction action;
    if (sigaction(signo, NULL, &action) == 0 && action.sa_handler != SIG_DFL)
      printf("%d %s\n", signo, action.sa_handler == SIG_IGN ? "ignored" : "handled");
  }
  sigset_t mask;
  sigprocmask(SIG_BLOCK, NULL, &mask);
  for (int signo = 1; signo <= 64; signo++)
    if (sigismember(&mask, signo) == 1) printf("%d blocked\n", signo);
  for (int resource = 0; resource < 16; resource++) {
    struct rlimit limit;
    CHECK(getrlimit(resource, &limit) == 0);
    printf("limit %d: %llu %llu\n", resource, (unsigned long long)limit.rlim_cur, (unsigned long long)limit.rlim_max);
  }
  for (int fd = 0; fd < 4096; fd++) {
    int flags = fcntl(fd, F_GETFD);
    if (flags >= 0) printf("descriptor %d: %d, status %x\n", fd, flags, fcntl(fd, F_GETFL) & ~0100000);
  }
  printf("next descriptor %d\n", open("/dev/null", O_RDONLY));
  for (char **entry = environ; *entry; entry++) printf("%s\n", *entry);
  /* A write to a pipe that nobody reads, and output that has no room: natively SIGPIPE or EPIPE, ENOSPC. */
  fflush(stdout);
  return ferror(stdout) != 0;
}
