/* The riscv64 signal frame: registers and PC seen in the handler, and changed by it. */
#include "../suite.h"
#include <signal.h>
#include <sys/cachectl.h>
#include <sys/mman.h>
#include <ucontext.h>

extern char trap_site[], after_site[], load_site[], elsewhere[];
static uint64_t pc, regs[32];
static double f8, f31;
static int code, what;
static uint32_t fcsr;
static char *page;

static void handler(int signo, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  unsigned long *gregs = uc->uc_mcontext.__gregs;
  pc = gregs[REG_PC];
  memcpy(regs, gregs, sizeof regs);
  memcpy(&f8, &uc->uc_mcontext.__fpregs.__d.__f[8], 8);
  memcpy(&f31, &uc->uc_mcontext.__fpregs.__d.__f[31], 8);
  fcsr = uc->uc_mcontext.__fpregs.__d.__fcsr;
  code = info->si_code;
  if (what == 0) gregs[REG_PC] = (unsigned long)after_site;
  if (what == 1) {
    gregs[REG_PC] = (unsigned long)after_site;
    gregs[REG_A0] = 777;
    gregs[18] = 0x1818;
    double changed = 2.5;
    memcpy(&uc->uc_mcontext.__fpregs.__d.__f[8], &changed, 8);
    uc->uc_mcontext.__fpregs.__d.__fcsr = 0x45;
  }
  if (what == 2) mprotect(page, 4096, PROT_READ | PROT_WRITE);
  (void)signo;
}

int main(void) {
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(SIGTRAP, &action, NULL);
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGILL, &action, NULL);
  for (what = 0; what < 2; what++) {
    register uint64_t a0 __asm__("a0") = 0x1111222233334444;
    register uint64_t s2 __asm__("s2") = 18;
    register uint64_t t6 __asm__("t6") = 31;
    double in = 1.5, out;
    uint64_t csr;
    /* Local labels would be duplicated if the loop were unrolled; the label is global and the loop is kept. */
    __asm__ volatile(
        "fscsr zero, %5\n\t"
        "fmv.d fs0, %6\n\t"
        "fmv.d ft11, %6\n\t"
        ".globl trap_site\ntrap_site:\n\t"
        ".option push\n\t.option norvc\n\tebreak\n\t.option pop\n\t"
        ".globl after_site\nafter_site:\n\t"
        "fmv.d %3, fs0\n\t"
        "frcsr %4\n\tfscsr zero"
        : "+r"(a0), "+r"(s2), "+r"(t6), "=f"(out), "=&r"(csr)
        : "r"(0x21ul), "f"(in)
        : "fs0", "ft11", "memory");
    uint64_t a0_after = a0, s2_after = s2, t6_after = t6;
    printf("trap pc %s code %d a0 %lx s2 %lx t6 %lx fs0 %g ft11 %g fcsr %x\n", pc == (uint64_t)trap_site ? "exact" : "WRONG",
           code, regs[10], regs[18], regs[31], f8, f31, fcsr);
    printf("after: a0 %lx s2 %lx t6 %lx fs0 %g fcsr %lx\n", a0_after, s2_after, t6_after, out, csr);
  }
  page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  what = 2;
  /* Dropping all code is not another program: handlers still see all that happened. */
  EXPECT(__riscv_flush_icache(NULL, (void *)-1l, 0) == 0);
  uint64_t before = 1, loaded, after = 0;
  /* Each instruction around the fault happens once: the sum shows it. */
  __asm__ volatile(
      "addi %0, %0, 1\n\t"
      ".globl load_site\nload_site:\n\t"
      ".option push\n\t.option norvc\n\tld %1, 24(%3)\n\t.option pop\n\t"
      "addi %2, %2, 1\n\t"
      : "+r"(before), "=&r"(loaded), "+r"(after)
      : "r"(page)
      : "memory");
  printf("load pc %s before %lu loaded %lu after %lu\n", pc == (uint64_t)load_site ? "exact" : "WRONG", before, loaded, after);
  return finish();
}
