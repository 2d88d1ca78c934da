/* Calls that take descriptors. */
#include "checks.h"
#include <linux/falloc.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

static int reading, writing, both, path_only, directory, pipe_in, pipe_out, stream, event, epoll;

static void again(void) {
  char bytes[64];
  while (read(pipe_out, bytes, sizeof bytes) > 0)
    ;
  if (write(pipe_in, "in the pipe", 11) != 11 || ftruncate(both, 5000)) exit(96);
  lseek(both, 0, SEEK_SET), lseek(reading, 0, SEEK_SET), lseek(writing, 0, SEEK_SET), lseek(directory, 0, SEEK_SET);
  flock(both, LOCK_UN);
  fill_buffer();
}

#define FILES \
  SET(V(-1), V(999), V(reading), V(writing), V(both), V(path_only), V(directory), V(pipe_in), V(pipe_out), V(stream), \
      V(event), V(epoll))
#define FEW SET(V(-1), V(both), V(path_only), V(directory), V(pipe_out))
#define BUFFERS SET(V(buffer), V(NULL), V(readonly_page), V(no_access), V(edge), V(WILD))

static void transfers(void) {
  CALL(read, NUMBER, FILES, BUFFERS, SET(V(0), V(8), V(-1)));
  CALL(write, NUMBER, FILES, BUFFERS, SET(V(0), V(8), V(-1)));
  struct iovec *v = (void *)(buffer + 1024);
  static char *bases[] = {NULL, NULL, NULL};
  bases[0] = buffer, bases[1] = edge, bases[2] = WILD;
  static const size_t lengths[] = {0, 8, SSIZE_MAX, (size_t)-1};
  restore = NULL;
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 4; j++) {
      again();
      v[0] = (struct iovec){buffer + 8, 4}, v[1] = (struct iovec){bases[i], lengths[j]};
      printf("%d %d: ", i, j);
      CALL(readv, NUMBER, ONE(both), ONE(v), ONE(2));
      printf("%d %d: ", i, j);
      CALL(writev, NUMBER, ONE(both), ONE(v), ONE(2));
    }
  v[0] = v[1] = (struct iovec){buffer, 8};
  CALL(readv, NUMBER, FILES, SET(V(v), V(NULL), V(edge)), SET(V(0), V(2), V(1025), V(-1)));
  restore = again;
  CALL(pread64, NUMBER, FILES, SET(V(buffer), V(NULL)), ONE(8), SET(V(0), V(-1), V(4998), V(LONG_MAX)));
  CALL(pwrite64, NUMBER, FILES, SET(V(buffer), V(NULL)), ONE(8), SET(V(0), V(-1), V(LONG_MAX)));
  CALL(lseek, NUMBER, SET(V(-1), V(both), V(path_only), V(pipe_out), V(stream)), SET(V(0), V(7), V(-1), V(LONG_MAX)),
       SET(V(SEEK_SET), V(SEEK_CUR), V(SEEK_END), V(SEEK_DATA), V(SEEK_HOLE), V(9)));
  CALL(sendfile, NUMBER, SET(V(-1), V(both), V(pipe_in), V(reading)), SET(V(-1), V(reading), V(pipe_out), V(directory)), SET(V(NULL), V(WILD), V(buffer)), SET(V(0), V(8), V(-1)));
  CALL(copy_file_range, NUMBER, SET(V(-1), V(reading), V(pipe_out), V(directory)), SET(V(NULL), V(buffer), V(WILD)), SET(V(-1), V(both), V(reading)), ONE(NULL), ONE(8), SET(V(0), V(1)));
  CALL(splice, NUMBER, SET(V(-1), V(reading), V(pipe_out)), SET(V(NULL), V(buffer), V(WILD)), SET(V(-1), V(both), V(pipe_in)), ONE(NULL), SET(V(0), V(4)), SET(V(SPLICE_F_NONBLOCK), V(64)));
  CALL(fallocate, NUMBER, FEW, SET(V(0), V(FALLOC_FL_KEEP_SIZE), V(FALLOC_FL_PUNCH_HOLE), V(1 << 20)), SET(V(0), V(-1)), SET(V(0), V(-1), V(100)));
  CALL(ftruncate, NUMBER, FILES, SET(V(0), V(-1), V(100)));
  CALL(fadvise64, NUMBER, FILES, ONE(0), SET(V(0), V(-1)), SET(V(POSIX_FADV_NORMAL), V(POSIX_FADV_DONTNEED), V(77)));
  CALL(readahead, NUMBER, FEW, ONE(0), ONE(100));
  CALL(tee, NUMBER, SET(V(-1), V(pipe_out), V(both)), SET(V(-1), V(pipe_in), V(both)), ONE(4), SET(V(SPLICE_F_NONBLOCK), V(64)));
  CALL(vmsplice, NUMBER, SET(V(-1), V(both)), SET(V(v), V(NULL)), SET(V(0), V(1), V(2000)), SET(V(0), V(64)));
  CALL(fsync, NUMBER, FILES);
  CALL(fdatasync, NUMBER, FILES);
  CALL(syncfs, NUMBER, FEW);
}

