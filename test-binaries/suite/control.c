/* Control flow: dense and sparse switches, function pointers, computed goto, deep and mutual recursion, VLAs, varargs. */
#include "suite.h"
#include <alloca.h>
#include <stdarg.h>

static int dense(int n) {
  switch (n) {
  case 0: return 17;
  case 1: return -4;
  case 2: return n * 3;
  case 3: return 99;
  case 4:
  case 5: return n + 1000;
  case 6: return 6;
  case 7: return 77;
  case 8: return 8888;
  case 9: return 9;
  case 10: return -10;
  case 11: return 1 << 11;
  default: return -1;
  }
}
static int sparse(long n) {
  switch (n) {
  case -1000000: return 1;
  case 5: return 2;
  case 70000: return 3;
  case 0x7fffffffffffL: return 4;
  default: return 0;
  }
}
static int interpret(const char *program) {
  static void *const labels[] = {&&add, &&twice, &&negate, &&skip, &&stop};
  int a = 1;
  const char *p = program;
#define NEXT goto *labels[*p++ - 'a']
  NEXT;
add: a += 3; NEXT;
twice: a *= 2; NEXT;
negate: a = -a; NEXT;
skip: if (a < 0) p++; NEXT;
stop: return a;
}
static int odd(unsigned n);
static int __attribute__((noinline)) even(unsigned n) { return n == 0 ? 1 : odd(n - 1); }
static int __attribute__((noinline)) odd(unsigned n) { return n == 0 ? 0 : even(n - 1); }
static int __attribute__((noinline)) ackermann(int m, int n) {
  return m == 0 ? n + 1 : n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}
static long deep(int n) {
  volatile char frame[256];
  frame[n & 255] = (char)n;
  return n == 0 ? 0 : deep(n - 1) + frame[n & 255] * 0 + 1;
}
static double mixed(int count, ...) {
  va_list list, again;
  va_start(list, count);
  va_copy(again, list);
  double sum = 0;
  for (int i = 0; i < count; i++) {
    if (i % 3 == 0) sum += va_arg(list, int);
    else if (i % 3 == 1) sum += va_arg(list, double);
    else sum += (double)va_arg(list, long);
  }
  va_end(list);
  sum += va_arg(again, int);
  va_end(again);
  return sum;
}
struct small { int a; float b; };
struct medium { double x, y; };
struct large { long values[9]; };
static struct small __attribute__((noinline)) swap_small(struct small s) { return (struct small){(int)s.b, (float)s.a}; }
static struct medium __attribute__((noinline)) swap_medium(struct medium m) { return (struct medium){m.y, m.x}; }
static struct large __attribute__((noinline)) rotate_large(struct large l) {
  long first = l.values[0];
  memmove(l.values, l.values + 1, 8 * sizeof(long));
  l.values[8] = first;
  return l;
}
static double __attribute__((noinline))
many(int a, double b, char c, float d, long e, double f, short g, float h, unsigned i, double j, long long k, float l,
     int m, double n, int o, double p, double q, float r, int s, double t) {
  return a + b * c + d * (double)e + f * g + h * i + j * (double)k + l * m + n * o + p * q + r * s + t;
}

int main(void) {
  for (int i = -1; i < 13; i++) printf("%d ", dense(i));
  printf("\n%d %d %d %d %d\n", sparse(-1000000), sparse(5), sparse(70000), sparse(0x7fffffffffffL), sparse(6));
  printf("%d %d\n", interpret("abacdae"), interpret("bbbcdbae"));
  printf("%d %d %d\n", even(100001), odd(77777), ackermann(2, 300));
  printf("%ld\n", deep(15000));
  printf("%g\n", mixed(12, 1, 0.5, 100L, 2, 0.25, 200L, 3, 0.125, 300L, 4, 0.0625, 400L));
  struct small s = swap_small((struct small){3, 7.5f});
  struct medium m = swap_medium((struct medium){1.5, -2.5});
  struct large l = rotate_large((struct large){{1, 2, 3, 4, 5, 6, 7, 8, 9}});
  printf("%d %g %g %g %ld %ld\n", s.a, s.b, m.x, m.y, l.values[0], l.values[8]);
  printf("%g\n", many(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20));
  int (*const table[])(unsigned) = {even, odd};
  for (unsigned i = 0; i < 6; i++) printf("%d", table[i & 1](i));
  putchar('\n');
  long sum = 0;
  for (int n = 1; n < 200; n++) {
    int vla[n];
    char *block = alloca(n);
    for (int i = 0; i < n; i++) vla[i] = i * n;
    memset(block, n, n);
    sum += vla[n - 1] + block[n - 1] % 7;
  }
  printf("%ld\n", sum);
  return finish();
}
