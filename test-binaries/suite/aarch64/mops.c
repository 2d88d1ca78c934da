/* Memory copy and memory set instructions: all sizes and overlaps, faults half way, and the state of the other option. */
#include "../suite.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <ucontext.h>
__asm__(".arch_extension mops");

#define SIZE 4096

static void copy(void *to, const void *from, size_t size) {
  __asm__ volatile("cpyp [%0]!, [%1]!, %2!\n cpym [%0]!, [%1]!, %2!\n cpye [%0]!, [%1]!, %2!"
                   : "+r"(to), "+r"(from), "+r"(size)::"memory", "cc");
  if (size != 0) printf("FAILED: %zu left\n", size);
}
static void copy_forward(void *to, const void *from, size_t size) {
  __asm__ volatile("cpyfprtn [%0]!, [%1]!, %2!\n cpyfmrtn [%0]!, [%1]!, %2!\n cpyfertn [%0]!, [%1]!, %2!"
                   : "+r"(to), "+r"(from), "+r"(size)::"memory", "cc");
  if (size != 0) printf("FAILED: %zu left\n", size);
}
static void *set(void *to, int byte, size_t size) {
  __asm__ volatile("setp [%0]!, %1!, %2\n setm [%0]!, %1!, %2\n sete [%0]!, %1!, %2"
                   : "+r"(to), "+r"(size) : "r"((uint64_t)byte | 0xabcdef00) : "memory", "cc");
  if (size != 0) printf("FAILED: %zu left\n", size);
  return to;
}

static unsigned char ours[SIZE], theirs[SIZE];

static void fill(void) {
  for (int i = 0; i < SIZE; i++) ours[i] = theirs[i] = (unsigned char)(i * 7 + i / 256);
}

static jmp_buf back;
static volatile uint64_t seen_pc, seen_left, seen_address;
static void on_fault(int signo, siginfo_t *info, void *context) {
  ucontext_t *u = context;
  seen_pc = u->uc_mcontext.pc;
  seen_left = u->uc_mcontext.regs[2];
  seen_address = (uint64_t)info->si_addr;
  /* Makes the page writable and goes on in the middle. */
  if (mprotect((void *)(seen_address & -4096ul), 4096, PROT_READ | PROT_WRITE) != 0) siglongjmp(back, signo);
}

/* With registers that are known, so that the handler can look at them. */
static void copy_registers(void *to, const void *from, size_t size) {
  register void *x0 __asm__("x0") = to;
  register const void *x1 __asm__("x1") = from;
  register size_t x2 __asm__("x2") = size;
  __asm__ volatile(".globl at_p\nat_p: cpyp [x0]!, [x1]!, x2!\n cpym [x0]!, [x1]!, x2!\n cpye [x0]!, [x1]!, x2!"
                   : "+r"(x0), "+r"(x1), "+r"(x2)::"memory", "cc");
}
extern char at_p[];

/* Registers of option B, in which C is set: the copy goes on from them. */
static void other_option(int down) {
  fill();
  const size_t size = 100, done = 37;
  unsigned char *to = ours + (down ? 1100 : 900), *from = ours + 1000;
  memmove(theirs + (to - ours), theirs + 1000, size);
  /* What has been done, from the side where it begins. */
  memmove(down ? to + size - done : to, down ? from + size - done : from, done);
  uint64_t x = (uint64_t)(down ? to + size - done : to + done);
  uint64_t y = (uint64_t)(down ? from + size - done : from + done);
  uint64_t left = size - done, flags = down ? 0xa0000000 : 0x20000000;
  __asm__ volatile("msr nzcv, %3\n cpym [%0]!, [%1]!, %2!\n cpye [%0]!, [%1]!, %2!\n mrs %3, nzcv"
                   : "+r"(x), "+r"(y), "+r"(left), "+r"(flags)::"memory", "cc");
  printf("other option %d: %zu left, flags %x, %s\n", down, (size_t)left, (unsigned)flags,
         memcmp(ours, theirs, SIZE) == 0 ? "same" : "FAILED");
}

