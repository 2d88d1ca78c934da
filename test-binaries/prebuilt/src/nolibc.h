/* What a C program needs to run without a C library: the entry point and system calls. */
static inline long syscall3(long number, long a, long b, long c) {
  register long a7 __asm__("a7") = number;
  register long a0 __asm__("a0") = a;
  register long a1 __asm__("a1") = b;
  register long a2 __asm__("a2") = c;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
  return a0;
}
enum { SYS_write = 64, SYS_exit_group = 94 };

static inline unsigned long length(const char *s) {
  const char *p = s;
  while (*p) p++;
  return (unsigned long)(p - s);
}

int run(int argc, char **argv);

__attribute__((used)) static void start(long *stack) {
  int status = run((int)stack[0], (char **)(stack + 1));
  for (;;) syscall3(SYS_exit_group, status, 0, 0);
}
__asm__(".globl _start\n_start:\n  mv a0, sp\n  andi sp, sp, -16\n  tail start\n");
