/* Memory that stays in memory: mlock(2) and mlockall(2), for what is mapped and what comes later. */
#include "suite.h"
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { PAGE = 4096, MANY = 64 };

static char *map(size_t length, int protection) { return mmap(NULL, length, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }
/* Pages of the range that are in memory. */
static int present(char *at) {
  static unsigned char pages[MANY];
  int count = 0;
  if (mincore(at, MANY * PAGE, pages)) return -1;
  for (int i = 0; i < MANY; i++) count += pages[i] & 1;
  return count;
}
/* All of this in a child: what it locks is its own. */
static int limited(void) {
  if (geteuid() == 0 && (setgid(65534) || setuid(65534))) return 1;
  struct rlimit limit;
  if (getrlimit(RLIMIT_MEMLOCK, &limit) || limit.rlim_max < 8 << 20) return 0;
  limit.rlim_cur = limit.rlim_max = 8 << 20;
  if (setrlimit(RLIMIT_MEMLOCK, &limit) || mlockall(MCL_FUTURE)) return 2;
  char *small = map(MANY * PAGE, PROT_READ | PROT_WRITE);
  if (small == MAP_FAILED || present(small) != MANY) return 3;
  if (map(16 << 20, PROT_READ | PROT_WRITE) != MAP_FAILED || errno != EAGAIN) return 4;
  char *old = sbrk(0);
  if (sbrk(16 << 20) != (void *)-1 || errno != ENOMEM || sbrk(0) != old) return 5;
  return munlockall() || map(16 << 20, PROT_READ | PROT_WRITE) == MAP_FAILED ? 6 : 0;
}

static int in_child(int (*run)(void)) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) _exit(run());
  int status;
  return waitpid(child, &status, 0) == child ? WEXITSTATUS(status) : -1;
}
static int inherits_nothing(void) { return present(map(MANY * PAGE, PROT_READ | PROT_WRITE)); }

int main(void) {
  CHECK(FAILS(mlockall(0), EINVAL) && FAILS(mlockall(64), EINVAL) && FAILS(mlockall(MCL_ONFAULT), EINVAL));
  CHECK(present(map(MANY * PAGE, PROT_READ | PROT_WRITE)) == 0);
  CHECK(in_child(limited) == 0);
  char *much = map(4 << 20, PROT_READ | PROT_WRITE);
  if (mlock(much, 4 << 20) != 0 || munlock(much, 4 << 20) != 0 || mlockall(MCL_FUTURE) != 0) {
    printf("no locks: %s\n", strerrorname_np(errno));
    return finish();
  }
  char *pages = map(MANY * PAGE, PROT_READ | PROT_WRITE);
  CHECK(present(pages) == MANY && munlock(pages, MANY * PAGE) == 0);
  CHECK(map(PAGE, PROT_NONE) != MAP_FAILED);
  CHECK(in_child(inherits_nothing) == 0);
  CHECK(mlockall(MCL_FUTURE | MCL_ONFAULT) == 0);
  pages = map(MANY * PAGE, PROT_READ | PROT_WRITE);
  CHECK(present(pages) == 0);
  pages[5 * PAGE] = 1;
  CHECK(present(pages) == 1);
  CHECK(munlockall() == 0 && present(map(MANY * PAGE, PROT_READ | PROT_WRITE)) == 0);
  return finish();
}
