/* futex_waitv(2) and the futex calls of Linux 6.7, where the kernel has them. */
#include "suite.h"
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

enum { WAITV = 449, WAKE = 454, WAIT = 455, REQUEUE = 456, SIZE_U32 = 2, PRIVATE = 128 };
struct waiter { uint64_t value, address; uint32_t flags, reserved; };
struct moment { int64_t seconds, nanoseconds; };

static uint32_t words[2];
static volatile int woken;

static uint64_t at(uint32_t *word) { return (uint64_t)(uintptr_t)word; }
static struct moment in_milliseconds(int count) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  int64_t total = now.tv_nsec + count * 1000000ll;
  return (struct moment){now.tv_sec + total / 1000000000, total % 1000000000};
}

static void *waits_for_any(void *unused) {
  struct waiter waiters[] = {{0, at(words), SIZE_U32 | PRIVATE, 0}, {0, at(words + 1), SIZE_U32 | PRIVATE, 0}};
  woken = (int)syscall(WAITV, waiters, 2, 0, NULL, 0);
  return unused;
}
static void *waits(void *unused) {
  woken = (int)syscall(WAIT, words, 0l, 1l, SIZE_U32 | PRIVATE, NULL, 0);
  return unused;
}
static void ignore(int signo) { (void)signo; }

static void many(void) {
  struct waiter waiters[2] = {{0, at(words), SIZE_U32 | PRIVATE, 0}, {1, at(words + 1), SIZE_U32 | PRIVATE, 0}};
  struct moment soon = in_milliseconds(20);
  CHECK(FAILS(syscall(WAITV, waiters, 2, 0, NULL, 0), EAGAIN));
  waiters[1].value = 0;
  CHECK(FAILS(syscall(WAITV, waiters, 2, 0, &soon, CLOCK_MONOTONIC), ETIMEDOUT));
  CHECK(FAILS(syscall(WAITV, waiters, 0, 0, NULL, 0), EINVAL) && FAILS(syscall(WAITV, waiters, 129, 0, NULL, 0), EINVAL));
  CHECK(FAILS(syscall(WAITV, waiters, 2, 1, NULL, 0), EINVAL) && FAILS(syscall(WAITV, NULL, 2, 0, NULL, 0), EINVAL));
  CHECK(FAILS(syscall(WAITV, (void *)8, 1, 0, NULL, 0), EFAULT) && FAILS(syscall(WAITV, waiters, 1, 0, &soon, 77), EINVAL));
  waiters[0].flags = PRIVATE;
  CHECK(FAILS(syscall(WAITV, waiters, 2, 0, NULL, 0), EINVAL));
  waiters[0] = (struct waiter){0, 8, SIZE_U32 | PRIVATE, 0};
  CHECK(FAILS(syscall(WAITV, waiters, 1, 0, NULL, 0), EFAULT));
  waiters[0] = (struct waiter){0, at(words) + 1, SIZE_U32 | PRIVATE, 0};
  CHECK(FAILS(syscall(WAITV, waiters, 1, 0, NULL, 0), EINVAL));

  pthread_t thread;
  woken = -1;
  pthread_create(&thread, NULL, waits_for_any, NULL);
  long count = 0;
  while (count == 0) count = syscall(WAKE, words + 1, 1l, 1, SIZE_U32 | PRIVATE);
  CHECK(count == 1 && pthread_join(thread, NULL) == 0 && woken == 1);
}

static void single(void) {
  struct moment soon = in_milliseconds(20);
  CHECK(FAILS(syscall(WAIT, words, 1l, 1l, SIZE_U32 | PRIVATE, NULL, 0), EAGAIN));
  CHECK(FAILS(syscall(WAIT, words, 0l, 1l, SIZE_U32 | PRIVATE, &soon, CLOCK_MONOTONIC), ETIMEDOUT));
  CHECK(FAILS(syscall(WAIT, words, 0l, 0l, SIZE_U32 | PRIVATE, NULL, 0), EINVAL) && FAILS(syscall(WAKE, words, 1l, 1, 0x40), EINVAL));
  CHECK(FAILS(syscall(WAIT, (uint32_t *)8, 0l, 1l, SIZE_U32 | PRIVATE, NULL, 0), EFAULT));
  CHECK(syscall(WAKE, words, 1l, 5, SIZE_U32 | PRIVATE) == 0);
  pthread_t thread;
  woken = -1;
  pthread_create(&thread, NULL, waits, NULL);
  /* Moved to the other word, and woken there. */
  struct waiter two[] = {{0, at(words), SIZE_U32 | PRIVATE, 0}, {0, at(words + 1), SIZE_U32 | PRIVATE, 0}};
  long moved = 0;
  while (moved == 0) moved = syscall(REQUEUE, two, 0, 0, 1);
  CHECK(moved == 1 && syscall(WAKE, words, 1l, 1, SIZE_U32 | PRIVATE) == 0);
  CHECK(syscall(WAKE, words + 1, 1l, 1, SIZE_U32 | PRIVATE) == 1 && pthread_join(thread, NULL) == 0 && woken == 0);
  two[0].value = 1;
  CHECK(FAILS(syscall(REQUEUE, two, 0, 0, 1), EAGAIN) && FAILS(syscall(REQUEUE, two, 1, 0, 1), EINVAL) && FAILS(syscall(REQUEUE, NULL, 0, 0, 1), EINVAL));
}

/* Made again after a signal with SA_RESTART, until it is late; not without. */
static void interrupted(void) {
  struct sigaction action = {.sa_handler = ignore, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &action, NULL);
  struct waiter waiter = {0, at(words), SIZE_U32 | PRIVATE, 0};
  struct moment soon = in_milliseconds(120);
  ualarm(20000, 0);
  CHECK(FAILS(syscall(WAITV, &waiter, 1, 0, &soon, CLOCK_MONOTONIC), ETIMEDOUT));
  action.sa_flags = 0;
  sigaction(SIGALRM, &action, NULL);
  soon = in_milliseconds(10000);
  ualarm(20000, 0);
  CHECK(FAILS(syscall(WAITV, &waiter, 1, 0, &soon, CLOCK_MONOTONIC), EINTR));
}

int main(void) {
  if (FAILS(syscall(WAKE, words, 1l, 0, SIZE_U32 | PRIVATE), ENOSYS)) {
    puts("not in this kernel");
    return finish();
  }
  many();
  single();
  interrupted();
  return finish();
}
