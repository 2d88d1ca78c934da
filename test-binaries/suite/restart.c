/* A read that a signal interrupts and SA_RESTART resumes: the handler itself supplies the byte. */
#include "suite.h"
#include <poll.h>
#include <signal.h>
#include <sys/select.h>
#include <sys/time.h>

static int ends[2];
static volatile int count;
static void on_alarm(int signo) {
  (void)signo;
  if (++count == 3) (void)!write(ends[1], "!", 1);
}
static void every(int milliseconds) {
  struct itimerval timer = {{0, milliseconds * 1000}, {0, milliseconds * 1000}};
  setitimer(ITIMER_REAL, &timer, NULL);
}

int main(void) {
  char c = 0;
  EXPECT(pipe(ends) == 0);
  struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &action, NULL);
  every(100);
  CHECK(read(ends[0], &c, 1) == 1 && c == '!' && count >= 3);
  /* These are never restarted. */
  count = 10;
  struct pollfd poller = {ends[0], POLLIN, 0};
  CHECK(FAILS(poll(&poller, 1, 5000), EINTR));
  struct timeval limit = {5, 0};
  fd_set set;
  FD_ZERO(&set);
  FD_SET(ends[0], &set);
  CHECK(FAILS(select(ends[0] + 1, &set, NULL, NULL, &limit), EINTR));
  CHECK(FAILS(pause(), EINTR));
  CHECK(usleep(2000000) == -1 && errno == EINTR);
  /* A blocked write resumes too, once there is room. */
  every(0);
  char block[4096] = {0};
  fcntl(ends[1], F_SETFL, O_NONBLOCK);
  while (write(ends[1], block, sizeof block) > 0) {
  }
  fcntl(ends[1], F_SETFL, 0);
  action.sa_flags = 0;
  sigaction(SIGALRM, &action, NULL);
  every(100);
  CHECK(FAILS(write(ends[1], block, 1), EINTR));
  every(0);
  return finish();
}
