/*
 * When a store-conditional (or store-exclusive) fails: after a change there and back by another thread, a signal, a
 * system call; and what is left when its access faults. Nothing here makes a system call between the load and the store
 * unless that is what is tried. For reservations.c of an architecture, which has load_reserved() and
 * store_conditional(), 0 if it was stored.
 */
#include "suite.h"
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>

static long load_reserved(volatile long *p);
static long store_conditional(volatile long *p, long value);

static int replace(volatile long *p, long old, long new) {
  for (;;) {
    if (load_reserved(p) != old) return 0;
    if (!store_conditional(p, new)) return 1;
  }
}

/* What the other thread does when it is asked to, while the first waits without a system call. */
static void (*volatile request)(void);
static void ask(void (*action)(void)) {
  request = action;
  while (request) {}
}
static void *serve(void *argument) {
  for (;;) {
    void (*action)(void) = request;
    if (!action) continue;
    action();
    request = NULL;
  }
  return argument;
}

static pthread_t first;
static volatile long cells[1024];
static volatile long *page;
static int fd;
static long size;

static void nothing(void) {}
static void there_and_back(void) {
  EXPECT(replace(&cells[0], 1, 2));
  EXPECT(replace(&cells[0], 2, 1));
}
static void elsewhere(void) { EXPECT(replace(&cells[512], 0, 0)); }
static void plainly(void) { cells[0] = 3; }

static volatile sig_atomic_t handled;
static void handle(int signo) {
  (void)signo;
  load_reserved(&cells[0]);
  handled = 1;
}
static void interrupt_first(void) {
  pthread_kill(first, SIGUSR1);
  while (!handled) {}
}

static sigjmp_buf back;
static void fault(int signo) { siglongjmp(back, signo); }
static void protect(void) { mprotect((void *)page, size, PROT_READ); }
static void unmap(void) { munmap((void *)page, size); }
static void cut(void) { EXPECT(ftruncate(fd, 0) == 0); }

static long add(volatile long *p, long value) { return __atomic_fetch_add(p, value, __ATOMIC_RELAXED); }

/* An access to memory that is taken away after a load; then a store-conditional to what is put in its place. */
static void faults(const char *what, void (*action)(void), long (*access)(volatile long *, long), int with_file) {
  char name[] = "/tmp/suite-XXXXXX";
  fd = mkstemp(name);
  unlink(name);
  EXPECT(ftruncate(fd, size) == 0);
  page = mmap(NULL, size, PROT_READ | PROT_WRITE, with_file ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS,
              with_file ? fd : -1, 0);
  int signo = sigsetjmp(back, 1);
  if (!signo) {
    load_reserved(page);
    ask(action);
    access(page, 1);
  }
  printf("%s: signal %d\n", what, signo);
  EXPECT(mmap((void *)page, size, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == page);
  EXPECT(replace(page, 0, 1));
  EXPECT(*page == 1);
  munmap((void *)page, size);
  close(fd);
}

static int try(void (*action)(void)) {
  cells[0] = 1;
  EXPECT(load_reserved(&cells[0]) == 1);
  ask(action);
  int failed = store_conditional(&cells[0], 7) != 0;
  EXPECT((cells[0] == 7) == !failed);
  return failed;
}

int main(void) {
  size = sysconf(_SC_PAGESIZE);
  first = pthread_self();
  pthread_t other;
  pthread_create(&other, NULL, serve, NULL);
  signal(SIGUSR1, handle);
  signal(SIGSEGV, fault);
  signal(SIGBUS, fault);

  int failed = 0;
  for (int i = 0; i < 100; i++) failed += try(there_and_back);
  printf("there and back: %d of 100 fail\n", failed);
  printf("a plain store: %s\n", try(plainly) ? "fails" : "succeeds");
  failed = 0;
  for (int i = 0; i < 100; i++) failed += try(nothing) || try(elsewhere);
  printf("nothing: %s\n", failed < 50 ? "succeeds" : "fails");
  printf("a signal: %s\n", try(interrupt_first) ? "fails" : "succeeds");
  load_reserved(&cells[0]);
  getppid();
  printf("a system call: %s\n", store_conditional(&cells[0], 7) ? "fails" : "succeeds");
  load_reserved(&cells[0]);
  store_conditional(&cells[0], 8);
  printf("a second time: %s\n", store_conditional(&cells[0], 9) ? "fails" : "succeeds");

  faults("read-only", protect, store_conditional, 0);
  faults("unmapped", unmap, store_conditional, 0);
  faults("beyond the end", cut, store_conditional, 1);
  faults("beyond the end, atomic addition", cut, add, 1);
  return finish();
}
