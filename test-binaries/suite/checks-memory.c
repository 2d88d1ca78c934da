/* Calls about mappings. Results that are addresses are not shown. */
#include "checks.h"
#include <sys/shm.h>

static int file, write_only;
static char *two;

static void again(void) {
  char *pages = mmap(two, 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  if (pages != two) exit(96);
  munmap(two + 2 * 4096, 4096);
}

#define LENGTHS SET(V(0), V(1), V(4096), V(3 * 4096), V(-1), V(-4096))

int main(void) {
  prepare_pages();
  enter_scratch();
  file = open("file", O_RDWR | O_CREAT, 0644);
  write_only = open("file", O_WRONLY);
  if (ftruncate(file, 8192)) return 95;
  two = mmap(NULL, 3 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  restore = again;
  again();
  char *odd = two + 5, *beyond = two + 2 * 4096;
  CALL(mmap, DONE, SET(V(two), V(odd), V(WILD)), LENGTHS, SET(V(PROT_READ), V(PROT_READ | PROT_WRITE), V(64)),
       SET(V(MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE), V(MAP_PRIVATE | MAP_ANONYMOUS), V(0), V(MAP_PRIVATE | MAP_SHARED), V(MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)),
       ONE(-1), ONE(0));
  CALL(mmap, DONE, ONE(two), SET(V(0), V(4096)), SET(V(PROT_READ), V(PROT_READ | PROT_WRITE)),
       SET(V(MAP_PRIVATE), V(MAP_SHARED), V(MAP_SHARED_VALIDATE), V(MAP_SHARED_VALIDATE | 0x40000000), V(0)),
       SET(V(-1), V(999), V(file), V(write_only)), SET(V(0), V(4096), V(5), V(-4096)));
  CALL(munmap, NUMBER, SET(V(two), V(odd), V(NULL), V(WILD)), LENGTHS);
  CALL(mprotect, NUMBER, SET(V(two), V(odd), V(beyond), V(NULL), V(WILD)), LENGTHS, SET(V(PROT_READ), V(PROT_NONE), V(64), V(-1)));
  CALL(mremap, DONE, SET(V(two), V(odd), V(beyond), V(WILD)), SET(V(0), V(4096), V(8192), V(-1)), SET(V(0), V(4096), V(16384), V(-1)),
       SET(V(0), V(MREMAP_FIXED), V(8), V(MREMAP_MAYMOVE | MREMAP_FIXED)), SET(V(odd), V(two + 4096)));
  CALL(madvise, NUMBER, SET(V(two), V(odd), V(beyond), V(WILD)), LENGTHS,
       SET(V(MADV_NORMAL), V(MADV_DONTNEED), V(MADV_WILLNEED), V(MADV_FREE), V(MADV_REMOVE), V(MADV_DONTFORK), V(MADV_POPULATE_READ), V(MADV_COLD), V(7), V(1000)));
  CALL(msync, NUMBER, SET(V(two), V(odd), V(beyond), V(WILD)), LENGTHS, SET(V(MS_ASYNC), V(MS_SYNC), V(MS_INVALIDATE), V(MS_ASYNC | MS_SYNC), V(8)));
  CALL(mincore, NUMBER, SET(V(two), V(odd), V(beyond), V(WILD)), SET(V(0), V(4096), V(-1)), SET(V(buffer), V(NULL), V(readonly_page)));
  CALL(mlock, NUMBER, SET(V(two), V(odd), V(beyond), V(WILD)), LENGTHS);
  CALL(mlock2, NUMBER, SET(V(two), V(beyond)), SET(V(0), V(4096), V(-1)), SET(V(0), V(1), V(2)));
  CALL(munlock, NUMBER, SET(V(two), V(odd), V(beyond), V(WILD)), LENGTHS);
  CALL(mlockall, NUMBER, SET(V(0), V(8), V(MCL_ONFAULT)));
  CALL_NONE(munlockall, NUMBER);
  CALL(membarrier, DONE, SET(V(0), V(-1), V(1 << 20)), SET(V(0), V(2)), ONE(0));
  CALL(membarrier, NUMBER, SET(V(8), V(1 << 4)), ONE(0), ONE(0));
  CALL(brk, DONE, SET(V(0), V(WILD)));
  CALL(get_mempolicy, NUMBER, SET(V(NULL), V(WILD)), ONE(NULL), ONE(0), ONE(NULL), SET(V(0), V(64)));
  CALL(mbind, NUMBER, SET(V(two), V(odd)), ONE(4096), SET(V(0), V(99)), ONE(NULL), ONE(0), SET(V(0), V(1 << 20)));
  CALL(shmat, DONE, SET(V(-1), V(0x7ffffff)), ONE(NULL), ONE(0));
  CALL(shmdt, NUMBER, SET(V(two), V(NULL), V(WILD)));
  unlink("file");
  leave_scratch();
  return finish_checks();
}
