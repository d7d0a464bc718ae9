// libm, rounding, comparisons with NaN, conversions, and software quad precision.
#include <complex.h>
#include <fenv.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>

int main(void) {
  for (double x = -2.75; x < 3; x += 0.6875)
    printf("%.10g %.10g %.10g %.10g %.10g %.10g %.10g\n", sin(x), cos(x), tan(x), exp(x), atan(x), sinh(x), cbrt(x));
  for (double x = 0.125; x < 100; x *= 3.1) printf("%.10g %.10g %.10g %.10g %.10g %.10g\n", log(x), log2(x), log10(x), sqrt(x), pow(x, 1.7), lgamma(x));
  double ties[] = {0.5, 1.5, 2.5, -0.5, -1.5, 0.49999999999999994, 4503599627370497.5, -2.5000001};
  for (unsigned i = 0; i < 8; i++) printf("%g %g %g %g %g %ld %lld\n", floor(ties[i]), ceil(ties[i]), trunc(ties[i]), rint(ties[i]), round(ties[i]), lrint(ties[i] < 1e9 ? ties[i] : 0), llround(ties[i]));
  printf("%g %g %g %g %g\n", fmod(7.5, 2), fmod(-7.5, 2), remainder(7.5, 2), hypot(3, 4), fma(1e16, 1e16, -1e32));
  volatile double nan_ = NAN, zero = 0, one = 1;
  printf("%d%d%d%d%d%d %d%d %d%d\n", nan_ == nan_, nan_ != nan_, nan_ < one, nan_ > one, nan_ <= one, nan_ >= one, !(nan_ < one), !(nan_ >= one), zero == -zero, signbit(-zero) != 0);
  printf("%g %g %d %d %d\n", one / zero, -one / zero, isnan(zero / zero), isinf(one / zero), fpclassify(5e-324) == FP_SUBNORMAL);
  printf("%g %g %g %g\n", fmin(one, nan_), fmax(nan_, one), copysign(3, -zero), fdim(5, 3));
  float f = 16777216.0f;
  printf("%.9g %.9g %.9g\n", (double)(f + 1), (double)(0.1f + 0.2f), (double)sqrtf(2));
  volatile double big = 3e9, small = -3e9, frac = -1.999;
  printf("%u %lld %d %u %lld\n", (unsigned)big, (long long)small, (int)frac, (unsigned)(int)frac, (long long)(big * 1e9));
  printf("%.9g %.17g %.9g\n", (double)(float)0xffffffffffffffffull, (double)0x8000000000000401ull, (double)(float)INT64_MIN);
  int e;
  double m = frexp(-1234.5678, &e);
  printf("%.10g %d %.10g %.10g %.10g %d\n", m, e, ldexp(m, e), nextafter(1, 2) - 1, logb(1000), ilogb(0.001));
  double whole, part = modf(-3.75, &whole);
  printf("%g %g %.10g %.10g %.10g\n", whole, part, erf(0.5), tgamma(5.5), j0(1.5));
  double complex z = cexp(I * 3.0) * (2 + 3 * I);
  printf("%.10g %.10g %.10g %.10g\n", creal(z), cimag(z), cabs(z), carg(z));
  long double q = 1.0L / 3;
  for (int i = 0; i < 10; i++) q = q * q + 0.25L;
  printf("%.30Lg %.20Lg %d\n", q, sqrtl(2.0L), LDBL_MANT_DIG);
  double sum = 0, compensation = 0;
  for (int i = 1; i <= 100000; i++) {  // Kahan's sum, which must not be reassociated
    double y = 1.0 / i - compensation, t = sum + y;
    compensation = (t - sum) - y, sum = t;
  }
  printf("%.17g %.17g\n", sum, compensation);
  return 0;
}
