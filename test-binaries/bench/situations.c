/*
 * What happens to a computation, as a ratio of two times: the best of five turns each, after a warm-up.
 *
 *     situations timer SIZE      how many times as long it takes while a timer signal comes every millisecond
 *     situations threads SIZE    how many times as fast two threads are as one
 */
#define _GNU_SOURCE
#include "bench.h"
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>

static long size;
static volatile uint64_t sink;
static volatile sig_atomic_t signals;

static void *work(void *argument) {
  uint64_t x = 88172645463325252ull, sum = 0;
  for (long i = 0; i < size; i++) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    sum += x;
  }
  sink = sum;
  return argument;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void on_signal(int signo) {
  (void)signo;
  signals++;
}

static void alone(void) { work(0); }

static void with_timer(void) {
  struct itimerval each = {{0, 1000}, {0, 1000}}, none = {{0, 0}, {0, 0}};
  setitimer(ITIMER_REAL, &each, 0);
  work(0);
  setitimer(ITIMER_REAL, &none, 0);
}

static void by_two(void) {
  pthread_t other;
  if (pthread_create(&other, 0, work, 0)) exit(1);
  work(0);
  pthread_join(other, 0);
}

static double best_of(void (*situation)(void), double best) {
  double start = now();
  situation();
  double time = now() - start;
  return time < best ? time : best;
}

int main(int argc, char **argv) {
  size = argc > 2 ? atol(argv[2]) : 0;
  int timer = argc > 1 && !strcmp(argv[1], "timer");
  void (*situation)(void) = timer ? with_timer : by_two;
  signal(SIGALRM, on_signal);
  alone();
  situation();
  double usual = 1e9, other = 1e9;
  for (int turn = 0; turn < 5; turn++) {
    usual = best_of(alone, usual);
    other = best_of(situation, other);
  }
  /* A timer that never came would look like one that costs nothing. */
  if (timer && other > 0.01 && signals < other * 1000 * 5 / 2) {
    fprintf(stderr, "only %d signals in runs of %.3f s\n", (int)signals, other);
    return 1;
  }
  printf("%.4f\n", timer ? other / usual : 2 * usual / other);
  return 0;
}
