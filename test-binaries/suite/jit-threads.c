/*
 * Threads run code and write data that lie on the same page, as the threads of a JIT do: whoever writes first opens the
 * page for all, and what the others were about to write must arrive, too, from user code and from the kernel.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__riscv)
static const uint16_t CODE[] = {0x0505, 0x8082}; /* c.addi a0, 1; c.jr ra */
#elif defined(__aarch64__)
static const uint32_t CODE[] = {0x91000400, 0xd65f03c0}; /* add x0, x0, #1; ret */
#else
static const uint8_t CODE[] = {0x48, 0x8d, 0x47, 0x01, 0xc3}; /* lea 1(%rdi), %rax; ret */
#endif

enum { THREADS = 4, TIMES = 300 };
struct page {
  char code[64];
  long counts[THREADS];
  char bytes[THREADS];
};
static struct page *page;
static int zero;

static void *work(void *argument) {
  long which = (long)argument;
  long (*next)(long) = (long (*)(long))(void *)page->code;
  for (int i = 0; i < TIMES; i++) {
    page->counts[which] = next(page->counts[which]);
    page->bytes[which] = 1;
    if (i % 16 == 0 && read(zero, &page->bytes[which], 1) != 1) perror("read");
  }
  return 0;
}

int main(void) {
  zero = fileno(fopen("/dev/zero", "r"));
  page = mmap(0, sizeof *page, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memcpy(page->code, CODE, sizeof CODE);
  __builtin___clear_cache(page->code, page->code + sizeof CODE);
  pthread_t threads[THREADS];
  for (long i = 0; i < THREADS; i++) pthread_create(&threads[i], 0, work, (void *)i);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], 0);
  for (int i = 0; i < THREADS; i++) printf("%ld %d\n", page->counts[i], page->bytes[i]);
  return 0;
}
