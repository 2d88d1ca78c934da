/* Ends in the way its first argument says. */
#include "suite.h"
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static int __attribute__((noinline)) overflow(int depth) {
  volatile char frame[4096];
  frame[0] = 1;
  return depth < 0 ? 0 : overflow(depth + 1) + frame[0];
}

int main(int argc, char **argv) {
  const char *how = argc > 1 ? argv[1] : "";
  int number = argc > 2 ? atoi(argv[2]) : 0;
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  printf("before\n");
  fflush(stdout);
  if (!strcmp(how, "exit")) exit(number);
  if (!strcmp(how, "_exit")) _exit(number);
  if (!strcmp(how, "return")) return number;
  if (!strcmp(how, "exit-thread")) syscall(SYS_exit, number);
  if (!strcmp(how, "raise")) raise(number);
  if (!strcmp(how, "kill")) kill(getpid(), number);
  if (!strcmp(how, "abort")) abort();
  if (!strcmp(how, "read-null")) printf("%d\n", *(volatile int *)NULL);
  if (!strcmp(how, "write-null")) *(volatile int *)NULL = 1;
  if (!strcmp(how, "call-null")) ((void (*volatile)(void))NULL)();
  if (!strcmp(how, "wild")) printf("%d\n", *(volatile int *)(uintptr_t)0x7ffffffff000);
  if (!strcmp(how, "beyond")) printf("%d\n", *(volatile int *)(uintptr_t)0x4000001000);
  if (!strcmp(how, "non-canonical")) printf("%d\n", *(volatile int *)(uintptr_t)0x8123456789abcdef);
  if (!strcmp(how, "rodata")) *(volatile char *)(uintptr_t)"constant" = 'C';
  if (!strcmp(how, "noexec")) {
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ((void (*)(void))page)();
  }
  if (!strcmp(how, "overflow")) printf("%d\n", overflow(0));
  if (!strcmp(how, "illegal")) __builtin_trap();
  if (!strcmp(how, "blocked")) {
    /* A blocked synchronous signal kills even if a handler is there. */
    sigset_t set;
    signal(SIGSEGV, exit);
    sigfillset(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    *(volatile int *)NULL = 1;
  }
  if (!strcmp(how, "ignored")) {
    signal(SIGSEGV, SIG_IGN);
    *(volatile int *)NULL = 1;
  }
  if (!strcmp(how, "closed-stdout")) {
    close(1);
    return write(1, "x", 1) == -1 && errno == EBADF ? 0 : 1;
  }
  printf("after\n");
  return 0;
}
