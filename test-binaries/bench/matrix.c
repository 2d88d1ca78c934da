/* Products of square matrices of doubles, blocked and plain. */
#include "bench.h"

int main(int argc, char **argv) {
  long n = size_argument(argc, argv, 670);
  double *a = malloc((size_t)(n * n) * 8), *b = malloc((size_t)(n * n) * 8), *c = calloc((size_t)(n * n), 8);
  for (long i = 0; i < n * n; i++) {
    a[i] = (double)(random64() >> 40) / 1e6 - 8;
    b[i] = (double)(random64() >> 40) / 1e6 - 8;
  }
  for (long i = 0; i < n; i++) {
    for (long k = 0; k < n; k++) {
      double x = a[i * n + k];
      for (long j = 0; j < n; j++) c[i * n + j] += x * b[k * n + j];
    }
  }
  double trace = 0;
  for (long i = 0; i < n; i++) {
    for (long j = 0; j < n; j++) {
      double sum = 0;
      for (long k = 0; k < n; k++) sum += b[i * n + k] * a[k * n + j];
      if (i == j) trace += sum;
      c[i * n + j] -= sum;
    }
  }
  double total = 0;
  for (long i = 0; i < n * n; i++) total += c[i];
  printf("%.6e %.6e\n", trace, total);
  return 0;
}
