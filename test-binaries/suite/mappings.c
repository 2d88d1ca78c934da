/* Mappings beyond mmap.c: hints, stacks that grow, mremap's forms, advice, locking, the break, files changed under maps. */
#include "suite.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { PAGE = 4096 };
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)
#define BAD(expression, number) ((expression) == MAP_FAILED && errno == (number))
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif

static sigjmp_buf recover;
static int code;
static void on_fault(int signo, siginfo_t *info, void *context) {
  (void)context;
  code = info->si_code;
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
static char *anonymous(size_t pages) { return mmap(NULL, pages * PAGE, RW, ANON, -1, 0); }

/* A child's exit status; 1000 + n if signal n killed it. */
static int status_of(pid_t child) {
  int status;
  if (waitpid(child, &status, 0) != child) return -1;
  return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void hints(void) {
  char *area = anonymous(64);
  CHECK(area != MAP_FAILED && munmap(area, 64 * PAGE) == 0);
  CHECK(mmap(area + 8 * PAGE, PAGE, RW, ANON, -1, 0) == area + 8 * PAGE);
  CHECK(mmap(area + 16 * PAGE + 100, PAGE, RW, ANON, -1, 0) == area + 16 * PAGE);
  char *elsewhere = mmap(area + 8 * PAGE, PAGE, RW, ANON, -1, 0);
  CHECK(elsewhere != MAP_FAILED && elsewhere != area + 8 * PAGE);
  CHECK(BAD(mmap(area + 8 * PAGE, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0), EEXIST));
  CHECK(munmap(elsewhere, PAGE) == 0 && munmap(area, 64 * PAGE) == 0);
  /* With flags that are not known: MAP_PRIVATE ignores them, MAP_SHARED_VALIDATE does not. */
  int fd = memfd_create("m", 0);
  CHECK(ftruncate(fd, PAGE) == 0);
  char *p = mmap(NULL, PAGE, RW, MAP_PRIVATE | 0x200000, fd, 0);
  CHECK(p != MAP_FAILED && munmap(p, PAGE) == 0);
  CHECK(BAD(mmap(NULL, PAGE, RW, MAP_SHARED_VALIDATE | 0x200000, fd, 0), EOPNOTSUPP));
  p = mmap(NULL, PAGE, RW, MAP_SHARED_VALIDATE, fd, 0);
  CHECK(p != MAP_FAILED && munmap(p, PAGE) == 0);
  CHECK(BAD(mmap(NULL, PAGE, RW, MAP_SHARED, -1, 0), EBADF));
  CHECK(BAD(mmap(NULL, PAGE, RW, ANON | MAP_FIXED_NOREPLACE | MAP_SHARED_VALIDATE | 0x80000, fd, PAGE / 2), EINVAL));
  close(fd);
  int directory = open("/", O_RDONLY), path = open("/proc/self/exe", O_PATH), ends[2];
  CHECK(BAD(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, directory, 0), ENODEV));
  CHECK(BAD(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, path, 0), EBADF));
  CHECK(pipe(ends) == 0 && BAD(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, ends[0], 0), ENODEV));
  int zero = open("/dev/zero", O_RDWR), writing = open("/dev/null", O_WRONLY);
  p = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, zero, 0);
  CHECK(p != MAP_FAILED && p[PAGE] == 0 && touch(p, true) == 0);
  p = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, zero, 0);
  CHECK(p != MAP_FAILED && p[PAGE] == 0 && touch(p, true) == 0);
  CHECK(BAD(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, writing, 0), EACCES));
  close(directory), close(path), close(ends[0]), close(ends[1]), close(zero), close(writing);
}