int main(void) {
  printf("announced %d\n", (int)(getauxval(AT_HWCAP2) >> 43 & 1));
  int wrong = 0;
  static const int distances[] = {-300, -64, -17, -16, -15, -3, -1, 0, 1, 2, 7, 15, 16, 17, 31, 200};
  for (size_t d = 0; d < sizeof distances / sizeof *distances; d++)
    for (size_t size = 0; size < 300; size += size < 70 ? 1 : 13) {
      fill();
      copy(ours + 1000 + distances[d], ours + 1000, size);
      memmove(theirs + 1000 + distances[d], theirs + 1000, size);
      wrong += memcmp(ours, theirs, SIZE) != 0;
    }
  for (size_t size = 0; size < 200; size++) {
    fill();
    copy_forward(ours + 2001, ours + 3, size);
    memcpy(theirs + 2001, theirs + 3, size);
    wrong += memcmp(ours, theirs, SIZE) != 0;
    fill();
    wrong += set(ours + 5 + size, (int)size, size) != ours + 5 + 2 * size;
    memset(theirs + 5 + size, (int)size, size);
    wrong += memcmp(ours, theirs, SIZE) != 0;
  }
  printf("%d wrong\n", wrong);

  other_option(0);
  other_option(1);

  /* A size that is negative is cut off, and registers say so after the prologue. */
  uint64_t x = 0x1000, y = 0x2000, n = -5ul, flags = 0xf0000000;
  __asm__ volatile("msr nzcv, %3\n cpyfp [%0]!, [%1]!, %2!\n mrs %3, nzcv"
                   : "+r"(x), "+r"(y), "+r"(n), "+r"(flags)::"cc");
  printf("%lx %lx %lx %lx\n", x, y, n, flags);
  x = 0x2000, y = 0x1000, n = 1ul << 60;
  __asm__ volatile("cpyp [%0]!, [%1]!, %2!" : "+r"(x), "+r"(y), "+r"(n)::"cc");
  printf("%lx %lx %lx\n", x, y, n);
  x = 0x1000, n = 1ul << 63;
  __asm__ volatile("setp [%0]!, %1!, xzr" : "+r"(x), "+r"(n)::"cc");
  printf("%lx %lx\n", x, n);

  /* A page that cannot be written half way: the handler sees how much is left, and what comes after is done. */
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, NULL);
  unsigned char *area = mmap(NULL, 8 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  unsigned char *source = malloc(3 * 4096);
  for (int i = 0; i < 3 * 4096; i++) source[i] = (unsigned char)(i ^ i >> 8);
  mprotect(area + 4096, 4096, PROT_READ);
  if (sigsetjmp(back, 1) == 0) copy_registers(area + 100, source, 2 * 4096);
  printf("fault at +%d, %d left, page +%d\n", (int)((char *)seen_pc - at_p), (int)-(int64_t)seen_left,
         (int)((unsigned char *)seen_address - area) & -4096);
  printf("%s\n", memcmp(area + 100, source, 2 * 4096) == 0 ? "copied" : "FAILED: not copied");

  /* Hot enough to be compiled. */
  fill();
  for (int i = 0; i < 20000; i++) {
    const size_t size = (size_t)i % 97;
    copy(ours + 64 + size, ours + 1000 + i % 64, size);
    memcpy(theirs + 64 + size, theirs + 1000 + i % 64, size);
    set(ours + 512, i, (size_t)i % 40);
    memset(theirs + 512, i, (size_t)i % 40);
    copy(ours + 1000, ours + 500, 200);
    memcpy(theirs + 1000, theirs + 500, 200);
  }
  printf("compiled: %s\n", memcmp(ours, theirs, SIZE) == 0 ? "same" : "FAILED");
  return 0;
}
