/* Newer and rarer calls on files and descriptors: openat2, faccessat2, fchmodat2, copies, handles, waits, attributes. */
#include "suite.h"
#include <linux/capability.h>
#include <linux/openat2.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/fsuid.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <time.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif

static char buffer[256];

static long openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
  struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
  return syscall(SYS_openat2, directory, path, &how, sizeof how);
}

static void opening(void) {
  CHECK(mkdir("d", 0700) == 0 && symlink("../f", "d/up") == 0 && symlink("f", "link") == 0 && symlink("/", "root") == 0);
  int d = open("d", O_PATH | O_DIRECTORY), fd = openat2(AT_FDCWD, "f", O_RDWR | O_CREAT, 0640, 0);
  CHECK(fd >= 0 && write(fd, "text", 4) == 4);
  CHECK(FAILS(openat2(d, "up", O_RDONLY, 0, RESOLVE_BENEATH), EXDEV));
  CHECK(FAILS(openat2(d, "up", O_RDONLY, 0, RESOLVE_IN_ROOT), ENOENT));
  CHECK(FAILS(openat2(AT_FDCWD, "link", O_RDONLY, 0, RESOLVE_NO_SYMLINKS), ELOOP));
  CHECK(FAILS(openat2(AT_FDCWD, "/proc/self/exe", O_RDONLY, 0, RESOLVE_NO_MAGICLINKS), ELOOP));
  CHECK(FAILS(openat2(AT_FDCWD, "f", O_RDONLY, 0600, 0), EINVAL) && FAILS(openat2(AT_FDCWD, "f", 1ull << 40, 0, 0), EINVAL));
  CHECK(FAILS(openat2(AT_FDCWD, "f", O_RDONLY, 0, 1 << 20), EINVAL));
  struct open_how how = {.flags = O_RDONLY};
  CHECK(FAILS(syscall(SYS_openat2, AT_FDCWD, "f", &how, 8), EINVAL));
  struct { struct open_how how; uint64_t more; } longer = {.how = how};
  int other = syscall(SYS_openat2, AT_FDCWD, "f", &longer, sizeof longer);
  CHECK(other >= 0 && close(other) == 0);
  longer.more = 1;
  CHECK(FAILS(syscall(SYS_openat2, AT_FDCWD, "f", &longer, sizeof longer), E2BIG));
  int self = openat2(AT_FDCWD, "/proc/self/maps", O_RDONLY, 0, 0);
  CHECK(self >= 0 && read(self, buffer, 20) == 20 && close(self) == 0);
  CHECK(open("d/none", O_RDONLY | O_DIRECTORY) == -1 && FAILS(open("f", O_RDONLY | O_DIRECTORY), ENOTDIR));
  int hidden = open(".", O_TMPFILE | O_RDWR, 0600);
  struct stat st;
  CHECK(hidden >= 0 && fstat(hidden, &st) == 0 && st.st_nlink == 0 && write(hidden, "tmp", 3) == 3);
  snprintf(buffer, sizeof buffer, "/proc/self/fd/%d", hidden);
  CHECK(linkat(AT_FDCWD, buffer, AT_FDCWD, "linked", AT_SYMLINK_FOLLOW) == 0 && stat("linked", &st) == 0 && st.st_size == 3);
  CHECK(syscall(SYS_faccessat2, AT_FDCWD, "f", R_OK, AT_EACCESS) == 0 && syscall(SYS_faccessat2, fd, "", R_OK, AT_EMPTY_PATH) == 0);
  CHECK(syscall(SYS_faccessat2, AT_FDCWD, "link", F_OK, AT_SYMLINK_NOFOLLOW) == 0);
  CHECK(FAILS(syscall(SYS_faccessat2, AT_FDCWD, "f", 64, 0), EINVAL) && FAILS(syscall(SYS_faccessat2, AT_FDCWD, "f", 0, 3), EINVAL));
  CHECK((syscall(SYS_fchmodat2, AT_FDCWD, "f", 0604, 0) == 0 && stat("f", &st) == 0 && (st.st_mode & 07777) == 0604) || errno == ENOSYS);
  CHECK(FAILS(syscall(SYS_fchmodat2, AT_FDCWD, "link", 0604, AT_SYMLINK_NOFOLLOW), EOPNOTSUPP) || errno == ENOSYS);
  CHECK(mknod("fifo", S_IFIFO | 0600, 0) == 0 && lstat("fifo", &st) == 0 && S_ISFIFO(st.st_mode));
  CHECK(mknod("plain", S_IFREG | 0600, 0) == 0 && FAILS(mknod("plain", S_IFREG | 0600, 0), EEXIST));
  CHECK(FAILS(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO));
  CHECK(renameat2(AT_FDCWD, "plain", AT_FDCWD, "linked", RENAME_NOREPLACE) == -1 && errno == EEXIST);
  CHECK(readlinkat(AT_FDCWD, "link", buffer, 1) == 1 && FAILS(readlink("f", buffer, 9), EINVAL));
  int link_fd = open("link", O_PATH | O_NOFOLLOW);
  CHECK(readlinkat(link_fd, "", buffer, 9) == 1 && buffer[0] == 'f');
  struct { struct file_handle handle; char room[128]; } h = {.handle.handle_bytes = 128};
  int mount;
  CHECK(name_to_handle_at(AT_FDCWD, "f", &h.handle, &mount, 0) == 0 || errno == EOPNOTSUPP);
  h.handle.handle_bytes = 0;
  CHECK(FAILS(name_to_handle_at(AT_FDCWD, "f", &h.handle, &mount, 0), EOVERFLOW) || errno == EOPNOTSUPP);
  close(d), close(other), close(hidden), close(link_fd);
  for (const char *const *name = (const char *const[]){"d/up", "link", "root", "linked", "fifo", "plain", NULL}; *name; name++)
    EXPECT(unlink(*name) == 0);
  CHECK(rmdir("d") == 0 && close(fd) == 0);
}