static void growing(void) {
  char *area = anonymous(1024);
  munmap(area, 1024 * PAGE);
  char *top = area + 1000 * PAGE;
  CHECK(mmap(top, PAGE, RW, ANON | MAP_GROWSDOWN | MAP_FIXED, -1, 0) == top);
  CHECK(touch(top - 1, true) == 0 && touch(top - 20 * PAGE, true) == 0 && top[-10 * PAGE] == 0);
  /* What lies below keeps its distance. */
  char *below = top - 300 * PAGE;
  CHECK(mmap(below, PAGE, RW, ANON | MAP_FIXED, -1, 0) == below);
  CHECK(touch(top - 40 * PAGE, false) == 0 && touch(below + PAGE, true) == SIGSEGV && code == SEGV_MAPERR);
  CHECK(mprotect(top, PAGE, PROT_READ | PROT_GROWSDOWN) == 0 && touch(top - 5 * PAGE, true) == SIGSEGV);
  CHECK(munmap(area, 1024 * PAGE) == 0);
  CHECK(BAD(mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0), EINVAL));
}

static void moving(void) {
  char *p = anonymous(8), *q = anonymous(16), *moved;
  memset(p, 'p', 8 * PAGE);
  memset(q, 'q', 16 * PAGE);
  CHECK(BAD(mremap(p, 8 * PAGE, 4 * PAGE, MREMAP_FIXED, q), EINVAL));
  CHECK(BAD(mremap(p, 8 * PAGE, 4 * PAGE, 64, q), EINVAL));
  CHECK(BAD(mremap(p, 8 * PAGE, 0, 0), EINVAL));
  CHECK(BAD(mremap(p, 8 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p + PAGE), EINVAL));
  CHECK(BAD(mremap(p, 8 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q + 1), EINVAL));
  /* Shrinking and moving at once; growing and moving at once. */
  CHECK(mremap(p, 8 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q + 2 * PAGE) == q + 2 * PAGE);
  CHECK(q[2 * PAGE - 1] == 'q' && q[2 * PAGE] == 'p' && q[6 * PAGE - 1] == 'p' && q[6 * PAGE] == 'q');
  CHECK(touch(p, false) == SIGSEGV && touch(p + 7 * PAGE, false) == SIGSEGV);
  CHECK(mremap(q + 2 * PAGE, 2 * PAGE, 6 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p) == p);
  CHECK(p[PAGE] == 'p' && p[2 * PAGE] == 0 && p[6 * PAGE - 1] == 0 && touch(q + 2 * PAGE, false) == SIGSEGV);
  /* Over a boundary of mappings with different protection. */
  CHECK(mprotect(p + PAGE, PAGE, PROT_READ) == 0 && BAD(mremap(p, 6 * PAGE, 7 * PAGE, MREMAP_MAYMOVE), EFAULT));
  CHECK(mprotect(p + PAGE, PAGE, RW) == 0);
  /* Protection goes along. */
  CHECK(mprotect(p, 6 * PAGE, PROT_READ) == 0);
  moved = mremap(p, 6 * PAGE, 200 * PAGE, MREMAP_MAYMOVE);
  CHECK(moved != MAP_FAILED && moved[0] == 'p' && touch(moved, true) == SIGSEGV && touch(moved + 199 * PAGE, true) == SIGSEGV);
  CHECK(touch(moved + 199 * PAGE, false) == 0 && munmap(moved, 200 * PAGE) == 0);
  /* The old mapping stays, empty. */
  p = anonymous(4);
  memset(p, 'd', 4 * PAGE);
  moved = mremap(p, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
  CHECK(moved != MAP_FAILED && moved != p && moved[3 * PAGE] == 'd' && p[3 * PAGE] == 0 && touch(p, true) == 0);
  CHECK(BAD(mremap(p, 4 * PAGE, 5 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL), EINVAL));
  CHECK(munmap(p, 4 * PAGE) == 0 && munmap(moved, 4 * PAGE) == 0);
  /* An old size of 0 maps shared pages a second time. */
  char *shared = mmap(NULL, 2 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  char *twin = mremap(shared, 0, 2 * PAGE, MREMAP_MAYMOVE);
  CHECK(twin != MAP_FAILED && twin != shared);
  shared[PAGE] = 's';
  CHECK(twin[PAGE] == 's');
  twin[0] = 't';
  CHECK(shared[0] == 't' && munmap(shared, 2 * PAGE) == 0 && twin[0] == 't' && munmap(twin, 2 * PAGE) == 0);
  CHECK(BAD(mremap(q, 0, PAGE, MREMAP_MAYMOVE), EINVAL));
  /* A file's mapping grows with the file's pages. */
  int fd = memfd_create("m", 0);
  CHECK(ftruncate(fd, 3 * PAGE) == 0 && pwrite(fd, "third", 5, 2 * PAGE) == 5);
  p = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
  moved = mremap(p, PAGE, 4 * PAGE, MREMAP_MAYMOVE);
  CHECK(moved != MAP_FAILED && !memcmp(moved + 2 * PAGE, "third", 5) && touch(moved + 3 * PAGE, false) == SIGBUS);
  CHECK(code == BUS_ADRERR);
  moved[PAGE] = 'x';
  CHECK(pread(fd, scratch_path, 1, PAGE) == 1 && scratch_path[0] == 'x');
  CHECK(munmap(moved, 4 * PAGE) == 0 && munmap(q, 16 * PAGE) == 0);
  close(fd);
}

static void advice(void) {
  char *p = anonymous(8), resident[8];
  memset(p, 'a', 8 * PAGE);
  CHECK(madvise(p, 8 * PAGE, MADV_WIPEONFORK) == 0);
  pid_t child = fork();
  if (child == 0) _exit(p[0] == 0 && p[8 * PAGE - 1] == 0 ? 11 : 12);
  CHECK(status_of(child) == 11 && p[0] == 'a');
  CHECK(madvise(p, 8 * PAGE, MADV_KEEPONFORK) == 0 && madvise(p + 2 * PAGE, PAGE, MADV_DONTFORK) == 0);
  child = fork();
  if (child == 0) {
    signal(SIGSEGV, SIG_DFL);
    if (p[0] != 'a' || p[3 * PAGE] != 'a') _exit(12);
    (void)*(volatile char *)(p + 2 * PAGE);
    _exit(13);
  }
  CHECK(status_of(child) == 1000 + SIGSEGV && p[2 * PAGE] == 'a');
  CHECK(madvise(p, 8 * PAGE, MADV_DOFORK) == 0);
  child = fork();
  if (child == 0) _exit(p[2 * PAGE] == 'a' ? 14 : 15);
  CHECK(status_of(child) == 14);
  CHECK(madvise(p, 4 * PAGE, MADV_DONTNEED) == 0 && p[0] == 0 && p[4 * PAGE] == 'a');
  CHECK(madvise(p, 4 * PAGE, MADV_POPULATE_WRITE) == 0 && mincore(p, 4 * PAGE, (void *)resident) == 0 && (resident[3] & 1));
  CHECK(mprotect(p, PAGE, PROT_READ) == 0 && FAILS(madvise(p, PAGE, MADV_POPULATE_WRITE), EINVAL));
  CHECK(madvise(p, PAGE, MADV_POPULATE_READ) == 0 && madvise(p, 0, MADV_DONTNEED) == 0 && madvise(p, PAGE, MADV_COLD) == 0);
  CHECK(mprotect(p, PAGE, PROT_NONE) == 0 && FAILS(madvise(p, PAGE, MADV_POPULATE_READ), EINVAL));
  CHECK(munmap(p + 4 * PAGE, PAGE) == 0 && FAILS(madvise(p, 8 * PAGE, MADV_DONTNEED), ENOMEM));
  CHECK(p[5 * PAGE] == 0);
  munmap(p, 8 * PAGE);
  int fd = memfd_create("m", 0);
  CHECK(ftruncate(fd, 4 * PAGE) == 0);
  p = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0);
  memset(p, 'r', 4 * PAGE);
  CHECK(madvise(p + PAGE, PAGE, MADV_REMOVE) == 0 && p[PAGE] == 0 && p[2 * PAGE] == 'r');
  CHECK(pread(fd, resident, 8, PAGE) == 8 && resident[0] == 0);
  CHECK(madvise(p, PAGE, MADV_DONTNEED) == 0 && p[0] == 'r');
  CHECK(FAILS(madvise(p, PAGE, MADV_WIPEONFORK), EINVAL));
  CHECK(FAILS(msync(p, PAGE, MS_SYNC | MS_ASYNC), EINVAL) && FAILS(msync(p, PAGE, 64), EINVAL));
  munmap(p, 4 * PAGE);
  CHECK(FAILS(msync(p, PAGE, MS_ASYNC), ENOMEM));
  close(fd);
}

static void locking(void) {
  char *p = anonymous(4);
  CHECK(mlock(p + 10, PAGE) == 0 && munlock(p, 2 * PAGE) == 0 && mlock2(p, PAGE, MLOCK_ONFAULT) == 0);
  CHECK(FAILS(mlock2(p, PAGE, 6), EINVAL) && FAILS(mlockall(0), EINVAL) && FAILS(mlockall(64), EINVAL));
  munmap(p, 4 * PAGE);
  CHECK(FAILS(mlock(p, PAGE), ENOMEM) && FAILS(munlock(p, PAGE), ENOMEM));
}

static void breaking(void) {
  char *start = sbrk(0);
  CHECK(sbrk(10 * PAGE) == start && start[0] == 0 && touch(start + 10 * PAGE - 1, true) == 0);
  CHECK(sbrk(-8 * PAGE) == start + 10 * PAGE && sbrk(0) == start + 2 * PAGE);
  CHECK(sbrk(8 * PAGE) == start + 2 * PAGE && start[10 * PAGE - 1] == 0);
  /* Something in the way. */
  uintptr_t end = ((uintptr_t)sbrk(0) + PAGE - 1) & -(uintptr_t)PAGE;
  CHECK(mmap((void *)(end + 4 * PAGE), PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) != MAP_FAILED);
  CHECK(BAD(sbrk(20 * PAGE), ENOMEM) && sbrk(0) == start + 10 * PAGE);
  CHECK(munmap((void *)(end + 4 * PAGE), PAGE) == 0 && sbrk(20 * PAGE) == start + 10 * PAGE);
  CHECK((void *)syscall(SYS_brk, 1) == sbrk(0));
  CHECK(brk(start) == 0 && sbrk(0) == start);
}

static void limits(void) {
  struct rlimit old, tight;
  CHECK(getrlimit(RLIMIT_AS, &old) == 0);
  tight = (struct rlimit){64 << 20, old.rlim_max};
  CHECK(setrlimit(RLIMIT_AS, &tight) == 0);
  CHECK(BAD(mmap(NULL, 128 << 20, RW, ANON, -1, 0), ENOMEM));
  char *p = mmap(NULL, 8 << 20, RW, ANON, -1, 0);
  CHECK(p != MAP_FAILED && BAD(mremap(p, 8 << 20, 128 << 20, MREMAP_MAYMOVE), ENOMEM));
  CHECK(malloc(200 << 20) == NULL && errno == ENOMEM);
  CHECK(munmap(p, 8 << 20) == 0 && setrlimit(RLIMIT_AS, &old) == 0);
  CHECK(getrlimit(RLIMIT_DATA, &old) == 0);
  tight = (struct rlimit){16 << 20, old.rlim_max};
  CHECK(setrlimit(RLIMIT_DATA, &tight) == 0 && BAD(mmap(NULL, 32 << 20, RW, ANON, -1, 0), ENOMEM));
  p = mmap(NULL, 32 << 20, PROT_READ, ANON, -1, 0);
  CHECK(p != MAP_FAILED && FAILS(mprotect(p, 32 << 20, RW), ENOMEM) && touch(p, false) == 0 && touch(p, true) == SIGSEGV);
  CHECK(setrlimit(RLIMIT_DATA, &old) == 0 && mprotect(p, 32 << 20, RW) == 0 && munmap(p, 32 << 20) == 0);
}

int main(void) {
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  setvbuf(stdout, NULL, _IOLBF, 0);
  CHECK(sigaction(SIGSEGV, &action, NULL) == 0 && sigaction(SIGBUS, &action, NULL) == 0);
  hints();
  growing();
  moving();
  advice();
  locking();
  breaking();
  limits();
  return finish();
}
