// Floating point: the escape times of a grid, four points at a time, until none is left inside.
#include "simd.h"
LOOP u32x4 escape(int width, int height, int limit) {
  const f32x4 four = ALL4(4.0f), two = ALL4(2.0f), step = {0, 1, 2, 3}, scale = ALL4(3.0f / 128);
  u32x4 all = {0};
  for (int py = 0; py < height; py++)
    for (int px = 0; px < width; px += 4) {
      const f32x4 x = ALL4((float)px), ci = ALL4((float)py * (2.0f / 128) - 1.0f);
      f32x4 cr = (x + step) * scale - two, r = {0}, i = {0};
      u32x4 count = {0};
      for (int k = 0; k < limit; k++) {
        f32x4 rr = r * r, ii = i * i;
        u32x4 inside = (u32x4)(rr + ii < four);
        if (!bitmask_32(inside)) break;
        count -= inside;
        i = two * r * i + ci;
        r = rr - ii + cr;
      }
      all = all * 3 + count;
    }
  return all;
}
uint64_t bench(uint32_t n) {
  uint64_t sum = 0;
  for (uint32_t round = 0; round < n; round++) sum = mix(sum, escape(unknown(128), unknown(128), 100 - (int)round % 2));
  return sum;
}
