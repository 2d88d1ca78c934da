/* The arm64 signal frame: registers, flags and records seen in the handler, and changed by it. */
#include "../suite.h"
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

extern char trap_site[], after_site[], load_site[];
static uint64_t pc, regs[31], pstate, fault_address, esr, frame_record;
static double d8, d31;
static int code, what, records;
static uint32_t fpcr, fpsr;
static char *page;

static void handler(int signo, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  mcontext_t *mc = &uc->uc_mcontext;
  pc = mc->pc;
  pstate = mc->pstate;
  fault_address = mc->fault_address;
  memcpy(regs, mc->regs, sizeof regs);
  code = info->si_code;
  records = 0;
  esr = 0;
  struct _aarch64_ctx *record = (void *)mc->__reserved;
  for (; record->magic != 0; record = (void *)((char *)record + record->size)) {
    records++;
    EXPECT(record->size >= 16 && record->size % 16 == 0);
    if (record->magic == FPSIMD_MAGIC) {
      struct fpsimd_context *fp = (void *)record;
      EXPECT(record->size == sizeof *fp);
      memcpy(&d8, &fp->vregs[8], 8);
      memcpy(&d31, &fp->vregs[31], 8);
      fpcr = fp->fpcr;
      fpsr = fp->fpsr;
      if (what == 1) {
        double changed = 2.5;
        memcpy(&fp->vregs[8], &changed, 8);
        fp->fpsr = 0x10;
        fp->fpcr = 3u << 22;
      }
    }
    if (record->magic == ESR_MAGIC) esr = ((struct esr_context *)record)->esr;
  }
  EXPECT(record->size == 0);
  /* What unwinders follow: x29 and x30 of where the signal came. */
  uint64_t *frame = __builtin_frame_address(0);
  frame_record = ((uint64_t *)frame[0])[0] == mc->regs[29] && ((uint64_t *)frame[0])[1] == mc->regs[30];
  if (what < 2) mc->pc = (uint64_t)after_site;
  if (what == 1) {
    mc->regs[0] = 777;
    mc->regs[19] = 0x1919;
    mc->pstate = 0x80000000;
  }
  if (what == 2) mprotect(page, 4096, PROT_READ | PROT_WRITE);
  (void)signo;
}

int main(void) {
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(SIGTRAP, &action, NULL);
  sigaction(SIGSEGV, &action, NULL);
  for (what = 0; what < 2; what++) {
    register uint64_t x0 __asm__("x0") = 0x1111222233334444;
    register uint64_t x19 __asm__("x19") = 19;
    register uint64_t x28 __asm__("x28") = 28;
    uint64_t flags, control, status, out;
    /* Local labels would be duplicated if the loop were unrolled; the label is global and the loop is kept. */
    __asm__ volatile(
        "msr fpsr, %7\n\tmsr fpcr, %8\n\tmsr nzcv, %9\n\t"
        "fmov d8, %10\n\tfmov d31, %10\n\t"
        ".globl trap_site\ntrap_site:\n\tbrk #0\n\t"
        ".globl after_site\nafter_site:\n\t"
        "mrs %3, nzcv\n\tmrs %4, fpcr\n\tmrs %5, fpsr\n\tmsr fpcr, xzr\n\tmsr fpsr, xzr\n\tfmov %6, d8"
        : "+r"(x0), "+r"(x19), "+r"(x28), "=&r"(flags), "=&r"(control), "=&r"(status), "=&r"(out)
        : "r"(0x8000001ul), "r"(1ul << 22), "r"(0x60000000ul), "r"(0x3ff8000000000000ul)
        : "d8", "d31", "cc", "memory");
    uint64_t x0_after = x0, x19_after = x19, x28_after = x28;
    printf("trap pc %s code %d x0 %lx x19 %lx x28 %lx nzcv %lx d8 %g d31 %g fpcr %x fpsr %x\n",
           pc == (uint64_t)trap_site ? "exact" : "WRONG", code, regs[0], regs[19], regs[28], pstate & 0xf0000000, d8, d31,
           fpcr, fpsr);
    printf("records %d, frame record %s\n", records, frame_record ? "right" : "WRONG");
    printf("after: x0 %lx x19 %lx x28 %lx nzcv %lx fpcr %lx fpsr %lx d8 %lx\n", x0_after, x19_after, x28_after, flags,
           control, status, out);
  }
  page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  what = 2;
  uint64_t before = 1, loaded, after = 0;
  /* Each instruction around the fault happens once: the sum shows it. */
  __asm__ volatile("add %0, %0, #1\n\t"
                   ".globl load_site\nload_site:\n\t"
                   "ldr %1, [%3, #24]\n\t"
                   "add %2, %2, #1\n\t"
                   : "+r"(before), "=&r"(loaded), "+r"(after)
                   : "r"(page)
                   : "memory");
  printf("load pc %s before %lu loaded %lu after %lu\n", pc == (uint64_t)load_site ? "exact" : "WRONG", before, loaded, after);
  /* A data abort from EL0, with a status of no permission. */
  printf("records %d, address %s, exception class %lx, status %lx\n", records,
         fault_address == (uint64_t)page + 24 ? "right" : "WRONG", esr >> 26, esr & 0x3c);
  return finish();
}
