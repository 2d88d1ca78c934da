/*
 * So many hot functions that most are compiled while others run: by one thread, by two at a time, and by children that
 * are forked meanwhile and go on with them.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "hot.h"

enum { ROUNDS = 40000 };

static void *thread(void *argument) {
  uint64_t *value = argument;
  *value = run_hot(*value, 2, ROUNDS, *value);
  return NULL;
}

/* A child's result, through a pipe; the parent goes on meanwhile. */
static pid_t start(int *reader, int from) {
  int ends[2];
  if (pipe(ends) != 0) abort();
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    uint64_t x = run_hot(from, 7, ROUNDS, from);
    _exit(write(ends[1], &x, sizeof x) == sizeof x ? 0 : 1);
  }
  close(ends[1]);
  *reader = ends[0];
  return child;
}

int main(void) {
  uint64_t x = 1;
  for (int part = 0; part < 3; part++) {
    int reader;
    pid_t child = start(&reader, part);
    x = run_hot(part, 7, ROUNDS, x);
    uint64_t theirs;
    int status;
    if (read(reader, &theirs, sizeof theirs) != sizeof theirs) return 1;
    if (waitpid(child, &status, 0) != child) return 1;
    close(reader);
    printf("%d: %016lx, child %016lx status %d\n", part, (unsigned long)x, (unsigned long)theirs, status);
  }
  uint64_t values[2] = {0, 1};
  pthread_t threads[2];
  for (int i = 0; i < 2; i++)
    if (pthread_create(&threads[i], NULL, thread, &values[i]) != 0) return 1;
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  printf("threads: %016lx %016lx\n", (unsigned long)values[0], (unsigned long)values[1]);
  return 0;
}
