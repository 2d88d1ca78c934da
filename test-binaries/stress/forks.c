/*
 * Forks while the processors are busy: a tenth from a process with 8 busy threads, the others from one without. Each
 * child allocates, makes a system call and computes. Size: how many in all.
 */
#include "stress.h"

enum { BUSY_PROCESSES = 2, BUSY_THREADS = 8 };
static atomic_int stop;
static atomic_long work;

static void *busy(void *argument) {
  while (!stop) {
    void *volatile block = malloc(1000);
    free(block);
    work++;
  }
  return argument;
}

static void fork_one(long i) {
  pid_t pid = forked();
  if (pid == 0) {
    char *volatile block = malloc(10000);
    for (int at = 0; at < 10000; at++) block[at] = (char)(at + i);
    int right = block[9999] == (char)(9999 + i) && getppid() > 0;
    free(block);
    /* Now and then a grandchild. */
    if (i % 50 == 0) {
      pid_t grandchild = forked();
      if (grandchild == 0) _exit(3);
      right &= status_of(grandchild) == 3 << 8;
    }
    _exit(right ? (int)(i % 100) : 100);
  }
  EXPECT(status_of(pid) == (int)(i % 100) << 8);
}

int main(int argc, char **argv) {
  long size = size_argument(argc, argv, 20000), threaded = size / 10;
  begin();
  pid_t load[BUSY_PROCESSES];
  for (int i = 0; i < BUSY_PROCESSES; i++) {
    load[i] = forked();
    if (load[i] != 0) continue;
    /* Not so much that each fork waits for its turn most of the time. */
    nice(10);
    for (;;) work++;
  }
  for (long i = 0; i < size - threaded; i++) {
    fork_one(i);
  }
  pthread_t threads[BUSY_THREADS];
  for (long i = 0; i < BUSY_THREADS; i++) EXPECT(pthread_create(&threads[i], 0, busy, (void *)i) == 0);
  for (long i = 0; i < threaded; i++) {
    fork_one(i);
  }
  stop = 1;
  for (int i = 0; i < BUSY_THREADS; i++) EXPECT(pthread_join(threads[i], 0) == 0);
  EXPECT(work > 0);
  for (int i = 0; i < BUSY_PROCESSES; i++) {
    EXPECT(kill(load[i], SIGKILL) == 0);
    EXPECT(status_of(load[i]) == SIGKILL);
  }
  return finish();
}
