/* Pointer authentication: what is signed is authenticated, with the same modifier and key only. */
#include "../suite.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#pragma GCC target("arch=armv8.3-a")

static sigjmp_buf back;
static void fault(int signo) { siglongjmp(back, signo); }

/* Bits that addresses do not use, but for the top byte. */
#define CODE (0x7ful << 48)

#define PAIR(key) \
  static uint64_t sign_##key(uint64_t p, uint64_t m) { \
    __asm__("pac" #key " %0, %1" : "+r"(p) : "r"(m)); \
    return p; \
  } \
  static uint64_t check_##key(uint64_t p, uint64_t m) { \
    __asm__("aut" #key " %0, %1" : "+r"(p) : "r"(m)); \
    return p; \
  }
PAIR(ia)
PAIR(ib)
PAIR(da)
PAIR(db)

static void try(const char *name, uint64_t (*sign)(uint64_t, uint64_t), uint64_t (*check)(uint64_t, uint64_t)) {
  int same = 0, differ = 0, refused = 0;
  for (int i = 0; i < 1000; i++) {
    uint64_t p = random64() >> 17, m = random64(), s = sign(p, m);
    EXPECT((s & ~CODE) == p);
    same += check(s, m) == p;
    differ += s != p;
    refused += check(s ^ 1ul << (48 + i % 7), m) != p;
    EXPECT(check(sign(p | 0xfful << 56, m), m) == (p | 0xfful << 56) || (p >> 55 & 1));
  }
  printf("%s: %d authenticated, %s signed, %d refused\n", name, same, differ > 900 ? "nearly all" : "few", refused);
}

__attribute__((noinline, target("branch-protection=pac-ret+leaf"))) static int protected(int x) { return x + 1; }

int main(void) {
  signal(SIGSEGV, fault);
  CHECK((getauxval(AT_HWCAP) >> 30 & 3) == 3);
  try("ia", sign_ia, check_ia);
  try("ib", sign_ib, check_ib);
  try("da", sign_da, check_da);
  try("db", sign_db, check_db);
  CHECK(protected(41) == 42);
  static uint64_t cell = 5;
  uint64_t signed_cell = (uint64_t)&cell, value = 0;
  __asm__ volatile("pacdza %0\n\tldraa %1, [%0]" : "+r"(signed_cell), "=&r"(value) : : "memory");
  CHECK(value == 5);
  uint64_t plain = signed_cell;
  __asm__("xpacd %0" : "+r"(plain));
  CHECK(plain == (uint64_t)&cell);
  int signo = sigsetjmp(back, 1);
  if (!signo) __asm__ volatile("ldraa %0, [%1]" : "=r"(value) : "r"(signed_cell ^ 1ul << 50) : "memory");
  CHECK(signo == SIGSEGV);
  uint64_t code = 0;
  __asm__("pacga %0, %1, %2" : "=r"(code) : "r"(1ul), "r"(2ul));
  CHECK((uint32_t)code == 0 && code != 0);
  /* Keys go to threads and forked children. */
  uint64_t before = sign_ia((uint64_t)&cell, 7);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) _exit(sign_ia((uint64_t)&cell, 7) == before ? 0 : 1);
  int status;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  return finish();
}
