/* Threads: atomics, locks, condition variables, a lock-free stack, thread-local data, signals, forks, ends. */
#include "suite.h"
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

enum { THREADS = 6 };
static atomic_long counter;
static long locked;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static __thread int own = 5;

static void run(int count, void *(*function)(void *)) {
  pthread_t threads[THREADS];
  for (long i = 0; i < count; i++) EXPECT(pthread_create(&threads[i], 0, function, (void *)i) == 0);
  for (long i = 0; i < count; i++) {
    void *result = 0;
    EXPECT(pthread_join(threads[i], &result) == 0 && result == (void *)i);
  }
}

/* While the other threads are made, for which an emulator opens descriptors of its own. */
static void *open_files(void *argument) {
  static atomic_int begun;
  atomic_fetch_add(&begun, 1);
  for (int i = 0; begun < THREADS || i < 20; i++) {
    char first;
    int fd = open("/proc/self/exe", O_RDONLY);
    EXPECT(fd >= 0 && read(fd, &first, 1) == 1 && first == 0x7f && close(fd) == 0);
  }
  return argument;
}

static void *count_up(void *argument) {
  for (int i = 0; i < 50000; i++) atomic_fetch_add(&counter, 1);
  for (int i = 0; i < 1000; i++) {
    pthread_mutex_lock(&mutex);
    locked++;
    pthread_mutex_unlock(&mutex);
  }
  EXPECT(own == 5);
  own = (int)(long)argument;
  EXPECT(gettid() != getpid());
  return argument;
}

/* A stack of nodes: push and pop with a tag against ABA, as one 64-bit word. */
static struct {
  uint32_t next;
} nodes[64];
static _Atomic uint64_t top;
static void push(uint32_t node) {
  uint64_t old = atomic_load(&top), new;
  do {
    nodes[node].next = (uint32_t)old;
    new = ((old >> 32) + 1) << 32 | node;
  } while (!atomic_compare_exchange_weak(&top, &old, new));
}
static uint32_t pop(void) {
  uint64_t old = atomic_load(&top), new;
  do {
    if (!(uint32_t)old) return 0;
    new = ((old >> 32) + 1) << 32 | nodes[(uint32_t)old].next;
  } while (!atomic_compare_exchange_weak(&top, &old, new));
  return (uint32_t)old;
}
static void *juggle(void *argument) {
  for (int i = 0; i < 5000; i++) {
    uint32_t node = pop();
    if (node) push(node);
  }
  return argument;
}

static int turn;
static void *ping_pong(void *argument) {
  int me = (int)(long)argument;
  for (int i = 0; i < 500; i++) {
    pthread_mutex_lock(&mutex);
    while (turn % 2 != me) pthread_cond_wait(&condition, &mutex);
    turn++;
    pthread_cond_broadcast(&condition);
    pthread_mutex_unlock(&mutex);
  }
  return argument;
}

static sem_t ready, finished;
static atomic_int handled;
static _Atomic(pthread_t) handler_thread;
static void on_signal(int signo) {
  (void)signo;
  handler_thread = pthread_self();
  handled++;
  sem_post(&finished);
}
static void *sleeper(void *argument) {
  sem_post(&ready);
  while (handled < (int)(long)argument) {
    struct timespec time = {.tv_sec = 10};
    nanosleep(&time, 0);
  }
  return argument;
}

static void signals(void) {
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGUSR1, &action, 0);
  pthread_t thread;
  EXPECT(pthread_create(&thread, 0, sleeper, (void *)2) == 0);
  sem_wait(&ready);
  CHECK(pthread_kill(thread, SIGUSR1) == 0);
  while (sem_wait(&finished)) {
  }
  CHECK(pthread_equal(handler_thread, thread));
  /* To the process, when only the other thread lets it in. */
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &set, 0);
  CHECK(kill(getpid(), SIGUSR1) == 0);
  while (sem_wait(&finished)) {
  }
  CHECK(pthread_equal(handler_thread, thread));
  void *result;
  CHECK(pthread_join(thread, &result) == 0 && result == (void *)2);
  pthread_sigmask(SIG_UNBLOCK, &set, 0);
}

static atomic_int stop;
static void *busy(void *argument) {
  while (!stop) {
    void *volatile block = malloc(1000);
    free(block);
    counter++;
  }
  return argument;
}
static void *forker(void *argument) {
  for (int i = 0; i < 5; i++) {
    pid_t pid = fork();
    if (pid == 0) {
      /* The only thread of this process; it can have others again. */
      own = 9;
      if (gettid() != getpid()) _exit(1);
      void *volatile block = malloc(1000);
      free(block);
      pthread_t thread;
      if (i == 0 && (pthread_create(&thread, 0, juggle, 0) || pthread_join(thread, 0))) _exit(2);
      _exit(40 + i);
    }
    int status = 0;
    EXPECT(pid > 0 && waitpid(pid, &status, 0) == pid && status == (40 + i) << 8);
  }
  return argument;
}

static void forks(void) {
  pthread_t threads[2];
  for (long i = 0; i < 2; i++) EXPECT(pthread_create(&threads[i], 0, busy, (void *)i) == 0);
  run(2, forker);
  stop = 1;
  for (int i = 0; i < 2; i++) EXPECT(pthread_join(threads[i], 0) == 0);
  puts("forks done");
}

static pthread_mutex_t robust;
static void *dies_with_it(void *argument) {
  pthread_mutex_lock(&robust);
  return argument;
}

static void *last(void *argument) {
  (void)argument;
  sem_wait(&ready);
  usleep(20000);
  puts("the last thread ends the process");
  exit(finish());
}

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  sem_init(&ready, 0, 0);
  sem_init(&finished, 0, 0);
  run(THREADS, open_files);
  run(THREADS, count_up);
  CHECK(counter == THREADS * 50000L && locked == THREADS * 1000L && own == 5);
  for (uint32_t i = 1; i < 64; i++) push(i);
  run(4, juggle);
  int left = 0;
  while (pop()) left++;
  CHECK(left == 63);
  run(2, ping_pong);
  CHECK(turn == 1000);
  signals();
  forks();
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&robust, &attributes);
  run(1, dies_with_it);
  CHECK(pthread_mutex_lock(&robust) == EOWNERDEAD);
  CHECK(pthread_mutex_consistent(&robust) == 0 && pthread_mutex_unlock(&robust) == 0);
  int bad = 0;
  for (int i = 0; i < 100; i++) {
    pthread_t thread;
    bad += pthread_create(&thread, 0, juggle, 0) != 0 || pthread_join(thread, 0) != 0;
  }
  CHECK(bad == 0);
  pthread_t thread;
  CHECK(pthread_create(&thread, 0, last, 0) == 0);
  sem_post(&ready);
  /* Not pthread_exit, which would want libgcc_s at run time. */
  syscall(SYS_exit, 0);
  return 1;
}