static void copying(void) {
  int from = open("f", O_RDWR | O_TRUNC), to = open("g", O_RDWR | O_CREAT, 0600), ends[2], others[2];
  for (int i = 0; i < 100; i++) EXPECT(write(from, "0123456789", 10) == 10);
  CHECK(lseek(from, 10, SEEK_SET) == 10 && copy_file_range(from, NULL, to, NULL, 100, 0) == 100);
  CHECK(lseek(from, 0, SEEK_CUR) == 110 && lseek(to, 0, SEEK_CUR) == 100);
  CHECK(FAILS(copy_file_range(from, NULL, to, NULL, 10, 1), EINVAL) && copy_file_range(from, &(off_t){5000}, to, NULL, 10, 0) == 0);
  CHECK(sendfile(to, from, NULL, 50) == 50 && lseek(from, 0, SEEK_CUR) == 160);
  CHECK(FAILS(sendfile(to, from, &(off_t){-1}, 50), EINVAL));
  CHECK(pipe(ends) == 0 && pipe(others) == 0);
  loff_t at = 3;
  CHECK(splice(from, &at, ends[1], NULL, 8, SPLICE_F_MOVE) == 8 && at == 11);
  CHECK(tee(ends[0], others[1], 100, 0) == 8 && splice(ends[0], NULL, others[1], NULL, 100, SPLICE_F_NONBLOCK) == 8);
  CHECK(read(others[0], buffer, 100) == 16 && !memcmp(buffer, "3456789034567890", 16));
  CHECK(FAILS(splice(ends[0], NULL, others[1], NULL, 100, SPLICE_F_NONBLOCK), EAGAIN));
  CHECK(FAILS(splice(ends[0], &at, others[1], NULL, 100, 0), ESPIPE) && FAILS(splice(from, NULL, to, NULL, 8, 0), EINVAL));
  struct iovec parts[2] = {{"ab", 2}, {"cd", 2}};
  CHECK(vmsplice(ends[1], parts, 2, 0) == 4 && at == 11);
  at = 100;
  CHECK(splice(ends[0], NULL, to, &at, 4, 0) == 4 && at == 104 && pread(to, buffer, 4, 100) == 4 && !memcmp(buffer, "abcd", 4));
  CHECK(fallocate(to, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 50) == 0 && pread(to, buffer, 1, 49) == 1 && buffer[0] == 0);
  CHECK(FAILS(fallocate(to, FALLOC_FL_PUNCH_HOLE, 0, 50), EOPNOTSUPP) && FAILS(fallocate(to, 0, -1, 5), EINVAL));
  CHECK(sync_file_range(to, 0, 10, SYNC_FILE_RANGE_WRITE) == 0 && FAILS(sync_file_range(to, 0, 10, 64), EINVAL));
  /* Vectors with positions beyond 4 GiB: the offset is one register. */
  CHECK(pwritev(to, parts, 2, 0x123456789a) == 4 && preadv(to, (struct iovec[]){{buffer, 4}}, 1, 0x123456789a) == 4);
  CHECK(!memcmp(buffer, "abcd", 4) && FAILS(preadv(to, parts, 1, -5), EINVAL));
  CHECK(preadv2(to, (struct iovec[]){{buffer, 4}}, 1, 0x123456789a, RWF_HIPRI) == 4 || errno == EOPNOTSUPP);
  CHECK(FAILS(preadv2(to, parts, 1, 0, 0x4000), EOPNOTSUPP) && pwritev2(to, parts, 1, -1, RWF_DSYNC) == 2);
  CHECK(preadv2(from, (struct iovec[]){{buffer, 4}}, 1, -1, RWF_NOWAIT) == 4 || errno == EAGAIN || errno == EOPNOTSUPP);
  CHECK(FAILS(syscall(SYS_writev, to, parts, 1025), EINVAL));
  struct { uint64_t off, len; } range = {0, 4096};
  uint64_t stat[5];
  CHECK(syscall(SYS_cachestat, to, &range, stat, 0) == 0 || errno == ENOSYS);
  int flag = 1;
  CHECK(ioctl(from, FIONBIO, &flag) == 0 && (fcntl(from, F_GETFL) & O_NONBLOCK) && ioctl(from, FIOCLEX) == 0);
  CHECK(fcntl(from, F_GETFD) == FD_CLOEXEC && ioctl(from, FIONCLEX) == 0 && fcntl(from, F_GETFD) == 0);
  CHECK(FAILS(ioctl(from, TIOCGWINSZ, buffer), ENOTTY) && FAILS(ioctl(from, TCGETS, buffer), ENOTTY));
  int attributes;
  CHECK(ioctl(from, 0x80086601 /* FS_IOC_GETFLAGS */, &attributes) == 0 || errno == ENOTTY || errno == EOPNOTSUPP);
  CHECK(fcntl(from, F_SETLEASE, F_UNLCK) == 0 || errno == EAGAIN || errno == EINVAL);
  CHECK(fcntl(from, F_SETOWN, getpid()) == 0 && fcntl(from, F_GETOWN) == getpid());
  struct f_owner_ex owner = {F_OWNER_TID, getpid()}, got;
  CHECK(fcntl(from, F_SETOWN_EX, &owner) == 0 && fcntl(from, F_GETOWN_EX, &got) == 0 && got.type == F_OWNER_TID && got.pid == getpid());
  CHECK(fcntl(from, F_SETSIG, SIGUSR1) == 0 && fcntl(from, F_GETSIG) == SIGUSR1);
  CHECK(fcntl(from, F_SETLK, &(struct flock){.l_type = F_WRLCK, .l_len = 1}) == 0);
  CHECK(FAILS(fcntl(from, F_SETLK, (void *)8), EFAULT) && FAILS(fcntl(from, F_SETLK, &(struct flock){.l_type = 99}), EINVAL));
  close(from), close(to), close(ends[0]), close(ends[1]), close(others[0]), close(others[1]);
  CHECK(unlink("f") == 0 && unlink("g") == 0);
}

