/* Addresses at the top of the 4 GiB, and what an offset makes of them: they wrap; in code that is hot. */
#include "../suite.h"
#include <setjmp.h>
#include <signal.h>

static sigjmp_buf back;
static uint32_t at;
static void fault(int signo, siginfo_t *info, void *context) {
  (void)signo, (void)context;
  at = (uint32_t)info->si_addr;
  siglongjmp(back, 1);
}

#define ACCESS(name, assembly) \
  static __attribute__((noinline)) uint32_t name(uint32_t base, int count) { \
    uint32_t sum = 0; \
    for (int i = 0; i < count; i++) { \
      uint32_t value = 1, next = 2; \
      __asm__ volatile(assembly : "+r"(value), "+r"(next) : "r"(base) : "memory", "d0", "d1"); \
      sum += value; \
    } \
    return sum; \
  }
ACCESS(word, "ldr %0, [%2, #16]")
ACCESS(byte, "ldrb %0, [%2, #4095]")
ACCESS(half, "ldrh %0, [%2, #254]")
ACCESS(below, "ldr %0, [%2, #-8]")
ACCESS(indexed, "ldr %0, [%2, %1, lsl #3]")
ACCESS(doubleword, "vldr d0, [%2, #24]\n\tvmov %0, %1, d0")
ACCESS(vector, "vld1.32 {d0, d1}, [%2]\n\tvmov %0, %1, d0")
ACCESS(store, "str %0, [%2, #16]")

static void try(const char *name, uint32_t (*access)(uint32_t, int), uint32_t base) {
  static uint32_t words[2048];
  access((uint32_t)(words + 64), 40000);
  bool returned = false;
  at = 0;
  if (sigsetjmp(back, 1) == 0) {
    access(base, 1);
    returned = true;
  }
  printf("%s at %08x: %s %08x\n", name, base, returned ? "done" : "fault at", at);
}
#define TRY(name, base) try(#name, name, base)

int main(void) {
  struct sigaction action = {.sa_sigaction = fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
  sigaction(SIGSEGV, &action, NULL);
  const uint32_t bases[] = {0xfffffff0, 0xfffffffc, 0xfffff000, 0xffff8000, 0xfffff004};
  for (size_t i = 0; i < sizeof bases / sizeof *bases; i++) {
    TRY(word, bases[i]);
    TRY(byte, bases[i]);
    TRY(half, bases[i]);
    TRY(below, bases[i]);
    TRY(indexed, bases[i]);
    TRY(doubleword, bases[i]);
    TRY(vector, bases[i]);
    TRY(store, bases[i]);
  }
  TRY(below, 0);
  TRY(below, 4);
  /* The version of the kernel's helpers. */
  CHECK(*(volatile int32_t *)0xffff0ffc >= 2);
  return finish();
}
