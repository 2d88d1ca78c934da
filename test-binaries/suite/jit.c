/*
 * A JIT: functions that lie side by side on one page, with data between them, are made, run and patched again and again,
 * by the thread that runs them and by another one, which may fork, and through a second mapping of the page. An argument
 * says how often.
 */
#include "suite.h"
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

typedef long function(void);
enum { FUNCTION_SIZE = 64, RUNS = 20000 };
static int times = 600;

/* return n, for n below 2048 */
static void emit_return(void *at, int n) {
#if defined(__riscv)
  uint32_t code[] = {0x00000513 | (uint32_t)n << 20, 0x00008067}; /* li a0, n; ret */
#elif defined(__aarch64__)
  uint32_t code[] = {0xd2800000 | (uint32_t)n << 5, 0xd65f03c0}; /* mov x0, #n; ret */
#else
  uint8_t code[] = {0xb8, (uint8_t)n, (uint8_t)(n >> 8), 0, 0, 0xc3}; /* mov $n, %eax; ret */
#endif
  memcpy(at, code, sizeof code);
}

/* What a thread does before it runs code that another one has changed. */
static void synchronize(void) {
#if defined(__aarch64__)
  __asm__ volatile("isb" ::: "memory");
#endif
}

static char *page;
static function *at(int which) { return (function *)(void *)(page + which * FUNCTION_SIZE); }
static long *datum(int which) { return (long *)(void *)(page + which * FUNCTION_SIZE + 32); }

static void patch(int which, int n) {
  char *start = page + which * FUNCTION_SIZE;
  emit_return(start, n);
  __builtin___clear_cache(start, start + FUNCTION_SIZE);
}

static _Atomic int turn;
static void *patcher(void *argument) {
  for (int i = 0; i < times / 8; i++) {
    while (turn != 2 * i) sched_yield();
    patch(5, i % 2000);
    turn = 2 * i + 1;
  }
  return argument;
}

/* Forks between the patch and the news of it: the other thread comes out of its system call meanwhile. */
enum { FORKS = 12 };
static void *forking_patcher(void *argument) {
  for (int i = 0; i < FORKS; i++) {
    while (turn != 2 * i) sched_yield();
    patch(5, 100 + i);
    pid_t child = fork();
    if (child == 0) _exit(0);
    EXPECT(waitpid(child, NULL, 0) == child);
    turn = 2 * i + 1;
  }
  return argument;
}

int main(int argc, char **argv) {
  if (argc > 1) times = atoi(argv[1]);
  page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(page != MAP_FAILED);
  for (int which = 0; which < 8; which++) patch(which, which + 1);

  /* One that is hot beside one that changes, and data that nobody is told of. */
  long sum = 0;
  for (int i = 0; i < times; i++) {
    patch(1, i % 2000);
    *datum(2) += i;
    sum += at(0)() + at(1)() + *datum(2);
  }
  printf("patched %ld\n", sum);
  sum = 0;
  for (int round = 0; round < 4; round++) {
    patch(3, 100 * round);
    for (int i = 0; i < RUNS; i++) sum += at(3)() + at(0)();
  }
  printf("hot %ld\n", sum);

  pthread_t thread;
  EXPECT(pthread_create(&thread, NULL, patcher, NULL) == 0);
  sum = 0;
  for (int i = 0; i < times / 8; i++) {
    while (turn != 2 * i + 1) sched_yield();
    synchronize();
    sum += at(5)() == i % 2000;
    sum += at(0)() == 1;
    turn = 2 * i + 2;
  }
  EXPECT(pthread_join(thread, NULL) == 0);
  printf("another thread %ld\n", sum);

  turn = 0;
  EXPECT(pthread_create(&thread, NULL, forking_patcher, NULL) == 0);
  sum = 0;
  for (int i = 0; i < FORKS; i++) {
    while (turn != 2 * i + 1) nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    synchronize();
    sum += at(5)() == 100 + i;
    turn = 2 * i + 2;
  }
  EXPECT(pthread_join(thread, NULL) == 0);
  printf("another thread that forks %ld\n", sum);

  /* Written in one place, run in another. */
  int fd = memfd_create("code", 0);
  EXPECT(ftruncate(fd, 4096) == 0);
  char *writable = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
  CHECK(writable != MAP_FAILED && page != MAP_FAILED);
  sum = 0;
  for (int i = 0; i < times / 8; i++) {
    emit_return(writable, i % 2000);
    __builtin___clear_cache(page, page + FUNCTION_SIZE);
    sum += at(0)();
  }
  printf("two mappings %ld\n", sum);
  return 0;
}
