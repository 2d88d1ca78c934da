/* long double is IEEE binary128 here, done in software by libgcc and libm. */
#include "../suite.h"
#include <fenv.h>
#include <math.h>

int main(void) {
  static const char *const texts[] = {"0.1", "1", "-3.25", "1e4000", "1e-4000", "123456789.123456789123456789", "6.02e23"};
  for (size_t i = 0; i < 7; i++) {
    volatile long double x = strtold(texts[i], NULL);
    for (size_t j = 0; j < 7; j++) {
      volatile long double y = strtold(texts[j], NULL);
      printf("%.35Lg %.35Lg %.35Lg %La\n", x + y, x * y, x / y, x - y);
      printf("%d %d %g %lld\n", x < y, x == y, (double)(x / 3), (long long)(fmodl(x, 1000)));
    }
    printf("%.30Lf %.25Le %.33Lg %.33Lg %.33Lg\n", fmodl(x, 1e6L), x, sqrtl(fabsl(x)), sinl(fmodl(x, 10)), expl(fmodl(x, 10)));
  }
  static const int modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};
  for (int m = 0; m < 4; m++) {
    fesetround(modes[m]);
    volatile long double a = 1, b = 3;
    feclearexcept(FE_ALL_EXCEPT);
    volatile long double q = a / b;
    printf("%La %d %a\n", q, fetestexcept(FE_INEXACT) != 0, (double)q);
  }
  return finish();
}
