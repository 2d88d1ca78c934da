/* gcd A B C: succeeds if C is the greatest common divisor of A and B. */
#include <stdlib.h>

static long gcd(long a, long b) { return b == 0 ? a : gcd(b, a % b); }

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  return gcd(atol(argv[1]), atol(argv[2])) == atol(argv[3]) ? 0 : 1;
}
