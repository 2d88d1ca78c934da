/* RNDR and RNDRRS: numbers that differ, in a loop that is compiled and across fork, with NZCV clear. */
#include "../suite.h"
#include <inttypes.h>
#include <sys/auxv.h>
#include <sys/wait.h>

#define ROUNDS 50000

#define READ(name, code) \
  static uint64_t name(void) { \
    uint64_t value, flags; \
    __asm__ volatile("cmp xzr, xzr\n mrs %0, " code "\n mrs %1, nzcv" : "=r"(value), "=r"(flags)::"cc"); \
    if (flags != 0) printf("FAILED: flags %" PRIx64 "\n", flags); \
    return value; \
  }
READ(rndr, "s3_3_c2_c4_0")
READ(rndrrs, "s3_3_c2_c4_1")

int main(void) {
  if (!(getauxval(AT_HWCAP2) >> 16 & 1)) printf("FAILED: not announced\n");
  uint64_t ones = 0, zeros = 0;
  uint64_t last = rndrrs();
  int same = 0;
  for (int i = 0; i < ROUNDS; i++) {
    uint64_t value = i % 2 ? rndr() : rndrrs();
    ones |= value;
    zeros |= ~value;
    same += value == last;
    last = value;
  }
  printf("%d repeated, %d %d\n", same, ones == ~0ul, zeros == ~0ul);
  fflush(stdout);
  int pipes[2];
  if (pipe(pipes) != 0) return 1;
  if (fork() == 0) {
    uint64_t value = rndr();
    return write(pipes[1], &value, sizeof value) != sizeof value;
  }
  uint64_t mine = rndr(), theirs;
  if (read(pipes[0], &theirs, sizeof theirs) != sizeof theirs) return 1;
  wait(NULL);
  printf("a child has %s\n", mine == theirs ? "the same" : "another");
  return 0;
}
