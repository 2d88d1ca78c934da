/* What the benchmark programs share: the size from the first argument, and data that is the same everywhere. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline long size_argument(int argc, char **argv, long usual) { return argc > 1 ? atol(argv[1]) : usual; }

static uint64_t random_state = 88172645463325252ull;
static inline uint64_t random64(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state;
}
