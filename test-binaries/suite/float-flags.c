/* Results and accrued exceptions of single operations, floats and doubles; NaNs are printed without sign or payload. */
#include "suite.h"
#include <fenv.h>
#include <float.h>
#include <math.h>

static void flags(void) {
  int f = fetestexcept(FE_ALL_EXCEPT);
  printf(" [%s%s%s%s%s]\n", f & FE_INVALID ? "V" : "", f & FE_DIVBYZERO ? "Z" : "", f & FE_OVERFLOW ? "O" : "",
         f & FE_UNDERFLOW ? "U" : "", f & FE_INEXACT ? "X" : "");
}

static void show(const char *what, double result) {
  int kept = fetestexcept(FE_ALL_EXCEPT);
  if (isnan(result)) printf("%s nan", what);
  else printf("%s %a", what, result);
  feclearexcept(FE_ALL_EXCEPT);
  feraiseexcept(kept);
  flags();
}

#define TRY(type, what, expression) \
  do { \
    feclearexcept(FE_ALL_EXCEPT); \
    volatile type result_ = (expression); \
    show(what, result_); \
  } while (0)

int main(void) {
  static const double values[] = {0.0, -0.0, 1.0, -1.0, 1.5, 3.0, 0.1, DBL_MAX, DBL_MIN, DBL_TRUE_MIN, -DBL_TRUE_MIN,
                                  1e300, 1e-300, 1 + DBL_EPSILON, INFINITY, -INFINITY, NAN};
  enum { COUNT = sizeof values / sizeof *values };
  for (int i = 0; i < COUNT; i++) {
    volatile double a = values[i];
    printf("a = %s%a\n", isnan(a) ? "(nan) " : "", isnan(a) ? 0.0 : a);
    TRY(double, "sqrt", sqrt(a));
    TRY(float, "narrow", (float)a);
    TRY(double, "rint", rint(a));
    TRY(double, "nearbyint", nearbyint(a));
    for (int j = 0; j < COUNT; j++) {
      volatile double b = values[j];
      printf("b = %s%a\n", isnan(b) ? "(nan) " : "", isnan(b) ? 0.0 : b);
      TRY(double, "add", a + b);
      TRY(double, "sub", a - b);
      TRY(double, "mul", a * b);
      TRY(double, "div", a / b);
      TRY(double, "lt", a < b);
      TRY(double, "le", a <= b);
      TRY(double, "eq", a == b);
      TRY(double, "isless", isless(a, b));
      TRY(double, "copysign", copysign(a, isnan(b) ? 1.0 : b));
      if (!isnan(a) && !isnan(b) && a != b) {
        TRY(double, "fmax", fmax(a, b));
        TRY(double, "fmin", fmin(a, b));
      }
      /* Whether infinity times zero plus NaN is invalid is left to the implementation (IEEE 754, 7.2). */
      double addend = values[(i + j) % COUNT];
      bool chosen = isnan(addend) && ((isinf(a) && b == 0) || (a == 0 && isinf(b)));
      if (!chosen) TRY(double, "fma", fma(a, b, addend));
      volatile float s = (float)a, t = (float)b;
      TRY(float, "addf", s + t);
      TRY(float, "subf", s - t);
      TRY(float, "mulf", s * t);
      TRY(float, "divf", s / t);
      chosen = isnan(addend) && ((isinf(s) && t == 0) || (s == 0 && isinf(t)));
      if (!chosen) TRY(float, "fmaf", fmaf(s, t, (float)addend));
    }
  }
  /* Conversions to integers that fit; the others differ between architectures. */
  static const double in_range[] = {0, -0.0, 0.5, -0.5, 1.5, -1.5, 2147483647.0, -2147483648.0, 0.999999, 1e9 + 0.25};
  for (size_t i = 0; i < sizeof in_range / sizeof *in_range; i++) {
    volatile double a = in_range[i];
    feclearexcept(FE_ALL_EXCEPT);
    volatile int word = (int)a;
    printf("int %d", word);
    flags();
    feclearexcept(FE_ALL_EXCEPT);
    volatile long wide = (long)a;
    printf("long %ld", wide);
    flags();
  }
  fenv_t environment;
  feclearexcept(FE_ALL_EXCEPT);
  feraiseexcept(FE_OVERFLOW);
  CHECK(feholdexcept(&environment) == 0);
  CHECK(fetestexcept(FE_ALL_EXCEPT) == 0);
  feraiseexcept(FE_DIVBYZERO);
  CHECK(feupdateenv(&environment) == 0);
  CHECK(fetestexcept(FE_OVERFLOW) == FE_OVERFLOW && fetestexcept(FE_DIVBYZERO) == FE_DIVBYZERO);
  return finish();
}
