// Numbers to text and back.
#include <float.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
  double values[] = {0.0, -0.0, 1.0, -1.5, 0.1, 1e100, 1e-100, 123456789.125, DBL_MAX, DBL_MIN, DBL_EPSILON, 5e-324, 2.0 / 3, 1e21, 1e22, 9007199254740993.0, INFINITY, -INFINITY};
  for (unsigned i = 0; i < sizeof values / sizeof *values; i++) {
    double d = values[i];
    printf("%f|%.0f|%e|%g|%.17g|%a|%10.3f|%-12.4e|%+g|% g|%#g\n", fabs(d) < 1e30 ? d : 0.0, d, d, d, d, d, fabs(d) < 1e10 ? d : 0.0, d, d, d, d);
    char text[64];
    snprintf(text, sizeof text, "%.17g", d);
    double back = strtod(text, 0);
    if (memcmp(&back, &d, 8)) printf("does not round-trip: %s\n", text);
  }
  printf("%d %i %u %x %X %#x %o %#o %c %s %%\n", -42, 42, 42u, 255u, 255u, 255u, 8u, 8u, 'c', "str");
  printf("[%5d] [%-5d] [%05d] [%+d] [% d] [%.3d] [%8.3d]\n", 42, 42, 42, 42, 42, 42, 42);
  printf("%d %d %ld %lld %llu %hhd %hd\n", INT_MIN, INT_MAX, LONG_MAX, LLONG_MIN, ULLONG_MAX, (char)-1, (short)-30000);
  printf("%" PRId64 " %" PRIu64 " %" PRIx64 " %zu %td\n", INT64_MIN, UINT64_MAX, UINT64_C(0xdeadbeefcafebabe), (size_t)12345, (ptrdiff_t)-5);
  printf("[%10s] [%-10s] [%.3s] [%*s] [%-*.*s]\n", "right", "left", "truncated", 7, "star", 8, 2, "both");
  printf("%s\n", "a long line that has to go through the buffer of stdout in more than one piece if the buffer were small; it is not");
  int a, b, n;
  double x;
  char word[16];
  int got = sscanf("  17 0x1f word 2.5e3 rest", "%d %i %15s %lf%n", &a, &b, word, &x, &n);
  printf("%d: %d %d %s %g %d\n", got, a, b, word, x, n);
  const char* numbers[] = {"0", "  -12", "+7", "0x7fffffff", "077", "99999999999999999999", "12abc", "", "-9223372036854775808"};
  for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    char* end;
    long long v = strtoll(numbers[i], &end, 0);
    printf("strtoll(\"%s\") = %lld, rest \"%s\"\n", numbers[i], v, end);
  }
  const char* reals[] = {"1e400", "-1e-400", "0x1.8p3", "nan", "infinity", ".5", "5.", "1e", "3.14159265358979323846264338327950288"};
  for (unsigned i = 0; i < sizeof reals / sizeof *reals; i++) {
    char* end;
    double v = strtod(reals[i], &end);
    printf("strtod(\"%s\") = %.17g, rest \"%s\"\n", reals[i], fabs(v), end);
  }
  for (int e = -30; e <= 30; e += 3) printf("%g ", 1.2345678 * pow(10, e));
  printf("\n%Lf %.25Lg\n", 1.0L / 3, 1.0L / 7);
  return 0;
}
