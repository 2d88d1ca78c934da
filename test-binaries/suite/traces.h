/* For the programs ptrace*.c: what wait(2) reports, in words. */
#ifndef TRACES_H
#define TRACES_H
#include "suite.h"
#include <sys/wait.h>

/* A status in words. */
static const char *text(int status) {
  static char line[80];
  if (WIFEXITED(status)) snprintf(line, sizeof line, "exited %d", WEXITSTATUS(status));
  else if (WIFSIGNALED(status)) snprintf(line, sizeof line, "killed by %d", WTERMSIG(status));
  else if (WIFSTOPPED(status)) snprintf(line, sizeof line, "stopped by %d, event %d", WSTOPSIG(status), status >> 16);
  else snprintf(line, sizeof line, "status %#x", status);
  return line;
}
static int next(pid_t pid) {
  int status = -1;
  pid_t got = waitpid(pid, &status, __WALL);
  printf("%s: %s\n", got == pid ? "child" : "somebody else", text(status));
  return status;
}
#endif
