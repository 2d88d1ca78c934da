/* A mix of integer work: Collatz lengths, greatest common divisors, a prime sieve, bit counting. */
#include "bench.h"

static unsigned gcd(unsigned a, unsigned b) {
  while (b) {
    unsigned rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

int main(int argc, char **argv) {
  long n = size_argument(argc, argv, 8000000);
  uint64_t sum = 0;
  for (long i = 1; i <= n; i++) {
    uint64_t x = (uint64_t)i;
    int steps = 0;
    while (x != 1 && steps < 300) {
      x = x & 1 ? 3 * x + 1 : x >> 1;
      steps++;
    }
    sum += (uint64_t)steps;
  }
  for (long i = 1; i <= n; i++) sum += gcd((unsigned)(i * 7919), (unsigned)(random64() >> 40) + 1);
  char *sieve = calloc((size_t)n * 4 + 1, 1);
  for (long i = 2; i <= n * 4; i++) {
    if (sieve[i]) continue;
    sum += (uint64_t)i;
    for (long k = i * 2; k <= n * 4; k += i) sieve[k] = 1;
  }
  for (long i = 0; i < n * 4; i++) {
    uint64_t x = random64();
    x = x - (x >> 1 & 0x5555555555555555);
    x = (x & 0x3333333333333333) + (x >> 2 & 0x3333333333333333);
    sum = (sum << 1 | sum >> 63) ^ (x + (x >> 4));
  }
  printf("%016lx\n", (unsigned long)sum);
  return 0;
}
