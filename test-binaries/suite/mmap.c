/* Memory mappings: kinds, placement, protection with a repairing handler, growing, discarding, the errors of each. */
#include "suite.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

enum { PAGE = 4096 };
static sigjmp_buf recover;
static volatile int faults, repair;
static char *volatile fault_address;

static void on_fault(int signo, siginfo_t *info, void *context) {
  (void)context;
  faults++;
  fault_address = info->si_addr;
  if (repair && signo == SIGSEGV) {
    uintptr_t page = (uintptr_t)info->si_addr & ~(uintptr_t)(PAGE - 1);
    mprotect((void *)page, PAGE, PROT_READ | PROT_WRITE);
    return;
  }
  siglongjmp(recover, signo);
}

/* The signal that touching gives, 0 if none. */
static int touch(volatile char *p, bool writing) {
  int signo = sigsetjmp(recover, 1);
  if (signo) return signo;
  if (writing) *p = 1;
  else (void)*p;
  return 0;
}
static char *map(void *hint, size_t size, int protection, int flags, int fd, off_t offset) {
  return mmap(hint, size, protection, flags, fd, offset);
}
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)

int main(void) {
  enter_scratch();
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  CHECK(sigaction(SIGSEGV, &action, NULL) == 0 && sigaction(SIGBUS, &action, NULL) == 0);

  char *p = map(NULL, 10 * PAGE, RW, ANON, -1, 0);
  CHECK(p != MAP_FAILED && (uintptr_t)p % PAGE == 0);
  CHECK(p[0] == 0 && p[10 * PAGE - 1] == 0);
  memset(p, 0x55, 10 * PAGE);
  CHECK(FAILS((long)map(NULL, 0, RW, ANON, -1, 0), EINVAL));
  CHECK(FAILS((long)map(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0), EINVAL));
  CHECK(FAILS((long)map(NULL, PAGE, RW, MAP_PRIVATE, -1, 0), EBADF));
  CHECK(FAILS((long)map(p + 1, PAGE, RW, ANON | MAP_FIXED, -1, 0), EINVAL));
  CHECK(FAILS((long)map(NULL, (size_t)1 << 62, RW, ANON, -1, 0), ENOMEM));

  /* Fixed and not replacing. */
  CHECK(munmap(p + 4 * PAGE, 2 * PAGE) == 0);
  CHECK(touch(p + 3 * PAGE, false) == 0 && touch(p + 4 * PAGE, false) == SIGSEGV && touch(p + 6 * PAGE, true) == 0);
  CHECK(fault_address == p + 4 * PAGE);
  CHECK(map(p + 4 * PAGE, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == p + 4 * PAGE);
  CHECK(FAILS((long)map(p + 3 * PAGE, 4 * PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0), EEXIST));
  CHECK(map(p + 2 * PAGE, 3 * PAGE, RW, ANON | MAP_FIXED, -1, 0) == p + 2 * PAGE && p[2 * PAGE] == 0 && p[PAGE] == 0x55);
  CHECK(map(p + 5 * PAGE, PAGE, RW, ANON, -1, 0) == p + 5 * PAGE);
  CHECK(munmap(p, 10 * PAGE) == 0 && munmap(p, 10 * PAGE) == 0);
  CHECK(FAILS(munmap(p + 1, PAGE), EINVAL) && FAILS(munmap(p, 0), EINVAL));
  CHECK(touch(p, false) == SIGSEGV && touch(p + 9 * PAGE, true) == SIGSEGV);

  /* Protection, and a handler that repairs. */
  p = map(NULL, 8 * PAGE, PROT_NONE, ANON, -1, 0);
  CHECK(touch(p, false) == SIGSEGV && touch(p, true) == SIGSEGV);
  CHECK(mprotect(p, 4 * PAGE, PROT_READ) == 0 && touch(p, false) == 0 && touch(p, true) == SIGSEGV);
  CHECK(touch(p + 4 * PAGE, false) == SIGSEGV);
  CHECK(mprotect(p + PAGE, PAGE, RW) == 0 && touch(p + PAGE, true) == 0 && touch(p + 2 * PAGE, true) == SIGSEGV);
  CHECK(FAILS(mprotect(p + 1, PAGE, RW), EINVAL) && mprotect(p, 0, RW) == 0);
  faults = 0;
  repair = 1;
  for (int i = 0; i < 8 * PAGE; i += 64) p[i] = (char)(i / 64);
  repair = 0;
  CHECK(faults == 7);
  int sum = 0;
  for (int i = 0; i < 8 * PAGE; i += 64) sum += (unsigned char)p[i];
  CHECK(sum == 65280);
  CHECK(munmap(p, 8 * PAGE) == 0 && FAILS(mprotect(p, PAGE, RW), ENOMEM));
  /* Every width of access, also across the edge of the page. */
  p = map(NULL, 2 * PAGE, RW, ANON, -1, 0);
  for (int width = 1; width <= 8; width *= 2) {
    for (int back = 1; back <= width; back++) {
      mprotect(p + PAGE, PAGE, PROT_NONE);
      faults = 0;
      repair = 1;
      char *at = p + PAGE - width + back;
      if (width == 1) *(volatile uint8_t *)at = 0x11;
      else if (width == 2) *(volatile uint16_t __attribute__((aligned(1))) *)at = 0x2222;
      else if (width == 4) *(volatile uint32_t __attribute__((aligned(1))) *)at = 0x44444444;
      else *(volatile uint64_t __attribute__((aligned(1))) *)at = 0x8888888888888888;
      repair = 0;
      EXPECT(faults == 1 && (unsigned char)at[0] == 0x11 * width && (unsigned char)at[width - 1] == 0x11 * width);
      EXPECT(fault_address == p + PAGE);
    }
  }
  munmap(p, 2 * PAGE);

  /* Files: private, shared, past the end. */
  int fd = open("f", O_RDWR | O_CREAT, 0600);
  char block[PAGE];
  for (int i = 0; i < 3; i++) {
    memset(block, 'a' + i, PAGE);
    EXPECT(write(fd, block, PAGE) == PAGE);
  }
  CHECK(ftruncate(fd, 2 * PAGE + 100) == 0);
  char *private = map(NULL, 3 * PAGE, RW, MAP_PRIVATE, fd, 0), *shared = map(NULL, 3 * PAGE, RW, MAP_SHARED, fd, 0);
  CHECK(private != MAP_FAILED && shared != MAP_FAILED && private[PAGE] == 'b' && shared[2 * PAGE + 99] == 'c');
  CHECK(shared[2 * PAGE + 100] == 0 && shared[3 * PAGE - 1] == 0);
  private[0] = 'P';
  shared[1] = 'S';
  CHECK(pread(fd, block, 2, 0) == 2 && block[0] == 'a' && block[1] == 'S' && private[0] == 'P');
  CHECK(pwrite(fd, "W", 1, PAGE) == 1 && shared[PAGE] == 'W' && private[PAGE] == 'W');
  CHECK(msync(shared, 3 * PAGE, MS_SYNC) == 0 && FAILS(msync(shared + 1, PAGE, MS_SYNC), EINVAL));
  char *tail = map(NULL, PAGE, PROT_READ, MAP_SHARED, fd, PAGE);
  CHECK(tail[0] == 'W' && FAILS((long)map(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 100), EINVAL));
  CHECK(ftruncate(fd, PAGE) == 0);
  CHECK(touch(shared + PAGE, false) == SIGBUS && fault_address == shared + PAGE && touch(shared, true) == 0);
  CHECK(touch(tail, false) == SIGBUS);
  CHECK(ftruncate(fd, 3 * PAGE) == 0 && shared[PAGE] == 0 && tail[0] == 0);
  int reading = open("f", O_RDONLY);
  CHECK(FAILS((long)map(NULL, PAGE, RW, MAP_SHARED, reading, 0), EACCES));
  char *readable = map(NULL, PAGE, PROT_READ, MAP_SHARED, reading, 0);
  CHECK(readable != MAP_FAILED && FAILS(mprotect(readable, PAGE, RW), EACCES));
  char *copied = map(NULL, PAGE, RW, MAP_PRIVATE, reading, 0);
  copied[5] = 'x';
  CHECK(copied[5] == 'x' && readable[5] == 'a');
  close(fd);
  CHECK(shared[1] == 'S');
  munmap(private, 3 * PAGE);
  munmap(shared, 3 * PAGE);
  char *anonymous = map(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  anonymous[0] = 1;
  CHECK(anonymous[0] == 1 && munmap(anonymous, PAGE) == 0);

  /* Moving and resizing. */
  p = map(NULL, 4 * PAGE, RW, ANON, -1, 0);
  memset(p, 'm', 4 * PAGE);
  CHECK(mremap(p, 4 * PAGE, 2 * PAGE, 0) == p && touch(p + 2 * PAGE, false) == SIGSEGV);
  map(p + 2 * PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0);
  CHECK(FAILS((long)mremap(p, 2 * PAGE, 3 * PAGE, 0), ENOMEM));
  char *moved = mremap(p, 2 * PAGE, 100 * PAGE, MREMAP_MAYMOVE);
  CHECK(moved != MAP_FAILED && moved != p && moved[2 * PAGE - 1] == 'm' && moved[2 * PAGE] == 0 && moved[100 * PAGE - 1] == 0);
  CHECK(touch(p, false) == SIGSEGV);
  char *target = map(NULL, 4 * PAGE, RW, ANON, -1, 0);
  memset(target, 't', 4 * PAGE);
  CHECK(mremap(moved, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target + PAGE) == target + PAGE);
  CHECK(target[0] == 't' && target[PAGE] == 'm' && target[2 * PAGE] == 't' && touch(moved, false) == SIGSEGV);
  CHECK(FAILS((long)mremap(moved, PAGE, PAGE, 0), EFAULT) && FAILS((long)mremap(target + 1, PAGE, PAGE, 0), EINVAL));

  /* Advice. */
  memset(target, 'd', 4 * PAGE);
  CHECK(madvise(target + PAGE, 2 * PAGE, MADV_DONTNEED) == 0);
  CHECK(target[0] == 'd' && target[PAGE] == 0 && target[3 * PAGE - 1] == 0 && target[3 * PAGE] == 'd');
  copied = map(NULL, PAGE, RW, MAP_PRIVATE, reading, 0);
  copied[0] = 'z';
  CHECK(madvise(copied, PAGE, MADV_DONTNEED) == 0 && copied[0] != 'z');
  CHECK(madvise(target, PAGE, MADV_WILLNEED) == 0 && madvise(target, PAGE, MADV_RANDOM) == 0);
  CHECK(madvise(target, PAGE, MADV_FREE) == 0);
  CHECK(FAILS(madvise(target + 1, PAGE, MADV_NORMAL), EINVAL) && FAILS(madvise(target, PAGE, 12345), EINVAL));
  unsigned char resident[4];
  CHECK(mincore(target, 4 * PAGE, resident) == 0 && (resident[3] & 1));
  munmap(p, 4 * PAGE);
  munmap(target, 4 * PAGE);
  CHECK(FAILS(mincore(target, PAGE, resident), ENOMEM) && FAILS(madvise(target, PAGE, MADV_DONTNEED), ENOMEM));

  /* Much address space, little memory. */
  size_t huge = 4ull << 30;
  p = map(NULL, huge, RW, ANON | MAP_NORESERVE, -1, 0);
  CHECK(p != MAP_FAILED);
  for (size_t at = 0; at < huge; at += huge / 16) p[at] = 1;
  p[huge - 1] = 2;
  CHECK(p[huge / 2] == 1 && p[huge / 2 + 1] == 0 && munmap(p, huge) == 0);
  p = map(NULL, 2 * PAGE, RW, ANON | MAP_POPULATE | MAP_STACK | MAP_LOCKED, -1, 0);
  CHECK(p != MAP_FAILED || errno == EAGAIN);
  CHECK(mlock(p, PAGE) == 0 && munlock(p, PAGE) == 0);
  p = map(NULL, PAGE, RW | PROT_EXEC, ANON, -1, 0);
  CHECK(p != MAP_FAILED && touch(p, true) == 0);
  CHECK(unlink("f") == 0);
  leave_scratch();
  return finish();
}
