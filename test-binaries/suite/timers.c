/* Interval timers, POSIX timers, timerfd. */
#include "suite.h"
#include <poll.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>

static volatile int count, last_code, last_value, last_overrun;
static void on_timer(int signo, siginfo_t *info, void *context) {
  (void)signo;
  (void)context;
  count++;
  last_code = info->si_code;
  last_value = info->si_value.sival_int;
  /* The next tick may come before main looks. */
  if (info->si_overrun > last_overrun) last_overrun = info->si_overrun;
}
static void wait_for(int n) {
  struct timespec tick = {0, 500000};
  for (int i = 0; i < 10000 && count < n; i++) nanosleep(&tick, NULL);
}

int main(void) {
  struct sigaction action = {.sa_sigaction = on_timer, .sa_flags = SA_SIGINFO};
  static const int signals[] = {SIGALRM, SIGVTALRM, SIGPROF, SIGUSR1};
  for (int i = 0; i < 4; i++) sigaction(signals[i], &action, NULL);
  sigaction(SIGRTMIN + 3, &action, NULL);

  struct itimerval interval = {{0, 5000}, {0, 5000}}, off = {{0, 0}, {0, 0}}, old;
  CHECK(setitimer(ITIMER_REAL, &interval, NULL) == 0);
  wait_for(3);
  CHECK(count >= 3 && getitimer(ITIMER_REAL, &old) == 0 && old.it_interval.tv_usec == 5000 && old.it_value.tv_usec <= 5000);
  CHECK(setitimer(ITIMER_REAL, &off, NULL) == 0 && getitimer(ITIMER_REAL, &old) == 0 && old.it_value.tv_sec == 0);
  count = 0;
  CHECK(setitimer(ITIMER_VIRTUAL, &interval, NULL) == 0);
  for (volatile long i = 0; count < 2 && i < 4000000000; i++) {
  }
  CHECK(count >= 2 && setitimer(ITIMER_VIRTUAL, &off, NULL) == 0);
  count = 0;
  CHECK(setitimer(ITIMER_PROF, &interval, NULL) == 0);
  for (volatile long i = 0; count < 2 && i < 4000000000; i++) {
  }
  CHECK(count >= 2 && setitimer(ITIMER_PROF, &off, NULL) == 0);
  interval.it_value.tv_usec = 1000000;
  CHECK(FAILS(setitimer(ITIMER_REAL, &interval, NULL), EINVAL));
  CHECK(FAILS(setitimer(77, &off, NULL), EINVAL));

  timer_t timer;
  last_overrun = 0;
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 3, .sigev_value = {.sival_int = 77}};
  CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
  struct itimerspec spec = {{0, 5000000}, {0, 5000000}}, left;
  count = 0;
  CHECK(timer_settime(timer, 0, &spec, NULL) == 0);
  wait_for(3);
  CHECK(count >= 3 && last_code == SI_TIMER && last_value == 77);
  CHECK(timer_gettime(timer, &left) == 0 && left.it_interval.tv_nsec == 5000000 && left.it_value.tv_nsec <= 5000000);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGRTMIN + 3);
  sigprocmask(SIG_BLOCK, &set, NULL);
  struct timespec pause_time = {0, 60000000};
  nanosleep(&pause_time, NULL);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
  CHECK(last_overrun >= 1 && timer_getoverrun(timer) >= 0);
  CHECK(timer_delete(timer) == 0 && FAILS(timer_gettime(timer, &left), EINVAL));
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  event = (struct sigevent){.sigev_notify = SIGEV_NONE};
  CHECK(timer_create(CLOCK_REALTIME, &event, &timer) == 0);
  spec = (struct itimerspec){{0, 0}, {now.tv_sec + 100, 0}};
  CHECK(timer_settime(timer, TIMER_ABSTIME, &spec, NULL) == 0 && timer_gettime(timer, &left) == 0);
  CHECK(left.it_value.tv_sec >= 98 && left.it_value.tv_sec <= 100 && timer_delete(timer) == 0);
  CHECK(timer_create(CLOCK_MONOTONIC, NULL, &timer) == 0);
  spec = (struct itimerspec){{0, 0}, {0, 3000000}};
  count = 0;
  CHECK(timer_settime(timer, 0, &spec, NULL) == 0);
  wait_for(1);
  CHECK(count == 1 && timer_delete(timer) == 0);
  CHECK(FAILS(timer_create(9999, &event, &timer), EINVAL));

  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  uint64_t expirations;
  CHECK(fd >= 0 && FAILS(read(fd, &expirations, 8), EAGAIN));
  spec = (struct itimerspec){{0, 10000000}, {0, 10000000}};
  CHECK(timerfd_settime(fd, 0, &spec, NULL) == 0 && timerfd_gettime(fd, &left) == 0 && left.it_interval.tv_nsec == 10000000);
  struct pollfd poller = {fd, POLLIN, 0};
  CHECK(poll(&poller, 1, 5000) == 1 && (poller.revents & POLLIN));
  CHECK(read(fd, &expirations, 8) == 8 && expirations >= 1);
  CHECK(FAILS(read(fd, &expirations, 4), EINVAL));
  close(fd);
  return finish();
}