static void numbers(void) {
  CALL(dup, DESCRIPTOR, FILES);
  CALL(dup3, DESCRIPTOR, FILES, SET(V(-1), V(500), V(1 << 30), V(both)), SET(V(1), V(0x40000000)));
  CALL(dup3, DESCRIPTOR, FILES, SET(V(-1), V(500), V(1 << 30)), SET(V(0), V(O_CLOEXEC)));
  CALL(close, NUMBER, SET(V(-1), V(999), V(INT_MAX)));
  CALL(close_range, NUMBER, SET(V(700), V(10)), SET(V(710), V(5)), SET(V(0), V(4), V(8)));
  CALL(pipe2, NUMBER, SET(V(NULL), V(readonly_page), V(edge), V(WILD)), SET(V(0), V(O_CLOEXEC), V(1)));
  CALL(pipe2, NUMBER, ONE(buffer), SET(V(1), V(O_CREAT)));
  CALL(eventfd2, DESCRIPTOR, SET(V(0), V(-1)), SET(V(0), V(EFD_NONBLOCK | EFD_CLOEXEC), V(EFD_SEMAPHORE), V(2), V(0x100000)));
  CALL(epoll_create1, DESCRIPTOR, SET(V(0), V(EPOLL_CLOEXEC), V(1)));
  CALL(inotify_init1, DESCRIPTOR, SET(V(0), V(IN_NONBLOCK | IN_CLOEXEC), V(1)));
  CALL(inotify_rm_watch, NUMBER, SET(V(-1), V(both)), ONE(1));
  CALL(memfd_create, DESCRIPTOR, SET(STRING("name"), V(NULL), V(WILD), V(no_access)), SET(V(0), V(1), V(2), V(3), V(0x800), V(-1)));
  CALL(fcntl, NUMBER, FILES, SET(V(F_GETFD), V(F_SETFD), V(F_GETOWN), V(F_GETSIG), V(F_GETPIPE_SZ), V(F_GET_SEALS), V(F_GETLEASE), V(999)), ONE(0));
  CALL(fcntl, DESCRIPTOR, FEW, SET(V(F_DUPFD), V(F_DUPFD_CLOEXEC)), SET(V(0), V(-1), V(100), V(1 << 30)));
  CALL(fcntl, NUMBER, SET(V(-1), V(both), V(path_only), V(directory)), SET(V(F_SETFL), V(F_SETPIPE_SZ), V(F_ADD_SEALS), V(F_SETSIG), V(F_NOTIFY)), SET(V(0), V(-1), V(4096)));
  CALL(fcntl, NUMBER, FEW, SET(V(F_GETLK), V(F_SETLK), V(F_OFD_GETLK), V(F_OFD_SETLK), V(F_GETOWN_EX), V(F_SETOWN_EX)), SET(V(NULL), V(WILD), V(no_access)));
  CALL(flock, NUMBER, FILES, SET(V(LOCK_SH | LOCK_NB), V(LOCK_EX | LOCK_NB), V(LOCK_UN), V(0), V(32)));
  CALL(fchmod, NUMBER, FILES, ONE(0600));
  CALL(fchown, NUMBER, FEW, ONE(-1), ONE(-1));
  CALL(fchdir, NUMBER, SET(V(-1), V(reading), V(pipe_in), V(directory)));
  CALL(getdents64, DONE, FILES, SET(V(buffer), V(NULL), V(readonly_page)), SET(V(0), V(10), V(2048)));
  CALL(ioctl, NUMBER, FILES, SET(V(FIONREAD), V(TCGETS), V(TIOCGWINSZ), V(0x12345678)), SET(V(NULL), V(buffer), V(WILD)));
  CALL(ioctl, NUMBER, FEW, SET(V(FIOCLEX), V(FIONCLEX)), ONE(0));
}

