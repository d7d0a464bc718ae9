// Floating point: matrix product of doubles.
#include "bench.h"
enum { N = 192 };
static double a[N][N], b[N][N], c[N][N];
uint64_t bench(uint32_t n) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) a[i][j] = i * 0.5 + j, b[i][j] = i - j * 0.25, c[i][j] = 0;
  for (uint32_t round = 0; round < n; round++)
    for (int i = 0; i < N; i++)
      for (int k = 0; k < N; k++) {
        double x = a[i][k];
        for (int j = 0; j < N; j++) c[i][j] += x * b[k][j];
      }
  double sum = 0;
  for (int i = 0; i < N; i++) sum += c[i][(i * 7) % N];
  uint64_t bits;
  memcpy(&bits, &sum, 8);
  return bits;
}
