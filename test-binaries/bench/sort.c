/* Sorting: the library's qsort, a quicksort and a heap sort of our own. */
#include "bench.h"

static int compare(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return x < y ? -1 : x > y;
}
static void quicksort(int64_t *a, long low, long high) {
  while (low < high) {
    int64_t pivot = a[(low + high) / 2];
    long i = low, j = high;
    while (i <= j) {
      while (a[i] < pivot) i++;
      while (a[j] > pivot) j--;
      if (i <= j) {
        int64_t t = a[i];
        a[i++] = a[j];
        a[j--] = t;
      }
    }
    if (j - low < high - i) {
      quicksort(a, low, j);
      low = i;
    } else {
      quicksort(a, i, high);
      high = j;
    }
  }
}
static void sift(int64_t *a, long root, long n) {
  for (long child; (child = 2 * root + 1) < n; root = child) {
    if (child + 1 < n && a[child + 1] > a[child]) child++;
    if (a[root] >= a[child]) return;
    int64_t t = a[root];
    a[root] = a[child];
    a[child] = t;
  }
}
static void heapsort_(int64_t *a, long n) {
  for (long i = n / 2; i-- > 0;) sift(a, i, n);
  for (long i = n; i-- > 1;) {
    int64_t t = a[0];
    a[0] = a[i];
    a[i] = t;
    sift(a, 0, i);
  }
}

int main(int argc, char **argv) {
  long n = size_argument(argc, argv, 3600000);
  int64_t *original = malloc((size_t)n * 8), *a = malloc((size_t)n * 8);
  uint64_t sum = 0;
  for (long i = 0; i < n; i++) original[i] = (int64_t)random64();
  for (int how = 0; how < 3; how++) {
    memcpy(a, original, (size_t)n * 8);
    if (how == 0) qsort(a, (size_t)n, 8, compare);
    if (how == 1) quicksort(a, 0, n - 1);
    if (how == 2) heapsort_(a, n);
    for (long i = 0; i < n; i++) sum = sum * 31 + (uint64_t)a[i];
  }
  printf("%016lx\n", (unsigned long)sum);
  return 0;
}