static void waiting(void) {
  struct epoll_event *e = (void *)(buffer + 512);
  CALL(epoll_ctl, NUMBER, SET(V(-1), V(both), V(epoll)), SET(V(EPOLL_CTL_ADD), V(EPOLL_CTL_MOD), V(EPOLL_CTL_DEL), V(9)),
       SET(V(-1), V(both), V(pipe_out), V(epoll), V(event), V(directory)), SET(V(e), V(NULL), V(WILD)));
  CALL(epoll_pwait, NUMBER, SET(V(-1), V(both), V(epoll)), SET(V(e), V(NULL), V(readonly_page)), SET(V(0), V(-1), V(1), V(INT_MAX)), ONE(0), SET(V(NULL), V(WILD)), SET(V(8), V(0)));
  CALL(signalfd4, DESCRIPTOR, SET(V(-1), V(both), V(999)), SET(V(buffer), V(NULL)), SET(V(8), V(0), V(16)), SET(V(0), V(SFD_CLOEXEC), V(1)));
  CALL(timerfd_create, DESCRIPTOR, SET(V(CLOCK_REALTIME), V(CLOCK_MONOTONIC), V(CLOCK_BOOTTIME), V(CLOCK_PROCESS_CPUTIME_ID), V(-1), V(99)), SET(V(0), V(TFD_NONBLOCK | TFD_CLOEXEC), V(1)));
  struct pollfd *polls = (void *)(buffer + 600);
  struct timespec *zero = (void *)(buffer + 700), *wrong = (void *)(buffer + 720);
  restore = NULL;
  polls[0] = (struct pollfd){pipe_out, POLLIN, 0}, polls[1] = (struct pollfd){-1, POLLIN, 0}, polls[2] = (struct pollfd){999, POLLIN, 0};
  *wrong = (struct timespec){0, 2000000000};
  CALL(ppoll, NUMBER, SET(V(polls), V(NULL), V(WILD), V(edge)), SET(V(0), V(3), V(-1)), SET(V(zero), V(wrong), V(WILD)), SET(V(NULL), V(WILD)), SET(V(8), V(3)));
  fd_set *set = (void *)(buffer + 800);
  CALL(pselect6, NUMBER, SET(V(0), V(8), V(-1), V(INT_MAX)), SET(V(set), V(NULL), V(WILD), V(edge)), ONE(NULL), ONE(NULL), SET(V(zero), V(wrong), V(WILD)), SET(V(NULL), V(WILD)));
  struct itimerspec *timer = (void *)(buffer + 1000), *bad = (void *)(buffer + 1100);
  bad->it_value.tv_nsec = -1;
  int timer_fd = timerfd_create(CLOCK_MONOTONIC, 0);
  CALL(timerfd_settime, NUMBER, SET(V(-1), V(both), V(timer_fd)), SET(V(0), V(TFD_TIMER_ABSTIME), V(16)), SET(V(timer), V(bad), V(NULL), V(WILD)), SET(V(NULL), V(buffer), V(readonly_page)));
  CALL(timerfd_gettime, NUMBER, SET(V(-1), V(both), V(timer_fd)), SET(V(buffer), V(NULL), V(edge)));
  restore = again;
}

int main(void) {
  prepare_pages();
  signal(SIGIO, SIG_IGN); /* F_SETLEASE, F_NOTIFY and others send it */
  enter_scratch();
  both = open("file", O_RDWR | O_CREAT, 0644);
  if (ftruncate(both, 5000)) return 95;
  reading = open("file", O_RDONLY), writing = open("file", O_WRONLY), path_only = open("file", O_PATH);
  directory = open(".", O_RDONLY | O_DIRECTORY);
  int ends[2], pair[2];
  if (pipe2(ends, O_NONBLOCK) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair)) return 94;
  pipe_out = ends[0], pipe_in = ends[1], stream = pair[0];
  event = eventfd(0, EFD_NONBLOCK), epoll = epoll_create1(0);
  restore = again;
  again();
  transfers();
  numbers();
  waiting();
  unlink("file");
  leave_scratch();
  return finish_checks();
}
