/* Code that the program writes itself: made, run, changed, run again, with and without write permission in between. */
#include "../suite.h"
#include <sys/cachectl.h>
#include <sys/mman.h>

typedef long function(long);

/* addi a0, a0, n; ret */
static void emit_add(uint32_t *at, int n) {
  at[0] = 0x00050513 | (uint32_t)(n & 0xfff) << 20;
  at[1] = 0x00008067;
}

int main(void) {
  uint32_t *code = mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(code != MAP_FAILED);
  function *f = (function *)code;
  long sum = 0;
  for (int i = 0; i < 50; i++) {
    emit_add(code, i);
    __asm__ volatile("fence.i" ::: "memory");
    for (int k = 0; k < 3; k++) sum += f(1000);
  }
  printf("fence.i %ld\n", sum);
  sum = 0;
  for (int i = 0; i < 50; i++) {
    emit_add(code, -i);
    EXPECT(__riscv_flush_icache(code, code + 2, 0) == 0);
    sum += f(1000);
  }
  printf("riscv_flush_icache %ld\n", sum);
  /* Hot code, then changed. */
  for (int round = 0; round < 3; round++) {
    emit_add(code, round + 1);
    __builtin___clear_cache((char *)code, (char *)(code + 2));
    long x = 0;
    for (int i = 0; i < 100000; i++) x = f(x);
    printf("hot %ld\n", x);
  }
  /* Written under RW, run under RX. */
  for (int i = 0; i < 5; i++) {
    EXPECT(mprotect(code, 8192, PROT_READ | PROT_WRITE) == 0);
    emit_add(code, 7 * i);
    EXPECT(mprotect(code, 8192, PROT_READ | PROT_EXEC) == 0);
    __builtin___clear_cache((char *)code, (char *)(code + 2));
    printf("w^x %ld\n", f(0));
  }
  /* Replaced by a new mapping at the same address. */
  EXPECT(mmap(code, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == code);
  emit_add(code, 99);
  __builtin___clear_cache((char *)code, (char *)(code + 2));
  printf("remapped %ld\n", f(1));
  /* Two mappings of one page: written through one, run through the other. */
  int fd = memfd_create("code", 0);
  EXPECT(ftruncate(fd, 4096) == 0);
  uint32_t *writable = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  uint32_t *runnable = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
  for (int i = 1; i < 4; i++) {
    emit_add(writable, i * 11);
    __builtin___clear_cache((char *)runnable, (char *)(runnable + 2));
    CHECK(((function *)runnable)(0) == i * 11);
  }
  /* A function across the edge of two pages. */
  emit_add(code + 1023, 5);
  __builtin___clear_cache((char *)(code + 1023), (char *)(code + 1025));
  printf("across pages %ld\n", ((function *)(code + 1023))(1));
  return finish();
}
