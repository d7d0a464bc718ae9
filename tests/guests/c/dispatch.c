// Calls through tables of functions, with many parameters, with variable ones, and big switches.
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

typedef double (*unary)(double);
static double twice(double x) { return x * 2; }
static double square(double x) { return x * x; }
static double negate(double x) { return -x; }
static double half(double x) { return x / 2; }
static unary table[] = {twice, square, negate, half};

static long long many(int a, long long b, float c, double d, char e, short f, unsigned g, long long h, double i, float j, int k, int l, double m, long long n) {
  return a + b + (long long)c + (long long)d + e + f + g + h + (long long)i + (long long)j + k + l + (long long)m + n;
}
static double sum(const char* types, ...) {
  va_list args, again;
  va_start(args, types);
  va_copy(again, args);
  double total = 0;
  for (int pass = 0; pass < 2; pass++) {
    va_list* from = pass ? &again : &args;
    for (const char* t = types; *t; t++) {
      switch (*t) {
        case 'i': total += va_arg(*from, int); break;
        case 'd': total += va_arg(*from, double); break;
        case 'l': total += (double)va_arg(*from, long long); break;
        case 's': total += *va_arg(*from, char*); break;
      }
    }
  }
  va_end(args), va_end(again);
  return total;
}
struct big { int64_t a[5]; double d; };
__attribute__((noinline)) static struct big step(struct big b, int k) {
  for (int i = 0; i < 5; i++) b.a[i] = b.a[i] * 3 + k + i;
  b.d = b.d * 0.5 + k;
  return b;
}
__attribute__((noinline)) static int sparse(int x) {
  switch (x) {
    case -1000: return 1;
    case 0: return 2;
    case 1: return 3;
    case 2: return 5;
    case 3: return 7;
    case 4: return 11;
    case 5: case 6: case 7: return 13;
    case 100: return 17;
    case 101: return 19;
    case 102: x += 5; /* fallthrough */
    case 103: return x;
    case 1000000: return 23;
    case 0x7fffffff: return 29;
    default: return -1;
  }
}
static int states(const char* s) {  // a comment stripper as a state machine with goto
  int code = 0;
start:
  if (!*s) return code;
  if (*s == '/' && s[1] == '*') goto comment;
  if (*s == '"') goto string;
  code++, s++;
  goto start;
comment:
  for (s += 2; *s && !(*s == '*' && s[1] == '/'); s++) {}
  s += *s ? 2 : 0;
  goto start;
string:
  for (s++, code += 2; *s && *s != '"'; s++, code++)
    if (*s == '\\') s++;
  s += *s ? 1 : 0;
  goto start;
}
static void* targets(unsigned op) {
  static void* labels[] = {&&a, &&b, &&c};
  goto* labels[op % 3];
a:
  return "a";
b:
  return "b";
c:
  return "c";
}

int main(void) {
  double x = 1.5;
  for (int i = 0; i < 40; i++) x = table[(i * 7 + (int)x % 5 + 5) & 3](x), x = x > 1e6 || x < -1e6 ? x / 1e6 : x;
  printf("%.12g\n", x);
  printf("%lld\n", many(1, 2000000000000, 3.5f, 4.25, 5, -6, 4000000000u, 8, 9e9, 10.75f, 11, -12, 13.5, -14));
  printf("%g %g %g\n", sum("iid", 1, 2, 3.5), sum("lsdi", 5000000000LL, "A", -0.25, 7), sum(""));
  struct big b = {{1, 2, 3, 4, 5}, 100};
  struct big (*volatile f)(struct big, int) = step;
  for (int i = 0; i < 10; i++) b = f(b, i);
  printf("%lld %lld %lld %.10g\n", (long long)b.a[0], (long long)b.a[2], (long long)b.a[4], b.d);
  int probes[] = {-1000, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 99, 100, 101, 102, 103, 104, 1000000, 0x7fffffff, (int)0x80000000};
  for (unsigned i = 0; i < sizeof probes / sizeof *probes; i++) printf("%d ", sparse(probes[i]));
  puts("");
  printf("%d\n", states("int x; /* no */ char* s = \"a /* b \\\" */\"; /* open"));
  for (unsigned i = 0; i < 5; i++) printf("%s", (char*)targets(i));
  puts("");
  return 0;
}
