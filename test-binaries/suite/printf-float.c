/* printf of doubles in many formats, and the way back through strtod. */
#include "suite.h"
#include <float.h>
#include <math.h>

int main(void) {
  static const double values[] = {
      0.0,     -0.0,       1.0,      -1.0,        0.1,        0.5,       1.5,         2.5,        3.5,
      1e-5,    1e5,        123456.789, 1e15,      1e16,       1e17,      1e21,        1e22,       1e23,
      9.995,   0.0009995,  99999.5,  999999.5,    3.141592653589793, 2.718281828459045, 1.7976931348623157e308,
      DBL_MIN, DBL_TRUE_MIN, DBL_EPSILON, 4.35,   0.3,        2.0 / 3,   -1e-300,     5e-324,     123e-7,
      1.0 / 3, 9007199254740993.0, 4503599627370496.5, 18446744073709551616.0, INFINITY, -INFINITY,
  };
  static const char *const formats[] = {
      "%f",   "%.0f",  "%.1f",  "%.2f",    "%.10f",   "%.25f",  "%e",     "%.0e",   "%.3e",    "%.17e",
      "%g",   "%.1g",  "%.3g",  "%.17g",   "%#g",     "%a",     "%.0a",   "%.3a",   "%+f",     "% g",
      "%010.2f", "%-12.3e|", "%+.3a", "%#.0f", "%'.2f", "%G",    "%A",     "%20.10f", "%-20.5g|", "%+#.0e",
  };
  for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
    for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
      printf("%s: ", formats[f]);
      printf(formats[f], values[v]);
      putchar('\n');
    }
    char text[64];
    snprintf(text, sizeof text, "%.17g", values[v]);
    EXPECT(strtod(text, NULL) == values[v]);
    snprintf(text, sizeof text, "%a", values[v]);
    EXPECT(strtod(text, NULL) == values[v]);
    float single = (float)values[v];
    snprintf(text, sizeof text, "%.9g", single);
    EXPECT(strtof(text, NULL) == single);
  }
  printf("%.3f %.3f\n", fabs(NAN), fabs(strtod("nan", NULL)));
  /* A spread of random values, summed up. */
  uint64_t hash = 0;
  for (int i = 0; i < 2000; i++) {
    union {
      uint64_t bits;
      double value;
    } u = {.bits = random64()};
    if (isnan(u.value)) continue;
    char text[400];
    int length = snprintf(text, sizeof text, "%.17g %.6e %.10g", u.value, u.value, u.value);
    hash = hash_bytes(hash, text, length);
    EXPECT(strtod(text, NULL) == u.value);
  }
  printf("hash %016llx\n", (unsigned long long)hash);
  return finish();
}
