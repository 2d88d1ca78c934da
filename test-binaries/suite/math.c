/* libm, to ten digits: the last bits may differ between builds of the library. */
#include "suite.h"
#include <complex.h>
#include <math.h>

int main(void) {
  static const double values[] = {0.1, 0.5, 1.0, 1.7, 2.0, 3.3, 10.0, 0.001, 25.5};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    volatile double x = values[i];
    printf("%g: sin %.10g cos %.10g tan %.10g exp %.10g log %.10g log2 %.10g log10 %.10g\n", x, sin(x), cos(x), tan(x),
           exp(x), log(x), log2(x), log10(x));
    printf("  atan %.10g sinh %.10g cosh %.10g tanh %.10g asinh %.10g expm1 %.10g log1p %.10g\n", atan(x), sinh(x),
           cosh(x), tanh(x), asinh(x), expm1(x), log1p(x));
    printf("  cbrt %.10g erf %.10g erfc %.10g tgamma %.10g lgamma %.10g j0 %.8g y1 %.8g\n", cbrt(x), erf(x), erfc(x),
           tgamma(x), lgamma(x), j0(x), y1(x));
    printf("  pow %.10g %.10g atan2 %.10g hypot %.10g fmod %.10g remainder %.10g\n", pow(x, 2.5), pow(x, -0.3),
           atan2(x, -1), hypot(x, 3), fmod(x, 0.7), remainder(x, 0.7));
    int exponent, quotient;
    double fraction = frexp(x, &exponent), whole, rest = remquo(x, 0.3, &quotient);
    printf("  frexp %a %d modf %.10g remquo %.10g %d ldexp %a logb %g ilogb %d scalbn %a\n", fraction, exponent,
           modf(x, &whole), rest, quotient & 7, ldexp(x, 5), logb(x), ilogb(x), scalbn(x, -3));
    printf("  nextafter %a %a fdim %.10g float: %.5g %.5g %.5g\n", nextafter(x, 100), nextafterf(x, 0), fdim(x, 1),
           sinf(x), expf(x), powf(x, 1.5f));
  }
  double complex z = csqrt(-3 + 4 * I), w = cexp(1 + 2 * I) * (2 - I) / (1 + 3 * I);
  printf("%.10g %.10g %.10g %.10g %.10g\n", creal(z), cimag(z), creal(w), cimag(w), cabs(w));
  return finish();
}
