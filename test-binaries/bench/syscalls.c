/* The cost of system calls: trivial ones, and small reads and writes. */
#include "bench.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
  long n = size_argument(argc, argv, 600000);
  int zero = open("/dev/zero", O_RDONLY), null = open("/dev/null", O_WRONLY);
  char buffer[256];
  long sum = 0;
  for (long i = 0; i < n; i++) {
    sum += syscall(SYS_getppid) > 0;
    sum += read(zero, buffer, sizeof buffer);
    sum += write(null, buffer, 64);
    struct timespec t;
    sum += clock_gettime(CLOCK_MONOTONIC, &t) + 1;
    if (i % 16 == 0) {
      struct stat st;
      sum += stat("/dev/null", &st) == 0;
    }
  }
  printf("%ld\n", sum);
  return 0;
}
