// Floating point: dot products of floats, in four sums.
#include "simd.h"
enum { LENGTH = 2048 };
LOOP f32x4 dot(const float* a, const float* b, int n) {
  f32x4 s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
  for (; n > 0; n -= 16, a += 16, b += 16) {
    s0 += LOAD(f32x4, a) * LOAD(f32x4, b);
    s1 += LOAD(f32x4, a + 4) * LOAD(f32x4, b + 4);
    s2 += LOAD(f32x4, a + 8) * LOAD(f32x4, b + 8);
    s3 += LOAD(f32x4, a + 12) * LOAD(f32x4, b + 12);
  }
  return (s0 + s1) + (s2 + s3);
}
uint64_t bench(uint32_t n) {
  float *a = malloc(4 * (LENGTH + 64)), *b = malloc(4 * LENGTH);
  uint32_t seed = 29;
  for (int i = 0; i < LENGTH + 64; i++) a[i] = (float)(int32_t)(xorshift(&seed) & 1023) / 512 - 1;
  for (int i = 0; i < LENGTH; i++) b[i] = (float)(int32_t)(xorshift(&seed) & 1023) / 512 - 1;
  uint64_t sum = 0;
  for (uint32_t round = 0; round < n; round++) sum = mix(sum, (u32x4)dot(a + round % 64, b, unknown(LENGTH)));
  free(a), free(b);
  return sum;
}
