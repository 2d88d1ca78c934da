/*
 * Synchronous faults: signal, code, address relative to what was touched, and that the handler can go on.
 * Where x86 and RISC-V differ by design (the trap instruction's code, say) nothing is printed.
 */
#include "suite.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <ucontext.h>

enum { PAGE = 4096 };
static sigjmp_buf recover;
static siginfo_t seen;
static int seen_signo;
static bool on_alternate;
static char alternate[65536] __attribute__((aligned(16)));
static const char constant[64] = "read only";

static void on_fault(int signo, siginfo_t *info, void *context) {
  (void)context;
  char local;
  seen = *info;
  seen_signo = signo;
  on_alternate = &local >= alternate && &local < alternate + sizeof alternate;
  siglongjmp(recover, 1);
}

static void show(const char *what, const void *expected) {
  printf("%s: %s", what, sigabbrev_np(seen_signo));
  /* Which ILL_ code an illegal instruction gives is the architecture's affair. */
  if (seen_signo != SIGILL) printf(" code %d", seen.si_code);
  if (expected != (void *)-1) printf(" address %s", seen.si_addr == expected ? "as expected" : "WRONG");
  printf("%s\n", on_alternate ? " on the alternate stack" : "");
  if (expected != (void *)-1 && seen.si_addr != expected) failures++;
  seen_signo = 0;
}
#define FAULT(what, expected, action) \
  do { \
    if (sigsetjmp(recover, 1) == 0) { \
      action; \
      failures++; \
      printf("%s: no fault\n", what); \
    } else { \
      show(what, expected); \
    } \
  } while (0)

static int __attribute__((noinline)) overflow(int depth) {
  volatile char frame[1000];
  frame[0] = (char)depth;
  if (depth < 0) return 0;
  return overflow(depth + 1) + frame[0];
}

int main(void) {
  static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
  stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
  CHECK(sigaltstack(&stack, NULL) == 0);
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    EXPECT(sigaction(signals[i], &action, NULL) == 0);
  }
  volatile char *volatile null = NULL;
  FAULT("read null", NULL, (void)*null);
  FAULT("write null", NULL, *null = 1);
  FAULT("read near null", (void *)0x123, (void)null[0x123]);
  FAULT("call null", NULL, ((void (*volatile)(void))NULL)());
  FAULT("call near null", (void *)0x40, ((void (*volatile)(void))(uintptr_t)0x40)());
  FAULT("write constant", constant + 5, *(volatile char *)(uintptr_t)(constant + 5) = 1);

  char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT(p != MAP_FAILED);
  memset(p, 0, 4 * PAGE);
  FAULT("call data", p + PAGE, ((void (*)(void))(p + PAGE))());
  mprotect(p + PAGE, PAGE, PROT_READ);
  FAULT("write to a read-only page", p + PAGE + 8, *(volatile long *)(p + PAGE + 8) = 1);
  mprotect(p + PAGE, PAGE, PROT_NONE);
  FAULT("read no access", p + PAGE + 9, (void)*(volatile char *)(p + PAGE + 9));
  FAULT("double from no access", p + PAGE + 16, (void)*(volatile double *)(p + PAGE + 16));
  FAULT("float to no access", p + PAGE + 20, *(volatile float *)(p + PAGE + 20) = 1.5f);
  FAULT("atomic on no access", p + PAGE + 24, __atomic_fetch_add((int *)(p + PAGE + 24), 1, __ATOMIC_SEQ_CST));
  FAULT("exchange on no access", p + PAGE + 32, __atomic_exchange_n((long *)(p + PAGE + 32), 1, __ATOMIC_SEQ_CST));
  munmap(p + 2 * PAGE, PAGE);
  FAULT("read unmapped", p + 2 * PAGE, (void)*(volatile long *)(p + 2 * PAGE));
  FAULT("memset into unmapped", p + 2 * PAGE, memset(p + 2 * PAGE, 1, 64));
  FAULT("call unmapped", p + 2 * PAGE, ((void (*)(void))(p + 2 * PAGE))());

  int fd = memfd_create("short", 0);
  EXPECT(ftruncate(fd, 100) == 0);
  char *file = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  EXPECT(file != MAP_FAILED);
  CHECK(file[PAGE - 1] == 0);
  FAULT("read past the file's end", file + PAGE + 4, (void)*(volatile char *)(file + PAGE + 4));
  FAULT("write past the file's end", file + PAGE, *(volatile char *)(file + PAGE) = 1);

  struct rlimit limit = {1 << 20, 8 << 20};
  getrlimit(RLIMIT_STACK, &limit);
  CHECK(limit.rlim_cur >= 1 << 20);
  if (sigsetjmp(recover, 1) == 0) {
    printf("%d\n", overflow(0));
  } else {
    char local;
    /* The address is below here, by about the limit. */
    printf("stack overflow: %s, address %s%s\n", sigabbrev_np(seen_signo), (char *)seen.si_addr < &local ? "below" : "ABOVE",
           on_alternate ? ", on the alternate stack" : "");
  }
  FAULT("illegal instruction", (void *)-1, {
#if defined __riscv
    __asm__ volatile("unimp");
#elif defined __aarch64__
    __asm__ volatile("udf #0");
#else
    __asm__ volatile("ud2");
#endif
  });
  FAULT("raised SIGFPE", (void *)-1, raise(SIGFPE));
  FAULT("raised SIGTRAP", (void *)-1, raise(SIGTRAP));
  /* The register state at the fault: a value held in a register across it must survive siglongjmp-free repair. */
  volatile int total = 0;
  for (volatile int i = 0; i < 1000; i++) {
    volatile int caught = 0;
    if (sigsetjmp(recover, 1)) caught = 1;
    else *(volatile char *)(p + PAGE) = 1;
    total += caught;
  }
  CHECK(total == 1000);
  return finish();
}