static void attributes(void) {
  CHECK(close(creat("x", 0600)) == 0 && symlink("x", "link") == 0);
  bool supported = setxattr("x", "user.one", "1", 1, XATTR_CREATE) == 0;
  CHECK(!supported || (lsetxattr("x", "user.two", "22", 2, 0) == 0 && getxattr("link", "user.two", NULL, 0) == 2));
  CHECK(!supported || FAILS(setxattr("x", "user.one", "1", 1, XATTR_CREATE), EEXIST));
  CHECK(!supported || FAILS(setxattr("x", "user.three", "1", 1, XATTR_REPLACE), ENODATA));
  CHECK(FAILS(lgetxattr("link", "user.one", buffer, 9), ENODATA) || errno == EPERM || errno == EOPNOTSUPP);
  CHECK(!supported || listxattr("x", buffer, sizeof buffer) >= 18);
  CHECK(!supported || FAILS(listxattr("x", buffer, 3), ERANGE));
  CHECK(!supported || (removexattr("x", "user.one") == 0 && lremovexattr("x", "user.two") == 0));
  int fd = open("x", O_RDWR);
  CHECK(!supported || (fsetxattr(fd, "user.f", "", 0, 0) == 0 && fgetxattr(fd, "user.f", buffer, 9) == 0 && flistxattr(fd, buffer, 99) >= 7));
  CHECK(FAILS(getxattr("absent", "user.a", buffer, 9), ENOENT) && FAILS(setxattr("x", "nonsense", "", 0, 0), EOPNOTSUPP));
  close(fd);
  CHECK(unlink("x") == 0 && unlink("link") == 0);
}

