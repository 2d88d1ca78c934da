/*
 * Executes programs one after the other: reads their paths from stdin, a line each, and writes a line for each to
 * stdout: its status as wait(2) gives it, and execve's errno, 0 if it was executed. A program that does not end by
 * itself dies of SIGPROF or SIGALRM. Used by scripts/fuzz-command.ts, for programs that may do anything.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROCESSOR_MILLISECONDS = 300, SECONDS = 20, FILE_SIZE = 1 << 20 };

static void execute(const char *path, int report) {
  int nothing = open("/dev/null", O_RDWR);
  dup2(nothing, 0);
  dup2(nothing, 1);
  setrlimit(RLIMIT_FSIZE, &(struct rlimit){FILE_SIZE, FILE_SIZE});
  setrlimit(RLIMIT_CPU, &(struct rlimit){SECONDS, SECONDS});
  setitimer(ITIMER_PROF, &(struct itimerval){.it_value.tv_usec = PROCESSOR_MILLISECONDS * 1000}, NULL);
  alarm(SECONDS);
  setpgid(0, 0);
  execve(path, (char *[]){(char *)path, NULL}, (char *[]){NULL});
  int number = errno;
  write(report, &number, sizeof number);
  _exit(0);
}

int main(void) {
  char path[4096];
  while (fgets(path, sizeof path, stdin)) {
    path[strcspn(path, "\n")] = 0;
    int ends[2], number = 0, status;
    if (pipe2(ends, O_CLOEXEC)) return 1;
    pid_t child = fork();
    if (child < 0) return 2;
    if (child == 0) execute(path, ends[1]);
    close(ends[1]);
    if (read(ends[0], &number, sizeof number) < 0) return 3;
    close(ends[0]);
    if (waitpid(child, &status, 0) != child) return 4;
    printf("%d %d\n", status, number);
    fflush(stdout);
  }
  return 0;
}
