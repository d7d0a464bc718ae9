// Floating point: the escape times of a grid, four points at a time, until none is left inside.
#include "simd.h"
uint64_t bench(uint32_t n) {
  const f32x4 four = ALL4(4.0f), two = ALL4(2.0f), step = {0, 1, 2, 3};
  u32x4 all = {0};
  for (uint32_t round = 0; round < n; round++)
    for (int py = 0; py < 128; py++)
      for (int px = 0; px < 128; px += 4) {
        const f32x4 x = ALL4((float)px);
        const float y = (float)py * (2.0f / 128) - 1.0f;
        const f32x4 scale = ALL4(3.0f / 128), left = ALL4(2.0f);
        f32x4 cr = (x + step) * scale - left, ci = ALL4(y), r = {0}, i = {0};
        u32x4 count = {0};
        for (int k = 0; k < 100; k++) {
          f32x4 rr = r * r, ii = i * i;
          u32x4 inside = (u32x4)(rr + ii < four);
          if (!bitmask_32(inside)) break;
          count -= inside;
          i = two * r * i + ci;
          r = rr - ii + cr;
        }
        all = all * 3 + count;
      }
  return mix(0, all);
}
