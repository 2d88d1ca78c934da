/* Calls and returns: Fibonacci, Ackermann, Hanoi, queens, calls through pointers. */
#include "bench.h"

#define NOINLINE __attribute__((noinline, noclone))
static NOINLINE long fibonacci(long n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }
static NOINLINE long ackermann(long m, long n) {
  return m == 0 ? n + 1 : n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}
static long moves;
static NOINLINE void hanoi(int n, int from, int to, int over) {
  if (n == 0) return;
  hanoi(n - 1, from, over, to);
  moves += from ^ to;
  hanoi(n - 1, over, to, from);
}
static NOINLINE long queens(unsigned all, unsigned columns, unsigned left, unsigned right) {
  if (columns == all) return 1;
  long solutions = 0;
  for (unsigned free = all & ~(columns | left | right); free; free &= free - 1) {
    unsigned bit = free & -free;
    solutions += queens(all, columns | bit, (left | bit) << 1, (right | bit) >> 1);
  }
  return solutions;
}
static NOINLINE long add(long a, long b) { return a + b; }
static NOINLINE long subtract(long a, long b) { return a - b; }
static NOINLINE long exclusive(long a, long b) { return a ^ b; }

int main(int argc, char **argv) {
  long n = size_argument(argc, argv, 40);
  printf("%ld\n", fibonacci(n));
  printf("%ld\n", ackermann(2, n * 20));
  hanoi((int)n - 13, 1, 2, 3);
  printf("%ld\n", moves);
  unsigned all = (1u << (n / 3 < 4 ? 4 : n / 3)) - 1;
  printf("%ld\n", queens(all, 0, 0, 0));
  long (*volatile table[])(long, long) = {add, subtract, exclusive, add};
  long sum = 1;
  for (long i = 0; i < n * 200000; i++) sum = table[i & 3](sum, i);
  printf("%ld\n", sum);
  return 0;
}
