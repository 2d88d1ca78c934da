/* Clocks, timers and waiting. */
#include "checks.h"
#include <signal.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>

static struct timespec *zero, *wrong, *negative;

#define CLOCKS \
  SET(V(CLOCK_REALTIME), V(CLOCK_MONOTONIC), V(CLOCK_PROCESS_CPUTIME_ID), V(CLOCK_THREAD_CPUTIME_ID), V(CLOCK_BOOTTIME), \
      V(CLOCK_TAI), V(-1), V(99))

int main(void) {
  prepare_pages();
  signal(SIGALRM, SIG_IGN);
  signal(SIGVTALRM, SIG_IGN);
  signal(SIGPROF, SIG_IGN);
  zero = (void *)(buffer + 1024), wrong = zero + 1, negative = zero + 2;
  *wrong = (struct timespec){0, 1000000000}, *negative = (struct timespec){-1, 0};
  CALL(clock_gettime, DONE, CLOCKS, POINTERS);
  CALL(clock_getres, DONE, CLOCKS, POINTERS);
  /* Of the clocks that can be set, only what cannot be. */
  CALL(clock_settime, NUMBER, SET(V(CLOCK_MONOTONIC), V(CLOCK_PROCESS_CPUTIME_ID), V(CLOCK_TAI), V(-1), V(99)), SET(V(zero), V(wrong), V(NULL), V(WILD)));
  CALL(clock_settime, NUMBER, ONE(CLOCK_REALTIME), SET(V(wrong), V(negative), V(NULL), V(WILD)));
  CALL(nanosleep, NUMBER, SET(V(zero), V(wrong), V(negative), V(NULL), V(WILD), V(no_access)), POINTERS);
  CALL(clock_nanosleep, NUMBER, CLOCKS, SET(V(0), V(TIMER_ABSTIME), V(8)), SET(V(wrong), V(negative), V(NULL), V(WILD)), SET(V(NULL), V(WILD)));
  CALL(clock_nanosleep, NUMBER, SET(V(CLOCK_REALTIME), V(CLOCK_MONOTONIC), V(CLOCK_BOOTTIME)), SET(V(0), V(TIMER_ABSTIME)), ONE(zero), ONE(NULL));
  CALL(gettimeofday, NUMBER, POINTERS, SET(V(NULL), V(WILD)));
  CALL(settimeofday, NUMBER, SET(V(wrong), V(WILD), V(no_access)), SET(V(NULL), V(WILD)));
  fill_buffer();
  CALL(adjtimex, DONE, POINTERS);
  CALL(clock_adjtime, DONE, CLOCKS, SET(V(NULL), V(WILD)));
  CALL(clock_adjtime, DONE, SET(V(CLOCK_REALTIME), V(CLOCK_MONOTONIC), V(CLOCK_BOOTTIME), V(99)), ONE(buffer));
  CALL(getitimer, NUMBER, SET(V(ITIMER_REAL), V(ITIMER_VIRTUAL), V(ITIMER_PROF), V(3), V(-1)), POINTERS);
  fill_buffer();
  zero = (void *)(buffer + 1024), wrong = zero + 2, negative = zero + 4;
  struct itimerval *v = (void *)wrong, *w = (void *)negative;
  v->it_value.tv_usec = 1000000, w->it_value.tv_sec = -1;
  CALL(setitimer, NUMBER, SET(V(ITIMER_REAL), V(ITIMER_VIRTUAL), V(ITIMER_PROF), V(3), V(-1)), SET(V(zero), V(wrong), V(negative), V(NULL), V(WILD)), SET(V(NULL), V(buffer), V(WILD), V(readonly_page)));

  struct sigevent *event = (void *)(buffer + 2048);
  timer_t *id = (void *)(buffer + 3000);
  restore = NULL;
  static const int kinds[] = {SIGEV_SIGNAL, SIGEV_NONE, SIGEV_THREAD, SIGEV_THREAD_ID, 77};
  static const int signals[] = {SIGALRM, 0, 65, -1};
  for (int i = 0; i < 5; i++)
    for (int j = 0; j < 4; j++) {
      memset(event, 0, sizeof *event);
      event->sigev_notify = kinds[i], event->sigev_signo = signals[j];
      printf("kind %d signal %d: ", i, j);
      CALL(timer_create, NUMBER, ONE(CLOCK_MONOTONIC), ONE(event), ONE(id));
    }
  memset(event, 0, sizeof *event);
  event->sigev_notify = SIGEV_NONE;
  CALL(timer_create, NUMBER, CLOCKS, SET(V(event), V(NULL), V(WILD)), SET(V(id), V(NULL), V(readonly_page)));
  *(int *)id = -1;
  if (syscall(SYS_timer_create, CLOCK_MONOTONIC, event, id)) return 96;
  int timer = *(int *)id;
  struct itimerspec *none = (void *)(buffer + 2200), *bad = (void *)(buffer + 2300);
  memset(none, 0, 200);
  bad->it_value.tv_nsec = -1;
  CALL(timer_settime, NUMBER, SET({"timer", timer}, V(12345), V(-1)), SET(V(0), V(TIMER_ABSTIME), V(8)), SET(V(none), V(bad), V(NULL), V(WILD)), SET(V(NULL), V(buffer), V(readonly_page)));
  CALL(timer_gettime, NUMBER, SET({"timer", timer}, V(12345), V(-1)), POINTERS);
  CALL(timer_getoverrun, NUMBER, SET({"timer", timer}, V(12345), V(-1)));
  CALL(timer_delete, NUMBER, SET({"timer", timer}, V(12345), V(-1)));
  CALL(times, DONE, SET(V(buffer), V(NULL), V(WILD), V(readonly_page)));
  return finish_checks();
}
