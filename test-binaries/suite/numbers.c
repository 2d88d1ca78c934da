/* strtol, strtod and friends: bases, limits, ends, errors. */
#include "suite.h"
#include <float.h>
#include <math.h>
#include <wchar.h>

int main(void) {
  static const char *const texts[] = {"0", "  42", "-42", "+7", "0x1f", "0X", "077", "08", "z", "9223372036854775807",
                                      "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
                                      "18446744073709551615", "18446744073709551616", "12abc", "", " ", "-", "1e3"};
  static const int bases[] = {0, 8, 10, 16, 36};
  for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
    for (size_t b = 0; b < sizeof bases / sizeof *bases; b++) {
      char *end;
      errno = 0;
      long value = strtol(texts[t], &end, bases[b]);
      int error = errno;
      errno = 0;
      unsigned long unsigned_value = strtoul(texts[t], NULL, bases[b]);
      int unsigned_error = errno;
      printf("\"%s\" base %d: %ld %lu rest \"%s\" %s %s\n", texts[t], bases[b], value, unsigned_value, end,
             strerrorname_np(error), strerrorname_np(unsigned_error));
    }
  }
  static const char *const floats[] = {"0", "-0", "1.5", ".5", "5.", "1e10", "1e-10", "1e400", "-1e400", "1e-400", "inf",
                                       "-INFINITY", "0x1p-3", "0x.8p1", "1e", "1e+", "0x", "2.2250738585072011e-308",
                                       "179769313486231570814527423731704356798070567525844996598917476803157260780028538760589558632766878171540458953514382464234321326889464182768467546703537516986049910576551282076245490090389328944075868508455133942304583236903222948165808559332123347747979",
                                       "0.1000000000000000055511151231257827021181583404541015625", "123456789012345678901234567890",
                                       "9007199254740993", "1.7976931348623158e308", "4.9e-324", "2.4e-324", "x", "1_000"};
  for (size_t t = 0; t < sizeof floats / sizeof *floats; t++) {
    char *end;
    errno = 0;
    double value = strtod(floats[t], &end);
    const char *error = strerrorname_np(errno);
    printf("\"%.30s\": %a rest \"%s\" %s, float %a\n", floats[t], value, end, error, strtof(floats[t], NULL));
  }
  printf("%d %ld %lld %g\n", atoi("123junk"), atol("-99"), atoll("1234567890123"), atof("2.5e2"));
  printf("%d %d %ld\n", abs(-3), (int)labs(-70000L), (long)llabs(-5000000000LL));
  double whole;
  double fraction = modf(-3.75, &whole);
  printf("%g %g\n", fraction, whole);
  char text[64];
  printf("%s %s\n", gcvt(1234.5678, 6, text), ecvt(0.00012345, 3, (int[1]){0}, (int[1]){0}));
  srand(1);
  int r1 = rand(), r2 = rand();
  srandom(42);
  printf("%d %d %ld %.6f\n", r1, r2, random(), (srand48(7), drand48()));
  return finish();
}
