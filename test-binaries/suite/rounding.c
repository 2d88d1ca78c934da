/* All rounding modes: arithmetic, conversions, rint family, printf and strtod. */
#include "suite.h"
#include <fenv.h>
#include <math.h>

static const struct {
  int mode;
  const char *name;
} modes[] = {{FE_TONEAREST, "nearest"}, {FE_TOWARDZERO, "zero"}, {FE_DOWNWARD, "down"}, {FE_UPWARD, "up"}};

/* The value passes through memory, so the compiler computes nothing itself. */
static double opaque(double x) {
  volatile double v = x;
  return v;
}
static float opaquef(float x) {
  volatile float v = x;
  return v;
}

int main(void) {
  static const double halves[] = {-3.5, -2.5, -1.5, -0.5, -0.25, 0.25, 0.5, 1.5, 2.5, 3.5, 1e10 + 0.5, 4503599627370495.5};
  static const double operands[][2] = {{1, 3}, {-1, 3}, {2, 3}, {0.1, 0.2}, {1, 10}, {1e308, 10}, {-1e308, 10},
                                       {5e-324, 3}, {-5e-324, 3}, {1, 1e-17}, {-1, 1e-17}, {1e16, 1}, {7, -11}};
  CHECK(fegetround() == FE_TONEAREST);
  for (int m = 0; m < 4; m++) {
    CHECK(fesetround(modes[m].mode) == 0 && fegetround() == modes[m].mode);
    printf("-- %s\n", modes[m].name);
    for (size_t i = 0; i < sizeof halves / sizeof *halves; i++) {
      double x = opaque(halves[i]);
      printf("%a: rint %a nearbyint %a lrint %ld llrint %lld round %a lround %ld trunc %a floor %a ceil %a (float) %a\n",
             x, rint(x), nearbyint(x), lrint(x), llrint(x), round(x), lround(x), trunc(x), floor(x), ceil(x),
             (double)(float)x);
    }
    for (size_t i = 0; i < sizeof operands / sizeof *operands; i++) {
      double x = opaque(operands[i][0]), y = opaque(operands[i][1]);
      printf("%a %a: + %a - %a * %a / %a\n", x, y, opaque(x + y), opaque(x - y), opaque(x * y), opaque(x / y));
      float s = opaquef((float)x), t = opaquef((float)y);
      printf("  float: + %a - %a * %a / %a\n", opaquef(s + t), opaquef(s - t), opaquef(s * t), opaquef(s / t));
      printf("  sqrt %a sqrtf %a fma %a fmaf %a\n", opaque(sqrt(fabs(x))), opaquef(sqrtf(fabsf(s))),
             opaque(fma(x, y, opaque(1.0))), opaquef(fmaf(s, t, opaquef(1.0f))));
    }
    static const long integers[] = {0, 1, -1, 16777217, -16777217, 9007199254740993, -9007199254740993, LONG_MAX, LONG_MIN};
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++) {
      volatile long n = integers[i];
      volatile unsigned long u = (unsigned long)n;
      printf("%ld: double %a float %a int float %a unsigned %a %a\n", n, (double)n, (double)(float)n, (double)(float)(int)n,
             (double)u, (double)(float)u);
    }
    printf("%.0f %.0f %.0f %.1f %.2f %.3e %g\n", 0.5, 1.5, -2.5, 0.25, -1.005, 12345.5, 0.00012345678);
    printf("%a %a %a %a\n", strtod("0.1", NULL), strtod("-0.1", NULL), strtod("1e-330", NULL), strtod("1e400", NULL));
    printf("%a %a\n", strtof("0.1", NULL), strtof("16777217", NULL));
  }
  fesetround(FE_TONEAREST);
  return finish();
}
