// Floating point: division-heavy power iteration.
#include "bench.h"
enum { N = 100 };
static double a(int i, int j) { return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1); }
static void times(const double* v, double* out, int transposed) {
  for (int i = 0; i < N; i++) {
    double s = 0;
    for (int j = 0; j < N; j++) s += (transposed ? a(j, i) : a(i, j)) * v[j];
    out[i] = s;
  }
}
uint64_t bench(uint32_t n) {
  double u[N], v[N], t[N];
  for (int i = 0; i < N; i++) u[i] = 1;
  for (uint32_t k = 0; k < n; k++) {
    times(u, t, 0), times(t, v, 1);
    times(v, t, 0), times(t, u, 1);
    double m = u[0];
    for (int i = 0; i < N; i++) u[i] /= m;
  }
  double s = 0;
  for (int i = 0; i < N; i++) s += u[i] * v[i];
  uint64_t bits;
  memcpy(&bits, &s, 8);
  return bits;
}