static void watching(void) {
  int notify = inotify_init1(IN_NONBLOCK), watch = 0;
  CHECK(mkdir("w", 0700) == 0 && (watch = inotify_add_watch(notify, "w", IN_ALL_EVENTS | IN_ONLYDIR)) >= 1);
  int fd = open("w/file", O_RDWR | O_CREAT, 0600);
  CHECK(write(fd, "x", 1) == 1 && fchmod(fd, 0644) == 0 && close(fd) == 0);
  CHECK(rename("w/file", "w/moved") == 0 && unlink("w/moved") == 0);
  CHECK(FAILS(inotify_add_watch(notify, "w", 0), EINVAL) && FAILS(inotify_add_watch(notify, "absent", IN_OPEN), ENOENT));
  CHECK(inotify_add_watch(notify, "w", IN_OPEN | IN_MASK_ADD) == watch && rmdir("w") == 0);
  int available;
  CHECK(ioctl(notify, FIONREAD, &available) == 0 && available > 0);
  char events[4096] __attribute__((aligned(8)));
  ssize_t size = read(notify, events, sizeof events);
  CHECK(size == available);
  for (char *p = events; p < events + size; p += sizeof(struct inotify_event) + ((struct inotify_event *)p)->len)
    printf("event %x %s\n", ((struct inotify_event *)p)->mask, ((struct inotify_event *)p)->len ? ((struct inotify_event *)p)->name : "");
  close(notify);
}

