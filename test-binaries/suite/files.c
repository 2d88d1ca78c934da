/* File contents: offsets, sparse files, vectors, append, duplicates, flags, locks, copies between descriptors. */
#include "suite.h"
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

int main(void) {
  enter_scratch();
  char buffer[256];
  struct stat st;
  CHECK(FAILS(open("f", O_RDWR), ENOENT));
  int fd = open("f", O_RDWR | O_CREAT | O_EXCL, 0640);
  CHECK(fd >= 3);
  CHECK(FAILS(open("f", O_RDWR | O_CREAT | O_EXCL, 0640), EEXIST));
  CHECK(write(fd, "0123456789", 10) == 10);
  CHECK(lseek(fd, 0, SEEK_CUR) == 10 && lseek(fd, -4, SEEK_END) == 6);
  CHECK(read(fd, buffer, 10) == 4 && !memcmp(buffer, "6789", 4));
  CHECK(read(fd, buffer, 10) == 0);
  CHECK(FAILS(lseek(fd, -1, SEEK_SET), EINVAL));
  CHECK(pread(fd, buffer, 3, 2) == 3 && !memcmp(buffer, "234", 3));
  CHECK(pwrite(fd, "AB", 2, 4) == 2 && lseek(fd, 0, SEEK_CUR) == 10);
  CHECK(pread(fd, buffer, 20, 0) == 10 && !memcmp(buffer, "0123AB6789", 10));
  CHECK(FAILS(pread(fd, buffer, 1, -1), EINVAL));
  CHECK(FAILS(read(99, buffer, 1), EBADF));
  CHECK(FAILS(read(fd, (void *)8, 1), EFAULT) || pread(fd, buffer, 1, 10) == 0);
  CHECK(FAILS(pread(fd, (void *)8, 1, 0), EFAULT));
  CHECK(FAILS(write(fd, (void *)8, 1), EFAULT));
  CHECK(FAILS(open((char *)8, O_RDONLY), EFAULT));

  CHECK(ftruncate(fd, 4) == 0 && fstat(fd, &st) == 0 && st.st_size == 4);
  CHECK(ftruncate(fd, 100000) == 0 && pread(fd, buffer, 4, 99996) == 4 && !memcmp(buffer, "\0\0\0\0", 4));
  CHECK(FAILS(ftruncate(fd, -1), EINVAL));
  CHECK(lseek(fd, 5000000000, SEEK_SET) == 5000000000 && write(fd, "end", 3) == 3);
  CHECK(fstat(fd, &st) == 0 && st.st_size == 5000000003 && st.st_blocks < 1000);
  off_t data = lseek(fd, 200000, SEEK_DATA);
  CHECK(data > 4000000000 && data <= 5000000000);
  CHECK(lseek(fd, 0, SEEK_HOLE) <= 5000000003);
  CHECK(FAILS(lseek(fd, 6000000000, SEEK_DATA), ENXIO));
  CHECK(truncate("f", 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);

  struct iovec out[3] = {{"one ", 4}, {"", 0}, {"two three", 9}};
  CHECK(writev(fd, out, 3) == 13);
  char first[3], second[20];
  struct iovec in[2] = {{first, 3}, {second, 20}};
  lseek(fd, 0, SEEK_SET);
  CHECK(readv(fd, in, 2) == 13 && !memcmp(first, "one", 3) && !memcmp(second, " two three", 10));
  CHECK(pwritev(fd, out, 1, 20) == 4 && preadv(fd, in, 2, 10) == 14 && !memcmp(first, "ree", 3));
  CHECK(preadv2(fd, in, 1, 0, 0) == 3 && pwritev2(fd, out, 1, 0, RWF_APPEND) == 4);
  CHECK(FAILS(readv(fd, in, -1), EINVAL));
  struct iovec bad[2] = {{first, 1}, {(void *)8, 5}};
  lseek(fd, 0, SEEK_SET);
  CHECK(readv(fd, bad, 2) == 1 || errno == EFAULT);

  int copy = dup(fd);
  CHECK(lseek(fd, 5, SEEK_SET) == 5 && lseek(copy, 0, SEEK_CUR) == 5);
  CHECK(dup2(fd, 50) == 50 && dup2(fd, fd) == fd && FAILS(dup2(99, 51), EBADF));
  CHECK(FAILS(dup3(fd, fd, 0), EINVAL) && dup3(fd, 51, O_CLOEXEC) == 51);
  CHECK(fcntl(50, F_GETFD) == 0 && fcntl(51, F_GETFD) == FD_CLOEXEC);
  CHECK(fcntl(fd, F_DUPFD, 60) == 60 && fcntl(fd, F_DUPFD_CLOEXEC, 60) == 61 && fcntl(61, F_GETFD) == FD_CLOEXEC);
  CHECK(fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
  CHECK((fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK)) == O_RDWR);
  CHECK(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK) == 0);
  CHECK((fcntl(copy, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK)) == (O_RDWR | O_APPEND | O_NONBLOCK));
  CHECK(write(fd, "app", 3) == 3 && lseek(fd, 0, SEEK_CUR) == 31);
  CHECK(close(50) == 0 && close(51) == 0 && close(60) == 0 && close(61) == 0 && FAILS(close(61), EBADF));
  CHECK(FAILS(fcntl(fd, 9999), EINVAL));

  int only_read = open("f", O_RDONLY | O_CLOEXEC), only_write = open("f", O_WRONLY | O_APPEND);
  CHECK(FAILS(write(only_read, "x", 1), EBADF) && FAILS(read(only_write, buffer, 1), EBADF));
  CHECK(fcntl(only_read, F_GETFD) == FD_CLOEXEC);
  int path_only = open("f", O_PATH);
  CHECK(path_only >= 0 && FAILS(read(path_only, buffer, 1), EBADF) && fstat(path_only, &st) == 0);

  CHECK(flock(fd, LOCK_EX) == 0 && FAILS(flock(only_read, LOCK_EX | LOCK_NB), EWOULDBLOCK) && flock(fd, LOCK_UN) == 0);
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 2, .l_len = 5};
  CHECK(fcntl(fd, F_SETLK, &lock) == 0);
  lock.l_type = F_RDLCK;
  CHECK(fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type == F_UNLCK);
  struct flock description = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 100, .l_len = 1};
  CHECK(fcntl(fd, F_OFD_SETLK, &description) == 0);
  description.l_type = F_WRLCK;
  CHECK(FAILS(fcntl(only_write, F_OFD_SETLK, &description), EAGAIN));
  description.l_type = F_UNLCK;
  CHECK(fcntl(fd, F_OFD_SETLK, &description) == 0 && lockf(fd, F_TEST, 0) == 0);

  int other = open("g", O_RDWR | O_CREAT, 0600);
  off_t from = 0;
  CHECK(sendfile(other, only_read, &from, 8) == 8 && from == 8);
  loff_t in_offset = 0, out_offset = 8;
  CHECK(copy_file_range(only_read, &in_offset, other, &out_offset, 5, 0) == 5 && out_offset == 13);
  CHECK(pread(other, buffer, 20, 0) == 13 && !memcmp(buffer, "one two one t", 13));
  int ends[2];
  CHECK(pipe(ends) == 0);
  in_offset = 0;
  CHECK(splice(only_read, &in_offset, ends[1], NULL, 7, 0) == 7 && read(ends[0], buffer, 20) == 7);
  CHECK(write(ends[1], "tee", 3) == 3);
  int more[2];
  CHECK(pipe2(more, O_CLOEXEC | O_NONBLOCK) == 0 && tee(ends[0], more[1], 3, 0) == 3);
  CHECK(read(more[0], buffer, 9) == 3 && read(ends[0], buffer, 9) == 3 && FAILS(read(more[0], buffer, 1), EAGAIN));
  struct iovec splice_in = {(void *)"vm", 2};
  CHECK(vmsplice(ends[1], &splice_in, 1, 0) == 2 && read(ends[0], buffer, 9) == 2);
  int available;
  CHECK(write(ends[1], "abcde", 5) == 5 && ioctl(ends[0], FIONREAD, &available) == 0 && available == 5);
  CHECK(FAILS(lseek(ends[0], 0, SEEK_SET), ESPIPE) && FAILS(pread(ends[0], buffer, 1, 0), ESPIPE));
  CHECK(fcntl(ends[0], F_GETPIPE_SZ) == 65536 && fcntl(ends[0], F_SETPIPE_SZ, 131072) == 131072);

  CHECK(posix_fallocate(other, 0, 8192) == 0 && fstat(other, &st) == 0 && st.st_size == 8192);
  CHECK(fallocate(other, FALLOC_FL_KEEP_SIZE, 8192, 4096) == 0 && fstat(other, &st) == 0 && st.st_size == 8192);
  CHECK(posix_fadvise(other, 0, 0, POSIX_FADV_SEQUENTIAL) == 0 && readahead(other, 0, 4096) == 0);
  CHECK(fsync(other) == 0 && fdatasync(other) == 0 && syncfs(other) == 0);
  CHECK(unlink("g") == 0 && fstat(other, &st) == 0 && st.st_nlink == 0 && write(other, "still", 5) == 5);
  CHECK(unlink("f") == 0);
  CHECK(FAILS(unlink("f"), ENOENT) && FAILS(unlink(""), ENOENT));
  char long_name[300];
  memset(long_name, 'n', 299);
  long_name[299] = 0;
  CHECK(FAILS(open(long_name, O_RDONLY), ENAMETOOLONG));
  CHECK(close_range(40, 70, 0) == 0);
  leave_scratch();
  return finish();
}
