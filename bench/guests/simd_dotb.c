// Integer: dot products of signed bytes, widened and multiplied in pairs.
#include "simd.h"
enum { LENGTH = 8192 };
static int8_t a[LENGTH + 64], b[LENGTH];
uint64_t bench(uint32_t n) {
  fill(a, sizeof a, 31);
  fill(b, sizeof b, 37);
  uint64_t sum = 0;
  for (uint32_t round = 0; round < n; round++) {
    const int8_t* from = a + round % 64;
    i32x4 s0 = {0}, s1 = {0};
    for (int i = 0; i < LENGTH; i += 16) {
      s0 += dot_i16(load_i8x8(from + i), load_i8x8(b + i));
      s1 += dot_i16(load_i8x8(from + i + 8), load_i8x8(b + i + 8));
    }
    sum = mix(sum, (u32x4)(s0 + s1));
  }
  return sum;
}
