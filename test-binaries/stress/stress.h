/*
 * What the stress programs share. Each takes its size as the first argument, prints the same whatever the size and
 * wherever it runs, and ends with status 0 only if everything was right and nothing is left over: no descriptor, no
 * child. Who runs it looks at its memory (scripts/stress.ts).
 */
#ifndef STRESS_H
#define STRESS_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Ends the program if the condition does not hold. For the child of a fork too: its status is not 0. */
#define EXPECT(condition) \
  do { \
    if (!(condition)) fail(__FILE__, __LINE__, #condition); \
  } while (0)

static inline void fail(const char *file, int line, const char *condition) {
  char text[300];
  int length = snprintf(text, sizeof text, "FAILED at %s:%d: %s (errno %d)\n", file, line, condition, errno);
  if (write(1, text, (size_t)length) != length) _exit(98);
  _exit(99);
}

static inline long size_argument(int argc, char **argv, long usual) {
  long size = argc > 1 ? atol(argv[1]) : usual;
  return size > 0 ? size : 1;
}

static inline int open_descriptors(void) {
  int count = 0;
  DIR *directory = opendir("/proc/self/fd");
  EXPECT(directory);
  while (readdir(directory)) count++;
  closedir(directory);
  return count;
}

static int descriptors_before;

static inline void begin(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  descriptors_before = open_descriptors();
}

/* The end of main. */
static inline int finish(void) {
  EXPECT(open_descriptors() == descriptors_before);
  EXPECT(waitpid(-1, 0, WNOHANG) == -1 && errno == ECHILD);
  puts("done");
  return 0;
}

/* The status of a child that was waited for. */
static inline int status_of(pid_t pid) {
  int status = -1;
  while (waitpid(pid, &status, 0) < 0) EXPECT(errno == EINTR);
  return status;
}

static inline pid_t forked(void) {
  pid_t pid = fork();
  EXPECT(pid >= 0);
  return pid;
}

/* Runs the function in threads, with their numbers, and waits for them. */
static inline void in_threads(int count, void *(*function)(void *)) {
  pthread_t threads[64];
  EXPECT(count <= 64);
  for (long i = 0; i < count; i++) EXPECT(pthread_create(&threads[i], 0, function, (void *)i) == 0);
  for (long i = 0; i < count; i++) {
    void *result;
    EXPECT(pthread_join(threads[i], &result) == 0 && result == (void *)i);
  }
}
#endif
