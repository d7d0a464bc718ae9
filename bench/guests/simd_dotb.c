// Integer: dot products of signed bytes, widened and multiplied in pairs.
#include "simd.h"
enum { LENGTH = 8192 };
LOOP i32x4 dot(const int8_t* a, const int8_t* b, int n) {
  i32x4 s0 = {0}, s1 = {0};
  for (; n > 0; n -= 16, a += 16, b += 16) {
    s0 += dot_i16(load_i8x8(a), load_i8x8(b));
    s1 += dot_i16(load_i8x8(a + 8), load_i8x8(b + 8));
  }
  return s0 + s1;
}
uint64_t bench(uint32_t n) {
  int8_t *a = malloc(LENGTH + 64), *b = malloc(LENGTH);
  fill(a, LENGTH + 64, 31);
  fill(b, LENGTH, 37);
  uint64_t sum = 0;
  for (uint32_t round = 0; round < n; round++) sum = mix(sum, (u32x4)dot(a + round % 64, b, unknown(LENGTH)));
  free(a), free(b);
  return sum;
}
