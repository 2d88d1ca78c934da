/*
 * Runs a command and writes what it cost to a file: status, wall time in nanoseconds, user and system time in
 * microseconds, peak resident memory in KiB, of the command and the processes that it waited for.
 *
 *     measure OUTPUT COMMAND [ARGUMENT]…
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ll + t.tv_nsec;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  int64_t start = now();
  /* vfork: the parent's memory must not count as the child's peak. */
  pid_t child = vfork();
  if (child == 0) {
    execvp(argv[2], argv + 2);
    _exit(127);
  }
  int status;
  struct rusage usage;
  if (child < 0 || wait4(child, &status, 0, &usage) != child) return 2;
  int64_t wall = now() - start;
  FILE *out = fopen(argv[1], "w");
  if (!out) return 2;
  fprintf(out, "%d %lld %ld %ld %ld\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), (long long)wall,
          usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec, usage.ru_stime.tv_sec * 1000000 + usage.ru_stime.tv_usec,
          usage.ru_maxrss);
  return fclose(out) != 0;
}
