// Floating point: dot products of floats, in four sums.
#include "simd.h"
enum { LENGTH = 2048 };
static float a[LENGTH + 64], b[LENGTH];
uint64_t bench(uint32_t n) {
  uint32_t seed = 29;
  for (int i = 0; i < LENGTH + 64; i++) a[i] = (float)(int32_t)(xorshift(&seed) & 1023) / 512 - 1;
  for (int i = 0; i < LENGTH; i++) b[i] = (float)(int32_t)(xorshift(&seed) & 1023) / 512 - 1;
  uint64_t sum = 0;
  for (uint32_t round = 0; round < n; round++) {
    const float* from = a + round % 64;
    f32x4 s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
    for (int i = 0; i < LENGTH; i += 16) {
      s0 += LOAD(f32x4, from + i) * LOAD(f32x4, b + i);
      s1 += LOAD(f32x4, from + i + 4) * LOAD(f32x4, b + i + 4);
      s2 += LOAD(f32x4, from + i + 8) * LOAD(f32x4, b + i + 8);
      s3 += LOAD(f32x4, from + i + 12) * LOAD(f32x4, b + i + 12);
    }
    sum = mix(sum, (u32x4)((s0 + s1) + (s2 + s3)));
  }
  return sum;
}