static void waiting(void) {
  int poller = epoll_create1(EPOLL_CLOEXEC), counter = eventfd(3, EFD_SEMAPHORE | EFD_NONBLOCK), timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  uint64_t value;
  CHECK(read(counter, &value, 8) == 8 && value == 1 && FAILS(read(counter, &value, 4), EINVAL));
  struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = 0x123456789abcdef0}, events[4];
  CHECK(epoll_ctl(poller, EPOLL_CTL_ADD, counter, &event) == 0 && FAILS(epoll_ctl(poller, EPOLL_CTL_ADD, counter, &event), EEXIST));
  CHECK(epoll_wait(poller, events, 4, 0) == 1 && events[0].data.u64 == 0x123456789abcdef0 && epoll_wait(poller, events, 4, 0) == 0);
  event = (struct epoll_event){.events = EPOLLIN | EPOLLONESHOT, .data.fd = timer};
  CHECK(epoll_ctl(poller, EPOLL_CTL_ADD, timer, &event) == 0);
  struct itimerspec soon = {.it_value = {0, 5000000}}, left;
  CHECK(timerfd_settime(timer, 0, &soon, NULL) == 0 && epoll_wait(poller, events, 4, 2000) == 1 && events[0].data.fd == timer);
  CHECK(epoll_wait(poller, events, 4, 0) == 0 && read(timer, &value, 8) == 8 && value == 1 && FAILS(read(timer, &value, 8), EAGAIN));
  CHECK(timerfd_gettime(timer, &left) == 0 && left.it_value.tv_sec == 0 && left.it_value.tv_nsec == 0);
  CHECK(FAILS(timerfd_settime(timer, 0, &(struct itimerspec){.it_value = {0, 2000000000}}, NULL), EINVAL));
  CHECK(FAILS(timerfd_settime(counter, 0, &soon, NULL), EINVAL));
  struct timespec little = {0, 1000000};
  CHECK(syscall(SYS_epoll_pwait2, poller, events, 4, &little, NULL, 0) == 0);
  CHECK(FAILS(epoll_wait(poller, events, 0, 0), EINVAL) && epoll_ctl(poller, EPOLL_CTL_DEL, timer, NULL) == 0 &&
        FAILS(epoll_ctl(poller, EPOLL_CTL_DEL, timer, NULL), ENOENT));
  CHECK(FAILS(epoll_ctl(poller, EPOLL_CTL_ADD, poller, &event), EINVAL));
  CHECK(ppoll(&(struct pollfd){.fd = counter, .events = POLLIN | POLLOUT}, 1, &little, NULL) == 1);
  CHECK(FAILS(ppoll(NULL, 0, &(struct timespec){0, -1}, NULL), EINVAL));
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
  int signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  struct signalfd_siginfo info;
  CHECK(FAILS(read(signals, &info, sizeof info), EAGAIN));
  CHECK(sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 77}) == 0 && read(signals, &info, sizeof info) == sizeof info);
  CHECK(info.ssi_signo == SIGUSR1 && info.ssi_code == SI_QUEUE && info.ssi_int == 77 && info.ssi_pid == (uint32_t)getpid());
  close(poller), close(counter), close(timer), close(signals);
}

static void rest(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  CHECK(syscall(SYS_capget, &header, data) == 0);
  header.version = 1;
  CHECK(FAILS(syscall(SYS_capget, &header, data), EINVAL) && header.version == _LINUX_CAPABILITY_VERSION_3);
  CHECK(setfsuid(-1) == (int)geteuid() && setfsgid(-1) == (int)getegid());
  CHECK(syscall(SYS_ioprio_get, 1, 0) >= 0 && FAILS(syscall(SYS_ioprio_get, 9, 0), EINVAL));
  struct timespec now, resolution;
  for (int clock = 0; clock <= 7; clock++) EXPECT(clock_gettime(clock, &now) == 0 && clock_getres(clock, &resolution) == 0);
  CHECK(clock_gettime(CLOCK_TAI, &now) == 0);
  CHECK(FAILS(clock_gettime(99, &now), EINVAL) && FAILS(clock_settime(CLOCK_MONOTONIC, &now), EINVAL));
  clockid_t own;
  CHECK(clock_getcpuclockid(0, &own) == 0 && clock_gettime(own, &now) == 0);
  CHECK(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &(struct timespec){0, 0}, NULL) == 0);
  CHECK(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &(struct timespec){0, 0}, NULL) == EINVAL);
  CHECK(FAILS(syscall(SYS_getrandom, buffer, 8, 64), EINVAL) && FAILS(syscall(SYS_getrandom, (void *)8, 8, 0), EFAULT));
  CHECK(syscall(SYS_membarrier, 0 /* query */, 0, 0) >= 0);
  CHECK(FAILS(syscall(9999), ENOSYS) && FAILS(syscall(-1), ENOSYS));
  struct statfs fs;
  CHECK(FAILS(statfs("absent", &fs), ENOENT) && FAILS(fstatfs(99, &fs), EBADF));
  CHECK(syscall(SYS_close_range, 500, ~0u, 0) == 0 && FAILS(syscall(SYS_close_range, 5, 4, 0), EINVAL));
  CHECK(syscall(SYS_close_range, 500, 600, 2 /* unshare */) == 0);
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  enter_scratch();
  opening();
  copying();
  attributes();
  watching();
  waiting();
  rest();
  leave_scratch();
  return finish();
}
