/* What inodes carry: modes, times, links, statx, access, ownership of one's own files, statfs, inotify, memfd. */
#include "suite.h"
#include <poll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <utime.h>

int main(void) {
  enter_scratch();
  struct stat st;
  CHECK(umask(027) == 022 || true);
  CHECK(umask(022) == 027);
  int fd = open("f", O_RDWR | O_CREAT, 0666);
  CHECK(fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0644 && S_ISREG(st.st_mode));
  CHECK(st.st_uid == geteuid() && st.st_size == 0 && st.st_nlink == 1 && st.st_blksize == 4096);
  CHECK(chmod("f", 0751) == 0 && stat("f", &st) == 0 && (st.st_mode & 07777) == 0751);
  CHECK(fchmod(fd, 04600) == 0 && fstat(fd, &st) == 0 && (st.st_mode & 07777) == 04600);
  CHECK(fchmodat(AT_FDCWD, "f", 0600, 0) == 0 && FAILS(chmod("absent", 0600), ENOENT));
  CHECK(chown("f", geteuid(), getegid()) == 0 && fchown(fd, -1, -1) == 0 && lchown("f", -1, -1) == 0);
  CHECK(fchownat(fd, "", -1, -1, AT_EMPTY_PATH) == 0);

  struct timespec times[2] = {{1000000000, 123456789}, {-5, 5}};
  CHECK(utimensat(AT_FDCWD, "f", times, 0) == 0 && stat("f", &st) == 0);
  printf("atime %ld.%09ld mtime %ld.%09ld\n", (long)st.st_atim.tv_sec, st.st_atim.tv_nsec, (long)st.st_mtim.tv_sec,
         st.st_mtim.tv_nsec);
  times[0].tv_nsec = UTIME_OMIT;
  times[1].tv_nsec = UTIME_NOW;
  CHECK(futimens(fd, times) == 0 && fstat(fd, &st) == 0 && st.st_atim.tv_sec == 1000000000 && st.st_mtim.tv_sec > 1600000000);
  times[0].tv_nsec = 2000000000;
  CHECK(FAILS(utimensat(AT_FDCWD, "f", times, 0), EINVAL));
  struct timeval old[2] = {{5, 6}, {7, 8}};
  CHECK(utimes("f", old) == 0 && stat("f", &st) == 0 && st.st_mtim.tv_sec == 7 && st.st_mtim.tv_nsec == 8000);
  struct utimbuf older = {11, 12};
  CHECK(utime("f", &older) == 0 && stat("f", &st) == 0 && st.st_atim.tv_sec == 11 && st.st_mtim.tv_sec == 12);

  struct statx sx;
  CHECK(statx(AT_FDCWD, "f", 0, STATX_BASIC_STATS, &sx) == 0);
  CHECK((sx.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS && sx.stx_mode == st.st_mode && sx.stx_ino == st.st_ino);
  CHECK(makedev(sx.stx_dev_major, sx.stx_dev_minor) == st.st_dev && sx.stx_mtime.tv_sec == 12);
  CHECK(statx(fd, "", AT_EMPTY_PATH, STATX_SIZE, &sx) == 0 && sx.stx_size == 0);
  CHECK(FAILS(statx(AT_FDCWD, "absent", 0, STATX_ALL, &sx), ENOENT));
  CHECK(fstatat(AT_FDCWD, "f", &st, AT_SYMLINK_NOFOLLOW) == 0 && fstatat(fd, "", &st, AT_EMPTY_PATH) == 0);

  CHECK(access("f", R_OK | W_OK) == 0 && FAILS(access("f", X_OK), EACCES) && FAILS(access("absent", F_OK), ENOENT));
  CHECK(faccessat(AT_FDCWD, "f", R_OK, AT_EACCESS) == 0 && eaccess("f", R_OK) == 0);
  CHECK(symlink("absent", "dangling") == 0 && FAILS(access("dangling", F_OK), ENOENT));
  CHECK(faccessat(AT_FDCWD, "dangling", F_OK, AT_SYMLINK_NOFOLLOW) == 0);
  CHECK(FAILS(open("dangling", O_RDONLY), ENOENT) && unlink("dangling") == 0);
  CHECK(stat("/dev/null", &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3));

  struct statfs fs;
  CHECK(statfs("/proc", &fs) == 0 && fs.f_type == 0x9fa0 && fs.f_namelen == 255);
  CHECK(fstatfs(fd, &fs) == 0 && fs.f_bsize >= 512 && fs.f_blocks > 0);
  struct statvfs vfs;
  CHECK(statvfs(".", &vfs) == 0 && vfs.f_namemax == 255 && vfs.f_bsize == (unsigned long)fs.f_bsize);

  char value[16];
  CHECK(FAILS(getxattr("f", "user.absent", value, sizeof value), ENODATA) || errno == EOPNOTSUPP);
  bool supported = setxattr("f", "user.suite", "value", 5, 0) == 0;
  CHECK(!supported || (fgetxattr(fd, "user.suite", value, sizeof value) == 5 && !memcmp(value, "value", 5)));
  CHECK(!supported || FAILS(setxattr("f", "user.suite", "v", 1, XATTR_CREATE), EEXIST));
  CHECK(!supported || FAILS(getxattr("f", "user.suite", value, 2), ERANGE));
  char names[256];
  CHECK(!supported || listxattr("f", names, sizeof names) >= 11);
  CHECK(!supported || (removexattr("f", "user.suite") == 0 && FAILS(fremovexattr(fd, "user.suite"), ENODATA)));

  int notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  int watch = inotify_add_watch(notify, ".", IN_CREATE | IN_DELETE | IN_MOVE);
  CHECK(notify >= 0 && watch == 1);
  CHECK(close(creat("new", 0600)) == 0 && rename("new", "newer") == 0 && unlink("newer") == 0);
  char events[1024] __attribute__((aligned(8)));
  ssize_t size = read(notify, events, sizeof events);
  uint32_t cookie = 0;
  for (char *p = events; p < events + size;) {
    struct inotify_event *e = (void *)p;
    printf("event %x %s%s\n", e->mask, e->name, e->cookie ? e->cookie == cookie ? " same cookie" : " cookie" : "");
    cookie = e->cookie;
    p += sizeof *e + e->len;
  }
  CHECK(FAILS(read(notify, events, sizeof events), EAGAIN));
  CHECK(inotify_rm_watch(notify, watch) == 0 && FAILS(inotify_rm_watch(notify, 77), EINVAL));

  int memory = memfd_create("suite", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  CHECK(memory >= 0 && ftruncate(memory, 4096) == 0);
  char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
  CHECK(map != MAP_FAILED);
  strcpy(map, "through the map");
  CHECK(pread(memory, names, 15, 0) == 15 && !memcmp(names, "through the map", 15));
  munmap(map, 4096);
  CHECK(fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_WRITE) == 0 && FAILS(ftruncate(memory, 1), EPERM));
  CHECK(fcntl(memory, F_GET_SEALS) == (F_SEAL_SHRINK | F_SEAL_WRITE) && FAILS(write(memory, "x", 1), EPERM));
  CHECK(unlink("f") == 0);
  leave_scratch();
  return finish();
}
