/* So many hot functions that most are compiled while others run. */
#ifndef HOT_H
#define HOT_H
#include <stdint.h>

#define NOINLINE __attribute__((noinline, noclone))
/* Each with constants of its own: none is another's copy. */
#define FUNCTION(n) \
  static NOINLINE uint64_t f##n(uint64_t x, int rounds) { \
    for (int i = 0; i < rounds; i++) { \
      x = x * 6364136223846793005u + 2 * (n) + 1; \
      if (x >> 63) x ^= (n) * 0x9e3779b9u; \
      else x += x >> (1 + (n) % 29); \
    } \
    return x; \
  }
#define TEN(m, n) m(n##0) m(n##1) m(n##2) m(n##3) m(n##4) m(n##5) m(n##6) m(n##7) m(n##8) m(n##9)
#define ALL(m) TEN(m, 1) TEN(m, 2) TEN(m, 3) TEN(m, 4) TEN(m, 5) TEN(m, 6) TEN(m, 7) TEN(m, 8) TEN(m, 9) TEN(m, 10) \
  TEN(m, 11) TEN(m, 12) TEN(m, 13) TEN(m, 14) TEN(m, 15) TEN(m, 16) TEN(m, 17) TEN(m, 18) TEN(m, 19)
ALL(FUNCTION)
#define NAME(n) f##n,
static uint64_t (*const functions[])(uint64_t, int) = {ALL(NAME)};
enum { COUNT = sizeof functions / sizeof *functions };

/* Every `step`th function from one on, each for so many rounds. */
static uint64_t run_hot(int from, int step, int rounds, uint64_t x) {
  for (int i = from; i < COUNT; i += step) x = functions[i](x, rounds);
  return x;
}
#endif
