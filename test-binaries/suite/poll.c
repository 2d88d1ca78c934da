/* Waiting on descriptors in one process: poll, select, epoll, pipes, eventfd. */
#include "suite.h"
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <time.h>

static volatile int signals;
static void on_signal(int signo) { signals += signo == SIGUSR1; }

int main(void) {
  int ends[2];
  char buffer[100];
  CHECK(pipe(ends) == 0 && FAILS(pipe2(ends, 0x40000000), EINVAL));
  struct pollfd fds[3] = {{ends[0], POLLIN, 0}, {ends[1], POLLOUT, 0}, {-1, POLLIN, 0}};
  CHECK(poll(fds, 3, 0) == 1 && fds[0].revents == 0 && fds[1].revents == POLLOUT && fds[2].revents == 0);
  CHECK(write(ends[1], "hello", 5) == 5);
  CHECK(poll(fds, 3, -1) == 2 && fds[0].revents == POLLIN);
  CHECK(read(ends[0], buffer, 100) == 5);
  struct pollfd bad = {99, POLLIN, 0};
  CHECK(poll(&bad, 1, 0) == 1 && bad.revents == POLLNVAL);
  struct timespec start, end, limit = {0, 30000000};
  clock_gettime(CLOCK_MONOTONIC, &start);
  CHECK(poll(fds, 1, 30) == 0);
  CHECK(ppoll(fds, 1, &limit, NULL) == 0);
  fd_set readable, writable, errors;
  struct timeval tv = {0, 30000};
  FD_ZERO(&readable);
  FD_ZERO(&errors);
  FD_SET(ends[0], &readable);
  CHECK(select(ends[0] + 1, &readable, NULL, NULL, &tv) == 0 && !FD_ISSET(ends[0], &readable) && tv.tv_usec == 0);
  clock_gettime(CLOCK_MONOTONIC, &end);
  CHECK((end.tv_sec - start.tv_sec) * 1000 + (end.tv_nsec - start.tv_nsec) / 1000000 >= 88);
  CHECK(write(ends[1], "x", 1) == 1);
  FD_ZERO(&writable);
  FD_SET(ends[0], &readable);
  FD_SET(ends[1], &writable);
  CHECK(select(ends[1] + 1, &readable, &writable, &errors, NULL) == 2 && FD_ISSET(ends[0], &readable) && FD_ISSET(ends[1], &writable));
  FD_ZERO(&readable);
  /* Below 64: the kernel overlooks descriptors beyond the table's size, which depends on what the parent had open. */
  close(60);
  FD_SET(60, &readable);
  tv = (struct timeval){0, 0};
  CHECK(FAILS(select(61, &readable, NULL, NULL, &tv), EBADF));
  CHECK(FAILS(select(-1, NULL, NULL, NULL, &tv), EINVAL));

  /* pselect and ppoll let a signal in. */
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGUSR1, &action, NULL);
  sigset_t block, none;
  sigemptyset(&none);
  sigemptyset(&block);
  sigaddset(&block, SIGUSR1);
  sigprocmask(SIG_BLOCK, &block, NULL);
  raise(SIGUSR1);
  read(ends[0], buffer, 1);
  limit.tv_sec = 5;
  CHECK(signals == 0 && FAILS(ppoll(fds, 1, &limit, &none), EINTR) && signals == 1);
  raise(SIGUSR1);
  FD_ZERO(&readable);
  FD_SET(ends[0], &readable);
  CHECK(FAILS(pselect(ends[0] + 1, &readable, NULL, NULL, &limit, &none), EINTR) && signals == 2);
  raise(SIGUSR1);
  int ep = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {EPOLLIN, {.u64 = 0x123456789abcdef0}}, events[8];
  CHECK(ep >= 0 && epoll_ctl(ep, EPOLL_CTL_ADD, ends[0], &event) == 0);
  CHECK(FAILS(epoll_pwait(ep, events, 8, 5000, &none), EINTR) && signals == 3);

  CHECK(FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, ends[0], &event), EEXIST) && FAILS(epoll_ctl(ep, EPOLL_CTL_DEL, 99, &event), EBADF));
  CHECK(FAILS(epoll_ctl(ep, EPOLL_CTL_MOD, ends[1], &event), ENOENT) && FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, ep, &event), EINVAL));
  CHECK(epoll_wait(ep, events, 8, 0) == 0 && epoll_wait(ep, events, 8, 20) == 0);
  int counter = eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC);
  event = (struct epoll_event){EPOLLIN | EPOLLET, {.fd = counter}};
  CHECK(counter >= 0 && epoll_ctl(ep, EPOLL_CTL_ADD, counter, &event) == 0);
  CHECK(write(ends[1], "y", 1) == 1 && epoll_wait(ep, events, 8, -1) == 2);
  for (int i = 0; i < 2; i++) {
    CHECK(events[i].events == EPOLLIN && (events[i].data.u64 == 0x123456789abcdef0 || events[i].data.fd == counter));
  }
  /* Level-triggered stays, edge-triggered does not; an array of events has the architecture's own layout. */
  CHECK(epoll_wait(ep, events, 8, 0) == 1 && events[0].data.u64 == 0x123456789abcdef0);
  uint64_t value;
  CHECK(read(counter, &value, 8) == 8 && value == 3 && FAILS(read(counter, &value, 8), EAGAIN));
  value = 7;
  CHECK(write(counter, &value, 8) == 8 && epoll_wait(ep, events, 8, 0) == 2);
  value = UINT64_MAX;
  CHECK(FAILS(write(counter, &value, 8), EINVAL) && FAILS(write(counter, &value, 4), EINVAL));
  int semaphore = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
  CHECK(eventfd_read(semaphore, &value) == 0 && value == 1 && eventfd_read(semaphore, &value) == 0 && FAILS(eventfd_read(semaphore, &value), EAGAIN));
  event = (struct epoll_event){EPOLLIN | EPOLLONESHOT, {.u32 = 5}};
  CHECK(epoll_ctl(ep, EPOLL_CTL_MOD, ends[0], &event) == 0 && epoll_ctl(ep, EPOLL_CTL_DEL, counter, NULL) == 0);
  CHECK(epoll_wait(ep, events, 8, 0) == 1 && events[0].data.u32 == 5 && epoll_wait(ep, events, 8, 0) == 0);

  /* Ends of pipes. */
  CHECK(close(ends[1]) == 0 && read(ends[0], buffer, 100) == 1 && read(ends[0], buffer, 100) == 0);
  CHECK(poll(fds, 1, 0) == 1 && fds[0].revents == POLLHUP);
  CHECK(pipe(ends) == 0 && close(ends[0]) == 0);
  signal(SIGPIPE, SIG_IGN);
  CHECK(FAILS(write(ends[1], "z", 1), EPIPE));
  fds[1].fd = ends[1];
  CHECK(poll(fds + 1, 1, 0) == 1 && (fds[1].revents & POLLERR));
  return finish();
}
