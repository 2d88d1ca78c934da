/*
 * So many hot functions that most are compiled while others run: by one thread, by two at a time, and by children that
 * are forked meanwhile and go on with them.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline, noclone))
/* Each with constants of its own: none is another's copy. */
#define FUNCTION(n) \
  static NOINLINE uint64_t f##n(uint64_t x, int rounds) { \
    for (int i = 0; i < rounds; i++) { \
      x = x * 6364136223846793005u + 2 * (n) + 1; \
      if (x >> 63) x ^= (n) * 0x9e3779b9u; \
      else x += x >> (1 + (n) % 29); \
    } \
    return x; \
  }
#define TEN(m, n) m(n##0) m(n##1) m(n##2) m(n##3) m(n##4) m(n##5) m(n##6) m(n##7) m(n##8) m(n##9)
#define ALL(m) TEN(m, 1) TEN(m, 2) TEN(m, 3) TEN(m, 4) TEN(m, 5) TEN(m, 6) TEN(m, 7) TEN(m, 8) TEN(m, 9) TEN(m, 10) \
  TEN(m, 11) TEN(m, 12) TEN(m, 13) TEN(m, 14) TEN(m, 15) TEN(m, 16) TEN(m, 17) TEN(m, 18) TEN(m, 19)
ALL(FUNCTION)
#define NAME(n) f##n,
static uint64_t (*const functions[])(uint64_t, int) = {ALL(NAME)};
enum { COUNT = sizeof functions / sizeof *functions, ROUNDS = 40000 };

static uint64_t run(int from, int step, uint64_t x) {
  for (int i = from; i < COUNT; i += step) x = functions[i](x, ROUNDS);
  return x;
}

static void *thread(void *argument) {
  uint64_t *value = argument;
  *value = run(*value, 2, *value);
  return NULL;
}

/* A child's result, through a pipe; the parent goes on meanwhile. */
static pid_t start(int *reader, int from) {
  int ends[2];
  if (pipe(ends) != 0) abort();
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    uint64_t x = run(from, 7, from);
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
    x = run(part, 7, x);
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
