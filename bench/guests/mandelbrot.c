// Floating point: the escape times of a grid, in float.
#include "bench.h"
uint64_t bench(uint32_t n) {
  uint64_t sum = 0;
  for (uint32_t round = 0; round < n; round++)
    for (int py = 0; py < 128; py++)
      for (int px = 0; px < 128; px++) {
        float cr = px * (3.0f / 128) - 2.0f, ci = py * (2.0f / 128) - 1.0f, r = 0, i = 0;
        int k = 0;
        while (k < 100 && r * r + i * i < 4.0f) {
          float t = r * r - i * i + cr;
          i = 2 * r * i + ci;
          r = t;
          k++;
        }
        sum += k;
      }
  return sum;
}
