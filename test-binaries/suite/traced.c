/* A program with threads for debuggers (tests/debuggers.slow.test.ts): calls, a variable that changes, a known end. */
#include "suite.h"
#include <pthread.h>

long counter;

__attribute__((noinline, noclone)) void add(long n) {
  __atomic_fetch_add(&counter, n, __ATOMIC_SEQ_CST);
}
static void *work(void *n) {
  add((long)(intptr_t)n);
  return NULL;
}

int main(void) {
  for (long n = 1; n <= 3; n++) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, work, (void *)(intptr_t)n) || pthread_join(thread, NULL)) return 1;
  }
  CHECK(counter == 6);
  return finish();
}
