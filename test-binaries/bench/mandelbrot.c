/* Single-precision arithmetic and comparisons. */
#include "bench.h"

int main(int argc, char **argv) {
  long size = size_argument(argc, argv, 1120);
  long sum = 0;
  for (long y = 0; y < size; y++) {
    for (long x = 0; x < size; x++) {
      float cr = -2.0f + 3.0f * (float)x / (float)size, ci = -1.25f + 2.5f * (float)y / (float)size, r = 0, i = 0;
      int n = 0;
      while (n < 200 && r * r + i * i < 4.0f) {
        float t = r * r - i * i + cr;
        i = 2 * r * i + ci;
        r = t;
        n++;
      }
      sum += n == 200;
    }
  }
  /* Contraction to fused operations moves single points at the border. */
  printf("%ld%%\n", sum * 100 / (size * size));
  return 0;
}
